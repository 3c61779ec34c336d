"""Workbooks by calamine, with what calamine does not tell taken from the sheet's XML."""

from __future__ import annotations

import io
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import python_calamine
from lxml import etree

from analysis.ingest.readers import biff
from analysis.ingest.readers.archive import Archive
from analysis.ingest.readers.bounds import (
    Limits,
    area_of_ods,
    area_of_xml,
    areas_of_xlsb,
    check_area,
    check_texts,
)
from analysis.ingest.readers.grid import Grid
from analysis.ingest.readers.raw import DateSystem

_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_REFERENCE = re.compile(rb'\br="([A-Z]+)(\d+)"')
_VALUE = re.compile(rb"<(?:\w+:)?v>([^<]+)</(?:\w+:)?v>|<(?:\w+:)?is>")
_FORMULA = re.compile(rb"<(?:\w+:)?f[ >/]")
_STYLE = re.compile(rb'\bs="(\d+)"')
_ROW = re.compile(rb"<(?:\w+:)?row\b[^>]*>")
_NUMBER_OF = re.compile(rb'\br="(\d+)"')
_PERCENT_FORMATS = frozenset({"9", "10"})
_HIDDEN = re.compile(rb"<(?:\w+:)?col\b[^>]*>")
_MOST_COLUMNS = 16_384
"""Columns that a sheet has."""
_OLE = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class Workbook:
    """All sheets of one file, in order; ``visible`` are the names a person sees."""

    grids: dict[str, Grid]
    visible: tuple[str, ...]
    date_system: DateSystem


def open_workbook(content: bytes, file: str, limits: Limits) -> Workbook:
    """Read the sheets of a workbook.

    Cells keep their type; error values such as #DIV/0!, which calamine leaves empty, are put
    back as text for xlsx and xls, and numbers formatted as per cent become text with the sign
    that a person sees (``85%``). Formulas without a stored value are listed in ``uncalculated``.

    A damaged file raises whatever its reader raises.

    Raises
    ------
    InputError
        For a sheet beyond the limits.
    """
    archive = Archive(content) if content.startswith(b"PK") else None
    xlsx = archive is not None and archive.format == "xlsx"
    if xlsx and archive.workbook != "xl/workbook.xml":
        content = archive.in_usual_places()
        archive = Archive(content)
    parts = dict(_sheets(archive, file, limits)) if xlsx else {}
    if archive is not None:
        check_texts(archive.part("xl/sharedStrings.xml"), archive.part("xl/sharedStrings.bin"))
    old = biff.read_extra(content) if content.startswith(_OLE) else biff.Extra()
    if content.startswith(_OLE) and not old.areas:
        # The reader takes sizes out of a damaged directory as they are, and all memory with them.
        raise ValueError("no sheet is listed")
    for name, (rows, columns) in old.areas.items():
        check_area(rows, columns, file, limits, name)
    if archive is not None and not xlsx:
        _check_other(archive, content, file, limits)
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    visible = tuple(
        s.name
        for s in book.sheets_metadata
        if s.visible == python_calamine.SheetVisibleEnum.Visible
        and s.typ == python_calamine.SheetTypeEnum.WorkSheet
    )
    percent = _percent_styles(archive) if xlsx else frozenset()
    grids: dict[str, Grid] = {}
    for name in book.sheet_names:
        sheet = book.get_sheet_by_name(name)
        rows = [
            [None if cell == "" else cell for cell in row]
            for row in sheet.to_python(skip_empty_area=False)
        ]
        grid = Grid(rows=rows, sheet=name, merges=tuple(sheet.merged_cell_ranges or ()))
        if name in parts:
            _complete(grid, parts.pop(name), percent)
        for row, column in old.percent.get(name, ()):
            _as_percent(grid, row, column)
        grid.hidden_rows |= old.hidden_rows.get(name, frozenset())
        for (row, column), text in old.errors.get(name, {}).items():
            _put(grid, row, column, text)
        grid.uncalculated = (*grid.uncalculated, *old.uncalculated.get(name, ()))
        grids[name] = grid
    return Workbook(
        grids, visible, "1904" if old.is_1904 else _date_system(archive if xlsx else None)
    )


def _sheets(archive: Archive, file: str, limits: Limits) -> Iterator[tuple[str, bytes]]:
    """Yield name and XML of each sheet of an xlsx file; refuse one beyond the limits."""
    for name, xml in archive.sheets():
        if b"<!DOCTYPE" in xml[:2000]:
            raise ValueError("a sheet with entities of its own")
        rows, columns = area_of_xml(xml, limits.cells)
        check_area(rows, columns, file, limits, name)
        if columns > _MOST_COLUMNS:
            raise ValueError("a cell stands beyond the last column, XFD")
        yield name, xml


