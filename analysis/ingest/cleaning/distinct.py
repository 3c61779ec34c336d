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
    """What became of each distinct cell; ``bulk`` holds those converted many at once.

    ``results`` and ``reasons`` have no entries where none was read by itself.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.results: list[Any] = []
        self.reasons: list[str | None] = []
        self.wrong: dict[int, WrongCellError] = {}
        self.steps: dict[int, tuple[str, ...]] = {}
        self.bulk: list[tuple[np.ndarray, pa.Array, tuple[str, ...]]] = []

    @property
    def read(self) -> bool:
        """Whether any cell was read by itself."""
        return bool(self.results)

    def open(self) -> None:
        """Make room for cells that are read by themselves."""
        if not self.results:
            self.results, self.reasons = [None] * self.size, [None] * self.size


def distinct_cells(
    series: pd.Series, *, may_repeat: bool = False
) -> tuple[np.ndarray, Sequence[Any]]:
    """Return for each cell the index of its distinct value (-1 for missing), and the values.

    Texts that an Arrow array holds are returned as one. ``may_repeat`` allows values that stand
    there more than once, where finding out which do takes longer than reading them again.
    """
    if series.dtype != object:
        texts = _texts_of(series)
        if texts is not None and may_repeat and _mostly_different(texts):
            codes = np.arange(len(texts), dtype=np.int64)
            if texts.null_count:
                codes[pc.is_null(texts).to_numpy(zero_copy_only=False)] = -1
            return codes, texts
        if texts is not None:
            coded = texts.dictionary_encode()
            return _codes(coded), coded.dictionary
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


_SAMPLE = 20_000
_SMALL = 2**31
"""Bytes that an array of texts with short offsets can hold."""


def _texts_of(series: pd.Series) -> pa.Array | None:
    """Return a column of texts as one Arrow array, None for one that holds anything else."""
    array = pa.array(series, from_pandas=True)
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    if pa.types.is_large_string(array.type) and array.nbytes < _SMALL:
        array = array.cast(pa.string())
    return array if pa.types.is_string(array.type) else None


def _mostly_different(texts: pa.Array) -> bool:
    """Return whether most cells of a long column are other than all before, by its beginning."""
    first = texts.slice(0, _SAMPLE)
    return len(first) == _SAMPLE and len(first.unique()) > _SAMPLE // 2


def _codes(coded: pa.DictionaryArray) -> np.ndarray:
    places = coded.indices
    if places.null_count:
        places = pc.fill_null(places, -1)
    return places.to_numpy(zero_copy_only=False).astype(np.int64)


def as_texts(cells: Sequence[Any]) -> pa.Array:
    """Return the texts among cells; NULL for what is no text."""
    if isinstance(cells, pa.Array):
        return cells
    try:
        return pa.array(cells, pa.string())
    except (pa.ArrowTypeError, pa.ArrowInvalid):  # numbers or days among them
        return pa.array([cell if isinstance(cell, str) else None for cell in cells], pa.string())


def texts_only(cells: Sequence[Any]) -> bool:
    """Return whether cells are texts, all of them."""
    return isinstance(cells, pa.Array) or set(map(type, cells)) <= {str}


def plain_cells(cells: Sequence[Any]) -> Sequence[Any]:
    """Return cells as Python's own objects."""
    return cells.to_pylist() if isinstance(cells, pa.Array) else cells


def cell_of(cells: Sequence[Any], place: int) -> Any:
    """Return one cell as Python's own object."""
    return cells[place].as_py() if isinstance(cells, pa.Array) else cells[place]


def spread(
    series: pd.Series,
    codes: np.ndarray,
    distinct: Sequence[Any],
    outcomes: Outcomes,
    kind: pa.DataType,
    *,
    personal: bool,
) -> Converted:
    """Give every cell the outcome of its distinct value."""
    absent = codes < 0
    in_place = isinstance(distinct, pa.Array) and len(distinct) == len(codes)
    in_place = in_place and bool((absent | (codes == np.arange(len(codes)))).all())
    taken = pa.array(codes, pa.int64(), mask=absent)
    values = pa.array(outcomes.results, kind) if outcomes.read else pa.nulls(len(distinct), kind)
    for done, fast, _ in outcomes.bulk:
        values = pc.if_else(pa.array(done), fast.cast(kind), values)
    if outcomes.read:
        reasons = pa.array(outcomes.reasons, pa.string())
    else:
        reasons = pa.nulls(len(distinct), pa.string())
    if not in_place:  # else each cell is where its outcome is
        values, reasons = values.take(taken), reasons.take(taken)
    if absent.any():
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
        values=_series(values, series),
        reasons=_series(reasons, series),
        faults=_faults(codes, distinct, outcomes, personal),
        counts=MappingProxyType({name: n for name, n in sorted(counts.items()) if n}),
    )


def _series(array: pa.Array, like: pd.Series) -> pd.Series:
    return pd.Series(
        pd.array(array, dtype=pd.ArrowDtype(array.type)), index=like.index, name=like.name
    )


def _faults(
    codes: np.ndarray, distinct: Sequence[Any], outcomes: Outcomes, personal: bool
) -> pd.DataFrame:
    positions = np.empty(0, np.int64)
    if outcomes.wrong:
        faulty = np.zeros(len(distinct) + 1, bool)
        faulty[list(outcomes.wrong)] = True
        faulty[-1] = False  # code -1: missing
        positions = np.flatnonzero(faulty[codes])
    wrong = [(outcomes.wrong[codes[i]], cell_of(distinct, codes[i])) for i in positions]
    columns = (
        positions.astype(np.int64),
        [error.rule for error, _ in wrong],
        [None if personal else shown(cell) for _, cell in wrong],
        [error.expected for error, _ in wrong],
    )
    frame = pd.DataFrame(dict(zip(_FAULT_COLUMNS, columns, strict=True)))
    return frame.astype({"rule": object, "value": object, "expected": object})
