"""Check an estimation frame before any estimator sees it, and turn it into arrays.

Libraries stay silent on most of what goes wrong here (a doubled site-month, a cohort that
changes, a month nobody has), and their numbers are then wrong without a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from analysis.causal.panel.faults import (
    FrameError,
    NoComparisonError,
    NoPrePeriodError,
    a_count,
    one_of,
)
from analysis.causal.panel.labels import codes, labelled, numeric

AlwaysTreated = Literal["drop", "keep"]
REQUIRED = ("unit", "period", "y", "cohort")


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What was changed on the way from the frame to the arrays, and how much of it.

    ``rule`` is one of ``never_coded_zero``, ``rows_missing``, ``always_treated`` (left out),
    ``always_treated_kept`` (compared with, as if never treated),
    ``treated_after_window``, ``cohort_of_one``, ``units_unbalanced``; ``unit_labels`` are the units
    concerned.
    """

    rule: str
    count: int
    unit_labels: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Prepared:
    """A checked panel as arrays; N units in label order, T contiguous periods.

    Attributes
    ----------
    units : (N,) object
        Labels as text.
    periods : (T,) int64
    y : (N, T) float64
        Outcome, NaN where the unit was not observed.
    n : (N, T) float64
        Observations behind each cell, 0 where not observed.
    cohort : (N,) float64
        First treated period, inf for never treated within the window.
    covariates : (N, T, K) float64
    covariate_names : tuple of str
    weights : (N,) float64
        Unit weights with mean 1.
    cluster : (N,) int64
        Codes 0 … C-1 of the cluster of inference.
    stratum : (N,) int64
        Codes of the stratum within which treatment was assigned.
    anticipation : int
        Periods before the cohort that may already be affected.
    n_rows_read : int
        Rows of the frame as given.
    adjustments : tuple of Adjustment
    total, exposure : (N, T) float64 or None
        Numerator and denominator of a count or a share; NaN where the unit was not observed.
    """

    units: np.ndarray
    periods: np.ndarray
    y: np.ndarray
    n: np.ndarray
    cohort: np.ndarray
    covariates: np.ndarray
    covariate_names: tuple[str, ...]
    weights: np.ndarray
    cluster: np.ndarray
    stratum: np.ndarray
    anticipation: int
    n_rows_read: int
    adjustments: tuple[Adjustment, ...]
    total: np.ndarray | None = None
    exposure: np.ndarray | None = None

    @cached_property
    def observed(self) -> np.ndarray:
        """(N, T) bool: whether the outcome is there."""
        return ~np.isnan(self.y)

    @cached_property
    def balanced(self) -> bool:
        """Whether every unit is observed in every period."""
        return bool(self.observed.all())

    @cached_property
    def cohorts(self) -> np.ndarray:
        """Treated cohorts, ascending, without the never treated."""
        return np.unique(self.cohort[np.isfinite(self.cohort)])

    @cached_property
    def treated(self) -> np.ndarray:
        """(N, T) bool: whether the unit is under treatment in the period."""
        return self.periods[None, :] >= self.cohort[:, None]

    @property
    def event_time(self) -> np.ndarray:
        """(N, T) float: period − cohort; -inf for the never treated."""
        return self.periods[None, :] - self.cohort[:, None]

    @property
    def anticipated(self) -> np.ndarray:
        """(N, T) bool: periods before the cohort that may already be affected."""
        return (self.event_time >= -self.anticipation) & (self.event_time < 0)

    @cached_property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return int(self.cluster.max()) + 1

    @cached_property
    def n_treated_clusters(self) -> int:
        """Number of clusters with a treated unit."""
        return self.clusters_among(np.isfinite(self.cohort))

    @property
    def n_comparison_clusters(self) -> int:
        """Clusters that can serve as comparison: never treated, or later than the first cohort."""
        return self.clusters_among(self.cohort > self.cohorts.min())

    def clusters_among(self, units: np.ndarray) -> int:
        """Count the clusters that some units are of; (N,) bool."""
        if self.n_clusters == len(self.cluster):
            return int(np.count_nonzero(units))
        return int(np.count_nonzero(np.bincount(self.cluster[units], minlength=1)))

    def kept(self, units: np.ndarray) -> Prepared:
        """Return the panel of some units; (N,) bool. Weights keep their mean of 1."""
        weights = self.weights[units]
        names = ("units", "y", "n", "cohort", "covariates")
        return replace(
            self,
            **{name: getattr(self, name)[units] for name in names},
            weights=weights / weights.mean() if len(weights) else weights,
            cluster=np.unique(self.cluster[units], return_inverse=True)[1],
            stratum=np.unique(self.stratum[units], return_inverse=True)[1],
        )

    def count(self, rule: str) -> int:
        """Return how many rows or units an adjustment touched, 0 when it was not needed."""
        return sum(item.count for item in self.adjustments if item.rule == rule)


