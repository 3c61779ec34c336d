"""Households whose contract fell due: how many did not renew, and how a complaint had been rated.

What a complaint's rating went with is an association: who complains, and how a complaint is
handled, is not assigned. Contracts of one site hang together, so intervals count sites.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from analysis.measurement.columns import dates, instants, periods, present
from analysis.measurement.complaints import share_over_sites
from analysis.results import Check, StageResults, Topic, collect
from analysis.settings import LEVEL, MIN_CELL
from analysis.tables import Rows, parts

BAD, GOOD = 2, 4
"""Ratings of 1 to 5 up to which a complaint was handled badly, and from which well."""
WITHIN_DAYS = 365
"""Days before a contract ends in which the latest rated complaint counts."""
GROUPS = (
    "treated.before",
    "treated.since",
    "comparison.before",
    "comparison.since",
    "rated.badly",
    "rated.middling",
    "rated.well",
    "rated.none",
)
COLUMNS = ["group", "n", "left", "sites", "value", "ci_low", "ci_high"]


def assess_households(
    contracts: pd.DataFrame | None,
    tickets: Rows | None,
    starts: pd.DataFrame,
    *,
    timezone: str,
    least: int = MIN_CELL,
    stage: str = "tracking",
    simulated: bool = False,
    level: float = LEVEL,
) -> StageResults:
    """Say how many households did not renew, by arm and time and by their last rated complaint.

    Parameters
    ----------
    contracts, tickets : DataFrame, Stored or None
        Canonical tables. Contracts without a household, or undecided, are left out.
    starts : DataFrame
        ``site_id, arm`` and ``start``, as :func:`analysis.measurement.assess_complaints` takes it.
    timezone : str
        The client's.
    least : int
        Fewest contracts of a group for the difference after badly and well rated complaints.
    stage : str
        Stage that asks, the first part of all identifiers.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Table ``households`` with a row per group of :data:`GROUPS` that has contracts: ``group``,
        ``n`` (contracts due and decided), ``left`` (not renewed), ``sites``, ``value, ci_low,
        ci_high`` (share not renewed). Check ``<stage>.households``: the difference between
        households whose complaint was rated badly and well, as an association.
    """
    if contracts is None or not present(contracts, "household_id", "renewed"):
        return collect(stage, [_told("no_households", stage)])
    due = _decided(contracts, starts)
    if due.empty:
        return collect(stage, [_told("no_households", stage)])
    rated = _rated(tickets, timezone)
    due = due.assign(rated=_last_rating(due, rated))
    by_arm = due["arm"] + "." + due["when"]
    by_rating = "rated." + due["rated"]
    rows = [_row(name, due[by_arm == name], level) for name in GROUPS[:4]]
    if len(rated):
        rows += [_row(name, due[by_rating == name], level) for name in GROUPS[4:]]
    table = pd.DataFrame([r for r in rows if r is not None], columns=COLUMNS)
    if rated.empty:
        check = _told("no_ratings", stage)
    else:
        groups = [due[by_rating == name] for name in ("rated.badly", "rated.well")]
        check = _difference(groups, stage, least=least, level=level)
    return collect(stage, [check], tables={"households": table})


def difference_over_sites(
    badly: pd.DataFrame, well: pd.DataFrame, *, level: float = LEVEL
) -> tuple[float, float, float] | None:
    r"""Difference of two shares, with an interval that counts sites; None with fewer than two.

    The variance is linearised: :math:`\frac{G}{G-1}\sum_g d_g^2` with
    :math:`d_g = (h_{1g} - p_1 n_{1g})/N_1 - (h_{0g} - p_0 n_{0g})/N_0`, the interval Student's t
    with :math:`G-1` degrees of freedom. It is never narrower than that of as many independent
    contracts.

    Parameters
    ----------
    badly, well : DataFrame
        ``site_id`` and ``left``, one row per contract.

    References
    ----------
    Cochran (1977), section 6.
    """
    sites = sorted({*badly["site_id"], *well["site_id"]})
    if len(sites) < 2:
        return None
    spread, alone, shares = np.zeros(len(sites)), 0.0, []
    for sign, rows in ((1.0, badly), (-1.0, well)):
        share = float(rows["left"].mean())
        own = (rows["left"] - share).groupby(rows["site_id"]).sum().reindex(sites, fill_value=0.0)
        spread += sign * own.to_numpy() / len(rows)
        # Agresti and Caffo (2000): a share of 0 or 1 is no certainty.
        pulled = (rows["left"].sum() + 1) / (len(rows) + 2)
        alone += pulled * (1 - pulled) / (len(rows) + 2)
        shares.append(share)
    variance = len(sites) / (len(sites) - 1) * float((spread**2).sum())
    half = float(stats.t.ppf((1 + level) / 2, len(sites) - 1)) * math.sqrt(max(variance, alone))
    value = shares[0] - shares[1]
    return value, max(value - half, -1.0), min(value + half, 1.0)


def _decided(contracts: pd.DataFrame, starts: pd.DataFrame) -> pd.DataFrame:
    """Return the households' contracts that were decided, with arm and time."""
    rows = contracts[contracts["household_id"].notna() & contracts["renewed"].notna()]
    rows = rows[rows["site_id"].isin(starts["site_id"])]
    known = starts.set_index("site_id")
    due = dates(rows["due_on"])
    start = rows["site_id"].map(known["start"]).astype("float64")
    return pd.DataFrame(
        {
            "site_id": rows["site_id"].astype(object),
            "household_id": rows["household_id"].astype(object),
            "due": due,
            "arm": rows["site_id"].map(known["arm"]).astype(object),
            "when": np.where(periods(due).astype("float64") >= start, "since", "before"),
            "left": 1.0 - rows["renewed"].astype("float64"),
        }
    ).reset_index(drop=True)


