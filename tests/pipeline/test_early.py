"""When the server of the kernels is started before a run knows what there is to do."""

from __future__ import annotations

import os

import pytest

from analysis import kernels
from analysis.pipeline import early


@pytest.fixture
def started(monkeypatch):
    """Count the starts of the server, which is none."""
    starts = []
    monkeypatch.setattr(kernels, "warm_is_possible", lambda: True)
    monkeypatch.setattr(kernels, "start_server", lambda: starts.append(1))
    return starts


def at(seconds, *paths):
    for path in paths:
        os.utime(path, (seconds, seconds))


def test_the_server_is_started_where_there_was_no_complete_run(project, started):
    early.start_server_early("acme", project.root)
    assert started == [1]


def test_nothing_is_started_for_a_client_that_does_not_exist(project, started):
    early.start_server_early("nobody", project.root)
    assert started == []


@pytest.mark.parametrize("what", ["nothing", "file", "folder"])
def test_only_what_is_newer_than_the_last_complete_run_starts_it(project, started, what):
    assert project.run(warm=False).state == "complete"
    folder = project.root / "data" / "acme"
    at(1_000, folder, *folder.rglob("*"))
    if what == "file":
        at(4e9, folder / "client.yml")
    if what == "folder":
        (folder / "raw" / "new").mkdir(parents=True)
        at(1_000, folder, folder / "raw", folder / "raw" / "new")
        at(4e9, folder / "raw")  # a file put there keeps the time it had elsewhere
    early.start_server_early("acme", project.root)
    assert started == ([] if what == "nothing" else [1])
