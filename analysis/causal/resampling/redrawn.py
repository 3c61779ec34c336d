"""An estimator under other draws of the waves, all cells at once.

Every draw is estimated as the actual one is, gaps included: a wave whose one site lacks its base
period has no cells in that draw, as it would have had none in the report. (A statistic that keeps
the cells of the actual draw compares it with draws that have gaps where it has none, and
rejects too often.) Estimators here are linear in the outcome, so a hypothesised constant effect
needs no second pass: each cell is kept for the outcome and for the actual treatment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from analysis.causal.did.base import last_untouched, levels
from analysis.causal.did.group_time import GroupTime, comparison_units
from analysis.causal.did.pooled_cells import redrawn_cells
from analysis.causal.lottery.assignments import assignments
from analysis.causal.panel.frame import Prepared

#: Draws × units held in memory at a time.
BLOCK = 2**21
#: Largest relative residual at which a batch of normal equations counts as solved.
SOLVED = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class Redrawn:
    """Treated cells (cohort, period) under the actual assignment (row 0) and P others.

    Attributes
    ----------
    cohorts : (G,)
        Treated cohorts, ascending.
    periods : (T,)
    effect : (2, 1 + P, G, T)
        Effect on the outcome, and on the indicator of actual treatment; 0 where not estimable.
    size : (1 + P, G, T)
        Weight of the cell in averages; 0 where it cannot be estimated.
    enumerated : bool
        Whether rows 1 … P are all assignments.
    """

    cohorts: np.ndarray
    periods: np.ndarray
    effect: np.ndarray
    size: np.ndarray
    enumerated: bool

    def average(
        self, cohort: np.ndarray, period: np.ndarray, weights: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Weighted mean of the named cells; two (1 + P,), NaN where a draw has none of them.

        ``weights`` are the cells' in the actual draw, (k,); another draw's cell weighs as much per
        unit in it. By default every unit in a cell counts alike.
        """
        chosen = np.zeros(self.size.shape[1:])
        rows = np.searchsorted(self.cohorts, cohort)
        columns = np.asarray(period, int) - int(self.periods[0])
        chosen[rows, columns] = 1
        if weights is not None:
            actual = self.size[0, rows, columns]
            chosen[rows, columns] = np.divide(
                weights, actual, out=np.zeros(len(rows)), where=actual > 0
            )
        weight = self.size * chosen
        total = weight.sum(axis=(1, 2))
        total = np.where(total > 0, total, np.nan)
        summed = (self.effect * weight).sum(axis=(2, 3)) / total
        return summed[0], summed[1]


def redraw_group_time(effects: GroupTime, *, draws: int, seed: int) -> Redrawn:
    """Estimate the group-time cells of other assignments of the waves.

    Covariates are taken out of the changes by one regression over all units of a cell, which
    no assignment enters (Rosenbaum 2002); repeated cross-sections keep theirs.
    """
    panel = effects.panel
    if effects.level is not None:
        return _redrawn_pooled(effects, draws, seed)
    if effects.unbalanced == "cross_sections" and not panel.balanced:
        parts = _means(panel)
        return _redrawn(panel, lambda who: _cross_sections(effects, who, parts), draws, seed)
    if panel.balanced and not panel.covariates.shape[2]:
        columns = _columns(effects)
        return _redrawn(panel, lambda who: _without_gaps(effects, who, columns), draws, seed)
    changes = {g: _changes(effects, int(g)) for g in panel.cohorts}
    return _redrawn(panel, lambda who: _paired(effects, who, changes), draws, seed)


def _redrawn_pooled(effects: GroupTime, draws: int, seed: int) -> Redrawn:
    """Fit counts or shares again under every draw."""
    panel = effects.panel
    codes, labels, enumerated = _drawn(panel, draws, seed)
    effect, size = redrawn_cells(effects, labels, codes)
    return Redrawn(panel.cohorts, panel.periods, effect, size, enumerated)


def redraw_imputation(panel: Prepared, *, draws: int, seed: int) -> Redrawn:
    """Impute the treated cells of other assignments of the waves."""
    parts = _ImputationParts(panel)
    return _redrawn(panel, parts.cells, draws, seed)


