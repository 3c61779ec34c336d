"""What the tracking report says first.

Did it work, for whom, does it last, and how sure are we?

Every sentence is chosen by a rule on stored estimates and checks:

* **Worked**: the claim of the primary outcome's finding.
* **For whom**: kinds of sites are said to differ only where the test of their equality rejects;
  that one kind is significant and another is not says nothing. Where no effect is proven overall,
  a difference is a hint.
* **Lasts**: nothing is said where methods disagree on the size. Otherwise it *fades* where the
  interval of what is left of the early effect ends below one, it *holds* where that interval starts
  at :data:`HOLDS` or above, and else the question is open.
* **Sure**: how the comparison came about, how many checks passed, and what drift between trained
  and comparison sites the effect would withstand.

Without a comparison group no sentence names an effect; where nothing is claimed, every sentence
says that nothing can be said.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from analysis.indicators import digits
from analysis.results import Check, Claim, Estimate, Finding, Scalar, Topic
from analysis.results.claims import NOT_PROVEN, UNDONE, WITHOUT_INTERVAL

HOLDS = 0.8
"""An effect holds when at least this share of the early effect is left, interval included."""

DIFFERENT = 0.05
"""Kinds differ when the test of their equality has a p-value below this."""


_FEW_ANSWERS = "causal.fault.few_answers"

_MISSING = (Topic.INFERENCE_POSSIBLE, Topic.COMPARISON_GROUP)
"""Checks whose reason, a sentence without blanks, says why nothing is claimed."""


@dataclass(frozen=True, slots=True)
class Line:
    """One question of the first screen and its answer, as wording keys and what fills them."""

    question: str
    sentence: str
    params: Mapping[str, Scalar] = field(default_factory=dict)


def first_screen(
    finding: Finding,
    *,
    horizons: Sequence[Estimate] = (),
    lasts: Sequence[Estimate] = (),
    kinds: Sequence[Estimate] = (),
    bounds: Sequence[Estimate] = (),
    checks: Iterable[Check] = (),
    direction: str = "up",
) -> tuple[Line, Line, Line, Line]:
    """Answer the four questions about the primary outcome.

    Parameters
    ----------
    finding : Finding
        Of the primary outcome, as :func:`analysis.findings.effect_finding` gives it.
    horizons : Sequence of Estimate
        Effects (or described changes) by month after the start, ``dims["horizon"]``.
    lasts : Sequence of Estimate
        As :func:`analysis.causal.persistence` returns them; may be empty.
    kinds : Sequence of Estimate
        Effects by one characteristic of the sites and their range, as
        :func:`analysis.causal.effects_by` returns them.
    bounds : Sequence of Estimate
        Breakdown values (``breakdown_relative``), by horizon.
    checks : Iterable of Check
        Every check that the finding names.
    direction : {"up", "down"}
        Which way of the outcome is better.

    Returns
    -------
    tuple of Line
        Worked, for whom, lasts, sure.
    """
    asked = tuple(check for check in checks if check.id in finding.checks)
    return (
        Line("findings.ask.worked", finding.claim, finding.params),
        _whom(finding, kinds, direction),
        _lasts(finding, horizons, lasts, asked),
        _sure(finding, bounds, asked),
    )


def lines_table(lines: Iterable[Line]) -> pd.DataFrame:
    """Return the lines as a table to be stored: ``question``, ``sentence``, ``params`` (JSON)."""
    rows = [
        (line.question, line.sentence, json.dumps(dict(line.params), sort_keys=True))
        for line in lines
    ]
    return pd.DataFrame(rows, columns=["question", "sentence", "params"])


def _whom(finding: Finding, kinds: Sequence[Estimate], direction: str) -> Line:
    question = "findings.ask.whom"
    word = _silent(finding)
    if not word and finding.claim in (*UNDONE, Claim.DISPUTED):
        word = "undone"
    if word:
        return Line(question, f"findings.whom.{word}")
    spread = next((e for e in kinds if e.estimand == "att_kind_range"), None)
    known = [e for e in kinds if e.estimand == "att_kind" and e.ci_low is not None]
    if len(known) < 2:
        return Line(question, "findings.whom.not_told")
    known.sort(key=lambda e: e.value or 0.0, reverse=direction == "up")
    best, least = known[0], known[-1]
    p_value = None if spread is None else spread.p_value
    by = next(key for key in best.dims if len({e.dims.get(key) for e in known}) == len(known))
    differ = p_value is not None and p_value < DIFFERENT
    params = {
        "unit": best.unit,
        "level": best.level,
        "p": p_value,
        "best_kind": f"terms.{by}.{best.dims[by]}",
        "least_kind": f"terms.{by}.{least.dims[by]}",
        **_interval("best", best),
        **_interval("least", least),
    }
    word = "alike" if p_value is not None else "untested"
    if differ:
        word = "hint" if finding.claim in NOT_PROVEN else "differ"
    return Line(question, f"findings.whom.{word}", params)


def _lasts(
    finding: Finding,
    horizons: Sequence[Estimate],
    lasts: Sequence[Estimate],
    checks: Sequence[Check],
) -> Line:
    question = "findings.ask.lasts"
    word = _silent(finding)
    if word == "not_possible":
        return Line(question, "findings.lasts.not_possible")
    ratio = next((e for e in lasts if e.estimand == "att_ratio"), None)
    half_life = next((e for e in lasts if e.estimand == "half_life"), None)
    known = {int(e.dims["horizon"]): e for e in horizons if e.value is not None}
    # Where no share of the early effect can be given, the ends of what was followed are named.
    pair = (min(known), max(known)) if known else ()
    if ratio is not None and ratio.ci_low is not None:
        pair = (int(ratio.dims["early"]), int(ratio.dims["late"]))
    if not pair or pair[0] == pair[1] or not all(month in known for month in pair):
        if any(e.reason == _FEW_ANSWERS for e in horizons):
            return Line(question, "findings.lasts.few_answers")
        rounds = next((c.params for c in checks if c.topic is Topic.MEASURED_IN_ROUNDS), None)
        if rounds is not None and rounds["after"] == 1 and not word:
            return Line(question, "findings.lasts.one_round", {"month": rounds["last"]})
        return Line(question, f"findings.lasts.too_short{'_described' if word else ''}")
    if finding.disputed and not word:
        return Line(question, "findings.lasts.disputed")
    early, late = (known[month] for month in pair)
    if early.ci_low is None or late.ci_low is None:
        return Line(question, "findings.lasts.no_interval")
    params = {
        "unit": early.unit,
        "level": early.level,
        "early_months": _measured(early, pair[0]),
        "late_months": _measured(late, pair[1]),
        **_interval("early", early),
        **_interval("late", late),
    }
    if word or finding.claim in NOT_PROVEN:
        return Line(question, f"findings.lasts.{word or 'nothing'}", params)
    if ratio is None or ratio.ci_low is None:
        refused = next((c.reason for c in checks if c.refuses("lasts")), None)
        reason = (refused or "causal.reason.no_comparison") if ratio is None else ratio.reason
        return Line(question, "findings.lasts.share_unknown", {**params, "reason": reason})
    params |= _interval("left", ratio)
    if ratio.ci_high is not None and ratio.ci_high < 1:
        if half_life is not None and half_life.ci_low is not None:
            halves = _interval("half", half_life)
            return Line(question, "findings.lasts.fades_by_half", params | halves)
        return Line(question, "findings.lasts.fades", params)
    return Line(question, f"findings.lasts.{'holds' if ratio.ci_low >= HOLDS else 'open'}", params)


def _measured(effect: Estimate, horizon: int) -> int:
    """Return the months after the start at which a horizon's effect was measured."""
    return int(effect.dims.get("event_time", horizon))


