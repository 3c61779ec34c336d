"""Practical tasks after the course: points by task, by post and site, and tools mastered."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.measurement.columns import present
from analysis.measurement.complaints import share_over_sites
from analysis.measurement.intervals import Interval
from analysis.measurement.tasks import task_scores, task_sheets
from analysis.measurement.weighting import weighted_mean
from analysis.monitoring.lacking import lacking
from analysis.results import Check, StageResults, Topic, collect
from analysis.settings import LEVEL
from analysis.standards import Lines, course

AFTER = ("follow_up", "retest", "post")
"""Occasions after the course, the latest first."""


def task_levels(people: pd.DataFrame, *, level: float = LEVEL) -> pd.DataFrame:
    """Return the points of each task and occasion, and their change since before the course.

    Parameters
    ----------
    people : DataFrame
        ``task, kind, occasion, subject, site, score, full``: a person's score is the mean over
        assessors of the mean points of a criterion.
    level : float
        Coverage of intervals, which take sites as clusters where there are two or more.

    Returns
    -------
    DataFrame
        ``task, kind, occasion, n, value, ci_low, ci_high, full`` and, of the people scored before
        as well, ``paired, change, change_low, change_high`` (NaN before the course). No effect:
        nobody untrained is scored.
    """
    out = []
    for (task, kind), mine in people.groupby(["task", "kind"], sort=True):
        before = mine[mine["occasion"] == "pre"].set_index("subject")["score"]
        for occasion in ("pre", *reversed(AFTER)):
            part = mine[mine["occasion"] == occasion]
            if part.empty:
                continue
            mean = _mean(part["score"], part["site"], level)
            both = part[part["subject"].isin(before.index)] if occasion != "pre" else part.iloc[:0]
            moved = both["score"] - both["subject"].map(before)
            change = _mean(moved, both["site"], level) if len(both) else None
            out.append(
                (task, kind, occasion, len(part), *_within(mean, part), len(both), *_ends(change))
            )
    columns = ["task", "kind", "occasion", "n", "value", "ci_low", "ci_high", "full", "paired"]
    return pd.DataFrame(out, columns=[*columns, "change", "change_low", "change_high"])


def task_groups(people: pd.DataFrame, *, level: float = LEVEL) -> pd.DataFrame:
    """Return the points after the course by post and by site, lowest first within a task.

    Parameters
    ----------
    people : DataFrame
        As of :func:`task_levels`, with ``role`` (post) and ``label`` (name of the site).
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        ``task, kind, by`` (``post`` or ``site``), ``group, n, value, ci_low, ci_high, full``; a
        person counts with the latest score after the course.
    """
    latest = latest_after(people)
    out = []
    for by, column in (("post", "role"), ("site", "label")):
        known = latest.dropna(subset=[column])
        for (task, kind, group), mine in known.groupby(["task", "kind", column]):
            mean = _mean(mine["score"], mine["site"], level)
            out.append((task, kind, by, str(group), len(mine), *_within(mean, mine)))
    columns = ["task", "kind", "by", "group", "n", "value", "ci_low", "ci_high", "full"]
    frame = pd.DataFrame(out, columns=columns)
    return frame.sort_values(["task", "by", "value"], kind="stable", ignore_index=True)


def latest_after(people: pd.DataFrame) -> pd.DataFrame:
    """Return each person's latest score of a task after the course."""
    rank = people["occasion"].map({name: place for place, name in enumerate(AFTER)})
    after = people.assign(rank=rank)[rank.notna()].sort_values("rank", kind="stable")
    return after.drop_duplicates(["task", "subject"]).drop(columns="rank")


def tools_mastered(
    rows: pd.DataFrame, staff: pd.DataFrame, *, least: int, level: float = LEVEL
) -> pd.DataFrame:
    """Return, by tier, how many of those scored master at least so many tools.

    A tool is mastered from its pass mark on, in the latest score after the course, the mean over
    assessors. Tools without a pass mark do not count.

    Parameters
    ----------
    rows : DataFrame
        As of :func:`~analysis.measurement.tasks.task_scores`.
    staff : DataFrame
        Indexed by person: ``site_id, tier``.
    least : int
        Tools asked for.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        ``tier, n`` (people scored), ``mastered, value, ci_low, ci_high`` (share with ``least`` or
        more), ``tools`` (mean number mastered), ``offered`` (tools scored).
    """
    marked = rows[(rows["kind"] == "tool") & rows["pass_score"].notna()]
    keys = ["task", "occasion", "subject", "item"]
    mean = marked.groupby(keys, as_index=False).agg(
        score=("score", "mean"), line=("pass_score", "max")
    )
    mean["rank"] = mean["occasion"].map({name: place for place, name in enumerate(AFTER)})
    mean = mean.dropna(subset=["rank"]).sort_values("rank", kind="stable")
    mean = mean.drop_duplicates(["task", "subject", "item"])
    count = (mean["score"] >= mean["line"]).groupby(mean["subject"]).sum()
    each = pd.DataFrame({"tools": count}).join(staff[["site_id", "tier"]]).dropna()
    out = []
    for tier, mine in each.groupby("tier", sort=True):
        by = (mine["tools"] >= least).groupby(mine["site_id"]).agg(["sum", "size"])
        share = share_over_sites(by["sum"].to_numpy(), by["size"].to_numpy(), level=level)
        hit = int(by["sum"].sum())
        counts = float(mine["tools"].mean()), mean["item"].nunique()
        out.append((str(tier), len(mine), hit, *_ends(share), *counts))
    columns = ["tier", "n", "mastered", "value", "ci_low", "ci_high", "tools", "offered"]
    return pd.DataFrame(out, columns=columns)


