"""Scorecards of sites by period: scores with intervals, who stands out, what moved.

Months are put together to periods (quarters by default). Each indicator is put in standard
deviations between sites over all periods, turned so that more is better, weighted and summed: the
average site over all periods has 100 points, and one standard deviation is ten points. A band is
read from the interval of a score and never stands without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.measurement.appraisal import LEAST_ANSWERS, consequence_guard
from analysis.measurement.intervals import mean_t
from analysis.results import Check, Estimate, StageResults, Topic, collect
from analysis.settings import LEVEL
from analysis.standards import Lines, course
from analysis.tables import month_of

CENTRE, SPREAD = 100.0, 10.0
"""Points of the average site over all periods, and of one standard deviation between sites."""

MONTHS = 3
"""Months of a period where nobody draws another line."""

LEAST_SITES = 3
"""Fewer sites have no spread to be told from."""

RELIABLE = 0.80
"""Reliability that a score with consequences needs where nobody draws another line."""

_YEAR = 12
_SCORES, _FEW, _SEASON = (
    "measurement.check.scorecards",
    "measurement.check.few",
    "measurement.check.season",
)


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores of sites by period.

    Attributes
    ----------
    sites : DataFrame
        ``period`` (its first month), ``site_id, score, se, ci_low, ci_high, months, least``
        (fewest observations behind an indicator that is sampled).
    indicators : DataFrame
        ``period, site_id, indicator, weight, value, se, ci_low, ci_high, n, points`` (what it adds
        to the score).
    left_out : int
        Sites without every indicator in the latest period.
    """

    sites: pd.DataFrame
    indicators: pd.DataFrame
    left_out: int


def period_cells(panel: pd.DataFrame, months: int = MONTHS) -> pd.DataFrame:
    """Put the months of each indicator and site together to whole periods.

    Periods of three months are calendar quarters. Months count by their observations. Values of
    several observations vary by their own spread and by how much months of a site differ beyond
    what all sites share; the larger of the two is the standard error.

    Parameters
    ----------
    panel : DataFrame
        The indicator panel; strata are left out.
    months : int
        Months of a period.

    Returns
    -------
    DataFrame
        ``indicator, site_id, period, value, se, n, months, sampled``. A period that the panel's
        months do not cover to its end is left out.
    """
    cells = panel[(panel["stratum"] == "") & (panel["site_id"] != "") & panel["value"].notna()]
    cells = cells.astype({"site_id": object, "indicator": object, "value": float, "period": int})
    if cells.empty:
        return pd.DataFrame(columns=_CELLS)
    first, last = int(cells["period"].min()), int(cells["period"].max())
    start = cells["period"] // months * months
    cells = cells.assign(start=start)[(start >= first) & (start + months - 1 <= last)]
    if cells.empty:
        return pd.DataFrame(columns=_CELLS)
    size = cells["n"].clip(lower=1).astype(float)
    cells = cells.assign(w=size, weighted=size * cells["value"])
    keys = ["indicator", "site_id", "start"]
    found = cells.groupby(keys).agg(
        w=("w", "sum"), weighted=("weighted", "sum"), n=("n", "sum"), months=("period", "nunique"),
        total=("total", "sum"), square=("total_sq", lambda s: s.sum(min_count=len(s))),
    )  # fmt: skip
    found["value"] = found["weighted"] / found["w"]
    sampled = cells.groupby("indicator")["n"].max() > 1
    found["sampled"] = found.index.get_level_values("indicator").map(sampled)
    n = found["n"].astype(float)
    spread = (found["square"] - found["total"] ** 2 / n) / (n - 1).where(n > 1)
    # Of rates and ratios the squares are those of the numerator: only means of answers have them.
    answers = np.isclose(found["total"] / n, found["value"], rtol=1e-6)
    own = (spread.clip(lower=0) / n).where(found["sampled"] & answers)
    between = found.index.get_level_values("indicator").map(_between_months(cells))
    monthly = pd.Series(between, index=found.index, dtype=float) / found["months"]
    found["se"] = np.sqrt(pd.concat([own, monthly], axis=1).max(axis=1))
    return found.reset_index().rename(columns={"start": "period"})[list(_CELLS)]


