"""Mean scores that a client supplies by site and month and keeps no single answers of."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pandas as pd

from analysis.indicators.engine import Engine
from analysis.indicators.expressions import Block, Measure, period_of
from analysis.indicators.scales import answered, is_item, one_scale

TABLE = "survey_means"
"""Canonical table of means that stand in for single answers."""


def stand_in(engine: Engine, items: pd.DataFrame) -> bool:
    """Return whether means are what there is of some items: supplied, and no answer with a score.

    Parameters
    ----------
    engine : Engine
        Holds ``survey_means`` and ``surveys``, as far as the client has them.
    items : DataFrame
        ``instrument, item`` and their scales.
    """
    if engine.table(TABLE) is None:
        return False
    surveys = engine.table("surveys")
    if surveys is None:
        return True
    rows = surveys.filter(is_item(surveys, items) & surveys.score.notnull())
    return int(engine.execute(rows.aggregate(rows_=rows.count()))["rows_"].iloc[0]) == 0


def block(
    engine: Engine, items: pd.DataFrame, indicator: str, what: str, *, counted: bool = True
) -> Block:
    """Return the means of some items as the cells of an indicator.

    A mean weighs by its answers. Where the client gave one without their number, that cell has an
    ``n`` of 1, as one entry of a list, and no mean weighs more than another. Squares of answers
    that nobody has are NULL.

    Parameters
    ----------
    engine : Engine
        Holds ``survey_means``.
    items : DataFrame
        ``instrument, item`` and their scales.
    indicator : str
        What is read from it.
    what : str
        What the items are, for the message.
    counted : bool
        Whether the client gives numbers of answers throughout; without them each ``n`` is 1.

    Raises
    ------
    SchemaError
        When means on different scales would be averaged.
    """
    means = engine.table(TABLE)
    chosen = answered(engine, means, items)
    one_scale(chosen, what)
    rows = means.filter(is_item(means, chosen) & means.score.notnull())
    one: ir.IntegerValue = ibis.literal(1, "int64")
    n = rows.answers.fill_null(one) if counted else one
    sums = engine.execute(rows.aggregate(means=rows.count(), counted=rows.answers.count())).iloc[0]
    each = n if counted and sums["means"] == sums["counted"] else one
    each = each.cast("float64")
    rows = rows.select(
        "site_id",
        period=period_of(rows.month),
        n=n,
        each=each,
        y=rows.score.cast("float64") * each,
    )
    cells = rows.group_by("site_id", "period").aggregate(
        n=rows.n.sum(), total=rows.y.sum(), weight=rows.each.sum()
    )
    cells = cells.mutate(total_sq=ibis.null("float64"))
    return Block(cells=cells, measures=(Measure(indicator=indicator, exposure="weight"),))
