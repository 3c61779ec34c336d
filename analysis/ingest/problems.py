"""Faults with the rows they touch, so that a declared acceptance can act on exactly those."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.errors import Fault
from analysis.ingest.cleaning import RULES as CLEANING_RULES
from analysis.ingest.privacy import looks_personal
from analysis.ingest.readers import RULES as READING_RULES

LISTED = 50
"""Faults of one rule in one column of one file that are listed singly; the rest is counted."""

LISTED_SPELLINGS = 200
"""The same for unknown spellings, each of which is listed once."""

RULES: dict[str, tuple[str, str]] = {
    "column_missing": ("The column is not in the file.", "a header of the file; near: {near}"),
    "column_undeclared": (
        "The column is neither mapped nor dropped.",
        "columns: or drop: in the client file",
    ),
    "files_missing": ("No file matches {pattern}.", "a file in raw/ that matches"),
    "heads_missing": (
        "No header of this table matches {pattern}.",
        "wide: with a pattern of whole headers, e.g. '(?P<head>\\d+月)·(?P<measure>.+)'",
    ),
    "head_twice": (
        "This column says {head} of the same amount as the column {other}.",
        "one column per month and amount; a header such as 2024.10, not 2024.1, for October",
    ),
    "head_blank": (
        "{count} cells have no value, the first one under {head}: nothing is known there, which "
        "is not zero.",
        "0 in the cells where nothing happened; else nothing",
    ),
    "measure_twice": (
        "The row says again what another row says of the same place and {head}.",
        "aggregate: {sum: [{sums}]} in the source, if the rows are parts of one place",
    ),
    "measure_lacking": (
        "No sheet has a row of {header} for {group}.",
        "a row in that sheet too; or accept: [{rule: measure_lacking, column: {header}, …}]",
    ),
    "mean_of_nobody": (
        "A mean stands here beside 0 answers.",
        "no mean where nobody answered; else the number of answers",
    ),
    "mean_of_means": (
        "Means of several rows would become one, and how many answers each stands for is missing.",
        "answers: with the header of their number; or only: {column: [values]} for the row of "
        "the whole site",
    ),
    "total_suspected": (
        "The row would be summed up with the others, but looks like a total of them.",
        "total_rows: with the word that marks it; or accept: {rule: total_suspected, then: drop}, "
        "and without then: where it is a row of its own",
    ),
    "database_credentials": (
        "The environment lacks {variables}, so the {system} server would let nobody in.",
        "export {user}=… {password}=… before the command (PowerShell: $env:{user} = '…'); never "
        "in the client file",
    ),
    "database_extra": (
        "The package that speaks with a {system} server is not installed.",
        "pip install '{package}'",
    ),
    "database_unreachable": (
        "The database cannot be opened: {cause}",
        "server, port and database as they are, and {user} and {password} of a user who may read",
    ),
    "database_table_missing": (
        "The database has no table {wanted}, or its user may not see it; nearest: {near}.",
        "table: schema.table, as the database has it",
    ),
    "database_query": (
        "The database refuses to read: {cause}",
        "a SELECT that runs in the database's own client, for the user in {user}",
    ),
    "database_columns": (
        "The query gives several columns the same name: {names}.",
        "a name of its own for each: SELECT a.id, b.id AS site_id FROM …",
    ),
    "database_no_rows": (
        "The table or query has no rows.",
        "a table with rows, or a query whose conditions some rows meet",
    ),
    "database_too_large": (
        "The table or query has more than {rows} rows of {columns} columns; at most {cells} cells "
        "are drawn.",
        "query: with the columns and years that are needed; or limits: {cells: …} in the client "
        "file",
    ),
    "file_name": (
        "The file's name is not UTF-8, so that no record could name it; it was not read.",
        "the file renamed",
    ),
    "repeat_same": (
        "The row of {first_place}, row {first_row}, stands here again and would be added to it.",
        "accept: {rule: repeat_same, then: drop}; without then: where both rows count",
    ),
    "repeat_differs": (
        "The row would be added to {first_place}, row {first_row}, from which it differs in "
        "{columns} only; of most other rows there is one.",
        "one of the two; or accept: {rule: repeat_differs} without then:, where both rows count",
    ),
    "part_lacking": (
        "{header} has no row of {group}, which another sheet has.",
        "a row in that sheet too; or accept: [{rule: part_lacking, max_rows: …}], if it has none",
    ),
    "unit_undeclared": (
        "{said} stands beside the numbers (in {count} places); by which factor they count is not "
        "declared.",
        "{option} in the column; {own} if the numbers are meant as they stand",
    ),
    "factor_twice": (
        "{count} cells say 元, 千 or 万 themselves, and factor: {factor} would multiply them too.",
        "numbers without a word, or no factor",
    ),
    "rows_fell": (
        "{before} rows at the last import ({record}), {now} now: chance does not explain that.",
        "the whole export; or accept: [{rule: rows_fell, max_rows: {lost}, reason: archived}]",
    ),
    "import_unreadable": (
        "The record of an import is damaged or of another version; nothing was compared with it.",
        "crmeval run, which writes a new one",
    ),
    "files_gone": (
        "{before} rows at the last import ({record}) came from files that are gone ({files}); new "
        "files hold {now}.",
        "the files put back; or accept: [{rule: files_gone, max_rows: {lost}, reason: archived}]",
    ),
    "file_unread": (
        "No source reads this file.",
        "files: [{pattern}] in the source that it belongs to; or its name under ignore:",
    ),
    "sheet_unread": (
        "No source reads this sheet.",
        "sheets: [{pattern}] in the source that it belongs to; or file/sheet under ignore:",
    ),
    "sheet_hidden": (
        "The sheet is hidden and was not read.",
        "its name under sheets: to read it; or file/sheet under ignore:",
    ),
    "sheet_unnamed": (
        "Tables of a page have no names of their own; {sheet} would be taken for a {column}.",
        "labels: or aliases: at the column, e.g. {{sheet}: P001}; or a workbook with named sheets",
    ),
    "columns_hidden": (
        "{count} hidden columns were read like the others: {columns}.",
        "shown and looked at; columns that do not count under drop: in the source",
    ),
    "rows_hidden": (
        "{count} hidden or filtered rows were read like the others (rows {rows}).",
        "rows that do not count deleted; or only: {column: [values]} in the source",
    ),
    "item_blank": (
        "The cell is blank: whether nothing happened or nothing was counted is not said.",
        "0 where nothing happened; unpivot: skip_blank: true where nothing was counted",
    ),
    "required_missing": ("The value is missing, but {column} needs one.", "a value in every row"),
    "alias_unknown": (
        "This spelling is not in the alias map.",
        "aliases: {{map}: {spelling: identifier}} in the client file",
    ),
    "pattern_cuts": (
        "{pattern} takes only a part of the number.",
        "a pattern for the whole number, e.g. '(\\d+(?:\\.\\d+)?)'",
    ),
    "pattern_leaves": (
        "{pattern} takes one number of the cell and leaves another unread.",
        "a pattern of the whole cell, e.g. '^(\\d+)/5$'; '^(\\d+).*$' where the rest means nothing",
    ),
    "pattern_unmatched": ("The text does not match {pattern}.", "a text that matches"),
    "unmatched_reference": (
        "The table {table} has no such row.",
        "an identifier that {table} has, or an alias: aliases: {{table}: {spelling: {known}}}",
    ),
    "item_unknown": ("The instrument {instrument} has no such item.", "one of its items"),
    "instrument_unknown": (
        "No instrument of that name is declared, so the scale is unknown.",
        "one under instruments:",
    ),
    "scale_of_nps": (
        "A net promoter score is defined on 0-10 only, and this item is declared on {scale}.",
        "scale: [0, 10], if the answers run so; else role: item",
    ),
    "scale_differs": (
        "Overall satisfaction is answered on {scale} here and on {first_scale} in {first}.",
        "one scale for both by a label map; or role: item for one of them",
    ),
    "period_outside": ("The date lies outside {first} to {last}.", "a date inside the period"),
    "october_lost": (
        "The month is read as January by the declared format, and stands where the sheet lacks "
        "October.",
        "the column exported as text, so that 2024.10 keeps its zero; or 2024-10 and 2024-01 in "
        "the cells, without format:",
    ),
    "date_order": ("This lies before {earlier}.", "{earlier} first, then this"),
    "start_missing": ("A treated site has no planned start.", "planned_start: 2024-03-01"),
    "duplicate_row": (
        "The row of {first_place}, row {first_row}, stands here again, with the same values.",
        "one of the two; or duplicates: {keep: first}, which loses nothing",
    ),
    "duplicate_key": (
        "The key stands already in {first_place}, row {first_row}, with another {columns}.",
        "one row per key; aggregate for finer rows; duplicates: {keep: last, order_by: column} "
        "for a newer state of the same case",
    ),
    "number_restarts": (
        "The number stands already in {first_place}, row {first_row}, with another {columns}: "
        "each of the two counts from the beginning.",
        "{mapping}",
    ),
    "duplicates_differ": (
        "The row would be left out as a duplicate, but {first_place}, row {first_row}, has another "
        "{columns}.",
        "duplicates: {keep: last, order_by: column}; even_if_different: true if any will do",
    ),
    "distinct_conflict": (
        "The key stands in row {first_row} with another {columns}.",
        "the same values in every row",
    ),
    "personal_value": (
        "The cell holds what looks like a direct identifier ({kind}).",
        "the column dropped, or hashed: true for an identifier",
    ),
    "personal_text": (
        "The text holds what looks like a direct identifier ({kind}), and reports show it.",
        "a text without it",
    ),
    "personal_header": (
        "The column holds direct identifiers and may only feed a person column.",
        "the header under drop; or not_personal: with the reason, if its cells hold none",
    ),
    "theme_unknown": (
        "The cell names a theme that is not declared.",
        "one or several of {known}, or none, joined by +",
    ),
    "option_unfit": ("The option {option} does not fit a column of kind {kind}.", "{known}"),
    "option_value": ("An option cannot be used like this: {problem}", "docs/client-file.md"),
    "accept_exceeded": (
        "{rows} rows break {accepted}, more than the {max_rows} accepted.",
        "max_rows raised with the reason, or the data mended",
    ),
    "accept_unused": ("No row breaks {accepted} any more.", "the entry removed"),
    "accept_refused": ("{accepted} cannot be accepted.", "the data mended"),
    "inline_value": ("The value does not fit the column.", "as the canonical table says"),
    "more_of_same": ("{count} more rows break {same} in this column.", "as above"),
}
"""Rules of mapping and checking, beside those of reading and cleaning."""

NEVER_ACCEPTED = frozenset(
    {
        "unit_undeclared",
        "factor_twice",
        "head_twice",
        "mean_of_means",
        "sheet_unnamed",
        "october_lost",
        "personal_value",
        "personal_header",
        "column_missing",
        "option_unfit",
        "option_value",
        "files_missing",
        "database_credentials",
        "database_extra",
        "database_unreachable",
        "database_table_missing",
        "database_query",
        "database_columns",
        "database_no_rows",
        "database_too_large",
        "file_name",
        "duplicate_row",
        "duplicate_key",
        "number_restarts",
        "duplicates_differ",
        "distinct_conflict",
    }
)
"""Rules no client may accept."""

SPELLINGS = frozenset({"alias_unknown", "unmatched_reference", "label_unknown"})
"""Rules that one entry in the client file settles for every row with the same value."""

REPEATS = frozenset(
    {
        "october_lost",
        "duplicate_row",
        "duplicate_key",
        "number_restarts",
        "duplicates_differ",
        "time_twelve",
        "measure_twice",
        "repeat_same",
        "repeat_differs",
        "part_lacking",
    }
)
"""Rules that one entry in the client file settles for every row of a sheet."""

_NO_ROWS = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault, the rows it touches (positions in the draft) and the canonical column."""

    fault: Fault
    rows: np.ndarray = None
    column: str | None = None
    item: str | None = None

    def __post_init__(self) -> None:
        if self.rows is None:
            object.__setattr__(self, "rows", _NO_ROWS)


