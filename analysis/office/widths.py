"""How much room words take: letters of a line, lines of a text, shares of a table's columns."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from unicodedata import east_asian_width

_LETTER = 0.52
"""Width of a Latin letter in parts of its size; a Chinese one is as wide as its size."""
_WORDS = re.compile(r"[A-Za-z\-–]+")
_NARROWEST, _WHOLE, _PADDING = 5, 15, 4.5
"""Letters of the narrowest column, of a cell that should not break, and at the edges of a cell."""


def letters(text: str) -> int:
    """Return the width of a text in letters, a Chinese one counted as two."""
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)


def room_of(inches: float, points: float) -> float:
    """Return how many letters of a size fit a line."""
    return max(inches * 72 / (points * _LETTER), 4)


def lines_of(text: str, inches: float, points: float) -> int:
    """Return how many lines a text takes in a box."""
    return max(1, math.ceil(letters(text) / room_of(inches, points) * 1.1))


def shares(rows: Sequence[Sequence[str]], room: float) -> list[float]:
    """Return the parts of a table's width that its columns take.

    A number or a date stays on one line where there is room; a sentence gets more the longer it
    is, and breaks.

    Parameters
    ----------
    rows : Sequence of sequences of str
        The cells, with the headings.
    room : float
        Width of the table in letters.
    """
    least, longer = [], []
    for head, *cells in zip(*rows, strict=True):
        lengths = [letters(cell) for cell in cells] or [0]
        # A heading may break in two, its words may not.
        words = max(map(letters, _WORDS.findall(head)), default=0)
        most = max(*lengths, math.ceil(letters(head) / 2), words, _NARROWEST)
        least.append(min(most, _WHOLE) + _PADDING)
        longer.append(max(0, most - _WHOLE) + 2 * sum(lengths) / len(lengths))
    left = max(room - sum(least), 0.0)
    wanted = [
        own + left * more / (sum(longer) or 1.0) for own, more in zip(least, longer, strict=True)
    ]
    return [part / sum(wanted) for part in wanted]
