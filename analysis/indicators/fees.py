"""Fee ledgers: the share of the fees due that came in."""

from __future__ import annotations

import ibis

from analysis.indicators.engine import Engine
from analysis.indicators.expressions import Block, Measure, period_of


def blocks(engine: Engine) -> list[Block]:
    """Return the aggregate of the fee ledger.

    Parameters
    ----------
    engine : Engine
        Holds ``fees``. Waivers that are NULL count as none; months with nothing due have no
        cell.
    """
    fees = engine.table("fees")
    due = fees.receivable.cast("float64") - fees.waived.cast("float64").fill_null(0.0)
    rows = fees.select(
        "site_id",
        period=period_of(fees.month),
        n=ibis.literal(1, "int64"),
        total=fees.collected.cast("float64"),
        exposure=due,
    )
    rows = rows.mutate(total_sq=rows.total * rows.total)
    return [Block(cells=rows, measures=(Measure(indicator="fee_collection", exposure="exposure"),))]
