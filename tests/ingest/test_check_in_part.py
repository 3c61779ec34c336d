"""A client file with faults of its own does not hide those of the exports."""

from __future__ import annotations

import pytest

from analysis import client as clients
from analysis import ingest
from analysis.errors import InputError

SOURCES = """
sources:
  - table: tickets
    files: [工单.csv]
    columns:
      ticket_id: 编号
      site_id: 项目
      kind: {from: 类型, labels: {投诉: complaint}}
      opened_at: 时间
    drop: {备注: DROP}
  - table: fees
    files: [台账.csv]
    columns: {site_id: 项目, month: MONTH, receivable: 应收, collected: 实收}
"""


def written(bench, text, **replaced):
    bench.put(
        "工单.csv", "编号,项目,类型,时间,备注\n1,A园,投诉,2024-03-01 09:00,\n2,A园,报修,昨天,\n"
    )
    bench.put("台账.csv", "项目,账期,应收,实收\nA园,2024-01,约100,90\n")
    for name, value in replaced.items():
        text = text.replace(name, value)
    with pytest.raises(InputError):
        bench.client(text)
    part = clients.load_in_part(bench.folder / "client.yml")
    return part, {(f.rule, f.file, f.row) for f in ingest.examine_in_part(part)}


TICKETS = {("label_unknown", "raw/工单.csv", 3), ("date_unreadable", "raw/工单.csv", 3)}
FEES = {("number_approximate", "raw/台账.csv", 2)}


@pytest.mark.parametrize(
    "more",
    [
        "design: {alpha: 7}\n",
        "goals: [{indicator: nothing}]\n",
        "choices: {C99: x}\n",
        "unknown_key: 1\n",
        "finances: {2024: {revenue: much}}\n",
    ],
)
def test_faults_elsewhere_in_the_client_file_hide_no_export(bench, more):
    part, told = written(bench, more + SOURCES, DROP="open text", MONTH="账期")
    assert part.left_out == ()
    assert told == TICKETS | FEES


def test_a_header_that_is_still_to_be_decided_hides_no_cell(bench):
    part, told = written(bench, SOURCES, DROP="DECIDE", MONTH="账期")
    assert part.left_out == ()
    assert told == TICKETS | FEES


def test_a_source_with_a_fault_is_named_and_the_others_are_read(bench):
    part, told = written(bench, SOURCES, DROP="open text", MONTH="{from: 账期, labels: nowhere}")
    assert part.left_out == ("台账.csv",)
    assert told == TICKETS


def test_an_unreadable_client_file_gives_nothing(bench):
    part, told = written(bench, "sources: [")
    assert (part.client, told) == (None, set())
