"""Keys that stand twice: the same row again, or another one under the same number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.ingest import october
from analysis.ingest.draft import Draft

ANSWERS = frozenset({"surveys", "reactions", "ratings", "test_answers"})
"""Tables whose rows are answers: given once, never brought up to date."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """A row of one draft whose key stands first in a row of the same or of another draft.

    ``differing`` are the canonical columns, and items, in which the two rows differ.
    """

    draft: Draft
    position: int
    first: Draft
    first_position: int
    differing: tuple[str, ...] = ()

    def rule(self) -> str:
        """Return the rule that the row breaks, by what would have to be done about it."""
        if not self.differing:
            return "duplicate_row"
        own_number = not self.draft.table.columns[self.draft.table.key[0]].refers
        own_number &= self.draft.table.columns[self.draft.table.key[0]].kind == "id"
        return (
            "number_restarts"
            if own_number and self._place() != self._place(first=True)
            else ("duplicate_key")
        )

    def params(self) -> dict[str, object]:
        """Return what the fault's sentence says: where the key stands first, what differs."""
        here, there = self._place(), self._place(first=True)
        return {
            "first_row": int(self.first.row[self.first_position]),
            "first_place": " / ".join(part for part in there if part),
            "columns": ", ".join(self.differing),
            "mapping": self._mapping(other_file=here[0] != there[0], other_sheet=here != there),
        }

    def _mapping(self, *, other_file: bool, other_sheet: bool) -> str:
        """Return the mapping of the key that tells rows of several files and sheets apart."""
        column = self.draft.table.key[0]
        mapped = self.draft.source.columns.get(column)
        headers = [column] if mapped is None else list(mapped.header)
        sheets = other_sheet and any(origin.sheet for origin in self.draft.origins)
        places = ["$file"] * (other_file or "$file" in headers) + ["$sheet"] * sheets
        rest = [header for header in headers if header not in places]
        if not places:
            places = ["$row"]
        return f"{column}: {{from: [{', '.join([*places, *rest])}]}}"

    def _place(self, *, first: bool = False) -> tuple[str, str]:
        draft, position = (
            (self.first, self.first_position) if first else (self.draft, self.position)
        )
        origin = draft.origins[draft.origin[position]]
        return origin.file, origin.sheet or ""


def tell(repeats: Iterable[Repeat], column: str, *, rule: str | None = None) -> None:
    """Add to each repeat's draft the problem of its key column.

    Rows that may be October, read as January, are no repetition of one (:mod:`.october`).
    """
    octobers: dict[int, np.ndarray] = {}
    for repeat in repeats:
        pairs = (repeat.draft, repeat.position), (repeat.first, repeat.first_position)
        if any(
            octobers.setdefault(id(draft), october.told_of(draft))[position]
            for draft, position in pairs
        ):
            continue
        repeat.draft.at([repeat.position], rule or repeat.rule(), column, params=repeat.params())


def tell_lost(draft: Draft, by: Sequence[str], doubled: np.ndarray) -> None:
    """Add a problem for each row that would leave as a duplicate though it is another record.

    A newer state of the same case may replace an older one, if the source says by which column
    (``order_by``); an answer to a questionnaire has no newer state, so an equal number in
    another sheet or file is another answer.
    """
    for repeat in within(draft, by, doubled):
        restarts = repeat.rule() == "number_restarts"
        if not repeat.differing or (
            draft.source.duplicates.order_by is not None
            and not (restarts and draft.table.name in ANSWERS)
        ):
            continue
        tell([repeat], by[0], rule="number_restarts" if restarts else "duplicates_differ")


def within(draft: Draft, by: Sequence[str], doubled: np.ndarray) -> list[Repeat]:
    """Return the doubled rows of one draft, each compared with the first row of its key.

    Parameters
    ----------
    draft : Draft
        Before a wide questionnaire becomes long, or after.
    by : sequence of str
        Columns of the key.
    doubled : ndarray of bool
        Rows to compare, shape (rows,).
    """
    rows = np.flatnonzero(doubled)
    if not len(rows):
        return []
    column = draft.frame[by[0]].reset_index(drop=True)
    alike = column.isin(column.iloc[rows].unique()) | column.isna()
    places = pd.Series(np.flatnonzero(alike.to_numpy(dtype=bool)))
    groups = draft.frame[list(by)].iloc[places].reset_index(drop=True)
    number = groups.groupby(list(by), dropna=False, sort=False).ngroup()
    first = places.groupby(number).transform("first").to_numpy()
    # Where the last row of a key is kept, the first is a doubled one: compare with the last.
    last = places.groupby(number).transform("last").to_numpy()
    others = np.where(first == places, last, first)[np.searchsorted(places, rows)]
    differing = _differing(draft, rows, draft, others, by)
    return [
        Repeat(draft, int(row), draft, int(other), columns)
        for row, other, columns in zip(rows, others, differing, strict=True)
    ]


def across(drafts: Sequence[Draft], key: Sequence[str]) -> list[Repeat]:
    """Return the rows whose key stands in an earlier source of the same table."""
    if not pd.concat([draft.frame[list(key)] for draft in drafts]).duplicated().any():
        return []
    seen: dict[tuple, tuple[int, int]] = {}
    repeats: list[Repeat] = []
    for number, draft in enumerate(drafts):
        keys = [tuple(k) for k in draft.frame[list(key)].itertuples(index=False)]
        found = [(i, *seen[k]) for i, k in enumerate(keys) if k in seen]
        for earlier in sorted({n for _, n, _ in found}):
            pairs = [(i, p) for i, n, p in found if n == earlier]
            here, there = (np.array(side) for side in zip(*pairs, strict=True))
            differing = _differing(draft, here, drafts[earlier], there, key)
            repeats += [
                Repeat(draft, int(i), drafts[earlier], int(p), columns)
                for i, p, columns in zip(here, there, differing, strict=True)
            ]
        for i, k in enumerate(keys):
            seen.setdefault(k, (number, i))
    return repeats


def _differing(
    draft: Draft, rows: np.ndarray, other: Draft, others: np.ndarray, by: Sequence[str]
) -> list[tuple[str, ...]]:
    """Return for each pair of rows the columns and items in which they differ."""
    pairs = {
        column: (draft.frame[column], other.frame[column])
        for column in draft.frame.columns
        if column in other.frame and column not in by
    }
    pairs |= {
        item: (draft.items[item][0], other.items[item][0])
        for item in draft.items
        if item in other.items
    }
    found: list[list[str]] = [[] for _ in rows]
    for column, (mine, theirs) in pairs.items():
        here = mine.iloc[rows].reset_index(drop=True)
        there = theirs.iloc[others].reset_index(drop=True)
        same = (here == there).fillna(False) | (here.isna() & there.isna())
        for place in np.flatnonzero(~same.to_numpy(dtype=bool)):
            found[place].append(column)
    return [tuple(columns) for columns in found]
