"""Keyed pseudonyms for people, and keeping direct identifiers out of everything written."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import os
import re
import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analysis.client import Client
from analysis.errors import Fault, InputError
from analysis.files import project_root
from analysis.ingest.bytewise import distinct_if_few
from analysis.ingest.identifiers_seen import SUSPICIOUS, identifier_kind
from analysis.ingest.left_out import LeftOut, open_list
from analysis.ingest.record import earlier_records
from analysis.tables import TABLES

_DOMAINS = {"household_id": "household"}
_STRING = pd.ArrowDtype(pa.string())


def domain_of(column: str) -> str:
    """Return the name space of a column's pseudonyms: households, or all other people."""
    return _DOMAINS.get(column, "person")


_REMEMBERED = 400_000
"""Pseudonyms of a name space that are remembered at a time."""


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """HMAC-SHA256 pseudonyms under one secret key; the key never shows in ``repr``.

    Attributes
    ----------
    key : bytes
        The secret.
    asked : frozenset of str
        Pseudonyms that stay out, as ``privacy.leave_out`` names them.
    left_out : LeftOut or None
        Those who stay out whatever the key.
    met : dict
        Clean identifier and name space, by pseudonym, of the people met so far who stay out.
    made : dict
        Pseudonyms made lately, by name space.
    """

    key: bytes = field(repr=False)
    asked: frozenset[str] = frozenset()
    left_out: LeftOut | None = field(default=None, compare=False)
    met: dict[str, tuple[str, str]] = field(default_factory=dict, compare=False, repr=False)
    made: dict[str, dict[str, str]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def key_id(self) -> str:
        """Tells one key from another without giving anything of it away."""
        return hmac.digest(self.key, b"crmeval key id", "sha256")[:4].hex()

    def of(self, values: pd.Series, column: str) -> pd.Series:
        """Return the pseudonyms of a column; equal people get equal ones, NULL stays NULL.

        Parameters
        ----------
        values : Series of string
            Clean identifiers.
        column : str
            Canonical column: households and employees have separate name spaces, all
            columns of employees (rater, ratee, assessor …) share one.
        """
        domain = domain_of(column)
        coded = pa.array(values, pa.string(), from_pandas=True).dictionary_encode()
        if isinstance(coded, pa.ChunkedArray):
            coded = coded.combine_chunks()
        texts = coded.dictionary.to_pylist()
        known = self._known(texts, domain)
        tokens = set()
        if self.left_out is not None:
            told = self.left_out.known
            tokens = {*self.left_out.people, *(told[p] for p in self.asked if p in told)}
        for value, pseudonym in zip(texts, known, strict=True) if tokens or self.asked else ():
            by_token = tokens and self.left_out.token(value, domain) in tokens
            if by_token or pseudonym in self.asked:
                self.met[pseudonym] = (value, domain)
        named = pa.array(known, pa.string()).take(coded.indices)
        return pd.Series(pd.array(named, dtype=_STRING), index=values.index)

    def _known(self, values: list[str], domain: str) -> list[str]:
        """Return the pseudonyms of values; those made lately are not made again."""
        made = self.made.setdefault(domain, {})
        if len(made) > _REMEMBERED:
            made.clear()
        known = list(map(made.get, values))
        for place in [i for i, pseudonym in enumerate(known) if pseudonym is None]:
            known[place] = made[values[place]] = self.one(values[place], domain)
        return known

    def one(self, value: str, domain: str) -> str:
        """Return the pseudonym of one value: 32 hexadecimal digits, 128 bits."""
        return hmac.digest(self.key, f"{domain}\x1f{value}".encode(), "sha256")[:16].hex()


def open_key(client: Client, *, create: bool = True) -> Pseudonyms:
    """Return the client's pseudonyms; the key file is made at first use with mode 0600.

    Parameters
    ----------
    client : Client
        Whose key.
    create : bool
        Make a missing key; False uses one that is thrown away (nothing is written).

    Raises
    ------
    InputError
        When the key file lies inside the client's folder, is empty, or others can read it.
    """
    key = _key(client, create=create)
    return Pseudonyms(key, frozenset(client.privacy.leave_out), open_list(client))


def _key(client: Client, *, create: bool) -> bytes:
    path = client.key_path()
    if path is None:
        return hashlib.sha256(client.privacy.demo_key.encode()).digest()
    path = path.resolve()
    if path.is_relative_to(client.folder.resolve()):
        raise InputError([_key_fault(client, "key_in_folder", "The key lies beside the data.")])
    project = client.folder.resolve().parents[1]
    open_places = (project_root(), project / "data", project / "reports")
    if any(path.is_relative_to(place) for place in open_places):
        raise InputError([_key_fault(client, "key_in_project", "The key lies in the project.")])
    if path.is_dir():
        raise InputError([_key_fault(client, "key_is_folder", "The key file is a folder.")])
    if not path.exists():
        if client.privacy.key_id != "new" and (record := last_record(client)) is not None:
            raise InputError([_key_changed(client, "key_lost", record)])
        key = secrets.token_hex(32)
        if create:
            _write_key(path, key)
        return bytes.fromhex(key)
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise InputError([_key_fault(client, "key_readable", "Others can read the key file.")])
    text = path.read_text(encoding="ascii", errors="replace").strip()
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise InputError([_key_fault(client, "key_damaged", "The key file holds no key.")])
    return bytes.fromhex(text)


def key_faults(client: Client, pseudonyms: Pseudonyms) -> list[Fault]:
    """Return a fault when the key is not that of the client's last ingest.

    ``privacy.key_id`` in the client file says that the change is known.
    """
    if client.key_path() is None or client.privacy.key_id in ("new", pseudonyms.key_id):
        return []
    found = last_record(client)
    if found is None or found[1] == pseudonyms.key_id:
        return []
    return [_key_changed(client, "key_changed", found, key_id=pseudonyms.key_id)]


def retention_faults(client: Client, today: dt.date) -> list[Fault]:
    """Return a fault when the last day of ``privacy.retain_until`` is over; no run starts then.

    Data that were made up are nobody's and may be kept.
    """
    until = client.privacy.retain_until
    if until is None or today <= until or client.client.simulated:
        return []
    return [
        Fault(
            rule="retention_over",
            message="The data may not be kept any longer.",
            example="crmeval purge CLIENT --all; or a later day, if a legal basis allows it",
            file=client.path.name,
            row=client.line_of("privacy", "retain_until"),
            column="privacy.retain_until",
            value=until.isoformat(),
        )
    ]


def last_record(client: Client) -> tuple[str, str] | None:
    """Return the place of the newest ingest record that names a key, and that key's identifier."""
    project = client.folder.resolve().parents[1]
    for path in earlier_records(client):
        try:
            body = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, OSError):
            continue  # a run being written or removed has no say
        if isinstance(body, dict) and isinstance(key_id := body.get("key_id"), str):
            return path.relative_to(project).as_posix(), key_id
    return None


