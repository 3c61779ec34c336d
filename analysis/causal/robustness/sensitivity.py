"""How far parallel trends may fail before an effect is no longer told from zero.

From an evaluation's event-study effects to bounds on effects at the horizons: intervals under
relative magnitudes and smoothness, and breakdown values. See
:mod:`analysis.causal.parallel_trends.honest`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.causal.did.aggregate import Aggregate, aggregate
from analysis.causal.did.two_by_two import small_sample_scale
from analysis.causal.evaluation.estimates import Builder
from analysis.causal.evaluation.evaluate import Evaluation, cells
from analysis.causal.inference.distributions import t_quantile
from analysis.causal.panel.frame import FrameError, Prepared
from analysis.causal.parallel_trends.honest import (
    Moments,
    breakdown_relative,
    breakdown_smoothness,
    relative_magnitudes,
    smoothness,
)
from analysis.memory import remembered
from analysis.results import Check, Estimate, Topic

#: Pre-periods used at most, counted back from the reference period.
MOST_PRE_PERIODS = 12
FEWEST_PRE_PERIODS = 2
#: Times that a step after training may be longer than every step before, where rounds count.
MOST_UNEVEN = 2.0
#: A breakdown value of at least this passes: drifts as large as any seen before leave the verdict.
BREAKDOWN_PASSES = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Sensitivity:
    """Bounds of one outcome; ``table`` is one row per horizon, kind and bound."""

    table: pd.DataFrame
    _estimates: tuple[Estimate, ...]
    _checks: tuple[Check, ...]

    def estimates(self) -> tuple[Estimate, ...]:
        """Return breakdown values, then bounded intervals, by horizon."""
        return self._estimates

    def checks(self) -> tuple[Check, ...]:
        """Return one check a horizon: whether the breakdown value is at least one."""
        return self._checks

    def breakdowns(self) -> tuple[Estimate, ...]:
        """Return the breakdown values alone."""
        return tuple(e for e in self._estimates if e.estimand.startswith("breakdown"))


def event_moments(evaluation: Evaluation, horizon: int) -> Moments:
    """Return event-study coefficients up to a horizon, whose effect is the parameter.

    Pre-periods run back from the reference period without a gap, 12 at most and no more than the
    clusters can carry; they end where a wave too small for a variance of its own would be one of
    them. The covariance has the small-sample scale of the intervals. Drifts are
    counted from the month before the start, whatever the base of the effects. Where rounds count,
    the horizon is the round nearest to it, and steps lead from one round to the next.

    Raises
    ------
    FrameError
        ``few_clusters``, ``few_pre_periods``, ``horizon_not_observed``, ``horizon_between_rounds``
        or ``rounds_uneven`` (a step after training is more than twice as long as any before, so
        that drifts seen before say nothing about it): why there are none.
    """
    if evaluation.effects is None or evaluation.panel is None:
        raise FrameError("no_comparison", "without a comparison there is no effect to bound")
    effects, panel, event = evaluation.effects, evaluation.panel, evaluation.aggregates["event"]
    if effects.base_rule == "varying":
        raise FrameError("varying_base", "the bounds need one and the same base period")
    if effects.base_rule == "all_before" or effects.lot:
        effects = cells(panel, replace(evaluation.options, base="universal", form="mean"))
        event = aggregate(effects, "event")
    builder = Builder(effects, evaluation.outcome, evaluation.unit, evaluation.options)
    horizon, _ = _round_at(builder, event, horizon)
    place = {int(key): j for j, key in enumerate(event.key)}
    reference = -panel.anticipation - 1
    after = list(range(reference + 1, horizon + 1))
    if any(e not in place for e in after):
        raise FrameError("horizon_not_observed", f"no wave was followed up to {horizon}")
    if builder.rule(event.cell_weights[place[horizon]]).lead != "influence_function":
        raise FrameError("few_clusters", "too few clusters for a normal approximation")
    carried = panel.n_clusters - len(after) - 2
    founded = builder.founded(event)
    before: list[int] = []
    e = reference - 1
    while e in place and founded[place[e]] and len(before) < min(MOST_PRE_PERIODS, carried):
        before.insert(0, e)
        e -= 1
    if len(before) < FEWEST_PRE_PERIODS:
        raise FrameError("few_pre_periods", "at least two pre-periods beside the reference")
    months = np.array([builder.months_since(e) for e in (*before, reference, *after)])
    steps = np.split(np.diff(months), [len(before)])
    if steps[1].max() > MOST_UNEVEN * steps[0].max():
        raise FrameError("rounds_uneven", "a step after training is longer than those before")
    chosen = [place[e] for e in (*before, *after)]
    weights = np.zeros(len(after))
    weights[-1] = 1.0
    covariance = event.covariance(panel.cluster, small_sample_scale(panel))
    return Moments(
        beta=event.att[chosen],
        covariance=covariance[np.ix_(chosen, chosen)],
        n_pre=len(before),
        weights=weights,
        widening=_widening(panel, len(before), evaluation.options.level),
    )


def _widening(panel: Prepared, n_pre: int, level: float) -> float:
    """Return what the shortest interval lacks for choosing its weights by an estimated covariance.

    With ν degrees of freedom within cohorts and P weights to choose, the variance in the sample is
    too small by 1 − P/ν, and the one outside it too large by as much; the quantile is from t.
    """
    df = panel.n_clusters - len(np.unique(panel.cohort))
    left = max(df - n_pre, 1)
    return t_quantile(level, left) / t_quantile(level, np.inf) * df / left


@remembered
def sensitivity(
    evaluation: Evaluation,
    *,
    horizons: Sequence[int] = (1, 6),
    mbar: Sequence[float] = (0.5, 1.0, 2.0),
) -> Sensitivity:
    """Bound the effects at the horizons.

    Parameters
    ----------
    evaluation : Evaluation
    horizons : sequence of int
        Event times.
    mbar : sequence of float
        Multiples of the largest pre-period step. Smoothness is shown at M = 0 (a straight drift
        going on) and at half and all of its breakdown value.

    Returns
    -------
    Sensitivity
        A horizon that cannot be bounded has a check ``not_possible`` with its reason, and no
        estimates.
    """
    estimates: list[Estimate] = []
    checks: list[Check] = []
    rows: list[tuple] = []
    stem = f"{evaluation.options.prefix}.{evaluation.outcome}"
    level = evaluation.options.level
    for horizon in horizons:
        measured = _measured(evaluation, horizon)
        common = {
            "id": f"{stem}.check.sensitivity.{horizon}",
            "topic": Topic.DRIFT_BOUNDS,
            "indicator": evaluation.outcome,
            "question": "causal.check.sensitivity",
            "params": {"horizon": measured},
        }
        try:
            moments = event_moments(evaluation, horizon)
        except FrameError as error:
            if error.reason is None:
                raise
            reason = f"causal.fault.{error.rule}"
            checks.append(Check(status="not_possible", reason=reason, **common))
            continue
        limit = breakdown_relative(moments, level=level)
        bend = breakdown_smoothness(moments, level=level)
        found = [
            ("relative_magnitudes", m, relative_magnitudes(moments, m, level=level)) for m in mbar
        ]
        found += [
            ("smoothness", m, smoothness(moments, m, level=level))
            for m in sorted({0.0, bend / 2, bend})
        ]
        at = evaluation.at_horizon(horizon) if horizon in evaluation.options.horizons else None
        estimates += _breakdowns(evaluation, horizon, measured, limit, bend, moments)
        for kind, m, ends in found:
            low, high = ends if ends is not None else (None, None)
            rows.append((measured, kind, m, moments.estimate, low, high))
            estimates.append(_bounded(evaluation, horizon, kind, m, ends, moments, at))
        passed = limit >= BREAKDOWN_PASSES
        checks.append(
            Check(
                status="passed" if passed else "caution",
                value=limit,
                threshold=BREAKDOWN_PASSES,
                unit="ratio",
                n=moments.n_pre,
                reason=None if passed else f"causal.why.sensitivity.breaks{_by(evaluation)}",
                remedy=None if passed else "causal.remedy.sensitivity",
                **{**common, "params": {"horizon": measured, "value": limit}},
            )
        )
    columns = ["horizon", "kind", "bound", "value", "ci_low", "ci_high"]
    return Sensitivity(pd.DataFrame(rows, columns=columns), tuple(estimates), tuple(checks))


def _round_at(builder: Builder, event: Aggregate, horizon: int) -> tuple[int, int]:
    """Return the event time that answers for a horizon, and months since the start there."""
    if builder.options.rounds is None:
        return horizon, horizon
    found = builder.horizon(event, horizon)
    if found is None:
        raise FrameError(builder.not_reached(horizon), f"nothing was measured near {horizon}")
    after = event.key[event.key >= 0]
    away = [abs(builder.months_since(int(e)) - found.months) for e in after]
    return int(after[int(np.argmin(away))]), found.months


def _measured(evaluation: Evaluation, horizon: int) -> int:
    """Return the months after the start at which a horizon was measured; itself where it was not.

    Where rounds count, these are other months than the horizon's.
    """
    if evaluation.options.rounds is None or evaluation.effects is None:
        return horizon
    builder = Builder(evaluation.effects, evaluation.outcome, evaluation.unit, evaluation.options)
    found = builder.horizon(evaluation.aggregates["event"], horizon)
    return horizon if found is None else found.months


def _by(evaluation: Evaluation) -> str:
    """Return the end of the wording keys that tell steps between rounds from those of months."""
    return "" if evaluation.options.rounds is None else "_rounds"


def _breakdowns(evaluation, horizon, measured, limit, bend, moments) -> list[Estimate]:
    common = {
        "indicator": evaluation.outcome,
        "n": moments.n_pre,
        "n_clusters": evaluation.panel.n_clusters,
        "dims": {"horizon": measured} | ({"step": "round"} if _by(evaluation) else {}),
        "level": evaluation.options.level,
        "simulated": evaluation.options.simulated,
    }
    stem = f"{evaluation.options.prefix}.{evaluation.outcome}.breakdown"
    return [
        Estimate(
            id=f"{stem}.{kind}.{horizon}",
            estimand=f"breakdown_{kind}",
            unit=unit,
            value=value,
            method=method,
            **common,
        )
        for kind, unit, value, method in (
            ("relative", "ratio", limit, "relative_magnitudes"),
            ("smoothness", evaluation.unit, bend, "smoothness"),
        )
    ]


def _bounded(evaluation, horizon, kind, m, ends, moments, at) -> Estimate:
    low, high = ends if ends is not None else (None, None)
    return Estimate(
        id=f"{evaluation.options.prefix}.{evaluation.outcome}.{kind}.{horizon}.{m:.4g}",
        estimand="att_horizon",
        indicator=evaluation.outcome,
        unit=evaluation.unit,
        value=moments.estimate,
        se=moments.se,
        ci_low=low,
        ci_high=high,
        n=at.n if at is not None else 0,
        n_units=at.n_units if at is not None else None,
        n_clusters=evaluation.panel.n_clusters,
        n_treated=evaluation.panel.n_treated_clusters,
        level=evaluation.options.level,
        method=f"group_time_{evaluation.options.method}",
        interval_method=kind,
        comparison=evaluation.options.comparison,
        causal=True,
        dims={"horizon": horizon, "bound": float(m), "beside": True},
        simulated=evaluation.options.simulated,
        reason=None if ends is not None else "causal.reason.empty_set",
    )
