"""What to train whom in first, and how far an appraisal's ranks depend on its weights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.measurement.columns import floats, present
from analysis.measurement.sheets import answer_sheets
from analysis.measurement.weighting import weighted_mean
from analysis.results import Check, StageResults, Topic, collect
from analysis.settings import LEVEL

LEAST_PEOPLE = 8
"""Cells with fewer people show no numbers."""


def skill_gaps(
    assessments: pd.DataFrame,
    staff: pd.DataFrame,
    *,
    target: float,
    least: int = LEAST_PEOPLE,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Points missing to the target before training, by tier of staff and module.

    First attempts at the assessment before training count, a person's forms averaged; the
    interval takes sites as clusters.

    Parameters
    ----------
    assessments, staff : DataFrame
        Canonical tables.
    target : float
        Points that are asked for, 0–100.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        ``tier, module, n, n_sites, mean, gap, ci_low, ci_high`` (of the gap, target minus
        mean), ``share_below``, ``hidden``; numbers of cells with fewer than ``least`` people
        are missing and ``hidden`` is True. The widest gap comes first.
    """
    columns = ["tier", "module", "n", "n_sites", "mean", "gap", "ci_low", "ci_high"]
    columns += ["share_below", "hidden"]
    pre = assessments[(assessments["occasion"] == "pre") & assessments["score"].notna()]
    pre = pre[floats(pre["attempt"]) == 1]
    rows = pd.DataFrame(
        {
            "staff_id": pre["staff_id"].astype(object),
            "module": pre["module"].astype(object),
            "score": floats(pre["score"]),
        }
    )
    people = staff[["staff_id", "site_id", "tier"]].astype(object).dropna()
    each = rows.groupby(["staff_id", "module"], as_index=False)["score"].mean().merge(people)
    out = []
    for (tier, module), cell in each.groupby(["tier", "module"], sort=True):
        shown = [np.nan] * 5
        if len(cell) >= least:
            mean = weighted_mean(cell["score"].to_numpy(), clusters=cell["site_id"], level=level)
            ends = (np.nan, np.nan) if mean.low is None else (target - mean.high, target - mean.low)
            below = float((cell["score"] < target).mean())
            shown = [mean.value, target - mean.value, *ends, below]
        sites = int(cell["site_id"].nunique())
        out.append((str(tier), str(module), len(cell), sites, *shown, len(cell) < least))
    frame = pd.DataFrame(out, columns=columns)
    return frame.sort_values(["gap", "tier", "module"], ascending=[False, True, True]).reset_index(
        drop=True
    )


def importance_performance(scores: pd.DataFrame, overall: str) -> pd.DataFrame:
    """Place each item by how closely it goes with overall satisfaction and how well it scores.

    Importance is Spearman's correlation with the overall item on complete sheets: derived,
    not asked, and no proof that raising the item raises satisfaction. Quadrants divide at the
    mean importance and the mean performance of the items.

    Parameters
    ----------
    scores : DataFrame
        Sheets × items.
    overall : str
        Column of the overall item.

    Returns
    -------
    DataFrame
        ``item, importance, performance, n, quadrant``: ``concentrate`` (important, scores
        low), ``keep_up``, ``low_priority``, ``possible_overkill``. Empty when nothing varies.

    References
    ----------
    Martilla & James (1977).
    """
    complete = scores.dropna()
    complete = complete.loc[:, complete.std() > 0] if len(complete) > 2 else complete.iloc[:, :0]
    columns = ["item", "importance", "performance", "n", "quadrant"]
    if overall not in complete or complete.shape[1] < 3:
        return pd.DataFrame(columns=columns)
    importance = complete.rank().corr()[overall].drop(overall)
    performance = complete.mean().drop(overall)
    names = {
        (True, False): "concentrate",
        (True, True): "keep_up",
        (False, False): "low_priority",
        (False, True): "possible_overkill",
    }
    high = importance >= importance.mean(), performance >= performance.mean()
    rows = [
        (
            str(i),
            importance[i],
            performance[i],
            len(complete),
            names[bool(high[0][i]), bool(high[1][i])],
        )
        for i in importance.index
    ]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values(["importance", "item"], ascending=[False, True], ignore_index=True)


