"""A step's sentences and views stand beside the step, and every view has its place on a page."""

import ast
import re
from functools import cached_property
from importlib import import_module
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

    A method is named where it is made, its label is asked for where estimates are shown; what a
    step is called is said where one is refused.
    """
    room, kind = key.split(".")[:2]
    if kind in {"method", "topic"}:
        return [key.rpartition(".")[2]]
    least = len(f"{room}.{kind}") + (kind in {"check", "reason", "why", "remedy"})
    ends = [found.start() for found in re.finditer(r"[._]", key)]
    return [key, *(key[: end + (end == least)] for end in ends if end >= least)]


def test_every_view_is_on_a_page():
    shown = {stage: arguments(path) for stage, path in PAGES.items()}
    audiences = (ROOT / "report" / "audiences.yml").read_text(encoding="utf-8")
    by_site = (ROOT / "report" / "sites.py").read_text(encoding="utf-8")
    lost = []
    for name in views.names():
        stage, _, view = name.partition(".")
        sections, single = shown[stage]
        shown_as = views.get(name)
        alone = shown_as.section is None or shown_as.handed
        there = {view, name} & single if alone else shown_as.section in sections
        if not there and f"view: {name}" not in audiences and f'"{name}"' not in by_site:
            lost.append((name, shown_as.section))
    assert lost == [], (
        "no page shows the section: self.views(section) in workspace/pages/<stage>.py"
    )


def arguments(path):
    """The sections that a page shows, and the views that it shows one by one."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    sections, single = set(), set()
    kinds = {"views": sections, "view": single, "estimates": single}
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        into = kinds.get(getattr(call.func, "attr", ""))
        for argument in () if into is None else call.args:
            into |= texts_of(argument)
            if isinstance(argument, ast.Name):
                into |= looped(tree, argument.id)
    return sections, single


def looped(tree, name):
    """The texts that the variable of a loop takes; of a constant, all its texts."""
    found = set()
    for loop in (node for node in ast.walk(tree) if isinstance(node, ast.For)):
        if name in {part.id for part in ast.walk(loop.target) if isinstance(part, ast.Name)}:
            over = getattr(loop.iter, "id", None)
            found |= texts_of(loop.iter)
            for node in tree.body:
                if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == over:
                    found |= texts_of(node.value)
    return found


def texts_of(node):
    return {
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }


def test_views_of_a_section_have_each_a_place_of_their_own():
    places = {}
    for name in views.names():
        view = views.get(name)
        if view.section is not None and not view.handed:
            places.setdefault((name.partition(".")[0], view.section, view.order), []).append(name)
    assert [names for names in places.values() if len(names) > 1] == []


def test_what_labels_a_view_is_a_property_there():
    missing = []
    for name in views.names():
        stage, labels = name.partition(".")[0], views.get(name).labels
        page = import_module(f"analysis.workspace.pages.{stage}")
        wired = import_module(f"analysis.workspace.wiring.{stage}")
        owners = [getattr(page, f"{stage.title()}Page"), getattr(wired, f"{stage.title()}Stage")]
        found = next((getattr(o, labels) for o in owners if hasattr(o, labels or "")), None)
        if labels is not None and not isinstance(found, property | cached_property):
            missing.append((name, labels))
    assert missing == [], "labels: names a property of the page or of its stage"


VIEWS = {
    "field": ({"quite": True}, "none of its fields; nearest: ['quiet']"),
    "caption": ({"caption": None}, "no caption"),
    "alt": ({"plot": "forest"}, "alternative text"),
    "table": ({"table": ""}, "names no table"),
    "format": ({"columns": {"a": "percent"}}, "column a is written as 'percent'"),
    "key": ({"key": True}, "a key exhibit of no section"),
    "says": ({"says": "chrat"}, "what no check is about, 'chrat'; nearest: ['chart'"),
    "prepare": ({"prepare": "nothing"}, "no function of analysis/present/views/design.py"),
}


@pytest.mark.parametrize(("change", "message"), VIEWS.values(), ids=VIEWS)
def test_a_view_that_no_page_could_show_is_refused_by_name(change, message):
    declared = {"caption": "c", "table": "t"} | change
    declared = {name: value for name, value in declared.items() if value is not None}
    with pytest.raises(EvaluationError) as caught:
        views._view("design.new", declared)
    assert message in str(caught.value)
    with pytest.raises(EvaluationError, match="none of the stages"):
        views._view("desing.new", {"caption": "c", "table": "t"})


FAULTS = {
    "part": ({"word": {}}, "is none of"),
    "empty": ({"sentences": {"design.x.y": {"zh": "是", "en": " "}}}, "text in each language"),
    "as": (
        {"views": {"design.x": {"columns": {"a": {"zh": "甲", "en": "A"}}}}},
        "does not say how it is written",
    ),
    "language": ({"sentences": {"design.x.y": {"zh": "是"}}}, "needs a text in each language"),
    "caption": ({"views": {"design.x": {"caption": "A table"}}}, "needs a text in each language"),
    "view twice": ({"views": {"design.goals": {}}}, "another step file"),
    "key twice": (
        {"sentences": {"views.design.goals.caption": {"zh": "甲", "en": "A"}}},
        "another",
    ),
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


def test_more_key_exhibits_than_a_reader_takes_in_are_refused():
    few = [f"design.{n}" for n in range(views.MOST_VISIBLE - 1)]
    views._few("design", few)
    with pytest.raises(EvaluationError, match="7 views of design are key exhibits"):
        views._few("design", [*few, "design.more"])
