"""The return month by month: what has come back by then, and when the cost was repaid.

Only months that were observed are counted; nothing is projected, so that what was not repaid in
them has no payback time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.settings import LEVEL, ends_of
from analysis.value.roi import Correlations, Priced, simulate_benefit

COLUMNS = ["month", "since", "benefit", "benefit_low", "benefit_high", "cost", "net"]


def benefit_by_month(
    priced: Sequence[Priced],
    until: pd.DataFrame,
    *,
    cost: float,
    start: int | None = None,
    lower_bound_only: bool = False,
    correlations: Correlations | None = None,
    draws: int = 4000,
    seed: int = 0,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Accumulate the benefit over the observed months.

    Parameters
    ----------
    priced : sequence of Priced
        Of :func:`analysis.value.price`. One without months of its own (``once``) counts in the last
        month, so that nothing is repaid by it too early.
    until : DataFrame
        ``indicator, basis`` and the columns of :func:`analysis.causal.effects_until`.
    cost : float
        CNY, taken as spent at the start.
    start : int, optional
        Running month in which the first wave started; the first month counted if not given.
    lower_bound_only : bool
        Count the unfavourable end of each month's interval.
    correlations, draws, seed
        As :func:`analysis.value.simulate_benefit` takes them.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        :data:`COLUMNS`, a row per month: ``since``, months since the start, the month of the start
        being the first; ``benefit`` accumulated up to the month's end with its interval, month
        by month (NaN where an effect up to then has none), ``cost`` and ``net``. The last row is
        the whole benefit, drawn from the quantiles of its own inference like the total. No rows
        without ``until``.
    """
    if until.empty or not priced:
        return pd.DataFrame(columns=COLUMNS)
    own = {key: part.set_index("month") for key, part in until.groupby(["indicator", "basis"])}
    months = range(int(until["month"].min()), int(until["month"].max()) + 1)
    first = months[0] if start is None else start
    rows = []
    for month in months:
        counted, known = [], True
        for one in priced:
            path = own.get((one.indicator, one.basis))
            if path is None:
                counted += [one] if month == months[-1] else []
                continue
            if month >= path.index.max():
                counted.append(one)
                continue
            path = path[path.index <= month]
            if len(path):
                counted.append(_up_to(one, path.iloc[-1], lower_bound_only))
                known &= not np.isnan(counted[-1].effect_low)
        total = sum(one.amount for one in counted)
        ends = (np.nan, np.nan)
        if counted and known:
            drawn = simulate_benefit(counted, draws=draws, seed=seed, correlations=correlations)
            ends = np.quantile(drawn, ends_of(level))
        rows.append((month, month - first + 1, total, *ends, cost, total - cost))
    return pd.DataFrame(rows, columns=COLUMNS)


def _up_to(one: Priced, row: pd.Series, lower_bound_only: bool) -> Priced:
    """Return a benefit as it was up to a month."""
    low, high = sorted((one.sign * row["ci_low"], one.sign * row["ci_high"]))
    value = one.sign * row["value"]
    if lower_bound_only:
        value = high = low
    return replace(
        one, effect=value, effect_low=low, effect_high=high, exposure=row["exposure"], quantiles=()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Payback:
    """Months from the start of training until the cost was repaid.

    Attributes
    ----------
    months, earliest, latest : int or None
        Months to the end of which the accumulated benefit, and the upper and lower end of its
        interval, cover the cost from then on; None where they do not within the months observed.
    observed : int
        Months observed since the start; 0 where the effect is not known month by month.
    """

    months: int | None
    earliest: int | None
    latest: int | None
    observed: int


def payback(by_month: pd.DataFrame) -> Payback:
    """Read from the accumulated benefit when the cost was repaid.

    The interval is that of the months: the cost is repaid by a month just where what has
    accumulated by then covers it.

    Parameters
    ----------
    by_month : DataFrame
        Of :func:`benefit_by_month`.
    """
    if by_month.empty:
        return Payback(months=None, earliest=None, latest=None, observed=0)
    found = [
        _covered_since(by_month, column) for column in ("benefit", "benefit_high", "benefit_low")
    ]
    observed = int(by_month["since"].max())
    return Payback(months=found[0], earliest=found[1], latest=found[2], observed=observed)


def _covered_since(by_month: pd.DataFrame, column: str) -> int | None:
    short = ~(by_month[column] >= by_month["cost"]).to_numpy()
    place = int(np.flatnonzero(short)[-1]) + 1 if short.any() else 0
    return int(by_month["since"].iloc[place]) if place < len(by_month) else None


def break_even(priced: Sequence[Priced], cost: float) -> Mapping[tuple[str, str], float]:
    """Return the effect at which the training just pays, by (indicator, basis).

    In the good direction, all other benefits as they were found; at or below 0 where the others pay
    for it without this one.
    """
    total = sum(one.amount for one in priced)
    return {
        (one.indicator, one.basis): (cost - total + one.amount)
        / (one.money * one.exposure * one.factor)
        for one in priced
        if one.money > 0
    }
