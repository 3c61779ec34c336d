"""``crmeval new`` writes which set of standards the client starts from."""

import pytest
import yaml
from click.testing import CliRunner

from analysis.cli import clients as commands
from analysis.cli import main

EXPORT = "项目名称,服务户数\n云栖花园,800\n"


@pytest.fixture
def exports(tmp_path, monkeypatch):
    monkeypatch.setenv("CRMEVAL_HOME", str(tmp_path))
    path = tmp_path / "项目台账.csv"
    path.write_text(EXPORT, encoding="utf-8")
    return path


def proposed(exports):
    text = (exports.parent / "data" / "acme" / "client.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["standards"]


@pytest.mark.parametrize(
    ("options", "expected"), [((), "evaluation"), (("--standards", "villa"), "villa")]
)
def test_without_a_terminal_it_is_the_one_named_or_what_is_asked_of_everybody(
    exports, options, expected
):
    found = CliRunner().invoke(main, ["new", "acme", str(exports), *options])
    assert found.exit_code == 0, found.output
    assert proposed(exports) == expected


def test_at_a_terminal_it_is_asked(exports, monkeypatch):
    monkeypatch.setattr(commands, "_at_a_terminal", lambda: True)
    found = CliRunner().invoke(main, ["new", "acme", str(exports)], input="training\ncrm_course\n")
    assert found.exit_code == 0, found.output
    assert "service_appraisal" in found.output
    assert proposed(exports) == "crm_course"


def test_the_programme_is_asked_and_names_its_usual_standards(exports, monkeypatch):
    monkeypatch.setattr(commands, "_at_a_terminal", lambda: True)
    found = CliRunner().invoke(main, ["new", "acme", str(exports)], input="appraisal\n\n")
    assert found.exit_code == 0, found.output
    assert proposed(exports) == "service_appraisal"
    text = (exports.parent / "data" / "acme" / "client.yml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["programme"] == "appraisal"


@pytest.mark.parametrize(
    ("programme", "expected"), [("training", "evaluation"), ("service", "crm_process")]
)
def test_without_a_terminal_a_named_programme_has_its_usual_standards(exports, programme, expected):
    found = CliRunner().invoke(main, ["new", "acme", str(exports), "--programme", programme])
    assert found.exit_code == 0, found.output
    assert proposed(exports) == expected
