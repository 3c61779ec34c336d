"""``crmeval export``: what it writes, and one sentence where it cannot."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from docx import Document
from ruamel.yaml import YAML

from analysis import newest
from analysis.cli import main
from analysis.report import printing


@pytest.fixture
def home(client, tmp_path, monkeypatch) -> Path:
    """Return a copy of the client's project, as the one that is worked in."""
    root = tmp_path / "home"
    shutil.copytree(client.root, root, symlinks=True)
    for old in (root / "reports").rglob("office"):
        shutil.rmtree(old)
    monkeypatch.setenv("CRMEVAL_HOME", str(root))
    return root


def export(*arguments: str):
    return CliRunner().invoke(main, ["export", "acme", *arguments])


def latest(home: Path) -> Path:
    return newest.latest(home / "reports" / "acme")


def test_documents_and_slides_in_both_languages(home):
    done = export("--lang", "en")
    assert done.exit_code == 0, done.output
    files = sorted(path.suffix for path in latest(home).glob("*/office/*"))
    assert files == [".docx"] * 8 + [".pptx"] * 2
    assert "10 files written" in done.output


@pytest.mark.parametrize(("language", "words"), [("en", "First run "), ("zh", "请先运行 ")])
def test_a_stage_that_did_not_run_is_named_with_what_to_type(home, language, words):
    (latest(home) / "results" / "value.json").unlink()
    done = export("--to", "docx", "--language", "en", "--lang", language)
    assert done.exit_code == 0, done.output
    assert done.output.count(f"{words}crmeval run acme --stage value") == 3
    assert "Traceback" not in done.output
    assert len(list(latest(home).glob("en/office/*.docx"))) == 1
    (latest(home) / "results" / "tracking.json").unlink()
    done = export("--to", "docx,pptx", "--language", "en", "--lang", "en")
    assert done.exit_code == 1
    assert "there are no results of Tracking" in done.output
    assert "Traceback" not in done.output


def test_without_a_run_it_says_what_comes_first(home):
    shutil.rmtree(home / "reports" / "acme")
    done = export("--lang", "en")
    assert done.exit_code == 1
    assert "First run crmeval run acme" in done.output


def test_an_unknown_format_names_the_known(home):
    done = export("--to", "docx,odt")
    assert done.exit_code == 2
    assert "docx,pptx,pdf,picture" in done.output


def test_templates_of_the_client_file(home):
    path = home / "data" / "acme" / "client.yml"
    yaml = YAML()
    document = yaml.load(path)
    document["report"] = {"docx": "own/house.docx"}
    yaml.dump(document, path)
    done = export("--to", "docx", "--language", "en", "--lang", "en")
    assert done.exit_code == 1
    assert "house.docx / report.docx" in done.output
    assert "Template file not found" in done.output
    house = Document()
    house.sections[0].header.paragraphs[0].text = "House of Letters"
    (path.parent / "own").mkdir()
    house.save(str(path.parent / "own" / "house.docx"))
    done = export("--to", "docx", "--language", "en", "--lang", "en")
    assert done.exit_code == 0, done.output
    for made in latest(home).glob("en/office/*.docx"):
        assert Document(str(made)).sections[0].header.paragraphs[0].text == "House of Letters"


def test_the_brief_on_a_sheet_and_as_a_picture(home):
    if printing.browser() is None:
        pytest.skip("no Chromium on this machine")
    from PIL import Image

    done = export("--to", "pdf,picture", "--language", "zh", "--lang", "en")
    assert done.exit_code == 0, done.output
    sheet, picture = sorted(latest(home).glob("zh/office/*"))
    assert sheet.read_bytes().startswith(b"%PDF")
    with Image.open(picture) as taken:
        width, height = taken.size
        assert width == 1080
        assert height > 1.5 * width
        foot = taken.convert("RGB").crop((0, height - 200, width, height))
        assert len(foot.getcolors(1_000_000)) > 1  # it ends where the text ends


def test_without_chromium_it_says_so(home, monkeypatch):
    monkeypatch.setattr(printing, "browser", lambda: None)
    done = export("--to", "pdf", "--lang", "en")
    assert done.exit_code == 1
    assert "Chromium" in done.output
