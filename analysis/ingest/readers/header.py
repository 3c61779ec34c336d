"""Finding the header row or rows, and one name for each column."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analysis.ingest.readers.grid import Merge, is_empty

JOINT = "·"
_COVERAGE = 0.6
_DEEPEST = 4
_SPACES = re.compile(r"\s+")
_CJK = r"\u3000-\u303f\u3400-\u9fff\uff00-\uffef"
_CJK_SPACE = re.compile(rf"(?<=[{_CJK}]) (?=[{_CJK}])")
_ANSWERS = frozenset({"response", "open-ended response"})
"""What SurveyMonkey writes below a question with one column."""
_VALUE = re.compile(
    r"[-+(]?[￥¥$]?\d[\d,.]*\s*(?:%|％|万|元|分)?\)?"
    r"|\d{2,4}[-/.年]\d{1,2}([-/.月]\d{1,2}日?)?([ T].*)?|\d{1,2}:\d{2}(:\d{2})?"
)
_MONTH = re.compile(r"\d{4}(?:[-/.]\d{1,2}|年\d{1,2}月?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Header rows (0-based), column names, and what was changed to make the names."""

    rows: tuple[int, ...]
    names: tuple[str, ...]
    unnamed: tuple[int, ...]
    counts: dict[str, int]


def find_header(rows: Sequence[Sequence[Any]], merges: Sequence[Merge] = ()) -> tuple[int, ...]:
    """Return the 0-based header rows, or an empty tuple when none is recognised.

    The header is the first row whose cells are text, mostly filled and mostly different, with
    something below it; or two rows and more when merged ranges reach across, or when gaps of one
    row are filled by the next and values stand below.
    """
    width = _typical_width(rows)
    widest = max(map(_last, rows), default=0)
    merges = [m for m in merges if m[0][1] < widest]  # boxes beside the table head nothing
    for i, row in enumerate(rows):
        together = tuple(range(i, min(i + _merged_depth(i, merges), len(rows))))
        if len(together) > 1:
            originals = [rows[j] for j in together]
            if _is_header(_stack(originals, width), originals, width):
                return together
        if _gaps_filled_below(rows, i, width):
            return (i, i + 1)
        if _is_header(row, [row], width):
            return (i, i + 1) if _names_answers(rows, i) else (i,)
    return ()


def name_columns(
    rows: Sequence[Sequence[Any]],
    header: Sequence[int],
    merges: Sequence[Merge] = (),
    *,
    width: int,
) -> Header:
    """Join the header rows to one name a column.

    Groups over merged cells (or over gaps to their right) join as ``group·name``; line breaks
    and repeated spaces go; a name that occurs again is numbered ``name#2``.
    """
    counts: dict[str, int] = {}
    levels = [_spread(rows, level, header, merges, width) for level in header]
    names: list[str] = []
    unnamed: list[int] = []
    for column in range(width):
        parts: list[str] = []
        for level in levels:
            raw = level[column]
            text = "" if is_empty(raw) else _tidy(str(raw))
            if text and str(raw).strip() != text:
                counts["header_spaces_normalised"] = counts.get("header_spaces_normalised", 0) + 1
            if text and (not parts or parts[-1] != text):
                parts.append(text)
        if len(parts) > 1 and parts[-1].casefold() in _ANSWERS:
            parts.pop()  # it names the cells, not the column
        if len(parts) > 1:
            counts["header_rows_joined"] = counts.get("header_rows_joined", 0) + 1
        if not parts:
            unnamed.append(column)
        names.append(JOINT.join(parts) or f"column {column + 1}")
    seen: dict[str, int] = {}
    for column, name in enumerate(names):
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            names[column] = f"{name}#{seen[name]}"
            counts["header_duplicates_numbered"] = counts.get("header_duplicates_numbered", 0) + 1
    return Header(rows=tuple(header), names=tuple(names), unnamed=tuple(unnamed), counts=counts)


def _tidy(text: str) -> str:
    """Remove invisible characters and line breaks; between Chinese characters also the space."""
    visible = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return _CJK_SPACE.sub("", _SPACES.sub(" ", visible).strip())


def _last(row: Sequence[Any]) -> int:
    return max((i + 1 for i, cell in enumerate(row) if not is_empty(cell)), default=0)


def looks_like_value(cell: Any) -> bool:
    """Whether a cell is a number, date or time rather than words."""
    if isinstance(cell, (int, float, dt.date, dt.time, dt.timedelta)):
        return True
    return isinstance(cell, str) and bool(
        _VALUE.fullmatch(unicodedata.normalize("NFKC", cell).strip())
    )


