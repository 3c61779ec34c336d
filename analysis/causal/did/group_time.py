"""Group-time average effects ATT(g, t) with one influence column a cell.

ATT(g, t) compares the change of cohort g from its base period to t with the change of units
not treated by then. Units are weighted alike unless unit weights are given: the estimand is
the effect on the average treated site, not on the average respondent.

References
----------
Callaway, Sant'Anna (2021), Difference-in-differences with multiple time periods, eqs. 2.4–2.6.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from analysis.causal.did.base import Base, last_untouched, levels, outcome_levels
from analysis.causal.did.cross_section import cross_section
from analysis.causal.did.two_period import Method, two_period
from analysis.causal.panel.faults import one_of
from analysis.causal.panel.frame import FrameError, Prepared, by_cluster
from analysis.measurement.propensity import CellError

Comparison = Literal["never_treated", "not_yet_treated"]
Unbalanced = Literal["pairs", "cross_sections", "drop_units"]


@dataclass(frozen=True, slots=True)
class Slopes:
    """Slopes on the level before: of the outcome, and of being treated.

    Less an effect c, the outcome's slope is ``outcome − c · treatment``.
    """

    outcome: float
    treatment: float


@dataclass(frozen=True, eq=False)
class GroupTime:
    """ATT(g, t) for K cells of N units.

    Attributes
    ----------
    panel : Prepared
        What was estimated on (without the dropped units under ``drop_units``).
    cohort, period, base : (K,) int64
        Cell and its (last) base period.
    base_from : (K,) int64
        First base period; equal to ``base`` but where the base is the mean of several. A cell
        whose one base period is the cell's own is the reference cell (0 by definition).
    att : (K,)
        NaN where the cell could not be estimated.
    influence : (N, K)
        Influence of each unit divided by N: summed by cluster and squared it gives the variance.
    contrast : (N, K) or None
        Weights a with ``att = Σ a_i (y_i,period − ȳ_i,base)``; None for cross-sections, whose
        rows are not paired.
    poor_overlap : (K,)
        Share of units with a propensity outside [.01, .99].
    failures : tuple of (cohort, period, reason)
        Cells without estimate: ``empty_arm``, ``covariate_constant``, ``covariates_collinear``,
        ``covariates_separate``, ``no_overlap``.
    method, comparison, base_rule, unbalanced : str
    coefficient : float
        Share of the level before that is taken off what comes after: 1 for differences.
    slopes : Slopes or None
        Where the coefficient was found by one regression over all units.
    lot : bool
        Whether timing was drawn by lot, so that a coefficient other than 1 is unbiased.
        ``method`` is ``rate`` or ``share`` where denominators weigh
        (:mod:`analysis.causal.did.pooled_cells`).
    level : (K,) or None
        Outcome of the treated in the cell, where denominators weigh.
    level_influence : (N, K) or None
        As ``influence``, of ``level``.
    takes_part : (N, K) bool or None
        Units that a cell compares, where influence is not told for each.
    """

    panel: Prepared
    cohort: np.ndarray
    period: np.ndarray
    base: np.ndarray
    base_from: np.ndarray
    att: np.ndarray
    influence: np.ndarray
    contrast: np.ndarray | None
    poor_overlap: np.ndarray
    failures: tuple[tuple[int, int, str], ...]
    method: Method | Literal["rate", "share"]
    comparison: Comparison
    base_rule: Base
    unbalanced: Unbalanced
    coefficient: float = 1.0
    slopes: Slopes | None = None
    lot: bool = False
    level: np.ndarray | None = None
    level_influence: np.ndarray | None = None
    takes_part: np.ndarray | None = None

    @cached_property
    def event_time(self) -> np.ndarray:
        """(K,) period − cohort."""
        return self.period - self.cohort

    @cached_property
    def estimated(self) -> np.ndarray:
        """(K,) bool: cells with a number that is not zero by definition."""
        reference = (self.period == self.base) & (self.base_from == self.base)
        return ~np.isnan(self.att) & ~reference

    @property
    def distance(self) -> np.ndarray:
        """(K,) periods from the middle of the base to the cell: what a steady drift of one adds."""
        return self.period - (self.base + self.base_from) / 2

    @property
    def se(self) -> np.ndarray:
        """(K,) clustered standard errors as R's ``did`` prints; NaN in reference cells."""
        se = np.sqrt((by_cluster(self.influence, self.panel.cluster) ** 2).sum(axis=0))
        return np.where(self.estimated, se, np.nan)

    def table(self) -> pd.DataFrame:
        """Tidy frame, one row per cell: cohort, period, event_time, base, att, se."""
        return pd.DataFrame(
            {
                "cohort": self.cohort,
                "period": self.period,
                "event_time": self.event_time,
                "base": self.base,
                "att": self.att,
                "se": self.se,
            }
        )


