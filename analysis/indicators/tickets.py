"""Work orders: how many, how fast, how often solved at once, how often repeated."""

from __future__ import annotations

from collections.abc import Mapping, Set

import ibis
import ibis.expr.types as ir

from analysis.indicators.engine import Engine
from analysis.indicators.expressions import (
    Block,
    Measure,
    one_if,
    period_of,
    seconds_of,
    summarise,
)
from analysis.indicators.registry import Indicator
from analysis.indicators.requests import NO_REQUEST
from analysis.indicators.silence import silent_months

LATE_SECONDS = 24 * 60 * 60
HIGH_STARS = 4
"""Stars of five from which a rating is high."""
REPEAT_SECONDS = 30 * 24 * 60 * 60
ENDED_SECONDS = 30 * 24 * 60 * 60
BY_KIND = ("site_id", "period", "stratum")
_READ = (
    "ticket_id",
    "site_id",
    "household_id",
    "kind",
    "category",
    "first_response_at",
    "resolved_at",
    "closed_at",
    "reopened",
    "rating",
)
"""Columns of work orders that the indicators here read, besides the opening."""


def blocks(engine: Engine, wanted: Set[str], known_as: Mapping[str, Indicator]) -> list[Block]:
    """Return the aggregates of the work orders.

    Requests are tickets of every kind but praise; an unknown kind counts as a request. Months
    are those of opening. The data end with the opening of the latest ticket and begin with that
    of the earliest. A month without a ticket at one site is zero; one of which the whole list,
    of every kind, holds nothing is missing
    (:func:`~analysis.indicators.silence.silent_months`).

    Parameters
    ----------
    engine : Engine
        Holds ``tickets`` and, for rates, ``sites``.
    wanted : Set[str]
        Indicators to compute.
    known_as : Mapping[str, Indicator]
        The client's registry: within how many minutes a first response counts as on time.
    """
    tickets = engine.table("tickets")
    if tickets is None:
        return _counted(engine, wanted)
    tickets = _dated(engine, tickets)
    span = engine.execute(tickets.aggregate(start=tickets.opened.min(), end=tickets.opened.max()))
    start, end = int(span["start"].iloc[0]), int(span["end"].iloc[0])

    requests = tickets.filter(tickets.request)
    found = []
    if rates := {"tickets_per_1000", "complaints_per_1000"} & wanted:
        found.append(_rates(tickets, engine.table("sites"), rates, _silent(engine, tickets)))
    if "response_within_30min" in wanted:
        within = 60 * (known_as["response_within_30min"].minutes or 0)
        known = _response_known(requests, end, within)
        found.append(_share("response_within_30min", known, known.response <= within))
    if "response_after_24h" in wanted:
        known = _response_known(requests, end, LATE_SECONDS)
        soon = (known.response <= LATE_SECONDS).fill_null(False)
        found.append(_share("response_after_24h", known, ~soon))
    complaints = requests.filter(requests.kind == "complaint")
    for what, of, rows in (
        ("response", "", requests),
        ("resolution", "", requests),
        ("resolution", "complaint_", complaints),
    ):
        found += _durations(rows, what, wanted, of)
    if "resolution_open" in wanted:
        found.append(_share("resolution_open", requests, requests.resolved_at.isnull()))
    found += _stars(requests, wanted)
    for column in ("resolved", "closed"):
        if (name := f"complaint_{column}_30d") in wanted:
            found.append(_ended_in_time(name, complaints, complaints[f"{column}_at"], end))
    if "fcr" in wanted:
        found.append(_first_contact(requests, end))
    if "repeat_complaint_30d" in wanted:
        found.append(_repeats(requests, start))
    return found


