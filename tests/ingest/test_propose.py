"""A proposed client file maps what is known, drops what is personal, and asks for the rest."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import pytest
from ruamel.yaml import YAML

from analysis import client as clients
from analysis import ingest, wording
from analysis.errors import InputError
from analysis.ingest.headers import folded
from analysis.ingest.readers import MARKERS


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
        "labels": {"投诉": "complaint", "报修": "repair"},
    }
    assert "first_response_at" not in source["columns"]  # the dispatch is no reply
    assert source["header_rows"] == [3]
    assert source["drop"]["来电人"] == "personal data (name), never taken"
    assert source["drop"]["主要内容"] == "open text, never taken"
    assert source["drop"]["奇怪的列"] == "DECIDE"
    assert "13800008000" not in ingest.propose("acme", [path], english)


def test_the_checklist_of_an_appraisal_is_recognised(bench):
    path = bench.put(
        "品质检查.csv",
        "检查编号,项目名称,检查日期,检查方式,检查人,仪容仪表,工单跟进,合计\n"
        "J1,城市花园,2024-03-05,定期检查,品质1,8,7,15\n"
        "J2,城市花园,2024-03-19,飞行检查,品质2,6,7,13\n",
    )
    (source,) = proposed(bench, path)
    assert source["table"] == "ratings"
    assert source["columns"]["rated_on"] == "检查日期"
    assert source["columns"]["occasion"] == {
        "from": "检查方式",
        "labels": {"定期检查": "regular", "飞行检查": "spot"},
    }
    assert list(source["unpivot"]["items"].values()) == ["仪容仪表", "工单跟进"]
    assert source["drop"] == {"合计": "computed from other columns"}


@pytest.mark.parametrize(
    ("programme", "said", "unsaid"),
    [
        ("training", "waves", "sla_share"),
        ("appraisal", "weights of the indicators", "waves"),
        ("service", "sla_resolution_hours", "waves"),
    ],
)
def test_what_is_still_to_be_described_follows_the_programme(bench, programme, said, unsaid):
    path = bench.put(
        "工单.csv", "工单编号,所属项目,来电时间,响应时间,办结时间\nW1,甲,2024-03-05 09:00,,\n"
    )
    text = ingest.propose("acme", [path], english, programme=programme)
    tail = text.splitlines()[-1]
    assert said in tail
    assert unsaid not in tail
    assert ("primary_outcome: response_within_30min" in text) == (programme == "service")


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


def test_a_header_under_a_merged_group_is_known_by_its_last_part(bench):
    book = openpyxl.Workbook()
    book.active.append(["基本信息", None, "在岗信息", None])
    book.active.append(["工号", "姓名", "所属项目", "入职日期"])
    book.active.append(["00123", "张三", "城市花园", "2020-03-01"])
    book.active.merge_cells("A1:B1")
    book.active.merge_cells("C1:D1")
    book.save(bench.raw / "花名册.xlsx")
    (staff,) = proposed(bench, bench.raw / "花名册.xlsx")
    assert staff["table"] == "staff"
    assert staff["columns"] == {
        "staff_id": "基本信息·工号",
        "site_id": "在岗信息·所属项目",
        "hired_on": "在岗信息·入职日期",
    }
    assert staff["drop"] == {"基本信息·姓名": "personal data (name), never taken"}


def test_the_last_part_of_another_period_is_not_taken():
    from analysis.ingest.proposal.headers import by_word

    assert "实收" not in by_word(["项目名称", "前期·实收", "基本信息·面积"])
    assert by_word(["基本信息·名称", "联系信息·名称"]).keys() == {"基本信息名称", "联系信息名称"}


def ledger(bench, **sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for sheet, site in sheets.items():
        page = book.create_sheet(sheet)
        page.append(["项目名称", "房屋编码", "本期饱和应收", "本期实收"])
        page.append([site, "1-101", 100, "￥90"])
        page.append([site, "1-102", 100, "￥90"])
    book.save(bench.raw / "收费.xlsx")
    return bench.raw / "收费.xlsx"


def test_a_ledger_by_flat_and_month_is_summed_and_its_month_read_from_the_sheet(bench):
    (fees,) = proposed(bench, ledger(bench, **{"2024年1月": "城市花园", "2024年2月": "城市花园"}))
    assert fees["columns"]["month"] == {"from": "$sheet", "pattern": r"(\d{4}年\d{1,2}月)"}
    assert fees["columns"]["collected"] == "本期实收"
    assert fees["aggregate"] == {"sum": ["receivable", "collected"]}
    (without,) = proposed(bench, ledger(bench, Sheet1="城市花园", Sheet2="城市花园"))
    assert without["columns"]["month"] == "DECIDE"


def test_spellings_of_sites_are_listed_and_only_equal_names_are_filled_in(bench):
    sites = bench.put(
        "项目.csv",
        "项目编码,项目名称,物业类型,户数\nP1,万科·城市花园,普通,9\nP2,滨江一号,普通,9\n"
        "P3,双名苑,普通,9\nP4,双名苑,普通,9\n",
    )
    tickets = bench.put(
        "工单.csv",
        "工单编号,所属项目,来电时间\nW1,滨江　一号,2024-03-05 09:00\nW2,城市花园,2024-03-05 09:00\n"
        "W3,双名苑,2024-03-05 09:00\nW4,13800008000,2024-03-05 09:00\nW5,P1,2024-03-05 09:00\n",
    )
    text = ingest.propose("acme", [sites, tickets], english)
    said = YAML(typ="safe").load(text)
    (aliases,) = said["aliases"].values()
    assert {folded(k): v for k, v in aliases.items()} == {
        "滨江一号": "P2",
        "城市花园": "DECIDE",
        "双名苑": "DECIDE",
    }
    assert "城市花园: DECIDE    # nearest: P1 万科·城市花园" in text
    (table,) = [s for s in said["sources"] if s["table"] == "tickets"]
    assert table["columns"]["site_id"] == {"from": "所属项目", "aliases": "sites"}
    alone = YAML(typ="safe").load(ingest.propose("acme", [tickets], english))
    assert "aliases" not in alone
    assert alone["sources"][0]["columns"]["site_id"] == "所属项目"


def test_the_mean_of_all_sites_is_no_spelling_of_one(bench):
    sites = bench.put(
        "项目.csv", "项目编码,项目名称,物业类型,户数\nP1,一号院,普通,9\nP2,二号院,普通,9\n"
    )
    fees = bench.put(
        "收费.csv",
        "项目,月份,应收,实收\n一号院,2024-03,9,8\n二号院,2024-03,9,9\n平均,2024-03,9,8.5\n",
    )
    said = YAML(typ="safe").load(ingest.propose("acme", [sites, fees], english))
    assert said["aliases"] == {"sites": {"一号院": "P1", "二号院": "P2"}}
    (ledger,) = [s for s in said["sources"] if s["table"] == "fees"]
    assert ledger["total_rows"] == [*MARKERS, "平均"]


def test_codes_of_no_answer_and_the_scale_of_recommendation_are_proposed(bench):
    path = bench.put(
        "问卷.csv",
        "序号,提交答卷时间,所用时间,1、总体满意度,2、您有多大可能推荐我们？,3、维修\n"
        "1,2024/3/5 9:08:07,9秒,满意,10分,-3\n2,2024/3/5 9:09:07,9秒,说不清,9分,4\n",
    )
    said = YAML(typ="safe").load(ingest.propose("acme", [path], english))
    assert said["sources"][0]["unpivot"] == {
        "labels": "five",
        "missing_codes": {"-3": "skipped", "说不清": "dont_know"},
        "items": {
            "q1": "1、总体满意度",
            "q2": {"from": "2、您有多大可能推荐我们？", "labels": {}, "units": ["分"]},
            "q3": {"from": "3、维修", "labels": {}},
        },
    }
    (items,) = [instrument["items"] for instrument in said["instruments"].values()]
    assert (items["q1"]["role"], items["q2"]["role"]) == ("overall", "nps")
    assert items["q2"]["scale"] == [0, 10]


def test_an_export_without_rows_and_what_is_no_table_say_so(bench):
    empty = bench.put("工单.csv", "工单编号,所属项目,来电时间\n")
    note = bench.put("说明.txt", "exported by IT\n")
    text = ingest.propose("acme", [empty, note], english)
    assert text.count("# there is no row below the header") == 2
    assert "or this source removed" in text


@pytest.mark.parametrize("word", ["1e5", "yes", "Off", "0x1f", "2024-01", "城市 花园", "a: b"])
def test_a_text_of_the_exports_is_read_back_as_it_is(word):
    from analysis.ingest.proposal.text import quoted

    assert YAML(typ="safe").load(f"key: {quoted(word)}") == {"key": word}


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


@pytest.mark.parametrize(("best", "asked"), [("5", False), ("10", True)])
def test_which_scores_satisfy_is_to_be_decided_on_longer_scales(bench, best, asked):
    path = bench.put(
        "问卷.csv",
        "序号,提交答卷时间,项目名称,1、您对物业服务总体是否满意？,2、响应速度\n"
        f"1,2024-03-05 09:00,甲苑,{best},3\n2,2024-03-05 10:00,甲苑,4,2\n",
    )
    text = ingest.propose("acme", [path], english)
    (instrument,) = YAML(typ="safe").load(text)["instruments"].values()
    assert (instrument.get("satisfied") == "DECIDE") == asked


def text_of(bench, name, header, row):
    path = bench.put(name, header + "\n" + row + "\n")
    return ingest.propose("acme", [path], english)


def test_what_an_ordinary_client_calls_its_columns(bench):
    tickets = "单号,小区,诉求,报单时间,响应时间,办结时间,处理人\n"
    rows = "D1,阳光城,投诉,2024-03-05 09:00,2024-03-05 09:10,2024-03-06 09:00,WHO\n"
    (source,) = proposed(bench, bench.put("工单.csv", tickets + rows.replace("WHO", "1001")))
    assert source["table"] == "tickets"
    assert source["columns"] == {
        "ticket_id": "单号",
        "site_id": "小区",
        "staff_id": "处理人",
        "kind": {"from": "诉求", "labels": {"投诉": "complaint"}},
        "opened_at": "报单时间",
        "first_response_at": "响应时间",
        "resolved_at": "办结时间",
    }
    (source,) = proposed(bench, bench.put("工单.csv", tickets + rows.replace("WHO", "张三")))
    assert "staff_id" not in source["columns"]
    assert source["drop"]["处理人"].startswith("personal data")
    (source,) = proposed(bench, bench.put("小区清单.csv", "小区,业态,户数(户)\n阳光城,别墅,80\n"))
    assert source["table"] == "sites"
    assert source["columns"]["site_id"] == source["columns"]["site_name"] == "小区"
    assert source["columns"]["households"] == "户数(户)"
    (source,) = proposed(
        bench,
        bench.put("培训批次.csv", "小区,批次,计划开始,实际开始\n甲,1,2024-03-01,\n乙,0,,\n"),
    )
    assert source["table"] == "waves"
    assert source["columns"]["planned_start"] == "计划开始"
    assert source["columns"]["arm"] == {
        "from": "批次",
        "labels": {"0": "comparison", "1": "treated"},
    }


@pytest.mark.parametrize(
    ("header", "factor"), [("应收(万元)", 10_000), ("应收（千元）", 1_000), ("应收(元)", None)]
)
def test_a_unit_in_a_header_becomes_a_factor(bench, header, factor):
    (fees,) = proposed(bench, bench.put("收费.csv", f"小区,月份,{header},实收\n甲,2024-01,1,1\n"))
    taken = fees["columns"]["receivable"]
    assert taken == (header if factor is None else {"from": header, "factor": factor})


@pytest.mark.parametrize(
    ("above", "factor"),
    [("单位:万元", 10_000), ("（单位：人民币千元）", 1_000), ("单位：元", None)],
)
def test_a_unit_above_the_table_becomes_a_factor_that_is_pointed_out(bench, above, factor):
    path = bench.put("收费.csv", f"收费台账,{above}\n小区,月份,应收,实收\n甲,2024-01,1.5,1.2\n")
    text = ingest.propose("acme", (path,), english)
    (fees,) = YAML(typ="safe").load(text)["sources"]
    taken = [fees["columns"][column] for column in ("receivable", "collected")]
    headers = ["应收", "实收"]
    assert taken == (
        headers if factor is None else [{"from": h, "factor": factor} for h in headers]
    )
    assert (above.strip("（）").replace("：", ":") in text) == (factor is not None)


def test_a_unit_in_a_name_becomes_a_factor(bench):
    (fees,) = proposed(bench, bench.put("收费_万元.csv", "小区,月份,应收,实收\n甲,2024-01,1.5,1\n"))
    assert fees["columns"]["receivable"] == {"from": "应收", "factor": 10_000}


def test_a_unit_of_some_sheets_only_or_in_the_cells_is_left_to_a_person(bench):
    (fees,) = proposed(
        bench, bench.put("收费.csv", "单位:万元\n小区,月份,应收,实收\n甲,2024-01,1.5万,1\n")
    )
    assert fees["columns"]["receivable"] == "应收"
    assert fees["columns"]["collected"] == {"from": "实收", "factor": 10_000}
    book = openpyxl.Workbook()
    for sheet, unit in ((book.active, "单位:万元"), (book.create_sheet("二"), "单位:元")):
        sheet.append(["收费台账", unit])
        sheet.append(["小区", "月份", "应收", "实收"])
        sheet.append(["甲", "2024-01", 1.5, 1.2])
    book.save(bench.raw / "两种.xlsx")
    (fees,) = proposed(bench, bench.raw / "两种.xlsx")
    assert fees["columns"]["receivable"] == "应收"


@pytest.mark.parametrize(
    ("header", "wide", "month", "columns"),
    [
        ("小区,1月应收,1月实收,2月应收,2月实收", r"(?P<head>\d{1,2}月份?)(?P<measure>应收|实收)",
         {"from": "$head", "year": "DECIDE"}, {"receivable": "应收", "collected": "实收"}),
        ("小区,应收_2024-01,应收_2024-02,实收_2024-01,实收_2024-02", None, "$head",
         {"receivable": "应收", "collected": "实收"}),
        ("小区,2024年第1季度应收,2024年第1季度实收,2024年第2季度应收,2024年第2季度实收", None,
         {"from": "$head", "quarter": "DECIDE"}, {"receivable": "应收", "collected": "实收"}),
    ],
)  # fmt: skip
def test_months_as_columns_are_proposed(bench, header, wide, month, columns):
    import re

    path = bench.put("收费.csv", header + "\n甲,1,1,1,1\n")
    (fees,) = proposed(bench, path)
    assert fees["table"] == "fees"
    assert fees["columns"] == {"site_id": "小区", "month": month, **columns}
    assert "drop" not in fees
    assert wide is None or fees["wide"] == wide
    matched = [re.fullmatch(fees["wide"], name) for name in header.split(",")[1:]]
    assert {m["measure"] for m in matched} == {"应收", "实收"}


def test_months_in_sheets_of_measures_and_of_one_measure_are_proposed(bench):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for sheet in ("应收", "实收"):
        page = book.create_sheet(sheet)
        page.append(["小区", "1月", "2月"])
        page.append(["甲", 100, 100])
    book.save(bench.raw / "2024年收费.xlsx")
    (fees,) = proposed(bench, bench.raw / "2024年收费.xlsx")
    assert fees["wide"]["measure"] == "$sheet"
    assert fees["columns"] == {
        "site_id": "小区",
        "month": {"from": "$head", "year": 2024},
        "receivable": "应收",
        "collected": "实收",
    }
    (counts,) = proposed(bench, bench.put("投诉量.csv", "小区,2024年1月,2024年2月\n甲,1,2\n"))
    assert counts["table"] == "ticket_counts"
    assert counts["columns"] == {"site_id": "小区", "month": "$head", "tickets": "$cell"}
    assert counts["constants"] == {"kind": "complaint"}


@pytest.mark.parametrize(
    ("name", "text", "columns"),
    [
        ("月报.csv", "项目,月份,满意度均分,有效样本量\n甲,2024-01,4.2,30\n",
         {"site_id": "项目", "month": "月份", "score": "满意度均分", "answers": "有效样本量"}),
        ("月报.csv", "小区名称,统计月份,总体满意度\n甲,2024-01,4.2\n",
         {"site_id": "小区名称", "month": "统计月份", "score": "总体满意度"}),
        ("csat.csv", "Site,Month,Mean satisfaction,Responses\nA,2024-01,4.2,30\n",
         {"site_id": "Site", "month": "Month", "score": "Mean satisfaction",
          "answers": "Responses"}),
        ("2024满意度.csv", "项目,1月,2月\n甲,4.2,4.1\n",
         {"site_id": "项目", "month": {"from": "$head", "year": 2024}, "score": "$cell"}),
    ],
)  # fmt: skip
def test_means_by_site_and_month_are_proposed(bench, name, text, columns):
    (means,) = proposed(bench, bench.put(name, text))
    assert (means["table"], means["columns"]) == ("survey_means", columns)
    assert means["constants"] == {"instrument": f"survey_means_{name[:-4]}", "item": "overall"}


def test_means_of_several_questions_are_items(bench):
    head = "项目,月份,总体满意度,环境卫生满意度,安全管理,有效问卷数,满意率,排名"
    (means,) = proposed(bench, bench.put("得分.csv", f"{head}\n甲,2024-01,4.2,4.0,4.4,30,95%,1\n"))
    assert means["table"] == "survey_means"
    assert means["unpivot"]["items"] == {
        "overall": "总体满意度", "q2": "环境卫生满意度", "q3": "安全管理",
    }  # fmt: skip
    assert means["columns"] == {"site_id": "项目", "month": "月份", "answers": "有效问卷数"}
    assert set(means["drop"]) == {"满意率", "排名"}


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("序号,提交答卷时间,项目,总体满意度\n1,2024-01-05 09:00,甲,5\n", "surveys"),
        ("项目,月份,投诉量,满意度\n甲,2024-01,3,4.2\n", "DECIDE"),
        ("部门,月份,参加人数,平均分\n客服,2024-01,30,86\n", "DECIDE"),
    ],
)
def test_what_is_no_table_of_means_is_not_proposed_as_one(bench, text, table):
    (found,) = proposed(bench, bench.put("表.csv", text))
    assert found["table"] == table


PLATFORMS = YAML(typ="safe").load((Path(__file__).parent / "platforms.yml").read_text("utf-8"))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_exports_of_known_platforms_are_recognised(bench, platform):
    table, headers = PLATFORMS[platform].values()
    path = bench.raw / "export.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([headers, ["4"] * len(headers)])
    (source,) = proposed(bench, path)
    assert source["table"] == table
    undecided = [h for h, reason in source.get("drop", {}).items() if reason == "DECIDE"]
    assert undecided == []
    assert (table != "surveys") or source["unpivot"]["items"]


def test_the_files_shared_with_the_developers_are_recognised(bench):
    folder = Path(__file__).parents[3] / "shared" / "exports"
    if not folder.is_dir():
        pytest.skip("the shared files are not here")
    for path in [*folder.glob("*.csv"), *folder.glob("*.xlsx")]:
        (source,) = proposed(bench, path)
        assert source["table"] != "DECIDE"
        assert "DECIDE" not in source.get("drop", {}).values()


@pytest.mark.parametrize(
    ("sheets", "expected"),
    [
        (["2024年1月", "2024年2月"], ["2024年*月"]),
        (["2024-11", "2024-12"], ["2024[-.]*"]),
        (["202312", "202401"], ["20????"]),
        (["台账2023年12月(终)", "台账2024年1月(终)"], ["台账20??年*月(终)"]),
        (["2024年1月", "2月"], ["2024年1月", "2月"]),
        (["2024年1月"], ["2024年1月"]),
    ],
)
def test_sheets_by_month_are_proposed_by_a_pattern(bench, sheets, expected):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name in sheets:
        sheet = book.create_sheet(name)
        sheet.append(["项目名称", "本期应收", "本期实收"])
        sheet.append(["A园", 1000, 900])
    book.save(bench.raw / "台账.xlsx")
    (source,) = proposed(bench, bench.raw / "台账.xlsx")
    assert source["sheets"] == expected


def test_a_consultants_three_exports_with_answers_in_words(bench):
    bench.put(
        "季度满意度.csv",
        "答卷编号,项目,答题日期,总体满意度\nA1,一,2024-03-05,5-非常满意\nA2,一,2024-03-06,1-非常不满意\n",
    )
    bench.put(
        "测评.csv",
        "学员,课程,阶段,得分,测评日期\nE1,沟通,培训前,60,2024-03-01\nE1,沟通,培训后,80,2024-03-09\n",
    )
    bench.put(
        "培训记录.csv",
        "学员,课程,开课日期,完成情况\nE1,沟通,2024-03-02,已完成\nE2,沟通,2024-03-02,未完成\nE3,沟通,2024-03-02,进行中\n",
    )
    paths = sorted(bench.raw.iterdir())
    text = ingest.propose("acme", paths, english)
    found = YAML(typ="safe").load(text)
    survey, learned, attended = (
        next(s for s in found["sources"] if s["table"] == table)
        for table in ("surveys", "assessments", "enrolments")
    )
    assert survey["columns"]["answered_at"] == {"from": "答题日期", "date_only": "midnight"}
    assert survey["unpivot"] == {"labels": "five", "items": {"q1": "总体满意度"}}
    questionnaire = found["instruments"]["surveys_季度满意度"]
    assert questionnaire["scale"] == [1, 5]
    assert questionnaire["title"] == {"zh_CN": "季度满意度", "en": "季度满意度"}
    assert learned["columns"]["occasion"]["labels"] == {"培训前": "pre", "培训后": "post"}
    assert attended["columns"]["completion"] == {
        "from": "完成情况",
        "labels": {"已完成": 1, "未完成": 0, "进行中": "DECIDE"},
    }


def test_three_words_may_be_a_scale_of_three_points(bench):
    bench.put(
        "五档.csv", "答卷编号,答题日期,总体满意度\nA1,2024-03-05,非常满意\nA2,2024-03-06,一般\n"
    )
    bench.put(
        "三档.csv",
        "答卷编号,填写日期,总体满意度,沟通态度\nA1,2024-09-05,满意,一般\nA2,2024-09-06,不满意,满意\n",
    )
    text = ingest.propose("acme", sorted(bench.raw.iterdir()), english)
    found = YAML(typ="safe").load(text)
    three, five = (s for s in found["sources"] if s["table"] == "surveys")
    assert five["unpivot"]["labels"] == "five"
    assert set(three["unpivot"]["labels"]) == {"满意", "一般", "不满意"}
    assert set(three["unpivot"]["labels"].values()) == {"DECIDE"}
    scales = {name: asked["scale"] for name, asked in found["instruments"].items()}
    assert scales == {"surveys_三档": "DECIDE", "surveys_五档": [1, 5]}
    assert found["instruments"]["surveys_三档"]["satisfied"] == "DECIDE"


def test_numbers_beside_the_words_tell_their_scale(bench):
    path = bench.put(
        "问卷.csv", "答卷编号,答题日期,总体满意度\nA1,2024-03-05,4-满意\nA2,2024-03-06,3-一般\n"
    )
    found = YAML(typ="safe").load(ingest.propose("acme", [path], english))
    assert [i["scale"] for i in found["instruments"].values()] == [[1, 5]]


@pytest.mark.parametrize("answers", ["1,2,3", "非常满意,2,一般", "非常满意,还行,一般"])
def test_the_scale_stays_to_be_decided_where_words_do_not_tell_it(bench, answers):
    rows = "".join(f"A{n},2024-03-05,{a}\n" for n, a in enumerate(answers.split(",")))
    path = bench.put("问卷.csv", "答卷编号,答题日期,总体满意度\n" + rows)
    found = YAML(typ="safe").load(ingest.propose("acme", [path], english))
    scales = [i["scale"] for i in (found.get("instruments") or {}).values()]
    assert all(scale == "DECIDE" for scale in scales)


def test_waves_of_a_workbook_tell_who_is_trained(bench):
    book = openpyxl.Workbook()
    book.active.append(["小区", "批次", "计划开始", "实际开始"])
    book.active.append(["P01", 1, "2024-03-01", "2024-03-04"])
    book.active.append(["P02", 0, None, None])
    book.save(bench.raw / "培训安排.xlsx")
    (source,) = proposed(bench, bench.raw / "培训安排.xlsx")
    arms = {"0": "comparison", "1": "treated"}
    assert source["columns"]["arm"] == {"from": "批次", "labels": arms}
    columns = ", ".join(f"{k}: {v}" for k, v in source["columns"].items() if k != "arm")
    client = bench.client(
        "sources:\n  - table: sites\n"
        "    inline: [{site_id: P01, site_name: 甲}, {site_id: P02, site_name: 乙}]\n"
        "  - table: waves\n    files: [培训安排.xlsx]\n"
        f"    columns: {{{columns}, arm: {{from: 批次, labels: {arms}}}}}\n"
    )
    assert ingest.check(client) == []


SURVEYED = "序号,提交答卷时间,小区,"


@pytest.mark.parametrize(
    ("header", "cells", "how"),
    [
        ("总体满意度", ["5星", "4星"], {"units": ["星"]}),
        ("总体满意度", ["4/5", "5/5"], {"pattern": r"^([\d.]+)/5$"}),
        (
            "您愿意推荐我们吗",
            ["10（非常愿意）", "7", "0（不愿意）"],
            {"pattern": r"^(\d+)\D*$"},
        ),
        ("您愿意推荐我们吗", ["10-非常愿意", "8-愿意"], {"pattern": r"^(\d+)\D*$"}),
    ],
)
def test_numbers_with_more_beside_them_are_proposed(bench, header, cells, how):
    rows = [f"{n},2024-03-01 09:00,甲,{cell}" for n, cell in enumerate(cells, start=1)]
    (survey,) = proposed(bench, bench.put("问卷.csv", "\n".join([SURVEYED + header, *rows]) + "\n"))
    assert survey["unpivot"]["items"] == {"q1": {"from": header, **how}}


def test_the_second_header_row_of_surveymonkey_is_one(bench):
    text = (
        "Respondent ID,Collector ID,Start Date,End Date,Which site do you live in?,"
        '"Overall, how satisfied are you?",How satisfied are you with,,Any comments?\n'
        ",,,,Response,Response,Cleaning,Security,Open-Ended Response\n"
        "118,44,2024-03-01 09:00,2024-03-01 09:10,Green,Very satisfied,Satisfied,Neutral,ok\n"
    )
    (survey,) = proposed(bench, bench.put("monkey.csv", text))
    assert survey["header_rows"] == [1, 2]
    assert survey["unpivot"]["items"] == {
        "q1": "Overall, how satisfied are you?",
        "q2": "How satisfied are you with·Cleaning",
        "q3": "How satisfied are you with·Security",
    }
    assert survey["columns"]["site_id"] == "Which site do you live in?"
    assert "open text" in survey["drop"]["Any comments?"]


def test_tests_before_and_after_are_told_apart_by_their_names(bench):
    rows = ["A01,客户沟通前测,80", "A01,客户沟通-后测,90"]
    path = bench.put("考试.csv", "\n".join(["工号,考试名称,考试成绩", *rows]) + "\n")
    (exam,) = proposed(bench, path)
    assert exam["columns"]["module"] == {
        "from": "考试名称", "pattern": r"^(.*?)[^\w]*(?:前测|后测)",
    }  # fmt: skip
    assert exam["columns"]["occasion"] == {
        "from": "考试名称", "pattern": "(前测|后测)", "labels": {"前测": "pre", "后测": "post"},
    }  # fmt: skip
    for names, module in (("前测", "后测"), "DECIDE"), (("沟通", "投诉"), "考试名称"):
        rows = [f"A01,{name},80" for name in names]
        path = bench.put("考试.csv", "\n".join(["工号,考试名称,考试成绩", *rows]) + "\n")
        (exam,) = proposed(bench, path)
        assert exam["columns"]["module"] == module


def test_who_learned_what_for_how_long_is_a_list_of_enrolments(bench):
    (learned,) = proposed(bench, bench.put("学习.csv", "工号,课程,学习时长\nA01,沟通,45分钟\n"))
    assert learned["table"] == "enrolments"
    assert learned["columns"]["hours"] == "学习时长"


@pytest.mark.parametrize(
    "head", ["报修,投诉,咨询", "报修量,投诉量,咨询量", "报修件数,投诉件数,咨询单数"]
)
def test_kinds_of_requests_as_columns_are_proposed(bench, head):
    path = bench.put("月报.csv", f"项目,月份,{head},合计\n甲,2024-01,3,1,2,6\n甲,2024-02,4,,1,5\n")
    (counts,) = proposed(bench, path)
    assert counts["table"] == "ticket_counts"
    kinds = dict(zip(("repair", "complaint", "enquiry"), head.split(","), strict=True))
    assert counts["unpivot"] == {"name": "kind", "value": "tickets", "items": kinds}
    assert set(counts["drop"]) == {"合计"}


def test_days_of_a_course_with_ticks_are_attendance(bench):
    """A row a person looks like a list of staff, but for the ticks."""
    path = bench.put(
        "签到.csv",
        "序号,工号,姓名,项目,4月8日上午,4月8日下午,4月9日上午,备注\n"
        "1,JL0001,罗霞静,御景湾,√,√,请假,\n2,JL0002,胡丽平,御景湾,√,×,√,\n",
    )
    (source,) = proposed(bench, path)
    assert source["table"] == "enrolments"
    assert source["columns"]["session"] == "$head"
    assert source["columns"]["attended"] == {"from": "$cell", "true": ["√"], "false": ["×", "请假"]}
    assert source["columns"]["held_on"]["year"] == "DECIDE"
    assert source["columns"]["module"] == "DECIDE"
    assert set(source["drop"]) == {"序号", "姓名", "项目", "备注"}


@pytest.mark.parametrize(
    ("header", "cells", "attended"),
    [
        (
            "序号,工号,姓名,项目,岗位,2025-04-08,2025-04-09",
            "1,A1,张三,御景湾,管家,√,√",
            {"from": "$cell", "true": ["√"]},
        ),
        ("工号,第一次课,第二次课", "1,√,迟到", "DECIDE"),
        ("工号,4月,5月", "1,√,×", None),  # months are no days
        ("工号,4月8日,4月9日", "1,3,5", None),  # amounts are no ticks
    ],
)
def test_only_ticks_below_days_are_attendance(bench, header, cells, attended):
    (source,) = proposed(bench, bench.put("签到.csv", f"{header}\n{cells}\n"))
    assert source["columns"].get("attended") == attended
    if attended:
        assert ("held_on" in source["columns"]) == ("第" not in header)


def test_tests_before_and_after_as_columns_become_occasions(bench):
    rows = "JL0001,罗霞静,御景湾,71,84\nJL0002,胡丽平,御景湾,79,缺考\n"
    path = bench.put("成绩.csv", "工号,姓名,项目,前测成绩,后测成绩\n" + rows)
    (source,) = proposed(bench, path)
    assert source["table"] == "assessments"
    assert source["wide"] == "(?P<head>前测|后测)成绩"
    assert source["columns"]["occasion"] == {
        "from": "$head",
        "labels": {"前测": "pre", "后测": "post"},
    }
    assert source["columns"]["score"] == {"from": "$cell", "missing": ["缺考"]}
