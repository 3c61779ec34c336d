"""Draw a Mermaid flowchart as SVG while the site is built: the site loads no script to do it.

What the pages use of Mermaid is known: ``flowchart LR``, boxes ``a``, ``a[words]`` and
``a[(words)]``, chains of arrows, ``|words|`` on them, and ``a & b``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from statistics import fmean

_NODE = re.compile(r"(?P<name>[\w-]+?)(?:\[\((?P<store>[^)]*)\)\]|\[(?P<words>[^\]]*)\])?")
_ARROW = re.compile(r"\s*-->(?:\|([^|]*)\|)?\s*")
_HIGH, _GAP, _BETWEEN, _SIGN, _SWEEPS = 32, 44, 28, 8, 12


@dataclass
class Chart:
    """Boxes by name with their words, arrows with theirs, and which boxes are stores."""

    words: dict[str, str] = field(default_factory=dict)
    stores: set[str] = field(default_factory=set)
    arrows: dict[tuple[str, str], str] = field(default_factory=dict)


def read(source: str) -> Chart:
    """Read a flowchart.

    Raises
    ------
    ValueError
        At a line that is none of what is known.
    """
    chart = Chart()
    first, *lines = source.strip().splitlines()
    if first.strip() != "flowchart LR":
        raise ValueError(f"not 'flowchart LR': {first}")
    for line in lines:
        parts = _ARROW.split(line.strip())
        groups = [[_box(chart, word) for word in part.split("&")] for part in parts[::2]]
        for before, after, told in zip(groups, groups[1:], parts[1::2], strict=False):
            chart.arrows |= {(a, b): told or "" for a in before for b in after}
    return chart


def svg(source: str, title: str) -> str:
    """Return a flowchart as SVG, from above downwards, in the colours of the page around it."""
    chart = read(source)
    rows, ways = _rows(chart)
    wide = {name: _SIGN * len(chart.words.get(name, "")) + 24 for row in rows for name in row}
    across = max(sum(wide[n] + _BETWEEN for n in row) for row in rows)
    at: dict[str, tuple[float, float]] = {}
    for number, row in enumerate(rows):
        free = (across - sum(wide[n] for n in row)) / len(row)
        x = free / 2
        for name in row:
            at[name] = (x + wide[name] / 2, number * (_HIGH + _GAP) + _HIGH / 2)
            x += wide[name] + free
    drawn = [_line([at[n] for n in way], told) for way, told in ways]
    drawn += [_rect(chart, name, *at[name], wide[name]) for name in chart.words]
    tall = len(rows) * (_HIGH + _GAP) - _GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-1 -1 {across + 2:.0f} {tall + 2:.0f}" '
        f'role="img" aria-label="{escape(title)}" style="width:100%;max-width:{across:.0f}px;'
        'height:auto" font-size="14" fill="currentColor" font-family="inherit"><defs>'
        '<marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" '
        f'orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>{"".join(drawn)}</svg>'
    )


def _box(chart: Chart, word: str) -> str:
    found = _NODE.fullmatch(word.strip())
    if found is None:
        raise ValueError(f"not a box of a flowchart: {word.strip()!r}")
    name, words = found["name"], found["store"] or found["words"]
    chart.words[name] = words or chart.words.get(name, name)
    if found["store"]:
        chart.stores.add(name)
    return name


def _rows(chart: Chart) -> tuple[list[list[str]], list[tuple[list[str], str]]]:
    """Return the boxes by row, and the way of each arrow, with its words, through the rows.

    A box stands below all that lead to it, near what it is joined to. An arrow over several rows
    has a place of its own in each, so that it crosses no box.
    """
    rank = _ranks(chart)
    rows: list[list[str]] = [[] for _ in range(max(rank.values()) + 1)]
    for name in chart.words:
        rows[rank[name]].append(name)
    ways, joined = [], defaultdict(set)
    told: set[tuple[str, str]] = set()
    for (a, b), words in chart.arrows.items():
        between = [f"{a}>{b}>{row}" for row in range(rank[a] + 1, rank[b])]
        for row, name in enumerate(between, start=rank[a] + 1):
            rows[row].append(name)
        way = [a, *between, b]
        for one, other in pairwise(way):
            joined[one].add(other)
            joined[other].add(one)
        ways.append((way, "" if (a, words) in told else words))  # once for all arrows of a box
        told.add((a, words))
    for _ in range(_SWEEPS):
        at = {n: (i + 0.5) / len(row) for row in rows for i, n in enumerate(row)}
        for row in rows:
            row.sort(key=lambda n: fmean(at[other] for other in joined[n]) if joined[n] else 0.5)
    return rows, ways


def _ranks(chart: Chart) -> dict[str, int]:
    before, after = defaultdict(set), defaultdict(set)
    for a, b in chart.arrows:
        before[b].add(a)
        after[a].add(b)
    rank: dict[str, int] = {}
    while len(rank) < len(chart.words):
        ready = [n for n in chart.words if n not in rank and before[n] <= rank.keys()]
        if not ready:
            raise ValueError("the arrows go in a circle")
        rank |= {n: 1 + max((rank[b] for b in before[n]), default=-1) for n in ready}
    begins = {n: min(rank[b] for b in after[n]) - 1 for n in after if not before[n]}
    return rank | begins  # what nothing leads to stands just above what it leads to


def _line(points: list[tuple[float, float]], told: str) -> str:
    """Return an arrow: a curve from below a box, through its places, to the top of another."""
    path, half = "", _HIGH / 2
    for number, ((x1, y1), (x2, y2)) in enumerate(pairwise(points)):
        start = y1 + half if number == 0 else y1
        end = y2 - half if number == len(points) - 2 else y2
        bend = (end - start) / 2
        path += f"M{x1:.0f} {start:.0f}" if number == 0 else ""
        path += f"C{x1:.0f} {start + bend:.0f} {x2:.0f} {end - bend:.0f} {x2:.0f} {end:.0f}"
    drawn = (
        f'<path d="{path}" fill="none" stroke="currentColor" opacity=".55" marker-end="url(#tip)"/>'
    )
    if not told:
        return drawn
    (x1, y1), (x2, y2) = points[:2]
    place = f'x="{(x1 + x2) / 2 + 6:.0f}" y="{(y1 + y2) / 2 + 4:.0f}" font-size="12"'
    halo = 'paint-order="stroke" stroke="var(--pst-color-background, #fff)" stroke-width="5"'
    return f"{drawn}<text {place} {halo}>{escape(told)}</text>"


def _rect(chart: Chart, name: str, x: float, y: float, wide: float) -> str:
    round_ = _HIGH / 2 if name in chart.stores else 4
    return (
        f'<rect x="{x - wide / 2:.0f}" y="{y - _HIGH / 2:.0f}" width="{wide:.0f}" height="{_HIGH}" '
        f'rx="{round_:.0f}" stroke="currentColor" '
        'fill="var(--pst-color-surface, #f4f6f8)"/>'
        f'<text x="{x:.0f}" y="{y + 5:.0f}" text-anchor="middle">'
        f"{escape(chart.words[name])}</text>"
    )
