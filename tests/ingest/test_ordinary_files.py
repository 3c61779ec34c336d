"""Files as clients really send them: read right, or refused with advice that loses nothing."""

from __future__ import annotations

import openpyxl
import pandas as pd
import pytest

from analysis import errors as ingest_errors
from analysis import ingest

FIVE = "labels:\n  five: {非常满意: 5, 满意: 4, 一般: 3, 不满意: 2, 非常不满意: 1}\n"
SURVEY = (
    FIVE
    + """
instruments:
  s: {scale: [1, 5], items: {q1: {role: overall}}}
sources:
  - table: surveys
    files: [问卷.csv]
    columns: {response_id: 序号, site_id: 项目, answered_at: 时间}
    constants: {instrument: s}
    unpivot: {LABELS items: {q1: 总体}}
"""
)
FEES = """
sources:
  - table: fees
    files: [台账.*]
    columns: {site_id: 项目, month: 账期, receivable: 应收, collected: 实收}
    drop: [楼栋]
    aggregate: {sum: [receivable, collected]}
"""


def taken(bench, text):
    """Return the canonical tables of a client file."""
    ingest.ingest(bench.client(text), bench.root / "canonical")
    folder = bench.root / "canonical"
    return {path.stem: pd.read_parquet(path) for path in folder.glob("*.parquet")}


def rules(bench, text, *, blocking=True):
    return [f.rule for f in ingest.check(bench.client(text)) if f.blocking == blocking]


def answers(bench, cells, labels="labels: five,"):
    lines = [f"{i},A园,2024-03-0{i} 09:00,{cell}" for i, cell in enumerate(cells, start=1)]
    bench.put("问卷.csv", "\n".join(["序号,项目,时间,总体", *lines]) + "\n")
    return SURVEY.replace("LABELS", labels)


