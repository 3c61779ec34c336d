"""Writing the kinds of files that clients send; equal contents give equal bytes."""

from __future__ import annotations

import csv
import datetime as dt
import html
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

Columns = Mapping[str, Sequence[Any]]

_MADE = dt.datetime(2026, 1, 5, 9, 0, 0)


def write_csv(
    path: Path,
    columns: Columns,
    *,
    encoding: str,
    title: str | None = None,
    delimiter: str = ",",
    total: Mapping[str, Any] | None = None,
) -> None:
    """Write a delimited text file.

    Parameters
    ----------
    path : Path
        File; its folder is made.
    columns : mapping
        Header to cells.
    encoding : str
        Python codec.
    title : str or None
        A line above the header, followed by a blank one.
    delimiter : str
        Between cells.
    total : mapping or None
        Cells of a last row by header; others are empty.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding=encoding, newline="") as handle:
        writer = csv.writer(handle, delimiter=delimiter, lineterminator="\r\n")
        if title is not None:
            writer.writerows([[title], []])
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
        if total is not None:
            writer.writerow([total.get(name, "") for name in columns])


def write_html_table(path: Path, columns: Columns, title: str) -> None:
    """Write an HTML page with one table under an ``.xls`` name, as old report servers do."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [_cells("th", columns)]
    rows += [_cells("td", row) for row in zip(*columns.values(), strict=True)]
    page = (
        '<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head>'
        '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
        f"<title>{html.escape(title)}</title></head><body>"
        f'<table border="1">\r\n{chr(10).join(rows)}\r\n</table></body></html>\r\n'
    )
    path.write_text(page, encoding="utf-8", newline="")


class Workbook:
    """An xlsx file with fixed properties; use as a context manager."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._book = xlsxwriter.Workbook(str(path))
        self._book.set_properties({"created": _MADE, "author": "物业管理系统"})

    def __enter__(self) -> Workbook:
        return self

    def __exit__(self, *_: object) -> None:
        self._book.close()

    def sheet(
        self,
        name: str,
        columns: Columns,
        *,
        title: str | None = None,
        total: Mapping[str, Any] | None = None,
    ) -> None:
        """Write one sheet: title row merged over all columns, header, rows, total row."""
        sheet = self._book.add_worksheet(name)
        row = 0
        if title is not None:
            sheet.merge_range(0, 0, 0, max(len(columns) - 1, 1), title)
            row = 2
        sheet.write_row(row, 0, list(columns))
        for cells in zip(*columns.values(), strict=True):
            row += 1
            sheet.write_row(row, 0, cells)
        if total is not None:
            sheet.write_row(row + 1, 0, [total.get(header, "") for header in columns])

    def grouped_sheet(
        self,
        name: str,
        groups: Sequence[tuple[str, Sequence[str]]],
        rows: Iterable[Sequence[Any]],
        *,
        title: str,
    ) -> None:
        """Write one sheet with a title row and a header of two rows with merged groups.

        ``groups`` gives each upper header with its lower ones; no lower ones means that the
        upper header is merged downward.
        """
        sheet = self._book.add_worksheet(name)
        width = sum(max(1, len(lower)) for _, lower in groups)
        sheet.merge_range(0, 0, 0, width - 1, title)
        column = 0
        for upper, lower in groups:
            if lower:
                sheet.merge_range(1, column, 1, column + len(lower) - 1, upper)
            else:
                sheet.merge_range(1, column, 2, column, upper)
            sheet.write_row(2, column, list(lower))
            column += max(1, len(lower))
        for row, cells in enumerate(rows, start=3):
            sheet.write_row(row, 0, cells)


def _cells(tag: str, values: Iterable[Any]) -> str:
    cells = "".join(f"<{tag}>{html.escape(str(value))}</{tag}>" for value in values)
    return f"<tr>{cells}</tr>"
