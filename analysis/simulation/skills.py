"""What is kept at work of skills that were taught: who was seen using them, who was coached."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from analysis.simulation.parameters import WorldParameters
from analysis.simulation.sites import stream

APPLIED = {
    "客户沟通技巧": 0.60,
    "投诉处理与情绪管理": 0.45,
    "CRM系统操作": 0.70,
    "客户需求挖掘": 0.30,
}
"""Chance that a steward who passed a module is seen using it within six months."""

OF_POST = {"管家": 1.0, "客服": 1.0}
_OTHER_POST = 0.55
"""How much likelier stewards and desks use it than other posts, whose work brings fewer chances."""

_PASS = 80
_WINDOW_DAYS = 170
_DIARY_SHARE, _DIARY_WEEKS, _DIARY_KEPT = 0.25, 10, 0.75
_TIMES_A_WEEK = 1.6
_COACHED_SHARE = 0.6
_KINDS = ("coaching", "demonstration", "feedback", "reminder")


def passed(assessments: pd.DataFrame) -> pd.DataFrame:
    """Return ``staff_id, module, passed_on`` of who passed a module that is looked for at work."""
    after = assessments[assessments["occasion"].isin(["post", "retest"])]
    after = after[after["score"].notna() & after["module"].isin(list(APPLIED))]
    after = after[after["score"].astype(float) >= _PASS]
    first = after.groupby(["staff_id", "module"], sort=True)["assessed_on"].min()
    return first.rename("passed_on").reset_index()


def draw_skill_use(
    parameters: WorldParameters, staff: pd.DataFrame, assessments: pd.DataFrame
) -> pd.DataFrame:
    """Draw the canonical table ``skill_use``: what supervisors saw, and some people's diaries."""
    rng = stream(parameters, "skill use")
    learned = passed(assessments)
    posts = staff.set_index("staff_id")["role"].reindex(learned["staff_id"]).to_numpy(object)
    suited = np.array([OF_POST.get(str(post), _OTHER_POST) for post in posts])
    chance = learned["module"].map(APPLIED).to_numpy(float) * suited
    seen = rng.random(len(learned)) < chance
    waited = rng.integers(10, _WINDOW_DAYS, len(learned))
    often = 1 + rng.poisson(1.2, len(learned))
    people = np.sort(learned["staff_id"].unique())
    keeps = dict(zip(people, rng.random(len(people)) < _DIARY_SHARE, strict=True))
    rows: list[tuple[Any, ...]] = []
    keys = zip(learned["staff_id"], learned["passed_on"], learned["module"], strict=True)
    for i, (person, day, skill) in enumerate(keys):
        first = day + dt.timedelta(days=int(waited[i]))
        rows.append((person, first, skill, "supervisor", int(often[i] * seen[i]), 1))
        if not keeps[person]:
            continue
        kept = rng.random(_DIARY_WEEKS) < _DIARY_KEPT
        used = rng.poisson(_TIMES_A_WEEK * suited[i], _DIARY_WEEKS)
        monday = day + dt.timedelta(days=14 - day.weekday())
        rows += [
            (person, monday + dt.timedelta(weeks=week), skill, "self", int(used[week]), 7)
            for week in np.flatnonzero(kept).tolist()
        ]
    columns = ["staff_id", "seen_on", "skill", "seen_by", "times", "days"]
    return _recorded(parameters, pd.DataFrame(rows, columns=columns), "seen_on")


def draw_coaching(
    parameters: WorldParameters, staff: pd.DataFrame, assessments: pd.DataFrame
) -> pd.DataFrame:
    """Draw the canonical table ``coaching``: talks and reminders given at work after the course."""
    rng = stream(parameters, "coaching")
    learned = passed(assessments)
    known = staff.set_index("staff_id")
    bosses = staff.loc[staff["tier"] == "senior"].groupby("site_id")["staff_id"].first()
    coach = known["site_id"].reindex(learned["staff_id"]).map(bosses).to_numpy(object)
    given = rng.random(len(learned)) < _COACHED_SHARE / 2
    waited, kind = rng.integers(5, 120, len(learned)), rng.integers(0, len(_KINDS), len(learned))
    minutes = 5 * rng.integers(1, 7, len(learned))
    rows = [
        (
            learned["staff_id"][i],
            learned["passed_on"][i] + dt.timedelta(days=int(waited[i])),
            _KINDS[kind[i]],
            learned["module"][i],
            coach[i],
            float(minutes[i]),
        )
        for i in np.flatnonzero(given).tolist()
    ]
    columns = ["staff_id", "held_on", "kind", "skill", "coach_id", "minutes"]
    frame = _recorded(parameters, pd.DataFrame(rows, columns=columns), "held_on")
    return frame.assign(coaching_id=[f"FD{i:04d}" for i in range(1, len(frame) + 1)])


def _recorded(p: WorldParameters, rows: pd.DataFrame, day: str) -> pd.DataFrame:
    """Return the rows before the end of the data, in the order of their days."""
    rows = rows[np.array([d < p.end for d in rows[day]], dtype=bool)]
    keys = [day, "staff_id", "skill"]
    return rows.sort_values(keys, kind="stable").reset_index(drop=True)
