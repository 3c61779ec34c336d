"""How the run of a notebook ended, recorded beside it.

Papermill marks the cells of a notebook "completed" when its kernel was killed, ran out of time
or was interrupted; only this record is believed.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from analysis.files import write_text

OutcomeStatus = Literal[
    "running", "ok", "cell_error", "kernel_died", "timed_out", "interrupted", "not_started"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one notebook ended.

    Attributes
    ----------
    status : str
        ``ok``, ``cell_error``, ``kernel_died``, ``timed_out``, ``interrupted``,
        ``not_started`` (the kernel did not come up), or ``running``: what a record keeps when
        the whole process was killed.
    cells : int
        Cells of the notebook, Markdown included.
    cell : int or None
        Position of the last cell started, from 1, as a reader counts them.
    error : str or None
        The cause in one line.
    seconds : float or None
        From before the kernel's start to after its end.
    """

    status: OutcomeStatus
    cells: int
    cell: int | None = None
    error: str | None = None
    seconds: float | None = None

    @property
    def ok(self) -> bool:
        """Whether every cell ran to its end without an error."""
        return self.status == "ok"

    @property
    def sentence(self) -> str:
        """The outcome in one line, for logs and the manifest."""
        place = f"cell {self.cell} of {self.cells}: " if self.cell is not None else ""
        return f"{place}{self.error or self.status.replace('_', ' ')}"


def outcome_path(notebook: Path) -> Path:
    """Return where the outcome of an executed notebook is kept."""
    return Path(notebook).with_suffix(".outcome.json")


def save(outcome: Outcome, notebook: Path) -> Path:
    """Write the outcome beside the executed notebook."""
    return write_text(outcome_path(notebook), json.dumps(asdict(outcome), indent=1) + "\n")


def load(notebook: Path) -> Outcome:
    """Read the outcome kept beside an executed notebook."""
    return Outcome(**json.loads(outcome_path(notebook).read_text(encoding="utf-8")))
