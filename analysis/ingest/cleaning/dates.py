"""Dates, months and instants from text, typed cells and serial numbers."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analysis.ingest.bytewise import all_of_form
from analysis.ingest.cleaning.clock import ORDERS, read_day, read_time, split_day_and_time
from analysis.ingest.cleaning.distinct import as_texts, texts_only
from analysis.ingest.cleaning.numbers import Judged, Parse, check_range
from analysis.ingest.cleaning.spelling import WrongCellError, normalise
from analysis.tables import month_of, period_of

_EPOCHS = {"1900": dt.datetime(1899, 12, 30), "1904": dt.datetime(1904, 1, 1)}
_LAST_SERIAL = 100_000
_YEARS = 200
"""Between the first and last day of a column whose days are looked up in a table."""
_PLAUSIBLE_YEARS = range(1950, 2101)
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
_MONTH = re.compile(r"(\d{4})\s*(?:[-/]\s*(\d{1,2})|年\s*(\d{1,2})月?|(\d{2}))")
_DOTTED = re.compile(r"((?:19|20)\d{2})\s*\.\s*(\d{1,2})")
_QUARTER = re.compile(
    r"(?:(?P<year>\d{4})\s*[-年/]?\s*)?(?:Q(?P<q>[1-4])|第?(?P<n>[1-4一二三四])季度?)"
    r"(?:\s*[-/]?\s*(?P<late>\d{4}))?",
    re.IGNORECASE,
)
_MONTH_OF_QUARTER = {"first": 0, "middle": 1, "last": 2}
_COMPACT = re.compile(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])")
_MONTH_ALONE = re.compile(r"(\d{1,2})月份?")
_SHAPES = (
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "%Y-%m-%d %H:%M:%S", ()),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d"), "%Y-%m-%d %H:%M", ()),
    (re.compile(r"\d{4}/\d\d?/\d\d? \d\d?:\d\d:\d\d"), "%Y/%m/%d %H:%M:%S", ("slash_date",)),
    (re.compile(r"\d{4}/\d\d?/\d\d? \d\d?:\d\d"), "%Y/%m/%d %H:%M", ("slash_date",)),
)
_AS_ARROW = {"%Y-%m-%d %H:%M:%S": "0000-00-00 00:00:00", "%Y-%m-%d %H:%M": "0000-00-00 00:00"}
"""Forms that Arrow reads by itself, and how their texts look."""

Local = tuple[dt.datetime, bool, dt.tzinfo | None]
"""Local day and time, whether it had a time, and its own offset."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How dates of one column are written."""

    order: str | None = None
    format: str | None = None
    year: int | None = None
    date_system: str = "1900"
    twelve: str | None = None

    def __post_init__(self) -> None:
        if self.order not in (None, *ORDERS):
            raise ValueError(f"order is one of {', '.join(ORDERS)}, not {self.order!r}")
        if self.twelve not in (None, "midnight", "noon"):
            raise ValueError(f"twelve is midnight or noon, not {self.twelve!r}")
        if self.date_system not in _EPOCHS:
            raise ValueError(f"date_system is 1900 or 1904, not {self.date_system!r}")

    def local(self, cell: Any, steps: list[str]) -> Local:
        """Read one cell; ``steps`` gets the names of the conversions."""
        if isinstance(cell, dt.datetime):
            # A workbook keeps times as fractions of a day: whole seconds lie beneath.
            return _to_second(cell.replace(tzinfo=None)), True, cell.tzinfo
        if isinstance(cell, dt.date):
            return dt.datetime.combine(cell, dt.time()), False, None
        if isinstance(cell, (int, float)) and not isinstance(cell, bool):
            return self._number(cell, steps)
        if not isinstance(cell, str):
            raise WrongCellError("date_unreadable")
        if self.format is not None:
            return self._formatted(cell, steps)
        if _SERIAL.fullmatch(cell):
            return self._number(float(cell), steps)
        day_text, time_text = split_day_and_time(cell)
        day = read_day(day_text, steps, order=self.order, year=self.year)
        midnight = dt.datetime.combine(day, dt.time())
        if not time_text:
            return midnight, False, None
        since_midnight, offset = read_time(time_text, steps, twelve=self.twelve)
        return midnight + since_midnight, True, offset

    def _formatted(self, text: str, steps: list[str]) -> Local:
        try:
            moment = dt.datetime.strptime(text, self.format)
        except ValueError as error:
            raise WrongCellError("date_format", self.format) from error
        steps.append("declared_format")
        timed = any(code in self.format for code in ("%H", "%I", "%T", "%X", "%c"))
        return moment.replace(tzinfo=None), timed, moment.tzinfo

    def _number(self, value: float, steps: list[str]) -> Local:
        if 19_500_101 <= value <= 21_001_231 and value == int(value):
            return dt.datetime.combine(read_day(str(int(value)), steps), dt.time()), False, None
        if not 0 < value < _LAST_SERIAL:
            raise WrongCellError("serial_out_of_range")
        moment = _EPOCHS[self.date_system] + dt.timedelta(days=value)
        if moment.year not in _PLAUSIBLE_YEARS:
            raise WrongCellError("serial_out_of_range")
        steps.append("serial_number")
        return _to_second(moment), value != int(value), None


