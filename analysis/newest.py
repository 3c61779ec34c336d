"""The newest complete run of a client, whichever way this system lets it be pointed at."""

from __future__ import annotations

from pathlib import Path

LINK = "latest"
"""A link to the run folder; where links are refused, a folder with a page that leads there."""
POINTER = "latest.txt"
"""Name of the run folder, where links are refused."""
MANIFEST = "manifest.json"


def latest(reports: Path) -> Path | None:
    """Return the newest complete run folder of a client, None when there is none.

    Parameters
    ----------
    reports : Path
        ``reports/<client>``.
    """
    link, pointer = reports / LINK, reports / POINTER
    if (link / MANIFEST).is_file():
        return link.resolve()
    if not pointer.is_file():
        return None
    folder = reports / pointer.read_text(encoding="utf-8").strip()
    return folder if (folder / MANIFEST).is_file() else None
