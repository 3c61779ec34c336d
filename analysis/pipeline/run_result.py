"""How a run of one client ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from analysis.errors import RunError
from analysis.file_names import listed


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """How a run of one client ended.

    Attributes
    ----------
    client : str
        Folder name under ``data/``.
    folder : Path
        The run folder.
    state : str
        ``complete``, ``partial`` (only some stages were asked for) or ``failed``.
    executed : tuple of str
        Steps that ran now; the others were unchanged.
    failed_step, error : str or None
        Where the run failed and the cause in one line.
    exception : BaseException or None
        The cause itself.
    failed_chapters : Mapping[str, str]
        The client's own chapters that failed, by step, each with its cause in one line; the run
        went on without them.
    seconds : float
        Wall time.
    """

    client: str
    folder: Path
    state: str
    executed: tuple[str, ...]
    failed_step: str | None = None
    error: str | None = None
    exception: BaseException | None = None
    failed_chapters: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return self.state != "failed"

    @property
    def index(self) -> Path:
        """The page to open."""
        return self.folder / "index.html"

    @property
    def partial_notebook(self) -> Path | None:
        """The notebook that was kept when a stage failed."""
        if self.failed_step is None:
            return None
        found = listed(self.folder / "notebooks", f"*_{self.failed_step}.ipynb")
        return found[0] if found else None


def one_line(error: BaseException) -> str:
    """Return the first line of an error, with its kind unless it is a run's own."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted from the keyboard"
    first = str(error).strip().splitlines()[0] if str(error).strip() else ""
    if isinstance(error, RunError):
        return first
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
