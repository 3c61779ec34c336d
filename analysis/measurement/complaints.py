"""What complaints are about, and whose work they concern: shares, before and since training.

Complaints of one site hang together, so intervals count sites, not complaints. The shares
describe; what they say of the training is left to the comparison of sites.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy import special, stats

from analysis.measurement.columns import instants, periods, present
from analysis.measurement.intervals import Interval, wilson
from analysis.measurement.raters import krippendorff_alpha
from analysis.results import Check, Estimate, StageResults, Topic, collect
from analysis.settings import LEVEL
from analysis.tables import Rows, parts

UNKNOWN = "unknown"
"""Post of a complaint for which no employee, or none on the list, is in charge."""

LEAST_ALPHA = 0.667
"""Agreement of coders below which no conclusion rests on categories (Krippendorff 2019)."""

READ = ("kind", "site_id", "opened_at", "staff_id", "category", "second_category")
"""Columns that are read of work orders; rows of other kinds than complaints are not."""

_DRAWS = 500


def share_over_sites(hits: np.ndarray, n: np.ndarray, *, level: float = LEVEL) -> Interval:
    r"""Share of all cases, with an interval that counts sites.

    :math:`\hat p = \sum h_g / \sum n_g`, its variance linearised over sites
    (:math:`\frac{G}{G-1}\sum (h_g - \hat p n_g)^2 / (\sum n_g)^2`), the interval Student's t with
    :math:`G-1` degrees of freedom on the log odds, so that it stays a share. The interval holds
    Wilson's of as many independent cases: shares that happen to be alike at a few sites are no
    certainty. With one site, or a share of 0 or 1, Wilson's interval alone is given, and named.

    Parameters
    ----------
    hits, n : array, shape (sites,)
        Cases of the kind, and all cases, of each site; sites without cases are left out.

    References
    ----------
    Cochran (1977), section 6; Korn & Graubard (1998).
    """
    hits, n = np.asarray(hits, dtype=float), np.asarray(n, dtype=float)
    hits, n = hits[n > 0], n[n > 0]
    total, sites = float(n.sum()), n.size
    value = float(hits.sum()) / total
    if sites < 2 or value in (0.0, 1.0):
        return wilson(int(hits.sum()), int(total), level)
    variance = sites / (sites - 1) * float(((hits - value * n) ** 2).sum()) / total**2
    se = math.sqrt(variance)
    alone = wilson(int(hits.sum()), int(total), level)
    half = float(stats.t.ppf((1 + level) / 2, sites - 1)) * se / (value * (1 - value))
    centre = math.log(value / (1 - value))
    low, high = (float(special.expit(centre + step)) for step in (-half, half))
    low, high = min(low, alone.low), max(high, alone.high)
    return Interval(value, low, high, int(total), level, "t_log_odds_over_sites", se)


def complaint_shares(complaints: pd.DataFrame, by: str, *, level: float = LEVEL) -> pd.DataFrame:
    """Shares of the values of a column among complaints, by arm, before and since.

    Parameters
    ----------
    complaints : DataFrame
        ``site_id, arm, when``, the column ``by``, and ``count``: how many complaints are so; rows
        without a value are left out.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        ``arm, when, <by>, hits, n`` (complaints of the arm and time), ``sites, value, ci_low,
        ci_high``; the most frequent first.
    """
    known = complaints[complaints[by].notna()]
    rows = []
    for (arm, when), mine in known.groupby(["arm", "when"], sort=True):
        counts = mine.pivot_table("count", "site_id", by, aggfunc="sum", fill_value=0)
        n = counts.sum(axis=1).to_numpy()
        for name in counts.columns:
            share = share_over_sites(counts[name].to_numpy(), n, level=level)
            hits = int(counts[name].sum())
            row = (arm, when, str(name), hits, share.n, len(n), share.value, share.low, share.high)
            rows.append(row)
    columns = ["arm", "when", by, "hits", "n", "sites", "value", "ci_low", "ci_high"]
    table = pd.DataFrame(rows, columns=columns)
    order = table.groupby(by)["hits"].transform("sum")
    table = table.assign(order=order).sort_values(
        ["order", by, "arm", "when"], ascending=[False, True, True, False], ignore_index=True
    )
    return table.drop(columns="order")


def assess_complaints(
    tickets: Rows | None,
    staff: pd.DataFrame | None,
    starts: pd.DataFrame,
    *,
    timezone: str,
    seed: int,
    stage: str = "baseline",
    simulated: bool = False,
    level: float = LEVEL,
) -> StageResults:
    """Say what complaints are about, whose work they concern, and whether coders agree.

    Parameters
    ----------
    tickets : DataFrame, Stored or None
        Canonical table.
    staff : DataFrame or None
        Canonical table.
    starts : DataFrame
        ``site_id, arm`` (``treated`` or ``comparison``) and ``start``: running month from which
        complaints count as since; the first wave's for sites that are never trained.
    timezone : str
        The client's.
    seed : int
        Of the bootstrap over complaints that were coded twice.
    stage : str
        Stage that asks, the first part of all identifiers.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Tables ``complaint_categories`` and ``complaint_posts`` (of :func:`complaint_shares`, posts
        with ``unknown`` as one of them); estimate ``<stage>.complaints.agreement``
        (Krippendorff's alpha of two coders); check ``<stage>.complaints.coding``.
    """
    complained, counts, twice = False, [], []
    for part in parts(tickets, READ) if present(tickets, "kind") else ():
        rows = part[part["kind"] == "complaint"]
        complained = complained or len(rows) > 0
        rows = rows[rows["site_id"].isin(starts["site_id"])]
        counts.append(_counted(rows, staff, starts.set_index("site_id"), timezone))
        twice.append(_coded_twice(rows))
    if not complained:
        return collect(stage, [_coding("none", stage)])
    frame = pd.concat(counts).groupby(_ALIKE, dropna=False, as_index=False)["count"].sum()
    tables = {}
    if frame["category"].notna().any():
        tables["complaint_categories"] = complaint_shares(frame, "category", level=level)
    if staff is not None and (frame["post"] != UNKNOWN).any():
        tables["complaint_posts"] = complaint_shares(frame, "post", level=level)
    agreement = _agreement(pd.concat(twice), seed, stage, simulated, level=level)
    items = [_coding("unchecked", stage)]
    if agreement is not None:
        items = [agreement, _agreed(agreement, stage)]
    return collect(stage, items, tables=tables)


_ALIKE = ["site_id", "arm", "when", "category", "post"]
_CODED = ["category", "second_category"]


def _counted(
    rows: pd.DataFrame, staff: pd.DataFrame | None, starts: pd.DataFrame, timezone: str
) -> pd.DataFrame:
    """Count the complaints that are alike."""
    month = periods(instants(rows["opened_at"], timezone)).astype("float64")
    start = rows["site_id"].map(starts["start"]).astype("float64")
    frame = pd.DataFrame(
        {
            "site_id": rows["site_id"].astype(object),
            "arm": rows["site_id"].map(starts["arm"]).astype(object),
            "when": np.where(month >= start, "since", "before"),
            "category": rows["category"].astype(object),
            "post": _posts(rows, staff),
        }
    )
    return (
        frame.groupby(_ALIKE, dropna=False, as_index=False).size().rename(columns={"size": "count"})
    )


def _coded_twice(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the subjects of complaints that two coders saw."""
    coded = rows.reindex(columns=_CODED)
    return coded[coded.notna().all(axis=1)]


def _posts(rows: pd.DataFrame, staff: pd.DataFrame | None) -> pd.Series:
    if staff is None or "staff_id" not in rows:
        return pd.Series(UNKNOWN, index=rows.index, dtype=object)
    post = rows["staff_id"].map(staff.set_index("staff_id")["role"])
    return post.astype(object).where(post.notna(), UNKNOWN)


def _agreement(
    twice: pd.DataFrame, seed: int, stage: str, simulated: bool, level: float
) -> Estimate | None:
    if twice.empty:
        return None
    pairs = twice.astype(object).to_numpy()
    codes = {name: i for i, name in enumerate(sorted(set(pairs.ravel())))}
    numbers = np.array([[codes[name] for name in pair] for pair in pairs], dtype=float).T
    found = krippendorff_alpha(numbers, "nominal", draws=_DRAWS, seed=seed, level=level)
    if found is None:
        return None
    return Estimate(
        id=f"{stage}.complaints.agreement",
        estimand="krippendorff_alpha",
        unit="coefficient",
        value=found.value,
        ci_low=found.low,
        ci_high=found.high,
        n=found.n,
        method="krippendorff_nominal",
        interval_method=found.method,
        simulated=simulated,
        level=level,
    )


def _agreed(agreement: Estimate, stage: str) -> Check:
    fine = agreement.ci_low >= LEAST_ALPHA
    return Check(
        id=f"{stage}.complaints.coding",
        topic=Topic.COMPLAINT_CODING,
        question="measurement.check.complaint_coding.question",
        status="passed" if fine else "caution",
        value=agreement.value,
        threshold=LEAST_ALPHA,
        unit="coefficient",
        n=agreement.n,
        reason="measurement.check.complaint_coding.reason",
        remedy=None if fine else "measurement.check.complaint_coding.remedy",
        params={
            "twice": agreement.n,
            "level": agreement.level,
            "alpha": agreement.value,
            "low": agreement.ci_low,
            "line": LEAST_ALPHA,
        },
    )


def _coding(why: str, stage: str) -> Check:
    return Check(
        id=f"{stage}.complaints.coding",
        topic=Topic.COMPLAINT_CODING,
        question="measurement.check.complaint_coding.question",
        status="not_possible",
        reason=f"measurement.check.complaint_coding.{why}",
        remedy=None if why == "none" else "measurement.check.complaint_coding.code_twice",
    )
