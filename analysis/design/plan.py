"""The evaluation plan: what is to be shown, by what, for which sites and until when."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import pandas as pd

from analysis.design.claims import check_claims
from analysis.design.locks import fingerprint
from analysis.errors import DesignError
from analysis.results import Check, StageResults, Topic, collect
from analysis.settings import ALPHA

PARTICIPATION = ("attendance", "completion")
"""Taking part is the treatment, never the outcome that shows whether it worked (R019)."""


class GoalLike(Protocol):
    """A goal: a change in points, a relative change, or a level, by a day."""

    indicator: str
    target: float
    unit: str
    deadline: dt.date
    horizon: str
    stratum: str
    baseline: float | None
    evaluator: str | None
    requirement: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A goal given without a client file; fields as in :class:`GoalLike`."""

    indicator: str
    target: float
    unit: str
    deadline: dt.date
    horizon: str = "mid"
    baseline: float | None = None
    stratum: str = ""
    evaluator: str | None = None
    requirement: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What was decided before outcomes were seen; JSON values only.

    ``base`` is what months with training are compared with, for the primary outcome and every
    other without an entry in ``bases``. ``goals`` and ``waves`` are tuples of mappings, in a fixed
    order, so that equal plans have equal hashes. ``money`` holds the rules by which effects are
    priced, ``benefits`` their prices; ``outcomes`` those that the client declares, ``satisfied`` by
    questionnaire and item the lowest score that counts as satisfied.
    """

    primary_outcome: str
    secondary_outcomes: tuple[str, ...] = ()
    estimand: str = "att_overall"
    comparison: str = "never_treated"
    alpha: float = ALPHA
    power: float = 0.8
    smallest_effect: float | None = None
    measure_at_months: tuple[int, ...] = (1, 3, 6, 12)
    anticipation_months: int = 0
    base: str = "month_before"
    bases: Mapping[str, str] = field(default_factory=dict)
    assignment: str = "unknown"
    goals: tuple[Mapping[str, Any], ...] = ()
    waves: tuple[Mapping[str, Any], ...] = ()
    choices: Mapping[str, str] = field(default_factory=dict)
    min_evaluators: Mapping[str, int] = field(default_factory=dict)
    money: Mapping[str, Any] = field(default_factory=dict)
    benefits: tuple[Mapping[str, Any], ...] = ()
    outcomes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    satisfied: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.primary_outcome in PARTICIPATION:
            raise DesignError(
                f"{self.primary_outcome} cannot be the primary outcome: taking part is the "
                "treatment, not its result. Choose what customers notice, e.g. csat_mean."
            )

    def content(self) -> dict[str, Any]:
        """Return the plan as it is locked: goals and sites by name, JSON values only.

        The month before is left out, as plans locked before another could be chosen name none; so
        are declarations where there are none.
        """
        body = json.loads(json.dumps(asdict(self)))
        if body["base"] == "month_before":
            del body["base"]
        for part in ("bases", "outcomes", "satisfied"):
            if not body[part]:
                del body[part]
        body["goals"] = _named(body["goals"], _goal_name)
        body["waves"] = _named(body["waves"], lambda wave: wave.pop("site_id"))
        body["benefits"] = _named(body["benefits"], lambda benefit: benefit.pop("indicator"))
        return body

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON of :meth:`content`."""
        return fingerprint(self.content())


def _goal_name(goal: Mapping[str, Any]) -> str:
    return " ".join(filter(None, (goal["indicator"], goal["horizon"], goal["stratum"])))


def _named(entries: Iterable[dict[str, Any]], name) -> dict[str, dict[str, Any]]:
    """Key entries by name; further ones of a name are numbered in their fixed order."""
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        first = key = name(entry)
        number = 1
        while key in found:
            number += 1
            key = f"{first} #{number}"
        found[key] = entry
    return found


