"""Spaces, widths and invisible characters; the markers that mean "no value"."""

from __future__ import annotations

MISSING_MARKERS = frozenset(
    "— —— ― – - -- --- / \\ 无 空 未填 未填写 (空) (跳过) n/a na #n/a null none nan nil".split()
)
"""Spellings of "no value", lower case, after width folding."""


def normalise(text: str) -> tuple[str, tuple[str, ...]]:
    """Fold widths (NFKC), remove invisible characters and outer spaces.

    Returns the clean text and the names of the conversions that changed it.
    """
    raise NotImplementedError
