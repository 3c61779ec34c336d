"""Months of which a register holds nothing: a gap in the records, or nothing to record.

A list of cases does not say of an empty month whether nothing happened or nothing was exported.
Its usual volume does: where a list has dozens of cases a month, a month without any at any site is
a gap; where it has one or two, such months are to be expected and count as zero.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.tables import Rows, parts, periods_of

CHANCE = 0.05
"""Empty months expected by chance in the whole span, below which one that is empty is a gap."""


def silent_months(rows: Mapping[int, int]) -> tuple[int, ...]:
    """Return the months between the first and the last that have no row and should have.

    Parameters
    ----------
    rows : Mapping of int to int
        Rows of the whole source, of every kind and site, by running month; months without any
        are absent or 0.

    Returns
    -------
    tuple of int
        Ascending. Empty where rows are so few that months without any are to be expected: with
        ``m`` rows in the mean month that has some and ``T`` months from the first to the last,
        where :math:`T e^{-m}` is at least 0.05 (Poisson).

    Examples
    --------
    >>> silent_months({24288: 40, 24290: 52})
    (24289,)
    >>> silent_months({24288: 1, 24290: 2})
    ()
    """
    seen = {int(month): int(count) for month, count in rows.items() if count > 0}
    if len(seen) < 2:
        return ()
    span = range(min(seen), max(seen) + 1)
    usual = sum(seen.values()) / len(seen)
    if len(span) * np.exp(-usual) >= CHANCE:
        return ()
    return tuple(month for month in span if month not in seen)


def silent_in(cases: Rows, timezone: str) -> tuple[int, ...]:
    """Return the silent months of a list of dated cases; see :func:`silent_months`.

    Parameters
    ----------
    cases : DataFrame or Stored
        ``opened_at``, when each case was opened; NULL are left out.
    timezone : str
        Zone whose months count.
    """
    counted: Counter[int] = Counter()
    for part in parts(cases, ["opened_at"]):
        local = pd.to_datetime(part["opened_at"], utc=True).dropna().dt.tz_convert(timezone)
        counted.update(periods_of(local).value_counts().to_dict())
    return silent_months(counted)
