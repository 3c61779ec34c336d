"""The roll-out as planned: who is trained when, and how that was decided."""

from __future__ import annotations

import pandas as pd

from analysis.results import Check, StageResults, Topic, collect

PROPERTY_TYPES = ("villa", "high_end", "ordinary", "old")


def assess_roll_out(waves: pd.DataFrame | None, sites: pd.DataFrame | None) -> StageResults:
    """Count the sites of each wave and check how the waves came about.

    Parameters
    ----------
    waves : DataFrame
        Canonical table ``waves``.
    sites : DataFrame
        Canonical table ``sites``, for the kind of property.

    Returns
    -------
    StageResults
        Table ``roll_out``: one row per wave, ``wave`` (0: never trained), ``start`` (earliest
        planned day), ``sites``, a count for each kind of property and ``unknown``,
        ``assigned_by`` (the one way, NULL where sites of a wave differ). Checks
        ``design.assignment`` (passed when every wave was drawn by lot) and
        ``design.started_late``.
    """
    if waves is None or waves.empty:
        missing = Check(
            id="design.assignment",
            topic=Topic.ASSIGNMENT,
            question="design.check.assignment.question",
            status="not_possible",
            reason="design.reason.no_waves",
        )
        return collect("design", [missing])
    kinds = pd.Series(dtype="str") if sites is None else sites.set_index("site_id")["property_type"]
    kind = waves["site_id"].map(kinds).fillna("unknown")
    planned = waves["planned_start"].fillna(waves["actual_start"])
    rows = []
    for wave, part in waves.groupby("wave"):
        counts = kind.loc[part.index].value_counts()
        ways = part["assigned_by"].dropna().unique()
        rows.append(
            {
                "wave": int(wave),
                "start": planned.loc[part.index].min() if wave else None,
                "sites": part["site_id"].nunique(),
                **{name: int(counts.get(name, 0)) for name in (*PROPERTY_TYPES, "unknown")},
                "assigned_by": ways[0] if len(ways) == 1 else None,
            }
        )
    treated = waves[waves["wave"] > 0]
    return collect(
        "design", [_assignment(treated), _late(treated)], tables={"roll_out": pd.DataFrame(rows)}
    )


def _assignment(treated: pd.DataFrame) -> Check:
    by_lot = treated["assigned_by"].fillna("unknown").eq("randomised")
    share = float(by_lot.mean()) if len(treated) else 0.0
    drawn = share == 1.0
    return Check(
        id="design.assignment",
        topic=Topic.ASSIGNMENT,
        question="design.check.assignment.question",
        status="passed" if drawn else "caution",
        value=share,
        threshold=1.0,
        unit="share",
        n=len(treated),
        reason=None if drawn else "design.check.assignment.reason",
        remedy=None if drawn else "design.check.assignment.remedy",
    )


def _late(treated: pd.DataFrame) -> Check:
    planned = pd.to_datetime(treated["planned_start"])
    actual = pd.to_datetime(treated["actual_start"])
    moved = (planned.dt.to_period("M") != actual.dt.to_period("M")) & actual.notna()
    moved &= planned.notna()
    never_held = int(actual.isna().sum())
    count = int(moved.sum()) + never_held
    return Check(
        id="design.started_late",
        topic=Topic.ASSIGNMENT,
        question="design.check.started_late.question",
        status="caution" if count else "passed",
        value=float(count),
        threshold=0.0,
        unit="sites",
        n=len(treated),
        reason="design.check.started_late.reason" if count else None,
        params={"moved": int(moved.sum()), "never_held": never_held},
    )
