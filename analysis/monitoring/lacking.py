"""What monitoring says where an export is missing."""

from __future__ import annotations

import pandas as pd

from analysis.measurement.columns import present
from analysis.results import Check, Topic


def lacking(
    id: str,
    topic: Topic,
    question: str,
    table: str,
    frame: pd.DataFrame | None = None,
    *columns: str,
) -> Check:
    """Return a check that cannot be made until a canonical table, or a column of it, is brought.

    Parameters
    ----------
    id : str
        Id of the check.
    topic : Topic
        What it is about.
    question : str
        Wording key of its question.
    table : str
        Name of the canonical table.
    frame : DataFrame, optional
        The table, where the client has it.
    *columns : str
        What the check needs of it; the first without a value is named.
    """
    absent = next((c for c in columns if not present(frame, c)), None)
    params = {"table": f"measurement.table.{table}"}
    reason, remedy = "monitoring.reason.no_table", "monitoring.reason.bring_table"
    if present(frame) and absent is not None:
        reason, remedy = "monitoring.reason.no_column", "monitoring.reason.bring_column"
        params["column"] = f"monitoring.taught.{absent}"
    return Check(
        id=id,
        topic=topic,
        question=question,
        status="not_possible",
        reason=reason,
        remedy=remedy,
        params=params,
    )
