"""A second delivery adds lines to the client file and changes none."""

from __future__ import annotations

import pytest
from ruamel.yaml import YAML

from analysis import ingest
from analysis.errors import InputError

WRITTEN = """\
# ours: agreed with the client on 3 March
client: {id: acme, name: {zh_CN: 甲, en: A}, timezone: Asia/Shanghai}
period: {first: 2024-01, last: 2024-12}   # a year
sources:
  - table: tickets
    files: [工单_1月.csv]   # monthly
    columns: {ticket_id: 单号, site_id: 小区, opened_at: 报单时间}
    constants: {kind: complaint}
    drop: [诉求]
  # sites are written here
  - table: sites
    inline: [{site_id: 甲苑, site_name: 甲苑}]

choices: {C2: plus_5}   # decided
"""
HEAD = "单号,小区,诉求,报单时间\n"


def added(bench, name, text, written=WRITTEN):
    bench.put("工单_1月.csv", HEAD + "1,甲苑,投诉,2024-01-03 09:00\n")
    (bench.folder / "client.yml").write_text(written, encoding="utf-8")
    path = bench.root / name
    path.write_text(text, encoding="utf-8")
    found = ingest.add_exports("acme", [path], str, root=bench.root)
    return found, (bench.folder / "client.yml").read_text(encoding="utf-8")


def kept(new, *, but=()):
    return [line for line in WRITTEN.splitlines() if line not in new.splitlines()] == list(but)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ("files: [工单_1月.csv]   # monthly", "files: [工单_1月.csv, 工单_2月.csv]   # monthly"),
        ("files: 工单_1月.csv", "files: [工单_1月.csv, 工单_2月.csv]"),
        ("files:\n      - 工单_1月.csv", "files:\n      - 工单_1月.csv\n      - 工单_2月.csv"),
    ],
)
def test_a_file_with_the_columns_of_a_source_joins_it(bench, files, expected):
    written = WRITTEN.replace("files: [工单_1月.csv]   # monthly", files)
    found, new = added(bench, "工单_2月.csv", HEAD + "2,甲苑,投诉,2024-02-03 09:00\n", written)
    assert found.joined == ("工单_2月.csv",)
    assert new == written.replace(files, expected)
    assert (bench.raw / "工单_2月.csv").is_file()


def test_a_file_that_a_pattern_takes_changes_nothing(bench):
    written = WRITTEN.replace("[工单_1月.csv]", "[工单_*.csv]")
    found, new = added(bench, "工单_2月.csv", HEAD, written)
    assert (found.matched, new) == (("工单_2月.csv",), written)


def test_a_new_kind_of_file_is_proposed_after_the_others(bench):
    found, new = added(bench, "收费.csv", "小区,月份,应收,实收\n甲苑,2024-01,100,90\n")
    assert found.proposed == ("收费.csv",)
    assert kept(new)
    said = YAML(typ="safe").load(new)
    assert [s["table"] for s in said["sources"]] == ["tickets", "sites", "fees"]
    assert said["choices"] == {"C2": "plus_5"}


def test_a_questionnaire_brings_its_instrument_and_labels(bench):
    text = (
        "序号,提交答卷时间,小区,1、您对物业服务总体是否满意？\n1,2024-01-03 09:00,甲苑,非常满意\n"
    )
    _, new = added(bench, "问卷.csv", text)
    assert kept(new)
    said = YAML(typ="safe").load(new)
    assert said["instruments"]["surveys_问卷"]["items"]["q1"]["role"] == "overall"
    assert said["labels"]["five"]["非常满意"] == 5


def test_an_export_is_never_written_over(bench):
    with pytest.raises(InputError) as caught:
        added(bench, "工单_1月.csv", HEAD + "9,甲苑,投诉,2024-01-03 09:00\n")
    assert [f.rule for f in caught.value.faults] == ["export_replaced"]
    assert (bench.folder / "client.yml").read_text(encoding="utf-8") == WRITTEN