def book(bench, name, sheets, *, hidden=(), formats=None, hidden_rows=()):
    """Write a workbook of rows by sheet into the client's raw folder."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, rows in sheets.items():
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(row)
        for column, number_format in (formats or {}).items():
            for cell in sheet[column][1:]:
                cell.number_format = number_format
        for row in hidden_rows:
            sheet.row_dimensions[row].hidden = True
        if title in hidden:
            sheet.sheet_state = "hidden"
    made.save(bench.raw / name)


# ---- a number and a label in one cell


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1-非常满意", "5-非常不满意", "3-一般"], [5, 1, 3]),
        (["5分 非常满意", "1分 非常不满意"], [5, 1]),
        (["A.非常满意", "B、满意", "(E) 非常不满意"], [5, 4, 1]),
        (["非常满意(5)", "满意（4分）", "2不满意"], [5, 4, 2]),
        (["①非常满意", "⑤非常不满意"], [5, 1]),
        (["1=非常满意", "4", "非常不满意"], [5, 4, 1]),
    ],
)
def test_the_declared_label_decides(bench, cells, expected):
    found = taken(bench, answers(bench, cells))["surveys"]
    assert found["score"].tolist() == expected


def test_five_points_with_numbers_are_brought_to_three(bench):
    three = "labels: {非常满意: 3, 满意: 3, 一般: 2, 不满意: 1, 非常不满意: 1},"
    cells = ["1-非常满意", "2-满意", "3-一般", "4-不满意", "5-非常不满意"]
    found = taken(bench, answers(bench, cells, three))["surveys"]
    assert found["score"].tolist() == [3, 3, 2, 1, 1]


def test_a_number_that_is_not_that_of_its_label_is_counted(bench):
    record = ingest.ingest(
        bench.client(answers(bench, ["1-非常满意", "3-一般"])), bench.root / "canonical"
    )
    converted = record.tables["surveys"].sources[0].columns["score[q1]"].converted
    assert converted == {"label_over_number": 1, "label_with_number": 1}


@pytest.mark.parametrize(
    ("cells", "labels", "rule"),
    [
        (["5-满意", "4-非常满意", "3-一般"], "labels: five,", "label_contradicts"),
        (["5-满意", "4-满意"], "labels: five,", "label_contradicts"),
        (
            ["1-满意", "2-一般", "3-非常满意"],
            "labels: {满意: 3, 一般: 2, 非常满意: 3},",
            "label_contradicts",
        ),
        (["1-很好", "5-很差"], "labels: five,", "label_unknown"),
        (["1-非常满意", "5-非常不满意"], "", "label_undeclared"),
        (["1-非常满意", "2", "3"], "", "label_undeclared"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(bench, cells, labels, rule):
    assert set(rules(bench, answers(bench, cells, labels))) == {rule}


def test_words_at_the_ends_of_a_scale_of_numbers(bench):
    text = answers(bench, ["5 非常满意", "1 非常不满意", "3"], "")
    assert taken(bench, text)["surveys"]["score"].tolist() == [5, 1, 3]


# ---- totals


def ledger(bench, rows):
    lines = ["项目,楼栋,账期,应收,实收", *rows]
    bench.put("台账.csv", "\n".join(lines) + "\n")
    return FEES


@pytest.mark.parametrize(
    "rows",
    [
        ["A园,1栋,2024-01,1000,800", "A园,2栋,2024-01,2000,1600", "A园,小计,2024-01,3000,2400"],
        ["A园,1栋,2024-01,1000,800", "A园,2栋,2024-01,2000,1600", ",合 计：,,3000,2400"],
        ["A园,1栋,2024-01,1000,800", "A园,2栋,2024-01,2000,1600", "A园,Total,2024-01,3000,2400"],
        ["A园,1栋,2024-01,1000,800", "A园,2栋,2024-01,2000,1600", "A园合计,,,3000,2400"],
        ["A园,1栋,2024-01,1000,800", "A园,2栋,2024-01,2000,1600", "A园,（合计）,,3000,2400"],
    ],
)
def test_totals_are_left_out_wherever_they_are_marked(bench, rows):
    fees = taken(bench, ledger(bench, rows))["fees"]
    assert fees[["receivable", "collected"]].to_numpy().tolist() == [[3000, 2400]]


@pytest.mark.parametrize(
    "rows",
    [
        # marked by the end of a text that is not the first
        [
            "A园,1栋,2024-01,1000,800",
            "A园,2栋,2024-01,2000,1600",
            "A园,1-2栋小计,2024-01,3000,2400",
        ],
        # not marked at all, but without a building and equal to the sum
        ["A园,1栋,2024-01,1000,800", "A园,2栋,2024-01,2000,1600", "A园,,2024-01,3000,2400"],
        # not marked, with a building, and yet the sum of three rows in both columns
        [
            "A园,1栋,2024-01,1000,800",
            "A园,2栋,2024-01,2000,1600",
            "A园,3栋,2024-01,500,450",
            "A园,全部,2024-01,3500,2850",
        ],
    ],
)
def test_rows_that_look_like_totals_are_not_summed_up(bench, rows):
    text = ledger(bench, rows)
    assert rules(bench, text) == ["total_suspected"]
    accept = "    accept: [{rule: total_suspected, max_rows: 1, then: drop, reason: 小计行}]\n"
    fees = taken(bench, text + accept)["fees"]
    assert fees["receivable"].tolist() == [3000 if len(rows) == 3 else 3500]


def test_flats_of_equal_fees_are_no_totals(bench):
    rows = [f"A园,{i}栋,2024-01,100,100" for i in range(1, 5)] + ["A园,5栋,2024-01,200,200"]
    assert taken(bench, ledger(bench, rows))["fees"]["receivable"].tolist() == [600]


def test_a_total_without_rows_above_it_is_not_lost(bench):
    rows = [
        "A园,1栋,2024-01,1000,800",
        "A园,2栋,2024-01,2000,1600",
        "A园,小计,2024-01,3000,2400",
        "B园,小计,2024-01,700,600",
    ]
    faults = ingest.check(bench.client(ledger(bench, rows)))
    assert [(f.rule, f.row) for f in faults] == [("total_alone", 5)]
    only = ["A园,合计,2024-01,3000,2400", "B园,合计,2024-01,700,600"]
    assert set(rules(bench, ledger(bench, only))) == {"total_alone"}


# ---- numbering that starts again, and rows that stand twice

ROUNDS = {
    "训前": [["序号", "项目", "时间", "总体"], [1, "A园", "2024-01-05 09:00", 3]],
    "训后": [["序号", "项目", "时间", "总体"], [1, "A园", "2024-06-05 09:00", 4]],
}
TWO_SHEETS = SURVEY.replace("问卷.csv", "问卷.xlsx").replace("LABELS", "")


@pytest.mark.parametrize(
    "duplicates", ["", "{keep: last}", "{keep: first}", "{keep: last, order_by: answered_at}"]
)
def test_no_advice_drops_the_answers_of_another_sheet(bench, duplicates):
    book(bench, "问卷.xlsx", ROUNDS)
    text = TWO_SHEETS + (f"    duplicates: {duplicates}\n" if duplicates else "")
    (fault,) = ingest.check(bench.client(text))
    assert (fault.rule, fault.blocking) == ("number_restarts", True)
    assert fault.params["mapping"] == "response_id: {from: [$sheet, 序号]}"
    mended = text.replace("response_id: 序号", "response_id: {from: [$sheet, 序号]}")
    assert taken(bench, mended)["surveys"]["score"].tolist() == [3, 4]


def test_numbers_of_two_sources_name_the_file_of_the_first(bench):
    bench.put("问卷.csv", "序号,项目,时间,总体\n1,A园,2024-03-01 09:00,5\n")
    bench.put("第二期.csv", "序号,项目,时间,总体\n1,A园,2024-06-01 09:00,2\n")
    first = SURVEY.replace("LABELS", "")
    second = first[first.index("  - table") :].replace("问卷.csv", "第二期.csv")
    (fault,) = ingest.check(bench.client(first + second))
    assert (fault.rule, fault.file) == ("number_restarts", "raw/第二期.csv")
    assert (fault.params["first_place"], fault.params["first_row"]) == ("raw/问卷.csv", 2)
    assert fault.params["mapping"] == "response_id: {from: [$file, 序号]}"


def test_the_same_row_twice_may_be_dropped_and_another_may_not(bench):
    bench.put("问卷.csv", "序号,项目,时间,总体\n" + "1,A园,2024-03-01 09:00,5\n" * 2)
    text = SURVEY.replace("LABELS", "")
    assert rules(bench, text) == ["duplicate_row"]
    keep = text + "    duplicates: {keep: first}\n"
    assert taken(bench, keep)["surveys"]["score"].tolist() == [5]
    bench.put(
        "问卷.csv",
        "序号,项目,时间,总体\n1,A园,2024-03-01 09:00,5\n1,A园,2024-03-01 09:00,2\n",
    )
    assert rules(bench, text) == ["duplicate_key"]
    assert rules(bench, keep) == ["duplicates_differ"]
    meant = text + "    duplicates: {keep: first, even_if_different: true}\n"
    assert taken(bench, meant)["surveys"]["score"].tolist() == [5]


# ---- what nothing reads


def test_files_and_sheets_that_nothing_reads_are_told_and_recorded(bench):
    rows = [["项目", "楼栋", "账期", "应收", "实收"], ["A园", "1栋", "2024-01", 100, 80]]
    book(bench, "台账.xlsx", {"2024年1月": rows, "2024年2月": rows, "底稿": rows}, hidden=("底稿",))
    bench.put("工单_4月.csv", "工单号\n1\n")
    bench.put("说明.docx", "not a table")
    text = FEES.replace("columns:", "sheets: [2024年1月]\n    columns:")
    told = {(f.rule, f.file, f.sheet, f.blocking) for f in ingest.check(bench.client(text))}
    assert told == {
        ("sheet_unread", "raw/台账.xlsx", "2024年2月", False),
        ("sheet_hidden", "raw/台账.xlsx", "底稿", False),
        ("file_unread", "raw/工单_4月.csv", None, False),
    }
    record = ingest.ingest(bench.client(text), bench.root / "canonical")
    assert [(r.reason, r.rows) for r in record.unread] == [
        ("file_unread", None),
        ("sheet_unread", 2),
        ("sheet_hidden", 2),
    ]
    advice = next(f for f in ingest.check(bench.client(text)) if f.rule == "sheet_unread")
    assert advice.params["pattern"] == "2024年*"
    ignored = text + "ignore: [工单*.csv, 台账.xlsx/2024年2月, 台账.xlsx/底稿]\n"
    assert ingest.check(bench.client(ignored)) == []


def test_hidden_rows_are_counted(bench):
    rows = [["项目", "楼栋", "账期", "应收", "实收"]]
    rows += [["A园", f"{i}栋", "2024-01", 100 + i, 80] for i in range(1, 6)]
    book(bench, "台账.xlsx", {"一": rows}, hidden_rows=(3, 4, 6))
    (fault,) = ingest.check(bench.client(FEES))
    assert (fault.rule, fault.blocking) == ("rows_hidden", False)
    assert fault.params == {"count": 3, "rows": "3-4, 6"}
    assert taken(bench, FEES)["fees"]["receivable"].tolist() == [515]


# ---- percentages

LEARNING = """
sources:
  - table: enrolments
    files: [学习.*]
    columns: {staff_id: 工号, module: 课程, session: 班次, completion: COMPLETION}