def _rated(tickets: Rows | None, timezone: str) -> pd.DataFrame:
    """Return rated complaints: ``site_id, household_id, day, rating``."""
    read = ("kind", "site_id", "household_id", "opened_at", "resolved_at", "rating")
    found = [pd.DataFrame(columns=["site_id", "household_id", "day", "rating"])]
    if tickets is not None and present(tickets, "kind", "household_id", "rating"):
        for part in parts(tickets, read):
            rows = part[(part["kind"] == "complaint") & part["household_id"].notna()]
            rows = rows[rows["rating"].notna()]
            if rows.empty:
                continue
            done = instants(rows["resolved_at"], timezone)
            day = done.where(done.notna(), instants(rows["opened_at"], timezone))
            found.append(
                pd.DataFrame(
                    {
                        "site_id": rows["site_id"].astype(object),
                        "household_id": rows["household_id"].astype(object),
                        "day": day.dt.tz_localize(None).dt.normalize(),
                        "rating": rows["rating"].astype("float64"),
                    }
                )
            )
    return pd.concat(found[1:] or found, ignore_index=True)


def _last_rating(due: pd.DataFrame, rated: pd.DataFrame) -> pd.Series:
    """Return how the household's latest rated complaint before the end of a contract was rated."""
    names = pd.Series("none", index=due.index, dtype=object)
    if rated.empty:
        return names
    both = due.assign(row=due.index)[["row", "site_id", "household_id", "due"]]
    both = both.merge(rated, on=["site_id", "household_id"])
    waited = (both["due"] - both["day"]).dt.days
    both = both[(waited > 0) & (waited <= WITHIN_DAYS)].sort_values(["row", "day", "rating"])
    last = both.groupby("row")["rating"].last()
    how = np.where(last <= BAD, "badly", np.where(last >= GOOD, "well", "middling"))
    names[last.index] = how
    return names


def _row(group: str, rows: pd.DataFrame, level: float) -> tuple | None:
    if rows.empty:
        return None
    by_site = rows.groupby("site_id")["left"].agg(["sum", "size"])
    share = share_over_sites(by_site["sum"].to_numpy(), by_site["size"].to_numpy(), level=level)
    left = int(rows["left"].sum())
    return (group, share.n, left, len(by_site), share.value, share.low, share.high)


def _difference(groups: Sequence[pd.DataFrame], stage: str, *, least: int, level: float) -> Check:
    badly, well = groups
    counts = {"badly": len(badly), "well": len(well)}
    if min(counts.values()) < least:
        return _told("few", stage, **counts, least=least)
    found = difference_over_sites(badly, well, level=level)
    if found is None:
        return _told("one_site", stage, **counts)
    value, low, high = found
    return Check(
        id=f"{stage}.households",
        topic=Topic.HOUSEHOLDS,
        question="measurement.check.households.question",
        status="passed",
        value=value,
        unit="share",
        n=sum(counts.values()),
        reason="measurement.check.households.went_with",
        params={
            **counts,
            "left_badly": float(badly["left"].mean()),
            "left_well": float(well["left"].mean()),
            "value": value,
            "low": low,
            "high": high,
            "level": level,
        },
    )


def _told(why: str, stage: str, **params: int) -> Check:
    return Check(
        id=f"{stage}.households",
        topic=Topic.HOUSEHOLDS,
        question="measurement.check.households.question",
        status="not_possible",
        reason=f"measurement.check.households.{why}",
        params=params,
    )
