"""What one process is computing another waits for, as long as the first one lives."""

import multiprocessing
import os
import signal
import time

import pytest

from analysis import memory, wording
from analysis.claims import claims_in, shared_out
from analysis.memory import Read, Store, remembered

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a second process is forked")


@remembered
def slow(folder, *, hangs):
    (folder / f"computed-{os.getpid()}").touch()
    time.sleep(600 if hangs.exists() else 0.3)
    return {"a": 1}


def asked(tmp_path, folder, hangs):
    os.chdir(tmp_path)
    memory.WORTH_SECONDS = 0.0
    memory.contents.digest = lambda given: "0123456789abcdef"
    read = Read(
        reading=wording.reading,
        entries_hash=wording.entries_hash,
        note=wording.note_read,
        ambient=lambda: "",
    )
    memory.keep_in(Store(folder=folder, run="r", anew=True, read=read, claims=claims_in(folder)))
    (tmp_path / f"found-{os.getpid()}").write_text(str(slow(tmp_path, hangs=hangs)))


def start(*args):
    process = multiprocessing.get_context("fork").Process(target=asked, args=args)
    process.start()
    return process


def wait_for(count, tmp_path, what):
    until = time.monotonic() + 60
    while len(list(tmp_path.glob(f"{what}-*"))) < count:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_value_is_computed_by_one_process_and_found_by_the_others(tmp_path):
    folder, hangs = tmp_path / "remembered", tmp_path / "hangs"
    with shared_out(folder):
        running = [start(tmp_path, folder, hangs) for _ in range(3)]
        for process in running:
            process.join(60)
    assert len(list(tmp_path.glob("computed-*"))) == 1
    assert [path.read_text() for path in tmp_path.glob("found-*")] == ["{'a': 1}"] * 3
    assert claims_in(folder) is None
    assert [path.suffix for path in folder.iterdir()] == [".value"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_value_whose_process_dies_is_computed_by_the_next(tmp_path, how):
    folder, hangs = tmp_path / "remembered", tmp_path / "hangs"
    hangs.touch()
    with shared_out(folder):
        first = start(tmp_path, folder, hangs)
        wait_for(1, tmp_path, "computed")
        hangs.unlink()
        second = start(tmp_path, folder, hangs)
        time.sleep(0.3)
        assert len(list(tmp_path.glob("computed-*"))) == 1  # it waits
        os.kill(first.pid, how)
        second.join(60)
        first.join(60)
    assert len(list(tmp_path.glob("computed-*"))) == 2
    assert len(list(tmp_path.glob("found-*"))) == 1


def test_a_value_is_computed_by_way_of_another_that_is_claimed(tmp_path):
    folder = tmp_path / "remembered"
    with shared_out(folder):
        claims = claims_in(folder)
        with claims.on("ab" * 32), claims.on("cd" * 32), claims.on("ab" * 32):
            pass
