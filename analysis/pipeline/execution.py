"""Executing one notebook in one kernel, and finding out how it ended."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NotebookExecutionManager
from papermill.iorw import write_ipynb

from analysis.files import replace_file
from analysis.kernels import kernel_manager
from analysis.pipeline import outcome
from analysis.pipeline.interruption import Interruption
from analysis.pipeline.outcome import Outcome, OutcomeStatus
from analysis.pipeline.progress import CellCallback

SAVED_LATELY = 2.0
"""Seconds between cells within which a notebook is not saved again."""

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def execute(
    nb: NotebookNode,
    *,
    output_path: str | None = None,
    warm: bool = True,
    environment: Mapping[str, str] | None = None,
    working_folder: Path | None = None,
    execution_timeout: float | None = None,
    start_timeout: float = 60,
    on_cell: CellCallback | None = None,
    interruption: Interruption | None = None,
    log_output: bool = False,
    **_papermill: Any,
) -> NotebookNode:
    """Execute a parameterised notebook; every way it can end is recorded.

    Parameters
    ----------
    nb : NotebookNode
        The notebook, changed in place.
    output_path : str, optional
        Where it is saved as cells end, and at the end, with its outcome beside it.
    warm : bool
        Whether the kernel is forked from the preloaded server.
    environment : Mapping[str, str], optional
        Added to the kernel's environment.
    working_folder : Path, optional
        Where the kernel works; this process's folder by default.
    execution_timeout : float, optional
        Seconds a cell may take; no limit by default.
    start_timeout : float
        Seconds the kernel may take to start.
    on_cell : CellCallback, optional
        Called after each cell.
    interruption : Interruption, optional
        Ends the kernel where Ctrl-C reaches another thread than this one.
    log_output : bool
        Whether papermill logs the cells' output.
    **_papermill
        What papermill passes to every engine and this one has no use for.

    Returns
    -------
    NotebookNode
        The notebook, also when a cell raised: papermill raises from its outputs.

    Raises
    ------
    DeadKernelError, CellTimeoutError, KeyboardInterrupt
        After the outcome has been recorded.
    """
    target = Path(output_path) if output_path else None
    record = _Record(target, len(nb.cells))
    saver = _AtomicSaver(nb, output_path=output_path, log_output=log_output, progress_bar=False)
    saver.record, saver.on_cell = record, on_cell
    client = _Client(
        saver,
        kernel_manager_class=kernel_manager(warm=warm),
        timeout=execution_timeout,
        startup_timeout=start_timeout,
        log_output=log_output,
    )
    interruption = interruption or Interruption()
    saver.notebook_start()
    try:
        with interruption.ended_by(client.kill_kernel):
            client.execute(env=dict(environment or {}), cwd=str(working_folder or Path.cwd()))
        record.finish()
    except BaseException as error:
        record.finish(KeyboardInterrupt() if interruption.raised else error)
        raise
    finally:
        saver.notebook_complete()
    return nb


class _Record:
    """The outcome as it grows; what is on disk is always true of some moment of the run."""

    def __init__(self, notebook: Path | None, cells: int) -> None:
        self.notebook, self.cells, self.began = notebook, cells, time.monotonic()
        self.cell: int | None = None
        self.cell_error: str | None = None
        self._write("running", None)

    def finish(self, error: BaseException | None = None) -> None:
        if error is None and self.cell_error is None:
            self._write("ok", None)
        elif error is None:
            self._write("cell_error", self.cell_error)
        else:
            self._write(*self._cause(error))

    def _cause(self, error: BaseException) -> tuple[OutcomeStatus, str]:
        if isinstance(error, KeyboardInterrupt):
            return "interrupted", "interrupted from the keyboard"
        if isinstance(error, CellTimeoutError):
            return "timed_out", "the cell took longer than it may"
        if self.cell is None:
            return "not_started", f"the kernel did not start: {_one_line(error)}"
        if isinstance(error, DeadKernelError):
            return "kernel_died", "the kernel died (killed, or out of memory)"
        return "cell_error", _one_line(error)

    def _write(self, status: OutcomeStatus, error: str | None) -> None:
        if self.notebook is None:
            return
        seconds = round(time.monotonic() - self.began, 3)
        found = Outcome(
            status=status, cells=self.cells, cell=self.cell, error=error, seconds=seconds
        )
        outcome.save(found, self.notebook)


class _AtomicSaver(NotebookExecutionManager):
    """Papermill's bookkeeping, made honest about cells that were cut."""

    record: _Record
    on_cell: CellCallback | None = None
    between_cells = False
    saved_at = 0.0

    def save(self, **kwargs: Any) -> None:
        """Save the notebook so that a kill leaves the former state or this one.

        Between cells it is left where it was saved a moment ago: all of it is written each time.
        """
        self.nb: Any = kwargs.get("nb") or self.nb
        if self.between_cells and time.monotonic() - self.saved_at < SAVED_LATELY:
            return
        if self.output_path:
            replace_file(Path(self.output_path), lambda path: write_ipynb(self.nb, str(path)))
        self.last_save_time = self.now()
        self.saved_at = time.monotonic()

    def cell_start(self, cell: NotebookNode, cell_index: int, **kwargs: Any) -> None:
        """Mark the cell as running; saved when it ends."""
        self.record.cell = cell_index + 1
        cell.metadata.papermill.update(
            start_time=self.now().isoformat(), status=self.RUNNING, exception=False
        )

    def cell_exception(self, cell: NotebookNode, cell_index: int, **kwargs: Any) -> None:
        """Mark the cell as failed and keep its error in one line."""
        error = kwargs["exception"]
        super().cell_exception(cell, cell_index=cell_index)
        self.record.cell_error = _one_line(error)

    def cell_cut(self, cell: NotebookNode, error: BaseException) -> None:
        """Mark a cell the kernel never answered for, and say so in its output."""
        super().cell_exception(cell)
        if cell.cell_type == "code":
            name = type(error).__name__
            line = _one_line(error)
            cell.outputs.append(new_output("error", ename=name, evalue=line, traceback=[line]))

    def cell_complete(self, cell: NotebookNode, cell_index: int, **kwargs: Any) -> None:
        """Save the notebook with the cell, unless it was a moment ago, and report progress."""
        self.between_cells = True
        super().cell_complete(cell, cell_index=cell_index)
        self.between_cells = False
        if self.on_cell is not None:
            self.on_cell(cell_index + 1, self.record.cells)


class _Client(PapermillNotebookClient):
    """Runs the cells in order and tells a cell that failed from one that was cut."""

    def kill_kernel(self) -> None:
        """Kill the kernel from another thread; one that has not started, or has ended, is left."""
        started = self.km is not None and self.km.provisioner is not None
        if started and (process := self.km.provisioner.process) is not None:
            process.kill()

    def papermill_execute_cells(self) -> None:
        """Execute the cells up to the first that raises."""
        for index, cell in enumerate(self.nb.cells):
            self.nb_man.cell_start(cell, cell_index=index)
            try:
                self.execute_cell(cell, index)
            except CellExecutionError as error:
                self.nb_man.cell_exception(cell, cell_index=index, exception=error)
                return
            except BaseException as error:
                self.nb_man.cell_cut(cell, error)
                raise
            self.nb_man.cell_complete(cell, cell_index=index)


def _one_line(error: BaseException) -> str:
    if isinstance(error, CellExecutionError):
        name, text = error.ename, error.evalue
    else:
        name, text = type(error).__name__, str(error)
    first = next((line for line in _ANSI.sub("", text).splitlines() if line.strip()), "")
    return f"{name}: {first.strip()}" if first else name
