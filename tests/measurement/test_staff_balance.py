"""Age and education of staff at trained and untrained sites, counted by hand."""

import datetime as dt

import pandas as pd
import pytest

from analysis.measurement.staff_balance import assess_staff_balance, staff_balance

DAY = dt.date(2024, 1, 1)


def staff(bands):
    """Age bands by site."""
    rows = [(site, band) for site, given in bands.items() for band in given]
    frame = pd.DataFrame(rows, columns=["site_id", "age_band"])
    return frame.assign(
        staff_id=[f"p{i}" for i in range(len(frame))],
        education_band=None,
        hired_on=dt.date(2020, 1, 1),
        left_on=None,
    )


FOUR = staff(
    {
        "a": ["young", "young", "old", "old"],
        "b": ["young", "old", "old", "old"],
        "c": ["young", "young", "young", "old"],
        "d": ["young", "young", "old", None],
    }
)


def test_shares_of_people_by_band_with_their_difference():
    table = staff_balance(FOUR, {"a", "b"}, on=DAY).set_index("level")
    old = table.loc["old"]
    assert old[["n", "n_treated", "n_comparison"]].tolist() == [7, 8, 7]
    assert old["mean_treated"] == pytest.approx(5 / 8)
    assert old["mean_comparison"] == pytest.approx(2 / 7)
    assert old["difference"] == pytest.approx(5 / 8 - 2 / 7)
    assert old["ci_low"] < old["difference"] < old["ci_high"]
    assert old["smd"] == pytest.approx(-table.loc["young", "smd"])


def test_who_left_before_or_came_later_does_not_count():
    gone = staff({"a": ["old"] * 9}).assign(left_on=dt.date(2023, 6, 1))
    later = staff({"c": ["old"] * 9}).assign(hired_on=dt.date(2024, 6, 1))
    more = pd.concat([FOUR, gone, later], ignore_index=True)
    pd.testing.assert_frame_equal(
        staff_balance(more, {"a", "b"}, on=DAY), staff_balance(FOUR, {"a", "b"}, on=DAY)
    )


def test_differences_within_sampling_error_are_no_imbalance():
    (check,) = assess_staff_balance(FOUR, {"a", "b"}, on=DAY).checks
    assert (check.status, check.n) == ("passed", 15)
    sites = {f"t{i}": ["old"] * 8 + ["young"] * (2 + i % 2) for i in range(8)}
    sites |= {f"u{i}": ["old"] * 2 + ["young"] * (8 + i % 2) for i in range(8)}
    trained = {f"t{i}" for i in range(8)}
    (check,) = assess_staff_balance(staff(sites), trained, on=DAY).checks
    assert check.status == "failed"


def test_nothing_is_asked_without_bands_or_without_two_arms():
    assert assess_staff_balance(None, {"a"}, on=DAY).checks == ()
    assert assess_staff_balance(FOUR.assign(age_band=None), {"a"}, on=DAY).checks == ()
    assert assess_staff_balance(FOUR, {"a", "b", "c", "d"}, on=DAY).checks == ()
