"""How far sites differ in what they gained, and whether a reward may follow it.

A group's estimate says nothing of a person: sites are the smallest unit here, and only where
their differences are more than noise.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from analysis.results import Check, StageResults, Topic, collect
from analysis.settings import LEVEL

LEAST_RELIABILITY = 0.8
"""Below it a ranking has no consequence (R213)."""
LEAST_SITES = 5
COLUMNS = ["site_id", "effect", "se", "shrunk", "ci_low", "ci_high", "share"]


def shrink(effects: pd.DataFrame, *, level: float = LEVEL) -> tuple[pd.DataFrame, float]:
    """Pull each site's effect towards the mean by as much as it is noise (empirical Bayes).

    Normal effects around a common mean; the variance between sites by DerSimonian and Laird
    (1986). Intervals carry the errors of both (Morris 1983, *Parametric Empirical Bayes
    Inference*, Journal of the American Statistical Association 78).

    Parameters
    ----------
    effects : DataFrame
        ``effect, se`` in the good direction, one row per site, at least four sites.

    Returns
    -------
    DataFrame, float
        The rows with ``shrunk, ci_low, ci_high``; and the reliability: the share of the variance
        between the estimates that is not noise.
    """
    effect, variance = effects["effect"].to_numpy(), effects["se"].to_numpy() ** 2
    weight = 1 / variance
    mean = np.average(effect, weights=weight)
    q = float(np.sum(weight * (effect - mean) ** 2))
    scale = weight.sum() - (weight**2).sum() / weight.sum()
    between = max(0.0, (q - (len(effect) - 1)) / scale)
    precision = 1 / (between + variance)
    centre = np.average(effect, weights=precision)
    # Morris (1983): less shrinkage, and more width, for mean and variance being estimated.
    k = len(effect)
    noise = (k - 3) / (k - 1) * variance * precision
    shrunk = centre + (1 - noise) * (effect - centre)
    typical = np.average(variance, weights=precision)
    unsure = 2 / (k - 3) * noise**2 * (typical + between) * precision
    spread = variance * (1 - (k - 1) / k * noise) + unsure * (effect - centre) ** 2
    half = stats.norm.ppf((1 + level) / 2) * np.sqrt(spread)
    table = effects.assign(shrunk=shrunk, ci_low=shrunk - half, ci_high=shrunk + half)
    return table, float(between / (between + variance.mean()))


def assess_sharing(
    effects: pd.DataFrame,
    households: pd.Series | None = None,
    *,
    direction: str = "up",
    line: float = LEAST_RELIABILITY,
    level: float = LEVEL,
) -> StageResults:
    """Say how a reward for the gain could be shared between sites, and whether it should.

    Parameters
    ----------
    effects : DataFrame
        ``unit, effect, se``, as :func:`analysis.causal.effects_by_site` gives them.
    households : Series, optional
        Households by site; shares count them. All sites count alike without.
    direction : {"up", "down"}
        Which way is good.
    line : float
        Reliability of the differences from which on a reward may follow them.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Table ``sharing``: ``site_id, effect, se, shrunk, ci_low, ci_high`` (in the good
        direction) and ``share`` of the reward: equal a household unless the reliability of the
        differences reaches ``line``; then by the shrunk gain, none below zero.
        Check ``value.sharing``.
    """
    asked = {
        "id": "value.sharing",
        "topic": Topic.SHARING,
        "question": "value.check.sharing.question",
    }
    if len(effects) < LEAST_SITES:
        few = Check(
            **asked, status="not_possible", n=len(effects), reason="value.reason.few_sites",
            params={"sites": len(effects), "least": LEAST_SITES},
        )  # fmt: skip
        return collect("value", [few], tables={"sharing": pd.DataFrame(columns=COLUMNS)})
    exact = int((~(effects["se"] > 0)).sum())
    if exact:
        known = Check(
            **asked, status="not_possible", n=len(effects), reason="value.reason.no_error",
            params={"sites": exact},
        )  # fmt: skip
        return collect("value", [known], tables={"sharing": pd.DataFrame(columns=COLUMNS)})
    sign = 1.0 if direction == "up" else -1.0
    named = effects.rename(columns={"unit": "site_id"})[["site_id", "effect", "se"]]
    table, reliability = shrink(named.assign(effect=sign * named["effect"]), level=level)
    size = pd.Series(1.0, index=table.index)
    if households is not None:
        size = table["site_id"].map(households).astype("float64")
        size = size.fillna(size.median()).fillna(1.0)
    told_apart = reliability >= line
    weight = size * (table["shrunk"].clip(lower=0.0) if told_apart else 1.0)
    table["share"] = weight / weight.sum() if weight.sum() > 0 else np.nan
    check = Check(
        **asked,
        status="passed" if told_apart else "caution",
        value=reliability,
        threshold=line,
        unit="ratio",
        n=len(table),
        reason=f"value.check.sharing.{'told_apart' if told_apart else 'noise'}",
        remedy="value.check.sharing.remedy",
        params={"reliability": reliability, "sites": len(table)},
    )
    return collect("value", [check], tables={"sharing": table[COLUMNS]})
