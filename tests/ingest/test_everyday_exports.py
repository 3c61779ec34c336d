"""Everyday exports with odd spellings: the value a person would read, or a refusal with advice."""

from __future__ import annotations

import datetime as dt

import openpyxl
import pandas as pd
import pytest
from ruamel.yaml import YAML

from analysis import client as clients
from analysis import ingest, wording
from analysis.errors import InputError
from analysis.wording.faults import fault_example

FEES = """
sources:
  - table: fees
    files: [台账.*]
    columns: {site_id: 项目, month: 月份, receivable: RECEIVABLE, collected: 实收}
"""
SCORES = """
instruments:
  s: {scale: [1, 5], items: {q1: {role: overall}}}
sources:
  - table: surveys
    files: [问卷.csv]
    columns: {response_id: 编号, site_id: 项目, answered_at: 时间}
    constants: {instrument: s}
    unpivot: {items: {q1: HOW}}
"""


def faults(bench, text):
    return ingest.check(bench.client(text))


def taken(bench, text, table):
    ingest.ingest(bench.client(text), bench.root / "canonical")
    return pd.read_parquet(bench.root / "canonical" / f"{table}.parquet")


def proposed(bench, *files):
    text = ingest.propose("acme", files, lambda key: wording.text(f"proposal.{key}", "en"))
    return YAML(typ="safe").load(text)


def fees(bench, rows, receivable="应收"):
    lines = [",".join(map(str, row)) for row in [("项目", "月份", "应收", "实收"), *rows]]
    bench.put("台账.csv", "\n".join(lines) + "\n")
    return FEES.replace("RECEIVABLE", receivable)


def scores(bench, cells, how="总体"):
    lines = [f"{n},A园,2024-03-01 09:00,{cell}" for n, cell in enumerate(cells, start=1)]
    bench.put("问卷.csv", "\n".join(["编号,项目,时间,总体", *lines]) + "\n")
    return SCORES.replace("HOW", how)


@pytest.mark.parametrize("cell", ["12000元", "12000.00元", "12000 圆", "12000元整", "1.2万元"])
def test_a_factor_never_multiplies_what_says_its_own_unit(bench, cell):
    text = fees(bench, [("A园", "2024-01", cell, 1), ("B园", "2024-01", "2.4", 1)],
                "{from: 应收, factor: 10000}")  # fmt: skip
    (fault,) = faults(bench, text)
    assert (fault.rule, fault.blocking, fault.params["count"]) == ("factor_twice", True, 1)


def test_amounts_in_yuan_need_no_factor(bench):
    rows = [("A园", "2024-01", "12000元", "1.2万元"), ("B园", "2024-01", "￥2400", 2400)]
    found = taken(bench, fees(bench, rows), "fees")
    assert found["receivable"].tolist() == [12000, 2400]
    assert found["collected"].tolist() == [12000, 2400]


EAST = [("A园", 10050.5, 8000), ("B园", 21000, 18000)]
WEST = [("C园", 30400, 25000), ("D园", 5700, 5100), ("E园", 6050.25, 5000)]


def by_district(*, above):
    rows = []
    for month in ("2024-01", "2024-02"):
        for name, parts in (("东部片区", EAST), ("西部片区", WEST)):
            total = (name, sum(p[1] for p in parts), sum(p[2] for p in parts))
            rows += [(s, month, due, paid) for s, due, paid in
                     ([total, *parts] if above else [*parts, total])]  # fmt: skip
    return rows


@pytest.mark.parametrize("above", [False, True])
def test_totals_of_districts_are_no_sites(bench, above):
    found = faults(bench, fees(bench, by_district(above=above)))
    assert [(fault.rule, fault.blocking) for fault in found] == [("total_suspected", True)] * 4
    accepted = "    accept: [{rule: total_suspected, max_rows: 4, then: drop, reason: districts}]\n"
    found = taken(bench, fees(bench, by_district(above=above)) + accepted, "fees")
    assert sorted(found["site_id"].unique()) == ["A园", "B园", "C园", "D园", "E园"]
    assert found["receivable"].sum() == 2 * (10050.5 + 21000 + 30400 + 5700 + 6050.25)


@pytest.mark.parametrize(
    "rows",
    [
        [(100, 90), (100, 90), (200, 180), (50, 40)],  # too small to rule out chance
        [(0, 0), (10050.5, 8000), (10050.5, 8000), (7000, 6000)],  # one row is no total
        [(10050.5, 8000), (21000, 18000), (31050.5, 25000), (900, 80)],  # one amount agrees
    ],
)
def test_sites_that_agree_by_chance_stay(bench, rows):
    rows = [(f"{n}园", "2024-01", *amounts) for n, amounts in enumerate(rows)]
    assert len(taken(bench, fees(bench, rows), "fees")) == len(rows)


