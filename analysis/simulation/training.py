"""The training itself: enrolments, course questionnaires, tests."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr
from scipy.stats import rankdata

from analysis.simulation.parameters import WorldParameters
from analysis.simulation.people import employed
from analysis.simulation.sites import Roster, stream

COURSE_INSTRUMENT = "course_v1"
COURSE_ITEMS = {
    "c1": ("本次课程总体评价", "总体", "overall"),
    "c2": ("课程内容实用", "内容", "useful"),
    "c3": ("讲师授课水平", "讲师", "lecturer"),
    "c4": ("互动与练习", "互动", "item"),
    "c5": ("组织安排", "组织", "organisation"),
}
LOW_LECTURER = "J004"
_TOP2 = 0.93
_COMPLETE = 0.955
_RETURNED = 0.85
_ABILITY_SD, _TEST_SD, _PRE_LEVEL = 6.0, 6.0, 66.0
_PASS = 80


@dataclass(frozen=True, slots=True)
class Module:
    """One course module: its form, length in hours, lecturers by class, and tests."""

    name: str
    mode: str
    hours: float
    lecturers: tuple[str, ...]
    forms: tuple[str, ...] = ()


MODULES = (
    Module("客户沟通技巧", "classroom", 8, ("J001", "J002"), ("written",)),
    Module("投诉处理与情绪管理", "simulation", 8, ("J003", LOW_LECTURER), ("written", "role_play")),
    Module("CRM系统操作", "online", 6, ("J005",), ("written", "system")),
    Module("服务礼仪", "classroom", 4, ("J006", LOW_LECTURER)),
    Module("物业管理法规", "online", 4, ("J007",)),
    Module("客户需求挖掘", "classroom", 6, ("J001", "J008"), ("practical",)),
)
LOW_MODULE = "物业管理法规"


def draw_training(
    parameters: WorldParameters, roster: Roster, staff: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Draw the canonical tables ``enrolments``, ``reactions`` and ``assessments``."""
    rng = stream(parameters, "training")
    people = _participants(roster, staff)
    enrolments = _enrolments(parameters, rng, people)
    return {
        "enrolments": enrolments,
        "reactions": _reactions(parameters, rng, enrolments),
        "assessments": _assessments(parameters, rng, people, enrolments),
    }


def instrument_rows() -> list[dict]:
    """Return the items of the course questionnaire as rows of ``instruments``."""
    return [
        {
            "instrument": COURSE_INSTRUMENT,
            "item": item,
            "wording": wording,
            "dimension": dimension,
            "role": role,
            "scale_min": 1.0,
            "scale_max": 5.0,
            "reversed": False,
        }
        for item, (wording, dimension, role) in COURSE_ITEMS.items()
    ]


def expected_points(level: float, sd: float) -> float:
    """Return the mean of a normal score cut to 0-100; rounding to whole points is neutral."""
    low, high = (0 - level) / sd, (100 - level) / sd

    def density(z: float) -> float:
        return float(np.exp(-z * z / 2) / np.sqrt(2 * np.pi))

    inside = level * (ndtr(high) - ndtr(low)) + sd * (density(low) - density(high))
    return float(inside + 100 * (1 - ndtr(high)))


def expected_learning_gain(parameters: WorldParameters) -> float:
    """Return the expected rise of a written score from before to after a module, in points."""
    sd = float(np.hypot(_ABILITY_SD, _TEST_SD))
    after = expected_points(_PRE_LEVEL + parameters.learning_gain, sd)
    return after - expected_points(_PRE_LEVEL, sd)


def _participants(roster: Roster, staff: pd.DataFrame) -> pd.DataFrame:
    """All frontline and middle employees on the roster on their site's first training day."""
    parts = []
    for site in roster.waves.itertuples():
        if site.actual_start is None or pd.isna(site.actual_start):
            continue
        there = (staff["site_id"] == site.site_id).to_numpy() & (staff["tier"] != "senior")
        there = there.to_numpy() & employed(staff, site.actual_start)
        parts.append(
            staff.loc[there, ["staff_id", "site_id"]].assign(
                wave=site.wave, start=site.actual_start
            )
        )
    nobody = staff.loc[[], ["staff_id", "site_id"]].assign(wave=0, start=None)
    people = pd.concat(parts, ignore_index=True) if parts else nobody
    # Classes hold at most 30 people, filled in the order of the roster.
    seat = people.groupby(["wave", "start"], sort=False).cumcount()
    people["class_no"] = seat // 30 + 1
    return people


