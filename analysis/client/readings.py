"""The contradictions between the requirements and the readings a client may choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysis import packaged


@dataclass(frozen=True, slots=True)
class Conflict:
    """One contradiction; titles and readings by language.

    Attributes
    ----------
    id : str
        ``C1`` and so on.
    title : Mapping[str, str]
        What contradicts what, by language.
    readings : Mapping[str, Mapping[str, str]]
        By the identifier that ``choices`` takes: its text in each language.
    goal : str or None
        Indicator whose target the reading gives, where a goal leaves it out.
    targets : Mapping[str, float]
        That target, by reading; readings that give none are absent.
    units : Mapping[str, str]
        Unit of goals that name none, by reading.
    record : bool
        Whether it is a matter of record: no number depends on the reading.
    """

    id: str
    title: Mapping[str, str]
    readings: Mapping[str, Mapping[str, str]]
    goal: str | None = None
    targets: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    record: bool = False


def _load() -> dict[str, Conflict]:
    raw = packaged.content(Path(__file__).with_name("readings.yml"))
    return {id: _conflict(id, entry) for id, entry in raw.items()}


def _conflict(id: str, entry: Mapping[str, Any]) -> Conflict:
    readings = entry["readings"]
    return Conflict(
        id,
        {k: entry[k] for k in ("zh_CN", "en")},
        {name: {k: words[k] for k in ("zh_CN", "en")} for name, words in readings.items()},
        goal=entry.get("goal"),
        targets={name: words["target"] for name, words in readings.items() if "target" in words},
        units={name: words["unit"] for name, words in readings.items() if "unit" in words},
        record=entry.get("record", False),
    )


READINGS: Mapping[str, Conflict] = _load()
"""Every conflict by its identifier, C1 and so on."""


def chosen_for(goal: Mapping[str, Any], choices: Mapping[str, str]) -> dict[str, Any]:
    """Return what the readings chosen say of a goal: its ``target``, its ``unit``, or neither.

    Parameters
    ----------
    goal : Mapping
        As the client file has it.
    choices : Mapping[str, str]
        Reading by contradiction.
    """
    found: dict[str, Any] = {}
    for conflict in READINGS.values():
        reading = choices.get(conflict.id, "")
        if conflict.goal == goal.get("indicator") and reading in conflict.targets:
            found["target"] = conflict.targets[reading]
        if reading in conflict.units:
            found["unit"] = conflict.units[reading]
    return found


def completed(raw: Any) -> Any:
    """Return a client file whose goals have the targets and units that their readings give.

    What a goal says itself stays; what is no mapping or no list is left for the schema to refuse.

    Parameters
    ----------
    raw : Any
        The client file as the YAML has it.
    """
    if not isinstance(raw, Mapping) or not isinstance(raw.get("goals"), list | tuple):
        return raw
    choices = raw.get("choices")
    if not isinstance(choices, Mapping):
        return raw
    goals = [
        {**chosen_for(goal, choices), **goal} if isinstance(goal, Mapping) else goal
        for goal in raw["goals"]
    ]
    return {**raw, "goals": goals}
