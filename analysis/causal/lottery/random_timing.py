"""Effects of a roll-out whose timing was drawn by lot, with the least error its design allows.

Where a lot decides who starts when, any two cohorts differ before their start by chance alone.
What differs (``X``, mean zero) foretells part of the chance difference after the start, so that
``θ(β) = θ(0) − β X`` has the same mean for every fixed β. The difference in differences takes
β = 1; the efficient estimator takes the β of least variance, estimated from the variances and
covariances within cohorts. One coefficient is estimated, however many periods there are.

The estimands are those of R's ``staggered``, and so are both standard errors: Neyman's, which
errs on the safe side where effects differ between units, and the one adjusted by what periods
before anyone's start foretell of those differences.

References
----------
Roth, Sant'Anna (2023), Efficient estimation for staggered rollout designs, Journal of Political
Economy: Microeconomics 1(4): eqs. 3, 8, 10 and 13 (estimator), lemma 2.1 (Neyman), section 2.5
(adjustment), section 3.3 (studentised randomisation test). R package ``staggered`` 1.2.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.causal.did.group_time import complete_units
from analysis.causal.lottery.assignments import assignments
from analysis.causal.panel.frame import FrameError, Prepared
from analysis.settings import INFERENCE_DRAWS

Estimand = Literal["simple", "cohort", "calendar", "event_study"]
Coefficient = Literal["efficient", "callaway_santanna", "sun_abraham"]
BaseOfLot = Literal["month_before", "all_before"]

#: Singular values below this share of the largest count as zero, as R's ``MASS::ginv`` does it.
ZERO = float(np.sqrt(np.finfo(float).eps))
#: Draws × units held in memory at a time.
_BLOCK = 2**20


@dataclass(frozen=True, slots=True, eq=False)
class RandomTiming:
    """J effects under random timing.

    Attributes
    ----------
    key : (J,) int64
        Event time; a single 0 for the estimands that are one number.
    att : (J,)
        In the unit of the outcome.
    se : (J,)
        Adjusted standard error; NaN where the adjustment is larger than the variance.
    se_neyman : (J,)
        Neyman's, never too small on average.
    beta : (J,)
        Coefficient on the difference before the start.
    estimand, coefficient, base : str
    n_units, n_periods, n_cohorts : int
        What was estimated on; the cohort that serves as comparison throughout counts too.
    n_dropped : int
        Units left out: with gaps, or alone in their cohort (no variance can be had of one).
    """

    key: np.ndarray
    att: np.ndarray
    se: np.ndarray
    se_neyman: np.ndarray
    beta: np.ndarray
    estimand: Estimand
    coefficient: Coefficient
    base: BaseOfLot
    n_units: int
    n_periods: int
    n_cohorts: int
    n_dropped: int


@dataclass(frozen=True, slots=True)
class FisherTest:
    """Randomisation test of no effect on anyone, on the studentised statistic.

    ``statistic`` is the effect over its Neyman error; ``p_value`` the share of ``n_assignments``
    draws (all there are, if ``enumerated``) with one as far from zero.
    """

    statistic: float
    p_value: float
    n_assignments: int
    enumerated: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Cohorts:
    """Balanced panel by cohort: (G,) starts and sizes, (G, T) means, (G, T, T) covariances."""

    panel: Prepared
    start: np.ndarray
    place: np.ndarray
    size: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray
    n_dropped: int


def staggered(
    panel: Prepared,
    estimand: Estimand = "simple",
    *,
    event_times: Sequence[int] = (0,),
    coefficient: Coefficient = "efficient",
    base: BaseOfLot = "month_before",
    beta: float | None = None,
) -> RandomTiming:
    """Estimate effects of a roll-out in random order.

    Parameters
    ----------
    panel : Prepared
        Units with gaps and cohorts of one are left out, and counted.
    estimand : {"simple", "cohort", "calendar", "event_study"}
        Mean over all treated unit-periods; over cohorts by size, each the mean of its periods;
        over calendar periods, each the mean of those treated by then; by event time.
    event_times : sequence of int
        Periods since the start, 0 and later, for ``event_study``.
    coefficient : {"efficient", "callaway_santanna", "sun_abraham"}
        β of least variance; β = 1 against the not yet treated; β = 1 against those treated last.
    base : {"month_before", "all_before"}
        Difference before the start: in the cohort's last untouched period (R's default), or in
        the mean of all periods before anyone's start.
    beta : float, optional
        Overrules the coefficient.

    Returns
    -------
    RandomTiming

    Raises
    ------
    FrameError
        ``empty`` where no treated cohort has a later one to be compared with, or an event time
        is never observed beside one.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.causal import prepare
    >>> frame = pd.DataFrame({"unit": list("aabbccdd"), "period": [1, 2] * 4,
    ...     "y": [1.0, 3.0, 2.0, 5.0, 1.0, 1.0, 2.0, 2.0], "cohort": [2.0] * 4 + [None] * 4})
    >>> staggered(prepare(frame)).att.round(3)
    array([2.5])
    """
    data = _by_cohort(panel)
    keys, after, before = _weights(data, estimand, event_times, coefficient, base)
    size, covariance = data.size, data.covariance
    spread = np.einsum("jgt,gts,jgs,g->j", before, covariance, before, 1 / size, optimize=True)
    shared = np.einsum("jgt,gts,jgs,g->j", before, covariance, after, 1 / size, optimize=True)
    if beta is not None:
        slope = np.full(len(keys), float(beta))
    elif coefficient == "efficient":
        slope = np.divide(shared, spread, out=np.zeros_like(shared), where=spread > 0)
    else:
        slope = np.ones(len(keys))
    weights = after - slope[:, None, None] * before
    neyman = np.einsum("jgt,gts,jgs,g->j", weights, covariance, weights, 1 / size, optimize=True)
    adjusted = neyman - _foretold(data, after)
    return RandomTiming(
        key=keys,
        att=np.einsum("jgt,gt->j", weights, data.mean),
        se=np.sqrt(np.where(adjusted >= 0, adjusted, np.nan)),
        se_neyman=np.sqrt(neyman),
        beta=slope,
        estimand=estimand,
        coefficient=coefficient,
        base=base,
        n_units=len(data.panel.units),
        n_periods=len(data.panel.periods),
        n_cohorts=len(data.start),
        n_dropped=data.n_dropped,
    )


def fisher_test(
    panel: Prepared,
    estimand: Estimand = "simple",
    *,
    event_time: int = 0,
    coefficient: Coefficient = "efficient",
    base: BaseOfLot = "month_before",
    draws: int = INFERENCE_DRAWS,
    seed: int,
) -> FisherTest:
    """Test that nobody was affected by drawing the order anew within the lottery's strata.

    Exact for that hypothesis in any sample, and right in large ones for no effect on average,
    because the statistic is studentised.

    Parameters
    ----------
    panel : Prepared
        Its ``stratum`` says within which units places were drawn. Left out are units as in
        :func:`staggered`.
    estimand, coefficient, base
        As in :func:`staggered`.
    event_time : int
        For ``event_study``.
    draws : int
        Assignments drawn; all are enumerated when there are no more than these.
    seed : int

    Returns
    -------
    FisherTest

    Raises
    ------
    FrameError
        As :func:`staggered`; ``cluster`` where a cluster holds several units.
    """
    data = _by_cohort(panel)
    if data.panel.n_clusters < len(data.panel.units):
        raise FrameError("cluster", "the lot drew clusters: give one row per cluster and period")
    _, after, before = _weights(data, estimand, (event_time,), coefficient, base)
    pairs = np.stack([data.panel.y @ after[0].T, data.panel.y @ before[0].T])  # (2, N, G)
    labels, enumerated = assignments(data.place, data.panel.stratum, draws, seed)
    fixed = coefficient != "efficient"
    actual = abs(_studentised(data.place[None], pairs, data.size, fixed)[0])
    step = max(1, _BLOCK // len(data.place))
    others = np.concatenate(
        [
            np.abs(_studentised(labels[first : first + step], pairs, data.size, fixed))
            for first in range(0, len(labels), step)
        ]
    )
    as_far = int(np.sum(others >= actual * (1 - 1e-10)))
    total = len(labels)
    p_value = as_far / total if enumerated else (as_far + 1) / (total + 1)
    return FisherTest(float(actual), p_value, total, enumerated)


def _studentised(
    labels: np.ndarray, pairs: np.ndarray, size: np.ndarray, fixed: bool
) -> np.ndarray:
    """(P,) effect over Neyman error under assignments (P, N) of places among cohorts."""
    units = np.arange(labels.shape[1])
    after, before = pairs[:, units[None], labels] / size[labels]
    theta, gap = after.sum(axis=1), before.sum(axis=1)
    for g, number in enumerate(size):
        member = labels == g
        for values in (after, before):
            mean = (values * member).sum(axis=1, keepdims=True) / number
            values -= np.where(member, mean, 0.0)
    factor = (size / (size - 1))[labels]
    spread = (factor * before**2).sum(axis=1)
    shared = (factor * before * after).sum(axis=1)
    slope = np.ones_like(theta)
    if not fixed:
        slope = np.divide(shared, spread, out=np.zeros_like(shared), where=spread > 0)
    variance = (factor * (after - slope[:, None] * before) ** 2).sum(axis=1)
    effect = theta - slope * gap
    certain = np.where(effect == 0, 0.0, np.inf)  # nothing varies: no effect is none, any is sure
    return np.divide(effect, np.sqrt(variance), out=certain, where=variance > 0)


def _by_cohort(panel: Prepared) -> _Cohorts:
    whole = panel if panel.balanced else complete_units(panel)
    start, place, size = np.unique(whole.cohort, return_inverse=True, return_counts=True)
    if (size == 1).any():
        whole = whole.kept(size[place] > 1)
        start, place, size = np.unique(whole.cohort, return_inverse=True, return_counts=True)
    if len(start) < 2:
        raise FrameError("empty", "random timing needs two cohorts of at least two whole units")
    T = len(whole.periods)
    mean, covariance = np.empty((len(start), T)), np.empty((len(start), T, T))
    for g, number in enumerate(size):
        values = whole.y[place == g]
        mean[g] = values.mean(axis=0)
        centred = values - mean[g]
        covariance[g] = centred.T @ centred / (number - 1)
    dropped = len(panel.units) - len(whole.units)
    return _Cohorts(whole, start, place, size, mean, covariance, dropped)


def _weights(
    data: _Cohorts,
    estimand: Estimand,
    event_times: Sequence[int],
    coefficient: Coefficient,
    base: BaseOfLot,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return keys (J,) and weights (J, G, T) on cohort means: of the effect, of the gap before."""
    found = [
        _of_cells(data, cells, coefficient, base)
        for cells in _cells(data, estimand, tuple(event_times))
    ]
    keys = np.array(event_times if estimand == "event_study" else (0,), dtype=np.int64)
    return keys, *(np.stack(part) for part in zip(*found, strict=True))


