"""Exposed sites as an arm of their own, against a known spill-over and a known nothing."""

import numpy as np
import pandas as pd
import pytest
from causal_panels import FIRST, staggered

from analysis.causal import (
    FrameError,
    Options,
    evaluate,
    exposed_by_moves,
    exposed_by_place,
    spillover,
)

NAMED = {"outcome": "csat_mean", "unit": "score_1_5", "options": Options(draws=99)}
EXPOSED = {f"s{i:03d}": float(FIRST + 9) for i in range(40, 52)}  # of 20 … 59 never trained


def world(seed, reached=0.2):
    frame = staggered(seed, sizes=(20, 20), starts=(7, 9), never=40)
    touched = frame["unit"].isin(list(EXPOSED)) & (frame["period"] >= FIRST + 9)
    return frame.assign(y=frame["y"] + reached * touched)


def test_known_spillover_and_clean_effect():
    reached, trained, naive = [], [], []
    for seed in range(15):
        frame = world(seed)
        one, two = spillover(frame, EXPOSED, **NAMED).estimates()
        reached.append(one.value)
        trained.append(two.value)
        naive.append(evaluate(frame, **NAMED).overall.value)
    for values, truth in ((reached, 0.2), (trained, 0.25)):
        assert abs(np.mean(values) - truth) < 3 * np.std(values) / np.sqrt(15)
    assert np.mean(naive) < 0.25 - 0.02


def test_found_and_not_found():
    found = spillover(world(1, 0.4), EXPOSED, **NAMED)
    assert found.checks()[0].status == "caution"
    assert found.estimates()[0].causal
    assert len(found.clean) == 28
    nothing = spillover(world(1, 0.0), EXPOSED, **NAMED).estimates()[0]
    assert nothing.ci_low < 0 < nothing.ci_high


def test_refusals():
    frame = world(1)
    with pytest.raises(FrameError) as caught:
        spillover(frame, {"zz": FIRST + 9}, **NAMED)
    assert caught.value.rule == "unknown_unit"
    with pytest.raises(FrameError) as caught:
        spillover(frame, {"s000": FIRST + 9}, **NAMED)
    assert caught.value.rule == "exposed_and_treated"
    everybody = {f"s{i:03d}": FIRST + 9 for i in range(40, 80)}
    one, two = spillover(frame, everybody, **NAMED).estimates()
    assert one.reason == "causal.fault.no_comparison"
    assert two.reason == "causal.fault.no_never_treated"
    assert spillover(frame, {}, **NAMED).checks()[0].status == "not_possible"


def test_who_is_exposed():
    cohort = {"a": 5, "b": None, "c": 9, "d": np.nan, "e": None}
    place = {"a": "north", "b": "north", "c": "south", "d": "south", "e": "west"}
    assert exposed_by_place(place, cohort) == {"b": 5.0, "d": 9.0}
    moves = pd.DataFrame(
        [("a", "e", 7), ("a", "b", 3), ("c", "d", 12), ("a", "d", 10), ("e", "b", 9)],
        columns=["from_unit", "to_unit", "period"],
    )
    assert exposed_by_moves(moves, cohort) == {"d": 10.0, "e": 7.0}
