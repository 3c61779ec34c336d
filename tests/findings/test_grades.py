"""Every rule of the evidence grades, case by case."""

import dataclasses

import pandas as pd
import pytest
from stored_effect import EFFECT

from analysis import findings
from analysis.present import sentences
from analysis.results import Check, Finding, Topic, collect

NULL = dataclasses.replace(EFFECT, value=0.02, ci_low=-0.1, ci_high=0.14)
CHANGE = dataclasses.replace(EFFECT, causal=False, comparison=None, estimand="change_before_after")
NOTHING = dataclasses.replace(
    EFFECT, value=None, ci_low=None, ci_high=None, reason="causal.reason.not_measured"
)


def check(topic, status, **more):
    topic = Topic(topic)
    given = {
        "id": f"tracking.csat_mean.check.{topic}",
        "topic": topic,
        "indicator": "csat_mean",
        "question": f"causal.check.{topic}",
        "status": status,
        "reason": f"causal.why.{topic}" if status != "passed" else None,
    }
    return Check(**given | more)


def graded(estimate, checks=(), assigned=("randomised",), direction="up"):
    return findings.effect_finding(
        estimate, checks, assigned_by=assigned, direction=direction, subject="csat_mean"
    )


@pytest.mark.parametrize(
    ("assigned", "design", "strength"),
    [
        (["randomised", "randomised"], "randomised", "strong"),
        (["randomised", "management"], "quasi_experimental", "moderate"),
        (["volunteered"], "quasi_experimental", "moderate"),
        (["unknown"], "quasi_experimental", "moderate"),
        ([], "quasi_experimental", "moderate"),
    ],
)
def test_assignment_sets_where_the_grade_starts(assigned, design, strength):
    found = graded(EFFECT, assigned=assigned)
    assert (found.design, found.strength) == (design, strength)


@pytest.mark.parametrize(
    ("checks", "strength"),
    [
        ([check("panel_balance", "passed")], "strong"),
        ([check("panel_balance", "caution")], "strong"),
        ([check("panel_balance", "caution"), check("cohort_size", "caution")], "moderate"),
        ([check("pretrend", "failed")], "moderate"),
        ([check("estimator_agreement", "caution")], "moderate"),
        ([check("estimator_agreement", "caution"), check("pretrend", "caution")], "moderate"),
        ([check("estimator_agreement", "caution"), check("overlap", "caution")], "weak"),
        ([check("pretrend", "failed"), check("overlap", "failed")], "weak"),
        ([check(name, "failed") for name in ("pretrend", "overlap", "rows_dropped")], "weak"),
        ([check("inference_possible", "failed")], "insufficient"),
    ],
)
def test_checks_take_steps_down(checks, strength):
    assert graded(EFFECT, checks).strength == strength


@pytest.mark.parametrize(
    ("p_value", "ci_low", "strength"),
    [
        (0.01, 0.01, "strong"),
        (0.011, 0.01, "moderate"),
        (0.049, 0.01, "moderate"),
        # Without a p-value: 0.2 is 2.62 and 2.55 standard errors from zero; 1 % asks for 2.58.
        (None, 0.05, "strong"),
        (None, 0.046, "moderate"),
    ],
)
def test_strong_asks_for_one_in_a_hundred(p_value, ci_low, strength):
    found = graded(dataclasses.replace(EFFECT, p_value=p_value, ci_low=ci_low))
    assert (found.claim, found.strength) == ("findings.effect.better", strength)
    assert ("findings.limit.chance" in found.reasons) == (strength == "moderate")
    mirrored = dataclasses.replace(
        EFFECT, p_value=p_value, value=-0.2, ci_low=-0.3, ci_high=-ci_low
    )
    assert graded(mirrored).strength == strength


def test_what_is_graded_lower_anyway_gets_no_further_reason():
    close = dataclasses.replace(EFFECT, p_value=0.04, ci_low=0.01)
    found = graded(close, assigned=("management",))
    assert found.strength == "moderate"
    assert "findings.limit.chance" not in found.reasons


