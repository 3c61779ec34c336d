"""May the evaluation start, and what must be repaired first: written rules on the checks.

The rules, in the order in which they are applied:

1. A *blocking* repair, and the answer is no: the primary outcome is not measured before the first
   wave, or never varies; or there are not two trained and two never-trained sites; or more than
   1 % of the rows of a table that makes the primary outcome break a rule.
2. Any other check that failed or asks for caution is a repair, and the answer is yes, with repairs.
3. Otherwise yes. What could not be assessed is named; it does not change the answer.

Checks of one area make one repair. Repairs are ranked: blocking first, then failed before caution,
then by the order of :data:`AREAS`, which is that of how much of the later reports depends on it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from analysis.results import Check, StageResults, Topic, collect

COLUMNS = ("rank", "area", "status", "blocking", "checks")


@dataclass(frozen=True, slots=True)
class Area:
    """Checks that one repair answers.

    Attributes
    ----------
    name : str
        ``measurement.repair.<name>`` words its title, why it matters, who repairs it and what is
        done when it is not repaired.
    topics : frozenset of Topic
        What the checks are about; without any, whatever no other area takes.
    only : str or None
        Status of the checks it takes; None takes all.
    """

    name: str
    topics: frozenset[Topic]
    only: str | None = None


def _area(name: str, *topics: Topic, only: str | None = None) -> Area:
    return Area(name, frozenset(topics), only)


AREAS = (
    _area("outcome", Topic.OUTCOME_BEFORE),
    _area("comparison", Topic.BALANCE_LARGEST, only="not_possible"),
    _area("rules", Topic.RULE),
    _area("twice", Topic.DUPLICATES, Topic.SITE_NAMES),
    _area("left_out", Topic.LEFT_OUT),
    _area("scale", Topic.INVARIANCE, only="failed"),
    _area("instrument", Topic.RELIABILITY, Topic.DIMENSIONS, Topic.ITEMS),
    _area("response", Topic.RESPONSE),
    _area("means", Topic.MEANS_GIVEN),
    _area("silence", Topic.NONRESPONSE, Topic.WEIGHTS),
    _area("channel", Topic.CHANNEL),
    _area("trend", Topic.TRENDS_BEFORE),
    _area("alike", Topic.BALANCE_LARGEST, Topic.BALANCE, Topic.OVERLAP),
    _area("power", Topic.POWER),
    _area("scale_open", Topic.INVARIANCE),
    _area("raters", Topic.RATERS, Topic.RATER_DRIFT, Topic.VIEWS, Topic.SHOPPERS),
    _area("anchors", Topic.ANCHORS),
    _area("late", Topic.TIMELINESS),
    _area("branches", Topic.BRANCHES),
    _area("complete", Topic.COMPLETE),
    _area("chain", Topic.COVERAGE),
    _area("missing", Topic.PRESENT),
    _area("other"),
)
"""Areas in the order of their weight; a check belongs to the first that takes it."""

NO_REPAIR = frozenset({Topic.NEEDS, Topic.APPRAISAL, Topic.DESIGN_EFFECT})
"""Needs are what training is for, the design effect is reckoned with, and the appraisal of sites is
no part of the evaluation: none is a fault."""


def area_of(check: Check) -> str | None:
    """Return the area of a check; None for one that asks for no repair whatever it finds."""
    if check.topic in NO_REPAIR:
        return None
    takes = (
        area.name
        for area in AREAS
        if check.topic in area.topics and area.only in (None, check.status)
    )
    return next(takes, "other")


def blocks(check: Check, tables: Iterable[str]) -> bool:
    """Whether a check alone forbids to start (rule 1).

    ``tables`` are the canonical tables that make the primary outcome.
    """
    area = area_of(check)
    if area == "outcome":
        return check.status in ("failed", "not_possible")
    if area == "comparison":
        return True
    return area == "rules" and check.status == "failed" and check.dims.get("table") in tables


def measured_before(outcome: pd.DataFrame, *, first_wave: int, indicator: str) -> Check:
    """Ask whether the primary outcome is measured before the first wave.

    Parameters
    ----------
    outcome : DataFrame
        ``unit, period, y, n, cohort``.
    first_wave : int
        Running month.

    Returns
    -------
    Check
        ``baseline.outcome``: failed without any measured month, or when every value is the same;
        caution below :data:`LEAST_MONTHS` months, for then trends cannot be compared.
    """
    before = outcome[(outcome["period"] < first_wave) & outcome["y"].notna()]
    months, sites = int(before["period"].nunique()), int(before["unit"].nunique())
    status: Literal["passed", "caution", "failed"] = "passed"
    constant = len(before) > 1 and before["y"].min() == before["y"].max()
    if months < LEAST_MONTHS:
        status = "caution" if months else "failed"
    if constant:
        status = "failed"
    return Check(
        id="baseline.outcome",
        topic=Topic.OUTCOME_BEFORE,
        question="measurement.check.outcome.question",
        status=status,
        value=float(months),
        threshold=float(LEAST_MONTHS),
        unit="count",
        n=sites,
        reason=f"measurement.check.outcome.{'constant' if constant else 'reason'}",
        remedy=None if status == "passed" else "measurement.check.outcome.remedy",
        params={"months": months, "sites": sites, "least": LEAST_MONTHS},
        dims={"indicator": indicator},
    )


LEAST_MONTHS = 12
"""Months before the first wave that show a year's seasons and a trend."""


