"""The whole client file as one typed, frozen object."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, model_validator

from analysis.client.base import Part, Period, Text, refused
from analysis.client.comments import Comments, may_be_counted
from analysis.client.identity import Identity, Privacy, Report
from analysis.client.outcomes import Outcome, OutcomeName
from analysis.client.plan import (
    Benchmark,
    Claim,
    Design,
    Finances,
    Goal,
    Instrument,
    Regulator,
    Value,
)
from analysis.client.readings import completed
from analysis.client.sources import LabelMap, Source, reasons
from analysis.client.standards import Standards, named, put_together
from analysis.files import account_home, expanded
from analysis.settings import MIN_CELL, TRAINING, Programme
from analysis.standards import Lines, resolved


def _engine(value: str) -> str:
    if value != "duckdb" and not value.startswith(("spark://", "local[", "local-cluster[")):
        raise refused("engine", "duckdb, or the address of a Spark master, e.g. spark://host:7077")
    return value


class Limits(Part):
    """What one export may cost before it is refused.

    Attributes
    ----------
    cells : int
        Cells of a sheet up to its last row and column, empty ones included; about 100 bytes of
        memory each.
    megabytes : int
        Of a file, unpacked if it is an archive; a text file may have a quarter of them.
    """

    cells: int = Field(default=12_000_000, ge=10_000, le=1_000_000_000)
    megabytes: int = Field(default=1024, ge=4, le=1_000_000)


class Client(Part):
    """One client: who, which files, what they mean, what is to be answered.

    Keys of the file are the attributes; ``docs/client-file.md`` explains each one.
    ``path`` and ``folder`` say where it was read; raw exports lie in ``raw_folder``.
    """

    client: Identity
    period: Period
    programme: Programme = TRAINING
    privacy: Privacy = Privacy()
    report: Report = Report()
    comments: Comments = Comments()
    labels: dict[str, LabelMap] = Field(default_factory=dict)
    aliases: dict[str, dict[Text, Text]] = Field(default_factory=dict)
    instruments: dict[str, Instrument] = Field(default_factory=dict)
    sources: tuple[Source, ...] = Field(min_length=1)
    ignore: Annotated[dict[str, str], BeforeValidator(reasons)] = Field(default_factory=dict)
    outcomes: dict[OutcomeName, Outcome] = Field(default_factory=dict)
    goals: tuple[Goal, ...] = ()
    claims: tuple[Claim, ...] = ()
    benchmarks: tuple[Benchmark, ...] = ()
    regulator: Regulator = Regulator()
    coverage: dict[Text, dict[Text, tuple[Text, ...]]] = Field(default_factory=dict)
    appraisal: dict[Text, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    choices: dict[str, str] = Field(default_factory=dict)
    standards: Annotated[Standards, BeforeValidator(named)] = Standards()
    design: Design = Design()
    value: Value = Value()
    finances: dict[int, Finances] = Field(default_factory=dict)
    min_cell: int = Field(default=MIN_CELL, ge=2, le=50)
    engine: Annotated[str, AfterValidator(_engine)] = "duckdb"
    limits: Limits = Limits()

    _path: Path | None = PrivateAttr(default=None)
    _lines: Any = PrivateAttr(default=None)

    @model_validator(mode="before")
    @classmethod
    def _goals_completed(cls, raw: Any) -> Any:
        return completed(raw)

    @model_validator(mode="after")
    def _key_in_the_open(self) -> Client:
        if self.privacy.demo_key is not None and not self.client.simulated:
            raise refused(
                "key_in_the_open",
                "privacy.demo_key is for simulated clients only; "
                "real people's pseudonyms need a key_file outside the repository",
            )
        return self

    @model_validator(mode="after")
    def _comments_kept_out(self) -> Client:
        if not may_be_counted(self.sources, self.comments):
            raise refused("comments_kept_out", "open comments are kept out unless allowed")
        return self

    def __repr__(self) -> str:
        """Name the client, its period and its tables; the keys of the file are the attributes."""
        tables = ", ".join(sorted({source.table for source in self.sources}))
        months = f"{self.period.first:%Y-%m} to {self.period.last:%Y-%m}"
        return f"<Client {self.id!r}, {months}: {tables}>"

    __str__ = __repr__

    @property
    def id(self) -> str:
        """Identifier of the client."""
        return self.client.id

    @property
    def path(self) -> Path:
        """The client file."""
        if self._path is None:
            raise ValueError(f"client {self.id} was not read from a file")
        return self._path

    @property
    def folder(self) -> Path:
        """Folder of the client file, ``data/<client>``."""
        return self.path.parent

    @property
    def raw_folder(self) -> Path:
        """Folder of the exports; nothing is ever written there."""
        return self.folder / "raw"

    def template(self, kind: str) -> Path | None:
        """Return the client's own template for ``docx`` or ``pptx``; None where it names none."""
        named: Path | None = getattr(self.report, kind)
        return None if named is None else self.folder / expanded(named)

    def key_path(self) -> Path | None:
        """Return the file of the pseudonym key; None when ``demo_key`` is used."""
        if self.privacy.demo_key is not None:
            return None
        if self.privacy.key_file is not None:
            return expanded(self.privacy.key_file)
        return account_home() / ".config" / "crmeval" / f"{self.id}.key"

    @property
    def lines(self) -> Lines:
        """What the programme is held to, under the readings chosen; its set of standards is read.

        Raises
        ------
        InputError
            With the faults of a set of the client's own.
        """
        written = put_together(self.standards, self._path and self.folder)
        return resolved(written, self.choices, examples=self.standards.examples)

    def sources_of(self, table: str) -> tuple[Source, ...]:
        """Return the sources that feed one canonical table, in file order."""
        return tuple(source for source in self.sources if source.table == table)

    def line_of(self, *path: str | int) -> int | None:
        """Return the line of the client file on which a key or list entry stands."""
        return None if self._lines is None else self._lines.line_of(path)
