"""Where a client stands, read from its run folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from analysis import newest
from analysis.errors import RunError, StoredFileError
from analysis.files import input_hashes, project_root
from analysis.manifest import Manifest


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
    unreadable : tuple of StoredFileError
        Runs that are passed over because their manifest cannot be read.
    """

    client: str
    newest: Manifest | None
    latest: Path | None
    inputs_changed: bool | None
    unreadable: tuple[StoredFileError, ...] = ()


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
        from analysis.client import no_client  # heavy

        raise RunError(str(no_client(source / "client.yml")))
    found = newest.runs(reports)
    latest = newest.latest(reports)
    complete = next((run for path, run in found if path == latest), None)
    changed = None if complete is None else complete.inputs != input_hashes(source)
    return ClientStatus(
        client=client,
        newest=found[0][1] if found else None,
        latest=latest,
        inputs_changed=changed,
        unreadable=tuple(newest.unreadable(reports)),
    )
