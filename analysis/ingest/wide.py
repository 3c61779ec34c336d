"""Months or quarters as columns, one measure a column or a sheet, turned into rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from analysis.client import Source, Wide
from analysis.errors import Fault
from analysis.ingest.headers import folded
from analysis.ingest.problems import fault
from analysis.ingest.readers import RawTable
from analysis.tables import TABLES

HEAD, CELL = "$head", "$cell"


@dataclass(frozen=True, slots=True)
class Longer:
    """The tables after heads became rows, and what that did to the number of rows.

    ``added`` rows came, of which ``left_out`` went again by reason: ``no_head`` (no value under
    any head), ``head_blank`` (no value under this head), ``joined`` (part of another sheet's row).

    Per table, ``present`` are the headers that its files have, folded; ``elsewhere`` the measures
    that other tables hold, so that its own rows have none of them; ``faults`` what is wrong with
    its heads and measures.
    """

    tables: tuple[RawTable, ...]
    added: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    present: tuple[frozenset[str], ...] = ()
    elsewhere: tuple[frozenset[str], ...] = ()
    faults: tuple[tuple[Fault, ...], ...] = ()


def to_rows(source: Source, tables: Sequence[RawTable]) -> Longer:
    """Return the raw tables of a source with one row per row of the file and head.

    A head is what the headers of several columns say of all their cells, as a rule the month.
    Each measure becomes a column of its name. Where the sheets (or files) are the measures,
    those of one file (or all files) are brought together by the columns that are no heads; if
    the source aggregates, several rows may say the same there (one per building), and each
    sheet's rows stay apart until they are summed.

    Parameters
    ----------
    source : Source
        Its ``wide`` says which columns are heads.
    tables : sequence of RawTable
        As read, without the rows that do not count; never changed.

    Returns
    -------
    Longer
        The tables themselves where the source declares nothing. A row keeps its number in
        the file; heads without any value in a row are left out of it.
    """
    wide = source.wide
    if wide is None:
        present = tuple(_headers(table) for table in tables)
        nothing = (frozenset(),) * len(present)
        return Longer(
            tuple(tables), present=present, elsewhere=nothing, faults=((),) * len(present)
        )
    melted = [_melted(table, wide) for table in tables]
    lost = sum(
        len(set(map(int, before.row_numbers)) - set(map(int, after.table.row_numbers)))
        for before, after in zip(tables, melted, strict=True)
    )
    rows = sum(len(one.table) for one in melted)
    blank = sum(one.blank for one in melted)
    added = rows + lost + blank - sum(map(len, tables))
    groups: dict[str, list[_Melted]] = {}
    for number, one in enumerate(melted):
        file = one.table.source.file
        place = {"$sheet": file, "$file": ""}.get(wide.measure, str(number))
        groups.setdefault(place, []).append(one)
    if source.aggregate is not None:
        parts = [part for group in groups.values() for part in _apart(group, source)]
    elif wide.measure is None:
        parts = melted
    else:
        parts = [_joined(group, source) for group in groups.values()]
    left_out = {
        "no_head": lost,
        "head_blank": blank,
        "joined": rows - sum(len(part.table) for part in parts),
    }
    return Longer(
        tuple(part.table for part in parts),
        added,
        {k: n for k, n in left_out.items() if n},
        present=tuple(part.present for part in parts),
        elsewhere=tuple(part.elsewhere for part in parts),
        faults=tuple(part.faults for part in parts),
    )


@dataclass(frozen=True, slots=True)
class _Melted:
    """One table after its heads became rows; the other fields are those of :class:`Longer`.

    ``blank`` counts the heads without a value in rows that have one under another head.
    """

    table: RawTable
    present: frozenset[str]
    measures: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()
    faults: tuple[Fault, ...] = ()
    blank: int = 0


def _headers(table: RawTable) -> frozenset[str]:
    return frozenset(folded(str(header)) for header in table.frame.columns)


def _melted(table: RawTable, wide: Wide) -> _Melted:
    pattern = re.compile(wide.heads)
    found: dict[str, dict[str, str]] = {}
    measure_of: dict[str, str] = {}
    told: list[Fault] = []
    for header in map(str, table.frame.columns):
        match = pattern.fullmatch(header)
        if match is None:
            continue
        measure = _measure(table, match, wide)
        columns = found.setdefault(match["head"], {})
        if measure in columns:
            told.append(_head_twice(table, header, columns[measure], match["head"]))
        columns[measure] = header
        measure_of[header] = measure
    if not found:
        lacking = fault(
            "heads_missing",
            params={"pattern": wide.heads},
            file=table.source.file,
            sheet=table.source.sheet,
        )
        nothing = table.frame.iloc[:0].assign(**{HEAD: None, CELL: None})
        empty = replace(table, frame=nothing, row_numbers=table.row_numbers[:0])
        return _Melted(empty, _headers(table), faults=(lacking,))
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
    blank = _blank(table, list(found), rows)
    told += [] if blank is None else [blank]
    order = np.argsort(np.concatenate(rows), kind="stable")
    frame = pd.concat(parts, ignore_index=True).iloc[order].reset_index(drop=True)
    faults = [
        f if f.column not in measure_of else replace(f, column=measure_of[f.column])
        for f in table.faults
    ]
    turned = replace(
        table,
        frame=frame,
        row_numbers=table.row_numbers[np.concatenate(rows)[order]],
        faults=tuple(faults),
    )
    return _Melted(
        turned,
        _headers(table),
        measures=frozenset(measure_of.values()),
        faults=tuple(told),
        blank=0 if blank is None else blank.params["count"],
    )


def _head_twice(table: RawTable, header: str, other: str, head: str) -> Fault:
    """Return the fault of a column that says the same head and measure as another."""
    return fault(
        "head_twice",
        params={"head": head, "other": other},
        file=table.source.file,
        sheet=table.source.sheet,
        row=table.source.header_rows[-1] if table.source.header_rows else None,
        column=header,
    )


def _blank(table: RawTable, heads: Sequence[str], rows: Sequence[np.ndarray]) -> Fault | None:
    """Return what is recorded of heads without a value, in rows with one elsewhere; else None."""
    filled = np.zeros((len(table), len(heads)), dtype=bool)
    for number, positions in enumerate(rows):
        filled[positions, number] = True
    lacking = ~filled & filled.any(axis=1)[:, None]
    if not lacking.any():
        return None
    row, head = np.argwhere(lacking)[0]
    return fault(
        "head_blank",
        params={"count": int(lacking.sum()), "head": heads[head]},
        file=table.source.file,
        sheet=table.source.sheet,
        row=int(table.row_numbers[row]),
        blocking=False,
    )


def _apart(group: Sequence[_Melted], source: Source) -> list[_Melted]:
    """Let every table keep its own rows, with the measures of the others empty."""
    wanted = {folded(h) for m in source.columns.values() for h in m.header}
    every = frozenset().union(*(one.measures for one in group))
    every = frozenset(measure for measure in every if folded(measure) in wanted)
    parts = []
    for one in group:
        others = every - one.measures
        frame = one.table.frame.assign(**dict.fromkeys(sorted(others)))
        parts.append(replace(one, table=replace(one.table, frame=frame), elsewhere=others))
    return parts


def _measure(table: RawTable, match: re.Match[str], wide: Wide) -> str:
    if wide.measure == "$sheet":
        return table.source.sheet or CELL
    if wide.measure == "$file":
        return _stem(table)
    return match.groupdict().get("measure") or CELL


def _joined(group: Sequence[_Melted], source: Source) -> _Melted:
    """Bring the measures of several sheets together, by everything that the source maps."""
    tables = [one.table for one in group]
    measures = {
        str(column)
        for table in tables
        for column in table.frame.columns
        if column not in (*_identifying(table, source), HEAD)
    }
    wanted = {folded(h) for m in source.columns.values() for h in m.header}
    frames, faults = [], [fault for one in group for fault in one.faults]
    for table in tables:
        by = [*_identifying(table, source), HEAD]
        mine = [c for c in table.frame.columns if c in measures and folded(str(c)) in wanted]
        frame = table.frame[[*by, *mine]].copy()
        twice = frame.duplicated(by).to_numpy()
        faults += _twice(table, frame, twice, source)
        frame["$row_number"] = table.row_numbers
        frames.append(frame[~twice])
    whole = frames[0]
    for frame in frames[1:]:
        by = [c for c in whole.columns if c in frame.columns and c != "$row_number"]
        whole = whole.merge(frame, on=by, how="outer", suffixes=("", "#other"), sort=False)
        whole["$row_number"] = whole["$row_number"].fillna(whole["$row_number#other"])
        whole = whole.drop(columns="$row_number#other")
    rows = whole.pop("$row_number").to_numpy(dtype=np.int64)
    joined = replace(
        tables[0],
        frame=whole,
        row_numbers=rows,
        faults=tuple(fault for table in tables for fault in table.faults),
        dropped=tuple(row for table in tables for row in table.dropped),
    )
    present = frozenset().union(*(one.present for one in group))
    return _Melted(joined, present, faults=tuple(faults))


def _twice(table: RawTable, frame: pd.DataFrame, twice: np.ndarray, source: Source) -> list[Fault]:
    """Return a fault for each row of a sheet that says again what another row says."""
    spec = TABLES[source.table].columns
    summed = [c for c in source.columns if spec[c].kind in ("number", "int")]
    numbers = table.row_numbers[twice]
    first = np.unique(numbers, return_index=True)[1]
    return [
        fault(
            "measure_twice",
            params={"head": frame[HEAD].to_numpy()[twice][n], "sums": ", ".join(summed)},
            file=table.source.file,
            sheet=table.source.sheet,
            row=int(numbers[n]),
        )
        for n in first
    ]


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