def _cells(
    data: _Cohorts, estimand: Estimand, event_times: tuple[int, ...]
) -> list[dict[tuple[int, int], float]]:
    """Weights of the cells (place of cohort, place of period) that each effect averages."""
    first, T = int(data.panel.periods[0]), len(data.panel.periods)
    size, start = data.size.astype(float), data.start
    last = int(min(start[-1], first + T)) - 1 - first
    begins = {g: int(start[g]) - first for g in range(len(start)) if start[g] < start[-1]}
    if estimand == "event_study":
        if not event_times or min(event_times) < 0:
            raise ValueError("event times count periods since the start: 0 and later")
        chosen = [
            {(g, b + event): size[g] for g, b in begins.items() if b + event <= last}
            for event in event_times
        ]
    elif estimand == "simple":
        chosen = [{(g, t): size[g] for g, b in begins.items() for t in range(b, last + 1)}]
    elif estimand == "cohort":
        chosen = [
            {
                (g, t): size[g] / (last + 1 - b)
                for g, b in begins.items()
                for t in range(b, last + 1)
            }
        ]
    elif estimand == "calendar":
        cells = {}
        for t in range(min(begins.values(), default=T), last + 1):
            treated = [g for g, b in begins.items() if b <= t]
            cells |= {(g, t): size[g] / size[treated].sum() for g in treated}
        chosen = [cells]
    else:
        raise ValueError(f"unknown estimand {estimand!r}: simple, cohort, calendar or event_study")
    if not all(chosen):
        raise FrameError("empty", "no cohort is observed then beside one that starts later")
    return [
        {cell: weight / sum(cells.values()) for cell, weight in cells.items()} for cells in chosen
    ]


