"""The small client, run once through the real notebooks; every test of this folder reads it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from small_client import SmallClient, write_client

from analysis import newest

try:
    import fcntl
except ImportError:  # Windows: every worker makes its own
    fcntl = None


@dataclass(frozen=True)
class Finished:
    """A client and the complete run of it."""

    client: SmallClient
    folder: Path


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Finished:
    """Return a copy of the run; the workers of one test session make the original once."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if fcntl and "PYTEST_XDIST_WORKER" in os.environ else base
    original, made = shared / "finished", shared / "finished.ok"
    with only_one(shared / "finished.lock"):
        if not made.exists():
            shutil.rmtree(original, ignore_errors=True)
            client = write_client(original)
            result = client.run()
            assert result.state == "complete", result.error
            assert newest.latest(client.reports) == result.folder
            made.touch()
    root = tmp_path_factory.mktemp("small") / "home"
    shutil.copytree(original, root, symlinks=True)
    client = SmallClient(root)
    return Finished(client, newest.latest(client.reports))


@contextmanager
def only_one(lock: Path) -> Iterator[None]:
    """Let one worker in at a time."""
    with lock.open("w") as handle:
        if fcntl:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
