"""Exports about customers: questionnaires, work orders, fees, contracts, use of the system."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from analysis.simulation.comments import written
from analysis.simulation.customers import ITEMS, NPS_ITEM
from analysis.simulation.exports import persons, spelling
from analysis.simulation.exports.files import Workbook, write_csv, write_html_table
from analysis.simulation.world import World

QUESTIONS = {
    "q1": "4、您对物业服务总体是否满意？",
    "q2": "5、您对报修响应速度是否满意？",
    "q3": "6、您对服务态度是否满意？",
    "q4": "7、您对问题处理结果是否满意？",
    "q5": "8、您对管家沟通是否满意？",
    NPS_ITEM: "9、您有多大可能向亲友推荐本物业？",
}
_FIVE = {5: "非常满意", 4: "满意", 3: "一般", 2: "不满意", 1: "非常不满意"}
_FIVE_LATER = {5: "很满意", 4: "比较满意", 3: "基本满意", 2: "不太满意", 1: "很不满意"}
_MISSING = {"blank": "-2", "skipped": "-3", "not_applicable": "不适用", "dont_know": "说不清"}
_KINDS = {"repair": "报修", "complaint": "投诉", "enquiry": "咨询", "praise": "表扬"}
_REPORTED_BY = {"platform": "业主App", "phone": "电话", "front_desk": "前台", "other": "其他"}
_TYPES = {"villa": "别墅", "high_end": "高端住宅", "ordinary": "普通住宅", "old": "老旧小区"}
_REMARKS = (
    "",
    "",
    "",
    "希望电梯检修提前通知",
    "保洁阿姨很负责",
    "地下车库灯太暗",
    "㐂欢管家的服务",
)
_COMMON_AREA = "公共区域"


def write_sites(world: World, folder: Path) -> None:
    """Write the list of managed projects."""
    sites = world.tables["sites"]
    households = [
        f"{h:,}" if i % 3 else spelling.full_width(str(h)) if i % 2 else int(h)
        for i, h in enumerate(sites["households"])
    ]
    columns = {
        "序号": list(range(1, len(sites) + 1)),
        "项目名称": list(sites["site_name"]),
        "所属片区": list(sites["region"]),
        "业态": spelling.mapped(sites["property_type"], _TYPES),
        "服务户数": households,
        "CRM上线日期": spelling.dates(sites["crm_go_live"], serials=True),
        "备注": ["" if i % 7 else "含商铺" for i in range(len(sites))],
    }
    total = {"序号": "合计", "服务户数": int(sites["households"].sum())}
    with Workbook(folder / "项目台账.xlsx") as book:
        book.sheet("项目清单", columns, title="在管项目台账（截至2025年12月）", total=total)


def write_surveys(world: World, folder: Path) -> None:
    """Write one questionnaire export a year: 2023 as xlsx, later ones as CSV with a BOM.

    Every eightieth respondent handed in twice; the earlier answers must not count.
    """
    wide = _wide(world.tables["surveys"])
    year = wide["answered_at"].dt.tz_convert(spelling.LOCAL).dt.year
    first = world.parameters.first_month.year
    for number in sorted(year.unique()):
        mine = _with_resubmissions(wide.loc[year == number].reset_index(drop=True))
        # The form was reworded after two years.
        columns = _questionnaire(mine, _FIVE if number < first + 2 else _FIVE_LATER)
        if number == first:
            with Workbook(folder / "满意度问卷" / f"问卷_{number}.xlsx") as book:
                book.sheet("Sheet1", columns)
        else:
            path = folder / "满意度问卷" / f"问卷_{number}.csv"
            write_csv(path, columns, encoding="utf-8-sig")


def write_invitations(world: World, folder: Path) -> None:
    """Write how many questionnaires were sent."""
    sent = world.tables["invitations"]
    columns = {
        "项目名称": list(sent["site_id"]),
        "月份": [f"{m.year}-{m.month:02d}" for m in sent["month"]],
        "渠道": list(sent["channel"]),
        "发放份数": spelling.counted(sent["invited"], unit="份"),
    }
    write_csv(folder / "满意度问卷" / "发放记录.csv", columns, encoding="gb18030")


def write_tickets(world: World, folder: Path) -> None:
    """Write one work-order export a year in GB18030 with title, total row and double rows."""
    tickets = world.tables["tickets"]
    year = tickets["opened_at"].dt.tz_convert(spelling.LOCAL).dt.year
    for number in sorted(year.unique()):
        mine = tickets.loc[year == number].reset_index(drop=True)
        columns = spelling.with_repeats(_work_orders(mine), every=211)
        write_csv(
            folder / "工单" / f"工单导出_{number}.csv",
            columns,
            encoding="gb18030",
            title=f"工单导出 {number}年",
            total={"工单号": "合计", "重开次数": int(mine["reopened"].sum())},
        )


def write_fees(world: World, folder: Path) -> None:
    """Write the fee ledger: a sheet a year, two header rows, one row per fee item, subtotals."""
    fees = world.tables["fees"]
    months = pd.Series(fees["month"].to_numpy(object))
    year = np.array([m.year for m in months])
    groups = (
        ("项目名称", ()),
        ("费用月份", ()),
        ("费项", ()),
        ("本期", ("应收", "减免", "实收", "优质客户实收", "收缴率")),
        ("前期", ("应收", "实收", "收缴率")),
        ("备注", ()),
    )
    with Workbook(folder / "收费" / "收缴率报表.xlsx") as book:
        for number in sorted(set(year)):
            rows = _fee_rows(fees.loc[year == number])
            book.grouped_sheet(f"{number}年", groups, rows, title=f"{number}年物业费收缴率报表")


def write_contracts(world: World, folder: Path) -> None:
    """Write the contracts due as an HTML page called ``.xls``."""
    contracts = world.tables["contracts"]
    columns = {
        "合同编号": list(contracts["contract_id"]),
        "项目名称": list(contracts["site_id"]),
        "房屋编码": list(contracts["household_id"]),
        "合同期限": spelling.counted(contracts["term_months"], unit="个月"),
        "到期日期": spelling.dates(contracts["due_on"]),
        "是否续签": spelling.mapped(contracts["renewed"], {True: "是", False: "否"}),
        "经办人": [persons.employee(20 + i % 40)[0] for i in range(len(contracts))],
    }
    write_html_table(folder / "收费" / "合同到期台账.xls", columns, "合同到期台账")


def write_crm_usage(world: World, folder: Path) -> None:
    """Write the CRM system's monthly statistics as plain UTF-8 CSV."""
    usage = world.tables["crm_usage"]
    columns = {
        "项目名称": list(usage["site_id"]),
        "统计月份": [f"{m.year}年{m.month}月" for m in usage["month"]],
        "账号数": list(usage["users"]),
        "活跃账号数": list(usage["active_users"]),
        "周均登录账号数": [f"{w:.1f}" for w in usage["weekly_users"]],
        "使用天数": list(usage["active_days"]),
        "客户档案记录数": [f"{r:,}" for r in usage["records_kept"]],
        "使用功能数": list(usage["functions_used"]),
        "应建客户档案数": list(usage["profiles"]),
        "完整客户档案数": list(usage["profiles_complete"]),
        "抽查记录数": list(usage["records_checked"]),
        "抽查正确数": list(usage["records_right"]),
        "主动回访次数": list(usage["call_backs"]),
    }
    write_csv(folder / "CRM使用统计.csv", columns, encoding="utf-8")


