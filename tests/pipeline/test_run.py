"""The run of one client: order, skipping, failing, resuming."""

from __future__ import annotations

import json

import pytest

from analysis import manifest, newest, parameters
from analysis.errors import RunError
from analysis.pipeline import client_status, folders, outcome

STAGES = [stage.name for stage in parameters.STAGES]
ALL = ["ingest", *STAGES, "report"]


def test_a_run_does_every_step_and_keeps_what_it_needs_to_be_repeated(project):
    result = project.run()
    assert result.state == "complete", result.error
    assert list(result.executed) == ALL
    assert newest.latest(project.reports) == result.folder
    found = manifest.load(result.folder)
    assert [found.steps[name].state for name in ALL] == ["done"] * len(ALL)
    assert set(found.inputs) == {"client.yml", "raw/export.csv"}
    assert found.packages["numpy"]
    assert found.steps["tracking"].outputs.keys() == {
        "notebooks/03_tracking.ipynb",
        "notebooks/03_tracking.outcome.json",
        "results/tracking.json",
    }
    values = json.loads((result.folder / "results" / "tracking.json").read_text())
    assert values[:3] == ["acme", "zh_CN", 20240101]
    processes = {
        json.loads((result.folder / "results" / f"{stage}.json").read_text())[3] for stage in STAGES
    }
    assert len(processes) == len(STAGES)

    again = project.run()
    assert again.folder == result.folder
    assert again.executed == ()

    (project.root / "data" / "acme" / "raw" / "export.csv").write_text("a,b\n1,3\n")
    assert client_status("acme", root=project.root).inputs_changed


def test_a_change_runs_the_stage_and_all_that_read_it(project):
    first = project.run()
    project.notebook("monitoring", "print('changed')")
    second = project.run()
    assert list(second.executed) == ["monitoring", "value", "report"]
    assert second.folder != first.folder
    steps = manifest.load(second.folder).steps
    assert {steps[name].state for name in ("baseline", "tracking")} == {"skipped"}
    assert steps["baseline"].taken_from == first.folder.name
    assert (second.folder / "canonical" / "sites.txt").read_text() == "s01"
    assert manifest.intact(first.folder, manifest.load(first.folder).steps["tracking"].outputs)

    third = project.run(force=True, stages=["tracking"])
    assert third.state == "partial"
    assert list(third.executed) == ["tracking", "report"]
    assert newest.latest(project.reports) == second.folder


def test_a_failed_cell_keeps_the_partial_notebook_and_the_last_complete_run(project):
    first = project.run()
    project.notebook("tracking", "1 / 0", "print('never')")
    failed = project.run()
    assert not failed.ok
    assert failed.failed_step == "tracking"
    assert failed.error == "cell 4 of 5: ZeroDivisionError: division by zero"
    assert "\n" not in failed.error
    assert failed.partial_notebook.name == "03_tracking.ipynb"
    assert "never" in failed.partial_notebook.read_text()
    assert outcome.load(failed.partial_notebook).status == "cell_error"
    steps = manifest.load(failed.folder).steps
    assert [steps[name].state for name in ALL] == ["skipped"] * 4 + ["failed", "pending", "pending"]
    assert newest.latest(project.reports) == first.folder
    for name, record in manifest.load(first.folder).steps.items():
        assert manifest.intact(first.folder, record.outputs), name

    project.notebook("tracking", "1 / 1")
    repaired = project.run()
    assert repaired.folder == failed.folder
    assert list(repaired.executed) == ["tracking", "value", "report"]
    assert newest.latest(project.reports) == repaired.folder


def test_a_stage_asked_for_runs_what_it_reads_and_has_pages(project):
    part = project.run(stages=["tracking"])
    assert (part.state, list(part.executed)) == (
        "partial",
        ["ingest", "baseline", "tracking", "report"],
    )
    assert part.index.is_file()
    assert newest.latest(project.reports) is None
    whole = project.run()
    assert (whole.folder, whole.state) == (part.folder, "complete")
    assert list(whole.executed) == ["design", "monitoring", "value", "report"]
    # what the complete run holds is not made again
    assert project.run(stages=["monitoring"]).executed == ()


WAIT = """
import pathlib, time
pathlib.Path({own!r}).touch()
end = time.monotonic() + 60
while not pathlib.Path({other!r}).exists():
    assert time.monotonic() < end
    time.sleep(0.05)
"""


