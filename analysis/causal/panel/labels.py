"""Check the labels of an estimation frame: units, periods, cohorts, clusters.

A date taken for a number is a number, and so is a missing one: NaT is −9.2e18, a missing cluster
joins another, and 0 for "never" is earlier than every period. Each gives a confident wrong answer,
so that labels are checked before anything is computed, and the message shows the correct form.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.causal.panel.faults import FrameError
from analysis.tables import period_of

#: Periods from the first to the last, per period observed, beyond which labels count something
#: smaller than a period (days, seconds) or are cut in pieces.
SPARSEST = 60
_FORM = "periods and cohorts are whole numbers that count periods, e.g. year * 12 + month - 1"


def labelled(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return the frame with numeric ``period`` and ``cohort``, missing for never treated.

    Parameters
    ----------
    frame : DataFrame
        With ``unit``, ``period`` and ``cohort``. Not modified.

    Returns
    -------
    DataFrame
        The same rows and columns. Where periods count from 1 or later, a cohort of 0 is taken as
        never treated, as R's ``did`` codes it, and becomes missing.
    int
        Units recoded so.

    Raises
    ------
    FrameError
        ``columns``, ``empty``, ``period_label``, ``mixed_types``, ``period_not_integer``,
        ``cohort_not_integer``, ``cohort_zero``, ``cohort_negative``.
    """
    if missing := [name for name in ("unit", "period", "cohort") if name not in frame.columns]:
        raise FrameError("columns", f"the frame has no column {missing}; it has {list(frame)}")
    if frame.empty:
        raise FrameError("empty", "the frame has no rows")
    period, cohort = numeric(frame, "period"), numeric(frame, "cohort")
    if not np.all(np.isfinite(period)) or np.any(period % 1):
        raise FrameError("period_not_integer", f"a period is missing or not whole; {_FORM}")
    treated = np.isfinite(cohort)
    if np.any(cohort[treated] % 1):
        raise FrameError("cohort_not_integer", f"a cohort is a period: a whole number; {_FORM}")
    first = counting_periods(period)
    zero = treated & (cohort == 0)
    if zero.any() and first >= 1:
        if not treated.all():
            raise FrameError(
                "cohort_zero", "never treated is a missing cohort for some units and 0 for others"
            )
        cohort = np.where(zero, np.nan, cohort)
    if first >= 0 and np.any(cohort < 0):
        raise FrameError("cohort_negative", f"a cohort is before all counting; {_FORM}")
    recoded = frame["unit"][zero & np.isnan(cohort)].nunique()
    whole = period.astype("int64")
    return frame.assign(period=whole, cohort=np.where(np.isinf(cohort), np.nan, cohort)), recoded


def counting_periods(period: np.ndarray) -> float:
    """Return the first of the periods; refuse labels that count days or seconds.

    Raises
    ------
    FrameError
        ``period_label``.
    """
    seen = np.unique(period)
    first, last = float(seen[0]), float(seen[-1])
    if last - first + 1 > SPARSEST * len(seen):
        raise FrameError(
            "period_label",
            f"periods run from {first:.0f} to {last:.0f} and only {len(seen)} of them have rows: "
            f"they seem to count days or seconds; {_FORM}",
        )
    return first


