"""A run that remembers stores what one stores that computes everything, byte for byte."""

import dataclasses
import shutil
from types import SimpleNamespace

import pytest
from in_process import run_here
from small_client import NAME, SMALL, write_client

from analysis import manifest, memory
from analysis.newest import REMEMBERED
from analysis.pipeline import prunable, prune
from analysis.workspace import entrance
from analysis.workspace.opening import remembering

STAGES = ["monitoring"]


class Counted:
    """Which functions were computed while this lasts, and which were remembered."""

    def __init__(self, patch):
        self.computed, self.found = [], []
        real = memory._remembered

        def counting(store, key, make):
            ran = []
            made = real(store, key, lambda: (ran.append(key), make())[1])
            (self.computed if ran else self.found).append(make.func.__qualname__)
            return made

        patch.setattr(memory, "_remembered", counting)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    few = dataclasses.replace(SMALL, n_sites=10, n_late=0, n_spill_over=0)
    return write_client(tmp_path_factory.mktemp("remembered"), few)


@pytest.fixture
def run(client, monkeypatch):
    """Run the client as in kernels of its own; gives what was stored, and what was counted."""
    monkeypatch.setattr(memory, "WORTH_SECONDS", 0.0)

    def once(**options):
        with monkeypatch.context() as patch:
            patch.setattr(entrance, "notebooks", SimpleNamespace(in_a_kernel=lambda: True))
            counted = Counted(patch)
            result = run_here(client, stages=STAGES, **options)
        assert result.state == "partial", result.error
        stored = {
            path.relative_to(result.folder).as_posix(): path.read_bytes()
            for path in sorted((result.folder / "results").rglob("*"))
            if path.is_file()
        }
        shutil.rmtree(result.folder)  # or the next run takes its steps over
        return stored, counted

    yield once
    memory.keep_in(None)


def test_remembered_and_forced_runs_store_the_same_bytes(run, client):
    memory.keep_in(None)
    plain, counted = computed_plainly(run)
    assert not counted.computed
    first, counted = run()
    assert len(counted.computed) > 20
    remembered, counted = run()
    assert not counted.computed
    assert len(counted.found) > 20
    assert sum("_build" in name for name in counted.found) > 5  # families of the panel
    forced, counted = run(force=True)
    assert len(counted.computed) > 20
    assert plain == first == remembered == forced
    (kept,) = (one for one in prunable(NAME, root=client.root) if one.state == "remembered")
    prune(NAME, [kept], root=client.root)
    assert not (client.reports / REMEMBERED).exists()


def computed_plainly(run):
    """Run without a store, as a notebook by itself does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(remembering, "store_of", lambda client, folder, stage: None)
        return run()


@pytest.mark.parametrize(
    ("changed", "remembers"),
    [
        ({}, True),
        ({"state": "complete"}, False),
        ({"state": "failed"}, False),
        ({"client": "other"}, False),
    ],
)
def test_only_a_run_that_lasts_remembers(tmp_path, monkeypatch, changed, remembers):
    monkeypatch.setenv("CRMEVAL_HOME", str(tmp_path))
    folder = tmp_path / "reports" / "acme" / "run"
    steps = {"value": manifest.StepRecord(state="running"), "design": manifest.StepRecord()}
    given = {"client": "acme", "run_id": "run", "forced": True, "steps": steps}
    run = manifest.Manifest(**given | changed)
    run.save(folder)
    found = remembering.store_of("acme", folder, "value")
    assert (found is not None) == remembers
    assert remembering.store_of("acme", folder, "design") is None  # it has ended, or not begun
    if remembers:
        assert found.folder == tmp_path / "reports" / "acme" / REMEMBERED
        assert (found.run, found.anew) == ("run", True)
    elsewhere = tmp_path / "copied"
    shutil.copytree(folder, elsewhere)
    assert remembering.store_of("acme", elsewhere, "value") is None
    assert remembering.store_of("acme", tmp_path / "nothing", "value") is None
