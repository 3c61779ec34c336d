"""The second client: real requests, described by its client file alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from analysis import client as clients
from analysis import ingest

HERE = Path(__file__).parents[2]
EXPORT = Path("data/boston311/service_requests_2015.csv")
PLACES = [HERE / "data" / "boston" / "raw" / EXPORT.name, HERE.parent / "shared" / EXPORT]


def test_the_client_file_is_right():
    client = clients.load(HERE / "data" / "boston" / "client.yml")
    waves = client.sources_of("waves")[0].inline
    assert len({row["site_id"] for row in waves}) == 22
    assert sum(row["wave"] > 0 for row in waves) == 11


def test_real_requests_become_tickets_and_sites(tmp_path):
    export = next((place for place in PLACES if place.is_file()), None)
    if export is None:
        pytest.skip("the requests are not here; data/boston/README.md says where to put them")
    folder = tmp_path / "boston"
    (folder / "raw").mkdir(parents=True)
    shutil.copy(HERE / "data" / "boston" / "client.yml", folder)
    shutil.copy(export, folder / "raw")
    record = ingest.ingest(clients.load(folder), tmp_path / "canonical")
    tickets = pd.read_parquet(tmp_path / "canonical" / "tickets.parquet")
    assert len(tickets) == 20_576 - 785
    assert record.tables["tickets"].sources[0].left_out == {"accepted:required_missing": 785}
    assert record.tables["sites"].rows == 22
    first = tickets.set_index("ticket_id").loc["101001241135"]
    assert first["opened_at"] == pd.Timestamp("2015-01-02 10:28:25", tz="America/New_York")
    assert first["kind"] == "complaint"
