"""What the value report of an earlier run said of targets that gates ask for.

Only earlier days are read: the value report of the same day comes after monitoring, and what it
says is not yet known then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.standards import Lines

STATES = {"reached": "met", "not_reached": "missed", "open": "unsure"}
"""State of a criterion by the verdict on the target."""

FALSE_ALARM, RATIO_FALSE_ALARM = 0.05, 0.025
"""A target, and a ratio, at its line is called missed with this probability."""

_GRAVITY = ("missed", "unsure", "met")


def verdicts(
    scorecard: pd.DataFrame | None,
    ratios: pd.DataFrame | None,
    *,
    lines: Lines,
) -> pd.DataFrame:
    """Put what the value report said into the terms of gates.

    Parameters
    ----------
    scorecard : DataFrame or None
        Its table of that name: ``indicator, horizon, unit, threshold, value, ci_low, ci_high,
        probability, verdict``.
    ratios : DataFrame or None
        ``ratio`` (``benefit_cost_ratio`` or ``net_return``, as the readings of C8 are called),
        ``value, ci_low, ci_high``.
    lines : Lines
        What the client's programme is held to. Its reading of C8 decides which ratio counts;
        without a reading, or a line for it, none does.

    Returns
    -------
    DataFrame
        ``target`` (indicator, or ``roi``), ``horizon, value, ci_low, ci_high, line, unit, state,
        p_value, false_alarm_rate``. Targets without a verdict are left out.
    """
    rows = []
    for row in () if scorecard is None else scorecard.to_dict("records"):
        if row["verdict"] in STATES:
            ends = {name: row[name] for name in ("horizon", "value", "ci_low", "ci_high", "unit")}
            ends |= {"target": row["indicator"], "line": row["threshold"]}
            rate = {"p_value": row["probability"], "false_alarm_rate": FALSE_ALARM}
            rows.append({**ends, **rate, "state": STATES[row["verdict"]]})
    line = lines.of("return_ratio")
    for row in () if ratios is None or line is None else ratios.to_dict("records"):
        if row["ratio"] == lines.choices.get("C8") and pd.notna(row["ci_low"]):
            low, high = row["ci_low"] >= line, row["ci_high"] < line
            state = "met" if low else "missed" if high else "unsure"
            ends = {name: row[name] for name in ("value", "ci_low", "ci_high")}
            ends |= {"target": "roi", "horizon": "long", "unit": "ratio", "line": line}
            rows.append({**ends, "state": state, "false_alarm_rate": RATIO_FALSE_ALARM})
    columns = ["target", "horizon", "value", "ci_low", "ci_high", "line", "unit", "state"]
    return pd.DataFrame(rows, columns=[*columns, "p_value", "false_alarm_rate"])


def taken_over(criterion: Mapping[str, Any], known: pd.DataFrame | None) -> dict[str, Any] | None:
    """Return the cells of a criterion as the value report judged it; None where it did not.

    Of several targets for one indicator and horizon the worst verdict counts.
    """
    if known is None or "target" not in criterion:
        return None
    mine = known[known["target"] == criterion["target"]]
    mine = mine[mine["horizon"] == criterion["horizon"]]
    if mine.empty:
        return None
    worst = mine.assign(order=mine["state"].map(_GRAVITY.index)).sort_values("order").iloc[0]
    cells = {name: worst[name] for name in known.columns if name not in ("target", "horizon")}
    return {"measure": criterion["measure"], "report": criterion["report"], **cells}
