"""May we start? The written rules, case by case."""

import json

import pandas as pd
import pytest

from analysis import wording
from analysis.measurement import assess_readiness, measured_before
from analysis.measurement.readiness import AREAS, area_of
from analysis.results import Check

TABLES = ("surveys", "instruments")


def check(id, status="failed", **more):
    reason = "measurement.reason.no_comparison" if status == "not_possible" else None
    return Check(id=f"baseline.{id}", question="q", status=status, reason=reason, **more)


def judged(*checks):
    found = assess_readiness(checks, tables=TABLES)
    return found.checks[0], found.table("repairs")


PASSED = check("alpha.surveys.csat_v1.line", "passed")


def test_all_passed_may_start():
    verdict, repairs = judged(PASSED, check("quality.staff.present", "not_possible"))
    assert (verdict.status, verdict.reason) == ("passed", "measurement.check.ready.yes")
    assert verdict.params["missing"] == 1
    assert repairs.empty


@pytest.mark.parametrize("status", ["caution", "failed"])
def test_a_repair_does_not_forbid_to_start(status):
    verdict, repairs = judged(PASSED, check("pretrend", status))
    assert verdict.status == "caution"
    assert repairs[["area", "status", "blocking"]].to_numpy().tolist() == [["trend", status, False]]


@pytest.mark.parametrize(
    "blocking",
    [
        check("outcome"),
        check("balance.largest", "not_possible"),
        check("quality.surveys.orphan.site_id", dims={"table": "surveys"}),
    ],
)
def test_what_forbids_to_start(blocking):
    verdict, repairs = judged(PASSED, blocking)
    assert (verdict.status, verdict.reason) == ("failed", "measurement.check.ready.no")
    assert repairs["blocking"].tolist() == [True]


@pytest.mark.parametrize(
    "mild",
    [
        check("outcome", "caution"),
        check("balance.largest", "failed"),
        check("quality.surveys.orphan.site_id", "caution", dims={"table": "surveys"}),
        check("quality.fees.orphan.site_id", dims={"table": "fees"}),
    ],
)
def test_what_does_not(mild):
    assert judged(mild)[0].status == "caution"


def test_repairs_are_ranked_and_checks_of_an_area_make_one():
    shopper, bars = check("raters.shopper_v1.individual"), check("raters.bars_v1.least", "caution")
    blank = check("quality.fees.complete", "caution")
    scale = check("invariance.surveys.csat_v1.region")
    stop = check("outcome")
    _, repairs = judged(blank, bars, scale, shopper, stop)
    assert repairs["area"].tolist() == ["outcome", "scale", "raters", "complete"]
    assert repairs["rank"].tolist() == [1, 2, 3, 4]
    assert json.loads(repairs["checks"][2]) == [shopper.id, bars.id]


def test_a_gate_that_cannot_tell_does_not_say_that_groups_differ():
    gate = "invariance.surveys.csat_v1.region"
    assert judged(check(gate, "caution"))[1]["area"].tolist() == ["scale_open"]
    assert judged(check(gate, "failed"))[1]["area"].tolist() == ["scale"]
    assert judged(check(gate, "not_possible"))[1].empty


def test_needs_and_design_effect_are_no_repairs():
    verdict, repairs = judged(check("needs", "caution"), check("csat_mean.icc.design", "caution"))
    assert verdict.status == "passed"
    assert repairs.empty


def test_an_unknown_check_is_not_lost():
    assert area_of(check("something.new")) == "other"


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
