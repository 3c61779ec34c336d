"""Each kind of fault by itself: the check tells it first, in both languages, and run refuses alike.

One case a rule, and a rule without a case fails: what a new one can stop, the check must tell.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import sys

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis import ingest, wording
from analysis.errors import InputError
from analysis.ingest.cleaning import RULES as OF_CELLS
from analysis.ingest.problems import RULES as OF_TABLES
from analysis.ingest.readers import RULES as OF_FILES

SITES = """
labels: {kind: {报修: repair, 投诉: complaint}}
instruments:
  csat: {scale: [1, 5], items: {q1: {role: overall}, q2: {}}}
  net: {scale: [0, 10], items: {n1: {role: nps}}}
sources:
  - table: sites
    inline: [{site_id: P01, site_name: 一号, households: 100}, {site_id: P02, site_name: 二号}]
"""


def text(head, *rows):
    return "\n".join([head, *rows]) + "\n"


def orders(bench, column, *cells, header="X", xlsx=False):
    """Work orders with one further column X, read as ``column`` says."""
    column = column.replace("X", header)
    if xlsx:
        book = openpyxl.Workbook()
        book.active.append(["单号", "项目", "时间", header])
        for number, cell in enumerate(cells):
            book.active.append([f"W{number}", "P01", "2024-03-05 09:00", cell])
        book.save(bench.raw / "工单.xlsx")
    else:
        rows = [f"W{n},P01,2024-03-05 09:00,{cell}" for n, cell in enumerate(cells)]
        bench.put("工单.csv", text(f"单号,项目,时间,{header}", *rows))
    return (
        f"{SITES}  - table: tickets\n    files: [工单.*]\n"
        f"    columns: {{ticket_id: 单号, site_id: 项目, opened_at: 时间, {column}}}\n"
    )


def times(bench, *cells, how=""):
    """Work orders whose opening has these cells."""
    bench.put("工单.csv", text("单号,项目,时间", *(f"W{n},P01,{c}" for n, c in enumerate(cells))))
    return (
        f"{SITES}  - table: tickets\n    files: [工单.*]\n    columns:\n"
        f"      {{ticket_id: 单号, site_id: 项目, opened_at: {{from: 时间{how}}}}}\n"
    )


def contracts(bench, *cells, column="due_on", how="", xlsx=False):
    """Contracts with these days; or identifiers, of the column that is named."""
    other = "contract_id" if column == "due_on" else "due_on"
    others = [f"H{n}" if other == "contract_id" else "2024-03-05" for n in range(len(cells))]
    if xlsx:
        book = openpyxl.Workbook()
        book.active.append(["甲", "乙"])
        for cell, beside in zip(cells, others, strict=True):
            book.active.append([cell, beside])
        book.save(bench.raw / "合同.xlsx")
    else:
        rows = [f"{cell},{beside}" for cell, beside in zip(cells, others, strict=True)]
        bench.put("合同.csv", text("甲,乙", *rows))
    return (
        f"{SITES}  - table: contracts\n    files: [合同.*]\n    constants: {{site_id: P01}}\n"
        f"    columns: {{{column}: {{from: 甲{how}}}, {other}: 乙}}\n"
    )


def lessons(bench, column, *cells, how=""):
    """Enrolments with one further column X."""
    bench.put("培训.csv", text("工号,X", *(f"E{n:03d},{c}" for n, c in enumerate(cells))))
    return (
        f"{SITES}  - table: enrolments\n    files: [培训.*]\n"
        "    constants: {module: 课, session: 一}\n"
        f"    columns: {{staff_id: 工号, {column}: {{from: X{how}}}}}\n"
    )


def fees(bench, *rows, more="", columns="", name="台账.csv", head="项目,账期,应收,实收"):
    bench.put(name, text(head, *rows))
    columns = columns or "site_id: 项目, month: 账期, receivable: 应收, collected: 实收"
    return f"{SITES}  - table: fees\n    files: [台账*.*]\n    columns: {{{columns}}}\n{more}"


OF_ONE_CELL = {
    "value_pending": lambda b: fees(b, "P01,2024-01,待定,5"),
    "out_of_range": lambda b: orders(b, "rating: X", "7"),
    "date_unreadable": lambda b: contracts(b, "某天"),
    "date_impossible": lambda b: contracts(b, "2024-02-30"),
    "quarter_undeclared": lambda b: fees(b, "P01,2024Q1,10,5"),
    "month_digit_lost": lambda b: fees(b, "P01,2024.1,10,5"),
    "date_zero": lambda b: contracts(b, "0000-00-00"),
    "date_year_missing": lambda b: contracts(b, "3月5日"),
    "month_number": lambda b: contracts(b, "1.5", how=", first_month: 2024-01"),
    "date_order_undeclared": lambda b: contracts(b, "3/5/2024"),
    "date_format": lambda b: contracts(b, "2024-03-05", how=", format: '%d.%m.%Y'"),
    "serial_out_of_range": lambda b: contracts(b, 12.0, xlsx=True),
    "zone_undeclared": lambda b: contracts(b, "2024-03-05T09:00:00+05:00"),
    "time_missing": lambda b: times(b, "2024-03-05"),
    "time_twelve": lambda b: times(b, "2024-03-05 上午12:05"),
    "time_nonexistent": lambda b: times(b, "2024-03-10 02:30", how=", zone: America/New_York"),
    "time_ambiguous": lambda b: times(b, "2024-11-03 01:30", how=", zone: America/New_York"),
    "number_unreadable": lambda b: fees(b, "P01,2024-01,十来块吧,5"),
    "number_approximate": lambda b: fees(b, "P01,2024-01,约30,5"),
    "number_unit": lambda b: fees(b, "P01,2024-01,30箱,5"),
    "number_out_of": lambda b: fees(b, "P01,2024-01,4/5,5"),
    "turned_to_date": lambda b: contracts(
        b, dt.datetime(2024, 1, 2), column="contract_id", xlsx=True
    ),
    "number_scientific": lambda b: fees(b, "P01,2024-01,1.2E+05,5"),
    "number_percent": lambda b: fees(b, "P01,2024-01,85%,5"),
    "not_whole": lambda b: orders(b, "reopened: X", "1.5"),
    "share_unit_undeclared": lambda b: lessons(b, "completion", "0.85"),
    "share_unit_doubtful": lambda b: lessons(b, "completion", "0.85", how=", unit: percent"),
    "bool_unknown": lambda b: lessons(b, "attended", "进行中"),
    "label_unknown": lambda b: orders(b, "kind: {from: X, labels: kind}", "表扬"),
    "label_undeclared": lambda b: questionnaires(
        b, "1,P01,2024-03-05 09:00,1-非常满意", "2,P01,2024-03-05 09:00,5-非常不满意"
    ),
    "label_contradicts": lambda b: orders(
        b, "rating: {from: X, labels: {好: 5, 中: 3, 差: 1}}",
        *["1-好", "3-中", "2-差"] * 4,
    ),
    "id_scientific": lambda b: contracts(b, "1.23E+17", column="contract_id"),
    "id_zeros_lost": lambda b: contracts(
        b, *[f"{n:05d}" for n in range(1, 40)], "77", column="contract_id"
    ),
    "id_precision_lost": lambda b: contracts(b, 1.23e17, column="contract_id", xlsx=True),
    "id_unreadable": lambda b: contracts(b, 1.5, column="contract_id", xlsx=True),
    "person_masked": lambda b: orders(b, "household_id: {from: X, form: phone}", "138****8000"),
    "text_type": lambda b: orders(b, "category: X", dt.datetime(2024, 3, 5), "电梯", xlsx=True),
    "duration_clock": lambda b: lessons(b, "hours", "1:30"),
    "duration_negative": lambda b: lessons(b, "hours", "-5分钟"),
    "duration_unreadable": lambda b: lessons(b, "hours", "很久"),
}  # fmt: skip


def workbook(bench, *rows, more=""):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(bench.raw / "台账.xlsx")
    return fees_of(more)


def fees_of(more=""):
    return (
        f"{SITES}  - table: fees\n    files: [台账*.*]\n{more}"
        "    columns: {site_id: 项目, month: 账期, receivable: 应收, collected: 实收}\n"
    )


def raw(bench, content, more="", name="台账.csv"):
    (bench.raw / name).write_bytes(content)
    return fees_of(more)


HEAD = ("项目", "账期", "应收", "实收")
LEDGER = "项目,账期,应收,实收\nP01,2024-01,10,5\n"
ONE_SITE = (
    "<table><tr><td>账期</td><td>应收</td><td>实收</td></tr>"
    "<tr><td>2024-01</td><td>10</td><td>5</td></tr></table>"
)
PAGE = (
    "<html><table><tr><td>项目</td><td>账期</td><td>应收</td><td>实收</td></tr>"
    "<tr><td>P01</td><td>2024-01</td><td>10</td><td>5</td></tr>{}"
)


def nested(bench):
    pq.write_table(pa.table({"项目": ["P01"], "应收": [[1, 2]]}), bench.raw / "台账.parquet")
    return fees_of()


def never_calculated(bench):
    book = openpyxl.Workbook()
    book.active.append(HEAD)
    book.active.append(["P01", "2024-01", "=1+2", 5])
    book.save(bench.raw / "台账.xlsx")
    return fees_of()


LOCKED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le")


OF_ONE_FILE = {
    "column_nested": nested,
    "encoding_broken_end": lambda b: raw(b, (LEDGER + "小").encode()[:-1]),
    "encoding_invalid_bytes": lambda b: raw(b, LEDGER.encode("gb18030"), "    encoding: utf-8\n"),
    "encoding_mojibake": lambda b: raw(
        b, LEDGER.replace("P01", "测试小区物业".encode().decode("gb18030", "replace")).encode()
    ),
    "encoding_replacement": lambda b: raw(b, LEDGER.replace("P01", "P锟斤拷").encode()),
    "encoding_unknown": lambda b: raw(b, LEDGER.encode(), "    encoding: utf-99\n"),
    "encoding_unsure": lambda b: raw(b, LEDGER.encode() + bytes(range(0x90, 0xFE)) * 20),
    "file_damaged": lambda b: raw(b, b"PK\x03\x04" + b"0" * 40, name="台账.xlsx"),
    "file_empty": lambda b: raw(b, b""),
    "file_encrypted": lambda b: raw(b, LOCKED, name="台账.xlsx"),
    "file_too_large": lambda b: raw(b, LEDGER.encode() * 60_000)
    + "limits: {megabytes: 4}\n",
    "sheet_too_large": lambda b: workbook(b, HEAD, *[["P01", "2024-01", 1, 1]] * 2_600)
    + "limits: {cells: 10000}\n",
    "fill_down_missing": lambda b: raw(b, LEDGER.encode(), "    fill_down: [楼栋]\n"),
    "format_unknown": lambda b: raw(b, b"%PDF-1.4 nothing"),
    "formula_in_cell": lambda b: fees(b, "P01,2024-01,=A1+B1,5"),
    "formula_without_value": never_calculated,
    "header_not_found": lambda b: raw(b, b"1,2,3\n4,5,6\n"),
    "header_rows_outside": lambda b: raw(b, LEDGER.encode(), "    header_rows: [9]\n"),
    "header_unnamed": lambda b: fees(
        b, "P01,2024-01,10,5,7", head="项目,账期,应收,实收,", more="    drop: [column 5]\n"
    ),
    "markup_cut": lambda b: raw(
        b, PAGE.format("<tr><td>P02</td><td>2024").encode(), name="台账.xls"
    ),
    "markup_rows": lambda b: raw(
        b,
        PAGE.format("<tr><td><table><tr><td>x</td></tr></table></td></tr></table></html>").encode(),
        name="台账.xls",
    ),
    "no_rows": lambda b: raw(b, "项目,账期,应收,实收\n".encode()),
    "quote_unclosed": lambda b: raw(b, (LEDGER + 'P02,"2024-01,1,1\nP02,2024-02,1,1\n').encode()),
    "row_too_long": lambda b: raw(b, (LEDGER + "P02,2024-01,1,1,9\n").encode()),
    "row_too_short": lambda b: raw(b, (LEDGER + "P02,2024-01\n").encode()),
    "sheet_missing": lambda b: workbook(
        b, HEAD, ["P01", "2024-01", 1, 1], more="    sheets: [无]\n"
    ),
    "total_alone": lambda b: buildings(b, "P02,小计,2024-01,700,600", rows=BUILDINGS[:9]),
}  # fmt: skip


def questionnaires(bench, *rows, head="序号,项目,时间,总体", more="", instrument="csat", item="q1"):
    bench.put("问卷.csv", text(head, *rows))
    return (
        f"{SITES}  - table: surveys\n    files: [问卷.csv]\n"
        "    columns: {response_id: 序号, site_id: 项目, answered_at: 时间}\n"
        f"    constants: {{instrument: {instrument}}}\n"
        f"    unpivot: {{items: {{{item}: 总体}}}}\n{more}"
    )


def measures(bench, first, second, more=""):
    """A workbook of which each sheet holds one amount, months as columns."""
    book = openpyxl.Workbook()
    for sheet, name, rows in ((book.active, "应收", first), (book.create_sheet(), "实收", second)):
        sheet.title = name
        sheet.append(["项目", "楼栋", "2024-01", "2024-02"])
        for row in rows:
            sheet.append(row)
    book.save(bench.raw / "台账.xlsx")
    return (
        f"{SITES}  - table: fees\n    files: [台账.xlsx]\n"
        "    wide: {heads: '(?P<head>\\d{4}-\\d{2})', measure: $sheet}\n"
        "    columns: {site_id: 项目, month: $head, receivable: 应收, collected: 实收}\n"
        f"    drop: [楼栋]\n{more}"
    )


def means(bench, *rows, head="项目,月份,均分,份数", more=""):
    bench.put("满意度.csv", text(head, *rows))
    counted = ", answers: 份数" if "份数" in head else ""
    return (
        f"{SITES}  - table: survey_means\n    files: [满意度.csv]\n"
        f"    columns: {{site_id: 项目, month: 月份, score: 均分{counted}}}\n"
        f"    constants: {{instrument: csat, item: q1}}\n{more}"
    )


FINER = "    drop: [楼栋]\n    aggregate: {sum: [receivable, collected]}\n"
BUILDINGS = [
    f"P0{site},{house}栋,2024-{month:02d},{1000 * house + site + month},{900 * house + month}"
    for site in (1, 2)
    for house in (1, 2, 3)
    for month in (1, 2, 3)
]


def buildings(bench, *more_rows, more="", rows=BUILDINGS):
    return fees(bench, *rows, *more_rows, more=FINER + more, head="项目,楼栋,账期,应收,实收")


ACCEPT = "    accept: [{{rule: {0}, column: {1}, max_rows: 1, then: drop, reason: known}}]\n"


def hidden(bench, what):
    book = openpyxl.Workbook()
    book.active.append(HEAD)
    book.active.append(["P01", "2024-01", 10, 5])
    book.active.append(["P01", "2024-02", 10, 5])
    if what == "row":
        book.active.row_dimensions[3].hidden = True
    elif what == "column":
        book.active.column_dimensions["C"].hidden = True
    else:
        other = book.create_sheet("旧")
        other.append(["a"])
        other.append(["b"])
        other.sheet_state = what
    book.save(bench.raw / "台账.xlsx")
    return fees_of("" if what in ("row", "column") else "    sheets: [Sheet]\n")


def unspelled(bench):
    place = os.fsencode(bench.raw) + b"/\xb2\xe2.csv"
    try:
        open(place, "wb").close()
    except OSError:
        pytest.skip("this system has no such names")
    return fees_of().replace("台账*.*", "'*.csv'")


def unreachable(bench, monkeypatch):
    monkeypatch.setenv("CRMEVAL_DB_USER", "reader")
    monkeypatch.setenv("CRMEVAL_DB_PASSWORD", "word")
    return database_of()


def database_of():
    return (
        f"{SITES}  - table: fees\n    database: {{url: 'postgres://127.0.0.1:1/crm', table: f}}\n"
        "    columns: {site_id: 项目, month: 账期, receivable: 应收, collected: 实收}\n"
    )


def without_driver(bench, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    return unreachable(bench, monkeypatch)


def without_credentials(bench, monkeypatch):
    monkeypatch.delenv("CRMEVAL_DB_USER", raising=False)
    return database_of()


def months(*numbers):
    return [f"P01,2024-{month:02d},10,5" for month in numbers]


def imported(bench, said):
    """Import a client as it stands, so that the next look can compare."""
    ingest.ingest(bench.client(said), bench.root / "reports" / "acme" / "first" / "canonical")


def fewer_rows(bench):
    imported(bench, fees(bench, *months(*range(1, 13))))
    return fees(bench, *months(1, 2))


def fewer_files(bench):
    bench.put("台账2.csv", text("项目,账期,应收,实收", "P02,2024-01,10,5"))
    imported(bench, fees(bench, *months(*range(1, 13))))
    (bench.raw / "台账2.csv").unlink()
    return fees(bench, *months(*range(1, 13)))


def damaged_record(bench):
    imported(bench, fees(bench, *months(1, 2)))
    for path in (bench.root / "reports").glob("*/*/canonical/ingest.json"):
        path.write_text("{}", "utf-8")
    return fees(bench, *months(1, 2))


PLAIN = "P01,2024-01,10,5"
BY_MONTH = {
    "columns": "site_id: 项目, month: {from: $head, year: 2024}, receivable: 应收, collected: 实收",
    "more": "    wide: '(?P<head>\\d+月)·(?P<measure>应收|实收)(?:#2)?'\n",
}
OF_ONE_TABLE = {
    "accept_exceeded": lambda b: fees(
        b, "P01,2024-01,待定,5", "P01,2024-02,待定,5",
        more=ACCEPT.format("value_pending", "receivable"),
    ),
    "accept_refused": lambda b: fees(
        b, PLAIN, PLAIN, more=ACCEPT.format("duplicate_row", "site_id")
    ),
    "accept_unused": lambda b: fees(b, PLAIN, more=ACCEPT.format("out_of_range", "receivable")),
    "alias_unknown": lambda b: fees(
        b, "滨江,2024-01,1,1",
        columns="site_id: {from: 项目, aliases: s}, month: 账期, receivable: 应收, collected: 实收",
        more="aliases: {s: {城市: P01}}\n",
    ),
    "column_missing": lambda b: fees(b, "P01,2024-01,1", head="项目,账期,应收"),
    "column_undeclared": lambda b: fees(b, f"{PLAIN},x", head="项目,账期,应收,实收,备注"),
    "database_credentials": without_credentials,
    "database_extra": without_driver,
    "database_unreachable": unreachable,
    "date_order": lambda b: times(b, "2024-03-05 09:00").replace(
        "opened_at: {from: 时间}",
        "opened_at: 时间, resolved_at: {from: 时间, zone: Pacific/Auckland}",
    ),
    "distinct_conflict": lambda b: fees(
        b, PLAIN, "P01,2024-01,11,5", more="    distinct: true\n"
    ),
    "duplicate_key": lambda b: fees(b, PLAIN, "P01,2024-01,11,5"),
    "duplicate_row": lambda b: fees(b, PLAIN, PLAIN),
    "duplicates_differ": lambda b: fees(
        b, PLAIN, "P01,2024-01,11,5", more="    duplicates: {keep: first}\n"
    ),
    "factor_twice": lambda b: fees(
        b, "P01,2024-01,1.5万,900",
        columns="site_id: 项目, month: 账期, collected: 实收, "
        "receivable: {from: 应收, factor: 10000}",
    ),
    "file_name": unspelled,
    "file_unread": lambda b: (b.put("旧.csv", "a,b\n1,2\n"), fees(b, PLAIN))[1],
    "files_gone": fewer_files,
    "import_unreadable": damaged_record,
    "files_missing": lambda b: fees_of(),
    "head_blank": lambda b: fees(
        b, "P01,1,1,,", "P02,1,1,1,1", head="项目,1月·应收,1月·实收,2月·应收,2月·实收", **BY_MONTH
    ),
    "head_twice": lambda b: fees(
        b, "P01,1,1,1", head="项目,1月·应收,1月·实收,1月·实收#2", **BY_MONTH
    ),
    "heads_missing": lambda b: fees(
        b, PLAIN, more="    wide: '(?P<head>\\d+月)'\n",
        columns="site_id: 项目, month: $head, receivable: $cell, collected: 实收",
    ),
    "inline_value": lambda b: fees(b, PLAIN).replace(
        "columns: {site_id: 项目, ", "constants: {site_id: [1]}\n    columns: {"
    ),
    "item_blank": lambda b: (
        b.put("月报.csv", text("项目,月份,报修,投诉", "P01,2024-01,3,")),
        f"{SITES}  - table: ticket_counts\n    files: [月报.csv]\n"
        "    columns: {site_id: 项目, month: 月份}\n"
        "    unpivot: {name: kind, value: tickets, items: {repair: 报修, complaint: 投诉}}\n",
    )[1],
    "instrument_unknown": lambda b: questionnaires(b, "1,P01,2024-03-05 09:00,5", instrument="x"),
    "item_unknown": lambda b: questionnaires(b, "1,P01,2024-03-05 09:00,5", item="q9"),
    "measure_lacking": lambda b: measures(
        b, [["P01", "1栋", 1, 2], ["P02", "1栋", 3, 4]], [["P01", "1栋", 1, 2]],
        more="    aggregate: {sum: [receivable, collected]}\n",
    ),
    "measure_twice": lambda b: measures(
        b, [["P01", "1栋", 1, 2], ["P01", "2栋", 3, 4]], [["P01", "1栋", 1, 2]]
    ),
    "mean_of_means": lambda b: means(
        b, "P01,2024-01,4,", "P01,2024-01,5,30",
        more="    aggregate: {mean: [score], sum: [answers]}\n",
    ),
    "mean_of_nobody": lambda b: means(b, "P01,2024-01,4,0", "P02,2024-01,,0"),
    "more_of_same": lambda b: orders(b, "rating: X", *map(str, range(6, 90))),
    "number_restarts": lambda b: (
        b.put("问卷2.csv", text("序号,项目,时间,总体", "1,P02,2024-04-05 09:00,3")),
        questionnaires(b, "1,P01,2024-03-05 09:00,5").replace("[问卷.csv]", "[问卷*.csv]"),
    )[1],
    "october_lost": lambda b: fees(
        b, *(f"P01,2024.{m},10,5" for m in (1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 11, 12)),
        columns="site_id: 项目, month: {from: 账期, format: '%Y.%m'}, receivable: 应收, "
        "collected: 实收",
    ),
    "option_unfit": lambda b: fees(
        b, PLAIN,
        columns="site_id: 项目, month: 账期, receivable: {from: 应收, order: ymd}, collected: 实收",
    ),
    "option_value": lambda b: times(b, "2024-03-05 09:00", how=", zone: Asia/Nowhere"),
    "part_lacking": lambda b: measures(
        b, [["P01", "1栋", 1, 2], ["P01", "2栋", 3, 4]], [["P01", "1栋", 1, 2]],
        more="    aggregate: {sum: [receivable, collected]}\n",
    ),
    "pattern_cuts": lambda b: orders(b, "rating: {from: X, pattern: '(\\d+)'}", "4.5分"),
    "pattern_leaves": lambda b: orders(b, "rating: {from: X, pattern: '(\\d+)'}", "4/5"),
    "pattern_unmatched": lambda b: contracts(
        b, "乙", column="contract_id", how=", pattern: '(H\\d+)'"
    ),
    "period_outside": lambda b: times(b, "2019-03-05 09:00"),
    "personal_header": lambda b: orders(b, "category: X", "电梯", header="手机号"),
    "personal_value": lambda b: orders(b, "category: X", "请回电13800008009"),
    "repeat_differs": lambda b: buildings(b, "P01,1栋,2024-01,7,7"),
    "repeat_same": lambda b: buildings(b, BUILDINGS[0]),
    "required_missing": lambda b: fees(b, "P01,,10,5"),
    "rows_fell": fewer_rows,
    "theme_unknown": lambda b: (
        b.put("意见.csv", text("编号,项目,日期,内容,归类", "K1,P01,2024-03-05,停车乱,绿化"))
        and SITES.replace(
            "sources:",
            "comments: {allowed: true, themes: {parking: {title: {zh_CN: 停车, en: Parking}, "
            "words: [停车]}}}\nsources:",
        )
        + "  - table: comments\n    files: [意见.csv]\n    columns: {comment_id: 编号, "
        "site_id: 项目, written_on: 日期, themes: 内容, first_coder: 归类}\n"
    ),
    "sheet_unnamed": lambda b: raw(
        b, ("<html>" + ONE_SITE + ONE_SITE + "</html>").encode(), name="台账.xls"
    ).replace("site_id: 项目", "site_id: $sheet"),
    "columns_hidden": lambda b: hidden(b, "column"),
    "rows_hidden": lambda b: hidden(b, "row"),
    "scale_differs": lambda b: (
        b.put("问卷2.csv", text("序号,项目,时间,总体", "A1,P02,2024-04-05 09:00,9")),
        questionnaires(b, "1,P01,2024-03-05 09:00,5")
        + "  - table: surveys\n    files: [问卷2.csv]\n"
        "    columns: {response_id: 序号, site_id: 项目, answered_at: 时间}\n"
        "    constants: {instrument: ten}\n    unpivot: {items: {t1: 总体}}\n",
    )[1].replace(
        "instruments:", "instruments:\n  ten: {scale: [0, 10], items: {t1: {role: overall}}}"
    ),
    "personal_text": lambda b: fees(b, PLAIN).replace(
        "{n1: {role: nps}}", "{n1: {role: nps, wording: 致电 138 0013 8000}}"
    ),
    "scale_of_nps": lambda b: questionnaires(
        b, "1,P01,2024-03-05 09:00,5", instrument="net", item="n1"
    ).replace("scale: [0, 10], items: {n1", "scale: [1, 5], items: {n1"),
    "sheet_hidden": lambda b: hidden(b, "hidden"),
    "sheet_unread": lambda b: hidden(b, "visible"),
    "start_missing": lambda b: f"{SITES}  - table: waves\n"
    "    inline: [{site_id: P01, wave: 1, arm: treated}]\n",
    "total_suspected": lambda b: buildings(b, "平均,1栋,2024-01,5,5"),
    "unit_undeclared": lambda b: fees(
        b, PLAIN, head="项目,账期,应收(万元),实收",
        columns="site_id: 项目, month: 账期, receivable: 应收(万元), collected: 实收",
    ),
    "unmatched_reference": lambda b: fees(b, "P77,2024-01,10,5"),
}  # fmt: skip


EVERY = {**OF_ONE_CELL, **OF_ONE_FILE, **OF_ONE_TABLE}
TOLD_ONLY = {
    "accept_unused", "columns_hidden", "file_unread", "head_blank", "header_unnamed",
    "import_unreadable", "no_rows", "rows_hidden", "sheet_hidden", "sheet_unread",
}  # fmt: skip
"""Rules that stop nothing: the check tells them and the import goes on."""
ELSEWHERE = {
    "file_missing": "a file that goes between listing and reading; files_missing has a case",
    "duration_unit_undeclared": "a bare number in a column of hours means hours",
    "file_changing": "takes another process that writes meanwhile: tests/safety",
    **dict.fromkeys(
        ("database_columns", "database_no_rows", "database_query", "database_table_missing",
         "database_too_large"),
        "needs a server: test_database.py holds the same of each",
    ),
}  # fmt: skip


def test_every_rule_has_a_case():
    rules = {*OF_CELLS, *OF_FILES, *OF_TABLES}
    assert rules - EVERY.keys() - ELSEWHERE.keys() == set()
    assert set(EVERY) <= rules


@pytest.mark.parametrize("rule", EVERY)
def test_the_check_tells_what_the_import_refuses(bench, monkeypatch, rule):
    make = EVERY[rule]
    takes_more = make.__code__.co_argcount > 1
    client = bench.client(make(bench, monkeypatch) if takes_more else make(bench))
    told = ingest.check(client)
    mine = [fault for fault in told if fault.rule == rule]
    assert mine, [str(fault) for fault in told]
    assert any(fault.blocking for fault in mine) == (rule not in TOLD_ONLY)
    stops = sorted(str(fault) for fault in told if fault.blocking)
    refused: list[str] = []
    try:
        ingest.ingest(client, bench.root / "run")
    except InputError as error:
        refused = sorted(map(str, error.faults))
    assert refused == stops
    for fault in mine:
        english, chinese = (
            f"{wording.fault_sentence(fault, language)} | {wording.fault_example(fault, language)}"
            for language in ("en", "zh_CN")
        )
        assert not re.search(r"\{[a-z_]+(:\w+)?\}", english + chinese)  # a blank left unfilled
        assert re.search("[\u4e00-\u9fff]", chinese.split(" | ")[0])
        assert english != chinese