_CELLS = ("indicator", "site_id", "period", "value", "se", "n", "months", "sampled")


def _between_months(cells: pd.DataFrame) -> pd.Series:
    """Return by indicator the variance of a site's months within a period, all sites' share out."""
    shared = cells.groupby(["indicator", "period"])["value"].transform("mean")
    within = cells.assign(y=cells["value"] - shared).groupby(["indicator", "site_id", "start"])["y"]
    parts = within.agg(["var", "size"]).dropna()
    freedom = (parts["size"] - 1).astype(float)
    squares = (parts["var"] * freedom).groupby("indicator").sum()
    return squares / freedom.groupby("indicator").sum()


def score(
    cells: pd.DataFrame,
    weights: Mapping[str, float],
    directions: Mapping[str, str],
    *,
    level: float = LEVEL,
) -> Scored | None:
    """Weigh the indicators of each site and period to a score with its interval.

    Errors of indicators are treated as independent.

    Parameters
    ----------
    cells : DataFrame
        As of :func:`period_cells`.
    weights : Mapping
        Weight of each indicator, above 0, together 1.
    directions : Mapping
        ``up`` or ``down`` by indicator.
    level : float
        Coverage of intervals.

    Returns
    -------
    Scored or None
        None with fewer than three sites that have every indicator in one period, or where an
        indicator does not vary between sites.
    """
    mine = cells[cells["indicator"].isin(list(weights))]
    if set(weights) - set(mine["indicator"]):
        return None
    spread = mine.groupby(["indicator", "site_id"])["value"].mean().groupby("indicator")
    centre, sd = spread.mean(), spread.std()
    if spread.size().min() < LEAST_SITES or not (sd > 1e-12).all():
        return None
    sign = mine["indicator"].map({name: 1.0 if directions[name] == "up" else -1.0
                                  for name in weights})  # fmt: skip
    weight = mine["indicator"].map(weights).astype(float)
    slope = SPREAD * weight * sign / mine["indicator"].map(sd)
    points = slope * (mine["value"] - mine["indicator"].map(centre))
    z = stats.norm.ppf((1 + level) / 2)
    parts = mine.assign(
        weight=weight, points=points, error=(slope * mine["se"]) ** 2,
        ci_low=mine["value"] - z * mine["se"], ci_high=mine["value"] + z * mine["se"],
    )  # fmt: skip
    counted = parts["n"].where(parts["sampled"].astype(bool))
    sums = parts.assign(counted=counted).groupby(["period", "site_id"]).agg(
        score=("points", "sum"), error=("error", lambda s: s.sum(min_count=len(s))),
        least=("counted", "min"), months=("months", "min"), known=("indicator", "size"),
    )  # fmt: skip
    whole = sums[(sums["known"] == len(weights)) & sums["error"].notna()].reset_index()
    latest = int(mine["period"].max())
    if (whole["period"] == latest).sum() < LEAST_SITES:
        return None
    se = np.sqrt(whole["error"])
    value = CENTRE + whole["score"]
    sites = pd.DataFrame({
        "period": whole["period"], "site_id": whole["site_id"], "score": value, "se": se,
        "ci_low": value - z * se, "ci_high": value + z * se, "months": whole["months"],
        "least": whole["least"],
    })  # fmt: skip
    names = ["period", "site_id", "indicator", "weight", "value", "se", "ci_low", "ci_high",
             "n", "points"]  # fmt: skip
    in_latest = mine.loc[mine["period"] == latest, "site_id"].nunique()
    left_out = int(in_latest - (sites["period"] == latest).sum())
    return Scored(sites, parts[names].reset_index(drop=True), left_out)


