"""One sheet or text file of a source after cleaning: what a draft is put together from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis.client import Source
from analysis.ingest.problems import Problem
from analysis.ingest.readers import RawTable
from analysis.ingest.record import FileRecord
from analysis.ingest.scales import Taken


def is_plain(source: Source) -> bool:
    """Return whether each sheet of a source can be cleaned by itself.

    The sheets of a ``wide`` table may be brought together, and rows that are summed up are first
    compared across sheets.
    """
    return source.wide is None and not (source.aggregate and source.aggregate.sum)


@dataclass(slots=True, kw_only=True)
class Cells:
    """One canonical column of one sheet: cells, and how many were changed or missing, and why.

    ``reasons`` says it for each cell; only answers of a wide questionnaire keep it.
    """

    cells: pd.Series
    counts: Counter
    missing: Counter
    reasons: pd.Series | None = None

    @classmethod
    def of(cls, taken: Taken, *, with_reasons: bool = False) -> Cells:
        """Return the lasting part of a column that was taken."""
        return cls(
            cells=taken.cells,
            counts=Counter({name: int(n) for name, n in taken.counts.items()}),
            missing=Counter(
                {k: int(n) for k, n in taken.reasons.dropna().value_counts().to_dict().items()}
            ),
            reasons=taken.reasons if with_reasons else None,
        )


@dataclass(slots=True, kw_only=True)
class Part:
    """One sheet of a source after cleaning.

    Attributes
    ----------
    head : RawTable
        What was read, without its rows.
    record : FileRecord
        What is recorded of the reading.
    columns, items : dict
        Cells by canonical column, and by item of a wide questionnaire.
    row : ndarray of int64
        Row numbers in the file, shape (rows,).
    problems : list of Problem
        Their rows are positions in this part.
    once : list of (key, Problem)
        Problems told once a source, by what makes them the same.
    left_out : Counter
        Rows that ``only`` left out.
    names : tuple of str
        Hashes of people's names in columns that are not taken over
        (:mod:`analysis.ingest.known_people`).
    """

    head: RawTable
    record: FileRecord
    columns: dict[str, Cells]
    items: dict[str, Cells]
    row: np.ndarray
    problems: list[Problem] = field(default_factory=list)
    once: list[tuple[Hashable, Problem]] = field(default_factory=list)
    left_out: Counter = field(default_factory=Counter)
    names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.row)

    def load(self) -> Part:
        """Return the sheet itself, which is in memory."""
        return self
