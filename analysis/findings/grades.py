"""Estimates and checks become graded claims.

The rules, in the order in which they are applied:

1. No value, no interval, or a failed *essential* check: **insufficient**. Nothing is claimed. Where
   there is a value without interval, because there are too few sites for one, the sentence gives
   the value, says that its uncertainty cannot be bounded, and gives the p-value by randomisation
   and the smallest one that the design allows; nothing is priced or held against a target.
2. No comparison group: the change is described, never called an effect, and its strength is
   at most **weak**.
3. Otherwise start from **strong** where the waves were randomised, from **moderate** where the
   comparison was found rather than made, and go one step down for each of: a failed check that
   is not essential; a *decisive* check with caution, because then another sound way of looking
   at the same data gives another answer; a *needed* check that was not possible, where the
   comparison was found, because what cannot be checked has not been passed; two or more other
   checks with caution, among which a needed check that was not possible counts where waves were
   drawn by lot. The bounds on drifts count as one check, and only where the comparison was found:
   a lot makes trends parallel by design. A test of the months before that passed with too little
   power is the same doubt as theirs and counts with them once. Whether kinds of sites differ never
   counts: an effect that differs is not a doubtful effect. **Weak** is the floor of this rule.
   A claimed effect is strong only where a roll-out without effect would give one so far from
   zero at most once in a hundred (:data:`RARE`), and otherwise at most **moderate**: an interval
   of 95 % misses zero in one of twenty roll-outs that change nothing.
   Where the grade is weak, the sentence states the difference between trained and comparison
   sites and does not name the training as its cause; the advice is to confirm, not to extend.
4. Where methods that aim at the same effect disagree (``Estimate.agreement``), the sentence gives
   the range over all of them instead of one number, and the check that found it has taken a step.
   Where the range or the leading interval includes zero, not even the direction is claimed, and
   the finding is at most **weak**.
5. An interval that includes zero is reported as "no evidence of an effect" and is at most
   **weak**, because it leaves open what it does not show: the advice is to measure on. Only where
   the whole interval is closer to zero than the smallest effect worth knowing (of the plan) is the
   absence itself shown, which is a claim of its own, graded by the rules above.
6. Where training changed who answers, and the bounds on those who would answer either way include
   zero (a failed check of :data:`UNDOING`), no improvement is claimed: the sentence gives the
   bounds and leaves open whether there is an effect, and is at most **weak**.
7. A claim about money is as strong as the weakest effect it prices. Without a priced effect
   nothing is claimed; nor where methods disagree on an effect that has a price: the sentence then
   gives the ratios at both ends of their range.
8. A count of reached targets is as strong as the weakest effect that a target is held against, and
   at most **moderate**; a target for a level describes. Every verdict is certain to 95 % or called
   open. It is **insufficient** when no target could be assessed.

A check counts as essential, decisive or needed when its topic is among :data:`ESSENTIAL`,
:data:`DECISIVE` or :data:`NEEDED`.
"""

from __future__ import annotations

from collections.abc import Iterable
from statistics import NormalDist
from typing import get_args

import pandas as pd

from analysis.indicators import digits
from analysis.results import (
    Agreement,
    Check,
    Claim,
    DesignGrade,
    Estimate,
    Finding,
    Scalar,
    StageResults,
    Strength,
    Topic,
)

ESSENTIAL = frozenset({Topic.INFERENCE_POSSIBLE})
DECISIVE = frozenset(
    {
        Topic.ESTIMATOR_AGREEMENT,
        Topic.INFERENCE_AGREEMENT,
        Topic.OVERLAP,
        Topic.SEVERAL_OUTCOMES,
    }
)
NEEDED = frozenset({Topic.PRETREND})
UNDOING = frozenset({Topic.RESPONDENTS})
RARE = 0.01
"""Largest p-value of a claimed effect that is called strong."""
_STEPS: tuple[Strength, ...] = ("weak", "moderate", "strong")


def design_grade(estimate: Estimate, assigned_by: Iterable[str]) -> DesignGrade:
    """Grade how the comparison came about.

    Parameters
    ----------
    estimate : Estimate
        The number claimed.
    assigned_by : Iterable[str]
        Values of ``waves.assigned_by`` over all sites.

    Returns
    -------
    str
        ``not_estimated`` without a value, ``descriptive`` without a comparison group,
        ``randomised`` when every wave was drawn by lot, ``quasi_experimental`` otherwise (unknown
        counts as not randomised).
    """
    if estimate.value is None:
        return "not_estimated"
    if not estimate.causal:
        return "descriptive"
    return "randomised" if set(assigned_by) == {"randomised"} else "quasi_experimental"


