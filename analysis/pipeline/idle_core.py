"""What a core that would be idle computes for the notebook that is running.

A notebook computes on one core. Where nothing else of a run can begin, a second process opens the
same stage and computes what the notebook asks for last, into the client's remembered values; the
notebook finds it there. Then it draws every figure in one of the two languages. What the one is
just computing the other waits for. What time is left goes to what the report takes of the stages
that have ended.
"""

from __future__ import annotations

import ast
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from analysis.claims import shared_out
from analysis.newest import REMEMBERED
from analysis.pipeline.notebooks import HOME
from analysis.processes import take_surroundings

Call = tuple[str, dict[str, Any]]
"""Method of a stage, and its named arguments."""
_LAST = 19
"""Niceness of what gives way to every other process."""


@contextmanager
def computing_beside(
    source: Path, stage: str, values: Mapping[str, Any], root: Path
) -> Iterator[None]:
    """Compute in a second process what a notebook asks for last, as long as this block lasts.

    Parameters
    ----------
    source : Path
        The notebook.
    stage : str
        Its stage, which is noted as running.
    values : Mapping[str, Any]
        Its parameters, ``run_dir`` among them.
    root : Path
        Project root.
    """
    from analysis.kernels import warm_is_possible

    calls = last_first(source, values)
    with ExitStack() as block:
        if calls and warm_is_possible():
            block.enter_context(shared_out(root / "reports" / values["client"] / REMEMBERED))
            _begin(block, _compute, stage, values, root, calls)
        if warm_is_possible():
            _begin(block, _form, stage, values, root)
        yield


@contextmanager
def forming_beside(stage: str, values: Mapping[str, Any], root: Path) -> Iterator[None]:
    """Form in a second process what the report takes of ended stages, as long as this block lasts.

    Parameters
    ----------
    stage, values, root
        As of :func:`computing_beside`; the stage is one of several that are running.
    """
    from analysis.kernels import warm_is_possible

    with ExitStack() as block:
        if warm_is_possible():
            _begin(block, _form, stage, values, root)
        yield


def _begin(
    block: ExitStack,
    work: Callable[..., None],
    stage: str,
    values: Mapping[str, Any],
    root: Path,
    *given: Any,
) -> None:
    """Start a process that ends with a block."""
    process = multiprocessing.get_context("forkserver").Process(
        target=work,
        args=(stage, dict(values), *given, {**os.environ, HOME: str(root)}),
        name="crmeval-idle-core",
        daemon=True,
    )
    with suppress(OSError):  # no process to be had: the notebook computes all
        process.start()
        block.callback(process.join)
        block.callback(process.kill)


def last_first(source: Path, values: Mapping[str, Any]) -> list[Call]:
    """Return the steps that a notebook takes of its stage alone, the last one first.

    Those that are given what other steps found are left out.

    Parameters
    ----------
    source : Path
        The notebook.
    values : Mapping[str, Any]
        Its parameters.
    """
    cells = json.loads(source.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    try:
        trees = [ast.parse(cell) for cell in code]
    except SyntaxError:
        return []  # cells with commands of IPython's
    stages = {name for tree in trees for name in _stages(tree)}
    found = [call for tree in trees for call in _calls(tree, stages, values)]
    return found[::-1]


def _stages(tree: ast.Module) -> Iterator[str]:
    """Yield the names that a cell gives to a stage that it opens."""
    for line in tree.body:
        if isinstance(line, ast.Assign) and "open_stage(" in ast.unparse(line.value):
            yield from (target.id for target in line.targets if isinstance(target, ast.Name))


def _calls(tree: ast.Module, stages: set[str], values: Mapping[str, Any]) -> Iterator[Call]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda call: (call.end_lineno, call.end_col_offset)):
        own = call.func
        if not (isinstance(own, ast.Attribute) and isinstance(own.value, ast.Name)):
            continue
        given = {
            k.arg: k.value.id for k in call.keywords if k.arg and isinstance(k.value, ast.Name)
        }
        alone = not call.args and len(given) == len(call.keywords)
        if own.value.id in stages and alone and values.keys() >= set(given.values()):
            yield own.attr, {name: values[told] for name, told in given.items()}


def _compute(
    stage: str, values: Mapping[str, Any], calls: Sequence[Call], environment: Mapping[str, str]
) -> None:
    """Take the steps in this freshly forked process, then draw along."""
    from analysis.workspace.opening.redraw import draw_along

    _settle(environment, values["run_dir"])
    take(stage, values, calls)
    draw_along(Path(values["run_dir"]), stage)


def _form(stage: str, values: Mapping[str, Any], environment: Mapping[str, str]) -> None:
    """Form parts of the report in this freshly forked process, in the time that others leave."""
    _settle(environment, values["run_dir"])
    os.nice(_LAST)
    make_ahead(stage, values)


def _settle(environment: Mapping[str, str], folder: str) -> None:
    os.setsid()  # Ctrl-C in the terminal is for the run, which ends this process
    silent = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(silent, stream)
    take_surroundings(environment, folder)


def take(stage: str, values: Mapping[str, Any], calls: Sequence[Call]) -> None:
    """Take steps of a stage for the values that are remembered of them.

    Parameters
    ----------
    stage, values
        As of :func:`computing_beside`.
    calls : sequence of (str, dict)
        As :func:`last_first` gives them.
    """
    from analysis import workspace

    opened = workspace.open_ahead(stage, **values)
    for name, given in calls:
        with suppress(Exception):  # the notebook takes the same step, and tells of its error
            getattr(opened, name)(**given)


def make_ahead(stage: str, values: Mapping[str, Any]) -> None:
    """Form what the report takes of each stage that has ended alone.

    Parameters
    ----------
    stage, values
        As of :func:`computing_beside`.
    """
    from analysis import manifest, report
    from analysis.workspace.opening import remembering

    folder = Path(values["run_dir"])
    ended = [name for name, step in manifest.load(folder).steps.items() if step.finished]
    report.make_ahead(folder, ended, remembering.store_of(values["client"], folder, stage))
