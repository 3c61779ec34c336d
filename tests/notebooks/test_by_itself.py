"""A notebook run by plain papermill, as a researcher does: no run folder, no pipeline."""

from __future__ import annotations

import os
import subprocess
import sys

import nbformat
import pytest
from small_client import NAME, ROOT

from analysis import parameters, results
from analysis.files import sha256


@pytest.fixture(scope="session")
def by_itself(finished, tmp_path_factory):
    """Execute a notebook; return its outputs' folder and the executed notebook."""

    def execute(stage: str, *options: str):
        source = ROOT / "notebooks" / parameters.stage(stage).notebook
        target = tmp_path_factory.mktemp("papermill") / source.name
        command = [sys.executable, "-m", "papermill", str(source), str(target), "-p", "client"]
        subprocess.run(
            [*command, NAME, *options],
            check=True,
            capture_output=True,
            cwd=ROOT,
            env={**os.environ, "CRMEVAL_HOME": str(finished.client.root)},
        )
        return nbformat.read(target, as_version=4)

    return execute


def test_tracking_shows_the_same_and_leaves_the_report_alone(finished, by_itself):
    before = {path: sha256(path) for path in finished.folder.rglob("*") if path.is_file()}
    notebook = by_itself("tracking", "-p", "draws", "199", "-p", "language", "en")
    shown = [o.data["text/html"] for c in notebook.cells for o in c.get("outputs", [])]
    assert any("Did it work" in html for html in shown)
    assert {path: sha256(path) for path in before} == before
    own = finished.client.reports / "standalone"
    # Chances to reach a target are read off the interval, which has fewer draws here.
    mine, reported = (
        {
            e.id: e.value
            for e in results.load("tracking", folder / "results").estimates
            if not e.id.startswith("tracking.target.")
        }
        for folder in (own, finished.folder)
    )
    assert len(mine) > 100
    assert mine == reported


def test_value_finds_the_effects_of_the_run(finished, by_itself):
    by_itself("value", "-p", "draws", "500")
    own = results.load("value", finished.client.reports / "standalone" / "results")
    assert [e.id for e in own.estimates] == [
        e.id for e in results.load("value", finished.folder / "results").estimates
    ]
