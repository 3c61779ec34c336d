"""Customer questionnaires: satisfaction, recommendation, return."""

from __future__ import annotations

from collections.abc import Set

import ibis
import ibis.expr.types as ir
import pandas as pd

from analysis.errors import SchemaError
from analysis.indicators import means
from analysis.indicators.engine import Engine
from analysis.indicators.expressions import Block, Measure, one_if, period_of
from analysis.indicators.scales import answered, is_item, is_satisfied, one_scale

NPS_SCALE = (0.0, 10.0)


def blocks(
    engine: Engine, instruments: pd.DataFrame, wanted: Set[str], *, counted: bool = True
) -> list[Block]:
    """Return the aggregates of the customer questionnaires.

    Parameters
    ----------
    engine : Engine
        Holds ``surveys`` or ``survey_means`` and, for the return rate, ``invitations``.
    instruments : DataFrame
        Canonical table ``instruments``, in memory.
    wanted : Set[str]
        Indicators to compute.
    counted : bool
        Whether means that were supplied have their numbers of answers throughout.

    Raises
    ------
    SchemaError
        When answered overall items have different scales, or an answered item called nps is
        not on 0-10.
    """
    found = []
    answered_by = {"csat_mean", "csat_top2", "nps", "recommend_share"} & wanted
    if answered_by and engine.table("surveys") is not None:
        found += _answers(engine, instruments, wanted)
    overall = instruments[instruments["role"] == "overall"]
    if "csat_mean" in wanted and means.stand_in(engine, overall):
        what = "the item with the role 'overall'"
        found.append(means.block(engine, overall, "csat_mean", what, counted=counted))
    if "return_rate" in wanted:
        found.append(_returns(engine.table("surveys"), engine.table("invitations")))
    return found


def _answers(engine: Engine, instruments: pd.DataFrame, wanted: Set[str]) -> list[Block]:
    surveys = engine.table("surveys")
    overall, recommend = (
        answered(engine, surveys, instruments[instruments["role"] == role])
        for role in ("overall", "nps")
    )
    one_scale(overall, "the item with the role 'overall'")
    if (nps_scale := one_scale(recommend, "the item with the role 'nps'")) not in (None, NPS_SCALE):
        raise SchemaError(
            f"an item with the role 'nps' is declared on {nps_scale[0]:g}-{nps_scale[1]:g}; a net "
            "promoter score is defined on 0-10 only. Give the item the role 'item' instead."
        )
    rows = surveys.filter(
        is_item(surveys, pd.concat([overall, recommend])) & surveys.score.notnull()
    )
    satisfied = is_satisfied(rows, overall)
    score = rows.score.cast("float64")
    of_overall = is_item(rows, overall)
    points = ibis.cases(
        (of_overall, ibis.null("float64")),
        (score >= 9, ibis.literal(100.0)),
        (score <= 6, ibis.literal(-100.0)),
        else_=ibis.literal(0.0),
    )
    rows = rows.select(
        "site_id",
        period=period_of(rows.answered_at),
        y=of_overall.ifelse(score, ibis.null("float64")),
        points=points,
        satisfied=one_if(ibis.literal(False) if satisfied is None else satisfied),
    )
    top = {} if satisfied is None else {"top": rows.satisfied.sum()}
    cells = rows.group_by("site_id", "period").aggregate(
        n=rows.y.count(),
        total=rows.y.sum(),
        total_sq=(rows.y * rows.y).sum(),
        **top,
        nps_n=rows.points.count(),
        nps_total=rows.points.sum(),
        nps_total_sq=(rows.points * rows.points).sum(),
        promoters=one_if(rows.points > 0).sum(),
    )
    measures = [
        Measure(indicator="csat_mean"),
        Measure(
            indicator="nps", n="nps_n", total="nps_total", total_sq="nps_total_sq", exposure="nps_n"
        ),
        Measure(
            indicator="recommend_share",
            n="nps_n",
            total="promoters",
            total_sq="promoters",
            exposure="nps_n",
        ),
    ]
    if satisfied is not None:
        measures.append(Measure(indicator="csat_top2", total="top", total_sq="top"))
    kept = tuple(m for m in measures if m.indicator in wanted)
    return [Block(cells=cells, measures=kept)]


def _returns(surveys: ir.Table, invitations: ir.Table) -> Block:
    # Distinct rows rather than a distinct count: every engine can spill the former to disk.
    sheets = surveys.select(
        "site_id", "response_id", period=period_of(surveys.answered_at)
    ).distinct()
    returned = sheets.group_by("site_id", "period").aggregate(returned=sheets.count())
    sent = invitations.select("site_id", "invited", period=period_of(invitations.month))
    sent = sent.group_by("site_id", "period").aggregate(n=sent.invited.sum())
    cells = sent.left_join(returned, ["site_id", "period"])
    total = cells.returned.fill_null(0).cast("float64")
    cells = cells.select("site_id", "period", "n", total=total)
    return Block(cells=cells, measures=(Measure(indicator="return_rate", total_sq="total"),))
