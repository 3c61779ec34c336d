"""Two reports between which one person left do not give that person's answer away."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from analysis.indicators import digits
from analysis.present import precision, views
from analysis.present.precision import Earlier, supported
from analysis.results import Alert, Estimate

SCALE, WIDTH = (1, 5), 5.0


def table(answers, **more) -> pd.DataFrame:
    answers = np.asarray(answers, float)
    row = {"role": "owner", "mean": answers.mean(), "n": len(answers), **more}
    return pd.DataFrame([row, {**row, "role": "other", "mean": 5.0}])


def shown(frame, earlier=None):
    found = supported(frame, name="x", earlier=earlier)
    return found.frame["mean"].iloc[0], found.withheld[0]


def step_of(value: float) -> float:
    """Return the coarsest step of 1, 2, 5 times a power of ten that a number is a multiple of."""
    steps = [m * 10.0**p for p in range(-6, 2) for m in (1, 2, 5)]
    return max(s for s in steps if abs(value / s - round(value / s)) < 1e-6)


def answers_that_fit(n: int, first: float, second: float, step: float) -> tuple[float, float]:
    """Return between which ends the answer of one who left must lie, both means being rounded."""
    exact, spread = n * first - (n - 1) * second, n * step / 2 + (n - 1) * step / 2
    return exact - spread, exact + spread


@pytest.mark.parametrize("seed", range(40))
def test_the_attack_of_two_reports(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(9, 400))
    answers = rng.integers(1, 6, n)
    before, after = table(answers), table(answers[1:])
    exact = n * before["mean"][0] - (n - 1) * after["mean"][0]
    assert exact == pytest.approx(answers[0])  # what full precision gives away
    first, second = shown(before)[0], shown(after)[0]
    low, high = answers_that_fit(n, first, second, digits.nice(WIDTH / n))
    assert low <= answers[0] <= high
    assert high - low >= 1.8 * WIDTH
    for value in (first, second):
        assert step_of(value) >= WIDTH / n * 0.99


def test_a_number_that_few_answers_changed_since_is_coarser_and_then_withheld():
    def mean(n, earlier=()):
        frame = table(np.full(n, 3.0))
        frame.loc[0, "mean"] = 3.8765
        known = {key: tuple(earlier) for key in precision.keys(frame, "x", None)}
        return shown(frame, Earlier(known))

    assert mean(200) == (pytest.approx(3.9, abs=0.03), False)
    fine, coarse = mean(200)[0], mean(200, [195])[0]
    assert step_of(fine) < step_of(coarse) == 0.2 or coarse == 4.0
    assert mean(200, [200, 100])[0] == fine  # the same answers, or many others
    assert mean(20, [13])[1]
    assert not mean(20, [12])[1]


def test_what_is_no_answer_stays():
    frame = pd.DataFrame(
        {"n": [30, 30], "amount": [1234.56, 7.0], "period": [24290.0, 24291.0], "count": [3.0, 4.0]}
    )
    columns = {"n": ("", "int"), "amount": ("", "cny"), "period": ("", "month"), "count": ("", "")}
    kept = supported(frame, name="x", columns=columns).frame
    pd.testing.assert_frame_equal(kept, frame)


def test_shares_are_rounded_to_one_answer_and_intervals_outwards():
    frame = pd.DataFrame({"value": [0.4837], "ci_low": [0.3549], "ci_high": [0.6149], "n": [60]})
    row = supported(frame, name="x").frame.iloc[0]
    assert (row["value"], row["ci_low"], row["ci_high"]) == (0.48, 0.34, 0.62)


def test_an_input_is_never_changed():
    frame = table([3, 4, 5, 3, 4, 5, 3, 4, 4])
    before = frame.copy()
    supported(frame, name="x")
    pd.testing.assert_frame_equal(frame, before)


def test_estimates_are_rounded_withheld_and_money_is_left():
    common = {"id": "a", "estimand": "mean", "method": "mean", "indicator": "csat"}
    e = Estimate(**common, unit="score_1_5", value=3.87654, ci_low=3.52123, ci_high=4.2318, n=50)
    found = precision.of_estimate(e)
    assert (found.value, found.ci_low, found.ci_high) == (3.9, 3.5, 4.3)
    counts = precision.counts_of_estimates([e])
    few = Earlier({key: (n + 3,) for key, n in counts.items()})
    assert precision.of_estimate(e, earlier=few).value == pytest.approx(4.0, abs=0.3)
    assert precision.of_estimate(
        Estimate(**{**common, "id": "b"}, unit="score_1_5", value=3.9, n=12),
        earlier=Earlier({precision.key("estimate", ["b"]): (8,)}),
    ) is None  # fmt: skip
    money = Estimate(**common, unit="CNY", value=1234.5678, n=50)
    assert precision.of_estimate(money) is money


def test_what_is_nobodys_answer_keeps_its_digits():
    row = {"value": 0.86341, "ci_low": 0.85219, "ci_high": 0.87411, "n": 720}
    frame = pd.DataFrame([{"indicator": "fee_collection", **row}, {"indicator": "fcr", **row}])
    found = supported(frame, name="x").frame
    assert found["value"].tolist() == [0.8634, 0.864]
    about = {"id": "a", "estimand": "mean", "method": "mean", "unit": "share"}
    fees = Estimate(**about, **row, indicator="fee_collection")
    assert precision.of_estimate(fees) is fees


def test_many_answers_support_every_digit_that_is_written():
    about = {"id": "a", "estimand": "mean", "method": "mean", "unit": "per_1000_household_months"}
    e = Estimate(**about, value=16.608, ci_low=15.41, ci_high=17.79, n=564_348)
    assert precision.of_estimate(e).value == pytest.approx(16.608, abs=1e-4)


@pytest.mark.parametrize("n", [9, 43, 516])
def test_the_attack_of_two_alerts(n):
    def told(good: int, of: int):
        share = good / of
        return precision.of_alert(
            Alert(
                id="x", rule="x", grade=1, message="m", response="r", subject="s", unit="share",
                value=share, n=of, params={"value": share, "line": 0.853, "rate": 0.0123},
            )
        )  # fmt: skip

    first, second = told(n // 2, n), told(n // 2 - 1, n - 1)
    low, high = answers_that_fit(n, first.value, second.value, digits.nice(1 / n))
    assert low <= 0 < 1 <= high  # satisfied or not: both would fit
    assert first.params == {"value": first.value, "line": 0.853, "rate": 0.0123}


def test_what_an_alert_counts_stays():
    days = Alert(id="x", rule="x", grade=2, message="m", response="r", subject="s", unit="days",
                 value=6.0, params={"share": 0.1234})  # fmt: skip
    assert precision.of_alert(days) == days
    hours = Alert(id="x", rule="x", grade=2, message="m", response="r", subject="s", unit="hours",
                  value=12.0, n=2)  # fmt: skip
    assert precision.of_alert(hours) == hours


def test_an_end_on_one_side_of_zero_is_not_shown_as_zero():
    found = precision.of_estimate(
        Estimate(
            id="tracking.csat_mean.att.overall", estimand="att_overall", unit="score", value=0.66,
            ci_low=0.0123, ci_high=1.287, n=48, method="m",
        )
    )  # fmt: skip
    assert (found.ci_low, found.ci_high) == (0.012, 1.3)


@pytest.mark.parametrize(
    ("value", "how", "near"),
    [
        (0.24, round, 0.2),
        (0.31, round, 0.4),
        (0.24, math.floor, 0.2),
        (0.24, math.ceil, 0.4),
        (0.6, math.ceil, 0.6),  # a step is no step away from itself, however it is stored
        (-0.05, round, -0.0),
        (-0.05, math.floor, -0.2),
        (-0.05, math.ceil, -0.0),
    ],
)
def test_a_number_goes_to_a_step_as_it_is_told(value, how, near):
    assert repr(digits.near(value, 0.2, how)) == repr(near)


def test_a_sum_is_that_of_what_is_shown():
    frame = pd.DataFrame({"n": [35], "pre": [65.514], "post": [81.314], "value": [15.8]})
    columns = {"pre": ("", "num1"), "post": ("", "num1"), "value": ("", "signed1")}
    asked = {"name": "v", "n": "n", "columns": columns}
    apart = precision.supported(frame, **asked).frame.iloc[0]
    assert apart["pre"] + apart["value"] != apart["post"]
    shown = precision.supported(frame, **asked, sums={"post": "pre"}).frame.iloc[0]
    assert shown["pre"] + shown["value"] == shown["post"] == 82.0


def test_learning_adds_up_on_the_page():
    assert views.get("monitoring.learning").sums == {"post": "pre"}
