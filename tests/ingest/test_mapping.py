"""Places, joins, patterns, hashed ids, and acceptances that do not hold."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis import ingest

HEAD = "sources:\n  - table: sites\n    inline: [{site_id: P01, site_name: 城市花园}]\n"
TICKETS = (
    HEAD
    + """
  - table: tickets
    files: ["工单*.csv"]
    columns:
      ticket_id: %s
      site_id: 项目
      opened_at: {from: 开, date_only: midnight}
"""
)
ROWS = "号,项目,开\n1,P01,2024-03-05\n2,P01,2024/3/6 9:00\n"


def tickets(bench, text):
    ingest.ingest(bench.client(text), bench.root / "c")
    return pd.read_parquet(bench.root / "c" / "tickets.parquet")


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ("号", ["1", "2"]),
        ("{from: [项目, 号]}", ["P01-1", "P01-2"]),
        ("{from: [$file, 号], join: /}", ["工单3月/1", "工单3月/2"]),
        ("$row", ["工单3月:2", "工单3月:3"]),
        (r"{from: 号, width: 4}", ["0001", "0002"]),
        (r"{from: 开, pattern: '(\d+)$'}", ["05", "00"]),
    ],
)
def test_where_a_value_can_come_from(bench, mapping, expected):
    bench.put("工单3月.csv", ROWS)
    text = TICKETS % mapping
    if "号" not in mapping:
        text += "    drop: [号]\n"
    assert tickets(bench, text)["ticket_id"].tolist() == expected


def test_an_identifier_can_be_hashed(bench):
    bench.put("工单.csv", "号,项目,开\n13800008000,P01,2024-03-05\n")
    (fault,) = ingest.check(bench.client(TICKETS % "号"))
    assert (fault.rule, fault.value) == ("personal_value", None)
    (hashed,) = tickets(bench, TICKETS % "{from: 号, hashed: true}")["ticket_id"]
    assert len(hashed) == 32


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_the_encoding_does_not_change_the_table(bench, encoding):
    bench.put("工单.csv", "号,项目,开\n甲一,城市花园,2024年3月5日 上午9:08\n", encoding)
    text = "aliases: {sites: {城市花园: P01}}\n" + TICKETS % "号"
    text = text.replace("site_id: 项目", "site_id: {from: 项目, aliases: sites}")
    got = tickets(bench, text).iloc[0]
    assert (got["ticket_id"], got["site_id"]) == ("甲一", "P01")
    assert got["opened_at"] == pd.Timestamp("2024-03-05 01:08Z")


def test_row_order_does_not_change_the_rows(bench):
    bench.put("工单.csv", ROWS)
    one = tickets(bench, TICKETS % "号")
    head, *rows = ROWS.splitlines()
    bench.put("工单.csv", "\n".join([head, *reversed(rows)]) + "\n")
    other = tickets(bench, TICKETS % "号").sort_values("ticket_id", ignore_index=True)
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize(
    ("accept", "rule", "blocking"),
    [
        ("{rule: date_order, max_rows: 1, reason: old clock}", "accept_unused", False),
        ("{rule: column_missing, max_rows: 1, reason: no matter}", "accept_refused", True),
        (
            "{rule: unmatched_reference, column: site_id, max_rows: 1, then: 'null', "
            "reason: no matter}",
            "accept_refused",
            True,
        ),
    ],
)
def test_an_acceptance_that_does_not_hold_is_told(bench, accept, rule, blocking):
    bench.put("工单.csv", ROWS)
    faults = ingest.check(bench.client(TICKETS % "号" + f"    accept: [{accept}]\n"))
    assert [(f.rule, f.blocking) for f in faults] == [(rule, blocking)]
    assert faults[0].row is not None


def test_an_option_of_another_kind_is_told(bench):
    bench.put("工单.csv", ROWS)
    faults = ingest.check(bench.client(TICKETS % "{from: 号, order: mdy}"))
    assert [f.rule for f in faults] == ["option_unfit"]


def test_a_label_that_means_nothing_is_missing(bench):
    bench.put("工单.csv", "号,项目,开,类\n1,P01,2024-03-05,报修\n2,P01,2024-03-05,其他\n")
    text = TICKETS % "号" + "      kind: {from: 类, labels: {报修: repair, 其他: null}}\n"
    assert tickets(bench, text)["kind"].tolist()[0] == "repair"
    assert tickets(bench, text)["kind"].isna().tolist() == [False, True]


def test_a_column_dropped_by_one_source_and_taken_by_another_is_declared(bench):
    bench.put("工单.csv", "号,项目,开,评\n1,P01,2024-03-05,5\n")
    (fault,) = ingest.check(bench.client(TICKETS % "号"))
    assert (fault.rule, fault.column, fault.row) == ("column_undeclared", "评", 1)


def test_an_option_with_an_impossible_value_is_told(bench):
    bench.put("工单.csv", ROWS)
    text = TICKETS.replace("date_only: midnight", "date_only: midnight, zone: Mars/Olympus") % "号"
    faults = ingest.check(bench.client(text))
    assert {f.rule for f in faults} == {"option_value"}


def test_a_broken_pattern_is_told_with_its_line(bench):
    from analysis.errors import InputError

    with pytest.raises(InputError, match="regular expression"):
        bench.client(TICKETS % "{from: 号, pattern: '('}")


def test_each_version_of_a_wide_questionnaire_has_its_own_scale(bench):
    bench.put(
        "问卷.csv",
        "号,版本,项目,时间,总体,推荐\n"
        "1,v1,P01,2024-03-05 09:00,5,\n2,v2,P01,2024-03-06 09:00,10,9\n",
    )
    client = bench.client(
        """
instruments:
  v1: {scale: [1, 5], items: {q1: {role: overall}}}
  v2: {scale: [0, 10], items: {q1: {}, q2: {role: nps}}}
sources:
  - {table: sites, inline: [{site_id: P01, site_name: 城市花园}]}
  - table: surveys
    files: [问卷.csv]
    columns: {response_id: 号, instrument: 版本, site_id: 项目, answered_at: 时间}
    unpivot: {items: {q1: 总体, q2: 推荐}}
"""
    )
    assert ingest.check(client) == []
    ingest.ingest(client, bench.root / "out")
    answers = pd.read_parquet(bench.root / "out" / "surveys.parquet")
    said = answers.set_index(["response_id", "item"])
    assert said["score"].dropna().to_dict() == {("1", "q1"): 5, ("2", "q1"): 10, ("2", "q2"): 9}
    assert said.loc[("1", "q2"), "missing"] == "not_applicable"


def test_labels_people_read_stay_as_typed_and_fold_only_to_meet(bench):
    bench.put(
        "里程碑.csv", "号,名称,计划\nM1,满意度≥85%，含回访,2024-03-05\nM2,沟通（一）,2024-03-06\n"
    )
    bench.put("里程碑二.csv", "号,名称,计划\nM3,沟通(一),2024-03-07\n")
    client = bench.client(
        """
sources:
  - {table: sites, inline: [{site_id: P01, site_name: 城市花园}]}
  - table: milestones
    files: [里程碑.csv, 里程碑二.csv]
    columns: {milestone_id: 号, name: 名称, planned_on: 计划}
"""
    )
    ingest.ingest(client, bench.root / "out")
    names = pd.read_parquet(bench.root / "out" / "milestones.parquet")["name"].tolist()
    assert names == ["满意度≥85%，含回访", "沟通（一）", "沟通（一）"]
