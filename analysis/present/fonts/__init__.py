"""The Chinese face packaged with the project, and the rule that no character goes missing."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from analysis.errors import EvaluationError

FACE = Path(__file__).with_name("NotoSansSC-GBK.otf")
FAMILIES = ["Noto Sans SC", "DejaVu Sans"]
"""Families of every figure, in order of preference. Matplotlib falls back from one to the next
only over an explicit list such as this."""

_MISSING = re.compile(r"Glyph (\d+)")


class FontError(EvaluationError):
    """The packaged font is missing, or no font has a character that must be drawn."""


@cache
def register(face: Path = FACE) -> None:
    """Make the packaged face known to Matplotlib.

    Raises
    ------
    FontError
        If the file is not there.
    """
    from matplotlib import font_manager

    if not face.is_file():
        raise FontError(
            f"the Chinese font {face.name} is missing from {face.parent}: Chinese text would be "
            "drawn as boxes. Correct: make it again as README.md beside it says."
        )
    font_manager.fontManager.addfont(face)


@contextmanager
def complete_text() -> Iterator[None]:
    """Turn Matplotlib's warning about a missing glyph into an error that names the character.

    Raises
    ------
    FontError
        When something drawn inside the block has a character that is in none of the fonts.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=r"Glyph \d+")
        try:
            yield
        except UserWarning as warning:
            found = _MISSING.search(str(warning))
            if found is None:
                raise
            character = chr(int(found.group(1)))
            raise FontError(
                f"no font has the character {character!r} (U+{ord(character):04X}), so it would "
                f"be drawn as a box. The fonts are {FAMILIES}. Correct: write it otherwise, or "
                "add it to the repertoire in analysis/present/fonts/subset.py."
            ) from warning
