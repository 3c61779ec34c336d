"""How much room words take: letters of a line, lines of a text, shares of a table's columns."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from unicodedata import east_asian_width

_LETTER = 0.5
"""Width of a Latin letter in parts of its size; a Chinese one is as wide as its size."""
_WORDS = re.compile(r"[A-Za-z\-–]+")
_EDGES = re.compile(r"(?<=[\u4e00-\u9fff])(?=[0-9A-Za-z])|(?<=[0-9A-Za-z])(?=[\u4e00-\u9fff])")
_NARROWEST, _WHOLE, _PADDING = 5, 16, 4
"""Letters of the narrowest column, of a cell that should not break, and at the edges of a cell."""


def letters(text: str) -> float:
    """Return the width of a text: a Chinese letter counts as two, its edge to a number as half."""
    wide = sum(east_asian_width(c) in "WF" for c in text)
    return len(text) + wide + len(_EDGES.findall(text)) / 2


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
    needed = []
    for head, *cells in zip(*rows, strict=True):
        # A heading may break in three, its words may not.
        words = max(map(letters, _WORDS.findall(head)), default=0)
        lengths = map(letters, cells)
        needed.append(max(*lengths, math.ceil(letters(head) / 3), words, _NARROWEST))
    wanted = {place: min(most, _WHOLE) + _PADDING for place, most in enumerate(needed)}
    longer = {place: (most - _WHOLE) ** 0.7 for place, most in enumerate(needed) if most > _WHOLE}
    left = max(room - sum(wanted.values()), 0.0)
    for place, weight in longer.items():
        wanted[place] += left * weight / sum(longer.values())
    whole = sum(wanted.values())
    return [wanted[place] / whole for place in range(len(needed))]
