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
