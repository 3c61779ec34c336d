"""Complaints and what followed: how the stages hand tickets, contracts and roll-out to it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis import indicators, measurement
from analysis.measurement.complaints import READ
from analysis.measurement.households import assess_households
from analysis.memory import remembered
from analysis.results import StageResults
from analysis.tables import Rows


def complaints(stage: Any, tickets: Rows | None) -> StageResults:
    """Return the shares of subjects and posts among some work orders, by arm and time.

    Parameters
    ----------
    stage : Stage
        The stage that asks.
    tickets : DataFrame, Stored or None
        All work orders, or only those before the first wave.
    """
    starts = arms_and_starts(stage)
    if isinstance(tickets, pd.DataFrame):
        read = [name for name in READ if name in tickets]
        tickets = tickets.loc[tickets["kind"] == "complaint", read]
    return remembered(measurement.assess_complaints)(
        tickets, stage.table("staff"), starts, seed=stage.seed, stage=stage.name, **stage.clock
    )


def households(stage: Any) -> StageResults:
    """Return how many households did not renew, and after which complaints."""
    return assess_households(
        stage.table("contracts"),
        stage.rows("tickets"),
        arms_and_starts(stage),
        least=stage.settings.min_cell,
        stage=stage.name,
        **stage.clock,
    )


def arms_and_starts(stage: Any) -> pd.DataFrame:
    """Return ``site_id, arm, start``; sites never trained start with the first wave."""
    cohort = indicators.cohorts(stage.waves)
    treated = cohort.notna()
    return pd.DataFrame(
        {
            "site_id": cohort.index.astype(object),
            "arm": treated.map({True: "treated", False: "comparison"}).to_numpy(object),
            "start": cohort.fillna(stage.first_wave).to_numpy(float),
        }
    )
