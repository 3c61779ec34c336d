"""Read periods of any kind as whole numbers, and write them again as the data wrote them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from analysis.errors import DesignError


class PanelError(DesignError, ValueError):
    """A panel cannot be read; the message names the column, the value and a correct form."""


class Step(StrEnum):
    """What lies between two periods."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    WEEK = "week"
    DAY = "day"
    PERIOD = "period"


_PER_YEAR = {Step.MONTH: 12, Step.QUARTER: 4, Step.YEAR: 1}
_FREQUENCY = {Step.MONTH: "M", Step.QUARTER: "Q", Step.YEAR: "Y", Step.WEEK: "W", Step.DAY: "D"}
_TEXTS: tuple[tuple[Step, re.Pattern[str]], ...] = (
    (Step.MONTH, re.compile(r"(?P<year>\d{4})\s*[-/.年]\s*(?P<part>0?[1-9]|1[0-2])\s*月?")),
    (Step.MONTH, re.compile(r"(?P<year>(?:19|20)\d\d)(?P<part>0[1-9]|1[0-2])")),
    (
        Step.QUARTER,
        re.compile(r"(?P<year>\d{4})\s*[-/.年]?\s*[Qq第]\s*(?P<part>[1-4])\s*(?:季度?)?"),
    ),
    (Step.YEAR, re.compile(r"(?P<year>\d{4})\s*年?")),
)
_CORRECT = "e.g. 2023, '2023-05', '2023Q2', a date on the first of each month, or a pandas Period"


@dataclass(frozen=True, slots=True)
class Calendar:
    """How whole numbers stand for periods.

    Months, quarters and years count from the year 0 (``year * 12 + month - 1``), weeks and days as
    pandas counts them; ``PERIOD`` is a number of the data's own.
    """

    step: Step

    def label(self, period: float) -> str:
        """Write a period, e.g. ``2023-05``, ``2023Q2``, ``2023``."""
        number = int(period)
        if self.step in _PER_YEAR:
            year, part = divmod(number, _PER_YEAR[self.step])
            forms = {
                Step.MONTH: f"{year:04d}-{part + 1:02d}",
                Step.QUARTER: f"{year:04d}Q{part + 1}",
                Step.YEAR: f"{year:04d}",
            }
            return forms[self.step]
        if self.step in (Step.WEEK, Step.DAY):
            start = pd.Period(ordinal=number, freq=_FREQUENCY[self.step]).start_time
            return start.date().isoformat()
        return str(number)


def read_periods(values: pd.Series, step: Step | None = None) -> tuple[np.ndarray, Calendar]:
    """Return periods as floats, missing as NaN, and how they count.

    Parameters
    ----------
    values : Series
        Whole numbers, dates, ``Period`` or text.
    step : Step, optional
        How dates count, where that is known from other periods: two starts alone, in January and in
        April, could be months or quarters.

    Raises
    ------
    PanelError
        Where a value is no period, kinds are mixed, or dates follow no calendar.
    """
    seen = values.dropna()
    if seen.empty:
        raise PanelError(f"column {values.name!r} holds no period; {_CORRECT}")
    if isinstance(values.dtype, pd.PeriodDtype):
        return _of_periods(values)
    if isinstance(seen.iloc[0], pd.Period):
        dtype = pd.PeriodDtype(seen.iloc[0].freq)
        return _of_periods(_typed(values, lambda column: column.astype(dtype)))
    if pd.api.types.is_bool_dtype(seen.infer_objects()):
        raise PanelError(f"column {values.name!r} holds true and false, not periods; {_CORRECT}")
    if pd.api.types.is_datetime64_any_dtype(values.dtype) or isinstance(seen.iloc[0], dt.date):
        return _of_dates(_typed(values, pd.to_datetime), step)
    numbers = pd.to_numeric(values, errors="coerce")
    if numbers.notna().sum() == len(seen) and not _all_text(seen):
        return _of_numbers(values.name, numbers.to_numpy(float, na_value=np.nan))
    return _of_text(values, seen, step)


def _typed(values: pd.Series, change: Callable[[pd.Series], pd.Series]) -> pd.Series:
    try:
        return change(values)
    except (TypeError, ValueError) as error:
        raise PanelError(f"column {values.name!r} mixes kinds of periods: {error}") from error


def _all_text(seen: pd.Series) -> bool:
    return all(isinstance(value, str) for value in seen)


def _of_periods(values: pd.Series) -> tuple[np.ndarray, Calendar]:
    letter = values.dtype.freq.rule_code.split("-")[0]
    steps = {"M": Step.MONTH, "ME": Step.MONTH, "Q": Step.QUARTER, "QE": Step.QUARTER,
             "Y": Step.YEAR, "YE": Step.YEAR, "A": Step.YEAR, "W": Step.WEEK,
             "D": Step.DAY}  # fmt: skip
    if letter not in steps:
        raise PanelError(f"column {values.name!r} holds periods of {letter}; {_CORRECT}")
    step = steps[letter]
    stamps = values.dt.start_time if step is not Step.YEAR else values.dt.end_time
    if step is Step.QUARTER:
        return _counted(values.dt.year, values.dt.quarter, step)
    return _of_stamps(stamps, step)


