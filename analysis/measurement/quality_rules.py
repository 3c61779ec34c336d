"""The consistency rules of the data-quality scorecard: what no row of a table may show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.measurement.columns import dates, floats, instants


@dataclass(frozen=True, slots=True)
class Rule:
    """A consistency rule: rows of ``table`` to which it applies, and which break it.

    ``broken`` returns two boolean Series, ``(applies, breaks)``. It takes the table in parts: what
    it ``reads`` beside ``columns`` is named, and what must have a value ``somewhere`` is no part's
    matter.
    """

    id: str
    table: str
    columns: tuple[str, ...]
    broken: Callable[[pd.DataFrame, Mapping[str, pd.DataFrame]], tuple[pd.Series, pd.Series]]
    needs: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    somewhere: tuple[str, ...] = ()


def _before(early: str, late: str, read: Callable) -> Callable:
    def broken(frame, _):
        first, second = read(frame[early]), read(frame[late])
        return first.notna() & second.notna(), second < first

    return broken


def _held_before_hired(frame, others):
    hired = others["staff"].set_index("staff_id")["hired_on"]
    start = dates(frame["staff_id"].map(hired))
    held = dates(frame["held_on"])
    return start.notna() & held.notna(), held < start


def _off_scale(frame, others):
    scale = others["instruments"].set_index(["instrument", "item"])[["scale_min", "scale_max"]]
    joined = frame[["instrument", "item"]].join(scale, on=["instrument", "item"])
    score = pd.Series(floats(frame["score"]), index=frame.index)
    low, high = (
        pd.Series(floats(joined[c]), index=frame.index) for c in ("scale_min", "scale_max")
    )
    return score.notna() & low.notna(), (score < low) | (score > high)


def _unexplained_blank(frame, _):
    blank = frame["score"].isna()
    return pd.Series(True, index=frame.index), blank & frame["missing"].isna()


def _treated_without_start(frame, _):
    treated = frame["arm"] == "treated"
    return treated, treated & frame["planned_start"].isna() & frame["actual_start"].isna()


def _collected_without_receivable(frame, _):
    due, got = (pd.Series(floats(frame[c]), index=frame.index) for c in ("receivable", "collected"))
    return due.notna(), (got < 0) | ((due <= 0) & (got > 0))


def _open_without_due(frame, _):
    promised = frame["due_at"].notna()
    still_open = frame["resolved_at"].isna()
    return still_open, still_open & ~promised


_ITEM = ("instrument", "item")

RULES = (
    Rule(
        "resolved_before_opened",
        "tickets",
        ("opened_at", "resolved_at"),
        _before("opened_at", "resolved_at", instants),
    ),
    Rule(
        "response_before_opened",
        "tickets",
        ("opened_at", "first_response_at"),
        _before("opened_at", "first_response_at", instants),
    ),
    Rule(
        "open_without_due",
        "tickets",
        ("resolved_at", "due_at"),
        _open_without_due,
        somewhere=("due_at",),
    ),
    Rule(
        "left_before_hired",
        "staff",
        ("hired_on", "left_on"),
        _before("hired_on", "left_on", dates),
    ),
    Rule(
        "held_before_hired",
        "enrolments",
        ("staff_id", "held_on"),
        _held_before_hired,
        ("staff",),
    ),
    Rule(
        "completed_before_held",
        "enrolments",
        ("held_on", "completed_on"),
        _before("held_on", "completed_on", dates),
    ),
    Rule("score_off_scale", "surveys", ("score",), _off_scale, ("instruments",), _ITEM),
    Rule("score_off_scale", "reactions", ("score",), _off_scale, ("instruments",), _ITEM),
    Rule("score_off_scale", "ratings", ("score",), _off_scale, ("instruments",), _ITEM),
    Rule("blank_without_reason", "surveys", ("score", "missing"), _unexplained_blank),
    Rule("treated_without_start", "waves", ("arm", "planned_start"), _treated_without_start),
    Rule(
        "collected_without_receivable",
        "fees",
        ("receivable", "collected"),
        _collected_without_receivable,
    ),
)
