"""Warm and plain kernels do the same; what ends a kernel is recorded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import papermill
import pytest
from stand_ins import write_notebook

from analysis import kernels
from analysis.pipeline import outcome
from analysis.pipeline.engine import ENGINE_NAME

HERE = Path(__file__).parent
needs_fork = pytest.mark.skipif(not kernels.warm_is_possible(), reason="no fork here")
both = pytest.mark.parametrize("warm", [pytest.param(True, marks=needs_fork), False])


def execute(folder: Path, *sources: str, **options) -> outcome.Outcome:
    source = write_notebook(folder / "in.ipynb", *sources)
    target = folder / "out.ipynb"
    try:
        papermill.execute_notebook(
            source, target, engine_name=ENGINE_NAME, progress_bar=False, **options
        )
    except Exception:
        assert not outcome.load(target).ok
    return outcome.load(target)


def printed(folder: Path) -> list[str]:
    cells = json.loads((folder / "out.ipynb").read_text())["cells"]
    texts = [
        "".join(made["text"])
        for cell in cells
        for made in cell.get("outputs", [])
        if "text" in made
    ]
    return "".join(texts).splitlines()


def gone(pid: int, within: float = 8.0) -> bool:
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


STATE = """
import os, sys
print("duckdb" in sys.modules, os.environ["OPENBLAS_NUM_THREADS"], os.environ["MARK"])
print(os.getcwd())
import matplotlib
print(matplotlib.get_backend().lower())
"""
RANDOM = "import numpy as np; print(np.random.rand())"
PARQUET = """
import duckdb, pandas, pyarrow, tempfile, os
path = os.path.join(tempfile.mkdtemp(), "t.parquet")
pandas.DataFrame({"a": range(100_000)}).to_parquet(path)
print(pandas.read_parquet(path).a.sum())
print(duckdb.sql(f"select sum(a)::bigint from '{path}'").fetchone()[0])
"""


@both
def test_a_figure_is_an_output_of_its_cell(tmp_path, warm):
    execute(tmp_path, "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nNone", warm=warm)
    (cell,) = json.loads((tmp_path / "out.ipynb").read_text())["cells"][-1:]
    assert [list(made.get("data", {})) for made in cell["outputs"]] == [["image/png", "text/plain"]]


@both
def test_a_notebook_runs_the_same_in_warm_and_plain_kernels(tmp_path, warm):
    environment = {"MARK": "seen"}
    ended = execute(
        tmp_path, STATE, PARQUET, warm=warm, environment=environment, working_folder=tmp_path
    )
    assert ended.ok, ended
    assert (ended.cells, ended.cell) == (4, 4) or (ended.cells, ended.cell) == (3, 3)
    total = str(sum(range(100_000)))
    assert printed(tmp_path) == ["False 1 seen", str(tmp_path), "inline", total, total]


@needs_fork
def test_forked_kernels_do_not_share_their_random_state_or_memory(tmp_path):
    drawn = []
    for name in "ab":
        (tmp_path / name).mkdir()
        assert execute(tmp_path / name, RANDOM, warm=True).ok
        drawn += printed(tmp_path / name)
    assert drawn[0] != drawn[1]


@needs_fork
def test_forked_kernels_start_with_the_heavy_imports(tmp_path):
    loaded = "import sys; print([m in sys.modules for m in ('numpy', 'pandas', 'scipy.stats')])"
    assert execute(tmp_path, loaded, warm=True).ok
    assert printed(tmp_path) == ["[True, True, True]"]


@needs_fork
def test_forked_kernels_have_read_the_wording_of_both_languages(tmp_path):
    read = "from analysis.wording import catalogue; print(catalogue._sentences.cache_info().misses)"
    assert execute(tmp_path, read, warm=True).ok
    assert printed(tmp_path) == ["1"]


@both
def test_a_killed_kernel_is_not_called_finished(tmp_path, warm):
    kill = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    ended = execute(tmp_path, "print('before')", kill, "print('after')", warm=warm)
    assert ended.status == "kernel_died"
    assert ended.cell == ended.cells - 1
    cells = json.loads((tmp_path / "out.ipynb").read_text())["cells"]
    states = [cell["metadata"]["papermill"]["status"] for cell in cells]
    assert states[-3:] == ["completed", "failed", "pending"]
    assert printed(tmp_path) == ["before"]


@both
def test_a_kernel_that_leaves_in_its_last_cell_is_not_called_finished(tmp_path, warm):
    assert execute(tmp_path, "import os; os._exit(0)", warm=warm).status == "kernel_died"


def test_a_cell_that_exits_is_not_called_finished(tmp_path):
    ended = execute(tmp_path, "import sys; sys.exit(0)", "print('after')")
    assert ended.status == "cell_error"


def test_a_cell_that_takes_too_long_is_recorded(tmp_path):
    ended = execute(tmp_path, "import time; time.sleep(30)", execution_timeout=1)
    assert ended.status == "timed_out"


def test_an_error_is_told_in_one_line(tmp_path):
    ended = execute(tmp_path, "raise ValueError('first\\nsecond')")
    assert ended.status == "cell_error"
    assert ended.error == "ValueError: first"


def test_the_notebook_that_is_given_is_not_changed(tmp_path):
    execute(tmp_path, "print(1)")
    cells = json.loads((tmp_path / "in.ipynb").read_text())["cells"]
    assert not any(cell["outputs"] for cell in cells)


OWNER = """
import sys
sys.path.insert(0, {here!r})
from pathlib import Path
from test_kernels import execute
if __name__ == "__main__":
    execute(Path({folder!r}), {cell!r}, warm={warm})
"""


@both
def test_kernels_do_not_outlive_the_process_that_was_killed(tmp_path, warm):
    note = tmp_path / "pid"
    cell = (
        "import os, pathlib, time\n"
        f"pathlib.Path({str(note) + '.new'!r}).write_text(str(os.getpid()))\n"
        f"os.rename({str(note) + '.new'!r}, {str(note)!r})\n"
        "time.sleep(60)"
    )
    script = tmp_path / "owner.py"
    script.write_text(OWNER.format(here=str(HERE), folder=str(tmp_path), cell=cell, warm=warm))
    owner = subprocess.Popen([sys.executable, str(script)])
    end = time.monotonic() + 60
    while not note.exists():
        assert time.monotonic() < end
        assert owner.poll() is None
        time.sleep(0.05)
    kernel = int(note.read_text())
    os.kill(kernel, 0)
    owner.kill()
    owner.wait()
    assert gone(kernel)
    assert outcome.load(tmp_path / "out.ipynb").status == "running"


def test_plain_kernels_stand_in_where_the_system_cannot_fork(monkeypatch):
    monkeypatch.setattr("multiprocessing.get_all_start_methods", lambda: ["spawn"])
    assert not kernels.warm_is_possible()
    assert kernels.kernel_manager(warm=True) is kernels.PlainKernelManager


def test_each_kernel_has_a_folder_of_its_own():
    first, second = kernels.KernelManager(), kernels.KernelManager()
    try:
        assert first.folder != second.folder
        assert Path(first.connection_file).parent == first.folder
    finally:
        for manager in (first, second):
            manager.folder.rmdir()


@needs_fork
def test_the_collector_of_a_forked_kernel_leaves_the_imports_alone(tmp_path):
    seen = "import gc; print(gc.get_freeze_count() > 100_000, gc.get_threshold()[0])"
    assert execute(tmp_path, seen, warm=True).ok
    assert printed(tmp_path) == ["True 50000"]
