"""Separation, complete agreement, one of anything: each once passed, or was not possible."""

import numpy as np
import pandas as pd
import pytest

from analysis import wording
from analysis.measurement import (
    Dispositions,
    assess_aapor,
    assess_balance,
    assess_raters,
    gwet_ac1,
    icc_forms,
    icc_oneway,
    joint_test,
    krippendorff_alpha,
    net_promoter,
    newcombe,
    rake,
    share_over_sites,
    standardised_differences,
)
from analysis.measurement.balance import love_frame, separated

ARMS = np.arange(8) < 4


def told(check):
    for language in wording.LANGUAGES:
        for key in filter(None, (check.question, check.reason, check.remedy)):
            wording.text(key, language, **check.params, value=check.value, n=check.n)
    return check


def outcome(levels, cohort=24006.0):
    """Six months before the first wave of as many sites, the first half of them trained."""
    half = len(levels) / 2
    rows = [
        (f"u{i}", 24000 + t, level + 0.1 * np.sin(i + 3 * t), 30, cohort if i < half else np.nan)
        for i, level in enumerate(levels)
        for t in range(8)
    ]
    return pd.DataFrame(rows, columns=["unit", "period", "y", "n", "cohort"])


def sites(kinds):
    return pd.DataFrame({"site_id": [f"u{i}" for i in range(len(kinds))], "property_type": kinds})


@pytest.mark.parametrize("each", [2, 3, 10])
def test_arms_of_one_kind_each_are_the_worst_imbalance(each):
    levels = np.tile([4.0, 4.1], each)
    kinds = ["residential"] * each + ["office"] * each
    found = assess_balance(sites(kinds), outcome(levels), indicator="csat_mean")
    check = told(found.checks[0])
    assert (check.status, check.params["covariates"]) == ("failed", "property_type")
    table = found.table("balance").set_index("level")
    assert table.loc["residential", "smd"] == np.inf
    assert table.loc["office", "smd"] == -np.inf
    drawn = found.table("balance_plot")["smd_before"]
    assert np.isfinite(drawn).all()
    assert drawn.abs().max() >= 2


def test_mixed_kinds_are_not_called_separated():
    kinds = ["residential", "office"] * 4
    found = assess_balance(sites(kinds), outcome([4.0, 4.1] * 4), indicator="csat_mean")
    assert found.checks[0].params["covariates"] == ""


def test_numbers_that_never_vary_within_arms_separate_them_too():
    frame = pd.DataFrame({"households": [100.0] * 4 + [101.0] * 4, "same": 1.0})
    table = standardised_differences(frame, ARMS).set_index("covariate")["smd"]
    assert table["households"] == -np.inf
    assert table["same"] == 0.0
    assert separated(frame, ARMS) == ("households",)


def test_a_label_of_its_own_for_every_site_is_no_separation():
    names = pd.DataFrame({"region": list("abcdefgh")})
    assert separated(names, ARMS) == ()
    pairs = pd.DataFrame({"region": list("aabbccdd")})
    # 6 of 70 assignments keep four pairs together.
    assert separated(pairs, ARMS) == ()
    blocks = pd.DataFrame({"region": ["a"] * 5 + ["b"] * 5 + ["c"] * 10})
    assert separated(blocks, np.arange(20) < 10) == ("region",)


def test_a_covariate_that_nobody_knows_leaves_the_joint_test_standing():
    frame = pd.DataFrame({"x": [1.0, 2, 3, 4, 1, 2, 3, 4], "y": np.nan})
    assert joint_test(frame, ARMS) > 0.9
    assert joint_test(frame[["y"]], ARMS) is None


def test_the_love_plot_keeps_bounded_differences_as_they_are():
    frame = pd.DataFrame({"x": [1.0, 2, 3, 4, 2, 3, 4, 5]})
    table = standardised_differences(frame, ARMS)
    assert love_frame(table)["smd_before"].tolist() == pytest.approx(table["smd"].tolist())


