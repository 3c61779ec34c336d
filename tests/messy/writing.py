"""Sheets laid out as grids and written as workbooks, text, markup or Parquet."""

from __future__ import annotations

import csv
import datetime as dt
import html
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from messy.tidy import Export, Sheet

BLANK, AGAIN = "\x00", "\x01"
"""Begin a header that shows nothing; end what a header shows that has the name of another."""

TEXT_FORMS = {
    "csv": ("utf-8", ","),
    "csv_bom": ("utf-8-sig", ","),
    "csv_gbk": ("gb18030", ","),
    "csv_utf16": ("utf-16", ","),
    "csv_semicolon": ("utf-8", ";"),
    "tsv": ("utf-8", "\t"),
    "tsv_utf16": ("utf-16", "\t"),
    "csv_trailing": ("utf-8", ","),
    "csv_short": ("utf-8", ","),
}
CONTAINERS = ("xlsx", "xlsx_1904", *TEXT_FORMS, "html", "xml", "parquet")


@dataclass(frozen=True)
class Shown:
    """A number under a format of the spreadsheet program, as the cell shows it."""

    value: Any
    number_format: str
    text: str


@dataclass
class Grid:
    """Cells as they stand, merged ranges (0-based, inclusive), hidden rows."""

    rows: list[list[Any]] = field(default_factory=list)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden: set[int] = field(default_factory=set)


def shown(header: str) -> str | None:
    """Return what a header shows."""
    return None if header.startswith(BLANK) else header.split(AGAIN)[0]


def laid_out(sheet: Sheet) -> Grid:
    """Return a sheet as a grid."""
    grid = Grid()
    width = len(sheet.headers)
    for line in sheet.above:
        if len(line) == 1 and width > 1:
            grid.merges.append((len(grid.rows), 0, len(grid.rows), width - 1))
        grid.rows.append([*line, *[None] * (width - len(line))])
    top = len(grid.rows)
    if sheet.group:
        upper = [sheet.group.get(h, shown(h)) for h in sheet.headers]
        lower = [shown(h).split("·")[-1] if h in sheet.group else None for h in sheet.headers]
        at = 0
        for _name, same in groupby(sheet.headers, lambda h: sheet.group.get(h, h)):
            count = len(list(same))
            grouped = sheet.headers[at] in sheet.group
            if not grouped:
                grid.merges.append((top, at, top + 1, at))
            elif count > 1:
                grid.merges.append((top, at, top, at + count - 1))
                upper[at + 1 : at + count] = [None] * (count - 1)
            at += count
        grid.rows += [upper, lower]
    else:
        grid.rows.append([shown(h) for h in sheet.headers])
    start = len(grid.rows)
    for line in sheet.lines:
        if line.hidden:
            grid.hidden.add(len(grid.rows))
        grid.rows.append([line.cells.get(h) for h in sheet.headers])
    for header in sheet.merged:
        if header not in sheet.headers:  # it names the sheet or file since
            continue
        column = sheet.headers.index(header)
        at = start
        cells = [
            (line.cells.get(header) if line.kind == "data" else object()) for line in sheet.lines
        ]
        for cell, same in groupby(cells):
            count = len(list(same))
            if count > 1 and cell is not None:
                grid.merges.append((at, column, at + count - 1, column))
                for row in range(at + 1, at + count):
                    grid.rows[row][column] = None
            at += count
    grid.rows += [[*line, *[None] * (width - len(line))] for line in sheet.below]
    return grid


def as_text(cell: Any) -> str:
    """Return a cell as a program writes it into a text file."""
    if cell is None:
        return ""
    if isinstance(cell, Shown):
        return cell.text
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, dt.datetime):
        return f"{cell.year}/{cell.month}/{cell.day} {cell.hour}:{cell:%M}"
    if isinstance(cell, dt.date):
        return f"{cell.year}/{cell.month}/{cell.day}"
    if isinstance(cell, dt.timedelta):
        minutes = round(cell.total_seconds() / 60)
        return f"{minutes // 60}:{minutes % 60:02d}:00"
    if isinstance(cell, float) and cell.is_integer():
        return f"{cell:.15g}"
    return str(cell)


def _no_plain_table(sheet: Sheet) -> bool:
    more = sheet.above or sheet.below or sheet.group or sheet.hidden
    return bool(more or any("\x01" in header for header in sheet.headers))


def write(export: Export, folder: Path) -> list[str]:
    """Write an export into a folder; return the names of its files."""
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, list[Sheet]] = {}
    for sheet in export.sheets:
        files.setdefault(sheet.file, []).append(sheet)
    kind = export.container
    if kind == "parquet" and any(map(_no_plain_table, export.sheets)):
        kind = "xlsx"  # a Parquet file holds nothing but a table, a name once
    if kind in TEXT_FORMS or kind == "parquet":  # one table a file
        files = {
            (f"{name}_{sheet.name}" if len(sheets) > 1 else name): [sheet]
            for name, sheets in files.items()
            for sheet in sheets
        }
    names = []
    for name, sheets in files.items():
        if kind in ("xlsx", "xlsx_1904"):
            names.append(f"{name}.xlsx")
            _workbook(sheets, folder / names[-1], mac=kind == "xlsx_1904")
        elif kind in TEXT_FORMS:
            names.append(f"{name}.csv")
            (folder / names[-1]).write_bytes(_text(laid_out(sheets[0]), kind))
        elif kind == "parquet":
            names.append(f"{name}.parquet")
            pq.write_table(_columns(sheets[0]), folder / names[-1])
        else:
            names.append(f"{name}.xls")
            made = _html(sheets) if kind == "html" else _xml(sheets)
            (folder / names[-1]).write_text(made, encoding="utf-8")
    return names


