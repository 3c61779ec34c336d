"""Shaped sheets kept for the next import: the same bytes, and every rule as strict."""

from __future__ import annotations

import datetime as dt

import pyarrow.parquet as pq
import pytest
from work_orders import tickets

from analysis import ingest, look_back
from analysis.errors import InputError
from analysis.ingest import kept, row_groups, shaped, streamed

CLIENT = """
sources:
  - table: sites
    inline: [{site_id: S1, site_name: 一号}, {site_id: S2, site_name: 二号}]
  - table: tickets
    files: 工单*.csv
    columns: {ticket_id: 单号, site_id: 项目, household_id: 房号, category: 类别, opened_at: 时间}
"""
ACCEPT = "    accept: [{rule: period_outside, column: opened_at, max_rows: MOST, reason: known}]\n"


@pytest.fixture
def filled(bench, monkeypatch):
    monkeypatch.setattr(streamed, "ROWS_AT_ONCE", 5)
    for number, first in enumerate((0, 100, 200)):
        bench.put(f"工单{number}.csv", tickets(first))
    return bench


def outcome(bench, client, name, *, keep, horizon=None):
    """Import; the bytes of the tables and the record, or the faults, are the outcome."""
    folder = bench.root / "out" / name
    sheets = ingest.KeptSheets.of(client) if keep else None
    try:
        record = ingest.ingest(client, folder, kept=sheets, horizon=horizon)
    except InputError as error:
        return [str(fault) for fault in error.faults]
    return record.model_dump(), {p.name: p.read_bytes() for p in sorted(folder.glob("*.parquet"))}


def again(bench, client, name="again"):
    """Import with what is kept, which has to give what reading everything gives."""
    got = outcome(bench, client, name, keep=True)
    assert got == outcome(bench, client, f"{name}-plain", keep=False)
    return got


@pytest.fixture
def work(monkeypatch):
    """Names of the files whose rows are shaped, and of those that are taken as they are."""
    done = {"shaped": [], "taken": []}
    put, find = shaped.put, shaped.find

    def putting(sheets, stem, key, draft, labels):
        done["shaped"].append(draft.files[0].file)
        return put(sheets, stem, key, draft, labels)

    def finding(sheet, key, source, taker):
        found = find(sheet, key, source, taker)
        if found is not None:
            done["taken"].append(sheet.record.file)
        return found

    monkeypatch.setattr(shaped, "put", putting)
    monkeypatch.setattr(shaped, "find", finding)
    return done


def test_a_further_file_costs_that_file(filled, work, monkeypatch):
    client = filled.client(CLIENT)
    first = again(filled, client, "first")
    assert len(work["shaped"]) == 3
    assert not work["taken"]
    filled.put("工单1b.csv", tickets(400))
    work["shaped"].clear()
    loaded = []
    before = kept._load
    monkeypatch.setattr(kept, "_load", lambda path: loaded.append(path) or before(path))
    got = again(filled, client)
    assert work == {
        "shaped": ["raw/工单1b.csv"],
        "taken": ["raw/工单0.csv", "raw/工单1.csv", "raw/工单2.csv"],
    }
    assert not loaded
    assert got[0]["tables"]["tickets"]["rows"] == 80
    ids = pq.read_table(filled.root / "out" / "again" / "tickets.parquet")["ticket_id"].to_pylist()
    assert ids[40:60] == [f"T{n}" for n in range(400, 420)]
    (filled.raw / "工单1b.csv").unlink()
    accepted = filled.client(CLIENT + ACCEPT.replace("period_outside", "files_gone").replace(
        ", column: opened_at", "").replace("MOST", "20"))  # fmt: skip
    assert outcome(filled, accepted, "third", keep=True)[1] == first[1]
    kinds = [path.name.rpartition("-")[2] for path in ingest.KeptSheets.of(client).folder.iterdir()]
    assert sorted(kinds) == sorted(["0.parquet", "rows.parquet", "keys.parquet"] * 3)


@pytest.mark.parametrize("fault", ["same_row", "other_row", "reference", "period", "required"])
def test_rules_across_files_are_as_strict(filled, work, fault):
    client = filled.client(CLIENT)
    outcome(filled, client, "first", keep=True)
    text = {
        "same_row": tickets(110, rows=1),
        "other_row": tickets(110, rows=1, category="噪音"),
        "reference": tickets(300).replace("S1", "S9"),
        "period": tickets(300, year=2020),
        "required": tickets(300).replace("T300", ""),
    }[fault]
    filled.put("工单9.csv", text)
    told = again(filled, client)
    assert isinstance(told, list)
    assert any("工单9.csv" in line for line in told)
    assert len(work["taken"]) >= 3
    assert [str(f) for f in ingest.check(client)] == told


def test_rows_that_are_gone_are_told(filled):
    client = filled.client(CLIENT)
    folder = ingest.KeptSheets.of(client).folder.parent / "20240101" / "canonical"
    ingest.ingest(client, folder, kept=ingest.KeptSheets.of(client))
    filled.put("工单1.csv", tickets(100, rows=3))
    assert any("工单1.csv" in line for line in again(filled, client))