"""


@pytest.mark.parametrize(
    "unit", ["进度", "{from: 进度, unit: percent}", "{from: 进度, unit: share}"]
)
@pytest.mark.parametrize("number_format", ["0%", "0.00%", '0.0"约"%'])
def test_cells_shown_in_per_cent_are_read_as_shown(bench, unit, number_format):
    rows = [["工号", "课程", "班次", "进度"], ["001", "投诉", "一", 1], ["002", "投诉", "一", 0]]
    rows += [["003", "投诉", "一", 0.285]]
    book(bench, "学习.xlsx", {"一": rows}, formats={"D": number_format})
    found = taken(bench, LEARNING.replace("COMPLETION", unit))["enrolments"]
    assert sorted(found["completion"].tolist()) == [0, 0.285, 1]


def test_a_column_of_zeros_and_ones_is_not_taken_for_per_cent(bench):
    bench.put("学习.csv", "工号,课程,班次,进度\n001,投诉,一,1\n002,投诉,一,0\n")
    percent = LEARNING.replace("COMPLETION", "{from: 进度, unit: percent}")
    assert rules(bench, percent) == ["share_unit_doubtful"]
    share = LEARNING.replace("COMPLETION", "{from: 进度, unit: share}")
    assert sorted(taken(bench, share)["enrolments"]["completion"].tolist()) == [0, 1]


# ---- one order of conversion, and boxes beside the table


def test_what_says_no_value_never_reaches_the_pattern(bench):
    bench.put(
        "成绩.csv", "工号,课程,成绩\n001,投诉,92(补考)\n002,投诉,待定\n003,投诉,缺考\n004,投诉,—\n"
    )
    text = """
sources:
  - table: assessments
    files: [成绩.csv]
    columns:
      staff_id: 工号
      module: 课程
      score: {from: 成绩, pattern: '^(\\d+)', pending: "null", missing: [缺考]}
    constants: {occasion: post, form: written, attempt: 1}