def test_weak_evidence_states_a_difference_and_no_cause():
    failed = [check(name, "failed") for name in ("pretrend", "overlap", "rows_dropped")]
    for direction, claim in (("up", "better_weak"), ("down", "worse_weak")):
        found = graded(EFFECT, failed, direction=direction)
        assert (found.claim, found.strength) == (f"findings.effect.{claim}", "weak")
        assert found.action == f"findings.action.{claim}"
        for language, cause in (("en", "because of"), ("zh_CN", "培训使")):
            params = {**found.params, "indicator": "csat_mean"}
            assert cause not in sentences.sentence(found.claim, language, params)


def test_only_a_comparison_may_be_called_an_effect():
    found = graded(CHANGE)
    assert (found.claim, found.design) == ("findings.effect.described", "descriptive")
    assert found.strength == "weak"


@pytest.mark.parametrize(
    ("estimate", "direction", "claim"),
    [
        (EFFECT, "up", "better"),
        (EFFECT, "down", "worse"),
        (dataclasses.replace(EFFECT, value=-0.2, ci_low=-0.3, ci_high=-0.1), "down", "better"),
        (NULL, "up", "none"),
        (NULL, "down", "none"),
        (NOTHING, "up", "not_possible"),
    ],
)
def test_the_claim_follows_interval_and_direction(estimate, direction, claim):
    found = graded(estimate, direction=direction)
    assert found.claim == f"findings.effect.{claim}"
    assert found.action == f"findings.action.{claim}"


def test_an_interval_that_touches_zero_is_no_evidence():
    assert graded(dataclasses.replace(EFFECT, ci_low=0.0)).claim == "findings.effect.none"


@pytest.mark.parametrize(
    ("smallest", "claim", "strength"),
    [(None, "none", "weak"), (0.1, "none", "weak"), (0.2, "absent", "strong")],
)
def test_no_evidence_is_weak_unless_every_effect_worth_knowing_is_excluded(
    smallest, claim, strength
):
    found = findings.effect_finding(
        NULL, [], assigned_by=["randomised"], direction="up", subject="csat_mean", smallest=smallest
    )
    assert (found.claim, found.strength) == (f"findings.effect.{claim}", strength)
    assert found.params.get("smallest") == (smallest if claim == "absent" else None)


def test_what_was_not_estimated_is_not_said_to_lack_a_comparison():
    assert graded(NOTHING).design == "not_estimated"
    assert graded(NOTHING).strength == "insufficient"


def _months_before(why):
    dims = {"overlooks": True} if why.startswith("little_power") else {}
    return check("pretrend", "caution", reason=f"causal.why.pretrend.{why}", dims=dims)


def _bounds(*months):
    return [
        check(
            "drift_bounds",
            "caution",
            id=f"tracking.csat_mean.check.sensitivity.{month}",
            reason=f"causal.why.sensitivity.{month}",
        )
        for month in months
    ]


@pytest.mark.parametrize(
    ("why", "more", "strength"),
    [
        ("little_power", [], "moderate"),
        ("little_power_rounds", [], "moderate"),
        ("doubtful", [], "weak"),
        ("little_power", [check("panel_balance", "caution")], "weak"),
    ],
)
def test_a_drift_that_may_be_overlooked_is_one_doubt(why, more, strength):
    found = graded(EFFECT, [_months_before(why), *_bounds(3, 6), *more], assigned=["management"])
    assert found.strength == strength


def test_reasons_name_what_did_not_pass():
    checks = [check("panel_balance", "passed"), check("pretrend", "caution")]
    assert graded(EFFECT, checks).reasons == ("causal.why.pretrend",)


def amount(name):
    return dataclasses.replace(
        EFFECT,
        id=f"value.roi.{name}",
        estimand=name,
        indicator=None,
        causal=False,
        comparison=None,
    )


def roi(status, priced=(True,)):
    table = pd.DataFrame({"indicator": ["csat_mean", "fcr"][: len(priced)], "priced": priced})
    ratio = amount("benefit_cost_ratio")
    verdict = Check(
        id="value.roi", topic=Topic.RETURN, question="q", status=status, reason="r", value=0.9
    )
    return collect("value", [ratio, verdict], tables={"benefits": table})


