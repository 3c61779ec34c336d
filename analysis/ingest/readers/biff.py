"""What calamine leaves out of old binary workbooks: failed formulas, formats, the date system.

References
----------
Microsoft, [MS-XLS] (records BOUNDSHEET, BOOLERR, FORMULA,
FORMAT, XF, ROW, NUMBER, RK, MULRK, 1904).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import olefile

ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}
_BOF, _EOF, _SHEET, _DATE_MODE, _BOOLERR, _FORMULA = 0x0809, 0x000A, 0x0085, 0x0022, 0x0205, 0x0006
_FORMAT, _XF, _ROW, _NUMBER, _RK, _MULRK = 0x041E, 0x00E0, 0x0208, 0x0203, 0x027E, 0x00BD
_MULBLANK, _BLANK, _LABEL, _LABELSST, _RSTRING = 0x00BE, 0x0201, 0x0204, 0x00FD, 0x00D6
_CELLS = frozenset(
    {_NUMBER, _RK, _MULRK, _FORMULA, _BOOLERR, _MULBLANK, _BLANK, _LABEL, _LABELSST, _RSTRING}
)
_ROW_HIDDEN = 0x20
_PERCENT_FORMATS = frozenset({9, 10})
_CALCULATE_ON_LOAD = 0x02
_FILE_PASS, _SST = 0x002F, 0x00FC

Cell = tuple[int, int]


@dataclass(slots=True)
class Extra:
    """Error values, formulas never calculated, numbers shown in per cent and hidden rows, by sheet.

    ``areas`` are rows and columns up to the last cell.
    Cells are (row, column), 0-based.
    """

    is_1904: bool = False
    errors: dict[str, dict[Cell, str]] = field(default_factory=dict)
    uncalculated: dict[str, tuple[Cell, ...]] = field(default_factory=dict)
    percent: dict[str, tuple[Cell, ...]] = field(default_factory=dict)
    hidden_rows: dict[str, frozenset[int]] = field(default_factory=dict)
    areas: dict[str, tuple[int, int]] = field(default_factory=dict)


def encrypted(content: bytes) -> bool:
    """Return whether a binary workbook is locked by a password; False where it cannot be told."""
    try:
        return any(kind == _FILE_PASS for kind, _ in _records(_workbook_stream(content), 0))
    except (struct.error, ValueError):  # also what is no UTF-16
        return False  # damaged, which whoever reads it will say


def read_extra(content: bytes) -> Extra:
    """Return what the records of a binary workbook say beside its plain cells."""
    extra = Extra()
    stream = _workbook_stream(content)
    sheets: list[tuple[int, str]] = []
    shown = set(_PERCENT_FORMATS)
    styles: list[int] = []
    for kind, data in _records(stream, 0):
        if kind == _XF and len(data) >= 4:
            styles.append(struct.unpack_from("<H", data, 2)[0])
        elif kind == _FORMAT and b"%" in data[2:]:
            shown.add(struct.unpack_from("<H", data)[0])
        elif kind == _SST and len(data) >= 8 and struct.unpack_from("<I", data, 4)[0] > len(stream):
            raise ValueError("more texts are announced than there are")
        elif kind == _DATE_MODE:
            extra.is_1904 = data[:2] == b"\x01\x00"
        elif kind == _SHEET and len(data) > 8:
            wide = data[7] & 1
            name = data[8 : 8 + data[6] * (2 if wide else 1)]
            offset = struct.unpack_from("<I", data)[0]
            sheets.append((offset, name.decode("utf-16-le" if wide else "latin-1")))
    for offset, name in sheets:
        found = list(_unread_cells(stream, offset))
        extra.errors[name] = {cell: text for cell, text in found if text is not None}
        extra.uncalculated[name] = tuple(cell for cell, text in found if text is None)
        percent = frozenset(i for i, style in enumerate(styles) if style in shown)
        extra.percent[name] = tuple(_numbers_in(stream, offset, percent)) if percent else ()
        extra.areas[name] = _area(stream, offset)
        extra.hidden_rows[name] = frozenset(
            struct.unpack_from("<H", data)[0]
            for kind, data in _records(stream, offset)
            if kind == _ROW and len(data) >= 14 and data[12] & _ROW_HIDDEN
        )
    return extra


def _area(stream: bytes, offset: int) -> tuple[int, int]:
    """Return rows and columns up to the last cell of a sheet."""
    rows = columns = 0
    for kind, data in _records(stream, offset):
        if kind in _CELLS and len(data) >= 4:
            row, column = struct.unpack_from("<HH", data)
            if kind in (_MULRK, _MULBLANK) and len(data) >= 6:
                column = max(column, struct.unpack_from("<H", data, len(data) - 2)[0])
            rows, columns = max(rows, row + 1), max(columns, column + 1)
    return rows, columns


def _numbers_in(stream: bytes, offset: int, styles: frozenset[int]) -> Iterator[Cell]:
    """Yield each cell with a number, stored or calculated, under one of some styles."""
    for kind, data in _records(stream, offset):
        if kind in (_NUMBER, _RK, _FORMULA) and len(data) >= 6:
            row, column, style = struct.unpack_from("<HHH", data)
            if style in styles:
                yield row, column
        elif kind == _MULRK and len(data) >= 6:
            row, first = struct.unpack_from("<HH", data)
            for i in range((len(data) - 6) // 6):
                if struct.unpack_from("<H", data, 4 + 6 * i)[0] in styles:
                    yield row, first + i


def _unread_cells(stream: bytes, offset: int) -> Iterator[tuple[Cell, str | None]]:
    """Yield each cell with an error and its text, and with None each formula left uncalculated."""
    for kind, data in _records(stream, offset):
        if kind == _BOOLERR and len(data) >= 8 and data[7] == 1:
            yield struct.unpack_from("<HH", data), ERRORS.get(data[6], "#VALUE!")
        elif kind == _FORMULA and len(data) >= 16 and data[12:14] == b"\xff\xff":
            if data[6] == 2:
                yield struct.unpack_from("<HH", data), ERRORS.get(data[8], "#VALUE!")
            elif data[6] == 3 and data[14] & _CALCULATE_ON_LOAD:
                yield struct.unpack_from("<HH", data), None


def _records(stream: bytes, offset: int) -> Iterator[tuple[int, bytes]]:
    """Yield the records of one substream, from its beginning to its end."""
    depth = 0
    while offset + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, offset)
        yield kind, stream[offset + 4 : offset + 4 + size]
        depth += (kind == _BOF) - (kind == _EOF)
        if depth <= 0:
            return
        offset += 4 + size


def _workbook_stream(content: bytes) -> bytes:
    """Return the stream called Workbook (or Book) of a compound file; empty where there is none.

    Raises
    ------
    ValueError
        When the file is damaged.
    """
    try:
        with olefile.OleFileIO(io.BytesIO(content)) as container:
            for name in ("Workbook", "Book"):
                if container.exists(name):
                    return container.openstream(name).read()
    except (OSError, IndexError, struct.error) as error:
        raise ValueError(f"damaged compound file: {error}") from error
    return b""