def strength(estimate: Estimate, checks: Iterable[Check], design: DesignGrade) -> Strength:
    """Apply the module's rules 1 to 3 to one estimate."""
    checks = tuple(check for check in checks if _bears_on(check, design))
    failed = [check for check in checks if check.status == "failed"]
    if estimate.value is None or estimate.ci_low is None or any(map(_essential, failed)):
        return "insufficient"
    if design == "descriptive":
        return "weak"
    step = 2 if design == "randomised" else 1
    cautions = [check for check in checks if check.status == "caution"]
    decisive = [check for check in cautions if check.topic in DECISIVE]
    unseen = [c for c in checks if c.status == "not_possible" and c.topic in NEEDED]
    drift = [check for check in cautions if _doubts_trends(check)]
    others = len(cautions) - len(decisive) - len(drift) + bool(drift)
    if design == "randomised":
        others += len(unseen)
    else:
        step -= len(unseen)
    step -= len(failed) + len(decisive) + (others >= 2)
    return _STEPS[max(step, 0)]


def effect_finding(
    estimate: Estimate,
    checks: Iterable[Check],
    *,
    assigned_by: Iterable[str],
    direction: str,
    subject: str,
    smallest: float | None = None,
) -> Finding:
    """Say what one estimate means, in the words its design allows.

    Parameters
    ----------
    estimate : Estimate
        Effect (or, without a comparison group, change) in the unit of its indicator.
    checks : Iterable[Check]
        Checks that bear on it.
    assigned_by : Iterable[str]
        Values of ``waves.assigned_by``.
    direction : {"up", "down"}
        Which way is better.
    subject : str
        Registry id of the outcome, whose title the sentence names.
    smallest : float, optional
        Smallest effect worth knowing, in the estimate's unit.

    Returns
    -------
    Finding
        Its claim is one about an effect (:class:`~analysis.results.Claim`).
    """
    checks = tuple(checks)
    design = design_grade(estimate, assigned_by)
    grade = strength(estimate, checks, design)
    claim = _claim(estimate, grade, direction)
    shown = digits.of_estimate(estimate)
    bounds: dict[str, Scalar] = {}
    if claim is Claim.NO_EFFECT_STATED and estimate.value is not None and estimate.ci_low is None:
        claim, bounds = _unbounded(estimate, checks)
    undone = next((c for c in checks if c.status == "failed" and c.topic in UNDOING), None)
    if undone is not None and claim in _DIRECTED:
        claim, bounds = _undone(undone, estimate)
        grade = "weak"
    if estimate.disputed and claim in (*_DIRECTED, Claim.NONE):
        claim, grade = _disputed(estimate, claim, grade)
        bounds = {"methods_low": shown.methods_low, "methods_high": shown.methods_high}
    if claim is Claim.NONE:
        if _excludes(estimate, smallest):
            claim, bounds = Claim.ABSENT, {"smallest": smallest}
        else:
            grade = "weak"
    if grade == "weak":
        claim = _WEAKENED.get(claim, claim)
    capped = grade == "strong" and claim in _CLAIMED and not _rare(estimate)
    if capped:
        grade = "moderate"
    return Finding(
        id=f"finding.{estimate.id}",
        claim=claim,
        action=claim.action,
        design=design,
        strength=grade,
        params={
            "indicator": subject,
            "unit": estimate.unit,
            "value": shown.value,
            "ci_low": shown.ci_low,
            "ci_high": shown.ci_high,
            "n_units": estimate.n_units,
            "n_treated": estimate.n_treated,
            "level": estimate.level,
            "missed": 1 - estimate.level,
            **bounds,
        },
        estimates=(estimate.id,),
        checks=tuple(check.id for check in checks),
        reasons=(
            *((_CHANCE,) if capped else ()),
            *(
                check.reason or check.question
                for check in checks
                if _limits(check) and _bears_on(check, design)
            ),
        ),
        agreement=estimate.agreement,
    )


