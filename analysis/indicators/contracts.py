"""Contracts: how many households did not renew of those that decided."""

from __future__ import annotations

from analysis.indicators.engine import Engine
from analysis.indicators.expressions import Block, Measure, one_if, period_of, summarise


def blocks(engine: Engine) -> list[Block]:
    """Return the aggregate of the contracts of households, in the months in which they fall due.

    Parameters
    ----------
    engine : Engine
        Holds ``contracts``. Those without a household or without a decision are left out.
    """
    contracts = engine.table("contracts")
    decided = contracts.filter(contracts.household_id.notnull() & contracts.renewed.notnull())
    rows = decided.select("site_id", period=period_of(decided.due_on), y=one_if(~decided.renewed))
    cells = summarise(rows, "y", ("site_id", "period"))
    return [Block(cells=cells, measures=(Measure(indicator="household_churn"),))]
