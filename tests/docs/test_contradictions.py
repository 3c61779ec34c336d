"""The page of contradictions says what each choice moves, as the standards have it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from analysis.client.readings import READINGS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location(
        "contradictions", ROOT / "tools/contradictions.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_standards_say(tool):
    correct = "run: python tools/contradictions.py"
    assert tool.PAGE.read_text(encoding="utf-8") == tool.page(), correct


def test_every_choice_moves_a_value_or_is_a_matter_of_record(tool):
    for id, readings in tool.moved().items():
        told = [repr(values) for values in readings.values()]
        assert (set(told) == {"{}"}) == READINGS[id].record, id
        assert READINGS[id].record or len(set(told)) == len(told), id
