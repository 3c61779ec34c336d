"""What a workbook takes of a stage is made ahead, and found as long as nothing it reads changed."""

import importlib
import json

import pandas as pd
import pytest

from analysis import files, memory, results, wording
from analysis.memory import Read, Store
from analysis.report import tabled
from analysis.results import StageResults
from analysis.wording import catalogue

build = importlib.import_module("analysis.report.build")
CAPTION = "report.workbook.table.attendance"


def a_table(hits=60):
    share = hits / 80
    ends = {"ci_low": [share - 0.1], "ci_high": [share + 0.1]}
    row = {"module": ["module 1"], "n": [80], "hits": [hits], "value": [share], **ends}
    return pd.DataFrame(row)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "reports" / "acme" / "20250101T000000.000-0000"
    save(made, a_table())
    return made


def save(folder, table):
    found = StageResults(stage="monitoring", tables={"attendance": table})
    results.save(found, folder / "results")


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "WORTH_SECONDS", 0.0)
    read = Read(
        reading=wording.reading,
        entries_hash=wording.entries_hash,
        note=wording.note_read,
        ambient=lambda: "",
    )
    return Store(folder=tmp_path / "remembered", run="first", anew=False, read=read)


@pytest.fixture(autouse=True)
def opened():
    """Read each folder anew, as another process does."""
    build._opened.cache_clear()
    yield
    build._opened.cache_clear()


@pytest.fixture
def made(monkeypatch):
    """Stages that were made, not found."""
    found, real = [], tabled._made

    def counting(run, stage):
        found.append(stage)
        return real(run, stage)

    monkeypatch.setattr(tabled, "_made", counting)
    return found


def workbooks(folder, store):
    return build._part(folder, store, build._workbooks)


def test_what_was_made_ahead_is_found_and_is_the_same(folder, store, made):
    plain = workbooks(folder, None)
    sheets = [(folder / name / "tables.xlsx").stat().st_size for name in ("zh", "en")]
    assert made == ["monitoring"]
    assert plain
    build.make_ahead(folder, ["design", "monitoring"], store)
    assert made == ["monitoring"] * 2
    assert workbooks(folder, store) == plain
    assert made == ["monitoring"] * 2
    again = [(folder / name / "tables.xlsx").stat().st_size for name in ("zh", "en")]
    assert max(abs(a - b) for a, b in zip(sheets, again, strict=True)) < 20  # the time of writing


def test_nothing_is_made_ahead_without_a_store(folder, made):
    build.make_ahead(folder, ["monitoring"], None)
    assert made == []


@pytest.mark.parametrize("change", ["table", "shown", "min_cell", "sentence", "nothing"])
def test_it_is_made_anew_when_what_it_reads_changed(folder, store, made, monkeypatch, change):
    build.make_ahead(folder, ["monitoring"], store)
    if change == "table":
        save(folder, a_table(hits=61))
    if change == "shown":
        files.write_text(folder.parent / "shown.json", '{"0123456789abcdef":[79]}\n')
    if change == "min_cell":
        said = {"name": {"zh_CN": "甲", "en": "A"}, "simulated": False, "min_cell": 90}
        files.write_text(folder / "client.json", json.dumps(said))
    if change == "sentence":
        entries = catalogue._sentences() | {CAPTION: {"zh": "改了", "en": "Changed"}}
        monkeypatch.setattr(catalogue, "_sentences", lambda: entries)
    build.make_ahead(folder, ["monitoring"], store)
    assert made == ["monitoring"] * (1 if change == "nothing" else 2)
