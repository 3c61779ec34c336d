"""Units that stand in headers: 应收(万元), 学时（分钟）, Progress (%)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from analysis.ingest.headers import folded
from analysis.tables import Column

_UNIT = re.compile(
    r"[(\[_/](?:单位[::])?(亿元|百万元|万元|千元|元|rmb|cny|%|百分比|percent|分钟|min|minutes?|小时|h|hours?"
    r"|秒|s|seconds?|天|日|days?|户|件|份|人|人次|次|个)[)\]]?$"
)
_CNY: Mapping[str, int] = {"亿元": 100_000_000, "百万元": 1_000_000, "万元": 10_000, "千元": 1_000}
_TIME: Mapping[str, str] = {
    **dict.fromkeys(("秒", "s"), "seconds"),
    **dict.fromkeys(("分", "m"), "minutes"),
    **dict.fromkeys(("小", "h"), "hours"),
    **dict.fromkeys(("天", "日", "d"), "days"),
}
"""Unit of time by the first letter of its word."""


def without_unit(header: str) -> str:
    """Return a header as it is looked up without the unit at its end."""
    return _UNIT.sub("", folded(header))


def options_of(header: str, spec: Column) -> list[str]:
    """Return the options by which a column whose header names a unit is read, as YAML.

    Nothing for the column's own unit, and for units that cannot be its.
    """
    found = _UNIT.search(folded(header))
    if found is None:
        return []
    unit = found[1]
    if spec.unit == "CNY" and unit in _CNY:
        return [f"factor: {_CNY[unit]}"]
    if spec.kind == "share" and unit in ("%", "百分比", "percent"):
        return ["unit: percent"]
    told = _TIME.get(unit[0])
    if spec.unit == "hours" and told not in (None, "hours"):
        return [f"unit: {told}"]
    return []