def _check_other(archive: Archive, content: bytes, file: str, limits: Limits) -> None:
    """Refuse an xlsb or ods file with a sheet beyond the limits."""
    for name, rows, columns in areas_of_xlsb(content):
        check_area(rows, columns, file, limits, posixpath.basename(name))
    for sheet in (archive.part("content.xml") or b"").split(b"</table:table>"):
        check_area(*area_of_ods(sheet), file, limits)


def _date_system(archive: Archive | None) -> DateSystem:
    listed = None if archive is None else archive.part(archive.workbook)
    for node in () if listed is None else etree.fromstring(listed).iter("{*}workbookPr"):
        return "1904" if node.get("date1904") in {"1", "true"} else "1900"
    return "1900"


def _percent_styles(archive: Archive) -> frozenset[int]:
    """Return the styles of an xlsx file under which a cell shows a per cent sign."""
    styles = archive.styles()
    if styles is None:
        return frozenset()
    root = etree.fromstring(styles)
    shown = set(_PERCENT_FORMATS)
    for node in root.iter("{*}numFmt"):
        if "%" in re.sub(r'"[^"]*"|\\.', "", node.get("formatCode") or ""):
            shown.add(node.get("numFmtId"))
    formats = root.find("{*}cellXfs")
    styles = [] if formats is None else formats.findall("{*}xf")
    return frozenset(i for i, node in enumerate(styles) if node.get("numFmtId") in shown)


def _as_percent(grid: Grid, row: int, column: int) -> None:
    """Write a number as a person sees it under a per cent format."""
    if row >= len(grid.rows) or column >= len(grid.rows[row]):
        return
    cell = grid.rows[row][column]
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        value = (Decimal(repr(cell)) * 100).normalize()
        grid.rows[row][column] = f"{value:f}%"


def _hidden_rows(xml: bytes, start: int) -> frozenset[int]:
    if b'hidden="1"' not in xml and b'hidden="true"' not in xml:
        return frozenset()
    rows = set()
    for match in _ROW.finditer(xml, start):
        tag = match[0]
        if (b'hidden="1"' in tag or b'hidden="true"' in tag) and (at := _NUMBER_OF.search(tag)):
            rows.add(int(at[1]) - 1)
    return frozenset(rows)


def _refuse_rows_twice(xml: bytes, start: int) -> None:
    """Refuse a sheet with a row number twice: of two such rows the reader keeps one."""
    last = 0
    for match in _ROW.finditer(xml, start):
        number = _NUMBER_OF.search(match[0])
        if number is None:
            continue
        if int(number[1]) <= last:
            raise ValueError(f"row {int(number[1])} stands after row {last}")
        last = int(number[1])


def _complete(grid: Grid, xml: bytes, percent: frozenset[int]) -> None:
    """Add what is hidden, per cent signs, error values and uncalculated formulas from the XML."""
    start = xml.find(b"sheetData")
    _refuse_rows_twice(xml, max(start, 0))
    hidden: set[int] = set()
    for match in _HIDDEN.finditer(xml, 0, max(start, 0)):
        tag = match[0]
        if b'hidden="1"' in tag or b'hidden="true"' in tag:
            ends = [re.search(rb'\b%s="(\d+)"' % k, tag) for k in (b"min", b"max")]
            if None in ends:
                continue
            first, last = (int(end[1]) for end in ends)
            hidden.update(range(first - 1, min(last, 16_384)))
    grid.hidden = frozenset(hidden)
    grid.hidden_rows = _hidden_rows(xml, max(start, 0))
    errors = b't="e"' in xml
    styled = any(b's="%d"' % style in xml for style in percent)
    if not errors and not styled and not _FORMULA.search(xml, max(start, 0)):
        return
    uncalculated: list[tuple[int, int]] = []
    for match in _CELL.finditer(xml, max(start, 0)):
        attributes, inner = match[1], match[2] or b""
        is_error = errors and b't="e"' in attributes
        style = _STYLE.search(attributes) if styled else None
        in_percent = style is not None and int(style[1]) in percent
        if not is_error and not in_percent and not _FORMULA.search(inner):
            continue
        reference = _REFERENCE.search(attributes)
        if reference is None:
            continue
        row, column = int(reference[2]) - 1, _column(reference[1])
        if in_percent:
            _as_percent(grid, row, column)
        value = _VALUE.search(inner)
        if value is None:
            uncalculated.append((row, column))
        elif is_error and value[1]:
            _put(grid, row, column, value[1].decode("utf-8"))
    grid.uncalculated = tuple(uncalculated)


def _put(grid: Grid, row: int, column: int, text: str) -> None:
    while len(grid.rows) <= row:
        grid.rows.append([])
    cells = grid.rows[row]
    cells.extend([None] * (column + 1 - len(cells)))
    if cells[column] is None:
        cells[column] = text


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
