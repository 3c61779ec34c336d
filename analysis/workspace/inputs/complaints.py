"""What complaints are about: how the stages hand tickets, employees and roll-out to it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis import indicators, measurement
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
    cohort = indicators.cohorts(stage.waves)
    treated = cohort.notna()
    starts = pd.DataFrame(
        {
            "site_id": cohort.index.astype(object),
            "arm": treated.map({True: "treated", False: "comparison"}).to_numpy(object),
            "start": cohort.fillna(stage.first_wave).to_numpy(float),
        }
    )
    return measurement.assess_complaints(
        tickets, stage.table("staff"), starts, seed=stage.seed, stage=stage.name, **stage.clock
    )
