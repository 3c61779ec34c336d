"""All faults of all files at once, each at its place, and nothing written."""

from __future__ import annotations

import openpyxl

from analysis import ingest, wording

CLIENT = """
labels:
  five: {非常满意: 5, 满意: 4, 一般: 3, 不满意: 2, 非常不满意: 1}
  property: {别墅: villa, 普通: ordinary}
  kind: {报修: repair, 投诉: complaint}
aliases:
  sites: {城市花园: P01, 滨江一号: P02}
instruments:
  csat: {scale: [1, 5], items: {q1: {role: overall}, q2: {}}}
sources:
  - table: sites
    files: [项目.csv]
    columns:
      site_id: 项目编码
      site_name: 项目名称
      property_type: {from: 物业类型, labels: property}
      households: 户数
  - table: staff
    files: [员工.csv]
    columns:
      staff_id: 工号
      site_id: 项目编码
      role: 姓名
      hired_on: 入职日期
      left_on: 离职日期
  - table: surveys
    files: [问卷.csv]
    columns:
      response_id: 序号
      site_id: {from: 项目, aliases: sites}
      household_id: {from: 手机号码, form: phone}
      answered_at: 提交时间
    constants: {instrument: csat}
    unpivot: {items: {q1: 总体, q2: 态度}, labels: five}
  - table: invitations
    files: [发放.csv]
    encoding: utf-8
    columns: {site_id: 项目编码, month: 月份, channel: 渠道, invited: 份数}
  - table: tickets
    files: [工单.csv]
    columns:
      ticket_id: 工单号
      site_id: 项目编码
      kind: {from: 类型, labels: kind}
      category: 分类
      opened_at: 报修时间
      resolved_at: 完成时间
    accept:
      - {rule: date_order, column: resolved_at, max_rows: 1, then: drop, reason: old clock}
  - table: fees
    files: [收费.xlsx]
    columns: {site_id: 项目编码, month: 月份, receivable: 应收, collected: 实收}
  - table: enrolments
    files: [培训.csv]
    columns: {staff_id: 工号, module: 课程, session: 班次, completion: 进度, held_on: 日期}
  - table: contracts
    files: [合同*.csv]
    columns: {contract_id: 合同号, due_on: 到期日}
    constants: {site_id: P01}
  - table: waves
    inline:
      - {site_id: P01, wave: 1, arm: treated, planned_start: 2024-06-01}
      - {site_id: P02, wave: 2, arm: treated}
      - {site_id: P09, wave: 0, arm: comparison}
"""

# rule, file, row, column: what is planted, where it stands
PLANTED = [
    ("duplicate_row", "raw/项目.csv", 4, "项目编码"),
    ("label_unknown", "raw/项目.csv", 3, "物业类型"),
    ("out_of_range", "raw/项目.csv", 3, "户数"),
    ("personal_header", "raw/员工.csv", None, "姓名"),
    ("date_order", "raw/员工.csv", 2, "离职日期"),
    ("unmatched_reference", "raw/员工.csv", 3, "项目编码"),
    ("duplicate_row", "raw/问卷.csv", 6, "序号"),
    ("date_impossible", "raw/问卷.csv", 3, "提交时间"),
    ("period_outside", "raw/问卷.csv", 4, "提交时间"),
    ("alias_unknown", "raw/问卷.csv", 5, "项目"),
    ("person_masked", "raw/问卷.csv", 4, "手机号码"),
    ("out_of_range", "raw/问卷.csv", 3, "总体"),
    ("label_unknown", "raw/问卷.csv", 4, "态度"),
    ("encoding_invalid_bytes", "raw/发放.csv", 1, None),
    ("formula_in_cell", "raw/工单.csv", 3, "分类"),
    ("personal_value", "raw/工单.csv", 4, "分类"),
    ("id_scientific", "raw/工单.csv", 5, "工单号"),
    ("required_missing", "raw/工单.csv", 6, "报修时间"),
    ("date_order_undeclared", "raw/工单.csv", 7, "报修时间"),
    ("accept_exceeded", "client.yml", "rule: date_order", "sources[4].accept[0]"),
    ("column_undeclared", "raw/工单.csv", 1, "备注"),
    ("column_missing", "raw/收费.xlsx", 1, "实收"),
    ("value_pending", "raw/收费.xlsx", 3, "应收"),
    ("share_unit_undeclared", "raw/培训.csv", 2, "进度"),
    ("unmatched_reference", "raw/培训.csv", 3, "工号"),
    ("files_missing", "raw/合同*.csv", None, None),
    ("start_missing", "client.yml", "wave: 2", "arm"),
    ("unmatched_reference", "client.yml", "P09", "site_id"),
]


