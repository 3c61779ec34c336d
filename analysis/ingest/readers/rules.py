"""The rules a file can break while it is read: what is wrong, and what would be right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.errors import Fault

RULES: Mapping[str, tuple[str, str]] = {
    "file_missing": ("The file does not exist.", "a file in the client's raw folder"),
    "file_empty": ("The file has no content.", "a file with a header row and data rows"),
    "file_encrypted": ("The workbook is protected by a password.", "a workbook saved without one"),
    "file_damaged": ("The file cannot be opened: {cause}", "the file exported once more"),
    "file_too_large": (
        "The file has {size} MB, unpacked if it is an archive; at most {megabytes} MB are read.",
        "the export split into several files; or limits: {megabytes: …} in the client file, if the "
        "machine has the memory",
    ),
    "sheet_too_large": (
        "The sheet reaches to row {rows} and column {columns}; at most {cells} cells are read.",
        "stray cells far from the table deleted, with their rows and columns; or limits: {cells: …}"
        " in the client file, if the machine has the memory",
    ),
    "file_changing": (
        "The file was changed while it was read.",
        "the copy or the export finished first",
    ),
    "format_unknown": (
        "The file is not a table of a known format.",
        "CSV, TSV, XLSX, XLS, HTML or Parquet",
    ),
    "markup_rows": (
        "The page has {written} rows of tables, of which {read} were read: tables stand inside "
        "tables, or the page is damaged.",
        "one table without others inside, exported once more as XLSX or CSV",
    ),
    "markup_cut": (
        "The page ends inside its table; what came after is missing.",
        "the file exported or copied once more",
    ),
    "no_rows": ("The file has a header and no rows.", "rows below the header"),
    "column_nested": ("The cells of the column hold lists or records.", "one value in each cell"),
    "sheet_missing": ("There is no sheet {wanted}; there are: {present}.", "a name from the list"),
    "encoding_mojibake": (
        "Text was decoded wrongly before it was saved: {value} should read {repaired}.",
        "测试, not 娴嬭瘯: export once more as UTF-8",
    ),
    "encoding_replacement": (
        "Characters were lost in an earlier conversion (� or 锟斤拷).",
        "the file exported once more as UTF-8",
    ),
    "encoding_invalid_bytes": (
        "{count} byte(s) are not valid {encoding}.",
        "a file in one encoding, UTF-8 if possible",
    ),
    "encoding_broken_end": (
        "The file ends in the middle of a character; the end of it is missing.",
        "the file exported or copied once more",
    ),
    "encoding_unsure": (
        "The encoding could not be told with confidence; it was read as {encoding}.",
        "encoding: declared in the client file, e.g. gb18030",
    ),
    "encoding_unknown": ("There is no encoding called {encoding}.", "utf-8, utf-16 or gb18030"),
    "quote_unclosed": (
        'A quotation mark (") is opened and never closed.',
        'cells with line breaks quoted on both sides; a quote inside doubled ("")',
    ),
    "header_not_found": (
        "No header row was recognised.",
        "header_rows: [3] in the client file names it",
    ),
    "header_rows_outside": (
        "The declared header rows {rows} are not in the file, which has {count} rows.",
        "row numbers as the spreadsheet program shows them",
    ),
    "header_unnamed": (
        "A column with values has no header; it was called {name}.",
        "a header over every column",
    ),
    "row_too_long": (
        "The row has {count} cells, the header {width}.",
        "cells that hold the delimiter are quoted",
    ),
    "row_too_short": (
        "The row has {count} cells, the header {width}.",
        "as many cells in every row as in the header; cells with line breaks are quoted",
    ),
    "formula_in_cell": (
        "The cell holds a formula as text instead of its result.",
        "the value itself: copy the column and paste it as values",
    ),
    "formula_without_value": (
        "The cell's formula was never calculated, so it has no value.",
        "the workbook opened and saved once in a spreadsheet program",
    ),
    "total_alone": (
        "The row says that it is a total, but no row above it could have been summed up.",
        "the rows it sums up; or total_rows: [] in the source, where the row is the value itself",
    ),
    "fill_down_missing": (
        "The column {name} to fill down is not in the header.",
        "a header as the file has it",
    ),
}

"""Rule id → (English sentence, correct example); both take the fault's ``params``."""

COUNTS: Mapping[str, str] = {
    "merged_cells_filled": "merged cells filled down",
    "cells_filled_down": "empty cells filled from above",
    "header_rows_joined": "headers joined from several rows",
    "header_spaces_normalised": "line breaks and spaces in headers tidied",
    "header_duplicates_numbered": "repeated headers numbered",
    "empty_columns_dropped": "columns without header and values left out",
    "short_rows_padded": "rows with too few cells padded",
    "long_rows_trimmed": "rows with empty cells beyond the header trimmed",
}
"""What reading changes, by the name it is counted under."""

DROPPED: Mapping[str, str] = {
    "title": "title rows above the header",
    "blank": "blank rows",
    "repeated_header": "headers repeated among the data",
    "total": "total rows",
    "note": "notes below the data",
}
"""Why a row is not data."""


def fault(rule: str, *, params: Mapping[str, Any] | None = None, **place: Any) -> Fault:
    """Return the fault of a rule at a place; ``place`` are fields of ``Fault``."""
    message, example = RULES[rule]
    params = dict(params or {})
    return Fault(
        rule=rule, message=message.format(**params), example=example, params=params, **place
    )
