"""What a reader hands on: the cells as the file has them, and the facts about the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import numpy as np
import pandas as pd

from analysis.errors import Fault

Format = Literal["csv", "tsv", "xlsx", "xls", "xlsb", "ods", "html", "xml", "parquet"]
Sureness = Literal["declared", "certain", "likely", "unsure"]
DropReason = Literal["title", "blank", "repeated_header", "total", "note"]
DateSystem = Literal["1900", "1904"]


@dataclass(frozen=True, slots=True)
class OtherSheet:
    """A sheet with cells that was not asked for: its name, whether it is hidden, filled rows."""

    name: str
    hidden: bool
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a raw table came from and how it was read.

    Attributes
    ----------
    file : str
        Name as given by the caller, by default the path's last part.
    sheet : str or None
        Sheet of a workbook; None for text files.
    format : str
        The real format, told from the bytes: csv, tsv, xlsx, xls, xlsb, ods, html, xml, parquet.
    extension : str
        What the file name claims, lower case, without the dot.
    encoding : str or None
        Of a text file; ``gb18030`` stands for every GB encoding. None for workbooks.
    sureness : str
        Of the encoding: ``declared`` by the caller, ``certain`` (byte order mark, or valid UTF-8),
        ``likely`` (GB18030 with ordinary Chinese), ``unsure`` (a fault is recorded too).
    delimiter : str or None
        Of a delimited text file.
    header_rows : tuple[int, ...]
        Row numbers of the header, as a spreadsheet program shows them.
    above : tuple[tuple[int, str], ...]
        The lines of text above the header: row number and text.
    date_system : str
        "1900" or "1904": which day the serial number 0 of a workbook means.
    hidden_columns : tuple[str, ...]
        Columns of a workbook that were hidden; they are read like the others.
    hidden_rows : tuple[int, ...]
        Numbers of the rows below the header that were hidden or filtered out; read likewise.
    other_sheets : tuple[OtherSheet, ...]
        Sheets of the workbook with cells that this reading was not asked for.
    """

    file: str
    sheet: str | None = None
    format: Format
    extension: str = ""
    encoding: str | None = None
    sureness: Sureness = "certain"
    delimiter: str | None = None
    header_rows: tuple[int, ...] = ()
    above: tuple[tuple[int, str], ...] = ()
    date_system: DateSystem = "1900"
    hidden_columns: tuple[str, ...] = ()
    hidden_rows: tuple[int, ...] = ()
    other_sheets: tuple[OtherSheet, ...] = ()

    @property
    def extension_agrees(self) -> bool:
        """Whether the file name's extension fits the real format."""
        fitting = {"csv": {"csv", "txt"}, "tsv": {"tsv", "txt", "tab"}, "html": {"html", "htm"}}
        return self.extension in fitting.get(self.format, {self.format, self.format + "m"})


@dataclass(frozen=True, slots=True)
class Dropped:
    """One row of the file that is not data: its number, why, and its first non-empty cell."""

    row: int
    reason: DropReason
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTable:
    """One sheet or text file as read, nothing converted.

    Attributes
    ----------
    frame : DataFrame
        Columns named by the header. Text files give ``str`` columns; workbooks give object
        columns whose cells keep their type: str, float, bool, datetime, date, time, timedelta.
        Missing is None or NaN (``isna``). Spaces and spellings are as in the file.
    row_numbers : ndarray of int64
        For each row of ``frame``, its number as a spreadsheet program shows it.
    source : Source
        Where it came from.
    dropped : tuple[Dropped, ...]
        Every row below or above the header that is not in ``frame``, but for the header itself.
    counts : Mapping[str, int]
        What reading changed, by conversion name (``merged_cells_filled``, ``header_line_breaks``,
        ``header_duplicates_numbered``, ``short_rows_padded`` ...).
    faults : tuple[Fault, ...]
        Found while reading. ``column`` is set where a fault concerns one column only, so that a
        column nobody maps does not stop a run.
    """

    frame: pd.DataFrame
    row_numbers: np.ndarray
    source: Source
    dropped: tuple[Dropped, ...] = ()
    counts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    faults: tuple[Fault, ...] = ()

    def __len__(self) -> int:
        return len(self.frame)

    def dropped_counts(self) -> dict[str, int]:
        """Return how many rows were dropped for each reason."""
        counts: dict[str, int] = {}
        for row in self.dropped:
            counts[row.reason] = counts.get(row.reason, 0) + 1
        return counts
