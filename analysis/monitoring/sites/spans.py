"""What was measured at each site, three months at a time, with intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from analysis.indicators import Indicator
from analysis.monitoring.alerts.rules import RECENT_MONTHS
from analysis.settings import LEVEL

COLUMNS = ("site_id", "span", "first", "last", "n", "value", "ci_low", "ci_high", "indicator")
_RATE = 1000.0
"""Household-months that a rate is given by."""
_WHOLE = 100.0
"""Net promoter points of one answer."""
ENDS = {"share": (0.0, 1.0), "count": (0.0, np.inf), "net": (-_WHOLE, _WHOLE)}
"""Least and greatest possible value by kind."""
MIN_FREEDOM = 20
"""Fewest months beyond the first of their span by which excess variation is judged."""


def spans(cells: pd.DataFrame, told: Sequence[Indicator], *, level: float = LEVEL) -> pd.DataFrame:
    """Return indicators by site and span of three months, counted back from the newest month.

    Spans are counted from the newest month in which an indicator was measured at any site, as in
    the alerts and the funnel, so that rounds of a survey fall into one span. Each observation
    counts once.

    Parameters
    ----------
    cells : DataFrame
        Rows of the panel of these indicators, overall cells of known sites with a value.
    told : sequence of Indicator
        Their entries in the registry; none of waiting times, whose medians cannot be added up.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        :data:`COLUMNS`, one indicator of ``told`` after the other. ``span`` is 0 for the newest
        three months; ``first`` and ``last`` are the months of it that were measured. ``n`` counts
        answers or cases; people and households who are there every month count once. Intervals:
        shares by Wilson, rates by Garwood, net promoter scores as in
        :func:`analysis.measurement.net_promoter`, mean scores by the t distribution with the spread
        within sites; amounts, and means supplied without their spread, by the months of the span,
        and NaN where there is one month only. Intervals that take observations as independent are
        widened by the square root of :func:`dispersion`.

    References
    ----------
    Garwood (1936) for the interval of a Poisson count.
    """
    if cells.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    place_of = {known.id: place for place, known in enumerate(told)}
    cells = cells.assign(of=cells["indicator"].map(place_of))
    cells = cells.sort_values("of", kind="stable", ignore_index=True)
    age = cells.groupby("of")["period"].transform("max") - cells["period"]
    cells = cells.assign(span=(age // RECENT_MONTHS).astype("int64"))
    by = cells.groupby(["of", "site_id", "span"], sort=True)
    place = by.ngroup().to_numpy()
    sums = by[["total", "exposure", "n"]].sum()
    found = pd.DataFrame(
        {
            "first": by["period"].min(),
            "last": by["period"].max(),
            "most": by["n"].max(),
            "total": sums["total"],
            # Where one month has no squares, its span has none.
            "squares": np.bincount(place, cells["total_sq"].to_numpy(float), len(sums)),
            "exposure": sums["exposure"],
            "months": by.size(),
            "between": by["value"].std(),
            "asked": sums["n"],
        }
    ).reset_index()
    of = found["of"]
    found["n"] = found["most"].where(of.map([*map(same_people, told)].__getitem__), found["asked"])
    found["value"] = of.map([*map(scale, told)].__getitem__) * found["total"] / found["exposure"]
    found["indicator"] = of.map([known.id for known in told].__getitem__)
    ends = []
    for one, known in enumerate(told):
        mine, own = (slice(*frame["of"].searchsorted([one, one + 1])) for frame in (found, cells))
        if mine.start < mine.stop:
            measured = (cells[own], found[mine], place[own] - mine.start)
            ends.append(_ends(*measured, known, level))
    low, high = (np.concatenate(end) for end in zip(*ends, strict=True))
    return found.assign(ci_low=low, ci_high=high)[list(COLUMNS)]


def _ends(
    cells: pd.DataFrame, found: pd.DataFrame, place: np.ndarray, known: Indicator, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return both ends of the intervals of one indicator's spans."""
    low, high, independent = _interval(found, known, level)
    if not independent:
        return low, high
    widened = np.sqrt(dispersion(cells, found, place, known))
    value = found["value"].to_numpy(float)
    low, high = value - widened * (value - low), value + widened * (high - value)
    least, most = ENDS.get(known.kind, (-np.inf, np.inf))
    return np.maximum(low, least), np.minimum(high, most)


