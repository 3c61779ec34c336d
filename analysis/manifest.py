"""The manifest of a run folder: what went in, how each step ended, what came out."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from analysis.errors import StoredFileError
from analysis.files import sha256, write_text

FILE_NAME = "manifest.json"
CHAPTER = "chapter."
"""Before the name of a client's own chapter among the steps."""
FORMAT = 1
"""Number of the form that this version writes, and the newest that it reads."""
StepState = Literal["pending", "running", "done", "failed", "skipped"]
RunState = Literal["running", "failed", "partial", "complete"]


@dataclass(kw_only=True)
class StepRecord:
    """One step of a run.

    Attributes
    ----------
    state : str
        ``pending``, ``running`` (also what a killed run leaves), ``done``, ``failed``, or
        ``skipped``: unchanged, its outputs taken over from an earlier run.
    key : str or None
        Hash of all the step depends on; equal keys mean equal outputs.
    error : str or None
        The cause of a failure in one line.
    seconds : float or None
        Wall time.
    taken_from : str or None
        Run that made the outputs of a skipped step.
    outputs : dict of str to str
        SHA-256 of each file the step made, by path relative to the run folder.
    shown : str
        Hash of the sentences and of the code with which what it shows was laid out.
    """

    state: StepState = "pending"
    key: str | None = None
    error: str | None = None
    seconds: float | None = None
    taken_from: str | None = None
    outputs: dict[str, str] = field(default_factory=dict)
    shown: str = ""

    @property
    def finished(self) -> bool:
        """Whether the step's outputs are there."""
        return self.state in ("done", "skipped")


@dataclass(kw_only=True)
class Manifest:
    """Everything needed to repeat a run and to trust its files.

    Attributes
    ----------
    client, run_id : str
        Folder names under ``reports/``.
    state : str
        ``running`` (also what a killed run leaves), ``failed``, ``partial`` (only some stages
        were asked for) or ``complete``.
    started, finished : str
        UTC, ISO 8601.
    inputs : dict of str to str
        SHA-256 by path relative to the client's folder, the client file included.
    notebooks : dict of str to str
        Hash of the cells by stage.
    code, revision : str
        Hash of the ``analysis`` package; git revision, None outside a repository.
    packages : dict of str to str
        Installed versions of the direct dependencies.
    parameters : dict
        What every stage is run with.
    kernel : str
        ``warm`` or ``plain``.
    forced : bool
        Whether everything was asked to be computed anew.
    steps : dict of str to StepRecord
        In the order they run.
    """

    client: str
    run_id: str
    state: RunState = "running"
    started: str = ""
    finished: str | None = None
    inputs: dict[str, str] = field(default_factory=dict)
    notebooks: dict[str, str] = field(default_factory=dict)
    code: str = ""
    revision: str | None = None
    packages: dict[str, str] = field(default_factory=dict)
    python: str = ""
    platform: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    kernel: str = "warm"
    forced: bool = False
    steps: dict[str, StepRecord] = field(default_factory=dict)
    format: int = FORMAT

    def save(self, folder: Path) -> Path:
        """Write ``manifest.json`` into the run folder."""
        text = json.dumps(asdict(self), ensure_ascii=False, indent=1)
        return write_text(folder / FILE_NAME, text + "\n")


def load(folder: Path) -> Manifest:
    """Read the manifest of a run folder, of this version or an earlier one.

    Fields that this version does not know are left out. Where the manifest does not tell client
    and run, the folders' names do.

    Raises
    ------
    StoredFileError
        When there is none, it is damaged, or a newer version wrote it.
    """
    from pydantic import ValidationError  # a quarter of a second, and not every command reads one

    path = folder / FILE_NAME
    try:
        content = json.loads(path.read_bytes())
        if not isinstance(content, dict):
            raise TypeError("not an object")
        if isinstance(found := content.get("format"), int) and found > FORMAT:
            raise StoredFileError(path, newer=True)
        content = {"client": folder.parent.name, "run_id": folder.name, **content}
        return _reader().validate_python(content)
    except (OSError, ValueError, TypeError, RecursionError, ValidationError) as error:
        raise StoredFileError(path) from error


@functools.cache
def _reader() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Manifest)


def intact(folder: Path, outputs: Mapping[str, str]) -> bool:
    """Whether every output is still there, byte for byte."""
    return all(
        (folder / name).is_file() and sha256(folder / name) == expected
        for name, expected in outputs.items()
    )


def now() -> str:
    """Return the present moment as the manifest writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds")
