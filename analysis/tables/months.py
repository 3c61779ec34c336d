"""Months as running numbers."""

from __future__ import annotations

import datetime as dt

import pandas as pd


def period_of(day: dt.date) -> int:
    """Return the month of a date as a running number, ``year * 12 + month - 1``."""
    return day.year * 12 + day.month - 1


def month_of(period: int) -> dt.date:
    """Return the first day of a running month; inverse of :func:`period_of`."""
    return dt.date(period // 12, period % 12 + 1, 1)


def periods_of(moments: pd.Series) -> pd.Series:
    """Return the months of dates or times as running numbers; NaN where there is none."""
    return moments.dt.year * 12 + moments.dt.month - 1
