"""Rows that would count twice: totals of other rows, and finer rows that stand there again."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.ingest.readers import MARKERS, SUSPICIOUS, RawTable, TotalWords, is_empty

_CENT = 0.005
_FEWEST_ROWS = 2
_FEWEST_FOR_SUMS_ALONE = 3
_EVIDENCE_BITS = 24
"""Amounts of that many binary digits together do not agree with a sum by chance."""
_PART = re.compile(r"\s*(?:其中|of which|thereof)", re.IGNORECASE)


def suspected(
    table: RawTable, amounts: Sequence[np.ndarray], headers: Sequence[str], group: str | None
) -> np.ndarray:
    """Return the positions of rows that look like totals of the rows above them.

    A row is suspected when one of its texts ends with a word of a total, or begins by saying that
    it is a part of another (其中); or when each of its amounts is the sum of those above it, back
    to the last total or the beginning of the group, and either a text that all of these have is
    missing from it, or there are two different amounts at least and three rows or amounts too
    large for chance.

    Parameters
    ----------
    table : RawTable
        Rows that count.
    amounts : sequence of ndarray of float
        One for each column that is summed, shape (rows,); NaN where there is none.
    headers : sequence of str
        Headers of these columns.
    group : str, optional
        Header of the column that names the group (the site); totals begin anew with each.
    """
    if not len(table) or not amounts:
        return np.empty(0, dtype=np.int64)
    words, others = TotalWords(MARKERS), TotalWords(SUSPICIOUS)
    texts = [c for c in table.frame.columns if c not in headers]
    said = np.zeros(len(table), dtype=bool)
    filled = {}
    for name in texts:
        column = table.frame[name]
        ends = {t for t in pd.unique(column.dropna()) if isinstance(t, str)}
        ends = {t for t in ends if words.ends(t) or others.whole(t) or _PART.match(t)}
        if ends:
            said |= column.isin(ends).to_numpy()
        filled[name] = ~(column.isna() | column.map(is_empty).astype(bool)).to_numpy()
    has = np.column_stack(list(filled.values())) if filled else np.ones((len(table), 0), bool)
    known = group is not None and group in table.frame.columns
    groups = table.frame[group].ffill().astype(str).to_numpy() if known else np.zeros(len(table))
    values = np.column_stack(amounts)
    found = np.flatnonzero(said).tolist()
    start = 0
    for i in range(len(table)):
        if i and groups[i] != groups[i - 1]:
            start = i
        if said[i]:
            start = i + 1
            continue
        if i - start < _FEWEST_ROWS or not np.isfinite(values[i]).all() or not values[i].any():
            continue
        above = np.nansum(values[start:i], axis=0)
        if not np.allclose(values[i], above, rtol=0, atol=_CENT):
            continue
        lacking = (has[start:i].all(axis=0) & ~has[i]).any()
        amounts_differ = len(np.unique(np.round(values[i], 2))) > 1
        large = values.shape[1] > 1 and np.log2(1 + np.abs(values[i])).sum() >= _EVIDENCE_BITS
        alone = large or i - start >= _FEWEST_FOR_SUMS_ALONE
        if lacking or (amounts_differ and alone):
            found.append(i)
            start = i + 1
    return np.array(sorted(set(found)), dtype=np.int64)


def named_as_total(values: pd.Series) -> list[str]:
    """Return the distinct names of a column that stand for several places together."""
    words = (TotalWords(MARKERS), TotalWords(SUSPICIOUS))
    return [name for name in values.dropna().unique() if any(w.whole(name) for w in words)]


def sums_of_others(
    frame: pd.DataFrame, place: str, by: Sequence[str], amounts: Sequence[str]
) -> np.ndarray:
    """Return the positions of rows whose amounts are, each time, those of all other places.

    A place that equals the sum of all others of its month, in every month that it has and in
    every amount, is a total under a name of its own. One amount that agrees only once proves
    nothing.

    Parameters
    ----------
    frame : DataFrame
        One row per place and ``by``.
    place : str
        Column that names the place.
    by : sequence of str
        Columns of what is summed over, e.g. the month.
    amounts : sequence of str
        Columns of numbers.

    Returns
    -------
    ndarray of int64
        Positions, in order.
    """
    nothing = np.empty(0, dtype=np.int64)
    if frame.empty or not amounts:
        return nothing
    values = frame[list(amounts)].astype(float).reset_index(drop=True)
    groups = frame[list(by)].reset_index(drop=True)
    number = groups.groupby(list(by), dropna=False, sort=False).ngroup()
    whole = values.groupby(number).transform("sum")
    rows = number.groupby(number).transform("size").to_numpy()
    same = (np.abs(2 * values - whole) < _CENT).all(axis=1).to_numpy() & (values != 0).any(axis=1)
    many = (values.max(axis=1) - values.min(axis=1)) > _CENT
    same &= (rows > _FEWEST_FOR_SUMS_ALONE) | ((rows > _FEWEST_ROWS) & many)
    places = frame[place].reset_index(drop=True)
    times = same.groupby(places).transform("size")
    always = same.groupby(places).transform("all")
    always &= (len(amounts) > 1) | (times > 1)
    return np.flatnonzero(always.fillna(False).to_numpy(dtype=bool))


def sums_of_neighbours(
    frame: pd.DataFrame, place: str, by: Sequence[str], amounts: Sequence[str]
) -> np.ndarray:
    """Return the positions of places that are, each time, the sum of rows next to them.

    Totals of districts stand among the places that they sum up, under the district's name and
    without any word of a total. Such a place equals two rows or more directly above or below
    it, in every amount and in every month that it has; the amounts together have to be too large
    for chance.

    Parameters
    ----------
    frame, place, by, amounts :
        As for :func:`sums_of_others`, the rows in the order of the file.

    Returns
    -------
    ndarray of int64
        Positions, in order.
    """
    nothing = np.empty(0, dtype=np.int64)
    if len(frame) <= _FEWEST_ROWS or not amounts:
        return nothing
    given = frame[list(amounts)].astype(float).fillna(0).to_numpy()
    cents = np.round(given * 100).astype(np.int64)
    group = frame.groupby(list(by), dropna=False, sort=False).ngroup().to_numpy()
    order = np.argsort(group, kind="stable")
    found = np.zeros(len(frame), dtype=bool)
    for rows in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        found[rows] = _sum_of_a_run(cents[rows])
    empty = ~cents.any(axis=1)
    places = frame[place].reset_index(drop=True)
    bits = pd.Series(np.where(found, np.log2(1 + np.abs(given)).sum(axis=1), 0.0))
    always = pd.Series(found | empty).groupby(places).transform("all")
    always &= bits.groupby(places).transform("sum") >= _EVIDENCE_BITS
    return np.flatnonzero((always & found).fillna(False).to_numpy(dtype=bool))


def _sum_of_a_run(cents: np.ndarray) -> np.ndarray:
    """Return which rows equal the sum of several rows directly above or directly below.

    Parameters
    ----------
    cents : ndarray of int64
        Amounts, shape (rows, amounts).
    """
    count = len(cents)
    sums = np.vstack([np.zeros((1, cents.shape[1]), np.int64), cents.cumsum(axis=0)])
    filled = np.concatenate([[0], cents.any(axis=1).cumsum()])
    reached = np.vstack([sums, sums[:-1] - cents, sums[1:] + cents])
    number = np.unique(reached, axis=0, return_inverse=True)[1].reshape(-1)
    places, above, below = np.split(number, [count + 1, 2 * count + 1])
    first, last = np.full((2, number.max() + 1), -1)
    first[places[::-1]] = np.arange(count, -1, -1)
    last[places] = np.arange(count + 1)
    row = np.arange(count)
    begins, ends = first[above], last[below]
    from_above = (begins >= 0) & (filled[row] - filled[begins] >= _FEWEST_ROWS)
    from_below = (ends >= 0) & (filled[ends] - filled[row + 1] >= _FEWEST_ROWS)
    return (from_above | from_below) & cents.any(axis=1)


@dataclass(frozen=True, slots=True)
class Again:
    """A finer row that another row has already been: positions, and the amounts that differ."""

    position: int
    first: int
    differing: tuple[str, ...]


class Finer:
    """What tells the finer rows of one source apart, collected over its tables.

    A ledger by building or flat is summed up to places and months, so that a row that stands
    there twice would count twice. Rows are told apart by the key that they are summed to and by
    all columns that are no amounts; where that makes most of them one of a kind, a second row of
    the same kind is suspect.
    """

    def __init__(self) -> None:
        self.keys: list[pd.DataFrame] = []
        self.words: list[pd.DataFrame] = []
        self.numbers: list[pd.DataFrame] = []
        self.amounts: list[pd.DataFrame] = []

    def add(
        self,
        table: RawTable,
        keys: Mapping[str, pd.Series],
        amounts: Mapping[str, pd.Series],
        mapped: Collection[str],
    ) -> None:
        """Add one table: canonical ``keys`` and ``amounts``, and which headers are ``mapped``."""
        plain = {name: cells.reset_index(drop=True) for name, cells in keys.items()}
        self.keys.append(pd.DataFrame(plain).astype(object))
        self.amounts.append(pd.DataFrame({n: c.reset_index(drop=True) for n, c in amounts.items()}))
        words, numbers = {}, {}
        for name in table.frame.columns:
            if name in mapped:
                continue
            cells = table.frame[name].reset_index(drop=True)
            cells = cells.mask(cells.map(is_empty).astype(bool) | cells.isna(), None).astype(object)
            as_number = pd.to_numeric(cells, errors="coerce")
            if as_number[cells.notna()].isna().any() or not cells.notna().any():
                words[str(name)] = cells.map(_folded)
            elif not as_number.is_unique or len(cells) == 1:  # else the number of the row
                numbers[str(name)] = as_number.astype(object)
        self.words.append(pd.DataFrame(words, index=range(len(table))))
        self.numbers.append(pd.DataFrame(numbers, index=range(len(table))))

    def repeats(self, elsewhere: Mapping[str, np.ndarray]) -> tuple[list[Again], np.ndarray | None]:
        """Return the rows that stand again, and what tells the rows apart.

        ``elsewhere`` marks by amount the rows whose amount stands on another sheet. The second
        is the number of each row's kind, None where most kinds have several rows.
        """
        keys = pd.concat(self.keys, ignore_index=True)
        if keys.empty:
            return [], None
        at = pd.Series(np.repeat(np.arange(len(self.keys)), [len(k) for k in self.keys]))
        masks = {f"elsewhere {name}": mask for name, mask in elsewhere.items()}
        measures = pd.DataFrame(masks, index=keys.index)
        words = pd.concat(self.words, ignore_index=True)
        numbers = pd.concat(self.numbers, ignore_index=True)
        for apart in ([keys, words], [keys, words, numbers]):
            kinds = _number_of(pd.concat(apart, axis=1))
            own = _number_of(pd.concat([kinds, measures], axis=1))
            within = pd.concat([own.rename("kind"), at.rename("at")], axis=1)
            sizes = within.groupby(["kind", "at"]).size()
            if (sizes > 1).mean() < _MOST:
                return self._again(own), kinds.to_numpy()
        return [], None

    def repeated_lines(self, lines: np.ndarray) -> list[Again]:
        """Return the rows of whole lines that stand again, where a line holds several months.

        Equal amounts of one month prove nothing where rows are not told apart; a line of three or
        more different amounts that are all those of another line is that line. ``lines`` numbers
        the line of each row.
        """
        amounts = pd.concat(self.amounts, ignore_index=True).astype(float)
        parts = [pd.concat(p, ignore_index=True) for p in (self.keys, self.words)]
        cells = _number_of(pd.concat([*parts, amounts], axis=1))
        seen: dict[tuple[int, ...], np.ndarray] = {}
        found = []
        for _, places in pd.Series(np.arange(len(lines))).groupby(lines, sort=False):
            positions = places.to_numpy()
            values = amounts.iloc[positions].to_numpy()
            if len(np.unique(values[np.isfinite(values) & (values != 0)])) < _TELLING:
                continue
            first = seen.setdefault(tuple(cells.iloc[positions]), positions)
            if first is not positions:
                found += [Again(int(p), int(f), ()) for p, f in zip(positions, first, strict=True)]
        return found

    def told(self, position: int) -> list[object]:
        """Return the words that tell one row from the others of its place."""
        return [cell for cell in pd.concat(self.words, ignore_index=True).iloc[position] if cell]

    def _again(self, kinds: pd.Series) -> list[Again]:
        amounts = pd.concat(self.amounts, ignore_index=True).astype(float)
        named = pd.concat(self.keys, ignore_index=True).notna().all(axis=1)
        doubled = np.flatnonzero((kinds.duplicated() & named).to_numpy())
        first = pd.Series(np.arange(len(kinds))).groupby(kinds).transform("first").to_numpy()
        found = []
        for position in doubled:
            here, there = amounts.iloc[position], amounts.iloc[first[position]]
            differing = tuple(
                name
                for name in amounts
                if not (pd.isna(here[name]) and pd.isna(there[name])) and here[name] != there[name]
            )
            found.append(Again(int(position), int(first[position]), differing))
        return found


_MOST = 0.5
_TELLING = 3
"""Different amounts of a line at least, for it to be known again by them."""


def _number_of(frame: pd.DataFrame) -> pd.Series:
    columns = list(range(frame.shape[1]))
    plain = frame.set_axis(columns, axis=1).astype(object)
    plain = plain.where(plain.notna(), None)
    return plain.groupby(columns, dropna=False, sort=False).ngroup()


def _folded(cell: object) -> object:
    return None if cell is None or cell != cell else " ".join(str(cell).split())