def test_a_site_is_no_total_because_it_was_one_month(bench):
    months = [("2024-01", 31050.5, 26000), ("2024-02", 31000, 26000)]
    rows = []
    for month, due, paid in months:
        rows += [(name, month, *amounts) for name, *amounts in EAST]
        rows += [("C园", month, due, paid), ("D园", month, 1, 1)]
    assert faults(bench, fees(bench, rows)) == []


@pytest.mark.parametrize("total", ["小计：2单", "合计 2", "共计2条", "Total: 2 tickets", "总计(2)"])
def test_a_total_with_its_sum_beside_it_is_no_ticket(bench, total):
    bench.put(
        "工单.csv",
        "单号,项目,时间\nT1,A园,2024-01-03 09:05\nT2,A园,2024-01-04 09:05\n" + total + ",,\n",
    )
    text = """
sources:
  - table: tickets
    files: [工单.csv]
    columns: {ticket_id: 单号, site_id: 项目, opened_at: 时间}
"""
    assert taken(bench, text, "tickets")["ticket_id"].tolist() == ["T1", "T2"]


def test_what_only_begins_like_a_total_is_kept(bench):
    bench.put(
        "工单.csv", "单号,项目,时间\nT1,A园,2024-01-03 09:05\n合计园-7号楼,A园,2024-01-04 09:05\n"
    )
    text = "\nsources:\n  - table: tickets\n    files: [工单.csv]\n"
    text += "    columns: {ticket_id: 单号, site_id: 项目, opened_at: 时间}\n"
    assert len(taken(bench, text, "tickets")) == 2