def located(client):
    """Give what is planted in the client file its line."""
    lines = client.path.read_text(encoding="utf-8").splitlines()

    def line(word):
        return next(n for n, text in enumerate(lines, start=1) if word in text)

    return [(r, f, line(n) if isinstance(n, str) else n, c) for r, f, n, c in PLANTED]


def plant(bench):
    bench.put(
        "项目.csv",
        "项目编码,项目名称,物业类型,户数\nP01,城市花园,别墅,100\nP02,滨江一号,城堡,-5\n"
        "P01,城市花园,别墅,100\n",
    )
    bench.put(
        "员工.csv",
        "工号,项目编码,姓名,入职日期,离职日期\n001,P01,张三,2020-01-01,2019-01-01\n"
        "002,P77,李四,2020-01-01,\n",
    )
    bench.put(
        "问卷.csv",
        "序号,项目,手机号码,提交时间,总体,态度\n"
        "1,城市花园,13800008001,2024-03-05 09:08,满意,满意\n"
        "2,滨江一号,13800008002,2024-02-30 09:08,7,满意\n"
        "3,滨江一号,138****8003,2022-03-05 09:08,满意,凑合\n"
        "4,万科城市花园,13800008004,2024-03-05 09:08,满意,满意\n"
        "1,城市花园,13800008001,2024-03-05 09:08,满意,满意\n",
    )
    bench.put("发放.csv", "项目编码,月份,渠道,份数\nP01,2024-03,微信,30\n", "gb18030")
    bench.put(
        "工单.csv",
        "工单号,项目编码,类型,分类,报修时间,完成时间,备注\n"
        "W1,P01,报修,电梯,2024-03-05 09:00,2024-03-05 10:00,\n"
        "W2,P01,报修,=A1&B1,2024-03-05 09:00,2024-03-05 08:00,\n"
        "W3,P01,报修,请回电13800008009,2024-03-05 09:00,2024-03-05 08:00,\n"
        "1.23E+17,P01,报修,电梯,2024-03-05 09:00,,\n"
        "W5,P01,报修,电梯,,,\n"
        "W6,P01,报修,电梯,3/5/2024 09:00,,\n",
    )
    book = openpyxl.Workbook()
    month = "2024-01"
    for row in (["项目编码", "月份", "应收"], ["P01", month, 100.0], ["P02", month, "待定"]):
        book.active.append(row)
    book.save(bench.raw / "收费.xlsx")
    bench.put(
        "培训.csv",
        "工号,课程,班次,进度,日期\n001,沟通,一班,85,2024-03-05\n009,沟通,一班,85%,2024-03-05\n",
    )
    return bench.client(CLIENT)


def test_every_planted_fault_is_found_at_its_place_and_nothing_is_written(bench):
    client = plant(bench)
    before = bench.tree()
    faults = ingest.check(client)
    found = {(f.rule, f.file, f.row, f.column) for f in faults}
    planted = located(client)
    missed = [fault for fault in planted if fault not in found]
    assert not missed, "\n".join(map(str, [*missed, "found:", *sorted(map(str, found))]))
    assert len(PLANTED) >= 20
    assert bench.tree() == before
    assert not (bench.root / "home").exists()


def test_nothing_but_the_planted_faults_is_told(bench):
    client = plant(bench)
    extra = {(f.rule, f.file, f.row, f.column) for f in ingest.check(client)}
    extra -= set(located(client))
    # the two rows that exceed the accepted one stay told
    assert {(rule, file) for rule, file, *_ in extra} == {("date_order", "raw/工单.csv")}


