"""Chain-of-impact audit: whether a claimed result is carried by learning and behaviour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from analysis.measurement import IndicatorLike
from analysis.results import Check, Estimate, StageResults, Topic, collect

LEVELS = (1, 2, 3, 4)
"""Kirkpatrick levels: reaction, learning, behaviour, results."""


def level_states(
    estimates: Iterable[Estimate],
    registry: Mapping[str, IndicatorLike],
    measured: Iterable[int] = (),
) -> pd.DataFrame:
    """Say for each level whether anything moved.

    Parameters
    ----------
    estimates : Iterable[Estimate]
        *Changes* (effects, paired gains), each of an indicator in the registry. A level such
        as an attendance share is not a change and does not belong here.
    registry : Mapping
        Indicators by identifier.
    measured : Iterable of int
        Levels of which something was measured, whether or not it can be compared.

    Returns
    -------
    DataFrame
        One row per level: ``level, state, better, worse, unclear, causal``. ``state`` is
        ``improved`` (an interval on the good side of zero, none on the bad one),
        ``worsened`` (the opposite), ``mixed``, ``no_change_found``, ``measured_once`` (no change
        is known, though something was measured) or ``not_assessed``;
        ``causal`` counts the causal ones among the changes.
    """
    counts = {level: {"better": 0, "worse": 0, "unclear": 0, "causal": 0} for level in LEVELS}
    for estimate in estimates:
        known = registry.get(estimate.indicator or "")
        if known is None or known.level not in counts or estimate.ci_low is None:
            continue
        sign = 1.0 if known.direction == "up" else -1.0
        low, high = sorted((sign * estimate.ci_low, sign * estimate.ci_high))
        if not estimate.one_sided:
            low, high = -1.0, 1.0
        side = "better" if low > 0 else "worse" if high < 0 else "unclear"
        counts[known.level][side] += 1
        counts[known.level]["causal"] += estimate.causal
    there = set(measured)
    rows = [
        {"level": level, "state": _state(count, level in there), **count}
        for level, count in counts.items()
    ]
    return pd.DataFrame(rows)


def _state(count: Mapping[str, int], measured: bool) -> str:
    if not count["better"] + count["worse"] + count["unclear"]:
        return "measured_once" if measured else "not_assessed"
    if count["better"] and count["worse"]:
        return "mixed"
    if count["better"]:
        return "improved"
    return "worsened" if count["worse"] else "no_change_found"


def audit_chain(
    estimates: Iterable[Estimate],
    registry: Mapping[str, IndicatorLike],
    measured: Iterable[int] = (),
) -> StageResults:
    """Flag results that are claimed while learning or behaviour stood still.

    Parameters
    ----------
    estimates, registry, measured
        As :func:`level_states` takes them.

    Returns
    -------
    StageResults
        Table ``chain`` and check ``value.chain``: failed when results improved although
        learning or behaviour was assessed and did not; caution when one of them was not
        assessed; passed when both improved; not possible when no result improved.
    """
    table = level_states(estimates, registry, measured)
    state = table.set_index("level")["state"]
    common = {"id": "value.chain", "topic": Topic.CHAIN, "question": "value.check.chain.question"}
    params = {
        name: f"value.state.{state[level]}"
        for name, level in (("learning", 2), ("behaviour", 3), ("results", 4))
    }
    if state[4] != "improved":
        check = Check(
            **common, status="not_possible", reason="value.reason.no_result_improved", params=params
        )
        return collect("value", [check], tables={"chain": table})
    links = [state[2], state[3]]
    if all(s == "improved" for s in links):
        status, reason = "passed", "value.check.chain.carried"
    elif any(s in ("no_change_found", "worsened", "mixed") for s in links):
        status, reason = "failed", "value.check.chain.broken"
    else:
        status, reason = "caution", "value.check.chain.gap"
    check = Check(
        **common,
        status=status,
        reason=reason,
        remedy=None if status == "passed" else "value.check.chain.remedy",
        params=params,
    )
    return collect("value", [check], tables={"chain": table})
