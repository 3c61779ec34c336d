"""Which inference leads, by the number of clusters on the thinner side and in the smallest wave.

Measured size of a nominal 5 % test with 40 clusters (``benchmarks/inference.py``): clustered
standard errors reject .76 with one treated cluster, .31 with two, .15 with four; the wild bootstrap
is right from four on and powerless below; randomisation inference is right everywhere. Few
comparison clusters are as bad as few treated ones, so the rule looks at the smaller number. A wave
of one cluster gives the bootstrap nothing to learn that wave's noise from
(``docs/methods/estimators.md``), so randomisation leads there too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Lead = Literal["influence_function", "wild_bootstrap", "randomisation", "none"]

FEWEST_FOR_BOOTSTRAP = 4
FEWEST_FOR_INFLUENCE = 11
FEWEST_CLUSTERS_FOR_INFLUENCE = 40
#: Clusters in the smallest wave: below, no bootstrap; below, no clustered t beside the answer.
FEWEST_IN_A_WAVE = 2
FEWEST_IN_A_WAVE_FOR_T = 4


def fewest_compared(n_clusters: int) -> int:
    """Return the comparison clusters that a cell of a leading mean needs in a panel of that size.

    In a large roll-out that ends with hardly anyone untrained the mean ends before, as it does
    where nobody is left; a small one keeps all its cells, for which randomisation leads anyway.
    """
    return FEWEST_FOR_BOOTSTRAP if n_clusters >= FEWEST_CLUSTERS_FOR_INFLUENCE else 0


@dataclass(frozen=True, slots=True)
class InferenceRule:
    """What the rule decided: the leading method, what stands beside it, and the wording key."""

    lead: Lead
    beside: tuple[Lead, ...]
    reason: str
    n_treated: int
    n_comparison: int
    n_clusters: int
    smallest_wave: int

    @property
    def thinner(self) -> int:
        """Clusters on the smaller side."""
        return min(self.n_treated, self.n_comparison)

    @property
    def waves_of_one(self) -> bool:
        """Whether nothing but that one site tells of some wave's noise."""
        return self.smallest_wave < FEWEST_IN_A_WAVE

    @property
    def waves_small(self) -> bool:
        """Whether a wave is too small for clustered t intervals of other estimators."""
        return self.smallest_wave < FEWEST_IN_A_WAVE_FOR_T


def choose_inference(
    n_treated: int, n_comparison: int, n_clusters: int, smallest_wave: int | None = None
) -> InferenceRule:
    """Apply the rule.

    Parameters
    ----------
    n_treated, n_comparison : int
        Clusters on the two sides of the effect in question; for a mean of cells, the comparison
        clusters of the cell that has fewest: what is noise of one site in late cells is not made
        good by many sites in early ones.
    n_clusters : int
        All clusters of the panel.
    smallest_wave : int, optional
        Clusters of the smallest wave behind the effect; all treated are one wave if not given.

    Examples
    --------
    >>> choose_inference(3, 30, 33).lead
    'randomisation'
    >>> choose_inference(10, 50, 60).lead
    'wild_bootstrap'
    >>> choose_inference(10, 50, 60, smallest_wave=1).lead
    'randomisation'
    >>> choose_inference(40, 20, 60).lead
    'influence_function'
    """
    wave = n_treated if smallest_wave is None else smallest_wave
    counts = {"n_treated": n_treated, "n_comparison": n_comparison, "n_clusters": n_clusters}
    counts["smallest_wave"] = wave
    thinner = min(n_treated, n_comparison)
    if thinner < 1:
        return InferenceRule("none", (), "causal.rule.no_cluster", **counts)
    if thinner < FEWEST_FOR_BOOTSTRAP:
        return InferenceRule("randomisation", (), "causal.rule.randomisation_only", **counts)
    if thinner >= FEWEST_FOR_INFLUENCE and n_clusters >= FEWEST_CLUSTERS_FOR_INFLUENCE:
        return InferenceRule("influence_function", (), "causal.rule.influence_function", **counts)
    if wave < FEWEST_IN_A_WAVE:
        reason = "causal.rule.waves_of_one"
        return InferenceRule("randomisation", ("wild_bootstrap",), reason, **counts)
    reason = "causal.rule.bootstrap_and_randomisation"
    return InferenceRule("wild_bootstrap", ("randomisation",), reason, **counts)
