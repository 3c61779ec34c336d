"""Stored tables are read when somebody asks for them, and are then as they were saved."""

from __future__ import annotations

import pickle

import pandas as pd
import pytest

from analysis import results
from analysis.errors import StoredFileError
from analysis.results import StageResults
from analysis.results.on_demand import StoredTables

SITES = pd.DataFrame({"site_id": ["a", "b"], "n": [3, 4]})
WAVES = pd.DataFrame({"wave": [1.0, None]})


@pytest.fixture
def stored(tmp_path):
    results.save(StageResults(stage="design", tables={"sites": SITES, "waves": WAVES}), tmp_path)
    return tmp_path


def test_tables_come_back_as_they_were_saved(stored):
    found = results.load("design", stored)
    for tables in (found.tables, dict(found.tables), {**found.tables}):
        pd.testing.assert_frame_equal(tables["sites"], SITES)
        pd.testing.assert_frame_equal(tables["waves"], WAVES)
    assert found.table("sites") is found.table("sites")
    assert found.table_or_empty("none").empty
    pd.testing.assert_frame_equal(pickle.loads(pickle.dumps(found)).table("sites"), SITES)


def test_a_damaged_table_is_told_when_it_is_asked_for(stored):
    (stored / "design" / "waves.parquet").write_bytes(b"PAR1")
    found = results.load("design", stored)
    assert len(found.table("sites")) == 2
    with pytest.raises(StoredFileError, match="waves"):
        found.table("waves")


def test_a_table_whose_file_is_gone_is_told_at_once(stored):
    (stored / "design" / "waves.parquet").unlink()
    with pytest.raises(StoredFileError, match="design"):
        results.load("design", stored)


def test_a_mistyped_table_is_refused_with_the_nearest(stored):
    found = results.load("design", stored)
    with pytest.raises(KeyError, match=r"site_s.*'sites'"):
        found.tables["site_s"]
    with pytest.raises(KeyError, match=r"site_s.*sites"):
        found.table("site_s")


def test_pickled_tables_need_no_files(tmp_path):
    path = tmp_path / "a.parquet"
    pd.DataFrame({"x": [1]}).to_parquet(path)
    copied = pickle.dumps(StoredTables("design", {"a": path}))
    path.unlink()
    assert pickle.loads(copied)["a"]["x"].tolist() == [1]
