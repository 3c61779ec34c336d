"""What people put down to the training is cut down by rule, and stays opinion."""

import numpy as np
import pandas as pd
import pytest

from analysis import wording
from analysis.present import sentences
from analysis.value.isolation import adjusted, assess_isolation, extremes


def asked(*answers, role="participant", about="csat_mean"):
    """Return rows from (estimate, confidence, yearly worth); None gives no answer."""
    rows = [(f"{role}{n}", role, about, *(a or (np.nan,) * 3)) for n, a in enumerate(answers)]
    columns = ["respondent_id", "respondent_role", "refers_to"]
    return pd.DataFrame(rows, columns=[*columns, "estimate", "confidence", "improvement"])


def money(benefit):
    from analysis.results import Estimate

    made = {"id": "value.roi.benefit", "estimand": "benefit", "unit": "CNY", "method": "sum"}
    return {
        "benefit": Estimate(**made, value=benefit, ci_low=benefit / 2, ci_high=2 * benefit, n=9)
    }


def test_share_times_confidence_over_all_who_were_asked_by_hand():
    """0.5 x 0.8 = 0.4, 0.6 x 0.5 = 0.3, 1 x 0.2 = 0.2 and no answer: 0.9 over four."""
    (row,) = adjusted(asked((0.5, 0.8, 1000), (0.6, 0.5, 2000), (1, 0.2, 500), None)).itertuples()
    assert (row.asked, row.answered, row.extreme) == (4, 3, 0)
    assert row.adjusted == pytest.approx(0.225)
    assert row.amount == pytest.approx(400 + 600 + 100)
    assert row.ci_low < 0.225 < row.ci_high
    assert row.amount_low < row.amount < row.amount_high


def test_the_lowest_of_several_roles_counts():
    both = pd.concat(
        [asked(*[(0.6, 0.9, 10)] * 9), asked(*[(0.3, 0.5, 90)] * 8, role="supervisor")]
    )
    table = adjusted(both).set_index("respondent_role")
    assert table["counted"].to_dict() == {"participant": "no", "supervisor": "yes"}
    (check,) = assess_isolation(both).checks
    assert (check.value, check.n) == (pytest.approx(0.15), 8)


def test_a_role_of_few_people_hides_no_other():
    both = pd.concat([asked(*[(0.6, 0.5, 10)] * 9), asked((0.1, 0.1, 90), role="supervisor")])
    found = assess_isolation(both)
    assert found.checks[0].value == pytest.approx(0.3)
    table = found.table("isolation").set_index("respondent_role")
    assert table["counted"].to_dict() == {"participant": "yes", "supervisor": "no"}


def test_extreme_answers_count_as_none():
    modest = [(0.3 + 0.02 * n, 0.5, 1000 + 100 * n) for n in range(9)]
    plain, boasting = (adjusted(asked(*m)) for m in (modest, [*modest, (0.9, 0.9, 5_000_000)]))
    assert boasting["extreme"].tolist() == [1]
    assert boasting["amount"].tolist() == pytest.approx(plain["amount"].tolist())
    assert boasting["adjusted"].iloc[0] == pytest.approx(plain["adjusted"].iloc[0] * 9 / 10)


def test_ties_and_few_answers_hold_no_extreme():
    assert not extremes(np.array([0.3] * 7 + [0.35])).any()
    assert not extremes(np.array([0.1, 0.1, 0.2, 9.0])).any()
    assert not extremes(np.array([np.nan] * 6)).any()


def test_no_confidence_at_all_is_none_with_an_interval_that_is_not_a_point():
    table = adjusted(asked(*[(0.8, 0.0, 1000)] * 10))
    assert table["adjusted"].tolist() == [0.0]
    assert table["ci_low"].tolist() == [0.0]
    assert 0.1 < table["ci_high"].iloc[0] < 0.5  # Wilson's for none of ten
    (check,) = assess_isolation(asked(*[(0.8, 0.0, 1000)] * 10)).checks
    assert (check.status, check.value) == ("caution", 0.0)


def test_one_person_is_not_told_of():
    found = assess_isolation(asked((0.5, 0.8, 1000)))
    (check,) = found.checks
    assert (check.status, check.value, check.reason) == (
        "not_possible", None, "value.check.isolation.few",
    )  # fmt: skip
    assert found.table("isolation")["asked"].tolist() == [1]  # hidden on the page by this column


@pytest.mark.parametrize("nothing", [None, asked()])
def test_nobody_asked_is_said_and_asks_for_nothing(nothing):
    (check,) = assess_isolation(nothing).checks
    assert (check.status, check.reason, check.remedy) == (
        "not_possible", "value.check.isolation.nobody", None,
    )  # fmt: skip


def test_it_is_opinion_with_and_without_a_comparison():
    told = asked(*[(0.5, 0.8, 1000)] * 9)
    (beside,) = assess_isolation(told, money(90_000.0)).checks
    (alone,) = assess_isolation(told, {}).checks
    assert beside.reason.endswith(".beside")
    assert beside.params["benefit"] == 90_000.0
    assert alone.reason.endswith(".alone")
    assert {beside.status, alone.status} == {"caution"}  # an opinion passes no test
    for check in (beside, alone):
        for language in wording.LANGUAGES:
            who = wording.text(str(check.params["role"]), language)
            said = sentences.sentence(check.reason, language, sentences.check_params(check))
            assert who in said
    assert not assess_isolation(told, money(90_000.0)).estimates


def test_order_of_rows_moves_nothing_and_the_input_stays():
    told = asked((0.5, 0.8, 1000), (0.6, 0.5, 2000), None, (0.2, 0.9, np.nan))
    before = told.copy()
    pd.testing.assert_frame_equal(adjusted(told), adjusted(told.iloc[::-1]))
    pd.testing.assert_frame_equal(told, before)
