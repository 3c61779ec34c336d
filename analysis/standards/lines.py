"""Sets of standards, put together and resolved to the lines that are in force for one client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from analysis import packaged

_FOLDER = Path(__file__).parent
DEFAULT = "evaluation"
"""The set of a client that names none: what is asked of everybody."""

SECTIONS = ("lines", "alerts", "gates", "quarters", "documents")
"""Parts of a set: each maps names to what is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A line that may be drawn.

    Attributes
    ----------
    unit : str
        Unit of its value.
    low, high : float
        Values it may have, both included.
    keys : tuple of str or None
        One number for each of these; None where it is a single number, empty where they are free.
    """

    unit: str
    low: float
    high: float
    keys: tuple[str, ...] | None = None


@cache
def names() -> Mapping[str, Name]:
    """Return every line that may be drawn, as ``names.yml`` explains them."""
    entries = packaged.content(_FOLDER / "names.yml")
    return {
        name: Name(**entry | ({"keys": tuple(entry["keys"])} if "keys" in entry else {}))
        for name, entry in entries.items()
    }


@cache
def measures() -> Mapping[str, Mapping[str, str]]:
    """Return what a criterion of a gate may ask for, as ``measures.yml`` explains it."""
    found: Mapping[str, Mapping[str, str]] = packaged.content(_FOLDER / "measures.yml")
    return found


def set_names() -> tuple[str, ...]:
    """Return the names of the ready-made sets."""
    return tuple(path.stem for path in sorted((_FOLDER / "sets").glob("*.yml")))


@cache
def ready_made() -> Mapping[str, Mapping[str, Any]]:
    """Return the sets of the source documents by name, as they are written."""
    return {name: packaged.content(_FOLDER / "sets" / f"{name}.yml") for name in set_names()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A line as it is in force.

    Attributes
    ----------
    value : float or dict
        In the unit of its :class:`Name`; by key where there are several.
    requirement : str
        Requirement it comes from; empty for a line of the client's own.
    """

    value: Any
    requirement: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document that is asked for.

    Attributes
    ----------
    title : str
        As it is cited, without the brackets.
    requirement : str
        Requirement that names it; empty for one of the client's own.
    always : bool
        Whether every programme needs it; others only arise when something happens.
    """

    title: str
    requirement: str = ""
    always: bool = True


@dataclass(frozen=True, kw_only=True)
class Lines:
    """What one client's programme is held to.

    Attributes
    ----------
    drawn : Mapping[str, Drawn]
        By name; a line that is not drawn holds nobody to anything.
    open : Mapping[str, str]
        Lines that wait for the client's reading of a contradiction, and of which one.
    alerts : Mapping[str, Mapping]
        Alert rule → ``line``, ``requirement`` and what of the rule is the client's.
    gates, quarters : Mapping[str, Mapping]
        ``requirement, criteria``; of quarters the ``gate`` they end with.
    documents : Mapping[str, Document]
        By name.
    choices : Mapping[str, str]
        The client's readings of contradictions.
    """

    drawn: Mapping[str, Drawn] = field(default_factory=dict)
    open: Mapping[str, str] = field(default_factory=dict)
    alerts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    gates: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    quarters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    documents: Mapping[str, Document] = field(default_factory=dict)
    choices: Mapping[str, str] = field(default_factory=dict)

    def of(self, name: str) -> Any:
        """Return the value of a line; None where it is not drawn.

        Raises
        ------
        KeyError
            For a name that no line has.
        """
        if name not in names():
            raise KeyError(f"no line {name!r}; known: {', '.join(names())}")
        found = self.drawn.get(name)
        return None if found is None else found.value

    def requirement(self, name: str) -> str | None:
        """Return the requirement a line comes from; None for one of the client's own."""
        found = self.drawn.get(name)
        return (found.requirement or None) if found else None


def merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return a set with another one laid over it.

    A single number is a line; an entry of ``alerts`` changes what it names of the entry below it,
    every other entry replaces it; an empty one (null) takes it away.

    Parameters
    ----------
    base, own : Mapping
        Sets as they are written; ``own`` wins.
    """
    found = {section: dict(base.get(section) or {}) for section in SECTIONS}
    for section in SECTIONS:
        for name, entry in (own.get(section) or {}).items():
            if entry is None:
                found[section].pop(name, None)
            elif section == "lines":
                bare = not (isinstance(entry, Mapping) and {"value", "readings"} & set(entry))
                found[section][name] = {"value": entry} if bare else entry
            elif section == "alerts":
                changed = entry if isinstance(entry, Mapping) else {"line": entry}
                below = found[section].get(name, {})
                if "line" in changed:  # a line of its own does not come from the requirement
                    below = {k: v for k, v in below.items() if k not in ("requirement", "unless")}
                found[section][name] = {**below, **changed}
            else:
                found[section][name] = entry
    return found


def whole(name: str) -> dict[str, Any]:
    """Return a ready-made set with those it starts from."""
    written = ready_made()[name]
    base = whole(written["extends"]) if written.get("extends") else {}
    return merged(base, written)


def resolved(
    written: Mapping[str, Any], choices: Mapping[str, str], *, examples: bool = False
) -> Lines:
    """Return the lines of a set that are in force under a client's readings.

    Parameters
    ----------
    written : Mapping
        As of :func:`merged`.
    choices : Mapping
        Reading by contradiction.
    examples : bool
        Whether figures that the source documents take as an example are this client's too. If
        not, a count gives way to what stands beside it as ``otherwise``, or is not asked.
    """
    drawn, waiting = {}, {}
    for name, entry in written["lines"].items():
        if entry.get("example") and not examples:
            continue
        reading = choices.get(entry.get("conflict", ""))
        chosen = entry.get("readings", {}).get(reading or "")
        value = entry.get("value") if chosen is None else chosen
        if value is not None:
            drawn[name] = Drawn(value=value, requirement=entry.get("requirement", ""))
        elif reading is None:
            waiting[name] = entry["conflict"]
    return Lines(
        drawn=drawn,
        open=waiting,
        alerts=written["alerts"],
        gates={id: _gate(gate, choices, examples) for id, gate in written["gates"].items()},
        quarters={id: _gate(gate, choices, examples) for id, gate in written["quarters"].items()},
        documents={id: Document(**entry) for id, entry in written["documents"].items()},
        choices=choices,
    )


def _gate(gate: Mapping[str, Any], choices: Mapping[str, str], examples: bool) -> dict[str, Any]:
    """Return a gate with the criteria that are in force, each with its requirement."""
    criteria = []
    for criterion in gate["criteria"]:
        found = _of_client(criterion) if criterion.get("example") and not examples else criterion
        if found is None or not _under(found.get("only", {}), choices):
            continue
        unit = measures()[found["measure"]].get("unit")
        found = {"requirement": gate.get("requirement", ""), "unit": unit, **found}
        if "readings" in found:  # without a reading a person says whether it is enough
            line = found.pop("readings").get(choices.get(found["conflict"], ""))
            if line is None:
                found.pop("report", None)
            found |= {"confirm": True} if line is None else {"line": line}
        criteria.append(found)
    return {**gate, "criteria": criteria}


def _under(only: Mapping[str, Any], choices: Mapping[str, str]) -> bool:
    """Return whether a criterion is asked under the readings chosen; ``open`` is none."""
    return all(choices.get(id, "open") in readings for id, readings in only.items())


def _of_client(criterion: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what a criterion asks of a client that does not take over its example."""
    if criterion.get("confirm"):
        return {name: v for name, v in criterion.items() if name != "line"}
    otherwise: Mapping[str, Any] | None = criterion.get("otherwise")
    return otherwise


def course(choices: Mapping[str, str] | None = None) -> Lines:
    """Return the lines of the course (001): what methods hold to where nobody says otherwise.

    No stage falls back on them: a client's own are handed to every step.

    Parameters
    ----------
    choices : Mapping, optional
        Reading by contradiction; none is chosen without it.
    """
    return resolved(whole("crm_course"), choices or {}, examples=True)
