"""What people decided on a client's alerts and proposals, and confirmed of its programme."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd

from analysis import history
from analysis.errors import Fault, InputError
from analysis.monitoring import CONFIRMATION_SHEET, read_decisions
from analysis.value import ACTION_SHEET


def decisions(folder: Path) -> pd.DataFrame:
    """Return the consultant's decisions in a client's folder; without rows where none are."""
    return read_decisions(folder / history.DECISIONS)


def action_decisions(folder: Path) -> pd.DataFrame:
    """Return what was decided on proposals in a client's folder; without rows where nothing."""
    return ACTION_SHEET.read(folder / history.ACTION_DECISIONS)


def confirmations(folder: Path) -> pd.DataFrame:
    """Return what people confirmed in a client's folder; without rows where nothing."""
    return CONFIRMATION_SHEET.read(folder / history.CONFIRMATIONS)


def known_by(decisions: pd.DataFrame, last: dt.date) -> pd.DataFrame:
    """Return decisions with those of days after the last day of data dated to it.

    People decide on a report after the data that it rests on have ended.

    Parameters
    ----------
    decisions : DataFrame
        As a decision sheet is read, days as ISO text.
    last : date
        Last day of data.
    """
    day = last.isoformat()
    decided = decisions["decided_on"]
    return decisions.assign(decided_on=decided.where(decided <= day, day))


def decision_faults(folder: Path) -> list[Fault]:
    """Return the faults of the sheets of decisions in a client's folder."""
    faults: list[Fault] = []
    for read in (decisions, action_decisions, confirmations):
        try:
            read(folder)
        except InputError as error:
            faults += error.faults
    return faults
