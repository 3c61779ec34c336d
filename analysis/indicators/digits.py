"""The digits that the answers behind a number support.

A number that rests on ``n`` answers is rounded to steps of its scale's width over ``n``, the ends
of its interval outwards. Claims, key figures and tables round alike, so that one number reads the
same wherever it stands.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from analysis.indicators import registry
from analysis.results import Estimate

_DIGITS = 4
"""Significant digits of numbers of which neither the answers nor an interval are known."""
_COUNTED = ("CNY", "people", "sites", "count")


def follow(estimate: Estimate) -> bool:
    """Return whether an estimate's digits follow the answers behind it.

    Money, counts and what counts nobody (``suppress: false`` in the registry) keep theirs.
    """
    counted = estimate.unit in _COUNTED or nobodys(estimate.indicator)
    return estimate.value is not None and not counted


def of_estimate(estimate: Estimate, changed: int = 1) -> Estimate:
    """Return an estimate with the digits that its answers support.

    Parameters
    ----------
    estimate : Estimate
        In full precision.
    changed : int
        Answers that may have changed since it was last shown; steps are that much wider.
    """
    e = estimate
    if not follow(e):
        return e
    n = e.n_smallest or e.n
    width = 1.0 if e.unit == "share" else abs(e.value)
    half = math.nan if e.ci_low is None else (e.ci_high - e.ci_low) / 2
    size = step(width, changed / n if n else math.nan, half)

    def end(value: float | None, how: Callable[[float], int]) -> float | None:
        if value is None:
            return None
        # An end that is not zero does not read as zero: the claim beside it goes by its sign.
        return near(value, size, how) or near(value, size / 10, how)

    return replace(
        e,
        value=near(e.value, size),
        se=None if e.se is None else significant(e.se),
        ci_low=end(e.ci_low, math.floor),
        ci_high=end(e.ci_high, math.ceil),
        p_value=None if e.p_value is None else significant(e.p_value),
        methods_low=end(e.methods_low, math.floor),
        methods_high=end(e.methods_high, math.ceil),
    )


def step(width: float, part: float, half: float) -> float:
    """Return the step for a scale's width and the share of answers that may change.

    Where the answers are not known, half an interval tells the step; NaN where neither is known.
    """
    if math.isfinite(part) and math.isfinite(width) and width > 0:
        return nice(width * part)
    if math.isfinite(half) and half > 0:
        return 10.0 ** math.floor(math.log10(half / 10))
    return math.nan


def near(value: float, step: float, how: Callable[[float], int] = round) -> float:
    """Return a number on the steps; in four significant digits where there is no step.

    ``how`` takes a number between two steps to one of them; what becomes zero keeps its sign.
    """
    if not math.isfinite(value):
        return value
    if not math.isfinite(step):
        return significant(value)
    places = max(0, 1 - math.floor(math.log10(step)))
    steps = value / step
    whole = round(steps)
    on_step = whole if abs(steps - whole) < 1e-9 * max(1, abs(whole)) else how(steps)
    return round(math.copysign(on_step, steps) * step, places)


def significant(value: float) -> float:
    """Return a number in four significant digits."""
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else value


def nobodys(indicator: Any) -> bool:
    """Return whether a registered indicator counts neither people nor their cases."""
    known = registry.known().get(indicator) if isinstance(indicator, str) else None
    return known is not None and not known.suppress


def nice(least: float) -> float:
    """Return the smallest of 1, 2, 5 times a power of ten that is at least this."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= least * (1 - 1e-9))