def weight_sensitivity(
    scores: pd.DataFrame,
    weights: Mapping[str, float],
    *,
    seed: int,
    spread: float = 0.25,
    draws: int = 1000,
) -> pd.DataFrame:
    """How the ranks of a weighted scorecard move when its weights do.

    Each weight is multiplied by a factor drawn evenly between ``1 - spread`` and
    ``1 + spread``; the weights are brought back to a sum of 1.

    Parameters
    ----------
    scores : DataFrame
        Subjects × criteria on one scale, complete.
    weights : Mapping
        Positive weight of each criterion.

    Returns
    -------
    DataFrame
        ``subject, score, rank, rank_low, rank_high`` (the range that 95 % of the draws stay
        in) and ``share_same`` (draws with the same rank); 1 is the highest score.
    """
    if set(weights) != set(scores.columns) or min(weights.values()) <= 0:
        raise ValueError(f"give each of {list(scores.columns)} a weight above 0, e.g. 0.25")
    values = scores.to_numpy(dtype=float)
    if not np.isfinite(values).all():
        raise ValueError("a scorecard has a score for every criterion; leave out incomplete ones")
    base = np.array([weights[c] for c in scores.columns], dtype=float)
    base = base / base.sum()
    rng = np.random.default_rng(seed)
    drawn = base * rng.uniform(1 - spread, 1 + spread, (draws, base.size))
    drawn /= drawn.sum(axis=1, keepdims=True)
    score = pd.Series(values @ base)
    rank = score.rank(ascending=False, method="min").to_numpy()
    again = pd.DataFrame(drawn @ values.T).rank(axis=1, ascending=False, method="min").to_numpy()
    low, high = np.quantile(again, [0.025, 0.975], axis=0, method="nearest")
    return pd.DataFrame(
        {
            "subject": scores.index,
            "score": score.to_numpy(),
            "rank": rank.astype(int),
            "rank_low": low.astype(int),
            "rank_high": high.astype(int),
            "share_same": (again == rank).mean(axis=0),
        }
    )


def assess_needs(
    assessments: pd.DataFrame | None,
    staff: pd.DataFrame | None,
    surveys: pd.DataFrame | None,
    instruments: pd.DataFrame | None,
    *,
    target: float,
    level: float = LEVEL,
) -> StageResults:
    """Where skills fall short before training, and which items customers weigh most.

    Parameters
    ----------
    assessments, staff, surveys, instruments : DataFrame or None
        Canonical tables; what is None leaves its part out.
    target : float
        Score that is to be reached, in points of the tests.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Check ``baseline.needs`` (how many cells of tier and module lie surely below the
        target), tables ``skill_gaps`` and ``importance_performance`` as far as they can be made.
    """
    tables = {}
    parts = []
    for sheets in answer_sheets(surveys, instruments):
        described = instruments[instruments["instrument"] == sheets.instrument]
        overall = described.loc[described["role"] == "overall", "item"].astype(str)
        if len(overall):
            placed = importance_performance(sheets.scores, overall.iloc[0])
            parts.append(placed.assign(instrument=sheets.instrument))
    if any(len(part) for part in parts):
        tables["importance_performance"] = pd.concat(parts, ignore_index=True)
    common = {
        "id": "baseline.needs",
        "topic": Topic.NEEDS,
        "question": "measurement.check.needs.question",
    }
    gaps = pd.DataFrame(columns=["hidden"])
    if present(assessments, "score") and present(staff, "tier"):
        gaps = skill_gaps(assessments, staff, target=target, level=level)
        tables["skill_gaps"] = gaps
    shown = gaps[~gaps["hidden"].astype(bool)]
    if shown.empty:
        missing = Check(**common, status="not_possible", reason=_why_none(assessments, staff))
        return collect("baseline", [missing], tables=tables)
    short = int((shown["ci_low"] > 0).sum())
    widest = shown.iloc[0]
    check = Check(
        **common,
        status="passed" if short == 0 else "caution",
        value=float(short),
        threshold=0.0,
        unit="count",
        n=int(shown["n"].sum()),
        reason="measurement.check.needs.reason",
        remedy=None if short == 0 else "measurement.check.needs.remedy",
        params={
            "cells": len(shown),
            "short": short,
            "target": target,
            "module": str(widest["module"]),
            "gap": float(widest["gap"]),
        },
    )
    return collect("baseline", [check], tables=tables)


def _why_none(assessments: pd.DataFrame | None, staff: pd.DataFrame | None) -> str:
    """Return why there is no gap to show: no scores, no tiers, or groups that are too small."""
    if not present(assessments, "occasion") or not present(
        assessments[assessments["occasion"] == "pre"], "score"
    ):
        return "measurement.reason.no_pretest"
    if not present(staff, "tier"):
        return "measurement.reason.no_tiers"
    return "measurement.reason.few_pretest"