def group_time(
    panel: Prepared,
    *,
    method: Method = "dr",
    comparison: Comparison = "not_yet_treated",
    base: Base = "varying",
    unbalanced: Unbalanced = "pairs",
    coefficient: float = 1.0,
) -> GroupTime:
    """Estimate every ATT(g, t) the panel allows.

    Parameters
    ----------
    panel : Prepared
    method : {"dr", "reg", "ipw", "dr_improved"}
        They agree without covariates (:mod:`analysis.causal.did.two_period`).
    comparison : {"not_yet_treated", "never_treated"}
        Not yet treated: never treated, or treated later than both periods compared (plus
        anticipation).
    base : {"varying", "universal", "all_before"}
        What a period is compared with. ``universal``: the last untouched period of the cohort.
        ``varying``: the same, but each pre-period with the period before it (short
        differences); effects are those of ``universal``. ``all_before``: each unit's mean over
        all periods before anyone's start (:mod:`analysis.causal.did.base`), which asks for parallel
        trends over all of them and is the more precise the less periods resemble their
        neighbours.
    unbalanced : {"pairs", "cross_sections", "drop_units"}
        With gaps: units observed in both periods of the cell; all rows of both periods as
        repeated cross-sections (R's ``allow_unbalanced_panel``); only units without a gap.
    coefficient : float
        Share of the base level taken off each period. Other than 1 only where timing was drawn
        by lot (:mod:`analysis.causal.lottery.lot`).

    Returns
    -------
    GroupTime
    """
    chosen = (
        ("method", method, Method),
        ("comparison", comparison, Comparison),
        ("base", base, Base),
        ("unbalanced", unbalanced, Unbalanced),
    )
    for name, value, allowed in chosen:
        one_of(name, value, allowed)
    if comparison == "never_treated" and np.isfinite(panel.cohort).all():
        raise FrameError(
            "no_never_treated",
            "no unit is never treated; compare with the not yet treated instead",
        )
    if unbalanced == "drop_units" and not panel.balanced:
        panel = complete_units(panel)
    as_rows = unbalanced == "cross_sections" and not panel.balanced
    if as_rows and base == "all_before":
        raise ValueError("a mean over the periods before needs paired rows: unbalanced='pairs'")
    cells = [(g, t, b) for g in panel.cohorts.astype(int) for t, b in _pairs(panel, g, base)]
    earliest = int(panel.periods[0])
    N, K = len(panel.units), len(cells)
    att, overlap = np.full(K, np.nan), np.zeros(K)
    influence = np.zeros((N, K))
    contrast = None if as_rows else np.zeros((N, K))
    failures, bases = [], {}
    for k, (g, t, b) in enumerate(cells):
        if t == b and base != "all_before":
            att[k] = 0.0
            continue
        treated = panel.cohort == g
        compared = comparison_units(panel.cohort, g, t, b, panel.anticipation, comparison)
        try:
            if as_rows:
                att[k], influence[:, k], overlap[k] = _rows(panel, treated, compared, t, b, method)
            else:
                if b not in bases:
                    bases[b] = _levels(panel, b, base)
                rows, found = _changes(
                    panel, treated | compared, treated, t, bases[b], method, coefficient
                )
                att[k], overlap[k] = found.att, found.poor_overlap
                influence[rows, k] = found.influence
                contrast[rows, k] = found.contrast
        except CellError as error:
            failures.append((int(g), int(t), str(error)))
    columns = np.array(cells, dtype=np.int64).reshape(K, 3)
    return GroupTime(
        panel=panel,
        cohort=columns[:, 0],
        period=columns[:, 1],
        base=columns[:, 2],
        base_from=np.full(K, earliest) if base == "all_before" else columns[:, 2],
        att=att,
        influence=influence,
        contrast=contrast,
        poor_overlap=overlap,
        failures=tuple(failures),
        method=method,
        comparison=comparison,
        base_rule=base,
        unbalanced=unbalanced,
        coefficient=coefficient,
    )


