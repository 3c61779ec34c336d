"""Files and client files damaged at random: told or taken, never anything else."""

from __future__ import annotations

import runpy
import sys
from collections import Counter
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "mutations.py"
CASES = 300


@pytest.fixture(scope="module")
def mutations() -> dict:
    return runpy.run_path(str(SCRIPT), run_name="loaded")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="watches processes by /proc")
def test_no_mutation_ends_in_anything_but_a_sentence(mutations):
    found = mutations["run"](range(100_000, 100_000 + CASES))
    bad = [each for each in found if each["how"] in mutations["FAILURES"]]
    assert bad == []
    ended = Counter(each["how"] for each in found)
    assert ended["refused"] + ended["taken"] == CASES
    assert min(ended["refused"], ended["taken"]) > CASES / 10


@pytest.mark.skipif(sys.platform != "linux", reason="watches processes by /proc")
def test_rows_that_vanish_are_noticed(mutations, monkeypatch, tmp_path):
    (subject,) = (s for s in mutations["subjects"]() if s.name == "国标.csv")
    case = mutations["Case"](subject, {}, subject.client.encode(), subject.name, 1)
    case.files = {subject.name: subject.content}
    assert mutations["attempt"](case, tmp_path / "whole")["how"] == "taken"
    whole = subject.content
    monkeypatch.setattr(
        "analysis.ingest.gather.stable_bytes",
        lambda *_: b"\n".join(whole.split(b"\n")[:-4]) + b"\n",
    )
    assert mutations["attempt"](case, tmp_path / "cut")["how"] == "silent"
