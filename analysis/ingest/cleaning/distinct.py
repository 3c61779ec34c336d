"""Work once for each distinct cell: finding them, and giving every cell its outcome."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analysis.ingest.cleaning.converted import Converted
from analysis.ingest.cleaning.spelling import WrongCellError, shown

_FAULT_COLUMNS = ("position", "rule", "value", "expected")


class Outcomes:
    """What became of each distinct cell; ``bulk`` holds those converted many at once."""

    def __init__(self, size: int) -> None:
        self.results: list[Any] = [None] * size
        self.reasons: list[str | None] = [None] * size
        self.wrong: dict[int, WrongCellError] = {}
        self.steps: dict[int, tuple[str, ...]] = {}
        self.bulk: list[tuple[np.ndarray, pa.Array, tuple[str, ...]]] = []


def distinct_cells(series: pd.Series) -> tuple[np.ndarray, list[Any]]:
    """Return for each cell the index of its distinct value (-1 for missing), and the values."""
    if series.dtype != object:
        codes, distinct = pd.factorize(series, use_na_sentinel=True)
        return codes, distinct.tolist() if hasattr(distinct, "tolist") else list(distinct)
    # True, 1 and 1.0 are equal but not the same cell.
    seen: dict[tuple[type, Any], int] = {}
    absent = series.isna().to_numpy()
    codes = np.full(len(series), -1, dtype=np.int64)
    for i, cell in enumerate(series.to_numpy()):
        if not absent[i]:
            codes[i] = seen.setdefault((type(cell), cell), len(seen))
    return codes, [cell.item() if isinstance(cell, np.generic) else cell for _, cell in seen]


def as_texts(cells: Sequence[Any]) -> pa.Array:
    """Return the texts among cells; NULL for what is no text."""
    try:
        return pa.array(cells, pa.string())
    except (pa.ArrowTypeError, pa.ArrowInvalid):  # numbers or days among them
        return pa.array([cell if isinstance(cell, str) else None for cell in cells], pa.string())


def spread(
    series: pd.Series,
    codes: np.ndarray,
    distinct: list[Any],
    outcomes: Outcomes,
    kind: pa.DataType,
    *,
    personal: bool,
) -> Converted:
    """Give every cell the outcome of its distinct value."""
    absent = codes < 0
    taken = pa.array(codes, pa.int64(), mask=absent)
    values = pa.array(outcomes.results, kind) if distinct else pa.nulls(0, kind)
    for done, fast, _ in outcomes.bulk:
        values = pc.if_else(pa.array(done), fast.cast(kind), values)
    reasons = pa.array(outcomes.reasons, pa.string()).take(taken)
    reasons = pc.if_else(pa.array(absent), pa.scalar("blank"), reasons)
    times = np.bincount(codes[~absent], minlength=len(distinct))
    counts: dict[str, int] = {"missing_blank": int(absent.sum())}
    for i, steps in outcomes.steps.items():
        for step in steps:
            counts[step] = counts.get(step, 0) + int(times[i])
    for done, _, steps in outcomes.bulk:
        for step in steps:
            counts[step] = counts.get(step, 0) + int(times[done].sum())
    return Converted(
        values=_series(values.take(taken), series),
        reasons=_series(reasons, series),
        faults=_faults(codes, distinct, outcomes, personal),
        counts=MappingProxyType({name: n for name, n in sorted(counts.items()) if n}),
    )


def _series(array: pa.Array, like: pd.Series) -> pd.Series:
    return pd.Series(
        pd.array(array, dtype=pd.ArrowDtype(array.type)), index=like.index, name=like.name
    )


def _faults(
    codes: np.ndarray, distinct: list[Any], outcomes: Outcomes, personal: bool
) -> pd.DataFrame:
    faulty = np.zeros(len(distinct) + 1, bool)
    faulty[list(outcomes.wrong)] = True
    faulty[-1] = False  # code -1: missing
    positions = np.flatnonzero(faulty[codes])
    wrong = [(outcomes.wrong[codes[i]], distinct[codes[i]]) for i in positions]
    columns = (
        positions.astype(np.int64),
        [error.rule for error, _ in wrong],
        [None if personal else shown(cell) for _, cell in wrong],
        [error.expected for error, _ in wrong],
    )
    frame = pd.DataFrame(dict(zip(_FAULT_COLUMNS, columns, strict=True)))
    return frame.astype({"rule": object, "value": object, "expected": object})
