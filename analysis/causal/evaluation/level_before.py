"""The trained sites' level before training, which a relative target is a share of."""

from __future__ import annotations

import numpy as np

from analysis.causal.did.group_time import by_cluster
from analysis.causal.did.two_by_two import small_sample_scale
from analysis.causal.evaluation.evaluate import Evaluation
from analysis.causal.inference.distributions import t_quantile
from analysis.results import Estimate


def level_before(evaluation: Evaluation, *, months: int = 12) -> Estimate | None:
    """Return the trained sites' mean over the months before the first wave.

    Every site counts once, by its mean over ``months`` months before the first wave (and before
    any anticipation). A site that was low in these months by chance shows a larger change
    afterwards: ``dims["correlation"]`` is the correlation of this level with the overall effect,
    from the influence of every cluster on both.

    Parameters
    ----------
    evaluation : Evaluation
    months : int

    Returns
    -------
    Estimate or None
        ``<prefix>.<outcome>.level_before`` (``level_before``), t interval over the trained
        clusters; None without a comparison or with fewer than two trained clusters measured before.
    """
    if not evaluation.causal:
        return None
    panel, options = evaluation.panel, evaluation.options
    last = int(min(panel.cohorts)) - options.anticipation - int(panel.periods[0])
    if options.rounds is not None:
        known = options.rounds
        opened = min(known.start_of(g) for g in panel.cohorts)
        months = last + int(panel.periods[0]) - known.first_round(opened - months)
    window = panel.y[:, max(0, last - months) : last]
    seen = ~np.isnan(window)
    used = np.isfinite(panel.cohort) & seen.any(axis=1)
    clusters = len(np.unique(panel.cluster[used]))
    if clusters < 2:
        return None
    means = np.where(seen, window, 0.0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    share = np.where(used, panel.weights, 0.0) / panel.weights[used].sum()
    value = float(share @ means)
    effect = evaluation.aggregates["simple"].influence[:, 0] * small_sample_scale(panel)
    both = by_cluster(np.column_stack([share * (means - value), effect]), panel.cluster)
    both[:, 0] *= np.sqrt(clusters / (clusters - 1))
    se = float(np.sqrt(both[:, 0] @ both[:, 0]))
    size = se * float(np.sqrt(both[:, 1] @ both[:, 1]))
    half = t_quantile(options.level, clusters - 1) * se
    return Estimate(
        id=f"{options.prefix}.{evaluation.outcome}.level_before",
        estimand="level_before",
        indicator=evaluation.outcome,
        unit=evaluation.unit,
        value=value,
        se=se,
        ci_low=value - half,
        ci_high=value + half,
        n=round(float(panel.n[used][:, max(0, last - months) : last].sum())),
        n_units=int(used.sum()),
        n_clusters=clusters,
        level=options.level,
        method="mean_of_site_means",
        interval_method="t_over_sites",
        dims={"correlation": float(both[:, 0] @ both[:, 1]) / size if size > 0 else 0.0},
        simulated=options.simulated,
    )
