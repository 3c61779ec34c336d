"""The composite mark of several parts, and what depends on the choice of its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.measurement.columns import floats, present
from analysis.measurement.intervals import wilson
from analysis.results import Check, Estimate, StageResults, Topic, collect
from analysis.settings import LEVEL
from analysis.standards import Lines, course

SLACK = 0.10
"""How far each weight may be moved to see what depends on it."""


def composite_marks(assessments: pd.DataFrame, weights: Mapping[str, float]) -> pd.DataFrame:
    """Composite mark of every employee who has all parts, first attempts after training.

    Several modules of one form are averaged. Parts are never imputed nor weights stretched over
    those that are there.

    Parameters
    ----------
    assessments : DataFrame
        Canonical table ``assessments``.
    weights : Mapping[str, float]
        Weight of each form, above 0, together 1.

    Returns
    -------
    DataFrame
        ``staff_id``, a column a form, ``composite``; ``attrs["incomplete"]`` counts employees
        with some parts only.
    """
    _check(weights)
    first = assessments[
        (assessments["attempt"] == 1)
        & (assessments["occasion"] == "post")
        & assessments["form"].isin(list(weights))
        & assessments["score"].notna()
    ]
    parts = first.assign(score=floats(first["score"])).pivot_table(
        index="staff_id", columns="form", values="score", observed=True
    )
    parts = parts.reindex(columns=list(weights))
    whole = parts.dropna()
    marks = whole.assign(composite=whole.to_numpy() @ np.array(list(weights.values())))
    marks.columns.name = None
    marks = marks.reset_index()
    marks.attrs["incomplete"] = len(parts) - len(whole)
    return marks


def extreme_marks(
    parts: np.ndarray, weights: np.ndarray, slack: float = SLACK
) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest composite of each employee over all weights near the declared ones.

    Each weight may move by ``slack`` and stays in [0, 1], together they stay 1. The composite is
    linear in the weights, so the extremes are exact: start from the lowest weights and give the
    rest to the worst (best) parts first.

    Parameters
    ----------
    parts : ndarray of shape (employees, forms)
    weights : ndarray of shape (forms,)

    Returns
    -------
    (ndarray, ndarray)
        Each of shape (employees,).
    """
    low = np.maximum(weights - slack, 0.0)
    room = np.minimum(weights + slack, 1.0) - low
    ends = []
    for sign in (1, -1):
        order = np.argsort(sign * parts, axis=1)
        spare = 1 - low.sum()
        before = np.cumsum(room[order], axis=1) - room[order]
        given = np.clip(spare - before, 0.0, room[order])
        ends.append(parts @ low + (np.take_along_axis(parts, order, axis=1) * given).sum(axis=1))
    return ends[0], ends[1]


@dataclass(frozen=True, slots=True)
class WeightSensitivity:
    """What depends on the weights.

    Attributes
    ----------
    n : int
        Employees with all parts.
    passes : float
        Share who pass under the declared weights.
    equal : float
        Share who pass under equal weights.
    always, never, depends : float
        Share who pass under all weights near the declared ones, under none, under some.
    slack : float
        How far each weight was moved.
    """

    n: int
    passes: float
    equal: float
    always: float
    never: float
    depends: float
    slack: float


def weight_sensitivity(
    marks: pd.DataFrame,
    weights: Mapping[str, float],
    *,
    mark: float,
    slack: float = SLACK,
) -> WeightSensitivity:
    """Tell whose pass or failure depends on the weights.

    Parameters
    ----------
    marks : DataFrame
        As of :func:`composite_marks`, with at least one row.
    mark : float
        Pass mark of the composite.
    slack : float
        How far each weight may move.
    """
    _check(weights)
    parts, declared = marks[list(weights)].to_numpy(float), np.array(list(weights.values()))
    lowest, highest = extreme_marks(parts, declared, slack)
    edge = mark - 1e-9
    always, never = float((lowest >= edge).mean()), float((highest < edge).mean())
    return WeightSensitivity(
        n=len(marks),
        passes=float((parts @ declared >= edge).mean()),
        equal=float((parts.mean(axis=1) >= edge).mean()),
        always=always,
        never=never,
        depends=1 - always - never,
        slack=slack,
    )


def assess_composite(
    assessments: pd.DataFrame | None,
    *,
    lines: Lines | None = None,
    simulated: bool = False,
    level: float = LEVEL,
) -> StageResults:
    """Pass rate of the composite mark, and whether it depends on the weights.

    Parameters
    ----------
    assessments : DataFrame or None
        Canonical ``assessments``: one row per attempt of a form of test.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.
    simulated : bool
        Whether the results are of a simulated world.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Estimate ``monitoring.pass.composite`` (Wilson), check ``monitoring.composite`` (caution
        when the pass of more than one in ten depends on moving weights by ten points), table
        ``composite_sensitivity`` (one row). Nothing where no composite mark is drawn.
    """
    lines = lines or course()
    weights, mark = lines.of("composite_weights"), lines.of("composite_mark")
    if not weights or mark is None:
        return collect("monitoring", [])
    question = {
        "id": "monitoring.composite",
        "topic": Topic.COMPOSITE,
        "question": "monitoring.check.composite.question",
    }
    marks = composite_marks(assessments, weights) if present(assessments, "score") else None
    if marks is None or marks.empty:
        missing = Check(
            **question, status="not_possible", reason="monitoring.check.composite.no_parts"
        )
        return collect("monitoring", [missing])
    found = weight_sensitivity(marks, weights, mark=mark)
    hits = round(found.passes * found.n)
    interval = wilson(hits, found.n, level=level)
    estimate = Estimate(
        id="monitoring.pass.composite",
        estimand="proportion",
        indicator="test_post",
        unit="share",
        value=interval.value,
        ci_low=interval.low,
        ci_high=interval.high,
        n=found.n,
        method="composite_pass_rate",
        interval_method="wilson",
        dims={"form": "composite", "mark": mark, **{f"weight_{f}": w for f, w in weights.items()}},
        simulated=simulated,
        level=level,
    )
    check = Check(
        **question,
        status="caution" if found.depends > SLACK else "passed",
        value=found.depends,
        threshold=SLACK,
        unit="share",
        n=found.n,
        reason="monitoring.check.composite.reason",
        remedy="monitoring.check.composite.remedy" if found.depends > SLACK else None,
        params={
            "n": found.n,
            "incomplete": int(marks.attrs["incomplete"]),
            "passes": found.passes,
            "equal": found.equal,
            "depends": found.depends,
            "points": round(100 * found.slack),
            "mark": mark,
        },
    )
    row = {name: getattr(found, name) for name in WeightSensitivity.__slots__}
    tables = {"composite_sensitivity": pd.DataFrame([row])}
    return collect("monitoring", [estimate, check], tables=tables)


def _check(weights: Mapping[str, float]) -> None:
    if abs(sum(weights.values()) - 1) > 1e-9 or any(w <= 0 for w in weights.values()):
        raise ValueError(f"weights are above 0 and add up to 1, got {dict(weights)}")