"""
    scores = taken(bench, text)["assessments"]["score"]
    assert sorted(scores.dropna().tolist()) == [92]
    assert len(scores) == 4
    bench.put("成绩.csv", "工号,课程,成绩\n001,投诉,补考\n")
    (fault,) = ingest.check(bench.client(text))
    assert (fault.rule, fault.value) == ("pattern_unmatched", "补考")


@pytest.mark.parametrize("area", ["H1:J1", "H1:J2", "G1:G2", "Z1:AB3"])
def test_an_empty_box_beside_the_header_is_no_column(bench, area):
    made = openpyxl.Workbook()
    sheet = made.active
    for row in (
        ["项目", "楼栋", "账期", "本期", None],
        [None, None, None, "应收", "实收"],
        ["A园", "1栋", "2024-01", 100, 80],
    ):
        sheet.append(row)
    for merged in ("A1:A2", "B1:B2", "C1:C2", "D1:E1", area):
        sheet.merge_cells(merged)
    made.save(bench.raw / "台账.xlsx")
    text = FEES.replace("应收,", "本期·应收,").replace("实收}", "本期·实收}")
    assert taken(bench, text)["fees"]["collected"].tolist() == [80]


# ---- headers that sound personal, roles, scales


@pytest.mark.parametrize(
    "header", ["客服电话接听及时", "微信公众号便捷性", "Mobile app", "住址附近绿化"]
)
def test_a_column_of_scores_is_an_item_whatever_its_header(bench, header):
    bench.put("问卷.csv", f"序号,项目,时间,{header}\n1,A园,2024-03-01 09:00,5\n")
    text = SURVEY.replace("LABELS", "").replace("q1: 总体", f"q1: {header}")
    assert taken(bench, text)["surveys"]["score"].tolist() == [5]
    bench.put("问卷.csv", f"序号,项目,时间,{header}\n1,A园,2024-03-01 09:00,13800138000\n")
    faults = ingest.check(bench.client(text))
    assert [f.rule for f in faults] == ["out_of_range"]


def test_a_text_under_a_personal_header_needs_a_reason_and_is_still_looked_at(bench):
    bench.put("工单.csv", "号,项目,报修电话类型,开\n1,A园,固定,2024-03-01 09:00\n")
    text = """
sources:
  - table: tickets
    files: [工单.csv]
    columns: {ticket_id: 号, site_id: 项目, category: CATEGORY, opened_at: 开}
    constants: {kind: repair}
"""
    plain = text.replace("CATEGORY", "报修电话类型")
    reasoned = text.replace("CATEGORY", "{from: 报修电话类型, not_personal: 只有类型}")
    assert rules(bench, plain) == ["personal_header"]
    assert taken(bench, reasoned)["tickets"]["category"].tolist() == ["固定"]
    bench.put("工单.csv", "号,项目,报修电话类型,开\n1,A园,13800138000,2024-03-01 09:00\n")
    assert rules(bench, reasoned) == ["personal_value"]


def test_subordinates_rate_too(bench):
    bench.put("360.csv", "被评人工号,项目,评价人关系,态度\n0001,A园,下级,4\n0001,A园,同级,5\n")
    text = """
instruments: {b: {scale: [1, 5], items: {q1: {}}}}
sources:
  - table: ratings
    files: [360.csv]
    columns:
      rating_id: $row
      ratee_id: 被评人工号
      site_id: 项目
      rater_role: {from: 评价人关系, labels: {下级: subordinate, 同级: peer}}
    constants: {instrument: b}
    unpivot: {items: {q1: 态度}}
