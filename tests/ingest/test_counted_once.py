"""Units beside the cells, rows that would count twice, totals under a name of their own."""

from __future__ import annotations

import openpyxl
import pandas as pd
import pytest

from analysis import ingest, wording

LEDGER = """
sources:
  - table: fees
    files: [台账*.*]
    columns: {site_id: 项目, month: 账期, receivable: RECEIVABLE, collected: 实收}
"""
FINER = LEDGER.rstrip() + "\n    drop: [楼栋]\n    aggregate: {sum: [receivable, collected]}\n"
BUILDINGS = ["A园,1栋,2024-01,1000,800", "A园,2栋,2024-01,2000,1600", "B园,1栋,2024-01,500,400"]


def told(bench, text):
    return [(f.rule, f.row) for f in ingest.check(bench.client(text)) if f.blocking]


def fees(bench, text):
    ingest.ingest(bench.client(text), bench.root / "canonical")
    return pd.read_parquet(bench.root / "canonical" / "fees.parquet")


def finer(bench, rows, name="台账.csv"):
    bench.put(name, "\n".join(["项目,楼栋,账期,应收,实收", *rows]) + "\n")
    return FINER.replace("RECEIVABLE", "应收")


@pytest.mark.parametrize(
    ("header", "factor"),
    [("应收(万元)", 10_000), ("应收（千元）", 1_000), ("应收/百万元", 1_000_000)],
)
def test_a_unit_in_the_header_is_declared_or_refused(bench, header, factor):
    bench.put("台账.csv", f"项目,账期,{header},实收\nA园,2024-01,1.5,900\n")
    (fault,) = ingest.check(bench.client(LEDGER.replace("RECEIVABLE", header)))
    assert (fault.rule, fault.row, fault.column) == ("unit_undeclared", 1, header)
    assert fault.params["option"] == f"factor: {factor}"
    declared = f"{{from: {header}, factor: {factor}}}"
    assert fees(bench, LEDGER.replace("RECEIVABLE", declared))["receivable"].tolist() == [
        1.5 * factor
    ]
    as_is = f"{{from: {header}, factor: 1}}"
    assert fees(bench, LEDGER.replace("RECEIVABLE", as_is))["receivable"].tolist() == [1.5]


@pytest.mark.parametrize(
    "said", ["单位：万元", "金额单位:万元", "2024年台账,,（单位：人民币万元）"]
)
def test_a_unit_above_the_table_is_declared_or_refused(bench, said):
    bench.put("台账.csv", f"{said}\n项目,账期,应收,实收\nA园,2024-01,1.5,0.9\n")
    text = LEDGER.replace("RECEIVABLE", "应收")
    assert told(bench, text) == [("unit_undeclared", 1)]
    factors = text.replace("应收,", "{from: 应收, factor: 10000},")
    factors = factors.replace("实收}", "{from: 实收, factor: 10000}}")
    assert fees(bench, factors)["collected"].tolist() == [9000]


def test_a_unit_in_the_name_of_a_file_or_the_usual_one(bench):
    bench.put("台账_万元.csv", "项目,账期,应收,实收\nA园,2024-01,1.5,0.9\n")
    text = LEDGER.replace("RECEIVABLE", "应收")
    assert {rule for rule, _ in told(bench, text)} == {"unit_undeclared"}
    (bench.raw / "台账_万元.csv").unlink()
    bench.put("台账.csv", "单位：元\n项目,账期,应收(元),实收\nA园,2024-01,1.5,0.9\n")
    assert fees(bench, text.replace("应收", "应收(元)"))["receivable"].tolist() == [1.5]


def test_a_word_in_the_cell_and_a_factor_do_not_count_twice(bench):
    bench.put("台账.csv", "项目,账期,应收,实收\nA园,2024-01,1.5万,900\n")
    assert told(bench, LEDGER.replace("RECEIVABLE", "{from: 应收, factor: 10000}")) == [
        ("factor_twice", None)
    ]
    assert fees(bench, LEDGER.replace("RECEIVABLE", "应收"))["receivable"].tolist() == [15_000]