def test_every_fault_has_an_example_and_a_sentence_in_both_languages(bench):
    for fault in ingest.check(plant(bench)):
        assert fault.example
        key = next(
            k for k in (f"faults.{fault.rule}", f"faults_reading.{fault.rule}") if wording.has(k)
        )
        for language in ("zh_CN", "en"):
            params = {"column": fault.column, "value": fault.value, "file": fault.file}
            assert wording.text(key, language, **(params | fault.params))


def test_every_rule_has_its_wording():
    from analysis.ingest.problems import RULES

    assert [rule for rule in RULES if not wording.has(f"faults.{rule}")] == []


def test_faults_never_repeat_what_names_a_person(bench):
    told = "\n".join(f"{fault} {fault.params}" for fault in ingest.check(plant(bench)))
    for secret in ("13800008009", "138****8003", "张三", "李四"):
        assert secret not in told


def test_many_faults_of_one_kind_are_counted_together(bench):
    rows = "".join(f"P{n},x,别墅,many{n}\n" for n in range(80))
    bench.put("项目.csv", "项目编码,项目名称,物业类型,户数\n" + rows)
    text = CLIENT.split("  - table: staff")[0]
    faults = ingest.check(bench.client(text))
    assert len(faults) == 51
    assert faults[-1].rule == "more_of_same"
    assert faults[-1].params["count"] == 30


def test_an_unknown_spelling_is_told_once_with_the_number_of_its_rows(bench):
    bench.put("项目.csv", "项目编码,项目名称,物业类型,户数\nP01,城市花园,别墅,9\n")
    bench.put(
        "工单_1.csv", "工单号,项目,时间\n" + "".join(f"A{n},花园,2024-03-05\n" for n in range(60))
    )
    bench.put("工单_2.csv", "工单号,项目,时间\nB1,花园,2024-03-05\nB2,滨江,2024-03-05\n")
    head = CLIENT.split("  - table: staff")[0].replace("滨江一号: P02", "滨江一号: P01")
    tickets = "  - {table: tickets, files: [工单_*.csv], columns: {ticket_id: 工单号, "
    tickets += "site_id: %s, opened_at: {from: 时间, date_only: midnight}}}\n"
    for way, rule in (
        ("{from: 项目, aliases: sites}", "alias_unknown"),
        ("项目", "unmatched_reference"),
    ):
        faults = ingest.check(bench.client(head + tickets % way))
        assert [(f.rule, f.file, f.row, f.value, f.more_rows, f.more_files) for f in faults] == [
            (rule, "raw/工单_1.csv", 2, "花园", 60, 1),
            (rule, "raw/工单_2.csv", 3, "滨江", 0, 0),
        ]
        assert "row 2 and 60 more" in str(faults[0])
        example = wording.fault_example(faults[0], "en")
        assert "aliases: {sites: {" in example


def test_every_detail_of_a_fault_is_worded():
    from analysis.client.faults import OWN_VALUE_RULES, VALUE_RULES
    from analysis.ingest.identifiers_seen import KINDS
    from analysis.ingest.problems import RULES

    details = [f"faults.example.{rule}" for rule in RULES]
    for rule in {*OWN_VALUE_RULES, *VALUE_RULES.values(), "other"}:
        details += [f"faults.value.{rule}", f"faults.right.{rule}"]
    details += [f"faults.personal.{kind}" for kind in KINDS]
    assert [key for key in details if not wording.has(key)] == []


def test_chinese_messages_hold_no_english_sentence(bench):
    import re

    for fault in ingest.check(plant(bench)):
        for said in (wording.fault_sentence(fault, "zh_CN"), wording.fault_example(fault, "zh_CN")):
            assert not re.search(r"[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}", said), said


def test_times_are_told_by_the_clients_clock(bench):
    faults = ingest.check(plant(bench))
    (late,) = [f for f in faults if f.rule == "period_outside"]
    assert late.value == "2022-03-05 09:08:00"
