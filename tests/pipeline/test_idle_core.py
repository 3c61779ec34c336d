"""A core that would be idle computes for the notebook that runs alone, then for the report."""

import dataclasses
import os
import shutil
import time
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from in_process import run_here
from small_client import ROOT, SMALL, write_client
from stand_ins import write_notebook

from analysis import kernels, memory, parameters
from analysis.claims import claims_in
from analysis.errors import RunError
from analysis.manifest import StepRecord
from analysis.newest import REMEMBERED
from analysis.pipeline import idle_core, runner, steps
from analysis.processes import take_surroundings
from analysis.workspace import entrance
from analysis.workspace.wiring.monitoring import MonitoringStage

VALUES = {"client": "acme", "run_dir": "", "language": "en", "seed": 7, "draws": 99}
OPEN = 'from analysis import workspace\nstage = workspace.open_stage("value", client=client)\n'


def test_steps_that_need_no_other_are_taken_last_first(tmp_path):
    taken = "a, b = stage.a(), stage.b(draws=draws)\nc = stage.c(a)\nstage.save(c, stage.d())"
    shown = "page = stage.page(a)\npage.first()"
    path = write_notebook(tmp_path / "n.ipynb", OPEN + taken, shown)
    assert idle_core.last_first(path, VALUES) == [("d", {}), ("b", {"draws": 99}), ("a", {})]
    own = write_notebook(tmp_path / "own.ipynb", OPEN + "stage.a(draws=unknown)\nother.b()")
    assert idle_core.last_first(own, VALUES) == []
    commands = write_notebook(tmp_path / "commands.ipynb", OPEN + "stage.a()", "%time stage.b()")
    assert idle_core.last_first(commands, VALUES) == []


@pytest.mark.parametrize("declared", parameters.STAGES, ids=lambda declared: declared.name)
def test_every_stage_has_steps_that_an_idle_core_can_take(declared):
    values = declared.parameters().model_dump()
    calls = idle_core.last_first(ROOT / "notebooks" / declared.notebook, values)
    assert calls
    assert not {"save", "page"} & {name for name, _ in calls}


@pytest.mark.parametrize(
    ("workers", "stages", "helped"),
    [(2, ["monitoring"], {"monitoring"}), (1, ["monitoring"], set()), (2, None, set())],
)
def test_only_a_notebook_that_runs_alone_is_helped(project, monkeypatch, workers, stages, helped):
    found = []

    def computing(source, stage, values, root):
        assert values["run_dir"]
        found.append(stage)
        return nullcontext()

    monkeypatch.setattr(steps.idle_core, "computing_beside", computing)
    for declared in parameters.STAGES:
        project.notebook(declared.name)
    project.run(stages=stages, workers=workers)
    assert helped <= set(found)
    assert not {"design", "baseline"} & set(found)
    if stages:
        assert set(found) == helped


@pytest.mark.parametrize(
    ("running", "ended", "workers", "own", "formed"),
    [
        (["tracking"], ["monitoring"], 2, True, ["tracking"]),
        (["tracking", "design"], ["monitoring"], 2, True, []),
        (["tracking"], ["ingest"], 2, True, []),
        (["ingest"], ["design"], 2, True, []),
        ([], ["monitoring"], 2, True, []),
        (["tracking"], ["monitoring"], 2, False, []),
    ],
)
def test_a_free_worker_forms_parts_of_the_report_of_ended_stages(
    monkeypatch, running, ended, workers, own, formed
):
    found = []

    def forming(stage, values, root):
        assert values == {"client": "acme", "run_dir": "folder"}
        found.append(stage)
        return nullcontext()

    monkeypatch.setattr(runner.idle_core, "forming_beside", forming)
    every = ("ingest", "design", "monitoring", "tracking")
    chain = [SimpleNamespace(name=n, beside=None if n == "ingest" else idle_core) for n in every]
    records = {n: StepRecord(state="done" if n in ended else "running") for n in every}
    run = SimpleNamespace(
        workers=workers,
        steps=chain,
        folder="folder",
        manifest=SimpleNamespace(steps=records),
        setting=SimpleNamespace(
            values={"client": "acme"}, root=ROOT, build_report=None if own else print
        ),
    )
    with runner._Run._forming(run, [step for step in chain if step.name in running]):
        assert found == formed


