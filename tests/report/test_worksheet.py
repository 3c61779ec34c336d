"""The rows of a sheet are written as XlsxWriter writes them cell by cell."""

import datetime as dt
import math
from pathlib import Path
from zipfile import ZipFile

import pytest
import xlsxwriter

from analysis.inert import inert
from analysis.report.worksheet import RowsWorksheet

HEAD = ("name", "share", "day", "counted", "note")
ROWS = [
    ("=SUM(A1)", 0.1 + 0.2, dt.date(2025, 3, 1), True, "a & b < c"),
    ("翠湖 新村", None, dt.datetime(2025, 3, 1, 12, 30), False, None),
    ("—", -1e-300, None, None, " spaced "),
    (None, 12345678901234567890.0, None, 7, "▇"),
    (None, math.inf, dt.date(1900, 1, 1), -math.inf, "\x07"),
]
LONG = ("x" * 40_000, 1.0, None, None, "𠮷" * 16_400)
CODES = {"": None, "0.0%": "0.0%", "yyyy-mm-dd": "yyyy-mm-dd"}
EMPTY = (None,) * len(HEAD)
SHEETS = {
    "none": [],
    "few": ROWS,
    "long": [*ROWS, LONG],
    "many": [*ROWS * 7, EMPTY, *[(None, None, None, n, None) for n in range(40)], ROWS[0]],
}


def _codes(line: int) -> list[str]:
    return ["", "0.0%" if line % 3 else "", "yyyy-mm-dd", "", ""]


def _plain(sheet, rows, formats):
    for line, values in enumerate(rows):
        for column, (value, code) in enumerate(zip(values, _codes(line), strict=True)):
            at = 3 + line, column
            if isinstance(value, str):
                sheet.write_string(*at, inert(value))
            elif isinstance(value, dt.date):
                sheet.write_datetime(*at, value, formats[code])
            elif isinstance(value, bool):
                sheet.write_boolean(*at, value)
            elif value is not None and math.isinf(value):
                sheet.write_string(*at, "∞" if value > 0 else "−∞")
            elif value is not None:
                sheet.write_number(*at, float(value), formats[code])


def _book(path: Path, own: bool) -> dict[str, bytes]:
    with xlsxwriter.Workbook(str(path), {"in_memory": True}) as book:
        book.set_properties({"created": dt.datetime(2025, 1, 1)})
        bold = book.add_format({"bold": True})
        formats = {c: code and book.add_format({"num_format": code}) for c, code in CODES.items()}
        for name, rows in SHEETS.items():
            sheet = book.add_worksheet(name, RowsWorksheet if own else None)
            sheet.write_string(0, 0, name, bold)
            for column, words in enumerate(HEAD):
                sheet.write_string(2, column, words, bold)
            sheet.freeze_panes(3, 1)
            if own:
                codes = [_codes(line) for line in range(len(rows))]
                sheet.put_rows(3, rows, codes, formats)
            else:
                _plain(sheet, rows, formats)
            sheet.autofilter(2, 0, 2 + max(len(rows), 1), len(HEAD) - 1)
    with ZipFile(path) as found:
        return {name: found.read(name) for name in found.namelist()}


def test_rows_are_written_to_the_byte_as_cell_by_cell(tmp_path: Path):
    assert _book(tmp_path / "own.xlsx", own=True) == _book(tmp_path / "plain.xlsx", own=False)


def test_a_row_has_as_many_formats_as_cells(tmp_path: Path):
    with xlsxwriter.Workbook(str(tmp_path / "book.xlsx")) as book:
        sheet = book.add_worksheet("one", RowsWorksheet)
        sheet.write_string(0, 0, "head")
        with pytest.raises(ValueError, match="argument 2"):
            sheet.put_rows(1, [(1.0, 2.0)], [[""]], {"": None})
