"""Training records: attendance, completion, satisfaction with the course, tests."""

from __future__ import annotations

from collections.abc import Set

import ibis
import ibis.expr.types as ir
import pandas as pd

from analysis.indicators.engine import Engine
from analysis.indicators.expressions import (
    UNKNOWN_SITE,
    Block,
    Measure,
    one_if,
    period_of,
    summarise,
)
from analysis.indicators.scales import answered, is_item, is_satisfied, one_scale

KEYS = ("site_id", "period", "stratum")


def blocks(engine: Engine, instruments: pd.DataFrame, wanted: Set[str]) -> list[Block]:
    """Return the aggregates of the training records.

    The site is the employee's; employees of no or unknown site, and anonymous answers, stand
    under the empty site. Rows without a date have no month and are left out.

    Parameters
    ----------
    engine : Engine
        Holds ``staff`` and whichever of ``enrolments``, ``reactions``, ``assessments`` is there.
    instruments : DataFrame
        Canonical table ``instruments``, in memory.
    wanted : Set[str]
        Indicators to compute.

    Raises
    ------
    SchemaError
        When answered overall items of course questionnaires have different scales.
    """
    found = []
    if {"attendance", "completion"} & wanted:
        rows = _at_site(engine, "enrolments")
        if "attendance" in wanted:
            known = rows.filter(rows.attended.notnull())
            y = one_if(known.attended)
            found.append(_means("attendance", known, known.held_on, y, None))
        if "completion" in wanted:
            y = rows.completion.cast("float64")
            found.append(_means("completion", rows, rows.held_on, y, rows.mode))
    if "course_csat" in wanted:
        found += _course_satisfaction(engine, instruments)
    for occasion in ("pre", "post"):
        if f"test_{occasion}" in wanted:
            rows = _at_site(engine, "assessments")
            rows = rows.filter((rows.occasion == occasion) & (rows.attempt == 1))
            y = rows.score.cast("float64")
            found.append(_means(f"test_{occasion}", rows, rows.assessed_on, y, rows.form))
    return found


def _at_site(engine: Engine, table: str) -> ir.Table:
    rows, staff = engine.table(table), engine.table("staff")
    if staff is None:
        return rows.mutate(site_id=ibis.literal(UNKNOWN_SITE))
    rows = rows.left_join(staff.select("staff_id", "site_id"), "staff_id")
    return rows.mutate(site_id=rows.site_id.fill_null(UNKNOWN_SITE))


def _means(
    indicator: str,
    rows: ir.Table,
    day: ir.DateValue,
    y: ir.FloatingValue,
    stratum: ir.StringValue | None,
) -> Block:
    split = ibis.null("string") if stratum is None else stratum
    rows = rows.select("site_id", period=period_of(day), stratum=split, y=y)
    rows = rows.filter(rows.period.notnull())
    return Block(
        cells=summarise(rows, "y", KEYS), measures=(Measure(indicator=indicator),), pooled=True
    )


def _course_satisfaction(engine: Engine, instruments: pd.DataFrame) -> list[Block]:
    items = instruments[instruments["role"] == "overall"]
    reactions = engine.table("reactions")
    seen = engine.execute(reactions.select("instrument", "item").distinct())
    items = items.merge(seen, on=["instrument", "item"])
    items = answered(engine, reactions, items)
    one_scale(items, "the course questionnaire's item with the role 'overall'")
    rows = _at_site(engine, "reactions")
    rows = rows.filter(is_item(rows, items) & rows.score.notnull())
    satisfied = is_satisfied(rows, items)
    if satisfied is None:
        return []
    return [_means("course_csat", rows, rows.answered_on, one_if(satisfied), rows.module)]
