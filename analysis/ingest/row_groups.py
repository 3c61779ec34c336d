"""Parquet files of one schema put one after the other, without decoding a cell.

A Parquet file is its row groups and, at the end, a description of them in Thrift's compact
protocol (https://github.com/apache/parquet-format). Row groups are copied byte by byte; in their
descriptions only the places where they begin are moved.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

_MAGIC = b"PAR1"
_AT_ONCE = 1 << 22
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)
_VERSION, _SCHEMA, _ROWS, _GROUPS = 1, 2, 3, 4  # of a file
_COLUMNS, _GROUP_AT, _ORDINAL = 1, 5, 7  # of a row group
_PATH, _COLUMN_AT, _ABOUT, _OFFSETS_AT, _INDEX_AT = 1, 2, 3, 4, 6  # of a column of a row group
_DATA_AT, _PAGES_AT, _DICTIONARY_AT, _BLOOM_AT = 9, 10, 11, 14  # of what is said about it

Field = list  # [number, type, value]


class OtherBytesError(Exception):
    """A file is not what it was said to be; told is its name."""


def concatenate(files: Sequence[tuple[Path, str]], target: Path) -> int:
    """Write the row groups of several files to one, in order, and return how many rows they have.

    The result is, byte by byte, what one writer gives that was handed the tables one after the
    other.

    Parameters
    ----------
    files : sequence of (Path, str)
        Parquet files of one schema, and the SHA-256 that each must have; ``""`` for any.
    target : Path
        Is written.

    Raises
    ------
    OtherBytesError
        When a file is none of Parquet, has another SHA-256, or another schema than the first.
    """
    together: list[Field] | None = None
    with open(target, "wb") as out:
        out.write(_MAGIC)
        for path, digest in files:
            with open(path, "rb") as file:
                footer, at = _footer(file)
                moved = out.tell() - len(_MAGIC)
                found = _copied(file, at, out)
            if digest and found != digest:
                raise OtherBytesError(path.name)
            if together is None:
                together = footer
                continue
            for number in (_VERSION, _SCHEMA):
                if _of(footer, number) != _of(together, number):
                    raise OtherBytesError(path.name)
            groups = _of(together, _GROUPS)[1]
            for group in _of(footer, _GROUPS)[1]:
                if any(_of(column, _PATH) is not None for column in _of(group, _COLUMNS)[1]):
                    raise OtherBytesError(path.name)  # its rows lie elsewhere
                _move(group, moved, ordinal=len(groups))
                groups.append(group)
            _put(together, _ROWS, _of(together, _ROWS) + _of(footer, _ROWS))
        if together is None:
            raise ValueError("no file")
        said = bytearray()
        _write_struct(said, together)
        out.write(said)
        out.write(struct.pack("<I", len(said)) + _MAGIC)
    return _of(together, _ROWS)


def _footer(file: BinaryIO) -> tuple[list[Field], int]:
    """Return what a file says of its row groups, and where that begins."""
    size = file.seek(0, 2)
    if size < 12:
        raise OtherBytesError(Path(file.name).name)
    file.seek(size - 8)
    length, magic = struct.unpack("<I4s", file.read(8))
    if magic != _MAGIC or length > size - 12:
        raise OtherBytesError(Path(file.name).name)
    at = size - 8 - length
    file.seek(at)
    try:
        footer, _ = _read_struct(file.read(length), 0)
    except (IndexError, ValueError, struct.error) as error:
        raise OtherBytesError(Path(file.name).name) from error
    return footer, at


def _copied(file: BinaryIO, until: int, out: BinaryIO) -> str:
    """Copy the row groups of a file; return the SHA-256 of the whole file."""
    digest = hashlib.sha256()
    file.seek(0)
    digest.update(file.read(len(_MAGIC)))
    left = until - len(_MAGIC)
    while left and (part := file.read(min(left, _AT_ONCE))):
        digest.update(part)
        out.write(part)
        left -= len(part)
    digest.update(file.read())
    return digest.hexdigest()


def _move(group: list[Field], by: int, *, ordinal: int) -> None:
    """Say that a row group begins ``by`` bytes further on."""
    _add(group, _GROUP_AT, by)
    if _of(group, _ORDINAL) is not None:
        _put(group, _ORDINAL, ordinal)
    for column in _of(group, _COLUMNS)[1]:
        for number in (_COLUMN_AT, _OFFSETS_AT, _INDEX_AT):
            _add(column, number, by)
        for number in (_DATA_AT, _PAGES_AT, _DICTIONARY_AT, _BLOOM_AT):
            _add(_of(column, _ABOUT), number, by)


def _of(fields: list[Field], number: int) -> Any:
    return next((value for found, _, value in fields if found == number), None)


def _put(fields: list[Field], number: int, value: Any) -> None:
    for field in fields:
        if field[0] == number:
            field[2] = value


def _add(fields: list[Field], number: int, by: int) -> None:
    for field in fields:
        if field[0] == number and field[2]:  # 0 where nothing is there
            field[2] += by


def _read_struct(content: bytes, at: int) -> tuple[list[Field], int]:
    fields: list[Field] = []
    number = 0
    while head := content[at]:
        at += 1
        if head >> 4:
            number += head >> 4
        else:
            number, at = _read_whole(content, at)
        value, at = _read(content, at, head & 15)
        fields.append([number, head & 15, value])
    return fields, at + 1


def _read(content: bytes, at: int, kind: int) -> tuple[Any, int]:
    if kind in (_TRUE, _FALSE):
        return kind == _TRUE, at  # of a field; in a list it takes a byte
    if kind == _BYTE:
        return content[at], at + 1
    if kind in (_I16, _I32, _I64):
        return _read_whole(content, at)
    if kind == _DOUBLE:
        return content[at : at + 8], at + 8
    if kind == _BINARY:
        size, at = _read_plain(content, at)
        if at + size > len(content):
            raise ValueError("cut off")
        return content[at : at + size], at + size
    if kind in (_LIST, _SET):
        head, at = content[at], at + 1
        size = head >> 4
        if size == 15:
            size, at = _read_plain(content, at)
        values = []
        for _ in range(size):
            of = _BYTE if head & 15 in (_TRUE, _FALSE) else head & 15
            value, at = _read(content, at, of)
            values.append(value)
        return (head & 15, values), at
    if kind == _STRUCT:
        return _read_struct(content, at)
    raise ValueError(f"type {kind}")  # maps do not occur in Parquet


def _read_plain(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def _read_whole(content: bytes, at: int) -> tuple[int, int]:
    value, at = _read_plain(content, at)
    return (value >> 1) ^ -(value & 1), at


def _write_struct(out: bytearray, fields: list[Field]) -> None:
    last = 0
    for number, kind, value in fields:
        said = (_TRUE if value else _FALSE) if kind in (_TRUE, _FALSE) else kind
        if 0 < number - last < 16:
            out.append((number - last) << 4 | said)
        else:
            out.append(said)
            _write_whole(out, number)
        last = number
        _write(out, kind, value)
    out.append(0)


def _write(out: bytearray, kind: int, value: Any) -> None:
    if kind in (_TRUE, _FALSE):
        return
    if kind == _BYTE:
        out.append(value)
    elif kind in (_I16, _I32, _I64):
        _write_whole(out, value)
    elif kind == _DOUBLE:
        out += value
    elif kind == _BINARY:
        _write_plain(out, len(value))
        out += value
    elif kind in (_LIST, _SET):
        of, values = value
        if len(values) < 15:
            out.append(len(values) << 4 | of)
        else:
            out.append(0xF0 | of)
            _write_plain(out, len(values))
        for one in values:
            _write(out, _BYTE if of in (_TRUE, _FALSE) else of, one)
    else:
        _write_struct(out, value)


def _write_plain(out: bytearray, value: int) -> None:
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)


def _write_whole(out: bytearray, value: int) -> None:
    _write_plain(out, value << 1 if value >= 0 else (-value << 1) - 1)
