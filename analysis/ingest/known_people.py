"""Names of people that the exports hold in columns which are not taken over.

They are kept as keyed hashes only, so that the same names can be hidden where they stand in what
is taken over: names of files and sheets, of modules, sessions and events, owners, notes.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from analysis.client import Client, Source
from analysis.files import keep_private, write_text
from analysis.ingest.cleaning import normalise
from analysis.ingest.headers import folded, personal_reason
from analysis.ingest.privacy import Pseudonyms, names_people
from analysis.ingest.readers import RawTable
from analysis.tables import TABLES

FILE_NAME = "people.json"
_NAME = re.compile(r"[\u3400-\u9fff]{2,4}|[\u3400-\u9fff]{1,8}·[\u3400-\u9fff]{1,8}")
_REMARK = re.compile(r"[(（\[【].*")


def salt_of(client: Client, pseudonyms: Pseudonyms) -> bytes:
    """Return what the hashes of a client's names are made with."""
    if names_people(client):
        return hmac.digest(pseudonyms.key, b"crmeval names", "sha256")[:16]
    return hashlib.sha256(f"crmeval names {client.id}".encode()).digest()[:16]


def names_in(source: Source, tables: Sequence[RawTable], salt: bytes) -> set[str]:
    """Return the hashes of names in columns of names that a source drops or turns to pseudonyms."""
    spec = TABLES[source.table].columns
    wanted = {folded(header) for header in source.drop}
    for column, mapping in source.columns.items():
        if spec[column].kind == "person" or mapping.hashed:
            wanted |= {folded(header) for header in mapping.header}
    found: set[str] = set()
    for table in tables:
        for header in table.frame.columns:
            if folded(str(header)) in wanted and personal_reason(str(header)) == "name":
                found |= {_plain(cell) for cell in table.frame[header].dropna().unique()}
    return {token(salt, name) for name in found if _NAME.fullmatch(name)}


def save(folder: Path, names: Iterable[str], sites: pd.DataFrame | None, salt: bytes) -> None:
    """Write the hashes of names; those that are a part of a site's name would hide the site."""
    known = []
    if sites is not None:
        known = [str(v) for c in ("site_id", "site_name") if c in sites for v in sites[c].dropna()]
    lengths = {int(name.partition(":")[0]) for name in names}
    parts = {
        place[start : start + length]
        for place in set(known)
        for length in lengths
        for start in range(len(place) - length + 1)
    }
    kept = sorted(set(names) - {token(salt, part) for part in parts})
    body = {"salt": salt.hex(), "lengths": sorted(lengths), "names": kept}
    path = write_text(Path(folder) / FILE_NAME, json.dumps(body) + "\n")
    keep_private(path)


def token(salt: bytes, name: str) -> str:
    """Return the length and the hash of a name, e.g. ``3:`` and 16 hexadecimal digits."""
    return f"{len(name)}:{hmac.digest(salt, name.encode(), 'sha256')[:8].hex()}"


def _plain(cell: object) -> str:
    return _REMARK.sub("", normalise(str(cell))[0]).replace(" ", "")