@pytest.mark.parametrize(
    ("status", "claim"),
    [
        ("passed", "paid"),
        ("failed", "lost"),
        ("caution", "unclear"),
        ("not_possible", "not_priced"),
    ],
)
def test_money_speaks_only_with_its_interval(status, claim):
    found = findings.money_finding(roi(status), [graded(EFFECT)])
    assert found.claim == f"findings.money.{claim}"
    assert found.strength == ("insufficient" if claim == "not_priced" else "strong")


def test_no_return_for_want_of_an_interval_says_so_where_price_and_cost_are_known():
    cost = amount("cost")
    whole = roi("not_possible", priced=(False,))
    table = whole.table("benefits").assign(reason="value.reason.no_interval")
    found = findings.money_finding(
        collect("value", [*whole.estimates, *whole.checks, cost], tables={"benefits": table}),
        [graded(EFFECT)],
    )
    assert found.claim == "findings.money.no_interval"
    assert (found.strength, found.params["cost"]) == ("insufficient", EFFECT.value)


def test_money_is_as_strong_as_the_weakest_effect_priced():
    strong = graded(EFFECT)
    weak = dataclasses.replace(
        graded(EFFECT, [check("overlap", "failed")] * 1, assigned=["unknown"]),
        params={"indicator": "fcr"},
    )
    found = findings.money_finding(roi("passed", (True, True)), [strong, weak])
    assert (found.design, found.strength) == ("quasi_experimental", "weak")


def test_money_without_a_priced_effect_is_not_claimed():
    found = findings.money_finding(roi("passed", (False,)), [graded(EFFECT)])
    assert (found.claim, found.strength) == ("findings.money.not_priced", "insufficient")
    assert found.design == "not_estimated"


def test_targets_are_as_strong_as_the_effects_they_are_held_against():
    effect = graded(EFFECT, assigned=("management",))
    subject = effect.params["indicator"]
    verdict = Check(
        id="value.goals", topic=Topic.TARGETS, question="value.check.goals.question",
        status="caution",
        params={"goals": 2, "reached": 1, "missed": 0, "open": 1, "unassessed": 0},
    )  # fmt: skip
    scored = pd.DataFrame(
        {"indicator": [subject, subject], "reading": ["points", "relative"],
         "verdict": ["reached", "open"]}
    )  # fmt: skip
    goals = collect("value", [verdict], tables={"scorecard": scored})
    found = findings.targets_finding(goals, (effect,))
    assert (found.design, found.strength) == ("quasi_experimental", "moderate")
    weak = dataclasses.replace(effect, strength="weak")
    assert findings.targets_finding(goals, (weak,)).strength == "weak"
    level = collect("value", [verdict], tables={"scorecard": scored.assign(reading="level")})
    found = findings.targets_finding(level, (weak,))
    assert (found.design, found.strength) == ("descriptive", "moderate")


@pytest.mark.parametrize(
    ("unassessed", "claim", "strength"),
    [
        (0, "counted", "moderate"),
        (1, "some_counted", "moderate"),
        (3, "not_possible", "insufficient"),
    ],
)
def test_targets_are_counted(unassessed, claim, strength):
    verdict = Check(
        id="value.goals",
        topic=Topic.TARGETS,
        question="q",
        status="caution",
        params={"goals": 3, "reached": 1, "missed": 0, "open": 1, "unassessed": unassessed},
    )
    found = findings.targets_finding(collect("value", [verdict]))
    assert isinstance(found, Finding)
    assert (found.claim, found.strength) == (f"findings.targets.{claim}", strength)


QUASI = ("management",)


@pytest.mark.parametrize(
    ("assigned", "others", "strength"),
    [
        (QUASI, [], "weak"),
        (("randomised",), [], "strong"),
        (("randomised",), [check("panel_balance", "caution")], "moderate"),
    ],
)
def test_what_is_needed_and_cannot_be_checked_counts(assigned, others, strength):
    unseen = check("pretrend", "not_possible")
    found = graded(EFFECT, [unseen, *others], assigned=assigned)
    assert found.strength == strength
    assert unseen.reason in found.reasons


