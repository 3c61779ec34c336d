"""The same question asked in ways that should, or should not, change the answer.

* **Placebo date**: the training is pretended earlier, on months before it: no effect may appear.
* **Placebo outcome**: an outcome training cannot move: no effect may appear.
* **Leave one site out**: no single site may carry the effect.
* **Exclusion**: sites that spill-over may have reached are left out of the comparison, and so are
  the months around the start (donut).
* **Donor pool**: comparison with the never trained alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.causal.evaluation.evaluate import (
    Evaluation,
    evaluate_overall,
    lead,
    overall_effect,
    refused,
)
from analysis.causal.options import Options
from analysis.causal.panel.frame import FrameError, without_unit
from analysis.causal.panel.labels import labelled
from analysis.memory import remembered
from analysis.results import Check, Estimate, Topic

#: A placebo effect with a p-value below this fails; below twice this it is a caution.
SIZE = 0.05
#: One site carries the effect when leaving it out moves it by this share of the standard error; a
#: lone outlier among zeros reaches 1, the largest of a dozen ordinary sites about 0.6.
CARRIED = 0.8

#: Units left out one by one; of more, those with the largest influence.
MOST_LEFT_OUT = 200
#: Of a large panel fewer are left out, down to the second: every refit goes through all units in
#: all cells, and this is how many numbers all refits together may go through.
MOST_NUMBERS, FEWEST_LEFT_OUT = 2**28, 10


@remembered
def placebo_date(
    frame: pd.DataFrame,
    *,
    months_earlier: int = 6,
    outcome: str,
    unit: str,
    options: Options | None = None,
) -> tuple[Estimate, Check]:
    """Pretend that training came earlier, on the months before anybody was trained.

    All trained units are pretended to start together, ``months_earlier`` before the first cohort,
    and are compared with the never trained. Of outcomes measured in rounds at least the last round
    before training lies after the pretended date.

    Parameters
    ----------
    frame : DataFrame
        ``unit, period, y, n, cohort`` as of :func:`analysis.outcome`; one row per site-month.
    months_earlier : int
        Months before the first cohort at which training is pretended.
    outcome, unit : str
        Indicator and its unit, for the ids.
    options : Options, optional
        As of :func:`evaluate`.

    Returns
    -------
    Estimate
        ``…placebo.date.<months>``: should be zero. Not called causal: it estimates no effect.
    Check
        Failed below p = .05.
    """
    options = options or Options()
    frame = labelled(frame)[0]
    cohort = frame["cohort"]
    rows = frame[frame["period"] < cohort.min() - options.anticipation]
    start = cohort.min() - months_earlier
    if options.rounds is not None and cohort.notna().any():
        first = int(cohort.min()) - options.anticipation
        if first - int(frame["period"].min()) < 2:
            raise FrameError("one_round", "pretending an earlier start needs two rounds before it")
        start, months_earlier = _rounds_earlier(options, int(cohort.min()), months_earlier)
    pretended = (cohort - cohort + start)[rows.index]
    shifted = rows.assign(cohort=pretended)
    name = f"placebo.date.{months_earlier}"
    return _placebo(shifted, name, outcome, unit, options, {"months_earlier": months_earlier})


def placebo_outcome(
    frame: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    options: Options | None = None,
) -> tuple[Estimate, Check]:
    """Evaluate an outcome that training cannot move; an effect on it speaks against the design.

    Parameters
    ----------
    frame : DataFrame
        ``unit, period, y, n, cohort`` of the outcome that training cannot move.
    outcome, unit : str
        Indicator and its unit, for the ids.
    options : Options, optional
        As of :func:`evaluate`.

    Returns
    -------
    Estimate
        ``…placebo.outcome``: should be zero. Not called causal.
    Check
        Failed below p = .05.
    """
    return _placebo(frame, "placebo.outcome", outcome, unit, options or Options(), {})


@remembered
def leave_one_out(evaluation: Evaluation) -> tuple[pd.DataFrame, Check]:
    """Estimate the overall effect without each unit in turn.

    Of more than :data:`MOST_LEFT_OUT` units, or of fewer where the panel is large, those are left
    out whose linearised influence is largest: the others can move the effect only less.

    Parameters
    ----------
    evaluation : Evaluation

    Returns
    -------
    DataFrame
        One row per unit left out: ``unit``, ``cohort``, ``value``, ``change``; ascending by value.
    Check
        Passed while every value has the sign of the effect, lies inside its interval, and no
        unit moves it by 0.8 standard errors.
    """
    options = replace(evaluation.options, alternatives=(), horizons=(), draws=19)
    stem = f"{evaluation.options.prefix}.{evaluation.outcome}.check.leave_one_out"
    common = {
        "id": stem,
        "topic": Topic.LEAVE_ONE_OUT,
        "indicator": evaluation.outcome,
        "question": "causal.check.leave_one_out",
    }
    columns = ["unit", "cohort", "value", "change"]
    if not evaluation.causal:
        reason = "causal.why.leave_one_out.no_comparison"
        return pd.DataFrame(columns=columns), Check(status="not_possible", reason=reason, **common)
    own, panel, rows = evaluation.overall, evaluation.panel, []
    for i in _most_influential(evaluation):
        name, cohort = panel.units[i], panel.cohort[i]
        value = _simple(evaluation, i, options)
        if value is not None:
            first = cohort if np.isfinite(cohort) else np.nan
            rows.append((str(name), first, value, value - own.value))
    table = pd.DataFrame(rows, columns=columns).sort_values("value", ignore_index=True)
    if table.empty:
        reason = "causal.why.leave_one_out.no_comparison"
        return table, Check(status="not_possible", reason=reason, **common)
    turned = bool((np.sign(table["value"]) != np.sign(own.value)).any())
    outside = own.ci_low is not None and not table["value"].between(own.ci_low, own.ci_high).all()
    most = float(table["change"].abs().max())
    carried = own.se is not None and most > CARRIED * own.se
    worried = turned or bool(outside) or carried
    place = int(table["change"].abs().to_numpy().argmax())
    return table, Check(
        status="caution" if worried else "passed",
        value=most,
        threshold=CARRIED * own.se if own.se is not None else None,
        unit=evaluation.unit,
        n=len(table),
        reason="causal.why.leave_one_out.carried" if worried else None,
        remedy="causal.remedy.leave_one_out" if worried else None,
        params={
            "lowest": float(table["value"].min()),
            "highest": float(table["value"].max()),
            "site": str(table["unit"][place]),
            "difference": True,
        },
        **common,
    )


@remembered
def variants(
    frame: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    exclude: Iterable[str] = (),
    changed: Iterable[str] = (),
    donut: int = 0,
    options: Options | None = None,
) -> tuple[Estimate, ...]:
    """Estimate the overall effect under other choices of sites and months.

    Parameters
    ----------
    exclude : iterable of str
        Comparison units that spill-over may have reached (neighbours, staff who moved).
    changed : iterable of str
        Units at which something else changed (a takeover, a new manager, a renovation), trained
        and not; those not in the frame do not count.
    donut : int
        Months from the start on that are left out, the starting month included; 0 for none.

    Returns
    -------
    tuple of Estimate
        ``…variant.never_treated`` always; ``…variant.without_exposed``,
        ``…variant.without_changed`` and ``…variant.donut`` where asked for. ``dims`` has
        ``beside`` and ``variant``.

    Raises
    ------
    FrameError
        ``unknown_unit`` for an excluded unit that is not in the frame.
    """
    options = options or Options()
    label = frame["unit"].astype(str)
    unwanted = {str(name) for name in exclude}
    if unknown := sorted(unwanted - set(label)):
        raise FrameError("unknown_unit", f"not in the frame: {', '.join(unknown[:5])}")
    asked = [("never_treated", frame, replace(options, comparison="never_treated"))]
    if unwanted:
        asked.append(("without_exposed", frame[~label.isin(unwanted).to_numpy()], options))
    if moved := {str(name) for name in changed} & set(label):
        asked.append(("without_changed", frame[~label.isin(moved).to_numpy()], options))
    if donut:
        event = frame["period"] - pd.to_numeric(frame["cohort"]).astype(float)
        asked.append(("donut", frame[~event.between(0, donut - 1).to_numpy()], options))
    return tuple(
        overall_effect(
            rows,
            id=f"{options.prefix}.{outcome}.variant.{name}",
            estimand="att_overall",
            outcome=outcome,
            unit=unit,
            options=chosen,
            dims={"beside": True, "variant": name},
        )
        for name, rows, chosen in asked
    )


def _rounds_earlier(options: Options, first: int, months: int) -> tuple[int, int]:
    """Return the round in which training is pretended, and how many months before the start."""
    rounds, start = options.rounds, options.rounds.start_of(first)
    pretended, last = rounds.first_round(start - months), first - options.anticipation - 1
    if pretended <= last or last < 1:
        return pretended, months
    return last, start - rounds.month_of(last)


def _placebo(rows, name, outcome, unit, options, params) -> tuple[Estimate, Check]:
    stem = f"{options.prefix}.{outcome}"
    kind = name.split(".")[1]
    question = {
        "id": f"{stem}.check.{name}",
        "topic": Topic.PLACEBO,
        "indicator": outcome,
        "question": f"causal.check.placebo_{kind}",
    }
    try:
        found = evaluate_overall(
            rows,
            outcome=outcome,
            unit=unit,
            options=replace(options, alternatives=(), horizons=()),
        )
        rule = found.broken_rule
    except FrameError as error:
        if error.reason is None:
            raise
        rule = error.rule
    if rule is not None:
        nothing = refused(
            rule,
            id=f"{stem}.{name}",
            estimand=f"placebo_{kind}",
            outcome=outcome,
            unit=unit,
            options=options,
            dims={},
        )
        reason = f"causal.fault.{rule}"
        return nothing, Check(status="not_possible", reason=reason, params=params, **question)
    own = found.overall
    shown = replace(own, id=f"{stem}.{name}", estimand=f"placebo_{kind}", causal=False)
    if own.p_value is None:
        reason = "causal.reason.no_inference"
        return shown, Check(status="not_possible", reason=reason, params=params, **question)
    status = "passed"
    if own.p_value < 2 * SIZE:
        status = "failed" if own.p_value < SIZE else "caution"
    worried = status != "passed"
    return shown, Check(
        status=status,
        value=own.p_value,
        threshold=SIZE,
        unit="p_value",
        n=own.n,
        reason=f"causal.why.placebo_{kind}.moved" if worried else None,
        remedy=f"causal.remedy.placebo_{kind}" if worried else None,
        params={**params, "value": own.p_value, "effect": own.value, "outcome_unit": unit},
        **question,
    )


def _most_influential(evaluation: Evaluation) -> np.ndarray:
    """Positions of the units to leave out, in order."""
    panel, cells_of = evaluation.panel, len(evaluation.effects.att)
    n_units = len(panel.units)
    most = int(np.clip(MOST_NUMBERS // (n_units * cells_of), FEWEST_LEFT_OUT, MOST_LEFT_OUT))
    influence = evaluation.aggregates["simple"].influence
    if n_units <= most or len(influence) != n_units:
        return np.arange(n_units)
    return np.sort(np.argsort(-np.abs(influence[:, 0]), kind="stable")[:most])


def _simple(evaluation: Evaluation, left_out: int, options: Options) -> float | None:
    """Overall effect without one unit by the estimator that leads, without inference.

    None where there is none. One unit fewer may change neither the estimator nor what it learns
    from, or the choice would move the effect and the unit be blamed.
    """
    panel = without_unit(evaluation.panel, left_out)
    named = {"outcome": evaluation.outcome, "unit": evaluation.unit, "kinds": ("simple",)}
    many = evaluation.effects.lot and evaluation.rule.lead == "influence_function"
    sloped = evaluation.effects.slopes is not None if evaluation.effects.lot else None
    options = replace(options, drawn_by_lot=evaluation.effects.lot)
    try:
        parts = lead(panel, options, many=many, sloped=sloped, **named)[1]
    except FrameError as error:
        if error.reason is None:
            raise
        return None
    return float(parts["simple"].att[0])
