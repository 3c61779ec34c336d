"""Decisions people make on what the software lists, in a sheet any spreadsheet program edits."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.errors import Fault, InputError
from analysis.files import write_text
from analysis.inert import MARK, as_meant, csv_text


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionSheet:
    """What a sheet of decisions holds; one row per decision.

    Attributes
    ----------
    key : str
        Column that names what is decided on.
    states : tuple of str
        What can be decided, in the column ``state``.
    extra : tuple of str
        Columns besides key, ``state``, ``decided_on``, ``decided_by`` and ``note``.
    example : str
        A correct row.
    rule : str
        Stem of the rules a wrong state (``<rule>_state``) or a missing key (``<rule>_key``) break.
    """

    key: str
    states: tuple[str, ...]
    example: str
    extra: tuple[str, ...] = ()
    rule: str = "decision"

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns, in the order they are written."""
        return (self.key, "state", "decided_on", "decided_by", *self.extra, "note")

    def read_nothing(self) -> pd.DataFrame:
        """Return a sheet without decisions."""
        return pd.DataFrame({name: pd.Series(dtype="str") for name in self.columns})

    def read(self, path: Path) -> pd.DataFrame:
        """Read a sheet; without the file nothing is decided.

        Rows without a state are not decided yet and are left out. UTF-8 (with or without a
        mark) and GB 18030, as Chinese spreadsheet programs write it, are both read. Of a heading
        and of a state the first word counts: what follows is for people.

        Parameters
        ----------
        path : Path
            The CSV file, with :attr:`columns` in any order among others; a workbook of the same
            name ending in ``.xlsx`` may take its place.

        Returns
        -------
        DataFrame
            :attr:`columns`, all text, in file order; ``decided_on`` as ISO day.

        Raises
        ------
        InputError
            For a file that is no table, a CSV file beside a workbook, missing columns, unknown
            states, and days that are none; all are named together.
        """
        path = Path(path)
        book = path.with_suffix(".xlsx")
        if book.is_file() and path.is_file():
            message = f"{path.name} and {book.name} are both there."
            raise InputError([self._fault("decision_twice", message, book.name)])
        path = book if book.is_file() else path
        if not path.is_file():
            return self.read_nothing()
        sheet = self._parsed(path)
        sheet.columns = [_first_word(name) for name in sheet.columns]
        if missing := [name for name in self.columns if name not in sheet.columns]:
            raise InputError(
                Fault(
                    rule="decision_column",
                    message=f"The column {name!r} is missing.",
                    example=",".join(self.columns),
                    file=path.name,
                    row=1,
                    column=name,
                )
                for name in missing
            )
        sheet = sheet[list(self.columns)].map(lambda cell: as_meant(cell.strip()))
        sheet["state"] = sheet["state"].map(_first_word)
        if faults := list(self._faults(sheet, path.name)):
            raise InputError(faults)
        decided = sheet[sheet["state"] != ""].reset_index(drop=True)
        return decided.assign(decided_on=decided["decided_on"].map(_iso))

    def _parsed(self, path: Path) -> pd.DataFrame:
        try:
            if path.suffix == ".xlsx":
                return _of_workbook(path)
            raw = path.read_bytes()
            try:
                text = raw.decode("utf-8-sig")
            except UnicodeDecodeError:
                text = raw.decode("gb18030")
            if "\x00" in text:
                raise ValueError("a NUL character")
            # Without it a row with cells too many shifts all the others into an index.
            return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False, index_col=False)
        except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
            # undecodable, empty, no table to pandas, or no workbook
            message = "The sheet of decisions is damaged, or neither CSV nor xlsx."
            raise InputError([self._fault("decision_unreadable", message, path.name)]) from error

    def _fault(self, rule: str, message: str, file: str) -> Fault:
        return Fault(rule=rule, message=message, example=",".join(self.columns), file=file)

    def write(self, path: Path, sheet: pd.DataFrame) -> Path:
        """Write a sheet, with the mark that lets Excel read UTF-8; atomically."""
        rows = sheet[list(self.columns)].fillna("").itertuples(index=False)
        return write_text(path, MARK + csv_text(self.columns, rows, line_end="\n"))

    def _faults(self, sheet: pd.DataFrame, file: str) -> Iterator[Fault]:
        for number, row in enumerate(sheet.to_dict("records"), start=2):
            if not row["state"]:
                continue
            place: dict[str, Any] = {"example": self.example, "file": file, "row": number}
            if row["state"] not in self.states:
                yield Fault(
                    rule=f"{self.rule}_state",
                    message=f"The state must be one of {', '.join(self.states)}.",
                    column="state",
                    value=row["state"],
                    **place,
                )
            if not row[self.key]:
                yield Fault(
                    rule=f"{self.rule}_key",
                    message="A decision needs the identifier of what is decided on.",
                    column=self.key,
                    **place,
                )
            if _day(row["decided_on"]) is None:
                yield Fault(
                    rule="decision_day",
                    message="The day of the decision must be year-month-day.",
                    column="decided_on",
                    value=row["decided_on"],
                    **place,
                )


def _of_workbook(path: Path) -> pd.DataFrame:
    """Return the first sheet of a workbook as text, days as ISO."""
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        rows = [
            [_text(cell) for cell in row] for row in book.worksheets[0].iter_rows(values_only=True)
        ]
    finally:
        book.close()
    if not rows:
        raise ValueError("no heading")
    head, *body = rows
    return pd.DataFrame([row for row in body if any(row)], columns=head, dtype="str")


def _text(cell: Any) -> str:
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat()
    return "" if cell is None else str(cell)


def _first_word(text: Any) -> str:
    return next(iter(str(text).split()), "")


def _iso(text: str) -> str:
    day = _day(text)
    return "" if day is None else day.isoformat()


def _day(text: str) -> dt.date | None:
    """Read 2024-10-08 and 2024/10/8, as spreadsheet programs rewrite it; None otherwise."""
    parts = text.replace("/", "-").split("-")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    try:
        return dt.date(*(int(part) for part in parts))
    except ValueError:
        return None
