"""The runs of a client that can be read, and the newest complete one of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from analysis import manifest
from analysis.errors import StoredFileError
from analysis.manifest import Manifest

LINK = "latest"
"""A link to the run folder; where links are refused, a folder with a page that leads there."""
SHEETS = "read"
"""Folder of the cleaned sheets that the next import need not read again."""
REMEMBERED = "remembered"
"""Folder of values that the next run need not compute again."""
POINTER = "latest.txt"
"""Name of the run folder, where links are refused."""


def runs(reports: Path) -> list[tuple[Path, Manifest]]:
    """Return the run folders of a client with their manifests, newest first.

    Folders without a manifest are not runs: it is written before anything else. Those whose
    manifest cannot be read are left to :func:`unreadable`.

    Parameters
    ----------
    reports : Path
        ``reports/<client>``; it need not exist.
    """
    return [(path, found) for path, found in _opened(reports) if isinstance(found, Manifest)]


def unreadable(reports: Path) -> list[StoredFileError]:
    """Return why run folders of a client are not among its :func:`runs`, newest first."""
    return [found for _, found in _opened(reports) if isinstance(found, StoredFileError)]


def latest(reports: Path) -> Path | None:
    """Return the complete run that was last pointed at, None when there is none.

    Where nothing is pointed at, or a run whose manifest cannot be read, the newest complete run
    that can be read.

    Parameters
    ----------
    reports : Path
        ``reports/<client>``.
    """
    pointed = pointed_at(reports)
    if pointed is not None and pointed.name != LINK and _complete(pointed):
        return pointed
    return next((path for path, found in runs(reports) if found.state == "complete"), None)


def pointed_at(reports: Path) -> Path | None:
    """Return the run folder that ``latest`` leads to, whether or not its manifest can be read.

    Parameters
    ----------
    reports : Path
        ``reports/<client>``.
    """
    link, pointer = reports / LINK, reports / POINTER
    if pointer.is_file() and not link.is_symlink():
        folder = reports / pointer.read_text(encoding="utf-8", errors="replace").strip()
    else:
        folder = link.resolve()
    return folder if folder.is_dir() else None


def _complete(folder: Path) -> bool:
    try:
        return manifest.load(folder).state == "complete"
    except StoredFileError:
        return False


def _opened(reports: Path) -> Iterator[tuple[Path, Manifest | StoredFileError]]:
    if not reports.is_dir():
        return
    folders = (path for path in reports.iterdir() if path.is_dir() and not path.is_symlink())
    for path in sorted(folders, key=lambda path: path.name, reverse=True):
        if path.name != LINK and os.path.lexists(path / manifest.FILE_NAME):
            try:
                yield path, manifest.load(path)
            except StoredFileError as error:
                yield path, error