def stand_out(sites: pd.DataFrame, *, level: float = LEVEL) -> pd.DataFrame:
    """Say of each site in a period whether its score lies beyond chance from the average site.

    The line is Bonferroni's over the sites: the chance that any is told apart although all are
    alike is at most ``1 - level``.

    Parameters
    ----------
    sites : DataFrame
        ``site_id, score, se`` of one period.

    Returns
    -------
    DataFrame
        With ``gap`` (points from the average site), ``p_value`` (adjusted) and ``band``
        (``above``, ``level``, ``below``), the best first.
    """
    k = len(sites)
    gap = sites["score"] - sites["score"].mean()
    # A site is part of the average it is held against.
    error = np.sqrt(sites["se"] ** 2 * (1 - 2 / k) + (sites["se"] ** 2).sum() / k**2)
    p = (2 * stats.norm.sf(np.abs(gap) / error.where(error > 0)) * k).clip(max=1.0)
    p = np.where(error > 0, p, np.where(gap.abs() > 1e-9, 0.0, 1.0))
    band = np.where(p >= 1 - level, "level", np.where(gap > 0, "above", "below"))
    found = sites.assign(gap=gap, p_value=p, band=band)
    return found.sort_values(["score", "site_id"], ascending=[False, True], ignore_index=True)


def moved(values: pd.DataFrame, *, level: float = LEVEL) -> pd.DataFrame:
    """Compare each period with the one before and with the same one a year before.

    Sites count once and are compared with themselves; the interval is Student's over sites.

    Parameters
    ----------
    values : DataFrame
        ``site_id, period, value``, one row per site and period.

    Returns
    -------
    DataFrame
        ``period, other, kind`` (``before``, ``year_before``), ``value, ci_low, ci_high, sites``.
        Pairs with fewer than three sites in common are left out.
    """
    wide = values.pivot_table(index="site_id", columns="period", values="value")
    known = sorted(int(period) for period in wide.columns)
    rows = []
    for number, period in enumerate(known):
        pairs = {"before": known[number - 1] if number else None, "year_before": period - _YEAR}
        for kind, other in pairs.items():
            if other not in known or other == period:
                continue
            change = (wide[period] - wide[other]).dropna().to_numpy()
            if len(change) < LEAST_SITES:
                continue
            found = mean_t(change, level=level)
            rows.append((period, other, kind, found.value, found.low, found.high, found.n))
    columns = ["period", "other", "kind", "value", "ci_low", "ci_high", "sites"]
    return pd.DataFrame(rows, columns=columns)


