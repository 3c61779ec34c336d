"""Write ``docs/contradictions.md``: which choice between contradictory requirements moves what.

Run as ``python tools/contradictions.py``. The values are those that the set ``crm_course`` and the
goals get under each reading; a test compares the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis import standards, wording
from analysis.client.readings import READINGS, completed
from analysis.monitoring import rules

PAGE = Path(__file__).resolve().parents[1] / "docs" / "contradictions.md"
HEADER = """\
# Contradictory requirements

The source documents contradict each other in these places. A client chooses under `choices` in its
[client file](client-file.md); what it leaves open is listed in the design report, and what depends
on it is not judged. Written by `tools/contradictions.py` from the set of standards `crm_course`:
beside each reading stand the values that it gives and other readings of the same contradiction do
not. `line` is a value the programme is held to, `alert` the line of an alert rule, `gate` a
criterion of a stage review or a quarter, `goal` what a goal gets that leaves its target or unit to
the reading. A choice without values is a matter of record, on which no number depends.
"""
RATIO = "C8"
"""Chooses which ratio is held to the line, so its reading is the value."""


def moved() -> dict[str, dict[str, dict[str, Any]]]:
    """Return by contradiction and reading what has another value under another reading."""
    found = {}
    for id, conflict in READINGS.items():
        under = {reading: _values(id, reading) for reading in conflict.readings}
        apart = [
            name
            for name in dict.fromkeys(name for values in under.values() for name in values)
            if len({repr(values.get(name)) for values in under.values()}) > 1
        ]
        found[id] = {
            reading: {name: values[name] for name in apart if name in values}
            for reading, values in under.items()
        }
    return found


def _values(id: str, reading: str) -> dict[str, Any]:
    """Return every value that a client gets who has chosen this reading alone."""
    lines = standards.resolved(standards.whole("crm_course"), {id: reading}, examples=True)
    values = {f"line `{name}`": drawn.value for name, drawn in lines.drawn.items()}
    values |= {f"alert `{rule.id}`": rule.line for rule in rules(lines)}
    for goal, rule in {**lines.gates, **lines.quarters}.items():
        for criterion in rule["criteria"]:
            values[f"gate `{goal}.{criterion['measure']}`"] = criterion.get("line", "asked")
    if id == RATIO:
        values["line `return_ratio`"] = f"{values['line `return_ratio`']} of {reading}"
    goal = READINGS[id].goal or "csat_top2"
    (asked,) = completed({"choices": {id: reading}, "goals": [{"indicator": goal}]})["goals"]
    given = {part: asked[part] for part in ("target", "unit") if part in asked}
    return values | {f"goal `{goal}` {part}": value for part, value in given.items()}


def page() -> str:
    """Return the page."""
    rows = ["| | contradiction | moves | reading | gives |", "|---|---|---|---|---|"]
    for id, readings in moved().items():
        question = wording.text(f"design.conflicts.{id}.question", "en")
        moves = wording.text(f"design.conflicts.{id}.moves", "en")
        for number, (reading, values) in enumerate(readings.items()):
            head = (id, question, moves) if number == 0 else ("", "", "")
            gives = "; ".join(f"{name} = {_plain(value)}" for name, value in values.items())
            rows.append("| " + " | ".join([*head, f"`{reading}`", gives or "—"]) + " |")
    return HEADER + "\n" + "\n".join(rows) + "\n"


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {part}" for name, part in value.items())
    return str(value)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
