"""What people of the demo client confirmed of its stage reviews, which no export holds."""

from __future__ import annotations

import pandas as pd

from analysis.simulation.parameters import WorldParameters
from analysis.simulation.programme import draw_programme

COLUMNS = ("criterion_id", "state", "decided_on", "decided_by", "evidence", "note")
"""Columns of the sheet ``confirmations.csv``."""

# Criterion, milestone at which it was looked at, by whom, on what evidence.
_CONFIRMED = (
    ("M1.needs_report", "M1", "总经理", "《培训需求分析报告》V1.0"),
    ("M2.textbooks", "M2", "培训经理", "四本教材定稿清单"),
    ("Q1.needs_report", "M3", "总经理", "《培训需求分析报告》V1.0"),
    ("Q2.cases", "M6", "培训主管", "案例库目录，112 个案例"),
    ("M9.report_pass", "M9", "培训经理", "改进报告评审表"),
    ("M9.plans_adopted", "M9", "运营总监", "改进方案采纳登记"),
    ("Q3.initiative", "M9", "品质主管", "主动服务观察记录"),
    ("Q3.best_practices", "M9", "品质主管", "最佳实践汇编"),
    ("Q4.awards", "M12", "人力资源部", "表彰名单"),
)


def draw_confirmations(parameters: WorldParameters) -> pd.DataFrame:
    """Return the sheet of confirmations: a row for each milestone that was reached.

    Parameters
    ----------
    parameters : WorldParameters
        The world.

    Returns
    -------
    DataFrame
        :data:`COLUMNS`, all text.
    """
    milestones = draw_programme(parameters)["milestones"].dropna(subset=["actual_on"])
    reached = dict(zip(milestones["milestone_id"], milestones["actual_on"], strict=True))
    rows = [
        (id, "reached", str(reached[gate]), by, evidence, "")
        for id, gate, by, evidence in _CONFIRMED
        if gate in reached
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