def _of_cells(
    data: _Cohorts,
    cells: dict[tuple[int, int], float],
    coefficient: Coefficient,
    base: BaseOfLot,
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (G, T) on cohort means: of the cells' mean effect, and of the gap before."""
    after = np.zeros_like(data.mean)
    before = np.zeros_like(data.mean)
    first, delay = int(data.panel.periods[0]), data.panel.anticipation
    common = int(data.start[0]) - first - delay
    for (g, t), weight in cells.items():
        if coefficient == "sun_abraham":
            others = np.array([len(data.start) - 1])
        else:
            others = np.flatnonzero(data.start > t + first + delay)
        share = data.size[others] / data.size[others].sum()
        own = int(data.start[g]) - first - delay
        window = slice(own - 1, own) if base == "month_before" else slice(0, common)
        length = window.stop - window.start
        after[g, t] += weight
        after[others, t] -= weight * share
        before[g, window] += weight / length
        before[others, window] -= weight * share[:, None] / length
    return after, before


def _foretold(data: _Cohorts, after: np.ndarray) -> np.ndarray:
    """(J,) part of Neyman's variance that periods before anyone's start show to be too much."""
    T0 = int(data.start[0] - data.panel.periods[0])
    early = data.covariance[:, :T0, :T0]
    inverse = np.linalg.pinv(early, rcond=ZERO, hermitian=True)
    shared = np.einsum("gts,jgs->jgt", data.covariance[:, :T0], after, optimize=True)
    total = np.einsum("gts,jgs->jt", inverse, shared, optimize=True)
    spread = early.mean(axis=0)
    return np.einsum("jt,ts,js->j", total, spread, total) / len(data.panel.units)
