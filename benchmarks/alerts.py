"""How often the whole alert system rings falsely in half a year of weekly looks; how late it is.

    python benchmarks/alerts.py [WORLDS]

Everything that a report tests at 26 weekly looks, on data that grow: the rules of
``analysis/monitoring/rules.yml``, the gates that fall due and the triggers of risks, with 8
modules, 12 lecturers, 4 online modules, 10 tests and 60 sites. Three kinds of worlds:

* *at the line*: every subject keeps exactly to its line, the worst case that is no breach;
* *healthy*: every subject is five points on the good side of its line (half way to 100 % where
  that is nearer);
* *planted*: healthy, but one subject is five or ten points on the bad side from the first week (or
  changes by that share of its baseline). Printed: share found, median week.

What is compared with its own past (falls, weekly charts) does not change in the first two. Late
milestones, overspending, large classes and lecturers' hours are facts and cannot ring falsely.
Beside each stands what the same data give when every look is tested as if it were the only one.

Tests are those of :mod:`analysis.monitoring`, over many worlds at once; a test of the project
holds the two together.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.measurement.intervals import Interval, mean_t, wilson
from analysis.monitoring.alerts import Rule, rules
from analysis.monitoring.charts import D2
from analysis.monitoring.gates import ALPHA as GATES_ALPHA
from analysis.monitoring.gates import SAMPLED, gate_rules, judge
from analysis.monitoring.repeated import (
    HORIZON,
    errors_below,
    mean_boundary,
    moderated,
    moderation,
    share_boundary,
)
from analysis.monitoring.risk_triggers import ALPHA as RISKS_ALPHA
from analysis.monitoring.risk_triggers import LOOKS as RISK_LOOKS
from analysis.monitoring.run_rules import RULES
from analysis.monitoring.weekly import RULES as CHART_RULES
from analysis.monitoring.weekly_alerts import RECENT_WEEKS, YEAR, signal_boundary

LOOKS = 26
MARGIN = 0.05
SUBJECTS = {
    "satisfaction_module": (8, 20),
    "satisfaction_lecturer": (12, 12),
    "attendance_module": (8, 25),
    "completion_online": (4, 15),
    "pass_module": (10, 15),
    "return_site": (60, 35),
    "satisfaction_site": (60, 5),
    "complaints_in_time_site": (60, 4),
    "csat_site": (60, 0),
    "weekly_opened": (60, 30),
    "weekly_in_time": (60, 30),
    "gates": (6, 0),
    "risks": (2, 0),
}
"""Subjects of each measure, and answers (work orders, complaints) a week to each."""

BASELINE_MONTHS, RECENT_MONTHS, WEEKS_A_MONTH = 12, 3, 4
SITE_LEVEL, SITE_SPREAD = 4.0, 0.12
BASELINE_WEEKS, IN_TIME = 26, 0.85
WEEKS_VARY = 40.0
"""Weeks of work orders vary more than counts: their rates are gamma with this shape."""

GATE_WEEKS = {"M3": 12, "M6": 26, "Q1": 12, "Q2": 26}
GATE_PEOPLE = {
    "pass_rate": 300,
    "attendance": 2000,
    "course_csat": 4000,
    "mean_score": 540,
    "active_accounts": 600,
}
TRIGGERS = (("return_site", 0.30), ("satisfaction_site", 0.85))
"""Risks set off by a measure over all sites, and its line."""

WINDOW = RECENT_MONTHS * WEEKS_A_MONTH


@dataclass(frozen=True, slots=True)
class Programme:
    """What rings beside the rules of the file: gates, and triggers of risks."""

    id: str
    measure: str
    kind: str


GATES, RISKS = Programme("gate_missed", "gates", "gate"), Programme("risk_set_off", "risks", "risk")
UNCHANGED = ("drop", "chart")
"""Kinds that compare a subject with its own past."""


def shares_fire(
    hits: np.ndarray, n: np.ndarray, line: float, alpha: float, min_n: int, horizon: int = HORIZON
) -> np.ndarray:
    """Whether :func:`analysis.monitoring.share_ever_below` fires, for arrays."""
    boundary = share_boundary(line, alpha, min_n, max(int(np.max(n)), horizon))
    return hits <= boundary.critical[n]


def shares_fire_once(hits: np.ndarray, n: np.ndarray, line: float, alpha: float) -> np.ndarray:
    """Whether :func:`analysis.monitoring.share_below` fires, for arrays."""
    return (stats.binom.cdf(hits, n, line) <= alpha) & (hits < n * line)


def means_fire(
    mean: np.ndarray, se: np.ndarray, n: np.ndarray, line: float, alpha: float, min_n: int
) -> np.ndarray:
    """Whether :func:`analysis.monitoring.mean_ever_below` fires, for arrays."""
    boundary = mean_boundary(alpha, min_n, max(int(np.max(n)), HORIZON))
    return errors_below(mean, se, n, line) >= boundary.critical[n]


def means_fire_once(mean: np.ndarray, se: np.ndarray, n, line: float, alpha) -> np.ndarray:
    """Whether :func:`analysis.monitoring.mean_below` fires for ``n`` values, for arrays."""
    return stats.t.cdf((mean - line) / se, n - 1) <= alpha


def spreads(baseline: np.ndarray, *, alone: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Variance of sites' months and its degrees of freedom, drawn towards all sites' unless alone.

    Sites and months are on the last axes.
    """
    b = baseline.shape[-1]
    variance = baseline.var(axis=-1, ddof=1)
    if alone:
        return variance, np.asarray(float(b - 1))
    flat = variance.reshape(-1, variance.shape[-1])
    drawn = [moderated(v, b - 1, moderation(v, np.full(v.size, b - 1))) for v in flat]
    variance = np.array([np.broadcast_to(v, flat.shape[1]) for v, _ in drawn])
    variance = variance.reshape(baseline.shape[:-1])
    return variance, np.array([d for _, d in drawn]).reshape((*variance.shape[:-1], 1))


