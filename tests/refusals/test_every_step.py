"""Whatever a step's method refuses, the step answers "not possible, because"; the rest goes on.

The notebooks run once on a small client, and every call of a method by a stage is recorded. Then
each such call is made to refuse, for each reason that its module or one it builds on declares,
while all others return what they returned.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import pkgutil
import shutil
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest
from in_process import fewer_trainings
from lacking import FEWER
from small_client import NAME, ROOT, STAGES, write_client
from visible import stains, visible_text

import analysis
from analysis import causal, design, measurement, monitoring, results, value, wording, workspace
from analysis.causal import Evaluation, FrameError
from analysis.present import display
from analysis.present.display import MIME
from analysis.refusals import Reason, RefusedError
from analysis.results import StageResults

ROOMS = {"measurement": measurement, "monitoring": monitoring, "design": design,
         "causal": causal, "value": value}  # fmt: skip
PACKAGE = Path(analysis.__file__).parent
REASONS = {
    reason.value: reason
    for room in ("measurement", "monitoring", "design", "causal")
    for reason in importlib.import_module(f"analysis.{room}.refusals").Refusal
}
TINY = dataclasses.replace(FEWER, n_staff=60, tickets_per_1000=2.0)

RAISED = ("RefusedError", "FrameError", "CellError", "NoComparisonError", "NoPrePeriodError")
ASKS = ("ask", "step", "answered")


@dataclass
class Definition:
    """What a function or class of the package raises and refers to."""

    reasons: set[str]
    refers: set[tuple[str, str]]


class _Reader(ast.NodeVisitor):
    """Collects reasons and references, but not those of calls whose refusal is caught."""

    def __init__(self, known: dict[str, tuple[str, str]]) -> None:
        self.known, self.found = known, Definition(set(), set())

    def visit_Try(self, node: ast.Try) -> None:
        caught = {getattr(n, "id", "") for h in node.handlers if h.type for n in ast.walk(h.type)}
        for part in () if caught & set(RAISED) else node.body:
            self.visit(part)
        for part in (*node.handlers, *node.orelse, *node.finalbody):
            self.visit(part)

    def visit_Call(self, node: ast.Call) -> None:
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name in ASKS:
            return
        if name in RAISED and node.args:
            first = node.args[0]
            said = first.attr.lower() if isinstance(first, ast.Attribute) else ""
            said = first.value if isinstance(first, ast.Constant) else said
            self.found.reasons |= {said} & REASONS.keys()
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in self.known:
            self.found.refers.add(self.known[node.id])

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.value, ast.Name) and node.value.id in self.known:
            module, name = self.known[node.value.id]
            self.found.refers.add((f"{module}.{name}", node.attr))
        self.generic_visit(node)


@cache
def definitions(module: str) -> dict[str, Definition]:
    """Return what a module defines; imported names stand for what they name."""
    path = PACKAGE.parent / Path(*module.split("."))
    file = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
    if not file.is_file():
        return {}
    body = ast.parse(file.read_text(encoding="utf-8")).body
    known = {
        alias.asname or alias.name: (node.module, alias.name)
        for node in body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("analysis")
        for alias in node.names
    }
    own = [node for node in body if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Assign))]
    names = [[getattr(t, "id", "") for t in n.targets] if isinstance(n, ast.Assign) else [n.name]
             for n in own]  # fmt: skip
    known |= {name: (module, name) for several in names for name in several}
    found = {name: Definition(set(), {place}) for name, place in known.items()}
    for node, several in zip(own, names, strict=True):
        reader = _Reader(known)
        for part in ast.iter_child_nodes(node):
            reader.visit(part)
        found |= dict.fromkeys(several, reader.found)
    return found


def can_meet(function: Any) -> list[str]:
    """Return the reasons for which a method, or one that it calls, may refuse."""
    seen, left, reasons = set(), [(function.__module__, function.__name__)], set()
    while left:
        here = left.pop()
        if here in seen:
            continue
        seen.add(here)
        known = definitions(here[0]).get(here[1])
        if known is not None:
            reasons |= known.reasons
            left += known.refers
    return sorted(reasons)


@dataclass
class Step:
    """One call of a stage by its notebook, and the methods that it called."""

    name: str
    args: tuple
    kwargs: dict
    result: Any = None
    inner: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))


@dataclass
class Recorder:
    """The calls of a stage's methods, recorded or replayed."""

    stage: Any = None
    steps: list[Step] = field(default_factory=list)
    here: Step | None = None
    replayed: Step | None = None
    refusing: str = ""
    reason: str = ""
    counts: Counter = field(default_factory=Counter)
    depth: int = 0
    all_refuse: bool = False

    def called(self, label: str, original: Any, args: tuple, kwargs: dict) -> Any:
        if self.replayed is not None and not self.depth:
            if self.refusing == label:
                raise error_of(self.reason)
            known, place = self.replayed.inner.get(label, []), self.counts[label]
            self.counts[label] += 1
            if place < len(known) and label not in SAY_NOTHING:
                return known[place]
        if self.all_refuse and not self.depth and label not in SAY_NOTHING:
            for reason in can_meet(original):
                raise error_of(reason)
        self.depth += 1
        try:
            made = original(*args, **kwargs)
        finally:
            self.depth -= 1
        if self.here is not None and not self.depth:
            self.here.inner[label].append(made)
        return made

    def replay(self, step: Step, refusing: str, reason: str) -> tuple[Any, tuple]:
        """Make a step again with one method refusing; return its result and all checks."""
        for name in ("asked", *MADE_ONCE):
            self.stage.__dict__.pop(name, None)
        self.replayed, self.refusing, self.reason = step, refusing, reason
        self.counts.clear()
        try:
            made = getattr(self.stage, step.name)(*step.args, **step.kwargs)
        finally:
            self.replayed = None
        weekly = self.stage.__dict__.get("weekly")
        told = (*self.stage.asked.checks, *(weekly.checks if weekly else ()))
        parts = [part for part in flat(made) if isinstance(part, StageResults)]
        return made, (*told, *(check for part in parts for check in part.checks))


