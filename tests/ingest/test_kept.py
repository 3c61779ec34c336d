"""What an import keeps of unchanged files: the same tables and record, and nothing of people."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from analysis import ingest
from analysis.errors import InputError
from analysis.ingest import gather, kept

SITES = """
  - table: sites
    inline:
      - {site_id: S1, site_name: 一号, households: 100}
      - {site_id: S2, site_name: 二号, households: 200}
"""
CLIENT = f"""
labels:
  kinds: {{报修: repair, 投诉: complaint}}
instruments:
  q: {{scale: [1, 5], items: {{q1: {{dimension: a, role: overall}}, q2: {{dimension: a}}}}}}
sources:{SITES}
  - table: tickets
    files: tickets*.csv
    columns:
      ticket_id: 单号
      site_id: 项目
      household_id: 房号
      category: 类别
      kind: {{from: 类型, labels: kinds}}
      opened_at: 时间
      rating: 评分
    drop: {{报事人: personal}}
  - table: surveys
    files: 问卷*.csv
    columns: {{response_id: 编号, site_id: 项目, answered_at: 时间}}
    constants: {{instrument: q}}
    unpivot: {{items: {{q1: 总体, q2: {{from: 服务, reversed: true}}}}}}
"""
TICKETS = (
    "单号,项目,房号,类别,类型,时间,评分,报事人\n"
    "T1,S1,1-101,电梯（客梯）,报修,2024-03-01 08:00:00,5,张三\n"
    "T2,S2,2-202,电梯(客梯),投诉,2024-03-02 09:30:00,—,李四\n"
    "合计,,,,,,,\n"
)
MORE = (
    "单号,项目,房号,类别,类型,时间,评分,报事人\n"
    "T3,S2,2-203,电梯(客梯),投诉,2024-04-02 09:30:00,4,王五\n"
)
ANSWERS = "编号,项目,时间,总体,服务\nA1,S1,2024-03-05 10:00:00,4,2\nA2,S2,2024-03-06 11:00:00,,5\n"


@pytest.fixture
def filled(bench):
    bench.put("tickets-1.csv", TICKETS)
    bench.put("tickets-2.csv", MORE)
    bench.put("问卷.csv", ANSWERS)
    return bench


def outcome(bench, client, name, keep):
    """Import; the bytes of the tables and the record are the outcome."""
    folder = bench.root / "out" / name
    sheets = ingest.KeptSheets.of(client) if keep else None
    record = ingest.ingest(client, folder, kept=sheets)
    tables = {p.name: pq.read_table(p).to_pylist() for p in sorted(folder.glob("*.parquet"))}
    return record.model_dump(), tables


def counting(monkeypatch):
    """Count the files that are parsed."""
    parsed = []
    before = gather.read
    monkeypatch.setattr(
        gather, "read", lambda path, **how: parsed.append(path.name) or before(path, **how)
    )
    return parsed


def test_kept_sheets_give_what_reading_gives(filled, monkeypatch):
    client = filled.client(CLIENT)
    plain = outcome(filled, client, "plain", keep=False)
    parsed = counting(monkeypatch)
    assert outcome(filled, client, "first", keep=True) == plain
    assert sorted(parsed) == ["tickets-1.csv", "tickets-2.csv", "问卷.csv"]
    parsed.clear()
    assert outcome(filled, client, "second", keep=True) == plain
    assert parsed == []
    # What check says is the same, too, and it reads nothing again.
    told = ingest.check(client)
    assert parsed == []
    monkeypatch.setattr(kept.KeptSheets, "find", lambda self, key: None)
    assert ingest.check(client) == told


def test_a_further_file_costs_that_file(filled, monkeypatch):
    client = filled.client(CLIENT)
    outcome(filled, client, "first", keep=True)
    filled.put("tickets-3.csv", MORE.replace("T3", "T4"))
    parsed = counting(monkeypatch)
    got = outcome(filled, client, "second", keep=True)
    assert parsed == ["tickets-3.csv"]
    assert got == outcome(filled, client, "plain", keep=False)


CHANGES = {
    "label": ("投诉: complaint", "投诉: repair"),
    "column": ("category: 类别", "second_category: 类别"),
    "scale": ("scale: [1, 5]", "scale: [0, 10]"),
    "reversed": ("{from: 服务, reversed: true}", "服务"),
    "missing": ("rating: 评分", "rating: {from: 评分, missing: ['5']}"),
    "clock": ("opened_at: 时间", "opened_at: {from: 时间, zone: UTC}"),
    "drop": ("drop: {报事人: personal}", "drop: {报事人: 不需要}"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_another_decision_reads_the_files_again(filled, change, monkeypatch):
    outcome(filled, filled.client(CLIENT), "first", keep=True)
    before, after = CHANGES[change]
    assert before in CLIENT
    client = filled.client(CLIENT.replace(before, after))
    parsed = counting(monkeypatch)
    got = outcome(filled, client, "second", keep=True)
    assert parsed
    assert got == outcome(filled, client, "plain", keep=False)


def test_other_code_or_another_key_reads_the_files_again(filled, monkeypatch):
    client = filled.client(CLIENT)
    outcome(filled, client, "first", keep=True)
    parsed = counting(monkeypatch)
    monkeypatch.setattr(kept, "_reader", lambda: ["another"])
    outcome(filled, client, "second", keep=True)
    assert len(parsed) == 3
    parsed.clear()
    other = filled.client(CLIENT, privacy="{demo_key: another-secret-of-the-demo}")
    got = outcome(filled, other, "third", keep=True)
    assert len(parsed) == 3
    assert got == outcome(filled, other, "plain", keep=False)


def test_a_damaged_file_is_read_again(filled, monkeypatch):
    client = filled.client(CLIENT)
    plain = outcome(filled, client, "first", keep=True)
    for path in ingest.KeptSheets.of(client).folder.iterdir():
        path.write_bytes(path.read_bytes()[:-20])
    assert outcome(filled, client, "second", keep=True) == plain


def test_what_is_kept_holds_no_person_and_nothing_unused(filled):
    client = filled.client(CLIENT)
    outcome(filled, client, "first", keep=True)
    folder = ingest.KeptSheets.of(client).folder
    assert len(list(folder.glob("*-0.parquet"))) == 3
    for path in folder.iterdir():
        table = pq.read_table(path)
        text = str(table.to_pylist()) + str(table.schema.metadata)
        assert not any(name in text for name in ("张三", "李四", "王五", "1-101", "2-203"))
    (filled.raw / "tickets-2.csv").unlink()
    outcome(filled, client, "second", keep=True)
    assert len(list(folder.glob("*-0.parquet"))) == 2
    assert len(list(folder.iterdir())) == 6  # with rows and record of both tables


def test_a_sheet_with_a_fault_is_not_kept(filled):
    client = filled.client(CLIENT)
    filled.put("tickets-2.csv", MORE.replace("电梯", "13812345678"))
    with pytest.raises(InputError):
        outcome(filled, client, "first", keep=True)
    folder = ingest.KeptSheets.of(client).folder
    assert "13812345678" not in str([pq.read_table(p).to_pylist() for p in folder.iterdir()])
    assert len(list(folder.glob("*-0.parquet"))) == 2
    assert len(list(folder.glob("*-table.parquet"))) == 1


def test_a_person_left_out_is_not_kept(filled):
    client = filled.client(CLIENT)
    outcome(filled, client, "first", keep=True)
    folder = ingest.KeptSheets.of(client).folder
    tickets = pq.read_table(filled.root / "out" / "first" / "tickets.parquet").to_pylist()
    gone = tickets[0]["household_id"]
    privacy = f"{{demo_key: not-a-secret-at-all, leave_out: [{gone}]}}"
    without = filled.client(CLIENT, privacy=privacy)
    got = outcome(filled, without, "second", keep=True)
    assert got == outcome(filled, without, "plain", keep=False)
    assert gone not in str([pq.read_table(p).to_pylist() for p in folder.iterdir()])


def test_cleaned_sheets_can_be_pruned(filled):
    from analysis.pipeline import prunable, prune

    client = filled.client(CLIENT)
    outcome(filled, client, "first", keep=True)
    found = prunable("acme", root=filled.root)
    assert [(p.folder.name, p.state) for p in found] == [("read", "sheets")]
    assert found[0].size > 0
    prune("acme", found, root=filled.root)
    assert not ingest.KeptSheets.of(client).folder.exists()
