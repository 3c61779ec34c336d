"""Days and times of day in text: which part of it is which, without guessing."""

from __future__ import annotations

import datetime as dt
import re

from analysis.ingest.cleaning.spelling import WrongCellError

ORDERS = ("ymd", "mdy", "dmy")

_WEEKDAY = re.compile(r"\s*[(]?(?:星期|周|礼拜)[一二三四五六日天][)]?")
_YEAR_FIRST = re.compile(r"(\d{4})\s*([-/.年])\s*(\d{1,2})\s*([-/.月])\s*(\d{1,2})(?:\s*日)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_COMPACT_TIME = re.compile(r"(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?")
_TRIPLE = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})")
_SHORT_CHINESE = re.compile(r"(\d{2})年(\d{1,2})月(\d{1,2})日?")
_NO_YEAR = re.compile(r"(\d{1,2})月(\d{1,2})[日号]?")
_ZERO = re.compile(r"0{2,4}[-/.年]?0{1,2}[-/.月]?0{1,2}日?(?:[T ]?0{1,2}:0{1,2}(?::0{1,2})?)?")
_HALVES = "上午|早上|凌晨|清晨|中午|下午|傍晚|晚上|晚|AM|PM|A\\.M\\.|P\\.M\\."
_TIME = re.compile(
    rf"(?P<before>{_HALVES})?\s*(?P<hour>\d{{1,2}})(?P<sign>:|时|点)(?P<minute>\d{{1,2}})?"
    r"(?:[:分](?P<second>\d{1,2})?(?:\.(?P<fraction>\d{1,9}))?秒?)?"
    rf"\s*(?P<after>{_HALVES})?\s*"
    r"(?P<offset>[(\[]?\s*(?:Z|(?:UTC|GMT)?\s*[+-]\d{1,2}(?::?\d{2})?|UTC|GMT)\s*[)\]]?)?",
    re.IGNORECASE,
)
_TIME_FIRST = re.compile(
    r"(?P<time>\D{0,4}\d{1,2}[:时点]\S*(?:\s*[^\d\s]+)?)\s*,?\s+"
    r"(?P<day>\d{4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*日?)"
)
_UNSURE = ("上午", "早上", "清晨", "晚上", "晚", "傍晚")
_EVENING = ("下午", "傍晚", "晚上", "晚", "PM", "P.M.")


def split_day_and_time(text: str) -> tuple[str, str]:
    """Split normalised text where the day ends; the second part is empty without a time."""
    text = _WEEKDAY.sub(" ", text).strip()
    for pattern in (_YEAR_FIRST, _SHORT_CHINESE, _TRIPLE, _NO_YEAR, _COMPACT):
        match = pattern.match(text)
        rest = text[match.end() :] if match else ""
        if match and (not rest[:1].isdigit() or match[0][-1] in "日号"):
            if rest and pattern is not _COMPACT and rest[0] in "-/.":
                continue
            return match[0], rest.removeprefix("T").strip(" ,")
    if match := _COMPACT_TIME.fullmatch(text):
        return text[:8], ":".join(part for part in match.groups()[3:] if part)
    if match := _TIME_FIRST.fullmatch(text):
        return match["day"], match["time"].strip(" ,")
    return text, ""


def read_day(
    text: str, steps: list[str], *, order: str | None = None, year: int | None = None
) -> dt.date:
    """Read a day; year-first spellings always, others by the declared ``order``.

    Two digits of a year mean 2000-2069 and 1970-1999, and are counted.

    Raises
    ------
    WrongCellError
        For zeros, unknown spellings, impossible days, undeclared order, a missing year.
    """
    if _ZERO.fullmatch(text):
        raise WrongCellError("date_zero")
    if match := _YEAR_FIRST.fullmatch(text):
        y, sign, m, second, d = match.groups()
        if "年" in (sign, second) or "月" in (sign, second):
            steps.append("chinese_date")
        elif sign != second:
            raise WrongCellError("date_unreadable")
        elif sign != "-":
            steps.append("slash_date" if sign == "/" else "dot_date")
        return _day(int(y), int(m), int(d))
    if match := _COMPACT.fullmatch(text):
        steps.append("compact_date")
        return _day(*map(int, match.groups()))
    if match := _SHORT_CHINESE.fullmatch(text):
        steps.extend(("chinese_date", "two_digit_year"))
        return _day(_full_year(match[1]), int(match[2]), int(match[3]))
    if match := _NO_YEAR.fullmatch(text):
        if year is None:
            raise WrongCellError("date_year_missing")
        steps.extend(("chinese_date", "year_supplied"))
        return _day(year, int(match[1]), int(match[2]))
    if match := _TRIPLE.fullmatch(text):
        return _by_order(match, steps, order)
    raise WrongCellError("date_unreadable")