def assess_tasks(
    given: pd.DataFrame | None,
    staff: pd.DataFrame | None,
    sites: pd.DataFrame | None,
    *,
    lines: Lines | None = None,
    level: float = LEVEL,
) -> StageResults:
    """Show what practical tasks gave, and whether middle managers master enough tools.

    Parameters
    ----------
    given, staff, sites : DataFrame or None
        Canonical ``task_scores``, ``staff`` and ``sites``.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Tables ``task_levels``, ``task_groups`` and ``tools``; checks ``monitoring.tasks`` (what was
        scored) and ``monitoring.tools`` (``passed`` where every middle manager scored masters as
        many tools as the line asks).
    """
    about = ("monitoring.tasks", Topic.TASKS, "monitoring.check.tasks")
    if not present(given, "score"):
        return collect("monitoring", [lacking(*about, "task_scores", given, "score")])
    if not present(staff, "site_id"):
        return collect("monitoring", [lacking(*about, "staff", staff, "site_id")])
    scores = task_scores(given)
    sheets, gaps = task_sheets(scores.rows)
    known = staff.astype({"staff_id": object}).set_index("staff_id").astype(object)
    keys = ["task", "kind", "occasion", "subject"]
    people = sheets.groupby(keys, as_index=False)[["score", "full"]].mean()
    people = people.join(known[["site_id", "role"]], on="subject")
    people = people.rename(columns={"site_id": "site"}).dropna(subset=["site"])
    named = {} if sites is None else dict(zip(sites["site_id"], sites["site_name"], strict=True))
    people["label"] = [named.get(site, site) for site in people["site"]]
    levels = task_levels(people, level=level)
    tables = {"task_levels": levels, "task_groups": task_groups(people, level=level)}
    check = Check(
        id=about[0],
        topic=about[1],
        question=about[2],
        status="caution" if gaps else "passed",
        value=float(gaps),
        threshold=0.0,
        unit="count",
        n=int(people["subject"].nunique()),
        reason="monitoring.check.tasks.reason",
        remedy="monitoring.check.tasks.remedy" if gaps else None,
        params={
            "tasks": int(people["task"].nunique()),
            "people": int(people["subject"].nunique()),
            "gaps": gaps,
            "unfilmed": scores.refused + scores.unrecorded,
        },
    )
    items = [check]
    least = (lines or course()).of("tools_mastered")
    if least is not None and (scores.rows["kind"] == "tool").any():
        tools = tools_mastered(scores.rows, known, least=int(least), level=level)
        tables["tools"] = tools
        items.append(_tools(tools, known, int(least)))
    return collect("monitoring", items, tables=tables)


def _tools(tools: pd.DataFrame, staff: pd.DataFrame, least: int) -> Check:
    """Whether every middle manager who was scored masters as many tools as asked."""
    common = {
        "id": "monitoring.tools",
        "topic": Topic.TOOLS,
        "question": "monitoring.check.tools",
        "threshold": 1.0,
        "unit": "share",
    }
    mine = tools[tools["tier"] == "middle"]
    if mine.empty:
        return Check(**common, status="not_possible", reason="monitoring.check.tools.none")
    row = mine.iloc[0]
    fine = int(row["mastered"]) == int(row["n"])
    working = int(((staff["tier"] == "middle") & staff["left_on"].isna()).sum())
    return Check(
        **common,
        status="passed" if fine else "caution",
        value=float(row["value"]),
        n=int(row["n"]),
        reason="monitoring.check.tools.reason",
        remedy=None if fine else "monitoring.check.tools.remedy",
        params={
            "people": int(row["n"]),
            "mastered": int(row["mastered"]),
            "share": float(row["value"]),
            "low": float(row["ci_low"]),
            "high": float(row["ci_high"]),
            "least": least,
            "offered": int(row["offered"]),
            "working": working,
        },
    )


def _mean(values: pd.Series, sites: pd.Series, level: float) -> Interval:
    """Mean with an interval over sites, over people where all are of one site."""
    clusters = sites if len(set(sites)) > 1 else None
    return weighted_mean(values.to_numpy(float), clusters=clusters, level=level)


def _within(found: Interval, people: pd.DataFrame) -> tuple[float, float, float, float]:
    """Mean with its ends, which stay on the scale, and the full points."""
    full = float(people["full"].mean())
    value, low, high = _ends(found)
    return value, max(low, 0.0), min(high, full), full


def _ends(found: Interval | None) -> tuple[float, float, float]:
    if found is None:
        return (np.nan,) * 3
    return (found.value, *(np.nan if end is None else end for end in (found.low, found.high)))
