"""Limits of what one file may cost, looked at before memory is taken for it.

A sheet costs its rectangle, from A1 to the last row and column in which anything stands, empty
cells included. A stray cell at the end of a sheet, a cell said to span a million columns or an
archive that unfolds into a thousand times its size would otherwise take all memory.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from analysis.errors import InputError
from analysis.ingest.readers.rules import fault

_LETTER = rb' r="%s\d'
_LAST_ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*?\br="(\d+)"')
_REPEATED = re.compile(
    rb"<table:(table-row|(?:covered-)?table-cell)\b[^>]*?"
    rb'number-(?:rows|columns)-repeated="(\d+)"[^>]*>'
)
_ANNOUNCED = re.compile(rb'\buniqueCount="(\d+)"')
_FILLED = re.compile(rb"<text:p\b|office:value=")
_CHUNK = 1 << 20
_RATIO = 200
"""How many times its size a large part of an archive may unpack to; sheets come to 5 to 50."""
_LARGE = 64 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost.

    Attributes
    ----------
    cells : int
        Cells of the rectangle of a sheet, empty ones included; about 100 bytes of memory each.
    megabytes : int
        Of a file, and of all parts of an archive unpacked; text takes about eight times its size
        in memory, so it may have a quarter of them.
    """

    cells: int = 12_000_000
    megabytes: int = 1024

    @property
    def spans(self) -> int:
        """Cells that merged cells of markup may cover together."""
        return self.cells // 20

    @property
    def text_megabytes(self) -> int:
        """Megabytes of a text file."""
        return self.megabytes // 4


def too_large(
    file: str, limits: Limits, *, sheet: str | None = None, **found: object
) -> InputError:
    """Return the error of a file beyond the limits; ``found`` tells what it has."""
    rule = "sheet_too_large" if "rows" in found else "file_too_large"
    params = {"cells": limits.cells, "megabytes": limits.megabytes, **found}
    return InputError([fault(rule, file=file, sheet=sheet, params=params)])


def check_size(size: int, file: str, limits: Limits, *, text: bool = False) -> None:
    """Refuse a file of more bytes than the limit."""
    most = limits.text_megabytes if text else limits.megabytes
    if size > most << 20:
        raise too_large(file, limits, size=size >> 20, megabytes=most)


def check_area(
    rows: int, columns: int, file: str, limits: Limits, sheet: str | None = None
) -> None:
    """Refuse a rectangle with more cells than the limit."""
    if rows * columns > limits.cells:
        raise too_large(file, limits, sheet=sheet, rows=rows, columns=columns)


def check_unpacked(content: bytes, file: str, limits: Limits) -> None:
    """Refuse an archive that says it unpacks to more than the limit; nothing is unpacked."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
    unpacked = sum(part.file_size for part in parts)
    folded = any(part.file_size > max(_LARGE, _RATIO * part.compress_size) for part in parts)
    if folded or unpacked > limits.megabytes << 20:
        most = _LARGE >> 20 if folded else limits.megabytes
        raise too_large(file, limits, size=unpacked >> 20, megabytes=most)


def check_parts(content: bytes) -> None:
    """Hold what an archive says of its parts against their bytes, piece by piece.

    Raises
    ------
    zipfile.BadZipFile
        For a wrong checksum, a part that is longer than said, or a name that stands twice.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        if len(set(names)) != len(names):
            raise zipfile.BadZipFile("a part stands twice")
        for part in archive.infolist():
            with archive.open(part) as stream:  # which checks its CRC at the end
                while stream.read(_CHUNK):
                    pass


def area_of_xml(xml: bytes, most: int) -> tuple[int, int]:
    """Return last row and last column in which a sheet of an xlsx file says that a cell stands.

    Columns are counted only as far as needed to know that there are not more than ``most`` cells.
    """
    rows = max((int(found[1]) for found in _LAST_ROW.finditer(xml)), default=0)
    if rows == 0:  # rows without numbers follow one another
        rows = len(re.findall(rb"<(?:\w+:)?row\b", xml))
    rows = max(rows, _stray_row(xml, rows))
    for columns in (26, 702):
        longer = _LETTER % (b"[A-Z]{2,}" if columns == 26 else b"[A-Z]{3,}")
        if rows * columns <= most and not re.search(longer, xml):
            return rows, columns
    return rows, _width_of_xml(xml)