def test_minutes_in_the_header_of_hours(bench):
    bench.put("学习.csv", "工号,课程,班次,学时(分钟)\n00001,投诉,一,90\n")
    text = """
sources:
  - table: enrolments
    files: [学习.csv]
    columns: {staff_id: 工号, module: 课程, session: 班次, hours: HOURS}
"""
    assert told(bench, text.replace("HOURS", "学时(分钟)")) == [("unit_undeclared", 1)]
    for unit, hours in (("minutes", 1.5), ("hours", 90)):
        declared = text.replace("HOURS", f"{{from: 学时(分钟), unit: {unit}}}")
        ingest.ingest(bench.client(declared), bench.root / "canonical")
        found = pd.read_parquet(bench.root / "canonical" / "enrolments.parquet")
        assert found["hours"].tolist() == [hours]
    bench.put("学习.csv", "工号,课程,班次,学时(分钟)\n00001,投诉,一,90分钟\n")
    assert told(bench, text.replace("HOURS", "学时(分钟)")) == []


# ---- rows that would count twice


def test_a_row_that_stands_twice_is_not_summed_unasked(bench):
    text = finer(bench, [*BUILDINGS, BUILDINGS[1]])
    assert told(bench, text) == [("repeat_same", 5)]
    accept = "    accept: [{rule: repeat_same, max_rows: 1, THEN reason: 同一行}]\n"
    once = fees(bench, text + accept.replace("THEN", "then: drop,"))
    assert once["receivable"].tolist() == [3000, 500]
    both = fees(bench, text + accept.replace("THEN", ""))
    assert both["receivable"].tolist() == [5000, 500]


def test_a_row_that_differs_in_an_amount_only_is_told_with_the_first(bench):
    text = finer(bench, [*BUILDINGS, "A园,2栋,2024-01,2000,1900"])
    (fault,) = ingest.check(bench.client(text))
    assert (fault.rule, fault.row, fault.params["first_row"]) == ("repeat_differs", 5, 3)
    assert fault.params["columns"] == "实收"


def test_a_month_delivered_twice_is_not_summed(bench):
    finer(bench, BUILDINGS, "台账_1.csv")
    text = finer(bench, BUILDINGS, "台账_1(修订).csv")
    faults = ingest.check(bench.client(text))
    assert [(f.rule, f.file, f.more_rows) for f in faults] == [("repeat_same", "raw/台账_1.csv", 2)]
    assert faults[0].params["first_place"] == "raw/台账_1(修订).csv"


@pytest.mark.parametrize(
    "rows",
    [
        ["A园,1栋,2024-01,100,100"] * 3 + ["A园,2栋,2024-01,100,100"] * 2,  # flats without a number
        ["A园,1栋,2024-01,100,100", "A园,2栋,2024-01,100,100", "A园,1栋,2024-02,100,100"],
    ],
)
def test_rows_that_nothing_tells_apart_are_summed(bench, rows):
    found = fees(bench, finer(bench, rows))
    assert found["receivable"].sum() == 100 * len(rows)


def test_numbers_of_rooms_tell_rows_apart(bench):
    lines = [f"A园,1栋,2024-01,100,100,{room}" for room in (101, 102, 103, 101)]
    bench.put("台账.csv", "\n".join(["项目,楼栋,账期,应收,实收,房号", *lines]) + "\n")
    text = FINER.replace("RECEIVABLE", "应收").replace("drop: [楼栋]", "drop: [楼栋, 房号]")
    assert told(bench, text) == [("repeat_same", 5)]