"""
    assert taken(bench, text)["ratings"]["rater_role"].tolist() == ["subordinate", "peer"]


def test_scales_that_a_run_would_refuse_are_refused_by_the_check(bench):
    bench.put("问卷.csv", "序号,项目,时间,总体\n1,A园,2024-03-01 09:00,5\n")
    nps = SURVEY.replace("LABELS", "").replace(
        "scale: [1, 5], items: {q1: {role: overall}}", "scale: [1, 10], items: {q1: {role: nps}}"
    )
    (fault,) = ingest.check(bench.client(nps))
    assert (fault.rule, fault.column) == ("scale_of_nps", "instruments.s.items.q1")
    bench.put("二.csv", "序号,项目,时间,总体\n9,A园,2024-06-01 09:00,9\n")
    both = SURVEY.replace("LABELS", "").replace(
        "sources:", "  s2: {scale: [1, 10], items: {q1: {role: overall}}}\nsources:"
    )
    second = both[both.index("  - table") :].replace("问卷.csv", "二.csv")
    second = second.replace("instrument: s}", "instrument: s2}")
    (fault,) = ingest.check(bench.client(both + second))
    assert (fault.rule, fault.params["first"]) == ("scale_differs", "s.q1")
    kept = (both + second).replace(
        "[1, 10], items: {q1: {role: overall}}", "[1, 10], items: {q1: {}}"
    )
    assert ingest.check(bench.client(kept)) == []


def test_a_proposal_keeps_rounds_apart_and_takes_labels_beside_numbers(bench):
    head = ["序号", "提交答卷时间", "所属项目", "1、您对物业服务总体是否满意？"]
    book(
        bench,
        "两期.xlsx",
        {
            "训前": [head, [1, "2024-01-05 09:00", "A园", "1-非常满意"]],
            "训后": [head, [1, "2024-06-05 09:00", "A园", "4-很糟"]],
        },
    )
    text = ingest.propose("acme", [bench.raw / "两期.xlsx"], str)
    assert 'response_id: {from: [$file, $sheet, 序号], join: "-"}' in text
    assert "labels: five" in text
    assert "很糟: DECIDE" in text


def test_a_proposal_takes_scores_under_headers_that_sound_personal(bench):
    bench.put(
        "问卷.csv",
        "序号,提交答卷时间,所属项目,第2题(投诉建议处理结果),第3题(客服电话接听),第4题(其他建议)\n"
        "1,2024-01-05 09:00,A园,4,5,多种树\n",
    )
    text = ingest.propose("acme", [bench.raw / "问卷.csv"], str)
    drop = text[text.index("drop:") :]
    assert "第4题(其他建议)" in drop
    assert "投诉建议处理结果" not in drop
    assert "客服电话接听" not in drop


def test_a_proposal_does_not_take_an_exam_for_satisfaction(bench):
    bench.put(
        "成绩.csv", "工号,课程名称,考核形式,考试成绩\n001,投诉,笔试,92(补考)\n002,投诉,笔试,待定\n"
    )
    text = ingest.propose("acme", [bench.raw / "成绩.csv"], str)
    assert "score: 考试成绩" in text


def test_minutes_never_become_hours(bench):
    bench.put(
        "学习.csv", "工号,课程,班次,学时\n001,投诉,一,45分钟\n002,投诉,一,1.5\n003,投诉,一,2h\n"
    )
    text = LEARNING.replace("completion: COMPLETION", "hours: HOURS")
    hours = taken(bench, text.replace("HOURS", "学时"))["enrolments"]["hours"]
    assert sorted(hours) == [0.75, 1.5, 2]
    assert rules(bench, text.replace("HOURS", "{from: 学时, units: [分钟]}")) == ["option_unfit"]
    bench.put("学习.csv", "工号,课程,班次,学时\n001,投诉,一,90\n")
    minutes = text.replace("HOURS", "{from: 学时, unit: minutes}")
    assert taken(bench, minutes)["enrolments"]["hours"].tolist() == [1.5]


# ---- months as columns

WIDE = """
sources:
  - table: fees
    files: [台账.xlsx]
    wide: WIDE
    columns: {site_id: 项目, month: MONTH, receivable: 应收, collected: 实收}
"""


def fees_of(bench, wide, month):
    text = WIDE.replace("WIDE", wide).replace("MONTH", month)
    fees = taken(bench, text)["fees"].sort_values(["site_id", "month"])
    assert [str(m)[:7] for m in fees["month"]] == ["2024-01", "2024-02"] * 2
    return fees[["receivable", "collected"]].to_numpy().tolist()


EXPECTED = [[100, 90], [110, 95], [200, 180], [210, 190]]


def test_months_with_measures_below_them(bench):
    made = openpyxl.Workbook()
    sheet = made.active
    for row in (
        ["项目", "1月", None, "2月", None],
        [None, "应收", "实收", "应收", "实收"],
        ["A园", 100, 90, 110, 95],
        ["B园", 200, 180, 210, 190],
        ["合计", 300, 270, 320, 285],
    ):
        sheet.append(row)
    for area in ("A1:A2", "B1:C1", "D1:E1"):
        sheet.merge_cells(area)
    made.save(bench.raw / "台账.xlsx")
    wide = "'(?P<head>\\d+月)·(?P<measure>应收|实收)'"
    assert fees_of(bench, wide, "{from: $head, year: 2024}") == EXPECTED


def test_one_measure_a_sheet(bench):
    sheets = {
        "应收": [["项目", "2024-01", "2024-02"], ["A园", 100, 110], ["B园", 200, 210]],
        "实收": [["项目", "2024-01", "2024-02"], ["B园", 180, 190], ["A园", 90, 95]],
    }
    book(bench, "台账.xlsx", sheets)
    wide = "{heads: '(?P<head>\\d{4}-\\d{2})', measure: $sheet}"
    assert fees_of(bench, wide, "$head") == EXPECTED
    sheets["实收"].append(["A园", 1, 1])
    book(bench, "台账.xlsx", sheets)
    text = WIDE.replace("WIDE", wide).replace("MONTH", "$head")
    assert set(rules(bench, text)) == {"measure_twice"}


def test_one_measure_as_cells_and_months_nobody_declared(bench):
    rows = [
        ["项目", "2024年1月", "2024年2月", "全年"],
        ["A园", 3, None, 3],
        ["B园", None, None, None],
    ]
    book(bench, "台账.xlsx", {"户数": rows})
    text = """
sources:
  - table: invitations
    files: [台账.xlsx]
    wide: '(?P<head>\\d{4}年\\d+月)'
    columns: {site_id: 项目, month: $head, invited: $cell}
    constants: {channel: 全部}
