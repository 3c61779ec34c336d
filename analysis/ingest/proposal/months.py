"""Months or quarters that stand as columns: which headers they are, and what they measure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from analysis.ingest.headers import folded
from analysis.ingest.proposal.text import Say
from analysis.ingest.readers import RawTable

_FEWEST = 2


@dataclass(frozen=True, slots=True)
class _Shape:
    """How a head is written, and whether it says its year and is a quarter."""

    pattern: str
    year: bool = True
    quarter: bool = False


_SHAPES = (
    _Shape(r"\d{4}年\d{1,2}月份?"),
    _Shape(r"\d{4}[-./]\d{1,2}(?:[-./]\d{1,2})?(?: 00:00:00)?"),
    _Shape(r"20\d{4}"),
    _Shape(r"\d{4}年?(?:[Qq][1-4]|第?[1-4一二三四]季度)", quarter=True),
    _Shape(r"\d{1,2}月份?", year=False),
    _Shape(r"第?[1-4一二三四]季度", year=False, quarter=True),
)


@dataclass(frozen=True, slots=True)
class Months:
    """The heads of a table: a pattern of whole headers, what is measured, and where.

    Attributes
    ----------
    pattern : str
        For ``wide``.
    heads : frozenset of str
        Headers that are heads.
    measures : tuple of str
        Headers that the table has once its heads are rows; of the sheets where each holds one.
    place : str or None
        ``$sheet`` or ``$file`` where sheets or files are the measures.
    cell : str or None
        What the one measure may be called, by sheet or file; its column is ``$cell``.
    month : str
        The mapping of the month.
    """

    pattern: str
    heads: frozenset[str]
    measures: tuple[str, ...]
    place: str | None
    cell: str | None
    month: str


def months_of(group: Sequence[RawTable], known: frozenset[str], say: Say) -> Months | None:
    """Return the months that stand as columns in tables of equal headers, if there are two.

    Parameters
    ----------
    group : sequence of RawTable
        Tables of equal headers.
    known : frozenset of str
        Names of measures that some table knows, folded.
    say : Callable
        Words of the comments.
    """
    headers = [str(header) for header in group[0].frame.columns]
    for shape in _SHAPES:
        for form in (
            rf"(?P<head>{shape.pattern})",
            rf"(?P<head>{shape.pattern})(?P<between>[·_\- ]*)(?P<measure>\D.*)",
            rf"(?P<measure>.*?\D)(?P<between>[·_\- ]*)(?P<head>{shape.pattern})",
        ):
            found = [(h, m) for h in headers if (m := re.fullmatch(form, h))]
            if len({m["head"] for _, m in found}) >= _FEWEST:
                return _months(group, shape, form, found, known, say)
    return None


def _months(
    group: Sequence[RawTable],
    shape: _Shape,
    form: str,
    found: Sequence[tuple[str, re.Match[str]]],
    known: frozenset[str],
    say: Say,
) -> Months:
    measures = tuple(dict.fromkeys(m.groupdict().get("measure") or "" for _, m in found))
    month = _month(group, shape, say)
    heads = frozenset(header for header, _ in found)
    if measures != ("",):
        between = dict.fromkeys(re.escape(m["between"]) for _, m in found)
        said = "|".join(map(re.escape, measures))
        pattern = form.replace("[·_\\- ]*", "|".join(between)).replace("?P<between>", "?:")
        pattern = re.sub(r"\(\?P<measure>.*?\\D\)|\(\?P<measure>\\D\.\*\)",
                         lambda _: f"(?P<measure>{said})", pattern)  # fmt: skip
        return Months(pattern.replace("(?:)", ""), heads, measures, None, None, month)
    sheets = tuple(dict.fromkeys(t.source.sheet or "" for t in group))
    files = tuple(dict.fromkeys(PurePath(t.source.file).stem for t in group))
    for place, names in (("$sheet", sheets), ("$file", files)):
        if len(names) > 1 and {folded(name) for name in names} & known:
            return Months(form, heads, names, place, None, month)
    titles = [name for name in (*sheets, *files) if name]
    cell = next((name for name in titles if _called(name, known)), None)
    return Months(form, heads, (), None, cell and _called(cell, known), month)


def _called(name: str, known: frozenset[str]) -> str | None:
    """Return the longest known measure that a sheet or file is named after."""
    return max((k for k in known if k in folded(name)), key=len, default=None)


def _month(group: Sequence[RawTable], shape: _Shape, say: Say) -> str:
    options, note = ["from: $head"], ""
    if not shape.year:
        names = [f"{t.source.file} {t.source.sheet or ''}" for t in group]
        years = {year for name in names for year in re.findall(r"(?<!\d)(20\d\d)(?!\d)", name)}
        options.append(f"year: {years.pop() if len(years) == 1 else 'DECIDE'}")
        note = f"    # {say('year')}"
    if shape.quarter:
        options.append("quarter: DECIDE")
        note = f"    # {say('quarter')}"
    return f"{{{', '.join(options)}}}{note}" if len(options) > 1 else "$head"
