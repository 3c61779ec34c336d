"""The files of a run folder: what a step made, what is shared with the next run, what goes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from analysis.pipeline.manifest import FILE_NAME


def remove(folder: Path, names: Iterable[str]) -> None:
    """Remove files and folders of a run folder; those that are not there are no error."""
    for name in names:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    """Return time and size of every file of a run folder but its manifest."""
    files = (path for path in folder.rglob("*") if path.is_file())
    seen = {path.relative_to(folder).as_posix(): path.stat() for path in files}
    return {
        name: (stat.st_mtime_ns, stat.st_size) for name, stat in seen.items() if name != FILE_NAME
    }


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed process had begun and not yet renamed into place."""
    for path in sorted(folder.rglob(".*")):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def share(source: Path, target: Path) -> None:
    """Share the bytes of a finished file; both runs replace files and never write into them."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target)
