"""The leading estimator under a lottery of start dates: one coefficient on the months before.

``θ(β) = θ(0) − β X``: what is compared after the start, less β times what differed before it
(:mod:`analysis.causal.lottery.random_timing`). On a panel without gaps this is that estimator; with
gaps each cell compares the units observed in it, as in :func:`analysis.causal.group_time`.

* *Many* clusters: β of least variance, effect by effect, and Neyman's standard error with the
  small-sample factor of an estimated coefficient (:func:`learnt`).
* *Few*: too few to learn cohort by cohort. One regression over all units, of the mean after
  anyone's start on the mean before, with the effect in question taken out. No assignment enters it
  but through that effect, so that randomisation inference, which then leads, stays exact.
* *Very few* (below eight clusters, or levels before that all but tell who was treated), and few
  with a base other than the mean of all periods before: β = 1, as under parallel trends.

Measured in ``docs/methods/estimators.md``.

References
----------
Roth, Sant'Anna (2023); Rosenbaum (2002), Covariance adjustment in randomized experiments;
MacKinnon, White (1985), HC2; Lin (2013), on its use for adjusted estimates of experiments.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from analysis.causal.did.aggregate import Aggregate
from analysis.causal.did.base import Base, last_untouched, outcome_levels, row_means
from analysis.causal.did.group_time import GroupTime, Slopes
from analysis.causal.inference.inference_rule import InferenceRule
from analysis.causal.lottery.assignments import assignments
from analysis.causal.lottery.random_timing import ZERO
from analysis.causal.panel.frame import Prepared, by_cluster

#: A cohort, the never treated included, is small with fewer clusters than this …
FEWEST_IN_A_COHORT = 10
#: … and Neyman's error leads where small cohorts hold no more than this share of all clusters.
MOST_IN_SMALL_COHORTS = 0.1
#: A slope over all clusters is estimated from as many as this …
FEWEST_FOR_A_SLOPE = 8
#: … that leave at least this share of the treatment to be told from the level before.
LEAST_TOLD_APART = 0.1
#: The adjusted standard error needs this many clusters of a mean cohort per period before.
FEWEST_PER_PERIOD_BEFORE = 10


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Units' parts in an effect: of what is after the start and of what was before, centred.

    ``after`` and ``before`` are (C,) sums by cluster, centred by cohort and times ``scale``, which
    is √(m/(m - 1)) with m the cohort's clusters, so that squares add up to Neyman's variance;
    ``gap`` is X.
    """

    after: np.ndarray
    before: np.ndarray
    scale: np.ndarray
    gap: float

    @property
    def coefficient(self) -> float:
        """β of least variance; 0 where nothing varied before."""
        return float(learnt(self.after, self.before, self.scale, np.float64(self.gap))[0])

    @property
    def influence(self) -> np.ndarray:
        """(C,) whose squares add up to the variance of the effect, β being estimated."""
        return learnt(self.after, self.before, self.scale, np.float64(self.gap))[1]


