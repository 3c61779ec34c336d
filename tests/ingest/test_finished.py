"""Tables kept whole for the next import: the same bytes as an import of everything gives."""

from __future__ import annotations

import datetime as dt

import pyarrow.parquet as pq
import pytest

from analysis import client as clients
from analysis import ingest, look_back
from analysis.errors import InputError
from analysis.ingest import finished

CLIENT = """
labels:
  kinds: {报修: repair, 投诉: complaint}
instruments:
  q: {scale: [1, 5], items: {q1: {dimension: a, role: overall}, q2: {dimension: a}}}
sources:
  - table: sites
    inline:
      - {site_id: S1, site_name: 一号, households: 100}
      - {site_id: S2, site_name: 二号, households: 200}
  - table: tickets
    files: 工单*.csv
    columns:
      ticket_id: 单号
      site_id: 项目
      household_id: 房号
      category: 类别
      kind: {from: 类型, labels: kinds}
      opened_at: 时间
    drop: {报事人姓名: personal}
  - table: contracts
    files: 合同*.csv
    columns:
      contract_id: 编号
      site_id: 项目
      household_id: 房号
      due_on: 到期
      renewed: 续约
  - table: surveys
    files: 问卷*.csv
    columns: {response_id: 编号, site_id: 项目, answered_at: 时间}
    constants: {instrument: q}
    unpivot: {items: {q1: 总体, q2: 服务}}
  - table: fees
    files: 收费*.csv
    columns: {site_id: 项目, month: 月份, receivable: 应收, collected: 实收}
    aggregate: {sum: [receivable, collected]}
"""
TICKETS = (
    "单号,项目,房号,类别,类型,时间,报事人姓名\n"
    "T1,S1,1-101,电梯（客梯）,报修,2024-03-01 08:00:00,张三\n"
    "T2,S2,2-202,电梯(客梯),投诉,2024-03-02 09:30:00,李四\n"
    "合计,,,,,,\n"
)
MORE = (
    "单号,项目,房号,类别,类型,时间,报事人姓名\n"
    "T3,S2,2-203,电梯(客梯),投诉,2024-04-02 09:30:00,王五\n"
)
CONTRACTS = "编号,项目,房号,到期,续约\nC1,S1,1-101,2024-05-01,是\nC2,S2,2-202,2024-06-01,否\n"
ANSWERS = "编号,项目,时间,总体,服务\nA1,S1,2024-03-05 10:00:00,4,2\nA2,S2,2024-03-06 11:00:00,,5\n"
FEES = "项目,月份,应收,实收\nS1,2024-03,100,90\nS1,2024-03,50,50\nS2,2024-03,70,60\n"
TABLES = {"tickets", "contracts", "surveys", "fees"}


@pytest.fixture
def filled(bench):
    bench.put("工单1.csv", TICKETS)
    bench.put("工单2.csv", MORE)
    bench.put("合同.csv", CONTRACTS)
    bench.put("问卷.csv", ANSWERS)
    bench.put("收费.csv", FEES)
    return bench


@pytest.fixture
def taken(monkeypatch):
    """Tables that were taken as they are kept."""
    found = set()
    find = finished.Place.find

    def finding(place, source, taker):
        got = find(place, source, taker)
        if got is not None:
            found.add(source.table)
        return got

    monkeypatch.setattr(finished.Place, "find", finding)
    return found


def outcome(bench, client, name, *, keep, horizon=None):
    """Import; the bytes of all that it writes, or the faults, are the outcome."""
    folder = bench.root / "out" / name
    sheets = ingest.KeptSheets.of(client) if keep else None
    try:
        ingest.ingest(client, folder, kept=sheets, horizon=horizon)
    except InputError as error:
        return [str(fault) for fault in error.faults]
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def again(bench, client, name="again"):
    """Import with what is kept, which has to give what reading everything gives."""
    got = outcome(bench, client, name, keep=True)
    assert got == outcome(bench, client, f"{name}-plain", keep=False)
    return got


def test_unchanged_tables_are_taken_as_they_are(filled, taken):
    client = filled.client(CLIENT)
    first = again(filled, client, "first")
    assert not taken
    assert again(filled, client) == first
    assert taken == TABLES


@pytest.mark.parametrize(
    ("file", "text", "changed"),
    [
        ("工单3.csv", MORE.replace("T3", "T4"), {"tickets"}),
        ("工单0.csv", MORE.replace("T3", "T0"), {"tickets"}),
        ("工单2.csv", MORE.replace("投诉", "报修"), {"tickets"}),
        ("工单2.csv", MORE.replace("王五", "赵六"), {"tickets"}),
        ("工单2.csv", None, {"tickets"}),
        ("工单3.csv", MORE, {"tickets"}),  # a key twice
        ("工单2.csv", MORE.replace("S2", "S9"), {"tickets"}),  # a site nobody knows
        ("问卷.csv", ANSWERS.replace("4,2", "3,2"), {"surveys"}),
        ("问卷2.csv", ANSWERS.replace("A", "B"), {"surveys"}),
        ("收费.csv", FEES.replace("90", "80"), {"fees"}),
        ("收费2.csv", FEES.replace("03", "04"), {"fees"}),
        ("合同.csv", CONTRACTS.replace("是", "否"), {"contracts"}),
        ("别的.csv", "甲,乙\n1,2\n", set()),
    ],
)
def test_a_changed_file_makes_its_table_anew(filled, taken, file, text, changed):
    client = filled.client(CLIENT)
    outcome(filled, client, "first", keep=True)
    if text is None:
        (filled.raw / file).unlink()
    else:
        filled.put(file, text)
    again(filled, client)
    assert taken == TABLES - changed
    again(filled, client, "third")


