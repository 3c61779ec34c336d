"""What every family of indicators is written in: Ibis pieces that mean the same on each engine.

Numbers are cast to float64 before they are divided or squared; nothing divides by a column that
may be zero; month numbers are int64; instants are compared as whole seconds; exact quantiles
and window functions stand in separate queries.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

UNKNOWN_SITE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """How columns of an aggregate become an indicator's cells.

    ``value = scale * total / exposure`` unless ``value`` names a column of its own.

    Attributes
    ----------
    indicator : str
        Registry identifier.
    n, total, total_sq, exposure : str
        Columns of the aggregate.
    value : str or None
        Column that holds the value where it is no ratio.
    scale : float
        Factor of the ratio, e.g. 1,000 for a rate per thousand.
    divisor : float
        Unit of ``value`` and ``total`` in the aggregate: 3,600 turns seconds into hours.
    """

    indicator: str
    n: str = "n"
    total: str = "total"
    total_sq: str = "total_sq"
    exposure: str = "n"
    value: str | None = None
    scale: float = 1.0
    divisor: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One aggregate query, small by construction, and the indicators read from it.

    Attributes
    ----------
    cells : ibis Table
        One row per ``site_id``, ``period`` and, where there is one, ``stratum``.
    measures : tuple of Measure
        What is read from it.
    pooled : bool
        Whether cells of the empty stratum are added up from the strata.
    strata : bool
        Whether the strata themselves are kept.
    fill_months : bool
        Whether months absent between a site's first and last are zeros.
    silent : tuple of int
        Months of which the source holds nothing for anybody: no zeros are filled in there.
    """

    cells: ir.Table
    measures: tuple[Measure, ...]
    pooled: bool = False
    strata: bool = True
    fill_months: bool = False
    silent: tuple[int, ...] = ()


def period_of(moment: ir.TemporalValue) -> ir.IntegerValue:
    """Return the running month ``year * 12 + month - 1`` in the session's time zone, int64."""
    moment = local(moment)
    return moment.year().cast("int64") * 12 + moment.month().cast("int64") - 1


def local(moment: ir.TemporalValue) -> ir.TemporalValue:
    """Return an instant as the session's clock shows it, so that its zone is asked once.

    DuckDB asks it again for each of year, month, day, hour of an instant.
    """
    return moment.cast("timestamp") if moment.type().is_timestamp() else moment


@ibis.udf.scalar.builtin
def unix_micros(instant: dt.Timestamp(timezone="UTC")) -> dt.int64:
    """Return microseconds since 1970, whatever the session's zone.

    Spark's function of this name; :func:`analysis.indicators.connect` gives DuckDB one. Ibis's
    own ``epoch_seconds`` counts from local midnight on DuckDB, an hour off across a change of
    clocks, and rounds where Spark truncates.
    """


def seconds_of(instant: ir.TimestampValue) -> ir.IntegerValue:
    """Return whole seconds since 1970, int64, fractions cut off."""
    return (unix_micros(instant) // 1_000_000).cast("int64")


def one_if(condition: ir.BooleanValue) -> ir.FloatingValue:
    """Return 1.0 where true, 0.0 where false or unknown."""
    return condition.fill_null(False).ifelse(ibis.literal(1.0), ibis.literal(0.0))


def summarise(rows: ir.Table, y: str, by: tuple[str, ...]) -> ir.Table:
    """Aggregate a float64 column to ``n``, ``total`` (sum) and ``total_sq`` (sum of squares)."""
    rows = rows.filter(rows[y].notnull())
    return rows.group_by(list(by)).aggregate(
        n=rows[y].count(), total=rows[y].sum(), total_sq=(rows[y] * rows[y]).sum()
    )
