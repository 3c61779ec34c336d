"""Months or quarters as columns, one measure a column or a sheet, turned into rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from analysis.client import Source, Wide
from analysis.ingest.headers import folded
from analysis.ingest.problems import fault
from analysis.ingest.readers import RawTable

HEAD, CELL = "$head", "$cell"


@dataclass(frozen=True, slots=True)
class Longer:
    """The tables after heads became rows, and what that did to the number of rows.

    ``added`` rows came, of which ``left_out`` went again by reason: ``no_head`` (no value under
    any head), ``joined`` (part of another sheet's row).
    """

    tables: tuple[RawTable, ...]
    added: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)


def to_rows(source: Source, tables: Sequence[RawTable]) -> Longer:
    """Return the raw tables of a source with one row per row of the file and head.

    A head is what the headers of several columns say of all their cells, as a rule the month.
    Each measure becomes a column of its name; where the sheets (or files) are the measures,
    those of one file (or all files) are brought together by the columns that are no heads.

    Parameters
    ----------
    source : Source
        Its ``wide`` says which columns are heads.
    tables : sequence of RawTable
        As read; never changed.

    Returns
    -------
    Longer
        The tables themselves where the source declares nothing. A row keeps its number in
        the file; heads without any value in a row are left out of it.
    """
    wide = source.wide
    if wide is None:
        return Longer(tuple(tables))
    longer = [_melted(table, wide) for table in tables]
    lost = sum(
        len(set(map(int, before.row_numbers)) - set(map(int, after.row_numbers)))
        for before, after in zip(tables, longer, strict=True)
    )
    melted = sum(map(len, longer))
    added = melted + lost - sum(map(len, tables))
    if wide.measure is not None:
        together: dict[str, list[RawTable]] = {}
        for table in longer:
            place = table.source.file if wide.measure == "$sheet" else ""
            together.setdefault(place, []).append(table)
        longer = [_joined(group, source) for group in together.values()]
    left_out = {"no_head": lost, "joined": melted - sum(map(len, longer))}
    return Longer(tuple(longer), added, {k: n for k, n in left_out.items() if n})


def _melted(table: RawTable, wide: Wide) -> RawTable:
    pattern = re.compile(wide.heads)
    found: dict[str, dict[str, str]] = {}
    measure_of: dict[str, str] = {}
    for header in map(str, table.frame.columns):
        match = pattern.fullmatch(header)
        if match is None:
            continue
        measure = _measure(table, match, wide)
        found.setdefault(match["head"], {})[measure] = header
        measure_of[header] = measure
    if not found:
        lacking = fault(
            "heads_missing",
            params={"pattern": wide.heads},
            file=table.source.file,
            sheet=table.source.sheet,
        )
        nothing = table.frame.iloc[:0].assign(**{HEAD: None, CELL: None})
        return replace(
            table,
            frame=nothing,
            row_numbers=table.row_numbers[:0],
            faults=(*table.faults, lacking),
        )
    kept = [header for header in table.frame.columns if str(header) not in measure_of]
    parts, rows = [], []
    for head, columns in found.items():
        part = table.frame[kept].copy()
        part[HEAD] = head
        for measure in dict.fromkeys(measure_of.values()):
            header = columns.get(measure)
            part[measure] = None if header is None else table.frame[header].to_numpy(dtype=object)
        filled = part[list(columns)].notna().any(axis=1).to_numpy()
        parts.append(part[filled])
        rows.append(np.flatnonzero(filled))
    order = np.argsort(np.concatenate(rows), kind="stable")
    frame = pd.concat(parts, ignore_index=True).iloc[order].reset_index(drop=True)
    faults = [
        f if f.column not in measure_of else replace(f, column=measure_of[f.column])
        for f in table.faults
    ]
    return replace(
        table,
        frame=frame,
        row_numbers=table.row_numbers[np.concatenate(rows)[order]],
        faults=tuple(faults),
    )


def _measure(table: RawTable, match: re.Match[str], wide: Wide) -> str:
    if wide.measure == "$sheet":
        return table.source.sheet or CELL
    if wide.measure == "$file":
        return _stem(table)
    return match.groupdict().get("measure") or CELL


def _joined(tables: Sequence[RawTable], source: Source) -> RawTable:
    """Bring the measures of several sheets together, by everything that the source maps."""
    measures = {
        str(column)
        for table in tables
        for column in table.frame.columns
        if column not in (*_identifying(table, source), HEAD)
    }
    wanted = {folded(h) for m in source.columns.values() for h in m.header}
    frames, faults = [], []
    for table in tables:
        by = [*_identifying(table, source), HEAD]
        mine = [c for c in table.frame.columns if c in measures and folded(str(c)) in wanted]
        frame = table.frame[[*by, *mine]].copy()
        twice = frame.duplicated(by).to_numpy()
        for place in np.flatnonzero(twice):
            faults.append(
                fault(
                    "measure_twice",
                    params={"head": frame[HEAD].iloc[place]},
                    file=table.source.file,
                    sheet=table.source.sheet,
                    row=int(table.row_numbers[place]),
                )
            )
        faults += table.faults
        frame["$row_number"] = table.row_numbers
        frames.append(frame[~twice])
    whole = frames[0]
    for frame in frames[1:]:
        by = [c for c in whole.columns if c in frame.columns and c != "$row_number"]
        whole = whole.merge(frame, on=by, how="outer", suffixes=("", "#other"), sort=False)
        whole["$row_number"] = whole["$row_number"].fillna(whole["$row_number#other"])
        whole = whole.drop(columns="$row_number#other")
    rows = whole.pop("$row_number").to_numpy(dtype=np.int64)
    dropped = tuple(row for table in tables for row in table.dropped)
    return replace(tables[0], frame=whole, row_numbers=rows, faults=tuple(faults), dropped=dropped)


def _identifying(table: RawTable, source: Source) -> list[str]:
    """Return the headers that the source maps and that stand beside the heads."""
    mapped = {folded(h) for m in source.columns.values() for h in m.header}
    pattern = re.compile(source.wide.heads)
    measure = table.source.sheet if source.wide.measure == "$sheet" else _stem(table)
    return [
        str(c)
        for c in table.frame.columns
        if folded(str(c)) in mapped and str(c) != measure and not pattern.fullmatch(str(c))
        and c != HEAD
    ]  # fmt: skip


def _stem(table: RawTable) -> str:
    return table.source.file.rpartition("/")[2].rpartition(".")[0]
