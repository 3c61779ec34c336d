"""A project in a temporary folder: one client, five tiny notebooks, stand-ins for both ends."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from stand_ins import Project

from analysis import parameters


@pytest.fixture
def project(tmp_path) -> Project:
    made = Project(tmp_path)
    for client in ("acme", "best"):
        (tmp_path / "data" / client / "raw").mkdir(parents=True)
        (tmp_path / "data" / client / "client.yml").write_text(f"client: {client}\n")
        (tmp_path / "data" / client / "raw" / "export.csv").write_text("a,b\n1,2\n")
    for stage in parameters.STAGES:
        made.notebook(stage.name)
    return made


RUNNER = """
import json, sys
sys.path.insert(0, {here!r})
from pathlib import Path
if __name__ == "__main__":
    from stand_ins import Project
    request = json.loads(sys.argv[1])
    Project(Path(request.pop("root"))).run(**request)
"""
WORKER = """
import json, os, signal, sys
request = json.loads(sys.argv[1])
if request["client"] == "best":
    os.kill(os.getpid(), signal.SIGKILL)
answer = {"state": "complete", "folder": request["root"], "step": None, "error": None}
print("something said on the way")
print(json.dumps(answer))
"""


def _script(path: Path, text: str) -> list[str]:
    path.write_text(text)
    return [sys.executable, str(path)]


@pytest.fixture
def runner_script(tmp_path) -> list[str]:
    """Command that runs a client with the stand-ins; the request is its last argument."""
    return _script(tmp_path / "runner.py", RUNNER.format(here=str(Path(__file__).parent)))


@pytest.fixture
def worker_script(tmp_path) -> list[str]:
    """Command of a worker that answers at once, and is killed when the client is ``best``."""
    return _script(tmp_path / "worker.py", WORKER)
