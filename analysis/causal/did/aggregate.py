"""Group-time effects summed up: overall, by event time, by cohort, by calendar period.

Cohorts weigh by their shares. Where the units are a sample, shares are estimated and their
influence is part of every standard error, as in R's ``did::aggte``; where the roll-out plan fixes
who starts when, shares are given and say nothing about chance (``shares`` of :func:`aggregate`).

References
----------
Callaway, Sant'Anna (2021), section 3.3, table 1, and section 4 on estimated weights.
Abadie, Athey, Imbens, Wooldridge (2020), Sampling-based versus design-based uncertainty in
regression analysis, Econometrica 88(1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from analysis.causal.did.base import level_weights
from analysis.causal.did.group_time import GroupTime, by_cluster, comparison_units
from analysis.causal.inference.inference_rule import FEWEST_IN_A_WAVE
from analysis.causal.panel.faults import one_of
from analysis.causal.panel.frame import FrameError

Kind = Literal["simple", "event", "cohort", "calendar"]
Shares = Literal["estimated", "given"]


@dataclass(frozen=True, slots=True, eq=False)
class Aggregate:
    """J effects, each a weighted mean of group-time cells.

    Attributes
    ----------
    kind : {"simple", "event", "cohort", "calendar", "exposure"}
        ``exposure``: cells weigh by what they apply to instead of by their cohorts' sizes.
    key : (J,) int64
        Event time, cohort or calendar period; a single 0 for ``simple`` and ``exposure``.
    att : (J,)
    influence : (N, J)
        Influence divided by N; that of the shares is part of it where they are estimated.
    cell_weights : (J, K)
        Weight of each group-time cell; rows sum to one.
    cells : (J, K) bool
        Cells that the effect averages, whether or not they could be estimated here.
    overall : Aggregate or None
        Their mean: over event times ≥ 0, over cohorts (by size), over treated periods.
    """

    kind: Kind | Literal["exposure"]
    key: np.ndarray
    att: np.ndarray
    influence: np.ndarray
    cell_weights: np.ndarray
    cells: np.ndarray
    overall: Aggregate | None = None

    def covariance(self, cluster: np.ndarray, scale: np.ndarray | None = None) -> np.ndarray:
        """(J, J) clustered covariance; ``scale`` (N,) multiplies the units' influence."""
        influence = self.influence if scale is None else self.influence * scale[:, None]
        summed = by_cluster(influence, cluster)
        return summed.T @ summed

    def se(self, cluster: np.ndarray, scale: np.ndarray | None = None) -> np.ndarray:
        """(J,) clustered standard errors; NaN where the effect is zero by definition."""
        influence = self.influence if scale is None else self.influence * scale[:, None]
        se = np.sqrt((by_cluster(influence, cluster) ** 2).sum(axis=0))
        return np.where(se > 0, se, np.nan)


