"""Which inference leads, by the number of clusters on the thinner side.

Measured size of a nominal 5 % test with 40 clusters (``benchmarks/inference.py``): clustered
standard errors reject .76 with one treated cluster, .31 with two, .15 with four; the wild bootstrap
is right from four on and powerless below; randomisation inference is right everywhere. Few
comparison clusters are as bad as few treated ones, so the rule looks at the smaller number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Lead = Literal["influence_function", "wild_bootstrap", "randomisation", "none"]

FEWEST_FOR_BOOTSTRAP = 4
FEWEST_FOR_INFLUENCE = 11
FEWEST_CLUSTERS_FOR_INFLUENCE = 40


@dataclass(frozen=True, slots=True)
class InferenceRule:
    """What the rule decided: the leading method, what stands beside it, and the wording key."""

    lead: Lead
    beside: tuple[Lead, ...]
    reason: str
    n_treated: int
    n_comparison: int
    n_clusters: int


def choose_inference(n_treated: int, n_comparison: int, n_clusters: int) -> InferenceRule:
    """Apply the rule.

    Parameters
    ----------
    n_treated, n_comparison : int
        Clusters on the two sides of the effect in question.
    n_clusters : int
        All clusters of the panel.

    Examples
    --------
    >>> choose_inference(3, 30, 33).lead
    'randomisation'
    >>> choose_inference(10, 50, 60).lead
    'wild_bootstrap'
    >>> choose_inference(40, 20, 60).lead
    'influence_function'
    """
    thinner = min(n_treated, n_comparison)
    counts = {"n_treated": n_treated, "n_comparison": n_comparison, "n_clusters": n_clusters}
    if thinner < 1:
        return InferenceRule("none", (), "causal.rule.no_cluster", **counts)
    if thinner < FEWEST_FOR_BOOTSTRAP:
        return InferenceRule("randomisation", (), "causal.rule.randomisation_only", **counts)
    if thinner < FEWEST_FOR_INFLUENCE or n_clusters < FEWEST_CLUSTERS_FOR_INFLUENCE:
        reason = "causal.rule.bootstrap_and_randomisation"
        return InferenceRule("wild_bootstrap", ("randomisation",), reason, **counts)
    return InferenceRule("influence_function", (), "causal.rule.influence_function", **counts)
