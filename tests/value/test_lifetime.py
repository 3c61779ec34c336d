"""The lifetime value of a household, by hand."""

import pandas as pd
import pytest

from analysis.value.lifetime import assess_lifetime, lifetime_value

LEFT = pd.DataFrame(
    [("treated.since", 154, 0.2, 0.1, 0.3)], columns=["group", "n", "value", "ci_low", "ci_high"]
)
RULES = {"term_months": 12.0, "yearly_fee": 3000.0, "margin": 0.2, "discount_rate": 0.05}


def test_the_value_is_the_sum_of_discounted_margins():
    years = sum(600 * (0.8 / 1.05) ** t for t in range(400))
    assert lifetime_value(600, 0.8, 0.05) == pytest.approx(years)
    assert lifetime_value(600, 0.0, 0.05) == 600
    assert lifetime_value(600, 1.0, 0.0) is None


def test_the_range_is_that_of_the_share_kept():
    found = assess_lifetime(LEFT, **RULES)
    (row,) = found.table("lifetime").itertuples()
    assert (row.kept, row.kept_low, row.kept_high) == pytest.approx((0.8, 0.7, 0.9))
    assert row.value == pytest.approx(600 * 1.05 / 0.25)
    assert row.ci_low < row.value < row.ci_high
    assert row.n == 154
    (check,) = found.checks
    assert check.status == "passed"


def test_terms_of_two_years_are_turned_into_one():
    (row,) = assess_lifetime(LEFT, **RULES | {"term_months": 24.0}).table("lifetime").itertuples()
    assert row.kept == pytest.approx(0.8**0.5)


@pytest.mark.parametrize(
    ("left", "lacking", "why"),
    [
        (LEFT.iloc[:0], {}, "no_households"),
        (LEFT, {"term_months": None}, "no_term_months"),
        (LEFT, {"yearly_fee": None}, "no_yearly_fee"),
    ],
)
def test_what_is_missing_is_named(left, lacking, why):
    (check,) = assess_lifetime(left, **RULES | lacking).checks
    assert check.status == "not_possible"
    assert check.reason.endswith(f".{why}")
