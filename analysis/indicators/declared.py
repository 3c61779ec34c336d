"""Outcomes that a client declares: their place in its registry, and how they are counted."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir
import pandas as pd

from analysis.client import Client, Outcome
from analysis.client.outcomes import Clock
from analysis.indicators import means, registry, usage
from analysis.indicators.clocks import worked_seconds
from analysis.indicators.engine import Engine
from analysis.indicators.expressions import (
    UNKNOWN_SITE,
    Block,
    Measure,
    one_if,
    period_of,
    seconds_of,
    summarise,
)
from analysis.indicators.registry import Indicator, Title, Unit
from analysis.indicators.scales import answered, is_item, is_satisfied, one_scale

TICKET_SCALE = (1.0, 5.0)
"""Scale on which customers rate a work order."""

ON_TIME = "response_within_30min"
"""Share of requests answered within the minutes that the client's standards draw for all."""

BY_MONTH = ("site_id", "period")
_WHO = ("staff_id", "module", "form")
_ITEMS = ("instrument", "item", "scale_min", "scale_max")
_SURVEYS = ("site_id", "response_id", "instrument", "item", "answered_at", "score")
_SOURCES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "item": {"surveys": _SURVEYS, "instruments": _ITEMS},
    "dimension": {"surveys": _SURVEYS, "instruments": (*_ITEMS, "dimension")},
    "rating": {
        "ratings": ("rating_id", "instrument", "item", "site_id", "rater_role", "rated_on", "score")
    },
    "ticket_rating": {"tickets": ("site_id", "opened_at", "rating")},
    "on_time": {"tickets": ("site_id", "opened_at", "due_at", "resolved_at")},
    "test": {
        "assessments": ("staff_id", "occasion", "attempt", "assessed_on", "score"),
        "staff": ("staff_id", "site_id"),
    },
}
_UNITS: Mapping[str, Unit] = {
    "active_share": "share",
    "active_days": "days",
    "records_per_user": "records",
    "functions": "functions",
    "satisfied": "share",
    "retained": "share",
}
_LEVELS: Mapping[str, int] = {"rating": 3, "crm_usage": 3, "test": 2}
_EVALUATORS = {"rating": "rater", "crm_usage": "system", "test": "assessor", "on_time": "system"}
_DEFINED: Mapping[str, tuple[str, str]] = {
    "item.mean": ("sum of the scores of the item", "answers with a score to the item"),
    "item.satisfied": ("answers that count as satisfied", "answers with a score to the item"),
    "dimension.mean": (
        "sum over questionnaires of the mean score of the dimension's items",
        "questionnaires with at least one scored item of the dimension",
    ),
    "rating.mean": (
        "sum over rating sheets of the mean score of the items",
        "rating sheets of the role with at least one scored item",
    ),
    "ticket_rating.mean": ("sum of the ratings", "work orders with a rating"),
    "ticket_rating.satisfied": ("ratings that count as satisfied", "work orders with a rating"),
    "on_time.mean": (
        "work orders resolved by the promised time",
        "work orders resolved, or whose promised time had passed at the end of the data",
    ),
    "test.mean": ("sum of the points of first attempts", "first attempts with a score"),
    "test.retained": (
        "points of first attempts at the later test",
        "points of the same people in the same test right after the training",
    ),
    "active_share": ("accounts used in the month", "accounts"),
    "active_days": ("days on which an account was used, added up over the accounts", "accounts"),
    "records_per_user": ("customer records written in the month", "accounts"),
    "functions": ("different functions used", "months of a site"),
}


def of_client(client: Client) -> Mapping[str, Indicator]:
    """Return the registry as it holds for one client, with the outcomes it declares.

    Where the client says which scores count as satisfied, the titles of the shares say so. Of
    means without the number of answers behind them no small cell can be told, so that none is
    suppressed.

    Parameters
    ----------
    client : Client

    Returns
    -------
    Mapping[str, Indicator]
        By identifier: the registry's in file order, then the client's.
    """
    found = dict(registry.load())
    for name, table in (("csat_top2", "surveys"), ("course_csat", "reactions")):
        boxes = _boxes_of(client, table)
        if boxes is not None:
            found[name] = found[name].model_copy(update={"title": _titled(found[name], *boxes)})
    drawn = client.lines.of("sla_response_minutes") or {}
    if (minutes := drawn.get("all")) is not None:
        found[ON_TIME] = _in_minutes(found[ON_TIME], int(minutes))
    for name, outcome in client.outcomes.items():
        found[name] = _entry(name, outcome)
    if _means_without_answers(client):
        for name, entry in found.items():
            if means.TABLE in entry.instead.values():
                found[name] = entry.model_copy(update={"suppress": False})
    return found


