"""Yes and no, labels, and plain text."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any

from analysis.ingest.cleaning.numbers import Parse
from analysis.ingest.cleaning.spelling import WrongCellError, close, normalise, shown

TRUE = ("是", "√", "✓", "✔", "对", "有", "已完成", "已", "y", "yes", "true", "t", "1")
FALSE = ("否", "×", "✗", "✘", "错", "未完成", "未", "不是", "没有", "n", "no", "false", "f", "0")


def boolean(*, true: Collection[str] | None = None, false: Collection[str] | None = None) -> Parse:
    """Return the parser of yes and no; ``true`` and ``false`` replace the known spellings."""
    yes = {_key(word) for word in (TRUE if true is None else true)}
    no = {_key(word) for word in (FALSE if false is None else false)}
    if both := yes & no:
        raise ValueError(f"spellings are both true and false: {', '.join(sorted(both))}")

    def parse(cell: Any, steps: list[str]) -> bool:
        if isinstance(cell, bool):
            return cell
        key = _key(shown(cell))
        if key not in yes | no:
            raise WrongCellError("bool_unknown")
        steps.append("bool_word")
        return key in yes

    return parse


def label(
    *, labels: Mapping[str, Any] | None = None, allowed: Collection[str] | None = None
) -> Parse:
    """Return the parser of labels: by the declared map, the allowed values, or as they are."""
    known = {normalise(str(raw))[0]: value for raw, value in (labels or {}).items()}
    accepted = {normalise(str(value))[0]: str(value) for value in allowed or ()}
    closed = labels is not None or allowed is not None
    spaced = {close(raw): raw for raw in [*accepted, *known]}

    def parse(cell: Any, steps: list[str]) -> str:
        text = as_text(cell, steps)
        if closed and text not in known and text not in accepted and close(text) in spaced:
            text = spaced[close(text)]
            steps.append("spaces_removed")
        if text in known:
            if known[text] != text:
                steps.append("label_mapped")
            return None if known[text] is None else str(known[text])
        if text in accepted:
            return accepted[text]
        if closed:
            choices = [*known, *(value for value in accepted if value not in known)]
            near = difflib.get_close_matches(text, choices, n=3, cutoff=0.3)
            raise WrongCellError("label_unknown", ", ".join(near or choices[:12]))
        return text

    return parse


def text() -> Parse:
    """Return the parser of free text."""
    return as_text


def as_text(cell: Any, steps: list[str]) -> str:
    """Return a cell as text; numbers lose a meaningless ``.0``."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool) or not isinstance(cell, (int, float)):
        raise WrongCellError("text_type")
    steps.append("number_as_text")
    return shown(cell)


def _key(word: str) -> str:
    return normalise(str(word))[0].lower()