def aggregate(
    effects: GroupTime,
    kind: Kind,
    *,
    min_event_time: int | None = None,
    max_event_time: int | None = None,
    balance_event_time: int | None = None,
    fewest_compared: int = 0,
    shares: Shares = "estimated",
) -> Aggregate:
    """Sum up group-time effects.

    Parameters
    ----------
    effects : GroupTime
    kind : {"simple", "event", "cohort", "calendar"}
        ``simple`` weights every treated cell by its cohort's size; ``event`` gives one effect an
        event time (0 is the first treated period); ``cohort`` the mean over a cohort's treated
        periods; ``calendar`` one effect a calendar period.
    min_event_time, max_event_time : int, optional
        Bounds of the cells used.
    balance_event_time : int, optional
        For ``event``: only cohorts observed up to this event time, so that the effects do not
        change because cohorts come and go.
    fewest_compared : int
        Cells with fewer clusters not yet treated are left out of a mean that also has others: the
        mean then ends before the roll-out leaves hardly anyone to compare with. Counted from who
        is treated when, gaps aside, so that it is the same in every other draw of the waves.
    shares : {"estimated", "given"}
        Which question the standard error answers; the effects are the same. ``estimated``: the
        mean effect in a population from which the units, and with them the cohorts' sizes, were
        drawn. Another sample would have other shares, and where cohorts' effects differ that is
        part of the error (Callaway and Sant'Anna 2021, section 4; R's ``did::aggte``). ``given``:
        the mean effect on the cohorts as large as they are, as when a plan fixed who starts when
        and the units are all there are. Shares are then constants (Abadie, Athey, Imbens and
        Wooldridge 2020), and differences between cohorts add nothing. A mean with a cohort of one
        cluster keeps them: nothing else shows that cohort's noise.

    Returns
    -------
    Aggregate

    Raises
    ------
    FrameError
        ``no_cell`` when no treated cell has a comparison or is within the bounds;
        ``covariate_constant``, ``covariates_collinear``, ``covariates_separate`` or ``no_overlap``
        when the covariates are why none could be estimated.
    """
    one_of("kind", kind, Kind)
    one_of("shares", shares, Shares)
    panel = effects.panel
    weighted = _weigher(effects, fewest_compared, shares)
    event = effects.event_time
    usable = np.ones(len(event), bool)
    if max_event_time is not None:
        usable &= event <= max_event_time
    if min_event_time is not None:
        usable &= event >= min_event_time
    if balance_event_time is not None and kind == "event":
        reached = panel.periods[-1] - effects.cohort >= balance_event_time
        usable &= reached & (event <= balance_event_time)
        usable &= event >= balance_event_time - (panel.periods[-1] - panel.periods[0])
    post = usable & (event >= 0)
    made = ~np.isnan(effects.att)
    if not (post & made).any():
        raise _no_cell(effects)

    if kind == "simple":
        return _stack(kind, [0], [weighted(post)])
    if kind == "event":
        keys = np.unique(event[usable & made])
        parts = _stack(kind, keys, [weighted(usable & (event == e)) for e in keys])
        return _with_mean(parts, parts.key >= 0)
    if kind == "calendar":
        keys = np.unique(effects.period[post & made])
        parts = _stack(kind, keys, [weighted(post & (effects.period == t)) for t in keys])
        return _with_mean(parts, np.ones(len(keys), bool))
    keys = np.unique(effects.cohort[post & made])
    parts = _stack(kind, keys, [weighted(post & (effects.cohort == g)) for g in keys])
    drifts = shares_drift(effects, parts.cells.any(axis=0) & made, shares)
    return _with_cohort_mean(parts, panel, drifts)


def mean_of(effects: GroupTime, cells: np.ndarray, *, fewest_compared: int = 0) -> Aggregate:
    """Return the mean of chosen cells, (K,) bool, by cohort share as event times average theirs."""
    return _stack("event", [0], [_weigher(effects, fewest_compared, "estimated")(cells)])


Weighed = tuple[float, np.ndarray, np.ndarray, np.ndarray]
"""Mean of cells by cohort share, its influence, the weights, and the cells asked for."""


def _weigher(
    effects: GroupTime, fewest_compared: int, shares: Shares
) -> Callable[[np.ndarray], Weighed]:
    """Return what averages the cells it is asked for."""
    panel = effects.panel
    indicator = (panel.cohort[:, None] == effects.cohort[None, :]) * panel.weights[:, None]
    share = indicator.mean(axis=0)
    made = ~np.isnan(effects.att)
    founded = planned_comparison(effects) >= fewest_compared

    def weighted(asked: np.ndarray) -> Weighed:
        if (asked & founded & made).any():
            asked = asked & founded
        cells = asked & made
        total = share[cells].sum()
        weight = np.zeros(len(share))
        weight[cells] = share[cells] / total
        att = float(weight[cells] @ effects.att[cells])
        influence = effects.influence[:, cells] @ weight[cells]
        if shares_drift(effects, cells, shares):
            drift = (indicator[:, cells] - share[cells]) / total
            influence += drift @ (effects.att[cells] - att) / len(panel.units)
        return att, influence, weight, asked

    return weighted