def _sure(finding: Finding, bounds: Sequence[Estimate], checks: Sequence[Check]) -> Line:
    question = "findings.ask.sure"
    passed = sum(check.status == "passed" for check in checks)
    params: dict[str, Scalar] = {
        "strength": f"terms.strength.{finding.strength}",
        "passed": passed,
        "asked": len(checks),
        "open": len(checks) - passed,
    }
    if finding.claim in WITHOUT_INTERVAL:
        return Line(question, "findings.sure.unbounded", params)
    if finding.strength == "insufficient":
        missing = next((c for c in checks if c.status != "passed" and c.topic in _MISSING), None)
        if missing is None or missing.reason is None:
            return Line(question, "findings.sure.not_possible", params)
        return Line(question, "findings.sure.refused", {**params, "reason": missing.reason})
    if finding.design == "descriptive":
        return Line(question, "findings.sure.descriptive", params)
    limit = next((e for e in bounds if e.estimand == "breakdown_relative"), None)
    key = f"findings.sure.{finding.design}"
    if limit is None or limit.value is None or finding.disputed or finding.claim in NOT_PROVEN:
        return Line(question, key, params)
    params |= {"horizon": int(limit.dims["horizon"]), "limit": limit.value}
    rounds = "_rounds" if limit.dims.get("step") == "round" else ""
    return Line(question, f"{key}_bounded{rounds}", params)


def _silent(finding: Finding) -> str:
    """Return why no effect may be spoken of; empty where one may."""
    if finding.strength == "insufficient" and finding.claim not in WITHOUT_INTERVAL:
        return "not_possible"
    return "described" if finding.design == "descriptive" else ""


def _interval(name: str, estimate: Estimate) -> dict[str, Scalar]:
    shown = digits.of_estimate(estimate)
    return {name: shown.value, f"{name}_low": shown.ci_low, f"{name}_high": shown.ci_high}
