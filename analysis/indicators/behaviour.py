"""Ratings of behaviour at work, apart for each role of rater."""

from __future__ import annotations

import pandas as pd

from analysis.indicators.engine import Engine
from analysis.indicators.expressions import Block, Measure, period_of, summarise
from analysis.indicators.scales import one_scale

SHEET = ("rating_id", "site_id", "period", "stratum")


def blocks(engine: Engine, instruments: pd.DataFrame) -> list[Block]:
    """Return the aggregate of the ratings; one observation is the mean of a sheet's items.

    Parameters
    ----------
    engine : Engine
        Holds ``ratings``. Sheets without a date have no month and are left out.
    instruments : DataFrame
        Canonical table ``instruments``, in memory.

    Raises
    ------
    SchemaError
        When sheets of one role were filled on different scales.
    """
    ratings = engine.table("ratings")
    scored = ratings.filter(ratings.score.notnull() & ratings.rated_on.notnull())
    used = engine.execute(scored.select("rater_role", "instrument", "item").distinct())
    declared = used.merge(instruments, on=["instrument", "item"])
    for role, items in declared.groupby("rater_role"):
        one_scale(items, f"the rating by the role {role!r}")
    rows = scored.select(
        "rating_id",
        "site_id",
        period=period_of(scored.rated_on),
        stratum=scored.rater_role,
        score=scored.score.cast("float64"),
    )
    sheets = rows.group_by(list(SHEET)).aggregate(y=rows.score.mean())
    return [
        Block(cells=summarise(sheets, "y", SHEET[1:]), measures=(Measure(indicator="behaviour"),))
    ]
