"""Turn a tidy frame with names of its own into the frame that estimators take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.keywords import meant
from analysis.study.periods import Calendar, PanelError, Step, read_periods

_MOST = 20
"""Columns that a message lists."""


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """An estimation frame, how its periods count, and what the starts were read from.

    Attributes
    ----------
    frame : DataFrame
        ``unit``, ``period``, ``y``, ``cohort``, optionally ``n``, ``total`` and ``exposure``, and
        the columns kept under their own names.
    calendar : Calendar
    treatment : str
        The column that says who is treated when.
    """

    frame: pd.DataFrame
    calendar: Calendar
    treatment: str


def read_panel(
    data: pd.DataFrame,
    *,
    y: str,
    unit: str,
    period: str,
    treated: str | None = None,
    cohort: str | None = None,
    n: str | None = None,
    exposure: str | None = None,
    keep: Sequence[str] = (),
) -> Panel:
    """Return the estimation frame of a tidy panel.

    Parameters
    ----------
    data : DataFrame
        A row is one unit in one period. Not modified.
    y, unit, period : str
        Columns: outcome, unit, period.
    treated : str, optional
        Column of 0 and 1: whether the unit is treated in the period. Once on, it stays on.
    cohort : str, optional
        Column with the unit's first treated period; missing, blank, 0 or infinite for never.
        Exactly one of ``treated`` and ``cohort``.
    n : str, optional
        Column: observations behind the outcome.
    exposure : str, optional
        Column by which ``y`` is divided.
    keep : sequence of str
        Further columns that options name.

    Raises
    ------
    PanelError
        Where a column is not there or cannot be read.
    """
    named = [y, unit, period, treated, cohort, n, exposure, *keep]
    if missing := [name for name in named if name is not None and name not in data]:
        columns = [str(name) for name in data]
        guess = meant(missing[0], columns)
        told = ", ".join(columns[:_MOST] + ["…"] * (len(columns) > _MOST))
        raise PanelError(f"no column {missing[0]!r}{guess or ';'} The frame has {told}")
    if (treated is None) == (cohort is None):
        raise PanelError("give either treated= (a column of 0 and 1) or cohort= (first period)")
    if data.empty:
        raise PanelError("the frame has no rows")
    if data[unit].isna().any():
        raise PanelError(f"column {unit!r} is missing in row {_first(data[unit].isna())}")
    when, calendar = read_periods(data[period])
    if np.isnan(when).any():
        raise PanelError(f"column {period!r} is missing in row {_first(np.isnan(when))}")
    found = pd.DataFrame({"unit": data[unit].to_numpy(), "period": when.astype("int64")})
    twice = found.duplicated(["unit", "period"])
    if twice.any():
        row = found[twice].iloc[0]
        raise PanelError(
            f"{unit} {row['unit']!r} has more than one row in {calendar.label(row['period'])}; "
            "a row is one unit in one period"
        )
    found["y"] = _numbers(data[y])
    start = (
        _from_dummy(data[treated], found, calendar)
        if cohort is None
        else _from_cohort(data[cohort], calendar)
    )
    found["cohort"] = start
    starts = found.groupby("unit")["cohort"].nunique(dropna=False)
    if (starts > 1).any():
        raise PanelError(f"{unit} {starts.idxmax()!r} has more than one first period in {cohort!r}")
    if n is not None:
        found["n"] = _numbers(data[n])
    if exposure is not None:
        found["total"], found["exposure"] = found["y"], _above_zero(data[exposure])
        found["y"] = found["total"] / found["exposure"]
    for name in keep:
        found[name] = data[name].to_numpy()
    return Panel(found, calendar, treated or cohort)


def _first(rows: pd.Series | np.ndarray) -> int:
    """Return the place of the first row that is true, counted from 1."""
    return int(np.argmax(np.asarray(rows, bool))) + 1


def _numbers(column: pd.Series) -> np.ndarray:
    found = pd.to_numeric(column, errors="coerce")
    lost = found.isna() & column.notna()
    if lost.any():
        row = _first(lost)
        value = column.iloc[row - 1]
        raise PanelError(f"column {column.name!r}, row {row}: {value!r} is no number")
    return found.to_numpy(float, na_value=np.nan)


def _above_zero(column: pd.Series) -> np.ndarray:
    """Return denominators; where one is missing, nothing was measured."""
    found = _numbers(column)
    if (found <= 0).any():
        row = _first(found <= 0)
        raise PanelError(
            f"column {column.name!r}, row {row}: {column.iloc[row - 1]}; what y is divided by is "
            "above zero, and blank where nothing was measured"
        )
    return found


def _from_dummy(column: pd.Series, found: pd.DataFrame, calendar: Calendar) -> np.ndarray:
    """Return each row's first treated period of its unit, NaN for never."""
    on = _numbers(column.astype(float) if column.dtype == bool else column)
    wrong = ~np.isin(on, (0, 1))
    if wrong.any():
        row = _first(wrong)
        raise PanelError(
            f"column {column.name!r}, row {row}: {column.iloc[row - 1]!r}; treated is 0 or 1 in "
            "every row"
        )
    rows = found.assign(on=on).sort_values(["unit", "period"])
    first = rows[rows["on"] == 1].groupby("unit")["period"].min()
    start = rows["unit"].map(first)
    off = rows[(rows["period"] >= start) & (rows["on"] == 0)]
    if len(off):
        row = off.iloc[0]
        raise PanelError(
            f"column {column.name!r}: {row['unit']!r} is treated from "
            f"{calendar.label(first[row['unit']])} and no longer in "
            f"{calendar.label(row['period'])}; a treatment that ends is not supported"
        )
    if len(first) and (first == rows.groupby("unit")["period"].min().loc[first.index]).all():
        raise PanelError(
            f"column {column.name!r} is 1 in the first period of every treated unit: it says who "
            "is treated, not when. Give 0 before the treatment, or cohort= with the first period"
        )
    return start.reindex(found.index).to_numpy(float, na_value=np.nan)


def _from_cohort(column: pd.Series, calendar: Calendar) -> np.ndarray:
    numeric = pd.to_numeric(column, errors="coerce")
    blank = column.map(lambda value: isinstance(value, str) and not value.strip()).astype(bool)
    never = column.isna() | blank | (numeric == 0) | np.isinf(numeric.astype(float))
    if never.all():
        return np.full(len(column), np.nan)
    when, own = read_periods(column.mask(never), calendar.step)
    if own.step is not calendar.step and {own.step, calendar.step} != {Step.YEAR, Step.PERIOD}:
        raise PanelError(
            f"column {column.name!r} counts in steps of a {own.step}, the periods in steps of a "
            f"{calendar.step}"
        )
    return when
