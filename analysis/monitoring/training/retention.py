"""What people still know one, three, six and twelve months after the course, person by person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from analysis.measurement import mean_t
from analysis.measurement.columns import dates, floats, present
from analysis.results import Check, StageResults, Topic, collect
from analysis.settings import LEVEL, MIN_CELL, ends_of

MONTHS = (1, 3, 6, 12)
"""Months after the test that follow-up tests are counted to, each to the nearest."""
_DAYS = 30.44
_LEAST = 3
"""People from whom on the share kept has an interval."""
COLUMNS = [
    "months", "n", "tested", "post", "later", "value", "ci_low", "ci_high", "kept", "kept_low",
    "kept_high",
]  # fmt: skip


def followed(assessments: pd.DataFrame, months: Sequence[int] = MONTHS) -> pd.DataFrame:
    """Return the follow-up scores of people beside their own first score after the course.

    Parameters
    ----------
    assessments : DataFrame
        Canonical table. A follow-up counts for the month of ``months`` nearest to the time since
        the same person's test after the course, in the same module and form; without either day,
        or on or before that of the first, it counts nowhere.
    months : sequence of int
        Ascending.

    Returns
    -------
    DataFrame
        ``staff_id, months, post, later``: one row per person and month, means over the modules
        and forms that they sat both times, so that a person counts once.
    """
    keys = ["staff_id", "module", "form"]
    known = assessments[assessments["score"].notna() & assessments["assessed_on"].notna()]
    known = known.astype(dict.fromkeys(keys, object)).assign(
        score=floats(known["score"]), day=dates(known["assessed_on"])
    )
    post = known[(known["occasion"] == "post") & (known["attempt"] == 1)]
    post = post.rename(columns={"score": "post", "day": "first"})[[*keys, "post", "first"]]
    later = known[known["occasion"] == "follow_up"].rename(columns={"score": "later"})
    pairs = later[[*keys, "later", "day"]].merge(post, on=keys)
    waited = (pairs["day"] - pairs["first"]).dt.days.to_numpy(dtype=float)
    pairs = pairs.assign(waited=waited)[waited > 0]
    nearest = np.abs(pairs["waited"].to_numpy()[:, None] / _DAYS - np.array(months)[None, :])
    pairs["months"] = np.array(months)[nearest.argmin(axis=1)] if len(pairs) else []
    return pairs.groupby(["staff_id", "months"], sort=True)[["post", "later"]].mean().reset_index()


def retention(pairs: pd.DataFrame, tested: int, *, level: float = LEVEL) -> pd.DataFrame:
    """Compare the same people's scores at each follow-up with those right after the course.

    Parameters
    ----------
    pairs : DataFrame
        As of :func:`followed`.
    tested : int
        People with a score right after the course; how many of them came back bears on what the
        others would have scored.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        :data:`COLUMNS`, a row per month: ``n`` people tested both times of ``tested``, mean
        ``post`` and ``later``, ``value`` their difference in points with the paired t interval, and
        ``kept`` the sum of the later points over that of the first, with the jackknife's interval
        over people on t with n - 1 degrees.
    """
    rows = []
    for month, group in pairs.groupby("months", sort=True):
        post, later = (group[name].to_numpy(dtype=float) for name in ("post", "later"))
        change = mean_t(later - post, level=level)
        rows.append(
            (
                int(month), len(group), tested, post.mean(), later.mean(),
                change.value, change.low, change.high, *_kept(post, later, level),
            )
        )  # fmt: skip
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.astype(dict.fromkeys(["ci_low", "ci_high"], "float64"))


def _kept(post: np.ndarray, later: np.ndarray, level: float) -> tuple[float, float, float]:
    n, whole = len(post), post.sum()
    if whole <= 0:
        return (np.nan,) * 3
    share = later.sum() / whole
    rest = whole - post
    if n < _LEAST or (rest <= 0).any():
        return share, np.nan, np.nan
    left = (later.sum() - later) / rest
    se = np.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum())
    half = stats.t.isf(ends_of(level)[0], n - 1) * se
    return share, max(0.0, share - half), share + half


def assess_retention(
    assessments: pd.DataFrame | None, *, min_cell: int = MIN_CELL, level: float = LEVEL
) -> StageResults:
    """Say whether what was learned is still known at the latest follow-up of enough people.

    Parameters
    ----------
    assessments : DataFrame or None
        Canonical table.
    min_cell : int
        Fewest people of whom a number is told.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Table ``retention`` (of :func:`retention`); check ``monitoring.retention``: ``caution``
        where the whole interval of the change lies below zero, else ``passed``.
    """
    about = {
        "id": "monitoring.retention",
        "topic": Topic.RETENTION,
        "question": "monitoring.check.retention",
    }
    nothing = pd.DataFrame(columns=COLUMNS)
    if not present(assessments, "score", "assessed_on"):
        none = Check(**about, status="not_possible", reason="monitoring.check.retention.none")
        return collect("monitoring", [none], tables={"retention": nothing})
    after = assessments[(assessments["occasion"] == "post") & assessments["score"].notna()]
    pairs = followed(assessments)
    table = retention(pairs, after["staff_id"].nunique(), level=level) if len(pairs) else nothing
    known = table[table["n"] >= min_cell]
    if known.empty:
        reason = "none" if table.empty else "few"
        none = Check(
            **about, status="not_possible", params={"least": min_cell},
            reason=f"monitoring.check.retention.{reason}",
        )  # fmt: skip
        return collect("monitoring", [none], tables={"retention": table})
    last = known.iloc[-1]
    lost = bool(last["ci_high"] < 0)
    check = Check(
        **about,
        status="caution" if lost else "passed",
        value=float(last["value"]),
        threshold=0.0,
        unit="points",
        n=int(last["n"]),
        reason=f"monitoring.check.retention.{'lost' if lost else 'kept'}",
        remedy="monitoring.check.retention.remedy" if lost else None,
        params={
            **{name: int(last[name]) for name in ("months", "n", "tested")},
            **{name: float(last[name]) for name in ("post", "later", "value", "kept")},
            "low": float(last["ci_low"]),
            "high": float(last["ci_high"]),
        },
    )
    return collect("monitoring", [check], tables={"retention": table})
