"""Spaces, widths and invisible characters; the markers that mean "no value"."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from typing import Any

MISSING_MARKERS = frozenset({
    "—", "——", "―", "–", "-", "--", "---", "/", "\\", "无", "空", "未填", "未填写", "(空)",
    "(跳过)", "n/a", "na", "#n/a", "null", "none", "nan", "nil",
})  # fmt: skip
"""Spellings of "no value", lower case, after width folding."""

PENDING = frozenset({
    "待定", "待确认", "待补", "待核实", "tbd", "#div/0!", "#value!", "#ref!", "#name?", "#num!",
    "#null!", "#####", "########",
})  # fmt: skip
"""Spellings of "not yet known" and of failed formulas, lower case, after width folding."""

_TEXT_FORMULA = re.compile(r'="([^"]*)"')


class WrongCellError(Exception):
    """A cell breaks a rule; raised by the parsers and turned into a fault by ``convert``."""

    def __init__(self, rule: str, expected: str | None = None) -> None:
        super().__init__(rule)
        self.rule = rule
        self.expected = expected


def visible(text: str) -> str:
    """Remove invisible characters and outer spaces, and turn odd spaces into ordinary ones."""
    if text.isascii() or text.isprintable():
        # Odd spaces and invisible characters are not printable; only the ordinary space is.
        return text.strip()
    return "".join(
        " " if unicodedata.category(c) == "Zs" else c
        for c in text
        if unicodedata.category(c) != "Cf"
    ).strip()


def normalise(text: str, *, widths: bool = True) -> tuple[str, tuple[str, ...]]:
    """Fold widths (NFKC), remove invisible characters, outer spaces and a leading apostrophe.

    Parameters
    ----------
    text : str
        A cell as read.
    widths : bool
        False leaves widths as typed, for what people read: ，stays ，.

    Returns
    -------
    tuple of str and tuple of str
        The clean text, and the names of the conversions that changed it.

    Examples
    --------
    >>> normalise("\u3000８５")
    ('85', ('spaces_removed', 'full_width_folded'))
    """
    steps: list[str] = []
    clean = visible(text)
    if clean != text:
        steps.append("spaces_removed")
    if widths and not clean.isascii():
        folded = unicodedata.normalize("NFKC", clean).strip()
        if folded != clean:
            steps.append("full_width_folded")
            clean = folded
    if clean.startswith("'") and len(clean) > 1:
        clean = clean[1:].strip()
        steps.append("apostrophe_removed")
    elif clean.startswith("=") and (match := _TEXT_FORMULA.fullmatch(clean)):
        clean = match[1].strip()
        steps.append("text_formula_unwrapped")
    return clean, tuple(steps)


_CJK = r"\u3400-\u9fff"
_INNER_SPACE = re.compile(rf"(?<=[{_CJK}])\s+|\s+(?=[{_CJK}])")


def close(text: str) -> str:
    """Remove the spaces beside Chinese characters, which never tell two names apart.

    Examples
    --------
    >>> close("阳光 城"), close("Sun City 二期")
    ('阳光城', 'Sun City二期')
    """
    return text if text.isascii() else _INNER_SPACE.sub("", text)


def shown(cell: Any) -> str:
    """Return a cell as a person would see it, for faults."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ")
    return str(cell)
