"""How the tables of the tracking report are put before the eye."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis import wording
from analysis.present.views.words import in_words, target


def targets(table: pd.DataFrame) -> pd.DataFrame:
    """Return targets with the target in words, the agreed reading marked."""
    return table.assign(target=in_words(table.assign(unit=table["reading"]), _marked))


def _marked(row: Any, language: str) -> str:
    return wording.text(f"causal.reading.{row.agreed}", language, target=target(row, language))