def drops_fire(
    level: np.ndarray, recent: np.ndarray, spread: tuple, line: float, alpha: float
) -> np.ndarray:
    """Whether :func:`analysis.monitoring.dropped` fires; ``spread`` as of :func:`spreads`.

    ``level`` is the mean of each site's :data:`BASELINE_MONTHS` months.
    """
    fall = level - recent.mean(axis=-1)
    t = fall / np.sqrt(spread[0] * (1 / recent.shape[-1] + 1 / BASELINE_MONTHS))
    return (fall >= line * level) & (stats.t.sf(t, spread[1]) <= alpha)


def charts_fire(
    value: np.ndarray, spread_of, alpha: float, *, up: bool, once: bool = False
) -> np.ndarray:
    """Whether the alert of a weekly chart rings, at each look (worlds, looks, sites).

    Parameters
    ----------
    value : ndarray of shape (worlds, sites, weeks)
        What is charted; the first :data:`BASELINE_WEEKS` are before training.
    spread_of : callable
        Standard deviation by chance alone, of the centre.
    alpha : float
        Error of one site.
    up : bool
        Whether more is worse.
    once : bool
        Ring in each week that signals, as if it were the only look.
    """
    base = slice(0, BASELINE_WEEKS)
    centre = value[..., base].mean(axis=-1, keepdims=True)
    z = (value - centre) / spread_of(centre)
    moving = np.abs(np.diff(z[..., base])).mean(axis=-1) / D2
    chance = stats.chi2.sf((z[..., base] ** 2).sum(axis=-1), BASELINE_WEEKS - 1)
    widened = (chance < 0.05) & (moving > 1)
    z = z / np.where(widened, moving, 1.0)[..., None]
    hit = np.any([RULES[name](z) for name in CHART_RULES], axis=0) & ((z > 0) if up else (z < 0))
    since = hit[..., BASELINE_WEEKS:].transpose(0, 2, 1)
    if once:
        return since
    recent = np.array(
        [since[:, max(0, t - RECENT_WEEKS) : t + 1].any(axis=1) for t in range(since.shape[1])]
    ).transpose(1, 0, 2)
    counts, alike = np.cumsum(since, axis=1), resemblance(z[..., base])
    pairs = zip(alike, widened, strict=True)
    needed = np.array([[_boundary(r, alpha, wide=bool(w)) for w in row] for r, row in pairs])
    return (counts >= needed[:, None, :]) & recent