def assess_scorecards(
    panel: pd.DataFrame,
    weights: Mapping[str, float],
    directions: Mapping[str, str],
    *,
    primary: str,
    unit: str,
    appeals: bool = False,
    lines: Lines | None = None,
    simulated: bool = False,
    level: float = LEVEL,
) -> StageResults:
    """Score the sites by period, say who stands out, what moved and what may follow from it.

    Parameters
    ----------
    panel : DataFrame
        The indicator panel.
    weights, directions : Mapping
        The client's, by indicator; without weights the primary indicator is followed alone.
    primary, unit : str
        Indicator that is followed beside the score, and its unit.
    appeals : bool
        Whether objections to results are recorded.
    lines : Lines, optional
        ``appraisal_months``, ``consequence_reliability``, ``consequence_records``; those of the
        course without it.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Estimates ``tracking.<indicator or score>.change.<kind>`` and
        ``tracking.score.reliability``; checks ``tracking.scorecards``, ``….few``, ``….season``
        and ``….consequence``; tables ``scorecards`` (latest period), ``scores_by_period``,
        ``score_parts``, ``period_levels`` and ``period_changes``.
    """
    drawn = lines or course()
    months = int(drawn.of("appraisal_months") or MONTHS)
    cells = period_cells(panel, months)
    scored = score(cells, weights, directions, level=level) if weights else None
    items: list = []
    followed = [(primary, unit, cells[cells["indicator"] == primary])]
    tables: dict[str, pd.DataFrame] = {}
    if scored is None:
        reason = "no_weights" if not weights else "no_scores"
        items.append(_asked("tracking.scorecards", _SCORES, "not_possible", reason))
    else:
        own = scored.sites.rename(columns={"score": "value"})
        followed.insert(0, ("score", "points", own))
        found, latest = _latest(scored, months, drawn, appeals, level, simulated)
        items += found
        tables |= {
            "scorecards": latest,
            "scores_by_period": _named(scored.sites, months),
            "score_parts": _named(_parts_of(scored, latest["period"].iloc[0]), months),
        }  # fmt: skip
    levels, changes = [], []
    for name, its_unit, values in followed:
        change = moved(values, level=level)
        behind = scored.indicators if name == "score" and scored is not None else values
        counted = behind.groupby("period")["n"].sum()
        items += _changes(name, its_unit, change, counted, months, simulated, level)
        level_of = _levels(values, level)
        levels.append(
            level_of.assign(indicator=name, unit=its_unit, n=level_of["period"].map(counted))
        )
        both = (change[side].map(counted).to_numpy(float) for side in ("period", "other"))
        fewer = np.minimum(*both)
        changes.append(change.assign(indicator=name, unit=its_unit, n=fewer))
    tables["period_levels"] = _named(pd.concat(levels, ignore_index=True), months)
    tables["period_changes"] = _named(pd.concat(changes, ignore_index=True), months)
    leads = changes[0]
    now = leads[leads["period"] == leads["period"].max()] if len(leads) else leads
    same = bool(len(now)) and (now["kind"] == "year_before").any()
    items.append(
        _asked(
            "tracking.season",
            _SEASON,
            "passed" if same else "caution",
            "compared" if same else "not_compared",
        )
    )
    return collect("tracking", items, tables=tables)


def _latest(
    scored: Scored, months: int, lines: Lines, appeals: bool, level: float, simulated: bool
) -> tuple[list, pd.DataFrame]:
    """Return what is said of the latest period, and its scorecard."""
    period = int(scored.sites["period"].max())
    sites = scored.sites[scored.sites["period"] == period]
    table = stand_out(sites, level=level)
    least = int(lines.of("consequence_records") or LEAST_ANSWERS)
    table = table.assign(few=table["least"].fillna(np.inf) < least)
    told = {
        "sites": len(table), "above": int((table["band"] == "above").sum()),
        "below": int((table["band"] == "below").sum()), "left_out": scored.left_out,
    }  # fmt: skip
    apart = told["above"] + told["below"]
    few = int(table["few"].sum())
    reliability, low, high = _reliability(sites, level)
    behind = scored.indicators[scored.indicators["period"] == period]["n"].sum()
    records = int(behind) or len(table)
    estimate = Estimate(
        id="tracking.score.reliability", estimand="icc", unit="coefficient", value=reliability,
        ci_low=low, ci_high=high, n=records, n_units=len(table), method="variance_ratio",
        interval_method="f_inversion", dims={"months": months}, simulated=simulated, level=level,
    )  # fmt: skip
    guard = consequence_guard(
        "tracking.consequence",
        reliability=reliability,
        low=low,
        n=int(table["least"].min()) if table["least"].notna().any() else 0,
        least=least,
        line=float(lines.of("consequence_reliability") or RELIABLE),
        appeals=appeals,
    )
    items = [
        estimate,
        _asked("tracking.scorecards", _SCORES, "passed", "apart" if apart else "alike",
               value=float(apart), n=len(table), params=told),
        _asked("tracking.few", _FEW, "caution" if few else "passed", "reason", value=float(few),
               n=len(table), params={"few": few, "sites": len(table), "least": least}),
        guard,
    ]  # fmt: skip
    return items, _named(table, months)


