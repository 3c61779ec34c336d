"""What could undo an effect although the months before training look alike.

* **Spill-over**: comparison sites that trained staff reached gained too, so the effect looks
  smaller than it is. They are left out, and the check says how far the effect moves.
* **Uneven attrition**: training changes who answers, or who stays. Lee bounds say between which
  values the effect on those who would answer either way must lie.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from analysis.causal.evaluation.evaluate import Evaluation
from analysis.causal.inference.inference_rule import FEWEST_FOR_INFLUENCE
from analysis.causal.options import Options
from analysis.causal.panel.frame import FrameError
from analysis.causal.robustness.bounds import LeeBounds, lee_bounds, lee_estimates
from analysis.causal.robustness.variants import variants
from analysis.results import Check, StageResults, Topic, collect

#: Leaving out exposed sites moves the effect when it changes by this share of its standard error.
MOVES = 0.5
#: The shares that stay differ between the arms below this p-value.
SIZE = 0.05


def assess_spill_over(
    evaluation: Evaluation,
    frame: pd.DataFrame,
    exposed: Iterable[str] | None,
    *,
    where_known: bool = True,
) -> StageResults:
    """Estimate the effect without the comparison sites that training may have reached.

    Parameters
    ----------
    evaluation : Evaluation
    frame : DataFrame
        What it was estimated from. Not modified.
    exposed : iterable of str or None
        Comparison units where trained staff work; None where nobody knows.
    where_known : bool
        Whether it is on record where people work; told where ``exposed`` is None.

    Returns
    -------
    StageResults
        The effect without them (``…variant.without_exposed``) and one check: passed where no
        site is exposed or the effect moves by less than half its standard error, caution where
        it moves further, failed where the verdict on zero changes with it.
    """
    stem = f"{evaluation.options.prefix}.{evaluation.outcome}.check.spill_over"
    common = {
        "id": stem,
        "topic": Topic.SPILL_OVER,
        "indicator": evaluation.outcome,
        "question": "causal.check.spill_over",
    }
    why = "causal.why.spill_over"
    own = evaluation.overall
    if exposed is None or not evaluation.causal:
        unknown = "not_recorded" if where_known else "where_unknown"
        word = unknown if evaluation.causal else "no_comparison"
        return collect("tracking", [Check(status="not_possible", reason=f"{why}.{word}", **common)])
    known = set(frame["unit"].astype(str))
    sites = sorted({str(name) for name in exposed} & known)
    if not sites:
        return collect("tracking", [Check(status="passed", reason=f"{why}.nobody", **common)])
    found = variants(
        frame,
        outcome=evaluation.outcome,
        unit=evaluation.unit,
        exclude=sites,
        options=evaluation.options,
    )
    without = next(e for e in found if e.dims["variant"] == "without_exposed")
    if without.value is None or without.ci_low is None or own.ci_low is None:
        check = Check(status="not_possible", reason=f"{why}.too_few", n=len(sites), **common)
        return collect("tracking", [without, check])
    moved = without.value - own.value
    turned = _includes_zero(without) != _includes_zero(own)
    limit = MOVES * own.se if own.se is not None else None
    status = "passed"
    if turned:
        status = "failed"
    elif limit is None or abs(moved) > limit:
        status = "caution"
    word = {"passed": "unmoved", "caution": "moves", "failed": "overturns"}[status]
    check = Check(
        status=status,
        value=abs(moved),
        threshold=limit,
        unit=own.unit,
        n=len(sites),
        reason=f"{why}.{word}",
        remedy="causal.remedy.spill_over" if status != "passed" else None,
        params={
            "sites": len(sites),
            "effect": own.value,
            "without": without.value,
            "low": without.ci_low,
            "high": without.ci_high,
            "difference": True,
        },
        **common,
    )
    return collect("tracking", [without, check])


def assess_attrition(
    y: Sequence[float],
    stayed: Sequence[bool],
    treated: Sequence[bool],
    cluster: Sequence,
    *,
    who: str,
    outcome: str,
    unit: str,
    options: Options | None = None,
) -> StageResults:
    """Compare who is left in both arms and bound the effect on those left either way.

    Parameters
    ----------
    y : (n,)
        Outcome, its level before taken off; NaN where ``stayed`` is false.
    stayed, treated : (n,) bool
    cluster : (n,)
        Sites.
    who : {"respondents", "staff"}
        Whose staying is meant; part of the ids and words.

    Returns
    -------
    StageResults
        Lee bounds, the difference of the shares, and one check: passed where the shares do not
        differ, caution where they do and the bounds still exclude zero, failed where they do
        and the bounds include zero. Not possible with fewer sites on a side than influence
        functions need.
    """
    options = options or Options()
    stem = f"{options.prefix}.{outcome}.check.{who}"
    common = {
        "id": stem,
        "topic": Topic(who),
        "indicator": outcome,
        "question": f"causal.check.{who}",
    }
    arms = pd.DataFrame({"site": np.asarray(cluster), "treated": np.asarray(treated, dtype=bool)})
    if arms.drop_duplicates()["treated"].value_counts().min() < FEWEST_FOR_INFLUENCE:
        reason = "causal.fault.few_clusters"
        return collect("tracking", [Check(status="not_possible", reason=reason, **common)])
    try:
        bounds = lee_bounds(y, stayed, treated, cluster=cluster, level=options.level)
    except FrameError as error:
        if error.reason is None:
            raise
        reason = f"causal.fault.{error.rule}"
        return collect("tracking", [Check(status="not_possible", reason=reason, **common)])
    named = Options(
        prefix=f"{options.prefix}.{who}", level=options.level, simulated=options.simulated
    )
    estimates = lee_estimates(bounds, outcome=outcome, unit=unit, options=named)
    check = _left(bounds, who, common, unit)
    return collect("tracking", [estimates, check])


def _left(bounds: LeeBounds, who: str, common: dict, unit: str) -> Check:
    status, word = "passed", "alike"
    if bounds.stayed_p_value < SIZE:
        undone = bounds.ci_low <= 0 <= bounds.ci_high
        status, word = ("failed", "undone") if undone else ("caution", "differ")
    return Check(
        status=status,
        value=bounds.stayed_p_value,
        threshold=SIZE,
        unit="p_value",
        n=bounds.n,
        reason=f"causal.why.{who}.{word}",
        remedy=f"causal.remedy.{who}" if status != "passed" else None,
        params={
            "trained": bounds.stayed_treated,
            "compared": bounds.stayed_compared,
            "p": bounds.stayed_p_value,
            "unit": unit,
            "low": bounds.ci_low,
            "high": bounds.ci_high,
        },
        **common,
    )


def answers_and_silence(
    answers: pd.DataFrame, invited: pd.DataFrame, cohort: pd.Series
) -> pd.DataFrame:
    """Return everybody asked after the last wave's start, silent ones included.

    Parameters
    ----------
    answers : DataFrame
        A row is one answer: ``site_id``, ``period`` (running month), ``score``.
    invited : DataFrame
        A row is one site in one month: ``site_id``, ``period``, ``invited``.
    cohort : Series
        Running month of each site's start by site; missing for never.

    Returns
    -------
    DataFrame
        A row is one person asked: ``site_id``, ``treated``, ``stayed`` (answered), ``y``
        (score less the site's mean before the first wave; NaN for the silent).
    """
    starts = cohort.dropna()
    if starts.empty or starts.size == cohort.size:
        return pd.DataFrame(columns=["site_id", "treated", "stayed", "y"])
    first, last = starts.min(), starts.max()
    level = answers[answers["period"] < first].groupby("site_id")["score"].mean()
    after = answers[(answers["period"] >= last) & answers["site_id"].isin(level.index)]
    if after.empty:  # nobody answered both before the first wave and after the last
        return pd.DataFrame(columns=["site_id", "treated", "stayed", "y"])
    said = pd.DataFrame(
        {
            "site_id": after["site_id"],
            "stayed": True,
            "y": after["score"] - after["site_id"].map(level),
        }
    )
    asked = invited[(invited["period"] >= last) & invited["site_id"].isin(level.index)]
    silent = (
        asked.groupby("site_id")["invited"].sum().sub(after.groupby("site_id").size(), fill_value=0)
    )
    repeats = silent.clip(lower=0).astype(int)
    quiet = pd.DataFrame(
        {"site_id": np.repeat(repeats.index.to_numpy(), repeats.to_numpy()), "stayed": False}
    )
    everybody = pd.concat([said, quiet.assign(y=np.nan)], ignore_index=True)
    treated = everybody["site_id"].map(cohort).notna()
    return everybody.assign(treated=treated, stayed=everybody["stayed"].astype(bool))


def _includes_zero(estimate) -> bool:
    return estimate.ci_low <= 0 <= estimate.ci_high