def _wide(surveys: pd.DataFrame) -> pd.DataFrame:
    """Bring one row per answer back to one row per questionnaire, cells as on the form."""
    items = (*ITEMS, NPS_ITEM)
    k = len(items)
    head = surveys.iloc[::k].reset_index(drop=True)
    wide = head[["response_id", "site_id", "household_id", "answered_at", "channel"]].copy()
    score = surveys["score"].to_numpy(float, na_value=np.nan).reshape(-1, k)
    reason = surveys["missing"].to_numpy(object).reshape(-1, k)
    for j, item in enumerate(items):
        wide[item] = score[:, j]
        wide[f"{item}_missing"] = reason[:, j]
    return wide


def _with_resubmissions(wide: pd.DataFrame) -> pd.DataFrame:
    earlier = wide.iloc[79::80].copy()
    earlier["answered_at"] = earlier["answered_at"] - pd.Timedelta(minutes=3)
    earlier["q1"] = np.where(earlier["q1"] > 1, earlier["q1"] - 1, 2.0)
    both = pd.concat([earlier.assign(turn=0), wide.assign(turn=1)])
    both["row"] = both.index
    return both.sort_values(["row", "turn"], kind="stable").reset_index(drop=True)


def _questionnaire(wide: pd.DataFrame, labels: dict[int, str]) -> dict[str, list]:
    n = len(wide)
    people = persons.customers(n, offset=int(wide["answered_at"].iloc[0].year))
    weixin = (wide["channel"] == "微信").to_numpy()
    answers = {}
    for item, question in QUESTIONS.items():
        written = _nps if item == NPS_ITEM else labels.__getitem__
        answers[question] = [
            written(int(s)) if s == s else _MISSING[m]
            for s, m in zip(wide[item], wide[f"{item}_missing"], strict=True)
        ]
    return {
        "序号": list(range(1, n + 1)),
        "提交答卷时间": spelling.seconds(wide["answered_at"]),
        "所用时间": [f"{40 + 7 * i % 200}秒" for i in range(n)],
        "来源": list(wide["channel"]),
        "来源详情": ["公众号" if w else "N/A" for w in weixin],
        "来自IP": [
            f"10.{i // 65536 % 256}.{i // 256 % 256}.{i % 256}(广东-深圳)" for i in range(n)
        ],
        "答卷编号": list(wide["response_id"]),
        "1、您所在的小区是？": spelling.site_names(wide["site_id"]),
        "2、您的房屋编码是？": list(wide["household_id"]),
        "3、您的手机号码是？": [phone for _, phone in people],
        **answers,
        "10、您的其他建议": [_REMARKS[i % len(_REMARKS)] for i in range(n)],
    }