def date(
    *,
    low: Any = None,
    high: Any = None,
    order: str | None = None,
    format: str | None = None,
    year: int | None = None,
    date_system: str = "1900",
    zone: str | None = None,
    first_month: str | None = None,
) -> Parse:
    """Return the parser of days; an instant with an offset needs ``zone`` to have a day.

    With ``first_month`` cells are whole numbers that count months, 1 for that one (``2011-01``);
    each is read as the first day of its month.
    """
    if first_month is not None:
        return _counted_months(first_month, _as_date(low), _as_date(high))
    reading = Reading(order, format, year, date_system)
    first, last, area = _as_date(low), _as_date(high), _zone(zone) if zone else None

    def parse(cell: Any, steps: list[str]) -> dt.date:
        moment, timed, offset = reading.local(cell, steps)
        if offset is not None:
            if area is None:
                raise WrongCellError("zone_undeclared")
            moment = moment.replace(tzinfo=offset).astimezone(area)
            steps.append("utc_instant")
        if timed and moment.time() != dt.time():
            steps.append("time_dropped")
        check_range(moment.date(), first, last)
        return moment.date()

    return parse


def _counted_months(first_month: str, first: dt.date | None, last: dt.date | None) -> Parse:
    begin = dt.date.fromisoformat(f"{first_month}-01")

    def parse(cell: Any, steps: list[str]) -> dt.date:
        number = _as_shown(cell).strip()
        if not re.fullmatch(r"\d{1,4}", number) or int(number) < 1:
            raise WrongCellError("month_number", first_month)
        found = month_of(period_of(begin) + int(number) - 1)
        steps.append("month_counted")
        check_range(found, first, last)
        return found

    return parse


def month(
    *,
    low: Any = None,
    high: Any = None,
    year: int | None = None,
    quarter: Literal["first", "middle", "last"] | None = None,
    **options: Any,
) -> Parse:
    """Return the parser of months, each as its first day."""
    if quarter not in (None, *_MONTH_OF_QUARTER):
        raise ValueError(f"quarter is first, middle or last, not {quarter!r}")
    declared = bool(options.get("format") or options.get("first_month"))
    return Month(date(year=year, **options), low, high, year, quarter, declared=declared)


class Month(Judged):
    """The parser of one column of months.

    A spreadsheet turns 2024.10 into 2024.1, which may then be January or October. It is read
    where other cells of the column settle it (2024.10 stands beside: January; 2024.01 stands
    beside: October) or a ``format`` is declared; else it is refused. A quarter is read only where
    ``quarter`` says by which of its months it is recorded.
    """

    def __init__(
        self,
        as_date: Parse,
        low: Any,
        high: Any,
        year: int | None,
        quarter: str | None,
        *,
        declared: bool,
    ) -> None:
        self.as_date, self.year, self.declared = as_date, year, declared
        self.quarter = quarter
        self.first = _as_date(low).replace(day=1) if low is not None else None
        self.last = _as_date(high)
        self.lost_zero: int | None = None

    def look_at(self, cells: Sequence[Any]) -> None:
        """Find out what 2024.1 means here: 1, 10, or None where nothing tells."""
        after = {
            match[2]
            for cell in cells
            if (match := _DOTTED.fullmatch(_as_shown(cell))) and match[2] != "1"
        }
        whole = "10" in after
        padded = any(part.startswith("0") for part in after)
        self.lost_zero = 1 if whole and not padded else 10 if padded and not whole else None

    def __call__(self, cell: Any, steps: list[str]) -> dt.date:
        """Return the first day of one cell's month; conversions are added to ``steps``."""
        found = None if self.declared else self._month(cell, steps)
        if found is None:
            if self.declared and isinstance(cell, (int, float)):
                cell = _as_shown(cell)
            day = self.as_date(cell, steps)
            found = day.replace(day=1)
            if day != found:
                steps.append("date_to_month")
        check_range(found, self.first, self.last)
        return found

    def _month(self, cell: Any, steps: list[str]) -> dt.date | None:
        if isinstance(cell, bool) or not isinstance(cell, (int, float, str)):
            return None
        text = _as_shown(cell)
        if not isinstance(cell, str) and not (_DOTTED.fullmatch(text) or _COMPACT.fullmatch(text)):
            return None
        if match := _DOTTED.fullmatch(text):
            number = int(match[2])
            if match[2] == "1":
                if self.lost_zero is None:
                    raise WrongCellError("month_digit_lost")
                number = self.lost_zero
            steps.append("dot_date")
            return _first_day(int(match[1]), number)
        if match := _QUARTER.fullmatch(text):
            return self._of_quarter(match, steps)
        if match := _MONTH_ALONE.fullmatch(text):
            if self.year is None:
                raise WrongCellError("date_year_missing")
            steps.extend(("chinese_date", "year_supplied"))
            return _first_day(self.year, int(match[1]))
        if match := _MONTH.fullmatch(text):
            if match[3]:
                steps.append("chinese_date")
            elif match[4]:
                steps.append("compact_date")
            elif "-" not in text:
                steps.append("slash_date")
            return _first_day(int(match[1]), int(match[2] or match[3] or match[4]))
        return None

    def _of_quarter(self, match: re.Match[str], steps: list[str]) -> dt.date:
        if self.quarter is None:
            raise WrongCellError("quarter_undeclared")
        year = match["year"] or match["late"] or self.year
        if year is None:
            raise WrongCellError("date_year_missing")
        sign = match["q"] or match["n"]
        number = int(sign) if sign.isdigit() else "一二三四".index(sign) + 1
        steps.append("quarter_as_month")
        return _first_day(int(year), 3 * number - 2 + _MONTH_OF_QUARTER[self.quarter])


