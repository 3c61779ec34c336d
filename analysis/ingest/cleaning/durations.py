"""Lengths of time: 123秒, 2分钟3秒, 00:02:03, 24小时, 1h30m, 90'."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

from analysis.ingest.cleaning.numbers import _APPROXIMATE, Parse, check_range
from analysis.ingest.cleaning.spelling import WrongCellError

SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
_WORDS = {
    "天": 86400, "日": 86400, "d": 86400, "day": 86400, "days": 86400,
    "小时": 3600, "个小时": 3600, "时": 3600, "h": 3600, "hr": 3600, "hrs": 3600,
    "hour": 3600, "hours": 3600, "小時": 3600,
    "分钟": 60, "分": 60, "min": 60, "mins": 60, "m": 60, "minute": 60, "minutes": 60, "分鐘": 60,
    "'": 60, "′": 60, "’": 60,
    "秒": 1, "秒钟": 1, "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1, '"': 1, "″": 1,
}  # fmt: skip
_NAMES = "|".join(sorted(_WORDS, key=len, reverse=True))
_PART = re.compile(rf"(\d+(?:\.\d+)?)\s*({_NAMES})\.?\s*", re.IGNORECASE)
_WHOLE = re.compile(rf"(?:{_PART.pattern})+", re.IGNORECASE)
_CLOCK = re.compile(r"(\d+):(\d{1,2})(?::(\d{1,2}(?:\.\d+)?))?")
_BARE = re.compile(r"\d+(?:\.\d+)?")


def duration(
    *,
    unit: str | None = None,
    cell_unit: str | None = None,
    low: float | None = 0,
    high: float | None = None,
    approximate: bool = False,
) -> Parse:
    """Return the parser of durations, in ``unit``; a bare number is in ``cell_unit``."""
    if unit not in SECONDS or cell_unit not in (None, *SECONDS):
        raise ValueError(f"unit and cell_unit of a duration are among {', '.join(SECONDS)}")

    def parse(cell: Any, steps: list[str]) -> float:
        seconds = _seconds(cell, steps)
        value = Decimal(str(seconds)) / SECONDS[unit]
        if low == 0 and value < 0:
            raise WrongCellError("duration_negative")
        check_range(float(value), low, high)
        return float(value)

    def _seconds(cell: Any, steps: list[str]) -> Decimal:
        if isinstance(cell, dt.timedelta):
            steps.append("duration_spelled")
            return Decimal(str(cell.total_seconds()))
        if isinstance(cell, dt.time):
            steps.append("duration_spelled")
            return Decimal(cell.hour * 3600 + cell.minute * 60 + cell.second)
        if isinstance(cell, (int, float)) and not isinstance(cell, bool):
            return _bare(Decimal(repr(cell)), steps)
        if not isinstance(cell, str):
            raise WrongCellError("duration_unreadable")
        text = _APPROXIMATE.sub("", cell)
        if text != cell:
            if not approximate:
                raise WrongCellError("number_approximate")
            steps.append("approximate")
        sign = -1 if text.startswith("-") else 1
        text = text.removeprefix("-").strip()
        if _BARE.fullmatch(text):
            return sign * _bare(Decimal(text), steps)
        if match := _CLOCK.fullmatch(text):
            if match[3] is None:
                raise WrongCellError("duration_clock")
            steps.append("duration_spelled")
            hours, minutes, rest = match[1], match[2], match[3]
            return sign * (int(hours) * 3600 + int(minutes) * 60 + Decimal(rest))
        if not _WHOLE.fullmatch(text):
            raise WrongCellError("duration_unreadable")
        steps.append("duration_spelled")
        parts = _PART.findall(text)
        return sign * sum(Decimal(n) * _WORDS[name.lower()] for n, name in parts)

    def _bare(value: Decimal, steps: list[str]) -> Decimal:
        if cell_unit is None:
            raise WrongCellError("duration_unit_undeclared")
        if cell_unit != unit:
            steps.append("duration_converted")
        return value * SECONDS[cell_unit]

    return parse
