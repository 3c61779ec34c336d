"""How the client's files become canonical tables: files, columns, labels, rules."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from analysis.client.base import Part, Text, refused
from analysis.client.database import Database
from analysis.tables import TABLES

PLACES = ("$file", "$sheet", "$row", "$head", "$cell")
"""Values that are not in a column: the file's stem, the sheet's name, file and row number; and of
a ``wide`` table what a header says of its column (the month), and the cell under it."""

TOTAL_WORDS = ("合计", "小计", "总计", "共计", "total", "subtotal", "grand total")
"""A row whose first filled cell is or ends with one of these, or with another cell that is one,
is a total, not a case."""

LabelMap = dict[Text, Any]
MissingReason = Literal["blank", "skipped", "not_applicable", "dont_know"]


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _as_rows(value: Any) -> Any:
    return [value] if isinstance(value, int) else value


def reasons(value: Any) -> Any:
    """Take a name, a list of names, or names with reasons, as names with reasons."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list):
        said: dict[str, Any] = {}
        for entry in value:
            said |= entry if isinstance(entry, dict) else {str(entry): "not needed"}
        return said
    return value


_NOTICEABLE = 0.05
"""Seconds in which a sound pattern has long dealt with thirty characters."""


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise refused("pattern", "not a regular expression") from error
    if _backtracks(value):
        raise refused("backtracks", "takes ever longer on texts that nearly match")
    return value


def _backtracks(pattern: str) -> bool:
    """Whether a pattern like ``(a+)+$`` takes ever longer on repetitions that nearly match.

    The repetitions grow until one takes noticeable time, so a bad pattern costs a second at most.
    """
    found = re.compile(pattern)
    for sign in dict.fromkeys([*"a1 -月", *filter(str.isalnum, pattern)]):
        for length in range(8, 36, 4):
            began = time.thread_time()
            found.search(sign * length + "\x00")
            if time.thread_time() - began > _NOTICEABLE:
                return True
    return False


RowNumber = Annotated[int, Field(ge=1, le=1_048_576)]
"""Row as a spreadsheet program counts them; none has more."""


_LONGEST_NAME = 255
"""Bytes that every system takes for the name of a file."""


def _glob(value: str) -> str:
    parts = value.replace("\\", "/").split("/")
    rooted = value.startswith(("/", "\\", "~")) or re.match(r"[A-Za-z]:", value)
    partly = any("**" in part and part != "**" for part in parts)
    longest = max(len(part.encode(errors="replace")) for part in parts)
    odd = not value.strip() or not value.isprintable() or longest > _LONGEST_NAME
    if odd or rooted or partly or ".." in parts:
        raise refused("glob", "a pattern of files below raw/, e.g. tickets/*.csv")
    return value


def _delimiter(value: str) -> str:
    if len(value) != 1 or value in '"\r\n' or not (value.isprintable() or value == "\t"):
        raise refused("delimiter", "one character, e.g. ';'")
    return value


Glob = Annotated[str, AfterValidator(_glob)]
Pattern = Annotated[str, AfterValidator(_pattern)]
Listed = Annotated[tuple[str, ...], BeforeValidator(_as_list)]