def by_cluster(influence: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """Sum the rows of each cluster; (N, K) → (C, K)."""
    n_clusters = int(cluster.max()) + 1
    if n_clusters == len(cluster):
        return influence
    total = np.zeros((n_clusters, *influence.shape[1:]))
    np.add.at(total, cluster, influence)
    return total


def prepare(
    frame: pd.DataFrame,
    *,
    covariates: Sequence[str] = (),
    cluster: str | None = None,
    weights: str | None = None,
    stratum: str | None = None,
    anticipation: int = 0,
    always_treated: AlwaysTreated = "drop",
) -> Prepared:
    """Validate an estimation frame and return it as arrays.

    Parameters
    ----------
    frame : DataFrame
        A row is one unit in one period: ``unit``, ``period`` (int), ``y``, ``cohort`` (first
        treated period, missing, inf or 0 = never treated), optionally ``n`` (observations behind
        ``y``, 1 when absent) and the columns named below. Not modified.
    covariates : sequence of str
        Numeric columns; the value of the base period is used, so they cannot be affected by
        treatment.
    cluster : str, optional
        Column of the cluster of inference, constant within unit; default the unit itself.
    weights : str, optional
        Column of positive unit weights, constant within unit.
    stratum : str, optional
        Column of the assignment stratum, constant within unit.
    anticipation : int
        Periods before the cohort that may already be affected.
    always_treated : {"drop", "keep"}
        Units without an untreated period have no effect of their own that could be estimated.
        ``drop`` leaves them out (Callaway and Sant'Anna 2021). ``keep`` compares with them as with
        units that never change: right only where their effect no longer moves over the periods
        observed (Goodman-Bacon 2021, section 2), which the data cannot show.

    Returns
    -------
    Prepared

    Raises
    ------
    FrameError
        With ``rule`` one of ``columns``, ``mixed_types``, ``period_not_integer``, ``period_label``,
        ``cohort_negative``, ``cluster_missing``, ``stratum_missing``, ``option``,
        ``duplicate_unit_period``, ``not_constant``, ``cohort_not_integer``, ``cohort_zero``,
        ``not_finite``, ``empty``, ``period_gap``, ``no_variation``, ``no_treated``,
        ``weights_not_positive``, ``cohort_not_constant_in_cluster``.
    NoPrePeriodError, NoComparisonError
        When the design cannot identify an effect at all.
    """
    a_count("anticipation", anticipation)
    one_of("always_treated", always_treated, AlwaysTreated)
    data, noted = complete_rows(frame, tuple(covariates), cluster, weights, stratum)
    data, noted = _window(data, noted, anticipation, keep=always_treated == "keep")

    unit_codes, units = pd.factorize(data["unit"], sort=True)
    first, last = int(data["period"].min()), int(data["period"].max())
    periods = np.arange(first, last + 1)
    column = data["period"].to_numpy() - first
    absent = np.setdiff1d(periods, data["period"].unique())
    if len(absent):
        raise FrameError(
            "period_gap",
            f"no unit has a value in period(s) {absent.tolist()}; event time would be shifted. "
            "Give every period between the first and the last at least one row.",
        )
    shape = (len(units), len(periods))
    y = np.full(shape, np.nan)
    y[unit_codes, column] = data["y"].to_numpy(float)
    n = np.zeros(shape)
    n[unit_codes, column] = data["n"].to_numpy(float)
    cube = np.full((*shape, len(covariates)), np.nan)
    for k, name in enumerate(covariates):
        cube[unit_codes, column, k] = data[name].to_numpy(float)

    once = data.assign(_code=unit_codes).drop_duplicates("_code").sort_values("_code")
    weight = once["_weight"].to_numpy(float)
    prepared = Prepared(
        units=np.asarray(units, dtype=object),
        periods=periods,
        y=y,
        n=n,
        cohort=once["cohort"].to_numpy(float),
        covariates=cube,
        covariate_names=tuple(covariates),
        weights=weight / weight.mean(),
        cluster=pd.factorize(once["_cluster"], sort=True)[0],
        stratum=pd.factorize(once["_stratum"], sort=True)[0],
        anticipation=anticipation,
        n_rows_read=len(frame),
        adjustments=tuple(noted),
    )
    return _identified(prepared)


def without_unit(panel: Prepared, left_out: int) -> Prepared:
    """Return a prepared panel without one of its units.

    As :func:`prepare` on the rows of the others; only the count of rows read stays.

    Raises
    ------
    FrameError
        As :func:`prepare`; ``period_gap`` also where a month at the edge is lost with the unit.
    """
    kept = np.arange(len(panel.units)) != left_out
    if not panel.observed[kept].any(axis=0).all():
        raise FrameError("period_gap", "a period is observed for the unit left out alone")
    weights = panel.weights[kept]
    about_rows = (
        "rows_missing",
        "always_treated",
        "always_treated_kept",
        "treated_after_window",
    )
    fewer = replace(
        panel,
        **{name: getattr(panel, name)[kept] for name in ("units", "y", "n", "cohort")},
        covariates=panel.covariates[kept],
        total=None if panel.total is None else panel.total[kept],
        exposure=None if panel.exposure is None else panel.exposure[kept],
        weights=weights / weights.mean(),
        cluster=np.unique(panel.cluster[kept], return_inverse=True)[1],
        stratum=np.unique(panel.stratum[kept], return_inverse=True)[1],
        adjustments=tuple(a for a in panel.adjustments if a.rule in about_rows),
    )
    return _identified(fewer)


def complete_rows(
    frame: pd.DataFrame,
    covariates: tuple[str, ...] = (),
    cluster: str | None = None,
    weights: str | None = None,
    stratum: str | None = None,
) -> tuple[pd.DataFrame, list[Adjustment]]:
    """Check columns, types, key and constancy; drop incomplete rows and count them.

    Returns
    -------
    DataFrame
        ``unit`` (text), ``period``, ``y``, ``n``, ``cohort`` (inf = never), the covariates,
        ``_cluster``, ``_stratum``, ``_weight``.
    list of Adjustment
    """
    extra = [name for name in (*covariates, cluster, weights, stratum) if name]
    if missing := [name for name in (*REQUIRED, *extra) if name not in frame.columns]:
        raise FrameError("columns", f"the frame has no column {missing}; it has {list(frame)}")
    if frame.empty:
        raise FrameError("empty", "the frame has no rows")
    checked, recoded = labelled(frame)
    data = pd.DataFrame({"unit": frame["unit"]})
    if data["unit"].isna().any():
        raise FrameError("mixed_types", "a unit label is missing")
    text = isinstance(data["unit"].dtype, pd.StringDtype)
    if not text and len({type(label) for label in data["unit"]}) > 1:
        raise FrameError("mixed_types", "unit labels mix types, so 12 and '12' would be two units")
    data["unit"] = data["unit"].astype(str)
    data["period"], data["cohort"] = checked["period"], checked["cohort"].fillna(np.inf)
    for name in ("y", *covariates, *(["n"] if "n" in frame else [])):
        data[name] = numeric(frame, name)
    if "n" not in data:
        data["n"] = 1.0
    data["_cluster"] = codes(frame, cluster, "cluster_missing") if cluster else data["unit"]
    data["_stratum"] = codes(frame, stratum, "stratum_missing") if stratum else ""
    data["_weight"] = numeric(frame, weights) if weights else 1.0

    if np.any(data.duplicated(["unit", "period"])):
        row = data[data.duplicated(["unit", "period"])].iloc[0]
        raise FrameError(
            "duplicate_unit_period",
            f"unit {row['unit']!r} has more than one row in period {row['period']}; "
            "one row is one unit in one period.",
        )
    given = {"_cluster": cluster, "_stratum": stratum, "_weight": weights}
    asked = ["cohort", *(name for name, column in given.items() if column)]
    constant = data.groupby("unit", sort=False)[asked]
    changing = constant.nunique(dropna=False).gt(1)
    if changing.to_numpy().any():
        column = changing.columns[changing.any()][0]
        unit = changing.index[changing[column]][0]
        raise FrameError(
            "not_constant", f"{column.strip('_')} changes within unit {unit!r}; it must not"
        )
    if not np.all(data["_weight"] > 0) or np.any(np.isinf(data["_weight"])):
        raise FrameError("weights_not_positive", "unit weights must be positive numbers")

    values = data[["y", "n", *covariates]]
    if np.isinf(values.to_numpy(float)).any():
        raise FrameError("not_finite", "y, n or a covariate is infinite; missing is NaN")
    incomplete = values.isna().any(axis=1)
    noted = [Adjustment("never_coded_zero", recoded)] if recoded else []
    if incomplete.any():
        noted.append(Adjustment("rows_missing", int(incomplete.sum())))
        data = data[~incomplete]
    if data.empty:
        raise FrameError("empty", "no complete row is left")
    return data, noted


def _window(data, noted, anticipation, *, keep) -> tuple[pd.DataFrame, list[Adjustment]]:
    """Drop units without an untouched period; treat those treated after the window as never.

    Where asked, units without an untouched period are kept as never treated.
    """
    first, last = data["period"].min(), data["period"].max()
    always = data["cohort"] <= first + anticipation
    if always.any():
        labels = tuple(sorted(data.loc[always, "unit"].unique()))
        rule = "always_treated_kept" if keep else "always_treated"
        noted.append(Adjustment(rule, len(labels), labels))
        if not np.isfinite(data.loc[~always, "cohort"]).any():
            raise NoPrePeriodError(
                "no_pre_period",
                f"all treated units are treated from the first period on ({first}); "
                "an effect needs at least one period before treatment.",
            )
        data = data.assign(cohort=data["cohort"].mask(always, np.inf)) if keep else data[~always]
    later = np.isfinite(data["cohort"]) & (data["cohort"] > last)
    if later.any():
        labels = tuple(sorted(data.loc[later, "unit"].unique()))
        noted.append(Adjustment("treated_after_window", len(labels), labels))
        data = data.assign(cohort=data["cohort"].where(~later, np.inf))
    return data, noted


def _identified(panel: Prepared) -> Prepared:
    """Refuse designs without treatment, variation or comparison; note what weakens inference."""
    both = panel.y[:, np.isfinite(panel.y).sum(axis=0) >= 2]
    measured = both if both.size else panel.y.reshape(-1, 1)  # a unit alone has only its own time
    apart = np.nanmax(measured, axis=0) - np.nanmin(measured, axis=0)
    if (apart <= 1e-12 * (1.0 + np.nanmax(np.abs(measured)))).all():
        raise FrameError("no_variation", "no unit differs from another in any period")
    if not len(panel.cohorts):
        raise FrameError("no_treated", "no unit is treated within the periods observed")
    if np.isfinite(panel.cohort).all() and len(panel.cohorts) == 1:
        raise NoComparisonError(
            "no_comparison",
            f"all {len(panel.units)} units are treated from period {panel.cohorts[0]:.0f} on; "
            "an effect needs units that are never or later treated.",
        )
    pairs = pd.DataFrame({"cluster": panel.cluster, "cohort": panel.cohort})
    if (
        panel.n_clusters < len(panel.units)
        and pairs.drop_duplicates()["cluster"].duplicated().any()
    ):
        raise FrameError(
            "cohort_not_constant_in_cluster",
            "a cluster holds several cohorts; cluster at the level at which training was assigned",
        )
    noted = list(panel.adjustments)
    alone = [c for c in panel.cohorts if panel.clusters_among(panel.cohort == c) == 1]
    if alone:
        labels = tuple(panel.units[np.isin(panel.cohort, alone)])
        noted.append(Adjustment("cohort_of_one", len(alone), labels))
    gaps = ~panel.observed.all(axis=1)
    if gaps.any():
        noted.append(Adjustment("units_unbalanced", int(gaps.sum()), tuple(panel.units[gaps])))
    return replace(panel, adjustments=tuple(noted))
