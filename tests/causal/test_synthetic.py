"""Synthetic control and synthetic DiD: R's synthdid 0.0.9 on Proposition 99, and small truths."""

import numpy as np
import pytest
from causal_panels import FIRST, staggered
from scipy.optimize import minimize

from analysis.causal import FrameError, Options, prepare, synthetic, synthetic_estimates

COMPUTED = 1e-6
PRINTED = 1e-4


@pytest.fixture(scope="module")
def california(prop99):
    panel = prepare(prop99)
    return {m: synthetic(panel, method=m) for m in ("synthetic_did", "synthetic_control")}


def test_proposition_99(california, reference):
    """Arkhangelsky et al. (2021): −15.6; weights as R computes them."""
    rows = reference[(reference["dataset"] == "prop99")]
    found = california["synthetic_did"]
    weight = dict(zip(found.weights()["unit"], found.weights()["weight"], strict=True))
    period = dict(zip(range(1970, 2001), found.lambdas[0], strict=True))
    seen = 0
    for row in rows[rows["estimator"] == "synthdid"].itertuples():
        kind, _, name = row.quantity.partition(":")
        if kind == "omega":
            assert weight[name] == pytest.approx(row.value, abs=COMPUTED)
        elif kind == "lambda":
            assert period[int(name)] == pytest.approx(row.value, abs=COMPUTED)
        elif kind == "tau":
            assert found.att == pytest.approx(row.value, abs=COMPUTED)
        elif kind == "se":
            assert found.se == pytest.approx(row.value, abs=PRINTED)
        elif kind == "p":
            assert found.p_value == pytest.approx(row.value, abs=COMPUTED)
        seen += 1
    assert seen >= 15
    other = rows[rows["estimator"] == "sc"]["value"].item()
    assert california["synthetic_control"].att == pytest.approx(other, abs=COMPUTED)


def test_every_donor_once(california):
    found = california["synthetic_did"]
    assert found.enumerated
    assert len(found.placebo) == len(found.donors) == 38
    assert found.ci_low < found.att < found.ci_high


def test_path_averages_to_the_effect(california):
    for found in california.values():
        after = found.path[found.path["period"] >= found.cohort[0]]
        assert after["difference"].mean() == pytest.approx(found.att, abs=1e-9)


def test_weights_are_the_optimum():
    """Against a general optimiser on the same objective."""
    panel = prepare(staggered(3, sizes=(1,), starts=(9,), never=5, periods=14))
    found = synthetic(panel)
    donors = panel.y[np.isinf(panel.cohort)]
    pre = donors[:, :9] - donors[:, :9].mean(axis=1, keepdims=True)
    own = panel.y[np.isfinite(panel.cohort), :9]
    target = (own - own.mean(axis=1, keepdims=True))[0]
    ridge = (5**0.25 * np.diff(donors[:, :9], axis=1).std(ddof=1)) ** 2

    def loss(x):
        return ridge * x @ x + np.sum((x @ pre - target) ** 2) / 9

    best = minimize(
        loss,
        np.full(5, 0.2),
        bounds=[(0, 1)] * 5,
        constraints={"type": "eq", "fun": lambda x: x.sum() - 1},
        options={"ftol": 1e-14},
    )
    kept = found.omega[0] > 0
    if kept.all():
        assert found.omega[0] == pytest.approx(best.x, abs=1e-4)
    assert loss(found.omega[0]) == pytest.approx(best.fun, rel=0.02)


def test_known_effect_with_few_sites_in_two_waves():
    found = synthetic(prepare(staggered(4, sizes=(1, 2), starts=(9, 11), never=12, noise=0.02)))
    assert found.att == pytest.approx(0.25, abs=0.05)
    assert found.p_value <= 0.05
    assert list(found.cohort) == [FIRST + 9, FIRST + 11]
    assert np.allclose(found.omega.sum(axis=1), 1)


def test_no_donors_is_refused_with_a_reason():
    frame = staggered(1, sizes=(1, 4), starts=(7, 9), never=0)
    panel = prepare(frame)
    with pytest.raises(FrameError, match="no_donors"):
        synthetic(panel)
    for item in synthetic_estimates(panel, outcome="csat_mean", unit="score_1_5"):
        assert item.value is None
        assert item.reason == "causal.fault.no_donors"


def test_few_donors_give_no_interval():
    panel = prepare(staggered(1, sizes=(1,), starts=(7,), never=9))
    item, _ = synthetic_estimates(
        panel, outcome="csat_mean", unit="score_1_5", options=Options(draws=19)
    )
    assert item.p_value >= 1 / 10
    assert item.ci_low is None
    assert item.reason == "causal.reason.no_interval"


def test_a_constant_does_not_move_the_effect():
    frame = staggered(5, sizes=(2,), starts=(7,), never=8)
    shifted = frame.assign(y=frame["y"] + 7)
    a, b = (synthetic(prepare(f), draws=9) for f in (frame, shifted))
    assert a.att == pytest.approx(b.att, abs=1e-8)
