"""The one entrance to a client's files."""

from __future__ import annotations

import codecs
import contextlib
import difflib
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.errors import Fault, InputError
from analysis.ingest.readers import bounds, columnar, delimited, detect, markup, workbook
from analysis.ingest.readers.bounds import Limits
from analysis.ingest.readers.damage import told_as_damage
from analysis.ingest.readers.grid import Grid, Merge, is_empty
from analysis.ingest.readers.header import find_header, name_columns
from analysis.ingest.readers.layout import assemble
from analysis.ingest.readers.raw import Dropped, Format, OtherSheet, RawTable, Source
from analysis.ingest.readers.rules import fault
from analysis.ingest.readers.totals import MARKERS, TotalWords

_REPLACED = "\ufffd".encode()


def read(
    path: str | Path,
    *,
    name: str | None = None,
    sheet: str | Sequence[str] | None = None,
    header_rows: int | Sequence[int] | None = None,
    encoding: str | None = None,
    format: Format | None = None,
    delimiter: str | None = None,
    total_markers: Sequence[str] = MARKERS,
    fill_down: Sequence[str] = (),
    content: bytes | Callable[[], bytes] | None = None,
    limits: Limits | None = None,
) -> list[RawTable]:
    """Read a file as it is: one raw table a sheet.

    Parameters
    ----------
    path : str or Path
        The file.
    name : str, optional
        How faults and the source name it, e.g. relative to the client's folder.
    sheet : str or sequence of str, optional
        Names or patterns (``2024年*``) of the sheets wanted; by default every visible sheet that
        has cells.
    header_rows : int or sequence of int, optional
        Row number(s) of the header as a spreadsheet program shows them, e.g. ``[2, 3]``. Found
        by recognising when None.
    encoding, format, delimiter : str, optional
        Declared instead of detected. Every GB encoding is read as gb18030.
    total_markers : sequence of str
        A row whose first filled cell is or ends with one of these, or with another cell that is
        one, is a total of the rows above it, not data.
    fill_down : sequence of str
        Columns whose empty cells repeat the cell above (exports of merged cells to text).
    content : bytes or callable, optional
        The bytes of the file, by :func:`stable_bytes`, where they were read already; or what
        hands them over, so that those of a large file are let go as soon as they are parsed.
    limits : Limits, optional
        What the file may cost.

    Returns
    -------
    list of RawTable
        In the order of the sheets; exactly one for a text file.

    Raises
    ------
    InputError
        When the file cannot be read at all: missing, empty, encrypted, damaged, beyond the limits,
        of no known format, or without the sheet asked for.
    """
    path = Path(path)
    file = name or path.name
    limits = limits or Limits()
    if content is None:
        content = stable_bytes(path, file, limits)
    elif not isinstance(content, bytes):
        content = content()
    source = Source(file=file, format=format or "csv", extension=path.suffix.lstrip(".").lower())
    declared = _declared_rows(header_rows)
    finish = {"total_markers": tuple(total_markers), "fill_down": tuple(fill_down)}
    with told_as_damage(file):
        zipped = content.startswith(b"PK")
        if zipped:
            bounds.check_unpacked(content, file, limits)
        container = detect.binary_format(content, file)
        if zipped:
            bounds.check_parts(content)
    if container == "parquet":
        source = replace(source, format=container, header_rows=(1,))
        return [_from_columns(content, source, finish, limits)]
    if container is not None:
        source = replace(source, format=container)
        return _read_workbook(content, source, sheet, declared, finish, limits)
    bounds.check_size(len(content), file, limits, text=True)
    decoded = detect.decode(content, file, encoding, head=delimited.HEAD_CHARACTERS + 16)
    if not decoded.whole and (_REPLACED in content or detect.text_format(decoded.text)):
        decoded = detect.decode(content, file, encoding)
    source = replace(source, encoding=decoded.encoding, sureness=decoded.sureness)
    kind = format or detect.text_format(decoded.text)
    if kind in ("html", "xml"):
        with told_as_damage(file):
            if kind == "html":
                grids = markup.html_grids(decoded.text, file, limits)
            else:
                grids = markup.xml_grids(content, file, limits)
        if not grids:
            raise InputError([fault("format_unknown", file=file)])
        named = [g.sheet for g in grids if g.sheet]
        wanted = set(named) if sheet is None or not named else _choose(named, sheet, file)
        others = tuple(
            OtherSheet(grid.sheet, hidden=False, rows=len(grid.rows))
            for grid in grids
            if grid.sheet is not None and grid.sheet not in wanted
        )
        return [
            _from_grid(
                grid,
                replace(source, format=kind, sheet=grid.sheet, other_sheets=others),
                declared,
                finish,
                faults=(*decoded.faults, *grid.faults),
            )
            for grid in grids
            if grid.sheet is None or grid.sheet in wanted
        ]
    if "\x00" in decoded.text or (not decoded.whole and b"\x00" in content):
        raise InputError([fault("format_unknown", file=file)])
    text = decoded.text.lstrip("\ufeff")
    delimiter = delimiter or delimited.sniff_delimiter(text)
    kind = "tsv" if delimiter == "\t" else "csv"
    source = replace(source, format=kind, delimiter=delimiter)
    faults, utf8 = decoded.faults, None
    if decoded.encoding.startswith("utf") and not faults and "\ufffd" not in text:
        utf8 = _as_utf8(content, decoded.encoding)
    if utf8 is not None:  # a large file is in memory often enough
        text = text[: delimited.HEAD_CHARACTERS]
    held = [] if utf8 is None else [utf8]
    del decoded, content, utf8
    return [_from_text(text, source, declared, finish, faults=faults, utf8=held)]


