"""How many signals the chart of a steady site gives by chance, and which sites give more.

Signals for the worse only accumulate, so a boundary that their number seldom reaches within
whole years holds at every weekly or monthly look before, without a price for looking often.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from analysis.memory import remembered
from analysis.monitoring.control_charts.limits import as_charted, steady_points
from analysis.monitoring.control_charts.run_rules import MEMORY, RULES, in_a_row

YEAR = 52
"""Weeks of a year; the promise is for whole years of looks."""

RECENT_WEEKS = 13
"""A site rings while its newest signal for the worse is at most so many weeks old."""

SEED = 5

ALPHA = 0.05
"""Probability that any site of a chart is called unusual in a year although all are steady."""


def signal_counts(chart: pd.DataFrame, direction: str) -> pd.DataFrame:
    """Count every site's signals for the worse, with what a steady site's are judged by.

    Parameters
    ----------
    chart : DataFrame
        Of :func:`~analysis.monitoring.control_charts.weekly.chart_weeks`.
    direction : str
        ``up`` when more is better, ``down`` when less is.

    Returns
    -------
    DataFrame
        As of :func:`~analysis.monitoring.control_charts.weekly_alerts.weekly_measures`, a measure.
    """
    alike, newest = resemblance(chart), chart["week"].max()
    wrong = (chart["z"] < 0) == (direction == "up")
    late = ~chart["baseline"].astype(bool) & chart["z"].notna()
    bad = chart["signal"].astype(bool) & wrong & late
    marks = pd.DataFrame(
        {
            "subject": chart["subject"],
            "n": late,
            "signals": bad,
            "base": chart["baseline"].astype(bool),
            "since": chart["value"].where(late),
            "centre": chart["centre"],
            "sigma_z": chart["sigma_z"],
            "last": pd.to_datetime(chart["week"]).where(bad),
        }
    )
    how = {name: (name, "sum") for name in ("n", "signals", "base")}
    how |= {name: (name, "first") for name in ("centre", "sigma_z")}
    table = marks.groupby("subject", as_index=False).agg(
        **how, since=("since", "mean"), last=("last", "max")
    )
    table = table[table["n"] > 0].reset_index(drop=True)
    known = ["signals", "centre", "since"]
    age = (pd.Timestamp(newest) - table["last"]).dt.days
    return table.assign(
        widened=table["sigma_z"] > 1,
        resemblance=alike,
        recent=age <= 7 * RECENT_WEEKS,
        change=table["since"] / table["centre"].where(table["centre"] > 0) - 1,
        told=table[known].to_dict("records"),
    ).drop(columns=["last", "sigma_z", "centre", "since"])


def resemblance(chart: pd.DataFrame) -> float:
    """Correlation of a week with the next one before training, averaged over sites.

    Corrected for its bias in short series (Marriott & Pope 1954), never below 0, in steps
    of 0.05.
    """
    found = []
    for _, part in chart[chart["baseline"].astype(bool)].groupby("subject"):
        z = part["z"].to_numpy(dtype=float)
        z = z - z.mean()
        if (z**2).sum() > 0:
            r = float((z[1:] * z[:-1]).sum() / (z**2).sum())
            found.append(r + (1 + 3 * r) / z.size)
    return float(np.clip(round(np.mean(found) / 0.05) * 0.05, 0.0, 0.9)) if found else 0.0


@lru_cache(maxsize=256)
@remembered
def signals_of_steady_sites(
    base: int,
    weeks: int,
    alike: float,
    *,
    widened: bool,
    rules: tuple[str, ...],
    width: float = 3.0,
    run: int = 8,
    skew: float = 0.0,
) -> np.ndarray:
    """Simulate the number of signals on one side that a steady site's chart gives.

    Centre, and where limits are widened the spread, come from the weeks before, as on the chart.

    Parameters
    ----------
    base, weeks : int
        Weeks before training, and since.
    alike : float
        Correlation of neighbouring weeks.
    widened : bool
        Whether the spread is that of the moving range, not known.
    rules : tuple[str, ...]
        Run rules in force.
    width, run : float, int
        Standard deviations at which limits stand, and points in a row on one side that signal.
    skew : float
        Skewness of single points towards the side that is counted, by the first term of Cornish
        and Fisher; shares near 85 % of 60 answers have 0.25 towards their worse side.

    Returns
    -------
    ndarray of shape (WORLDS,)
        Signals since, of each of the charts that
        :func:`~analysis.monitoring.control_charts.limits.steady_points` draws.
    """
    first = max(base - max(run, MEMORY), 0)  # what rules see of the weeks before
    counts = []
    for z in steady_points(base + weeks, alike, SEED):
        if skew:
            z = z + skew * (z**2 - 1) / 6
        z = as_charted(z, base, own_spread=widened, first=first) * 3.0 / width
        hit = np.zeros(z.shape, dtype=bool)
        for name in rules:
            hit |= in_a_row(z, run) if name == "eight_one_side" else RULES[name](z)
        counts.append((hit & (z > 0))[:, base - first :].sum(axis=1))
    return np.concatenate(counts)


@lru_cache(maxsize=256)
def signal_boundary(
    base: int, weeks: int, alike: float, alpha: float, *, widened: bool, rules: tuple[str, ...]
) -> tuple[int, float] | None:
    """Fewest signals that a steady site's chart reaches with probability at most ``alpha``.

    Parameters
    ----------
    base, weeks, alike, widened, rules
        As of :func:`signals_of_steady_sites`.
    alpha : float
        Probability allowed.

    Returns
    -------
    (int, float) or None
        The number, and how often chance reaches it; None where too few charts are drawn to tell.
    """
    end = signals_of_steady_sites(base, weeks, alike, widened=widened, rules=rules)
    for boundary in range(1, int(end.max()) + 2):
        rate = _reached(end, boundary)
        if rate <= alpha:
            return boundary, rate
    return None


def _reached(counts: np.ndarray, boundary: int) -> float:
    return float((1 + (counts >= boundary).sum()) / (1 + counts.size))


def chart_test(row, alpha: float, rules: tuple[str, ...]) -> tuple[float, float, bool]:
    """Test the signals of one site against those of steady sites.

    Parameters
    ----------
    row : namedtuple
        A row of :func:`weekly_measures`.
    alpha : float
        Probability allowed to ring at any look of the year although nothing changed.

    Returns
    -------
    (float, float, bool)
        p-value (as many signals or more by the end of the year of looks that today lies in);
        false-alarm rate (probability to reach the boundary by then); whether it rings.
    """
    horizon = YEAR * -(-int(row.n) // YEAR)
    drawn = (int(row.base), horizon, float(row.resemblance))
    kind = {"widened": bool(row.widened), "rules": rules}
    p_value = _reached(signals_of_steady_sites(*drawn, **kind), int(row.signals))
    found = signal_boundary(*drawn, alpha, **kind)
    if found is None:
        return p_value, 0.0, False
    boundary, rate = found
    return p_value, rate, bool(row.recent) and row.signals >= boundary


def unusual_weeks(chart: pd.DataFrame, direction: str, rules: tuple[str, ...]) -> set[str]:
    """Name the sites with more signals for the worse than chance gives all sites of a chart.

    The error of a year of looks is shared among the sites.

    Parameters
    ----------
    chart, direction
        As of :func:`signal_counts`.
    rules : tuple[str, ...]
        Run rules in force.
    """
    sites = signal_counts(chart, direction)
    alpha = ALPHA / max(len(sites), 1)
    return {str(row.subject) for row in sites.itertuples() if chart_test(row, alpha, rules)[2]}


def unusual_months(worse: int, beyond: int, base: int, late: int, alpha: float, **chart) -> bool:
    """Whether a site has more months that signal for the worse than a steady site would.

    Counted are all signals, and those beyond the limits alone: runs come in strings, so a
    few points far outside would be lost among them. Each has half the error.

    Parameters
    ----------
    worse, beyond, base, late : int
        Signals for the worse, those of them beyond the limits, months before training and since.
    alpha : float
        Probability allowed to this site in a year of looks.
    **chart
        ``alike, widened, width, run, skew`` of :func:`signals_of_steady_sites`.
    """
    if worse == 0 or late == 0:
        return False
    months = 12 * -(-late // 12)
    counted = ((worse, ("beyond_3", "eight_one_side")), (beyond, ("beyond_3",)))
    return any(
        number > 0
        and _reached(signals_of_steady_sites(base, months, rules=rules, **chart), number)
        <= alpha / 2
        for number, rules in counted
    )
