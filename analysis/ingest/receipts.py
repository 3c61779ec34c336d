"""Receipts of what was purged: ``reports/purged/<client>-<moment>.json``, kept for good."""

from __future__ import annotations

import datetime as dt
import json
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from analysis.client import Client
from analysis.file_names import listed
from analysis.files import write_text

FOLDER = "purged"
"""Below ``reports/``; it survives the client."""

What = Literal["person", "run", "all"]
State = Literal["begun", "open", "complete"]
_SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed from one place.

    Attributes
    ----------
    path : str
        File or folder below the project folder.
    rows : int or None
        Rows, list entries or cells of a file; None where a whole file or folder went.
    """

    path: str
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class ByHand:
    """What could not be cleared inside the project: where, why (a word of the catalogue), rows."""

    path: str
    reason: str
    rows: str = ""


@dataclass(slots=True, kw_only=True)
class Receipt:
    """One purge.

    Attributes
    ----------
    client, what : str
        Folder name under ``data/``; ``person``, ``run`` or ``all``.
    on : str
        UTC, ISO 8601.
    state : str
        ``begun`` (also what a killed purge leaves), ``open`` (something is left by hand) or
        ``complete``.
    pseudonyms : tuple of str
        Of the person; never the identifier itself.
    run : str
        Name of the run's folder, where one run was purged.
    list_id : str
        Which list keeps the person out of later imports.
    earlier : str
        Receipt, below the project folder, of a finished purge that found the same person.
    removed, by_hand : list
        What went, and what is left inside the project.
    outside : list of str
        Where copies may lie outside the project, which no program can clear.
    stale : list of str
        Runs whose results were computed with the person; run again, then prune.
    """

    client: str
    what: What
    on: str
    state: State = "begun"
    pseudonyms: tuple[str, ...] = ()
    run: str = ""
    list_id: str = ""
    earlier: str = ""
    removed: list[Removed] = field(default_factory=list)
    by_hand: list[ByHand] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)

    def save(self, path: Path) -> Path:
        """Write the receipt."""
        text = json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True)
        return write_text(path, text + "\n")


def new_path(root: Path, client: str) -> Path:
    """Return the name of a new receipt; later ones sort after earlier ones."""
    moment = f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S.%f}"[:-3] + f"-{secrets.token_hex(2)}"
    return Path(root) / "reports" / FOLDER / f"{client}-{moment}{_SUFFIX}"


def kept(root: Path, client: str) -> list[tuple[Path, Receipt]]:
    """Return the receipts of a client that can be read, oldest first."""
    found = []
    for path in listed(Path(root) / "reports" / FOLDER, f"*{_SUFFIX}"):
        try:
            body = json.loads(path.read_bytes())
            receipt = Receipt(
                **{
                    **body,
                    "pseudonyms": tuple(body["pseudonyms"]),
                    "removed": [Removed(**entry) for entry in body["removed"]],
                    "by_hand": [ByHand(**entry) for entry in body["by_hand"]],
                }
            )
        except (ValueError, KeyError, TypeError):
            continue  # no receipt of this program; it stops nobody
        if receipt.client == client:
            found.append((path, receipt))
    return found


def of_client(client: Client) -> list[Receipt]:
    """Return the receipts of a loaded client."""
    return [receipt for _, receipt in kept(client.folder.parents[1], client.id)]