def _stray_row(xml: bytes, rows: int) -> int:
    """Return the last row that a cell names itself, where it is far beyond the last row; else 0.

    The reader puts a cell where it says it stands, whatever row it is written in.
    """
    first, more = int(str(rows)[0]), len(str(rows)) - 1
    forms = [rb"\d{%d,}" % (more + 2)]
    forms += [rb"[%d-9]\d{%d}" % (first + 1, more)] if first < 9 else []
    found = (re.findall(rb' r="[A-Z]+(%s)"' % form, xml) for form in forms)
    return max((int(row) for rows_named in found for row in rows_named), default=0)


def _width_of_xml(xml: bytes) -> int:
    """Return the last column by the letters of the cells, looking for the farthest ones first."""
    length = next((n for n in (4, 3, 2, 1) if re.search(_LETTER % (b"[A-Z]" * n), xml)), 0)
    if length == 0:
        return max((row.count(b"<c") for row in re.split(rb"</(?:\w+:)?row>", xml)), default=0)
    known = b""
    for place in range(length):
        rest = b"[A-Z]" * (length - place - 1)
        low, high = 65, 90
        while low < high:  # the last letter that any of the farthest cells has here
            middle = (low + high + 1) // 2
            if re.search(_LETTER % (known + b"[%c-%c]" % (middle, high) + rest), xml):
                low = middle
            else:
                high = middle - 1
        known += b"%c" % low
    number = 0
    for letter in known:
        number = number * 26 + letter - 64
    return number


def check_texts(shared: bytes | None, binary: bytes | None = None) -> None:
    """Refuse a table of shared texts that announces more of them than it has bytes.

    The reader takes memory for as many as are announced, and the process with it.

    Parameters
    ----------
    shared : bytes or None
        Of an xlsx file.
    binary : bytes or None
        Of an xlsb file.

    Raises
    ------
    ValueError
        When the number cannot be true.
    """
    announced = [int(found) for found in _ANNOUNCED.findall((shared or b"")[:4096])]
    if binary:
        _, at = _varint(binary, 0, 2)
        size, at = _varint(binary, at, 4)
        announced += struct.unpack_from("<I", binary, at + 4) if size >= 8 else ()
    if max(announced, default=0) > len(shared or binary or b""):
        raise ValueError("more texts are announced than there are")


def areas_of_xlsb(content: bytes) -> Iterator[tuple[str, int, int]]:
    """Yield part, last row and last column of each sheet of an xlsb file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            if re.search(r"worksheets/[^/]+\.bin$", name):
                yield (name, *_area_of_records(archive.read(name)))


def _area_of_records(data: bytes) -> tuple[int, int]:
    at, rows, columns = 0, 0, 0
    while at < len(data):
        kind, at = _varint(data, at, 2)
        size, at = _varint(data, at, 4)
        if kind == 0 and size >= 4:  # a row begins
            rows = max(rows, struct.unpack_from("<I", data, at)[0] + 1)
        elif 1 <= kind <= 11 and size >= 4:  # a cell
            columns = max(columns, struct.unpack_from("<I", data, at)[0] + 1)
        at += size
    return rows, columns


def _varint(data: bytes, at: int, most: int) -> tuple[int, int]:
    value = 0
    for place in range(most):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            break
    return value, at


def area_of_ods(xml: bytes) -> tuple[int, int]:
    """Return rows and columns that an ods file comes to with its repeats.

    What is empty and repeats to the end of a row or sheet takes no memory, and is left out.
    """
    lines = xml.split(b"</table:table-row>")
    filled = [bool(_FILLED.search(line)) for line in lines]
    last = max((i for i, full in enumerate(filled) if full), default=-1)
    rows = columns = 0
    for line in lines[: last + 1]:
        times, width = 1, line.count(b"<table:table-cell")
        for found in _REPEATED.finditer(line):
            if found[1] == b"table-row":
                times = int(found[2])
            elif _FILLED.search(line, found.start()):
                width += int(found[2])
        rows, columns = rows + times, max(columns, width)
    return rows, columns
