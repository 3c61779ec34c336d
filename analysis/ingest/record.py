"""What became of every file, row and column: the ingest record."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from analysis.client import Client
from analysis.errors import SchemaError
from analysis.files import write_text

FILE_NAME = "ingest.json"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileRecord(_Entry):
    """One sheet or text file as it was read.

    ``rows`` counts every row but the header, ``left_out`` those that are no data by reason
    (title, blank, repeated_header, total, note), ``changed`` what reading changed by name,
    ``hidden_rows`` the rows read although a spreadsheet program does not show them. ``database``
    says what ``file`` is a copy of, if it is one.
    """

    file: str
    sheet: str | None = None
    sha256: str
    format: str
    extension_agrees: bool
    encoding: str | None = None
    sureness: str
    header_rows: tuple[int, ...] = ()
    rows: int
    left_out: dict[str, int] = Field(default_factory=dict)
    changed: dict[str, int] = Field(default_factory=dict)
    hidden_rows: int = 0
    database: str | None = None


class UnreadRecord(_Entry):
    """One file, or one sheet of a file, that no source reads, and why it stands here.

    ``rows`` counts its filled rows; None for a file, which is not opened. ``reason`` is
    ``file_unread``, ``sheet_unread`` or ``sheet_hidden``.
    """

    file: str
    sheet: str | None = None
    rows: int | None = None
    reason: str


class ColumnRecord(_Entry):
    """One canonical column: where from, spellings changed by name, missing by reason."""

    header: str
    converted: dict[str, int] = Field(default_factory=dict)
    missing: dict[str, int] = Field(default_factory=dict)


class AcceptedRecord(_Entry):
    """One fault the client declared it lives with, and how many rows it touched."""

    rule: str
    column: str | None
    rows: int
    max_rows: int
    then: str
    reason: str


class SourceRecord(_Entry):
    """One source: ``rows_in + rows_added == rows_out + sum(left_out)``, checked when built.

    ``rows_added`` are those a wide questionnaire gains when it becomes one row per answer.
    """

    title: str
    files: tuple[FileRecord, ...] = ()
    rows_in: int
    rows_added: int = 0
    rows_out: int
    left_out: dict[str, int] = Field(default_factory=dict)
    columns: dict[str, ColumnRecord] = Field(default_factory=dict)
    dropped_columns: dict[str, str] = Field(default_factory=dict)
    accepted: tuple[AcceptedRecord, ...] = ()
    recorded: dict[str, int] = Field(default_factory=dict)

    @property
    def spelled_out(self) -> str:
        """The title; with the last file and their number where it names but the first of several.

        >>> read = {"sha256": "", "format": "csv", "extension_agrees": True, "sureness": "certain"}
        >>> files = [FileRecord(file=f"raw/{k}.csv", rows=2, **read) for k in (1, 2, 3)]
        >>> SourceRecord(title="1.csv", files=files, rows_in=6, rows_out=6).spelled_out
        '1.csv … 3.csv (3)'
        """
        names = list(dict.fromkeys(record.file.removeprefix("raw/") for record in self.files))
        several = len(names) > 1 and self.title in names
        return f"{self.title} … {names[-1]} ({len(names)})" if several else self.title

    def model_post_init(self, _context: object) -> None:
        """Refuse a record whose rows do not add up."""
        gone = sum(self.left_out.values())
        if self.rows_in + self.rows_added != self.rows_out + gone:
            raise SchemaError(
                f"{self.title}: {self.rows_in} rows in and {self.rows_added} added are not "
                f"{self.rows_out} rows out and {gone} left out ({self.left_out})"
            )


class TableRecord(_Entry):
    """One canonical table: its rows, its sources, and facts such as ``leavers``."""

    table: str
    rows: int
    sources: tuple[SourceRecord, ...] = ()
    facts: dict[str, int] = Field(default_factory=dict)
    sha256: str | None = None


class IngestRecord(_Entry):
    """The whole ingest of one client; written beside the tables as ``ingest.json``.

    ``key_id`` tells the key of the pseudonyms from others; None where nobody is named.
    """

    client: str
    client_file_sha256: str
    key_id: str | None = None
    tables: dict[str, TableRecord]
    unread: tuple[UnreadRecord, ...] = ()

    @property
    def rows_in(self) -> int:
        """Rows read over all tables."""
        return sum(s.rows_in for t in self.tables.values() for s in t.sources)

    @property
    def rows_out(self) -> int:
        """Rows written over all tables."""
        return sum(t.rows for t in self.tables.values())

    def save(self, folder: Path) -> Path:
        """Write ``ingest.json`` into a folder."""
        return write_text(Path(folder) / FILE_NAME, self.model_dump_json(indent=1) + "\n")

    @classmethod
    def load(cls, folder: Path) -> IngestRecord:
        """Read ``ingest.json`` from a folder."""
        return cls.model_validate_json((Path(folder) / FILE_NAME).read_text(encoding="utf-8"))


def earlier_records(client: Client) -> list[Path]:
    """Return the records of a client's imports, newest first.

    Parameters
    ----------
    client : Client
        The client; its runs lie beside its folder.
    """
    project = client.folder.resolve().parents[1]
    found = (project / "reports" / client.id).glob(f"*/canonical/{FILE_NAME}")
    return sorted(found, key=_written, reverse=True)


def _written(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0  # removed since it was listed
