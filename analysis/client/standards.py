"""What the client's programme is held to: a ready-made set, one of its own, lines beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from analysis import packaged, standards
from analysis.client.base import Bilingual, Part, Text, refused
from analysis.client.faults import from_pydantic, nearest, no_such, place
from analysis.client.lines import Lines, read_yaml
from analysis.errors import Fault, InputError

FOLDER = "standards"
"""Folder beside the client file in which its own sets lie."""


def _as_value(entry: Any) -> Any:
    written = isinstance(entry, Mapping) and {"value", "readings"} & set(entry)
    return entry if entry is None or written else {"value": entry}


def _as_line(entry: Any) -> Any:
    return entry if entry is None or isinstance(entry, Mapping) else {"line": entry}


Number = float | dict[str, float]


class OwnLine(Part):
    """A line: its value, or one for each reading of a contradiction of the source documents."""

    value: Number | None = None
    conflict: str | None = None
    readings: dict[str, Number] = Field(default_factory=dict)
    requirement: str = ""
    example: bool = False


class AlertLine(Part):
    """Where an alert rule of the programme begins, and what is to be done about it by whom."""

    line: float | None = Field(default=None, gt=0, lt=1)
    min_n: int | None = Field(default=None, ge=5)
    grade: int | None = Field(default=None, ge=1, le=3)
    owner: str | None = None
    due_days: int | None = Field(default=None, ge=1)
    requirement: str = ""
    unless: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class Criterion(Part):
    """One thing that a gate asks: measured against a line, judged by a report, or confirmed.

    ``confirm: true``: a person says whether it is reached; a ``line`` is then what is asked of.
    ``report``: the verdict on ``target`` at that ``horizon`` is taken over. ``otherwise`` stands
    in for an example that the client does not take over. ``only: {C3: [open, both]}``: asked under
    these readings of a contradiction, ``open`` while none is chosen.
    """

    measure: str
    line: float | None = None
    confirm: bool = False
    report: str | None = None
    target: str | None = None
    horizon: str | None = None
    conflict: str | None = None
    readings: dict[str, float] = Field(default_factory=dict)
    only: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    requirement: str = ""
    example: bool = False
    otherwise: Criterion | None = None

    @model_validator(mode="after")
    def _asks(self) -> Criterion:
        if self.line is None and not (self.confirm or self.report or self.readings):
            raise refused("criterion", "a criterion has a line, a report, or confirm: true")
        share = standards.measures().get(self.measure, {}).get("unit") == "share"
        asked = (self.line, *self.readings.values())
        if any(line is not None and not 0 <= line <= (1 if share else 1e6) for line in asked):
            raise refused("standard_range", "a line is 0 or more, and a share at most 1")
        return self


class Gate(Part):
    """A gate: the milestone that is called so, and what is asked on its day."""

    criteria: tuple[Criterion, ...] = Field(min_length=1)
    requirement: str = ""


class Quarter(Gate):
    """What a quarter is to reach, judged on the day of the gate it ends with."""

    gate: str


class Required(Part):
    """A document that is asked for, by its title."""

    title: Text
    requirement: str = ""
    always: bool = True


class Written(Part):
    """A set of standards as it is written, in a file of its own or in the client file."""

    lines: dict[str, Annotated[OwnLine | None, BeforeValidator(_as_value)]] = Field(
        default_factory=dict
    )
    alerts: dict[str, Annotated[AlertLine | None, BeforeValidator(_as_line)]] = Field(
        default_factory=dict
    )
    gates: dict[str, Gate | None] = Field(default_factory=dict)
    quarters: dict[str, Quarter | None] = Field(default_factory=dict)
    documents: dict[str, Required | None] = Field(default_factory=dict)

    @field_validator("lines")
    @classmethod
    def _within(cls, lines: dict[str, OwnLine | None]) -> dict[str, OwnLine | None]:
        for name, entry in lines.items():
            known = standards.names().get(name)
            if known is not None and entry is not None:
                _hold(name, known, entry)
        return lines

    def content(self) -> dict[str, Any]:
        """Return what is written, as :func:`analysis.standards.merged` takes it."""
        return self.model_dump(include=set(standards.SECTIONS), exclude_unset=True)


class SetFile(Written):
    """A file of standards: it may start from a ready-made set."""

    title: Bilingual | None = None
    document: str = ""
    extends: str | None = None


class Standards(Written):
    """The client's standards: a set by name, and what differs from it.

    Attributes
    ----------
    set : str
        A ready-made set (``crm_course``, ``villa``, ``crm_process``, ``service_appraisal``,
        ``evaluation``) or a file ``standards/<name>.yml`` beside the client file.
    examples : bool
        Whether figures that the source documents take as an example are this client's too.
    """

    set: str = standards.DEFAULT
    examples: bool = False


def _hold(name: str, known: standards.Name, entry: OwnLine) -> None:
    """Refuse values that a line cannot have, and keys that it does not know."""
    values = [v for v in (entry.value, *entry.readings.values()) if v is not None]
    if not values:
        raise refused("standard_value", f"{name} has no value")
    for value in values:
        if isinstance(value, dict) != (known.keys is not None):
            raise refused("standard_shape", f"{name}: one number, or one for each of several")
        numbers = value if isinstance(value, dict) else {"": value}
        if known.keys and not set(numbers) <= set(known.keys):
            raise refused("standard_shape", f"{name} has the keys {', '.join(known.keys)}")
        if any(not known.low <= number <= known.high for number in numbers.values()):
            raise refused("standard_range", f"{name} lies between {known.low} and {known.high}")


def named(entry: Any) -> Any:
    """Take the bare name of a set for a mapping that names it."""
    return {"set": entry} if isinstance(entry, str) else entry


def put_together(written: Standards, folder: Path | None) -> dict[str, Any]:
    """Return a client's standards over the set they name.

    Parameters
    ----------
    written : Standards
        Of the client file.
    folder : Path or None
        Folder of the client file, where a set of its own lies; only ready-made ones without.

    Raises
    ------
    InputError
        With every fault of a set of its own, or where there is none of that name.
    """
    return standards.merged(_base(written.set, folder), written.content())


def _base(name: str, folder: Path | None) -> dict[str, Any]:
    if name in standards.ready_made():
        return standards.whole(name)
    path = None if folder is None else folder / FOLDER / f"{name}.yml"
    if path is None or not path.is_file():
        raise InputError([_no_set(name)])
    file = f"{FOLDER}/{path.name}"
    raw, lines = read_yaml(path, file)
    try:
        found = SetFile.model_validate(raw)
    except ValidationError as error:
        raise InputError(from_pydantic(error, SetFile, name=file, lines=lines)) from error
    if wrong := list(unknown(raw, (), name=file, lines=lines)):
        raise InputError(wrong)
    return standards.merged(standards.whole(found.extends or standards.DEFAULT), found.content())


def _no_set(name: str, where: Mapping[str, Any] | None = None) -> Fault:
    known = tuple(standards.ready_made())
    near = nearest(name, known)
    return place(
        "client_standards_unknown",
        "There is no set of standards called {word}.",
        "{near}" if near else "one of: {known}; or a file standards/{word}.yml beside client.yml",
        **(where or _NOWHERE),
        value=name,
        word=name,
        near=near or "",
        known=", ".join(known),
    )


_NOWHERE: Mapping[str, Any] = {"name": "client.yml", "lines": Lines({}), "path": ("standards",)}
_ALERTS = Path(__file__).parents[1] / "monitoring" / "alerts" / "rules.yml"


def unknown(
    written: Any, path: tuple[str | int, ...], *, name: str, lines: Lines
) -> Iterator[Fault]:
    """Yield a fault for every line, rule, measure and set that there is not.

    Parameters
    ----------
    written : Mapping
        Standards as the YAML has them.
    path : tuple
        Where they stand in their file.
    name : str
        Name of the file.
    lines : Lines
        Lines of the file.
    """
    if not isinstance(written, Mapping):
        return
    where: dict[str, Any] = {"name": name, "lines": lines}
    base = written.get("extends")
    if isinstance(base, str) and base not in standards.ready_made():
        yield _no_set(base, {**where, "path": (*path, "extends")})
    known = {"lines": tuple(standards.names()), "alerts": tuple(packaged.content(_ALERTS))}
    for section, words in known.items():
        for word in written.get(section) or ():
            if word not in words:
                at = (*path, section, word)
                yield no_such("standard", str(word), words, path=at, **where)
    measures = tuple(standards.measures())
    for section in ("gates", "quarters"):
        for id, gate in (written.get(section) or {}).items():
            criteria = gate.get("criteria") if isinstance(gate, Mapping) else None
            for number, criterion in enumerate(criteria if isinstance(criteria, list) else ()):
                word = criterion.get("measure") if isinstance(criterion, Mapping) else None
                if isinstance(word, str) and word not in measures:
                    at = (*path, section, id, "criteria", number, "measure")
                    yield no_such("standard", word, measures, path=at, **where)
