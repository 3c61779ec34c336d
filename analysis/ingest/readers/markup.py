"""Tables in markup: HTML saved under a spreadsheet's name, and Excel's XML of 2003."""

from __future__ import annotations

import re

from lxml import etree, html

from analysis.ingest.readers.bounds import Limits, check_area, too_large
from analysis.ingest.readers.grid import Grid, Merge
from analysis.ingest.readers.rules import fault

_SS = "{urn:schemas-microsoft-com:office:spreadsheet}"
_LINE = "\u2028"
MOST_COLUMNS = 16_384
"""Of a sheet, as spreadsheet programs have them."""
_NO_ROWS = re.compile(r"<!--.*?-->|<(script|style)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_ROW = re.compile(r"<tr\b", re.IGNORECASE)
_OPENED, _CLOSED = (re.compile(rf"<{end}table\b", re.IGNORECASE) for end in ("", "/"))
_SPACES = re.compile(r"[ \t\r\n\f]+")


def html_grids(text: str, file: str, limits: Limits) -> list[Grid]:
    """Return every table of a page that is not nested in another; spans become merged ranges.

    Where there are several, they are called ``table 1``, ``table 2`` … in their order. Rows in the
    markup that none of them takes, and a page cut off, are told.
    """
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    bare = _NO_ROWS.sub("", text)
    written, read = len(_ROW.findall(bare)), 0
    page = html.document_fromstring(text)
    tables = [t for t in page.iter("table") if next(t.iterancestors("table"), None) is None]
    grids = []
    spanned = 0
    for table in tables:
        rows: list[list[str | None]] = []
        merges: list[Merge] = []
        taken: set[tuple[int, int]] = set()
        lines = [tr for tr in table.iter("tr") if next(tr.iterancestors("table"), None) is table]
        read += len(lines)
        for i, line in enumerate(lines):
            cells: dict[int, str | None] = {}
            column = 0
            for cell in line.iterchildren("td", "th"):
                while (i, column) in taken:
                    column += 1
                down, across = _span(cell, "rowspan"), _span(cell, "colspan")
                down = min(down, len(lines) - i)
                if down > 1 or across > 1:
                    spanned += down * across
                    if column + across > MOST_COLUMNS or spanned > limits.spans:
                        raise too_large(file, limits, rows=i + down, columns=column + across)
                cells[column] = _text(cell)
                if down > 1 or across > 1:
                    merges.append(((i, column), (i + down - 1, column + across - 1)))
                    taken.update((i + r, column + c) for r in range(down) for c in range(across))
                column += across
            width = max(cells, default=-1) + 1
            rows.append([cells.get(c) for c in range(width)])
        if any(any(row) for row in rows):
            grids.append(Grid(rows=rows, merges=tuple(merges)))
    if len(grids) > 1:  # a page with one table is that table
        for number, grid in enumerate(grids, start=1):
            grid.sheet = f"table {number}"
    if grids and written != read:
        params = {"written": written, "read": read}
        wrong = fault("markup_rows", file=file, params=params)
    elif grids and len(_OPENED.findall(bare)) > len(_CLOSED.findall(bare)):
        wrong = fault("markup_cut", file=file, row=len(grids[-1].rows))
    else:
        return grids
    for grid in grids:  # whichever of them is asked for
        grid.faults = (wrong,)
    return grids


def xml_grids(content: bytes, file: str, limits: Limits) -> list[Grid]:
    """Return the worksheets of an Excel 2003 XML file, all cells as text."""
    root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    grids = []
    filled = 0
    for sheet in root.iter(f"{_SS}Worksheet"):
        name = sheet.get(f"{_SS}Name")
        rows: list[list[str | None]] = []
        merges: list[Merge] = []
        for line in sheet.iter(f"{_SS}Row"):
            at = int(line.get(f"{_SS}Index", len(rows) + 1)) - 1
            _refuse_backwards(at, len(rows))
            check_area(at + 1, 1, file, limits, name)
            rows.extend([] for _ in range(at - len(rows)))
            cells: list[str | None] = []
            for cell in line.iterchildren(f"{_SS}Cell"):
                column = int(cell.get(f"{_SS}Index", len(cells) + 1)) - 1
                _refuse_backwards(column, len(cells))
                data = cell.find(f"{_SS}Data")
                across = int(cell.get(f"{_SS}MergeAcross", 0))
                down = int(cell.get(f"{_SS}MergeDown", 0))
                width = column + 1 + max(across, 0)
                filled += width - len(cells)
                if width > MOST_COLUMNS or filled > limits.cells:
                    raise too_large(file, limits, sheet=name, rows=at + 1, columns=width)
                cells.extend([None] * (column - len(cells)))
                cells.append(None if data is None else "".join(data.itertext()) or None)
                if across or down:
                    merges.append(((at, column), (at + down, column + across)))
                cells.extend([None] * across)
            rows.append(cells)
        grids.append(Grid(rows=rows, sheet=name, merges=tuple(merges)))
    return grids


def _refuse_backwards(at: int, least: int) -> None:
    """Refuse an index that leads back to a row or cell that stands already."""
    if at < least:
        raise ValueError(f"index {at + 1} where {least} stand already")


def _span(cell: etree._Element, name: str) -> int:
    value = (cell.get(name) or "1").strip()
    if not value.isdecimal() or len(value) > 9:
        return MOST_COLUMNS + 1 if value.isdecimal() else 1
    return max(int(value), 1)


def _text(cell: etree._Element) -> str | None:
    for line_break in cell.iter("br"):
        line_break.tail = _LINE + (line_break.tail or "")
    parts = "".join(cell.itertext()).split(_LINE)
    return "\n".join(_SPACES.sub(" ", part).strip(" ") for part in parts).strip("\n") or None
