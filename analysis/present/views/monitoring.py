"""The tables of the monitoring report for the eye: rows chosen, cells put into words."""

from __future__ import annotations

import pandas as pd

from analysis import wording
from analysis.present.views.words import in_words
from analysis.results import StageResults


def worst_chart(results: StageResults) -> pd.DataFrame:
    """Return the chart of the subject with the most signals on the bad side; empty without any."""
    chart, found = results.table("chart"), results.table("chart_signals")
    if chart.empty or found.empty or not (found["worse"] > 0).any():
        return chart.iloc[:0]
    first = found.sort_values("worse", ascending=False, kind="stable")["subject"].iloc[0]
    return chart[chart["subject"] == first]


def signals(table: pd.DataFrame) -> pd.DataFrame:
    """Return the subjects that have signals on the bad side, the most first."""
    return table[table["worse"] > 0].sort_values("worse", ascending=False, kind="stable")


def lecturers(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with pseudonyms cut to what tells people apart on a page."""
    return table.assign(lecturer_id=in_words(table, _lecturer))


def _lecturer(row, language: str) -> str:
    return wording.text("chapters.lecturer", language, code=str(row.lecturer_id)[:6])