class ColumnMap(Part):
    """Where one canonical column comes from and how its cells are read.

    Attributes
    ----------
    header : tuple of str
        ``from`` in the file: the header, ``$file``, ``$sheet`` or ``$row``; several headers
        are joined with ``join``.
    pattern : str or None
        Regular expression; its first group is taken from the cell before anything else.
    labels : str, dict or None
        Name of a map under ``labels``, or a map written in place: raw label to value.
        A label that is not in the map is a fault; a label mapped to null is missing.
    aliases : str or None
        Name of a map under ``aliases``: the client's spelling to the identifier. A
        spelling that is not in the map is a fault.
    missing : tuple of str
        Texts that mean "no value" in this column, besides blank and the usual markers.
    missing_codes : dict
        Texts that mean "no value" to the reason: blank, skipped, not_applicable, dont_know.
    pending : str or None
        ``null`` takes 待定 and failed formulas as missing; otherwise they are faults.
    order, format, year, quarter, zone, date_only, ambiguous, twelve :
        Of dates and times: ``ymd``/``mdy``/``dmy``; a ``strptime`` format; the year of dates
        without one; the month by which a quarter is recorded; the zone of the file's times (the
        client's without it); ``midnight`` for times without a clock; ``first``/``second`` in the
        hour that a clock change repeats; ``midnight``/``noon`` for 上午12:05.
    first_month : str or None
        Of dates and months written as numbers: the month that 1 means, e.g. ``2011-01``.
    unit : str or None
        What a bare number means: ``percent`` or ``share`` of a share, ``seconds``, ``minutes``,
        ``hours`` or ``days`` of a length of time (hours, if not said).
    units : tuple of str
        Words taken off numbers, e.g. ``分``.
    factor : float or None
        Numbers are multiplied by it, e.g. 10000 under a header in 万元.
    approximate : bool
        Takes 约30 as 30 and counts it.
    true, false : tuple of str
        Spellings of yes and no instead of the known ones.
    width, case : int, str or None
        Of identifiers: zeros padded on the left; ``upper`` or ``lower``.
    form, masked : str or None
        Of persons: ``id``, ``name`` or ``phone``; ``null`` takes masked ones as missing.
    reversed : bool
        The scores run from best to worst; they are turned round (and that is recorded).
    hashed : bool
        Keep a keyed pseudonym of an ``id`` column instead of the value.
    not_personal : str or None
        Why a column whose header sounds personal (客服电话) holds nothing personal. Its cells
        are looked at all the same.
    """

    header: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = Field(
        alias="from", min_length=1
    )
    join: str = "-"
    pattern: Pattern | None = None
    labels: str | LabelMap | None = None
    aliases: str | None = None
    missing: tuple[Text, ...] = ()
    missing_codes: dict[Text, MissingReason] = Field(default_factory=dict)
    pending: Literal["fault", "null"] | None = None
    order: Literal["ymd", "mdy", "dmy"] | None = None
    format: str | None = None
    year: int | None = Field(default=None, ge=1900, le=2200)
    quarter: Literal["first", "middle", "last"] | None = None
    first_month: str | None = Field(default=None, pattern=r"^\d{4}-(0[1-9]|1[0-2])$")
    zone: str | None = None
    date_only: Literal["fault", "midnight"] | None = None
    ambiguous: Literal["fault", "first", "second"] | None = None
    twelve: Literal["midnight", "noon"] | None = None
    unit: Literal["percent", "share", "seconds", "minutes", "hours", "days"] | None = None
    units: tuple[str, ...] = ()
    factor: float | None = Field(default=None, gt=0, le=1e12, allow_inf_nan=False)
    approximate: bool = False
    true: tuple[Text, ...] = ()
    false: tuple[Text, ...] = ()
    width: int | None = Field(default=None, ge=1, le=100)
    case: Literal["keep", "upper", "lower"] | None = None
    form: Literal["id", "name", "phone"] | None = None
    masked: Literal["fault", "null"] | None = None
    reversed: bool = False
    hashed: bool = False
    not_personal: str | None = Field(default=None, min_length=2)

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        if isinstance(value, str | list):
            return {"from": value}
        if isinstance(value, Mapping):  # YAML reads the keys true and false as yes and no
            return {_YES_NO.get(k, k) if isinstance(k, bool) else k: v for k, v in value.items()}
        return value


_YES_NO = {True: "true", False: "false"}


class Unpivot(Part):
    """A wide questionnaire, one column an item, turned into one row per answer.

    Attributes
    ----------
    items : dict
        Item identifier to header, or to ``{from, labels, reversed, missing …}``.
    value : str
        Canonical column that takes the answer.
    name : str
        Canonical column that takes the item identifier.
    labels, missing, missing_codes, pattern :
        Used for every item that does not say otherwise.
    skip_blank : bool
        Leave unanswered items out instead of keeping them as missing.
    """

    items: dict[Text, ColumnMap] = Field(min_length=1)
    value: str = "score"
    name: str = "item"
    labels: str | LabelMap | None = None
    missing: tuple[Text, ...] = ()
    missing_codes: dict[Text, MissingReason] = Field(default_factory=dict)
    pattern: Pattern | None = None
    skip_blank: bool = False


def _heads(value: str) -> str:
    if "head" not in re.compile(_pattern(value)).groupindex:
        raise refused("heads", "a pattern with a group called head, e.g. (?P<head>\\d+月)")
    return value


class Wide(Part):
    """Months or quarters as columns: each becomes a row of its own.

    Attributes
    ----------
    heads : str
        Regular expression of the whole header, its group ``head`` what ``$head`` gives. A group
        ``measure`` names the column that takes the cell; without one ``$cell`` gives it.
    measure : str or None
        ``$sheet`` or ``$file`` where each sheet or file holds one measure: the column is called
        as it is, and the sheets of a file (or all files) are brought together. Where several
        rows say the same of one place, ``aggregate`` of the source sums them up.
    """

    heads: Annotated[str, AfterValidator(_heads)]
    measure: Literal["$sheet", "$file"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"heads": value} if isinstance(value, str) else value


class Aggregate(Part):
    """Finer rows brought to the table's key by a declared rule.

    ``by`` are canonical columns (the table's key without it). Every other mapped column
    stands in exactly one rule; ``count`` names the column that takes the number of rows.
    """

    by: Listed = ()
    sum: Listed = ()
    mean: Listed = ()
    min: Listed = ()
    max: Listed = ()
    first: Listed = ()
    count: str | None = None


class Duplicates(Part):
    """Which of several rows with one key is kept.

    ``by`` are canonical columns, the table's key without it; a row with a missing value
    among them is nobody's duplicate. ``order_by`` sorts the rows first. Without it, rows that
    differ from the one kept are a fault, unless ``even_if_different`` says that this is meant.
    """

    keep: Literal["first", "last", "error"] = "error"
    by: Listed = ()
    order_by: str | None = None
    even_if_different: bool = False


