"""Employees: how many of those employed left in the month."""

from __future__ import annotations

import ibis

from analysis.indicators.engine import Engine
from analysis.indicators.expressions import Block, Measure, one_if, period_of, summarise


def blocks(engine: Engine, low: int, high: int) -> list[Block]:
    """Return the aggregate of the list of staff, between two running months.

    An employee counts in every month begun as employed: hired before it, not left before it.
    Without a first working day one counts as employed from the start; who came and left within
    one month never counts. The site is that of the list, so transfers are not seen.

    Parameters
    ----------
    engine : Engine
        Holds ``staff``.
    low, high : int
        First and last running month.
    """
    staff = engine.table("staff")
    staff = staff.filter(staff.site_id.notnull())
    hired = period_of(staff.hired_on).fill_null(low - 1)
    left = period_of(staff.left_on)
    spans = staff.select(
        "site_id",
        left=left,
        start=ibis.greatest(hired + 1, ibis.literal(low, "int64")),
        stop=ibis.least(left.fill_null(high), ibis.literal(high, "int64")),
    )
    spans = spans.filter(spans.start <= spans.stop)
    months = spans.select(
        "site_id", "left", period=ibis.range(spans.start, spans.stop + 1).unnest()
    )
    rows = months.select("site_id", "period", y=one_if(months.left == months.period))
    return [
        Block(
            cells=summarise(rows, "y", ("site_id", "period")),
            measures=(Measure(indicator="staff_turnover"),),
        )
    ]
