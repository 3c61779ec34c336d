"""Placebos, leave-one-out, exclusions: silent on clean worlds, loud on planted faults."""

import numpy as np
import pytest
from causal_panels import staggered

from analysis.causal import (
    FrameError,
    Options,
    evaluate,
    leave_one_out,
    placebo_date,
    placebo_outcome,
    variants,
)

NAMES = {"outcome": "csat_mean", "unit": "score_1_5"}
OPTIONS = Options(draws=99, alternatives=())


def run(frame):
    return evaluate(frame, options=OPTIONS, **NAMES)


def test_placebo_date_is_silent_without_drift_and_loud_with_it():
    frame = staggered(1, noise=0.03)
    found, check = placebo_date(frame, months_earlier=3, options=OPTIONS, **NAMES)
    assert check.status == "passed"
    assert found.value == pytest.approx(0, abs=0.05)
    assert not found.causal
    drift = frame["cohort"].notna() * 0.05 * (frame["period"] - frame["period"].min())
    _, check = placebo_date(
        frame.assign(y=frame["y"] + drift), months_earlier=3, options=OPTIONS, **NAMES
    )
    assert check.status == "failed"


def test_placebo_date_ignores_everything_after_the_first_start():
    frame = staggered(1)
    first = frame["cohort"].min()
    wild = frame.assign(y=frame["y"].where(frame["period"] < first, 99.0))
    values = [placebo_date(f, months_earlier=3, options=OPTIONS, **NAMES)[0] for f in (frame, wild)]
    assert values[0].value == values[1].value


def test_placebo_date_size():
    """On worlds without drift about one in twenty fails."""
    failed = 0
    for seed in range(40):
        frame = staggered(seed, sizes=(12, 12), starts=(6, 7), never=12, periods=8)
        failed += (
            placebo_date(frame, months_earlier=3, options=OPTIONS, **NAMES)[1].status == "failed"
        )
    assert failed <= 6


def test_too_few_months_for_a_placebo_date():
    found, check = placebo_date(staggered(1), months_earlier=9, options=OPTIONS, **NAMES)
    assert found.value is None
    assert check.status == "not_possible"
    assert found.reason == "causal.fault.no_pre_period"


def test_placebo_outcome():
    assert placebo_outcome(staggered(3, effect=0.0), options=OPTIONS, **NAMES)[1].status == "passed"
    assert placebo_outcome(staggered(3), options=OPTIONS, **NAMES)[1].status == "failed"


def test_leave_one_out_against_brute_force():
    frame = staggered(1, sizes=(12,), starts=(7,), never=12)
    found = run(frame)
    table, check = leave_one_out(found)
    assert len(table) == 24
    assert check.status == "passed"
    for name in ("s000", "s020"):
        other = run(frame[frame["unit"] != name]).overall.value
        assert table.set_index("unit").loc[name, "value"] == pytest.approx(other)


def test_of_many_sites_the_most_influential_are_left_out():
    frame = staggered(1, sizes=(60,), starts=(7,), never=190, effect=0.0, noise=0.02)
    mine = frame["unit"].eq("s003") & (frame["period"] >= frame["cohort"])
    frame["y"] += 3.0 * mine
    table, check = leave_one_out(run(frame))
    assert len(table) == 200
    assert check.params["site"] == "s003"
    assert "s003" in set(table["unit"])


def test_one_site_that_carries_the_effect_is_named():
    frame = staggered(1, sizes=(12,), starts=(7,), never=12, effect=0.0, noise=0.02)
    found = frame["unit"].eq("s003") & (frame["period"] >= frame["cohort"])
    frame["y"] += 3.0 * found
    _, check = leave_one_out(run(frame))
    assert check.status == "caution"
    assert check.params["site"] == "s003"


def test_spill_over_is_left_out():
    frame = staggered(1, noise=0.02)
    exposed = sorted(frame.loc[frame["cohort"].isna(), "unit"].unique())[:10]
    late = frame["period"] >= frame["cohort"].min()
    frame["y"] += 0.25 * (frame["unit"].isin(exposed) & late)
    never, clean = variants(frame, exclude=exposed, options=OPTIONS, **NAMES)
    assert never.value < clean.value - 0.03
    assert clean.value == pytest.approx(0.25, abs=0.04)
    assert clean.dims["variant"] == "without_exposed"
    with pytest.raises(FrameError, match="nowhere"):
        variants(frame, exclude=["nowhere"], options=OPTIONS, **NAMES)


def test_sites_at_which_something_else_changed_are_left_out():
    frame = staggered(1, noise=0.02)
    changed = sorted(frame["unit"].unique())[::5]
    frame["y"] += 1.0 * (frame["unit"].isin(changed) & (frame["period"] >= frame["cohort"]))
    never, steady = variants(frame, changed=[*changed, "elsewhere"], options=OPTIONS, **NAMES)
    assert steady.dims["variant"] == "without_changed"
    assert steady.value == pytest.approx(0.25, abs=0.04)
    assert never.value > steady.value + 0.1
    assert steady.n_units == frame["unit"].nunique() - len(changed)


def test_donut_leaves_out_the_first_months():
    frame = staggered(1, effect=0.0, noise=0.02)
    event = frame["period"] - frame["cohort"]
    frame["y"] += np.where(event >= 0, np.where(event < 2, -0.5, 0.3), 0.0)
    donut = variants(frame, donut=2, options=OPTIONS, **NAMES)[-1]
    assert donut.value == pytest.approx(0.3, abs=0.05)


def test_no_never_treated():
    frame = staggered(1, never=0)
    (item,) = variants(frame, options=OPTIONS, **NAMES)
    assert item.reason == "causal.fault.no_never_treated"
    alone = staggered(1, sizes=(9,), starts=(7,), never=0)
    assert leave_one_out(run(alone))[1].status == "not_possible"
