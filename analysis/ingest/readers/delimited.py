"""CSV and TSV: the head is read row by row to see its shape, the body at once by Arrow."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

DELIMITERS = (",", "\t", ";", "|")
HEAD_ROWS = 60
HEAD_CHARACTERS = 2_000_000
_FILLED = re.compile(rb"\S")
csv.field_size_limit(1 << 30)


@dataclass(frozen=True, slots=True)
class Body:
    """Rows below the header.

    ``numbers`` holds the row number of each row of ``table``; ``ragged`` the rows that have
    another number of cells, as (row number, cells); ``unclosed`` the row in which a quotation
    mark opens that swallows the rest of the file.
    """

    table: pa.Table
    numbers: np.ndarray
    ragged: tuple[tuple[int, tuple[str, ...]], ...]
    unclosed: int | None = None


def sniff_delimiter(text: str) -> str:
    """Return the delimiter under which most of the first rows have the same number of cells."""
    sample = "\n".join(text[:200_000].splitlines()[:HEAD_ROWS])

    def agreement(delimiter: str) -> tuple[int, int]:
        widths = Counter(len(row) for row in _rows(sample, delimiter) if len(row) > 1)
        if not widths:
            return (0, 0)
        width, rows = max(widths.items(), key=lambda item: (item[1], item[0]))
        return (rows, width)

    return max(DELIMITERS, key=agreement)


def head(text: str, delimiter: str, rows: int = HEAD_ROWS) -> list[list[str | None]]:
    """Return the first rows of the text, empty cells as None."""
    start = text[:HEAD_CHARACTERS]
    return [[cell or None for cell in row] for row in islice(_rows(start, delimiter), rows)]


def body(text: str, delimiter: str, *, skip: int, width: int, content: bytes | None = None) -> Body:
    """Parse everything below the first ``skip`` rows into ``width`` text columns.

    ``content`` is the whole text in UTF-8, where it is at hand; its beginning
    (:data:`HEAD_CHARACTERS`) is enough of ``text`` then. Arrow parses it; the csv module does where
    Arrow cannot (a quotation mark never closed). Both count a quoted line break as part of its row,
    as a spreadsheet program does.
    """
    names = [str(i) for i in range(width)]
    ragged: list[tuple[int, tuple[str, ...]]] = []

    def set_aside(row: pacsv.InvalidRow) -> str:
        ragged.append((row.number, tuple(next(_rows(row.text, delimiter), []))))
        return "skip"

    start = _offset(text, delimiter, skip)
    if content is None:
        content = text[start:].encode("utf-8", errors="surrogatepass")
    else:
        content = memoryview(content)[len(text[:start].encode("utf-8")) :]
    if _is_blank(content):
        return Body(pa.table({n: pa.array([], pa.string()) for n in names}), np.empty(0, int), ())
    size = len(content)
    quotes = _count(content, b'"')
    try:
        table = pacsv.read_csv(
            pa.BufferReader(content),
            # One thread: only then does Arrow number the rows it sets aside.
            read_options=pacsv.ReadOptions(
                use_threads=False, column_names=names, block_size=max(size + 1, 1 << 16)
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=delimiter,
                quote_char='"',
                double_quote=True,
                newlines_in_values=quotes > 0,
                ignore_empty_lines=False,
                invalid_row_handler=set_aside,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types={name: pa.string() for name in names},
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                null_values=[""],
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid:
        rest = str(content, "utf-8", errors="surrogatepass")
        return _by_csv_module(rest, delimiter, skip=skip, width=width, names=names)
    outside = np.array([number for number, _ in ragged], dtype=np.int64)
    numbers = np.arange(1, len(table) + len(outside) + 1, dtype=np.int64)
    numbers = np.delete(numbers, outside - 1) + skip
    set_apart = tuple((n + skip, cells) for n, cells in ragged)
    return Body(table, numbers, set_apart, _unclosed(table, numbers, set_apart, quotes))


def _is_blank(content: bytes | memoryview) -> bool:
    first = _FILLED.search(content)
    if first is None or first[0].isascii():
        return first is None
    return str(content, "utf-8", errors="surrogatepass").isspace()


def _count(content: bytes | memoryview, sign: bytes) -> int:
    """Count a character without another copy of a large text."""
    places = range(0, len(content), 1 << 24)
    return sum(bytes(content[place : place + (1 << 24)]).count(sign) for place in places)


def _unclosed(
    table: pa.Table,
    numbers: np.ndarray,
    ragged: Sequence[tuple[int, tuple[str, ...]]],
    quotes: int,
) -> int | None:
    """Return the last row when it holds line breaks and the quotation marks do not pair up."""
    if quotes % 2 == 0:
        return None
    last, cells = max(ragged, default=(0, ()))
    if len(numbers) and numbers[-1] > last:
        last = int(numbers[-1])
        cells = tuple(column[-1].as_py() or "" for column in table.columns)
    return last if any("\n" in cell or "\r" in cell for cell in cells) else None


def _rows(text: str, delimiter: str) -> csv.reader:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar='"')


def _offset(text: str, delimiter: str, skip: int) -> int:
    """Return where row ``skip + 1`` starts, quoted line breaks counted inside their row."""
    lines = io.StringIO(text[:HEAD_CHARACTERS], newline="")
    reader = csv.reader(iter(lines.readline, ""), delimiter=delimiter, quotechar='"')
    for _ in islice(reader, skip):
        pass
    return lines.tell() if skip else 0


def _by_csv_module(
    text: str, delimiter: str, *, skip: int, width: int, names: Sequence[str]
) -> Body:
    fitting: list[list[str | None]] = []
    numbers: list[int] = []
    ragged: list[tuple[int, tuple[str, ...]]] = []
    for number, row in enumerate(_rows(text, delimiter), start=skip + 1):
        if len(row) == width or not row:
            fitting.append([cell or None for cell in row] or [None] * width)
            numbers.append(number)
        else:
            ragged.append((number, tuple(row)))
    columns = zip(*fitting, strict=True) if fitting else [()] * width
    table = pa.table(
        {n: pa.array(column, pa.string()) for n, column in zip(names, columns, strict=True)}
    )
    places = np.array(numbers, dtype=np.int64)
    return Body(table, places, tuple(ragged), _unclosed(table, places, ragged, text.count('"')))