def _by_order(match: re.Match[str], steps: list[str], order: str | None) -> dt.date:
    first, sign, second, third = match.groups()
    if order in (None, "ymd"):
        # 05/03/24 is no habit of year-first writers: only a declaration makes it one.
        if len(third) == 4 or len(first) == 1 or (order is None and sign == "/"):
            raise WrongCellError("date_order_undeclared")
        steps.append("two_digit_year")
        return _day(_full_year(first), int(second), int(third))
    steps.append("declared_order")
    if len(third) == 2:
        steps.append("two_digit_year")
    y = _full_year(third)
    m, d = (first, second) if order == "mdy" else (second, first)
    return _day(y, int(m), int(d))


def _full_year(digits: str) -> int:
    year = int(digits)
    return year if len(digits) == 4 else year + (2000 if year < 70 else 1900)


def _day(year: int, month: int, day: int) -> dt.date:
    try:
        return dt.date(year, month, day)
    except ValueError as error:
        raise WrongCellError("date_impossible") from error


def read_time(
    text: str, steps: list[str], *, twelve: str | None = None
) -> tuple[dt.timedelta, dt.timezone | None]:
    """Read a time of day and its own offset, if it has one.

    ``twelve`` says what 上午12:05 and 晚上12:05 are: ``midnight`` (00:05) or ``noon``.

    Returns
    -------
    tuple of timedelta and timezone or None
        Time since midnight (24:00 is the next midnight), and the offset.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise WrongCellError("date_unreadable")
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    second = int(match["second"] or 0)
    before, after = (match["before"] or "").upper(), (match["after"] or "").upper()
    half = before or after
    if before and after:
        raise WrongCellError("date_unreadable")
    if half.isascii() and half:
        steps.append("twelve_hour_clock")
    elif half or match["sign"] != ":":
        steps.append("chinese_clock")
    if hour == 12 and half in _UNSURE:
        if twelve is None:
            raise WrongCellError("time_twelve")
        steps.append("declared_twelve")
        hour, half = (0 if twelve == "midnight" else 12), ""
    if half in ("AM", "PM", "A.M.", "P.M.") and not 1 <= hour <= 12:
        raise WrongCellError("date_impossible")
    if (half in _EVENING and hour < 12) or (half == "中午" and hour < 4):
        hour += 12
    elif half in ("AM", "A.M.", "凌晨") and hour == 12:
        hour = 0
    if minute > 59 or second > 59 or hour > 24 or (hour == 24 and (minute or second)):
        raise WrongCellError("date_impossible")
    if hour == 24:
        steps.append("hour_24")
    micro = int((match["fraction"] or "0")[:6].ljust(6, "0"))
    return (
        dt.timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micro),
        _offset(match["offset"]),
    )


def _offset(text: str | None) -> dt.timezone | None:
    if not text:
        return None
    bare = text.strip("()[] ").upper().removeprefix("UTC").removeprefix("GMT").strip()
    if bare in ("", "Z"):
        return dt.UTC
    sign = -1 if bare[0] == "-" else 1
    hours, _, minutes = bare[1:].partition(":")
    if not minutes and len(hours) > 2:
        hours, minutes = hours[:-2], hours[-2:]
    return dt.timezone(sign * dt.timedelta(hours=int(hours), minutes=int(minutes or 0)))