def stable_bytes(path: Path, file: str, limits: Limits) -> bytes:
    """Return the bytes of a file that nobody wrote to while they were read.

    Raises
    ------
    InputError
        When the file is missing or larger than the limit, or is still being changed at the
        fourth try.
    """
    return _unchanged(path, file, limits, lambda handle, size: handle.read(size + 1), len)


def stable_digest(path: Path, file: str, limits: Limits) -> str:
    """Return the SHA-256 of a file that nobody wrote to meanwhile, without keeping its bytes.

    Raises
    ------
    InputError
        As :func:`stable_bytes`.
    """
    found = _unchanged(path, file, limits, lambda handle, _: _digest_of(handle), lambda r: r[1])
    return found[0]


def _digest_of(handle: BinaryIO) -> tuple[str, int]:
    return hashlib.file_digest(handle, "sha256").hexdigest(), handle.tell()


def _unchanged(
    path: Path,
    file: str,
    limits: Limits,
    take: Callable[[BinaryIO, int], Any],
    size_of: Callable[[Any], int],
) -> Any:
    """Return what was taken of a file that was the same before and after."""
    for pause in (0.2, 0.5, 1.0, None):
        if not path.is_file():
            raise InputError([fault("file_missing", file=file)])
        with open(path, "rb") as handle:
            before = os.fstat(handle.fileno())
            bounds.check_size(before.st_size, file, limits)
            taken = take(handle, before.st_size)
        with contextlib.suppress(FileNotFoundError):
            after = path.stat()
            same = all(
                getattr(before, of) == getattr(after, of)
                for of in ("st_size", "st_mtime_ns", "st_ino")
            )
            if same and size_of(taken) == before.st_size:
                return taken
        if pause is not None:
            time.sleep(pause)
    raise InputError([fault("file_changing", file=file)])


def _declared_rows(header_rows: int | Sequence[int] | None) -> tuple[int, ...] | None:
    """Return 0-based header rows."""
    if header_rows is None:
        return None
    rows = (header_rows,) if isinstance(header_rows, int) else tuple(header_rows)
    return tuple(row - 1 for row in sorted(rows))


def _choose(present: Sequence[str], wanted: str | Sequence[str], file: str) -> set[str]:
    patterns = (wanted,) if isinstance(wanted, str) else tuple(wanted)
    chosen: set[str] = set()
    faults = []
    for pattern in patterns:
        hits = {s for s in present if s == pattern or fnmatchcase(s, pattern)}
        if not hits:
            near = difflib.get_close_matches(pattern, present, n=len(present) or 1, cutoff=0.0)
            params = {"wanted": pattern, "present": ", ".join(near)}
            faults.append(fault("sheet_missing", file=file, sheet=pattern, params=params))
        chosen |= hits
    if faults:
        raise InputError(faults)
    return chosen


