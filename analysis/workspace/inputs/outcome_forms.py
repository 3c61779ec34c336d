"""Outcomes in forms that stand beside the leading one: ordered scores, contracts.

Each outcome has one effect that leads, by its kind. Here scores go to an ordered model, and
contracts, which are no outcome of the panel, to their own; each estimate's ``dims["label"]`` names
its row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from analysis import causal
from analysis.causal import FrameError, Options
from analysis.results import Estimate, StageResults, collect
from analysis.tables import Rows, parts, periods_of

Makes = Callable[[], Iterable[Estimate]]


def attempt(
    makes: Makes, *, label: str, outcome: str, unit: str = "share", options: Options
) -> tuple[Estimate, ...]:
    """Return what ``makes`` estimates, or one estimate without value that says why not.

    Parameters
    ----------
    makes : callable
        Estimates; a :class:`~analysis.causal.FrameError` is a reason, not a failure.
    label : str
        Names the row where there is nothing (``causal.label``).
    outcome, unit : str
        Registry id, and unit of the row where there is nothing.
    options : Options
    """
    try:
        return tuple(makes())
    except FrameError as error:
        if error.reason is None:
            raise
        return (without(error.rule, label=label, outcome=outcome, unit=unit, options=options),)


def without(
    rule: str, *, label: str, outcome: str, unit: str = "share", options: Options
) -> Estimate:
    """Return a row without a value whose reason is the sentence of ``causal.fault.<rule>``."""
    return causal.refused(
        rule,
        id=f"{options.prefix}.{outcome}.{label}",
        estimand=label,
        outcome=outcome,
        unit=unit,
        options=options,
        dims={"beside": True, "label": label},
    )


def named(estimate: Estimate, label: str) -> Estimate:
    """Return an estimate whose row is named, beside the leading ones."""
    return replace(estimate, dims={**estimate.dims, "beside": True, "label": label})


def scores(counts: pd.DataFrame | None, *, outcome: str, options: Options) -> StageResults:
    """Estimate the effect on an ordered score: its mean, its log odds, each label's share.

    Parameters
    ----------
    counts : DataFrame or None
        As :func:`label_counts` returns it; None where nobody was asked.
    """
    if counts is None:
        return StageResults(stage="tracking")
    try:
        found = causal.ordered_effect(counts, outcome=outcome, options=options)
    except FrameError as error:
        if error.reason is None:
            raise
        named_row = {"label": "score_mean", "unit": "score", "options": options}
        return collect("tracking", [without(error.rule, outcome=outcome, **named_row)])
    names = {"att_overall": "score_mean", "att_log_odds": "log_odds"}
    rows = [
        named(e, names.get(e.estimand) or f"share_{e.dims['label']:g}") for e in found.estimates()
    ]
    return collect("tracking", [rows, found.checks()])


def overall_answers(
    surveys: Rows, instruments: pd.DataFrame, columns: Sequence[str]
) -> Iterator[pd.DataFrame]:
    """Give the answers on overall satisfaction that have a score, part by part."""
    overall = instruments.loc[instruments["role"] == "overall", ["instrument", "item"]]
    for part in parts(surveys, ["instrument", "item", "score", *columns]):
        yield part.merge(overall, on=["instrument", "item"]).dropna(subset=["score"])


def label_counts(
    surveys: Rows | None,
    instruments: pd.DataFrame | None,
    cohort: pd.Series,
    timezone: str,
) -> pd.DataFrame | None:
    """Count the answers on overall satisfaction by site, month and score.

    Returns
    -------
    DataFrame or None
        ``unit``, ``period``, ``cohort``, ``label``, ``count``; None where a table is missing or
        nobody answered.
    """
    if surveys is None or instruments is None:
        return None
    found = []
    for answers in overall_answers(surveys, instruments, ["site_id", "answered_at"]):
        rows = answers[answers["site_id"].isin(cohort.index)]
        local = pd.to_datetime(rows["answered_at"], utc=True).dt.tz_convert(timezone)
        rows = pd.DataFrame(
            {
                "unit": rows["site_id"].astype(str),
                "period": periods_of(local).astype("int64"),
                "label": rows["score"].astype(float),
            }
        )
        found.append(rows.groupby(["unit", "period", "label"]).size().rename("count"))
    counts = pd.concat(found).groupby(level=["unit", "period", "label"]).sum().reset_index()
    if counts.empty:
        return None
    return counts.assign(cohort=counts["unit"].map(cohort).astype(float))


def in_rounds(counts: pd.DataFrame, rounds: causal.Rounds) -> pd.DataFrame:
    """Count answers by round of measurement instead of by month, labels apart."""
    number = {month: rounds.round_of(month) for month in counts["period"].unique()}
    first = {g: float(rounds.first_round(g)) for g in counts["cohort"].dropna().unique()}
    kept = counts.assign(period=counts["period"].map(number), cohort=counts["cohort"].map(first))
    kept = kept[kept["period"] <= len(rounds.months)]
    by = ["unit", "period", "label", "cohort"]
    return kept.groupby(by, dropna=False, as_index=False)["count"].sum()


def contracts(
    table: pd.DataFrame | None,
    cohort: pd.Series,
    *,
    until: pd.Timestamp,
    options: Options,
) -> tuple[Estimate, ...]:
    """Estimate the effect on contracts renewed; nothing for a client without contracts."""
    if table is None:
        return ()
    labels = ("renewal", "renewal_count", "renewal_lowest", "renewal_highest")

    def renewals() -> Iterable[Estimate]:
        found = causal.renewal_effect(table, cohort.to_dict(), until=until, options=options)
        return [named(e, label) for e, label in zip(found, labels, strict=True)]

    return attempt(renewals, label="renewal", outcome="renewal_rate", options=options)


def weighted_outcome(
    surveys: Rows | None,
    instruments: pd.DataFrame | None,
    invitations: pd.DataFrame | None,
    frame: pd.DataFrame,
    timezone: str,
) -> pd.DataFrame | None:
    """Return mean satisfaction weighted to the channels by which customers were asked.

    In a site and month each channel counts by its invitations instead of its answers, so that a
    channel in which few answer counts as much as one in which many do. A channel without any
    answer cannot be weighted and is left out.

    Parameters
    ----------
    frame : DataFrame
        The unweighted outcome; its site-months and cohorts are kept.

    Returns
    -------
    DataFrame or None
        ``unit``, ``period``, ``y``, ``n``, ``cohort``; None where a table is missing or fewer
        than two channels were used.
    """
    if surveys is None or instruments is None or invitations is None:
        return None
    answers = overall_answers(surveys, instruments, ["site_id", "answered_at", "channel"])
    rows = pd.concat(answers, ignore_index=True).dropna(subset=["channel"])
    if rows["channel"].nunique() < 2:
        return None
    local = pd.to_datetime(rows["answered_at"], utc=True).dt.tz_convert(timezone)
    rows = rows.assign(unit=rows["site_id"], period=periods_of(local))
    answered = rows.groupby(["unit", "period", "channel"])["score"].agg(["mean", "size"])
    month = pd.to_datetime(invitations["month"])
    asked = invitations.assign(unit=invitations["site_id"], period=periods_of(month))
    asked = asked.groupby(["unit", "period", "channel"])["invited"].sum()
    cells = answered.join(asked, how="inner").query("invited > 0").reset_index()
    cells["scored"] = cells["mean"] * cells["invited"]
    sums = cells.groupby(["unit", "period"], as_index=False)[["scored", "invited", "size"]].sum()
    sums = sums.assign(y=sums["scored"] / sums["invited"], n=sums["size"].astype(float))
    cohort = frame.drop_duplicates("unit").set_index("unit")["cohort"]
    found = sums[sums["unit"].isin(cohort.index)]
    found = found.assign(cohort=found["unit"].map(cohort))
    return found[["unit", "period", "y", "n", "cohort"]].reset_index(drop=True)


def forms(stage: Any, cohort: pd.Series, *, options: Options) -> StageResults:
    """Ask each outcome in the form in which the client records it."""
    surveys, (instruments, due) = stage.rows("surveys"), stage.of("instruments", "contracts")
    counts = label_counts(surveys, instruments, cohort, stage.client.client.timezone)
    rounds = causal.to_rounds(stage.outcome("csat_mean"))[1]
    if counts is not None and rounds is not None:
        counts = in_rounds(counts, rounds)
    return collect(
        "tracking",
        [
            scores(counts, outcome="csat_mean", options=options),
            contracts(due, cohort, until=pd.Timestamp(stage.until), options=options),
        ],
    )
