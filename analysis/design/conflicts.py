"""The contradictions between the requirements, and which of them the client left open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from analysis.client.readings import READINGS, Conflict
from analysis.design.plan import GoalLike
from analysis.errors import DesignError
from analysis.results import Check, StageResults, Topic, collect

REQUIREMENTS: Mapping[str, tuple[str, ...]] = {
    "C1": ("R092", "R093", "R135", "R161"),
    "C2": ("R102", "R137", "R142", "R164"),
    "C3": ("R005", "R067", "R100", "R137"),
    "C4": ("R136", "R141", "R163"),
    "C5": ("R133", "R139"),
    "C6": ("R084", "R095", "R134", "R135", "R162", "R172"),
    "C7": ("R080", "R105"),
    "C8": ("R137", "R166", "R176"),
    "C9": ("R005", "R011", "R015", "R066", "R101", "R102", "R137", "R141", "R157", "R164", "R173"),
    "C10": ("R085", "R126"),
    "C11": ("R078", "R110", "R151"),
    "C12": ("R001", "R056"),
    "C13": ("R003",),
    "C14": ("R081", "R124", "R139"),
    "C15": ("R133", "R140"),
    "C16": ("R133", "R139"),
    "C17": ("R123", "R125", "R126"),
}
"""The requirements that disagree in each contradiction."""


def assess_conflicts(choices: Mapping[str, str], goals: Iterable[GoalLike] = ()) -> StageResults:
    """Say which contradictions the client resolved and which are open.

    Parameters
    ----------
    choices : Mapping[str, str]
        Chosen reading by conflict id, as in ``client.yml``.
    goals : iterable of GoalLike
        The client's goals: one that names the requirements of a contradiction keeps to the reading
        chosen, or says otherwise.

    Returns
    -------
    StageResults
        One check per contradiction, ``design.conflict.<id>``: passed when resolved, caution
        while open, or where a goal says otherwise than the reading; table ``conflicts``
        (``conflict, requirements, reading, open``).

    Raises
    ------
    DesignError
        For a conflict or a reading that does not exist; the known ones are named.
    """
    wrong = [f"no conflict {id!r}" for id in choices if id not in READINGS]
    wrong += [
        f"{id}: {reading!r} is none of {', '.join(READINGS[id].readings)}"
        for id, reading in choices.items()
        if id in READINGS and reading not in READINGS[id].readings
    ]
    if wrong:
        raise DesignError("Choices between contradictory requirements: " + "; ".join(wrong))
    rows, checks, goals = [], [], tuple(goals)
    for id in READINGS:
        reading = choices.get(id)
        requirements = ", ".join(REQUIREMENTS[id])
        rows.append((id, requirements, reading or "", reading is None))
        other = () if reading is None else _otherwise(READINGS[id], reading, goals)
        checks.append(
            Check(
                id=f"design.conflict.{id}",
                topic=Topic.CONFLICT,
                question=f"design.conflicts.{id}.question",
                status="caution" if reading is None or other else "passed",
                reason=(
                    "design.check.conflict.open"
                    if reading is None
                    else "design.check.conflict.otherwise"
                    if other
                    else f"design.conflicts.{id}.{reading}"
                ),
                remedy=(
                    "design.check.conflict.remedy"
                    if reading is None
                    else "design.check.conflict.agree"
                    if other
                    else None
                ),
                params={"conflict": id, "requirements": requirements, "goals": ", ".join(other)},
            )
        )
    table = pd.DataFrame(rows, columns=["conflict", "requirements", "reading", "open"])
    return collect("design", checks, tables={"conflicts": table})


def _otherwise(conflict: Conflict, reading: str, goals: Iterable[GoalLike]) -> tuple[str, ...]:
    """Return the requirements of goals that say otherwise than the reading chosen."""
    found = []
    for goal in goals:
        if goal.requirement not in REQUIREMENTS[conflict.id]:
            continue
        target = conflict.targets.get(reading) if conflict.goal == goal.indicator else None
        unit = conflict.units.get(reading)
        if (target is not None and target != goal.target) or (
            unit is not None and goal.unit not in (unit, "level")
        ):
            found.append(str(goal.requirement))
    return tuple(dict.fromkeys(found))
