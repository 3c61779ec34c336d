"""What a client settles reaches every step and every table of every stage, and is said there."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import pkgutil
import re
import sys
from pathlib import Path

import nbformat
import pytest
from lacking import FEWER
from small_client import NAME, ROOT, STAGES, write_client

import analysis
from analysis import results, workspace
from analysis.present import display
from analysis.present.display import MIME

LEVEL, CELL = 0.90, 12
CLIENT = dataclasses.replace(FEWER, n_staff=60, tickets_per_1000=2.0)
SETTLED = ("level", "alpha", "min_cell")
OWN_RULES = {
    # Documented gates with an error of their own; they do not tell an interval.
    ("analysis.measurement.invariance", "Rule.__init__"),
}
OWN_LEVEL = {"rmsea"}
"""Estimands told at a level of their own, by convention."""


class Default(float):
    """A default that is told apart from the same number given on purpose."""


class Fewest(int):
    """The same for whole numbers."""


def functions():
    for found in pkgutil.walk_packages(analysis.__path__, "analysis."):
        if re.search(r"\.(kernels|cli|pipeline|__main__)\b", found.name):
            continue
        module = importlib.import_module(found.name)
        for known in vars(module).values():
            members = vars(known).values() if inspect.isclass(known) else (known,)
            for member in members:
                if inspect.isfunction(member) and member.__module__ == module.__name__:
                    yield member


def marked(value):
    kind = Default if isinstance(value, float) else Fewest
    return kind(value) if isinstance(value, float | int) else value


def mark_defaults(patch):
    """Mark the defaults of what a client settles; return the functions that have one."""
    known = {}
    for function in functions():
        named = list(inspect.signature(function).parameters.values())
        given = [p for p in named if p.default is not p.empty and p.name in SETTLED]
        if not given:
            continue
        plain = [p for p in named if p.kind is p.POSITIONAL_OR_KEYWORD and p.default is not p.empty]
        if function.__defaults__:
            defaults = tuple(marked(p.default) if p.name in SETTLED else p.default for p in plain)
            patch.setattr(function, "__defaults__", defaults)
        if function.__kwdefaults__:
            keyed = {
                name: marked(value) if name in SETTLED else value
                for name, value in function.__kwdefaults__.items()
            }
            patch.setattr(function, "__kwdefaults__", keyed)
        known[function.__code__] = function
    return known


def run_cells(stage, folder):
    (path,) = (ROOT / "notebooks").glob(f"0?_{stage}.ipynb")
    names: dict = {}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            exec(cell.source, names)
            if "parameters" in cell.metadata.get("tags", []):
                fewer = {"draws": 99} if "draws" in names else {}
                names |= {"client": NAME, "run_dir": str(folder), **fewer}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run the notebooks of a client that settled otherwise; who fell back on a default."""
    root = tmp_path_factory.mktemp("settled")

    def settle(document):
        document["design"]["alpha"] = 1 - LEVEL
        document["min_cell"] = CELL

    write_client(root, CLIENT, change_file=settle)
    folder = root / "run"
    folder.mkdir()
    fell_back, shown = set(), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRMEVAL_HOME", str(root))
        patch.setattr(display, "_to_notebook", shown.append)
        known = mark_defaults(patch)

        def watch(frame, event, _):
            if event == "call" and frame.f_code in known:
                for name in SETTLED:
                    if isinstance(frame.f_locals.get(name), Default | Fewest):
                        function = known[frame.f_code]
                        fell_back.add((function.__module__, function.__qualname__, name))

        workspace.prepare(NAME, folder)
        sys.setprofile(watch)
        try:
            for stage in STAGES:
                run_cells(stage, folder)
        finally:
            sys.setprofile(None)
    stored = {stage: results.load(stage, folder / "results") for stage in STAGES}
    return stored, shown, fell_back


def test_no_step_falls_back_on_a_default(run):
    *_, fell_back = run
    assert {found for found in fell_back if found[:2] not in OWN_RULES} == set()


@pytest.mark.parametrize("stage", STAGES)
def test_intervals_of_every_stage_have_the_level_of_the_client(run, stage):
    stored, *_ = run
    told = [e for e in stored[stage].estimates if e.ci_low is not None]
    assert told
    wrong = {e.id for e in told if abs(e.level - LEVEL) > 1e-9 and e.estimand not in OWN_LEVEL}
    assert wrong == set()


def test_pages_name_the_level_of_the_client(run):
    _, shown, _ = run
    outputs = [bundle[MIME] for bundle in shown]
    for language, other in (("en", r".{40}\b95%.{40}"), ("zh_CN", r".{40}\b95% ?(?:的)?区间.{20}")):
        text = re.sub(r"<[^>]+>", " ", " ".join(str(o.get(language, "")) for o in outputs))
        assert "90%" in text
        found = [hit for hit in re.findall(other, text) if re.search("interval|区间", hit)]
        assert found == []


@pytest.mark.parametrize("name", SETTLED)
def test_defaults_come_from_one_constant(name):
    stated = {}
    for path in sorted(Path(analysis.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            plain = [*node.args.posonlyargs, *node.args.args]
            pairs = [*zip(plain[::-1], node.args.defaults[::-1], strict=False)]
            pairs += zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            for argument, default in pairs:
                if argument.arg == name and isinstance(default, ast.Constant) and default.value:
                    stated[f"{path.name}: {node.name}"] = default.value
    assert stated == ({"fit.py: noncentrality": 0.9} if name == "level" else {})
