"""The kind of programme that sentences are said of.

The files in ``variants`` hold what is said in the place of a sentence, under its key:
``appraisal.yml`` and ``service.yml`` in those programmes, ``without_rollout.yml`` in both. The
catalogue knows it under the key with ``@`` and the file's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from analysis.settings import TRAINING, WITHOUT_ROLLOUT, Programme

ENDINGS = (*WITHOUT_ROLLOUT, "without_rollout")
"""What a variant of a sentence ends in, after ``@``."""

_told: list[Programme] = []


@contextmanager
def of_programme(programme: Programme) -> Iterator[None]:
    """Let sentences be those of a programme within a ``with`` block."""
    _told.append(programme)
    try:
        yield
    finally:
        _told.pop()


def programme_told() -> Programme:
    """Return the programme that sentences are said of now."""
    return _told[-1] if _told else TRAINING


def variants(key: str) -> tuple[str, ...]:
    """Return the keys under which a sentence is looked for, the closest first."""
    told = programme_told()
    if told not in WITHOUT_ROLLOUT or "@" in key:
        return (key,)
    return f"{key}@{told}", f"{key}@{ENDINGS[-1]}", key