def _in_minutes(entry: Indicator, minutes: int) -> Indicator:
    """Return the share answered in time with the client's own minutes for all requests.

    What others publish of another clock is no comparator of it.
    """
    if minutes == entry.minutes:
        return entry
    number, zh, en = minutes, "分钟", "minute"
    if minutes % 60 == 0:
        number, zh, en = minutes // 60, "小时", "hour"
    said = {"zh_CN": f"{number}{zh}", "en": f"{number} {en}{'' if number == 1 else 's'}"}
    was = {"zh_CN": f"{entry.minutes}分钟", "en": f"{entry.minutes} minutes"}
    titles = {name: getattr(entry.title, name).replace(was[name], said[name]) for name in said}
    changed = {
        name: getattr(entry, name).replace(was["en"], said["en"])
        for name in ("in_sentence", "numerator", "denominator", "about")
    }
    title = Title(**titles)
    return entry.model_copy(
        update={"minutes": minutes, "title": title, "benchmarks": (), **changed}
    )


def _means_without_answers(client: Client) -> bool:
    """Return whether means come without the number of answers behind them.

    Such a cell cannot be held against the fewest answers that may be shown.
    """
    given = client.sources_of(means.TABLE)
    known = [{*s.columns, *s.constants, *(k for row in s.inline or () for k in row)} for s in given]
    return any("answers" not in columns for columns in known) and not client.sources_of("surveys")


def own(indicators: Mapping[str, Indicator]) -> dict[str, Indicator]:
    """Return the entries in which a client's registry differs from the project's."""
    common = registry.load()
    return {name: entry for name, entry in indicators.items() if entry != common.get(name)}


def read(entries: Mapping[str, Mapping]) -> Mapping[str, Indicator]:
    """Return a client's registry from the entries that :func:`own` gave, as JSON keeps them."""
    return {**registry.load(), **{name: Indicator(**entry) for name, entry in entries.items()}}


def block(engine: Engine, items: pd.DataFrame, name: str, entry: Indicator) -> Block:
    """Return the aggregate of one declared outcome.

    Parameters
    ----------
    engine : Engine
        Holds the tables of the outcome.
    items : DataFrame
        Canonical table ``instruments``, in memory.
    name : str
        Its identifier.
    entry : Indicator
        Its entry in the client's registry.

    Raises
    ------
    SchemaError
        When answers on different scales would be averaged.
    """
    outcome = entry.declared
    if outcome.of == "crm_usage":
        return usage.block(engine, name, outcome.measure or "functions")
    if outcome.statistic == "retained":
        return _retained(engine, name, outcome)
    if outcome.of == "item" and outcome.statistic == "mean":
        chosen = _asked(items, outcome)
        if means.stand_in(engine, chosen):
            what = f"the item of the outcome {name!r}"
            return means.block(engine, chosen, name, what, counted=entry.suppress)
    rows = {
        "item": _item,
        "dimension": _dimension,
        "rating": _rating,
        "ticket_rating": _ticket_rating,
        "on_time": _on_time,
        "test": _test,
    }[outcome.of](engine, items, name, outcome)
    rows = rows.filter(rows.period.notnull())
    return Block(cells=summarise(rows, "y", BY_MONTH), measures=(Measure(indicator=name),))


def _asked(items: pd.DataFrame, outcome: Outcome) -> pd.DataFrame:
    """Return the declared items an outcome is taken from."""
    chosen = items
    if outcome.instruments:
        chosen = chosen[chosen["instrument"].isin(outcome.instruments)]
    if outcome.item is not None:
        chosen = chosen[chosen["item"] == outcome.item]
    if outcome.dimension is not None:
        chosen = chosen[chosen["dimension"] == outcome.dimension]
    return chosen


def _item(engine: Engine, items: pd.DataFrame, name: str, outcome: Outcome) -> ir.Table:
    surveys = engine.table("surveys")
    chosen = answered(engine, surveys, _asked(items, outcome))
    one_scale(chosen, f"the item of the outcome {name!r}")
    rows = surveys.filter(is_item(surveys, chosen) & surveys.score.notnull())
    score = rows.score.cast("float64")
    if outcome.statistic == "satisfied":
        least = outcome.satisfied.min if outcome.satisfied else None
        score = one_if(is_satisfied(rows, chosen, default=least))
    return rows.select("site_id", period=period_of(rows.answered_at), y=score)


