"""Declared scales of questionnaire items; nothing here converts one scale into another."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pandas as pd

from analysis.errors import SchemaError
from analysis.indicators.engine import Engine

LONGEST_BOXED_SCALE = 10  # highest less lowest point: eleven points


def is_item(rows: ir.Table, items: pd.DataFrame) -> ir.BooleanValue:
    """Return whether a row answers one of ``items`` (``instrument`` and ``item`` together)."""
    condition = ibis.literal(False)
    for instrument, item in zip(items["instrument"], items["item"], strict=True):
        condition = condition | ((rows.instrument == instrument) & (rows.item == item))
    return condition


def answered(engine: Engine, rows: ir.Table, items: pd.DataFrame) -> pd.DataFrame:
    """Keep the items with at least one score: a version never used cannot mix scales."""
    if len(items[["scale_min", "scale_max"]].drop_duplicates()) < 2:
        return items
    scored = rows.filter(is_item(rows, items) & rows.score.notnull())
    seen = engine.execute(scored.select("instrument", "item").distinct())
    return items.merge(seen, on=["instrument", "item"])


def one_scale(items: pd.DataFrame, what: str) -> tuple[float, float] | None:
    """Return the scale all items share as (lowest, highest), or None when there are no items.

    Raises
    ------
    SchemaError
        When they differ.
    """
    scales = items[["scale_min", "scale_max"]].drop_duplicates()
    if len(scales) > 1:
        named = ", ".join(
            f"{row.instrument}/{row.item} {row.scale_min:g}-{row.scale_max:g}"
            for row in items.itertuples()
        )
        raise SchemaError(
            f"{what} is answered on different scales ({named}); a mean over them means nothing. "
            "Turn one of them into the other by a label map in client.yml, or give it the role "
            "'item'."
        )
    return None if scales.empty else (float(scales.iloc[0, 0]), float(scales.iloc[0, 1]))


def top_two(scale: tuple[float, float]) -> float | None:
    """Return the lowest score of the two highest points, or None for scales without points."""
    low, high = scale
    return high - 1 if high - low <= LONGEST_BOXED_SCALE else None


def satisfied_from(items: pd.DataFrame, default: float | None = None) -> pd.Series:
    """Return the lowest score of each item that counts as satisfied.

    Parameters
    ----------
    items : DataFrame
        ``scale_min, scale_max`` and, where declared, ``satisfied_min``.
    default : float, optional
        For items without a declaration; the lower of the two best points of their scale when
        None, NaN for scales without points.
    """
    usual = [
        top_two((float(row.scale_min), float(row.scale_max))) if default is None else default
        for row in items.itertuples()
    ]
    usual = pd.Series(usual, index=items.index, dtype="float64")
    if "satisfied_min" not in items:
        return usual
    return items["satisfied_min"].astype("float64").fillna(usual)


def is_satisfied(
    rows: ir.Table, items: pd.DataFrame, default: float | None = None
) -> ir.BooleanValue | None:
    """Return whether a row's score counts as satisfied; None when no item has boxes."""
    least = satisfied_from(items, default)
    if least.isna().any() or items.empty:
        return None
    condition = ibis.literal(False)
    for score, part in items.groupby(least):
        condition = condition | (is_item(rows, part) & (rows.score >= float(score)))
    return condition
