"""What the alert rules read of weekly charts."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from analysis.monitoring.control_charts.steady import signal_counts
from analysis.monitoring.control_charts.weekly import CHARTED, DIRECTIONS


def weekly_measures(charts: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Prepare weekly charts for the alert rules of kind ``chart``.

    Parameters
    ----------
    charts : Mapping[str, DataFrame]
        Tables ``weekly_opened`` and ``weekly_in_time`` of
        :func:`~analysis.monitoring.control_charts.weekly.assess_weekly`, where there are any.

    Returns
    -------
    dict[str, DataFrame]
        By those names ``subject, n`` (weeks since training began), ``signals`` (for the worse),
        ``base`` (weeks before), ``widened`` (after Laney), ``resemblance`` (of a week to the next
        before training, over all sites), ``recent`` (whether the newest signal is), ``change``
        (mean since over centre, less 1) and ``told`` (blanks of the message).
    """
    found = {}
    for what in CHARTED:
        chart = charts.get(f"weekly_{what}")
        if chart is not None and not chart["baseline"].all():
            found[f"weekly_{what}"] = signal_counts(chart, DIRECTIONS[what])
    return found