def _key_changed(client: Client, rule: str, record: tuple[str, str], **params: str) -> Fault:
    found = _key_fault(client, rule, "The key of the last ingest is not there any more.")
    return replace(found, params={"record": record[0], **params})


def _write_key(path: Path, key: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii", newline="") as file:
        file.write(key + "\n")
        file.flush()
        os.fsync(file.fileno())


def _key_fault(client: Client, rule: str, message: str) -> Fault:
    return Fault(
        rule=rule,
        message=message,
        example="~/.config/crmeval/<client>.key with mode 0600, made at first use",
        file=client.path.name,
        row=client.line_of("privacy", "key_file"),
        column="privacy.key_file",
    )


def names_people(client: Client) -> bool:
    """Return whether any source maps a column that becomes a pseudonym."""
    for source in client.sources:
        columns = TABLES[source.table].columns
        named = {*source.columns, *source.constants, *(c for r in source.inline or () for c in r)}
        mapped = [
            *source.columns.values(),
            *(source.unpivot.items.values() if source.unpivot else ()),
        ]
        if any(columns[c].kind == "person" for c in named) or any(m.hashed for m in mapped):
            return True
    return False


def personal_values(values: pd.Series) -> pd.Series:
    """Return which values look like a direct identifier, as the kind's name or missing."""
    cells = pa.array(values, type=pa.string(), from_pandas=True)
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks()
    cells = distinct_if_few(cells)
    suspects = cells.filter(pc.match_substring_regex(cells, SUSPICIOUS)).unique().to_pylist()
    kinds = {value: found for value in suspects if (found := identifier_kind(value))}
    return values.map(kinds) if kinds else pd.Series(None, index=values.index, dtype=_STRING)


def looks_personal(text: str | None) -> bool:
    """Return whether a text holds something shaped like a direct identifier."""
    return text is not None and identifier_kind(text) is not None
