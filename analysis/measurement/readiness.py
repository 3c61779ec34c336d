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
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from analysis.results import Check, StageResults, collect

COLUMNS = ("rank", "area", "status", "blocking", "checks")


@dataclass(frozen=True, slots=True)
class Area:
    """Checks that one repair answers.

    Attributes
    ----------
    name : str
        ``measurement.repair.<name>`` words its title, why it matters, who repairs it and what is
        done when it is not repaired.
    pattern : str
        Regular expression of the check ids, without ``baseline.``.
    only : str or None
        Status of the checks it takes; None takes all.
    """

    name: str
    pattern: str
    only: str | None = None


AREAS = (
    Area("outcome", r"outcome"),
    Area("comparison", r"balance\.largest"),
    Area("rules", r"quality\..+"),
    Area("twice", r"duplicates(\..+)?|quality\.sites\.names"),
    Area("left_out", r"quality\.[a-z_]+\.(left_out|unread)"),
    Area("scale", r"invariance\..+", only="failed"),
    Area("instrument", r"(alpha|cfa|dimensions|omega|items?)\..+"),
    Area("response", r"(response|aapor)(\..+)?"),
    Area("silence", r"(nonresponse|weights)(\..+)?"),
    Area("channel", r"(channel|mode)(\..+)?"),
    Area("trend", r"pretrend(\..+)?"),
    Area("alike", r"(balance|overlap|propensity)(\..+)?"),
    Area("power", r"power(\..+)?"),
    Area("scale_open", r"invariance\..+"),
    Area("raters", r"(raters|drift|views|shoppers)(\..+)?"),
    Area("anchors", r"bars(\..+)?"),
    Area("late", r"timeliness(\..+)?"),
    Area("branches", r"branches(\..+)?"),
    Area("complete", r"quality\.[a-z_]+\.complete"),
    Area("chain", r"coverage(\..+)?"),
    Area("missing", r"quality\.[a-z_]+\.present"),
    Area("other", r".+"),
)
"""Areas in the order of their weight; an id belongs to the narrowest that takes it."""

_NARROW = ("missing", "complete", "left_out", "twice")
_NO_REPAIR = re.compile(r"needs(\..+)?|appraisal(\..+)?|[a-z_0-9]+\.icc\.design")
"""Needs are what training is for, the design effect is reckoned with, and the appraisal of sites is
no part of the evaluation: none is a fault."""


def area_of(check: Check) -> str | None:
    """Return the area of a check; None for one that asks for no repair whatever it finds."""
    id = check.id.removeprefix("baseline.")
    if _NO_REPAIR.fullmatch(id):
        return None
    by_name = {area.name: area for area in AREAS}
    for name in (*_NARROW, *by_name):
        if name == "comparison" and check.status != "not_possible":
            continue
        area = by_name[name]
        if area.only in (None, check.status) and re.fullmatch(area.pattern, id):
            return name
    return "other"


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
