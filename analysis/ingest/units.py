"""Units that stand beside the cells: in headers (应收(万元)), above the table (单位：万元)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath

from analysis.client import ColumnMap
from analysis.errors import Fault
from analysis.ingest.headers import folded
from analysis.ingest.problems import fault
from analysis.ingest.readers import RawTable
from analysis.tables import Column

_UNIT = re.compile(
    r"[(\[_/](?:单位[::])?(亿元|百万元|万元|千元|元|rmb|cny|%|百分比|percent|分钟|min|minutes?|小时|h|hours?"
    r"|秒|s|seconds?|天|日|days?|户|件|份|人|人次|次|个)[)\]]?$"
)
_CNY: Mapping[str, int] = {"亿元": 100_000_000, "百万元": 1_000_000, "万元": 10_000, "千元": 1_000}
_ABOVE = re.compile(r"单位[::]?(?:人民币)?(亿元|百万元|万元|千元)")
_IN_A_NAME = re.compile("亿元|百万元|万元|千元")
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


def options_of(header: str, spec: Column) -> dict[str, object]:
    """Return the options by which a column whose header names a unit is read.

    Nothing for the column's own unit, and for units that cannot be its.
    """
    found = _UNIT.search(folded(header))
    if found is None:
        return {}
    unit = found[1]
    if spec.unit == "CNY" and unit in _CNY:
        return {"factor": _CNY[unit]}
    if spec.kind == "share" and unit in ("%", "百分比", "percent"):
        return {"unit": "percent"}
    told = _TIME.get(unit[0])
    if spec.unit == "hours" and told not in (None, "hours"):
        return {"unit": told}
    return {}


def options_beside(
    tables: Sequence[RawTable], header: str, spec: Column
) -> tuple[str, dict[str, object]] | None:
    """Return what names another unit above tables of equal headers, and the option it asks for.

    It may stand in the names of sheet or file too. None where the tables do not agree, so that
    one option would be wrong for some of them.
    """
    mapping = ColumnMap.model_validate(header)
    said = [next(_said(table, spec, mapping), None) for table in tables]
    if not said or None in said or any(entry[2] != said[0][2] for entry in said):
        return None
    return said[0][0], said[0][2]


def undeclared(table: RawTable, spec: Column, mapping: ColumnMap, *, bare: bool) -> Fault | None:
    """Return the fault of a column beside which another unit stands than it is read in.

    The unit may stand in the header or in a group above it; that of amounts also above the table
    and in the name of the sheet or file. Whatever ``factor`` or ``unit`` is declared settles it.

    Parameters
    ----------
    table : RawTable
        Where the column stands.
    spec, mapping : Column, ColumnMap
        The column, and how it is read.
    bare : bool
        Whether some cell has no unit of its own.
    """
    if not bare or mapping.factor is not None or mapping.unit is not None:
        return None
    for said, row, options in _said(table, spec, mapping):
        name, value = next(iter(options.items()))
        own = "1" if name == "factor" else spec.unit
        return fault(
            "unit_undeclared",
            params={
                "said": said,
                "option": f"{name}: {value}",
                "own": f"{name}: {own}",
                "count": 1,
            },
            file=table.source.file,
            sheet=table.source.sheet,
            row=row,
            column=mapping.header[0],
        )
    return None


def _said(
    table: RawTable, spec: Column, mapping: ColumnMap
) -> Iterator[tuple[str, int | None, dict[str, object]]]:
    """Yield what names another unit than the column's own, its row, and the option it asks for."""
    source = table.source
    head = source.header_rows[-1] if source.header_rows else None
    for header in mapping.header:
        for part in header.split("#")[0].split("·"):
            if spec.kind != "share" and (options := options_of(part, spec)):
                yield part, head, options
    if spec.unit != "CNY":
        return
    for row, text in source.above:
        if match := _ABOVE.search(folded(text)):
            yield match[0], row, {"factor": _CNY[match[1]]}
    for name in (source.sheet or "", PurePath(source.file).stem):
        if match := _IN_A_NAME.search(name):
            yield name, None, {"factor": _CNY[match[0]]}
