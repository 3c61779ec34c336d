"""The training programme on paper: costs, milestones, risks, actions."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from analysis.simulation.parameters import WorldParameters
from analysis.simulation.sites import stream
from analysis.tables import month_of, period_of

# Category, item, planned CNY for one wave.
_COSTS = (
    ("trainer", "外聘讲师费", 48000.0),
    ("trainer", "内部讲师课酬", 21000.0),
    ("materials", "教材编印", 12000.0),
    ("venue", "培训场地", 27000.0),
    ("travel", "差旅与住宿", 15500.0),
    ("participant_time", "参训工时", 93000.0),
    ("incentive", "学员激励", 19000.0),
    ("administration", "项目管理", 13000.0),
)
_ONCE = (
    ("platform", "线上学习平台", 48000.0),
    ("evaluation", "评估与神秘客", 65000.0),
    ("materials", "案例库建设", 36000.0),
)
# Item: entry of the price list, quantity for one wave, price of one.
_PRICED = {
    "外聘讲师费": ("trainer_external_day", 4.0, 12000.0),
    "内部讲师课酬": ("trainer_internal_hour", 50.0, 420.0),
    "培训场地": ("room_day", 5.0, 5400.0),
    "学员激励": ("incentive_person", 38.0, 500.0),
    "线上学习平台": ("platform_year", 2.0, 24000.0),
    "案例库建设": ("cases_quarter", 3.0, 12000.0),
    "项目管理": (None, 26.0, 500.0),
}
_RESERVE_SHARE = 0.1

# Id, name, criterion, months after the programme starts, days late, what it waits for.
_MILESTONES = (
    ("M1", "培训需求确认", "需求报告经管理层批准", 1, 0, None),
    ("M2", "讲师认证与教材定稿", "讲师认证通过率不低于80%", 2, 1, "M1"),
    ("T1", "线上学习平台上线", "全员账号开通", 2, 0, "M1"),
    ("M3", "首批学员结业", "首批通过率不低于90%", 4, 0, "M2、T1"),
    ("T2", "案例库建成", "收录100个案例", 7, 1, "M3"),
    ("M6", "全部学员完成培训", "学员满意度不低于85%，平均分不低于80分", 10, 2, "M3"),
    ("M9", "在岗行为评估", "行为改变率不低于60%", 13, 0, "M6、T2"),
    ("M12", "结果与回报评审", "客户满意度提升15%，收缴率提升5%", 22, 0, "M9"),
)
_RISKS = (
    ("R01", "骨干讲师离职", "trainer", 2, 4, "备选讲师三名"),
    ("R02", "受训员工流失", "people", 4, 4, "签订服务期约定，跟踪离职率"),
    ("R03", "参训率低于80%", "delivery", 2, 3, "增开补训班次"),
    ("R04", "线上课程完成率低于70%", "delivery", 3, 3, "班主任督学"),
    ("R05", "问卷回收率低于30%", "evaluation", 3, 4, "增加短信渠道并缩短问卷"),
    ("R06", "项目满意度下降5%以上", "results", 2, 4, "启动深度分析"),
    ("R07", "培训预算超支10%", "budget", 3, 3, "逐项分析并调整后续批次"),
    ("R08", "汛期影响开班", "delivery", 3, 2, "避开七八月集中授课"),
    ("R09", "客户信息泄露", "data", 1, 5, "入库即去标识化"),
    ("R10", "对照项目接触培训内容", "evaluation", 2, 3, "记录接触情况并做剔除分析"),
)
# Trigger, role in charge, contingency, months after the start at which it was last drilled.
_WATCHED = {
    "R01": ("lecturer_low", "培训经理", "启用备用讲师与录播课程", 20),
    "R02": ("leavers > 10", "人力资源部", "补训新员工", None),
    "R03": ("participation_low", "培训经理", "启用备用场地三家", 23),
    "R04": ("completion_low", "培训主管", "改为集中补学", None),
    "R05": ("return_low", "品质主管", "改用入户访问", None),
    "R06": ("satisfaction_drop", "项目经理", "成立专项整改小组", 21),
    "R07": ("budget_overrun", "财务部", "动用预备费须总经理批准", None),
    "R08": (None, "培训经理", "改为线上授课", 17),
    "R09": (None, "信息部", "停用数据并上报", 14),
    "R10": (None, "评估人员", "剔除受影响项目再分析", None),
}
_ACTIONS = (
    ("A01", "响应超过30分钟的工单占一半以上", "客服排班前移并设提醒", "客服经理", 4, 5),
    ("A02", "投诉处理课案例不足", "补充二十个投诉案例", "培训主管", 5, 5),
    ("A03", "法规课线上完成率低", "拆分为三个短课", "培训主管", 12, None),
    ("A04", "一名讲师评分偏低", "安排听课辅导", "培训经理", 10, 11),
    ("A05", "部分项目问卷回收率低", "前台扫码补发", "品质主管", 14, None),
)


def draw_programme(parameters: WorldParameters) -> dict[str, pd.DataFrame]:
    """Draw the canonical tables ``costs``, ``milestones``, ``risks`` and ``actions``."""
    start = period_of(parameters.wave_months[0]) - 3
    return {
        "costs": _costs(parameters),
        "milestones": _milestones(parameters, start),
        "risks": _risks(parameters, start),
        "actions": _actions(parameters, start),
    }


def _costs(p: WorldParameters) -> pd.DataFrame:
    rng = stream(p, "costs")
    rows = []
    for wave, month in enumerate(p.wave_months, start=1):
        for category, item, planned in _COSTS:
            day = month_of(period_of(month)) + dt.timedelta(days=int(rng.integers(11, 27)))
            rows.append((category, f"{item}（第{wave}期）", planned, day))
    for category, item, planned in _ONCE:
        day = month_of(period_of(p.wave_months[0]) - 1) + dt.timedelta(days=14)
        rows.append((category, item, planned, day))
    frame = pd.DataFrame(rows, columns=["category", "item", "planned", "spent_on"])
    drift = np.round(frame["planned"] * rng.uniform(0.97, 1.02, len(frame)), 2)
    overrun = p.planted.trainer_overrun
    if overrun is not None:
        trainer = frame["category"] == "trainer"
        drift[trainer] = np.round(frame.loc[trainer, "planned"] * (1 + overrun), 2)
    frame["actual"] = drift
    reserve = round(_RESERVE_SHARE * float(frame["planned"].sum()), 2)
    frame.loc[len(frame)] = ["reserve", "预备费", reserve, frame["spent_on"].max(), np.nan]
    priced = [
        _PRICED.get(str(item).partition("（")[0], (None, None, None)) for item in frame["item"]
    ]
    for place, column in enumerate(("priced_as", "quantity", "unit_price")):
        frame[column] = [entry[place] for entry in priced]
    frame["life_years"] = np.nan
    frame["cost_id"] = [f"C{i:03d}" for i in range(1, len(frame) + 1)]
    return frame


def _milestones(p: WorldParameters, start: int) -> pd.DataFrame:
    rows = []
    for key, name, criterion, months, late, after in _MILESTONES:
        day = 24 if key.startswith("M") else 11
        planned = month_of(start + months) + dt.timedelta(days=day)
        if key == "M3" and p.planted.late_gate_days is not None:
            late = p.planted.late_gate_days
        actual = planned + dt.timedelta(days=late)
        rows.append((key, name, planned, actual if actual < p.end else None, criterion, after))
    columns = ["milestone_id", "name", "planned_on", "actual_on", "criterion", "after"]
    return pd.DataFrame(rows, columns=columns)


def _risks(p: WorldParameters, start: int) -> pd.DataFrame:
    columns = ["risk_id", "name", "category", "probability", "impact", "response"]
    frame = pd.DataFrame(_RISKS, columns=columns)
    for place, column in enumerate(("trigger", "owner", "contingency")):
        frame[column] = [_WATCHED[key][place] for key in frame["risk_id"]]
    drilled = [_WATCHED[key][3] for key in frame["risk_id"]]
    days = [None if m is None else month_of(start + m) + dt.timedelta(days=14) for m in drilled]
    frame["drilled_on"] = [day if day is not None and day < p.end else None for day in days]
    levels = ("table_top", "partial", "full")
    frame["drill_level"] = [
        None if day is None else levels[place % len(levels)]
        for place, day in enumerate(frame["drilled_on"])
    ]
    return frame


def _actions(p: WorldParameters, start: int) -> pd.DataFrame:
    rows = []
    for key, finding, action, owner, due, done in _ACTIONS:
        finished = None if done is None else month_of(start + done) + dt.timedelta(days=19)
        due_on = month_of(start + due) + dt.timedelta(days=27)
        rows.append((key, finding, action, owner, due_on, finished))
    return pd.DataFrame(
        rows, columns=["action_id", "finding", "action", "owner", "due_on", "done_on"]
    )
