"""A notebook run by plain papermill, as a researcher does: no run folder, no pipeline."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from small_client import NAME, ROOT

from analysis import parameters, report, results
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
    outputs = [o for c in notebook.cells for o in c.get("outputs", [])]
    assert any("Did it work" in o.data["text/plain"] for o in outputs if "data" in o)
    counted = "".join(o.text for o in outputs if o.output_type == "stream").split("\r")
    steps = [re.sub(r"^Step (\d+) of \d+: ", r"\1 ", line).strip() for line in counted[1:-1]]
    assert steps[:2] == ["1 evaluate", "2 evaluate_others"]
    assert [int(step.split()[0]) for step in steps] == list(range(1, len(steps) + 1))
    n = len(steps)
    assert re.fullmatch(rf"{n} of {n} steps in \d+\.\d s *\n", counted[-1])
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


def test_a_cell_that_stops_says_how_far_it_came(finished, monkeypatch, capsys):
    monkeypatch.setenv("CRMEVAL_HOME", str(finished.client.root))
    stage = opening.open_stage("baseline", client=NAME, language="en")
    source = "stage.raters(), stage.scale_use()\nstage.baseline_levels()"
    stage.tell_steps(SimpleNamespace(execution_count=1, user_ns={"stage": stage, "In": [source]}))
    stage.raters()
    with pytest.raises(TypeError):
        stage.scale_use("too much")
    told = [line.strip() for line in capsys.readouterr().out.split("\r")[1:]]
    assert told[:2] == ["Step 1 of 3: raters", "Step 2 of 3: scale_use"]
    assert re.fullmatch(r"1 of 3 steps in \d+\.\d s", told[2])
    stage.steps.shell.execution_count = 2
    stage.steps.shell.user_ns["In"] = ["stage.raters()"]
    stage.raters()
    assert capsys.readouterr().out == ""


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


def test_a_mistyped_stage_is_named(finished, monkeypatch):
    monkeypatch.setenv("CRMEVAL_HOME", str(finished.client.root))
    assert opening.open_stage("tracking", client=NAME, language="zh").language == "zh_CN"
    with pytest.raises(RunError, match="did you mean 'tracking'"):
        opening.open_stage("trakcing", client=NAME)


ASKED = {
    "design": lambda stage: stage.goals(),
    "baseline": lambda stage: stage.raters(),
    "monitoring": lambda stage: stage.training(),
    "tracking": lambda stage: stage.evaluate(draws=99),
    "value": lambda stage: stage.goals(),
}
"""The first step of each notebook that may read an earlier stage."""


@pytest.fixture
def own_home(finished, monkeypatch, tmp_path):
    """A copy of the finished client to change; returns the client's folder."""
    home = shutil.copytree(finished.client.root, tmp_path / "home", symlinks=True)
    monkeypatch.setenv("CRMEVAL_HOME", str(home))
    return home / "data" / NAME


@pytest.mark.parametrize("name", ASKED)
def test_alone_after_a_comment_it_reuses_the_run(own_home, name):
    path = own_home / "client.yml"
    path.write_text("# checked\n\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert ASKED[name](opening.open_stage(name, client=NAME))


@pytest.mark.parametrize(
    ("name", "kept", "first"),
    [
        ("tracking", (), "01_baseline.ipynb"),
        ("value", (), "01_baseline.ipynb, then 02_monitoring.ipynb, then 03_tracking.ipynb"),
        ("value", ("baseline", "monitoring"), "03_tracking.ipynb"),
    ],
)
def test_alone_after_a_change_it_asks_for_what_it_reads(own_home, name, kept, first):
    path = own_home / "client.yml"
    text = path.read_text(encoding="utf-8")
    before = opening.open_stage(name, client=NAME)
    assert {s.name for s in parameters.STAGES} <= {
        p.stem for p in (before.folder / "results").glob("*.json")
    }
    path.write_text(re.sub(r"(?m)^  alpha: .*$", "  alpha: 0.10", text), encoding="utf-8")
    assert path.read_text(encoding="utf-8") != text
    stage = opening.open_stage(name, client=NAME)
    assert not (stage.folder / "results").exists()
    for earlier in kept:
        results.save(results.StageResults(stage=earlier), stage.folder / "results")
    said = rf"Correct: run {re.escape(first)} first, or crmeval run {NAME}$"
    with pytest.raises(RunError, match=said):
        ASKED[name](opening.open_stage(name, client=NAME))


@pytest.mark.parametrize("name", ["design", "baseline", "monitoring"])
def test_alone_after_a_change_what_reads_nothing_runs(own_home, name):
    path = own_home / "client.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"(?m)^  alpha: .*$", "  alpha: 0.10", text), encoding="utf-8")
    assert ASKED[name](opening.open_stage(name, client=NAME))


def test_a_mistyped_name_is_told_wherever_something_is_looked_up(finished, monkeypatch):
    monkeypatch.setenv("CRMEVAL_HOME", str(finished.client.root))
    stage = opening.open_stage("baseline", client=NAME, language="en")
    run = report.open_run(finished.folder)
    found = run.results["tracking"]
    page = stage.page(run.results["baseline"])
    for look_up, nearest in (
        (lambda: run.results["traking"], "tracking"),
        (lambda: found.tables["csat_mean_trendz"], "csat_mean_trends"),
        (lambda: found.table("csat_mean_trendz"), "csat_mean_trends"),
        (lambda: found.estimate("tracking.csat_mean.att.overal"), "tracking.csat_mean.att.overall"),
        (lambda: stage.tables["surveyz"], "surveys"),
        (lambda: stage.table("surveyz"), "surveys"),
        (lambda: stage.registry["csat_meen"], "csat_mean"),
        (lambda: stage.outcome("csat_meen"), "csat_mean"),
        (lambda: page.view("scorecrd"), "scorecard"),
    ):
        with pytest.raises(KeyError, match=re.escape(nearest)):
            look_up()