def _parts_of(scored: Scored, period: int) -> pd.DataFrame:
    """Return what the scores of one period are made of, site by site, heavy weights first."""
    mine = scored.indicators[scored.indicators["period"] == period]
    keys, down = ["site_id", "weight", "indicator"], [True, False, True]
    return mine.sort_values(keys, ascending=down)


def _reliability(sites: pd.DataFrame, level: float) -> tuple[float, float, float]:
    """Return the reliability of one period's scores: the share of their spread that is no error.

    With ``F`` the variance of the scores over the mean squared standard error, it is ``1 - 1/F``,
    not below 0; the interval takes ``(k - 1) F`` as a chi-squared variable of the spread.
    """
    k = len(sites)
    error = float((sites["se"] ** 2).mean())
    if error <= 0:
        return 1.0, 1.0, 1.0
    ratio = float(sites["score"].var()) / error
    low, high = (ratio * (k - 1) / stats.chi2.ppf(q, k - 1)
                 for q in ((1 + level) / 2, (1 - level) / 2))  # fmt: skip
    value, low, high = (max(0.0, 1 - 1 / f) if f > 0 else 0.0 for f in (ratio, low, high))
    return value, low, high


def _changes(
    name: str,
    unit: str,
    change: pd.DataFrame,
    counted: pd.Series,
    months: int,
    simulated: bool,
    level: float,
) -> list[Estimate]:
    """Return the changes to the latest period as estimates; none without an earlier one."""
    if change.empty:
        return []
    latest = change[change["period"] == change["period"].max()]
    return [
        Estimate(
            id=f"tracking.{name}.change.{row.kind}",
            estimand="change_between_periods",
            indicator=None if name == "score" else name,
            unit=unit,
            value=float(row.value),
            ci_low=float(row.ci_low),
            ci_high=float(row.ci_high),
            n=int(min(counted[row.period], counted[row.other])),
            n_units=int(row.sites),
            method="paired_sites",
            interval_method="t_over_sites",
            dims={
                "kind": row.kind,
                "label": "score_change" if name == "score" else "period_change",
                "now": period_word(int(row.period), months),
                "then": period_word(int(row.other), months),
            },
            simulated=simulated,
            level=level,
        )
        for row in latest.itertuples()
    ]


def _levels(values: pd.DataFrame, level: float) -> pd.DataFrame:
    """Return the mean over sites by period: ``period, value, ci_low, ci_high, sites``."""
    rows = []
    for period, mine in values.groupby("period"):
        found = mean_t(mine["value"].to_numpy(dtype=float), level=level)
        rows.append((int(period), found.value, found.low, found.high, found.n))
    return pd.DataFrame(rows, columns=["period", "value", "ci_low", "ci_high", "sites"])


def period_word(period: int, months: int) -> str:
    """Return a period as it is written in both languages.

    >>> period_word(2024 * 12 + 3, 3), period_word(2024 * 12 + 3, 1), period_word(2024 * 12, 12)
    ('2024-Q2', '2024-04', '2024')
    """
    day = month_of(period)
    if months == 1:
        return f"{day:%Y-%m}"
    if months == _YEAR:
        return f"{day:%Y}"
    if months == 3:
        return f"{day.year}-Q{day.month // 3 + 1}"
    return f"{day:%Y-%m}/{month_of(period + months - 1):%m}"


def _named(table: pd.DataFrame, months: int) -> pd.DataFrame:
    """Return a table with ``named``, its periods in words."""
    words = {int(p): period_word(int(p), months) for p in table["period"].unique()}
    named = table.assign(named=table["period"].map(words).astype(object))
    if "other" in named:
        named["other_named"] = [period_word(int(p), months) for p in named["other"]]
    return named.reset_index(drop=True)


def _asked(id: str, about: str, status: str, word: str, **more) -> Check:
    return Check(
        id=id,
        topic=Topic.SCORECARDS,
        question=f"{about}.question",
        status=status,
        reason=f"{about}.{word}",
        remedy=None if status == "passed" else f"{about}.remedy",
        **more,
    )