def _counted(engine: Engine, wanted: Set[str]) -> list[Block]:
    """Return the rate of complaints that a client counts by month and keeps no list of.

    A month whose complaints nobody counted is not a month without any. Counts of some kinds say
    nothing of all tickets.
    """
    counts, sites = engine.table("ticket_counts"), engine.table("sites")
    if counts is None or sites is None or "complaints_per_1000" not in wanted:
        return []
    rows = counts.filter(counts.kind == "complaint").select(
        "site_id", period=period_of(counts.month), complaint=counts.tickets.cast("float64")
    )
    cells = rows.group_by("site_id", "period").aggregate(complaints=rows.complaint.sum())
    return [_per_household(cells, sites, ("complaints",), fill_months=False)]


def _silent(engine: Engine, tickets: ir.Table) -> tuple[int, ...]:
    """Return the months of which the list of tickets holds nothing, of any kind at any site."""
    rows = tickets.filter(tickets.period.notnull())
    found = engine.execute(rows.group_by("period").aggregate(rows_=rows.count()))
    return silent_months(dict(zip(found["period"], found["rows_"], strict=True)))


def _per_household(
    cells: ir.Table,
    sites: ir.Table,
    kinds: tuple[str, ...],
    *,
    fill_months: bool,
    silent: tuple[int, ...] = (),
) -> Block:
    """Return counts by site and month as rates per 1,000 households served."""
    served = sites.filter(sites.households.notnull()).select("site_id", n="households")
    # A count is its own sum of squares: one a ticket.
    measures = tuple(
        Measure(indicator=f"{kind}_per_1000", total=kind, total_sq=kind, scale=1000.0)
        for kind in kinds
    )
    return Block(
        cells=cells.inner_join(served, "site_id"),
        measures=measures,
        fill_months=fill_months,
        silent=silent,
    )


def _dated(engine: Engine, tickets: ir.Table) -> ir.Table:
    """Return the tickets with local month, durations and whether each is a request.

    To find the local month of an instant takes an engine several times as long as the rest of a
    query, so that it is done once for all.
    """
    opened = seconds_of(tickets.opened_at)
    return engine.stored(
        tickets.select(
            *_READ,
            stratum=tickets.kind,
            period=period_of(tickets.opened_at),
            opened=opened,
            response=seconds_of(tickets.first_response_at) - opened,
            resolution=seconds_of(tickets.resolved_at) - opened,
            request=tickets.kind.isnull() | tickets.kind.notin(NO_REQUEST),
        )
    )


def _share(indicator: str, rows: ir.Table, met: ir.BooleanValue) -> Block:
    rows = rows.select(*BY_KIND, y=one_if(met))
    return Block(
        cells=summarise(rows, "y", BY_KIND),
        measures=(Measure(indicator=indicator),),
        pooled=True,
    )


def _rates(tickets: ir.Table, sites: ir.Table, rates: Set[str], silent: tuple[int, ...]) -> Block:
    rows = tickets.select(
        "site_id",
        "period",
        ticket=ibis.literal(1.0),
        complaint=one_if(tickets.kind == "complaint"),
    )
    counted = rows.group_by("site_id", "period").aggregate(
        tickets=rows.ticket.sum(), complaints=rows.complaint.sum()
    )
    asked = tuple(k for k in ("tickets", "complaints") if f"{k}_per_1000" in rates)
    return _per_household(counted, sites, asked, fill_months=True, silent=silent)


def _response_known(requests: ir.Table, end: int, within: int) -> ir.Table:
    """Return the requests known to be answered ``within`` so many seconds, or not."""
    answered = requests.response >= 0
    waiting = (
        requests.first_response_at.isnull()
        & requests.resolved_at.isnull()
        & (requests.opened + within <= end)
    )
    return requests.filter(answered.fill_null(False) | waiting)


