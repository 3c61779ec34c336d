"""How much is left: Fieller by inversion, coverage, decay and half-life of known worlds."""

import numpy as np
import pytest
from causal_panels import staggered

from analysis.causal import Options, decay, evaluate, fieller, persistence
from analysis.causal.inference.distributions import t_quantile


def test_fieller_is_the_inverted_test():
    V = np.array([[0.04, 0.01], [0.01, 0.02]])
    found = fieller(0.5, 0.8, V, df=30)
    for r in np.linspace(-1, 3, 2001):
        margin = t_quantile(0.95, 30) * np.sqrt(V[0, 0] - 2 * r * V[0, 1] + r**2 * V[1, 1])
        assert (abs(0.5 - 0.8 * r) <= margin) == (found.ci_low <= r <= found.ci_high)


def test_fieller_of_a_sure_denominator_is_the_usual_interval():
    found = fieller(0.6, 2.0, np.diag([0.01, 0.0]), df=np.inf)
    half = 1.959964 * 0.1 / 2
    assert (found.ci_low, found.ci_high) == pytest.approx((0.3 - half, 0.3 + half), abs=1e-6)
    assert found.se == pytest.approx(0.05)


def test_fieller_is_unbounded_where_the_denominator_may_be_zero():
    assert fieller(0.5, 0.1, np.eye(2) * 0.01, df=30).ci_low is None


def test_fieller_covers():
    rng = np.random.default_rng(0)
    C = np.linalg.cholesky([[0.01, 0.004], [0.004, 0.01]])
    hits = total = 0
    for _ in range(600):
        n, d = np.array([0.3, 0.5]) + C @ rng.normal(size=2)
        found = fieller(n, d, C @ C.T, df=np.inf)
        if found.ci_low is not None:
            total += 1
            hits += found.ci_low <= 0.6 <= found.ci_high
    assert 0.93 < hits / total < 0.975


def test_decay_of_an_exact_curve():
    e = np.arange(10.0)
    fit = decay(e, 0.4 * np.exp(-0.1 * e), np.eye(10) * 1e-4)
    assert (fit.initial, fit.rate) == pytest.approx((0.4, 0.1), abs=1e-6)
    up = decay(e, 0.4 * np.exp(0.05 * e), np.eye(10) * 1e-4)
    assert up.rate == pytest.approx(-0.05, abs=1e-6)


def test_decay_standard_error_against_draws():
    rng = np.random.default_rng(1)
    e = np.arange(12.0)
    C = 0.02**2 * (0.5 + 0.5 * np.eye(12))
    root, truth = np.linalg.cholesky(C), 0.4 * np.exp(-0.08 * e)
    fits = [decay(e, truth + root @ rng.normal(size=12), C) for _ in range(150)]
    assert np.std([f.rate for f in fits]) == pytest.approx(fits[0].rate_se, rel=0.2)


def fading(seed, rate, **world):
    frame = staggered(seed, effect=0.0, periods=24, starts=(8, 9, 10), noise=0.02, **world)
    event = frame["period"] - frame["cohort"]
    frame["y"] += np.where(event >= 0, 0.4 * np.exp(-rate * event), 0.0)
    return evaluate(frame, outcome="csat_mean", unit="score_1_5", options=Options(draws=99))


def test_known_half_life_and_ratio():
    found = {e.id.split("persistence.")[1]: e for e in persistence(fading(1, np.log(2) / 6))}
    ratio, half_life = found["ratio"], found["half_life"]
    truth = 0.5 ** (5 / 6)
    assert ratio.ci_low < truth < ratio.ci_high
    assert ratio.ci_high - ratio.ci_low < 0.15
    beside = found["ratio.draws"]
    assert (beside.ci_low, beside.ci_high) == pytest.approx((ratio.ci_low, ratio.ci_high), abs=0.02)
    assert half_life.ci_low < 6 < half_life.ci_high
    assert half_life.dims["at_least"] == half_life.ci_low


def test_a_lasting_effect_has_no_half_life_limit():
    found = {e.estimand: e for e in persistence(fading(2, 0.0))}
    assert found["half_life"].ci_low is None
    assert found["half_life"].reason.startswith("causal.reason.no_decay")
    assert found["half_life"].dims["at_least"] > 12


@pytest.mark.parametrize(
    ("world", "reason"),
    [
        ({"periods": 12}, "horizon_not_observed"),
        ({"sizes": (3,), "starts": (7,)}, "few_clusters_ratio"),
        ({"sizes": (9,), "starts": (7,), "never": 0}, "no_comparison"),
        ({"effect": 0.0, "noise": 0.3}, "denominator_near_zero"),
    ],
)
def test_reasons(world, reason):
    frame = staggered(3, **world)
    found = evaluate(frame, outcome="csat_mean", unit="score_1_5", options=Options(draws=19))
    late = 9 if reason == "horizon_not_observed" else 6
    assert persistence(found, late=late)[0].reason == f"causal.reason.{reason}"
