"""Every sentence of the first screen has its case, in both languages."""

import dataclasses

import pytest
from stored_effect import EFFECT

from analysis import findings
from analysis.present import sentences
from analysis.results import Check, Claim, Topic

PASSED = Check(
    id="tracking.csat_mean.check.pretrend",
    topic=Topic.PRETREND,
    question="causal.check.pretrend",
    status="passed",
)
REFUSED = Check(
    id="tracking.csat_mean.check.inference_possible",
    topic=Topic.INFERENCE_POSSIBLE,
    question="causal.check.inference_possible",
    status="failed",
    reason="causal.why.inference_possible.no_interval",
)


def finding(estimate=EFFECT, checks=(PASSED,), assigned=("randomised",)):
    return findings.effect_finding(
        estimate, checks, assigned_by=assigned, direction="up", subject="csat_mean"
    )


def at(month, value, **changes):
    return dataclasses.replace(
        EFFECT,
        id=f"tracking.csat_mean.att.horizon.{month}",
        estimand="att_horizon",
        value=value,
        ci_low=value - 0.1,
        ci_high=value + 0.1,
        dims={"horizon": month},
        **changes,
    )


HORIZONS = (at(1, 0.3), at(6, 0.2))


def left(value, low, high):
    known = {} if low is None else {"ci_low": low, "ci_high": high}
    bare = dataclasses.replace(EFFECT, ci_low=None, ci_high=None)
    return dataclasses.replace(
        bare,
        id="tracking.csat_mean.persistence.ratio",
        estimand="att_ratio",
        unit="ratio",
        value=value,
        dims={"early": 1, "late": 6},
        reason="causal.reason.denominator_near_zero" if low is None else None,
        **known,
    )


def half_life(low, high):
    return dataclasses.replace(
        EFFECT,
        id="tracking.csat_mean.persistence.half_life",
        estimand="half_life",
        unit="months",
        value=5.0,
        ci_low=low,
        ci_high=high,
    )


def kind(name, value):
    return dataclasses.replace(
        EFFECT,
        id=f"tracking.csat_mean.by.property_type.{name}",
        estimand="att_kind",
        value=value,
        ci_low=value - 0.1,
        ci_high=value + 0.1,
        dims={"property_type": name},
    )


def spread(p_value):
    return dataclasses.replace(
        EFFECT,
        id="tracking.csat_mean.by.property_type.range",
        estimand="att_kind_range",
        ci_low=None,
        ci_high=None,
        p_value=p_value,
        dims={"by": "property_type", "kinds": 2},
    )


def said(found, **parts):
    checks = parts.pop("checks", (PASSED,))
    lines = findings.first_screen(found, checks=checks, **parts)
    for language in ("en", "zh_CN"):
        for line in lines:
            assert sentences.sentence(line.sentence, language, line.params)
            assert sentences.sentence(line.question, language)
    return [line.sentence.removeprefix("findings.") for line in lines], lines


@pytest.mark.parametrize(
    ("lasts", "sentence"),
    [
        ((left(0.4, 0.2, 0.7),), "lasts.fades"),
        ((left(0.4, 0.2, 0.7), half_life(3.0, 9.0)), "lasts.fades_by_half"),
        ((left(0.4, 0.2, 1.0),), "lasts.open"),
        ((left(1.0, 0.8, 1.4),), "lasts.holds"),
        ((left(1.0, 0.79, 1.4),), "lasts.open"),
        ((left(0.4, None, None),), "lasts.share_unknown"),
        ((), "lasts.share_unknown"),
    ],
)
def test_fading_is_said_only_when_the_interval_says_it(lasts, sentence):
    keys, lines = said(finding(), horizons=HORIZONS, lasts=lasts)
    assert keys[2] == sentence
    assert (lines[2].params["early"], lines[2].params["late"]) == (0.3, 0.2)


@pytest.mark.parametrize(
    ("horizons", "sentence"),
    [
        ((), "lasts.too_short"),
        (HORIZONS[:1], "lasts.too_short"),
        (
            (at(1, 0.3), dataclasses.replace(at(6, 0.2), ci_low=None, ci_high=None)),
            "lasts.no_interval",
        ),
    ],
)
def test_what_was_not_followed_is_not_said_to_last(horizons, sentence):
    assert said(finding(), horizons=horizons)[0][2] == sentence


@pytest.mark.parametrize(
    ("kinds", "sentence"),
    [
        ((kind("villa", 0.4), kind("old", 0.1), spread(0.01)), "whom.differ"),
        ((kind("villa", 0.4), kind("old", 0.1), spread(0.05)), "whom.alike"),
        ((kind("villa", 0.4),), "whom.not_told"),
        ((), "whom.not_told"),
    ],
)
def test_kinds_differ_only_when_their_equality_is_rejected(kinds, sentence):
    assert said(finding(), kinds=kinds)[0][1] == sentence


@pytest.mark.parametrize("claim", [Claim.DISPUTED, Claim.UNDONE])
def test_nobody_gains_most_of_an_effect_that_is_disputed_or_undone(claim):
    kinds = (kind("villa", 0.4), kind("old", 0.1), spread(0.01))
    names = ("bound_low", "bound_high", "methods_low", "methods_high")
    ends = dict.fromkeys(names, 0.1)
    doubted = dataclasses.replace(finding(), claim=claim, params={**finding().params, **ends})
    assert said(doubted, kinds=kinds)[0][1] == "whom.undone"


