"""What counts as a change of the inputs, the code, a notebook."""

from __future__ import annotations

import json

from stand_ins import write_notebook

from analysis import files
from analysis.pipeline import fingerprint


def test_keys_and_hidden_files_are_no_inputs(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "client.yml").write_text("a")
    (tmp_path / "raw" / "表.csv").write_text("b")
    before = files.input_hashes(tmp_path)
    assert list(before) == ["client.yml", "raw/表.csv"]
    (tmp_path / "pseudonym.key").write_text("secret")
    (tmp_path / "raw" / ".recipe").write_text("c")
    assert files.input_hashes(tmp_path) == before
    (tmp_path / "raw" / "表.csv").write_text("d")
    assert files.input_hashes(tmp_path) != before


def test_outputs_of_a_notebook_are_no_change_of_it(tmp_path):
    path = write_notebook(tmp_path / "a.ipynb", "print(1)")
    before = fingerprint.notebook(path)
    content = json.loads(path.read_text())
    content["metadata"]["kernelspec"]["display_name"] = "Other"
    content["cells"][1]["execution_count"] = 7
    path.write_text(json.dumps(content))
    assert fingerprint.notebook(path) == before
    content["cells"][1]["source"] = "print(2)"
    path.write_text(json.dumps(content))
    assert fingerprint.notebook(path) != before


def test_the_hash_of_the_code_is_steady():
    assert len(files.code_hash()) == 64


def test_the_project_root_is_found_from_within(tmp_path, monkeypatch):
    monkeypatch.delenv("CRMEVAL_HOME", raising=False)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert files.project_root() == tmp_path
    monkeypatch.setenv("CRMEVAL_HOME", str(tmp_path / "notebooks"))
    assert files.project_root() == tmp_path / "notebooks"


def test_notebooks_are_the_projects_own_or_those_beside_the_code(tmp_path):
    beside = files.notebooks_folder(tmp_path)
    assert (beside / "03_tracking.ipynb").is_file()
    (tmp_path / "notebooks").mkdir()
    assert files.notebooks_folder(tmp_path) == tmp_path / "notebooks"
