"""Five clients, one for each source document: a client file and small made-up exports each.

Villa estates, an appraisal and a service process without training, an ordinary company that holds
the course, and the demo. Each is run once per process, in a folder of its own.
"""

from __future__ import annotations

import atexit
import dataclasses
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from in_process import run_here
from review_clients import head, write_appraisal, write_process, write_tables
from small_client import ROOT, SMALL, STAGES, SmallClient, write_client

from analysis import home, results, simulation
from analysis.pipeline import run
from analysis.results import StageResults

VILLA_WORLD = dataclasses.replace(SMALL, n_sites=12, n_staff=60)

ESTATES = tuple(f"{name}府" for name in "春夏秋冬晨暮云雨风雪山川湖海")
TAUGHT = {1: ESTATES[:5], 2: ESTATES[5:10]}
"""Sites of the course's client by wave; the other four are not trained."""

STARTS = {1: 8, 2: 11}
"""Month, counted from 0 (January 2024), in which a wave's training begins."""

MONTHS = 18
CONFIRMED = ("M1.needs_report", "Q1.needs_report", "M2.textbooks")
"""What the people of the course's client have confirmed; the rest waits for them."""


@dataclasses.dataclass(frozen=True)
class Ran:
    """A client that was run: where it lies, its folder of the run, and what was stored."""

    client: SmallClient
    folder: Path
    stored: Mapping[str, StageResults]


class Demo(SmallClient):
    """The client of ``crmeval demo``, its plan not locked."""

    def run(self, **options: Any):
        return run("demo", root=self.root, **options)


def villa(document: dict[str, Any]) -> None:
    """Let a client file be one of villa estates, whose owners answer from 0 to 10."""
    document["standards"] = "villa"
    document["choices"] = {}
    tens = {1: 0, 2: 3, 3: 5, 4: 8, 5: 10}
    five = document["labels"]["five"]
    document["labels"]["five"] = {word: tens[score] for word, score in five.items()}
    for name in ("csat_v1", "course_v1"):
        document["instruments"][name] |= {"scale": [0, 10], "satisfied": [8, 10]}
    document["design"]["smallest_effect"] = 0.3
    kept = [g for g in document["goals"] if {"target", "unit"} <= set(g)]  # no reading gives them
    document["goals"] = [g for g in kept if g["indicator"] != "csat_mean"]


def write_villa(root: Path) -> SmallClient:
    """Write a client of twelve villa estates."""
    return write_client(root, VILLA_WORLD, change_file=villa)


def write_demo(root: Path) -> SmallClient:
    """Write the client that ships with the project."""
    (root / "notebooks").symlink_to(ROOT / "notebooks", target_is_directory=True)
    home.put_demo(root)
    simulation.write_demo(root)
    return Demo(root)


FIVE: Mapping[str, Callable[[Path], SmallClient]] = {
    "villa": write_villa,
    "appraisal": write_appraisal,
    "process": write_process,
    "course": lambda root: write_course(root),
    "demo": write_demo,
}


