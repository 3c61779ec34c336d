"""Old run folders of a client: which may go, and removing them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from analysis import newest
from analysis.file_names import listed
from analysis.files import project_root, remove
from analysis.pipeline import folders
from analysis.pipeline.steps import LOOKED_BACK

KEPT = 3
"""Complete runs that are kept unless told otherwise, the one ``latest`` points at among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prunable:
    """A folder that may be removed: a run, or what is kept so that the next one has less to do.

    Attributes
    ----------
    folder : Path
        The folder.
    state : str
        The manifest's word, ``damaged`` where the manifest cannot be read, ``sheets`` or
        ``remembered``.
    size : int
        Bytes that its removal frees; files shared with a later run stay for that one.
    """

    folder: Path
    state: str
    size: int


def prunable(client: str, *, keep: int = KEPT, root: Path | None = None) -> list[Prunable]:
    """Return the folders of a client that may go, runs first, the oldest before the others.

    Kept are the newest complete runs, the run that ``latest`` points at, a newer run that was cut
    or asked for some stages only and can go on, and what a newer version wrote. Of runs that look
    back, each day's last complete one is kept. Cleaned sheets and remembered values come last;
    without them, the next run reads every file and computes everything again.

    Parameters
    ----------
    client : str
        Folder name under ``data/``.
    keep : int
        Complete runs to keep, at least 1.
    root : Path, optional
        Project root.
    """
    reports = (root or project_root()).resolve() / "reports" / client
    found = _of(reports, keep)
    looking_back = reports / LOOKED_BACK
    if looking_back.is_dir():
        for day in sorted(path for path in looking_back.iterdir() if path.is_dir()):
            found += _of(day, 1)
    for name, state in ((newest.SHEETS, "sheets"), (newest.REMEMBERED, "remembered")):
        kept = reports / name
        if kept.is_dir():
            found.append(Prunable(folder=kept, state=state, size=_frees(kept)))
    return found


def prune(client: str, gone: Iterable[Prunable], *, root: Path | None = None) -> None:
    """Remove folders while no run of the client is under way.

    Raises
    ------
    RunError
        When another process runs this client.
    """
    reports = (root or project_root()).resolve() / "reports" / client
    with folders.only_one_run(reports):
        for run in gone:
            remove(run.folder)


def _of(reports: Path, keep: int) -> list[Prunable]:
    runs = newest.runs(reports)
    complete = [path for path, found in runs if found.state == "complete"]
    kept = {*complete[: max(keep, 1)], newest.latest(reports)}
    if runs:
        kept.add(runs[0][0])
    gone: list[tuple[Path, str]] = [(path, found.state) for path, found in runs if path not in kept]
    gone += [(e.path.parent, "damaged") for e in newest.unreadable(reports) if not e.newer]
    return [
        Prunable(folder=path, state=state, size=_frees(path))
        for path, state in sorted(gone, key=lambda run: run[0].name)
    ]


def _frees(folder: Path) -> int:
    stats = (path.stat() for path in listed(folder, "**/*") if path.is_file())
    return sum(stat.st_size for stat in stats if stat.st_nlink == 1)
