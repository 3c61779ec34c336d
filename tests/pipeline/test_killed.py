"""Kill -9 of the whole process in the middle of a stage, and of one client of a batch."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest
from test_kernels import gone

from analysis import manifest, newest, parameters
from analysis.pipeline import (
    batch,
    outcome,
    run_clients,
    run_clients_on_cluster,
)


def heed_ctrl_c() -> None:
    """Undo what a shell does to tests put into the background: their children ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def stopped_in(project, *stages: str, runner_script: list[str]) -> subprocess.Popen:
    """Start a run in a process of its own and return it in the middle of some stages."""
    notes = [project.root / f"{stage}.reached" for stage in stages]
    for stage, note in zip(stages, notes, strict=True):
        reached = f"import pathlib, time\npathlib.Path({str(note)!r}).touch()\ntime.sleep(60)"
        project.notebook(stage, reached)
    request = json.dumps({"client": "acme", "root": str(project.root), "workers": 2})
    process = subprocess.Popen(
        [*runner_script, request], stderr=subprocess.DEVNULL, preexec_fn=heed_ctrl_c
    )
    end = time.monotonic() + 60
    while not all(note.exists() for note in notes):
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.05)
    return process


def pressed_until_it_ends(process: subprocess.Popen) -> int:
    """Press Ctrl-C as people do: again after a while, for Python loses one in a finaliser."""
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        try:
            return process.wait(timeout=25)
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    raise AssertionError("two Ctrl-C did not end the run")


def test_a_killed_run_is_resumed_at_the_stage_that_was_cut(project, runner_script):
    first = project.run()
    process = stopped_in(project, "tracking", runner_script=runner_script)
    process.kill()
    process.wait()

    cut, found = newest.runs(project.reports)[0]
    assert cut != first.folder
    assert found.state == "running"
    assert found.steps["tracking"].state == "running"
    assert newest.latest(project.reports) == first.folder
    for record in manifest.load(first.folder).steps.values():
        assert manifest.intact(first.folder, record.outputs)
    (cut / "results" / f".{'0' * 32}.json").write_text("half")

    project.notebook("tracking", "print('quick')")
    resumed = project.run()
    assert resumed.folder == cut
    assert list(resumed.executed) == ["tracking", "value", "report"]
    assert resumed.state == "complete"
    assert newest.latest(project.reports) == cut
    assert not list(cut.rglob(".*.json"))


@pytest.mark.parametrize("stages", [("design", "baseline"), ("tracking",), ("value",)])
def test_ctrl_c_in_a_cell_is_not_called_finished(project, runner_script, stages):
    process = stopped_in(project, *stages, runner_script=runner_script)
    assert pressed_until_it_ends(process) != 0
    folder, found = newest.runs(project.reports)[0]
    assert found.state == "failed"
    for stage in stages:
        assert found.steps[stage].error == "interrupted from the keyboard"
        executed = folder / "notebooks" / parameters.stage(stage).notebook
        assert outcome.load(executed).status == "interrupted"


def test_a_killed_client_does_not_lose_the_batch(project, worker_script):
    seen = []
    outcomes = run_clients(
        ["best", "acme", "best"],
        jobs=2,
        root=project.root,
        command=worker_script,
        on_done=seen.append,
    )
    assert [outcome.client for outcome in outcomes] == ["best", "acme"]
    killed, complete = outcomes
    assert (killed.state, killed.exit_status) == ("killed", -9)
    assert killed.error == "the process was killed by signal 9"
    assert (complete.state, complete.exit_status) == ("complete", 0)
    assert complete.folder == project.root
    assert len(seen) == 2


def test_the_worker_says_what_is_wrong(project):
    done = batch.run_client("nobody", {"root": str(project.root)})
    assert (done.state, done.exit_status) == ("failed", 1)
    assert "no client 'nobody'" in done.error


CALLER = """
import pathlib, subprocess, sys
if __name__ == "__main__":
    called = (
        "import os, pathlib, sys; from analysis.pipeline.worker import end_with_caller; "
        "caller = os.getppid(); pathlib.Path(sys.argv[1]).write_text(str(os.getpid())); "
        "end_with_caller(caller)"
    )
    subprocess.run([sys.executable, "-c", called, sys.argv[1] + ".new"])
"""


def test_a_client_ends_with_the_worker_of_the_cluster_that_was_killed(tmp_path):
    script, note = tmp_path / "caller.py", tmp_path / "pid.new"
    script.write_text(CALLER)
    caller = subprocess.Popen([sys.executable, str(script), str(tmp_path / "pid")])
    end = time.monotonic() + 60
    while not (note.exists() and note.read_text()):
        assert time.monotonic() < end
        time.sleep(0.05)
    caller.kill()
    caller.wait()
    assert gone(int(note.read_text()))


def test_a_dask_cluster_runs_the_clients(project, worker_script):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        outcomes = run_clients_on_cluster(
            ["acme", "best"],
            cluster.scheduler_address,
            root=project.root,
            command=worker_script,
        )
    assert [outcome.state for outcome in outcomes] == ["complete", "killed"]
