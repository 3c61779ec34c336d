"""What a long cell of a notebook is doing: its steps by name and number, as they are run."""

from __future__ import annotations

import ast
import functools
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from analysis import wording
from analysis.settings import Language

FEWEST = 3
"""Steps of a cell below which nothing is said."""

_TOLD = "_told_in_cells"


def told(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let a stage tell when it runs this method for a cell; calls within others are not told."""

    @functools.wraps(method)
    def called(self: Any, *args: Any, **named: Any) -> Any:
        if self.steps is None:
            return method(self, *args, **named)
        with self.steps.step(method.__name__):
            return method(self, *args, **named)

    setattr(called, _TOLD, True)
    return called


class CellSteps:
    """Counts the steps of the cell that is running, and writes one line that each replaces.

    The line goes to the cell's output as it stands, so that JupyterLab, VS Code and papermill's
    log show it without widgets; what is saved is the last one, with the seconds of all.

    Parameters
    ----------
    language : {"zh_CN", "en"}
        Language of the line.
    stage : object
        Calls of its methods, under whatever name the cell knows it, are the steps.
    shell : object
        IPython's shell.
    """

    def __init__(self, language: Language, stage: object, shell: Any) -> None:
        self.language, self.stage, self.shell = language, stage, shell
        self._cell: int | None = None
        self._within = False
        self._done = self._total = self._width = 0
        self._began = 0.0

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Tell of one step while it runs."""
        if self._within:
            yield
            return
        if self._cell != self.shell.execution_count:
            self._cell, self._began = self.shell.execution_count, time.monotonic()
            self._done, self._total = 0, self._steps_of(self.shell.user_ns["In"][-1])
        self._within = True
        self._done += 1
        quiet = max(self._total, self._done) < FEWEST
        try:
            if not quiet:
                self._say("running", name=name)
            yield
        except BaseException:
            self._done -= 1
            self._end(quiet)
            raise
        else:
            if self._done >= self._total:
                self._end(quiet)
        finally:
            self._within = False

    def _end(self, quiet: bool) -> None:
        if not quiet:
            self._say("done", seconds=time.monotonic() - self._began)
            sys.stdout.write("\n")
            self._width = 0

    def _steps_of(self, source: str) -> int:
        """Count the calls of the stage's methods in a cell."""
        try:
            tree = ast.parse(source)
        except SyntaxError:
            return 0  # a cell with commands of IPython's
        called = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
        return sum(
            isinstance(func, ast.Attribute)
            and isinstance(func.value, ast.Name)
            and self.shell.user_ns.get(func.value.id) is self.stage
            and hasattr(getattr(type(self.stage), func.attr, None), _TOLD)
            for func in called
        )

    def _say(self, what: str, **params: Any) -> None:
        total = max(self._total, self._done)
        words = wording.text(
            f"report.steps.{what}", self.language, n=self._done, total=total, **params
        )
        sys.stdout.write("\r" + words.ljust(self._width))
        sys.stdout.flush()
        self._width = len(words)
