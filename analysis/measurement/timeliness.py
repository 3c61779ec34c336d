"""Is the data fresh and without gaps? Days since the last record, months without any."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.indicators import silent_months
from analysis.measurement.columns import dates, instants, periods, present
from analysis.memory import remembered
from analysis.results import Check, StageResults, Topic, collect
from analysis.tables import Rows, parts, period_of

DATED: Mapping[str, str] = {
    "surveys": "answered_at",
    "survey_means": "month",
    "invitations": "month",
    "tickets": "opened_at",
    "ticket_counts": "month",
    "fees": "month",
    "crm_usage": "month",
    "ratings": "rated_on",
}
"""Tables that grow every month, and the column that dates a row."""

STALE_DAYS = 31
"""A table whose last record is older than this, counted from the end of the evaluated months."""

ASKED_IN_ROUNDS = ("surveys", "survey_means", "invitations", "ratings")
"""Tables that may be filled in rounds: where no more than half of the months have a record."""

STALE_SHARE = 0.10
"""More sites than this without a record in the last three evaluated months have failed."""


def timeliness(
    given: Mapping[str, Rows], *, until: dt.date, timezone: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Age and gaps of the tables that grow every month.

    Canonical tables hold when a thing happened, not when it was typed in: what is measured is
    the lag between the last event and the end of the evaluated months. Months are local.

    Parameters
    ----------
    until : date
        Last day of the evaluated months.
    timezone : str
        The client's.

    Returns
    -------
    whole : DataFrame
        ``table, rows, first, last`` (dates), ``lag_days``, ``months`` (first to last),
        ``empty_months``, ``sites``, ``stale_sites`` (no record in the last three evaluated
        months), ``gaps`` (running months without a record), ``silent`` (whether counts are
        missing there; see :func:`analysis.indicators.silent_months`), ``rounds`` (running months
        with a record, where a table is filled in rounds; stale is then a site that the last
        round lacks).
    by_site : DataFrame
        ``table, site_id, months_behind`` of the stale sites.
    """
    whole, behind = [], []
    for table, column in DATED.items():
        frame = given.get(table)
        if not present(frame, column, "site_id"):
            continue
        seen = _seen(frame, column, timezone)
        end, months = period_of(until), seen.months
        first, last = seen.first, seen.last
        # A row of a month speaks for the whole month.
        reached = last + pd.offsets.MonthEnd(1) if column == "month" else last.normalize()
        newest = max(months)
        span = newest - min(months) + 1
        latest = seen.latest
        in_rounds = table in ASKED_IN_ROUNDS and 2 <= len(months) <= span / 2
        stale = latest[latest < (newest - 1 if in_rounds else end - 2)]
        lag = max((pd.Timestamp(until) - reached).days, 0)
        age = (first.date(), last.date(), lag)
        gaps = (span, span - len(months), len(latest), len(stale))
        empty = sorted(set(range(newest - span + 1, newest)) - set(months))
        silent = table == "tickets" and bool(silent_months(months))
        rounds = sorted(months) if in_rounds else []
        whole.append((table, len(frame), *age, *gaps, empty, silent, rounds))
        behind.append(
            pd.DataFrame(
                {
                    "table": table,
                    "site_id": stale.index.astype(object),
                    "months_behind": (end - stale).astype("int64").to_numpy(),
                }
            )
        )
    columns = ["table", "rows", "first", "last", "lag_days", "months", "empty_months", "sites"]
    rows = pd.concat(behind, ignore_index=True) if behind else pd.DataFrame()
    rows = rows.reindex(columns=["table", "site_id", "months_behind"])
    return pd.DataFrame(whole, columns=[*columns, "stale_sites", "gaps", "silent", "rounds"]), rows


@dataclass(frozen=True, slots=True)
class _Seen:
    """First and last moment of a table, its rows by month, and the latest month of each site."""

    first: pd.Timestamp
    last: pd.Timestamp
    months: Mapping[int, int]
    latest: pd.Series


@remembered
def _seen(frame: Rows, column: str, timezone: str) -> _Seen:
    ends, months, latest = [], Counter(), []
    for part in parts(frame, [column, "site_id"]):
        local = instants(part[column], timezone) if column.endswith("_at") else None
        day = dates(part[column]) if local is None else local.dt.tz_localize(None)
        month = periods(day)
        ends.append((day.min(), day.max()))
        months.update(month.value_counts().to_dict())
        latest.append(month.groupby(part["site_id"].astype(object)).max())
    first, last = (pd.Series(side) for side in zip(*ends, strict=True))
    by_site = pd.concat(latest).groupby(level=0).max()
    return _Seen(first.min(), last.max(), {int(m): n for m, n in months.items()}, by_site)


