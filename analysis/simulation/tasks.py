"""Practical tasks scored by assessors, and who was asked for training needs before the course."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from analysis.simulation.parameters import WorldParameters
from analysis.simulation.people import employed
from analysis.simulation.sites import Roster, stream
from analysis.simulation.training import MODULES

SIMULATION, ANGER = "投诉处理情景演练", "情景演练客户怒气值"
REPORT, TOOLS, VIDEO = "客户需求与满意度调研报告", "客户需求挖掘工具", "服务录像评分"
CRITERIA = ("开场安抚", "倾听复述", "方案说明", "跟进承诺")
CHAPTERS = ("数据收集", "需求分析", "满意度测算", "改进建议")
TOOL_NAMES = ("访谈提纲", "客户旅程图", "KANO问卷", "需求清单", "意见墙")
BEHAVIOURS = (
    "微笑问候", "称呼客户", "目光接触", "耐心倾听", "复述诉求", "致歉安抚",
    "说明时限", "给出方案", "规范用语", "记录诉求", "告知进度", "礼貌道别",
)  # fmt: skip
_COMPLAINTS, _NEEDS = MODULES[1].name, MODULES[5].name
_ASSESSORS = ("K01", "K02")
_ASKED = {"questionnaire": 0.34, "focus_group": 0.06, "interview": 0.03}
_RETURNED = 0.92
_ASKED_DAYS_BEFORE = 45


def draw_task_scores(
    parameters: WorldParameters, staff: pd.DataFrame, assessments: pd.DataFrame
) -> pd.DataFrame:
    """Draw the canonical table ``task_scores`` of some of those who were assessed."""
    rng = stream(parameters, "task scores")
    after = assessments[assessments["occasion"] == "post"]
    first = after.groupby(["module", "staff_id"], sort=True)["assessed_on"].min()
    tier = staff.set_index("staff_id")["tier"]
    rows: list[tuple[Any, ...]] = []
    complaints = first.loc[_COMPLAINTS] if _COMPLAINTS in first.index else first.iloc[:0]
    for number, (person, day) in enumerate(complaints.items()):
        skill = rng.normal(0.0, 0.55)
        if number % 4:
            for occasion, when, level, anger in (
                ("pre", day - dt.timedelta(days=12), 2.6, 7.9),
                ("post", day, 3.7, 3.4),
            ):
                how = (person, occasion, when)
                rows += _scores(rng, how, SIMULATION, "simulation", CRITERIA, level + skill)
                met = anger - skill
                rows += _scores(rng, how, ANGER, "simulation", ("怒气值",), met, 10.0)
        if number % 8 == 1:
            how = (person, "post", day + dt.timedelta(days=60))
            agreed = (True, False, None)[int(rng.choice(3, p=(0.9, 0.05, 0.05)))]
            filmed = _scores(rng, how, VIDEO, "recording", BEHAVIOURS, 3.6 + skill)
            rows += [(*row[:-1], agreed) for row in filmed]
    needs = first.loc[_NEEDS] if _NEEDS in first.index else first.iloc[:0]
    for person, day in needs.items():
        if tier.get(person) != "middle":
            continue
        skill = rng.normal(0.0, 0.6)
        how = (person, "post", day)
        wrote = _scores(rng, how, REPORT, "report", CHAPTERS, 7.0 + skill, 10.0)
        used = _scores(rng, how, TOOLS, "tool", TOOL_NAMES, 2.6 + skill)
        rows += [(*row[:9], 6.0, None, None) for row in wrote]
        # One assessor watches the tools.
        rows += [(*row[:9], 3.0, None, None) for row in used if row[4] == _ASSESSORS[0]]
    columns = ["staff_id", "task", "kind", "occasion", "assessor_id", "item", "scored_on"]
    columns += ["score", "full_score", "pass_score", "blinded", "video_consent"]
    frame = pd.DataFrame(rows, columns=columns)
    kept = np.array([day < parameters.end for day in frame["scored_on"]], dtype=bool)
    return frame[kept].reset_index(drop=True)


def _scores(
    rng: np.random.Generator,
    how: tuple[str, str, dt.date],
    task: str,
    kind: str,
    items: tuple[str, ...],
    level: float,
    full: float = 5.0,
) -> list[tuple[Any, ...]]:
    """Rows of both assessors for the criteria of one task of one person."""
    person, occasion, day = how
    lowest = 0.0 if full == 10.0 else 1.0
    own = level + rng.normal(0.0, 0.06 * full, len(items))
    rows = []
    for number, assessor in enumerate(_ASSESSORS):
        points = own + 0.02 * full * number + rng.normal(0.0, 0.06 * full, len(items))
        given = np.clip(np.rint(points), lowest, full)
        rows += [
            (
                person,
                task,
                kind,
                occasion,
                assessor,
                item,
                day,
                float(score),
                full,
                None,
                True,
                None,
            )
            for item, score in zip(items, given, strict=True)
        ]
    return rows


def draw_needs_asked(
    parameters: WorldParameters, roster: Roster, staff: pd.DataFrame
) -> pd.DataFrame:
    """Draw the canonical table ``needs_asked``: a sample of each site's staff before the course."""
    rng = stream(parameters, "needs asked")
    starts = [day for day in roster.waves["actual_start"] if day is not None and not pd.isna(day)]
    rows: list[tuple[Any, ...]] = []
    if starts:
        day = min(starts) - dt.timedelta(days=_ASKED_DAYS_BEFORE)
        there = staff[employed(staff, day)]
        chance = np.cumsum(list(_ASKED.values()))
        drawn, answered = rng.random(len(there)), rng.random(len(there)) < _RETURNED
        waited = rng.integers(1, 14, len(there))
        for i, person in enumerate(there["staff_id"]):
            place = int(np.searchsorted(chance, drawn[i], side="right"))
            if place == len(chance):
                continue
            back = day + dt.timedelta(days=int(waited[i])) if answered[i] or place else None
            rows.append((person, list(_ASKED)[place], day, back))
    return pd.DataFrame(rows, columns=["staff_id", "way", "asked_on", "answered_on"])
