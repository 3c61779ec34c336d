"""The errors a person meets: each names the place, the rule and a correct example."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with one place of a client's input.

    Attributes
    ----------
    rule : str
        Identifier of the broken rule; the wording catalogue has its sentence under
        ``faults.<rule>`` in every language.
    message : str
        The same in one English sentence, for logs and tracebacks.
    example : str
        What a correct entry looks like.
    file, sheet, column : str or None
        Where. ``file`` is relative to the client's folder.
    row : int or None
        Row number as a spreadsheet program shows it (1 is the first line of the file).
    value : str or None
        The offending value as read. None where it must not be repeated (personal data).
    params : Mapping[str, Any]
        What the catalogue's sentence needs besides the place.
    blocking : bool
        Whether the fault would change numbers, so that no run may start on it.
    more_rows, more_files : int
        Further rows with the same value in columns of the same header, told once here, and how
        many further files they stand in.
    """

    rule: str
    message: str
    example: str
    file: str | None = None
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    blocking: bool = True
    more_rows: int = 0
    more_files: int = 0

    @property
    def place(self) -> str:
        """Where the fault is, e.g. ``fees.xlsx / 一月 / row 7 / 本期实收``."""
        row = f"row {self.row}" if self.row is not None else None
        if row and self.more_rows:
            row += f" and {self.more_rows} more"
        return " / ".join(part for part in (self.file, self.sheet, row, self.column) if part)

    def __str__(self) -> str:
        value = f" [{self.value}]" if self.value is not None else ""
        return f"{self.place}{value}: {self.message} Correct: {self.example}"


@dataclass(frozen=True, slots=True)
class Kind:
    """Faults of one rule in one column of one sheet, told together.

    ``faults`` are in row order; ``rows`` counts all that they stand for, also those that no
    fault lists singly.
    """

    faults: tuple[Fault, ...]
    rows: int


def by_kind(faults: Iterable[Fault]) -> list[Kind]:
    """Return faults by file, sheet, column and rule, in the order in which each kind appears.

    A fault that only counts further ones of a rule (``params["same"]``) joins them.
    """
    found: dict[tuple[object, ...], list[Fault]] = {}
    more: dict[tuple[object, ...], int] = {}
    for fault in faults:
        rule = fault.params.get("same", fault.rule)
        kind = (rule, fault.file, fault.sheet, fault.column, fault.blocking)
        if rule != fault.rule and kind in found:
            more[kind] = more.get(kind, 0) + int(fault.params["count"])
        else:
            found.setdefault(kind, []).append(fault)
    return [
        Kind(tuple(same), sum(1 + fault.more_rows for fault in same) + more.get(kind, 0))
        for kind, same in found.items()
    ]


class EvaluationError(Exception):
    """Base of every error this project raises on purpose."""

    def _render_traceback_(self) -> list[str]:
        """Give Jupyter the message alone: it says what is wrong and what would be right."""
        return [f"{type(self).__name__}: {self}"]


class InputError(EvaluationError):
    """A client's input breaks rules; all faults found are carried together.

    Parameters
    ----------
    faults : Iterable[Fault]
        Every fault found, in file and row order.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        lines = "\n".join(f"  {fault}" for fault in self.faults)
        super().__init__(f"{len(self.faults)} fault(s) in the input:\n{lines}")


class SchemaError(EvaluationError):
    """A table, panel or results file does not have the declared columns, key or types."""


class DesignError(EvaluationError):
    """The design cannot identify or infer what was asked; the message says why and what would."""


class RunError(EvaluationError):
    """A stage, kernel or export failed; the message names the stage and the cause."""


class TooEarlyError(RunError):
    """A day to look back to, before which no month of the evaluated period had ended.

    Parameters
    ----------
    day, first, least : str
        The day asked for, the first month of the period, and the first day that can be.
    """

    def __init__(self, day: str, first: str, least: str) -> None:
        self.day, self.first, self.least = day, first, least
        super().__init__(
            f"as_of = {day}: no month of the period, which begins {first}, had ended. "
            f"Correct: as_of = {least} or later."
        )

    def __reduce__(self) -> tuple[type[TooEarlyError], tuple[str, str, str]]:
        return type(self), (self.day, self.first, self.least)


class DemoNotWrittenError(RunError):
    """The simulated client has no exports yet."""

    def __init__(self) -> None:
        super().__init__(
            "The exports of the simulated client are not written yet. "
            "Correct: crmeval demo writes them and runs it."
        )


class FileInUseError(RunError):
    """A file to be replaced or removed is open in another program, e.g. a spreadsheet program.

    Parameters
    ----------
    path : Path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} is open in another program; close it and run again.")

    def __reduce__(self) -> tuple[type[FileInUseError], tuple[Path]]:
        return type(self), (self.path,)


class StoredFileError(EvaluationError):
    """A file that an earlier run kept is damaged, or a newer version wrote it.

    Parameters
    ----------
    path : Path
        The file.
    newer : bool
        Whether a newer version of this project wrote it.
    """

    def __init__(self, path: Path, *, newer: bool = False) -> None:
        self.path, self.newer = path, newer
        why = "was written by a newer version" if newer else "is damaged or incomplete"
        super().__init__(f"{path} {why}; what it kept was not read.")

    def __reduce__(self) -> tuple[Any, ...]:
        return _stored_file_error, (self.path, self.newer)


def _stored_file_error(path: Path, newer: bool) -> StoredFileError:
    return StoredFileError(path, newer=newer)
