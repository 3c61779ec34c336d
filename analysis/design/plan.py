"""The evaluation plan: what is to be shown, by what, and the lock that keeps it honest."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from typing import Any, Protocol

import pandas as pd

from analysis.errors import DesignError
from analysis.results import Check, StageResults, collect

PARTICIPATION = ("attendance", "completion")
"""Taking part is the treatment, never the outcome that shows whether it worked (R019)."""


class GoalLike(Protocol):
    """A goal: a change in points, a relative change, or a level, by a day."""

    indicator: str
    target: float
    unit: str
    deadline: dt.date
    horizon: str
    baseline: float | None


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

    ``goals`` and ``waves`` are tuples of mappings, in a fixed order, so that equal plans
    have equal hashes.
    """

    primary_outcome: str
    secondary_outcomes: tuple[str, ...] = ()
    estimand: str = "att_overall"
    comparison: str = "never_treated"
    alpha: float = 0.05
    power: float = 0.8
    smallest_effect: float | None = None
    measure_at_months: tuple[int, ...] = (1, 3, 6, 12)
    anticipation_months: int = 0
    assignment: str = "unknown"
    seed: int | None = None
    goals: tuple[Mapping[str, Any], ...] = ()
    waves: tuple[Mapping[str, Any], ...] = ()
    choices: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.primary_outcome in PARTICIPATION:
            raise DesignError(
                f"{self.primary_outcome} cannot be the primary outcome: taking part is the "
                "treatment, not its result. Choose what customers notice, e.g. csat_mean."
            )


@dataclass(frozen=True, slots=True)
class PlanLock:
    """A plan as it stood on ``locked_on``, with the SHA-256 of its canonical JSON."""

    hash: str
    locked_on: str
    plan: Mapping[str, Any]


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


def lock(plan: Plan, on: dt.date) -> PlanLock:
    """Seal a plan; the same plan always gives the same hash."""
    body = json.loads(json.dumps(asdict(plan)))
    return PlanLock(_hash(body), on.isoformat(), body)


def _hash(body: Mapping[str, Any]) -> str:
    text = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def deviations(plan: Plan, locked: PlanLock) -> pd.DataFrame:
    """List what differs between a plan and the one that was locked.

    Returns
    -------
    DataFrame
        One row a changed field: ``field, locked, now`` as JSON text. Empty when nothing did.

    Raises
    ------
    DesignError
        When the locked plan does not have the hash it was sealed with.
    """
    if _hash(locked.plan) != locked.hash:
        raise DesignError(
            f"The plan locked on {locked.locked_on} was edited: it no longer has the hash "
            f"{locked.hash[:12]}…. Restore the locked plan, or lock a new one and say so."
        )
    now = json.loads(json.dumps(asdict(plan)))
    rows = [
        (name, json.dumps(locked.plan.get(name)), json.dumps(now.get(name)))
        for name in sorted(set(now) | set(locked.plan))
        if now.get(name) != locked.plan.get(name)
    ]
    return pd.DataFrame(rows, columns=["field", "locked", "now"], dtype=object)


def assess_plan(
    plan: Plan, *, locked: PlanLock | None = None, first_start: dt.date | None = None
) -> StageResults:
    """Check the plan: goals that fight each other, claims that do not add up, the lock.

    Parameters
    ----------
    plan : Plan
        The plan as it stands.
    locked : PlanLock, optional
        What was sealed earlier; without it the check says that nothing was.
    first_start : date, optional
        First training day; a lock after it is a caution.

    Returns
    -------
    StageResults
        Checks ``design.goals.*``, ``design.claim.*``, ``design.lock``; tables ``goals`` and
        ``deviations``; fact ``plan_lock``, the hash of the plan as it stands.
    """
    changed = deviations(plan, locked) if locked else None
    checks = [*_goal_checks(plan), *check_claims(), _lock_check(locked, changed, first_start)]
    tables = {"goals": pd.DataFrame(list(plan.goals))} if plan.goals else {}
    if changed is not None:
        tables["deviations"] = changed
    facts = {"plan_hash": _hash(json.loads(json.dumps(asdict(plan))))}
    if locked:
        facts["plan_lock"] = {"hash": locked.hash, "locked_on": locked.locked_on}
    return collect("design", checks, facts=facts, tables=tables)


