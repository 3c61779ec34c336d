"""When methods of one effect count as disagreeing, case by case."""

import dataclasses

import pytest
from causal_panels import staggered

from analysis.causal import Options, evaluate
from analysis.causal.evaluation.agreement import Compared, comparable, disagree, with_agreement
from analysis.causal.options import AIMS
from analysis.results import Agreement, Estimate, StageResults, from_json, to_json


def by(method, value, low=None, high=None):
    return Estimate(
        id=f"tracking.x.att.{method}", estimand="att_overall", unit="score", value=value,
        ci_low=low, ci_high=high, n=10, method=method, comparison="never_treated", causal=True,
    )  # fmt: skip


ASKED = {"outcome": "csat_mean", "unit": "score_1_5"}
ONE_WAVE, WAVES = Compared(1), Compared(2)
LEAD = by("group_time_dr", -4.5, -6.3, -2.7)


@pytest.mark.parametrize(
    ("other", "split"),
    [
        (by("imputation", -3.0, -4.0, -2.0), False),  # within the leading interval
        (by("imputation", -1.9, -2.9, -0.8), True),  # each outside the other's
        (by("imputation", -1.9, -5.0, 1.2), False),  # vague, and allows the leading value
        (by("imputation", -1.9), True),  # says nothing of its own noise
    ],
)
def test_two_methods_disagree_only_where_neither_interval_allows_the_other(other, split):
    assert disagree(LEAD, other) is split
    found = with_agreement(LEAD, [other], WAVES)
    assert found.disputed is split
    assert found.agreement is (Agreement.DISAGREE if split else Agreement.AGREE)
    assert (found.methods_low, found.methods_high) == (-4.5, other.value)


def test_methods_that_weigh_waves_otherwise_count_with_one_wave_only():
    twfe = by("twfe", -1.0, -1.5, -0.5)
    assert comparable([twfe], ONE_WAVE) == (twfe,)
    assert comparable([twfe], WAVES) == ()
    assert with_agreement(LEAD, [twfe], WAVES).agreement is Agreement.NOT_ASKED


def test_a_method_of_one_month_says_nothing_against_one_of_all_months():
    month = by("sun_abraham", -1.0, -1.5, -0.5)
    assert comparable([month], WAVES) == (month,)
    assert comparable([month], Compared(2, all_months=True)) == ()


def test_without_an_interval_or_another_method_nothing_is_asked():
    bare = by("group_time_dr", -4.5)
    assert with_agreement(bare, [by("imputation", 1.0)], ONE_WAVE) is bare
    gone = dataclasses.replace(by("imputation", 0.0), value=None, causal=False, reason="why")
    assert with_agreement(LEAD, [gone], ONE_WAVE) is LEAD


def test_agreement_survives_storage_and_needs_its_range():
    found = with_agreement(LEAD, [by("imputation", -1.9, -2.9, -0.8)], WAVES)
    stored = from_json(to_json(StageResults(stage="tracking", estimates=(found,))))
    assert stored.estimates == (found,)
    assert stored.estimates[0].agreement is Agreement.DISAGREE
    with pytest.raises(ValueError, match="range"):
        dataclasses.replace(LEAD, agreement="disagree")


def test_methods_that_adjust_otherwise_are_not_asked():
    frame = staggered(2, sizes=(8, 8), starts=(5, 8), never=12, periods=12)
    frame["x"] = frame["unit"].str[1:].astype(float) % 7
    found = evaluate(frame, **ASKED, options=Options(covariates=("x",), draws=49, horizons=()))
    methods = set(AIMS)
    beside = [e for e in found.by_estimator() if e.method in methods]
    assert {e.method for e in beside} == methods
    assert {(e.value, e.reason) for e in beside} == {(None, "causal.reason.not_adjusted")}
    assert found.overall.agreement is Agreement.NOT_ASKED
    check = next(c for c in found.checks() if c.id.endswith("estimator_agreement"))
    assert check.status == "not_possible"


def test_anticipated_months_enter_no_method():
    frame = staggered(2, sizes=(8, 8), starts=(5, 8), never=12, periods=12)
    anticipated = frame["period"] == frame["cohort"] - 1
    spoilt = frame.assign(y=frame["y"] + 100.0 * anticipated)
    options = Options(anticipation=1, draws=49, horizons=())
    own, other = (evaluate(f, **ASKED, options=options).by_estimator() for f in (frame, spoilt))
    for before, after in zip(own, other, strict=True):
        assert before.value == pytest.approx(after.value, abs=1e-8)