def rating_frame(scores, people=12, same=True):
    """``scores(person, rater)`` by three raters."""
    rows = [
        (f"s{p}-{r}", "b1", f"p{p}", f"r{r}" if same else f"r{p}-{r}", "peer", float(scores(p, r)))
        for p in range(people)
        for r in range(3)
    ]
    columns = ["rating_id", "item", "ratee_id", "rater_id", "rater_role", "score"]
    return pd.DataFrame(rows, columns=columns).assign(
        instrument="bars", site_id="a", rated_on=pd.Timestamp("2024-01-05").date()
    )


@pytest.mark.parametrize("same", [True, False])
def test_raters_who_agree_completely_have_a_reliability_of_one_with_some_width(same):
    found = assess_raters(rating_frame(lambda p, r: 1 + p % 5, same=same))
    icc = found.estimate("baseline.raters.bars.icc")
    assert icc.value == 1.0
    assert 0.8 < icc.ci_low < 1.0
    assert icc.ci_high == 1.0
    assert found.table("raters")["alpha"].tolist() == [1.0]
    assert {told(check).status for check in found.checks} == {"passed"}


def test_raters_who_give_everybody_the_same_are_told_so():
    found = assess_raters(rating_frame(lambda p, r: 5))
    assert told(found.checks[0]).reason == "measurement.reason.all_equal"
    assert found.checks[1].status == "passed"


def test_complete_agreement_of_two_targets_is_less_sure_than_that_of_many():
    few = icc_forms(np.repeat([[1.0], [5], [3]], 2, axis=1))["ICC2"]
    many = icc_forms(np.repeat(np.arange(1.0, 31).reshape(-1, 1) % 5, 2, axis=1))["ICC2"]
    assert few.value == many.value == 1.0
    assert few.low < many.low < 1.0
    severe = icc_forms(np.array([[1.0, 2], [3, 4], [5, 6]]))
    assert severe["ICC3"].value == 1.0
    assert severe["ICC1"].value < severe["ICC2"].value < 1.0


def test_units_without_disagreement_have_an_icc_of_one():
    n, total = np.full(4, 5.0), np.array([5.0, 10, 15, 20])
    assert icc_oneway(n, total, total**2 / 5).value == 1.0
    assert icc_oneway(n, total, total**2 / 5).low is None
    assert 0 < icc_oneway(n, total, total**2 / 5, step=1.0).low < 1


def test_agreement_coefficients_of_complete_agreement():
    alike = np.array([[1.0, 2, 3, 1, 2], [1, 2, 3, 1, 2]])
    alpha = krippendorff_alpha(alike, "ordinal", draws=50, seed=1)
    assert alpha.value == 1.0
    assert alpha.low < 1.0
    assert gwet_ac1(alike).value == 1.0
    assert gwet_ac1(alike).low < 1.0
    once = np.ones((2, 6))
    assert gwet_ac1(once).value == 1.0
    assert gwet_ac1(once).low < 1.0
    assert krippendorff_alpha(once) is None


def test_one_rater_fails_the_least_number():
    frame = rating_frame(lambda p, r: 1 + p % 5)
    found = assess_raters(frame[frame["rater_id"] == "r0"])
    checks = {check.id.rpartition(".")[2]: told(check) for check in found.checks}
    assert checks["individual"].status == "not_possible"
    assert checks["least"].status == "failed"
    assert checks["least"].params["short"] == 12


def test_people_rated_by_themselves_only_count_as_short_of_raters():
    frame = rating_frame(lambda p, r: 1 + (p + r) % 5)
    alone = frame.iloc[:1].assign(rating_id="own", ratee_id="p99", rater_role="self")
    least = assess_raters(pd.concat([frame, alone])).checks[-1]
    assert (least.status, least.params["short"], least.n) == ("caution", 1, 13)


def test_equal_shares_at_a_few_sites_are_no_certainty():
    two = share_over_sites(np.array([1, 1]), np.array([3, 3]))
    assert two.low < 0.1
    assert two.high > 0.7
    inside = 0
    rng = np.random.default_rng(7)
    for _ in range(400):
        found = share_over_sites(rng.binomial(3, 0.5, 2), np.full(2, 3))
        inside += found.low <= 0.5 <= found.high
    assert inside / 400 >= 0.93