def test_what_is_not_needed_and_cannot_be_checked_does_not_count():
    found = graded(EFFECT, [check("spill_over", "not_possible")], assigned=QUASI)
    assert (found.strength, found.reasons) == ("moderate", ())


@pytest.mark.parametrize(
    ("assigned", "others", "strength"),
    [
        (QUASI, [], "moderate"),
        (QUASI, [check("cohort_size", "caution")], "weak"),
        (("randomised",), [], "strong"),
        (("randomised",), [check("cohort_size", "caution")], "strong"),
    ],
)
def test_bounds_on_drifts_count_once_and_only_without_a_lot(assigned, others, strength):
    found = graded(EFFECT, [*_bounds(1, 6), *others], assigned=assigned)
    assert found.strength == strength
    named = "causal.why.sensitivity.1" in found.reasons
    assert named == (assigned == QUASI)


@pytest.mark.parametrize("topic", ["kinds_alike", "waves_alike"])
def test_that_kinds_of_sites_differ_is_no_doubt_about_the_effect(topic):
    differ = check(topic, "caution")
    found = graded(EFFECT, [differ, check("cohort_size", "caution")])
    assert found.strength == "strong"
    assert differ.reason not in found.reasons


@pytest.mark.parametrize(
    ("name", "status", "strength"),
    [
        ("spill_over", "caution", "strong"),
        ("spill_over", "failed", "moderate"),
        ("respondents", "caution", "strong"),
        ("several_outcomes", "caution", "moderate"),
        ("placebo", "failed", "moderate"),
        ("leave_one_out", "caution", "strong"),
    ],
)
def test_what_could_undo_an_effect_is_counted_like_other_checks(name, status, strength):
    assert graded(EFFECT, [check(name, status)]).strength == strength


def changed_respondents(indicator="csat_mean"):
    bounds = {"low": -0.2, "high": 0.4, "unit": "score"}
    return check("respondents", "failed", params=bounds, indicator=indicator)


def test_changed_respondents_leave_the_effect_open():
    found = graded(EFFECT, [changed_respondents()])
    assert (found.claim, found.strength) == ("findings.effect.undone", "weak")
    assert found.action == "findings.action.undone"
    assert (found.params["bound_low"], found.params["bound_high"]) == (-0.2, 0.4)


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_bounds_in_another_unit_are_not_written_in_that_of_the_effect(language):
    found = graded(
        dataclasses.replace(EFFECT, indicator="csat_top2", unit="share"), [changed_respondents()]
    )
    assert (found.claim, found.strength) == ("findings.effect.undone_in_other", "weak")
    words = sentences.sentence(found.claim, language, found.params)
    assert sentences.indicator_title("csat_mean", language).lower() in words.lower()
    assert "40.0" not in words


def test_changed_respondents_add_nothing_to_no_evidence():
    assert graded(NULL, [changed_respondents()]).claim == "findings.effect.none"


def disputed(low, high, **changed):
    return dataclasses.replace(
        EFFECT, agreement="disagree", methods_low=low, methods_high=high, **changed
    )


@pytest.mark.parametrize(
    ("estimate", "claim", "strength"),
    [
        (disputed(0.1, 0.5), "better_range", "moderate"),
        (disputed(-0.1, 0.5), "disputed", "weak"),
        (disputed(0.02, 0.5, value=0.02, ci_low=-0.1, ci_high=0.14), "disputed", "weak"),
    ],
)
def test_where_methods_disagree_the_range_is_claimed(estimate, claim, strength):
    found = graded(estimate, [check("estimator_agreement", "caution")])
    assert (found.claim, found.strength) == (f"findings.effect.{claim}", strength)
    assert found.disputed
    assert found.params["methods_low"] == estimate.methods_low
    assert found.params["methods_high"] == 0.5
    worse = graded(estimate, [check("estimator_agreement", "caution")], direction="down")
    assert worse.claim == f"findings.effect.{claim.replace('better', 'worse')}"
