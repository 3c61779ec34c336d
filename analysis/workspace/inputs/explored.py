"""What is looked into beside the answer: by which way, trained again, weighted for non-response."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from analysis import causal, measurement
from analysis.causal import Evaluation, FrameError
from analysis.results import Estimate
from analysis.tables import period_of

BETWEEN = (("behaviour", "supervisor"), ("response_within_30min", ""))
"""Steps between training and what customers say: indicator and stratum; the first one measured."""


def by_which_way(stage: Any, main: Evaluation) -> tuple[Estimate, ...]:
    """Split the change of the primary outcome by what lies in between; exploratory."""
    for indicator, stratum in BETWEEN:
        mediator = stage.outcome(indicator, stratum=stratum)
        if not mediator.empty and indicator != main.outcome:
            break
    else:
        return (_nothing(main, "mediation", "indirect_part", "nothing_between"),)
    rounds = sorted(set(mediator["period"]))
    place = {month: number for number, month in enumerate(rounds, 1)}  # 0 is never treated
    frame = stage.outcome(main.outcome)
    both = [part[part["period"].isin(rounds)] for part in (frame, mediator)]
    starts = {c: _round(rounds, c) for c in set(mediator["cohort"].dropna())}
    counted = [
        part.assign(period=part["period"].map(place), cohort=part["cohort"].map(starts))
        for part in both
    ]
    try:
        return causal.mediation(
            *counted,
            outcome=main.outcome,
            through=indicator,
            unit=main.unit,
            options=replace(main.options, rounds=None),  # counted in the mediator's rounds above
        )
    except FrameError as error:
        if error.reason is None:
            raise
        return (_nothing(main, "mediation", "indirect_part", error.rule),)


def trained_again(stage: Any, main: Evaluation) -> tuple[Estimate, ...]:
    """Tell what a second training of a site adds; a reason where no site had one."""
    trained = stage.waves[stage.waves["wave"].fillna(0) > 0].dropna(subset=["planned_start"])
    months = trained.assign(
        month=[period_of(pd.Timestamp(day).date()) for day in trained["planned_start"]]
    )
    starts = months.groupby("site_id")["month"].unique().map(sorted)
    second = {site: float(dates[1]) for site, dates in starts.items() if len(dates) > 1}
    if not second:
        return (_nothing(main, "retraining.again", "effect_of_retraining", "nobody_again"),)
    named = {"outcome": main.outcome, "unit": main.unit, "options": main.options}
    frame, rounds = stage.outcome(main.outcome), main.options.rounds
    if rounds is not None:
        once = {site: rounds.first_round(int(dates[0])) for site, dates in starts.items()}
        second = {site: float(rounds.first_round(int(month))) for site, month in second.items()}
        second = {site: number for site, number in second.items() if number > once[site]}
        frame = rounds.counted(frame)
        if not second:
            return (_nothing(main, "retraining.again", "effect_of_retraining", "same_round"),)
    try:
        return causal.retraining(frame, second, **named)
    except FrameError as error:
        if error.reason is None:
            raise
        return (_nothing(main, "retraining.again", "effect_of_retraining", error.rule),)


def weighted(stage: Any, main: Evaluation) -> tuple[Estimate, ...]:
    """Return the effect weighted for non-response and its difference to the one without weights.

    Nothing for an outcome that is not asked of customers; a reason where nobody recorded whom was
    asked.
    """
    if main.outcome != "csat_mean":
        return ()
    tables = (stage.answers, *stage.of("instruments", "invitations"))
    frame = stage.outcome(main.outcome)
    other = measurement.weighted_outcome(*tables, frame, stage.client.client.timezone)
    if other is None or other.empty:
        nothing = _nothing(main, "variant.response_weighted", "att_overall", "not_weighted")
        return (replace(nothing, dims={**nothing.dims, "variant": "response_weighted"}),)
    rounds = main.options.rounds
    weighted_frame = other if rounds is None else rounds.counted(other)
    own, change = causal.weighted_for_response(main, weighted_frame)
    return own, replace(change, dims={**change.dims, "variant": "response_weighted_change"})


def _nothing(main: Evaluation, name: str, estimand: str, rule: str) -> Estimate:
    return causal.refused(
        rule,
        id=f"{main.options.prefix}.{main.outcome}.{name}",
        estimand=estimand,
        outcome=main.outcome,
        unit=main.unit,
        options=main.options,
        dims={"beside": True},
    )


def _round(rounds: list[int], cohort: float) -> float:
    """Return the first round of measurement in or after a month."""
    return 1.0 + sum(month < cohort for month in rounds)