def _read_workbook(
    content: bytes,
    source: Source,
    sheet: str | Sequence[str] | None,
    declared: tuple[int, ...] | None,
    finish: dict[str, Any],
    limits: Limits,
) -> list[RawTable]:
    with told_as_damage(source.file):
        book = workbook.open_workbook(content, source.file, limits)
    wanted = set(book.visible) if sheet is None else _choose(list(book.grids), sheet, source.file)
    filled = {
        name: sum(any(not is_empty(cell) for cell in row) for row in grid.rows)
        for name, grid in book.grids.items()
    }
    others = tuple(
        OtherSheet(name, hidden=name not in book.visible, rows=rows)
        for name, rows in filled.items()
        if rows and name not in wanted
    )
    source = replace(source, date_system=book.date_system, other_sheets=others)
    tables = [
        _from_grid(grid, replace(source, sheet=name), declared, finish)
        for name, grid in book.grids.items()
        if name in wanted and filled[name]
    ]
    if not tables:
        raise InputError([fault("file_empty", file=source.file)])
    return tables


def _header_of(
    rows: Sequence[Sequence[Any]],
    declared: tuple[int, ...] | None,
    merges: Sequence[Merge],
    source: Source,
    count: int,
) -> tuple[tuple[int, ...], list[Fault]]:
    place = {"file": source.file, "sheet": source.sheet}
    if declared is not None:
        if declared and declared[0] >= 0 and declared[-1] < min(count, len(rows)):
            return declared, []
        params = {"rows": ", ".join(str(row + 1) for row in declared), "count": count}
        return (), [fault("header_rows_outside", params=params, **place)]
    found = find_header(rows, merges)
    return found, [] if found else [fault("header_not_found", **place)]


def _titles(rows: Sequence[Sequence[Any]], header: Sequence[int]) -> Iterator[Dropped]:
    """Yield the rows above and between the header rows."""
    for i in range(header[-1]):
        if i not in header:
            cell = next((c for c in rows[i] if not is_empty(c)), None)
            reason = "blank" if cell is None else "title"
            yield Dropped(i + 1, reason, None if cell is None else str(cell).strip())


def _above(rows: Sequence[Sequence[Any]], header: Sequence[int]) -> tuple[tuple[int, str], ...]:
    """Return the texts above the header, each line with its number."""
    lines = ((i, [str(c).strip() for c in rows[i] if not is_empty(c)]) for i in range(header[0]))
    return tuple((i + 1, "  ".join(cells)) for i, cells in lines if cells)


def _unread(source: Source, faults: Sequence[Fault]) -> RawTable:
    return RawTable(
        frame=pd.DataFrame(),
        row_numbers=np.empty(0, dtype=np.int64),
        source=source,
        faults=tuple(faults),
    )


def _from_grid(
    grid: Grid,
    source: Source,
    declared: tuple[int, ...] | None,
    finish: dict[str, Any],
    faults: Sequence[Fault] = (),
) -> RawTable:
    rows = grid.rows
    head = rows[: max(delimited.HEAD_ROWS, *(r + 1 for r in declared or (0,)))]
    at, wrong = _header_of(head, declared, grid.merges, source, len(rows))
    if wrong:
        return _unread(source, [*faults, *wrong])
    width = max(len(row) for row in rows)
    start = at[-1] + 1
    header = name_columns(rows, at, grid.merges, width=width)
    below = [
        row if len(row) == width else [*row, *[None] * (width - len(row))] for row in rows[start:]
    ]
    filled = 0
    for (top, left), (bottom, _) in grid.merges:
        if top >= start and left < width and bottom < len(rows):
            for row in range(top + 1, bottom + 1):
                below[row - start][left] = below[top - start][left]
                filled += 1
    columns = list(zip(*below, strict=True)) if below else [()] * width
    frame = pd.DataFrame({i: pd.Series(list(c), dtype=object) for i, c in enumerate(columns)})
    place = {"file": source.file, "sheet": source.sheet}
    uncalculated = [
        fault("formula_without_value", row=row + 1, column=header.names[column], **place)
        for row, column in grid.uncalculated
        if row >= start and column < width
    ]
    return assemble(
        frame,
        np.arange(start + 1, start + 1 + len(frame), dtype=np.int64),
        header=header,
        header_cells=[rows[i] for i in at],
        source=replace(
            source,
            header_rows=tuple(i + 1 for i in at),
            above=_above(rows, at),
            hidden_columns=tuple(header.names[c] for c in sorted(grid.hidden) if c < width),
            hidden_rows=tuple(
                r + 1
                for r in sorted(grid.hidden_rows)
                if start <= r < len(rows) and not all(map(is_empty, rows[r]))
            ),
        ),
        dropped=list(_titles(rows, at)),
        counts={"merged_cells_filled": filled},
        faults=[*faults, *uncalculated],
        **finish,
    )


