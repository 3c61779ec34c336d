"""Columns of canonical tables as the NumPy arrays that statistics need."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.tables import Rows, filled, periods_of


def floats(series: pd.Series) -> np.ndarray:
    """Return a numeric or boolean column as float64, NULL as NaN."""
    return series.to_numpy(dtype=np.float64, na_value=np.nan)


def dates(series: pd.Series) -> pd.Series:
    """Return a date column as ``datetime64``, NULL as NaT."""
    return pd.to_datetime(series.astype(object), errors="raise")


def instants(series: pd.Series, timezone: str = "UTC") -> pd.Series:
    """Return a column of instants in a time zone, NULL as NaT."""
    return pd.to_datetime(series, utc=True).dt.tz_convert(timezone)


def periods(moments: pd.Series) -> pd.Series:
    """Return the running month ``year * 12 + month - 1`` of dates; nullable int64."""
    return periods_of(moments).astype("Int64")


def present(frame: Rows | None, *columns: str) -> bool:
    """Whether a table has rows and the named columns hold at least one value each."""
    return (
        frame is not None
        and len(frame) > 0
        and all(column in frame.columns and filled(frame, column) > 0 for column in columns)
    )
