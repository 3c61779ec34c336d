"""Periods of any kind are whole numbers, and are written as the data wrote them."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.study.periods import PanelError, Step, read_periods

MAY = 2023 * 12 + 4


@pytest.mark.parametrize(
    ("values", "step", "first", "label"),
    [
        (["2023-05", "2023-06", "2023-08"], Step.MONTH, MAY, "2023-05"),
        (["2023年5月", "2023年6月"], Step.MONTH, MAY, "2023-05"),
        (["2023/5", "2023/12"], Step.MONTH, MAY, "2023-05"),
        ([202305, 202306, 202401], Step.MONTH, MAY, "2023-05"),
        (["202305", "202401"], Step.MONTH, MAY, "2023-05"),
        (pd.to_datetime(["2023-05-01", "2023-06-01", "2023-08-01"]), Step.MONTH, MAY, "2023-05"),
        (pd.to_datetime(["2023-05-31", "2023-06-30"]), Step.MONTH, MAY, "2023-05"),
        ([dt.date(2023, 5, 1), dt.date(2023, 6, 1)], Step.MONTH, MAY, "2023-05"),
        (["2023-05-01", "2023-06-01"], Step.MONTH, MAY, "2023-05"),
        (pd.period_range("2023-05", periods=3, freq="M"), Step.MONTH, MAY, "2023-05"),
        (list(pd.period_range("2023-05", periods=3, freq="M")), Step.MONTH, MAY, "2023-05"),
        (
            pd.Series(pd.period_range("2023-05", periods=3, freq="M"), dtype=object),
            Step.MONTH,
            MAY,
            "2023-05",
        ),
        (["2023Q2", "2023Q4"], Step.QUARTER, 2023 * 4 + 1, "2023Q2"),
        (["2023年第2季度", "2024年第1季度"], Step.QUARTER, 2023 * 4 + 1, "2023Q2"),
        (pd.period_range("2023Q2", periods=3, freq="Q"), Step.QUARTER, 2023 * 4 + 1, "2023Q2"),
        (pd.to_datetime(["2023-04-01", "2023-07-01"]), Step.QUARTER, 2023 * 4 + 1, "2023Q2"),
        ([1999, 2000, 2003], Step.YEAR, 1999, "1999"),
        (["1999", "2000年"], Step.YEAR, 1999, "1999"),
        (pd.to_datetime(["1999-12-31", "2000-12-31"]), Step.YEAR, 1999, "1999"),
        (pd.period_range("1999", periods=3, freq="Y"), Step.YEAR, 1999, "1999"),
        ([3, 4, 9], Step.PERIOD, 3, "3"),
        ([MAY, MAY + 1], Step.MONTH, MAY, "2023-05"),  # as frames of analysis.outcome count
        ([45000, 45001], Step.PERIOD, 45000, "45000"),
    ],
)
def test_each_kind_is_read_and_written_again(values, step, first, label):
    found, calendar = read_periods(pd.Series(values, name="when"))
    assert calendar.step is step
    assert found[0] == first
    assert calendar.label(found[0]) == label
    assert (np.diff(found) > 0).all()


def test_weeks_are_a_step_apart():
    days = pd.Series(pd.date_range("2024-01-01", periods=4, freq="7D"))
    found, calendar = read_periods(days)
    assert calendar.step is Step.WEEK
    assert np.diff(found).tolist() == [1, 1, 1]
    assert calendar.label(found[0]) == "2024-01-01"


def test_missing_stays_missing():
    found, _ = read_periods(pd.Series(["2023-05", None, "2023-07"], name="when"))
    assert found[0] == MAY
    assert np.isnan(found[1])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["May", "June"], "'May', which is no period"),
        (["2023-05", "2023-13"], "2023-13"),
        ([True, False], "true and false"),
        ([1.5, 2], "1.5"),
        (pd.to_datetime(["2023-05-01 08:30", "2023-06-01 09:00"]), "times of day"),
        (pd.to_datetime(["2023-05-01", "2023-05-12", "2023-07-19", "2023-09-02"]), "no calendar"),
        ([None, None], "no period"),
    ],
)
def test_what_is_no_period_is_refused_with_an_example(values, said):
    with pytest.raises(PanelError, match=said) as error:
        read_periods(pd.Series(values, name="when"))
    assert "2023" in str(error.value)