def _as_shown(cell: Any) -> str:
    """Return a cell of months as text; 2024.1 is a number's shortest spelling."""
    if isinstance(cell, str):
        return normalise(cell)[0]
    if isinstance(cell, bool) or not isinstance(cell, (int, float)):
        return ""
    return str(int(cell)) if cell == int(cell) else repr(float(cell))


def _first_day(year: int, number: int) -> dt.date:
    try:
        return dt.date(year, number, 1)
    except ValueError as error:
        raise WrongCellError("date_impossible") from error


@dataclass(slots=True, kw_only=True)
class Instant:
    """Parser of instants: local spellings are in ``zone``; the result is UTC.

    A workbook keeps midnight as a day without a time. ``clock`` says that other cells of the
    column, kept in the same way, have a time; then such a cell is midnight.
    """

    reading: Reading
    zone: ZoneInfo
    date_only: str
    ambiguous: str
    low: dt.datetime | None
    high: dt.datetime | None
    clock: bool = False

    def look_at(self, cells: Sequence[Any]) -> None:
        """Find out whether the cells that a workbook keeps as days and times have times."""
        if texts_only(cells):
            return  # the usual case of a text file, millions of cells long
        typed = (cell for cell in cells if not isinstance(cell, str | bool))
        self.clock = any(
            cell.time() != dt.time()
            if isinstance(cell, dt.datetime)
            else 0 < cell < _LAST_SERIAL and cell != int(cell)
            for cell in typed
            if isinstance(cell, dt.datetime | int | float)
        )

    def __call__(self, cell: Any, steps: list[str]) -> dt.datetime:
        """Read one cell."""
        moment, timed, offset = self.reading.local(cell, steps)
        if not timed:
            if self.date_only == "fault" and (isinstance(cell, str) or not self.clock):
                raise WrongCellError("time_missing")
            steps.append("time_as_midnight")
        if offset is not None:
            steps.append("utc_instant")
            result = moment.replace(tzinfo=offset).astimezone(dt.UTC)
        else:
            steps.append("localised")
            result = self._localised(moment, steps)
        check_range(result, self.low, self.high)
        return result

    def _localised(self, moment: dt.datetime, steps: list[str]) -> dt.datetime:
        local = moment.replace(tzinfo=self.zone)
        later = local.replace(fold=1)
        if local.utcoffset() == later.utcoffset():
            return local.astimezone(dt.UTC)
        if local.astimezone(dt.UTC).astimezone(self.zone).replace(tzinfo=None) != moment:
            raise WrongCellError("time_nonexistent")
        if self.ambiguous == "fault":
            raise WrongCellError("time_ambiguous")
        steps.append("repeated_hour")
        return (local if self.ambiguous == "first" else later).astimezone(dt.UTC)

    def bulk(self, cells: Sequence[Any]) -> Iterator[tuple[np.ndarray, pa.Array, tuple[str, ...]]]:
        """Convert the cells in the commonest spellings at once.

        Yields
        ------
        tuple
            Which cells were converted, their values (UTC, others NULL), and the conversions each
            of them went through. What is not converted here is left to the parser.
        """
        form = self.reading.format
        if form is None:
            shapes = _SHAPES
        elif "%z" in form.lower() or not any(code in form for code in ("%H", "%I")):
            return
        else:
            shapes = ((re.compile(".+"), form, ("declared_format",)),)
        left = as_texts(cells)
        for pattern, written, steps in shapes:
            if left.null_count == len(left):
                return
            if form is None and written in _AS_ARROW and all_of_form(left, _AS_ARROW[written]):
                fitting, left = left, pa.nulls(len(left), left.type)
            else:
                fits = pc.match_substring_regex(left, f"^(?:{pattern.pattern})$")
                if not pc.any(fits).as_py():
                    continue
                nothing = pa.scalar(None, left.type)
                fitting = pc.if_else(fits, left, nothing)
                left = pc.if_else(fits, nothing, left)
            local = _local(fitting, written)
            moments = local - self._offsets(local)
            done = ~np.isnat(moments)
            if self.low is not None:
                done &= moments >= np.datetime64(_naive(self.low))
            if self.high is not None:
                done &= moments <= np.datetime64(_naive(self.high))
            if done.any():
                utc = pa.array(moments, pa.timestamp("us"), from_pandas=True)
                yield done, utc.cast(pa.timestamp("us", "UTC")), (*steps, "localised")

    def _offsets(self, local: np.ndarray) -> np.ndarray:
        """Return how far clocks are ahead of UTC; NaT on days on which they are changed."""
        days, absent = local.astype("datetime64[D]"), np.isnat(local)
        if absent.all():
            return np.full(len(local), np.timedelta64("NaT"), "timedelta64[us]")
        first, last = days[~absent].min(), days[~absent].max()
        if (last - first).astype(int) > _YEARS * 366:
            at, days = pd.factorize(days)
        else:  # few days, each known by its number
            at = np.where(absent, 0, (days - first).astype(np.int64))
            seen = np.zeros((last - first).astype(int) + 1, bool)
            seen[at[~absent]] = True
            at = np.where(absent, -1, (np.cumsum(seen) - 1)[at])
            days = first + np.flatnonzero(seen)
        known = np.array([_ahead(self.zone, day) for day in days.astype(object)], "timedelta64[us]")
        return np.append(known, np.timedelta64("NaT"))[at]


