"""How much room words take: letters of a line, lines of a text, shares of a table's columns."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from unicodedata import east_asian_width

_LETTER = 0.54
"""Width of a Latin letter in parts of its size; a Chinese one is as wide as its size."""
_WORDS = re.compile(r"[A-Za-z]+[\-–]?")
_UNBROKEN = re.compile(r"[^\s\u2e80-\u9fff\uff00-\uffef\-–]+[\-–]?")
_BOLD = 0.9
"""Share of a line that is left, for the letters of headings are bold."""
_EDGES = re.compile(r"(?<=[\u4e00-\u9fff])(?=[0-9A-Za-z])|(?<=[0-9A-Za-z])(?=[\u4e00-\u9fff])")
_NARROWEST, _WHOLE, _PADDING, _EDGE = 5, 16, 4, 2.5
"""Letters of the narrowest column, of a cell that should not break, and at the edges of a cell
where there is room and where there is little."""


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
    least = unbroken(rows)
    needed = []
    for floor, (head, *cells) in zip(least, zip(*rows, strict=True), strict=True):
        lengths = map(letters, cells)
        needed.append(max(*lengths, math.ceil(letters(head) / 3), floor - _EDGE))
    wanted = [min(most, _WHOLE) + _PADDING for most in needed]
    longer = {place: (most - _WHOLE) ** 0.7 for place, most in enumerate(needed) if most > _WHOLE}
    left = room - sum(wanted)
    for place, weight in longer.items():
        wanted[place] += max(left * weight / sum(longer.values()), weight)
    over = sum(wanted) - room
    if over > 0:  # Columns that can break give way, down to their longest word.
        spare = [max(want - floor, 0) for want, floor in zip(wanted, least, strict=True)]
        given = min(over / sum(spare), 1.0) if sum(spare) else 0.0
        wanted = [want - given * more for want, more in zip(wanted, spare, strict=True)]
    return [want / sum(wanted) for want in wanted]


def unbroken(rows: Sequence[Sequence[str]]) -> list[float]:
    """Return the letters that each column of a table needs so that no word of it breaks."""
    least = []
    for head, *cells in zip(*rows, strict=True):
        words = max(map(letters, _WORDS.findall(head)), default=0) / _BOLD
        inside = max((letters(w) for cell in cells for w in _UNBROKEN.findall(cell)), default=0)
        least.append(max(min(inside, _WHOLE), words, _NARROWEST) + _EDGE)
    return least