def shares_drift(effects: GroupTime, cells: np.ndarray, shares: Shares) -> bool:
    """Whether the influence of cohorts' shares is part of the error of a mean of cells, (K,) bool.

    It is where shares are estimated, and where some cohort has one cluster in each of its cells:
    one cluster is no spread, and the differences between cohorts are all that shows its noise.
    """
    if shares == "estimated":
        return True
    panel, used = effects.panel, np.flatnonzero(cells)
    seen = panel.observed[:, effects.period[used] - int(panel.periods[0])]
    mine = (panel.cohort[:, None] == effects.cohort[used]) & seen
    clusters = (by_cluster(mine.astype(float), panel.cluster) > 0).sum(axis=0)
    return any(
        clusters[effects.cohort[used] == g].max() < FEWEST_IN_A_WAVE
        for g in np.unique(effects.cohort[used])
    )


def _no_cell(effects: GroupTime) -> FrameError:
    """Say why no treated cell could be estimated: what most cells failed for, if they did."""
    reasons = [reason for g, t, reason in effects.failures if t >= g]
    covariates = [reason for reason in reasons if reason != "empty_arm"]
    if not covariates:
        return FrameError("no_cell", "no treated cell has its base period and a comparison")
    rule = max(sorted(set(covariates)), key=covariates.count)
    names = ", ".join(effects.panel.covariate_names)
    return FrameError(rule, f"no treated cell could be adjusted for the covariates {names}")


def planned_comparison(effects: GroupTime) -> np.ndarray:
    """Clusters (K,) that stand for each cell's cohort by the roll-out, whether observed or not."""
    panel = effects.panel
    of_cluster = panel.cohort[np.unique(panel.cluster, return_index=True)[1]][:, None]
    cells = effects.cohort, effects.period, effects.base
    compared = comparison_units(of_cluster, *cells, panel.anticipation, effects.comparison)
    return np.broadcast_to(compared, (len(of_cluster), len(effects.cohort))).sum(axis=0)


def _stack(kind: Kind, keys, parts) -> Aggregate:
    return Aggregate(
        kind=kind,
        key=np.asarray(keys, dtype=np.int64),
        att=np.array([att for att, _, _, _ in parts]),
        influence=np.column_stack([influence for _, influence, _, _ in parts]),
        cell_weights=np.vstack([weight for _, _, weight, _ in parts]),
        cells=np.vstack([asked for _, _, _, asked in parts]),
    )


def _combined(parts: Aggregate, weight: np.ndarray, drift: np.ndarray | float) -> Aggregate:
    overall = Aggregate(
        kind=parts.kind,
        key=np.zeros(1, dtype=np.int64),
        att=np.array([weight @ parts.att]),
        influence=(parts.influence @ weight + drift)[:, None],
        cell_weights=(weight @ parts.cell_weights)[None, :],
        cells=parts.cells[weight > 0].any(axis=0, keepdims=True),
    )
    return replace(parts, overall=overall)


def _with_mean(parts: Aggregate, chosen: np.ndarray) -> Aggregate:
    return _combined(parts, chosen / chosen.sum(), 0.0)


def _with_cohort_mean(parts: Aggregate, panel, drifts: bool) -> Aggregate:
    indicator = (panel.cohort[:, None] == parts.key[None, :]) * panel.weights[:, None]
    share = indicator.mean(axis=0)
    weight = share / share.sum()
    if not drifts:
        return _combined(parts, weight, 0.0)
    mean = weight @ parts.att
    drift = (indicator - share) @ (parts.att - mean) / share.sum() / len(panel.units)
    return _combined(parts, weight, drift)


def outcome_weights(effects: GroupTime, cell_weights: np.ndarray) -> np.ndarray:
    """Return (N, T) weights ω with ``Σ ω y`` equal to the weighted mean of cells.

    Every unit's and every period's weights sum to zero, so site and period effects cancel.
    """
    if effects.contrast is None:
        raise ValueError("rows of cross-sections are not paired; there are no outcome weights")
    panel = effects.panel
    omega = np.zeros(panel.y.shape)
    first = int(panel.periods[0])
    for k in np.flatnonzero(cell_weights):
        column = cell_weights[k] * effects.contrast[:, k]
        before = level_weights(panel, column, effects.base[k], effects.base_rule)
        omega[:, effects.period[k] - first] += column
        omega[:, : before.shape[1]] -= before
    return omega