def _enrolments(p: WorldParameters, rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    parts = []
    for k, module in enumerate(MODULES):
        n = len(people)
        held = [d + dt.timedelta(days=2 * k) for d in people["start"]]
        came = rng.random(n) >= p.no_show_rate
        share = np.where(came, 1.0, 0.0)
        delay = np.zeros(n, dtype=int)
        if module.mode == "online":
            share = _online_shares(p, rng, n, low=module.name == LOW_MODULE)
            came = share > 0
            delay = rng.integers(1, 20, n)
        finished = [
            d + dt.timedelta(days=int(w)) if s >= 1 else None
            for d, w, s in zip(held, delay, share, strict=True)
        ]
        parts.append(
            pd.DataFrame(
                {
                    "staff_id": people["staff_id"],
                    "module": module.name,
                    "session": _sessions(people),
                    "mode": module.mode,
                    "lecturer_id": [
                        module.lecturers[c % len(module.lecturers)] for c in people["class_no"]
                    ],
                    "held_on": held,
                    "hours": float(module.hours),
                    "attended": came,
                    "completion": share,
                    "completed_on": finished,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _sessions(people: pd.DataFrame) -> list[str]:
    rows = zip(people["start"], people["class_no"], strict=True)
    return [f"{start:%Y-%m}-{number:02d}班" for start, number in rows]


def _online_shares(
    p: WorldParameters, rng: np.random.Generator, n: int, *, low: bool
) -> np.ndarray:
    mean = _COMPLETE
    if low and p.planted.low_module_completion is not None:
        mean = p.planted.low_module_completion
    # How many finish and where the others stop is fixed, so that the planted mean is the true one.
    stops = np.round(0.05 * np.arange(10) + 0.3 * low, 2)
    n_finished = round(n * (mean - stops.mean()) / (1 - stops.mean()))
    share = np.concatenate([np.ones(n_finished), np.resize(stops, n - n_finished)])
    return rng.permutation(share)


def _reactions(
    p: WorldParameters, rng: np.random.Generator, enrolments: pd.DataFrame
) -> pd.DataFrame:
    returned = enrolments["attended"].to_numpy() & (rng.random(len(enrolments)) < _RETURNED)
    sheets = enrolments.loc[returned]
    n, k = len(sheets), len(COURSE_ITEMS)
    liked = np.full(n, _TOP2)
    low = (sheets["lecturer_id"] == LOW_LECTURER).to_numpy()
    if p.planted.low_lecturer_top2 is not None:
        liked[low] = p.planted.low_lecturer_top2
    # A person's answers hang together: a normal copula with correlation 0.5.
    common = rng.standard_normal((n, 1))
    u = ndtr(np.sqrt(0.5) * common + np.sqrt(0.5) * rng.standard_normal((n, k)))
    if p.planted.low_lecturer_top2 is not None and low.any():
        # Ranks instead of draws, so that the share observed is the share planted.
        place = rankdata(u[low], axis=0, method="ordinal")
        u[low] = (place - 0.5) / low.sum()
    miss = 1 - liked[:, None]
    score = 5 - (u < miss + 0.45 * liked[:, None]) - (u < miss) - (u < 0.3 * miss)
    score = score - (u < 0.05 * miss)
    answered = [
        d + dt.timedelta(days=int(w))
        for d, w in zip(sheets["held_on"], rng.integers(0, 4, n), strict=True)
    ]
    rows = np.repeat(np.arange(n), k)
    ids = np.array([f"KC{i:06d}" for i in range(1, n + 1)], dtype=object)
    return pd.DataFrame(
        {
            "response_id": ids[rows],
            "item": np.tile(np.array(list(COURSE_ITEMS), dtype=object), n),
            "instrument": COURSE_INSTRUMENT,
            "module": sheets["module"].to_numpy(object)[rows],
            "session": sheets["session"].to_numpy(object)[rows],
            "lecturer_id": sheets["lecturer_id"].to_numpy(object)[rows],
            "answered_on": np.array(answered, dtype=object)[rows],
            "score": score.ravel().astype(float),
        }
    )


def _assessments(
    p: WorldParameters,
    rng: np.random.Generator,
    people: pd.DataFrame,
    enrolments: pd.DataFrame,
) -> pd.DataFrame:
    ability = _ABILITY_SD * rng.standard_normal(len(people))
    parts = []
    for module in MODULES:
        if not module.forms:
            continue
        mine = enrolments.loc[enrolments["module"] == module.name].reset_index(drop=True)
        came = mine["attended"].to_numpy()
        for form in module.forms:
            if form == "written":
                before = _attempt(rng, mine, ability, _PRE_LEVEL, "pre", form, -7)
                parts.append(before.loc[rng.random(len(mine)) < 0.97])
            level = _PRE_LEVEL + p.learning_gain + (0 if form == "written" else 2)
            after = _attempt(rng, mine, ability, level, "post", form, 3)
            parts.append(after.loc[came])
            again = _attempt(rng, mine, ability, level + 4, "retest", form, 17)
            parts.append(again.loc[came & (after["score"] < _PASS).to_numpy()].assign(attempt=2))
    later = enrolments.loc[enrolments["module"] == MODULES[1].name].reset_index(drop=True)
    level = _PRE_LEVEL + p.learning_gain * p.retention_6
    follow_up = _attempt(rng, later, ability, level, "follow_up", "written", 180)
    parts.append(follow_up.loc[later["attended"].to_numpy()])
    known = pd.concat(parts, ignore_index=True)
    return known.loc[known["assessed_on"] < p.end].reset_index(drop=True)


def _attempt(
    rng: np.random.Generator,
    mine: pd.DataFrame,
    ability: np.ndarray,
    level: float,
    occasion: str,
    form: str,
    days: int,
) -> pd.DataFrame:
    raw = level + ability + _TEST_SD * rng.standard_normal(len(mine))
    assessors = np.array(["K01", "K02", "K03", "K04"], dtype=object)
    by_person = assessors[rng.integers(0, len(assessors), len(mine))]
    return pd.DataFrame(
        {
            "staff_id": mine["staff_id"],
            "module": mine["module"],
            "occasion": occasion,
            "form": form,
            "attempt": 1,
            "assessed_on": [d + dt.timedelta(days=days) for d in mine["held_on"]],
            "score": np.clip(np.rint(raw), 0, 100),
            "assessor_id": None if form in ("written", "system") else by_person,
        }
    )


_LATER = {1: 0.92, 3: 0.78}
"""Months after the course test, and what share of the gain is left then."""
_INVITED_LATER = 0.4
_SEEN_LATER = 0.85


def draw_later_tests(parameters: WorldParameters, assessments: pd.DataFrame) -> pd.DataFrame:
    """Draw follow-up tests after one and three months of some who sat the first module's test.

    They come from a stream of their own and are rows beside ``assessments``.
    """
    p, rng = parameters, stream(parameters, "later tests")
    mine = assessments[
        (assessments["module"] == MODULES[0].name)
        & (assessments["occasion"] == "post")
        & (assessments["attempt"] == 1)
        & assessments["score"].notna()
    ]
    mine = mine[rng.random(len(mine)) < _INVITED_LATER].reset_index(drop=True)
    parts = []
    for attempt, (months, left) in enumerate(_LATER.items(), start=1):
        noise = _TEST_SD * rng.standard_normal(len(mine))
        score = mine["score"].astype(float) - (1 - left) * p.learning_gain + noise
        day = [d + dt.timedelta(days=30 * months) for d in mine["assessed_on"]]
        later = mine.assign(
            occasion="follow_up",
            attempt=attempt,
            assessed_on=day,
            score=np.clip(np.rint(score), 0, 100),
        )
        parts.append(later.loc[rng.random(len(mine)) < _SEEN_LATER])
    known = pd.concat(parts, ignore_index=True)
    return known.loc[np.array([d < p.end for d in known["assessed_on"]], dtype=bool)]