"""
    assert rules(bench, text) == ["column_undeclared"]
    record = ingest.ingest(
        bench.client(text.replace("constants", "drop: [全年]\n    constants")),
        bench.root / "canonical",
    )
    invited = pd.read_parquet(bench.root / "canonical" / "invitations.parquet")
    assert invited["invited"].tolist() == [3]
    source = record.tables["invitations"].sources[0]
    assert (source.rows_in, source.rows_added, source.rows_out) == (2, 1, 1)
    assert source.left_out == {"no_head": 1, "head_blank": 1}
    assert source.recorded == {"head_blank": 1}  # a month without a number is no zero


def test_quarters_need_a_word_about_their_month(bench):
    rows = [["项目", "2024Q1·应收", "2024Q1·实收", "2024年第2季度·应收", "2024年第2季度·实收"]]
    rows += [["A园", 100, 90, 110, 95]]
    book(bench, "台账.xlsx", {"一": rows})
    text = WIDE.replace("WIDE", "'(?P<head>.+)·(?P<measure>.+)'")
    assert set(rules(bench, text.replace("MONTH", "$head"))) == {"quarter_undeclared"}
    fees = taken(bench, text.replace("MONTH", "{from: $head, quarter: last}"))["fees"]
    assert [str(m)[:7] for m in fees["month"]] == ["2024-03", "2024-06"]


# ---- proposals for canonical names, and for tables that look alike


def test_files_with_canonical_names_are_their_tables(bench):
    bench.put("a.csv", "site_id,site_name,households\nA,甲园,100\n")
    bench.put("b.csv", "Ticket_ID,site_id,kind,opened_at\n1,A,repair,2024-03-01 09:00\n")
    bench.put("c.csv", "site_id,wave,arm,planned_start\nA,1,受训,2024-03-01\n")
    text = ingest.propose("acme", sorted(bench.raw.glob("*.csv")), str)
    for table in ("sites", "tickets", "waves"):
        assert f"  - table: {table}" in text
    assert "ticket_id: Ticket_ID" in text
    assert "labels: {受训: treated}" in text
    assert "table: DECIDE" not in text


def test_a_rating_sheet_with_subordinates_is_recognised(bench):
    rows = "0001,A园,下级,4\n0001,A园,旁人,5\n"
    bench.put("360.csv", f"被评人工号,所属项目,评价人关系,服务态度\n{rows}")
    text = ingest.propose("acme", [bench.raw / "360.csv"], str)
    assert "table: ratings" in text
    assert "{下级: subordinate, 旁人: DECIDE}" in text
    assert "rating_id: $row" in text


def test_an_export_that_fits_two_tables_is_left_to_decide(bench):
    bench.put("单.csv", "工单ID,提交时间,所属项目,来源\n1,2024-03-01 09:00,A园,微信\n")
    text = ingest.propose("acme", [bench.raw / "单.csv"], str)
    assert "table: surveys" not in text


# ---- exports without a row


def test_a_questionnaire_with_a_header_alone_is_an_empty_table(bench):
    bench.put("问卷.csv", "序号,项目,时间,总体\n")
    found = taken(bench, SURVEY.replace("LABELS", ""))
    assert len(found["surveys"]) == 0


@pytest.mark.parametrize("text", [SURVEY.replace("LABELS", ""), FEES])
def test_a_source_whose_files_are_missing_is_told_and_nothing_else(bench, text):
    assert set(rules(bench, text)) == {"files_missing"}


def test_a_list_of_sites_is_not_numbered_by_its_rows(bench):
    bench.put("小区清单.csv", "小区名称,业态,户数\n甲园,普通住宅,100\n")
    text = ingest.propose("acme", [bench.raw / "小区清单.csv"], str)
    assert "$row" not in text


# ---- one measure a sheet, several rows per site


BUILDINGS = {
    "应收": [
        ["项目", "楼栋", "费项", "2024-01", "2024-02"],
        ["A园", "1栋", "物业费", 60, 60],
        ["A园", "2栋", "物业费", 40, 50],
        ["A园", "2栋", "停车费", 7, 7],
        ["B园", "1栋", "物业费", 200, 210],
    ],
    "实收": [
        ["项目", "楼栋", "费项", "2024-01", "2024-02"],
        ["B园", "1栋", "物业费", 180, 190],
        ["A园", "2栋", "停车费", 5, 5],
        ["A园", "2栋", "物业费", 35, 45],
        ["A园", "1栋", "物业费", 55, 50],
    ],
}
BY_SHEET = "{heads: '(?P<head>\\d{4}-\\d{2})', measure: $sheet}"


def buildings(more):
    text = WIDE.replace("WIDE", BY_SHEET).replace("MONTH", "$head")
    return text.rstrip("\n") + f"\n    drop: [楼栋]\n    only: {{费项: [物业费]}}\n{more}"


def test_a_measure_a_sheet_and_a_row_a_building_are_summed(bench):
    book(bench, "台账.xlsx", BUILDINGS)
    (fault, *others) = ingest.check(bench.client(buildings("")))
    assert (fault.rule, fault.sheet, fault.row, others[-1:]) == ("measure_twice", "实收", 5, others)
    assert fault.params["head"] == "2024-01"
    told = "    aggregate: {sum: [" + fault.params["sums"] + "]}\n"
    text = buildings(told)
    assert rules(bench, text) == []
    assert rules(bench, text, blocking=False) == []
    record = ingest.ingest(bench.client(text), bench.root / "canonical")
    fees = pd.read_parquet(bench.root / "canonical" / "fees.parquet")
    fees = fees.sort_values(["site_id", "month"])
    assert fees[["receivable", "collected"]].to_numpy().tolist() == EXPECTED
    source = record.tables["fees"].sources[0]
    assert (source.rows_in, source.left_out["filtered"], source.rows_out) == (8, 2, 4)
    assert source.rows_in + source.rows_added - sum(source.left_out.values()) == source.rows_out


def test_what_one_of_the_sheets_lacks_is_told_and_can_be_left_out(bench):
    short = {**BUILDINGS, "实收": [row for row in BUILDINGS["实收"] if row[0] != "B园"]}
    book(bench, "台账.xlsx", short)
    text = buildings("    aggregate: {sum: [receivable, collected]}\n")
    told = ingest.check(bench.client(text))
    assert [(f.rule, f.params["header"]) for f in told] == [("measure_lacking", "实收")] * 2
    known = "{rule: measure_lacking, column: 实收, max_rows: 9, then: drop, reason: not ours}"
    known = f"    accept: [{known}]\n"
    assert taken(bench, text + known)["fees"]["site_id"].tolist() == ["A园", "A园"]


@pytest.mark.parametrize("marked", ["A园", None])
def test_a_total_of_each_month_is_not_added(bench, marked):
    sheets = {
        name: [*rows[:3], [marked, None, "物业费", 100, 110]] for name, rows in BUILDINGS.items()
    }
    sheets["实收"] = [BUILDINGS["实收"][0], ["A园", "1栋", "物业费", 55, 50],
                    ["A园", "2栋", "物业费", 35, 45], [marked, None, "物业费", 90, 95]]  # fmt: skip
    book(bench, "台账.xlsx", sheets)
    found = rules(bench, buildings("    aggregate: {sum: [receivable, collected]}\n"))
    assert "total_suspected" in found


def test_a_number_of_rows_over_sheets_of_measures_is_refused(bench):
    with pytest.raises(ingest_errors.InputError) as caught:
        bench.client(buildings("    aggregate: {sum: [receivable, collected], count: x}\n"))
    assert {f.params.get("problem_key") for f in caught.value.faults} >= {
        "faults.value.count_of_measures"
    }


def test_spaces_inside_names_never_tell_two_sites_apart(bench):
    bench.put("小区.csv", "小区,户数\n阳光 城,100\n滨江一号,90\nSun City,80\n")
    bench.put("工单.csv", "号,小区,开\n1,阳光城,2024-03-01 09:00\n2,阳 光 城,2024-03-01 09:00\n"
              "3,滨江　一号,2024-03-01 09:00\n4,Sun City,2024-03-01 09:00\n")  # fmt: skip
    text = """