def _typical_width(rows: Sequence[Sequence[Any]]) -> int:
    """Return the median position of the last filled cell, over rows with more than one."""
    filled = [_last(row) for row in rows if sum(not is_empty(cell) for cell in row) > 1]
    return sorted(filled)[len(filled) // 2] if filled else min(max(map(_last, rows), default=0), 1)


def _is_header(candidate: Sequence[Any], originals: Sequence[Sequence[Any]], width: int) -> bool:
    cells = [cell for cell in candidate if not is_empty(cell)]
    if not cells or len(cells) < min(2, width) or len(cells) < _COVERAGE * width:
        return False
    months = {cell for cell in cells if _is_month(cell)}
    if len(months) < 2:
        months = set()  # one month alone is a value; several are the columns of a wide table
    words = [cell for cell in cells if cell in months or not looks_like_value(cell)]
    raw = [cell for row in originals for cell in row if not is_empty(cell)]
    return (
        len(words) >= 0.7 * len(cells)
        and len({str(cell).strip() for cell in words}) >= 0.7 * len(words)
        and sum(looks_like_value(c) and c not in months for c in raw) <= 0.3 * len(raw)
    )


def _is_month(cell: Any) -> bool:
    if isinstance(cell, dt.date):
        return cell.day == 1
    return isinstance(cell, str) and bool(_MONTH.fullmatch(cell.strip()))


def _merged_depth(i: int, merges: Sequence[Merge]) -> int:
    """Return how many rows a header starting in row ``i`` has by its merged ranges."""
    depth = 1
    for (top, left), (bottom, right) in merges:
        if top == i:
            depth = max(depth, bottom - top + 1 + (right > left))
    across = [m for m in merges if m[0][0] == i and m[1][1] > m[0][1]]
    down = [m for m in merges if m[0][0] == i and m[1][0] > i]
    if len(across) == 1 and not down:
        return 1  # one range across alone is a title
    return min(depth, _DEEPEST) if across else 1


def _stack(rows: Sequence[Sequence[Any]], width: int) -> list[Any]:
    """Return, for each column, the cells of several rows joined."""
    stacked: list[Any] = [None] * max(width, *map(len, rows))
    for row in rows:
        for column, cell in enumerate(row):
            if not is_empty(cell):
                stacked[column] = f"{stacked[column] or ''}{cell}"
    return stacked


def _gaps_filled_below(rows: Sequence[Sequence[Any]], i: int, width: int) -> bool:
    if i + 2 >= len(rows):
        return False
    upper = [*rows[i], *[None] * width][:width]
    lower = [*rows[i + 1], *[None] * width][:width]
    gaps = [c for c in range(width) if is_empty(upper[c])]
    whole = [c for c in range(width) if not is_empty(upper[c]) and is_empty(lower[c])]
    filled = [c for c in range(width) if not is_empty(lower[c])]
    if not gaps or not whole or len(filled) < 2 or sum(c not in filled for c in gaps) > 0:
        return False
    if any(looks_like_value(cell) for cell in (*upper, *lower)):
        return False
    below = [row for row in rows[i + 2 : i + 22] if _last(row)]
    valued = sum(any(c < len(row) and looks_like_value(row[c]) for row in below) for c in filled)
    return valued >= len(filled) / 2


def _names_answers(rows: Sequence[Sequence[Any]], i: int) -> bool:
    """Return whether the row below a header names what is answered, as SurveyMonkey writes it.

    There the columns of the respondent are blank, and those of a question say ``Response`` or
    name the rows of a matrix, whose question stands above the first of them alone.
    """
    if i + 2 >= len(rows):
        return False
    below = rows[i + 1]
    said = [str(cell).strip().casefold() for cell in below if not is_empty(cell)]
    first = next((c for c, cell in enumerate(rows[i]) if not is_empty(cell)), 0)
    blank = first >= len(below) or is_empty(below[first])
    return blank and not _ANSWERS.isdisjoint(said) and not any(map(looks_like_value, said))


def _spread(
    rows: Sequence[Sequence[Any]],
    level: int,
    header: Sequence[int],
    merges: Sequence[Merge],
    width: int,
) -> list[Any]:
    """Return one header row with each group's name over all its columns."""
    cells = [*rows[level], *[None] * width][:width]
    if level == header[-1]:
        return cells
    if merges:
        for (top, left), (_bottom, right) in merges:
            if top == level and left < width and right > left:  # a box beside the table is none
                cells[left : right + 1] = [cells[left]] * (min(right + 1, width) - left)
        return cells
    below = [*rows[level + 1], *[None] * width][:width]
    for column in range(1, width):
        if (
            is_empty(cells[column])
            and not is_empty(below[column])
            and not is_empty(below[column - 1])
        ):
            cells[column] = cells[column - 1]
    return cells