@cache
def _ahead(zone: ZoneInfo, day: dt.date) -> dt.timedelta | None:
    """Return how far the clocks of a zone are ahead all day; None where they are changed."""
    ends = (dt.datetime.combine(day, time, zone) for time in (dt.time.min, dt.time.max))
    seen = {moment.replace(fold=fold).utcoffset() for moment in ends for fold in (0, 1)}
    return seen.pop() if len(seen) == 1 else None


def _local(texts: pa.Array, written: str) -> np.ndarray:
    """Return texts as local times, datetime64[us]; NaT where they are none."""
    try:
        if written in _AS_ARROW:
            return texts.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        pass  # one of them is no day: pandas tells which
    column = pd.Series(texts.to_pylist(), dtype=object)
    moments = pd.to_datetime(column, format=written, errors="coerce")
    return moments.to_numpy(dtype="datetime64[us]")


def _naive(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC).replace(tzinfo=None)


def instant(
    *,
    zone: str | None = None,
    low: Any = None,
    high: Any = None,
    order: str | None = None,
    format: str | None = None,
    year: int | None = None,
    date_system: str = "1900",
    date_only: Literal["fault", "midnight"] = "fault",
    twelve: Literal["midnight", "noon"] | None = None,
    ambiguous: Literal["fault", "first", "second"] = "fault",
) -> Instant:
    """Return the parser of instants."""
    if zone is None:
        raise ValueError("an instant needs zone, e.g. Asia/Shanghai")
    if date_only not in ("fault", "midnight") or ambiguous not in ("fault", "first", "second"):
        raise ValueError("date_only is fault or midnight; ambiguous is fault, first or second")
    area = _zone(zone)
    first, last = _as_date(low), _as_date(high)
    start = dt.datetime.combine(first, dt.time(), area) if first else None
    # The last day counts whole.
    end = dt.datetime.combine(last, dt.time(23, 59, 59, 999_999), area) if last else None
    return Instant(
        reading=Reading(order, format, year, date_system, twelve),
        zone=area,
        date_only=date_only,
        ambiguous=ambiguous,
        low=start,
        high=end,
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"no time zone is called {name!r}; for example Asia/Shanghai") from error


def _as_date(value: Any) -> dt.date | None:
    if value is None:
        return None
    if isinstance(value, dt.datetime):
        return value.date()
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value)[:10])


def _to_second(moment: dt.datetime) -> dt.datetime:
    rounded = moment + dt.timedelta(microseconds=500_000)
    return rounded.replace(microsecond=0)