def _dimension(engine: Engine, items: pd.DataFrame, name: str, outcome: Outcome) -> ir.Table:
    surveys = engine.table("surveys")
    chosen = answered(engine, surveys, _asked(items, outcome))
    one_scale(chosen, f"the dimension of the outcome {name!r}")
    rows = surveys.filter(is_item(surveys, chosen) & surveys.score.notnull())
    rows = rows.select(
        "site_id",
        "response_id",
        period=period_of(rows.answered_at),
        score=rows.score.cast("float64"),
    )
    return rows.group_by("site_id", "period", "response_id").aggregate(y=rows.score.mean())


def _rating(engine: Engine, items: pd.DataFrame, name: str, outcome: Outcome) -> ir.Table:
    ratings = engine.table("ratings")
    rows = ratings.filter(
        (ratings.rater_role == outcome.rater_role)
        & ratings.score.notnull()
        & ratings.rated_on.notnull()
    )
    if outcome.dimension is not None or outcome.instruments:
        rows = rows.filter(is_item(rows, _asked(items, outcome)))
    used = engine.execute(rows.select("instrument", "item").distinct())
    one_scale(used.merge(items, on=["instrument", "item"]), f"the rating of the outcome {name!r}")
    rows = rows.select(
        "site_id", "rating_id", period=period_of(rows.rated_on), score=rows.score.cast("float64")
    )
    return rows.group_by("site_id", "period", "rating_id").aggregate(y=rows.score.mean())


def _of_kinds(engine: Engine, outcome: Outcome) -> ir.Table:
    tickets = engine.table("tickets")
    if outcome.categories:
        tickets = tickets.filter(tickets.category.isin(outcome.categories))
    if outcome.kinds:
        return tickets.filter(tickets.kind.isin(outcome.kinds))
    return tickets.filter((tickets.kind != "praise").fill_null(True))


def _ticket_rating(engine: Engine, items: pd.DataFrame, name: str, outcome: Outcome) -> ir.Table:
    rows = _of_kinds(engine, outcome)
    rows = rows.filter(rows.rating.notnull())
    y = rows.rating.cast("float64")
    if outcome.statistic == "satisfied":
        least = outcome.satisfied.min if outcome.satisfied else TICKET_SCALE[1] - 1
        y = one_if(rows.rating >= least)
    return rows.select("site_id", period=period_of(rows.opened_at), y=y)


def _on_time(engine: Engine, items: pd.DataFrame, name: str, outcome: Outcome) -> ir.Table:
    if outcome.within is not None:
        return _within(engine, items, name, outcome)
    everything = engine.table("tickets")
    last = engine.execute(everything.aggregate(end=seconds_of(everything.opened_at).max()))
    end = int(last["end"].iloc[0])
    rows = _of_kinds(engine, outcome)
    rows = rows.filter(
        rows.due_at.notnull() & (rows.resolved_at.notnull() | (seconds_of(rows.due_at) <= end))
    )
    met = one_if(seconds_of(rows.resolved_at) <= seconds_of(rows.due_at))
    return rows.select("site_id", period=period_of(rows.opened_at), y=met)


def _within(engine: Engine, items: pd.DataFrame, name: str, outcome: Outcome) -> ir.Table:
    """Work orders replied to, or resolved, within declared minutes by the client's clock."""
    everything = engine.table("tickets")
    clock = outcome.clock or Clock()
    rows = _of_kinds(engine, outcome)
    done = rows.first_response_at if outcome.until == "reply" else rows.resolved_at
    last = everything.opened_at.max().as_scalar()
    worked = worked_seconds(rows.opened_at, ibis.coalesce(done, last), clock)
    if clock.pauses:
        worked = worked - (rows.paused_minutes.fill_null(0) * 60).cast("int64")
    limit = int(outcome.within or 0) * 60
    rows = engine.stored(
        rows.select(
            "site_id",
            period=period_of(rows.opened_at),
            worked=worked,
            done=done.notnull(),
            in_order=(done >= rows.opened_at).fill_null(True),
        )
    )
    known = rows.filter(rows.in_order & (rows.done | (rows.worked > limit)))
    met = one_if(known.done & (known.worked <= limit))
    return known.select("site_id", "period", y=met)


def _attempts(engine: Engine, outcome: Outcome, occasion: str) -> ir.Table:
    """Return each person's first attempt on an occasion; a resit's number follows the first's."""
    rows = engine.table("assessments")
    rows = rows.filter(rows.occasion == occasion)
    if outcome.form is not None:
        rows = rows.filter(rows.form == outcome.form)
    if outcome.module is not None:
        rows = rows.filter(rows.module == outcome.module)
    first = rows.group_by(list(_WHO)).aggregate(attempt=rows.attempt.min())
    rows = rows.semi_join(first, [*_WHO, "attempt"])
    return rows.filter(rows.score.notnull())


