"""What can be asked of scores that a client supplies as means by site and month."""

from __future__ import annotations

import pandas as pd

from analysis.measurement.columns import present
from analysis.results import Check, StageResults, Topic, collect
from analysis.tables import Rows


def assess_means(means: pd.DataFrame | None, surveys: Rows | None = None) -> StageResults:
    """Say that scores came as means, with how many of them the number of answers stands.

    Parameters
    ----------
    means : DataFrame or None
        Canonical table ``survey_means``.
    surveys : DataFrame, Stored or None
        Single answers; where there are any with a score, they lead.

    Returns
    -------
    StageResults
        Check ``baseline.quality.survey_means.given``; nothing for a client without means.
    """
    if not present(means, "score"):
        return StageResults(stage="baseline")
    known = means["score"].notna()
    counted = known & means["answers"].notna()
    blank = int((~known).sum())
    cells, with_n = int(known.sum()), int(counted.sum())
    single = present(surveys, "score")
    told = "beside" if single else "counted" if with_n == cells else "some" if with_n else "without"
    lacking = not single and with_n < cells
    check = Check(
        id="baseline.quality.survey_means.given",
        topic=Topic.MEANS_GIVEN,
        question="measurement.check.means_given.question",
        status="caution" if lacking else "passed",
        value=float(cells - with_n),
        threshold=0.0,
        unit="count",
        n=cells,
        reason=f"measurement.check.means_given.{told}",
        remedy="measurement.check.means_given.remedy" if lacking else None,
        params={
            "cells": cells,
            "counted": with_n,
            "lacking": cells - with_n,
            "blank": blank,
            "answers": int(means.loc[counted, "answers"].sum()),
        },
    )
    return collect("baseline", [check])
