"""Small pictures of an interval that stand in the row of its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from analysis.results import Estimate

WIDTH, HEIGHT = 150, 20
_EDGE = 6


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
