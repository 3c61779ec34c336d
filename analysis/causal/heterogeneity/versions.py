"""Two versions of the treatment, or of the outcome: trained again, and weighted for non-response.

* **Retraining** is another treatment. The effect of the first training is followed until a site is
  trained again; what the second adds is compared with sites of the same wave not trained again.
* **Non-response weights** change whom the outcome stands for. The effect with them stands beside
  the one without, and so does the difference, whose error is smaller than either's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.causal.did.two_by_two import small_sample_scale
from analysis.causal.evaluation.evaluate import (
    Evaluation,
    evaluate_overall,
    overall_effect,
    refused,
)
from analysis.causal.heterogeneity.subgroups import overall_spread
from analysis.causal.inference.distributions import t_p_value, t_quantile
from analysis.causal.inference.joint import joint_influence
from analysis.causal.options import Options
from analysis.causal.panel.frame import FrameError
from analysis.causal.panel.labels import labelled, starts
from analysis.results import Estimate


def retraining(
    frame: pd.DataFrame,
    second: Mapping[str, float],
    *,
    outcome: str,
    unit: str,
    options: Options | None = None,
) -> tuple[Estimate, Estimate]:
    """Tell the effect of training once from what training again adds.

    Parameters
    ----------
    frame : DataFrame
        As :func:`analysis.causal.evaluate` takes it; ``cohort`` is the first training. Not
        modified.
    second : Mapping
        Unit → period of its second training.

    Returns
    -------
    tuple of Estimate
        ``…retraining.once`` (``att_overall`` on months before any second training) and
        ``…retraining.again`` (``effect_of_retraining`` on sites trained again, against sites of
        the same wave trained once; waves count by their sites trained again).

    Raises
    ------
    FrameError
        ``unknown_unit``; ``second_before_first`` when a second training is not after the first.
    """
    options = options or Options()
    quick = replace(options, alternatives=(), horizons=())
    frame = labelled(frame)[0]
    label = frame["unit"].astype(str)
    cohort = frame["cohort"]
    first = cohort.groupby(label).min()
    known = starts(second, what="second training")
    when = {unit: period for unit, period in known.items() if not np.isnan(period)}
    if unknown := sorted(set(when) - set(first.index)):
        raise FrameError("unknown_unit", f"not in the frame: {', '.join(unknown[:5])}")
    if early := [u for u in sorted(when) if not first[u] < when[u]]:
        raise FrameError("second_before_first", f"{', '.join(early[:5])} had no training before it")
    again = label.map(when).astype(float)
    once = frame[~(frame["period"] >= again).to_numpy()]
    stem = f"{options.prefix}.{outcome}.retraining"
    named = {"outcome": outcome, "unit": unit, "options": quick}
    plain = overall_effect(
        once,
        id=f"{stem}.once",
        estimand="att_overall",
        dims={"beside": True, "variant": "until_retraining"},
        **named,
    )
    return plain, _added(frame, cohort, again, stem, named, options)


def weighted_for_response(
    evaluation: Evaluation, weighted: pd.DataFrame
) -> tuple[Estimate, Estimate]:
    """Estimate the effect on the outcome weighted for non-response, and what the weights change.

    Parameters
    ----------
    evaluation : Evaluation
        Of the unweighted outcome.
    weighted : DataFrame
        The same frame with ``y`` computed under the weights.

    Returns
    -------
    tuple of Estimate
        ``…variant.response_weighted`` (``att_overall``) and ``…variant.response_weighted.change``
        (``difference_weighting``).
    """
    options, outcome, unit = evaluation.options, evaluation.outcome, evaluation.unit
    stem = f"{options.prefix}.{outcome}.variant.response_weighted"
    dims = {"beside": True, "variant": "response_weighted"}
    names = (("", "att_overall"), (".change", "difference_weighting"))
    try:
        quick = replace(options, alternatives=(), horizons=())
        other = evaluate_overall(weighted, outcome=outcome, unit=unit, options=quick)
        rule = None if other.causal and evaluation.causal else "no_comparison"
    except FrameError as error:
        rule = error.rule
    if rule is not None:
        return tuple(
            refused(
                rule,
                id=stem + name,
                estimand=estimand,
                outcome=outcome,
                unit=unit,
                options=options,
                dims=dims,
            )
            for name, estimand in names
        )
    own = replace(other.overall, id=stem, dims={**other.overall.dims, **dims})
    panels = [other.panel, evaluation.panel]
    columns = [
        found.aggregates["simple"].influence[:, 0] * small_sample_scale(found.panel)
        for found in (other, evaluation)
    ]
    score = joint_influence(panels, columns) @ np.array([1.0, -1.0])
    value, se = own.value - evaluation.overall.value, float(np.sqrt(score @ score))
    ends = _t(value, se, len(score) - 2, options.level, evaluation.overall.se is not None)
    shown = replace(
        own,
        id=f"{stem}.change",
        estimand="difference_weighting",
        value=value,
        **{"se": None, "ci_low": None, "ci_high": None, "p_value": None, "reason": None} | ends,
    )
    return own, shown


def _added(frame, cohort, again, stem, named, options) -> Estimate:
    """Estimate what the second training adds, wave by wave of the first."""
    outcome, unit = named["outcome"], named["unit"]
    dims = {"variant": "again"}
    parts = []
    for g in np.unique(cohort.dropna()):
        rows = ((cohort == g) & (frame["period"] >= g)).to_numpy()
        part = frame[rows].assign(cohort=again[rows])
        try:
            found = evaluate_overall(part, **named)
        except FrameError as error:
            if error.rule != "no_treated":  # nobody of this wave was trained again
                raise
            continue
        if found.causal:
            parts.append((found, found.overall.n_treated))
    if not parts:
        return refused(
            "no_once_trained",
            id=f"{stem}.again",
            estimand="effect_of_retraining",
            dims=dims,
            **named,
        )
    share = np.array([size for _, size in parts], float)
    share /= share.sum()
    value = float(share @ [found.overall.value for found, _ in parts])
    ends = {"interval_method": "none", "reason": "causal.reason.no_inference"}
    if all(found.overall.se is not None for found, _ in parts):
        variance, df = np.array([overall_spread(found) for found, _ in parts]).T
        spread = share**2 * variance
        se = float(np.sqrt(spread.sum()))
        ends = _t(value, se, float(spread.sum() ** 2 / (spread**2 / df).sum()), options.level, True)
    own = [found.overall for found, _ in parts]
    return Estimate(
        id=f"{stem}.again",
        estimand="effect_of_retraining",
        indicator=outcome,
        unit=unit,
        value=value,
        n=sum(e.n for e in own),
        n_units=sum(e.n_units for e in own),
        n_clusters=sum(e.n_clusters for e in own),
        n_treated=sum(e.n_treated for e in own),
        method=own[0].method,
        comparison="once_trained",
        causal=True,
        level=options.level,
        dims={**dims, "waves": len(parts)},
        simulated=options.simulated,
        **ends,
    )


def _t(value: float, se: float, df: float, level: float, possible: bool) -> dict:
    if not possible or not se > 0:
        return {"interval_method": "none", "reason": "causal.reason.no_inference"}
    half = t_quantile(level, df) * se
    return {
        "se": se,
        "ci_low": value - half,
        "ci_high": value + half,
        "p_value": t_p_value(value / se, df),
        "interval_method": "influence_function",
    }
