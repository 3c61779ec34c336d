"""The consultant's decisions on alerts."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis.decision_sheet import DecisionSheet
from analysis.monitoring.alerts.history import STATES

SHEET = DecisionSheet(
    key="alert_id",
    states=STATES,
    example="monitoring.alert.lecturer_low.L07,acknowledged,2024-10-08,Wang,two visits",
)
"""``alerts.csv`` of a client; the columns are those of ``monitoring.history.DECISIONS``."""


def read_decisions(path: Path) -> pd.DataFrame:
    """Read ``alerts.csv`` of a client, as :meth:`DecisionSheet.read` does.

    Returns
    -------
    DataFrame
        One row per decision, the columns of the sheet.
    """
    return SHEET.read(path)


def write_decisions(path: Path, sheet: pd.DataFrame) -> Path:
    """Write a sheet of decisions, as :meth:`DecisionSheet.write` does."""
    return SHEET.write(path, sheet)