def test_the_kind_that_gains_most_comes_first_whichever_way_is_better():
    kinds = (kind("villa", 0.4), kind("old", 0.1), spread(0.01))
    up = said(finding(), kinds=kinds, direction="up")[1][1].params
    down = said(finding(), kinds=kinds, direction="down")[1][1].params
    assert up["best_kind"] == down["least_kind"] == "terms.property_type.villa"


def test_no_evidence_is_followed_by_no_talk_of_lasting():
    none = dataclasses.replace(EFFECT, ci_low=-0.1)
    keys, _ = said(finding(none), horizons=HORIZONS, lasts=(left(0.4, 0.2, 0.7),))
    assert keys == ["effect.none", "whom.not_told", "lasts.nothing", "sure.randomised"]


def test_without_a_comparison_nothing_is_called_an_effect():
    change = dataclasses.replace(EFFECT, causal=False, comparison=None)
    keys, _ = said(finding(change), horizons=HORIZONS)
    assert keys == ["effect.described", "whom.described", "lasts.described", "sure.descriptive"]


def test_an_effect_without_interval_is_named_with_the_least_p_the_design_allows():
    bare = dataclasses.replace(EFFECT, ci_low=None, ci_high=None, p_value=0.1)
    refused = dataclasses.replace(REFUSED, params={"p": 0.1, "extreme_p": 0.1})
    keys, lines = said(finding(bare, (refused,)), checks=(refused,))
    assert keys == ["effect.unbounded", "whom.not_told", "lasts.too_short", "sure.unbounded"]
    assert (lines[0].params["value"], lines[0].params["extreme_p"]) == (EFFECT.value, 0.1)
    assert finding(bare, (refused,)).strength == "insufficient"
    keys, _ = said(finding(bare, (REFUSED,)), checks=(REFUSED,))
    assert keys[0] == "effect.untested"


def test_one_round_after_training_is_no_sign_of_being_too_early():
    rounds = Check(
        id="tracking.csat_mean.check.measured_in_rounds",
        topic=Topic.MEASURED_IN_ROUNDS,
        question="causal.check.measured_in_rounds",
        status="passed",
        params={"after": 1, "last": 24293},
    )
    keys, lines = said(finding(checks=(rounds,)), checks=(rounds,))
    assert keys[2] == "lasts.one_round"
    assert lines[2].params == {"month": 24293}


def test_months_of_few_answers_are_not_called_too_early():
    few = {"ci_low": None, "ci_high": None, "reason": "causal.fault.few_answers"}
    hidden = tuple(dataclasses.replace(at(m, 0.3), value=None, **few) for m in (1, 6))
    assert said(finding(), horizons=hidden)[0][2] == "lasts.few_answers"
    assert said(finding(), horizons=(hidden[0], at(6, 0.2)))[0][2] == "lasts.few_answers"


def test_a_refusal_says_why():
    bare = dataclasses.replace(
        EFFECT, value=None, ci_low=None, ci_high=None, reason="causal.reason.not_measured"
    )
    keys, lines = said(finding(bare, (REFUSED,)), horizons=HORIZONS, checks=(REFUSED,))
    assert keys == [
        "effect.not_possible",
        "whom.not_possible",
        "lasts.not_possible",
        "sure.refused",
    ]
    assert lines[3].params["reason"] == REFUSED.reason


@pytest.mark.parametrize("assigned", ["randomised", "management"])
def test_the_drift_withstood_is_said(assigned):
    limit = dataclasses.replace(
        EFFECT,
        id="tracking.csat_mean.breakdown.relative.1",
        estimand="breakdown_relative",
        unit="ratio",
        value=1.4,
        dims={"horizon": 1},
    )
    keys, lines = said(finding(assigned=(assigned,)), bounds=(limit,))
    design = "randomised" if assigned == "randomised" else "quasi_experimental"
    assert keys[3] == f"sure.{design}_bounded"
    assert lines[3].params["limit"] == 1.4


def test_lines_can_be_stored():
    table = findings.lines_table(findings.first_screen(finding(), checks=(PASSED,)))
    assert list(table.columns) == ["question", "sentence", "params"]
    assert len(table) == 4


def test_a_round_near_a_horizon_is_told_by_its_own_month_and_the_refusal_by_its_reason():
    near = [
        dataclasses.replace(e, dims={**e.dims, "event_time": measured})
        for e, measured in zip(HORIZONS, (2, 8), strict=True)
    ]
    refused = Check(
        id="tracking.not_possible.lasts",
        topic=Topic.REFUSED,
        question="causal.check.not_possible",
        status="not_possible",
        reason="causal.fault.in_rounds",
        dims={"topic": "lasts", "reason": "in_rounds"},
    )
    checks = (PASSED, refused)
    _, lines = said(finding(checks=checks), horizons=near, checks=checks)
    params = lines[2].params
    assert (params["early_months"], params["late_months"]) == (2, 8)
    assert params["reason"] == "causal.fault.in_rounds"