def starts(
    cohort: Mapping[Any, Any],
    units: Iterable[Any] | None = None,
    periods: Iterable[int] | None = None,
    *,
    what: str = "cohort",
) -> dict[str, float]:
    """Return the start of each unit as a number, checked as :func:`labelled` checks a column.

    Parameters
    ----------
    cohort : Mapping
        First treated period of each unit; None, NaN or infinite for never.
    units : iterable, optional
        Units that have to be known.
    periods : iterable of int, optional
        Periods observed, which tell what a cohort of 0 means.
    what : str
        What is given, for the message.

    Returns
    -------
    dict of str to float
        By the unit's label as text, NaN for never.

    Raises
    ------
    FrameError
        As :func:`labelled`; ``mixed_types`` where 12 and '12' are two units, ``unknown_unit``.
    """
    known = {str(unit): value for unit, value in cohort.items()}
    if len(known) < len(cohort):
        raise FrameError("mixed_types", "labels of units mix types, such as 12 and '12'")
    wanted = list(known) if units is None else [str(unit) for unit in units]
    if unknown := [unit for unit in wanted if unit not in known]:
        raise FrameError("unknown_unit", f"no {what} for {len(unknown)} units: {unknown[:5]}")
    column = pd.Series([known[unit] for unit in wanted], dtype=object)
    first = numeric(pd.DataFrame({"cohort": column}), "cohort")
    if periods is None:
        finite = first[np.isfinite(first)]
        if np.any(finite % 1):
            raise FrameError("cohort_not_integer", f"a cohort is a period: a whole number; {_FORM}")
        first = np.where(np.isfinite(first), first, np.nan)
    elif len(wanted):
        seen = np.asarray(list(periods))
        rows = max(len(wanted), len(seen))
        cells = pd.DataFrame(
            {
                "unit": np.resize(np.asarray(wanted, dtype=object), rows),
                "period": np.resize(seen, rows),
                "cohort": np.resize(first, rows),
            }
        )
        first = labelled(cells)[0]["cohort"].to_numpy()[: len(wanted)]
    return dict(zip(wanted, first.tolist(), strict=True))


def numeric(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Return a column as floats, missing as NaN; dates are refused, not counted in nanoseconds.

    Raises
    ------
    FrameError
        ``period_label`` for dates, periods, durations and truth values in ``period`` and
        ``cohort``; ``mixed_types`` for them elsewhere, and for text that is no number.
    """
    column = frame[name]
    shown = _not_a_number(column)
    if shown is not None:
        rule = "period_label" if name in ("period", "cohort") else "mixed_types"
        raise FrameError(rule, f"column {name!r} holds {shown}; {_correct(column, name)}")
    try:
        return pd.to_numeric(column).to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise FrameError(
            "mixed_types", f"column {name!r} is not numeric: {error}; {_correct(column, name)}"
        ) from error


def codes(frame: pd.DataFrame, name: str, rule: str) -> pd.Series:
    """Return labels of a cluster or stratum as text.

    Raises
    ------
    FrameError
        ``rule`` where one is missing; ``mixed_types`` where 12 and '12' would be two labels.
    """
    column = frame[name]
    if column.isna().any():
        place = frame.loc[column.isna(), "unit"].iloc[0]
        raise FrameError(rule, f"column {name!r} is missing for unit {place!r}; fill it in")
    if len({type(label) for label in column.unique()}) > 1:
        raise FrameError("mixed_types", f"labels in {name!r} mix types, such as 12 and '12'")
    return column.astype(str)


def _not_a_number(column: pd.Series) -> str | None:
    """Name what a column holds that must not be read as a number; None where it is fine."""
    dtype = column.dtype
    if isinstance(dtype, pd.PeriodDtype):
        return (
            f"periods such as {column.dropna().astype(str).head(1).item()}"
            if column.notna().any()
            else "periods"
        )
    if pd.api.types.is_datetime64_any_dtype(dtype) or pd.api.types.is_timedelta64_dtype(dtype):
        return f"dates ({dtype})"
    if pd.api.types.is_bool_dtype(dtype):
        return "true and false"
    if pd.api.types.is_object_dtype(dtype):
        for value in column:
            if (
                isinstance(value, (pd.Period, dt.date, dt.timedelta, np.datetime64))
                or value is pd.NaT
            ):
                return f"dates such as {value}"
            if isinstance(value, (bool, np.bool_)):
                return "true and false"
    return None


def _correct(column: pd.Series, name: str) -> str:
    """Show what the first label would be in the correct form, where it is a date."""
    if name not in ("period", "cohort"):
        return "it must hold numbers"
    found = column.dropna()
    try:
        day = pd.Timestamp(str(found.iloc[0])) if len(found) else None
    except ValueError:
        day = None
    if day is None:
        return _FORM
    return f"{_FORM} ({found.iloc[0]} is {period_of(day)})"
