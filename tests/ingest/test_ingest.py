"""From raw files to canonical tables: hand-counted rows, values, and reasons."""

from __future__ import annotations

import datetime as dt
import json

import openpyxl
import pandas as pd
import pytest

from analysis import ingest
from analysis.errors import InputError, SchemaError
from analysis.tables import TABLES

SITES = """
  - table: sites
    inline:
      - {site_id: P01, site_name: 城市花园, households: 100}
      - {site_id: P02, site_name: 滨江一号}
"""


def run(bench, text, **head):
    record = ingest.ingest(bench.client(text, **head), bench.root / "canonical")
    return record, {
        path.stem: pd.read_parquet(path) for path in (bench.root / "canonical").glob("*.parquet")
    }


def test_a_wide_questionnaire_becomes_one_row_an_answer(bench):
    bench.put(
        "问卷.csv",
        "序号,项目,提交时间,总体,等待,推荐\n"
        "1,万科·城市花园,2024/3/5 9:08:07,非常满意,1,10分\n"
        "2,P02,2024-03-31 23:30,一般,-3,９\n"
        "2,P02,2024-03-31 23:59,满意,5,8\n"
        "3,P02,2024-04-01 00:30,,4,0\n",
    )
    record, tables = run(
        bench,
        """
labels: {five: {非常满意: 5, 满意: 4, 一般: 3, 不满意: 2, 非常不满意: 1}}
aliases: {sites: {万科·城市花园: P01}}
instruments:
  csat:
    scale: [1, 5]
    items: {q1: {role: overall}, q2: {reversed: true}, nps: {role: nps, scale: [0, 10]}}
sources:"""
        + SITES
        + """
  - table: surveys
    files: [问卷.csv]
    columns: {response_id: 序号, site_id: {from: 项目, aliases: sites}, answered_at: 提交时间}
    constants: {instrument: csat}
    duplicates: {keep: last, order_by: answered_at}
    unpivot:
      missing_codes: {"-3": skipped}
      items: {q1: {from: 总体, labels: five}, q2: 等待, nps: {from: 推荐, units: [分]}}
""",
    )
    got = tables["surveys"].set_index(["response_id", "item"])
    assert got["score"].to_dict() == {
        ("1", "q1"): 5,
        ("1", "q2"): 5,
        ("1", "nps"): 10,
        ("2", "q1"): 4,
        ("2", "q2"): 1,
        ("2", "nps"): 8,
        ("3", "q1"): pytest.approx(float("nan"), nan_ok=True),
        ("3", "q2"): 2,
        ("3", "nps"): 0,
    }
    assert got.loc[("3", "q1"), "missing"] == "blank"
    assert got["site_id"].unique().tolist() == ["P01", "P02"]
    assert got.loc[("1", "q1"), "answered_at"] == pd.Timestamp("2024-03-05 01:08:07Z")
    (source,) = record.tables["surveys"].sources
    assert (source.rows_in, source.rows_added, source.rows_out) == (4, 6, 9)
    assert source.left_out == {"duplicate": 1}
    assert source.columns["score[q2]"].converted["reversed"] >= 2
    assert tables["instruments"].set_index("item").loc["q2", "reversed"]


def test_a_skipped_item_keeps_its_reason(bench):
    bench.put("问卷.csv", "序号,项目,提交时间,总体\n1,P01,2024-03-05 09:08,-3\n")
    _, tables = run(
        bench,
        "instruments: {csat: {scale: [1, 5], items: {q1: {role: overall}}}}\nsources:"
        + SITES
        + """
  - table: surveys
    files: [问卷.csv]
    columns: {response_id: 序号, site_id: 项目, answered_at: 提交时间}
    constants: {instrument: csat}
    unpivot: {missing_codes: {"-3": skipped}, items: {q1: 总体}}
""",
    )
    assert tables["surveys"]["missing"].tolist() == ["skipped"]


def test_scores_one_below_the_other_take_their_items_scale(bench):
    bench.put(
        "评价.csv", "单号,项目,角色,题目,分\n1,P01,同事,b1,1\n1,P01,同事,b2,90\n2,P01,本人,b1,5\n"
    )
    _, tables = run(
        bench,
        """
instruments:
  bars: {scale: [1, 5], items: {b1: {reversed: true}, b2: {scale: [0, 100]}}}
sources:"""
        + SITES
        + """
  - table: ratings
    files: [评价.csv]
    columns:
      rating_id: 单号
      site_id: 项目
      rater_role: {from: 角色, labels: {同事: peer, 本人: self}}
      item: 题目
      score: 分
    constants: {instrument: bars}
""",
    )
    assert tables["ratings"]["score"].tolist() == [5, 90, 1]


def test_ledgers_by_sheet_are_appended_and_summed_to_the_key(bench):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for month, amounts in (("2024年1月", (1.5, 2.5)), ("2024年2月", (3, 4))):
        sheet = book.create_sheet(month)
        sheet.append(["项目", "房号", "应收", "实收"])
        sheet.append(["P01", "1-1", amounts[0], 1])
        sheet.append([None, "1-2", amounts[1], 1])
        sheet.append(["合计", None, sum(amounts), 2])
    book.save(bench.raw / "收费.xlsx")
    record, tables = run(
        bench,
        "sources:"
        + SITES
        + """
  - table: fees
    files: [收费.xlsx]
    sheets: ["2024年*"]
    fill_down: [项目]
    columns:
      site_id: 项目
      month: $sheet
      receivable: {from: 应收, factor: 10000}
      collected: {from: 实收, factor: 10000}
    drop: {房号: finer than the site}
    aggregate: {sum: [receivable, collected]}
""",
    )
    assert tables["fees"]["receivable"].tolist() == [40000, 70000]
    assert tables["fees"]["month"].tolist() == [dt.date(2024, 1, 1), dt.date(2024, 2, 1)]
    (source,) = record.tables["fees"].sources
    assert source.left_out == {"aggregated": 2, "total": 2}
    assert (source.rows_in, source.rows_out) == (6, 2)


