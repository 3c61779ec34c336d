"""Triggers of risks: alert rules, and measures against a line, read on each run's data.

A measure of a sample sets a risk off only when its sites, taken as the units, tell that it is
beyond the line; a count is a fact.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.measurement.columns import dates, floats, present
from analysis.monitoring.alerts.rules import RECENT_MONTHS, rules
from analysis.monitoring.inference.noise_tests import NoiseTest, mean_below, share_below
from analysis.results import Alert
from analysis.standards import Lines, course

ALPHA, LOOKS = 0.05, 12
"""Probability that chance sets any risk off in a year of looks at measures that change monthly."""

PROGRAMME_RULES = (
    "milestone_late",
    "budget_overrun",
    "gate_missed",
    "class_too_large",
    "lecturer_hours",
)
"""Rules beside those of ``rules.yml``."""

TABLES = ("staff", "enrolments")
"""Canonical tables that measures read, the panel apart."""

TRIGGER = re.compile(r"^(?P<measure>\w+)\s*(?P<sign>[<>])\s*(?P<line>-?[\d.]+)\s*$")
"""A measure against a line."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a trigger compares with its line; ``se`` over sites, None where nothing is sampled.

    ``hits`` of ``n`` answers where it is a share of counts: one site alone is tested by them.
    """

    value: float
    n: int
    se: float | None = None
    sites: int = 0
    hits: int | None = None

    @property
    def testable(self) -> bool:
        """Whether chance can be told from anything: two sites, or counts of one."""
        return self.se is None or self.sites > 1 or self.hits is not None

    def beyond(self, sign: str, line: float, alpha: float) -> NoiseTest | None:
        """Test whether chance explains that the line is crossed; None where it is a fact."""
        if self.se is None:
            return None
        turned = 1 if sign == "<" else -1
        if self.sites < 2 and self.hits is not None and 0 < line < 1:
            below = turned > 0
            hits = self.hits if below else self.n - self.hits
            return share_below(hits, self.n, line if below else 1 - line, alpha)
        return mean_below(turned * self.value, self.se, self.sites - 1, turned * line, alpha)


def risk_measures(
    panel: pd.DataFrame | None,
    tables: Mapping[str, pd.DataFrame | None],
    *,
    as_of: dt.date,
    lines: Lines | None = None,
    named: Collection[str] | None = None,
) -> dict[str, Measured]:
    """Measure whatever a trigger may name; of the panel only what is ``named``, where given.

    Registry indicators over all sites and the last three months of the panel (sums by exposure
    where there is one, else the mean of sites' means; the error is over sites); ``leavers``:
    trained people who left within the last months (line ``leaver_months``), a fact.
    """
    found: dict[str, Measured] = {}
    if panel is not None and len(panel):
        cells = panel[(panel["stratum"] == "") & panel["value"].notna() & (panel["site_id"] != "")]
        cells = cells[cells["period"] > cells["period"].max() - RECENT_MONTHS]
        if named is not None:
            cells = cells[cells["indicator"].isin(list(named))]
        for name, rows in cells.groupby("indicator"):
            found[str(name)] = _over_sites(rows)
    staff, enrolments = tables.get("staff"), tables.get("enrolments")
    months = (lines or course()).of("leaver_months")
    if months and present(staff, "left_on") and present(enrolments, "attended"):
        came = enrolments.loc[floats(enrolments["attended"]) == 1, "staff_id"].unique()
        trained = staff[staff["staff_id"].isin(came)]
        left = dates(trained["left_on"])
        since = pd.Timestamp(as_of) - pd.DateOffset(months=int(months))
        gone = int(((left > since) & (left <= pd.Timestamp(as_of))).sum())
        found["leavers"] = Measured(float(gone), len(trained))
    return found


def _over_sites(rows: pd.DataFrame) -> Measured:
    """Return a ratio of sums, or a mean of means, with its error over sites (linearised)."""
    sums = pd.DataFrame(
        {
            "site_id": rows["site_id"].to_numpy(dtype=object),
            "total": floats(rows["total"]),
            "exposure": floats(rows["exposure"]),
        }
    )
    if sums[["total", "exposure"]].isna().any(axis=None) or sums["exposure"].sum() <= 0:
        sums = sums.assign(total=floats(rows["value"]), exposure=1.0)
        sites = sums.groupby("site_id")[["total", "exposure"]].mean()
    else:
        sites = sums.groupby("site_id")[["total", "exposure"]].sum()
    total, exposure = sites["total"].to_numpy(), sites["exposure"].to_numpy()
    value, count = float(total.sum() / exposure.sum()), len(sites)
    residual = total - value * exposure
    spread = count / max(count - 1, 1) * (residual**2).sum()
    se = float(np.sqrt(spread) / exposure.sum())
    answers = int(np.nansum(floats(rows["n"])))
    if count == 1 and 0 <= total[0] <= exposure[0] and exposure[0] > 1:
        return Measured(value, round(exposure[0]), se, count, round(total[0]))
    return Measured(value, answers, se, count)


def trigger_states(
    risks: pd.DataFrame,
    alerts: Iterable[Alert],
    measures: Mapping[str, Measured],
    lines: Lines | None = None,
) -> pd.DataFrame:
    """Evaluate the trigger of every risk.

    Parameters
    ----------
    risks : DataFrame
        Canonical table.
    alerts : Iterable of Alert
        All alerts of the run.
    measures : Mapping
        As of :func:`risk_measures`.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.

    Returns
    -------
    DataFrame
        In the order of ``risks``: ``risk_id, trigger_state`` (``set_off``, ``within_noise``:
        beyond the line, but chance may have put it there, ``quiet``, ``not_measured``: no such
        rule or measure in this run, ``too_few``: one site without counts, so that nothing tells
        chance from a change, ``none``: no trigger declared), ``trigger_value`` (of a
        measure; for a rule the number of alerts that ring), ``trigger_n``, ``trigger_p``,
        ``trigger_rate`` (false alarms of a year of looks; both of samples alone), ``evidence``
        (ids of the alerts, joined by commas).
    """
    ringing: dict[str, list[str]] = {}
    for alert in alerts:
        ringing.setdefault(alert.rule, []).append(alert.id)
    known = {rule.id for rule in rules(lines)} | set(PROGRAMME_RULES)
    rows = []
    declared = risks["trigger"] if "trigger" in risks else pd.Series(None, index=risks.index)
    said = [None if pd.isna(text) else str(text).strip() for text in declared]
    alpha = ALPHA / LOOKS / max(sum(_sampled(text, measures) for text in said), 1)
    for id, text in zip(risks["risk_id"], said, strict=True):
        if text in known:
            rung = ringing.get(text, [])
            state = "set_off" if rung else "quiet"
            rows.append((id, state, float(len(rung)), None, None, None, ", ".join(rung)))
        else:
            rows.append((id, *_compare(text, measures, alpha), ""))
    numbers = ["trigger_value", "trigger_p", "trigger_rate"]
    columns = ["risk_id", "trigger_state", "trigger_value", "trigger_n", *numbers[1:], "evidence"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(numbers, float))


def named_measures(risks: pd.DataFrame) -> frozenset[str]:
    """Return the names of measures that triggers hold against a line."""
    declared = risks["trigger"].dropna() if "trigger" in risks else ()
    found = (TRIGGER.match(str(text).strip()) for text in declared)
    return frozenset(parts["measure"] for parts in found if parts is not None)


def _sampled(text: str | None, measures: Mapping[str, Measured]) -> bool:
    parts = TRIGGER.match(text or "")
    measured = measures.get(parts["measure"]) if parts else None
    return measured is not None and measured.se is not None


def _compare(text: str | None, measures: Mapping[str, Measured], alpha: float) -> tuple:
    """Return state, value, n, p-value and false-alarm rate of a trigger that names a measure."""
    if not text:
        return "none", np.nan, None, None, None
    parts = TRIGGER.match(text)
    if parts is None or parts["measure"] not in measures:
        return "not_measured", np.nan, None, None, None
    measured, line = measures[parts["measure"]], float(parts["line"])
    beyond = measured.value < line if parts["sign"] == "<" else measured.value > line
    if not measured.testable:
        return "too_few", measured.value, measured.n, None, None
    test = measured.beyond(parts["sign"], line, alpha)
    state = "quiet" if not beyond else "set_off" if test is None or test.fires else "within_noise"
    tested = (test.p_value, 1 - (1 - test.false_alarm_rate) ** LOOKS) if test else (None, None)
    return state, measured.value, measured.n, *tested
