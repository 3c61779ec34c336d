"""A sheet as a grid: cells by row and column, and which ranges were merged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from analysis.errors import Fault

Merge = tuple[tuple[int, int], tuple[int, int]]
"""First and last cell of a merged range, 0-based (row, column), both inclusive."""


@dataclass(slots=True, kw_only=True)
class Grid:
    """Cells of one sheet. ``rows[i]`` is row ``i + 1`` of the file; empty cells are None.

    ``hidden`` are 0-based columns, ``hidden_rows`` 0-based rows that the program does not show.
    """

    rows: list[list[Any]]
    sheet: str | None = None
    merges: Sequence[Merge] = ()
    hidden: frozenset[int] = frozenset()
    hidden_rows: frozenset[int] = frozenset()
    uncalculated: Sequence[tuple[int, int]] = ()
    faults: tuple[Fault, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def is_empty(cell: Any) -> bool:
    """Whether a cell holds nothing but spaces."""
    return cell is None or (isinstance(cell, str) and not cell.strip("\u200b\ufeff \t\r\n\u3000"))