def _nps(score: int) -> str:
    if score % 5 == 0:
        return f"{score}分"
    return spelling.full_width(str(score)) if score == 9 else str(score)


def _work_orders(mine: pd.DataFrame) -> dict[str, list]:
    n = len(mine)
    people = persons.customers(n, offset=int(mine["opened_at"].iloc[0].year))
    staff = mine["staff_id"].to_numpy(object)
    done = mine["resolved_at"].notna().to_numpy()
    return {
        "工单号": list(mine["ticket_id"]),
        "所属项目": spelling.site_names(mine["site_id"]),
        "报修人姓名": [name for name, _ in people],
        "报修人联系电话": [phone for _, phone in people],
        "报修房间号": spelling.plain(mine["household_id"], blank=_COMMON_AREA),
        "工单类型": spelling.mapped(mine["kind"], _KINDS),
        "诉求分类": list(mine["category"]),
        "复核分类": spelling.plain(mine["second_category"]),
        "报修渠道": spelling.mapped(mine["channel"], _REPORTED_BY),
        "报修描述": [
            "客户来电，请尽快处理" if i % 50 else "住户㐂先生，𠮷祥单元" for i in range(n)
        ],
        "报修时间": spelling.times(mine["opened_at"]),
        "首次响应时间": spelling.times(mine["first_response_at"], blank="—"),
        "承诺完成时间": spelling.times(mine["due_at"]),
        "实际完成时间": spelling.times(mine["resolved_at"]),
        "回访关闭时间": spelling.times(mine["closed_at"]),
        "处理人姓名": [name for name, _ in persons.employees(staff)],
        "责任人工号": spelling.plain(staff),
        "挂起时长": [
            "" if spelling.missing(waited) else f"{waited:g}分钟"
            for waited in mine["paused_minutes"]
        ],
        "重开次数": spelling.counted(mine["reopened"], unit="次"),
        "满意度": spelling.counted(mine["rating"], unit="分", blank="—"),
        "工单状态": ["已完成" if d else "处理中" for d in done],
    }


def _fee_rows(fees: pd.DataFrame) -> list[list]:
    rows: list[list] = []
    total = np.zeros(4)
    for site, mine in fees.groupby("site_id", sort=False):
        subtotal = np.zeros(4)
        first = True
        for line in mine.itertuples():
            whole = np.array([line.receivable, line.waived, line.collected, line.collected_quality])
            main = np.round(whole * 0.8, 2)
            for item, part in (("物业服务费", main), ("停车管理费", np.round(whole - main, 2))):
                rows.append([site if first else "", *_fee_cells(line.month, item, part, len(rows))])
                first = False
            subtotal += whole
        rows.append(["小计", "", "", *map(float, np.round(subtotal, 2)), *[""] * 5])
        total += subtotal
    rows.append(["合计", "", "", *map(float, np.round(total, 2)), *[""] * 5])
    return rows


def _fee_cells(month, item: str, part: np.ndarray, row: int) -> list:
    due, waived, paid, quality = (float(x) for x in part)
    rate = paid / (due - waived)
    receivable = f"{due:,.2f}" if row % 6 == 1 else due
    collected = f"￥{paid:,.2f}" if row % 9 == 4 else paid
    earlier = round(due * 0.3, 2)
    return [
        f"{month.year}年{month.month}月",
        item,
        receivable,
        waived,
        collected,
        quality,
        f"{rate:.2%}" if row % 4 else round(rate, 4),
        earlier,
        round(earlier * 0.4, 2),
        "40%",
        "" if row % 31 else "含补缴",
    ]


def write_comments(world: World, folder: Path) -> None:
    """Write open comments of owners, with what two people made of some of them."""
    said = world.tables["comments"]
    titles = {"cleaning": "保洁", "parking": "停车", "slow": "响应慢", "attitude": "服务态度"}

    def coded(column: str) -> list[str]:
        return [
            ""
            if spelling.missing(v)
            else "、".join("无" if name == "none" else titles[name] for name in v.split("+"))
            for v in said[column]
        ]

    columns = {
        "反馈编号": list(said["comment_id"]),
        "所属项目": spelling.site_names(said["site_id"]),
        "反馈日期": spelling.dates(said["written_on"]),
        "反馈来源": list(said["origin"]),
        "意见内容": _signed([written(v, n) for n, v in enumerate(said["themes"])]),
        "归类一": coded("first_coder"),
        "归类二": coded("second_coder"),
    }
    write_csv(folder / "满意度问卷" / "业主意见.csv", columns, encoding="utf-8-sig")


def _signed(texts: list[str]) -> list[str]:
    """Return comments, the first of which a made-up person signs with name and phone."""
    people = persons.customers(min(len(texts), 5))
    signed = [f"{text}。{who}，{phone}" for text, (who, phone) in zip(texts, people, strict=False)]
    return [*signed, *texts[len(signed) :]]
