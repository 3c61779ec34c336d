"""The first screen: can this roll-out show it, by which design, and what is to be decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from analysis.results import Check, StageResults, Topic, collect

_OPEN = ("caution", "failed", "not_possible")
_ASKED = {Topic.GOALS: _OPEN, Topic.CHAIN: ("caution",), Topic.EVALUATORS: _OPEN}
"""What is put to the client, and in which states; a chain is asked for where there are goals."""


def assess_readiness(
    parts: Iterable[StageResults], *, effect: float | None, unit: str, indicator: str
) -> StageResults:
    """Draw the verdict from the steps of the design stage.

    Parameters
    ----------
    parts : Iterable of StageResults
        Results of the steps, among them ``design.power`` and ``design.advice``.
    effect : float or None
        Smallest effect worth knowing that the client stated.
    unit, indicator : str
        Of the primary outcome.

    Returns
    -------
    StageResults
        Check ``design.ready``: passed when the recommended design compares sites and finds the
        effect with the wanted power; caution when only larger effects can be found; failed when
        nothing is compared (its reason is the advice's: what is missing for a comparison) or the
        power is below one half. Checks ``design.decide.*`` for what
        only the client can decide: open contradictions, the smallest effect, lots.
    """
    checks = tuple(check for part in parts for check in part.checks)
    advice, power = (
        next(check for check in checks if check.topic is topic or check.refuses(topic))
        for topic in (Topic.ADVICE, Topic.POWER)
    )
    return collect(
        "design",
        [_verdict(advice, power, unit, indicator), *_decisions(checks, advice, effect)],
    )


def _verdict(advice: Check, power: Check, unit: str, indicator: str) -> Check:
    if advice.refuses("advice"):
        state, reason = "not_possible", advice.reason
    elif advice.status in ("failed", "not_possible"):
        state, reason = "failed", f"planning.ready.{advice.params.get('why', 'no_comparison')}"
    elif power.status == "not_possible":
        state, reason = "caution", "planning.ready.no_power"
    else:
        state = power.status
        reason = "planning.ready." + {"passed": "yes", "caution": "larger", "failed": "no"}[state]
    return Check(
        id="design.ready",
        topic=Topic.READY,
        question="planning.ready.question",
        status=state,
        reason=reason,
        params={
            "indicator": indicator,
            "unit": unit,
            "design": advice.params.get("design"),
            "trained": advice.params.get("trained"),
            "never": advice.params.get("never"),
            "months": advice.params.get("months"),
            "early": advice.params.get("early"),
            "late": advice.params.get("late"),
            **{name: power.params.get(name) for name in ("effect", "simulated", "mde")},
            "wanted": power.threshold,
        },
    )


def _decisions(checks: tuple[Check, ...], advice: Check, effect: float | None) -> list[Check]:
    open_ = [c for c in checks if c.topic is Topic.CONFLICT and c.status == "caution"]
    found = []
    if open_:
        names = ", ".join(str(check.params["conflict"]) for check in open_)
        found.append(_decide("conflicts", open=len(open_), names=names))
    if effect is None:
        found.append(_decide("effect"))
    if advice.dims.get("lots") == "undecided":
        found.append(_decide("lots"))
    for topic, states in _ASKED.items():
        asked = (c for c in checks if c.topic is topic and c.status in states)
        found += [
            replace(check, id=f"design.decide.{check.id.removeprefix('design.')}")
            for check in asked
        ]
    return found


def _decide(name: str, **params: int | str) -> Check:
    return Check(
        id=f"design.decide.{name}",
        topic=Topic.DECISION,
        question=f"planning.decide.{name}.question",
        status="caution",
        reason=f"planning.decide.{name}.reason",
        remedy=f"planning.decide.{name}.remedy",
        params=params,
    )


def assess_chain(goals: pd.DataFrame) -> StageResults:
    """Check that each goal says which behaviour moves its indicator (R019).

    Parameters
    ----------
    goals : DataFrame
        One row per goal; ``behaviour`` and ``aim`` (words by language, or NULL), ``indicator``.

    Returns
    -------
    StageResults
        Table ``goal_chain`` as given; check ``design.goals.chain``.
    """
    check = {
        "id": "design.goals.chain",
        "topic": Topic.CHAIN,
        "question": "planning.chain.question",
    }
    if goals.empty:
        missing = Check(**check, status="not_possible", reason="design.reason.no_goals")
        return collect("design", [missing])
    without = int(goals["behaviour"].isna().sum())
    found = Check(
        **check,
        status="caution" if without else "passed",
        value=float(without),
        threshold=0.0,
        unit="count",
        n=len(goals),
        reason="planning.chain.reason" if without else None,
        remedy="planning.chain.remedy" if without else None,
        params={"goals": len(goals)},
    )
    return collect("design", [found], tables={"goal_chain": goals})
