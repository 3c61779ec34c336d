"""Small pictures of an interval, or of several in time, that stand in the row of their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from math import isnan

from analysis.results import Estimate

WIDTH, HEIGHT = 150, 20
_EDGE = 6
_TALL = 44
"""Height of values in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What is drawn besides an interval.

    Attributes
    ----------
    better : {1, -1}
        Whether more or less is better; better is always drawn to the right.
    targets : tuple of float
        Targets, in the unit of the estimate.
    """

    better: int = 1
    targets: tuple[float, ...] = ()


def interval(estimate: Estimate, marks: Marks, label: str) -> str:
    """Draw an effect with its interval from no effect in the middle, better to the right.

    Each row has a scale of its own. ``label`` says in words what is drawn.
    """
    ends = [e for e in (estimate.ci_low, estimate.ci_high) if e is not None]
    if estimate.disputed:
        ends = [estimate.methods_low, estimate.methods_high]
    reach = max(map(abs, (estimate.value, *ends, *marks.targets))) or 1.0
    half = WIDTH / 2 - _EDGE

    def at(value: float) -> float:
        return round(WIDTH / 2 + marks.better * value / reach * half, 1)

    middle = HEIGHT / 2
    parts = [f'<line class="zero" x1="{WIDTH / 2}" x2="{WIDTH / 2}" y1="0" y2="{HEIGHT}"/>']
    if ends:
        low, high = sorted(map(at, ends))
        parts.append(f'<line class="reach" x1="{low}" x2="{high}" y1="{middle}" y2="{middle}"/>')
    if not estimate.disputed:
        parts.append(f'<circle class="dot" cx="{at(estimate.value)}" cy="{middle}" r="4"/>')
    parts += [
        f'<line class="target" x1="{at(t)}" x2="{at(t)}" y1="2" y2="{HEIGHT - 2}"/>'
        for t in marks.targets
    ]
    return (
        f'<svg class="strip" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )


@dataclass(frozen=True, slots=True)
class Point:
    """A value in time with its interval; ``at`` counts steps from the first."""

    at: float
    value: float
    low: float
    high: float


def history(points: Sequence[Point], beside: float | None, label: str) -> str:
    """Draw values in time with their intervals, the newest filled, and a level beside them.

    Each row has a scale of its own. ``label`` says in words what is drawn.
    """
    if not points:
        return ""
    return (
        f'<svg class="strip" viewBox="0 0 {WIDTH} {_TALL}" width="{WIDTH}" height="{_TALL}" '
        f'role="img" aria-label="{escape(label)}">{_in_time(tuple(points), beside)}</svg>'
    )


@lru_cache(maxsize=10_000)
def _in_time(points: tuple[Point, ...], beside: float | None) -> str:
    """Return what is drawn of values in time, which is the same in every language."""
    known = [end for p in points for end in (p.low, p.value, p.high) if not isnan(end)]
    known += [] if beside is None else [beside]
    low, reach = min(known), (max(known) - min(known)) or 1.0
    last = max(p.at for p in points) or 1.0
    wide, tall = WIDTH - 2 * _EDGE, _TALL - 2 * _EDGE

    def x(at: float) -> float:
        return round(_EDGE + wide * at / last, 1)

    def y(value: float) -> float:
        return round(_TALL - _EDGE - tall * (value - low) / reach, 1)

    parts = []
    if beside is not None:
        level = y(beside)
        parts.append(f'<line class="beside" x1="0" x2="{WIDTH}" y1="{level}" y2="{level}"/>')
    parts += [
        f'<line class="reach" x1="{x(p.at)}" x2="{x(p.at)}" y1="{y(p.high)}" y2="{y(p.low)}"/>'
        for p in points
        if not isnan(p.low)
    ]
    newest = max(points, key=lambda p: p.at)
    for p in points:
        how = "dot" if p is newest else "was"
        parts.append(f'<circle class="{how}" cx="{x(p.at)}" cy="{y(p.value)}" r="3"/>')
    return "".join(parts)
