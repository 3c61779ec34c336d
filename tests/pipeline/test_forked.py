"""Clients forked from one server: each loses only itself, and ends with who asked for it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_kernels import gone
from test_killed import heed_ctrl_c

from analysis import kernels
from analysis.pipeline import forked, run_clients

pytestmark = pytest.mark.skipif(not kernels.warm_is_possible(), reason="this system does not fork")
HERE = Path(__file__).parent
ANSWER = {"state": "complete", "folder": None, "step": None, "error": None}


def killed_or_complete(request):
    print("said on the way")
    if request["client"] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if request["client"] == "raises":
        raise ValueError("nobody foresaw this")
    return {**ANSWER, "folder": os.environ["CRMEVAL_HOME"]}


def test_a_client_that_is_killed_loses_only_itself(tmp_path):
    ended = []
    names = ["killed", "a", "raises", "b"]
    forked.run_each(killed_or_complete, names, {"root": str(tmp_path)}, 2, ended.append)
    found = {each.client: each for each in ended}
    assert {name: found[name].exit_status for name in names} == {
        "killed": -9,
        "a": 0,
        "raises": 1,
        "b": 0,
    }
    assert found["killed"].answer is found["raises"].answer is None
    assert found["raises"].said.splitlines()[-1] == "ValueError: nobody foresaw this"
    assert found["a"].answer == found["b"].answer == {**ANSWER, "folder": str(tmp_path)}
    assert found["a"].said == "said on the way\n"


def note_parent(path):
    path.write_text(str(os.getppid()))


def forks(request):
    path = Path(request["root"]) / "parent"
    kernels.start_server()
    child = multiprocessing.get_context("forkserver").Process(target=note_parent, args=(path,))
    child.start()
    child.join()
    return {**ANSWER, "step": path.read_text(), "error": str(os.getppid())}


def test_a_client_forks_its_kernels_from_the_same_server(tmp_path):
    ended = []
    forked.run_each(forks, ["a"], {"root": str(tmp_path)}, 1, ended.append)
    (answer,) = [each.answer for each in ended]
    assert answer["step"] == answer["error"]


def test_what_is_wrong_with_clients_is_told(tmp_path):
    (tmp_path / "data" / "empty").mkdir(parents=True)
    outcomes = run_clients(["nobody", "empty"], root=tmp_path)
    assert [(done.state, done.exit_status) for done in outcomes] == [("failed", 1)] * 2
    assert "no client 'nobody'" in outcomes[0].error


def waits(request):
    note = Path(request["root"]) / request["client"]
    note.with_suffix(".pid").write_text(str(os.getpid()))
    note.with_suffix(".begun").touch()
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        note.with_suffix(".interrupted").touch()
        raise
    return ANSWER


OWNER = """
import sys
sys.path.insert(0, {here!r})
if __name__ == "__main__":
    import test_forked
    from analysis.pipeline import forked
    options = {{"root": {root!r}}}
    forked.run_each(test_forked.waits, ["a", "b", "c"], options, 2, lambda ended: None)
"""


def owner_of_two(tmp_path) -> subprocess.Popen:
    script = tmp_path / "owner.py"
    script.write_text(OWNER.format(here=str(HERE), root=str(tmp_path)))
    owner = subprocess.Popen(
        [sys.executable, str(script)], stderr=subprocess.DEVNULL, preexec_fn=heed_ctrl_c
    )
    end = time.monotonic() + 60
    while not all((tmp_path / f"{name}.begun").exists() for name in "ab"):
        assert time.monotonic() < end
        assert owner.poll() is None
        time.sleep(0.05)
    return owner


def test_ctrl_c_is_told_to_the_clients_that_run_and_begins_no_other(tmp_path):
    owner = owner_of_two(tmp_path)
    owner.send_signal(signal.SIGINT)
    assert owner.wait(timeout=30) != 0
    assert sorted(path.name for path in tmp_path.glob("*.interrupted")) == [
        "a.interrupted",
        "b.interrupted",
    ]
    assert not (tmp_path / "c.begun").exists()


def test_clients_end_with_the_process_that_asked_for_them(tmp_path):
    owner = owner_of_two(tmp_path)
    owner.kill()
    owner.wait()
    assert all(gone(int((tmp_path / f"{name}.pid").read_text())) for name in "ab")
