"""Time by a working clock, which runs within declared hours of declared days alone."""

from __future__ import annotations

import datetime as dt

import ibis
import ibis.expr.types as ir

from analysis.client.outcomes import Clock
from analysis.indicators.expressions import local

_EPOCH = dt.date(1970, 1, 1)
_MONDAY = 4
"""Days from 1 January 1970 to the first Monday."""


def worked_seconds(start: ir.TimestampValue, end: ir.TimestampValue, clock: Clock) -> ir.Value:
    """Return the seconds that a working clock ran between two instants, int64.

    Hours are those of the session's zone. NULL where an instant is; negative where the end comes
    first.

    Parameters
    ----------
    start, end : ibis timestamp
        Instants.
    clock : Clock
        Hours, days and holidays.
    """
    return _reading(end, clock) - _reading(start, clock)


def _reading(moment: ir.TimestampValue, clock: Clock) -> ir.Value:
    """Seconds the clock ran since the first Monday of 1970."""
    low, high = clock.seconds
    moment = local(moment)
    day = moment.date().epoch_days()
    second = (moment.hour() * 3600 + moment.minute() * 60 + moment.second()).cast("int64")
    since = day - _MONDAY
    weeks, rest = since // 7, since % 7
    before = ibis.cases(
        *[(rest == place, sum(d <= place for d in clock.days)) for place in range(7)]
    )
    worked = weeks * len(clock.days) + before.cast("int64")
    today = rest.isin([d - 1 for d in clock.days])
    for holiday in _held(clock):
        worked = worked - (day > _day(holiday)).cast("int64")
        today = today & (day != _day(holiday))
    inside = ibis.greatest(ibis.least(second, ibis.literal(high)), ibis.literal(low)) - low
    return worked * (high - low) + today.ifelse(inside, ibis.literal(0)).cast("int64")


def _residues(clock: Clock) -> set[int]:
    return {(d - 1 + _MONDAY) % 7 for d in clock.days}


def _held(clock: Clock) -> list[dt.date]:
    """Return the holidays that fall on a day on which the clock would run."""
    return [h for h in clock.holidays if _day(h) % 7 in _residues(clock)]


def _day(date: dt.date) -> int:
    return (date - _EPOCH).days
