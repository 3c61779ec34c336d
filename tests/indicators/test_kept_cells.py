"""Cells of a panel that are kept are those that would be counted now."""

import contextlib

import hand_counted as hand
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis import indicators, memory
from analysis.indicators import families
from analysis.indicators.engine import ROWS, connect
from analysis.memory import Read, Store


@pytest.fixture
def build(tmp_path, monkeypatch):
    """Build a panel beside kept cells; gives it and the families that were counted."""
    monkeypatch.setattr(memory, "WORTH_SECONDS", 0.0)
    counted = []
    monkeypatch.setattr(families, "_FAMILIES", tuple(map(_telling(counted), families._FAMILIES)))

    def once(hashes=None, *, tables=None, run="first", anew=False, last=hand.LAST):
        counted.clear()
        tables = hand.everything() if tables is None else tables
        kept = None
        if hashes is not None:
            known = dict.fromkeys(tables, "as before") | hashes
            kept = indicators.KeptCells(store(tmp_path, run, anew), known)
        panel = indicators.build_panel(
            tables, client_timezone=hand.TIMEZONE, first=hand.FIRST, last=last, kept=kept
        )
        return panel, set(counted)

    return once


def _telling(counted):
    def tell(family):
        def blocks(asked):
            counted.append(family.name)
            return family.blocks(asked)

        return families.Family(family.name, family.tables, blocks)

    return tell


def store(folder, run, anew):
    read = Read(
        reading=lambda: contextlib.nullcontext(set()),
        entries_hash=lambda keys: "",
        note=lambda keys: None,
        ambient=lambda: None,
    )
    return Store(folder=folder / "remembered", run=run, anew=anew, read=read)


def test_kept_cells_are_those_counted_now(build):
    plain, _ = build()
    first, counted = build({})
    assert counted == {family.name for family in families._FAMILIES}
    second, counted = build({})
    assert not counted
    pd.testing.assert_frame_equal(first, plain)
    pd.testing.assert_frame_equal(second, plain)


@pytest.mark.parametrize(
    ("table", "again"),
    [
        ("tickets", {"tickets"}),
        ("sites", {"tickets"}),
        ("staff", {"people", "training"}),
        ("instruments", {"satisfaction", "training", "behaviour"}),
        ("comments", set()),
    ],
)
def test_what_a_changed_table_feeds_is_counted_again(build, table, again):
    build({})
    assert build({table: "changed"})[1] == again


def test_a_table_that_is_gone_is_counted_as_such(build):
    build({})
    tables = hand.everything()
    del tables["tickets"]
    assert build({}, tables=tables)[1] >= {"tickets"}


def test_other_months_are_counted_again(build):
    build({})
    assert len(build({}, last=hand.MAR)[1]) == len(families._FAMILIES)


def test_a_forced_run_counts_everything(build):
    build({})
    assert len(build({}, run="second", anew=True)[1]) == len(families._FAMILIES)
    assert not build({}, run="second", anew=True)[1]


def test_a_family_reads_only_the_tables_it_names(tmp_path):
    with connect(timezone=hand.TIMEZONE) as engine:
        engine.read(hand.everything())
        narrow = engine.only({"fees"})
        assert narrow.table("fees") is not None
        with pytest.raises(KeyError, match="staff is read here"):
            narrow.table("staff")
        assert engine.table("staff") is not None


@pytest.mark.parametrize("statistics", [True, False])
def test_cells_with_a_value_are_counted_alike_by_file_and_by_query(tmp_path, statistics):
    path = tmp_path / "fees.parquet"
    frame = pa.table({"site_id": ["A", "B", None], "waived": pa.array([None, 1.0, None])})
    pq.write_table(frame, path, row_group_size=2, write_statistics=statistics)
    with connect(timezone=hand.TIMEZONE) as engine:
        engine.read({"fees": path})
        assert engine.filled("fees", ["waived"]) == {ROWS: 3, "waived": 1}
        assert engine.filled("staff", []) is None
