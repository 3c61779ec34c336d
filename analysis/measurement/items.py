"""Faults of items and of answering: an item not turned, a scale half used, a straight line.

Consistency and fit look at how strongly items go together, not in which direction or why. A
questionnaire with an item that was not turned can have a good alpha and a perfect fit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.measurement.columns import present
from analysis.measurement.item_direction import item_directions, items_against
from analysis.measurement.reliability import ALPHA_LINE, cronbach_alpha
from analysis.measurement.sheets import Sheets, answer_sheets
from analysis.results import Check, StageResults, Topic, collect
from analysis.settings import LEVEL
from analysis.tables import Rows

LEAST_SHEETS = 20
"""Sheets below which a direction, or a step that nobody chose, says little."""

UNUSED_SHEETS = 100
"""Sheets from which an end of the scale that nobody ever chose is told."""

CONTRADICTORY_LINE = 0.05
"""Share of sheets with one answer to items worded in both directions that asks for caution."""

STRAIGHT_ITEMS = 4
"""Items from which one answer throughout counts as a straight line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StraightLines:
    """Sheets on which every item got the same answer, as it was ticked.

    Attributes
    ----------
    n : int
        Sheets with at least :data:`STRAIGHT_ITEMS` answers.
    straight : int
        Sheets with one answer throughout.
    contradictory : int or None
        Of these, sheets that say opposite things: items are worded in both directions and the
        answer is not the middle of the scale. None where all items are worded alike: a straight
        line may then be meant.
    lower : int
        Of the straight ones, sheets below the best score: a line at the top may be meant.
    alpha, alpha_without : float or None
        Cronbach's alpha of all complete sheets, and without the lower straight lines.
    """

    n: int
    straight: int
    contradictory: int | None
    lower: int
    alpha: float | None
    alpha_without: float | None


def straight_lines(
    scores: pd.DataFrame, low: float, high: float, turned: Sequence[str] = ()
) -> StraightLines | None:
    """Count sheets with one answer throughout.

    Parameters
    ----------
    scores : DataFrame
        Sheets x items, NaN where unanswered, turned so that more is better.
    low, high : float
        Ends of the scale.
    turned : sequence of str
        Items whose codes were turned round; they are turned back to what was ticked.

    Returns
    -------
    StraightLines or None
        None when no sheet has :data:`STRAIGHT_ITEMS` answers.
    """
    ticked = scores.copy()
    back = [item for item in turned if item in scores]
    ticked[back] = low + high - ticked[back]
    enough = ticked.notna().sum(axis=1) >= STRAIGHT_ITEMS
    kept = ticked[enough]
    if kept.empty:
        return None
    same = kept.min(axis=1) == kept.max(axis=1)
    mixed = 0 < len(back) < scores.shape[1]
    against = same & (kept.min(axis=1) != (low + high) / 2)
    alpha = cronbach_alpha(scores, level=LEVEL)  # only its value is used
    lower = same & (scores.loc[kept.index].min(axis=1) < high)
    without = cronbach_alpha(scores.drop(index=kept.index[lower]), level=LEVEL)
    return StraightLines(
        n=len(kept),
        straight=int(same.sum()),
        contradictory=int(against.sum()) if mixed else None,
        lower=int(lower.sum()),
        alpha=None if alpha is None else alpha.value,
        alpha_without=None if without is None else without.value,
    )


def assess_items(
    answers: Rows | None,
    instruments: pd.DataFrame | None,
    *,
    sheet: str = "response_id",
    source: str = "surveys",
    level: float = LEVEL,
) -> StageResults:
    """Look for items and answers that consistency and fit do not see.

    Parameters
    ----------
    answers : DataFrame, Stored or None
        ``surveys``, ``ratings`` or ``reactions``; ``sheet`` names its sheet column.
    instruments : DataFrame or None
        Canonical ``instruments``.
    source : str
        Name of the table of answers, part of the identifiers.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        For each instrument three checks ``baseline.items.<source>.<instrument>…``:
        ``.direction`` (failed when an item surely runs against the others: it was not turned, or
        turned by mistake; caution when one seems to), ``.scale`` (caution for items whose
        answers are all equal and for ends of the scale that nobody ever chose) and
        ``.straight`` (caution when more than :data:`CONTRADICTORY_LINE` of the sheets
        contradict themselves, or consistency rests on straight lines; not possible where all
        items are worded alike and more sheets than that are straight, for they may be meant).
    """
    checks: list[Check] = []
    for sheets in answer_sheets(answers, instruments, sheet=sheet):
        mine = instruments[
            (instruments["instrument"] == sheets.instrument)
            & instruments["item"].isin(sheets.scores.columns)
        ]
        turned = ()
        if "reversed" in mine:
            turned = tuple(mine.loc[mine["reversed"].fillna(False).astype(bool), "item"])
        ends = float(mine["scale_min"].iloc[0]), float(mine["scale_max"].iloc[0])
        id = f"baseline.items.{source}.{sheets.instrument}"
        checks.append(_direction(id, sheets, turned, level=level))
        checks.append(_scale(id, sheets, *ends))
        checks.append(_straight(id, sheets, *ends, turned))
    if not checks and present(answers, "score"):
        checks = [
            Check(
                id=f"baseline.items.{source}.direction",
                topic=Topic.ITEMS,
                question="measurement.check.item_direction.question",
                status="not_possible",
                reason="measurement.reason.no_instrument",
                params={"instrument": source},
            )
        ]
    return collect("baseline", checks)


