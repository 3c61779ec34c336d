"""Answers and months that resemble each other: recovered, by hand, and what they cost."""

import numpy as np
import pandas as pd
import pytest

from analysis.monitoring import evaluate, rules
from analysis.monitoring.alerts.rules import place_share
from analysis.monitoring.inference.dependence import (
    CLASS_PRIOR,
    MONTH_PRIOR,
    PRIOR_DF,
    UNKNOWN_LAG,
    correlation_within,
    design_effect,
    effective,
    mean_factor,
    months_alike,
    months_effect,
    subject_effects,
    unbiased,
)


@pytest.mark.parametrize("true", [0.0, 0.05, 0.2])
def test_the_correlation_of_classes_is_recovered(true):
    rng = np.random.default_rng(1)
    shape = (8, 60)
    level = rng.beta(0.85 * (1 / true - 1), 0.15 * (1 / true - 1), shape) if true else 0.85
    total = rng.binomial(20, np.broadcast_to(level, shape)).astype(float)
    found, _ = correlation_within(total, total, np.full(shape, 20), prior=CLASS_PRIOR)
    assert found == pytest.approx(true, abs=0.03)


def test_the_correlation_of_unequal_classes_by_hand():
    """Answers 1 1 / 0 0 0 0 / 1 0 0 0 of one subject, by the textbook's analysis of variance."""
    hits, n = np.array([2.0, 0, 1]), np.array([2.0, 4, 4])
    within = (hits - hits**2 / n).sum() / (10 - 3)
    between = (n * (hits / n - 0.3) ** 2).sum() / (3 - 1)
    size = (10 - (n**2).sum() / 10) / (3 - 1)
    own = (between - within) / (between + (size - 1) * within)
    found, _ = correlation_within(hits[None], hits[None], n[None], prior=CLASS_PRIOR)
    assert found == pytest.approx((2 * own + PRIOR_DF * CLASS_PRIOR) / (2 + PRIOR_DF))


def test_a_single_class_gets_the_prior_and_no_class_none():
    one = np.array([[12.0]])
    found, _ = correlation_within(one, one, np.array([[20.0]]), prior=CLASS_PRIOR)
    assert found == CLASS_PRIOR
    frame = pd.DataFrame({"subject": "m", "hit": [1.0, 0.0] * 10, "cluster": None})
    assert subject_effects(frame, value="hit", cluster="cluster").tolist() == [1.0]
    frame["cluster"] = "c"
    assert subject_effects(frame, value="hit", cluster="cluster")["m"] == pytest.approx(1.95)


def test_the_design_effect_by_hand():
    assert design_effect(np.array([20, 20, 20]), 0.05) == pytest.approx(1 + 19 * 0.05)
    assert design_effect(np.array([1, 1, 1, 0]), 0.5) == 1.0
    # 2 and 2 answers, neighbours alike by .5: pairs 2 + 2 within, 8 between at a half
    assert design_effect(np.array([2, 2]), 0.1, 0.5) == pytest.approx(1 + 0.1 * (4 + 4) / 4)
    hits, n = effective(np.array([10, 0, 7]), np.array([20, 0, 7]), 1.5)
    assert (hits.tolist(), n.tolist()) == ([7, 0, 4], [13, 0, 4])


def test_months_alike_are_recovered_and_the_variance_of_their_mean():
    rng = np.random.default_rng(2)
    z = rng.standard_normal((400, 12))
    for t in range(1, 12):
        z[:, t] = 0.6 * z[:, t - 1] + 0.8 * z[:, t]
    found = float(months_alike(z))
    assert found == pytest.approx(0.6, abs=0.08)
    assert float(months_alike(rng.standard_normal((400, 12)))) < 0.08
    assert mean_factor(3, 0.0) == pytest.approx(1 / 3)
    assert z[:, :3].mean(axis=1).var() == pytest.approx(mean_factor(3, 0.6), rel=0.2)
    freed, df = unbiased(z.var(axis=1, ddof=1).mean(), 12, 0.6)
    assert freed == pytest.approx(1, rel=0.15)
    assert df < 11


def test_months_that_wander_make_a_share_worth_less():
    rng = np.random.default_rng(3)
    rows = [(f"s{i}", m) for i in range(20) for m in range(24000, 24015)]
    frame = pd.DataFrame(rows, columns=["site_id", "period"]).assign(exposure=60.0)
    steady = frame.assign(total=rng.binomial(60, 0.85, len(frame)))
    wandering = frame.assign(total=rng.binomial(60, rng.beta(17, 3, len(frame))))
    assert months_effect(steady, 3).max() < 1.8
    assert months_effect(wandering, 3).min() > 2.5
    # Two rounds are all there is: the prior stands
    two = steady[steady["period"] < 24002]
    assert months_effect(two, 3).between(1.2, 2.5).all()
    # So it does where the share is of more months than there are
    few = wandering[wandering["period"] < 24004]
    answers = np.full((20, 4), 60.0)
    prior = design_effect(answers, np.asarray(MONTH_PRIOR), np.asarray(UNKNOWN_LAG))
    assert months_effect(few, 6).to_numpy() == pytest.approx(prior)


def test_nobodys_share_of_the_error_shrinks_when_others_begin():
    shares = np.array([place_share(i) for i in range(500)])
    assert shares[0] == pytest.approx(0.08)
    assert shares.sum() <= 1
    assert (np.diff(shares) <= 0).all()


def test_the_alert_of_a_finished_course_outlives_the_start_of_others():
    rule = next(rule for rule in rules() if rule.id == "course_low")
    finished = {"subject": "first", "hits": 28, "n": 50, "design_effect": 1.2, "place": 0}
    later = [
        {"subject": f"m{i}", "hits": 27, "n": 30, "design_effect": 1.2, "place": i}
        for i in range(1, 30)
    ]
    alone, among = (
        evaluate(rule, pd.DataFrame(rows)).set_index("subject").loc["first"]
        for rows in ([finished], [finished, *later])
    )
    assert alone["state"] == "fired"
    assert among.to_dict() == alone.to_dict()