def _of_dates(values: pd.Series, step: Step | None) -> tuple[np.ndarray, Calendar]:
    """Take dates for years, quarters or months where each has its one day, else weeks or days."""
    if step is not None:
        return _of_stamps(values, step)
    days = values.dropna()
    if not isinstance(days.iloc[0], pd.Timestamp):
        days = pd.to_datetime(days)
    if (days != days.dt.normalize()).any():
        raise PanelError(f"column {values.name!r} holds times of day; {_CORRECT}")
    distinct = pd.Series(days.unique()).sort_values()
    last = distinct.dt.is_month_end.all()
    if last or _constant(distinct.dt.day):
        months = distinct.dt.month
        if _constant(months) and len(distinct) > 1:
            return _of_stamps(values, Step.YEAR)
        gaps = (distinct.dt.year * 12 + months).diff().dropna()
        if len(gaps) and (gaps % 3 == 0).all():
            return _of_stamps(values, Step.QUARTER)
        return _of_stamps(values, Step.MONTH)
    gaps = distinct.diff().dropna().dt.days
    if (gaps % 7 == 0).all():
        return _of_stamps(values, Step.WEEK)
    if (gaps == 1).mean() > 0.5:
        return _of_stamps(values, Step.DAY)
    raise PanelError(
        f"column {values.name!r}: dates such as {distinct.iloc[0].date()} and "
        f"{distinct.iloc[1].date()} follow no calendar; say which with "
        f".dt.to_period('M'), {_CORRECT}"
    )


def _constant(values: pd.Series) -> bool:
    return bool((values == values.iloc[0]).all())


def _of_stamps(stamps: pd.Series, step: Step) -> tuple[np.ndarray, Calendar]:
    if step in _PER_YEAR:
        parts = {Step.MONTH: stamps.dt.month, Step.QUARTER: stamps.dt.quarter}
        return _counted(stamps.dt.year, parts.get(step), step)
    ordinals = stamps.map(
        lambda stamp: np.nan if pd.isna(stamp) else stamp.to_period(_FREQUENCY[step]).ordinal
    )
    return ordinals.to_numpy(float), Calendar(step)


def _counted(year: pd.Series, part: pd.Series | None, step: Step) -> tuple[np.ndarray, Calendar]:
    counted = year.astype(float) * _PER_YEAR[step] + (0 if part is None else part - 1)
    return counted.to_numpy(float), Calendar(step)


def _of_numbers(name: object, numbers: np.ndarray) -> tuple[np.ndarray, Calendar]:
    """Take 202305 and 24280 for a month and 1990 for a year; else whole numbers count periods.

    24280 is 2023 * 12 + 4: a running month, as frames of :func:`analysis.outcome` have them.
    """
    known = numbers[np.isfinite(numbers) & (numbers != 0)]
    if np.any(known % 1):
        raise PanelError(f"column {name!r} holds {known[known % 1 != 0][0]:g}; {_CORRECT}")
    year, month = np.divmod(known, 100)
    if known.size and np.all((year >= 1900) & (year <= 2199) & (month >= 1) & (month <= 12)):
        year, month = np.divmod(np.where(numbers == 0, np.nan, numbers), 100)
        return year * 12 + month - 1, Calendar(Step.MONTH)
    if known.size and np.all((known >= 1900 * 12) & (known < 2200 * 12)):
        return np.where(numbers == 0, np.nan, numbers), Calendar(Step.MONTH)
    if known.size and np.all((known >= 1000) & (known <= 2199)):
        return np.where(numbers == 0, np.nan, numbers), Calendar(Step.YEAR)
    return numbers, Calendar(Step.PERIOD)


def _of_text(values: pd.Series, seen: pd.Series, known: Step | None) -> tuple[np.ndarray, Calendar]:
    words = seen.astype(str).str.strip()
    for step, pattern in _TEXTS:
        found = words.str.fullmatch(pattern)
        if found.all():
            parts = words.str.extract(f"^(?:{pattern.pattern})$")
            part = parts["part"].astype(int) if "part" in parts else None
            counted, calendar = _counted(parts["year"].astype(int), part, step)
            whole = pd.Series(np.nan, index=values.index)
            whole[seen.index] = counted
            return whole.to_numpy(float), calendar
    stamps = pd.to_datetime(words, errors="coerce", format="ISO8601")
    if stamps.notna().all():
        return _of_dates(stamps.reindex(values.index).rename(values.name), known)
    wrong = words[stamps.isna()].iloc[0]
    raise PanelError(f"column {values.name!r} holds {wrong!r}, which is no period; {_CORRECT}")
