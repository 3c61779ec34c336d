"""The one place through which cells go into sheets that a spreadsheet program opens.

Names come from a client's exports: one that starts with ``=`` would be run as a formula when the
sheet is opened, and so would ``+``, ``-`` and ``@``, their full-width forms, and any of them behind
spaces, a tab or a line break.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

MARK = "\ufeff"
"""Lets spreadsheet programs read Chinese."""

_SIGNS = "=+\\-@＝＋－＠﹢﹣﹦﹫−"
_BLANK = r"\s\u0000-\u0020\u200b-\u200f\u2060\ufeff"
_LIVE = re.compile(rf"[{_BLANK}]*[{_SIGNS}|%]|[\t\r\n]")
_QUOTED = re.compile(rf"'(?=[{_BLANK}]*[{_SIGNS}|%]|[\t\r\n])")
_WRAPPED = re.compile(r'="([^"]*)"')
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?%?")
_NO_NAME = frozenset({"—", "–", "-", "−"})


def inert(cell: Any) -> Any:
    """Return a cell that no spreadsheet program takes for a formula.

    Numbers, and text that is one, stay as they are, and so does a lone dash; ``="00123"``, by which
    some programs keep zeros, becomes the text in it; an apostrophe before anything else makes it
    text.
    """
    return _inert(cell) if isinstance(cell, str) else cell


@lru_cache(maxsize=50_000)
def _inert(cell: str) -> str:
    if wrapped := _WRAPPED.fullmatch(cell):
        return _inert(wrapped[1])
    if not _LIVE.match(cell) or cell in _NO_NAME or _NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}"


def as_meant(cell: str) -> str:
    """Return a cell of a sheet that people filled in without the apostrophe of :func:`inert`."""
    return _QUOTED.sub("", cell, count=1) if _QUOTED.match(cell) else cell


def csv_text(
    header: Sequence[Any], rows: Iterable[Sequence[Any]], *, line_end: str = "\r\n"
) -> str:
    """Return rows as CSV with inert cells, headers included; missing ones are empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator=line_end)
    writer.writerow([inert(str(cell)) for cell in header])
    writer.writerows([inert(cell) for cell in row] for row in rows)
    return buffer.getvalue()
