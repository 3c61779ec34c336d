"""Fee ledgers: the share of the fees due that came in, and who paid them."""

from __future__ import annotations

from collections.abc import Set

import ibis
import ibis.expr.types as ir

from analysis.indicators.engine import Engine
from analysis.indicators.expressions import Block, Measure, period_of


def blocks(engine: Engine, wanted: Set[str]) -> list[Block]:
    """Return the aggregates of the fee ledger.

    Parameters
    ----------
    engine : Engine
        Holds ``fees``. Waivers that are NULL count as none; months with nothing due have no
        cell, nor have those in which quality customers are not told apart.
    wanted : Set[str]
        Indicators to compute.
    """
    found = []
    if "fee_collection" in wanted:
        fees = engine.table("fees")
        due = fees.receivable.cast("float64") - fees.waived.cast("float64").fill_null(0.0)
        found.append(_ratio("fee_collection", fees, fees.collected, due))
    if "quality_fee_share" in wanted:
        fees = engine.table("fees")
        fees = fees.filter(fees.collected_quality.notnull())
        found.append(_ratio("quality_fee_share", fees, fees.collected_quality, fees.collected))
    return found


def _ratio(indicator: str, fees: ir.Table, part: ir.NumericValue, of: ir.NumericValue) -> Block:
    rows = fees.select(
        "site_id",
        period=period_of(fees.month),
        n=ibis.literal(1, "int64"),
        total=part.cast("float64"),
        exposure=of.cast("float64"),
    )
    rows = rows.mutate(total_sq=rows.total * rows.total)
    return Block(cells=rows, measures=(Measure(indicator=indicator, exposure="exposure"),))
