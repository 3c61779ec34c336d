"""A value of one month that rests on fewer answers than may be shown is nowhere."""

import numpy as np
import pandas as pd
import pytest

from analysis.causal import Options, deepen, evaluate
from analysis.measurement.pretrends import arm_means

FEW = "causal.fault.few_answers"
START, MONTHS, SHOWN = 24, 12, 8
"""The trained site answers five times a month, and nine times in the ninth."""


def frame(trained=1, answers=5):
    rng = np.random.default_rng(4)
    rows = [
        (f"s{i}", START + t, 30 if i >= trained else 9 if t == SHOWN else answers)
        for i in range(trained + 5)
        for t in range(MONTHS)
    ]
    made = pd.DataFrame(rows, columns=["unit", "period", "n"])
    cohort = np.where(made["unit"].isin([f"s{i}" for i in range(trained)]), START + 6.0, np.nan)
    return made.assign(cohort=cohort, y=3 + rng.normal(0, 0.2, len(made)))


def found(least, base="all_before", **made):
    options = Options(draws=99, alternatives=(), horizons=(1, 2, 3), base=base, least_answers=least)
    return evaluate(frame(**made), outcome="nps", unit="nps_points", options=options)


def given(estimates, dim):
    return {e.dims[dim] for e in estimates if e.value is not None}


def test_only_the_month_with_enough_answers_is_given():
    whole, cut = found(0), found(8)
    months = set(range(-6, 6))
    assert given(whole.by_event_time(), "event_time") >= months - {-1}
    assert given(cut.by_event_time(), "event_time") & months == {2}
    hidden = [e for e in cut.of("att_horizon") if e.dims["horizon"] in (1, 3)]
    assert [(e.value, e.ci_low, e.p_value, e.reason) for e in hidden] == [(None,) * 3 + (FEW,)] * 2
    assert given(cut.of("att_calendar"), "period") == {START + SHOWN}
    # All months together have enough, and nothing else moves.
    assert cut.overall.value == whole.overall.value
    assert cut.at_horizon(2).value == whole.at_horizon(2).value


def test_the_month_it_is_compared_with_counts_as_well():
    assert given(found(8, base="universal").of("att_horizon"), "horizon") == set()


def test_the_line_of_an_arm_leaves_such_months_out():
    lines = found(8).table("trends")
    assert lines.query("arm == 'treated'")["period"].tolist() == [START + SHOWN]
    assert len(lines.query("arm == 'comparison'")) == MONTHS
    before = arm_means(frame(), least_answers=8)
    assert before.query("arm == 'treated'")["period"].tolist() == [START + SHOWN]


def test_sites_of_an_arm_count_together():
    cut = found(8, trained=3, answers=3)
    assert len(cut.table("trends").query("arm == 'treated'")) == MONTHS
    assert given(cut.of("att_horizon"), "horizon") == {1, 2, 3}


@pytest.mark.parametrize(("horizons", "asked"), [((1, 3), False), ((1, 2), True)])
def test_what_is_hidden_is_not_bounded_either(horizons, asked):
    depth = deepen(found(8), frame(), horizons=horizons)
    bounded = {e.dims["horizon"] for e in depth.part("bounds") if "horizon" in e.dims}
    assert bounded <= {2}
    assert bool(depth.checks()) or not asked
    assert not any(e.estimand == "att_ratio" and e.value is not None for e in depth.part("lasts"))


def test_an_effect_on_too_few_answers_in_all_is_not_given():
    options = Options(draws=99, alternatives=(), base="universal", least_answers=8)
    few = frame(answers=1).assign(n=lambda made: made["n"].where(made["n"] == 30, 0.4))
    found = evaluate(few, outcome="nps", unit="nps_points", options=options)
    assert (found.overall.value, found.overall.reason) == (None, FEW)
    assert not any(e.value is not None for e in found.estimates())
    assert found.table_or_empty("group_time").empty


def test_cells_of_one_site_are_held_to_the_same_count():
    cells = found(8).table("group_time")
    assert cells["period"].tolist() == [START + SHOWN]
    assert len(found(0).table("group_time")) > 6


def test_one_hidden_cell_takes_another_with_it():
    made = frame(answers=20)
    few = (made["unit"] == "s0") & (made["period"] == START + 7)
    made.loc[few, "n"] = 3
    options = Options(draws=99, alternatives=(), base="all_before", least_answers=8)
    cut = evaluate(made, outcome="nps", unit="nps_points", options=options)
    cells = cut.table("group_time").query("event_time >= 0")["period"].tolist()
    # The ninth month of the trained site has the fewest answers of the others.
    assert cells == [START + t for t in (6, 9, 10, 11)]