def money_finding(roi: StageResults, effects: Iterable[Finding]) -> Finding:
    """Say whether the training paid, graded by rule 7.

    Parameters
    ----------
    roi : StageResults
        As :func:`analysis.value.assess_roi` returns it.
    effects : Iterable[Finding]
        Findings of the tracking stage, whose effects were priced.

    Returns
    -------
    Finding
        Its claim is one about money: paid when the benefit exceeds the cost with a probability of
        at least the level plus half of what it leaves (97.5 % at 95 %), lost when with at most the
        other half, so that the sentence and the interval of the ratio say the same.
    """
    table = roi.table_or_empty("benefits")
    priced = set(table.loc[table["priced"].astype(bool), "indicator"]) if len(table) else set()
    effects = tuple(effects)
    behind = [f for f in effects if f.params.get("indicator") in priced]
    check = _asked(roi, Topic.RETURN, "roi")
    assumed = [c for c in roi.checks if c.topic is Topic.BETWEEN_ROUNDS]
    amounts = {e.estimand: e for e in roi.estimates if e.estimand in _AMOUNTS}
    ratio = amounts.get("benefit_cost_ratio")
    known = {"passed": Claim.PAID, "failed": Claim.LOST, "caution": Claim.UNCLEAR}
    claim = Claim.NOT_PRICED
    if behind and ratio is not None:
        claim = known.get(check.status, claim)
    disputed = ratio is not None and ratio.disputed
    if disputed:
        claim = Claim.MONEY_DISPUTED
        named = set(table["indicator"])
        behind = [f for f in effects if f.disputed and f.params.get("indicator") in named]
    benefit, cost = (
        amounts[name].value if name in amounts else None for name in ("benefit", "cost")
    )
    if claim is Claim.NOT_PRICED and cost and _only_without_interval(table):
        claim = Claim.MONEY_WITHOUT_INTERVAL
    shown = None if ratio is None else digits.of_estimate(ratio)
    strength: Strength = "insufficient"
    if claim in known.values():
        strength = _weakest(_GRADES, [f.strength for f in behind])
    limits = ("findings.limit.effects",) if strength in ("weak", "moderate") else ()
    return Finding(
        id="finding.value.roi",
        claim=claim,
        action=claim.action,
        design=_weakest(_DESIGNS, [f.design for f in behind]),
        strength=strength,
        params={
            "benefit": benefit,
            "cost": cost,
            "ratio": None if shown is None else shown.value,
            "ci_low": None if shown is None else shown.ci_low,
            "ci_high": None if shown is None else shown.ci_high,
            "level": None if ratio is None else ratio.level,
            "covers": check.value,
            "required": check.threshold,
            "priced": len(priced),
            **({name: ratio.dims[name] for name in _SPREAD} if disputed and ratio else {}),
        },
        estimates=() if ratio is None else (ratio.id,),
        checks=(check.id, *(c.id for c in assumed)),
        reasons=tuple(dict.fromkeys((*limits, *(c.reason for c in assumed if c.reason)))),
        agreement=Agreement.NOT_ASKED if ratio is None else ratio.agreement,
    )


def _asked(found: StageResults, topic: Topic, step: str) -> Check:
    """Return the check of a step, or the one that says why its method refused."""
    return next(check for check in found.checks if check.topic is topic or check.refuses(step))


_AMOUNTS = ("benefit", "cost", "benefit_cost_ratio")


def _only_without_interval(table: pd.DataFrame) -> bool:
    """Tell whether nothing is priced for want of an interval alone; costs and prices are known."""
    return len(table) > 0 and set(table["reason"]) == {"value.reason.no_interval"}


def targets_finding(goals: StageResults, effects: Iterable[Finding] = ()) -> Finding:
    """Count the targets reached, missed, open and not assessed, graded by rule 8.

    Parameters
    ----------
    goals : StageResults
        As :func:`analysis.value.assess_goals` returns it.
    effects : Iterable[Finding]
        Findings of the tracking stage, which targets of change are held against.
    """
    check = _asked(goals, Topic.TARGETS, "goals")
    behind = _behind(goals.tables.get("scorecard"), effects)
    described = sum(design == "descriptive" for design, _ in behind)
    left = check.params.get("unassessed", 0)
    assessed = check.status != "not_possible" and left < check.params["goals"]
    counted = Claim.SOME_TARGETS_COUNTED if left else Claim.TARGETS_COUNTED
    return Finding(
        id="finding.value.targets",
        claim=counted if assessed else Claim.NO_TARGET_ASSESSED,
        design=_weakest(_DESIGNS, [design for design, _ in behind]) if assessed else "descriptive",
        strength=_weakest(_GRADES, ["moderate", *(s for _, s in behind)])
        if assessed
        else "insufficient",
        params={**check.params, "described": described},
        checks=(check.id,),
        reasons=("findings.targets.described",) if assessed and described else (),
    )


def _behind(
    scored: pd.DataFrame | None, effects: Iterable[Finding]
) -> list[tuple[DesignGrade, Strength]]:
    """Return design and strength behind each assessed target; a level or a change describes."""
    told = {str(finding.params.get("indicator")): finding for finding in effects}
    if scored is None:
        return [("descriptive", "moderate")]
    found: list[tuple[DesignGrade, Strength]] = []
    for row in scored[scored["verdict"] != "not_assessed"].itertuples():
        effect = None if row.reading == "level" else told.get(str(row.indicator))
        found.append(
            ("descriptive", "moderate")
            if effect is None or effect.strength == "insufficient"
            else (effect.design, effect.strength)
        )
    return found


_SPREAD = ("indicator", "unit", "effect_low", "effect_high", "ratio_low", "ratio_high")
"""What the return on a disputed effect tells instead of a number."""