def _as_utf8(content: bytes, encoding: str) -> bytes | None:
    """Return the bytes of a sound text in UTF-8 without its marks, None in another encoding."""
    if codecs.lookup(encoding).name not in ("utf-8", "utf-8-sig"):
        return None
    marks = len(content) - len(content.lstrip(codecs.BOM_UTF8))
    return content[marks // len(codecs.BOM_UTF8) * len(codecs.BOM_UTF8) :]


def _from_text(
    text: str,
    source: Source,
    declared: tuple[int, ...] | None,
    finish: dict[str, Any],
    faults: Sequence[Fault] = (),
    utf8: list[bytes] | None = None,
) -> RawTable:
    """Put a text file together; ``utf8`` hands over its bytes, which are let go when parsed."""
    wanted = max(delimited.HEAD_ROWS, *(r + 1 for r in declared or (0,)))
    head = delimited.head(text, source.delimiter, wanted)
    at, wrong = _header_of(head, declared, (), source, len(head))
    if wrong:
        return _unread(source, [*faults, *wrong])
    width = max(len(head[i]) for i in at)
    header = name_columns(head, at, width=width)
    content = utf8.pop() if utf8 else None
    body = delimited.body(text, source.delimiter, skip=at[-1] + 1, width=width, content=content)
    del content
    frame = body.table.to_pandas(types_mapper={pa.string(): pd.StringDtype(na_value=np.nan)}.get)
    frame.columns = range(width)
    faults = list(faults)
    place = {"file": source.file}
    if body.unclosed is not None:
        faults.append(fault("quote_unclosed", row=body.unclosed, **place))
    frame, numbers, counts, ragged = _with_ragged(
        frame, body, width, finish["total_markers"], place
    )
    return assemble(
        frame,
        numbers,
        header=header,
        header_cells=[head[i] for i in at],
        source=replace(source, header_rows=tuple(i + 1 for i in at), above=_above(head, at)),
        dropped=list(_titles(head, at)),
        counts=counts,
        faults=[*faults, *ragged],
        **finish,
    )


def _from_columns(
    content: bytes, source: Source, finish: dict[str, Any], limits: Limits
) -> RawTable:
    """Put a Parquet file together; rows count from 2, as if its names stood in a first row."""
    with told_as_damage(source.file):
        names, frame = columnar.read_columns(content, source.file, limits)
    if not len(frame):
        raise InputError([fault("file_empty", file=source.file)])
    return assemble(
        frame,
        np.arange(2, len(frame) + 2, dtype=np.int64),
        header=name_columns([names], (0,), width=len(names)),
        header_cells=[names],
        source=source,
        dropped=[],
        counts={},
        faults=[],
        **finish,
    )


def _with_ragged(
    frame: pd.DataFrame,
    body: delimited.Body,
    width: int,
    total_markers: Sequence[str],
    place: dict[str, Any],
) -> tuple[pd.DataFrame, np.ndarray, dict[str, int], list[Fault]]:
    """Put rows with too many or too few cells back in place, cut or padded to the width."""
    counts: dict[str, int] = {}
    faults: list[Fault] = []
    extra = []
    words = TotalWords(total_markers)
    for number, cells in body.ragged:
        if len(cells) < width:
            counts["short_rows_padded"] = counts.get("short_rows_padded", 0) + 1
            # A lone cell is a note or a total, told apart later.
            if sum(not is_empty(cell) for cell in cells) > 1 and not words.ends(cells[0]):
                params = {"count": len(cells), "width": width}
                faults.append(fault("row_too_short", row=number, params=params, **place))
        elif all(is_empty(cell) for cell in cells[width:]):
            counts["long_rows_trimmed"] = counts.get("long_rows_trimmed", 0) + 1
        else:
            params = {"count": len(cells), "width": width}
            faults.append(fault("row_too_long", row=number, params=params, **place))
        extra.append([cell or None for cell in (*cells, *[None] * width)[:width]])
    if not extra:
        return frame, body.numbers, counts, faults
    more = pd.DataFrame(extra, columns=range(width)).astype(pd.StringDtype(na_value=np.nan))
    numbers = np.concatenate([body.numbers, [number for number, _ in body.ragged]])
    order = np.argsort(numbers, kind="stable")
    together = pd.concat([frame, more], ignore_index=True).iloc[order].reset_index(drop=True)
    return together, numbers[order], counts, faults
