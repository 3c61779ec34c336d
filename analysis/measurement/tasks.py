"""Practical tasks scored by assessors: whether those of one task agree, and who agreed to video."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.measurement.agreement import INDIVIDUAL_LINE, agreement_of, by_item
from analysis.measurement.columns import floats, present
from analysis.results import Check, StageResults, Topic, collect
from analysis.settings import LEVEL

RECORDING = "recording"
"""Kind of task that is scored from a video, and only of people who agreed to be filmed."""


@dataclass(frozen=True, slots=True)
class TaskScores:
    """Scores that may be used, with what was left out.

    Attributes
    ----------
    rows : DataFrame
        ``task, kind, occasion, subject, rater, item, score, full, pass_score, blinded``, one row
        per criterion that an assessor scored.
    filmed, refused, unrecorded : int
        People with scores from a video; those of them who did not agree to be filmed, and those of
        whom no answer is recorded. Scores of both are left out.
    """

    rows: pd.DataFrame
    filmed: int
    refused: int
    unrecorded: int


def task_scores(given: pd.DataFrame) -> TaskScores:
    """Return the scores of practical tasks, those from videos only with consent.

    Parameters
    ----------
    given : DataFrame
        Canonical ``task_scores``; a person whose consent is recorded both as given and as refused
        counts as refused.
    """
    kept = given[given["score"].notna()]
    rows = pd.DataFrame(
        {
            "task": kept["task"].astype(object),
            "kind": kept["kind"].astype(object),
            "occasion": kept["occasion"].astype(object),
            "subject": kept["staff_id"].astype(object),
            "rater": kept["assessor_id"].astype(object),
            "item": kept["item"].astype(object),
            "score": floats(kept["score"]),
            "full": floats(kept["full_score"]),
            "pass_score": floats(kept["pass_score"]),
            "blinded": floats(kept["blinded"]),
            "consent": floats(kept["video_consent"]),
        }
    )
    filmed = rows["kind"] == RECORDING
    agreed = rows[filmed].groupby("subject")["consent"].min()
    without = set(agreed.index[~(agreed == 1)])
    shown = rows[~(filmed & rows["subject"].isin(without))].drop(columns="consent")
    return TaskScores(
        shown.reset_index(drop=True),
        filmed=len(agreed),
        refused=int((agreed == 0).sum()),
        unrecorded=int(agreed.isna().sum()),
    )


def task_sheets(rows: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return one row per sheet, its score the mean points of a criterion, and sheets left out.

    A sheet that lacks a criterion of its task and occasion is left out: its mean would be of
    other criteria than those of the others.

    Parameters
    ----------
    rows : DataFrame
        As of :func:`task_scores`.
    """
    keys = ["task", "kind", "occasion", "subject", "rater"]
    asked = rows.groupby(["task", "kind", "occasion"])["item"].nunique().rename("asked")
    sheets = rows.groupby(keys, as_index=False).agg(
        score=("score", "mean"),
        full=("full", "mean"),
        items=("item", "nunique"),
        blinded=("blinded", "min"),
    )
    sheets = sheets.join(asked, on=keys[:3])
    whole = sheets["items"] == sheets["asked"]
    return sheets[whole].drop(columns=["items", "asked"]), int((~whole).sum())


def task_agreement(sheets: pd.DataFrame, *, level: float = LEVEL) -> pd.DataFrame:
    """Return how well the assessors of each task agree, by occasion.

    Parameters
    ----------
    sheets : DataFrame
        As of :func:`task_sheets`.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        ``task, kind, occasion, n`` (people scored by two assessors or more), ``alone`` (by one
        only), ``raters`` (assessors per person), ``form`` of the intraclass correlation, ``value,
        ci_low, ci_high`` (a single assessor), ``mean, mean_low, mean_high`` (their mean) and
        ``blinded`` (share of sheets scored without knowing the occasion; NaN where not recorded).
        Values are NaN where nobody was scored twice, or all scores are equal.
    """
    out = []
    for (task, kind, occasion), mine in sheets.groupby(["task", "kind", "occasion"], sort=True):
        several = mine.groupby("subject")["rater"].transform("nunique") >= 2
        found = agreement_of(mine[several], level=level) if several.any() else None
        form, one, mean, raters = (found or (None, *([np.nan] * 3,) * 2, np.nan))[:4]
        people = mine.loc[several, "subject"].nunique()
        alone = mine["subject"].nunique() - people
        blinded = mine["blinded"].mean()
        out.append((task, kind, occasion, people, alone, raters, form, *one, *mean, blinded))
    columns = ["task", "kind", "occasion", "n", "alone", "raters", "form", "value", "ci_low"]
    columns += ["ci_high", "mean", "mean_low", "mean_high", "blinded"]
    return pd.DataFrame(out, columns=columns)