def comparison_units(
    cohort: np.ndarray,
    g: int | np.ndarray,
    t: int | np.ndarray,
    b: int | np.ndarray,
    anticipation: int,
    comparison: Comparison,
) -> np.ndarray:
    """Return which units (or cohorts) may stand for cohort g between the periods b and t.

    Of several cells at once where ``g``, ``t`` and ``b`` are arrays that ``cohort`` is spread over.
    """
    never = np.isinf(cohort)
    if comparison == "never_treated":
        return never
    return (never | (cohort > np.maximum(t, b) + anticipation)) & (cohort != g)


def _pairs(panel: Prepared, g: int, base: Base) -> list[tuple[int, int]]:
    """Periods of a cohort, each with its base period."""
    last = last_untouched(panel, g, base)
    first = int(panel.periods[0])
    pairs = []
    for t in panel.periods.astype(int):
        if base != "varying" or t > last:
            pairs.append((int(t), last))
        elif t > first:
            pairs.append((int(t), int(t) - 1))
    return pairs


def _levels(panel: Prepared, last: int, base: Base) -> tuple[np.ndarray, np.ndarray]:
    """Return the base levels of outcome (N,) and covariates (N, K)."""
    X = np.empty(panel.covariates[:, 0].shape)
    for k in range(X.shape[1]):
        X[:, k] = levels(panel, panel.covariates[:, :, k], last, base)
    return outcome_levels(panel, last, base), X


def _changes(panel, either, treated, t, before, method, coefficient):
    level, X = before
    dy = panel.y[:, t - int(panel.periods[0])] - coefficient * level
    rows = np.flatnonzero(either & ~np.isnan(dy))
    return rows, two_period(dy[rows], treated[rows], X[rows], panel.weights[rows], method)


def _rows(panel, treated, compared, t, b, method):
    first = int(panel.periods[0])
    either = treated | compared
    unit, post, y, X = [], [], [], []
    for period, is_post in ((b, False), (t, True)):
        found = np.flatnonzero(either & panel.observed[:, period - first])
        unit.append(found)
        post.append(np.full(len(found), is_post))
        y.append(panel.y[found, period - first])
        X.append(panel.covariates[found, period - first])
    unit = np.concatenate(unit)
    att, by_row, overlap = cross_section(
        np.concatenate(y),
        np.concatenate(post),
        treated[unit],
        np.concatenate(X),
        panel.weights[unit],
        method,
    )
    influence = np.bincount(unit, weights=by_row, minlength=len(panel.units))
    return att, influence, overlap


def complete_units(panel: Prepared) -> Prepared:
    """Keep the units observed in every period.

    Raises
    ------
    FrameError
        ``empty`` when no comparison is left.
    """
    cut = panel.kept(panel.observed.all(axis=1))
    if not len(cut.cohorts) or not (cut.cohort > cut.cohorts.min()).any():
        raise FrameError("empty", "no comparison is left once units with gaps are dropped")
    return cut
