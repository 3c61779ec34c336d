"""May we start? The written rules, case by case."""

import json

import pandas as pd
import pytest

from analysis import wording
from analysis.measurement import assess_readiness, measured_before
from analysis.measurement.readiness import AREAS, NO_REPAIR, area_of
from analysis.results import Check, Topic

TABLES = ("surveys", "instruments")


def check(topic, status="failed", **more):
    reason = "measurement.reason.no_comparison" if status == "not_possible" else None
    given = {"id": f"baseline.{topic}", "question": "q", "reason": reason, **more}
    return Check(topic=topic, status=status, **given)


def judged(*checks):
    found = assess_readiness(checks, tables=TABLES)
    return found.checks[0], found.table("repairs")


PASSED = check(Topic.RELIABILITY, "passed")


def test_all_passed_may_start():
    verdict, repairs = judged(PASSED, check(Topic.PRESENT, "not_possible"))
    assert (verdict.status, verdict.reason) == ("passed", "measurement.check.ready.yes")
    assert verdict.params["missing"] == 1
    assert repairs.empty


@pytest.mark.parametrize("status", ["caution", "failed"])
def test_a_repair_does_not_forbid_to_start(status):
    verdict, repairs = judged(PASSED, check(Topic.TRENDS_BEFORE, status))
    assert verdict.status == "caution"
    assert repairs[["area", "status", "blocking"]].to_numpy().tolist() == [["trend", status, False]]


@pytest.mark.parametrize(
    "blocking",
    [
        check(Topic.OUTCOME_BEFORE),
        check(Topic.BALANCE_LARGEST, "not_possible"),
        check(Topic.RULE, dims={"table": "surveys"}),
    ],
)
def test_what_forbids_to_start(blocking):
    verdict, repairs = judged(PASSED, blocking)
    assert (verdict.status, verdict.reason) == ("failed", "measurement.check.ready.no")
    assert repairs["blocking"].tolist() == [True]


@pytest.mark.parametrize(
    "mild",
    [
        check(Topic.OUTCOME_BEFORE, "caution"),
        check(Topic.BALANCE_LARGEST, "failed"),
        check(Topic.RULE, "caution", dims={"table": "surveys"}),
        check(Topic.RULE, dims={"table": "fees"}),
    ],
)
def test_what_does_not(mild):
    assert judged(mild)[0].status == "caution"


def test_repairs_are_ranked_and_checks_of_an_area_make_one():
    shopper, bars = check(Topic.SHOPPERS), check(Topic.RATERS, "caution")
    blank = check(Topic.COMPLETE, "caution")
    scale = check(Topic.INVARIANCE)
    stop = check(Topic.OUTCOME_BEFORE)
    _, repairs = judged(blank, bars, scale, shopper, stop)
    assert repairs["area"].tolist() == ["outcome", "scale", "raters", "complete"]
    assert repairs["rank"].tolist() == [1, 2, 3, 4]
    assert json.loads(repairs["checks"][2]) == [shopper.id, bars.id]


def test_a_gate_that_cannot_tell_does_not_say_that_groups_differ():
    gate = Topic.INVARIANCE
    assert judged(check(gate, "caution"))[1]["area"].tolist() == ["scale_open"]
    assert judged(check(gate, "failed"))[1]["area"].tolist() == ["scale"]
    assert judged(check(gate, "not_possible"))[1].empty


def test_needs_and_design_effect_are_no_repairs():
    verdict, repairs = judged(check(Topic.NEEDS, "caution"), check(Topic.DESIGN_EFFECT, "caution"))
    assert verdict.status == "passed"
    assert repairs.empty


def test_a_topic_of_no_area_is_not_lost():
    assert area_of(check(Topic.APPEALS)) == "other"


def test_no_area_can_be_reached_only_by_what_is_no_repair():
    assert not NO_REPAIR & frozenset().union(*(area.topics for area in AREAS))


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_every_area_is_worded(language):
    for area in AREAS:
        for part in ("title", "why", "who", "otherwise"):
            assert wording.text(f"measurement.repair.{area.name}.{part}", language)


@pytest.mark.parametrize(("months", "status"), [(0, "failed"), (11, "caution"), (12, "passed")])
def test_the_outcome_before_the_first_wave(months, status):
    frame = pd.DataFrame({"unit": "s", "period": range(100, 100 + months)}).assign(
        y=lambda rows: rows["period"] / 100
    )
    after = pd.DataFrame({"unit": ["s"], "period": [200], "y": [1.0]})
    found = measured_before(pd.concat([frame, after]), first_wave=200, indicator="csat_mean")
    assert (found.status, found.value) == (status, months)


def test_an_outcome_that_never_varies_forbids_to_start():
    frame = pd.DataFrame({"unit": ["a", "b"] * 12, "period": [*range(100, 112)] * 2, "y": 4.0})
    found = measured_before(frame, first_wave=200, indicator="csat_mean")
    assert (found.status, found.reason) == ("failed", "measurement.check.outcome.constant")
    assert judged(found)[0].status == "failed"
