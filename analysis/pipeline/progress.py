"""What a person sees while a client is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from analysis.wording import step_key

CellCallback = Callable[[int, int], None]
"""Called with (cells done, cells in all)."""
Speak = Callable[..., str]
"""Returns a sentence: ``speak("cli.progress.step", name=…)``."""


class Progress(Protocol):
    """Told by the runner what happens."""

    def start(self, client: str, sizes: Mapping[str, int]) -> None:
        """Begin a run whose steps have these sizes."""

    def step(self, name: str) -> None:
        """Begin a step."""

    def cell(self, name: str, done: int) -> None:
        """Report the cells of a step done so far."""

    def step_done(self, name: str, state: str, seconds: float) -> None:
        """End a step as ``done``, ``skipped`` or ``failed``."""

    def stop(self) -> None:
        """End the run, however it ended."""


class SilentProgress:
    """Says nothing."""

    def start(self, client: str, sizes: Mapping[str, int]) -> None:
        """Say nothing."""

    def step(self, name: str) -> None:
        """Say nothing."""

    def cell(self, name: str, done: int) -> None:
        """Say nothing."""

    def step_done(self, name: str, state: str, seconds: float) -> None:
        """Say nothing."""

    def stop(self) -> None:
        """Say nothing."""


class TerminalProgress:
    """One bar over the whole run on a terminal, with stage and cell; plain lines elsewhere.

    Parameters
    ----------
    speak : Callable
        Returns the sentence of a wording key in the reader's language.
    console : rich.console.Console
        Where it is drawn.
    """

    def __init__(self, speak: Speak, console: Any) -> None:
        self.speak, self.console = speak, console
        self.bar: Any = None

    def start(self, client: str, sizes: Mapping[str, int]) -> None:
        """Draw the empty bar."""
        from rich.progress import (
            BarColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeElapsedColumn,
        )

        self.sizes, self.cells = dict(sizes), dict.fromkeys(sizes, 0)
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self.task = self.bar.add_task(client, total=sum(sizes.values()))
        self.bar.start()

    def step(self, name: str) -> None:
        """Name the step before the bar."""
        self.bar.update(self.task, description=self._title(name))

    def cell(self, name: str, done: int) -> None:
        """Move the bar and name the cell."""
        label = self.speak(
            "cli.progress.cell", step=self._title(name), done=done, total=self.sizes[name]
        )
        self.cells[name] = min(done, self.sizes[name])
        self.bar.update(self.task, completed=sum(self.cells.values()), description=label)

    def step_done(self, name: str, state: str, seconds: float) -> None:
        """Leave one line for the step above the bar."""
        self.cells[name] = self.sizes[name]
        self.bar.update(self.task, completed=sum(self.cells.values()))
        line = self.speak(f"cli.progress.{state}", step=self._title(name), seconds=seconds)
        self.console.print(line, highlight=False, markup=False)

    def stop(self) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.stop()

    def _title(self, name: str) -> str:
        key, told = step_key(name)
        return self.speak(key, **told)
