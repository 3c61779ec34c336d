"""One notebook of a run: executed by papermill, its way of ending raised as an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysis.errors import RunError
from analysis.pipeline import outcome
from analysis.pipeline.engine import ENGINE_NAME, RecordingEngine
from analysis.pipeline.interruption import Interruption
from analysis.pipeline.progress import CellCallback

HOME = "CRMEVAL_HOME"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """How a notebook is run.

    Attributes
    ----------
    root : Path
        Project root.
    folder : Path
        Where the notebook works.
    warm : bool
        Whether its kernel is forked from a preloaded server.
    cell_timeout : float or None
        Seconds one cell may take.
    interruption : Interruption
        Ctrl-C, told to the kernel.
    """

    root: Path
    folder: Path
    warm: bool = True
    cell_timeout: float | None = None
    interruption: Interruption = field(default_factory=Interruption)


def run_notebook(
    source: Path | Any,
    target: Path,
    values: Mapping[str, Any],
    kernel: Kernel,
    on_cell: CellCallback,
) -> None:
    """Execute a notebook with parameters, and keep it with how it ended.

    Parameters
    ----------
    source : Path or NotebookNode
        What is executed; never changed.
    target : Path
        The executed notebook; its outcome lies beside it.
    values : Mapping[str, Any]
        Parameters.
    kernel : Kernel
        How it is run.
    on_cell : Callable
        Called after each cell with (cells done, cells in all).

    Raises
    ------
    RunError
        When it did not end well; with the cell and the cause in one line.
    """
    import papermill
    from papermill.engines import papermill_engines

    papermill_engines.register(ENGINE_NAME, RecordingEngine)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        papermill.execute_notebook(
            _no_template(source) if isinstance(source, Path) else source,
            _no_template(target),
            dict(values),
            engine_name=ENGINE_NAME,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            warm=kernel.warm,
            environment={HOME: str(kernel.root)},
            working_folder=kernel.folder,
            execution_timeout=kernel.cell_timeout,
            on_cell=on_cell,
            interruption=kernel.interruption,
        )
    except Exception as error:
        if not outcome.outcome_path(target).exists() or outcome.load(target).ok:
            raise
        raise RunError(outcome.load(target).sentence) from error
    # Papermill lets sys.exit(0) in a cell pass for a finished notebook.
    if not (ended := outcome.load(target)).ok:
        raise RunError(ended.sentence)


def _no_template(path: Path) -> str:
    """Return a path as papermill takes it, which fills ``{name}`` with parameters."""
    return str(path).replace("{", "{{").replace("}", "}}")
