"""A step runs again when code changes that it can reach: it executes nothing else."""

import cProfile
import importlib
from collections import defaultdict
from pathlib import Path

import pytest
from in_process import run_here
from small_client import SMALL, STAGES, write_client

from analysis import parameters, reach
from analysis.pipeline import fingerprint, steps
from analysis.settings import TRAINING

PACKAGE = Path(reach.__file__).parent
LAID_OUT = (*fingerprint.LAID_OUT, "analysis.results.shown")
PLUMBING = ("analysis.pipeline", "analysis.reach", "analysis.processes", "analysis.kernels")
HANDS_ON = {"analysis.workspace"}
"""Packages of which only the look-up of a name runs; the key holds the module it comes from."""


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """Modules of the package of which functions were called, by step of a small client's run."""
    for name in reach.sources():  # what runs once, when a module is loaded, is not what a step does
        if not name.endswith("__main__"):
            importlib.import_module(name)
    client = write_client(tmp_path_factory.mktemp("code"), SMALL)
    by_path = {str(source.path): name for name, source in reach.sources().items()}
    called = defaultdict(set)

    def within(name, function):
        def run(*args, **named):
            profile = cProfile.Profile()
            try:
                return profile.runcall(function, *args, **named)
            finally:
                codes = [entry.code for entry in profile.getstats() if entry.callcount]
                files = {c.co_filename for c in codes if getattr(c, "co_name", "<") != "<module>"
                         and not isinstance(c, str)}  # fmt: skip
                called[name] |= {by_path[file] for file in files if file in by_path}

        return run

    with pytest.MonkeyPatch.context() as patch:
        real = steps.steps

        def watched(*args):
            found = real(*args)
            for one in found:
                object.__setattr__(one, "execute", within(one.name, one.execute))
            return found

        patch.setattr("analysis.pipeline.runner.steps", watched)
        assert run_here(client).state == "complete"
    return called


def reached(stage):
    declared = parameters.stage(stage)
    own = [module for module, _ in declared.classes(TRAINING)]
    return reach.reach("analysis.workspace.entrance", *own, without=fingerprint.laid_out())


def laid_out():
    """What a change of which lays the page out again."""
    return reach.reach("analysis.workspace.opening.redraw")


def unknown(called, known):
    rest = called - known - HANDS_ON
    return sorted(name for name in rest if not name.startswith((*LAID_OUT, *PLUMBING)))


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_executes_what_its_key_reaches(executed, stage):
    called = executed[stage]
    assert len(called) > 20
    assert unknown(called, reached(stage) | laid_out()) == []


def test_the_import_executes_what_its_key_reaches(executed):
    called = executed["ingest"]
    assert len(called) > 20
    assert unknown(called, reach.reach("analysis.workspace.opening.prepare")) == []


def test_pages_execute_what_their_key_reaches(executed):
    called = {name for name in executed["report"] if not name.startswith(PLUMBING)}
    assert len(called) > 20
    assert called - reach.reach(*fingerprint.REPORT) == set()


def test_stages_do_not_reach_each_other():
    for stage in STAGES:
        others = {f"analysis.workspace.wiring.{other}" for other in STAGES if other != stage}
        assert not others & reached(stage)
