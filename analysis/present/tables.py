"""Frames become accessible HTML tables with a CSV of the same numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape

import numpy as np
import pandas as pd

from analysis import wording
from analysis.inert import csv_text
from analysis.present import sentences
from analysis.present.suppression import MARK, suppressed
from analysis.settings import LEVEL, MIN_CELL, Language

NOTHING = "—"
"""Stands where a row has no such value."""

TALL = 20
"""A table of more rows scrolls inside its box on screen; on paper it is whole."""

MOST = 100
"""Rows of a stored table that a page shows, the first of its order; the workbook has them all."""

MOST_NAMES = 3
"""Columns at most that say what a row is about."""
TEXT_SPECS = ("", "text", "indicator", "date", "month", "span", "wave")
_RESERVED = ("%", *map(chr, range(0x21)), "\x7f", *"#\"'<>&`\\^{|}")
_ENCODED = {reserved: f"%{ord(reserved):02X}" for reserved in _RESERVED}
"""What stands encoded in an address that is an attribute of a page, the sign of it first."""
_SHORT = 20
_SENTENCE = frozenset("，。；！？,;")


def download_link(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    name: str,
    language: Language,
    *,
    words: str | None = None,
) -> str:
    """Return a link that saves the rows as CSV (UTF-8 with mark, so that Excel reads Chinese)."""
    text = "\ufeff" + csv_text(header, rows)
    # Chinese as it stands takes three bytes a character, in base64 four.
    data = text
    for reserved, encoded in _ENCODED.items():
        if reserved in data:
            data = data.replace(reserved, encoded)
    words = words or wording.text("report.download_csv", language)
    return (
        f'<p class="download"><a download="{escape(name)}.csv" '
        f'href="data:text/csv;charset=utf-8,{data}">{escape(words)}</a></p>'
    )


def render(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    caption: str,
    numeric: Sequence[bool],
    anchor: str,
    language: Language,
    notes: Iterable[str] = (),
    raw: Sequence[Sequence[str]] | None = None,
    whole: Sequence[bool] | None = None,
    drawn: tuple[str, Sequence[str]] | None = None,
    of: Sequence[str] | None = None,
) -> str:
    """Build one table from finished text.

    Parameters
    ----------
    header : Sequence of str
        Column headings; the first names the rows.
    rows : Sequence of sequences of str
        Cells as shown; the first of each row is its heading.
    caption : str
        What the table shows.
    numeric : Sequence of bool
        Which columns are numbers, set flush right with figures of one width.
    anchor : str
        Unique id.
    language : {"zh_CN", "en"}
        For the words around the table.
    notes : Iterable of str
        Lines below it.
    raw : Sequence of sequences of str, optional
        Cells of the CSV; those shown when omitted.
    whole : Sequence of bool, optional
        Which columns must not break, such as dates.
    drawn : tuple of (str, Sequence of str), optional
        Heading and markup of a last column of small pictures, which say what the numbers say.
    of : Sequence of str, optional
        Ids of the estimates whose value and interval follow each row's heading, so that one number
        can be held against itself on other pages.
    """
    kind = [
        ' class="num"' if is_number else ' class="whole"' if is_whole else ""
        for is_number, is_whole in zip(numeric, whole or [False] * len(numeric), strict=True)
    ]
    head = "".join(
        f'<th scope="col"{k}>{escape(title)}</th>' for title, k in zip(header, kind, strict=True)
    )
    if drawn is not None:
        head += f'<th scope="col" class="drawn">{escape(drawn[0])}</th>'
    body = []
    for place, row in enumerate(rows):
        first, *rest = row
        cells = [f'<th scope="row"{kind[0]}>{escape(first)}</th>']
        cells += [
            f"<td{k or _unbroken(cell)}>{escape(cell)}</td>"
            for cell, k in zip(rest, kind[1:], strict=True)
        ]
        if drawn is not None:
            cells.append(f'<td class="drawn">{drawn[1][place]}</td>')
        told = "" if of is None else f' data-of="{escape(of[place])}"'
        body.append(f"<tr{told}>{''.join(cells)}</tr>")
    tall = " tall" if len(rows) > TALL else ""
    below = "".join(f'<p class="note">{escape(note)}</p>' for note in notes)
    # A box that scrolls must be reachable by keyboard and say what it is.
    return (
        f'<div class="crm table" id="{anchor}">'
        f'<div class="scroll{tall}" role="region" tabindex="0" aria-labelledby="{anchor}-caption">'
        f'<table style="{_heads(header, drawn)}">'
        f'<caption id="{anchor}-caption">{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>{below}"
        f"{download_link(header, raw if raw is not None else rows, anchor, language)}</div>"
    )


def _heads(header: Sequence[str], drawn: tuple[str, Sequence[str]] | None) -> str:
    """Return the headings as style: on a telephone each stands before its cell."""
    heads = [*header, *([drawn[0]] if drawn else [])]
    words = (re.sub(r"[\\\"\n]", " ", head) for head in heads)
    return escape(";".join(f'--h{n}:"{w}"' for n, w in enumerate(words, 1) if n > 1))


def _unbroken(cell: str) -> str:
    """Return the class of a cell that must not break: a number with its unit, not a sentence."""
    short = len(cell) <= _SHORT and any(map(str.isdigit, cell)) and not _SENTENCE & set(cell)
    return ' class="whole"' if short else ""


def nothing(caption: str, anchor: str, words: str) -> str:
    """Build what stands in the place of a table without rows: what it would show, and why not."""
    return (
        f'<div class="crm empty" id="{anchor}"><p class="empty-of">{escape(caption)}</p>'
        f'<p class="none">{escape(words)}</p></div>'
    )


_NUMBERS = (
    "num1",
    "num2",
    "num3",
    "pct",
    "chance",
    "pct1",
    "points",
    "signed1",
    "cny",
    "p",
    "bare",
    "unit",
)
_DIFFERENCES = ("effect", "size")


def without_values(
    frame: pd.DataFrame, columns: Mapping[str, tuple[str, str]], n: str | None = None
) -> bool:
    """Tell whether a table has rows and number columns, and not one number in them.

    Parameters
    ----------
    frame, columns, n
        As of :func:`frame_table`. Counts do not save a table whose results are all missing.
    """
    measured = [
        column
        for column, (_, spec) in columns.items()
        if spec in _NUMBERS + _DIFFERENCES and column in frame and column != n
    ]
    return bool(len(frame)) and bool(measured) and bool(frame[measured].isna().to_numpy().all())


def frame_table(
    frame: pd.DataFrame,
    *,
    caption: str,
    columns: Mapping[str, tuple[str, str]],
    anchor: str,
    language: Language,
    min_cell: int = MIN_CELL,
    level: float = LEVEL,
    n: str | None = None,
    notes: Iterable[str] = (),
    withheld: Sequence[bool] | None = None,
) -> str:
    """Build the table of a tidy frame; columns of words in which no row says anything are left out.

    Of more than :data:`MOST` rows the first are shown, and a line below says where the rest is.

    Parameters
    ----------
    frame : DataFrame
        One entry per row of the table, in order.
    caption : str
        Finished sentence.
    columns : Mapping
        Column → (wording key of its heading, format). A format is one of ``wording.SPECS``, or
        ``indicator`` (registry title), or ``label:<prefix>`` (word of the catalogue under the
        prefix). A cell that is a mapping gives its own words by language. ``unit`` and
        ``effect`` read the frame's column ``unit``. The first column heads the rows.
    anchor, language : str
        Unique id; language.
    min_cell : int
        Smallest count shown, when ``n`` is given.
    level : float
        Coverage of the intervals, which headings name.
    n : str, optional
        Column of answers behind each row. Rows with too few show :data:`MARK` in every column
        but those that say what the row is about.
    notes : Iterable of str
        Finished sentences below the table.
    withheld : Sequence of bool, optional
        Rows that earlier reports keep from being shown.
    """
    if frame.empty:
        return nothing(caption, anchor, wording.text("report.empty_table", language))
    columns = _told(frame, columns)
    with wording.amounts_up_to(largest_amount(frame, columns)):
        header, rows, values, hidden = frame_cells(
            frame,
            columns=columns,
            language=language,
            min_cell=min_cell,
            level=level,
            n=n,
            most=MOST,
            withheld=withheld,
        )
    if hidden:
        notes = (*notes, wording.text("report.suppressed_note", language, min_cell=min_cell))
    if withheld is not None and np.any(withheld[:MOST]):
        notes = (*notes, wording.text("report.withheld_note", language, min_cell=min_cell))
    if len(frame) > MOST:
        told = wording.text("report.rest_in_workbook", language, shown=MOST, total=len(frame))
        notes = (*notes, told)
    return render(
        header,
        rows,
        caption=caption,
        numeric=[is_numeric(spec) for _, spec in columns.values()],
        whole=[spec in ("date", "month") for _, spec in columns.values()],
        anchor=anchor,
        language=language,
        notes=notes,
        raw=[[v if isinstance(v, str) else number(v) for v in row] for row in values],
    )


_AMOUNTS = frozenset(
    {"amount", "amount_low", "amount_high", "benefit", "benefit_low", "benefit_high"}
) | {"cost", "cost_low", "cost_high"}
"""Columns of money that a table writes into its texts."""


def largest_amount(
    frame: pd.DataFrame, columns: Mapping[str, tuple[str, str]] | None
) -> float | None:
    """Return the largest amount of money of a table, by which all of it is written in one unit."""
    money = {name for name, (_, spec) in (columns or {}).items() if spec == "cny"} | _AMOUNTS
    found = [
        frame[name].abs().max()
        for name in frame.columns
        if name in money and pd.api.types.is_numeric_dtype(frame[name])
    ]
    known = [float(value) for value in found if pd.notna(value)]
    return max(known, default=None)


def _told(
    frame: pd.DataFrame, columns: Mapping[str, tuple[str, str]]
) -> Mapping[str, tuple[str, str]]:
    first, *_ = columns
    return {
        name: how
        for name, how in columns.items()
        if name == first or is_numeric(how[1]) or not frame[name].isin(["", None]).all()
    }


def frame_cells(
    frame: pd.DataFrame,
    *,
    columns: Mapping[str, tuple[str, str]],
    language: Language,
    min_cell: int = MIN_CELL,
    level: float = LEVEL,
    n: str | None = None,
    most: int | None = None,
    withheld: Sequence[bool] | None = None,
) -> tuple[list[str], list[list[str]], list[list[object]], bool]:
    """Return the cells of a frame's table; the parameters are those of :func:`frame_table`.

    ``most`` is the number of rows wanted, all by default; which cells are small is judged on
    the whole frame, so that the rest gives none of them away.

    Returns
    -------
    header : list of str
        Headings in words.
    shown : list of list of str
        Cells as a reader sees them.
    values : list of list
        The same cells with numbers as numbers, for a file.
    hidden : bool
        Whether a small cell was hidden.
    """
    shown, values = [], []
    hidden, small = _hidden(frame, n, min_cell, most, withheld)
    specs, named = [spec for _, spec in columns.values()], _named(columns, n)
    for row, unit, away in zip(*_rows(frame, columns), hidden, strict=False):
        words = [_cell(value, spec, language, unit) for value, spec in zip(row, specs, strict=True)]
        plain = [_plain(v, s, w) for v, s, w in zip(row, specs, words, strict=True)]
        if away:
            words[named:] = plain[named:] = [MARK] * (len(words) - named)
        shown.append(words)
        values.append(plain)
    return _heading(columns, language, level), shown, values, small


def file_cells(
    frame: pd.DataFrame,
    *,
    columns: Mapping[str, tuple[str, str]],
    language: Language,
    min_cell: int = MIN_CELL,
    level: float = LEVEL,
    n: str | None = None,
    withheld: Sequence[bool] | None = None,
) -> tuple[list[str], list[list[object]]]:
    """Return ``header`` and ``values`` of :func:`frame_cells`, for which no number is worded."""
    values = []
    hidden, _ = _hidden(frame, n, min_cell, None, withheld)
    specs, named = [spec for _, spec in columns.values()], _named(columns, n)
    for row, unit, away in zip(*_rows(frame, columns), hidden, strict=True):
        plain = [
            _number(value)
            if is_numeric(spec) and not isinstance(value, Mapping)
            else _cell(value, spec, language, unit)
            for value, spec in zip(row, specs, strict=True)
        ]
        if away:
            plain[named:] = [MARK] * (len(plain) - named)
        values.append(plain)
    return _heading(columns, language, level), values


def _heading(columns: Mapping[str, tuple[str, str]], language: Language, level: float) -> list[str]:
    return [sentences.label(key, language, level=level) for key, _ in columns.values()]


def _hidden(
    frame: pd.DataFrame,
    n: str | None,
    min_cell: int,
    most: int | None,
    withheld: Sequence[bool] | None,
) -> tuple[np.ndarray, bool]:
    """Return which rows are hidden, and whether one is because few answered."""
    found = suppressed(frame[n], min_cell) if n else pd.Series(False, index=frame.index)
    small = found.to_numpy(dtype=bool)[:most]
    away = small if withheld is None else small | np.asarray(withheld, dtype=bool)[:most]
    return away, bool(small.any())


def _rows(
    frame: pd.DataFrame, columns: Mapping[str, tuple[str, str]]
) -> tuple[Iterable[tuple[object, ...]], Iterable[object]]:
    """Return the cells of each row, and its unit."""
    units = frame["unit"].tolist() if "unit" in frame.columns else [None] * len(frame)
    return zip(*(_cells(frame[name]) for name in columns), strict=True), units


def _cells(column: pd.Series) -> list[object]:
    # One by one, texts that Arrow holds take 25 times as long.
    return column.tolist() if isinstance(column.dtype, pd.StringDtype) else list(column.array)


def _named(columns: Mapping[str, tuple[str, str]], n: str | None) -> int:
    """Return how many columns say what a row is about; these stay where its cells are hidden.

    The first, and the texts between it and the number of answers.
    """
    names = list(columns)
    counted = n if n in columns else "n"
    before = names[: names.index(counted)] if counted in columns else []
    texts = all(not is_numeric(columns[name][1]) for name in before)
    return len(before) if 1 < len(before) <= MOST_NAMES and texts else 1


def is_numeric(spec: str) -> bool:
    """Tell whether a column of this format holds numbers."""
    return spec not in TEXT_SPECS and not spec.startswith("label")


def _cell(value: object, spec: str, language: Language, unit: object) -> str:
    if isinstance(value, Mapping):
        return str(value[language])
    if spec in TEXT_SPECS and (value is None or value is pd.NaT or value is pd.NA):
        return NOTHING
    if spec == "indicator":
        return sentences.indicator_title(value, language)
    if spec == "wave":
        never = value is None or pd.isna(value) or not int(value)
        key = "chapters.design.never" if never else "design.wave_numbered"
        return wording.text(key, language, wave=None if never else int(value))
    if spec.startswith("label"):
        return sentences.label(value, language, spec.partition(":")[2] or "terms")
    if spec in ("", "text") and isinstance(value, str):
        return sentences.label(value, language)
    if isinstance(value, float) and math.isinf(value):
        # On purpose, e.g. where nothing varies within either group: a bare ∞ looks like a failure.
        return wording.text("terms.boundless", language, sign="−" if value < 0 else "")
    return wording.format_value(value, spec, language, unit=unit)


def _plain(value: object, spec: str, shown: str) -> object:
    """Return the cell of a file: a number in full precision, else the words shown."""
    return shown if isinstance(value, Mapping) or not is_numeric(spec) else _number(value)


def _number(value: object) -> object:
    return None if value is None or pd.isna(value) else value


def number(value: object) -> str:
    """Write a number in full precision for a CSV; nothing where there is none."""
    if value is None or pd.isna(value):
        return ""
    return repr(float(value)) if isinstance(value, float) else str(value)
