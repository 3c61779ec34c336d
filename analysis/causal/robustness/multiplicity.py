"""Romano–Wolf step-down over a family of outcomes.

Trying several outcomes and reporting the one that moved finds "effects" where there are none. The
family's effects are drawn together under the null, clusters' influence multiplied by random
signs, so that outcomes that move together are corrected less than Bonferroni would.

References
----------
Romano, Wolf (2005), Stepwise multiple testing as formalized data snooping; Clarke, Romano, Wolf
(2020) for the p-values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from analysis.causal.did.two_by_two import small_sample_scale
from analysis.causal.evaluation.evaluate import Evaluation
from analysis.causal.inference.joint import joint_influence
from analysis.results import Estimate
from analysis.settings import LEVEL, SEED


@dataclass(frozen=True, slots=True)
class Family:
    """Outcomes tested together.

    Attributes
    ----------
    outcomes : tuple of str
        In the order given.
    p_values, adjusted : tuple of float
        Of each overall effect, by itself and in the family.
    left_out : tuple of str
        Outcomes without an effect or a p-value.
    critical : float
        What every ``|z|`` is compared with for intervals that hold together.
    n_clusters, draws : int
    """

    outcomes: tuple[str, ...]
    p_values: tuple[float, ...]
    adjusted: tuple[float, ...]
    left_out: tuple[str, ...]
    critical: float
    n_clusters: int
    draws: int
    _estimates: tuple[Estimate, ...]

    def estimates(self) -> tuple[Estimate, ...]:
        """Return the overall effects with adjusted p-values and simultaneous intervals."""
        return self._estimates


def romano_wolf(
    evaluations: Sequence[Evaluation],
    *,
    draws: int = 4999,
    seed: int = SEED,
    level: float = LEVEL,
) -> Family:
    """Adjust the p-values of the overall effects of a family of outcomes.

    Each outcome enters with the normal score of its own p-value, so that whatever inference led
    it (influence functions, wild bootstrap, randomisation) and its degrees of freedom are kept;
    the joint distribution comes from the clusters' influence. An outcome without any, as where
    one site is compared with one, counts as independent of the others.

    Parameters
    ----------
    evaluations : sequence of Evaluation
        The family, fixed before looking at the results.
    draws : int
        Draws of signs, one a cluster.

    Raises
    ------
    ValueError
        For an empty family, or an outcome given twice.
    """
    names = [e.outcome for e in evaluations]
    if not names or len(set(names)) < len(names):
        raise ValueError("a family has at least one outcome, and each once")
    usable = [e for e in evaluations if e.causal and e.overall.p_value is not None]
    left_out = tuple(e.outcome for e in evaluations if e not in usable)
    if not usable:
        return Family((), (), (), left_out, float("nan"), 0, draws, ())
    columns = [e.aggregates["simple"].influence[:, 0] * small_sample_scale(e.panel) for e in usable]
    influence = joint_influence([e.panel for e in usable], columns)
    largest = _draw(influence, draws, seed)
    p_values = np.array([e.overall.p_value for e in usable])
    score = -ndtri(np.clip(p_values, 1e-300, 1.0) / 2)
    adjusted = np.maximum(step_down(score, largest), p_values)
    everything = largest.max(axis=1)
    critical = float(np.quantile(everything, level, method="higher"))
    found = tuple(
        _adjusted(e.overall, float(p), critical / float(-ndtri((1 - e.overall.level) / 2)), level)
        for e, p in zip(usable, adjusted, strict=True)
    )
    return Family(
        outcomes=tuple(e.outcome for e in usable),
        p_values=tuple(float(p) for p in p_values),
        adjusted=tuple(float(p) for p in adjusted),
        left_out=left_out,
        critical=critical,
        n_clusters=len(influence),
        draws=draws,
        _estimates=found,
    )


def step_down(score: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Adjust p-values: (J,) observed ``|z|`` against (B, J) drawn ones.

    The largest score is compared with the largest drawn over all outcomes, the next with the
    largest over those left, and so on; p-values never fall along the way.
    """
    adjusted = np.empty(len(score))
    order, previous = np.argsort(-score, kind="stable"), 0.0
    for k, j in enumerate(order):
        above = int((drawn[:, order[k:]].max(axis=1) >= score[j] - 1e-12).sum())
        previous = max(previous, (1 + above) / (1 + len(drawn)))
        adjusted[j] = previous
    return adjusted


def _draw(influence: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """(B, J) absolute standardised effects under the null.

    Where single clusters are compared, influence vanishes: such an outcome is drawn as a normal
    score of its own, so that it counts as one more outcome, independent of the others.
    """
    size = np.sqrt((influence**2).sum(axis=0))
    known = size > 1e-12 * max(float(np.abs(influence).max(initial=0.0)), 1e-300)
    rng = np.random.default_rng(seed)
    signs = rng.integers(0, 2, (draws, len(influence)), dtype=np.int8) * 2.0 - 1.0
    drawn = signs @ (influence / np.where(known, size, 1.0))
    drawn[:, ~known] = rng.standard_normal((draws, int((~known).sum())))
    return np.abs(drawn)


def _adjusted(own: Estimate, p: float, ratio: float, level: float) -> Estimate:
    changes: dict = {"p_value": p, "adjustment": "romano_wolf", "level": level}
    if own.ci_low is not None:
        low = own.value - max(ratio, 1.0) * (own.value - own.ci_low)
        high = own.value + max(ratio, 1.0) * (own.ci_high - own.value)
        changes |= {"ci_low": low, "ci_high": high}
    dims = {**own.dims, "family": True}
    return replace(own, id=f"{own.id}.romano_wolf", dims=dims, **changes)
