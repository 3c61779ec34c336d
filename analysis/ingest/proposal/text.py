"""Writing texts of the exports into YAML, and reading the values that a column has."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from analysis.ingest.readers import RawTable

Say = Callable[[str], str]
"""Gives the sentence of a key under ``proposal`` in the language of the consultant."""

_SAFE = re.compile(r"[\w\u4e00-\u9fff][\w\u4e00-\u9fff ./()（）·-]*")


def quoted(text: str) -> str:
    """Write a text so that YAML reads it back as the same text."""
    plain = _SAFE.fullmatch(text) and not re.fullmatch(
        r"[\d.\-_ ]+|[\d.]+e[\d]+|0[xo][\da-f_]+|true|false|null|~|yes|no|on|off", text, re.I
    )
    if plain and text == text.strip():
        return text
    return "'" + text.replace("'", "''") + "'"


def values(group: Sequence[RawTable], header: str) -> list[str]:
    """Return the different values of a column in the order of the rows, blank ones left out."""
    cells = (cell for table in group for cell in table.frame[header].dropna().unique())
    # A workbook keeps every number with a fraction.
    whole = (int(c) if isinstance(c, float) and c.is_integer() else c for c in cells)
    texts = (str(cell).strip() for cell in whole)
    return [text for text in dict.fromkeys(texts) if text]
