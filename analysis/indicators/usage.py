"""Use of the customer system: accounts in use, days, records and functions."""

from __future__ import annotations

from collections.abc import Mapping, Set

import ibis

from analysis.indicators.engine import Engine
from analysis.indicators.expressions import Block, Measure, period_of

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "active_share": ("active_users", "users"),
    "weekly_share": ("weekly_users", "users"),
    "active_days": ("active_days", "users"),
    "records_per_user": ("records_kept", "users"),
    "functions": ("functions_used",),
    "complete_share": ("profiles_complete", "profiles"),
    "right_share": ("records_right", "records_checked"),
    "call_backs_per_user": ("call_backs", "users"),
}
"""Columns of ``crm_usage`` by measure: what is counted, and of how many."""

INDICATORS: Mapping[str, str] = {
    "crm_active_share": "active_share",
    "crm_weekly_login": "weekly_share",
    "crm_active_days": "active_days",
    "crm_records": "records_per_user",
    "crm_functions": "functions",
    "crm_profiles_complete": "complete_share",
    "crm_record_accuracy": "right_share",
    "crm_call_backs": "call_backs_per_user",
}
"""Indicators of the registry, each with its measure."""


def blocks(engine: Engine, wanted: Set[str]) -> list[Block]:
    """Return the aggregates of the wanted indicators of :data:`INDICATORS`.

    Parameters
    ----------
    engine : Engine
        Holds ``crm_usage``.
    wanted : Set[str]
        Indicators to compute.
    """
    return [block(engine, name, how) for name, how in INDICATORS.items() if name in wanted]


def block(engine: Engine, indicator: str, measure: str) -> Block:
    """Return one measure by site and month; accounts are the denominator where it is of accounts.

    Parameters
    ----------
    engine : Engine
        Holds ``crm_usage``. Rows without count or without accounts are left out.
    indicator : str
        Name of the indicator.
    measure : str
        One of :data:`COLUMNS`.
    """
    usage = engine.table("crm_usage")
    counted, *of = COLUMNS[measure]
    rows = usage.filter(usage[counted].notnull())
    total = rows[counted].cast("float64")
    if not of:
        n, exposure = ibis.literal(1, "int64"), ibis.literal(1.0)
        total_sq = total * total
    else:
        rows = rows.filter(rows[of[0]].notnull())
        total, n = rows[counted].cast("float64"), rows[of[0]].cast("int64")
        exposure = n.cast("float64")
        # A share's count is its own sum of squares; of sums over accounts only the cell is known.
        share = measure in ("active_share", "complete_share", "right_share")
        total_sq = total if share else total * total / ibis.greatest(exposure, ibis.literal(1.0))
    cells = rows.select(
        "site_id",
        period=period_of(rows.month),
        n=n,
        total=total,
        total_sq=total_sq,
        exposure=exposure,
    )
    return Block(cells=cells, measures=(Measure(indicator=indicator, exposure="exposure"),))
