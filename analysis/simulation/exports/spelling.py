"""Values as clients' systems and hands write them; which row gets which spelling is fixed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

_FULL_WIDTH = str.maketrans("0123456789.E", "０１２３４５６７８９．Ｅ")
_EXCEL_EPOCH = dt.date(1899, 12, 30)
LOCAL = "Asia/Shanghai"


def full_width(text: str) -> str:
    """Return the text with full-width digits and E, as Chinese input methods type them."""
    return text.translate(_FULL_WIDTH)


def _chinese_time(t: dt.datetime) -> str:
    half = "上午" if t.hour < 12 else "下午"
    hour = t.hour if t.hour <= 12 else t.hour - 12
    return f"{t.year}年{t.month}月{t.day}日 {half}{hour}:{t.minute:02d}"


def _iso_utc(t: dt.datetime) -> str:
    return f"{t - dt.timedelta(hours=8):%Y-%m-%dT%H:%M:%SZ}"


_TIMES: tuple[Callable[[dt.datetime], str], ...] = (
    lambda t: f"{t:%Y-%m-%d %H:%M:%S}",
    lambda t: f"{t.year}/{t.month}/{t.day} {t.hour}:{t.minute:02d}",
    lambda t: f"{t.year}.{t.month}.{t.day} {t.hour}:{t.minute:02d}",
    _chinese_time,
    _iso_utc,
)
_DATES: tuple[Callable[[dt.date], Any], ...] = (
    lambda d: f"{d:%Y-%m-%d}",
    lambda d: f"{d.year}/{d.month}/{d.day}",
    lambda d: f"{d.year}年{d.month}月{d.day}日",
    lambda d: f"{d.year}.{d.month}.{d.day}",
    lambda d: f"{d:%Y%m%d}",
)


def _style(row: int, styles: int) -> int:
    """Give most rows the first spelling and every tenth one of the others, in turn."""
    return 0 if row % 10 else 1 + (row // 10) % (styles - 1)


def times(column: pd.Series, blank: str = "") -> list[str]:
    """Return instants as local times in five spellings, to the minute; missing is ``blank``."""
    local = column.astype("datetime64[us, UTC]").dt.tz_convert(LOCAL).dt.tz_localize(None)
    moments = local.dt.to_pydatetime() if hasattr(local.dt, "to_pydatetime") else local
    known = column.notna().to_numpy()
    return [
        _TIMES[_style(i, len(_TIMES))](t) if there else blank
        for i, (t, there) in enumerate(zip(moments, known, strict=True))
    ]


def seconds(column: pd.Series) -> list[str]:
    """Return instants as ``2024/3/5 9:08:07``, the one spelling of questionnaire platforms."""
    local = column.astype("datetime64[us, UTC]").dt.tz_convert(LOCAL).dt.tz_localize(None)
    return [
        f"{t.year}/{t.month}/{t.day} {t.hour}:{t.minute:02d}:{t.second:02d}"
        for t in local.dt.to_pydatetime()
    ]


def dates(column: Iterable[Any], blank: str = "", *, serials: bool = False) -> list[Any]:
    """Return dates in five spellings, and now and then as Excel serials when ``serials``."""
    out: list[Any] = []
    for i, day in enumerate(column):
        if missing(day):
            out.append(blank)
        elif serials and i % 13 == 5:
            out.append((day - _EXCEL_EPOCH).days)
        else:
            out.append(_DATES[_style(i, len(_DATES))](day))
    return out


def missing(value: Any) -> bool:
    """Return whether a cell has no value."""
    return value is None or value is pd.NA or value is pd.NaT or value != value


def mapped(column: Iterable[Any], labels: dict[Any, str], blank: str = "") -> list[str]:
    """Return each value's label, ``blank`` for missing ones."""
    return [blank if missing(v) else labels[v] for v in column]


def counted(column: Iterable[Any], unit: str = "", blank: str = "") -> list[str]:
    """Return whole numbers as text, some in full width, some with their unit."""
    out = []
    for i, value in enumerate(column):
        if missing(value):
            out.append(blank)
            continue
        text = str(int(value))
        out.append(full_width(text) if i % 17 == 3 else text + (unit if i % 5 == 2 else ""))
    return out


def plain(column: Iterable[Any], blank: str = "") -> list[str]:
    """Return values as they are, missing ones as ``blank``."""
    return [blank if missing(v) else str(v) for v in column]


def money(column: Iterable[Any], blank: str = "") -> list[Any]:
    """Return amounts as numbers, as ``￥1,234.50``, as ``1,234.50`` and as ``1.2万``.

    万 is only used where it loses nothing.
    """
    out: list[Any] = []
    for i, value in enumerate(column):
        if missing(value):
            out.append(blank)
        elif i % 4 == 1:
            out.append(f"￥{value:,.2f}")
        elif i % 4 == 2:
            out.append(f"{value:,.2f}")
        elif i % 4 == 3 and value >= 10_000 and float(value) % 1000 == 0:
            out.append(f"{value / 10_000:g}万")
        else:
            out.append(float(value))
    return out


def identifiers(column: Iterable[Any], blank: str = "") -> list[str]:
    """Return identifiers, some in full width and some followed by a space."""
    out = []
    for i, value in enumerate(column):
        text = blank if missing(value) else str(value)
        if i % 97 == 11:
            text = full_width(text)
        elif i % 89 == 7:
            text += " "
        out.append(text)
    return out


SITE_ALIASES = {"云栖花园项目部": "云栖花园", "翠湖·花园": "翠湖花园"}
"""Spellings of two site names that some systems use."""


def site_names(column: Iterable[Any]) -> list[str]:
    """Return site names, every third time in the other spelling where there is one."""
    other = {name: alias for alias, name in SITE_ALIASES.items()}
    return [other[name] if i % 3 == 0 and name in other else name for i, name in enumerate(column)]


def with_repeats(columns: dict[str, Sequence[Any]], every: int) -> dict[str, list[Any]]:
    """Repeat every so manyth row right behind itself, as double clicks do."""
    n = len(next(iter(columns.values())))
    rows = np.arange(n)
    rows = np.sort(np.concatenate([rows, rows[every - 1 :: every]]))
    return {name: [values[i] for i in rows] for name, values in columns.items()}