def fault(rule: str, *, params: dict | None = None, **place: object) -> Fault:
    """Return the fault of one of this module's rules; ``place`` are fields of ``Fault``."""
    message, example = RULES[rule]
    params = dict(params or {})
    for name, value in params.items():
        message = message.replace(f"{{{name}}}", str(value))
        example = example.replace(f"{{{name}}}", str(value))
    return Fault(rule=rule, message=message, example=example, params=params, **place)


def personal_params(kind: str) -> dict[str, str]:
    """Return the parameters of a ``personal_value`` fault."""
    return {"kind": kind, "kind_key": f"faults.personal.{kind}"}


def without_values(fault: Fault) -> Fault:
    """Return the fault with nothing left of the cell it came from."""
    message, example = (CLEANING_RULES | dict(READING_RULES) | RULES)[fault.rule]
    hidden = {
        k: v if isinstance(v, int | float) or k.endswith("_key") else "…"
        for k, v in fault.params.items()
    }
    for name in ("value", "repaired", "expected", *hidden):
        message = message.replace(f"{{{name}}}", str(hidden.get(name, "…")))
        example = example.replace(f"{{{name}}}", str(hidden.get(name, "…")))
    return replace(fault, value=None, params=hidden, message=message, example=example)


def screened(fault: Fault) -> Fault:
    """Return the fault, without its value where that looks like a direct identifier."""
    said = [fault.value, *(v for v in fault.params.values() if isinstance(v, str))]
    return without_values(fault) if any(looks_personal(text) for text in said) else fault