def test_a_building_that_one_of_the_sheets_lacks_is_told(bench):
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in (
        ("应收", [["A园", "1栋", 60], ["A园", "2栋", 40], ["B园", "1栋", 200]]),
        ("实收", [["A园", "1栋", 55], ["B园", "1栋", 180]]),
    ):
        sheet = made.create_sheet(name)
        sheet.append(["项目", "楼栋", "2024-01", "2024-02"])
        for row in rows:
            sheet.append([*row, row[-1]])
    made.save(bench.raw / "台账.xlsx")
    text = """
sources:
  - table: fees
    files: [台账.xlsx]
    wide: {heads: '(?P<head>\\d{4}-\\d{2})', measure: $sheet}
    columns: {site_id: 项目, month: $head, receivable: 应收, collected: 实收}
    drop: [楼栋]
    aggregate: {sum: [receivable, collected]}
"""
    (fault,) = ingest.check(bench.client(text))
    assert (fault.rule, fault.sheet, fault.row) == ("part_lacking", "应收", 3)
    assert (fault.more_rows, "2栋" in fault.params["group"]) == (1, True)
    known = "    accept: [{rule: part_lacking, max_rows: 2, reason: 无实收}]\n"
    assert fees(bench, text + known)["collected"].tolist() == [55, 55, 180, 180]


# ---- totals under a name of their own

PLACES = ["A园,2024-01,1000,800", "B园,2024-01,2000,1600", "C园,2024-01,500,410"]


def plain(bench, rows):
    bench.put("台账.csv", "\n".join(["项目,账期,应收,实收", *rows]) + "\n")
    return LEDGER.replace("RECEIVABLE", "应收")


@pytest.mark.parametrize("name", ["物业集团", "东区", "平均", "全部项目", "累计"])
def test_a_total_is_no_further_site(bench, name):
    text = plain(bench, [*PLACES, f"{name},2024-01,3500,2810"])
    assert told(bench, text) == [("total_suspected", 5)]
    accept = "    accept: [{rule: total_suspected, max_rows: 1, then: drop, reason: 合计}]\n"
    assert fees(bench, text + accept)["site_id"].tolist() == ["A园", "B园", "C园"]


def test_a_site_that_equals_the_others_in_one_of_two_months_is_a_site(bench):
    more = [row.replace("2024-01", "2024-02") for row in PLACES]
    text = plain(bench, [*PLACES, "D园,2024-01,3500,2810", *more, "D园,2024-02,900,700"])
    assert len(fees(bench, text)) == 8


# ---- identifiers, pages, notes


def test_digits_beside_padded_ones_may_have_lost_their_zeros(bench):
    bench.put("学习.csv", "工号,课程,班次\n00101,投诉,一\n'00117,投诉,一\n38,投诉,一\n")
    text = """
sources:
  - table: enrolments
    files: [学习.csv]
    columns: {staff_id: STAFF, module: 课程, session: 班次}
"""
    assert told(bench, text.replace("STAFF", "工号")) == [("id_zeros_lost", 4)]
    for width in (1, 5):
        assert told(bench, text.replace("STAFF", f"{{from: 工号, width: {width}}}")) == []


def test_the_tables_of_a_page_have_names_to_choose_by(bench):
    table = "<table>{}</table>".format
    row = "<tr>{}</tr>".format

    def cells(*texts):
        return row("".join(f"<td>{text}</td>" for text in texts))

    ledger = table(cells("项目", "账期", "应收", "实收") + cells("A园", "2024-01", 5, 4))
    notes = table(cells("说明", "日期") + cells("由系统导出", "2024-02-01"))
    bench.put("台账.xls", f"<html><body>{ledger}{notes}</body></html>")
    text = LEDGER.replace("RECEIVABLE", "应收")
    assert "column_missing" in {rule for rule, _ in told(bench, text)}
    chosen = text.replace("columns:", "sheets: [table 1]\n    columns:")
    assert fees(bench, chosen)["receivable"].tolist() == [5]
    (unread,) = ingest.check(bench.client(chosen))
    assert (unread.rule, unread.sheet) == ("sheet_unread", "table 2")
    bench.put("台账.xls", f"<html><body>{ledger}</body></html>")
    assert fees(bench, text)["receivable"].tolist() == [5]


@pytest.mark.parametrize(
    "note",
    [
        "制表：客服部,审核：财务部,,",
        "1. 数据来源：系统,,,",
        ",,—— 完 ——,",
        "审核人：,张三,,",
        "（2）注：不含空置房,,,",
    ],
)
def test_notes_below_the_table_are_no_rows(bench, note):
    text = plain(bench, [*PLACES, ",,,", note])
    assert len(fees(bench, text)) == 3


