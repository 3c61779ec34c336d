"""Outcomes in forms that stand beside the leading one: ordered scores, contracts.

Each outcome has one effect that leads, by its kind. Here scores go to an ordered model, and
contracts, which are no outcome of the panel, to their own; each estimate's ``dims["label"]`` names
its row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pandas as pd

from analysis import causal, measurement
from analysis.causal import FrameError, Options
from analysis.results import Estimate, StageResults, collect

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
        As :func:`analysis.measurement.label_counts` returns it; None where nobody was asked.
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


def forms(stage: Any, cohort: pd.Series, *, options: Options) -> StageResults:
    """Ask each outcome in the form in which the client records it."""
    surveys, (instruments, due) = stage.answers, stage.of("instruments", "contracts")
    counts = measurement.label_counts(surveys, instruments, cohort, stage.client.client.timezone)
    rounds = causal.to_rounds(stage.outcome("csat_mean"))[1]
    if counts is not None and rounds is not None:
        counts = measurement.in_rounds(counts, rounds)
    return collect(
        "tracking",
        [
            scores(counts, outcome="csat_mean", options=options),
            contracts(due, cohort, until=pd.Timestamp(stage.until), options=options),
        ],
    )
