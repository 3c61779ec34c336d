"""From parsed rows to a raw table: rows that are not data leave, each with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.errors import Fault
from analysis.ingest.readers.grid import is_empty
from analysis.ingest.readers.header import Header
from analysis.ingest.readers.raw import Dropped, RawTable, Source
from analysis.ingest.readers.rules import fault
from analysis.ingest.readers.suspect import damaged_cells, formula_cells, lost_characters, repaired
from analysis.ingest.readers.totals import TotalWords, marked, squeezed, stand_alone

_NOTE = re.compile(
    r"\s*(?:[(（]?\d{1,2}\s*[.、)）]\s*)?"
    r"(?:注|备注|说明|附注|制表|制单|导出|打印|审核|审批|复核|填表|经办|数据来源|note|source)"
    r"|[\s—–=*-]*(?:完|结束|以下空白|end)[\s—–=*-]*$",
    re.I,
)
"""How a note below the data begins, and what ends a table."""


def assemble(
    frame: pd.DataFrame,
    numbers: np.ndarray,
    *,
    header: Header,
    header_cells: Sequence[Sequence[Any]],
    source: Source,
    total_markers: Sequence[str],
    fill_down: Sequence[str],
    dropped: Sequence[Dropped],
    counts: dict[str, int],
    faults: Sequence[Fault],
) -> RawTable:
    """Take out rows that are not data, look for damaged cells, and put the table together.

    Parameters
    ----------
    frame : DataFrame
        All rows below the header; columns named by position.
    numbers : ndarray of int64
        Their row numbers.
    header, header_cells : Header, sequence of rows
        Column names, and the header rows as in the file.
    dropped, counts, faults
        Of the rows above; extended here.
    """
    place = {"file": source.file, "sheet": source.sheet}
    faults = list(faults)
    dropped = list(dropped)
    counts = {**header.counts, **counts}
    frame.columns = list(header.names)
    empty = _empty_cells(frame)
    frame, empty = _without_empty_columns(frame, empty, header, place, counts, faults)
    first = _first_cells(frame, empty)
    words = TotalWords(total_markers)
    reasons = _reasons(frame, empty, first, header_cells, words)
    for i in _totals(frame, empty, reasons, words):
        text = str(first[i])
        faults.append(fault("total_alone", row=int(numbers[i]), value=text, **place))
    for i in np.flatnonzero(reasons != ""):
        text = None if reasons[i] == "blank" else str(first[i])
        dropped.append(Dropped(int(numbers[i]), reasons[i], text))
    kept = reasons == ""
    if not kept.all():
        frame = frame.loc[kept].reset_index(drop=True)
        numbers = numbers[kept]
    for name in fill_down:
        if name not in frame.columns:
            faults.append(fault("fill_down_missing", params={"name": name}, column=name, **place))
            continue
        gaps = frame[name].isna() | frame[name].map(is_empty).astype(bool)
        frame[name] = frame[name].mask(gaps).ffill()
        counts["cells_filled_down"] = counts.get("cells_filled_down", 0) + int(gaps.sum())
    if not len(frame):
        faults.append(fault("no_rows", row=header.rows[-1] + 1, blocking=False, **place))
    faults.extend(_header_faults(header, place))
    for name in frame.columns:
        faults.extend(_cell_faults(frame[name], numbers, {**place, "column": name}))
    return RawTable(
        frame=frame,
        row_numbers=numbers.astype(np.int64),
        source=source,
        dropped=tuple(sorted(dropped, key=lambda row: row.row)),
        counts=MappingProxyType({name: n for name, n in counts.items() if n}),
        faults=tuple(faults),
    )


def _empty_cells(frame: pd.DataFrame) -> pd.DataFrame:
    columns = {}
    for i in range(frame.shape[1]):
        column = frame.iloc[:, i]
        if column.dtype == object:
            columns[i] = np.fromiter((is_empty(cell) for cell in column), bool, len(column))
        else:
            columns[i] = (column.isna() | column.str.isspace().fillna(False)).to_numpy(bool)
    return pd.DataFrame(columns, index=frame.index)


def _without_empty_columns(
    frame: pd.DataFrame,
    empty: pd.DataFrame,
    header: Header,
    place: dict[str, Any],
    counts: dict[str, int],
    faults: list[Fault],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    keep = np.ones(frame.shape[1], bool)
    for column in header.unnamed:
        if empty.iloc[:, column].all():
            keep[column] = False
            counts["empty_columns_dropped"] = counts.get("empty_columns_dropped", 0) + 1
        else:
            name = header.names[column]
            faults.append(
                fault(
                    "header_unnamed",
                    row=header.rows[-1] + 1,
                    column=name,
                    params={"name": name},
                    blocking=False,
                    **place,
                )
            )
    return (frame, empty) if keep.all() else (frame.loc[:, keep].copy(), empty.loc[:, keep])


def _first_cells(frame: pd.DataFrame, empty: pd.DataFrame) -> Sequence[Any]:
    """Return the first non-empty cell of each row, None for a blank row."""
    if _is_full_text(frame, empty):
        return frame.iloc[:, 0].array  # not millions of Python's own texts
    first = np.full(len(frame), None, dtype=object)
    open_rows = np.ones(len(frame), bool)
    for i in range(frame.shape[1]):
        here = open_rows & ~empty.iloc[:, i].to_numpy()
        first[here] = frame.iloc[:, i].to_numpy(object)[here]
        open_rows &= ~here
        if not open_rows.any():
            break
    return first


def _reasons(
    frame: pd.DataFrame,
    empty: pd.DataFrame,
    first: Sequence[Any],
    header_cells: Sequence[Sequence[Any]],
    words: TotalWords,
) -> np.ndarray:
    reasons = np.full(len(frame), "", dtype=object)
    levels = [[squeezed(cell) for cell in row if not is_empty(cell)] for row in header_cells]
    starts = {level[0] for level in levels if level}
    verdicts: dict[str, str] = {}
    if _is_full_text(frame, empty):
        texts = pa.array(frame.iloc[:, 0], pa.large_string(), from_pandas=True)
        texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    else:
        reasons[np.equal(first, None)] = "blank"
        texts = pa.array([c if type(c) is str else None for c in first], pa.large_string())
    for i in np.flatnonzero(words.may_end(texts, sorted(starts))):
        cell = first[i]
        verdict = verdicts.get(cell)
        if verdict is None:
            total = words.ends(cell)
            header = squeezed(cell) in starts
            verdict = verdicts[cell] = "total" if total else "header?" if header else ""
        if verdict == "header?":
            cells = [squeezed(c) for c in frame.iloc[i][~empty.iloc[i].to_numpy()]]
            verdict = "repeated_header" if cells in levels and len(cells) > 1 else ""
        reasons[i] = verdict
    filled = (~empty).sum(axis=1).to_numpy()
    for i in range(len(frame) - 1, -1, -1):
        if reasons[i] in ("blank", "total"):
            continue
        few = frame.shape[1] > 2 and filled[i] <= frame.shape[1] / 2
        if not (few and _is_note(frame.iloc[i][~empty.iloc[i].to_numpy()])):
            break
        reasons[i] = "note"
    return reasons


def _is_full_text(frame: pd.DataFrame, empty: pd.DataFrame) -> bool:
    """Return whether the first column has a text in every row."""
    return bool(frame.shape[1] and frame.iloc[:, 0].dtype != object and not empty.iloc[:, 0].any())


def _is_note(cells: pd.Series) -> bool:
    """Return whether all filled cells of a row are notes, or one is and the others what it says."""
    said = [isinstance(cell, str) and _NOTE.match(cell) is not None for cell in cells]
    return said[0] and (all(said) or (len(said) > 1 and str(cells.iloc[0]).strip()[-1] in ":："))


def _totals(
    frame: pd.DataFrame, empty: pd.DataFrame, reasons: np.ndarray, words: TotalWords
) -> np.ndarray:
    """Mark the rows that say total behind their first cell; return those that stand alone.

    Those that stand alone stay among the data. Where nothing but totals would be left out, the
    first of them is returned too.
    """
    at = np.where(reasons == "", marked(frame, empty, words), -1)
    at[reasons == "total"] = 0
    total = at >= 0
    alone = stand_alone(frame, empty, at, total)
    reasons[(at > 0) & ~alone] = "total"
    if total.any() and not (reasons == "").any():
        alone[np.flatnonzero(total)[0]] = True
    return np.flatnonzero(alone)


def _header_faults(header: Header, place: dict[str, Any]) -> Iterator[Fault]:
    for name in header.names:
        at = {**place, "row": header.rows[-1] + 1, "column": name, "value": name}
        if (meant := repaired(name)) is not None:
            yield fault("encoding_mojibake", params={"value": name, "repaired": meant}, **at)
        elif lost_characters(name):
            yield fault("encoding_replacement", **at)


def _cell_faults(column: pd.Series, numbers: np.ndarray, place: dict[str, Any]) -> Iterator[Fault]:
    for i, text in formula_cells(column):
        yield fault("formula_in_cell", row=int(numbers[i]), value=text, **place)
    damaged = list(damaged_cells(column))
    for rule in ("encoding_mojibake", "encoding_replacement"):
        cells = [c for c in damaged if (c[2] is None) == (rule == "encoding_replacement")]
        if cells:
            i, text, meant = cells[0]
            params = {"value": text, "repaired": meant, "count": len(cells)}
            yield fault(rule, row=int(numbers[i]), value=text, params=params, **place)
