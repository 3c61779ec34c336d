"""How the tables of the tracking report are put before the eye."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis import wording
from analysis.present.views.words import by_methods, in_words, target
from analysis.settings import Language


def targets(table: pd.DataFrame) -> pd.DataFrame:
    """Return targets in words: what a relative one means in the outcome's unit, what was agreed."""
    read = table.assign(outcome_unit=table["unit"], unit=table["reading"])
    return table.assign(target=in_words(read, _in_full), value=in_words(table, _found))


def beside_truth(table: pd.DataFrame) -> pd.DataFrame:
    """Return the outcomes by title, and behaviour by who rates it."""
    return table.assign(indicator=in_words(table, _whose))


def _whose(row: Any, language: Language) -> str:
    title = wording.indicator_title(row.indicator, language)
    if not row.stratum:
        return title
    role = wording.text(f"terms.role.{row.stratum}", language)
    return wording.text("causal.rated_by", language, title=title, role=role)


def _found(row: Any, language: Language) -> str:
    if pd.notna(row.methods_low):
        return by_methods(row, row.unit, language)
    return wording.format_value(row.value, "effect", language, unit=row.unit)


def _in_full(row: Any, language: Language) -> str:
    words = target(row, language)
    if row.reading == "relative" and row.outcome_unit != "relative" and pd.notna(row.threshold):
        means = wording.in_unit(row.threshold, row.outcome_unit, language, effect=True)
        words = wording.text("causal.reading.means", language, target=words, change=means)
    return wording.text(f"causal.reading.{row.agreed}", language, target=words)
