"""One source on its way: its rows with the canonical columns, and where each came from."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from analysis.client import Source
from analysis.errors import Fault
from analysis.ingest.problems import Problem, fault
from analysis.ingest.record import AcceptedRecord, ColumnRecord, FileRecord
from analysis.tables import TABLES, Table


@dataclass(frozen=True, slots=True)
class Origin:
    """The file and sheet a stretch of rows came from."""

    file: str
    sheet: str | None = None


@dataclass(slots=True, kw_only=True)
class Draft:
    """One source between reading and writing.

    ``frame`` has a RangeIndex; ``origin`` and ``row`` say for each of its rows the entry of
    ``origins`` and the row number in that file. ``items`` holds, for a wide questionnaire,
    values and missing-reasons by item, in the order of the rows; ``zone`` is that of the times
    in messages. ``elsewhere`` marks by column the rows whose value stands in a row of another
    sheet, which is summed up with them. ``written`` is the file that holds the rows of a source
    which is too large for memory, and how many they are; ``frame`` has none then.
    """

    source: Source
    frame: pd.DataFrame
    origins: list[Origin]
    origin: np.ndarray
    row: np.ndarray
    rows_in: int
    items: dict[str, tuple[pd.Series, pd.Series]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    left_out: Counter = field(default_factory=Counter)
    rows_added: int = 0
    columns: dict[str, ColumnRecord] = field(default_factory=dict)
    files: list[FileRecord] = field(default_factory=list)
    accepted: list[AcceptedRecord] = field(default_factory=list)
    zone: str = "UTC"
    elsewhere: dict[str, np.ndarray] = field(default_factory=dict)
    written: tuple[Path, int] | None = None

    @property
    def rows_out(self) -> int:
        """Rows of the canonical table."""
        return len(self.frame) if self.written is None else self.written[1]

    @property
    def table(self) -> Table:
        """Canonical table that the source feeds."""
        return TABLES[self.source.table]

    def header(self, column: str) -> str:
        """Return how the client calls a canonical column."""
        mapped = self.source.columns.get(column)
        return column if mapped is None else mapped.join.join(mapped.header)

    def at(
        self,
        positions: Iterable[int],
        rule: str,
        column: str,
        *,
        show: bool = True,
        params: dict | None = None,
        params_of: dict[int, dict] | None = None,
        touched: np.ndarray | None = None,
    ) -> None:
        """Add one problem a position; ``show`` repeats the cell where it is not a person's.

        ``touched`` are the rows that each problem takes with it, its own position without it.
        """
        repeat = show and column in self.frame and self.table.columns[column].kind != "person"
        for position in positions:
            origin = self.origins[self.origin[position]]
            value = self.frame[column].iloc[position] if repeat else None
            given = (params or {}) | ((params_of or {}).get(int(position), {}))
            self.problems.append(
                Problem(
                    fault(
                        rule,
                        params=given,
                        file=origin.file,
                        sheet=origin.sheet,
                        row=int(self.row[position]),
                        column=self.header(column),
                        value=None if value is None or pd.isna(value) else self._shown(value),
                    ),
                    np.array([position]) if touched is None else touched,
                    column,
                )
            )

    def _shown(self, value: object) -> str:
        """Return a value as the client's people know it: times are those of their clocks."""
        if isinstance(value, dt.datetime) and value.tzinfo is not None:
            return f"{value.astimezone(ZoneInfo(self.zone)):%Y-%m-%d %H:%M:%S}"
        return str(value)

    def faulty(self, column: str) -> np.ndarray:
        """Return for each row whether a problem of the column has been told already."""
        told = np.zeros(len(self.frame), dtype=bool)
        for problem in self.problems:
            if problem.column == column and problem.item is None:
                told[problem.rows] = True
        return told

    def keep(self, mask: np.ndarray, reason: str) -> None:
        """Keep the rows of a mask, counting the others under a reason."""
        mask = np.asarray(mask, dtype=bool)
        gone = int((~mask).sum())
        if not gone:
            return
        self.left_out[reason] += gone
        self.frame = self.frame[mask].reset_index(drop=True)
        self.origin, self.row = self.origin[mask], self.row[mask]
        self.elsewhere = {column: rows[mask] for column, rows in self.elsewhere.items()}
        self.items = {
            item: (values[mask].reset_index(drop=True), reasons[mask].reset_index(drop=True))
            for item, (values, reasons) in self.items.items()
        }
        self._move(mask)

    def _move(self, mask: np.ndarray) -> None:
        """Let the problems point at the rows' new positions; problems of lost rows stay told."""
        new = np.cumsum(mask) - 1
        for number, problem in enumerate(self.problems):
            if len(problem.rows):
                rows = problem.rows[mask[problem.rows]]
                self.problems[number] = Problem(
                    problem.fault, new[rows], problem.column, problem.item
                )