def _at_site(engine: Engine, rows: ir.Table) -> ir.Table:
    staff = engine.table("staff")
    rows = rows.left_join(staff.select("staff_id", "site_id"), "staff_id")
    return rows.mutate(site_id=rows.site_id.fill_null(UNKNOWN_SITE))


def _test(engine: Engine, items: pd.DataFrame, name: str, outcome: Outcome) -> ir.Table:
    rows = _at_site(engine, _attempts(engine, outcome, outcome.occasion))
    return rows.select("site_id", period=period_of(rows.assessed_on), y=rows.score.cast("float64"))


def _retained(engine: Engine, name: str, outcome: Outcome) -> Block:
    """Points of the later test over the same people's points right after the training."""
    after = _attempts(engine, outcome, "post")
    after = after.select(*_WHO, before=after.score.cast("float64"))
    later = _attempts(engine, outcome, outcome.occasion)
    later = later.select(*_WHO, "assessed_on", y=later.score.cast("float64"))
    rows = _at_site(engine, later.inner_join(after, list(_WHO)))
    rows = rows.filter(rows.assessed_on.notnull())
    rows = rows.select("site_id", "y", "before", period=period_of(rows.assessed_on))
    cells = rows.group_by("site_id", "period").aggregate(
        n=rows.y.count(),
        total=rows.y.sum(),
        total_sq=(rows.y * rows.y).sum(),
        before=rows.before.sum(),
    )
    return Block(cells=cells, measures=(Measure(indicator=name, exposure="before"),))


def _entry(name: str, outcome: Outcome) -> Indicator:
    used = outcome.of == "crm_usage"
    defined = _DEFINED[outcome.measure if used else f"{outcome.of}.{outcome.statistic}"]
    sources = dict(_SOURCES.get(outcome.of, {}))
    if outcome.within is not None:
        done = "first_response_at" if outcome.until == "reply" else "resolved_at"
        category = ("category",) if outcome.categories else ()
        sources = {"tickets": ("site_id", "opened_at", done, *category)}
        what = "answered" if outcome.until == "reply" else "resolved"
        defined = (
            f"work orders {what} within {outcome.within} minutes of the clock",
            f"work orders {what}, or for which those minutes had run out at the end of the data",
        )
    if used:
        sources = {"crm_usage": ("site_id", "month", *usage.COLUMNS[outcome.measure])}
    instead = {"surveys": means.TABLE} if f"{outcome.of}.{outcome.statistic}" == "item.mean" else {}
    level = outcome.level or _LEVELS.get(outcome.of, 4)
    return Indicator(
        id=name,
        title=Title(**outcome.title.in_both()),
        level=level,
        unit=_unit(outcome),
        direction=outcome.direction,
        numerator=defined[0],
        denominator=defined[1],
        exposure=defined[1],
        sources=sources,
        instead=instead,
        evaluator=outcome.evaluator or _EVALUATORS.get(outcome.of, "customer"),
        primary=level >= 3,
        suppress=outcome.measure != "functions",
        declared=outcome,
    )


def _unit(outcome: Outcome) -> Unit:
    if outcome.of == "on_time":
        return "share"
    if outcome.of == "test" and outcome.statistic == "mean":
        return "points"
    return _UNITS.get(outcome.measure or outcome.statistic, "score")


def _boxes_of(client: Client, table: str) -> tuple[float, float, float] | None:
    """Return lowest and best score that count as satisfied, and the scale's best, if declared."""
    named = {
        source.constants["instrument"]: source.table
        for source in client.sources
        if "instrument" in source.constants
    }
    for name, instrument in client.instruments.items():
        if named.get(name, table) != table or not client.sources_of(table):
            continue
        for item, question in instrument.items.items():
            least = instrument.satisfied_from(item)
            if question.role == "overall" and least is not None:
                scale = instrument.scale_of(item)
                return least, scale.max, scale.max
    return None


def _titled(entry: Indicator, least: float, best: float, top: float) -> Title:
    zh = entry.title.zh_CN.split("（")[0]
    en = entry.title.en.split(" (")[0]
    scores = f"{least:g}" if least == best else f"{least:g} to {best:g}"
    points = f"{least:g}" if least == best else f"{least:g}至{best:g}"
    return Title(
        zh_CN=f"{zh}（满分{top:g}分，{points}分为满意）",
        en=f"{en} (satisfied = {scores} of {top:g})",
    )
