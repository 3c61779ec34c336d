"""A step's sentences and views stand beside the step, and every view has its place on a page."""

import ast
import re
from pathlib import Path

import pytest
import yaml

import analysis
from analysis import step_files
from analysis.errors import EvaluationError
from analysis.present import views

ROOT = Path(analysis.__file__).parent
FILES = sorted(ROOT.rglob("*.step.yml"))
PAGES = {path.stem: path for path in (ROOT / "workspace" / "pages").glob("*.py")}


def module_of(path):
    return path.with_name(path.name.replace(".step.yml", ".py"))


def test_every_step_file_stands_beside_a_module():
    assert [path for path in FILES if not module_of(path).is_file()] == []


def test_sentences_stand_beside_the_module_that_says_them():
    astray = []
    for path in FILES:
        source = module_of(path).read_text(encoding="utf-8")
        for key in yaml.safe_load(path.read_text(encoding="utf-8")).get("sentences", {}):
            if not any(begin in source for begin in beginnings(key)):
                astray.append((path.name, key))
    assert astray == []


def beginnings(key):
    """A key, and its beginnings by which code may ask for it: not by one that all checks share.

    A method is named where it is made, its label is asked for where estimates are shown.
    """
    room, kind = key.split(".")[:2]
    if kind == "method":
        return [key.rpartition(".")[2]]
    least = len(f"{room}.{kind}") + (kind in {"check", "reason", "why", "remedy"})
    ends = [found.start() for found in re.finditer(r"[._]", key)]
    return [key, *(key[: end + (end == least)] for end in ends if end >= least)]


def test_every_view_is_on_a_page():
    shown = {stage: literals(path) for stage, path in PAGES.items()}
    audiences = (ROOT / "report" / "audiences.yml").read_text(encoding="utf-8")
    lost = []
    for name in views.names():
        stage, _, view = name.partition(".")
        section = views.get(name).section
        known = shown[stage]
        there = {view, name} & known if section is None else section in known
        if not there and f"view: {name}" not in audiences:
            lost.append(name)
    assert lost == []


def literals(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_views_of_a_section_have_each_a_place_of_their_own():
    places = {}
    for name in views.names():
        view = views.get(name)
        if view.section is not None:
            places.setdefault((name.partition(".")[0], view.section, view.order), []).append(name)
    assert [names for names in places.values() if len(names) > 1] == []


def test_what_labels_a_view_is_there():
    from analysis.workspace import pages, wiring  # noqa: F401

    missing = []
    for name in views.names():
        stage, labels = name.partition(".")[0], views.get(name).labels
        if labels is None:
            continue
        sources = (PAGES[stage], ROOT / "workspace" / "wiring" / f"{stage}.py")
        if not any(
            re.search(rf"def {labels}\(self\)", path.read_text(encoding="utf-8"))
            for path in sources
        ):
            missing.append((name, labels))
    assert missing == []


FAULTS = {
    "part": ({"word": {}}, "is none of"),
    "language": ({"sentences": {"design.x.y": {"zh": "是"}}}, "needs a text in each language"),
    "caption": ({"views": {"design.x": {"caption": "A table"}}}, "needs a text in each language"),
    "view twice": ({"views": {"design.goals": {}}}, "another step file"),
    "key twice": ({"sentences": {"views.design.goals.caption": {"zh": "", "en": ""}}}, "another"),
}


@pytest.mark.parametrize(("declared", "message"), FAULTS.values(), ids=FAULTS)
def test_a_faulty_step_file_is_named(declared, message, tmp_path, monkeypatch):
    (tmp_path / "goals.step.yml").write_text(
        yaml.safe_dump(
            {"views": {"design.goals": {"caption": {"zh": "目标", "en": "Goals"}, "table": "x"}}},
            allow_unicode=True,
        ),
        encoding="utf-8",
    )
    monkeypatch.setattr(step_files, "_PACKAGE", tmp_path)
    assert list(step_files.read.__wrapped__().views) == ["design.goals"]
    (tmp_path / "later.step.yml").write_text(yaml.safe_dump(declared), encoding="utf-8")
    with pytest.raises(EvaluationError, match=message) as caught:
        step_files.read.__wrapped__()
    assert "later.step.yml" in str(caught.value)
