"""Rounds of measurement: compare round by round, label in calendar months.

Surveys before and after, every quarter, or with a month left out for everybody are measured in
rounds. Effects are estimated on the index of the round; labels stay in months.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, slots=True)
class Rounds:
    """The months in which anything was measured.

    Attributes
    ----------
    months : tuple of int
        Running months (year * 12 + month - 1), ascending; the index is the round.
    starts : tuple of (int, int)
        First trained round and the month of the start, the rounded mean over its units.
    """

    months: tuple[int, ...]
    starts: tuple[tuple[int, int], ...] = ()

    def month_of(self, period: int) -> int:
        """Return the month of a round."""
        return self.months[int(period)]

    def start_of(self, cohort: int) -> int:
        """Return the month in which those first trained in a round started.

        Where training is only pretended in a round, the round's own month.
        """
        own = (*self.months, self.months[-1] + 1)[min(int(cohort), len(self.months))]
        return dict(self.starts).get(int(cohort), own)

    def first_round(self, month: int) -> int:
        """Return the first round in or after a month; their number where none follows."""
        return int(np.searchsorted(self.months, month))

    def counts(self, frame: pd.DataFrame) -> bool:
        """Tell whether a frame's periods are rounds and not months."""
        return bool((frame["period"] < len(self.months)).all())

    @property
    def missing(self) -> tuple[int, ...]:
        """Months between the first and the last round that were not measured."""
        measured = set(self.months)
        return tuple(m for m in range(self.months[0], self.months[-1]) if m not in measured)

    def anticipated(self, months: int, starts: pd.Series) -> int:
        """Return the most rounds that lie within so many months before any start."""
        first = np.unique(starts.dropna())
        counts = [self.first_round(g) - self.first_round(g - months) for g in first]
        return max(counts, default=0)

    def since(self, cohort: np.ndarray, period: np.ndarray) -> np.ndarray:
        """Return months since the start for cohorts and periods counted in rounds."""
        start = np.array([self.start_of(g) for g in cohort], dtype=float)
        return np.asarray(self.months, dtype=float)[np.asarray(period, dtype=int)] - start


def to_rounds(frame: pd.DataFrame) -> tuple[pd.DataFrame, Rounds | None]:
    """Count months as rounds of measurement where not every month is measured.

    Parameters
    ----------
    frame : DataFrame
        ``unit``, ``period``, ``y``, ``cohort``; months of rows with an outcome count as measured.

    Returns
    -------
    DataFrame
        ``period`` and ``cohort`` as rounds; a site's first trained round is the first one in or
        after its starting month. The frame itself where months are contiguous.
    Rounds or None
        None where months are contiguous.
    """
    measured = np.unique(frame.loc[frame["y"].notna(), "period"]).astype(int)
    if len(measured) < 2 or (np.diff(measured) == 1).all():
        return frame, None
    kept = frame[frame["y"].notna()]
    known = kept["cohort"].notna()
    first = pd.Series(np.searchsorted(measured, kept["cohort"].fillna(0)), index=kept.index)
    first = first.astype(float).where(known)
    by_unit = pd.DataFrame({"unit": kept["unit"], "first": first, "start": kept["cohort"]})
    by_unit = by_unit[known].drop_duplicates("unit")
    starts = by_unit.groupby("first")["start"].mean().round()
    rounds = Rounds(
        tuple(int(m) for m in measured), tuple((int(g), int(m)) for g, m in starts.items())
    )
    period = np.searchsorted(measured, kept["period"])
    return kept.assign(period=period, cohort=first), rounds
