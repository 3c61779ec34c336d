"""A proposed client file maps what is known, drops what is personal, and asks for the rest."""

from __future__ import annotations

import openpyxl
import pytest
from ruamel.yaml import YAML

from analysis import client as clients
from analysis import ingest, wording
from analysis.errors import InputError


def english(key):
    return wording.text(f"proposal.{key}", "en")


def proposed(bench, *files):
    return YAML(typ="safe").load(ingest.propose("acme", files, english))["sources"]


def test_a_ticket_export_is_recognised(bench):
    path = bench.put(
        "工单.csv",
        "工单导出 2024年3月,,,,,,\n,,,,,,\n"
        "工单编号,所属项目,诉求分类1,来电时间,派单时间,办结时间,来电人,来电人电话,主要内容,奇怪的列\n"
        "W1,城市花园,投诉,2024-03-05 09:00,,,王某,13800008000,电梯坏,1\n"
        "W2,城市花园,报修,2024-03-05 09:00,,,李某,13800008001,漏水,2\n",
        "gb18030",
    )
    (source,) = proposed(bench, path)
    assert source["table"] == "tickets"
    assert source["columns"]["ticket_id"] == "工单编号"
    assert source["columns"]["kind"] == {
        "from": "诉求分类1",
        "labels": {"投诉": "DECIDE", "报修": "DECIDE"},
    }
    assert "first_response_at" not in source["columns"]  # the dispatch is no reply
    assert source["header_rows"] == [3]
    assert source["drop"]["来电人"] == "personal data (name), never taken"
    assert source["drop"]["主要内容"] == "open text, never taken"
    assert source["drop"]["奇怪的列"] == "DECIDE"
    assert "13800008000" not in ingest.propose("acme", [path], english)


def test_a_questionnaire_and_a_ledger_are_recognised(bench):
    answers = bench.put(
        "问卷.csv",
        "序号,提交答卷时间,所用时间,来源,来自IP,1、您对物业服务总体是否满意？,第4题(响应速度),27：您的建议\n"
        "1,2024/3/5 9:08:07,123秒,微信,1.2.3.4(广东-深圳),满意,一般,很好\n",
    )
    book = openpyxl.Workbook()
    book.active.append(["项目名称", "费项", "本期饱和应收", "本期实收", "业主名称"])
    book.active.append(["城市花园", "物业费", 100, 90, "张三"])
    book.save(bench.raw / "收费.xlsx")
    survey, fees = proposed(bench, answers, bench.raw / "收费.xlsx")
    assert survey["table"] == "surveys"
    assert list(survey["unpivot"]["items"].values()) == [
        "1、您对物业服务总体是否满意？",
        "第4题(响应速度)",
    ]
    assert survey["drop"]["来自IP"].startswith("personal data")
    assert survey["drop"]["27：您的建议"].startswith("open text")
    assert fees["table"] == "fees"
    assert fees["columns"]["collected"] == "本期实收"
    assert fees["drop"]["业主名称"].startswith("personal data")


def test_an_undecided_proposal_does_not_load(bench):
    path = bench.put("工单.csv", "工单编号,来电时间,奇怪的列\nW1,2024-03-05 09:00,1\n")
    written = ingest.new_client("fresh", [path], english, root=bench.root)
    assert (written.parent / "raw" / "工单.csv").read_bytes() == path.read_bytes()
    with pytest.raises(InputError) as caught:
        clients.load(written)
    rules = {fault.rule for fault in caught.value.faults}
    assert rules == {"client_undecided"}
    with pytest.raises(InputError, match="already"):
        ingest.new_client("fresh", [path], english, root=bench.root)


def test_known_headers_lead_to_known_columns():
    from analysis.ingest.headers import known_headers
    from analysis.tables import TABLES

    for table, known in known_headers()["tables"].items():
        assert set(known["columns"]) <= set(TABLES[table].columns)


def test_files_of_one_name_are_refused_and_a_folder_keeps_its_places(bench, tmp_path):
    from analysis.ingest.propose import exports

    text = "工单编号,来电时间\nW1,2024-03-05 09:00\n"
    for folder in ("一月", "二月"):
        place = tmp_path / "exports" / folder
        place.mkdir(parents=True)
        (place / "工单.csv").write_text(text, encoding="utf-8")
    both = sorted((tmp_path / "exports").rglob("*.csv"))
    with pytest.raises(InputError) as caught:
        ingest.new_client("fresh", both, english, root=bench.root)
    assert {fault.rule for fault in caught.value.faults} == {"export_name_twice"}
    assert not (bench.root / "data" / "fresh").exists()
    assert [name for _, name in exports([tmp_path / "exports"])] == [
        "一月/工单.csv",
        "二月/工单.csv",
    ]
    written = ingest.new_client("fresh", [tmp_path / "exports"], english, root=bench.root)
    assert (written.parent / "raw" / "二月" / "工单.csv").is_file()


def test_a_client_that_cannot_be_a_folder_is_refused(bench):
    path = bench.put("工单.csv", "工单编号,来电时间\nW1,2024-03-05 09:00\n")
    with pytest.raises(InputError, match="identifier"):
        ingest.new_client("../evil", [path], english, root=bench.root)


def test_the_proposal_speaks_chinese(bench):
    path = bench.put("工单.csv", "工单编号,来电时间,来电人,奇怪的列\nW1,2024-03-05 09:00,王某,1\n")
    text = ingest.propose("acme", [path], lambda key: wording.text(f"proposal.{key}", "zh_CN"))
    assert "来电人: '个人信息（姓名），不取用'" in text
    assert "personal data" not in text
