"""The worlds of the return's benchmark: the fast way says what a run's way says."""

import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "returns.py"


@pytest.mark.parametrize("name", ["3/9 growing", "three waves, 8+8+8/12 growing"])
def test_both_ways_say_the_same(name):
    bench = runpy.run_path(str(SCRIPT), run_name="loaded")
    kind = bench["WORLDS"][name]
    fast = bench["many_worlds"](kind, range(1, 2)).iloc[0]
    whole = bench["one_world"](kind, 1)
    # the whole way draws the return 4,000 times
    assert fast["ci_low"] == pytest.approx(whole["ci_low"], abs=0.03)
    assert fast["ci_high"] == pytest.approx(whole["ci_high"], abs=0.03)
    assert fast["covered"] == whole["covered"]