def test_accepted_faults_are_counted_and_drop_or_lose_the_value(bench):
    bench.put(
        "工单.csv",
        "号,项目,状态,开,关\nW1,P01,有效,2024-03-05 09:00,2024-03-05 08:00\n"
        "W2,总部,有效,2024-03-05 09:00,\nW3,P02,作废,2024-03-05 09:00,\n",
    )
    record, tables = run(
        bench,
        "sources:"
        + SITES
        + """
  - table: tickets
    files: [工单.csv]
    columns: {ticket_id: 号, site_id: 项目, opened_at: 开, resolved_at: 关}
    only: {状态: [有效]}
    accept:
      - {rule: date_order, column: resolved_at, max_rows: 5, reason: old clock}
      - {rule: unmatched_reference, column: site_id, max_rows: 5, reason: head office}
""",
    )
    assert tables["tickets"]["ticket_id"].tolist() == ["W1"]
    assert tables["tickets"]["resolved_at"].isna().all()
    (source,) = record.tables["tickets"].sources
    assert source.left_out == {"accepted:unmatched_reference": 1, "filtered": 1}
    assert [(a.rule, a.rows, a.then) for a in source.accepted] == [
        ("date_order", 1, "null"),
        ("unmatched_reference", 1, "drop"),
    ]


ORDERS = (
    SITES
    + """
  - table: tickets
    files: [工单.csv]
    columns: {ticket_id: 号, site_id: 项目, opened_at: 开, resolved_at: 关}
"""
)


def test_the_period_begins_and_ends_with_its_months(bench):
    days = ("2024-01-01 00:00", "2024-12-31 23:59", "2023-12-31 23:59", "2025-01-01 00:00")
    lines = [f"W{number},P01,{day},\n" for number, day in enumerate(days)]
    bench.put("工单.csv", "".join(["号,项目,开,关\n", *lines[:2]]))
    _, tables = run(bench, "sources:" + ORDERS)
    assert len(tables["tickets"]) == 2
    bench.put("工单.csv", "".join(["号,项目,开,关\n", *lines]))
    with pytest.raises(InputError) as caught:
        run(bench, "sources:" + ORDERS)
    assert sorted((f.rule, f.row) for f in caught.value.faults) == [
        ("period_outside", 4),
        ("period_outside", 5),
    ]


def test_an_order_may_be_resolved_the_moment_it_was_opened(bench):
    head, same = "号,项目,开,关\n", "W1,P01,2024-03-05 09:00,2024-03-05 09:00\n"
    bench.put("工单.csv", head + same)
    _, tables = run(bench, "sources:" + ORDERS)
    assert tables["tickets"]["resolved_at"].notna().all()
    bench.put("工单.csv", head + same + "W2,P01,2024-03-05 09:00,2024-03-05 08:59\n")
    with pytest.raises(InputError) as caught:
        run(bench, "sources:" + ORDERS)
    (fault,) = caught.value.faults
    assert (fault.rule, fault.row) == ("date_order", 3)


def test_sites_can_be_derived_and_conflicts_are_told(bench):
    bench.put("工单.csv", "号,项目,片区,开\n1,A,东,2024-03-05 09:00\n2,A,西,2024-03-05 09:00\n")
    text = """
sources:
  - table: sites
    files: [工单.csv]
    distinct: true
    columns: {site_id: 项目, site_name: 项目, region: 片区}
  - table: tickets
    files: [工单.csv]
    columns: {ticket_id: 号, site_id: 项目, opened_at: 开}
"""
    (fault,) = ingest.check(bench.client(text))
    assert (fault.rule, fault.row, fault.params["columns"]) == ("distinct_conflict", 3, "region")


def test_a_blocking_fault_writes_nothing(bench):
    bench.put("工单.csv", "号,项目,开\n1,P09,2024-03-05 09:00\n")
    text = (
        "sources:"
        + SITES
        + """
  - table: tickets
    files: [工单.csv]
    columns: {ticket_id: 号, site_id: 项目, opened_at: 开}
"""
    )
    with pytest.raises(InputError, match="no such row"):
        run(bench, text)
    assert not (bench.root / "canonical").exists()


def test_the_record_round_trips_and_refuses_lost_rows(bench):
    record, tables = run(bench, "sources:" + SITES)
    assert ingest.IngestRecord.load(bench.root / "canonical") == record
    assert tables["sites"]["households"].tolist()[0] == 100
    with pytest.raises(SchemaError, match="rows in"):
        ingest.SourceRecord(title="x", rows_in=3, rows_out=1, left_out={"total": 1})


def test_every_written_table_has_its_schema(bench):
    import pyarrow.parquet as pq

    run(bench, "sources:" + SITES)
    schema = pq.read_schema(bench.root / "canonical" / "sites.parquet")
    assert schema.remove_metadata() == TABLES["sites"].schema()


def test_ingest_twice_gives_the_same_bytes(bench):
    run(bench, "sources:" + SITES)
    first = {k: v for k, v in bench.tree().items() if k.startswith("canonical")}
    run(bench, "sources:" + SITES)
    assert {k: v for k, v in bench.tree().items() if k.startswith("canonical")} == first
    assert json.loads(first["canonical/ingest.json"])["client"] == "acme"