def assess_readiness(checks: Iterable[Check], *, tables: Iterable[str]) -> StageResults:
    """Apply the module's rules to the checks of the baseline.

    Parameters
    ----------
    checks : Iterable of Check
        Of all steps of the baseline.
    tables : Iterable of str
        Canonical tables that make the primary outcome.

    Returns
    -------
    StageResults
        Check ``baseline.ready`` (passed: yes; caution: yes, with repairs; failed: no) and table
        ``repairs``: ``rank, area, status`` (the worst of its checks), ``blocking, checks`` (ids as
        a JSON list, the worst first).
    """
    checks, tables = tuple(checks), tuple(tables)
    table = _repairs(checks, tables)
    blocking = int(table["blocking"].sum())
    answer, status = ("repairs", "caution") if len(table) else ("yes", "passed")
    if blocking:
        answer, status = "no", "failed"
    counts = pd.Series([check.status for check in checks], dtype=object).value_counts()
    verdict = Check(
        id="baseline.ready",
        topic=Topic.READY,
        question="measurement.check.ready.question",
        status=status,
        value=float(len(table)),
        unit="count",
        n=len(checks),
        reason=f"measurement.check.ready.{answer}",
        params={
            "checks": len(checks),
            "passed": int(counts.get("passed", 0)),
            "missing": int(counts.get("not_possible", 0)),
            "repairs": len(table),
            "blocking": blocking,
        },
    )
    return collect("baseline", [verdict], tables={"repairs": table})


def _repairs(checks: tuple[Check, ...], tables: tuple[str, ...]) -> pd.DataFrame:
    grave = {"failed": 0, "not_possible": 1, "caution": 2}
    asked: dict[str, list[Check]] = {}
    for check in checks:
        area = area_of(check)
        stops = blocks(check, tables)
        if area is not None and (check.status in ("failed", "caution") or stops):
            asked.setdefault(area, []).append(check)
    order = [area.name for area in AREAS]
    rows = []
    for area, mine in asked.items():
        mine = sorted(mine, key=lambda c: (not blocks(c, tables), grave[c.status]))
        stops = any(blocks(check, tables) for check in mine)
        worst = min((check.status for check in mine), key=grave.__getitem__)
        rows.append((area, worst, stops, json.dumps([check.id for check in mine])))
    rows.sort(key=lambda row: (not row[2], grave[row[1]], order.index(row[0])))
    return pd.DataFrame(
        [(rank, *row) for rank, row in enumerate(rows, 1)], columns=list(COLUMNS)
    ).astype({"blocking": bool})