def _direction(id: str, sheets: Sheets, turned: Sequence[str], level: float) -> Check:
    found = item_directions(sheets.scores, sheets.factors, level=level)
    asked = found.dropna(subset="correlation")
    common = {
        "id": f"{id}.direction",
        "topic": Topic.ITEMS,
        "question": "measurement.check.item_direction.question",
        "unit": "coefficient",
        "threshold": 0.0,
        "n": len(sheets.scores),
        "dims": {"instrument": sheets.instrument},
    }
    params: Mapping = {"instrument": sheets.instrument, "n": len(sheets.scores)}
    if asked.empty or int(asked["n"].max()) < LEAST_SHEETS:
        few = len(sheets.scores) < LEAST_SHEETS
        return Check(
            **common,
            status="not_possible",
            reason=f"measurement.reason.{'few_for_items' if few else 'nothing_to_run_against'}",
            params={**params, "least": LEAST_SHEETS},
        )
    wrong = items_against(asked)
    doubtful = tuple(asked.loc[(asked["correlation"] < 0), "item"])
    named = wrong or doubtful
    lowest = asked.loc[asked["correlation"].idxmin()]
    status, told = "passed", "fine"
    if named:
        status, told = ("failed", "against") if wrong else ("caution", "perhaps")
    once = [item for item in named if item in turned]
    remedy = None if not named else ("turned_twice" if len(once) == len(named) else "not_turned")
    return Check(
        **common,
        status=status,
        value=float(lowest["correlation"]),
        reason=f"measurement.check.item_direction.{told}",
        remedy=remedy and f"measurement.check.item_direction.{remedy}",
        params={
            **params,
            "count": len(asked),
            "items": ", ".join(named),
            "worst": str(lowest["item"]),
            "level": level,
            "correlation": float(lowest["correlation"]),
            "low": float(lowest["low"]),
            "high": float(lowest["high"]),
        },
    )


def _scale(id: str, sheets: Sheets, low: float, high: float) -> Check:
    scores = sheets.scores
    constant = [str(item) for item in scores if scores[item].min() == scores[item].max()]
    used = scores.min().min(), scores.max().max()
    enough = len(scores) >= UNUSED_SHEETS
    unused = enough and (used[0] > low or used[1] < high)
    reason = "fine" if enough else "few"
    if constant or unused:
        reason = "constant" if constant else "unused"
    return Check(
        id=f"{id}.scale",
        topic=Topic.ITEMS,
        question="measurement.check.item_scale.question",
        status="caution" if constant or unused else "passed",
        value=float(len(constant)),
        threshold=0.0,
        unit="count",
        n=len(scores),
        reason=f"measurement.check.item_scale.{reason}",
        remedy=f"measurement.check.item_scale.remedy.{reason}" if constant or unused else None,
        params={
            "instrument": sheets.instrument,
            "items": ", ".join(constant),
            "n": len(scores),
            "least": UNUSED_SHEETS,
            "used_low": float(used[0]),
            "used_high": float(used[1]),
            "low": low,
            "high": high,
        },
        dims={"instrument": sheets.instrument},
    )


def _straight(id: str, sheets: Sheets, low: float, high: float, turned: Sequence[str]) -> Check:
    found = straight_lines(sheets.scores, low, high, turned)
    common = {
        "id": f"{id}.straight",
        "topic": Topic.ITEMS,
        "question": "measurement.check.straight.question",
        "threshold": CONTRADICTORY_LINE,
        "unit": "share",
        "dims": {"instrument": sheets.instrument},
    }
    if found is None:
        return Check(
            **common,
            status="not_possible",
            reason="measurement.reason.few_items",
            params={"instrument": sheets.instrument, "least": STRAIGHT_ITEMS},
        )
    share = found.straight / found.n
    wrong = None if found.contradictory is None else found.contradictory / found.n
    told = "worded_alike" if wrong is None else "both_ways"
    hangs = (
        found.alpha is not None
        and found.alpha >= ALPHA_LINE
        and found.lower > 0
        and (found.alpha_without is None or found.alpha_without < ALPHA_LINE)
    )
    bad = wrong is not None and wrong > CONTRADICTORY_LINE
    if hangs and not bad:
        told = "hangs" if found.alpha_without is not None else "nothing_else"
    status = "caution" if bad or hangs else "passed"
    if wrong is None and not hangs and share > CONTRADICTORY_LINE:
        status = "not_possible"
    return Check(
        **common,
        status=status,
        value=share if wrong is None else wrong,
        n=found.n,
        reason=f"measurement.check.straight.{told}",
        remedy="measurement.check.straight.remedy" if bad or hangs else None,
        params={
            "instrument": sheets.instrument,
            "n": found.n,
            "straight": found.straight,
            "lower": found.lower,
            "share": share,
            "contradictory": found.contradictory,
            "contradictory_share": wrong,
            "alpha": found.alpha,
            "alpha_without": found.alpha_without,
            "line": ALPHA_LINE,
        },
    )
