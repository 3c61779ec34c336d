"""What is kept of one person, and leaving a person out who asks for it."""

from __future__ import annotations

import functools
import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analysis.client import Client, ColumnMap
from analysis.errors import Fault, InputError
from analysis.ingest.cleaning import close, convert, normalise
from analysis.ingest.draft import Draft
from analysis.ingest.options import how
from analysis.ingest.privacy import Pseudonyms, domain_of, key_faults, open_key
from analysis.ingest.record import FILE_NAME
from analysis.tables import TABLES

ACTED_IN = frozenset(
    {
        ("tickets", "staff_id"),
        ("enrolments", "lecturer_id"),
        ("reactions", "lecturer_id"),
        ("assessments", "assessor_id"),
    }
)
"""Columns of people, by table, whose rows are about somebody or something else."""

_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})")
_SEPARATORS = re.compile(r"[\s().-]")
_EXACT = 1e15  # a workbook keeps 15 digits


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows of one canonical column that belong to a person.

    Attributes
    ----------
    table, column : str
        Canonical table and its column of people.
    pseudonym : str
        What stands there instead of the person, 32 hexadecimal digits.
    rows : int
        Rows with it in all runs that were looked at.
    """

    table: str
    column: str
    pseudonym: str
    rows: int


@dataclass(frozen=True, slots=True)
class Looked:
    """A run of the client, and whether it could be looked at.

    ``state`` is ``looked``; ``other_key`` where its pseudonyms were made under another key, and
    ``unreadable`` where its tables cannot be read. ``rows`` counts what was found.
    """

    run: str
    state: Literal["looked", "other_key", "unreadable"]
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """What is kept of a person, and which runs were looked at for it."""

    kept: tuple[Kept, ...]
    looked: tuple[Looked, ...]

    @property
    def everywhere(self) -> bool:
        """Whether there was a run to look at, and every run could be."""
        return bool(self.looked) and all(run.state == "looked" for run in self.looked)


@dataclass(frozen=True, slots=True)
class Person:
    """A person as the columns of a client clean them.

    Attributes
    ----------
    spelled : tuple of (str, str)
        Clean identifier and name space, each once.
    pseudonyms : tuple of str
        One for each.
    """

    spelled: tuple[tuple[str, str], ...]
    pseudonyms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person who is left out stands in the exports; ``own`` where the row is theirs."""

    file: str
    sheet: str | None
    row: int
    own: bool


def the_person(client: Client, identifier: str, pseudonyms: Pseudonyms) -> Person:
    """Return a person under every spelling that the import takes for the one typed.

    Each mapped column of people cleans it in its own way (width, case, form, pattern, aliases);
    what one column makes of it is sought in all columns of the same name space.

    Parameters
    ----------
    client : Client
        The loaded client file.
    identifier : str
        The person as any export writes it: staff number, room, phone, name.
    pseudonyms : Pseudonyms
        The client's key.
    """
    found: dict[tuple[str, str], str] = {}
    columns = list(_people_columns(client))
    ahead, seen = list(_variants(client, identifier)), set()
    while ahead:
        cell = ahead.pop()
        if cell in seen:
            continue
        seen.add(cell)
        for table, column, mapping in columns:
            value = _cleaned(client, table, column, mapping, cell)
            if value is None:
                continue
            key = (value, domain_of(column))
            if key not in found:
                found[key] = pseudonyms.one(*key)
                ahead.append(value)
    return Person(tuple(found), tuple(found.values()))


def recogniser(client: Client, who: Person) -> Callable[[str], bool]:
    """Return what tells whether a cell names a person, in any column of people."""
    columns = list(_people_columns(client))
    cores = {_core(value).lstrip("0") for value, _ in who.spelled}
    aliased = {raw for aliases in client.aliases.values() for raw in aliases}
    spelled = set(who.spelled)

    @functools.cache
    def is_theirs(cell: str) -> bool:
        core = _core(cell)
        if cell not in aliased and not any(part and part in core for part in cores):
            return False
        return any(
            (_cleaned(client, table, column, mapping, cell), domain_of(column)) in spelled
            for table, column, mapping in columns
        )

    return is_theirs


def _core(text: str) -> str:
    return _SEPARATORS.sub("", normalise(text)[0]).casefold()


def find_person(client: Client, identifier: str) -> Found:
    """Return where a person stands in the canonical tables of every run that is kept.

    Only who holds the key of the pseudonyms can ask; nothing is written.

    Parameters
    ----------
    client : Client
        The loaded client file.
    identifier : str
        As of :func:`the_person`.

    Raises
    ------
    InputError
        When the key file is missing, lost, changed, damaged or can be read by others, so that
        nobody could be found.
    """
    pseudonyms = key_to_look(client)
    person = the_person(client, identifier, pseudonyms)
    rows: dict[tuple[str, str, str], int] = {}
    looked = []
    for folder in runs_with_tables(client):
        run = folder.relative_to(_reports(client)).as_posix()
        state = state_of(folder, pseudonyms.key_id)
        here = 0
        if state == "looked":
            try:
                for key, count in _rows_in(folder, person.pseudonyms):
                    rows[key] = rows.get(key, 0) + count
                    here += count
            except (OSError, pa.ArrowInvalid):
                state = "unreadable"
        looked.append(Looked(run, state, here))
    kept = tuple(Kept(*key, count) for key, count in sorted(rows.items()))
    return Found(kept, tuple(looked))


