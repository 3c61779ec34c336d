"""What monitoring says where an export is missing."""

from __future__ import annotations

from analysis.results import Check


def lacking(id: str, question: str, table: str) -> Check:
    """Return a check that cannot be made until a canonical table is brought.

    Parameters
    ----------
    id, question : str
        Id of the check and wording key of its question.
    table : str
        Name of the canonical table.
    """
    return Check(
        id=id,
        question=question,
        status="not_possible",
        reason="monitoring.reason.no_table",
        remedy="monitoring.reason.bring_table",
        params={"table": f"measurement.table.{table}"},
    )