def test_stages_that_do_not_read_each_other_run_at_once(project, tmp_path):
    notes = {stage: str(tmp_path / f"{stage}.note") for stage in ("design", "baseline")}
    project.notebook("design", WAIT.format(own=notes["design"], other=notes["baseline"]))
    project.notebook("baseline", WAIT.format(own=notes["baseline"], other=notes["design"]))
    result = project.run(workers=2)
    assert result.state == "complete", result.error
    assert list(result.executed) == ALL


def test_after_a_failure_nothing_is_begun_and_what_runs_is_kept(project, tmp_path):
    note = str(tmp_path / "baseline.note")
    project.notebook("monitoring", WAIT.format(own=note + ".seen", other=note), "1 / 0")
    until = "while '\"failed\"' not in (pathlib.Path(run_dir) / 'manifest.json').read_text():"
    project.notebook(
        "baseline", WAIT.format(own=note, other=note), f"{until}\n    time.sleep(0.05)"
    )
    failed = project.run(workers=2)
    assert (failed.state, failed.failed_step) == ("failed", "monitoring")
    steps = manifest.load(failed.folder).steps
    found = [steps[name].state for name in ALL]
    assert found == ["done", "pending", "done", "failed", "pending", "pending", "pending"]


def test_the_step_on_which_most_others_wait_begins_first(project):
    result = project.run(workers=1)
    assert result.state == "complete", result.error
    assert begun(result) == ["baseline", "monitoring", "tracking", "design", "value"]


def begun(result):
    """Stages in the order they ended."""
    folder = result.folder / "notebooks"
    ended = {s: next(folder.glob(f"*_{s}.outcome.json")).stat().st_mtime_ns for s in STAGES}
    return sorted(STAGES, key=ended.__getitem__)


def test_every_file_of_a_run_is_the_output_of_one_step(project):
    result = project.run(workers=2)
    recorded = [
        name for step in manifest.load(result.folder).steps.values() for name in step.outputs
    ]
    assert len(recorded) == len(set(recorded))
    there = {p.relative_to(result.folder).as_posix() for p in result.folder.rglob("*.*")}
    assert there - {"manifest.json"} == set(recorded)


def test_a_damaged_output_is_made_again(project):
    first = project.run()
    (first.folder / "index.html").write_text("damaged")
    second = project.run()
    assert list(second.executed) == ["report"]
    assert (second.folder / "index.html").read_text() == "<html></html>"


def test_ingest_that_fails_starts_no_notebook(project):
    def refuse(client, folder):
        raise ValueError("first line\nsecond line")

    failed = project.run(prepare=refuse)
    assert (failed.failed_step, failed.error) == ("ingest", "ValueError: first line")
    assert isinstance(failed.exception, ValueError)
    assert not (failed.folder / "notebooks").exists()


def test_ctrl_c_is_recorded(project):
    def interrupt(client, folder):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        project.run(prepare=interrupt)
    newest = client_status("acme", root=project.root).newest
    assert newest.state == "failed"
    assert newest.steps["ingest"].error == "interrupted from the keyboard"


def test_what_does_not_exist_is_named(project):
    with pytest.raises(RunError, match="no client 'acne'"):
        project.run("acne")
    with pytest.raises(RunError, match="did you mean 'tracking'"):
        project.run(stages=["traking"])
    with pytest.raises(RunError, match="did you mean 'language'"):
        project.run(values={"langage": "en"})
    (project.root / "notebooks" / "04_value.ipynb").unlink()
    with pytest.raises(RunError, match="04_value"):
        project.run()


def test_two_runs_of_one_client_do_not_collide(project):
    with (
        folders.only_one_run(project.reports),
        pytest.raises(RunError, match="being run by process"),
    ):
        project.run()


def test_latest_is_a_text_file_where_links_are_not_to_be_had(project, monkeypatch):
    def refuse(*_, **__):
        raise OSError("no links here")

    monkeypatch.setattr("pathlib.Path.symlink_to", refuse)
    (project.reports / "run1").mkdir(parents=True)
    manifest.Manifest(client="acme", run_id="run1", state="complete").save(project.reports / "run1")
    folders.point_latest(project.reports, "run1")
    assert newest.latest(project.reports) == project.reports / "run1"
