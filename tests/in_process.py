"""Whole runs without kernels: every step of the pipeline, the notebooks' cells in this process.

A kernel, papermill's bookkeeping and the drawing of every figure cost more than half of a small
client's run, and say nothing about the client. ``tests/notebooks`` and ``tests/systems`` run real
kernels, and ``tests/notebooks/test_run.py`` holds that what is stored is the same either way.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import nbformat
import pytest
from matplotlib.text import Text
from nbformat.v4 import new_output
from small_client import SmallClient

from analysis.design import power
from analysis.pipeline import RunResult, outcome, steps
from analysis.pipeline.notebooks import Kernel
from analysis.pipeline.outcome import Outcome
from analysis.present import display, figures
from analysis.report import typeface

DRAWS = 199
"""Draws of bootstrap and randomisation: enough where no test is about their error."""


def run_here(
    client: SmallClient, *, drawn: bool = False, draws: int | None = DRAWS, **options: Any
) -> RunResult:
    """Run a client's notebooks in this process, with few draws.

    Parameters
    ----------
    client : SmallClient
        As it was written.
    drawn : bool
        Whether figures are rendered; else their texts stand in their places.
    draws : int, optional
        Of bootstrap, randomisation, money and simulated trainings; as many as in reports when
        None.
    **options
        Of :func:`analysis.pipeline.run`.
    """
    values = ({} if draws is None else {"draws": draws}) | options.pop("values", {})
    with cells_in_this_process(drawn=drawn), fewer_trainings(draws):
        return client.run(values=values, **options)


@contextmanager
def fewer_trainings(most: int | None) -> Iterator[None]:
    """Let the design simulate at most so many trainings without effect; None: as many as ever."""
    simulate = power.simulate

    def fewer(*args: Any, draws: int, **rest: Any) -> Any:
        return simulate(*args, draws=min(draws, most), **rest)

    with pytest.MonkeyPatch.context() as patch:
        if most is not None:
            patch.setattr(power, "simulate", fewer)
        yield


@contextmanager
def cells_in_this_process(*, drawn: bool = False) -> Iterator[None]:
    """Let the pipeline execute notebooks without kernels while this lasts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "run_notebook", _run_notebook)
        patch.setattr("analysis.pipeline.runner._start_server_early", lambda: None)
        patch.setattr("analysis.pipeline.machine.stages", lambda: 1)
        patch.setattr("os.fsync", lambda handle: None)
        if not drawn:
            patch.setattr(figures, "drawn", texts)
            patch.setattr(typeface, "font_style", lambda used: "")
        yield


def texts(figure: Any, **how: Any) -> figures.Drawn:
    """Return the texts of a figure in the place of its drawing."""
    words = [text.get_text() for text in figure.findobj(Text)]
    plt.close(figure)
    return figures.Drawn(f"<p>{html.escape(' | '.join([figures._ALT, *words]))}</p>")


def _run_notebook(
    source: Any,
    target: Path,
    values: Mapping[str, Any],
    kernel: Kernel,
    on_cell: Callable[[int, int], None],
) -> None:
    """Stand in for papermill: run a notebook's cells in this process."""
    notebook = nbformat.read(source, as_version=4) if isinstance(source, Path) else source
    target.parent.mkdir(parents=True, exist_ok=True)
    names: dict[str, Any] = {}
    shown: list[dict[str, Any]] = []
    with pytest.MonkeyPatch.context() as patch, steps._home(kernel.root):
        patch.setattr(display, "_to_notebook", shown.append)
        for number, cell in enumerate(notebook.cells, start=1):
            if cell.cell_type == "code":
                shown.clear()
                exec(cell.source, names)
                cell.outputs = [new_output("display_data", data=bundle) for bundle in shown]
                if "parameters" in cell.metadata.get("tags", []):
                    names |= values
            on_cell(number, len(notebook.cells))
    nbformat.write(notebook, target)
    cells = len(notebook.cells)
    outcome.save(Outcome(status="ok", cells=cells, cell=cells, seconds=0.0), target)
