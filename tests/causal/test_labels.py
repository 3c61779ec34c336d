"""Labels and options that used to give a confident wrong number."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from causal_panels import FIRST, staggered

from analysis.causal import (
    FrameError,
    Options,
    aggregate,
    balanced_effect,
    baseline_means,
    evaluate,
    group_time,
    ordered_effect,
    placebo_date,
    prepare,
    score_frame,
    smoothness,
    spillover,
    wild_bootstrap,
)
from analysis.causal.inference.distributions import t_quantile
from analysis.causal.panel.faults import OptionError

NAMED = {"outcome": "csat_mean", "unit": "score_1_5"}
QUICK = Options(draws=49, alternatives=(), horizons=())


@pytest.fixture
def frame():
    return staggered(1, sizes=(6, 6, 6), never=6)


def month(value):
    return (
        pd.NaT
        if pd.isna(value)
        else pd.Period(f"{int(value) // 12}-{int(value) % 12 + 1:02d}", "M")
    )


SPELLINGS = {
    "periods": lambda s: s.map(month).astype("period[M]"),
    "objects": lambda s: s.map(month).astype(object),
    "datetimes": lambda s: s.map(month).astype("period[M]").dt.to_timestamp(),
    "dates": lambda s: s.map(lambda v: None if pd.isna(v) else month(v).to_timestamp().date()),
    "truth": lambda s: s > FIRST + 8,
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("columns", [("period",), ("cohort",), ("period", "cohort")])
def test_dates_are_refused_and_the_correct_form_is_shown(frame, spelling, columns):
    spelt = frame.assign(**{name: SPELLINGS[spelling](frame[name]) for name in columns})
    for entrance in (prepare, lambda f: evaluate(f, **NAMED, options=QUICK)):
        with pytest.raises(FrameError, match=r"year \* 12 \+ month - 1") as caught:
            entrance(spelt)
        assert caught.value.rule == "period_label"


def test_a_date_is_answered_with_its_number(frame):
    spelt = frame.assign(period=SPELLINGS["datetimes"](frame["period"]))
    with pytest.raises(FrameError, match=str(FIRST)):
        prepare(spelt)


def test_seconds_are_refused_at_once(frame):
    seconds = (frame["period"] - FIRST) * 2_678_400 + 1_672_531_200
    start = (frame["cohort"] - FIRST) * 2_678_400 + 1_672_531_200
    with pytest.raises(FrameError) as caught:
        prepare(frame.assign(period=seconds, cohort=start))
    assert caught.value.rule == "period_label"


@pytest.mark.parametrize("column", ["cluster", "stratum"])
@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_a_missing_cluster_or_stratum_is_refused(frame, column, missing):
    region = frame["unit"].where(frame["unit"] != "s003", missing).astype(object)
    with pytest.raises(FrameError, match="s003") as caught:
        prepare(frame.assign(region=region), **{column: "region"})
    assert caught.value.rule == f"{column}_missing"


def test_cluster_labels_of_two_types_are_refused(frame):
    mixed = frame["unit"].str[1:].astype(int).astype(object)
    mixed[frame["unit"] == "s003"] = "3"
    with pytest.raises(FrameError) as caught:
        prepare(frame.assign(region=mixed), cluster="region")
    assert caught.value.rule == "mixed_types"


def zero_for_never(frame):
    return frame.assign(
        period=frame["period"] - FIRST + 1, cohort=(frame["cohort"] - FIRST + 1).fillna(0)
    )


def test_zero_is_never_treated_where_periods_count_from_one(frame):
    plain, coded = evaluate(frame, **NAMED, options=QUICK), zero_for_never(frame)
    found = evaluate(coded, **NAMED, options=QUICK)
    assert found.overall.value == pytest.approx(plain.overall.value, abs=1e-12)
    panel = prepare(coded)
    assert panel.count("never_coded_zero") == 6
    assert panel.count("always_treated") == 0
    pd.testing.assert_frame_equal(baseline_means(coded), baseline_means(frame))
    at = {"months_earlier": 2, **NAMED, "options": QUICK}
    assert placebo_date(coded, **at)[0].value == pytest.approx(placebo_date(frame, **at)[0].value)
    near = spillover(coded, {"s020": 5.0}, **NAMED, options=QUICK).estimates()
    assert near[0].value == pytest.approx(
        spillover(frame, {"s020": FIRST + 4.0}, **NAMED, options=QUICK).estimates()[0].value
    )


def test_two_codes_for_never_are_refused(frame):
    coded = zero_for_never(frame)
    coded.loc[coded["unit"] == "s020", "cohort"] = np.nan
    with pytest.raises(FrameError) as caught:
        prepare(coded)
    assert caught.value.rule == "cohort_zero"


def test_a_cohort_before_all_counting_is_refused(frame):
    with pytest.raises(FrameError) as caught:
        prepare(frame.assign(cohort=frame["cohort"].fillna(-1)))
    assert caught.value.rule == "cohort_negative"


WRONG = {
    "method": "drr",
    "comparison": "nevertreated",
    "base": "Universal",
    "unbalanced": "pair",
    "form": "means",
    "inference": "bootstrap",
    "alternatives": ("twfe", "sunab"),
    "level": 95,
    "draws": 0,
    "seed": 1.5,
    "anticipation": -1,
    "pretrend_periods": 0,
    "horizons": (1.5,),
    "covariates": "x",
}


@pytest.mark.parametrize("name", WRONG)
def test_options_have_listed_values(name):
    with pytest.raises(OptionError, match=name) as caught:
        Options(**{name: WRONG[name]})
    assert caught.value.rule == "option"
    with pytest.raises(OptionError):
        replace(Options(), **{name: WRONG[name]})


@pytest.mark.parametrize("name", ["method", "comparison", "base", "unbalanced"])
def test_cells_take_listed_values_only(frame, name):
    with pytest.raises(OptionError, match="one of"):
        group_time(prepare(frame), **{name: WRONG[name]})


@pytest.mark.parametrize("level", [95, 0, 1.0, "0.95", True])
def test_a_level_is_a_share(frame, level):
    with pytest.raises(OptionError, match=r"0\.95"):
        Options(level=level)


def test_other_entrances_check_their_options_too(frame):
    panel = prepare(frame)
    effects = group_time(panel)
    with pytest.raises(OptionError, match="simple"):
        aggregate(effects, "overall")
    with pytest.raises(OptionError, match="entropy"):
        balanced_effect(frame, baseline_means(frame), method="ebal", **NAMED)
    omega = np.zeros(panel.y.shape)
    with pytest.raises(OptionError, match="webb"):
        wild_bootstrap(
            panel.y,
            panel.treated,
            omega,
            panel.observed,
            panel.cluster,
            seed=1,
            multipliers="mammen",
        )
    with pytest.raises(OptionError, match=r"0\.95"):
        t_quantile(95, 10)


def test_a_bound_takes_a_level_that_is_a_share():
    from analysis.causal import Moments, relative_magnitudes

    moments = Moments(np.zeros(4), np.eye(4), 2, np.array([0.0, 1.0]))
    for bound in (smoothness, relative_magnitudes):
        with pytest.raises(OptionError):
            bound(moments, 1.0, level=95)


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("label", np.nan, "label_missing"),
        ("count", -1.0, "count_negative"),
        ("count", np.nan, "count_negative"),
    ],
)
def test_counts_of_labels_are_checked(frame, column, value, rule):
    counts = frame.drop(columns=["y", "n"]).assign(label=4.0, count=3.0)
    counts = pd.concat([counts, counts.assign(label=5.0)], ignore_index=True)
    counts.loc[7, column] = value
    entrances = (
        lambda c: ordered_effect(c, outcome="csat_mean"),
        lambda c: score_frame(c, "mean"),
    )
    for entrance in entrances:
        with pytest.raises(FrameError, match=counts["unit"][7]) as caught:
            entrance(counts)
        assert caught.value.rule == rule