sources:
  - table: sites
    files: [小区.csv]
    columns: {site_id: 小区, site_name: 小区, households: 户数}
  - table: tickets
    files: [工单.csv]
    columns: {ticket_id: 号, site_id: SITE, opened_at: 开}
    constants: {kind: repair}
  - table: waves
    inline: [{site_id: 阳光 城, wave: 1, arm: treated, planned_start: 2024-05-01}]
"""
    for site in ("小区", "{from: 小区, aliases: sites}"):
        found = taken(bench, "aliases: {sites: {江: 滨江 一号}}\n" + text.replace("SITE", site))
        assert found["sites"]["site_id"].tolist() == ["阳光城", "滨江一号", "Sun City"]
        sites = found["tickets"]["site_id"].tolist()
        assert sites == ["阳光城", "阳光城", "滨江一号", "Sun City"]
        assert found["waves"]["site_id"].tolist() == ["阳光城"]


# ---- means instead of answers

MEANS = """
instruments:
  s: {scale: [1, 5], items: {q1: {role: overall}}}
sources:
  - table: survey_means
    files: [均分.csv]
    columns: {site_id: 项目, month: 月份, score: 均分, answers: 份数}
    constants: {instrument: s, item: q1}
"""


def test_means_of_buildings_weigh_by_their_answers(bench):
    rows = [
        "A园,1栋,2024-01,4,30",
        "A园,2栋,2024-01,5,10",
        "A园,1栋,2024-02,3.5,",
        "B园,1栋,2024-01,,",
    ]
    bench.put("均分.csv", "\n".join(["项目,楼栋,月份,均分,份数", *rows]) + "\n")
    text = MEANS + "    drop: [楼栋]\n    aggregate: {mean: [score], sum: [answers]}\n"
    found = taken(bench, text)["survey_means"].sort_values(["site_id", "month"])
    assert found["score"].fillna(0).tolist() == [4.25, 3.5, 0]
    assert found["answers"].fillna(0).tolist() == [40, 0, 0]


@pytest.mark.parametrize("score", ["5.2", "0.8"])
def test_a_mean_outside_its_scale_is_refused(bench, score):
    bench.put("均分.csv", f"项目,月份,均分,份数\nA园,2024-01,{score},30\n")
    assert rules(bench, MEANS) == ["out_of_range"]


# ---- October that lost its zero

DOTTED = FEES.replace("month: 账期", "month: {from: 账期, format: '%Y.%m'}")
PER_SITE = DOTTED.replace("    drop: [楼栋]\n    aggregate: {sum: [receivable, collected]}\n", "")
YEAR = (1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 11, 12)


def dotted(bench, months, sites=("A园", "B园"), buildings=(), amount="10,5"):
    """Write a ledger whose months are as a spreadsheet leaves 2024.10."""
    names = [f"{s},{b}" for s in sites for b in buildings] if buildings else list(sites)
    head = "项目,楼栋,账期,应收,实收" if buildings else "项目,账期,应收,实收"
    rows = [f"{name},2024.{month},{amount}" for month in months for name in names]
    bench.put("台账.csv", "\n".join([head, *rows]) + "\n")


@pytest.mark.parametrize("months", [YEAR, YEAR[::-1], (9, 1, 2, 1, 3), (8, 9, 1), (1, 11, 12)])
@pytest.mark.parametrize("buildings", [(), ("1栋", "2栋")])
def test_a_second_january_is_the_lost_october(bench, months, buildings):
    dotted(bench, months, buildings=buildings)
    assert set(rules(bench, DOTTED if buildings else PER_SITE)) == {"october_lost"}


def test_site_by_site_the_october_is_found_in_its_place(bench):
    rows = [f"{s},2024.{month},10,5" for s in ("A园", "B园") for month in YEAR]
    bench.put("台账.csv", "\n".join(["项目,账期,应收,实收", *rows]) + "\n")
    (fault,) = ingest.check(bench.client(PER_SITE))
    assert (fault.rule, fault.row, fault.more_rows) == ("october_lost", 11, 1)


@pytest.mark.parametrize("months", [(1, 2, 3), (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), (1, 2, 9)])
def test_a_declared_january_stays_january_where_nothing_speaks_against_it(bench, months):
    dotted(bench, months)
    found = taken(bench, PER_SITE)["fees"]
    assert sorted({day.month for day in found["month"]}) == sorted(months)


def test_the_same_january_twice_is_a_repetition_where_october_stands(bench):
    dotted(bench, (1, 1, 9, 10, 11), sites=["A园"])
    assert set(rules(bench, PER_SITE)) == {"duplicate_row"}


def test_sheets_that_differ_in_what_january_is_are_looked_at_one_by_one(bench):
    sheets = {
        str(year): [["项目", "账期", "应收", "实收"]]
        + [["A园", float(f"{year}.{m}"), 10, 5] for m in months]
        for year, months in ((2023, (11, 12)), (2024, YEAR))
    }
    book(bench, "台账.xlsx", sheets)
    text = PER_SITE.replace("files:", "accept: [{rule: period_outside, max_rows: 9, reason: old}]\n"
                            "    files:")  # fmt: skip
    assert rules(bench, text) == ["october_lost"]


def test_a_kind_left_blank_in_a_month_is_told_and_is_no_zero(bench):
    bench.put("月报.csv", "项目,月份,报修,投诉\nA园,2024-01,3,1\nA园,2024-02,4,\n")
    text = """