@pytest.mark.parametrize("most", [20, 39, 40])
def test_accepted_rows_are_counted_over_kept_and_new_sheets(filled, work, most):
    filled.put("工单1.csv", tickets(100, year=2021))
    client = filled.client(CLIENT + ACCEPT.replace("MOST", str(most)))
    again(filled, client, "first")
    filled.put("工单3.csv", tickets(300, year=2021))
    got = again(filled, client)
    assert isinstance(got, list) == (most < 40)
    assert len(work["taken"]) >= 3


def test_spellings_of_a_sheet_before_change_those_after(filled, work):
    client = filled.client(CLIENT)
    outcome(filled, client, "first", keep=True)
    filled.put("工单00.csv", tickets(500, category="电梯(客梯)"))  # sorts behind 工单0.csv
    again(filled, client)
    assert len(work["taken"]) == 3
    work["taken"].clear()
    filled.put("工单.csv", tickets(600, category="电梯(客梯)"))  # before all others
    got = again(filled, client, "third")
    assert not work["taken"]
    table = pq.read_table(filled.root / "out" / "third" / "tickets.parquet")
    assert set(table["category"].to_pylist()) == {"电梯(客梯)"}
    assert got[0]["tables"]["tickets"]["rows"] == 100
    again(filled, client, "fourth")
    assert len(work["taken"]) == 5


CHANGES = {
    "period": (
        "period: {first: 2024-01, last: 2024-12}",
        "period: {first: 2023-01, last: 2024-12}",
    ),
    "sites": ("site_name: 二号}", "site_name: 二号}, {site_id: S3, site_name: 三号}"),
    "accepted": ("时间}\n", "时间}\n" + ACCEPT.replace("MOST", "9")),
    "once": ("时间}\n", "时间}\n    duplicates: {keep: first}\n"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_another_client_file_shapes_again(filled, work, change):
    client = filled.client(CLIENT)
    outcome(filled, client, "first", keep=True)
    before, after = CHANGES[change]
    text = client.path.read_text(encoding="utf-8")
    assert before in text
    client.path.write_text(text.replace(before, after), encoding="utf-8")
    from analysis import client as clients

    again(filled, clients.load(client.path))
    assert not work["taken"]


def test_a_person_left_out_is_in_no_kept_sheet(filled, work):
    client = filled.client(CLIENT)
    outcome(filled, client, "first", keep=True)
    table = pq.read_table(filled.root / "out" / "first" / "tickets.parquet")
    gone = table["household_id"][0].as_py()
    without = filled.client(
        CLIENT, privacy=f"{{demo_key: not-a-secret-at-all, leave_out: [{gone}]}}"
    )
    again(filled, without)
    assert not work["taken"]
    for path in ingest.KeptSheets.of(client).folder.iterdir():
        assert gone not in str(pq.read_table(path).to_pylist())


@pytest.mark.parametrize("kind", ["0", "rows", "keys"])
@pytest.mark.parametrize("how", ["cut", "turned", "gone"])
def test_damaged_files_are_made_again(filled, kind, how):
    client = filled.client(CLIENT)
    first = outcome(filled, client, "first", keep=True)
    for path in ingest.KeptSheets.of(client).folder.glob(f"*-{kind}.parquet"):
        content = bytearray(path.read_bytes())
        if how == "gone":
            path.unlink()
            continue
        if how == "turned":
            content[40] ^= 255
        path.write_bytes(content[:-20] if how == "cut" else content)
    assert outcome(filled, client, "second", keep=True) == first
    assert outcome(filled, client, "third", keep=True) == first


def test_looking_back_takes_no_shaped_sheet(filled, work):
    client = filled.client(CLIENT)
    outcome(filled, client, "first", keep=True)
    work["shaped"].clear()
    horizon = look_back.Horizon(dt.date(2024, 3, 10), "Asia/Shanghai")
    got = outcome(filled, client, "back", keep=True, horizon=horizon)
    assert work == {"shaped": [], "taken": []}
    assert 0 < got[0]["tables"]["tickets"]["rows"] < 60
    outcome(filled, client, "after", keep=True)
    assert work["taken"] == ["raw/工单0.csv", "raw/工单1.csv", "raw/工单2.csv"]


def test_checking_writes_nothing(filled, work):
    client = filled.client(CLIENT)
    outcome(filled, client, "first", keep=True)
    filled.put("工单3.csv", tickets(300))
    folder = ingest.KeptSheets.of(client).folder
    before = {path.name for path in folder.iterdir()}
    assert ingest.check(client) == []
    assert len(work["taken"]) == 3
    assert {path.name for path in folder.iterdir()} == before


def test_files_of_another_schema_are_not_put_together(tmp_path):
    import pyarrow as pa

    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet", tmp_path / "c.parquet"]
    for path, name in zip(paths, "aab", strict=True):
        pq.write_table(pa.table({name: [1, 2]}), path)
    target = tmp_path / "all.parquet"
    assert row_groups.concatenate([(path, "") for path in paths[:2]], target) == 4
    assert pq.read_table(target)["a"].to_pylist() == [1, 2, 1, 2]
    for files in ([(paths[0], ""), (paths[2], "")], [(paths[0], "0" * 64)]):
        with pytest.raises(row_groups.OtherBytesError):
            row_groups.concatenate(files, target)
