"""Where a client stands, read from its run folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from analysis.client import no_client
from analysis.errors import RunError
from analysis.files import input_hashes, project_root
from analysis.pipeline import folders
from analysis.pipeline.manifest import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientStatus:
    """Where a client stands.

    Attributes
    ----------
    client : str
        Folder name under ``data/``.
    newest : Manifest or None
        Of the newest run, whatever its state.
    latest : Path or None
        Newest complete run folder.
    inputs_changed : bool or None
        Whether the client's files differ from those of the newest complete run; None without one.
    """

    client: str
    newest: Manifest | None
    latest: Path | None
    inputs_changed: bool | None


def client_status(client: str, *, root: Path | None = None) -> ClientStatus:
    """Return where a client stands.

    Parameters
    ----------
    client : str
        Folder name under ``data/``.
    root : Path, optional
        Project root.

    Raises
    ------
    RunError
        When there is no such client.
    """
    root = (root or project_root()).resolve()
    source, reports = root / "data" / client, root / "reports" / client
    if not source.is_dir():
        raise RunError(str(no_client(source / "client.yml")))
    found = folders.runs(reports)
    latest = folders.latest(reports)
    complete = next((run for path, run in found if path == latest), None)
    changed = None if complete is None else complete.inputs != input_hashes(source)
    newest = found[0][1] if found else None
    return ClientStatus(client=client, newest=newest, latest=latest, inputs_changed=changed)
