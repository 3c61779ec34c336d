"""Estimates and checks become graded claims.

The rules, in the order in which they are applied:

1. No value, no interval, or a failed *essential* check: **insufficient**. Nothing is claimed.
2. No comparison group: the change is described, never called an effect, and its strength is
   at most **weak**.
3. Otherwise start from **strong** where the waves were randomised, from **moderate** where the
   comparison was found rather than made, and go one step down for each of: a failed check that
   is not essential; two or more checks with caution. **Weak** is the floor of this rule.
4. An interval that includes zero is reported as "no evidence of an effect" together with the
   largest effect it does not exclude; it is graded by the same rules (a precise nothing can be
   strong evidence, and an imprecise one says so by its width).

A check counts as essential when its id ends in one of :data:`ESSENTIAL`.
"""

from __future__ import annotations

from collections.abc import Iterable

from analysis.results import Check, DesignGrade, Estimate, Finding, Strength

ESSENTIAL = ("inference_possible",)
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
        ``descriptive`` without a comparison group, ``randomised`` when every wave was drawn
        by lot, ``quasi_experimental`` otherwise (unknown counts as not randomised).
    """
    if not estimate.causal:
        return "descriptive"
    return "randomised" if set(assigned_by) == {"randomised"} else "quasi_experimental"


def strength(estimate: Estimate, checks: Iterable[Check], design: DesignGrade) -> Strength:
    """Apply the module's rules 1 to 3 to one estimate."""
    checks = tuple(checks)
    failed = [check for check in checks if check.status == "failed"]
    if estimate.value is None or estimate.ci_low is None or any(map(_essential, failed)):
        return "insufficient"
    if design == "descriptive":
        return "weak"
    step = 2 if design == "randomised" else 1
    step -= len(failed)
    step -= sum(check.status == "caution" for check in checks) >= 2
    return _STEPS[max(step, 0)]


def effect_finding(
    estimate: Estimate,
    checks: Iterable[Check],
    *,
    assigned_by: Iterable[str],
    direction: str,
    subject: str,
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

    Returns
    -------
    Finding
        ``claim`` is one of ``findings.effect.{better, worse, none, described, not_possible}``.
    """
    checks = tuple(checks)
    design = design_grade(estimate, assigned_by)
    grade = strength(estimate, checks, design)
    claim = _claim(estimate, grade, direction)
    return Finding(
        id=f"finding.{estimate.id}",
        claim=f"findings.effect.{claim}",
        action=f"findings.action.{claim}",
        design=design,
        strength=grade,
        params={
            "indicator": subject,
            "unit": estimate.unit,
            "value": estimate.value,
            "ci_low": estimate.ci_low,
            "ci_high": estimate.ci_high,
            "n_units": estimate.n_units,
            "n_treated": estimate.n_treated,
            "level": estimate.level,
        },
        estimates=(estimate.id,),
        checks=tuple(check.id for check in checks),
        reasons=tuple(
            check.reason or check.question for check in checks if check.status in _SPOKEN
        ),
    )


_SPOKEN = ("failed", "caution", "not_possible")


def _essential(check: Check) -> bool:
    return check.id.endswith(ESSENTIAL)


def _claim(estimate: Estimate, grade: Strength, direction: str) -> str:
    if grade == "insufficient":
        return "not_possible"
    if not estimate.causal:
        return "described"
    if estimate.ci_low <= 0 <= estimate.ci_high:
        return "none"
    return "better" if (estimate.value > 0) == (direction == "up") else "worse"
