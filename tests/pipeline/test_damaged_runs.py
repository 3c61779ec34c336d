"""A run whose files are damaged stops nobody: neither its own client nor any other."""

from __future__ import annotations

import json
import os

import pytest
from click.testing import CliRunner
from manifest_damages import DAMAGES

from analysis import cli, manifest, newest
from analysis.errors import StoredFileError
from analysis.pipeline import client_status, prunable, prune, pruning, steps


@pytest.fixture
def two_clients(project, monkeypatch):
    monkeypatch.setenv("CRMEVAL_HOME", str(project.root))
    monkeypatch.setattr("analysis.pipeline.runner.code_hash", lambda: "code")
    monkeypatch.setattr(steps, "_prepare", lambda setting, folder: project.prepare("", folder))
    monkeypatch.setattr(steps, "_build_report", lambda setting, folder: project.report(folder))

    def notebook(setting, declared, values, folder, on_cell):
        (folder / "notebooks").mkdir(exist_ok=True)
        (folder / "notebooks" / declared.notebook).write_text("{}")

    monkeypatch.setattr(steps, "_execute", notebook)
    other = project.root / "data" / "other"
    other.mkdir()
    for path in (project.root / "data" / "acme").rglob("*"):
        if path.is_file():
            (other / path.name).write_bytes(path.read_bytes())
    return project


def crmeval(*arguments):
    done = CliRunner().invoke(cli.main, ["--lang", "en", *arguments])
    assert not isinstance(done.exception, Exception), done.exception
    return done


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_manifest_is_passed_over_with_a_word(two_clients, kind):
    for name in ("acme", "other"):
        assert crmeval("run", name).exit_code == 0
    old = newest.latest(two_clients.reports)
    DAMAGES[kind](old / manifest.FILE_NAME)

    with pytest.raises(StoredFileError):
        manifest.load(old)
    said = crmeval("status", "acme").output.replace("\n", "")
    assert old.name in said
    assert ("newer version" if kind == "newer" else "damaged or incomplete") in said
    assert crmeval("status", "other").exit_code == 0
    assert crmeval("run", "other", "--force").exit_code == 0
    shown = (two_clients.root / "reports" / "index.en.html").read_text(encoding="utf-8")
    assert "acme is left out" in shown
    assert "other" in shown

    assert crmeval("run", "acme").exit_code == 0
    now = newest.latest(two_clients.reports)
    assert now != old
    assert old.is_dir()
    assert crmeval("portfolio").exit_code == 0
    assert "left out" not in (two_clients.root / "reports" / "index.en.html").read_text("utf-8")

    crmeval("prune", "acme", "--yes")
    assert old.is_dir() == (kind == "newer")
    assert newest.latest(two_clients.reports) == now


def test_fields_of_other_versions_are_read_tolerantly(two_clients):
    crmeval("run", "acme")
    folder = newest.latest(two_clients.reports)
    body = json.loads((folder / manifest.FILE_NAME).read_text())
    for name in ("client", "run_id", "packages", "notebooks", "format"):
        del body[name]
    body["steps"]["design"]["of_later"] = body["of_later"] = 1
    (folder / manifest.FILE_NAME).write_text(json.dumps(body))
    found = manifest.load(folder)
    assert (found.client, found.run_id) == ("acme", folder.name)
    assert client_status("acme").latest == folder
    assert crmeval("run", "acme").output.startswith("acme: nothing has changed")


def test_a_copy_of_a_run_in_the_place_of_latest_is_kept(two_clients):
    crmeval("run", "acme")
    folder = newest.latest(two_clients.reports)
    (two_clients.reports / "latest").unlink()
    folder.rename(two_clients.reports / "latest")
    (two_clients.root / "data" / "acme" / "raw" / "export.csv").write_text("a,b\n1,9\n")
    assert crmeval("run", "acme").exit_code == 0
    assert (folder / manifest.FILE_NAME).is_file()
    assert newest.latest(two_clients.reports) not in (None, folder)


def test_a_portfolio_that_a_kill_left_stale_is_refreshed(two_clients):
    crmeval("run", "acme")
    page = two_clients.root / "reports" / "index.html"
    page.write_text("before the run")
    os.utime(page, (0, 0))
    assert "nothing has changed" in crmeval("run", "acme").output
    assert "acme" in page.read_text(encoding="utf-8")


def test_prune_keeps_the_latest_and_what_can_go_on(two_clients, monkeypatch):
    made = []
    for number in range(5):
        (two_clients.root / "data" / "acme" / "raw" / "export.csv").write_text(f"a\n{number}\n")
        made.append(two_clients.run().folder)
    (two_clients.root / "data" / "acme" / "raw" / "export.csv").write_text("a\nlast\n")
    part = two_clients.run(stages=["design"]).folder
    gone = prunable("acme", keep=2, root=two_clients.root)
    assert [run.folder for run in gone] == made[:3]
    assert all(run.size > 0 for run in gone)
    refused = CliRunner().invoke(cli.main, ["prune", "acme", "--keep", "2"], input="n\n")
    assert refused.exit_code == 0
    assert made[0].is_dir()
    prune("acme", gone, root=two_clients.root)
    left = {path for path, _ in newest.runs(two_clients.reports)}
    assert left == {*made[3:], part}
    assert pruning.prunable("acme", keep=2, root=two_clients.root) == []