def _workbook(sheets: list[Sheet], path: Path, *, mac: bool) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    if mac:
        book.epoch = CALENDAR_MAC_1904
    for sheet in sheets:
        page = book.create_sheet(sheet.name)
        grid = laid_out(sheet)
        for r, row in enumerate(grid.rows, start=1):
            for c, cell in enumerate(row, start=1):
                if cell is None:
                    continue
                if isinstance(cell, Shown):
                    made = page.cell(r, c, cell.value)
                    made.number_format = cell.number_format
                elif isinstance(cell, str) and cell.startswith("="):
                    made = page.cell(r, c)
                    made.value, made.data_type = cell, "s"
                else:
                    page.cell(r, c, cell)
        for top, left, bottom, right in grid.merges:
            page.merge_cells(
                start_row=top + 1, start_column=left + 1, end_row=bottom + 1, end_column=right + 1
            )
        for row in grid.hidden:
            page.row_dimensions[row + 1].hidden = True
        if sheet.hidden:
            page.sheet_state = "hidden"
    if all(sheet.hidden for sheet in sheets):
        book.create_sheet("空白")
    book.save(path)


def _text(grid: Grid, kind: str) -> bytes:
    encoding, delimiter = TEXT_FORMS[kind]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    for row in grid.rows:
        cells = [as_text(cell) for cell in row]
        if kind == "csv_trailing":
            cells += ["", ""]
        if kind == "csv_short":
            while len(cells) > 1 and not cells[-1]:
                cells.pop()
        writer.writerow(cells)
    return out.getvalue().encode(encoding)


def _spans(grid: Grid) -> tuple[dict, set]:
    spans = {(t, lo): (b - t + 1, r - lo + 1) for t, lo, b, r in grid.merges}
    covered = {
        (r, c) for t, lo, b, ri in grid.merges for r in range(t, b + 1) for c in range(lo, ri + 1)
    } - set(spans)
    return spans, covered


def _html(sheets: list[Sheet]) -> str:
    parts = []
    for sheet in sheets:
        grid = laid_out(sheet)
        spans, covered = _spans(grid)
        lines = []
        for r, row in enumerate(grid.rows):
            cells = []
            for c, cell in enumerate(row):
                if (r, c) in covered:
                    continue
                down, across = spans.get((r, c), (1, 1))
                said = html.escape(as_text(cell)).replace("\n", "<br>")
                cells.append(f'<td rowspan="{down}" colspan="{across}">{said}</td>')
            lines.append(f"<tr>{''.join(cells)}</tr>")
        parts.append(f"<table border=1>{''.join(lines)}</table>")
    meta = '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
    return f"<html><head>{meta}</head><body>{''.join(parts)}</body></html>"


def _xml(sheets: list[Sheet]) -> str:
    parts = []
    for sheet in sheets:
        grid = laid_out(sheet)
        spans, covered = _spans(grid)
        lines = []
        for r, row in enumerate(grid.rows):
            cells = []
            for c, cell in enumerate(row):
                if (r, c) in covered or cell is None:
                    continue
                down, across = spans.get((r, c), (1, 1))
                merged = f' ss:MergeAcross="{across - 1}"' if across > 1 else ""
                merged += f' ss:MergeDown="{down - 1}"' if down > 1 else ""
                kind = "Number" if isinstance(cell, int | float) else "String"
                if isinstance(cell, dt.date):
                    kind, cell = "DateTime", f"{cell:%Y-%m-%dT%H:%M:%S}.000"
                said = html.escape(as_text(cell)).replace("\n", "&#10;")
                cells.append(
                    f'<Cell ss:Index="{c + 1}"{merged}><Data ss:Type="{kind}">{said}</Data></Cell>'
                )
            lines.append(f'<Row ss:Index="{r + 1}">{"".join(cells)}</Row>')
        name = html.escape(sheet.name)
        parts.append(f'<Worksheet ss:Name="{name}"><Table>{"".join(lines)}</Table></Worksheet>')
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    return (
        '<?xml version="1.0" encoding="UTF-8"?><?mso-application progid="Excel.Sheet"?>'
        f'<Workbook xmlns="{space}" xmlns:ss="{space}">{"".join(parts)}</Workbook>'
    )


def _columns(sheet: Sheet) -> pa.Table:
    def column(header: str) -> Iterator[Any]:
        for line in sheet.lines:
            cell = line.cells.get(header)
            yield cell.text if isinstance(cell, Shown) else cell

    arrays = []
    for header in sheet.headers:
        cells = list(column(header))
        kinds = {type(cell) for cell in cells if cell is not None}
        if len(kinds) > 1 and not kinds <= {int, float}:
            cells = [None if cell is None else as_text(cell) for cell in cells]
        if kinds <= {int, float} and len(kinds) > 1:
            cells = [None if cell is None else float(cell) for cell in cells]
        arrays.append(pa.array(cells))
    return pa.table(dict(zip([shown(h) or "" for h in sheet.headers], arrays, strict=True)))
