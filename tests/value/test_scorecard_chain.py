import datetime as dt
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from analysis import wording
from analysis.measurement import standard_error
from analysis.measurement.attainment import SURE
from analysis.present import views
from analysis.results import Estimate
from analysis.value import assess_goals, audit_chain

REGISTRY = {
    "csat_mean": SimpleNamespace(level=4, unit="score", direction="up"),
    "csat_top2": SimpleNamespace(level=4, unit="share", direction="up"),
    "complaints_per_1000": SimpleNamespace(level=3, unit="rate", direction="down"),
    "test_post": SimpleNamespace(level=2, unit="points", direction="up"),
}


def goal(indicator, target, unit, horizon="mid", baseline=None):
    return SimpleNamespace(indicator=indicator, target=target, unit=unit, horizon=horizon,
                           baseline=baseline, deadline=dt.date(2025, 9, 30))  # fmt: skip


def effect(indicator, value, se, causal=True, **extra):
    return Estimate(
        id=f"tracking.{indicator}", estimand="att", unit="u", indicator=indicator, value=value,
        se=se, ci_low=value - 1.96 * se, ci_high=value + 1.96 * se, n=100, method="m",
        interval_method="normal", causal=causal, comparison="never_treated" if causal else None,
        **extra,
    )  # fmt: skip


def score(goals, changes=None, levels=None, baselines=None):
    found = assess_goals(
        goals, registry=REGISTRY, changes=changes or {}, levels=levels or {}, baselines=baselines
    )
    return found, found.tables["scorecard"].set_index("reading")


def test_points_and_relative_readings_differ_on_the_same_estimate():
    goals = [goal("csat_mean", 0.15, "points"), goal("csat_mean", 0.15, "relative", baseline=4.0)]
    _, card = score(goals, {"csat_mean": effect("csat_mean", 0.3, 0.1)})
    assert card.loc["points", "probability"] == pytest.approx(stats.norm.cdf(1.5), abs=1e-4)
    assert card.loc["relative", "threshold"] == pytest.approx(0.6)
    assert card.loc["relative", "probability"] == pytest.approx(stats.norm.cdf(-3), abs=1e-4)
    assert card.loc["relative", "verdict"] == "not_reached"
    assert card.loc["points", "verdict"] == "open"


def test_a_fall_is_a_goal_where_less_is_better():
    goals = [goal("complaints_per_1000", -0.2, "relative", baseline=5.0)]
    changes = {"complaints_per_1000": effect("complaints_per_1000", -2.0, 0.3)}
    _, card = score(goals, changes)
    assert card.loc["relative", "verdict"] == "reached"
    _, wrong = score([goal("complaints_per_1000", 0.2, "relative", baseline=5.0)], changes)
    assert wrong.loc["relative", "reason"] == "value.reason.target_sign"


def test_the_baselines_own_uncertainty_enters():
    goals = [goal("csat_mean", 0.1, "relative")]
    change = {"csat_mean": effect("csat_mean", 0.5, 0.03)}
    sure = score(goals, change, baselines={"csat_mean": effect("csat_mean", 4.0, 1e-9)})[1]
    unsure = score(goals, change, baselines={"csat_mean": effect("csat_mean", 4.0, 0.5)})[1]
    assert unsure["probability"].item() == pytest.approx(
        stats.norm.cdf(0.1 / np.hypot(0.03, 0.05)), abs=1e-4
    )
    assert sure["probability"].item() > unsure["probability"].item()


def test_a_level_goal_reads_the_level_and_absences_have_reasons():
    goals = [goal("csat_top2", 0.85, "level"), goal("csat_mean", 0.1, "points")]
    wide = Estimate(
        id="l", estimand="mean", unit="share", indicator="csat_top2", value=0.8, n=9, method="m",
        ci_low=0.78, ci_high=0.82, interval_method="t",
    )  # fmt: skip
    found, card = score(goals, levels={"csat_top2": wide})
    assert card.loc["level", "verdict"] == "not_reached"
    assert card.loc["points", "reason"] == "value.reason.no_estimate"
    assert standard_error(wide) == pytest.approx(0.02 / 1.959964, rel=1e-6)
    assert {e.value is None for e in found.estimates} == {True, False}


def test_no_goals_is_said():
    found = assess_goals([], registry=REGISTRY, changes={}, levels={})
    assert found.checks[0].status == "not_possible"


@pytest.mark.parametrize(
    ("learning", "behaviour", "status"),
    [(12, -1, "passed"), (0.1, -1, "failed"), (12, 0.1, "failed"), (None, -1, "caution")],
)
def test_results_without_learning_or_behaviour_are_flagged(learning, behaviour, status):
    changes = [effect("csat_mean", 0.3, 0.05), effect("complaints_per_1000", behaviour, 0.2)]
    if learning is not None:
        changes.append(effect("test_post", learning, 1.0, causal=False))
    found = audit_chain(changes, REGISTRY)
    assert found.checks[0].status == status


def test_behaviour_that_got_better_and_worse_breaks_the_chain():
    changes = [effect("csat_mean", 0.3, 0.05), effect("test_post", 12, 1.0, causal=False)]
    changes += [effect("complaints_per_1000", change, 0.2) for change in (-1, 1)]
    found = audit_chain(changes, REGISTRY)
    assert found.tables["chain"].set_index("level").loc[3, "state"] == "mixed"
    assert found.checks[0].status == "failed"


def test_no_result_to_audit():
    found = audit_chain([effect("csat_mean", 0.0, 0.1)], REGISTRY)
    assert found.checks[0].status == "not_possible"
    assert found.tables["chain"].set_index("level").loc[4, "state"] == "no_change_found"


@pytest.mark.parametrize(
    ("on", "verdict", "reason"),
    [
        (dt.date(2025, 6, 30), "open", "value.reason.not_due"),
        (dt.date(2025, 9, 30), "not_reached", ""),
        (None, "not_reached", ""),
    ],
)
def test_a_target_is_not_missed_before_it_is_due(on, verdict, reason):
    goals = [goal("csat_mean", 0.15, "relative", baseline=4.0)]
    changes = {"csat_mean": effect("csat_mean", 0.3, 0.1)}
    found = assess_goals(goals, registry=REGISTRY, changes=changes, levels={}, on=on)
    (row,) = found.table("scorecard").to_dict("records")
    assert (row["verdict"], row["reason"]) == (verdict, reason)
    assert found.checks[0].params["missed"] == (verdict == "not_reached")


def test_a_target_reached_early_is_reached():
    goals = [goal("csat_mean", 0.05, "points")]
    changes = {"csat_mean": effect("csat_mean", 0.3, 0.1)}
    found = assess_goals(
        goals, registry=REGISTRY, changes=changes, levels={}, on=dt.date(2025, 1, 1)
    )
    assert found.table("scorecard")["verdict"].tolist() == ["reached"]


def test_the_scorecard_says_from_which_probability_a_target_counts_as_reached():
    for language in wording.LANGUAGES:
        caption = wording.text(views.get("value.scorecard").caption, language)
        assert f"{SURE:.0%}" in caption
        assert f"{1 - SURE:.0%}" in caption
