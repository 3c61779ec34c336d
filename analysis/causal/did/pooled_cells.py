r"""Group-time effects of counts and shares, every site-month weighing by its denominator.

Site and month effects are fitted to what is untreated, and treated cells are compared with what
the fit says they would have been. For a count C with exposure E (complaints of household-months),
months move all sites by the same factor; for a share of D (tickets, answers, amounts due) by the
same number of points:

.. math::
    \hat C_{it} = E_{it}\,\hat a_i \hat\lambda_t, \qquad
    \hat C_{it} = D_{it}\,(\hat a_i + \hat\lambda_t), \qquad
    \widehat{ATT}(g,t) = \frac{\sum_{i \in g} C_{it} - \hat C_{it}}{\sum_{i \in g} E_{it}}

The first is the Poisson model with a coefficient for every treated cell (its likelihood equations
are those of the untreated cells alone), the second least squares weighted by the denominators. Both
use all months before. Each cluster's influence is what leaving it out does, refitting everything.

References
----------
Hausman, Hall, Griliches (1984); Wooldridge (1999, 2023); Borusyak, Jaravel, Spiess (2024);
MacKinnon, Nielsen, Webb (2023), on leaving out clusters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from analysis.causal.did.group_time import Comparison, GroupTime
from analysis.causal.panel.frame import FrameError, Prepared

Form = Literal["mean", "rate", "share"]

#: Most clusters, or blocks of clusters of one cohort, that are left out one at a time.
LEFT_OUT = 200
#: Passes over sites and months, and the relative change of a month effect at which they end.
PASSES, SETTLED = 2000, 1e-10
#: Where a product of site and month has no fit, one grows without end as the other vanishes.
ENDLESS, NOTHING = 1e100, 1e-200
#: Relative change of the treated counts by which an effect is taken off where there is none.
SMALL = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class _Arm:
    """Units of one cohort: their rows, their weight in each of B versions, their months before."""

    rows: np.ndarray
    weight: np.ndarray
    before: np.ndarray
    lends: bool


@dataclass(frozen=True, slots=True, eq=False)
class PooledCells:
    """Cells (B, G, T) in B versions of a panel: per unit of the denominator.

    ``effect`` and ``level`` are NaN, ``size`` (the denominators' sum) 0 where a cell has no answer.
    """

    effect: np.ndarray
    level: np.ndarray
    size: np.ndarray


def with_denominators(panel: Prepared) -> Prepared:
    """Return a panel prepared with the covariates total and exposure, which now weigh its units."""
    total, exposure = panel.covariates[..., 0], panel.covariates[..., 1]
    if np.any(exposure[panel.observed] <= 0):
        raise FrameError("exposure_not_positive", "exposure must be above zero")
    size = np.nanmean(np.where(panel.observed, exposure, np.nan), axis=1)
    return replace(
        panel,
        covariates=panel.covariates[..., :0],
        covariate_names=(),
        weights=size / size.mean(),
        total=total,
        exposure=exposure,
    )


def pooled_group_time(panel: Prepared, form: Form, *, comparison: Comparison) -> GroupTime:
    """Estimate every ATT(g, t) of a count or a share.

    Parameters
    ----------
    panel : Prepared
        With ``total`` and ``exposure``.
    form : {"rate", "share"}
        Whether months multiply or add.
    comparison : {"not_yet_treated", "never_treated"}
        Whose months before count towards the month effects.

    Returns
    -------
    GroupTime
        In the outcome's unit, with the treated cells' own level beside the effects.

    Raises
    ------
    FrameError
        ``no_never_treated``, ``exposure_not_positive``, ``count_negative``.
    """
    if comparison == "never_treated" and np.isfinite(panel.cohort).all():
        raise FrameError("no_never_treated", "no unit is never treated")
    total, exposure, scale = _sums(panel, form)
    arms = list(_left_out(panel, comparison))
    found = pooled_cells(total, exposure, arms, form)
    full = scale * found.effect[0]
    level = scale * found.level[0]
    N, T = panel.y.shape
    cohort = np.repeat(panel.cohorts.astype(np.int64), T)
    period = np.tile(panel.periods.astype(np.int64), len(panel.cohorts))
    first = int(panel.periods[0])
    base = cohort - panel.anticipation - 1
    moved = _influence(panel, scale * found.effect, N)
    failures = tuple(
        (int(g), int(t), "empty_arm")
        for g, t, value in zip(cohort, period, full.ravel(), strict=True)
        if np.isnan(value)
    )
    return GroupTime(
        panel=panel,
        cohort=cohort,
        period=period,
        base=base,
        base_from=np.full(len(cohort), first),
        att=full.ravel(),
        influence=moved,
        contrast=None,
        poor_overlap=np.zeros(len(cohort)),
        failures=failures,
        method=form,
        comparison=comparison,
        base_rule="all_before",
        unbalanced="pairs",
        level=level.ravel(),
        level_influence=_influence(panel, scale * found.level, N),
        takes_part=_takes_part(panel, comparison, cohort, period),
    )


def pooled_cells(
    total: np.ndarray, exposure: np.ndarray, arms: list[_Arm], form: Form
) -> PooledCells:
    """Fit B versions of a panel at once and compare their treated cells with the fit.

    Parameters
    ----------
    total, exposure : (N, T)
        0 where a unit was not observed.
    arms : list of _Arm
        The treated cohorts ascending, then those never treated.
    form : {"rate", "share"}
    """
    fit = _multiplied if form == "rate" else _added
    # Units without a month before have no level of their own to start from.
    arms = [
        replace(a, weight=a.weight * ((exposure[a.rows] * a.before).sum(axis=1) > 0)) for a in arms
    ]
    expected = fit(total, exposure, arms)
    treated = [arm for arm in arms if not arm.before.all()]
    shape = (len(arms[0].weight), len(treated), total.shape[1])
    effect, level, size = (np.full(shape, np.nan) for _ in range(3))
    for k, arm in enumerate(treated):
        counted = arm.weight @ total[arm.rows]
        size[:, k] = arm.weight @ exposure[arm.rows]
        with np.errstate(divide="ignore", invalid="ignore"):
            level[:, k] = np.where(size[:, k] > 0, counted / size[:, k], np.nan)
            effect[:, k] = level[:, k] - expected[k] / size[:, k]
    unknown = ~np.isfinite(effect)
    effect[unknown] = np.nan
    size[unknown] = 0.0
    return PooledCells(effect, level, size)


def redrawn_cells(
    effects: GroupTime, labels: np.ndarray, codes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Estimate the cells under other assignments of the waves.

    Parameters
    ----------
    effects : GroupTime
        As :func:`pooled_group_time` returns it.
    labels : (P, C)
        Cohort code of each cluster in each draw, the actual one first.
    codes : (H,)
        Cohorts ascending, inf for never.

    Returns
    -------
    (2, P, G, T), (P, G, T)
        The cells of the outcome, and by how much they fall for each unit of effect that is taken
        off the actually treated; and their denominators. What is taken off is the factor by which
        treated counts exceed what was expected of them: taken off whole, the actual draw has no
        effect left.
    """
    panel, form = effects.panel, effects.method
    total, exposure, scale = _sums(panel, form)
    after = panel.treated & panel.observed
    seen = effects.estimated & (effects.event_time >= 0)
    sizes = np.array(
        [
            exposure[panel.cohort == g][:, int(t - panel.periods[0])].sum()
            for g, t in zip(effects.cohort[seen], effects.period[seen], strict=True)
        ]
    )
    mean = float(sizes @ effects.att[seen] / sizes.sum())
    level = float(sizes @ effects.level[seen] / sizes.sum())
    if form == "rate" and level > max(mean, 0.0):
        factor = 1 - mean / level
        factor = factor if abs(factor - 1) > SMALL else 1 - SMALL
        without = np.where(after, total * factor, total)
        taken = level * (1 - factor)
    else:
        taken = mean or SMALL * scale * float(total.sum() / exposure.sum())
        without = np.where(after, total - taken / scale * exposure, total)
    units = labels[:, panel.cluster]
    outcome, size = [], []
    step = max(1, 2**22 // (units.shape[1] * panel.y.shape[1]))
    for start in range(0, len(units), step):
        block = units[start : start + step]
        arms = [
            _Arm(
                np.arange(units.shape[1]),
                (block == h).astype(float),
                panel.periods < code - panel.anticipation,
                effects.comparison == "not_yet_treated" or np.isinf(code),
            )
            for h, code in enumerate(codes)
        ]
        both = [pooled_cells(values, exposure, arms, form) for values in (total, without)]
        effect = np.stack([np.nan_to_num(scale * part.effect) for part in both])
        outcome.append(np.stack([effect[0], (effect[0] - effect[1]) / taken]))
        size.append(both[0].size)
    return np.concatenate(outcome, axis=1), np.concatenate(size)


def _sums(panel: Prepared, form: Form) -> tuple[np.ndarray, np.ndarray, float]:
    """Return totals and denominators, 0 where not observed, and what turns their ratio into y."""
    if panel.total is None or panel.exposure is None:
        raise FrameError("columns", "a count or share needs the columns 'total' and 'exposure'")
    seen = panel.observed
    if form == "rate" and np.any(panel.total[seen] < 0):
        raise FrameError("count_negative", "a count is zero or more")
    total, exposure = np.where(seen, panel.total, 0.0), np.where(seen, panel.exposure, 0.0)
    summed = total.sum()
    scale = float((np.where(seen, panel.y, 0.0) * exposure).sum() / summed) if summed else 1.0
    return total, exposure, scale


def _left_out(panel: Prepared, comparison: Comparison) -> Iterator[_Arm]:
    """Yield the cohorts in the whole panel (version 0) and without each block of clusters."""
    blocks = _blocks(panel)
    versions = int(blocks.max()) + 2
    for g in (*panel.cohorts, np.inf):
        rows = np.flatnonzero(panel.cohort == g)
        if not len(rows):
            continue
        weight = np.ones((versions, len(rows)))
        weight[1 + blocks[rows], np.arange(len(rows))] = 0.0
        before = panel.periods < g - panel.anticipation
        yield _Arm(rows, weight, before, comparison == "not_yet_treated" or bool(np.isinf(g)))


def _blocks(panel: Prepared) -> np.ndarray:
    """(N,) what is left out together: a cluster; where there are many, some of one cohort."""
    if panel.n_clusters <= LEFT_OUT:
        return panel.cluster
    block, number = np.empty(len(panel.cluster), int), 0
    for g in np.unique(panel.cohort):
        rows = np.flatnonzero(panel.cohort == g)
        _, place = np.unique(panel.cluster[rows], return_inverse=True)
        m = int(place.max()) + 1
        many = min(m, max(2, round(LEFT_OUT * m / panel.n_clusters)))
        block[rows] = number + place % many
        number += many
    return block


def _influence(panel: Prepared, versions: np.ndarray, n_units: int) -> np.ndarray:
    """(N, K) influence from what leaving out does to K values, (1 + blocks, G, T) as given.

    What cannot be had without a block, as the only site of a wave, tells nothing of its noise.
    """
    blocks = _blocks(panel)
    flat = versions.reshape(len(versions), -1)
    moved = np.nan_to_num(flat[0] - flat[1:])
    influence = np.zeros((n_units, flat.shape[1]))
    for b in np.unique(blocks):
        first = np.flatnonzero(blocks == b)[0]
        alike = panel.cohort == panel.cohort[first]
        m, n = len(np.unique(blocks[alike])), len(np.unique(panel.cluster[alike]))
        # Whoever sums the squares first multiplies by n / (n - 1).
        influence[first] = moved[b] * np.sqrt((m - 1) / m * (n - 1) / n)
    return influence


def _takes_part(
    panel: Prepared, comparison: Comparison, cohort: np.ndarray, period: np.ndarray
) -> np.ndarray:
    """(N, K) bool: units that a cell compares, observed then and before their own start."""
    first = int(panel.periods[0])
    untreated = panel.periods[None, :] < panel.cohort[:, None] - panel.anticipation
    known = (panel.observed & untreated).any(axis=1)
    lends = np.isinf(panel.cohort) | (comparison == "not_yet_treated")
    own = panel.cohort[:, None] == cohort[None, :]
    place = period - first
    other = untreated[:, place] & lends[:, None] & ~own
    return panel.observed[:, place] & known[:, None] & (own | other)


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(
        above,
        below,
        out=np.full(np.broadcast_shapes(above.shape, below.shape), np.nan),
        where=below > NOTHING,
    )


def _multiplied(total: np.ndarray, exposure: np.ndarray, arms: list[_Arm]) -> list[np.ndarray]:
    """Return what is expected (B, T) of each treated arm where months multiply."""
    B, T = len(arms[0].weight), total.shape[1]
    own = [(total[a.rows] * a.before).sum(axis=1) for a in arms]
    parts = [exposure[a.rows] * a.before for a in arms]
    counted = sum(a.weight @ (total[a.rows] * a.before) for a in arms if a.lends)
    month = np.ones((B, T))
    settles = np.ones((B, 1), bool)  # counts from which an effect was taken may have no fit
    for _ in range(PASSES):
        site = [_site(n, month @ part.T) for n, part in zip(own, parts, strict=True)]
        below = sum(
            (a.weight * s) @ part for a, s, part in zip(arms, site, parts, strict=True) if a.lends
        )
        new = np.nan_to_num(_ratio(counted, below))
        settles &= np.abs(new).max(axis=1, keepdims=True) < ENDLESS
        new = np.where(settles, new, 0.0)
        done = np.abs(new - month).max() <= SETTLED * max(np.abs(new).max(), 1e-300)
        month = new
        if done:
            break
    reached = _reached(parts, arms) & settles
    site = [_site(n, month @ part.T) for n, part in zip(own, parts, strict=True)]
    return [
        np.where(reached, ((a.weight * s) @ exposure[a.rows]) * month, np.nan)
        for a, s in zip(arms, site, strict=True)
        if not a.before.all()
    ]


def _site(counted: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """(B, n) level of each site; 0 for one without an event before."""
    return np.nan_to_num(_ratio(np.broadcast_to(counted, expected.shape), expected))


def _reached(parts: list[np.ndarray], arms: list[_Arm]) -> np.ndarray:
    """(B, T) whether some untreated unit tells what a month was like."""
    return sum(a.weight @ part for a, part in zip(arms, parts, strict=True) if a.lends) > 0


def _added(total: np.ndarray, exposure: np.ndarray, arms: list[_Arm]) -> list[np.ndarray]:
    """Return what is expected (B, T) of each treated arm where months add."""
    B, T = len(arms[0].weight), total.shape[1]
    own = [(total[a.rows] * a.before).sum(axis=1) for a in arms]
    parts = [exposure[a.rows] * a.before for a in arms]
    size = [part.sum(axis=1) for part in parts]
    counted = sum(a.weight @ (total[a.rows] * a.before) for a in arms if a.lends)
    below = sum(a.weight @ part for a, part in zip(arms, parts, strict=True) if a.lends)
    month = np.zeros((B, T))

    def levels(month: np.ndarray) -> list[np.ndarray]:
        return [
            np.nan_to_num(_ratio(n - month @ part.T, np.broadcast_to(m, (B, len(m)))))
            for n, part, m in zip(own, parts, size, strict=True)
        ]

    for _ in range(PASSES):
        site = levels(month)
        lent = sum(
            (a.weight * s) @ part for a, s, part in zip(arms, site, parts, strict=True) if a.lends
        )
        new = np.nan_to_num(_ratio(counted - lent, below))
        new -= new[:, :1]
        done = np.abs(new - month).max() <= SETTLED * max(np.abs(new).max(), 1e-12)
        month = new
        if done:
            break
    reached = below > 0
    site = levels(month)
    return [
        np.where(
            reached,
            (a.weight * s) @ exposure[a.rows] + (a.weight @ exposure[a.rows]) * month,
            np.nan,
        )
        for a, s in zip(arms, site, strict=True)
        if not a.before.all()
    ]