def assess_timeliness(given: Mapping[str, Rows], *, until: dt.date, timezone: str) -> StageResults:
    """Whether the monthly tables reach the end of the evaluated months, without gaps.

    Parameters
    ----------
    given : Mapping of str to DataFrame or Stored
        Canonical tables by name.
    until : date
        Last day of the evaluated months.
    timezone : str
        IANA name; decides the local month of an instant.

    Returns
    -------
    StageResults
        A check ``baseline.timeliness.<table>`` for each monthly table (passed: fresh, no empty
        month, no stale site; failed: more than a quarter late or more than a tenth of the
        sites stale; a table filled in rounds passes where no site is missing from the last
        one), check ``baseline.timeliness.ended`` (caution) where sites end in all tables, tables
        ``timeliness`` and ``stale_sites``.
    """
    whole, rows = timeliness(given, until=until, timezone=timezone)
    if whole.empty:
        missing = Check(
            id="baseline.timeliness",
            topic=Topic.TIMELINESS,
            question="measurement.check.timeliness.none",
            status="not_possible",
            reason="measurement.reason.no_dated",
        )
        return collect("baseline", [missing])
    checks = [_check(row) for row in whole.itertuples()]
    if gone := ended_sites(given, until=until, timezone=timezone):
        checks.append(_ended(gone))
    table = whole.drop(columns=["gaps", "silent", "rounds"])
    return collect("baseline", checks, tables={"timeliness": table, "stale_sites": rows})


ENDED_TABLES = ("surveys", "invitations", "tickets", "fees", "crm_usage")
"""Tables in which a site that is run has records; a rating may not come for months."""


def ended_sites(given: Mapping[str, Rows], *, until: dt.date, timezone: str) -> dict[str, int]:
    """Return the sites of which every table stops at about the same month, before the end.

    Such a site was given up or merged with another. After a merger the cases of both stand
    against the households of one, and its rates are too high.

    Parameters
    ----------
    given, until, timezone
        As :func:`timeliness` takes them.

    Returns
    -------
    dict of str to int
        Last running month by site: of sites in at least two of :data:`ENDED_TABLES` whose last
        months lie no more than one apart and at least three before the end. Sites of a table
        whose own records stop then do not count as ended by it.
    """
    last: dict[str, list[int]] = {}
    for table in ENDED_TABLES:
        frame, column = given.get(table), DATED[table]
        if not present(frame, column, "site_id"):
            continue
        latest = _seen(frame, column, timezone).latest
        if latest.max() < period_of(until) - 2:
            continue
        for site, month in latest.items():
            last.setdefault(str(site), []).append(int(month))
    return {
        site: max(months)
        for site, months in last.items()
        if len(months) > 1
        and max(months) - min(months) <= 1
        and max(months) <= period_of(until) - 3
    }


def _ended(gone: Mapping[str, int]) -> Check:
    return Check(
        id="baseline.timeliness.ended",
        topic=Topic.TIMELINESS,
        question="measurement.check.ended.question",
        status="caution",
        value=float(len(gone)),
        threshold=0.0,
        unit="sites",
        n=len(gone),
        reason="measurement.check.ended.reason",
        remedy="measurement.check.ended.remedy",
        params={"named": ", ".join(sorted(gone)), "last": sorted(set(gone.values()))},
    )


def _check(row) -> Check:
    share = row.stale_sites / row.sites if row.sites else 0.0
    fresh = row.lag_days <= STALE_DAYS and row.empty_months == 0
    fine = (fresh or bool(row.rounds)) and row.stale_sites == 0
    status = "passed" if fine else "caution"
    if (row.lag_days > 3 * STALE_DAYS and not row.rounds) or share > STALE_SHARE:
        status = "failed"
    reason = "silent" if row.silent else "gaps" if row.gaps else "reason"
    if row.rounds:
        reason = "rounds"
    told = not fine or bool(row.rounds)
    return Check(
        id=f"baseline.timeliness.{row.table}",
        topic=Topic.TIMELINESS,
        question="measurement.check.timeliness.question",
        status=status,
        value=float(row.lag_days),
        threshold=None if row.rounds else float(STALE_DAYS),
        unit="days",
        n=int(row.rows),
        reason=f"measurement.check.timeliness.{reason}" if told else None,
        remedy=None if fine else "measurement.check.timeliness.remedy",
        params={
            "table": f"measurement.table.{row.table}",
            "days": int(row.lag_days),
            "empty": int(row.empty_months),
            "stale": int(row.stale_sites),
            "sites": int(row.sites),
            "gaps": [int(month) for month in row.gaps],
            "rounds": [int(month) for month in row.rounds],
        },
        dims={"table": row.table},
    )
