"""The quality of each table on several sides, one row per table."""

from __future__ import annotations

import numpy as np
import pandas as pd

UNIQUENESS = ("repeated_key",)
BETWEEN_TABLES = ("orphan", "held_before_hired")
"""Rules that hold one table to another; every rule besides these and uniqueness is validity."""


def scorecard(
    quality_tables: pd.DataFrame,
    quality_rules: pd.DataFrame,
    timeliness: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Put completeness, validity, uniqueness, consistency and timeliness side by side.

    Parameters
    ----------
    quality_tables, quality_rules : DataFrame
        As :func:`~analysis.measurement.assess_quality` stores them.
    timeliness : DataFrame, optional
        ``table, lag_days``: days between a table's last record and the end of the evaluated
        months.

    Returns
    -------
    DataFrame
        ``table, rows, completeness`` (share of filled cells), ``validity, uniqueness,
        consistency`` (share of the answers to the rules of that side that keep the rule; a row is
        asked once a rule), ``lag_days``. Missing where a side cannot be asked of a table.
    """
    by_table = dict(list(quality_rules.groupby("table")))
    late = {}
    if timeliness is not None and len(timeliness):
        late = dict(zip(timeliness["table"], timeliness["lag_days"], strict=True))
    rows = []
    for row in quality_tables.itertuples():
        rules = by_table.get(row.table, quality_rules.iloc[:0])
        unique = rules["rule"].isin(UNIQUENESS)
        between = rules["rule"].isin(BETWEEN_TABLES)
        sides = (rules[~unique & ~between], rules[unique], rules[between])
        kept = map(_kept, sides)
        days = float(late.get(row.table, np.nan))
        rows.append((row.table, row.rows, row.completeness, *kept, days))
    columns = ["table", "rows", "completeness", "validity", "uniqueness", "consistency"]
    return pd.DataFrame(rows, columns=[*columns, "lag_days"])


def _kept(rules: pd.DataFrame) -> float:
    applies = rules["applies"].sum()
    return 1 - rules["broken"].sum() / applies if applies else np.nan