def learnt(
    after: np.ndarray, before: np.ndarray, scale: np.ndarray, gap: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Learn β of least variance, and the influence of the effect that it leads to.

    The effect is a coefficient of a regression of what is after on what was before and cohorts,
    weighted by ``scale`` squared; the influence holds its HC2 terms. Neyman's variance takes β for
    known. It leaves out that an error of β counts X times and that residuals, having been fitted,
    are too small, each of which is about one part in (clusters - cohorts).

    Parameters
    ----------
    after, before : (..., C)
        As in :class:`Split`.
    scale : (C,)
    gap : (...)

    Returns
    -------
    (...), (..., C)
        β, 0 where nothing varied before; influence, whose squares add up to the variance.
    """
    spread = (before**2).sum(axis=-1)
    shared = (before * after).sum(axis=-1)
    varied = spread > 0
    beta = np.divide(shared, spread, out=np.zeros_like(shared), where=varied)
    per_spread = np.divide(1.0, spread, out=np.zeros_like(spread), where=varied)[..., None]
    pull = scale * before
    toward = 1 - gap[..., None] * pull * per_spread
    unfitted = np.maximum(1 - pull**2 * per_spread, ZERO)
    return beta, (after - beta[..., None] * before) * toward / np.sqrt(unfitted)


def fits(panel: Prepared, effects: GroupTime) -> bool:
    """Whether the lottery can be used: paired rows, no covariates, strata dealt out evenly."""
    return effects.contrast is not None and not panel.covariate_names and even_strata(panel)


def even_strata(panel: Prepared) -> bool:
    """Whether each stratum has its share of each cohort, give or take one cluster.

    Otherwise strata differ between cohorts by design, and X is not zero on average.
    """
    first = np.unique(panel.cluster, return_index=True)[1]
    place = np.unique(panel.cohort[first], return_inverse=True)[1]
    count = np.zeros((panel.stratum.max() + 1, place.max() + 1))
    np.add.at(count, (panel.stratum[first], place), 1)
    expected = np.outer(count.sum(axis=1), count.sum(axis=0)) / count.sum()
    return bool((np.abs(count - expected) <= 1 + 1e-9).all())


def choose(found: InferenceRule, panel: Prepared) -> InferenceRule:
    """Let randomisation lead, which a lottery makes exact, unless cohorts are large enough."""
    if found.lead == "none":
        return found
    first = np.unique(panel.cluster, return_index=True)[1]
    size = np.unique(panel.cohort[first], return_counts=True)[1]
    in_small = size[size < FEWEST_IN_A_COHORT].sum() / size.sum()
    if found.lead == "influence_function" and in_small <= MOST_IN_SMALL_COHORTS:
        return replace(found, reason="causal.rule.lot_many")
    return replace(found, lead="randomisation", beside=(), reason="causal.rule.lot_few")


def pooled_slopes(effects: GroupTime) -> Slopes | None:
    """Slopes of the mean after anyone's start on the level before, over all units.

    Returns
    -------
    Slopes or None
        None where the base is not the same for every draw.
    """
    panel = effects.panel
    if effects.base_rule != "all_before":
        return None
    start = int(panel.cohorts[0])
    level = outcome_levels(panel, last_untouched(panel, start, "all_before"), "all_before")
    late = panel.periods >= start
    seen = panel.observed[:, late]
    slopes = []
    for values in (panel.y[:, late], panel.treated[:, late].astype(float)):
        shown = np.where(seen, values, np.nan)
        weight = np.where(seen, panel.weights[:, None], 0.0)
        common = np.nansum(shown * weight, axis=0) / np.maximum(weight.sum(axis=0), 1e-300)
        mean = row_means(shown - common)
        known = ~np.isnan(mean) & ~np.isnan(level)
        w, x = panel.weights[known], level[known]
        x = x - np.average(x, weights=w)
        spread = float(w @ x**2)
        slopes.append(float((w * x) @ mean[known]) / spread if spread > 0 else 0.0)
    return Slopes(*slopes)


def balance_p(panel: Prepared, *, draws: int, seed: int) -> float:
    """Share of draws of the lottery in which cohorts' levels before differ as much as here.

    The statistic is the variance between cohorts of the mean of all periods before anyone's
    start; clusters change places within strata.

    Parameters
    ----------
    panel : Prepared
    draws, seed : int
        As of :func:`analysis.causal.randomisation_test`.

    Returns
    -------
    float
        NaN where no cluster is measured before.
    """
    level = outcome_levels(
        panel, last_untouched(panel, panel.cohorts[0], "all_before"), "all_before"
    )
    known = ~np.isnan(level)
    if not known.any():
        return float("nan")
    weight = by_cluster((panel.weights * known)[:, None], panel.cluster)[:, 0]
    total = by_cluster((panel.weights * np.nan_to_num(level))[:, None], panel.cluster)[:, 0]
    seen = weight > 0
    mean = total[seen] / weight[seen]
    first = np.unique(panel.cluster, return_index=True)[1][seen]
    place = np.unique(panel.cohort[first], return_inverse=True)[1]
    stratum = np.unique(panel.stratum[first], return_inverse=True)[1]
    mean = mean - mean.mean()
    labels, enumerated = assignments(place, stratum, draws, seed)
    size = np.bincount(place)

    def between(label: np.ndarray) -> float:
        return float((np.bincount(label, weights=mean, minlength=len(size)) ** 2 / size).sum())

    actual = between(place) * (1 - 1e-10)
    above = sum(between(label) >= actual for label in labels)
    return above / len(labels) if enumerated else (above + 1) / (len(labels) + 1)


def split(effects: GroupTime, cell_weights: np.ndarray) -> Split:
    """Split a weighted mean of cells into what is after and what was before.

    Parameters
    ----------
    effects : GroupTime
        Paired cells.
    cell_weights : (K,)
    """
    panel, first = effects.panel, int(effects.panel.periods[0])
    omega = np.zeros(panel.y.shape)
    by_base: dict[int, np.ndarray] = {}
    for k in np.flatnonzero((cell_weights != 0) & effects.estimated):
        column = cell_weights[k] * effects.contrast[:, k]
        omega[:, effects.period[k] - first] += column
        base = int(effects.base[k])
        by_base[base] = by_base.get(base, 0.0) + column
    place, one, size = _places(panel)
    used = np.flatnonzero((omega != 0).any(axis=0))
    after = (omega[:, used] * _centred_outcome(panel).take(used, axis=1)).sum(axis=1)
    before, gap = np.zeros(len(place)), 0.0
    for base, weight in by_base.items():
        level, centred = _centred_levels(panel, base, effects.base_rule)
        gap += float(weight @ np.nan_to_num(level))
        before += weight * centred
    both = by_cluster(np.column_stack([after, before]), panel.cluster)
    mean = np.zeros((place.max() + 1, 2))
    np.add.at(mean, place[one], both)
    both = both - mean[place[one]] / size[:, None]
    scale = np.sqrt(size / np.maximum(size - 1, 1))
    return Split(both[:, 0] * scale, both[:, 1] * scale, scale, gap)


# What parts of one panel have in common is asked for every effect, and reckoned once.


@lru_cache(maxsize=4)
def _places(panel: Prepared) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Place of each unit's cohort (N,), a unit a cluster (C,), clusters in its cohort (C,)."""
    place = np.unique(panel.cohort, return_inverse=True)[1]
    one = np.unique(panel.cluster, return_index=True)[1]
    return place, one, np.bincount(place[one])[place[one]]


@lru_cache(maxsize=4)
def _centred_outcome(panel: Prepared) -> np.ndarray:
    """(N, T) outcomes less the cohort's mean in each period."""
    return _centred(panel.y, _places(panel)[0], panel.weights)


@lru_cache(maxsize=16)
def _centred_levels(panel: Prepared, last: int, base: Base) -> tuple[np.ndarray, np.ndarray]:
    """(N,) levels before, and the same less the cohort's mean."""
    level = outcome_levels(panel, last, base)
    return level, _centred(level[:, None], _places(panel)[0], panel.weights)[:, 0]


def _centred(values: np.ndarray, place: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(N, M) values less the cohort's mean in each column; 0 where not observed."""
    seen = ~np.isnan(values)
    filled = np.where(seen, values, 0.0)
    shape = (place.max() + 1, values.shape[1])
    total, weight = np.zeros(shape), np.zeros(shape)
    np.add.at(total, place, filled * weights[:, None])
    np.add.at(weight, place, seen * weights[:, None])
    mean = total / np.where(weight > 0, weight, 1.0)
    return np.where(seen, filled - mean[place], 0.0)


def coefficient(
    effects: GroupTime, simple: Aggregate, *, many: bool, sloped: bool | None = None
) -> tuple[float, Slopes | None]:
    """Return the coefficient of the overall effect, and the slopes it follows from with few.

    Parameters
    ----------
    effects : GroupTime
        Cells with a coefficient of 1.
    simple : Aggregate
        Their overall mean.
    many : bool
        Whether every cohort has enough clusters to learn from.
    sloped : bool, optional
        Whether few learn a slope at all, where that was settled with other units; by default it is
        asked of the panel.
    """
    weights = simple.cell_weights[0]
    learn = effects.panel.n_clusters >= FEWEST_FOR_A_SLOPE if sloped is None else sloped
    slopes = pooled_slopes(effects) if learn else None
    if many:
        return split(effects, weights).coefficient, slopes
    if slopes is None or np.isnan(simple.att[0]):
        return 1.0, None
    gap = split(effects, weights).gap
    told_apart = 1 - slopes.treatment * gap
    if told_apart < (LEAST_TOLD_APART if sloped is None else ZERO):
        return 1.0, None
    plain = float(simple.att[0]) + gap
    effect = (plain - slopes.outcome * gap) / told_apart
    return slopes.outcome - effect * slopes.treatment, slopes


def efficient(effects: GroupTime, part: Aggregate, scale: np.ndarray) -> Aggregate:
    """Give each effect its own coefficient of least variance and the influence that goes with it.

    Parameters
    ----------
    effects : GroupTime
        Cells, whatever their coefficient.
    part : Aggregate
        Their means.
    scale : (N,)
        Small-sample scale that intervals put on the influence; it is taken out here.
    """
    panel = effects.panel
    att, influence = part.att.copy(), part.influence.copy()
    one = np.unique(panel.cluster, return_index=True)[1]
    for j, weights in enumerate(part.cell_weights):
        if not ((weights != 0) & effects.estimated).any():
            continue
        found = split(effects, weights)
        att[j] += (effects.coefficient - found.coefficient) * found.gap
        own = found.influence
        influence[:, j] = 0.0
        influence[one, j] = own * _adjustment(effects, weights, own) / scale[one]
    overall = part.overall and efficient(effects, part.overall, scale)
    return replace(part, att=att, influence=influence, overall=overall)


def _adjustment(effects: GroupTime, cell_weights: np.ndarray, influence: np.ndarray) -> float:
    """Ratio of adjusted to plain standard error; 1 where cohorts are too small to adjust."""
    panel = effects.panel
    place, sizes = np.unique(panel.cohort, return_inverse=True, return_counts=True)[1:]
    T0 = int(panel.cohorts[0] - panel.periods[0])
    large = len(panel.units) >= FEWEST_PER_PERIOD_BEFORE * T0 * len(sizes) and sizes.min() > 1
    if not large or not panel.balanced or panel.n_clusters < len(panel.units):
        return 1.0
    early = panel.y[:, :T0]
    omega = np.zeros(panel.y.shape)
    first = int(panel.periods[0])
    for k in np.flatnonzero((cell_weights != 0) & effects.estimated):
        omega[:, effects.period[k] - first] += cell_weights[k] * effects.contrast[:, k]
    after = (omega * panel.y).sum(axis=1)
    total, spread = np.zeros(T0), np.zeros((T0, T0))
    for g, size in enumerate(sizes):
        own = place == g
        centred = early[own] - early[own].mean(axis=0)
        covariance = centred.T @ centred / (size - 1)
        shared = centred.T @ (after[own] * size) / (size - 1)
        total += np.linalg.pinv(covariance, rcond=ZERO, hermitian=True) @ shared
        spread += covariance
    foretold = float(total @ spread @ total) / len(sizes) / len(place)
    whole = float(influence @ influence)
    return float(np.sqrt(1 - foretold / whole)) if foretold < whole else 1.0