@pytest.mark.skipif(not kernels.warm_is_possible(), reason="nothing is forked here")
def test_nothing_that_is_formed_is_left_running(tmp_path, monkeypatch):
    monkeypatch.setattr(idle_core, "_form", forming)
    pid = tmp_path / "pid"
    values = VALUES | {"run_dir": str(tmp_path)}
    with idle_core.forming_beside("value", values, tmp_path):
        while not (pid.exists() and pid.read_text()):
            time.sleep(0.01)
    assert not psutil.pid_exists(int(pid.read_text()))


def staying(stage, values, calls, environment):
    take_surroundings(environment, values["run_dir"])
    Path("pid").write_text(str(os.getpid()))
    time.sleep(600)


def forming(stage, values, environment):
    staying(stage, values, [], environment)


def failing(*_):
    raise SystemExit(3)


@pytest.mark.skipif(not kernels.warm_is_possible(), reason="nothing is forked here")
@pytest.mark.parametrize("error", [None, KeyboardInterrupt, RunError])
def test_nothing_is_left_running(tmp_path, monkeypatch, error):
    monkeypatch.setattr(idle_core, "_compute", staying)
    notebook = write_notebook(tmp_path / "n.ipynb", OPEN + "stage.a()")
    values, pid = VALUES | {"run_dir": str(tmp_path)}, tmp_path / "pid"
    remembered = tmp_path / "reports" / "acme" / REMEMBERED
    raised = pytest.raises(error) if error else nullcontext()
    with raised, idle_core.computing_beside(notebook, "value", values, tmp_path):
        assert claims_in(remembered) is not None
        while not (pid.exists() and pid.read_text()):
            time.sleep(0.01)
        assert psutil.pid_exists(int(pid.read_text()))
        if error:
            raise error("cut")
    assert not psutil.pid_exists(int(pid.read_text()))
    assert not list(remembered.iterdir())


@pytest.mark.skipif(not kernels.warm_is_possible(), reason="nothing is forked here")
def test_a_second_process_that_dies_is_of_no_consequence(tmp_path, monkeypatch):
    monkeypatch.setattr(idle_core, "_compute", failing)
    notebook = write_notebook(tmp_path / "n.ipynb", OPEN + "stage.a()")
    with idle_core.computing_beside(notebook, "value", VALUES, tmp_path):
        time.sleep(0.2)


@pytest.fixture
def helped(tmp_path, monkeypatch):
    """Run monitoring with the steps that an idle core would take taken before its notebook."""
    few = dataclasses.replace(SMALL, n_sites=10, n_late=0, n_spill_over=0)
    client = write_client(tmp_path, few)
    monkeypatch.setattr(memory, "WORTH_SECONDS", 0.0)
    monkeypatch.setattr(entrance, "notebooks", SimpleNamespace(in_a_kernel=lambda: True))

    @contextmanager
    def before(source, stage, values, root):
        with monkeypatch.context() as patch:
            patch.setenv("CRMEVAL_HOME", str(root))
            idle_core.take(stage, values, idle_core.last_first(source, values))
        yield

    def once(*, force=True, help=True):
        with monkeypatch.context() as patch:
            if help:
                patch.setattr(runner._Run, "_idle_core", lambda run, step: before_of(step, run))
            patch.setattr(steps.idle_core, "computing_beside", before)
            result = run_here(client, stages=["monitoring"], force=force)
        stored = {
            path.relative_to(result.folder).as_posix(): path.read_bytes()
            for path in sorted((result.folder / "results").rglob("*"))
            if path.is_file()
        }
        shutil.rmtree(result.folder)
        return result, stored

    def before_of(step, run):
        return nullcontext() if step.beside is None else step.beside(run.folder)

    yield once
    memory.keep_in(None)


def test_a_notebook_that_is_helped_stores_the_same_bytes(helped, monkeypatch):
    _, plain = helped(help=False)
    computed, real = [], memory._computed

    def counting(store, key, make):
        computed.append(key)
        return real(store, key, make)

    monkeypatch.setattr(memory, "_computed", counting)
    result, found = helped()  # forced: what counts was computed by this run
    assert result.state == "partial"
    assert found == plain
    assert len(computed) == len(set(computed))  # nothing twice


def test_the_notebook_tells_of_what_fails(helped, monkeypatch):
    def fails(self):
        raise ZeroDivisionError("budget")

    monkeypatch.setattr(MonitoringStage, "budget", fails)
    result, _ = helped()
    assert result.failed_step == "monitoring"
    assert isinstance(result.exception, ZeroDivisionError)