def dispersion(
    cells: pd.DataFrame, found: pd.DataFrame, place: np.ndarray, known: Indicator
) -> float:
    """Return how many times as much months of a span vary as independent observations would.

    Answers of one month share what happened in it, and the same household complains again: then
    the months of a site differ by more than chance, and intervals by observation are too narrow.

    Parameters
    ----------
    cells : DataFrame
        Rows of the panel.
    found : DataFrame
        ``total, squares, exposure`` of each span.
    place : ndarray of int
        Row of ``found`` that holds each month's span.
    known : Indicator
        Its entry in the registry.

    Returns
    -------
    float
        Pearson's statistic of the months about their span by its degrees of freedom, all sites
        together; 1 where it is less, or where fewer than :data:`MIN_FREEDOM` are known.

    References
    ----------
    McCullagh & Nelder (1989), section 4.5, and Spiegelhalter (2005), Statistics in Medicine 24.
    """
    rate = (found["total"] / found["exposure"]).to_numpy(float)
    if known.kind == "count":
        variance = rate
    elif known.kind == "share":
        variance = rate * (1 - rate)
    else:
        variance = (found["squares"] / found["exposure"]).to_numpy(float) - rate**2
    total, exposure = cells["total"].to_numpy(float), cells["exposure"].to_numpy(float)
    told = (variance[place] > 0) & (exposure > 0)
    total, exposure, place = total[told], exposure[told], place[told]
    freedom = place.size - np.unique(place).size
    if freedom < MIN_FREEDOM:
        return 1.0
    off = (total - exposure * rate[place]) ** 2
    # Series add up pairwise as NumPy does, and leave out what is not known.
    pearson = float(pd.Series(off / (exposure * variance[place])).sum())
    return max(1.0, pearson / freedom)


def same_people(known: Indicator) -> bool:
    """Whether ``n`` counts people or households who are there every month."""
    return known.kind == "count" or "staff" in known.sources


def scale(known: Indicator) -> float:
    """Return what a rate is multiplied by: counts are given per 1,000."""
    return _RATE if known.kind == "count" else 1.0


def _interval(
    found: pd.DataFrame, known: Indicator, level: float
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return both ends, and whether they take observations as independent."""
    total, exposure = found["total"].to_numpy(float), found["exposure"].to_numpy(float)
    value, asked = found["value"].to_numpy(float), found["asked"].to_numpy(float)
    if known.kind == "count" and np.equal(total, np.round(total)).all():
        low, high = _garwood(total, level)
        return _RATE * low / exposure, _RATE * high / exposure, True
    if known.kind == "share" and _counts(total, exposure, asked):
        return *_wilson(total, exposure, level), True
    squares = found["squares"].to_numpy(float)
    if known.kind == "net" and np.isfinite(squares).all():
        return *_net(total / _WHOLE, squares / _WHOLE**2, exposure, level), True
    if known.kind == "score" and np.isfinite(squares).all() and np.equal(exposure, asked).all():
        spread = np.maximum(squares - total**2 / exposure, 0.0).sum()
        freedom = (exposure - 1).sum()
        if freedom > 0:
            half = stats.t.ppf((1 + level) / 2, freedom) * np.sqrt(spread / freedom / exposure)
            return value - half, value + half, True
    months = found["months"].to_numpy(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        half = stats.t.ppf((1 + level) / 2, months - 1) * found["between"] / np.sqrt(months)
    half = np.where(months > 1, half, np.nan)
    return value - half, value + half, False


def _counts(total: np.ndarray, exposure: np.ndarray, asked: np.ndarray) -> bool:
    """Whether a share is one of observations, not of amounts."""
    whole = np.equal(total, np.round(total)).all() and np.equal(exposure, asked).all()
    return bool(whole and (total <= exposure).all() and (total >= 0).all())


def _wilson(hits: np.ndarray, n: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(hits, n, alpha=1 - level, method="wilson")
    share = hits / n
    # Without failures the upper end is the share itself, up to rounding.
    return np.clip(np.minimum(low, share), 0, 1), np.clip(np.maximum(high, share), 0, 1)


def _garwood(count: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    tail = (1 - level) / 2
    low = np.where(count > 0, stats.chi2.ppf(tail, 2 * np.maximum(count, 1)) / 2, 0.0)
    return low, stats.chi2.ppf(1 - tail, 2 * (count + 1)) / 2


def _net(
    score: np.ndarray, decided: np.ndarray, n: np.ndarray, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval of :func:`analysis.measurement.net_promoter` for many sites."""
    more = n + 3
    centre, either = score / more, (decided + 1.5) / more
    half = stats.norm.ppf((1 + level) / 2) * np.sqrt((either - centre**2) / more)
    value = score / n
    low = np.maximum(-1.0, np.minimum(value, centre - half))
    high = np.minimum(1.0, np.maximum(value, centre + half))
    return _WHOLE * low, _WHOLE * high
