"""Numbers are shown with the digits that the answers behind them support.

In full precision, two reports between which one person left give that person's answer away:
``n · mean − (n − 1) · mean'``. A number that rests on ``n`` answers is therefore rounded to steps
of the scale's width over ``n``: the answer of one who left could then lie anywhere on the scale.
The steps are finer than the standard error from about sixteen answers on. Where an earlier report
of the client showed the same number with a few answers more or less, the steps are that much wider,
and where nothing would be left of the number it is withheld. What counts nobody's answers
(``suppress: false`` in the registry) stays, so that pages which tell it in words show the same.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.indicators import digits
from analysis.results import Alert, Estimate
from analysis.settings import MIN_CELL

_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True)
_MOST = 0.25
"""Share of the answers that may have changed before a number is withheld."""
_COUNTS = ("n", "answers")
_EXACT = ("cny", "int", "date", "month", "months", "wave", "indicator")
_NAMES = ("", "text", "date", "month", "span", "wave", "indicator")
_PLACES = frozenset({
    "cohort", "period", "month", "event_time", "wave", "level", "target", "threshold", "line",
    "scale_min", "scale_max", "low_line", "mark", "factor",
})  # fmt: skip
"""Columns that are chosen or say where a row stands, whatever their type."""
_SAID = frozenset({"value", "reason", "status", "state", "message", "n", "answers"})
_SHARES = ("pct", "pct1", "share")
_MEASURED = ("unit", "effect")
_PLACES_OF_SUMS = 9
"""Decimals that the differences of rounded numbers keep, so that 0.3 − 0.1 is 0.2."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """Answers behind every number that earlier reports of a client showed.

    Attributes
    ----------
    counts : Mapping of str to tuple of int
        By :func:`key`.
    """

    counts: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def changed(self, name: str, n: float, min_cell: int) -> int:
        """Return the fewest answers by which a number differs from one shown earlier.

        1 where none differs by fewer than ``min_cell``: one person may always leave later.
        """
        apart = (abs(round(n) - other) for other in self.counts.get(name, ()))
        return min((k for k in apart if 0 < k < min_cell), default=1)


@dataclass(frozen=True, slots=True)
class Supported:
    """A frame as it may be shown: rounded, and which of its rows are withheld."""

    frame: pd.DataFrame
    withheld: np.ndarray


def key(name: str, row: Sequence[Any]) -> str:
    """Return what tells one shown number from others: a hash of its table and its row's names."""
    text = _ENCODER.encode([name, *(_told(cell) for cell in row)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def keys(
    frame: pd.DataFrame, name: str, columns: Mapping[str, tuple[str, str]] | None
) -> list[str]:
    """Return the :func:`key` of each row of a table."""
    named = [c for c in frame.columns if _names_row(frame, c, columns)]
    rows = zip(*(frame[c].tolist() for c in named), strict=True) if named else [()] * len(frame)
    return [key(name, row) for row in rows]


def counts(
    frame: pd.DataFrame,
    *,
    name: str,
    n: str | None = None,
    columns: Mapping[str, tuple[str, str]] | None = None,
) -> dict[str, int]:
    """Return the answers behind each row of a table by its :func:`key`; the arguments as below."""
    counted = n or next((c for c in _COUNTS if c in frame), None)
    if counted is None:
        return {}
    answers = pd.to_numeric(frame[counted], errors="coerce").to_numpy(float, na_value=np.nan)
    found = zip(keys(frame, name, columns), answers, strict=True)
    return {which: round(count) for which, count in found if count > 0}


def counts_of_estimates(estimates: Iterable[Estimate]) -> dict[str, int]:
    """Return the answers behind each estimate by its :func:`key`."""
    return {
        key("estimate", [e.id]): round(e.n_smallest or e.n)
        for e in estimates
        if e.value is not None and (e.n_smallest or e.n)
    }


def supported(
    frame: pd.DataFrame,
    *,
    name: str,
    n: str | None = None,
    columns: Mapping[str, tuple[str, str]] | None = None,
    min_cell: int = MIN_CELL,
    earlier: Earlier | None = None,
    differences: Mapping[str, str] | None = None,
    sums: Mapping[str, str] | None = None,
) -> Supported:
    """Round a table to what its counts and intervals support.

    Ends of intervals are rounded outwards. Whole numbers, money, dates and what was chosen stay.

    Parameters
    ----------
    frame : DataFrame
        One row per number or set of numbers; not changed.
    name : str
        Of the view.
    n : str, optional
        Column of answers behind each row; ``n`` or ``answers`` where it has one.
    columns : Mapping, optional
        As of :func:`analysis.present.tables.frame_table`; none for a figure.
    min_cell : int
        Smallest count that may be shown.
    earlier : Earlier, optional
        What was shown before.
    differences : Mapping, optional
        Columns that are ``value`` less another column. All levels and differences of a row then
        stand on the steps of ``value``, so that what is shown adds up.
    sums : Mapping, optional
        Columns that are ``value`` and another column together: as shown, they tell nothing that
        those two do not.
    """
    counted = n or next((c for c in _COUNTS if c in frame), None)
    answers = np.full(len(frame), np.nan)
    if counted is not None:
        answers = pd.to_numeric(frame[counted], errors="coerce").to_numpy(float, na_value=np.nan)
    changed = np.ones(len(frame))
    if earlier is not None and earlier.counts and counted is not None:
        for place, which in enumerate(keys(frame, name, columns)):
            if answers[place] > 0:
                changed[place] = earlier.changed(which, answers[place], min_cell)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(answers > 0, changed / answers, np.nan)
    withheld = (changed > 1) & (part > _MOST)
    half = _half_width(frame)
    if "indicator" in frame:
        nobodys = frame["indicator"].map(digits.nobodys).to_numpy(bool)
        part, half = (np.where(nobodys, np.nan, known) for known in (part, half))
        withheld &= ~nobodys
    out = frame.copy()
    for column in frame.columns:
        spec = (columns or {}).get(column, ("", ""))[1]
        level = frame["value"] if differences and spec in _MEASURED else None
        values = _rounded_column(frame, column, spec, part, half, level)
        if values is not None:
            out[column] = values
    for column, other in (differences or {}).items():
        out[column] = np.round(out["value"] - out[other], _PLACES_OF_SUMS)
    for column, other in (sums or {}).items():
        out[column] = np.round(out["value"] + out[other], _PLACES_OF_SUMS)
    return Supported(out, withheld)


def of_estimate(
    estimate: Estimate, *, min_cell: int = MIN_CELL, earlier: Earlier | None = None
) -> Estimate | None:
    """Return an estimate as it may be shown, None where it is withheld."""
    n, changed = estimate.n_smallest or estimate.n, 1
    if earlier is not None and n and digits.follow(estimate):
        changed = earlier.changed(key("estimate", [estimate.id]), n, min_cell)
        if changed > 1 and changed / n > _MOST:
            return None
    return digits.of_estimate(estimate, changed)


_OF_A_RULE = frozenset({"line", "least", "threshold", "target", "rate", "centre", "since"})
"""Numbers of an alert that its rule brings along, and means over weeks, where ``n`` are weeks."""


def of_alert(alert: Alert) -> Alert:
    """Return an alert as it may be shown: its numbers as :func:`of_estimate` rounds an estimate's.

    Whole numbers, what the rule brings along, and the numbers of alerts that no number of answers
    stands behind, stay.
    """
    if not alert.n or alert.unit in ("CNY", "people", "sites", "count"):
        return alert

    def near(value: Any) -> Any:
        if not isinstance(value, float) or value == round(value):
            return value
        width = 1.0 if alert.unit == "share" and abs(value) <= 1 else abs(value)
        return digits.near(value, digits.step(width, 1 / alert.n, np.nan))

    params = {k: v if k in _OF_A_RULE else near(v) for k, v in alert.params.items()}
    return replace(
        alert,
        value=near(alert.value),
        ci_low=near(alert.ci_low),
        ci_high=near(alert.ci_high),
        p_value=None if alert.p_value is None else digits.significant(alert.p_value),
        params=params,
    )


def _rounded_column(
    frame: pd.DataFrame,
    column: str,
    spec: str,
    part: np.ndarray,
    half: np.ndarray,
    level: pd.Series | None,
) -> np.ndarray | None:
    """Return a column rounded, on the steps of ``level`` where given; None where it stays."""
    cells = frame[column]
    if column in _PLACES or spec in _EXACT or not pd.api.types.is_float_dtype(cells.dtype):
        return None
    values = cells.to_numpy(float, na_value=np.nan)
    known = values[np.isfinite(values)]
    if not len(known) or np.equal(known, np.round(known)).all():
        return None
    if spec == "p" or "p_value" in column:
        return np.array(list(map(digits.significant, values.tolist())))
    share = spec in _SHARES or (not spec and np.abs(known).max() <= 1)
    shares = np.full(len(values), share)
    if "unit" in frame:
        shares |= frame["unit"].eq("share").fillna(False).to_numpy(bool)
    widest = np.abs(known).max()
    if "unit" in frame or "indicator" in frame:  # rows of different measures
        widest = np.abs(values) if level is None else np.abs(level.to_numpy(float))
    width = np.where(shares, 1.0, widest)
    by_interval = column in ("value", "ci_low", "ci_high") or level is not None
    ends = math.floor if "low" in column else math.ceil if "high" in column else round
    given = (width, part, half if by_interval else np.full(len(values), np.nan))
    steps = map(digits.step, *(numbers.tolist() for numbers in given))
    rows = zip(values.tolist(), steps, strict=True)
    return np.array([digits.near(value, step, ends) for value, step in rows])


def _half_width(frame: pd.DataFrame) -> np.ndarray:
    if not {"ci_low", "ci_high"} <= set(frame):
        return np.full(len(frame), np.nan)
    ends = [
        pd.to_numeric(frame[c], errors="coerce").to_numpy(float, na_value=np.nan)
        for c in ("ci_low", "ci_high")
    ]
    return (ends[1] - ends[0]) / 2


def _names_row(
    frame: pd.DataFrame, column: str, columns: Mapping[str, tuple[str, str]] | None
) -> bool:
    if column in _PLACES:
        return True
    if column in _SAID or pd.api.types.is_numeric_dtype(frame[column].dtype):
        return False
    spec = (columns or {}).get(column, ("", ""))[1]
    return columns is None or spec in _NAMES or spec.startswith("label")


def _told(cell: Any) -> Any:
    if isinstance(cell, Mapping):
        return {str(name): str(value) for name, value in cell.items()}
    return None if cell is None or cell is pd.NaT or cell is pd.NA else str(cell)
