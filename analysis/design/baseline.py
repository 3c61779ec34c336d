"""The baseline as it is sealed: what the tables held before the first wave, and the levels."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.results import Estimate
from analysis.tables import TABLES, Rows, month_of, parts

DATED: Mapping[str, str] = {
    "surveys": "answered_at",
    "survey_means": "month",
    "tickets": "opened_at",
    "ratings": "rated_on",
    "assessments": "assessed_on",
    "invitations": "month",
    "ticket_counts": "month",
    "fees": "month",
    "contracts": "due_on",
    "crm_usage": "month",
}
"""Tables that measure something, and the column that says in which month a row falls."""

SEALED = (*DATED, "instruments")
"""Tables that are sealed."""

GROWING: Mapping[str, tuple[str, ...]] = {
    "tickets": ("staff_id", "reopened", "rating"),
    "contracts": ("renewed",),
}
"""Columns that are filled later without anybody changing the past; they are not sealed."""


def baseline_content(
    tables: Mapping[str, Rows],
    *,
    before: int,
    timezone: str,
    levels: Mapping[str, Estimate],
) -> dict[str, Any]:
    """Describe the baseline so that a later change shows.

    Parameters
    ----------
    tables : Mapping[str, DataFrame or Stored]
        Canonical tables; those of :data:`SEALED` count.
    before : int
        Running month of the first wave; earlier rows are the baseline.
    timezone : str
        Decides in which month an instant falls.
    levels : Mapping[str, Estimate]
        Baseline level by indicator.

    Returns
    -------
    dict
        ``before`` (month), ``rows`` and ``hashes`` by table, ``levels`` by indicator (six
        significant digits).

    Notes
    -----
    A date on or after the first wave counts as not yet known, so that a request opened before
    and resolved after it does not break the seal. The hash does not depend on row order.
    """
    sealed = {
        name: _sealed(frame, name, before, timezone)
        for name, frame in sorted(tables.items())
        if name in SEALED
    }
    return {
        "before": f"{month_of(before):%Y-%m}",
        "rows": {name: rows for name, (rows, _) in sealed.items()},
        "hashes": {name: digest for name, (_, digest) in sealed.items()},
        "levels": {
            name: float(f"{level.value:.6g}")
            for name, level in sorted(levels.items())
            if level.value is not None
        },
    }


def _sealed(table: Rows, name: str, before: int, timezone: str) -> tuple[int, str]:
    """Return how many rows of a table are sealed, and their hash."""
    if isinstance(table, pd.DataFrame):
        kept = _before(table, name, before, timezone)
        return len(kept), table_hash(kept)

    def earlier() -> Iterator[pd.DataFrame]:
        return (_before(part, name, before, timezone) for part in parts(table, table.columns))

    filled = sorted({column for part in earlier() for column in _filled(part)})
    hashes = [_row_hashes(part, filled) for part in earlier()]
    return sum(map(len, hashes)), _digest(hashes)


def _before(frame: pd.DataFrame, name: str, before: int, timezone: str) -> pd.DataFrame:
    kept = frame.drop(columns=[c for c in GROWING.get(name, ()) if c in frame])
    if name not in DATED:
        return kept
    kept = kept[_is_before(kept[DATED[name]], before, timezone)].copy()
    for column, spec in TABLES[name].columns.items():
        if column in kept and spec.kind in ("date", "instant") and column != DATED[name]:
            kept[column] = kept[column].where(_is_before(kept[column], before, timezone))
    return kept


def _is_before(values: pd.Series, before: int, timezone: str) -> pd.Series:
    start = pd.Timestamp(month_of(before))
    stamps = pd.to_datetime(values)
    if stamps.dt.tz is not None:
        start = start.tz_localize(timezone)
    return stamps < start


def table_hash(frame: pd.DataFrame) -> str:
    """Return a SHA-256 of a table's rows that does not depend on their order.

    Columns without any value do not count, so that a column that a later version of the data
    model adds breaks no seal.
    """
    return _digest([_row_hashes(frame, _filled(frame))])


def _filled(frame: pd.DataFrame) -> list[str]:
    return [column for column in sorted(frame.columns) if frame[column].notna().any()]


def _row_hashes(frame: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """(rows,) a 64-bit number for what each row holds in some columns."""
    if frame.empty:
        return np.empty(0, dtype=np.uint64)
    plain = frame[columns].reset_index(drop=True)
    dated = {c: plain[c].astype("str") for c in plain if plain[c].dtype == object}
    return pd.util.hash_pandas_object(plain.assign(**dated), index=False).to_numpy()


def _digest(hashes: Iterable[np.ndarray]) -> str:
    return hashlib.sha256(np.sort(np.concatenate(list(hashes))).tobytes()).hexdigest()
