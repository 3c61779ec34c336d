"""Tables of the tracking stage that are put together from several results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from analysis.causal import Depth, Evaluation, Family
from analysis.indicators import Indicator
from analysis.measurement import score_target, target_estimates
from analysis.results import Agreement, Check, Estimate, StageResults, Topic, collect


def kinds_table(depth: Depth) -> pd.DataFrame:
    """Return one row per kind of sites: ``by``, ``kind`` (wording key), effect, ``p_value``.

    ``p_value`` is of the test that all kinds of the characteristic are equal; ``reason`` says why
    an effect or its interval is missing.
    """
    part = depth.part("kinds")
    equal = {e.dims["by"]: e.p_value for e in part if e.estimand == "att_kind_range"}
    rows = []
    for estimate in part:
        by = _characteristic(estimate)
        if by is None:
            continue
        rows.append(
            {
                "by": by,
                "kind": f"terms.{by}.{estimate.dims[by]}",
                "unit": estimate.unit,
                "value": estimate.value,
                "ci_low": estimate.ci_low,
                "ci_high": estimate.ci_high,
                "n_units": estimate.n_units,
                "n": estimate.n_smallest or estimate.n,
                "p_value": equal.get(by),
                "reason": estimate.reason,
            }
        )
    return pd.DataFrame(rows)


def by_kind(depth: Depth) -> tuple[Estimate, ...]:
    """Return the effects by kind that have a value, ``dims["kind"]`` being the words for it."""
    found = []
    for estimate in depth.part("kinds"):
        by = _characteristic(estimate)
        if by is not None and estimate.value is not None:
            kind = f"terms.{by}.{estimate.dims[by]}"
            found.append(replace(estimate, dims={**estimate.dims, "kind": kind}))
    return tuple(found)


def by_estimator(main: Evaluation) -> tuple[Estimate, ...]:
    """Return the estimates by estimator, each with its own number.

    The leading one's second inference is named as such.
    """
    lead = main.overall
    return tuple(
        replace(lead, agreement=Agreement.NOT_ASKED)
        if e is lead
        else replace(e, dims={**e.dims, "method": f"again_{e.interval_method}"})
        if e is not lead and e.method == lead.method
        else e
        for e in main.by_estimator()
    )


def lasting(depth: Depth) -> tuple[Estimate, ...]:
    """Return how much is left and how fast it fades, each by its leading interval.

    A half-life that nothing bounds is left without a number: its reason says why.
    """
    found = [e for e in depth.part("lasts") if not e.dims.get("beside")]
    return tuple(
        replace(e, value=None, se=None)
        if e.estimand == "half_life" and e.ci_low is None and e.reason
        else e
        for e in found
    )


def bounds_table(depth: Depth, unit: str) -> pd.DataFrame:
    """Return the bounds under drifts, each in the unit of the outcome.

    Where drifts were counted from round to round, ``kind`` says so.
    """
    table = depth.tables.get("sensitivity", pd.DataFrame()).assign(unit=unit)
    by_round = any(e.dims.get("step") == "round" for e in depth.part("bounds"))
    return table.assign(kind=table["kind"] + "_rounds") if by_round else table


def several_outcomes(others: Sequence[Evaluation], family: Family, *, alpha: float) -> StageResults:
    """Return effects with raw and corrected p-values (table ``family``), and a check an outcome."""
    own = {e.outcome: e.overall for e in others}
    rows, checks = [], []
    for corrected in family.estimates():
        raw = own[corrected.indicator]
        fields = ("indicator", "unit", "value", "ci_low", "ci_high", "n_units", "p_value")
        row = {name: getattr(raw, name) for name in fields}
        rows.append(row | {"n": raw.n_smallest or raw.n, "adjusted": corrected.p_value})
        checks.append(_several(raw, corrected, len(family.outcomes), alpha))
    return collect("tracking", [family.estimates(), checks], tables={"family": pd.DataFrame(rows)})


def targets(
    goals: Iterable[Any],
    effects: Mapping[str, Estimate],
    levels: Mapping[str, Estimate],
    registry: Mapping[str, Indicator],
    relative: Mapping[str, Estimate] | None = None,
    *,
    simulated: bool = False,
    level: float,
) -> StageResults:
    """Return the probability that each target of change was reached, in both readings.

    Parameters
    ----------
    goals : iterable of Goal
        Of the client file; those of a level, or without an effect, are left out.
    effects, levels : Mapping
        Overall effect, and level before training, by indicator.
    registry : Mapping[str, Indicator]
        The client's registry.
    relative : Mapping, optional
        The effect on a rate as a share of what it would have been.
    level : float
        Coverage of intervals.
    """
    rows = []
    for goal in goals:
        if goal.indicator not in effects or goal.unit == "level":
            continue
        indicator = registry[goal.indicator]
        for reading in _readings(goal, indicator.unit):
            row = score_target(
                goal.model_copy(update={"unit": reading}),
                indicator,
                change=effects[goal.indicator],
                baseline=levels.get(goal.indicator),
                relative=(relative or {}).get(goal.indicator),
            )
            rows.append(row | {"agreed": "agreed" if reading == goal.unit else "other"})
    estimates = target_estimates(rows, prefix="tracking.target", simulated=simulated, level=level)
    return collect("tracking", estimates, tables={"targets": pd.DataFrame(rows)})


def _characteristic(estimate: Estimate) -> str | None:
    """Return by what an effect is divided; None for the range over the kinds."""
    if estimate.estimand == "att_kind_range":
        return None
    return str(estimate.dims["by"])


def _several(raw: Estimate, corrected: Estimate, outcomes: int, alpha: float) -> Check:
    lost = raw.p_value < alpha <= corrected.p_value
    return Check(
        id=f"tracking.{raw.indicator}.check.several_outcomes",
        topic=Topic.SEVERAL_OUTCOMES,
        indicator=raw.indicator,
        question="causal.check.several_outcomes",
        status="caution" if lost else "passed",
        value=corrected.p_value,
        threshold=alpha,
        unit="p_value",
        reason=f"causal.why.several_outcomes.{'lost' if lost else 'kept'}",
        remedy="causal.remedy.several_outcomes" if lost else None,
        params={"outcomes": outcomes, "p": raw.p_value, "adjusted": corrected.p_value},
        dims={"outcome": raw.indicator},
    )


def _readings(goal: Any, unit: str) -> tuple[str, ...]:
    """Read a target such as +15 % of satisfaction both in points and relative to the baseline."""
    return ("points", "relative") if unit in ("share", "score") else (goal.unit,)
