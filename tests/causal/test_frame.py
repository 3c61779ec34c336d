"""The checks before any estimator: each a named error or a counted adjustment."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from causal_panels import staggered

from analysis import causal, wording
from analysis.causal import Options, evaluate
from analysis.causal.panel.faults import OptionError
from analysis.causal.panel.frame import FrameError, NoComparisonError, NoPrePeriodError, prepare
from analysis.errors import DesignError


@pytest.fixture
def frame():
    return staggered(0, sizes=(3, 3), starts=(4, 6), never=4, periods=9)


def spoil(frame, rule):
    first, last = frame["period"].min(), frame.loc[frame["cohort"].isna(), "unit"].iloc[-1]
    match rule:
        case "columns":
            return frame.drop(columns="cohort")
        case "empty":
            return frame.iloc[:0]
        case "mixed_types":
            return frame.assign(unit=[12, *frame["unit"][1:]])
        case "period_not_integer":
            return frame.assign(period=frame["period"] + 0.5)
        case "duplicate_unit_period":
            return frame.iloc[[0, *range(len(frame))]]
        case "not_constant":
            return frame.assign(cohort=frame["cohort"].where(frame.index > 0, first + 5))
        case "cohort_not_integer":
            return frame.assign(cohort=frame["cohort"] + 0.5)
        case "cohort_zero":
            return frame.assign(cohort=frame["cohort"].mask(frame["unit"] == last, 0))
        case "not_finite":
            return frame.assign(y=frame["y"].where(frame.index > 0, np.inf))
        case "period_gap":
            return frame[frame["period"] != first + 3]
        case "no_variation":
            return frame.assign(y=1.0)
        case "no_treated":
            return frame.assign(cohort=np.nan)
    raise AssertionError(rule)


@pytest.mark.parametrize(
    "rule",
    [
        "columns",
        "empty",
        "mixed_types",
        "period_not_integer",
        "duplicate_unit_period",
        "not_constant",
        "cohort_not_integer",
        "cohort_zero",
        "not_finite",
        "period_gap",
        "no_variation",
        "no_treated",
    ],
)
def test_broken_rule_is_named(frame, rule):
    with pytest.raises(FrameError) as caught:
        prepare(spoil(frame, rule))
    assert caught.value.rule == rule
    assert isinstance(caught.value, DesignError)


def test_text_outcome(frame):
    with pytest.raises(FrameError) as caught:
        prepare(frame.assign(y="good"))
    assert caught.value.rule == "mixed_types"


def test_one_cohort_and_nobody_else(frame):
    with pytest.raises(NoComparisonError):
        prepare(frame[frame["cohort"] == frame["cohort"].min()])


def test_all_treated_from_the_start(frame):
    with pytest.raises(NoPrePeriodError):
        prepare(frame.assign(cohort=frame["cohort"] - 20))


def test_cohort_must_be_constant_in_cluster(frame):
    with pytest.raises(FrameError) as caught:
        prepare(frame.assign(region="north"), cluster="region")
    assert caught.value.rule == "cohort_not_constant_in_cluster"


@pytest.mark.parametrize("weight", [0.0, -1.0, np.nan, np.inf])
def test_weights_must_be_positive(frame, weight):
    weights = np.where(frame["unit"] == "s000", weight, 1.0)
    with pytest.raises(FrameError) as caught:
        prepare(frame.assign(size=weights), weights="size")
    assert caught.value.rule == "weights_not_positive"


def test_adjustments_are_counted(frame):
    first = frame["period"].min()
    cohort = frame["cohort"].mask(frame["unit"] == "s000", first)  # always treated
    cohort = cohort.mask(frame["unit"] == "s006", first + 100.0)  # after the window
    cohort = cohort.mask(frame["unit"] == "s001", first + 5.0)  # alone in its cohort
    y = frame["y"].mask((frame["unit"] == "s007") & (frame["period"] < first + 2))
    panel = prepare(frame.assign(cohort=cohort, y=y))
    assert panel.count("always_treated") == 1
    assert panel.count("treated_after_window") == 1
    assert panel.count("cohort_of_one") == 2  # s001, and s002 that it left
    assert panel.count("rows_missing") == 2
    assert panel.count("units_unbalanced") == 1
    assert "s000" not in panel.units
    assert np.isinf(panel.cohort[panel.units == "s006"]).all()


def test_units_always_treated_can_be_compared_with_where_so_asked(frame):
    first = frame["period"].min()
    always = frame["unit"].isin(["s000", "s001"])
    changed = frame.assign(cohort=frame["cohort"].mask(always, first))
    changed["y"] += 3.0 * always  # an effect that has settled is part of their level
    kept = prepare(changed, always_treated="keep")
    assert kept.count("always_treated_kept") == 2
    assert kept.count("always_treated") == 0
    never = prepare(frame.assign(cohort=frame["cohort"].mask(always)))
    np.testing.assert_array_equal(kept.cohort, never.cohort)
    named = {"outcome": "csat_mean", "unit": "score_1_5"}
    quick = {"draws": 49, "horizons": ()}
    own = evaluate(changed, **named, options=Options(always_treated="keep", **quick))
    plain = evaluate(frame.assign(cohort=frame["cohort"].mask(always)), **named,
                     options=Options(**quick))  # fmt: skip
    for with_them, without in zip(own.by_estimator(), plain.by_estimator(), strict=True):
        if with_them.method == "lagged_outcome":  # compares levels, and theirs hold an effect
            assert (with_them.value, with_them.reason) == (None, "causal.reason.effect_in_level")
        else:
            assert with_them.value == pytest.approx(without.value, abs=1e-9)
    check = next(c for c in own.checks() if c.id.endswith(".always_treated"))
    assert (check.status, check.reason) == ("caution", "causal.why.always_treated.kept")


@pytest.mark.parametrize("other", [{"drawn_by_lot": True}, {"covariates": ("x",)}])
def test_units_always_treated_are_not_compared_with_by_their_level(other):
    with pytest.raises(OptionError, match="always_treated"):
        Options(always_treated="keep", **other)


@pytest.mark.parametrize("value", ["kept", None, True])
def test_what_to_do_with_units_always_treated_is_listed(frame, value):
    with pytest.raises(OptionError, match="'drop', 'keep'"):
        prepare(frame, always_treated=value)
    with pytest.raises(OptionError, match="'drop', 'keep'"):
        Options(always_treated=value)


def test_arrays_match_the_rows(frame):
    panel = prepare(frame.sample(frac=1, random_state=1))
    row = frame.iloc[17]
    i = int(np.flatnonzero(panel.units == row["unit"])[0])
    assert panel.y[i, row["period"] - panel.periods[0]] == row["y"]
    assert panel.balanced
    assert panel.n_treated_clusters == 6
    assert panel.n_comparison_clusters == 7


def test_every_rule_has_its_sentence():
    raised = re.compile(r'(?:Frame|NoComparison|NoPrePeriod)Error\(\s*"(\w+)"')
    folder = Path(causal.__file__).parent
    rules = {r for path in folder.rglob("*.py") for r in raised.findall(path.read_text("utf-8"))}
    assert {"duplicate_unit_period", "no_comparison", "singular"} <= rules
    for rule in rules:
        for language in ("zh_CN", "en"):
            assert wording.text(f"causal.fault.{rule}", language)


def test_units_that_always_move_as_one_are_refused_not_given_an_effect_without_width():
    rows = [
        {
            "unit": f"s{u}",
            "period": t,
            "y": float(t % 3),
            "n": 5,
            "cohort": 6.0 if u < 4 else np.nan,
        }
        for u in range(10)
        for t in range(12)
    ]
    with pytest.raises(FrameError) as caught:
        prepare(pd.DataFrame(rows))
    assert caught.value.rule == "no_variation"


def test_a_unit_alone_varies_over_its_own_time():
    alone = pd.DataFrame(
        {"unit": "a", "period": range(6), "y": [1.0, 2, 1, 3, 2, 4], "cohort": 3.0, "n": 20}
    )
    found = evaluate(alone, outcome="csat_mean", unit="points").overall
    assert found.value is not None
    assert found.reason == "causal.reason.no_inference"
    with pytest.raises(FrameError, match="no unit differs"):
        evaluate(alone.assign(y=2.0), outcome="csat_mean", unit="points")