def make_plan(
    primary_outcome: str,
    goals: Iterable[GoalLike] = (),
    waves: pd.DataFrame | None = None,
    **settings: Any,
) -> Plan:
    """Put goals and waves into a :class:`Plan`.

    Parameters
    ----------
    primary_outcome : str
        Registry id of the one outcome the answer rests on.
    goals : Iterable[GoalLike]
        The client's goals.
    waves : DataFrame, optional
        Canonical table ``waves``; site, wave, arm and *planned* start enter the plan.
    **settings
        Other fields of :class:`Plan`; an unknown one is an error.

    Raises
    ------
    DesignError
        When taking part in the training is named as the primary outcome.
    """
    stated = tuple(
        {
            "indicator": goal.indicator,
            "target": float(goal.target),
            "unit": goal.unit,
            "deadline": goal.deadline.isoformat(),
            "horizon": goal.horizon,
            "stratum": goal.stratum,
            "baseline": goal.baseline,
            "evaluator": goal.evaluator,
            "requirement": goal.requirement,
        }
        for goal in goals
    )
    roll_out: tuple = ()
    if waves is not None and len(waves):
        ordered = waves.sort_values(["site_id", "wave"])
        roll_out = tuple(
            {
                "site_id": str(row.site_id),
                "wave": int(row.wave),
                "arm": str(row.arm),
                "planned_start": None
                if pd.isna(row.planned_start)
                else str(pd.Timestamp(row.planned_start).date()),
            }
            for row in ordered.itertuples()
        )
    order = sorted(stated, key=lambda g: json.dumps(g, sort_keys=True))
    return Plan(primary_outcome=primary_outcome, goals=tuple(order), waves=roll_out, **settings)


def assess_plan(plan: Plan, claims: Iterable[Mapping[str, Any]] = ()) -> StageResults:
    """Check the plan: goals that fight each other, claims that do not add up.

    Parameters
    ----------
    plan : Plan
        The plan as it stands.
    claims : Iterable[Mapping], optional
        Growth the client states, as :func:`analysis.design.check_claims` takes it.

    Returns
    -------
    StageResults
        Checks ``design.goals.*`` and ``design.claim.*``; table ``goals``; fact ``plan_hash``,
        the hash of the plan as it stands.
    """
    checks = [*_goal_checks(plan), *check_claims(claims)]
    tables = {"goals": pd.DataFrame(list(plan.goals))} if plan.goals else {}
    return collect("design", checks, facts={"plan_hash": plan.hash}, tables=tables)


def _goal_checks(plan: Plan) -> list[Check]:
    stated = Check(
        id="design.goals.stated",
        topic=Topic.GOALS,
        question="design.check.goals.question",
        status="not_possible",
        reason="design.reason.no_goals",
        remedy="design.check.goals.remedy",
        params={"outcome": plan.primary_outcome, "goals": 0},
    )
    if not plan.goals:
        return [stated]
    frame = pd.DataFrame(list(plan.goals))
    covered = plan.primary_outcome in set(frame["indicator"])
    stated = Check(
        id=stated.id,
        topic=Topic.GOALS,
        question=stated.question,
        status="passed" if covered else "caution",
        value=float(len(frame)),
        unit="count",
        reason=None if covered else "design.check.goals.reason",
        remedy=None if covered else stated.remedy,
        params={"outcome": plan.primary_outcome, "goals": len(frame)},
    )
    grouped = frame.groupby(["indicator", "horizon", "stratum"])
    return [stated, *filter(None, (_one_target(*key, part) for key, part in grouped))]


def _one_target(indicator: str, horizon: str, stratum: str, goals: pd.DataFrame) -> Check | None:
    if len(goals[["target", "unit"]].drop_duplicates()) == 1:
        return None
    return Check(
        id=".".join(filter(None, ("design.goals", indicator, horizon, stratum))),
        topic=Topic.ONE_TARGET,
        question="design.check.one_target.question",
        status="failed",
        value=float(len(goals)),
        threshold=1.0,
        unit="count",
        reason="design.check.one_target.reason",
        remedy="design.check.one_target.remedy",
        params={
            "indicator": str(indicator),
            "targets": tuple(f"{target:g}" for target in goals["target"]),
        },
    )