def resemblance(z: np.ndarray) -> np.ndarray:
    """Return the resemblance of weeks of each world, as the alerts compute it."""
    z = z - z.mean(axis=-1, keepdims=True)
    r = (z[..., 1:] * z[..., :-1]).sum(axis=-1) / (z**2).sum(axis=-1)
    r = (r + (1 + 3 * r) / z.shape[-1]).mean(axis=-1)
    return np.clip(np.round(r / 0.05) * 0.05, 0.0, 0.9)


def _boundary(alike: float, alpha: float, *, wide: bool) -> float:
    found = signal_boundary(
        BASELINE_WEEKS, YEAR, float(alike), alpha, widened=wide, rules=CHART_RULES
    )
    return np.inf if found is None else found[0]


def _charts(rule: Rule, shift, worlds: int, rng, alpha: float, *, once: bool) -> np.ndarray:
    subjects, weekly = SUBJECTS[rule.measure]
    weeks = np.arange(BASELINE_WEEKS + LOOKS) >= BASELINE_WEEKS
    shape = (worlds, subjects, weeks.size)
    if rule.measure == "weekly_opened":
        rates = weekly * rng.gamma(WEEKS_VARY, 1 / WEEKS_VARY, shape)
        counts = rng.poisson(rates * (1 - shift[:, None] * weeks)).astype(float)
        fired = charts_fire(counts, np.sqrt, alpha, up=True, once=once)
    else:
        share = rng.binomial(weekly, IN_TIME + shift[:, None] * weeks, shape) / weekly
        fired = charts_fire(
            share, lambda p: np.sqrt(p * (1 - p) / weekly), alpha, up=False, once=once
        )
    return fired & (np.arange(1, LOOKS + 1)[:, None] >= (1 if once else rule.min_n))


def _drops(rule: Rule, shift, worlds: int, rng, alpha: float, *, once: bool) -> np.ndarray:
    subjects, _ = SUBJECTS[rule.measure]
    baseline = rng.normal(SITE_LEVEL, SITE_SPREAD, (worlds, subjects, BASELINE_MONTHS))
    months = LOOKS // WEEKS_A_MONTH + 1
    late = rng.normal(SITE_LEVEL, SITE_SPREAD, (worlds, subjects, months))
    late += SITE_LEVEL * shift[:, None]
    rang = np.zeros((worlds, LOOKS, subjects), bool)
    level, spread = baseline.mean(axis=-1), spreads(baseline, alone=once)
    for look in range(WEEKS_A_MONTH - 1, LOOKS):
        seen = (look + 1) // WEEKS_A_MONTH
        recent = late[..., max(0, seen - RECENT_MONTHS) : seen]
        rang[:, look] = drops_fire(level, recent, spread, rule.line, alpha)
    return rang


def _means(rule: Rule, shift, worlds: int, rng, alpha: float, *, once: bool) -> np.ndarray:
    subjects, weekly = SUBJECTS[rule.measure]
    level, n = rule.line + shift, weekly * np.arange(1, LOOKS + 1)[:, None]
    values = rng.beta(4 * level, 4 * (1 - level), (worlds, LOOKS * weekly, subjects))
    sums = [np.cumsum(values**p, axis=1)[:, weekly - 1 :: weekly] for p in (1, 2)]
    mean = sums[0] / n
    se = np.sqrt((sums[1] / n - mean**2) / (n - 1))
    if once:
        fired = means_fire_once(mean, se, n, rule.line, alpha)
    else:
        fired = means_fire(mean, se, n, rule.line, alpha, rule.min_n)
    return fired & (n >= rule.min_n)


