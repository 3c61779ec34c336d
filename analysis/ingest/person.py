"""What is kept of one person, and leaving a person out who asks for it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pyarrow.parquet as pq

from analysis.client import Client
from analysis.ingest.cleaning import convert
from analysis.ingest.draft import Draft
from analysis.ingest.options import how
from analysis.ingest.privacy import domain_of, open_key
from analysis.newest import latest, pointed_at
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
        Rows with it in the newest complete run; 0 without a run.
    """

    table: str
    column: str
    pseudonym: str
    rows: int


def find_person(client: Client, identifier: str) -> list[Kept]:
    """Return where a person stands in the canonical tables of the newest complete run.

    Only who holds the key of the pseudonyms can ask; nothing is written.

    Parameters
    ----------
    client : Client
        The loaded client file.
    identifier : str
        The person as the exports write it (staff number, room, phone); it is cleaned as each
        mapped column is (width, case, form).

    Returns
    -------
    list of Kept
        One entry a mapped column of people that can hold the identifier, in file order.

    Raises
    ------
    InputError
        When the key file is lost, damaged or can be read by others.
    """
    pseudonyms = open_key(client, create=False)
    reports = client.folder.parents[1] / "reports" / client.id
    # A run whose manifest is damaged keeps people too.
    newest = pointed_at(reports) or latest(reports)
    found: dict[tuple[str, str, str], Kept] = {}
    for source in client.sources:
        for column, mapping in source.columns.items():
            spec = TABLES[source.table].columns.get(column)
            if spec is None or spec.kind != "person":
                continue
            kind, options = how(client, column, spec, mapping, None, date_system="1900", known={})
            cells = convert(pd.Series([identifier]), kind, **options).values  # noqa: PD011
            if cells.isna().iloc[0]:
                continue
            pseudonym = pseudonyms.one(cells.iloc[0], domain_of(column))
            path = newest and newest / "canonical" / f"{source.table}.parquet"
            rows = 0
            if path and path.is_file():
                rows = pq.read_table(path, columns=[column])[column].to_pylist().count(pseudonym)
            key = (source.table, column, pseudonym)
            found[key] = Kept(source.table, column, pseudonym, rows)
    return list(found.values())


def leave_out(draft: Draft, client: Client) -> None:
    """Take the people under ``privacy.leave_out`` out of a draft, and count it.

    Their own rows go. Rows about somebody else, in which they only acted (:data:`ACTED_IN`), stay
    without them.
    """
    gone = set(client.privacy.leave_out)
    for column, spec in draft.table.columns.items():
        if not gone or spec.kind != "person" or column not in draft.frame:
            continue
        theirs = draft.frame[column].isin(gone).to_numpy(dtype=bool)
        if (draft.table.name, column) not in ACTED_IN:
            draft.keep(~theirs, "person_left_out")
        elif theirs.any():
            draft.frame[column] = draft.frame[column].mask(theirs)
            draft.columns[column].missing["person_left_out"] = int(theirs.sum())