MADE_ONCE = ("weekly", "_by_role")
"""What a stage keeps of its methods' results: forgotten before a step is made again."""

SAY_NOTHING = ("analysis.causal.refused", "analysis.causal.without_value")
"""Methods that put a refusal into words; they are never replayed."""

MADE_FROM = {"analysis.value.cost_per_percent": ("analysis.value.assess_roi",)}
"""Methods that nothing is left for where others refuse."""


def error_of(reason: str) -> RefusedError:
    known = REASONS[reason]
    if isinstance(known, causal.Refusal):
        return FrameError(reason, "made up")
    return RefusedError(known, "made up")


def flat(made: Any) -> list[Any]:
    """Return the results among what a step returned, evaluations and depths as results."""
    if isinstance(made, (list, tuple)):
        return [part for one in made for part in flat(one)]
    if isinstance(made, Evaluation):
        return [made.results("tracking")]
    if isinstance(made, causal.Depth):
        return [made.results()]
    return [made]


def estimates_of(part: Any) -> tuple[results.Estimate, ...]:
    """Return the estimates in one part of what a step returned."""
    if isinstance(part, results.Estimate):
        return (part,)
    return part.estimates if isinstance(part, StageResults) else ()


def estimates(made: Any) -> set[str]:
    """Return the ids of all estimates in what a step returned."""
    return {e.id for part in flat(made) for e in estimates_of(part)}


class Watched:
    """A stage as its notebook sees it; remembers what is called."""

    def __init__(self, stage: Any, recorder: Recorder) -> None:
        self._stage, self._recorder = stage, recorder

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._stage, name)
        if not inspect.ismethod(found) or name in ("save", "page"):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            step = Step(name, args, kwargs)
            self._recorder.steps.append(step)
            self._recorder.here = step
            step.result = found(*args, **kwargs)
            self._recorder.here = None
            return step.result

        return call