@cache
def ran(name: str) -> Ran:
    """Run one of the five, once per process."""
    root = Path(tempfile.mkdtemp(prefix=f"{name}-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    client = FIVE[name](root)
    done = run_here(client)
    assert done.state == "complete", done.error
    stored = {stage: results.load(stage, done.folder / "results") for stage in STAGES}
    return Ran(client, done.folder, stored)


def write_course(root: Path, *, seed: int = 6, **changes: Any) -> SmallClient:
    """Write a company of fourteen sites that holds the course in two waves.

    Its counts are a small company's, its system tells no weekly logins, its lecturers are three,
    and it has confirmed some of what only people can.
    """
    rng = np.random.default_rng(seed)
    staff = [
        (f"G{number:03d}", site, "客服管家" if number % 3 else "工程维修",
         "基层" if number % 6 else "中层")
        for number, site in enumerate(s for s in ESTATES for _ in range(6))
    ]  # fmt: skip
    wave = {site: number for number, sites in TAUGHT.items() for site in sites}
    pupils = [(id, site, wave[site]) for id, site, *_ in staff if site in wave]
    tables = {
        "小区.csv": (["小区名称", "物业类型", "户数"],
                   [[s, "普通住宅", 420 + 35 * n] for n, s in enumerate(ESTATES)]),
        "花名册.csv": (["员工号", "小区", "岗位", "层级", "入职"], [
            [*row, "2022-03-01"] for row in staff]),
        "批次.csv": (["小区", "第几批", "组别", "计划开课", "实际开课"], [
            [s, wave.get(s, 0), "参训" if s in wave else "对照",
             *([f"{_month(STARTS[wave[s]])}-05"] * 2 if s in wave else ["", ""])]
            for s in ESTATES]),
        "签到.csv": (["员工号", "课程", "班次", "讲师", "上课日期", "课时", "到课"],
                   list(_classes(rng, pupils))),
        "课评.csv": (["问卷号", "课程", "班次", "讲师", "提交日期",
                    "总体", "实用", "讲师水平", "组织"],
                   list(_reactions(rng, pupils))),
        "成绩.csv": (["员工号", "课程", "阶段", "形式", "次数", "考试日期", "分数"],
                   list(_marks(rng, pupils))),
        "行为评价.csv": (["单号", "被评人", "小区", "评价人", "角色", "日期",
                      "倾听", "回应", "跟进"],
                     list(_behaviour(rng, staff, wave))),
        "业主问卷.csv": (["问卷号", "小区", "提交时间", "总体", "态度", "处理"],
                     list(_answers(rng, wave))),
        "工单.csv": (["工单号", "小区", "类型", "报事时间", "响应时间", "办结时间"],
                   list(_orders(rng, wave))),
        "收费.csv": (["小区", "月份", "应收", "实收"], list(_fees(rng, wave))),
        "系统使用.csv": (["小区", "月份", "账号", "活跃账号"], [
            [s, _month(m), 6, int(rng.integers(3, 7))] for s in ESTATES for m in range(MONTHS)]),
        "费用.csv": (["编号", "类别", "预算", "实际", "日期"], [
            ["F1", "讲师费", 42000, 40500, "2024-09-30"],
            ["F2", "教材费", 9000, 9300, "2024-08-31"],
            ["F3", "场地费", 12000, 12600, "2024-12-31"],
            ["F4", "预备费", 7000, 0, "2024-12-31"]]),
        "里程碑.csv": (["编号", "名称", "计划", "实际", "标准"], _MILESTONES),
        "讲师.csv": (["讲师", "来源", "年限", "持证", "取证日期"], [
            ["L1", "内部", 6, "是", "2023-05-01"], ["L2", "内部", 4, "是", "2024-02-01"],
            ["L3", "外聘", 9, "是", "2022-05-01"]]),
    }  # fmt: skip
    small = write_tables(root, tables, _course_file() | changes)
    sheet = ["criterion_id,state,decided_on,decided_by,evidence,note"]
    sheet += [f"{id},reached,2024-08-26,培训经理,签批件," for id in CONFIRMED]
    path = small.raw.parent / "confirmations.csv"
    path.write_text("\n".join(sheet) + "\n", encoding="utf-8")
    return small


_COURSES = ("沟通技巧", "投诉处理", "系统操作")
_MILESTONES = [
    ["M1", "需求分析", "2024-07-25", "2024-07-24", "需求报告获批"],
    ["M2", "教材与讲师", "2024-08-25", "2024-08-26", "教材定稿"],
    ["M3", "首批培训", "2024-09-25", "2024-09-25", "首批结业"],
    ["M6", "全员培训", "2024-12-25", "2024-12-28", "两批结业"],
    ["M9", "实践应用", "2025-03-25", "2025-03-25", "改进报告"],
    ["M12", "效果评估", "2025-06-25", "", "评估报告"],
]


def _classes(rng: np.random.Generator, pupils: list[tuple[str, str, int]]) -> Iterator[list[Any]]:
    for id, _, number in pupils:
        for n, course in enumerate(_COURSES):
            day = f"{_month(STARTS[number])}-{10 + n:02d}"
            came = "是" if rng.random() < 0.94 else "否"
            yield [id, course, f"{number}-{n}", f"L{n + 1}", day, 4, came]


def _reactions(rng: np.random.Generator, pupils: list[tuple[str, str, int]]) -> Iterator[list[Any]]:
    for number in TAUGHT:
        for n, course in enumerate(_COURSES):
            for i in range(sum(w == number for *_, w in pupils) - 4):
                scores = np.clip(np.round(4.4 + rng.normal(0, 0.6, 4)), 1, 5).astype(int)
                day = f"{_month(STARTS[number])}-{10 + n:02d}"
                sheet = [f"P{number}{n}{i:02d}", course, f"{number}-{n}", f"L{n + 1}", day]
                yield [*sheet, *map(int, scores)]


def _marks(rng: np.random.Generator, pupils: list[tuple[str, str, int]]) -> Iterator[list[Any]]:
    for id, _, number in pupils:
        level = rng.normal(70, 6)
        for occasion, gain, day in (("训前", 0, "06"), ("训后", 16, "20")):
            mark = int(np.clip(level + gain + rng.normal(0, 4), 0, 100))
            yield [id, "投诉处理", occasion, "笔试", 1, f"{_month(STARTS[number])}-{day}", mark]


def _behaviour(
    rng: np.random.Generator, staff: Any, wave: Mapping[str, int]
) -> Iterator[list[Any]]:
    count = 0
    for id, site, *_ in staff:
        level = rng.normal(3.3, 0.3)
        for month in (6, 14):
            gain = 0.5 if site in wave and month == 14 else 0.0
            for role in ("上级", "同事"):
                count += 1
                scores = np.clip(np.round(level + gain + rng.normal(0, 0.5, 3)), 1, 5).astype(int)
                rater = f"R{ESTATES.index(site):02d}{role == '同事':d}"
                day = f"{_month(month)}-15"
                yield [f"X{count:04d}", id, site, rater, role, day, *map(int, scores)]


def _answers(rng: np.random.Generator, wave: Mapping[str, int]) -> Iterator[list[Any]]:
    count = 0
    for n, site in enumerate(ESTATES):
        for month in range(MONTHS):
            level = 3.5 + 0.04 * (n % 5) + _lift(site, month, wave, 0.3)
            for _ in range(12):
                count += 1
                who = level + rng.normal(0, 0.6)
                scores = np.clip(np.round(who + rng.normal(0, 0.5, 3)), 1, 5).astype(int)
                day = f"{_month(month)}-{int(rng.integers(1, 28)):02d} 11:00"
                yield [f"D{count:05d}", site, day, *map(int, scores)]


def _orders(rng: np.random.Generator, wave: Mapping[str, int]) -> Iterator[list[Any]]:
    count = 0
    for site in ESTATES:
        for month in range(MONTHS):
            fewer = _lift(site, month, wave, 1.5)
            for kind, mean in (("投诉", 5.0 - fewer), ("报修", 9.0)):
                for _ in range(int(rng.poisson(mean))):
                    count += 1
                    at = np.datetime64(f"{_month(month)}-{int(rng.integers(1, 27)):02d}T09:00", "m")
                    at += int(rng.integers(0, 480))
                    reply = at + int(rng.exponential(25)) + 1
                    times = (at, reply, reply + int(rng.integers(30, 2500)))
                    yield [f"W{count:05d}", site, kind, *(str(t).replace("T", " ") for t in times)]


def _fees(rng: np.random.Generator, wave: Mapping[str, int]) -> Iterator[list[Any]]:
    for n, site in enumerate(ESTATES):
        for month in range(MONTHS):
            due = (420 + 35 * n) * 260
            share = 0.86 + _lift(site, month, wave, 0.02) + rng.normal(0, 0.012)
            yield [site, _month(month), due, round(due * float(np.clip(share, 0, 1)))]


def _lift(site: str, month: int, wave: Mapping[str, int], size: float) -> float:
    return size if site in wave and month >= STARTS[wave[site]] else 0.0


def _month(number: int) -> str:
    return f"{2024 + number // 12}-{number % 12 + 1:02d}"


def _title(zh: str, en: str) -> dict[str, str]:
    return {"zh_CN": zh, "en": en}


def _course_file() -> dict[str, Any]:
    document = head("training", "crm_course")
    document["client"]["name"] = _title("晨云物业", "Chenyun Property")
    named = {"module": "课程", "session": "班次", "lecturer_id": "讲师"}
    return document | {
        "labels": {
            "property_type": {"普通住宅": "ordinary"},
            "tier": {"基层": "frontline", "中层": "middle"},
            "arm": {"参训": "treated", "对照": "comparison"},
            "occasion": {"训前": "pre", "训后": "post"},
            "form": {"笔试": "written"},
            "role": {"上级": "supervisor", "同事": "peer"},
            "kind": {"投诉": "complaint", "报修": "repair"},
            "origin": {"内部": "internal", "外聘": "external"},
            "cost": {
                "讲师费": "trainer",
                "教材费": "materials",
                "场地费": "venue",
                "预备费": "reserve",
            },
        },
        "instruments": {
            "owners": {
                "title": _title("业主满意度问卷", "Owner questionnaire"),
                "scale": [1, 5],
                "items": {
                    "q1": {"wording": "总体满意度", "role": "overall"},
                    "q2": {"wording": "服务态度"},
                    "q3": {"wording": "问题处理"},
                },
            },
            "lesson": {
                "title": _title("课程评价表", "Course questionnaire"),
                "scale": [1, 5],
                "items": {
                    "c1": {"wording": "总体评价", "role": "overall"},
                    "c2": {"wording": "内容实用", "role": "useful"},
                    "c3": {"wording": "讲师水平", "role": "lecturer"},
                    "c4": {"wording": "组织安排", "role": "organisation"},
                },
            },
            "manner": {
                "title": _title("服务行为评价表", "Ratings of service behaviour"),
                "scale": [1, 5],
                "items": {
                    "b1": {"wording": "倾听", "dimension": "服务行为"},
                    "b2": {"wording": "回应", "dimension": "服务行为"},
                    "b3": {"wording": "跟进", "dimension": "服务行为"},
                },
            },
        },
        "sources": [
            {
                "table": "sites",
                "files": ["小区.csv"],
                "columns": {
                    "site_id": "小区名称",
                    "site_name": "小区名称",
                    "property_type": {"from": "物业类型", "labels": "property_type"},
                    "households": "户数",
                },
            },
            {
                "table": "staff",
                "files": ["花名册.csv"],
                "columns": {
                    "staff_id": "员工号",
                    "site_id": "小区",
                    "role": "岗位",
                    "tier": {"from": "层级", "labels": "tier"},
                    "hired_on": "入职",
                },
            },
            {
                "table": "waves",
                "files": ["批次.csv"],
                "columns": {
                    "site_id": "小区",
                    "wave": "第几批",
                    "arm": {"from": "组别", "labels": "arm"},
                    "planned_start": "计划开课",
                    "actual_start": "实际开课",
                },
            },
            {
                "table": "enrolments",
                "files": ["签到.csv"],
                "columns": {
                    "staff_id": "员工号",
                    **named,
                    "held_on": "上课日期",
                    "hours": "课时",
                    "attended": "到课",
                },
                "constants": {"mode": "classroom"},
            },
            {
                "table": "reactions",
                "files": ["课评.csv"],
                "columns": {"response_id": "问卷号", **named, "answered_on": "提交日期"},
                "constants": {"instrument": "lesson"},
                "unpivot": {"items": {"c1": "总体", "c2": "实用", "c3": "讲师水平", "c4": "组织"}},
            },
            {
                "table": "assessments",
                "files": ["成绩.csv"],
                "columns": {
                    "staff_id": "员工号",
                    "module": "课程",
                    "occasion": {"from": "阶段", "labels": "occasion"},
                    "form": {"from": "形式", "labels": "form"},
                    "attempt": "次数",
                    "assessed_on": "考试日期",
                    "score": "分数",
                },
            },
            {
                "table": "ratings",
                "files": ["行为评价.csv"],
                "columns": {
                    "rating_id": "单号",
                    "ratee_id": "被评人",
                    "site_id": "小区",
                    "rater_id": "评价人",
                    "rater_role": {"from": "角色", "labels": "role"},
                    "rated_on": "日期",
                },
                "constants": {"instrument": "manner"},
                "unpivot": {"items": {"b1": "倾听", "b2": "回应", "b3": "跟进"}},
            },
            {
                "table": "surveys",
                "files": ["业主问卷.csv"],
                "columns": {"response_id": "问卷号", "site_id": "小区", "answered_at": "提交时间"},
                "constants": {"instrument": "owners"},
                "unpivot": {"items": {"q1": "总体", "q2": "态度", "q3": "处理"}},
            },
            {
                "table": "tickets",
                "files": ["工单.csv"],
                "columns": {
                    "ticket_id": "工单号",
                    "site_id": "小区",
                    "kind": {"from": "类型", "labels": "kind"},
                    "opened_at": "报事时间",
                    "first_response_at": "响应时间",
                    "resolved_at": "办结时间",
                },
            },
            {
                "table": "fees",
                "files": ["收费.csv"],
                "columns": {
                    "site_id": "小区",
                    "month": "月份",
                    "receivable": "应收",
                    "collected": "实收",
                },
            },
            {
                "table": "crm_usage",
                "files": ["系统使用.csv"],
                "columns": {
                    "site_id": "小区",
                    "month": "月份",
                    "users": "账号",
                    "active_users": "活跃账号",
                },
            },
            {
                "table": "costs",
                "files": ["费用.csv"],
                "columns": {
                    "cost_id": "编号",
                    "category": {"from": "类别", "labels": "cost"},
                    "planned": "预算",
                    "actual": "实际",
                    "spent_on": "日期",
                },
            },
            {
                "table": "milestones",
                "files": ["里程碑.csv"],
                "columns": {
                    "milestone_id": "编号",
                    "name": "名称",
                    "planned_on": "计划",
                    "actual_on": "实际",
                    "criterion": "标准",
                },
            },
            {
                "table": "lecturers",
                "files": ["讲师.csv"],
                "columns": {
                    "lecturer_id": "讲师",
                    "origin": {"from": "来源", "labels": "origin"},
                    "service_years": "年限",
                    "certified": "持证",
                    "certified_on": "取证日期",
                },
            },
        ],
        "choices": {"C2": "plus_5", "C3": "both", "C4": "share_60", "C8": "benefit_cost_ratio",
                    "C9": "points"},
        "design": {
            "primary_outcome": "csat_mean",
            "secondary_outcomes": ["csat_top2", "complaints_per_1000", "fee_collection"],
            "smallest_effect": 0.2,
            "measure_at_months": [1, 3, 6],
            "assignment": "management",
        },
        "goals": [
            {"indicator": "csat_top2", "target": 0.05, "unit": "points",
             "deadline": "2025-03-31", "horizon": "mid"},
            {"indicator": "fee_collection", "deadline": "2025-06-30", "horizon": "long"},
        ],
        "value": {
            "horizon_months": 6,
            "benefits": [
                {"indicator": "complaints_per_1000", "money_per_unit": -0.4,
                 "basis": "household_month", "source": "处理一件投诉约 400 元"},
            ],
        },
    }  # fmt: skip