def assess_task_agreement(
    given: pd.DataFrame | None, *, line: float = INDIVIDUAL_LINE, level: float = LEVEL
) -> StageResults:
    """Ask whether the assessors of practical tasks agree, and whether those filmed consented.

    Parameters
    ----------
    given : DataFrame or None
        Canonical ``task_scores``.
    line : float
        Reliability that a score with consequences for one person needs.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Checks ``baseline.tasks.agreement`` (``caution`` where the lower end of the reliability of
        a task's assessors is below the line) and, of recordings, ``baseline.tasks.consent``
        (``caution`` where somebody was filmed without recorded consent: these scores are left out
        here and in every other step); tables ``task_agreement`` and ``task_items`` (recordings,
        by indicator of behaviour).
    """
    question = "measurement.check.tasks.question"
    common = {
        "id": "baseline.tasks.agreement",
        "topic": Topic.TASK_AGREEMENT,
        "question": question,
        "threshold": line,
        "unit": "coefficient",
    }
    if not present(given, "score"):
        none = Check(**common, status="not_possible", reason="measurement.reason.no_tasks")
        return collect("baseline", [none])
    scores = task_scores(given)
    sheets, gaps = task_sheets(scores.rows)
    table = task_agreement(sheets, level=level)
    tables = {"task_agreement": table}
    filmed = scores.rows[scores.rows["kind"] == RECORDING]
    if len(filmed):
        tables["task_items"] = pd.concat(
            [
                by_item(mine, level=level).assign(task=task, occasion=occasion)
                for (task, occasion), mine in filmed.groupby(["task", "occasion"], sort=True)
            ],
            ignore_index=True,
        )
    judged = table[table["mean"].notna()]
    items = [_consent(scores)] if scores.filmed else []
    if judged.empty:
        items.append(
            Check(**common, status="not_possible", reason="measurement.reason.one_assessor")
        )
        return collect("baseline", items, tables=tables)
    worst = judged.loc[judged["mean_low"].idxmin()]
    short = int((judged["mean_low"] < line).sum())
    check = Check(
        **common,
        status="caution" if short else "passed",
        value=float(worst["mean"]),
        n=int(worst["n"]),
        reason="measurement.check.tasks.reason",
        remedy="measurement.check.tasks.remedy" if short else None,
        params={
            "tasks": len(judged),
            "short": short,
            "task": str(worst["task"]),
            "people": int(worst["n"]),
            "reliability": float(worst["mean"]),
            "low": float(worst["mean_low"]),
            "high": float(worst["mean_high"]),
            "single": float(worst["value"]),
            "line": line,
            "gaps": gaps,
        },
    )
    return collect("baseline", [*items, check], tables=tables)


def _consent(scores: TaskScores) -> Check:
    """Whether everybody who was filmed had agreed to it."""
    out = scores.refused + scores.unrecorded
    return Check(
        id="baseline.tasks.consent",
        topic=Topic.VIDEO_CONSENT,
        question="measurement.check.video.question",
        status="caution" if out else "passed",
        value=float(out),
        threshold=0.0,
        unit="count",
        n=scores.filmed,
        reason="measurement.check.video.reason",
        remedy="measurement.check.video.remedy" if out else None,
        params={
            "filmed": scores.filmed,
            "refused": scores.refused,
            "unrecorded": scores.unrecorded,
        },
    )
