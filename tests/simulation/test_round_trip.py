"""Exports read by the demo's client file give back the world: cell by cell, with pseudonyms."""

import dataclasses
import shutil

import pandas as pd
import pytest

from analysis import client, files, ingest, simulation
from analysis.ingest.cleaning import normalise
from analysis.ingest.privacy import open_key
from analysis.simulation import CANARIES, simulate, write_exports
from analysis.tables import TABLES

WORLD = dataclasses.replace(
    simulation.DEMO,
    seed=8,
    n_sites=16,
    n_staff=96,
    invited=8.0,
    tickets_per_1000=4.0,
)


@pytest.fixture(scope="module")
def world():
    return simulate(WORLD)


@pytest.fixture(scope="module")
def described(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("project") / "data" / "demo"
    folder.mkdir(parents=True)
    shutil.copy(files.project_root() / "data" / "demo" / "client.yml", folder / "client.yml")
    write_exports(world, folder / "raw")
    return client.load(folder)


@pytest.fixture(scope="module")
def written(described, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "canonical"
    return folder, ingest.ingest(described, folder)


# The simulated firm sends links: it does not know what became of an invitation.
# It keeps single answers and tickets, no counts or means of them.
NOT_SIMULATED = ("dispositions", "ticket_counts", "survey_means")
SIMULATED = [name for name in TABLES if name not in NOT_SIMULATED]


def test_check_finds_no_fault(described):
    assert [str(fault) for fault in ingest.check(described)] == []


def test_every_table_comes_back(world, written):
    _, record = written
    assert set(record.tables) == set(world.tables) == set(SIMULATED)


@pytest.mark.parametrize("name", SIMULATED)
def test_table_comes_back_cell_by_cell(name, world, described, written):
    folder, _ = written
    found = pd.read_parquet(folder / f"{name}.parquet", dtype_backend="pyarrow")
    truth = world.tables[name].copy()
    pseudonyms = open_key(described)
    for column, spec in TABLES[name].columns.items():
        if spec.kind == "person":
            truth[column] = pseudonyms.of(truth[column], column)
    key = list(TABLES[name].key)
    truth, found = (f.sort_values(key, ignore_index=True) for f in (truth, found))
    assert len(found) == len(truth)
    for column in truth:
        known = truth[column].notna()
        assert (found[column].notna() == known).all(), column
        left, right = (f.loc[known, column].tolist() for f in (found, truth))
        if TABLES[name].columns[column].kind in ("label", "text"):
            # Cleaning folds full-width punctuation.
            left, right = ([normalise(text)[0] for text in texts] for texts in (left, right))
        if column in ("receivable", "waived", "collected", "collected_quality"):
            assert left == pytest.approx(right, abs=1e-6), column  # summed over fee items
        else:
            assert left == right, column


def test_what_was_left_out_is_counted(written, world):
    _, record = written
    tickets = record.tables["tickets"]
    doubled = sum(source.left_out.get("duplicate", 0) for source in tickets.sources)
    year = world.tables["tickets"]["opened_at"].dt.tz_convert("Asia/Shanghai").dt.year
    assert doubled == sum(int(n) // 211 for n in year.value_counts())
    surveys = record.tables["surveys"]
    assert sum(source.left_out.get("duplicate", 0) for source in surveys.sources) > 0


def test_no_canary_gets_past_ingest(written):
    folder, _ = written
    for path in folder.iterdir():
        if path.suffix == ".parquet":
            text = pd.read_parquet(path).to_csv(index=False)
        else:
            text = path.read_text(encoding="utf-8")
        assert not [c for c in CANARIES if c[0] in text or c[1] in text], path.name