def _goal_checks(plan: Plan) -> list[Check]:
    if not plan.goals:
        return [
            Check(
                id="design.goals.stated",
                question="design.check.goals.question",
                status="not_possible",
                reason="design.reason.no_goals",
                remedy="design.check.goals.remedy",
                params={"outcome": plan.primary_outcome, "goals": 0},
            )
        ]
    frame = pd.DataFrame(list(plan.goals))
    covered = plan.primary_outcome in set(frame["indicator"])
    checks = [
        Check(
            id="design.goals.stated",
            question="design.check.goals.question",
            status="passed" if covered else "caution",
            value=float(len(frame)),
            unit="count",
            reason=None if covered else "design.check.goals.reason",
            remedy=None if covered else "design.check.goals.remedy",
            params={"outcome": plan.primary_outcome, "goals": len(frame)},
        )
    ]
    for (indicator, horizon), group in frame.groupby(["indicator", "horizon"]):
        if group[["target", "unit"]].drop_duplicates().shape[0] > 1:
            targets = "; ".join(f"{g.target:g}" for g in group.itertuples())
            checks.append(
                Check(
                    id=f"design.goals.{indicator}.{horizon}",
                    question="design.check.one_target.question",
                    status="failed",
                    value=float(len(group)),
                    threshold=1.0,
                    unit="count",
                    reason="design.check.one_target.reason",
                    remedy="design.check.one_target.remedy",
                    params={"indicator": str(indicator), "targets": targets},
                )
            )
    return checks


def _lock_check(
    locked: PlanLock | None, changed: pd.DataFrame | None, first_start: dt.date | None
) -> Check:
    common = {"id": "design.lock", "question": "design.check.lock.question"}
    if locked is None:
        return Check(
            **common,
            status="caution",
            reason="design.check.lock.none",
            remedy="design.check.lock.remedy",
        )
    late = first_start is not None and dt.date.fromisoformat(locked.locked_on) > first_start
    params = {
        "locked_on": locked.locked_on,
        "hash": locked.hash[:12],
        "changed": len(changed),
        "fields": ", ".join(changed["field"]),
    }
    if len(changed):
        return Check(
            **common,
            status="failed",
            value=float(len(changed)),
            threshold=0.0,
            unit="count",
            reason="design.check.lock.changed",
            remedy="design.check.lock.remedy",
            params=params,
        )
    return Check(
        **common,
        status="caution" if late else "passed",
        value=0.0,
        threshold=0.0,
        unit="count",
        reason="design.check.lock.late" if late else "design.check.lock.kept",
        params=params,
    )


def annual_growth(start: float, end: float, years: float) -> float:
    """Compound annual growth rate, ``(end / start) ** (1 / years) - 1``."""
    if start <= 0 or end <= 0 or years <= 0:
        raise ValueError("growth needs positive end points and a positive number of years")
    return (end / start) ** (1 / years) - 1


def check_claims() -> list[Check]:
    """Recompute the growth rates that the source documents state from their end points.

    The claims are data (``claims.yml`` beside this module). A stated rate more than half a
    percentage point away from the computed one has failed.
    """
    checks = []
    for claim in _read("claims.yml"):
        rate = annual_growth(claim["start"], claim["end"], claim["years"])
        adds_up = abs(rate - claim["stated"]) <= 0.005
        checks.append(
            Check(
                id=f"design.claim.{claim['requirement']}",
                question="design.check.claim.question",
                status="passed" if adds_up else "failed",
                value=rate,
                threshold=claim["stated"],
                unit="share",
                reason=None if adds_up else "design.check.claim.reason",
                remedy=None if adds_up else "design.check.claim.remedy",
                params={
                    "requirement": claim["requirement"],
                    "start": claim["start"],
                    "end": claim["end"],
                    "years": claim["years"],
                    "stated": claim["stated"],
                    "computed": rate,
                },
            )
        )
    return checks


def _read(name: str) -> Any:
    from ruamel.yaml import YAML

    text = files("analysis.design").joinpath(name).read_text(encoding="utf-8")
    return YAML(typ="safe").load(text)