_DESIGNS: tuple[DesignGrade, ...] = get_args(DesignGrade)[::-1]
_GRADES: tuple[Strength, ...] = ("insufficient", *_STEPS)


def _weakest(order: tuple, found: list):
    return min(found, key=order.index, default=order[0])


_NAMED = ESSENTIAL | NEEDED | {Topic.COMPARISON_GROUP}
"""Checks whose not being possible is named among the reasons; the others stand with the checks."""


KINDS = frozenset({Topic.KINDS_ALIKE, Topic.WAVES_ALIKE})
"""Whether kinds of sites, or waves, differ."""


def _doubts_trends(check: Check) -> bool:
    """Tell whether a check doubts that trends are parallel, as the bounds on drifts do.

    A passed test of the months before does when it would overlook a drift as large as the effect.
    """
    return check.topic is Topic.DRIFT_BOUNDS or (
        check.topic is Topic.PRETREND and bool(check.dims.get("overlooks"))
    )


_DIRECTED = (Claim.BETTER, Claim.WORSE)
_WEAKENED = {Claim.BETTER: Claim.BETTER_WEAK, Claim.WORSE: Claim.WORSE_WEAK}
_RANGED = {Claim.BETTER: Claim.BETTER_RANGE, Claim.WORSE: Claim.WORSE_RANGE}
_CLAIMED = (*_DIRECTED, *_RANGED.values())
_CHANCE = "findings.limit.chance"


def _rare(estimate: Estimate) -> bool:
    """Tell whether chance alone hardly gives an effect so far from zero (:data:`RARE`).

    Where an interval comes without a p-value, it is widened as a normal one would be.
    """
    if estimate.p_value is not None:
        return estimate.p_value <= RARE
    value, low, high = _ends(estimate)
    normal = NormalDist()
    wider = normal.inv_cdf(1 - RARE / 2) / normal.inv_cdf((1 + estimate.level) / 2)
    return abs(value) > wider * abs(value - (low if value > 0 else high))


def _ends(estimate: Estimate) -> tuple[float, float, float]:
    """Return value and interval of an estimate that has both."""
    value, low, high = estimate.value, estimate.ci_low, estimate.ci_high
    if value is None or low is None or high is None:
        raise ValueError(f"{estimate.id}: a claim needs a value with an interval")
    return value, low, high


def _essential(check: Check) -> bool:
    return check.topic in ESSENTIAL


def _limits(check: Check) -> bool:
    """Tell whether a check is a reason why the grade is not higher."""
    if check.status == "not_possible":
        return check.topic in _NAMED
    return check.status in ("failed", "caution")


def _bears_on(check: Check, design: DesignGrade) -> bool:
    if check.topic is Topic.DRIFT_BOUNDS:
        return design != "randomised"
    return check.topic not in KINDS


def _excludes(estimate: Estimate, smallest: float | None) -> bool:
    if smallest is None:
        return False
    _, low, high = _ends(estimate)
    return -smallest < low <= high < smallest


def _undone(check: Check, estimate: Estimate) -> tuple[Claim, dict[str, Scalar]]:
    """Return the claim where the bounds on those who would answer either way include zero.

    Their ends are given in the estimate's unit, so only where they are about its outcome.
    """
    if check.indicator != estimate.indicator:
        return Claim.UNDONE_IN_OTHER, {"bounded": check.indicator}
    return Claim.UNDONE, {"bound_low": check.params["low"], "bound_high": check.params["high"]}


def _disputed(estimate: Estimate, claim: Claim, grade: Strength) -> tuple[Claim, Strength]:
    """Return the claim and its grade where methods disagree: a range, or not even a direction."""
    if claim in _RANGED and estimate.one_sided:
        return _RANGED[claim], grade
    return Claim.DISPUTED, "weak" if grade != "insufficient" else grade


def _unbounded(estimate: Estimate, checks: tuple[Check, ...]) -> tuple[Claim, dict[str, Scalar]]:
    """Return the claim about a value without interval, and what its sentence names besides."""
    if not estimate.causal:
        return Claim.DESCRIBED_ALONE, {}
    asked = (c for c in checks if _essential(c) and "extreme_p" in c.params)
    told = next(asked, None)
    if told is None:
        return Claim.UNTESTED, {}
    return Claim.UNBOUNDED, {"p": told.params["p"], "extreme_p": told.params["extreme_p"]}


def _claim(estimate: Estimate, grade: Strength, direction: str) -> Claim:
    if grade == "insufficient":
        return Claim.NO_EFFECT_STATED
    if not estimate.causal:
        return Claim.DESCRIBED
    value, low, high = _ends(estimate)
    if low <= 0 <= high:
        return Claim.NONE
    return Claim.BETTER if (value > 0) == (direction == "up") else Claim.WORSE