def window_counts(measure: str, level: np.ndarray, worlds: int, rng, *, all_time: bool):
    """Hits and answers by look: all so far, or of the newest three months."""
    subjects, weekly = SUBJECTS[measure]
    n = weekly * np.arange(1, LOOKS + 1)[:, None]
    hits = np.cumsum(rng.binomial(weekly, level, (worlds, LOOKS, subjects)), axis=1)
    if not all_time:
        hits[:, WINDOW:] = hits[:, WINDOW:] - hits[:, :-WINDOW].copy()
        n = np.minimum(n, WINDOW * weekly)
    return hits, n


def _shares(rule: Rule, shift, worlds: int, rng, alpha: float, *, once: bool) -> np.ndarray:
    hits, n = window_counts(rule.measure, rule.line + shift, worlds, rng, all_time=not rule.looks)
    if rule.looks or once:
        fired = shares_fire_once(hits, n, rule.line, alpha)
    else:
        fired = shares_fire(hits, n, rule.line, alpha, rule.min_n)
    return fired & (n >= rule.min_n)


def sampled_criteria() -> list[tuple[str, dict]]:
    """Gate and criterion of each sample that a gate of the first half year asks for."""
    asked = gate_rules()["gates"] | gate_rules()["quarters"]
    found = [(goal, c) for goal in GATE_WEEKS for c in asked[goal]["criteria"]]
    return [(goal, c) for goal, c in found if c["measure"] in SAMPLED]


def _gates(shift: np.ndarray, worlds: int, rng) -> np.ndarray:
    """Criteria missed on their gate's day, and from then on, as :func:`judge` finds them."""
    asked = sampled_criteria()
    every = gate_rules()["gates"] | gate_rules()["quarters"]
    shared = sum(c["measure"] in SAMPLED for rule in every.values() for c in rule["criteria"])
    rang = np.zeros((worlds, LOOKS, len(asked)), bool)
    for place, (goal, criterion) in enumerate(asked):
        line, n = criterion["line"], GATE_PEOPLE[criterion["measure"]]
        for world in range(worlds):
            measured = _measured(criterion["unit"], line, shift[place], n, rng)
            missed = judge(criterion, measured, alpha=GATES_ALPHA / shared) == "missed"
            rang[world, GATE_WEEKS[goal] - 1 :, place] = missed
    return rang


def _measured(unit: str, line: float, shift: float, n: int, rng) -> Interval:
    if unit == "share":
        return wilson(int(rng.binomial(n, min(line + shift, (1 + line) / 2))), n)
    return mean_t(rng.normal(line + 100 * shift, 10, n))


def _risks(shift: np.ndarray, worlds: int, rng, *, once: bool) -> np.ndarray:
    """Triggers that a measure over all sites sets off, sites taken as the units."""
    alpha = RISKS_ALPHA / len(TRIGGERS) / (1 if once else RISK_LOOKS)
    rang = []
    for (measure, line), far in zip(TRIGGERS, shift, strict=True):
        hits, n = window_counts(measure, line + far, worlds, rng, all_time=False)
        shares = hits / n
        se = shares.std(axis=-1, ddof=1) / np.sqrt(shares.shape[-1])
        rang.append(means_fire_once(shares.mean(axis=-1), se, shares.shape[-1], line, alpha))
    return np.stack(rang, axis=-1)


