"""The fork server of the kernels, started before a run has done its own imports."""

from __future__ import annotations

from pathlib import Path

from analysis import manifest, newest


def start_server_early(client: str, root: Path) -> None:
    """Start the server beside the imports of a run, where something of the client is new.

    The server takes longer to import all it needs than the exports take to be read, and no notebook
    begins before it is there. Whether anything has to run is known for certain only when every file
    has been hashed; where no file looks new, the run starts the server itself, once it needs one.

    Parameters
    ----------
    client : str
        Folder name under ``data/``.
    root : Path
        Project root.
    """
    if not something_new(root / "data" / client, root / "reports" / client):
        return
    from analysis import kernels

    if kernels.warm_is_possible():
        kernels.start_server()


def something_new(folder: Path, reports: Path) -> bool:
    """Return whether a client has no complete run, or a file or folder newer than the last one."""
    if not (folder / "client.yml").is_file():
        return False
    complete = newest.latest(reports)
    if complete is None:
        return True
    ended = _changed(complete / manifest.FILE_NAME)
    return any(_changed(path) > ended for path in (folder, *folder.rglob("*")))


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0  # removed a moment ago, or a link that leads nowhere