class Accept(Part):
    """A known fault that the client lives with: counted in the record, never silent.

    ``then: drop`` leaves the row out, ``then: null`` keeps it without the value; without
    ``then`` a required column drops the row and another loses the value. More than
    ``max_rows`` faults block the run again.
    """

    rule: str
    column: str | None = None
    max_rows: int = Field(ge=1)
    then: Literal["drop", "null"] | None = None
    reason: str = Field(min_length=2)


_OF_FILES = frozenset({"sheets", "header_rows", "encoding", "delimiter", "fill_down"})
_FILE_PLACES = frozenset({"$file", "$sheet", "$row"})


class Source(Part):
    """One kind of export that feeds one canonical table.

    Attributes
    ----------
    table : str
        Canonical table.
    files : tuple of str
        Globs below ``data/<client>/raw/``; all matches are appended in name order.
    inline : tuple of dict or None
        Rows written in the client file itself (small tables) instead of ``files``.
    database : Database or None
        A table or query of a SQL database instead of ``files``.
    sheets : tuple of str
        Sheet names (globs); without it every visible sheet that has cells.
    header_rows : tuple of int or None
        Row numbers of the header as a spreadsheet program shows them, e.g. ``[2, 3]``; found
        by recognising when not given. Two-row headers are joined as ``upper·lower``.
    encoding, delimiter : str or None
        Declared when known; detected and reported otherwise.
    columns : dict
        Canonical column to header, or to a :class:`ColumnMap`.
    constants : dict
        Canonical column to one value for all rows.
    drop : dict
        Header to the reason why it is not taken. A header that is neither mapped nor
        dropped is a fault.
    only : dict
        Header to the values whose rows are kept; the others are counted out.
    fill_down : tuple of str
        Headers whose blank cells repeat the cell above (cells merged downward).
    """

    table: str
    name: str | None = None
    files: Annotated[tuple[Glob, ...], BeforeValidator(_as_list)] = ()
    inline: tuple[dict[str, Any], ...] | None = None
    database: Database | None = None
    sheets: Listed = ()
    header_rows: Annotated[tuple[RowNumber, ...] | None, BeforeValidator(_as_rows)] = None
    encoding: str | None = None
    delimiter: Annotated[str, AfterValidator(_delimiter)] | None = None
    columns: dict[str, ColumnMap] = Field(default_factory=dict)
    constants: dict[str, Any] = Field(default_factory=dict)
    drop: Annotated[dict[str, str], BeforeValidator(reasons)] = Field(default_factory=dict)
    only: dict[str, tuple[Text, ...]] = Field(default_factory=dict)
    fill_down: Listed = ()
    total_rows: Listed = TOTAL_WORDS
    distinct: bool = False
    duplicates: Duplicates = Duplicates()
    aggregate: Aggregate | None = None
    unpivot: Unpivot | None = None
    wide: Wide | None = None
    accept: tuple[Accept, ...] = ()

    @model_validator(mode="after")
    def _hangs_together(self) -> Source:
        if self.table not in TABLES:
            return self  # reported with the nearest name by analysis.client.references
        if [bool(self.files), self.inline is not None, self.database is not None].count(True) != 1:
            raise refused("files_or_inline", "give either files, inline rows or a database")
        if self.database is not None:
            self._of_a_database()
        items = self.unpivot.items.values() if self.unpivot else ()
        headers = {h for mapping in (*self.columns.values(), *items) for h in mapping.header}
        if self.wide is None and headers & {"$head", "$cell"}:
            raise refused("wide_needed", "$head and $cell need wide: with the pattern of headers")
        by_sheet = self.wide is not None and self.wide.measure is not None
        if by_sheet and self.aggregate is not None and self.aggregate.count:
            raise refused("count_of_measures", "each measure has rows of its own to count")
        return self

    def _of_a_database(self) -> None:
        """Refuse what only files have: sheets, an order of rows, an encoding."""
        declared = self.model_fields_set & _OF_FILES
        items = self.unpivot.items.values() if self.unpivot else ()
        places = {h for m in (*self.columns.values(), *items) for h in m.header} & _FILE_PLACES
        by_sheet = self.wide is not None and self.wide.measure is not None
        if declared or places or by_sheet:
            raise refused("database_layout", "rows of a database have no file, sheet or order")

    @property
    def title(self) -> str:
        """How the source is called in records: its name, else its first glob or its table."""
        if self.database is not None:
            return self.name or self.database.title
        return self.name or (self.files[0] if self.files else f"{self.table} (inline)")

    def headers(self) -> Mapping[str, str]:
        """Return every header the source speaks of, with what is done with it."""
        said = dict.fromkeys(self.drop, "dropped")
        said |= dict.fromkeys(self.only, "filter")
        maps = [*self.columns.values(), *(self.unpivot.items.values() if self.unpivot else ())]
        said |= {h: "mapped" for m in maps for h in m.header if h not in PLACES}
        return said

    def takes(self, header: str) -> bool:
        """Return whether a header is one of the heads of a wide table."""
        return self.wide is not None and re.fullmatch(self.wide.heads, header) is not None
