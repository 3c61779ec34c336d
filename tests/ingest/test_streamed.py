"""Sources too large for memory: shaped sheet by sheet, they give what all rows together give."""

from __future__ import annotations

import datetime as dt

import pyarrow.parquet as pq
import pytest
from work_orders import tickets

from analysis import ingest, look_back
from analysis.errors import InputError
from analysis.ingest import streamed

CLIENT = """
instruments:
  q: {scale: [1, 5], items: {q1: {dimension: a, role: overall}, q2: {dimension: a}}}
sources:
  - table: sites
    inline: [{site_id: S1, site_name: 一号}, {site_id: S2, site_name: 二号}]
  - table: tickets
    files: 工单*.csv
    columns: {ticket_id: 单号, site_id: 项目, household_id: 房号, category: 类别, opened_at: 时间}
    ACCEPT
  - table: surveys
    files: 问卷*.csv
    columns: {response_id: 编号, site_id: 项目, answered_at: 时间}
    constants: {instrument: q}
    unpivot: {items: {q1: 总体, q2: {from: 服务, reversed: true}}}
"""
ACCEPT = "accept: [{rule: period_outside, column: opened_at, max_rows: MOST, reason: known}]"


@pytest.fixture
def filled(bench):
    for number, first in enumerate((0, 100, 200)):
        bench.put(
            f"工单{number}.csv", tickets(first, category="电梯(客梯)" if number else "电梯（客梯）")
        )
    for number in range(2):
        rows = "".join(f"A{number}{n},S1,2024-0{n}-01 10:00:00,{n},\n" for n in range(1, 6))
        bench.put(f"问卷{number}.csv", "编号,项目,时间,总体,服务\n" + rows)
    return bench


def outcome(bench, client, horizon=None):
    folder = bench.root / "out"
    try:
        record = ingest.ingest(client, folder, horizon=horizon)
    except InputError as error:
        return [str(fault) for fault in error.faults]
    tables = {p.name: pq.read_table(p) for p in sorted(folder.glob("*.parquet"))}
    said = record.model_dump(exclude={"tables": {name: {"sha256"} for name in record.tables}})
    return said, {n: (t.schema, t.to_pylist()) for n, t in tables.items()}


def both(bench, client, monkeypatch, horizon=lambda: None):
    """Return the outcome of all rows together and sheet by sheet, and how often it streamed."""
    whole = outcome(bench, client, horizon())
    told = [str(fault) for fault in ingest.check(client)]
    done = []
    before = streamed.stream
    from analysis.ingest import prepare

    monkeypatch.setattr(streamed, "ROWS_AT_ONCE", 5)
    monkeypatch.setattr(
        prepare, "stream", lambda *a, **how: done.append(before(*a, **how)) or done[-1]
    )
    apart = outcome(bench, client, horizon())
    assert [str(fault) for fault in ingest.check(client)] == told
    return whole, apart, done[: len(done) // 2]


def plain(text=CLIENT):
    return text.replace("    ACCEPT\n", "")


def test_sheet_by_sheet_is_all_together(filled, monkeypatch):
    whole, apart, done = both(filled, filled.client(plain()), monkeypatch)
    assert apart == whole
    assert [draft.written[1] for draft in done] == [60, 20]
    assert not list(filled.root.glob(".*"))


def test_looking_back_is_the_same(filled, monkeypatch):
    day = dt.date(2024, 3, 10)
    horizons = [look_back.Horizon(day, "Asia/Shanghai") for _ in range(2)]
    left = iter(horizons)
    whole, apart, done = both(filled, filled.client(plain()), monkeypatch, lambda: next(left))
    assert apart == whole
    assert all(draft is not None for draft in done)
    assert horizons[0].undated == horizons[1].undated


@pytest.mark.parametrize("most", [5, 19, 20, 40])
def test_accepted_rows_are_counted_over_all_sheets(filled, monkeypatch, most):
    filled.put("工单1.csv", tickets(100, year=2021))
    client = filled.client(CLIENT.replace("ACCEPT", ACCEPT.replace("MOST", str(most))))
    whole, apart, done = both(filled, client, monkeypatch)
    assert apart == whole
    assert (done[0] is not None) == (most >= 20)
    filled.put("工单2.csv", tickets(200, year=2021))
    whole, apart, done = both(filled, client, monkeypatch)
    assert apart == whole
    assert (done[0] is not None) == (most >= 40)


def test_an_acceptance_nothing_needs_is_told_once(filled, monkeypatch):
    client = filled.client(CLIENT.replace("ACCEPT", ACCEPT.replace("MOST", "3")))
    whole, apart, _ = both(filled, client, monkeypatch)
    assert apart == whole
    rules = [fault.rule for fault in ingest.check(client)]
    assert rules.count("accept_unused") == 1


@pytest.mark.parametrize("fault", ["repeated", "restarts", "reference"])
def test_what_needs_all_rows_is_told_as_ever(filled, monkeypatch, fault):
    text = {
        "repeated": tickets(0, category="电梯(客梯)"),
        "restarts": tickets(10, category="噪音"),
        "reference": tickets(300).replace("S1", "S9"),
    }[fault]
    filled.put("工单3.csv", text)
    whole, apart, done = both(filled, filled.client(plain()), monkeypatch)
    assert apart == whole
    assert isinstance(apart, list)
    assert done[0] is None
