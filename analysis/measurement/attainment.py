r"""Was a target reached: what it asks for, what was found, and how probable it is that it was.

"+15 %" can mean 15 points or 15 % more than before; the readings are computed and named apart. A
target of ``points`` or of a ``level`` is compared with the estimate itself. A ``relative`` target r
asks whether :math:`\theta \ge r b`, :math:`b` being the level before training: its probability is
read from :math:`\theta - r b`, with the variance of both and of what they share.

The probability is read off the estimate's confidence distribution (Xie, Singh 2013), whose spread
on either side is that of the stored interval: where a target is an end of a 95 % interval, it was
reached with 97.5 % or 2.5 %, whichever inference gave the interval.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from typing import Protocol

import pandas as pd
from scipy.special import ndtr, ndtri

from analysis.indicators import digits
from analysis.measurement.refusals import Refusal, RefusedError
from analysis.results import Estimate
from analysis.settings import LEVEL

SURE = 0.95
"""From this probability on a target counts as reached, below its complement as not reached."""


class GoalLike(Protocol):
    """A goal as ``client.yml`` states it."""

    indicator: str
    target: float
    unit: str
    deadline: dt.date
    horizon: str
    baseline: float | None


class IndicatorLike(Protocol):
    """What the registry says of an indicator."""

    level: int
    unit: str
    direction: str


def standard_error(estimate: Estimate) -> float | None:
    """Return the standard error, read from the width of the interval where none is stored."""
    if estimate.se is not None:
        return estimate.se
    if estimate.ci_low is None or estimate.ci_high is None:
        return None
    return (estimate.ci_high - estimate.ci_low) / (2 * _quantile(estimate))


def probability_reached(
    estimate: Estimate,
    target: float,
    *,
    direction: str = "up",
    baseline: Estimate | float | None = None,
) -> float:
    """Return the probability that the truth is at or beyond a target.

    Parameters
    ----------
    estimate : Estimate
        With an interval.
    target : float
        In the unit of the estimate; with ``baseline`` a share of it, e.g. 0.15 or −0.2.
    direction : {"up", "down"}
        ``up`` where the target is a least value.
    baseline : Estimate or float, optional
        Level that a relative target is a share of. A number is taken as known; an Estimate brings
        its own uncertainty, and in ``dims["correlation"]`` how it moves with ``estimate``.

    Raises
    ------
    ValueError
        Where the estimate has no interval: nothing says how far it may be from the truth.
    """
    if estimate.value is None or estimate.ci_low is None:
        raise RefusedError(
            Refusal.NO_INTERVAL, f"{estimate.id}: a probability needs a value and its interval"
        )
    base, spread, shared = _level(baseline)
    threshold = target if baseline is None else target * base
    towards = estimate.value - threshold
    end = estimate.ci_low if towards > 0 else estimate.ci_high
    own = abs(end - estimate.value) / _quantile(estimate)
    moved = target * spread
    se = math.sqrt(max(own**2 + moved**2 - 2 * shared * own * moved, 0.0))
    sign = 1.0 if direction == "up" else -1.0
    if se == 0.0:
        return float(sign * towards >= 0)
    return float(ndtr(sign * towards / se))


def score_target(
    goal: GoalLike,
    indicator: IndicatorLike,
    *,
    change: Estimate | None = None,
    level: Estimate | None = None,
    baseline: Estimate | None = None,
    relative: Estimate | None = None,
    on: dt.date | None = None,
) -> dict:
    """Score one goal against the estimate that its reading asks for.

    Parameters
    ----------
    goal : GoalLike
        ``points`` and ``relative`` are read from ``change``, ``level`` from ``level``.
    indicator : IndicatorLike
    change, level, baseline : Estimate, optional
        Of this indicator. A baseline that the goal itself states wins and is taken as known.
    relative : Estimate, optional
        The change as a share of what there would have been (``att_relative``), where the effect
        on a rate gives it: a relative target is then held against it, unless the goal states a
        baseline.

    Returns
    -------
    dict
        ``horizon, indicator, stratum, kirkpatrick, reading, target, deadline, unit, threshold``
        (in the unit of the estimate), ``value, ci_low, ci_high, n, n_units, level, probability,
        causal, source, verdict`` (``reached, not_reached, open, not_assessed``), ``reason,
        methods_low, methods_high``. Where methods disagree on the change, nothing is judged on
        one of them: only their range is told. A target that is not reached before it is due (after
        ``on``) is open. Values and ends have the digits that are shown; what
        is judged is judged in full precision.
    """
    row = {
        "horizon": goal.horizon,
        "indicator": goal.indicator,
        "stratum": getattr(goal, "stratum", ""),
        "kirkpatrick": int(indicator.level),
        "reading": goal.unit,
        "target": float(goal.target),
        "deadline": goal.deadline.isoformat(),
        "unit": indicator.unit,
        **dict.fromkeys(("threshold", "value", "ci_low", "ci_high", "probability"), math.nan),
        **dict.fromkeys(("methods_low", "methods_high"), math.nan),
        "n": 0,
        "n_units": None,
        "level": math.nan,
        "causal": False,
        "source": "",
        "verdict": "not_assessed",
        "reason": "",
    }
    estimate = level if goal.unit == "level" else change
    if goal.unit != "level" and (goal.target > 0) != (indicator.direction == "up"):
        return row | {"reason": "value.reason.target_sign"}
    if estimate is None or estimate.value is None:
        return row | {"reason": "value.reason.no_estimate"}
    base = None
    if goal.unit == "relative" and relative is not None and goal.baseline is None:
        estimate, row = relative, row | {"unit": "relative"}
        if estimate.value is None:
            return row | {"reason": estimate.reason or "value.reason.no_estimate"}
    elif goal.unit == "relative":
        base = baseline if goal.baseline is None else goal.baseline
        if not _level(base)[0]:
            return row | {"reason": "value.reason.no_baseline"}
    shown = digits.of_estimate(estimate)
    row |= {
        "threshold": goal.target * (1.0 if base is None else _level(base)[0]),
        "value": shown.value,
        "n": estimate.n,
        "n_units": estimate.n_units,
        "level": estimate.level,
        "causal": estimate.causal,
        "source": estimate.id,
    }
    if estimate.disputed:
        spread = {"methods_low": shown.methods_low, "methods_high": shown.methods_high}
        return row | spread | {"value": math.nan, "reason": "value.reason.methods_disagree"}
    if estimate.ci_low is None:
        return row | {"reason": "value.reason.no_interval"}
    chance = probability_reached(
        estimate, goal.target, direction=indicator.direction, baseline=base
    )
    verdict = "reached" if chance >= SURE else "not_reached" if chance <= 1 - SURE else "open"
    ends = {"ci_low": shown.ci_low, "ci_high": shown.ci_high}
    found = row | ends | {"probability": chance, "verdict": verdict}
    if on is not None and goal.deadline > on and verdict == "not_reached":
        return found | {"verdict": "open", "reason": "value.reason.not_due"}
    return found


def target_estimates(
    rows: Iterable[Mapping], *, prefix: str, simulated: bool = False, level: float = LEVEL
) -> tuple[Estimate, ...]:
    """Return the probability of each scored goal as an estimate ``<prefix>.<indicator>.…``.

    Parameters
    ----------
    rows : iterable of Mapping
        Scored goals, as of the table of targets.
    prefix : str
        Stage, the first part of the ids.
    simulated : bool
        Whether the results are of a simulated world.
    level : float
        Coverage of intervals.
    """
    return tuple(
        Estimate(
            id=f"{prefix}.{row['indicator']}.{row['horizon']}.{row['reading']}.{number}",
            estimand="probability_reached",
            indicator=row["indicator"],
            unit="share",
            value=None if pd.isna(row["probability"]) else row["probability"],
            n=row["n"],
            n_units=row["n_units"],
            method="confidence_distribution",
            dims={"target": row["target"], "reading": row["reading"], "source": row["source"]},
            simulated=simulated,
            reason=row["reason"] or None,
            level=level,
        )
        for number, row in enumerate(rows, start=1)
    )


def _quantile(estimate: Estimate) -> float:
    return float(ndtri((1 + estimate.level) / 2))


def _level(baseline: Estimate | float | None) -> tuple[float, float, float]:
    """Return the size of a baseline, its standard error, and its correlation with the change."""
    if not isinstance(baseline, Estimate):
        return abs(baseline or 0.0), 0.0, 0.0
    if baseline.value is None:
        return 0.0, 0.0, 0.0
    sign = math.copysign(1.0, baseline.value)
    shared = sign * float(baseline.dims.get("correlation", 0.0))
    return abs(baseline.value), standard_error(baseline) or 0.0, shared
