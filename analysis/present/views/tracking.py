"""How the tables of the tracking report are put before the eye."""

from __future__ import annotations

import pandas as pd

from analysis import wording
from analysis.present.views.words import in_words, target


def targets(table: pd.DataFrame) -> pd.DataFrame:
    """Return targets with the target and the effect in words."""
    readings = table.assign(unit=table["reading"])
    return table.assign(target=in_words(readings, target), estimate=in_words(table, _estimate))


def _estimate(row, language: str) -> str:
    if pd.isna(row.value) or pd.isna(row.ci_low):
        return wording.in_unit(row.value, row.unit, language, effect=True)
    value, low, high = (
        wording.in_unit(number, row.unit, language, effect=True)
        for number in (row.value, row.ci_low, row.ci_high)
    )
    return wording.text("chapters.estimate_interval", language, value=value, low=low, high=high)
