"""The newest complete run of a client, whichever way this system lets it be pointed at."""

from __future__ import annotations

from pathlib import Path

LINK = "latest"
"""A link to the run folder; where links are refused, a folder with a page that leads there."""
POINTER = "latest.txt"
"""Name of the run folder, where links are refused."""


def latest(reports: Path) -> Path | None:
    """Return the folder that was last pointed at, None when there is none.

    Parameters
    ----------
    reports : Path
        ``reports/<client>``.
    """
    link, pointer = reports / LINK, reports / POINTER
    if pointer.is_file() and not link.is_symlink():
        folder = reports / pointer.read_text(encoding="utf-8").strip()
    else:
        folder = link.resolve()
    return folder if folder.is_dir() else None
