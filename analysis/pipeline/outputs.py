"""The files of a run folder: what a step made, what is shared with the next run, what goes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from analysis import files
from analysis.file_names import listed


def remove(folder: Path, names: Iterable[str]) -> None:
    """Remove files and folders of a run folder; those that are not there are no error."""
    for name in names:
        files.remove(folder / name)


def files_of(folder: Path, names: Iterable[str]) -> list[str]:
    """Return every file of some files and folders of a run folder but hidden ones."""
    found = []
    for name in names:
        path = folder / name
        found += [path] if path.is_file() else listed(path, "**/*")
    return sorted(path.relative_to(folder).as_posix() for path in found)


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed process had begun and not yet renamed into place."""
    for path in sorted(folder.rglob(".*")):
        files.remove(path)


def share(source: Path, target: Path) -> None:
    """Share the bytes of a finished file; both runs replace files and never write into them."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if os.name == "posix":
        os.chmod(target.parent, source.parent.stat().st_mode & 0o7777)
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        files.copy_file(source, target)
        os.chmod(target, source.stat().st_mode & 0o7777)
