"""The tables of the baseline report for the eye: rows chosen, cells put into words."""

from __future__ import annotations

import json

import pandas as pd

from analysis import wording
from analysis.present.views.words import in_words


def broken_rules(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rules that rows break, the most broken first."""
    return table[table["broken"] > 0].sort_values("broken", ascending=False, kind="stable")


def ingest(table: pd.DataFrame) -> pd.DataFrame:
    """Return the ingest counts with their reasons in words."""
    return table.assign(reasons=in_words(table, _reasons))


def _reasons(row, language: str) -> str:
    # An accepted fault names its rule after a colon.
    words = [
        wording.text(
            "chapters.counted",
            language,
            what=wording.text(f"ingest.left_out.{name.partition(':')[0]}", language),
            n=n,
        )
        for name, n in json.loads(row.reasons).items()
    ]
    return wording.format_value(words, "", language) if words else ""
