"""Effects of several clients on one outcome, pooled by random effects."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from scipy import stats

from analysis.results import Check, Estimate, StageResults, Topic, collect
from analysis.settings import LEVEL

LEAST_PREDICTION = 3
"""Clients without which the spread between clients cannot be told from chance."""


def pool_effects(estimates: Sequence[Estimate], *, level: float = LEVEL) -> StageResults:
    """Pool one effect over clients; the spread between them is shown, not averaged away.

    Random effects with the between-client variance of Paule and Mandel (1982), the interval of
    Hartung, Knapp, Sidik and Jonkman, and the prediction interval for one more client (Higgins,
    Thompson and Spiegelhalter 2009), which with few clients covers some points less than it says
    (Partlett and Riley 2017).

    Parameters
    ----------
    estimates : Sequence of Estimate
        One causal estimate a client, of one indicator in one unit; all simulated or none.
    level : float
        Coverage of the intervals.

    Returns
    -------
    StageResults
        Estimates ``meta.<indicator>.pooled`` and ``meta.<indicator>.prediction`` (no value with
        fewer than three clients, or fewer than two for the pooled one) and check
        ``meta.<indicator>.heterogeneity`` (Cochran's Q; ``params`` hold ``i2``, ``tau``).

    Raises
    ------
    ValueError
        If the estimates are not of one outcome and unit, one is not causal, or simulated and
        real ones are mixed.
    """
    _comparable(estimates)
    usable = [e for e in estimates if e.value is not None and e.se]
    known = {
        "unit": estimates[0].unit,
        "indicator": estimates[0].indicator,
        "n": sum(e.n for e in usable),
        "n_units": len(usable),
        "level": level,
        "simulated": estimates[0].simulated,
        "method": "random_effects_paule_mandel",
    }
    stem = f"meta.{estimates[0].indicator}"
    names = {"pooled": "att_pooled", "prediction": "att_new_client"}
    if len(usable) < 2:
        nothing = [
            Estimate(id=f"{stem}.{n}", estimand=e, value=None, reason="causal.meta.one", **known)
            for n, e in names.items()
        ]
        return collect("portfolio", nothing)
    value = np.array([e.value for e in usable])
    variance = np.array([e.se**2 for e in usable])
    found = _combine(value, variance)
    # Effects closer together than chance allows must not shrink the interval (Röver et al. 2015).
    se, df = float(max(found.sd_eff_w_re_hksj, found.sd_eff_w_re)), len(usable) - 1
    mean = float(found.mean_effect_re)
    half = float(stats.t.ppf((1 + level) / 2, df)) * se
    pooled = Estimate(
        id=f"{stem}.pooled",
        estimand=names["pooled"],
        value=mean,
        se=se,
        ci_low=mean - half,
        ci_high=mean + half,
        p_value=float(2 * stats.t.sf(abs(mean) / se, df)),
        interval_method="hartung_knapp",
        comparison="within_client",
        causal=True,
        **known,
    )
    items = [pooled, _prediction(f"{stem}.prediction", pooled, found.tau2, level, known)]
    return collect("portfolio", [*items, _heterogeneity(stem, found, known)])


def _combine(value: np.ndarray, variance: np.ndarray):
    from statsmodels.stats.meta_analysis import combine_effects

    with warnings.catch_warnings():
        # Only the intervals of single samples are meant, and they are the clients' own.
        warnings.filterwarnings("ignore", message=".*requires `nobs`.*")
        return combine_effects(value, variance, method_re="iterated", use_t=True)


def _prediction(id: str, pooled: Estimate, tau2: float, level: float, known: dict) -> Estimate:
    common = {"id": id, "estimand": "att_new_client", **known}
    clients = known["n_units"]
    if clients < LEAST_PREDICTION:
        return Estimate(value=None, reason="causal.meta.too_few", **common)
    spread = float(np.sqrt(max(tau2, 0.0) + pooled.se**2))
    half = float(stats.t.ppf((1 + level) / 2, clients - 2)) * spread
    return Estimate(
        value=pooled.value,
        se=spread,
        ci_low=pooled.value - half,
        ci_high=pooled.value + half,
        interval_method="prediction_t",
        comparison="within_client",
        causal=True,
        **common,
    )


def _heterogeneity(stem: str, found, known: dict) -> Check:
    test = found.test_homogeneity()
    unlike = test.pvalue < 0.10  # the usual level: the test has little power with few clients
    return Check(
        id=f"{stem}.heterogeneity",
        topic=Topic.CLIENTS_ALIKE,
        question="causal.meta.heterogeneity.question",
        status="caution" if unlike else "passed",
        value=float(test.pvalue),
        threshold=0.10,
        n=known["n_units"],
        reason=f"causal.meta.heterogeneity.{'unlike' if unlike else 'alike'}",
        params={
            "q": float(test.statistic),
            "i2": max(0.0, 1 - (known["n_units"] - 1) / max(float(test.statistic), 1e-12)),
            "tau": float(np.sqrt(max(found.tau2, 0.0))),
            "unit": known["unit"],
            "clients": known["n_units"],
        },
    )


def _comparable(estimates: Sequence[Estimate]) -> None:
    if not estimates:
        raise ValueError("there is no effect to pool")
    for name in ("indicator", "unit", "simulated"):
        kinds = {getattr(estimate, name) for estimate in estimates}
        if len(kinds) > 1:
            raise ValueError(f"effects that differ in {name} cannot be pooled: {sorted(kinds)}")
    if not all(estimate.causal for estimate in estimates):
        raise ValueError("only effects found with a comparison group can be pooled")
