"""Exports about the programme: costs, milestones, risks, actions."""

from __future__ import annotations

from pathlib import Path

from analysis.simulation.exports import spelling
from analysis.simulation.exports.files import Workbook
from analysis.simulation.world import World

_PRICES = {
    "trainer_internal_hour": "内部讲师课时",
    "trainer_external_day": "外聘讲师天",
    "cases_quarter": "案例季度更新",
    "room_day": "场地天",
    "incentive_person": "人均激励",
    "platform_year": "平台年费",
}
_CATEGORIES = {
    "trainer": "讲师费",
    "materials": "教材费",
    "venue": "场地费",
    "incentive": "激励费",
    "platform": "平台费",
    "travel": "差旅费",
    "participant_time": "参训工时",
    "administration": "管理费",
    "evaluation": "评估费",
    "reserve": "预备费",
}


_DRILLS = {"table_top": "桌面推演", "partial": "专项演练", "full": "综合演练"}
_TRIGGERS = {
    "lecturer_low": "讲师满意度低于85%",
    "leavers > 10": "半年内离职学员超过10人",
    "participation_low": "参训率低于80%",
    "completion_low": "线上完成率低于70%",
    "return_low": "回收率低于30%",
    "satisfaction_drop": "项目满意度下降5%",
    "budget_overrun": "分项超支10%",
}


def write_costs(world: World, folder: Path) -> None:
    """Write planned and actual costs."""
    costs = world.tables["costs"]
    columns = {
        "编号": list(costs["cost_id"]),
        "费用类别": spelling.mapped(costs["category"], _CATEGORIES),
        "费用项目": list(costs["item"]),
        "计价项目": spelling.mapped(costs["priced_as"], _PRICES),
        "计划数量": ["" if spelling.missing(n) else n for n in costs["quantity"]],
        "计划单价": spelling.money(costs["unit_price"]),
        "预算金额": spelling.money(costs["planned"]),
        "实际金额": spelling.money(costs["actual"], blank="—"),
        "发生日期": spelling.dates(costs["spent_on"]),
    }
    total = {"编号": "合计", "预算金额": float(costs["planned"].sum())}
    with Workbook(folder / "培训" / "培训费用.xlsx") as book:
        book.sheet("费用明细", columns, title="CRM培训费用明细（单位：元）", total=total)


def write_plans(world: World, folder: Path) -> None:
    """Write milestones, risks and actions as three sheets of one workbook."""
    milestones, risks, actions = (world.tables[t] for t in ("milestones", "risks", "actions"))
    with Workbook(folder / "培训" / "项目管理台账.xlsx") as book:
        book.sheet(
            "里程碑",
            {
                "里程碑编号": list(milestones["milestone_id"]),
                "里程碑": list(milestones["name"]),
                "计划日期": spelling.dates(milestones["planned_on"]),
                "实际日期": spelling.dates(milestones["actual_on"]),
                "达成标准": list(milestones["criterion"]),
                "前置里程碑": list(milestones["after"].fillna("")),
            },
        )
        book.sheet(
            "风险",
            {
                "风险编号": list(risks["risk_id"]),
                "风险描述": list(risks["name"]),
                "风险领域": list(risks["category"]),
                "可能性": [int(v) for v in risks["probability"]],
                "影响": [int(v) for v in risks["impact"]],
                "应对措施": list(risks["response"]),
                "触发条件": spelling.mapped(risks["trigger"], _TRIGGERS),
                "责任岗位": list(risks["owner"]),
                "应急预案": list(risks["contingency"]),
                "最近演练日期": spelling.dates(risks["drilled_on"]),
                "演练级别": spelling.mapped(risks["drill_level"], _DRILLS),
            },
        )
        book.sheet(
            "改进行动",
            {
                "行动编号": list(actions["action_id"]),
                "对应发现": list(actions["finding"]),
                "行动内容": list(actions["action"]),
                "责任岗位": list(actions["owner"]),
                "截止日期": spelling.dates(actions["due_on"]),
                "完成日期": spelling.dates(actions["done_on"]),
            },
        )
