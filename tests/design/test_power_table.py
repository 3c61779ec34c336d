"""The table of docs/methods/design.md: formula, simulation and statsmodels agree."""

import importlib.util
import math
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DRAWS = 20_000
"""Draws of the table."""


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("power_bench", ROOT / "benchmarks" / "power.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def printed():
    text = (ROOT / "docs" / "methods" / "design.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (\d+) \| (0\.\d\d) \| (.+) \|$", text, flags=re.M)
    return {
        (int(a), int(b), float(effect)): [
            None if c == "–" else float(c) for c in cells.split(" | ")
        ]
        for a, b, effect, cells in rows
    }


def error(power, draws):
    return 4 * math.sqrt(power * (1 - power) / draws)


def test_formula_simulation_and_library_agree(bench, printed):
    rows = list(bench.comparable(4000))
    assert len(printed) == len(rows) == 9
    for trained, never, effect, formula, simulation, t_test, f_test in rows:
        # Welch against the pooled test: up to 0.015 apart where sizes differ.
        assert formula == pytest.approx(t_test, abs=1e-3 if trained == never else 0.016)
        assert simulation == pytest.approx(formula, abs=error(formula, 4000) + 0.01)
        if f_test is not None:
            assert f_test == pytest.approx(t_test, abs=1e-6)
        said = printed[trained, never, effect]
        assert said[0] == pytest.approx(formula, abs=6e-4)
        assert said[1] == pytest.approx(formula, abs=error(formula, DRAWS) + 0.01)
        assert said[2] == pytest.approx(t_test, abs=6e-4)


def test_serial_correlation_breaks_the_formula_for_a_long_base_only(bench):
    rows = {(base, phi): (f, s) for base, phi, _, f, s in bench.correlated(1500)}
    formula, simulation = rows["all_before", 0.6]
    assert formula > 2 * simulation
    formula, simulation = rows["month_before", 0.6]
    assert simulation == pytest.approx(formula, abs=0.04)
