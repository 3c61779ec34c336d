"""Finer rows about to be summed up: which of them look like totals of the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.ingest.readers import MARKERS, RawTable, TotalWords, is_empty

_CENT = 0.005
_FEWEST_ROWS = 2
_FEWEST_FOR_SUMS_ALONE = 3


def suspected(
    table: RawTable, amounts: Sequence[np.ndarray], headers: Sequence[str], group: str | None
) -> np.ndarray:
    """Return the positions of rows that look like totals of the rows above them.

    A row is suspected when one of its texts ends with a word of a total; or when each of its
    amounts is the sum of those above it, back to the last total or the beginning of the group,
    and either a text that all of these have is missing from it, or there are three rows and
    two different amounts at least, which chance does not bring about.

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
    words = TotalWords(MARKERS)
    texts = [c for c in table.frame.columns if c not in headers]
    said = np.zeros(len(table), dtype=bool)
    filled = {}
    for name in texts:
        column = table.frame[name]
        ends = {t for t in pd.unique(column.dropna()) if isinstance(t, str) and words.ends(t)}
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
        if lacking or (i - start >= _FEWEST_FOR_SUMS_ALONE and amounts_differ):
            found.append(i)
            start = i + 1
    return np.array(sorted(set(found)), dtype=np.int64)
