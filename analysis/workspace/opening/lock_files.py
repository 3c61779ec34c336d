"""Where a client's locks lie, and how one is read."""

from __future__ import annotations

from pathlib import Path

from analysis import client as clients
from analysis.design import locks

FOLDER = "locks"
"""Folder of the locks, in the client's folder."""


def lock_path(client: clients.Client, kind: str) -> Path:
    """Return the file of a lock, ``data/<client>/locks/<kind>.json``."""
    return client.folder / FOLDER / f"{kind}.json"


def read_lock(client: clients.Client, kind: locks.Kind) -> locks.Lock | None:
    """Read a lock; None where nothing was locked.

    Raises
    ------
    DesignError
        When the file is no lock.
    """
    path = lock_path(client, kind)
    return locks.from_json(path.read_text(encoding="utf-8")) if path.is_file() else None