def key_to_look(client: Client) -> Pseudonyms:
    """Return the client's pseudonyms where the key is there and that of the last import.

    Raises
    ------
    InputError
        Where nobody could be found with it.
    """
    path = client.key_path()
    pseudonyms = open_key(client, create=False)
    if path is not None and not path.exists():
        raise InputError(
            [
                Fault(
                    rule="key_missing",
                    message="There is no key of pseudonyms, so nobody can be looked up.",
                    example="the key file in its place; or, where nothing was ever run, no purge",
                    file=client.path.name,
                    column="privacy.key_file",
                )
            ]
        )
    if wrong := key_faults(client, pseudonyms):
        raise InputError(wrong)
    return pseudonyms


def runs_with_tables(client: Client) -> list[Path]:
    """Return every folder of a client's reports that holds canonical tables, in order."""
    reports = _reports(client)
    found = [*reports.glob("*/canonical"), *reports.glob("as-of/*/*/canonical")]
    return sorted(path.parent for path in found if not path.parent.is_symlink())


def leave_out(draft: Draft, gone: frozenset[str]) -> list[Place]:
    """Take the people of these pseudonyms out of a draft, count it, and say where they stood.

    Their own rows go. Rows about somebody else, in which they only acted (:data:`ACTED_IN`), stay
    without them.
    """
    places: list[Place] = []
    for column, spec in draft.table.columns.items():
        mapped = draft.source.columns.get(column)
        people = spec.kind == "person" or (mapped is not None and mapped.hashed)
        if not gone or not people or column not in draft.frame:
            continue
        theirs = draft.frame[column].isin(gone).to_numpy(dtype=bool)
        own = (draft.table.name, column) not in ACTED_IN
        for origin, row in zip(draft.origin[theirs], draft.row[theirs], strict=True):
            at = draft.origins[origin]
            places.append(Place(at.file, at.sheet, int(row), own))
        if own:
            draft.keep(~theirs, "person_left_out")
        elif theirs.any():
            draft.frame[column] = draft.frame[column].mask(theirs)
            draft.columns[column].missing["person_left_out"] = int(theirs.sum())
    return list(dict.fromkeys(places))


def _people_columns(client: Client) -> Iterator[tuple[str, str, ColumnMap]]:
    """Yield table, column and map of every column that becomes pseudonyms."""
    for source in client.sources:
        columns = TABLES[source.table].columns
        mapped: list[tuple[str, ColumnMap]] = list(source.columns.items())
        if source.unpivot:
            mapped += [(source.unpivot.value, m) for m in source.unpivot.items.values() if m.hashed]
        written = {*source.constants, *itertools.chain(*(source.inline or ()))}
        mapped += [(c, ColumnMap.model_validate(c)) for c in sorted(written) if c in columns]
        for column, mapping in mapped:
            spec = columns.get(column)
            if spec is not None and (spec.kind == "person" or mapping.hashed):
                yield source.table, column, mapping


def _variants(client: Client, identifier: str) -> Iterator[str]:
    """Yield the identifier and other ways in which a cell may write the same one."""
    typed = normalise(identifier)[0]
    yield from (identifier, typed, close(typed))
    for aliases in client.aliases.values():
        for raw, meant in aliases.items():
            if normalise(raw)[0] == typed:
                yield meant
    if typed.isdigit() and int(typed) < _EXACT:
        yield str(int(typed))  # what a spreadsheet keeps of it
    if mobile := _MOBILE.fullmatch(_SEPARATORS.sub("", typed)):
        bare = mobile[1]
        for sign in ("", " ", "-"):
            spaced = sign.join((bare[:3], bare[3:7], bare[7:]))
            for prefix in ("", "+86", "86", "0086"):
                yield from (prefix + spaced, f"{prefix} {spaced}".strip(), f"{prefix}-{spaced}")


def _cleaned(client: Client, table: str, column: str, mapping: ColumnMap, cell: str) -> str | None:
    """Return what a column makes of a cell, None where it cannot hold it."""
    spec = TABLES[table].columns[column]
    if mapping.pattern is not None:
        pattern = re.compile(mapping.pattern)
        if match := pattern.search(cell):
            cell = (match[1] if pattern.groups else match[0]) or cell
    plain = mapping
    if mapping.aliases is not None:  # who has no alias stands there as they are
        cell = client.aliases[mapping.aliases].get(cell, cell)
        plain = mapping.model_copy(update={"aliases": None})
    kind, options = how(client, column, spec, plain, None, date_system="1900", known={})
    try:
        value = convert(pd.Series([cell], dtype=object), kind, **options).values.iloc[0]  # noqa: PD011
    except ValueError:
        return None  # an option that the check of the client file refuses
    return None if pd.isna(value) else str(value)


def _reports(client: Client) -> Path:
    return client.folder.parents[1] / "reports" / client.id


def state_of(folder: Path, key_id: str) -> Literal["looked", "other_key", "unreadable"]:
    """Return whether people can be looked up in a run's tables by the key in force."""
    try:
        record = json.loads((folder / "canonical" / FILE_NAME).read_bytes())
        made_under = record["key_id"]
    except (OSError, ValueError, KeyError, TypeError):
        return "unreadable"
    return "looked" if made_under in (None, key_id) else "other_key"


def _rows_in(
    folder: Path, pseudonyms: tuple[str, ...]
) -> Iterator[tuple[tuple[str, str, str], int]]:
    """Yield the rows of each column of a run's tables that holds one of the pseudonyms."""
    sought = pa.array(pseudonyms, type=pa.string())
    for path in sorted((folder / "canonical").glob("*.parquet")):
        table: Any = pq.read_table(path)
        for column in table.column_names:
            if not pa.types.is_string(table[column].type):
                continue
            hits = table[column].filter(pc.is_in(table[column], value_set=sought))
            for counted in hits.value_counts().to_pylist():
                yield (path.stem, column, counted["values"]), int(counted["counts"])
