"""A worksheet that takes its rows as a whole; the file has the bytes that XlsxWriter writes.

XlsxWriter keeps an object per cell and looks at it three times before it is written. Here a cell
is text from the beginning.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from analysis.inert import inert

_BLOCK = 16
"""Rows that say together which columns they have."""
_LONG = 16_000
"""Letters of a text from which on it might be too long for a cell."""
Cell = tuple[int, str | None, str]
"""Column, code of the number format where it has one, and what follows both in its element."""


class RowsWorksheet(Worksheet):
    """A worksheet whose head is written as usual, with rows below it."""

    def __init__(self) -> None:
        super().__init__()
        self._first = 0
        self._lines: list[list[Cell]] = []
        self._formats: Mapping[str, Any] = {}

    def put_rows(
        self,
        first: int,
        rows: Sequence[Sequence[Any]],
        codes: Sequence[Sequence[str]],
        formats: Mapping[str, Any],
    ) -> None:
        """Take the rows below the head, which has a text in each of their columns.

        Parameters
        ----------
        first : int
            Where the first stands, counted from 0.
        rows : sequence of sequences
            Texts, numbers, days, and None where there is nothing.
        codes : sequence of sequences of str
            Code of each cell's number format; empty where none has one.
        formats : mapping
            Formats by their code; None under one that has none.
        """
        self._first, self._formats = first, formats
        for line, values in enumerate(rows):
            of_row = codes[line] if codes else [""] * len(values)
            cells: list[Cell] = [
                (column, *self._element(value, code))
                for column, (value, code) in enumerate(zip(values, of_row, strict=True))
                if value is not None
            ]
            self._lines.append(cells)
            if cells:
                self.dim_rowmax = first + line

    def _element(self, value: Any, code: str) -> tuple[str | None, str]:
        if isinstance(value, str):
            return None, self._text(inert(value))
        if isinstance(value, dt.date):
            return code, f"><v>{self._convert_date_time(value):.16G}</v></c>"
        if isinstance(value, bool):
            return None, f' t="b"><v>{int(value)}</v></c>'
        if math.isinf(value):
            return None, self._text("∞" if value > 0 else "−∞")
        return code, f"><v>{float(value):.16G}</v></c>"

    def _text(self, words: str) -> str:
        if len(words) < _LONG:
            place = self.str_table._get_shared_string_index(words)
        else:  # cut where a cell could not hold it
            self.write_string(self._first, 0, words)
            place = self.table.pop(self._first)[0].string
        return f' t="s"><v>{place}</v></c>'

    def _write_rows(self) -> None:
        """Write the head, then the rows."""
        last, self.dim_rowmax = self.dim_rowmax, self._first - 1
        super()._write_rows()
        self.dim_rowmax = last
        self.fh.write("".join(self._rows()))

    def _rows(self) -> Iterator[str]:
        names = [xl_col_to_name(column) for column in range(self.dim_colmax + 1)]
        spans = self._spans()
        styles: dict[str | None, str] = {None: ""}
        for row, cells in enumerate(self._lines, start=self._first):
            if not cells:
                continue
            yield f'<row r="{row + 1}" spans="{spans[row // _BLOCK]}">'
            for column, code, rest in cells:
                if code not in styles:  # numbers of formats follow the order of the cells
                    how = self._formats.get(code) if code else None
                    styles[code] = f' s="{how._get_xf_index()}"' if how else ""
                yield f'<c r="{names[column]}{row + 1}"{styles[code]}{rest}'
            yield "</row>"

    def _spans(self) -> dict[int, str]:
        """Return the first and last column of each block; those of the head are known."""
        ends: dict[int, tuple[int, int]] = {}
        for row, cells in enumerate(self._lines, start=self._first):
            if cells:
                low, high = ends.get(row // _BLOCK, (cells[0][0], 0))
                ends[row // _BLOCK] = min(low, cells[0][0]), max(high, cells[-1][0])
        return {n: f"{low + 1}:{high + 1}" for n, (low, high) in ends.items()} | self.row_spans
