"""Who judges what, how many of them it takes, and what their word weighs."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from analysis.results import Check, StageResults, Topic, collect

LEAST: Mapping[str, int] = {
    "self": 1,
    "supervisor": 1,
    "peer": 3,
    "subordinate": 3,
    "customer": 8,
    "mystery_shopper": 2,
    "expert": 2,
}
"""Least raters of one person by role: three peers (R097) or subordinates, eight customers (the
smallest cell that is shown), two shoppers or experts, because agreement needs two."""
REQUIREMENTS: Mapping[str, str] = {
    "supervisor": "R096",
    "peer": "R097",
    "subordinate": "R031",
    "customer": "R021",
    "mystery_shopper": "R171",
    "expert": "R031",
    "self": "R031",
}
BEHAVIOUR = ("supervisor", "peer", "customer")
"""Roles without which behaviour is judged from one side only (R021)."""


def assess_evaluators(
    planned: Mapping[str, int],
    weights: Mapping[str, float],
    ratings: pd.DataFrame | None,
) -> StageResults:
    """Compare the planned raters with what each role needs.

    Parameters
    ----------
    planned : Mapping[str, int]
        Least raters by role, as the client plans.
    weights : Mapping[str, float]
        Weight by role; roles weigh the same without it.
    ratings : DataFrame, optional
        Canonical table ``ratings``: ``ratee_id, rater_role, rated_on, item``.

    Returns
    -------
    StageResults
        Table ``evaluators``: ``role, least`` (needed), ``planned``, ``weight``, ``raters``
        (median per person and day of rating so far), ``requirement``. Checks
        ``design.evaluators.roles`` and ``design.evaluators.least``.
    """
    share = weights or {role: 1 / len(planned) for role in planned}
    seen = {} if ratings is None or ratings.empty else _raters(ratings)
    rows = [
        (role, least, planned.get(role), share.get(role), seen.get(role), REQUIREMENTS[role])
        for role, least in LEAST.items()
    ]
    columns = ["role", "least", "planned", "weight", "raters", "requirement"]
    table = pd.DataFrame(rows, columns=columns)
    return collect("design", [_roles(planned), *_least(planned)], tables={"evaluators": table})


def _raters(ratings: pd.DataFrame) -> dict[str, float]:
    keys = [c for c in ("site_id", "ratee_id", "rated_on", "item") if c in ratings]
    counts = ratings.groupby(["rater_role", *keys], dropna=False).size()
    return counts.groupby("rater_role").median().to_dict()


def _roles(planned: Mapping[str, int]) -> Check:
    missing = [role for role in BEHAVIOUR if not planned.get(role)]
    check = {
        "id": "design.evaluators.roles",
        "topic": Topic.EVALUATORS,
        "question": "planning.evaluators.roles.question",
    }
    if not planned:
        return Check(
            **check,
            status="caution",
            reason="planning.evaluators.roles.none",
            remedy="planning.evaluators.roles.remedy",
        )
    return Check(
        **check,
        status="failed" if "customer" in missing else "caution" if missing else "passed",
        value=float(len(planned)),
        unit="count",
        reason="planning.evaluators.roles.missing" if missing else None,
        remedy="planning.evaluators.roles.remedy" if missing else None,
        params={"missing": len(missing)},
    )


def _least(planned: Mapping[str, int]) -> list[Check]:
    short = {role: n for role, n in planned.items() if n and n < LEAST.get(role, 1)}
    return [
        Check(
            id=f"design.evaluators.least.{role}",
            topic=Topic.FEWEST_EVALUATORS,
            question="planning.evaluators.least.question",
            status="caution",
            value=float(number),
            threshold=float(LEAST[role]),
            unit="people",
            reason="planning.evaluators.least.reason",
            remedy="planning.evaluators.least.remedy",
            params={"role": f"planning.role.{role}"},
        )
        for role, number in short.items()
    ]
