"""Tidy frames behind the tracking report's tables and figures."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.causal.did.goodman_bacon import goodman_bacon
from analysis.causal.did.group_time import GroupTime
from analysis.causal.inference.distributions import t_quantile
from analysis.causal.panel.frame import Prepared
from analysis.indicators.rounds import Rounds
from analysis.settings import LEVEL


def tables(
    effects: GroupTime,
    outcome: str,
    level: float,
    least_answers: int = 0,
    shown: np.ndarray | None = None,
) -> dict[str, pd.DataFrame]:
    """Return ``<outcome>_trends``, ``_group_time`` and, for balanced panels, ``_bacon``.

    Levels carry their ``indicator``: it tells whether their digits follow the answers behind them.
    ``shown`` says which cells of the group-time table rest on enough answers; all without it.
    """
    cells = effects.table()
    found = {
        f"{outcome}_trends": trends(effects.panel, level, least_answers).assign(indicator=outcome),
        f"{outcome}_group_time": cells if shown is None else cells[shown].reset_index(drop=True),
    }
    if effects.panel.balanced:
        found[f"{outcome}_bacon"] = goodman_bacon(effects.panel)
    return found


def in_months(table: pd.DataFrame, rounds: Rounds) -> pd.DataFrame:
    """Return a table whose cohorts, periods and event times are months instead of rounds."""
    found = table.copy()
    if {"cohort", "period", "event_time"} <= set(table):
        found["event_time"] = rounds.since(table["cohort"], table["period"]).astype(int)
    for name, label in (("cohort", rounds.start_of), ("period", rounds.month_of)):
        if name in table:
            found[name] = [label(value) if np.isfinite(value) else value for value in table[name]]
    return found


def trends(panel: Prepared, level: float = LEVEL, least_answers: int = 0) -> pd.DataFrame:
    """Mean outcome by arm and period.

    Returns
    -------
    DataFrame
        Key ``arm`` (``treated``: ever treated in the window; ``comparison``: never), ``period``;
        ``value`` of unit means, pointwise t interval ``ci_low``/``ci_high`` over units (NaN with
        fewer than two), ``n_units``, ``n`` (observations). Months of an arm with fewer than
        ``least_answers`` observations are left out.
    """
    rows = []
    for arm, members in (
        ("treated", np.isfinite(panel.cohort)),
        ("comparison", np.isinf(panel.cohort)),
    ):
        for place, period in enumerate(panel.periods):
            values = panel.y[members, place]
            known = ~np.isnan(values)
            values, n = values[known], float(panel.n[members, place][known].sum())
            m = len(values)
            if m == 0 or n < least_answers:
                continue
            half = np.nan
            if m > 1:
                half = t_quantile(level, m - 1) * values.std(ddof=1) / np.sqrt(m)
            mean = values.mean()
            rows.append((arm, int(period), mean, mean - half, mean + half, m, round(n)))
    columns = ["arm", "period", "value", "ci_low", "ci_high", "n_units", "n"]
    return pd.DataFrame(rows, columns=columns)
