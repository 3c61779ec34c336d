"""Where the alerts of earlier runs are kept: ``reports/<client>/history/``, one file a day.

A run that took everything writes ``<day>.whole.json``, one that looked back ``<day>.json``; the
later of the two for one day replaces the other. The files survive the runs they came from.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from contextlib import suppress
from pathlib import Path

from analysis import results
from analysis.errors import SchemaError, StoredFileError
from analysis.file_names import listed
from analysis.files import remove, write_text
from analysis.results import StageResults

DECISIONS = "alerts.csv"
"""The consultant's decisions on alerts, in the client's folder under ``data/``."""

ACTION_DECISIONS = "actions.csv"
"""What was decided on the proposals of earlier reports, in the same folder."""

CONFIRMATIONS = "confirmations.csv"
"""What people confirmed of gates, in the same folder."""

SHEETS = tuple(
    name
    for sheet in (DECISIONS, ACTION_DECISIONS, CONFIRMATIONS)
    for name in (sheet, sheet.replace(".csv", ".xlsx"))
)
"""Files of a client that people fill in, as text or as a workbook; no export."""

_WHOLE = ".whole"


def folder(root: Path, client: str) -> Path:
    """Return the folder of a client's history; it need not exist."""
    return Path(root) / "reports" / client / "history"


def days(root: Path, client: str) -> dict[dt.date, Path]:
    """Return the kept runs by the day they looked at, earliest first.

    Files of other names, such as a copy beside its original, are not among them.
    """
    found = {}
    for path in listed(folder(root, client), "*.json"):
        with suppress(ValueError):
            found[dt.date.fromisoformat(path.name.removesuffix(".json").removesuffix(_WHOLE))] = (
                path
            )
    return found


def read(path: Path) -> StageResults:
    """Return what was kept of a run.

    Raises
    ------
    StoredFileError
        When it cannot be read.
    """
    try:
        kept = results.from_json(path.read_text(encoding="utf-8"))
        if not all(isinstance(rows, list) for rows in kept.facts.get("tables", {}).values()):
            raise TypeError("tables are lists of rows")
    except (OSError, ValueError, TypeError, LookupError, AttributeError, SchemaError) as error:
        raise StoredFileError(path) from error
    return kept


def damaged(root: Path, client: str) -> list[StoredFileError]:
    """Return the kept runs of a client that are passed over because they cannot be read."""
    found = []
    for path in days(root, client).values():
        try:
            read(path)
        except StoredFileError as error:
            found.append(error)
    return found


def keep(root: Path, client: str, *, on: dt.date, whole: bool, text: str) -> Path:
    """Keep the alerts of a run; an earlier run for the same day gives way."""
    home = folder(root, client)
    names = {flag: home / f"{on}{_WHOLE if flag else ''}.json" for flag in (True, False)}
    written = write_text(names[whole], text)
    remove(names[not whole])
    return written


def fingerprint(root: Path, client: str, before: dt.date | None) -> str:
    """Return a hash of what a run sees of its past.

    Parameters
    ----------
    before : date or None
        Day that a run looks back to. None for a run that takes everything: its own day lies in
        the client file, whose change is noticed by itself, so other such runs do not count.
    """
    digest = hashlib.sha256()
    for day, path in days(root, client).items():
        seen = path.suffixes[0] != _WHOLE if before is None else day < before
        if seen:
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()
