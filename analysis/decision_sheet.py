"""Decisions people make on what the software lists, in a sheet any spreadsheet program edits."""

from __future__ import annotations

import datetime as dt
import io
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
        mark) and GB 18030, as Chinese spreadsheet programs write it, are both read.

        Parameters
        ----------
        path : Path
            The file, with :attr:`columns` in any order.

        Returns
        -------
        DataFrame
            :attr:`columns`, all text, in file order; ``decided_on`` as ISO day.

        Raises
        ------
        InputError
            For a file that is no CSV, missing columns, unknown states, and days that are none;
            all are named together.
        """
        path = Path(path)
        if not path.is_file():
            return self.read_nothing()
        sheet = self._parsed(path)
        sheet.columns = [str(name).strip() for name in sheet.columns]
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
        if faults := list(self._faults(sheet, path.name)):
            raise InputError(faults)
        decided = sheet[sheet["state"] != ""].reset_index(drop=True)
        return decided.assign(decided_on=decided["decided_on"].map(_iso))

    def _parsed(self, path: Path) -> pd.DataFrame:
        raw = path.read_bytes()
        try:
            try:
                text = raw.decode("utf-8-sig")
            except UnicodeDecodeError:
                text = raw.decode("gb18030")
            if "\x00" in text:
                raise ValueError("a NUL character")
            # Without it a row with cells too many shifts all the others into an index.
            return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False, index_col=False)
        except ValueError as error:  # undecodable, empty, or no table to pandas
            raise InputError(
                [
                    Fault(
                        rule="decision_unreadable",
                        message="The sheet of decisions is damaged or no CSV.",
                        example=",".join(self.columns),
                        file=path.name,
                    )
                ]
            ) from error

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