@pytest.fixture(scope="module")
def recorders(tmp_path_factory):
    """Run the notebooks once and return what each stage called."""
    root = tmp_path_factory.mktemp("refusals")
    for module in pkgutil.walk_packages(workspace.__path__, f"{workspace.__name__}."):
        # What takes a method by its name must have it before rooms are watched: only what is asked
        # of a room is a step's own call, whichever tests ran first.
        importlib.import_module(module.name)
    write_client(root, TINY)
    folder = root / "run"
    folder.mkdir()
    found: dict[str, Recorder] = {}
    with pytest.MonkeyPatch.context() as patch, fewer_trainings(99):
        patch.setenv("CRMEVAL_HOME", str(root))
        shown: list[dict] = []
        patch.setattr(display, "_to_notebook", shown.append)
        workspace.prepare(NAME, folder)
        opened = workspace.open_stage
        current: list[Recorder] = []
        for room in ROOMS.values():
            for name in room.__all__:
                original = getattr(room, name)
                if not inspect.isfunction(original):
                    continue

                def watched(*args, _name=f"{room.__name__}.{name}", _made=original, **kwargs):
                    return current[-1].called(_name, _made, args, kwargs)

                patch.setattr(room, name, watched)
        for stage in STAGES:
            recorder = Recorder()
            current.append(recorder)

            def watch(*args, _into=recorder, **kwargs):
                _into.stage = opened(*args, **kwargs)
                return Watched(_into.stage, _into)

            patch.setattr(workspace, "open_stage", watch)
            run_cells(stage, folder)
            found[stage] = recorder
        found["current"] = current
        found["opened"], found["folder"], found["shown"] = opened, folder, shown
        yield found


def run_cells(stage: str, folder: Path, *, page: bool = False) -> dict:
    """Run a notebook's code, up to the page or with it."""
    (path,) = (ROOT / "notebooks").glob(f"0?_{stage}.ipynb")
    names: dict = {}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            exec(cell.source, names)
            if "parameters" in cell.metadata.get("tags", []):
                fewer = {"draws": 99} if "draws" in names else {}
                names |= {"client": NAME, "run_dir": str(folder), **fewer}
            if "found" in names and not page:
                return names
    return names


@pytest.mark.parametrize("stage", STAGES)
def test_each_reason_at_each_step_is_an_answer(recorders, stage):
    recorder, wrong, tried = recorders[stage], [], 0
    recorders["current"].append(recorder)
    for step in recorder.steps:
        for label in set(step.inner) - set(SAY_NOTHING):
            room, name = label.rsplit(".", 1)
            for reason in can_meet(original_of(room, name)):
                tried += 1
                where = f"{step.name}: {label} refuses with {reason}"
                try:
                    made, checks = recorder.replay(step, label, reason)
                except Exception as error:  # every stop is told at once
                    wrong.append(f"{where}: stops with {type(error).__name__}: {error}")
                    continue
                key = REASONS[reason].key
                told = [c.reason for c in checks if c.status == "not_possible"]
                told += [e.reason for part in flat(made) for e in estimates_of(part)]
                if key not in told:
                    wrong.append(f"{where}: nothing says so")
                    continue
                others = {e for other, known in step.inner.items()
                          if other != label and label not in MADE_FROM.get(other, ())
                          for e in estimates(known)}  # fmt: skip
                lost = (others & estimates(step.result)) - estimates(made)
                if lost:
                    wrong.append(f"{where}: lost {sorted(lost)[:3]}")
    assert tried
    assert not wrong, f"{len(wrong)} of {tried}:\n" + "\n".join(sorted(set(wrong))[:60])


def original_of(room: str, name: str) -> Any:
    return getattr(ROOMS[room.rsplit(".", 1)[-1]], name).__kwdefaults__["_made"]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_where_everything_refuses_has_its_page(recorders, stage, tmp_path, monkeypatch):
    recorder = Recorder(all_refuse=True)
    recorders["current"].append(recorder)
    monkeypatch.setattr(workspace, "open_stage", recorders["opened"])
    shown = recorders["shown"]
    shown.clear()
    folder = tmp_path / "run"
    shutil.copytree(recorders["folder"], folder)
    found = run_cells(stage, folder, page=True)["found"]
    refused = [check for check in found.checks if check.question == "refusals.question"]
    assert stage == "value" or refused
    for language in wording.LANGUAGES:
        html = "".join(bundle[MIME][language] for bundle in shown if MIME in bundle)
        page = tmp_path / f"{language}.html"
        page.write_text(f"<html><body>{html}</body></html>", encoding="utf-8")
        assert stains(page) == [], language
        text = visible_text(page)
        for check in refused:
            assert wording.text(check.reason, language) in text, check.id


@pytest.mark.parametrize("reason", list(REASONS.values()))
@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_every_reason_is_worded(reason: Reason, language):
    assert wording.text(reason.key, language)