def told_once(faults: Iterable[Fault]) -> list[Fault]:
    """Tell each unknown spelling, and each kind of repeat, once, with the number of the others."""
    first: dict[tuple, list[Fault]] = {}
    for number, one in enumerate(faults):
        if one.rule in SPELLINGS and one.value is not None and one.row is not None:
            same = (one.rule, one.column, one.value, one.blocking)
        elif one.rule in REPEATS:
            same = (one.rule, one.file, one.sheet, one.column, one.params.get("first_place"))
        elif one.rule == "unit_undeclared":
            same = (one.rule, one.params["option"], one.params["own"])
        elif one.rule == "share_unit_undeclared":
            same = (one.rule, one.column, one.blocking)
        else:
            same = (number,)
        first.setdefault(same, []).append(one)
    return [_in_columns(same) or _in_rows(same) for same in first.values()]


def _in_rows(same: Sequence[Fault]) -> Fault:
    files = len({one.file for one in same})
    return replace(same[0], more_rows=len(same) - 1, more_files=files - 1)


def _in_columns(same: Sequence[Fault]) -> Fault | None:
    """Return one fault for all columns that one unit concerns, with their number."""
    if same[0].rule != "unit_undeclared" or len(same) == 1:
        return None
    first = same[0]
    params = {**first.params, "count": len(same)}
    columns = ", ".join(dict.fromkeys(one.column for one in same if one.column))
    place = {"file": first.file, "sheet": first.sheet, "row": first.row, "column": columns}
    return fault("unit_undeclared", params=params, **place)


def shortened(faults: Iterable[Fault]) -> list[Fault]:
    """List at most :data:`LISTED` faults of one kind and place; one more counts the others.

    An unknown spelling is listed once (see :func:`told_once`), of these up to
    :data:`LISTED_SPELLINGS`.
    """
    kept: list[Fault] = []
    seen: dict[tuple, int] = {}
    last: dict[tuple, int] = {}
    for one in told_once(faults):
        same = (one.file, one.sheet, one.column, one.rule, one.blocking)
        seen[same] = seen.get(same, 0) + 1
        if seen[same] <= _most(one.rule):
            last[same] = len(kept)
            kept.append(one)
    for same, count in sorted(seen.items(), key=lambda entry: -last[entry[0]]):
        file, sheet, column, rule, blocking = same
        if count > _most(rule):
            params = {"count": count - _most(rule), "same": rule}
            more = fault(
                "more_of_same",
                params=params,
                file=file,
                sheet=sheet,
                column=column,
                blocking=blocking,
            )
            kept.insert(last[same] + 1, more)
    return kept


def _most(rule: str) -> int:
    return LISTED_SPELLINGS if rule in SPELLINGS else LISTED