def _durations(requests: ir.Table, what: str, wanted: Set[str], of: str) -> list[Block]:
    """Quantiles of the time to ``response`` or ``resolution``, of the requests that have one.

    ``of`` begins the indicators' names where the requests are of one kind.
    """
    names = {f"{of}{what}_{column}_hours": column for column in ("median", "p90")}
    measures = tuple(
        Measure(indicator=name, value=column, divisor=3600.0)
        for name, column in names.items()
        if name in wanted
    )
    if not measures:
        return []
    solved = requests.filter(requests[what] >= 0)
    solved = solved.select(*BY_KIND, y=solved[what].cast("float64"))
    found = []
    for by in (("site_id", "period"), *(() if of else (BY_KIND,))):
        rows = solved.filter(solved.stratum.notnull()) if "stratum" in by else solved
        cells = rows.group_by(list(by)).aggregate(
            n=rows.y.count(),
            total=rows.y.sum(),
            total_sq=(rows.y * rows.y).sum(),
            median=rows.y.quantile(0.5),
            p90=rows.y.quantile(0.9),
        )
        found.append(Block(cells=cells, measures=measures))
    return found


def _stars(requests: ir.Table, wanted: Set[str]) -> list[Block]:
    """Ratings that customers gave to requests, and how many of the resolved ones have one."""
    if not {"ticket_stars_mean", "ticket_stars_high", "ticket_rated"} & wanted:
        return []
    by = ("site_id", "period")
    rated = requests.filter(requests.rating.notnull())
    rows = {
        "ticket_stars_mean": (rated, rated.rating.cast("float64")),
        "ticket_stars_high": (rated, one_if(rated.rating >= HIGH_STARS)),
        "ticket_rated": (
            solved := requests.filter(requests.resolved_at.notnull()),
            one_if(solved.rating.notnull()),
        ),
    }
    return [
        Block(
            cells=summarise(of.select(*by, y=y), "y", by),
            measures=(Measure(indicator=name),),
        )
        for name, (of, y) in rows.items()
        if name in wanted
    ]


def _ended_in_time(
    indicator: str, complaints: ir.Table, ended: ir.TimestampValue, end: int
) -> Block:
    """Share of complaints that ended within 30 days, of those that had as long."""
    rows = complaints.select(
        "site_id",
        "period",
        "opened",
        y=one_if(seconds_of(ended) - complaints.opened <= ENDED_SECONDS),
    )
    rows = rows.filter(rows.opened + ENDED_SECONDS <= end)
    return Block(
        cells=summarise(rows, "y", ("site_id", "period")), measures=(Measure(indicator=indicator),)
    )


def _first_contact(requests: ir.Table, end: int) -> Block:
    subject = requests.household_id.notnull() & requests.category.notnull()
    columns = ["ticket_id", *BY_KIND, "opened", "resolved_at", "reopened"]
    named = requests.filter(subject)
    window = ibis.window(
        group_by=[named.site_id, named.household_id, named.category],
        order_by=[named.opened, named.ticket_id],
    )
    named = named.select(*columns, following=named.opened.lead().over(window))
    others = requests.filter(~subject)
    others = others.select(*columns, following=ibis.null("int64"))
    rows = named.union(others)
    rows = rows.filter(
        rows.resolved_at.notnull() & rows.reopened.notnull() & (rows.opened + REPEAT_SECONDS <= end)
    )
    repeated = (rows.following - rows.opened <= REPEAT_SECONDS).fill_null(False)
    return _share("fcr", rows, (rows.reopened == 0) & ~repeated)


def _repeats(requests: ir.Table, start: int) -> Block:
    rows = requests.filter(
        (requests.kind == "complaint")
        & requests.household_id.notnull()
        & requests.category.notnull()
    )
    window = ibis.window(
        group_by=[rows.site_id, rows.household_id, rows.category],
        order_by=[rows.opened, rows.ticket_id],
    )
    rows = rows.select("site_id", "period", "opened", earlier=rows.opened.lag().over(window))
    rows = rows.filter(rows.opened >= start + REPEAT_SECONDS)
    y = one_if(rows.opened - rows.earlier <= REPEAT_SECONDS)
    rows = rows.select("site_id", "period", y=y)
    return Block(
        cells=summarise(rows, "y", ("site_id", "period")),
        measures=(Measure(indicator="repeat_complaint_30d"),),
    )
