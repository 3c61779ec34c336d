"""Skills at work: who of those who learned a skill was seen using it, how often, and by post.

Described, never an effect: a log is kept of trained people alone. A skill is a course module, or a
behaviour that the client's chain of modules names; a person has learned it who passed a test of its
module, or, where no test has a mark, attended it. Seen is what others wrote down; diaries are kept
apart, as people's own word.

References
----------
Baldwin, Ford (1988) on transfer of training; Zou, Donner (2008) on the interval of a difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.causal.behaviour.rated_change import described_mean
from analysis.indicators.scales import satisfied_from
from analysis.measurement import share_over_sites
from analysis.measurement.columns import dates, floats, present
from analysis.measurement.intervals import wilson
from analysis.memory import remembered
from analysis.results import Check, StageResults, Topic, collect
from analysis.settings import LEVEL

WINDOW_DAYS = 183
"""Days after the test in which use of a skill counts: half a year."""

LOOKED_FOR = 0.5
"""Share of learned skills that somebody must have looked for; below it the share tells little."""

_SELF = "self"
_AFTER = ("post", "retest")

Behaviours = Mapping[str, Mapping[str, Sequence[str]]]


def module_of(skills: Sequence[str], modules: Sequence[str], behaviours: Behaviours) -> dict:
    """Return the module of each skill that is one, or that the chain of modules names."""
    named = {name: module for module, chain in behaviours.items() for name in chain}
    own = set(modules)
    found = {skill: skill if skill in own else named.get(skill) for skill in skills}
    return {skill: module for skill, module in found.items() if module in own}


def passed_modules(assessments: pd.DataFrame, marks: Mapping[str, float]) -> pd.DataFrame:
    """Return ``staff_id, module, learned_on`` of who reached the mark of a test after training.

    Parameters
    ----------
    assessments : DataFrame
        Canonical table; resits count.
    marks : Mapping[str, float]
        Pass mark by form; tests of forms without one are passed over.
    """
    after = assessments[assessments["occasion"].isin(_AFTER) & assessments["score"].notna()]
    mark = after["form"].map(dict(marks)).astype("float64")
    hit = (floats(after["score"]) >= mark.to_numpy()) & mark.notna().to_numpy()
    return _first(after[hit], "assessed_on")


def attended_modules(enrolments: pd.DataFrame) -> pd.DataFrame:
    """Return ``staff_id, module, learned_on`` of who came to a session of a module."""
    came = enrolments["attended"].fillna(False).astype(bool)
    return _first(enrolments[came & enrolments["held_on"].notna()], "held_on")


def _first(rows: pd.DataFrame, day: str) -> pd.DataFrame:
    rows = rows.astype({"staff_id": object, "module": object}).assign(learned_on=dates(rows[day]))
    return rows.groupby(["staff_id", "module"], as_index=False)["learned_on"].min()


def learned_skills(
    log: pd.DataFrame,
    modules: pd.DataFrame,
    behaviours: Behaviours,
    *,
    days: int = WINDOW_DAYS,
) -> pd.DataFrame:
    """Return a row per person and skill learned, and whether it was seen at work.

    Parameters
    ----------
    log : DataFrame
        Canonical ``skill_use``.
    modules : DataFrame
        ``staff_id, module, learned_on``.
    behaviours : Mapping
        The client's chain: module to behaviours.
    days : int
        Days after learning that count.

    Returns
    -------
    DataFrame
        ``staff_id, skill, learned_on``; ``looked``: anybody else wrote of it within those days;
        ``applied``: and saw it; ``told``: the person wrote so.
    """
    skills = sorted(set(log["skill"].dropna().astype(str)))
    taught = module_of(skills, sorted(set(modules["module"])), behaviours)
    known = pd.DataFrame(taught.items(), columns=["skill", "module"]).astype(object)
    rows = modules.merge(known, on="module")
    keys = ["staff_id", "skill"]
    entries = log.astype({"staff_id": object, "skill": object}).assign(
        seen_on=dates(log["seen_on"]),
        own=(log["seen_by"] == _SELF).to_numpy(bool),
        used=(log["times"].fillna(1) > 0).to_numpy(bool),
    )[[*keys, "seen_on", "own", "used"]]
    both = rows[[*keys, "learned_on"]].merge(entries, on=keys)
    waited = (both["seen_on"] - both["learned_on"]).dt.days
    both = both[(waited >= 0) & (waited <= days)]
    seen = both[~both["own"]]
    marks_of = {
        "looked": seen,
        "applied": seen[seen["used"]],
        "told": both[both["own"] & both["used"]],
    }
    for name, part in marks_of.items():
        known = pd.MultiIndex.from_frame(part[keys].drop_duplicates())
        rows[name] = pd.MultiIndex.from_frame(rows[keys]).isin(known)
    return rows[[*keys, "learned_on", *marks_of]].sort_values(keys, ignore_index=True)


def weeks_of_diaries(log: pd.DataFrame) -> pd.DataFrame:
    """Return a row per person who keeps a diary: ``staff_id, uses, weeks, span``.

    ``weeks`` are those with an entry, ``span`` those from the first to the last.
    """
    own = log[(log["seen_by"] == _SELF).to_numpy(bool) & log["times"].notna().to_numpy(bool)]
    week = dates(own["seen_on"]).dt.to_period("W-SUN").map(lambda p: p.ordinal)
    own = own.assign(week=week.astype("int64"), times=floats(own["times"]))
    people = own.groupby("staff_id", observed=True)
    found = people.agg(uses=("times", "sum"), weeks=("week", "nunique"))
    span = people["week"].agg(lambda weeks: weeks.max() - weeks.min() + 1)
    return found.assign(span=span).reset_index()


@remembered
def assess_skill_use(
    log: pd.DataFrame | None,
    assessments: pd.DataFrame | None,
    enrolments: pd.DataFrame | None,
    staff: pd.DataFrame | None,
    *,
    reactions: pd.DataFrame | None = None,
    instruments: pd.DataFrame | None = None,
    marks: Mapping[str, float] | None = None,
    behaviours: Behaviours | None = None,
    least: int = 1,
    per_week: float | None = None,
    level: float = LEVEL,
) -> StageResults:
    """Describe how much of what was learned is seen at work.

    Parameters
    ----------
    log, assessments, enrolments, staff, reactions, instruments : DataFrame or None
        Canonical tables; the first is ``skill_use``.
    marks : Mapping[str, float], optional
        Pass mark by form of test.
    behaviours : Mapping, optional
        The client's chain of modules and behaviours.
    least : int
        Skills that make somebody who applies them.
    per_week : float, optional
        Uses a week that the programme asks for.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Tables ``skills`` (a row per skill: learned, looked for, seen, share with interval, own
        word, share who found the course useful and how much that share is above), ``skill_posts``
        (share applying at least ``least`` skills by post) and ``skill_months`` (the log by month);
        checks ``tracking.skill_use`` and ``tracking.skill_weeks``.
    """
    if not present(log, "skill", "seen_by", "seen_on"):
        return collect("tracking", [_without("skill_use", "not_recorded")])
    modules, tested = _modules(assessments, enrolments, marks or {})
    if modules is None or not present(staff, "site_id"):
        return collect("tracking", [_without("skill_use", "no_training")])
    place = staff.astype({"staff_id": object}).set_index("staff_id")
    learned = _at_sites(learned_skills(log, modules, behaviours or {}), place["site_id"])
    months = _by_month(log)
    if learned.empty:
        return collect(
            "tracking", [_without("skill_use", "nothing_learned")], tables={"skill_months": months}
        )
    useful = _useful(reactions, instruments, level=level)
    skills = _by_skill(learned, useful, level=level)
    posts = _by_post(learned, place.get("role"), least=least, level=level)
    looked = float(learned["looked"].mean())
    check = Check(
        id="tracking.skill_use",
        topic=Topic.SKILL_USE,
        question="causal.check.skill_use",
        status="passed" if looked >= LOOKED_FOR else "caution",
        value=looked,
        threshold=LOOKED_FOR,
        unit="share",
        n=len(learned),
        reason=f"causal.why.skill_use.{'passed' if tested else 'attended'}",
        remedy=None if looked >= LOOKED_FOR else "causal.remedy.skill_use",
        params={
            "learned": len(learned),
            "looked": int(learned["looked"].sum()),
            "applied": int(learned["applied"].sum()),
            "people": int(learned["staff_id"].nunique()),
        },
    )
    weekly = _weekly(log, place["site_id"], per_week, level=level)
    tables = {"skills": skills, "skill_posts": posts, "skill_months": months}
    return collect("tracking", [check, *weekly], tables=tables)


def _modules(
    assessments: pd.DataFrame | None, enrolments: pd.DataFrame | None, marks: Mapping[str, float]
) -> tuple[pd.DataFrame | None, bool]:
    """Return who learned which module, by tests where any has a mark, else by attendance."""
    if present(assessments, "score", "form") and assessments["form"].isin(list(marks)).any():
        return passed_modules(assessments, marks), True
    if present(enrolments, "attended", "held_on"):
        return attended_modules(enrolments), False
    return None, False


@remembered
def applying(
    log: pd.DataFrame | None,
    assessments: pd.DataFrame | None,
    enrolments: pd.DataFrame | None,
    staff: pd.DataFrame | None,
    *,
    marks: Mapping[str, float],
    behaviours: Behaviours,
) -> pd.DataFrame | None:
    """Return a row per person: ``staff_id``, ``site_id``, skills ``learned`` and ``applied``.

    None where there is no log or nobody learned a skill of it. Parameters are those of
    :func:`assess_skill_use`.
    """
    modules, _ = _modules(assessments, enrolments, marks)
    if not present(log, "skill") or modules is None or not present(staff, "site_id"):
        return None
    place = staff.astype({"staff_id": object}).set_index("staff_id")["site_id"]
    learned = _at_sites(learned_skills(log, modules, behaviours), place)
    return None if learned.empty else _people(learned)


def _at_sites(learned: pd.DataFrame, site: pd.Series) -> pd.DataFrame:
    return learned.assign(site_id=learned["staff_id"].map(site)).dropna(subset=["site_id"])


def _people(learned: pd.DataFrame) -> pd.DataFrame:
    return (
        learned.groupby("staff_id")
        .agg(site_id=("site_id", "first"), learned=("skill", "size"), applied=("applied", "sum"))
        .reset_index()
    )


def _by_skill(learned: pd.DataFrame, useful: pd.DataFrame, *, level: float) -> pd.DataFrame:
    rows = []
    for skill, part in learned.groupby("skill", observed=True, sort=True):
        share = _share(part["applied"], part["site_id"], level)
        rows.append(
            {
                "skill": skill,
                "learned": len(part),
                "looked": int(part["looked"].sum()),
                "applied": int(part["applied"].sum()),
                **share,
                "told": int(part["told"].sum()),
            }
        )
    table = pd.DataFrame(rows)
    table = table.merge(useful, left_on="skill", right_on="module", how="left")
    gap = table["useful"] - table["value"]
    below = np.hypot(table["useful"] - table["useful_low"], table["ci_high"] - table["value"])
    above = np.hypot(table["useful_high"] - table["useful"], table["value"] - table["ci_low"])
    return table.drop(columns="module").assign(
        unit="share", gap=gap, gap_low=gap - below, gap_high=gap + above
    )


def _by_post(
    learned: pd.DataFrame, role: pd.Series | None, *, least: int, level: float
) -> pd.DataFrame:
    if role is None or role.isna().all():
        return pd.DataFrame()
    people = _people(learned)
    people = people.assign(post=people["staff_id"].map(role), hit=people["applied"] >= least)
    rows = [
        {
            "post": post,
            "people": len(part),
            "applying": int(part["hit"].sum()),
            **_share(part["hit"], part["site_id"], level),
            "skills": float(part["applied"].sum() / part["learned"].sum()),
        }
        for post, part in people.dropna(subset=["post"]).groupby("post", observed=True)
    ]
    return pd.DataFrame(rows).sort_values("value", ignore_index=True) if rows else pd.DataFrame()


def _by_month(log: pd.DataFrame) -> pd.DataFrame:
    own = (log["seen_by"] == _SELF).to_numpy(bool)
    times = floats(log["times"].fillna(1))
    rows = log.assign(
        month=dates(log["seen_on"]).dt.to_period("M"), own=own, times=times, entries=1
    )
    rows = rows.assign(
        seen=np.where(own, 0.0, times),
        told=np.where(own, times, 0.0),
        diary=rows["staff_id"].where(own),
    )
    by = rows.groupby("month", sort=True)
    found = by.agg(
        people=("staff_id", "nunique"),
        entries=("entries", "sum"),
        skills=("skill", "nunique"),
        seen=("seen", "sum"),
        diaries=("diary", "nunique"),
        told=("told", "sum"),
    ).reset_index()
    return found.assign(month=found["month"].dt.start_time.dt.date)


def _useful(
    reactions: pd.DataFrame | None, instruments: pd.DataFrame | None, *, level: float
) -> pd.DataFrame:
    """Return ``module, useful, useful_low, useful_high, answers`` of the question on usefulness."""
    columns = ["module", "useful", "useful_low", "useful_high", "answers"]
    nothing = pd.DataFrame(columns=columns).astype(dict.fromkeys(columns[1:], float))
    if not (present(reactions, "score", "module") and present(instruments, "role")):
        return nothing
    items = instruments[instruments["role"] == "useful"]
    items = items[["instrument", "item"]].assign(least=satisfied_from(items))
    rows = reactions[reactions["score"].notna()].merge(items, on=["instrument", "item"])
    if rows.empty:
        return nothing
    hit = (floats(rows["score"]) >= rows["least"]).astype(int)
    found = []
    for module, part in rows.assign(hit=hit).groupby("module", observed=True):
        share = wilson(int(part["hit"].sum()), len(part), level)
        found.append((module, share.value, share.low, share.high, share.n))
    return pd.DataFrame(found, columns=columns)


def _weekly(
    log: pd.DataFrame, site: pd.Series, line: float | None, *, level: float
) -> tuple[Check, ...]:
    """Hold the uses a week that diaries tell to what the programme asks for; nothing without."""
    if line is None:
        return ()
    diaries = weeks_of_diaries(log)
    diaries = diaries.assign(site_id=diaries["staff_id"].map(site)).dropna(subset=["site_id"])
    if diaries.empty:
        return (_without("skill_weeks", "no_diary"),)
    rate = (diaries["uses"] / diaries["weeks"]).to_numpy(float)
    where = diaries["site_id"].astype(str).to_numpy()
    found = described_mean(rate, where, level)
    mean, low, high = (found.get(end, np.nan) for end in ("value", "ci_low", "ci_high"))
    known = np.isfinite(low)
    status = "caution"
    if known and low >= line:
        status = "passed"
    elif known and high < line:
        status = "failed"
    check = Check(
        id="tracking.skill_weeks",
        topic=Topic.SKILL_WEEKS,
        question="causal.check.skill_weeks",
        status=status,
        value=mean,
        threshold=line,
        unit="ratio",
        n=len(diaries),
        reason="causal.why.skill_weeks.known" if known else "causal.why.skill_weeks.few_sites",
        remedy=None if status == "passed" else "causal.remedy.skill_weeks",
        params={
            "value": mean,
            "low": low if known else None,
            "high": high if known else None,
            "people": len(diaries),
            "reaching": int((rate >= line).sum()),
            "line": line,
            "kept": float(diaries["weeks"].sum() / diaries["span"].sum()),
            "lowest": float((diaries["uses"] / diaries["span"]).mean()),
        },
    )
    return (check,)


def _share(hits: pd.Series, site: pd.Series, level: float) -> dict[str, Any]:
    by = hits.astype(float).groupby(site.astype(str)).agg(["sum", "size"])
    found = share_over_sites(by["sum"].to_numpy(), by["size"].to_numpy(), level=level)
    return {"value": found.value, "ci_low": found.low, "ci_high": found.high}


def _without(topic: str, why: str) -> Check:
    return Check(
        id=f"tracking.{topic}",
        topic=Topic(topic),
        question=f"causal.check.{topic}",
        status="not_possible",
        reason=f"causal.why.{topic}.{why}",
        remedy="causal.remedy.skill_use",
    )
