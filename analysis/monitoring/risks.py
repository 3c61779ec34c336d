"""The risk register, graded by probability times impact."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.measurement.columns import floats, present
from analysis.results import Check, StageResults, collect

GRADE_1, GRADE_2 = 15, 8
"""Score (1 to 25) from which a risk is of grade 1 and 2; the rest is grade 3 (R158)."""


def grade_risks(risks: pd.DataFrame) -> pd.DataFrame:
    """Grade every risk.

    Returns
    -------
    DataFrame
        ``risk_id, name, category, probability, impact`` (1 to 5), ``score`` (their product),
        ``grade`` (1 gravest to 3; NaN where probability or impact is unknown), ``response``;
        gravest first.
    """
    score = floats(risks["probability"]) * floats(risks["impact"])
    grade = np.select([score >= GRADE_1, score >= GRADE_2, score >= 1], [1.0, 2.0, 3.0], np.nan)
    kept = ["risk_id", "name", "category", "probability", "impact", "response"]
    table = risks[[c for c in kept if c in risks.columns]].assign(score=score, grade=grade)
    return table.sort_values(
        ["grade", "score", "risk_id"], ascending=[True, False, True], ignore_index=True
    )


def assess_risks(risks: pd.DataFrame | None) -> StageResults:
    """Risk table, and whether every grave risk has a planned response.

    Returns
    -------
    StageResults
        Check ``monitoring.risks``, table ``risks``.
    """
    question = {"id": "monitoring.risks", "question": "monitoring.check.risks.question"}
    if not present(risks, "probability", "impact"):
        missing = Check(
            **question,
            status="not_possible",
            reason="monitoring.reason.no_table",
            remedy="monitoring.reason.bring_table",
            params={"table": "measurement.table.risks"},
        )
        return collect("monitoring", [missing])
    table = grade_risks(risks)
    grave = table["grade"] == 1
    bare = (
        int((grave & table["response"].isna()).sum()) if "response" in table else int(grave.sum())
    )
    check = Check(
        **question,
        status="failed" if bare else "passed",
        value=float(bare),
        threshold=0.0,
        unit="count",
        n=len(table),
        reason="monitoring.check.risks.reason",
        remedy="monitoring.check.risks.remedy" if bare else None,
        params={"risks": len(table), "grave": int(grave.sum()), "bare": bare},
    )
    return collect("monitoring", [check], tables={"risks": table})
