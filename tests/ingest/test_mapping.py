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