def firings(rule, shift: np.ndarray, worlds: int, seed: int, *, once: bool = False) -> np.ndarray:
    """Simulate one rule: whether each subject rings at each look, (worlds, looks, subjects).

    Parameters
    ----------
    rule : Rule or Programme
    shift : ndarray of shape (subjects,)
        Distance of the true level from the line; for what is compared with its own past the true
        change.
    once : bool
        Test every look as if it were the only one.
    """
    rng = np.random.default_rng(seed)
    if rule.kind == "gate":
        return _gates(shift, worlds, rng)
    if rule.kind == "risk":
        return _risks(shift, worlds, rng, once=once)
    alpha = rule.alpha / SUBJECTS[rule.measure][0]
    if rule.looks and not once:
        alpha /= rule.looks
    draw = {"chart": _charts, "drop": _drops, "mean": _means, "share": _shares}[rule.kind]
    return draw(rule, shift, worlds, rng, alpha, once=once)


def in_force() -> list[Rule | Programme]:
    """Return what rings for a client whose satisfaction line is 85 %: rules, gates, risks."""
    chosen = [rule for rule in rules() if rule.applies({"C1": "target_85"})]
    return [*chosen, GATES, RISKS]


def false_alarms(
    chosen, worlds: int, margin: float, *, once: bool = False
) -> list[tuple[str, float, float]]:
    """Share of worlds that ring at the last look and at any look: by rule, then all rules."""
    rows, last, ever = [], np.zeros(worlds, bool), np.zeros(worlds, bool)
    for number, rule in enumerate(chosen):
        distance = 0.0 if rule.kind in UNCHANGED else margin
        shift = np.full(SUBJECTS[rule.measure][0], distance)
        rang = firings(rule, shift, worlds, seed=number, once=once).any(axis=2)
        rows.append((rule.id, rang[:, -1].mean(), rang.any(axis=1).mean()))
        last |= rang[:, -1]
        ever |= rang.any(axis=1)
    return [*rows, ("all rules", last.mean(), ever.mean())]


def delay(rule, worlds: int, fall: float, *, once: bool = False) -> tuple[float, float]:
    """Share of planted subjects found in 26 weeks, and the median week of those found."""
    shift = np.full(SUBJECTS[rule.measure][0], 0.0 if rule.kind in UNCHANGED else MARGIN)
    shift[0] = -fall
    rang = firings(rule, shift, worlds, seed=99, once=once)[..., 0]
    found = rang.any(axis=1)
    week = 1 + rang[found].argmax(axis=1)
    return float(found.mean()), float(np.median(week)) if found.any() else float("nan")


def planted(rule, fall: float) -> str:
    """Say what is planted in a world."""
    if rule.measure == "weekly_opened":
        return f"rise of {fall:.0%}"
    return f"fall of {fall:.0%}" if rule.kind == "drop" else f"{100 * fall:.0f} points below"


def main(worlds: int) -> None:
    chosen = in_force()
    print(f"{worlds} worlds, {LOOKS} weekly looks\n")
    print("| rule | at the line | healthy | each look as if alone: at the line | healthy |")
    print("|---|---|---|---|---|")
    columns = [
        false_alarms(chosen, worlds, margin, once=once)
        for once in (False, True)
        for margin in (0.0, MARGIN)
    ]
    for rows in zip(*columns, strict=True):
        print(f"| {rows[0][0]} | " + " | ".join(f"{ever:.3f}" for *_, ever in rows) + " |")
    print("\n| rule | planted | found in 26 weeks | median week | each look as if alone | median |")
    print("|---|---|---|---|---|---|")
    for rule in chosen:
        for fall in (0.25, 0.50) if rule.measure == "weekly_opened" else (0.05, 0.10):
            cells = [delay(rule, worlds, fall, once=once) for once in (False, True)]
            numbers = " | ".join(
                f"{found:.2f} | {week:.0f}" if found else "0.00 | —" for found, week in cells
            )
            print(f"| {rule.id} | {planted(rule, fall)} | {numbers} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
