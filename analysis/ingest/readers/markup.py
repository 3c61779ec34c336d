"""Tables in markup: HTML saved under a spreadsheet's name, and Excel's XML of 2003."""

from __future__ import annotations

import re

from lxml import etree, html

from analysis.ingest.readers.grid import Grid, Merge

_SS = "{urn:schemas-microsoft-com:office:spreadsheet}"
_LINE = "\u2028"
_SPACES = re.compile(r"[ \t\r\n\f]+")


def html_grids(text: str) -> list[Grid]:
    """Return every table of a page that is not nested in another; spans become merged ranges.

    Where there are several, they are called ``table 1``, ``table 2`` … in their order.
    """
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    page = html.document_fromstring(text)
    tables = [t for t in page.iter("table") if next(t.iterancestors("table"), None) is None]
    grids = []
    for table in tables:
        rows: list[list[str | None]] = []
        merges: list[Merge] = []
        taken: set[tuple[int, int]] = set()
        lines = [tr for tr in table.iter("tr") if next(tr.iterancestors("table"), None) is table]
        for i, line in enumerate(lines):
            cells: dict[int, str | None] = {}
            column = 0
            for cell in line.iterchildren("td", "th"):
                while (i, column) in taken:
                    column += 1
                down, across = _span(cell, "rowspan"), _span(cell, "colspan")
                down = min(down, len(lines) - i)
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
    return grids


def xml_grids(content: bytes) -> list[Grid]:
    """Return the worksheets of an Excel 2003 XML file, all cells as text."""
    root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    grids = []
    for sheet in root.iter(f"{_SS}Worksheet"):
        rows: list[list[str | None]] = []
        merges: list[Merge] = []
        for line in sheet.iter(f"{_SS}Row"):
            at = int(line.get(f"{_SS}Index", len(rows) + 1)) - 1
            rows.extend([] for _ in range(at - len(rows)))
            cells: list[str | None] = []
            for cell in line.iterchildren(f"{_SS}Cell"):
                column = int(cell.get(f"{_SS}Index", len(cells) + 1)) - 1
                cells.extend([None] * (column - len(cells)))
                data = cell.find(f"{_SS}Data")
                cells.append(None if data is None else "".join(data.itertext()) or None)
                across = int(cell.get(f"{_SS}MergeAcross", 0))
                down = int(cell.get(f"{_SS}MergeDown", 0))
                if across or down:
                    merges.append(((at, column), (at + down, column + across)))
                cells.extend([None] * across)
            rows.append(cells)
        grids.append(Grid(rows=rows, sheet=sheet.get(f"{_SS}Name"), merges=tuple(merges)))
    return grids


def _span(cell: etree._Element, name: str) -> int:
    value = (cell.get(name) or "1").strip()
    return max(int(value), 1) if value.isdigit() else 1


def _text(cell: etree._Element) -> str | None:
    for line_break in cell.iter("br"):
        line_break.tail = _LINE + (line_break.tail or "")
    parts = "".join(cell.itertext()).split(_LINE)
    return "\n".join(_SPACES.sub(" ", part).strip(" ") for part in parts).strip("\n") or None
