"""The 360-degree view role by role: enough raters, level, and the gap to one's own rating."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.measurement.agreement import LEAST_RATERS, rating_rows
from analysis.measurement.columns import present
from analysis.measurement.weighting import weighted_mean
from analysis.results import Check, Estimate, StageResults, Topic, collect
from analysis.settings import LEVEL

LEAST_PEOPLE = 8
"""Roles that rated fewer people show no numbers."""

VIEWS = 3
"""Points of view besides one's own that a 360-degree rating has (R169)."""

_ONE_ENOUGH = frozenset({"self", "supervisor"})
"""There is one of oneself and one supervisor; other roles need several to stay anonymous."""


def role_views(
    rows: pd.DataFrame, *, least: int = LEAST_RATERS, level: float = LEVEL
) -> pd.DataFrame:
    """Level of each role's ratings, and what people rate themselves above it.

    A person's score by a role is the mean over its raters and sheets; intervals take sites as
    clusters.

    Parameters
    ----------
    rows : DataFrame
        As of :func:`~analysis.measurement.agreement.rating_rows`, one instrument.
    least : int
        Raters that a role needs for one person; one is enough of oneself and of supervisors.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        ``role, subjects, raters`` (mean number a subject), ``short`` (subjects with too few),
        ``mean, ci_low, ci_high, gap`` (self minus role over the people that both rated),
        ``gap_low, gap_high, gap_n``, ``hidden`` (fewer than ``LEAST_PEOPLE``, numbers missing).
    """
    by = rows.groupby(["role", "subject"])
    each = by.agg(
        score=("score", "mean"), raters=("rater", "nunique"), site=("site", "first")
    ).reset_index()
    own = each[each["role"] == "self"].set_index("subject")["score"]
    out = []
    for role, mine in each.groupby("role", sort=True):
        need = 1 if role in _ONE_ENOUGH else least
        counted = len(mine), float(mine["raters"].mean()), int((mine["raters"] < need).sum())
        mean, gap = [np.nan] * 3, [np.nan] * 3
        both = mine[mine["subject"].isin(own.index)] if role != "self" else mine.iloc[:0]
        if len(mine) >= LEAST_PEOPLE:
            mean = _mean(mine["score"].to_numpy(), mine["site"], level=level)
        if len(both) >= LEAST_PEOPLE:
            apart = own[both["subject"]].to_numpy() - both["score"].to_numpy()
            gap = _mean(apart, both["site"], level=level)
        out.append((str(role), *counted, *mean, *gap, len(both), len(mine) < LEAST_PEOPLE))
    columns = ["role", "subjects", "raters", "short", "mean", "ci_low", "ci_high"]
    columns += ["gap", "gap_low", "gap_high", "gap_n", "hidden"]
    return pd.DataFrame(out, columns=columns)


def _mean(values: np.ndarray, sites: pd.Series, level: float) -> list[float]:
    found = weighted_mean(values, clusters=sites, level=level)
    ends = (found.low, found.high) if found.low is not None else (np.nan, np.nan)
    return [found.value, *ends]


def assess_views(
    ratings: pd.DataFrame | None,
    *,
    before: pd.Timestamp | str | None = None,
    least: int = LEAST_RATERS,
    simulated: bool = False,
    level: float = LEVEL,
) -> StageResults:
    """Whether the 360-degree ratings are a view from all sides.

    Mystery shoppers rate sites and are asked apart.

    Parameters
    ----------
    ratings : DataFrame or None
        Canonical ``ratings``.
    before : Timestamp or str, optional
        Only ratings before this day.
    least : int
        Raters of a role that a person needs.
    simulated : bool
        Whether the results are of a simulated world.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Estimates ``baseline.views.<instrument>.gap.<role>`` (self minus role), checks
        ``….roles`` (failed with one role besides oneself: no conclusion about behaviour from
        it, R021) and ``….enough`` (people with too few raters of a role), table ``views``.
    """
    rows = rating_rows(ratings, before) if present(ratings, "score") else pd.DataFrame()
    rows = rows[rows["role"] != "mystery_shopper"] if len(rows) else rows
    if rows.empty:
        missing = Check(
            id="baseline.views",
            topic=Topic.VIEWS,
            question="measurement.check.views.none",
            status="not_possible",
            reason="measurement.reason.no_ratings",
        )
        return collect("baseline", [missing])
    items: list = []
    parts = []
    for instrument, mine in rows.groupby("instrument", sort=True):
        table = role_views(mine, least=least, level=level)
        parts.append(table.assign(instrument=str(instrument)))
        items += [
            _gap(str(instrument), row, simulated, level=level)
            for row in table.itertuples()
            if np.isfinite(row.gap)
        ]
        items += _checks(str(instrument), table, least)
    return collect("baseline", items, tables={"views": pd.concat(parts, ignore_index=True)})


def _gap(instrument: str, row, simulated: bool, level: float) -> Estimate:
    known = np.isfinite(row.gap_low)
    return Estimate(
        id=f"baseline.views.{instrument}.gap.{row.role}",
        estimand="self_minus_role",
        unit="score",
        value=float(row.gap),
        ci_low=float(row.gap_low) if known else None,
        ci_high=float(row.gap_high) if known else None,
        n=int(row.gap_n),
        method="paired_mean",
        interval_method="taylor_linearisation" if known else "none",
        dims={"instrument": instrument, "role": row.role},
        simulated=simulated,
        level=level,
    )


def _checks(instrument: str, table: pd.DataFrame, least: int) -> list[Check]:
    others = table[table["role"] != "self"]
    roles = len(others)
    status = "passed" if roles >= VIEWS else "caution"
    status = "failed" if roles < 2 else status
    common = {"instrument": instrument}
    views = Check(
        id=f"baseline.views.{instrument}.roles",
        topic=Topic.VIEWS,
        question="measurement.check.views.question",
        status=status,
        value=float(roles),
        threshold=float(VIEWS),
        unit="count",
        n=int(others["subjects"].sum()),
        reason="measurement.check.views.reason",
        remedy=None if status == "passed" else "measurement.check.views.remedy",
        params={**common, "roles": roles, "asked": VIEWS},
    )
    pairs, short = int(others["subjects"].sum()), int(others["short"].sum())
    enough = Check(
        id=f"baseline.views.{instrument}.enough",
        topic=Topic.VIEWS,
        question="measurement.check.views_enough.question",
        status="passed" if short == 0 else "caution",
        value=float(short),
        threshold=0.0,
        unit="count",
        n=pairs,
        reason="measurement.check.views_enough.reason",
        remedy=None if short == 0 else "measurement.check.views_enough.remedy",
        params={**common, "pairs": pairs, "short": short, "least": least},
    )
    return [views, enough]