def test_newcombe_stays_between_minus_one_and_one_and_refuses_no_trials():
    tried = ((5, 5, 0, 5), (0, 3, 3, 3), (1, 1, 0, 1), (0, 40, 0, 40))
    # Of these many would be beyond the ends by the last digit.
    beyond = [(0, n, m, m) for n in range(1, 12) for m in range(1, 30)]
    beyond += [(n, n, 0, m) for _, n, m, _ in beyond]
    for a, n, b, m in (*tried, *beyond):
        found = newcombe(a, n, b, m)
        assert -1 <= found.low <= found.value <= found.high <= 1
    for wrong in ((0, 0, 1, 2), (1, 2, 0, 0), (3, 2, 0, 1), (-1, 2, 0, 1)):
        with pytest.raises(ValueError, match=r"at least one answer|successes <= n"):
            newcombe(*wrong)


def test_a_net_promoter_score_of_one_answer_lies_in_its_interval():
    for answers in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (2, 0, 0), (200, 0, 0)):
        found = net_promoter(*answers)
        assert -1 <= found.low <= found.value <= found.high <= 1
        assert found.high - found.low > 0
    with pytest.raises(ValueError, match="below 0"):
        net_promoter(-1, 3, 0)


def test_weights_before_raking_are_matched_by_index():
    rows = pd.DataFrame({"region": ["a", "a", "b", "b"]}, index=[10, 11, 12, 13])
    base = pd.Series([1.0, 3, 1, 1], index=[10, 11, 12, 13])
    wanted = rake(rows, {"region": {"a": 40, "b": 60}}, base=base).weight
    mixed = rake(rows, {"region": {"a": 40, "b": 60}}, base=base[::-1]).weight
    pd.testing.assert_series_equal(mixed, wanted)
    assert wanted.tolist() == pytest.approx([10, 30, 30, 30])
    with pytest.raises(ValueError, match="miss 1 rows, for example 13"):
        rake(rows, {"region": {"a": 40, "b": 60}}, base=base[:3])
    with pytest.raises(ValueError, match="above zero"):
        rake(rows, {"region": {"a": 40, "b": 60}}, base=base.replace(3.0, np.nan))


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -5.0])
def test_households_that_are_no_number_are_refused(wrong):
    rows = pd.DataFrame({"region": ["a", "b"]})
    with pytest.raises(ValueError, match="finite"):
        rake(rows, {"region": {"a": 40, "b": wrong}})


def test_levels_of_another_type_are_named_with_their_types():
    rows = pd.DataFrame({"region": [1, 2]})
    with pytest.raises(ValueError, match="int among the rows, str in the counts"):
        rake(rows, {"region": {"1": 40, "2": 60}})


def test_cases_without_a_disposition_are_counted_as_not_known():
    counts = Dispositions.from_codes(["1.1", None, "2.1", " ", np.nan])
    assert (counts.complete, counts.refusal, counts.unknown_other) == (1, 1, 3)
    frame = pd.DataFrame({"disposition": ["complete", None, "refusal"]})
    check = told(assess_aapor(frame).checks[0])
    assert (check.n, check.params["blank"], check.status) == (3, 1, "caution")


def test_arms_that_chance_left_no_value_in_common_are_a_caution():
    # All trained sites are of one kind, the others of two more: with two and two, chance does it.
    sites = pd.DataFrame(
        {
            "site_id": list("abcd"),
            "property_type": ["flat", "flat", "office", "shop"],
            "households": 100.0,
        }
    )
    outcome = pd.DataFrame(
        [
            {"unit": u, "period": t, "y": 4.0, "n": 9.0, "cohort": 5.0 if u in "ab" else np.nan}
            for u in "abcd"
            for t in range(8)
        ]
    )
    found = assess_balance(sites, outcome, indicator="csat_mean")
    check = next(c for c in found.checks if c.id == "baseline.balance.largest")
    assert np.isinf(found.table("balance")["smd"].abs()).any()
    assert (check.status, check.value) == ("caution", None)
    assert check.reason == "measurement.check.balance.apart_by_chance"
