"""The result of converting one column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """One column after conversion.

    Attributes
    ----------
    values : Series
        Same index and length as the input, Arrow-backed with the type its kind has in the
        canonical tables (``analysis.tables.ARROW_TYPES``; month is a date, score and duration
        are numbers). NULL where the cell was missing or faulty.
    reasons : Series of string
        NULL where there is a value; else ``blank`` (empty cell), ``marker`` (—, N/A …),
        ``fault``, ``pending`` (待定, #DIV/0! under ``pending="null"``), ``declared`` (a label
        mapped to nothing, a masked person), or the reason declared in ``missing_codes``.
    faults : DataFrame
        One row per faulty cell: ``position`` (0-based, int64), ``rule``, ``value`` (None for
        people), ``expected`` (what would be right, None when the rule alone says it).
        ``locate`` makes ``Fault`` objects of it.
    counts : Mapping[str, int]
        Cells whose spelling was changed, by the conversion's name (see ``CONVERSIONS``).
    """

    values: pd.Series
    reasons: pd.Series
    faults: pd.DataFrame
    counts: Mapping[str, int]
