"""Who stays out at the import, remembered beside the key so that it outlives a change of it.

A pseudonym in ``privacy.leave_out`` says nothing under another key. What is remembered here is a
keyed hash under a secret of its own, in a file outside the project: ``<client>.left-out``.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from analysis.client import Client
from analysis.errors import Fault, InputError
from analysis.files import account_home, clear_unfinished, replace_file
from analysis.ingest import receipts

_HEX = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The list of people who stay out.

    Attributes
    ----------
    secret : bytes
        Key of the tokens; made with the list, never changed.
    people : frozenset of str
        Tokens of people who were purged.
    known : Mapping of str to str
        Token by pseudonym, for the pseudonyms that once stood in ``privacy.leave_out``.
    """

    secret: bytes = field(repr=False)
    people: frozenset[str] = frozenset()
    known: Mapping[str, str] = field(default_factory=dict)

    @property
    def list_id(self) -> str:
        """Tells one list from another without giving anything of it away."""
        return hmac.digest(self.secret, b"crmeval list id", "sha256")[:4].hex()

    def token(self, value: str, domain: str) -> str:
        """Return the token of a clean identifier: 32 hexadecimal digits."""
        return hmac.digest(self.secret, f"{domain}\x1f{value}".encode(), "sha256")[:16].hex()

    def save(self, path: Path) -> None:
        """Write the list for its owner alone."""
        body = {
            "secret": self.secret.hex(),
            "people": sorted(self.people),
            "known": dict(sorted(self.known.items())),
        }

        def write(unfinished: Path) -> None:
            handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii", newline="") as file:
                file.write(json.dumps(body, indent=1) + "\n")

        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        clear_unfinished(path.parent, below=False)
        replace_file(path, write)


def list_path(client: Client) -> Path:
    """Return where a client's list lies: beside the key of its pseudonyms."""
    key = client.key_path()
    if key is None:
        return account_home() / ".config" / "crmeval" / f"{client.id}.left-out"
    return key.with_suffix(".left-out")


def open_list(client: Client) -> LeftOut | None:
    """Return a client's list; None where nobody was ever left out.

    Raises
    ------
    InputError
        When the list is damaged or can be read by others.
    """
    path = list_path(client)
    if not path.is_file():
        return None
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise InputError([_fault(client, "left_out_readable", path)])
    try:
        body = json.loads(path.read_bytes())
        people, known = frozenset(body["people"]), dict(body["known"])
        secret = bytes.fromhex(body["secret"])
        if len(secret) != 32 or not all(map(_HEX.fullmatch, [*people, *known, *known.values()])):
            raise ValueError("no list")
    except (ValueError, KeyError, TypeError) as error:
        raise InputError([_fault(client, "left_out_damaged", path)]) from error
    return LeftOut(secret, people, known)


def with_people(client: Client, people: Iterable[tuple[str, str]]) -> LeftOut:
    """Add people, as (clean identifier, name space), to a client's list and write it."""
    found = open_list(client) or LeftOut(secrets.token_bytes(32))
    tokens = {found.token(value, domain) for value, domain in people}
    added = replace(found, people=found.people | tokens)
    if added.people != found.people or not list_path(client).is_file():
        added.save(list_path(client))
    return added


def remember(client: Client, matched: Mapping[str, tuple[str, str]]) -> None:
    """Keep who was meant by the pseudonyms of ``privacy.leave_out`` that an import met.

    Parameters
    ----------
    client : Client
        Whose list.
    matched : Mapping of str to (str, str)
        Clean identifier and name space by pseudonym.
    """
    if not matched:
        return
    found = open_list(client) or LeftOut(secrets.token_bytes(32))
    known = {**found.known, **{p: found.token(*whom) for p, whom in matched.items()}}
    if known != dict(found.known):
        replace(found, known=known).save(list_path(client))


def lost_faults(client: Client, found: LeftOut | None) -> list[Fault]:
    """Return a fault when people were purged whom the list does not keep out any more.

    Their receipts name the list; one that is gone, or another, would let them back in silently.
    """
    written = [r for r in receipts.of_client(client) if r.what == "person" and r.list_id]
    here = {p for r in written if found and r.list_id == found.list_id for p in r.pseudonyms}
    gone = [r for r in written if found is None or r.list_id != found.list_id]
    lost = [r for r in gone if not here.issuperset(r.pseudonyms)]
    if not lost:
        return []
    return [_fault(client, "left_out_lost", list_path(client), count=len(lost))]


def stale_faults(client: Client, found: LeftOut | None, met: Iterable[str]) -> list[Fault]:
    """Return a fault for each pseudonym of ``privacy.leave_out`` that says nothing under this key.

    Only after a declared change of key: under the key of their time all of them are understood.
    """
    if client.privacy.key_id is None:
        return []
    known = {*met, *(found.known if found else ())}
    return [
        Fault(
            rule="leave_out_stale",
            message="The pseudonym was made under another key, so nobody can be left out by it.",
            example="the entry removed, after crmeval purge CLIENT --person for the same person",
            file=client.path.name,
            row=client.line_of("privacy", "leave_out"),
            column="privacy.leave_out",
            value=pseudonym,
        )
        for pseudonym in client.privacy.leave_out
        if pseudonym not in known
    ]


_MESSAGES = {
    "left_out_readable": ("Others can read the list of people left out.", "mode 0600"),
    "left_out_damaged": (
        "The list of people left out is damaged.",
        "the file from the backup; without one, it removed and everybody purged again",
    ),
    "left_out_lost": (
        "People were purged, and the list that keeps them out of later imports is gone.",
        "the file from the backup; without one, everybody purged again",
    ),
}


def _fault(client: Client, rule: str, path: Path, **params: int) -> Fault:
    message, example = _MESSAGES[rule]
    return Fault(
        rule=rule,
        message=message,
        example=example,
        file=client.path.name,
        column="privacy",
        params={"path": str(path), **params},
    )