def _redrawn(
    panel: Prepared,
    cells: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    draws: int,
    seed: int,
) -> Redrawn:
    """Draw assignments and estimate them block by block."""
    codes, labels, enumerated = _drawn(panel, draws, seed)
    found = [cells(who) for who in _blocks(labels, panel, len(codes))]
    return Redrawn(
        cohorts=panel.cohorts,
        periods=panel.periods,
        effect=np.concatenate([effect for effect, _ in found], axis=1),
        size=np.concatenate([size for _, size in found]),
        enumerated=enumerated,
    )


def _drawn(panel: Prepared, draws: int, seed: int) -> tuple[np.ndarray, np.ndarray, bool]:
    """Cohorts (H,), their codes by draw and cluster, the actual draw first, and if that is all."""
    first = np.unique(panel.cluster, return_index=True)[1]
    codes, label = np.unique(panel.cohort[first], return_inverse=True)
    labels, enumerated = assignments(label, panel.stratum[first], draws, seed)
    return codes, np.vstack([label, labels]), enumerated


def _blocks(labels: np.ndarray, panel: Prepared, n_codes: int) -> Iterator[np.ndarray]:
    """Weighted membership of units in cohorts, (H, draws, N) a block; never treated last."""
    step = max(1, BLOCK // (len(panel.units) * n_codes))
    for start in range(0, len(labels), step):
        unit = labels[start : start + step][:, panel.cluster]
        member = unit[None] == np.arange(n_codes)[:, None, None]
        yield member * panel.weights


def _codes(panel: Prepared) -> np.ndarray:
    return np.unique(panel.cohort)


def _under_treatment(panel: Prepared) -> np.ndarray:
    """(N, T) actual treatment, NaN where the outcome was not observed."""
    return np.where(panel.observed, panel.treated.astype(float), np.nan)


def _changes(effects: GroupTime, g: int) -> tuple[np.ndarray, np.ndarray]:
    """(2, N, T) changes from cohort g's base, of outcome and treatment; (N, T) what is there."""
    panel, last = effects.panel, last_untouched(effects.panel, g, effects.base_rule)
    values = (panel.y, _under_treatment(panel))
    before = [levels(panel, value, last, effects.base_rule) for value in values]
    slopes = effects.slopes
    if slopes is None:
        taken = [effects.coefficient * level for level in before]
    else:
        taken = [slopes.outcome * before[0], slopes.treatment * before[0]]
    both = [value - off[:, None] for value, off in zip(values, taken, strict=True)]
    there = ~np.isnan(both[0])
    changes = np.where(there, np.stack(both), 0.0)
    if panel.covariates.shape[2]:
        columns = np.moveaxis(panel.covariates, 2, 0)
        before = [levels(panel, column, last, effects.base_rule) for column in columns]
        X = np.column_stack([np.ones(len(panel.units)), *before])
        for t in np.flatnonzero(panel.periods >= g):
            rows = there[:, t]
            root = np.sqrt(panel.weights[rows])[:, None]
            fit = np.linalg.lstsq(root * X[rows], root * changes[:, rows, t].T, rcond=None)[0]
            changes[:, rows, t] -= (X[rows] @ fit).T
    return changes, there


def _paired(effects, who: np.ndarray, changes: dict) -> tuple[np.ndarray, np.ndarray]:
    """Cells from changes within units."""
    panel, codes = effects.panel, _codes(effects.panel)
    P, T, share = who.shape[1], len(panel.periods), who.sum(axis=2)
    effect, size = np.zeros((2, P, len(changes), T)), np.zeros((P, len(changes), T))
    for i, (g, (change, there)) in enumerate(changes.items()):
        after = np.flatnonzero(panel.periods >= g)
        count = who @ there[:, after].astype(float)
        summed = who @ change[:, None][..., after]  # (2, H, P, after)
        others = _comparison(effects, codes, int(g), panel.periods[after])
        n_treated, n_others = count[i], np.einsum("ht,hpt->pt", others, count)
        possible = (n_treated > 0) & (n_others > 0)
        compared = np.einsum("ht,vhpt->vpt", others, summed)
        gap = summed[:, i] / np.where(possible, n_treated, 1)
        gap -= compared / np.where(possible, n_others, 1)
        effect[:, :, i, after] = np.where(possible, gap, 0.0)
        size[:, i, after] = possible * share[i][:, None]
    return effect, size


def _columns(effects: GroupTime) -> np.ndarray:
    """(N, 2 T + 2 G) outcome, treatment, and what cohorts' bases take off each, centred.

    What a column has in common cancels between arms; off it comes, lest it drown differences.
    """
    panel = effects.panel
    values = (panel.y, panel.treated.astype(float))
    columns = [*values]
    slopes = effects.slopes
    factors = (
        (effects.coefficient, effects.coefficient)
        if slopes is None
        else (slopes.outcome, slopes.treatment)
    )
    bases = [last_untouched(panel, g, effects.base_rule) for g in panel.cohorts]
    for k, factor in enumerate(factors):
        value = panel.y if slopes is not None else values[k]
        off = [factor * levels(panel, value, last, effects.base_rule) for last in bases]
        columns.append(np.column_stack(off))
    found = np.hstack(columns)
    return found - np.average(found, axis=0, weights=panel.weights)


def _without_gaps(
    effects: GroupTime, who: np.ndarray, columns: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Cells from sums by cohort, which a panel without gaps needs once for all its bases."""
    from scipy.sparse import csr_array

    panel, codes = effects.panel, _codes(effects.panel)
    H, P, N = who.shape
    T, G = len(panel.periods), len(panel.cohorts)
    share = who.sum(axis=2)
    summed = (csr_array(who.reshape(H * P, N)) @ columns).reshape(H, P, -1)
    effect, size = np.zeros((2, P, G, T)), np.zeros((P, G, T))
    for i, g in enumerate(panel.cohorts):
        after = np.flatnonzero(panel.periods >= g)
        others = _comparison(effects, codes, int(g), panel.periods[after])
        n_treated, n_others = share[i][:, None], share.T @ others
        possible = (n_treated > 0) & (n_others > 0)
        for v in range(2):
            change = summed[..., v * T + after] - summed[..., [2 * T + v * G + i]]
            compared = np.einsum("ht,hpt->pt", others, change)
            gap = change[i] / np.where(n_treated > 0, n_treated, 1)
            gap -= compared / np.where(n_others > 0, n_others, 1)
            effect[v, :, i, after] = np.where(possible, gap, 0.0).T
        size[:, i, after] = possible * n_treated
    return effect, size


def _means(panel: Prepared) -> tuple[np.ndarray, np.ndarray]:
    """(2, N, T) outcome and treatment, 0 where not observed; (N, T) what is observed."""
    values = np.stack([panel.y, _under_treatment(panel)])
    return np.where(panel.observed, values, 0.0), panel.observed.astype(float)


def _cross_sections(effects, who: np.ndarray, parts) -> tuple[np.ndarray, np.ndarray]:
    """Cells from the means of all rows of two periods, paired or not."""
    panel, codes = effects.panel, _codes(effects.panel)
    values, there = parts
    summed, count = who @ values[:, None], who @ there
    n_cohorts, T, share = len(panel.cohorts), len(panel.periods), who.sum(axis=2)
    effect = np.zeros((2, who.shape[1], n_cohorts, T))
    size = np.zeros((who.shape[1], n_cohorts, T))
    for i, g in enumerate(panel.cohorts):
        after = np.flatnonzero(panel.periods >= g)
        base = int(g - panel.anticipation - 1 - panel.periods[0])
        own = np.zeros((len(codes), len(after)))
        own[i] = 1
        others = _comparison(effects, codes, int(g), panel.periods[after])
        gap, possible = 0.0, True
        for arm, sign in ((own, 1.0), (others, -1.0)):
            for place, side in ((after, sign), ([base], -sign)):
                number = np.einsum("ht,hpt->pt", arm, count[..., place] + 0 * count[..., after])
                total = np.einsum("ht,vhpt->vpt", arm, summed[..., place] + 0 * summed[..., after])
                possible = possible & (number > 0)
                gap = gap + side * total / np.maximum(number, 1e-300)
        effect[:, :, i, after] = np.where(possible, gap, 0.0)
        size[:, i, after] = possible * share[i][:, None]
    return effect, size


def _comparison(effects: GroupTime, codes: np.ndarray, g: int, periods: np.ndarray) -> np.ndarray:
    """(H, after) which cohorts stand for cohort g in each period."""
    panel, base = effects.panel, last_untouched(effects.panel, g, effects.base_rule)
    return np.column_stack(
        [
            comparison_units(codes, g, int(t), base, panel.anticipation, effects.comparison)
            for t in periods
        ]
    ).astype(float)


class _ImputationParts:
    """What imputation needs of a panel whichever draw of the waves is looked at.

    Units observed in the same periods share their normal equations, so that a panel without
    gaps costs no more than its periods squared a draw.
    """

    def __init__(self, panel: Prepared) -> None:
        self.panel, self.codes = panel, _codes(panel)
        self.there = panel.observed.astype(float)
        patterns, self.pattern = np.unique(panel.observed, axis=0, return_inverse=True)
        self.kind = np.eye(len(patterns))[self.pattern.ravel()]
        untreated = panel.periods[None, :] < self.codes[:, None] - panel.anticipation
        self.before = patterns[None].astype(float) * untreated[:, None]  # (H, U, T)
        self.patterns = patterns.astype(float)
        self.length = np.maximum(self.before.sum(axis=2), 1)  # (H, U)
        values = np.stack([panel.y, _under_treatment(panel)])
        self.values = np.where(panel.observed, values, 0.0)

    def cells(self, who: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Effects (2, P, G, T) and sizes (P, G, T) of a block of draws."""
        H, P, _ = who.shape
        T, G = len(self.panel.periods), len(self.panel.cohorts)
        by_kind = who @ self.kind  # (H, P, U)
        normal, right = np.zeros((P, T, T)), np.zeros((P, T, 2))
        for h in range(H):
            mask, length = self.before[h], self.length[h]
            normal[:, np.arange(T), np.arange(T)] += by_kind[h] @ mask
            crossed = mask[:, :, None] * mask[:, None, :] / length[:, None, None]
            normal -= (by_kind[h] @ crossed.reshape(-1, T * T)).reshape(P, T, T)
            centred = self._centred(h) * mask[self.pattern.ravel()]
            right += np.moveaxis(who[h] @ centred, 0, -1)
        season, seen = _solve(normal, right)
        effect, size = np.zeros((2, P, G, T)), np.zeros((P, G, T))
        for i, g in enumerate(self.panel.cohorts):
            after = self.panel.periods >= g
            known = self.before[i].any(axis=1)
            mine = by_kind[i] * known
            number = (mine @ self.patterns) * seen * after
            reach = known[self.pattern.ravel()]
            total = (who[i] * reach) @ (self._centred(i) * self.there)
            before = self.before[i] / self.length[i][:, None]
            crossed = self.patterns[:, :, None] * before[:, None, :]
            weight = (mine @ crossed.reshape(-1, T * T)).reshape(P, T, T)
            total = total - np.moveaxis(number[..., None] * season - weight @ season, -1, 0)
            effect[:, :, i] = np.where(number > 0, total / np.where(number > 0, number, 1), 0.0)
            size[:, i] = number
        return effect, size

    def _centred(self, h: int) -> np.ndarray:
        """(2, N, T) values less the unit's mean over what is untreated were it of cohort h."""
        mask, length = self.before[h][self.pattern.ravel()], self.length[h][self.pattern.ravel()]
        mean = (self.values * mask).sum(axis=2) / length
        return self.values - mean[..., None]


def _solve(normal: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Period effects (P, T, 2) of batches of normal equations, and (P, T) which periods have them.

    Effects are determined up to a constant, which no prediction depends on; it is set to zero.
    """
    T = normal.shape[1]
    diagonal = np.einsum("ptt->pt", normal)
    scale = np.maximum(diagonal.max(axis=1), 1e-300)
    seen = (normal**2).sum(axis=2) > (1e-12 * scale[:, None]) ** 2
    filled = normal + np.where(seen[:, :, None] & seen[:, None, :], 1.0, 0.0) * (scale / T).reshape(
        -1, 1, 1
    )
    filled[:, np.arange(T), np.arange(T)] += np.where(seen, 0.0, scale[:, None])
    try:
        found = np.linalg.solve(filled, right)
    except np.linalg.LinAlgError:
        found = np.full(right.shape, np.nan)
    off = np.abs(normal @ found - right).max(axis=(1, 2))
    size = np.maximum(np.abs(right).max(axis=(1, 2)), 1e-300)
    for p in np.flatnonzero(~(off <= SOLVED * size)):
        inverse = np.linalg.pinv(normal[p], rcond=1e-10, hermitian=True)
        found[p] = inverse @ right[p]
    return found, seen