def test_a_row_that_only_begins_like_a_note_is_a_row(bench):
    text = plain(bench, [*PLACES, "注册园,2024-01,700,600"])
    assert len(fees(bench, text)) == 4


def ledger_of_sheets(bench, said):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for month in range(1, 13):
        sheet = book.create_sheet(f"2024年{month}月")
        sheet.append(["收费台账", said])
        sheet.append(["项目", "账期", "应收", "实收"])
        sheet.append(["A园", f"2024-{month:02d}", 1.5, 1.2])
    book.save(bench.raw / "台账.xlsx")
    return LEDGER.replace("RECEIVABLE", "应收")


def test_a_unit_of_many_columns_and_sheets_is_told_once_with_their_number(bench):
    text = ledger_of_sheets(bench, "单位:万元")
    (fault,) = [f for f in ingest.check(bench.client(text)) if f.blocking]
    assert (fault.rule, fault.column, fault.params["count"]) == (
        "unit_undeclared",
        "实收, 应收",
        24,
    )
    assert "24 places" in wording.fault_sentence(fault, "en")
    assert "24 处" in wording.fault_sentence(fault, "zh_CN")
    assert "factor: 10000" in wording.fault_example(fault, "en")


def test_two_units_are_two_messages(bench):
    bench.put("台账.csv", "项目,账期,应收(万元),实收(千元)\nA园,2024-01,1.5,900\nA园,2024-02,1,9\n")
    text = LEDGER.replace("RECEIVABLE", "应收(万元)").replace("实收}", "实收(千元)}")
    assert told(bench, text) == [("unit_undeclared", 1)] * 2


def test_shares_without_a_unit_are_told_once_with_their_number(bench):
    for month in (1, 2, 3):
        rows = "".join(f"E{n},课,班{month},{n / 100},2024-0{month}-05\n" for n in range(1, 31))
        bench.put(f"培训{month}.csv", f"工号,课程,班次,进度,日期\n{rows}")
    text = (
        "sources:\n"
        "  - table: enrolments\n    files: [培训*.csv]\n"
        "    columns: {staff_id: 工号, module: 课程, session: 班次, completion: 进度, "
        "held_on: 日期}\n"
    )
    (fault,) = [f for f in ingest.check(bench.client(text)) if f.blocking]
    assert fault.rule == "share_unit_undeclared"
    assert (fault.more_rows, fault.more_files) == (89, 2)


WIDE = """
  - table: fees
    files: 台账.csv
    columns: {site_id: 项目, month: {from: $head}, receivable: 应收, collected: 实收}
    drop: [楼栋]
    wide: '(?P<head>\\d{4}年\\d{1,2}月)·(?P<measure>应收|实收)'
    aggregate: {sum: [receivable, collected]}
"""


@pytest.mark.parametrize(
    ("amounts", "rows"),
    [
        (
            ("1464.24,1464.20,7933.5,0", "5056,3304.98,3116.8,3116.8"),
            [4],
        ),  # the first of them is told
        (("120,120,120,120", "120,120,120,0"), []),  # flats of equal fees
    ],
)
def test_most_lines_of_months_twice_are_told_where_their_amounts_tell(bench, amounts, rows):
    """Two of two lines stand twice, so that no column tells rows apart; the amounts do."""
    head = "项目,楼栋,2024年5月·应收,2024年5月·实收,2024年10月·应收,2024年10月·实收"
    lines = [f"{site},1栋,{cells}" for site, cells in zip(("A园", "B园"), amounts, strict=True)]
    bench.put("台账.csv", "\n".join([head, *lines, *lines]) + "\n")
    text = LEDGER[: LEDGER.index("  - table: fees")] + WIDE.lstrip("\n")
    found = ingest.check(bench.client(text))
    assert sorted({f.row for f in found if f.rule == "repeat_same"}) == rows