sources:
  - table: ticket_counts
    files: [月报.csv]
    columns: {site_id: 项目, month: 月份}
    unpivot: {name: kind, value: tickets, items: {repair: 报修, complaint: 投诉}}
"""
    assert rules(bench, text) == ["item_blank"]
    found = taken(bench, text.replace("items:", "skip_blank: true, items:"))["ticket_counts"]
    assert found.groupby("kind")["tickets"].sum().to_dict() == {"complaint": 1, "repair": 7}
    assert len(found) == 3


@pytest.mark.parametrize("cell", ["4到5分", "4～5", "5分制4分", "4分/5分", "4多", "3星半"])
def test_more_than_words_beside_a_number_is_refused(bench, cell):
    assert set(rules(bench, answers(bench, [cell, "3"], ""))) == {"label_undeclared"}


@pytest.mark.parametrize(
    "building", ["总数", "∑", "全小区", "全部楼栋", "其中：1栋车位", "Of which parking"]
)
def test_sums_and_parts_of_other_rows_are_not_summed_up(bench, building):
    rows = ["A园,1栋,2024-01,1000,800", "A园,2栋,2024-01,2000,1600"]
    rows.append(f"A园,{building},2024-01,3000,2400")
    assert rules(bench, ledger(bench, rows)) == ["total_suspected"]


def test_large_amounts_equal_to_the_sum_of_two_are_a_total_whatever_it_is_called(bench):
    rows = ["A园,1栋,2024-01,125340.5,118220", "A园,2栋,2024-01,98120.25,90010"]
    rows.append("A园,园区,2024-01,223460.75,208230")
    assert rules(bench, ledger(bench, rows)) == ["total_suspected"]