CHANGES = {
    "period": ("first: 2024-01,", "first: 2023-01,"),
    "sites": ("site_name: 二号,", "site_name: 二号改,"),
    "label": ("投诉: complaint", "投诉: repair"),
    "column": ("      category: 类别\n", "      second_category: 类别\n"),
    "scale": ("scale: [1, 5]", "scale: [0, 10]"),
    "accepted": (
        "    drop: {报事人姓名: personal}",
        "    drop: {报事人姓名: personal}\n"
        "    accept: [{rule: period_outside, column: opened_at, max_rows: 3, reason: known}]",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_another_client_file_makes_all_tables_anew(filled, taken, change):
    client = filled.client(CLIENT)
    outcome(filled, client, "first", keep=True)
    before, after = CHANGES[change]
    text = client.path.read_text(encoding="utf-8")
    assert before in text
    client.path.write_text(text.replace(before, after), encoding="utf-8")
    again(filled, clients.load(client.path))
    assert not taken


def test_a_person_left_out_is_in_no_kept_table(filled, taken):
    client = filled.client(CLIENT)
    outcome(filled, client, "first", keep=True)
    table = pq.read_table(filled.root / "out" / "first" / "tickets.parquet")
    gone = table["household_id"][0].as_py()
    privacy = f"{{demo_key: not-a-secret-at-all, leave_out: [{gone}]}}"
    without = filled.client(CLIENT, privacy=privacy)
    for name in ("second", "third"):
        taken.clear()
        again(filled, without, name)
        assert not taken & {"tickets", "contracts"}  # tables in which the person stands
        for path in ingest.KeptSheets.of(client).folder.iterdir():
            assert gone not in str(pq.read_table(path).to_pylist())


@pytest.mark.parametrize("kind", ["table", "told"])
@pytest.mark.parametrize("how", ["cut", "turned", "gone"])
def test_damaged_files_are_made_again(filled, taken, kind, how):
    client = filled.client(CLIENT)
    first = outcome(filled, client, "first", keep=True)
    for path in ingest.KeptSheets.of(client).folder.glob(f"*-{kind}.parquet"):
        content = bytearray(path.read_bytes())
        if how == "gone":
            path.unlink()
            continue
        if how == "turned":
            content[4 if kind == "table" else -5] ^= 255
        path.write_bytes(content[:-20] if how == "cut" else content)
    assert outcome(filled, client, "second", keep=True) == first
    assert not taken
    assert outcome(filled, client, "third", keep=True) == first
    assert taken == TABLES


def test_spellings_of_a_source_before_change_those_after(filled, taken):
    client = filled.client(CLIENT)
    outcome(filled, client, "first", keep=True)
    table = pq.read_table(filled.root / "out" / "first" / "tickets.parquet")
    assert table["category"].to_pylist() == ["电梯（客梯）"] * 3
    filled.put("工单1.csv", TICKETS.replace("T1,S1,1-101,电梯（客梯）", "T1,S1,1-101,电梯 (客梯)"))
    again(filled, client)
    assert "tickets" not in taken


def test_looking_back_takes_no_kept_table(filled, taken):
    client = filled.client(CLIENT)
    outcome(filled, client, "first", keep=True)
    horizon = look_back.Horizon(dt.date(2024, 3, 10), "Asia/Shanghai")
    back = outcome(filled, client, "back", keep=True, horizon=horizon)
    assert not taken
    assert "tickets.parquet" in back


def test_checking_takes_and_writes_none(filled, taken):
    client = filled.client(CLIENT)
    outcome(filled, client, "first", keep=True)
    folder = ingest.KeptSheets.of(client).folder
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    ingest.check(client)
    assert not taken
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_tables_no_longer_needed_are_removed(filled, taken):
    client = filled.client(CLIENT)
    outcome(filled, client, "first", keep=True)
    folder = ingest.KeptSheets.of(client).folder
    assert len(list(folder.glob("*-table.parquet"))) == len(TABLES)
    filled.put("工单2.csv", MORE.replace("投诉", "报修"))
    outcome(filled, client, "second", keep=True)
    assert len(list(folder.glob("*-table.parquet"))) == len(TABLES)
    assert len(list(folder.glob("*-told.parquet"))) == len(TABLES)
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())
