"""Where a client's values are remembered while its notebooks run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from analysis import contents, files, manifest, wording
from analysis.claims import claims_in
from analysis.errors import StoredFileError
from analysis.indicators import registry
from analysis.memory import Read, Store
from analysis.newest import REMEMBERED


def is_running(folder: Path, stage: str) -> bool:
    """Whether the pipeline is running a stage in a folder now, or was killed while it did."""
    try:
        run = manifest.load(folder)
    except StoredFileError:
        return False
    step = run.steps.get(stage)
    return run.state == "running" and step is not None and step.state == "running"


def store_of(client: str, folder: Path, stage: str) -> Store | None:
    """Return the store of a client for the run that is working in a folder.

    None where no run is: in a folder of a notebook's own, and in a copy of one whose run ended.

    Parameters
    ----------
    client : str
        Folder name under ``reports/``.
    folder : Path
        Run folder; one that looks back has the client's store, too.
    stage : str
        The stage that is running.
    """
    home = files.project_root() / "reports" / client
    if not is_running(folder, stage) or home not in folder.resolve().parents:
        return None
    run = manifest.load(folder)
    if run.client != client:
        return None
    return Store(
        folder=home / REMEMBERED,
        run=run.run_id,
        anew=run.forced,
        read=Read(
            reading=wording.reading,
            entries_hash=wording.entries_hash,
            note=wording.note_read,
            ambient=_ambient,
        ),
        claims=claims_in(home / REMEMBERED),
    )


def _ambient() -> tuple[str, str]:
    """Return what names and sentences depend on: the kind of programme, and the indicators."""
    return wording.programme_told(), _hash_of(registry.known())


_hashed: list[tuple[Mapping[str, registry.Indicator], str]] = []
"""Registries that were in force, and the hash of each: nobody changes one."""


def _hash_of(known: Mapping[str, registry.Indicator]) -> str:
    for one, found in _hashed:
        if one is known:
            return found
    found = contents.digest(dict(known))
    _hashed.append((known, found))
    return found