@pytest.mark.parametrize(
    ("cells", "rule", "said"),
    [
        (["5星", "4星"], "number_unit", "units: [星]"),
        (["4/5", "3/5"], "number_out_of", "'^([\\d.]+)/5$'"),
        (["4.5分(还行)", "4分(还行)"], "label_undeclared", "[^\\d半]*$"),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_advice_on_numbers_with_more_beside_them(bench, cells, rule, said, language):
    for fault in faults(bench, scores(bench, cells)):
        assert fault.rule == rule
        assert said in fault_example(fault, language)


@pytest.mark.parametrize(
    ("cells", "how", "values"),
    [
        (["5星", "4星"], "{from: 总体, units: [星]}", [5, 4]),
        (["4/5", "3.5/5"], "{from: 总体, pattern: '^([\\d.]+)/5$'}", [4, 3.5]),
        (
            ["4.5分(还行)", "4分(还行)", "5"],
            "{from: 总体, pattern: '^\\D*(\\d+(?:\\.\\d+)?)[^\\d半]*$'}",
            [4.5, 4, 5],
        ),
    ],
)
def test_that_advice_gives_the_number_that_was_meant(bench, cells, how, values):
    assert taken(bench, scores(bench, cells, how), "surveys")["score"].tolist() == values


@pytest.mark.parametrize("cell", ["4.5分", '"4,500"', "14.5"])
def test_no_pattern_cuts_a_number(bench, cell):
    pattern = "'4'" if cell == "14.5" else "'(\\d+)'"
    (fault,) = faults(bench, scores(bench, [cell], f"{{from: 总体, pattern: {pattern}}}"))
    assert (fault.rule, fault.blocking) == ("pattern_cuts", True)


@pytest.mark.parametrize(
    ("cell", "rule"),
    [("3星半", "pattern_cuts"), ("3 分半", "pattern_cuts"), ("3半", "pattern_cuts"),
     ("4/5", "pattern_leaves"), ("3-4", "pattern_leaves"), ("4分（满分5分）", "pattern_leaves")],
)  # fmt: skip
def test_no_pattern_leaves_a_part_of_the_answer(bench, cell, rule):
    (fault,) = faults(bench, scores(bench, [cell, "4星"], "{from: 总体, pattern: '(\\d+)'}"))
    assert (fault.rule, fault.blocking) == (rule, True)


def test_a_pattern_of_the_whole_cell_may_say_that_the_rest_means_nothing(bench):
    how = "{from: 总体, pattern: '^(\\d+)分.*$'}"
    found = taken(bench, scores(bench, ["4分（满分5分）", "3分"], how), "surveys")
    assert found["score"].tolist() == [4, 3]


@pytest.mark.parametrize("column", ["房号", "总体"])
def test_a_date_that_a_spreadsheet_made_is_named_as_one(bench, column):
    made = openpyxl.Workbook()
    made.active.append(["编号", "项目", "时间", "房号", "总体"])
    cells = {"房号": "1-203", "总体": 4, column: dt.datetime(2024, 3, 4)}
    made.active.append(["1", "A园", "2024-03-01 09:00", *cells.values()])
    made.save(bench.raw / "问卷.xlsx")
    text = SCORES.replace("问卷.csv", "问卷.xlsx").replace("HOW", "总体")
    text = text.replace("时间}", "时间, household_id: 房号}")
    (fault,) = faults(bench, text)
    assert (fault.rule, fault.column) == ("turned_to_date", column)


@pytest.mark.parametrize(
    ("cells", "scale"),
    [
        (("★★★★★", "★★★☆☆", "★☆☆☆☆"), [1, 5]),
        (("⭐⭐⭐⭐⭐", "⭐⭐"), [1, 5]),
        (("★★★", "★★", "★"), "DECIDE"),  # of three, or of five
    ],
)
def test_stars_are_proposed_as_answers(bench, cells, scale):
    rows = [f"{n},2024-03-01 09:00,A园,{cell}" for n, cell in enumerate(cells, start=1)]
    path = bench.put("评价.csv", "\n".join(["答卷编号,提交时间,小区,总体满意度", *rows]) + "\n")
    read = proposed(bench, path)
    assert read["instruments"]["surveys_评价"]["scale"] == scale
    assert {c: read["labels"]["five"][c] for c in cells} == {
        c: sum(mark != "☆" for mark in c) for c in cells
    }


def test_what_a_questionnaire_writes_for_no_answer_is_proposed_with_its_reason(bench):
    path = bench.put(
        "问卷.csv",
        "序号,提交答卷时间,项目,2、总体满意度,3、维修\n1,2024/3/5 9:12:33,A园,满意,(跳过)\n"
        "2,2024/3/5 9:15:33,B园,(空),一般\n",
    )
    read = proposed(bench, path)
    assert read["sources"][0]["unpivot"]["missing_codes"] == {"(跳过)": "skipped", "(空)": "blank"}
    assert read["instruments"]["surveys_问卷"]["scale"] == [1, 5]


def test_work_orders_without_a_number_are_counted_by_sheet(bench):
    made = openpyxl.Workbook()
    made.remove(made.active)
    for month in ("1月", "2月"):
        sheet = made.create_sheet(month)
        sheet.append(["序号", "项目", "诉求类型", "受理时间", "办结时间"])
        sheet.append([1, "A园", "报修", "2024-01-03 9:05", "2024-01-03 10:05"])
    made.save(bench.raw / "台账.xlsx")
    (source,) = proposed(bench, bench.raw / "台账.xlsx")["sources"]
    assert source["table"] == "tickets"
    assert source["columns"]["ticket_id"] == {"from": ["$file", "$sheet", "序号"], "join": "-"}


def test_waves_called_by_words_are_numbered(bench):
    path = bench.put(
        "计划.csv",
        "项目,培训批次,计划开始,实际开始\nA园,第一批,2024-03-01,\nB园,第二批,2024-06-01,\nC园,不参加,,\n",
    )
    (source,) = proposed(bench, path)["sources"]
    assert source["columns"]["wave"]["labels"] == {"第一批": 1, "第二批": 2, "不参加": 0}
    assert source["columns"]["arm"]["labels"]["不参加"] == "comparison"


def test_columns_of_sums_are_left_out_of_a_ledger(bench):
    path = bench.put("收费.csv", "项目,月份,应收,实收,合计\nA园,2024-01,100,80,180\n")
    (source,) = proposed(bench, path)["sources"]
    assert source["drop"] == {"合计": "computed from other columns"}


def test_a_file_whose_header_is_not_found_says_so(bench):
    path = bench.put("问卷.csv", "序号,时间,满意度,满意度,满意度\n1,2024-03-01 9:00,5,4,3\n")
    text = ingest.propose("acme", [path], lambda key: wording.text(f"proposal.{key}", "en"))
    assert wording.text("proposal.no_header", "en") in text
    assert wording.text("proposal.no_rows", "en") not in text


def test_an_undecided_scale_is_told_once(bench):
    text = scores(bench, ["5"]).replace("[1, 5]", "DECIDE")
    with pytest.raises(InputError) as refused:
        bench.client(text)
    assert [f.rule for f in refused.value.faults] == ["client_undecided"]
    part = clients.load_in_part(bench.folder / "client.yml")
    assert [f.rule for f in ingest.examine_in_part(part)] == []
