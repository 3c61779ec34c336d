"""What a proposed client file leaves to a person: every DECIDE, and what may stand there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analysis.client.faults import place
from analysis.client.lines import Lines
from analysis.errors import Fault
from analysis.tables import TABLES

UNDECIDED = "DECIDE"
"""Stands in a proposed client file wherever a person must decide."""


def undecided(raw: Mapping[str, Any], *, name: str, lines: Lines) -> list[Fault]:
    """Return one fault for each DECIDE of a client file, with what may stand there."""
    faults = []
    for path in _paths(raw, ()):
        kind, known = _kind(raw, path)
        source = raw["sources"][path[1]] if path[0] == "sources" and len(path) > 1 else {}
        faults.append(
            place(
                "client_undecided",
                "{header} is still to be decided.",
                "one of: {known}" if known else "see docs/client-file.md",
                name=name,
                lines=lines,
                path=path,
                header=str(path[-1]),
                known=", ".join(known),
                table=str(source.get("table")),
                right_key=f"faults.undecided.{kind}",
            )
        )
    return faults


def decisions_first(faults: Sequence[Fault], open_ones: Sequence[Fault]) -> list[Fault]:
    """Return all faults but those that only say that DECIDE is no value."""
    return [*open_ones, *(fault for fault in faults if fault.value != UNDECIDED)]


def _paths(node: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _paths(value, (*path, key))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _paths(value, (*path, number))
    elif node == UNDECIDED:
        yield path


def _kind(raw: Mapping[str, Any], path: tuple[str | int, ...]) -> tuple[str, Sequence[str]]:
    """Return what is to be decided, and the values it may have."""
    if path[0] == "period":
        return "month", ()
    if path[0] == "privacy":
        return ("purpose" if path[-1] == "purpose" else "basis"), ()
    if path[:2] == ("client", "name"):
        return "name", ()
    if path[0] == "instruments" and path[-1] == "scale":
        return "scale", ()
    if path[0] == "instruments" and path[-1] == "satisfied":
        return "satisfied", ()
    if path[0] == "aliases":
        return "alias", ()
    if path[0] == "labels":
        return "answer", ()
    if path[0] != "sources" or len(path) < 3:
        return "other", ()
    if path[2] == "table":
        return "table", tuple(TABLES)
    if path[2] == "drop":
        free = _free_columns(raw["sources"][path[1]])
        if {"item", "score"} <= set(free):
            return "drop_question", free
        return ("drop" if free else "drop_alone"), free
    if path[-1] == "quarter":
        return "quarter", ()
    if path[-1] == "instrument":
        return "instrument", ()
    if path[2] == "columns" and len(path) == 4:
        return "column", ()
    if "columns" in path and "labels" in path:
        table = TABLES.get(str(raw["sources"][path[1]].get("table")))
        column = table.columns.get(str(path[3])) if table is not None else None
        return "label", () if column is None else column.labels
    return "other", ()


def _free_columns(source: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns of a source's table that nothing gives yet."""
    table = TABLES.get(str(source.get("table")))
    if table is None:
        return ()
    given = {
        column
        for place in ("columns", "constants")
        for column, value in (source.get(place) or {}).items()
        if value != UNDECIDED
    }
    return tuple(column for column in table.columns if column not in given)
