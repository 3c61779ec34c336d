"""A notebook run by plain papermill, as a researcher does: no run folder, no pipeline."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import nbformat
import numpy as np
import pytest
from small_client import NAME, ROOT

from analysis import parameters, results
from analysis.errors import RunError
from analysis.files import sha256
from analysis.workspace import entrance as opening


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
    shown = [o.data["text/plain"] for c in notebook.cells for o in c.get("outputs", [])]
    assert any("Did it work" in text for text in shown)
    assert {path: sha256(path) for path in before} == before
    own = finished.client.reports / "standalone"
    # Chances to reach a target are read off the interval, which has fewer draws here.
    mine, reported = (
        {
            e.id: np.nan if e.value is None else e.value
            for e in results.load("tracking", folder / "results").estimates
            if not e.id.startswith("tracking.target.")
        }
        for folder in (own, finished.folder)
    )
    assert len(mine) > 100
    assert mine.keys() == reported.keys()
    # Another process adds up in another order: the last digit of an iterated fit may differ.
    assert mine == pytest.approx(reported, rel=1e-9, nan_ok=True)


def test_value_finds_the_effects_of_the_run(finished, by_itself):
    by_itself("value", "-p", "draws", "500")
    own = results.load("value", finished.client.reports / "standalone" / "results")
    assert [e.id for e in own.estimates] == [
        e.id for e in results.load("value", finished.folder / "results").estimates
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("-p", "clinet", "acme"), "no parameter is called 'clinet'; did you mean 'client'?"),
        (("-p", "language", "de"), "language = 'de'"),
    ],
)
def test_a_wrong_parameter_ends_in_one_sentence(finished, by_itself, options, said):
    with pytest.raises(subprocess.CalledProcessError) as stopped:
        by_itself("design", *options)
    told = stopped.value.stderr.decode()
    assert said in told
    assert "opening.py" not in told


def test_value_asks_for_the_notebook_before_it(finished, monkeypatch, tmp_path):
    folder = tmp_path / NAME / opening.STANDALONE
    shutil.copytree(finished.folder, folder, ignore=shutil.ignore_patterns("tracking*"))
    monkeypatch.setenv("CRMEVAL_HOME", str(finished.client.root))
    monkeypatch.setattr(opening, "_standalone", lambda *_: folder)
    with pytest.raises(RunError, match=r"run 03_tracking\.ipynb first, or crmeval run"):
        opening.open_stage("value", client=NAME)
    assert opening.open_stage("tracking", client=NAME, language="zh").language == "zh_CN"
    with pytest.raises(RunError, match="did you mean 'tracking'"):
        opening.open_stage("trakcing", client=NAME)
