"""What must not change an effect: row order, labels, constants, bystanders; and what is pure."""

import numpy as np
import pandas as pd
import pytest
from causal_panels import staggered
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.causal import Options, evaluate, prepare
from analysis.causal.did.aggregate import aggregate
from analysis.causal.did.group_time import group_time

OPTIONS = Options(draws=199)


@pytest.fixture(scope="module", params=[0.0, 0.08], ids=["balanced", "gaps"])
def frame(request):
    return staggered(2, sizes=(6, 6), starts=(5, 7), never=8, periods=12, missing=request.param)


@pytest.fixture(scope="module")
def base(frame):
    return values(frame)


def values(frame, options=OPTIONS):
    found = evaluate(frame, outcome="csat_mean", unit="score_1_5", options=options)
    return pd.DataFrame(
        [(e.id, e.value, e.se, e.ci_low, e.p_value, e.n) for e in found.estimates()]
    ).set_index(0)


def same(one, other, tolerance=1e-9):
    pd.testing.assert_frame_equal(one, other, rtol=tolerance, atol=tolerance)


def test_row_order(frame, base):
    same(base, values(frame.sample(frac=1, random_state=3)))


def test_unit_labels(frame, base):
    """A relabelling that keeps the order keeps the draws too; any other keeps effects."""
    same(base, values(frame.assign(unit="项目" + frame["unit"])))
    shuffled = frame["unit"].map(lambda u: f"x{(int(u[1:]) * 7) % 20:02d}")
    same(base[[1, 2]].dropna(), values(frame.assign(unit=shuffled))[[1, 2]].dropna())


@settings(max_examples=5, deadline=None)
@given(constant=st.floats(-1e3, 1e3), scale=st.floats(0.01, 100))
def test_constant_and_scale(constant, scale):
    frame = staggered(2, sizes=(4, 4), starts=(4, 6), never=5, periods=9)
    one = aggregate(group_time(prepare(frame)), "event")
    moved = frame.assign(y=constant + scale * frame["y"])
    other = aggregate(group_time(prepare(moved)), "event")
    np.testing.assert_allclose(other.att, scale * one.att, atol=1e-9 * (1 + abs(constant)))


def test_site_and_month_effects_cancel(frame, base):
    site = frame["unit"].map(lambda u: int(u[1:]) * 0.37)
    month = np.sin(frame["period"])
    moved = values(frame.assign(y=frame["y"] + site + month))
    att = base.index.str.contains("event_time|horizon|cohort|overall") & ~base.index.str.contains(
        "change"
    )
    same(base.loc[att, [1, 2]], moved.loc[att, [1, 2]], 1e-8)


def test_a_unit_never_observed(frame, base):
    ghost = frame[frame["unit"] == "s000"].assign(unit="zz", y=np.nan)
    same(base, values(pd.concat([frame, ghost])))


def test_input_is_not_mutated(frame):
    before = frame.copy(deep=True)
    values(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_same_seed_same_bytes(frame, base):
    pd.testing.assert_frame_equal(base, values(frame))


def test_unit_weights_act_as_copies():
    frame = staggered(1, sizes=(4, 4), starts=(4, 6), never=5, periods=9)
    twice = frame["unit"].isin(["s001", "s009"])
    copies = pd.concat([frame, frame[twice].assign(unit=frame["unit"] + "b")])
    weighted = prepare(frame.assign(w=1.0 + twice), weights="w")
    copied = prepare(copies)
    for kind in ("simple", "event", "cohort", "calendar"):
        one = aggregate(group_time(weighted), kind).att
        np.testing.assert_allclose(one, aggregate(group_time(copied), kind).att, atol=1e-12)


def test_one_unit_clusters_change_nothing_and_copies_widen_nothing():
    """Every unit twice, clustered by its original: the standard errors stay."""
    frame = staggered(1, sizes=(4, 4), starts=(4, 6), never=5, periods=9)
    doubled = pd.concat([frame, frame.assign(unit=frame["unit"] + "b")])
    doubled["site"] = doubled["unit"].str[:4]
    one = prepare(frame)
    two = prepare(doubled, cluster="site")
    a, b = aggregate(group_time(one), "event"), aggregate(group_time(two), "event")
    np.testing.assert_allclose(a.att, b.att, atol=1e-12)
    np.testing.assert_allclose(a.se(one.cluster), b.se(two.cluster), atol=1e-12)


@pytest.mark.parametrize("unbalanced", ["pairs", "cross_sections", "drop_units"])
def test_gap_rules_agree_without_gaps(unbalanced):
    panel = prepare(staggered(1))
    one = group_time(panel)
    other = group_time(panel, unbalanced=unbalanced)
    np.testing.assert_allclose(one.att, other.att, atol=1e-12)
