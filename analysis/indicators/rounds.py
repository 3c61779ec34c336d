"""Rounds of measurement: compare round by round, label in calendar months.

Surveys before and after, every quarter, or with a month left out for everybody are measured in
rounds. Effects are estimated on the index of the round; labels stay in months.

A survey in the field from 25 November to 5 December is one round, though it fills two months of
the panel. Two neighbouring months are one round where nothing is measured in longer stretches,
nobody's training starts between them, and either two months or more lie between stretches, or at
most half of the sites were measured in both months.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

#: Months of the panel that one survey may fill.
LONGEST = 2
#: Empty months on either side that make neighbouring months one round, whoever was measured.
APART = 2
#: Share of sites measured in both months up to which they are one round, whatever lies between.
BOTH = 0.5


@dataclass(frozen=True, slots=True)
class Rounds:
    """The months in which anything was measured.

    Attributes
    ----------
    months : tuple of int
        Running months (year * 12 + month - 1), ascending; the first is round 1, so that no round
        can be taken for the 0 of the never treated. Of a round that fills two months the one with
        more observations.
    starts : tuple of (int, int)
        First trained round and the month of the start, the rounded mean over its units.
    spans : tuple of (int, int)
        First and last month of each round; empty where each fills its month alone.
    joined : tuple of (int, int, int)
        First trained round, earliest and latest start, where starts of several months lie between
        the same two rounds; not after the last.
    """

    months: tuple[int, ...]
    starts: tuple[tuple[int, int], ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    joined: tuple[tuple[int, int, int], ...] = ()

    def month_of(self, period: int) -> int:
        """Return the month of a round."""
        return self.months[int(period) - 1]

    def start_of(self, cohort: int) -> int:
        """Return the month in which those first trained in a round started.

        Where training is only pretended in a round, the round's own month.
        """
        own = (*self.months, self.months[-1] + 1)[min(int(cohort) - 1, len(self.months))]
        return dict(self.starts).get(int(cohort), own)

    def first_round(self, month: int) -> int:
        """Return the first round beginning in or after a month; one past the last if none does."""
        return 1 + int(np.searchsorted([first for first, _ in self._spans], month))

    def round_of(self, month: int) -> int:
        """Return the round to which a month belongs; one past the last where it belongs to none."""
        inside = [first <= month <= last for first, last in self._spans]
        return 1 + (inside.index(True) if any(inside) else len(inside))

    def counts(self, frame: pd.DataFrame) -> bool:
        """Tell whether a frame's periods are rounds and not months."""
        return bool((frame["period"] <= len(self.months)).all())

    @property
    def missing(self) -> tuple[int, ...]:
        """Months between the first and the last round that were not measured."""
        measured = {m for first, last in self._spans for m in range(first, last + 1)}
        return tuple(m for m in range(self.months[0], self.months[-1]) if m not in measured)

    @property
    def monthly(self) -> bool:
        """Whether rounds are mostly neighbouring months, so that single months are missing."""
        return bool(np.median(np.diff(self.months)) == 1)

    def nearest(self, month: int) -> int:
        """Return the round nearest to a month; of two as near the earlier one."""
        return 1 + int(np.argmin(np.abs(np.asarray(self.months) - month)))

    def anticipated(self, months: int, starts: pd.Series) -> int:
        """Return the most rounds that lie within so many months before any start."""
        first = np.unique(starts.dropna())
        counts = [self.first_round(g) - self.first_round(g - months) for g in first]
        return max(counts, default=0)

    def within(self, months: int) -> int:
        """Return how many rounds fall into so many months, on average; at least one."""
        stretch = self.months[-1] - self.months[0] + 1
        return max(1, round(months * len(self.months) / stretch))

    def since(self, cohort: np.ndarray, period: np.ndarray) -> np.ndarray:
        """Return months since the start for cohorts and periods counted in rounds."""
        start = np.array([self.start_of(g) for g in cohort], dtype=float)
        return np.asarray(self.months, dtype=float)[np.asarray(period, dtype=int) - 1] - start

    def pooled(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return one row per site and round, labelled in months; rows without outcome are left out.

        Outcomes of two months of one round are averaged by the denominator where there is one,
        else by the number of observations, which gives the value of all of them together.
        """
        kept = frame[frame["y"].notna()]
        label = {m: self.month_of(self.round_of(m)) for m in np.unique(kept["period"])}
        kept = kept.assign(period=kept["period"].map(label))
        if not kept.duplicated(["unit", "period"]).any():
            return kept
        sums = [name for name in ("n", "total", "exposure") if name in kept]
        weight = pd.Series(1.0, index=kept.index)
        for name in ("n", "exposure"):
            if name in kept and (kept[name] > 0).all():
                weight = kept[name].astype(float)
        by = kept.assign(y=kept["y"] * weight, _weight=weight).groupby(
            ["unit", "period"], sort=False, as_index=False
        )
        rest = [name for name in kept if name not in ("unit", "period", "y", *sums)]
        whole = by.agg({"y": "sum", "_weight": "sum"} | dict.fromkeys(rest, "first"))
        added = by[sums].sum(min_count=1) if sums else whole[["unit", "period"]]
        whole = whole.assign(y=whole["y"] / whole["_weight"]).merge(added, on=["unit", "period"])
        return whole[list(kept.columns)]

    def counted(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a frame in months as one in rounds, ``period`` and ``cohort`` both.

        A site's first trained round is the first one that begins in or after its starting month.
        """
        rows = self.pooled(frame)
        first = rows["cohort"].map({g: self.first_round(g) for g in rows["cohort"].dropna()})
        return rows.assign(
            period=1 + np.searchsorted(self.months, rows["period"]), cohort=first.astype(float)
        )

    @property
    def _spans(self) -> tuple[tuple[int, int], ...]:
        return self.spans or tuple((month, month) for month in self.months)


def answering(since: np.ndarray, months: int, horizons: Sequence[int]) -> int | None:
    """Return the place of the round that answers for a horizon; None where none is near.

    The nearest round, of two as near the later one, at most a third of the horizon or one month
    away. A round answers for one horizon, the nearest, and of two as near the longer one.

    Parameters
    ----------
    since : (R,) array
        Months from the start to each round at or after it.
    months : int
        The horizon.
    horizons : Sequence of int
        All horizons asked for.
    """
    if not len(since):
        return None
    away = np.abs(since - months)
    place = int(np.lexsort((-since, away))[0])
    others = [(abs(since[place] - other), -other) for other in horizons]
    own = (away[place], -months) <= min(others, default=(np.inf, 0))
    return place if own and away[place] <= max(1, months / 3) else None


def to_rounds(frame: pd.DataFrame, *, joined: bool = True) -> tuple[pd.DataFrame, Rounds | None]:
    """Count months as rounds of measurement where not every month is measured.

    Parameters
    ----------
    frame : DataFrame
        ``unit``, ``period``, ``y``, ``cohort``; months of rows with an outcome count as measured.
        Where a round fills two months, ``n``, ``total`` and ``exposure`` are added up.
    joined : bool
        Whether two neighbouring months may be one round; periods that are no months never are.

    Returns
    -------
    DataFrame
        As :meth:`Rounds.counted` returns it. The frame itself where months are contiguous.
    Rounds or None
        None where months are contiguous.
    """
    kept = frame[frame["y"].notna()]
    measured = np.unique(kept["period"]).astype(int)
    if len(measured) < 2 or (np.diff(measured) == 1).all():
        return frame, None
    spans = _spans(kept, measured) if joined else _alone(measured)
    seen = (kept["n"] if "n" in kept else kept["y"].notna()).groupby(kept["period"]).sum()
    months = tuple(max(range(a, b + 1), key=lambda month: (seen[month], -month)) for a, b in spans)
    together = spans if any(a < b for a, b in spans) else ()
    rounds = Rounds(months, spans=together)
    start = kept.groupby("unit")["cohort"].first().dropna()
    first = start.map({g: rounds.first_round(g) for g in start})
    by_round = start.groupby(first)
    starts = tuple((int(r), round(m)) for r, m in by_round.mean().items())
    joined = tuple(
        (int(r), int(g.min()), int(g.max()))
        for r, g in by_round
        if g.min() < g.max() and r <= len(months)  # after the last round nothing is measured
    )
    rounds = Rounds(months, starts, together, joined)
    return rounds.counted(kept), rounds


def _alone(measured: np.ndarray) -> tuple[tuple[int, int], ...]:
    return tuple((int(month), int(month)) for month in measured)


def _spans(kept: pd.DataFrame, measured: np.ndarray) -> tuple[tuple[int, int], ...]:
    """Return first and last month of each round, by the rule of the module."""
    stretches = np.split(measured, np.flatnonzero(np.diff(measured) > 1) + 1)
    if max(map(len, stretches)) > LONGEST:
        return _alone(measured)
    gaps = [late[0] - early[-1] - 1 for early, late in pairwise(stretches)]
    opened = set(kept["cohort"].dropna())
    found: list[tuple[int, int]] = []
    for months in stretches:
        first, last = int(months[0]), int(months[-1])
        rows = kept[kept["period"].isin(months)].drop_duplicates(["unit", "period"])
        both = (rows["unit"].value_counts() > 1).mean()
        one = min(gaps) >= APART or both <= BOTH
        if last in opened or not one:
            found += [(int(month), int(month)) for month in months]
        else:
            found.append((first, last))
    return tuple(found)
