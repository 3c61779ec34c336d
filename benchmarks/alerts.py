"""How often the whole alert system rings falsely in half a year of weekly looks; how late it is.

    python benchmarks/alerts.py [WORLDS]

Everything that a report tests at 26 weekly looks, on data that grow: the rules of
``analysis/monitoring/alerts/rules.yml``, the gates that fall due and the triggers of risks, with 8
modules, 12 lecturers, 4 online modules, 10 tests and 60 sites. Three kinds of worlds:

* *at the line*: every subject keeps exactly to its line, the worst case that is no breach;
* *healthy*: every subject is five points on the good side of its line (half way to 100 % where
  that is nearer);
* *planted*: healthy, but one subject is five or ten points on the bad side from the first week (or
  changes by that share of its baseline). Printed: share found, median week.

Each *independent* (answers and months are drawn one by one) and *dependent*: answers of one class,
and people of one site in online courses, resemble each other (intraclass correlation .05), the
levels of sites are autoregressive from month to month (.6) and rates of work orders from week to
week (.5).

What is compared with its own past (falls, weekly charts) does not change in the first two. Late
milestones, overspending, large classes and lecturers' hours are facts and cannot ring falsely.
Beside each stands what the same data give when every look is tested as if it were the only one,
and what dependent data give when they are tested as if they were independent.

Tests are those of :mod:`analysis.monitoring`, over many worlds at once; a test of the project
holds the two together.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.special import logsumexp

from analysis.measurement.intervals import Interval, mean_t
from analysis.monitoring.alerts.rules import Rule, place_share, rules
from analysis.monitoring.control_charts.limits import D2
from analysis.monitoring.control_charts.run_rules import RULES
from analysis.monitoring.control_charts.steady import RECENT_WEEKS, YEAR, signal_boundary
from analysis.monitoring.control_charts.weekly import RULES as CHART_RULES
from analysis.monitoring.inference.dependence import (
    CLASS_PRIOR,
    MONTH_PRIOR,
    correlation_within,
    design_effect,
    effective,
    mean_factor,
    months_alike,
    unbiased,
)
from analysis.monitoring.inference.noise_tests import first_look
from analysis.monitoring.inference.repeated import (
    HORIZON,
    STAKES,
    fortune_logs,
    moderated,
    moderation,
    share_boundary,
)
from analysis.monitoring.programme.gate_data import wilson_of_share
from analysis.monitoring.programme.gates import ALPHA as GATES_ALPHA
from analysis.monitoring.programme.gates import SAMPLED, judge
from analysis.monitoring.programme.risk_triggers import ALPHA as RISKS_ALPHA
from analysis.monitoring.programme.risk_triggers import LOOKS as RISK_LOOKS
from analysis.standards import course

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
    "weekly_logins": 600,
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


@dataclass(frozen=True, slots=True)
class World:
    """How answers and months are drawn, and how they are tested.

    Attributes
    ----------
    dependent : bool
        Whether answers of a class, and neighbouring months and weeks, resemble each other.
    once : bool
        Test every look as if it were the only one.
    aware : bool
        Whether the tests allow for dependence.
    """

    dependent: bool = False
    once: bool = False
    aware: bool = True


CLASS_ICC, MONTHS_ALIKE, WEEKS_ALIKE = 0.05, 0.6, 0.5
LEVEL_SPREAD = 0.05
"""Standard deviation of a site's share from month to month in dependent worlds."""

ONLINE_SITES, CLASS = 15, 20


def autoregressive(shape: tuple[int, ...], alike: float, rng) -> np.ndarray:
    """Draw standard normal series along the last axis, neighbours correlated by ``alike``."""
    z = rng.standard_normal(shape)
    for t in range(1, shape[-1]):
        z[..., t] = alike * z[..., t - 1] + np.sqrt(1 - alike**2) * z[..., t]
    return z


def class_levels(level: np.ndarray, shape: tuple[int, ...], rng) -> np.ndarray:
    """Draw the share of each class, beta with the intraclass correlation :data:`CLASS_ICC`."""
    size = 1 / CLASS_ICC - 1
    level = np.broadcast_to(level, shape)
    return rng.beta(size * level, size * (1 - level))


def shares_fire(
    hits: np.ndarray,
    n: np.ndarray,
    line: float,
    alpha: np.ndarray | float,
    min_n: int,
    effect: np.ndarray | float = 1.0,
) -> np.ndarray:
    """Whether :func:`analysis.monitoring.share_ever_below` fires, for arrays.

    ``alpha`` is one number or one a subject (last axis).
    """
    hits, n = effective(hits, n, effect)
    least, top = first_look(min_n), max(int(np.max(n)), HORIZON)
    alpha = np.broadcast_to(alpha, hits.shape)
    fired = np.zeros(hits.shape, bool)
    for one in np.unique(alpha):
        boundary = share_boundary(line, float(one), least, top)
        n_here = np.broadcast_to(n, hits.shape)
        fired |= (alpha == one) & (n_here >= least) & (hits <= boundary.critical[n_here])
    return fired


def shares_fire_once(
    hits: np.ndarray, n: np.ndarray, line: float, alpha: float, effect: np.ndarray | float = 1.0
) -> np.ndarray:
    """Whether :func:`analysis.monitoring.share_below` fires, for arrays."""
    hits, n = effective(hits, n, effect)
    return (stats.binom.cdf(hits, n, line) <= alpha) & (hits < n * line)


def means_fire(logs: np.ndarray, alpha: np.ndarray | float, effect=1.0) -> np.ndarray:
    """Whether :func:`analysis.monitoring.mean_ever_below` fires; stakes are the last axis."""
    mixed = logsumexp(logs / np.asarray(effect)[..., None], axis=-1) - np.log(STAKES.size)
    return mixed >= -np.log(alpha)


def means_fire_once(mean: np.ndarray, se: np.ndarray, n, line: float, alpha) -> np.ndarray:
    """Whether :func:`analysis.monitoring.mean_below` fires for ``n`` values, for arrays."""
    least = np.abs(line - mean) / np.sqrt(n * (n + 1))
    return stats.t.cdf((mean - line) / np.maximum(se, least), n - 1) <= alpha


def spreads(
    baseline: np.ndarray, *, alone: bool = False, aware: bool = True
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Variance of sites' months, its degrees of freedom, and how alike months are, by world.

    Drawn towards all sites' unless alone. Sites and months are the last axes.
    """
    b = baseline.shape[-1]
    alike = months_alike(baseline) if aware else np.zeros(baseline.shape[:-2])
    variance = baseline.var(axis=-1, ddof=1)
    found, degrees = [], []
    for own, r in zip(variance, alike, strict=True):
        freed, df = unbiased(own, b, float(r))
        if not alone:
            freed, df = moderated(freed, df, moderation(freed, np.full(freed.size, df)))
        found.append(np.broadcast_to(freed, own.shape))
        degrees.append(df)
    return np.array(found), np.array(degrees)[:, None], alike


def drops_fire(
    level: np.ndarray, recent: np.ndarray, spread: tuple, line: float, alpha: float
) -> np.ndarray:
    """Whether :func:`analysis.monitoring.dropped` fires; ``spread`` as of :func:`spreads`.

    ``level`` is the mean of each site's :data:`BASELINE_MONTHS` months.
    """
    variance, df, alike = spread
    fall = level - recent.mean(axis=-1)
    k = recent.shape[-1]
    factor = np.array([mean_factor(k, r) + mean_factor(BASELINE_MONTHS, r) for r in alike])
    variance = np.maximum(variance, (line * level) ** 2 / (BASELINE_MONTHS + 1))
    t = fall / np.sqrt(variance * factor[:, None])
    return (fall >= line * level) & (stats.t.sf(t, df) <= alpha)


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


def _charts(rule: Rule, shift, worlds: int, rng, world: World) -> np.ndarray:
    subjects, weekly = SUBJECTS[rule.measure]
    alpha, weeks = rule.alpha / subjects, np.arange(BASELINE_WEEKS + LOOKS) >= BASELINE_WEEKS
    shape = (worlds, subjects, weeks.size)
    alike = autoregressive(shape, WEEKS_ALIKE, rng) if world.dependent else None
    if rule.measure == "weekly_opened":
        if alike is None:
            rates = rng.gamma(WEEKS_VARY, 1 / WEEKS_VARY, shape)
        else:
            rates = stats.gamma.ppf(stats.norm.cdf(alike), WEEKS_VARY) / WEEKS_VARY
        counts = rng.poisson(weekly * rates * (1 - shift[:, None] * weeks)).astype(float)
        fired = charts_fire(counts, np.sqrt, alpha, up=True, once=world.once)
    else:
        level = IN_TIME + shift[:, None] * weeks + (0 if alike is None else 0.03 * alike)
        share = rng.binomial(weekly, np.clip(level, 0, 1), shape) / weekly
        fired = charts_fire(
            share, lambda p: np.sqrt(p * (1 - p) / weekly), alpha, up=False, once=world.once
        )
    return fired & (np.arange(1, LOOKS + 1)[:, None] >= (1 if world.once else rule.min_n))


def _drops(rule: Rule, shift, worlds: int, rng, world: World) -> np.ndarray:
    subjects, _ = SUBJECTS[rule.measure]
    alpha = rule.alpha / subjects / (1 if world.once else rule.looks)
    months = BASELINE_MONTHS + LOOKS // WEEKS_A_MONTH + 1
    alike = MONTHS_ALIKE if world.dependent else 0.0
    values = SITE_LEVEL + SITE_SPREAD * autoregressive((worlds, subjects, months), alike, rng)
    baseline, late = values[..., :BASELINE_MONTHS], values[..., BASELINE_MONTHS:]
    late = late + SITE_LEVEL * shift[:, None]
    rang = np.zeros((worlds, LOOKS, subjects), bool)
    level = baseline.mean(axis=-1)
    spread = spreads(baseline, alone=world.once, aware=world.aware)
    for look in range(WEEKS_A_MONTH - 1, LOOKS):
        seen = (look + 1) // WEEKS_A_MONTH
        recent = late[..., max(0, seen - RECENT_MONTHS) : seen]
        rang[:, look] = drops_fire(level, recent, spread, rule.line, alpha)
    return rang


def _means(rule: Rule, shift, worlds: int, rng, world: World) -> np.ndarray:
    subjects, weekly = SUBJECTS[rule.measure]
    level, n = rule.line + shift, weekly * np.arange(1, LOOKS + 1)
    people = LOOKS * weekly
    alpha = rule.alpha * np.array([place_share(i) for i in range(subjects)])
    site = rng.integers(ONLINE_SITES, size=people)
    shape = (worlds, people, subjects)
    if world.dependent:
        levels = class_levels(level, (worlds, ONLINE_SITES, subjects), rng)[:, site]
    else:
        levels = np.broadcast_to(level, shape)
    values = rng.beta(4 * levels, 4 * (1 - levels))
    if world.once:
        sums = [np.cumsum(values**p, axis=1)[:, weekly - 1 :: weekly] for p in (1, 2)]
        mean = sums[0] / n[:, None]
        se = np.sqrt((sums[1] / n[:, None] - mean**2) / (n[:, None] - 1))
        fired = means_fire_once(mean, se, n[:, None], rule.line, rule.alpha / subjects)
        return fired & (n >= rule.min_n)[:, None]
    logs = np.stack(
        [np.cumsum(fortune_logs(values, rule.line, k), axis=1)[:, n - 1] for k in STAKES], axis=-1
    )
    effect = np.ones((worlds, LOOKS, subjects))
    if world.aware:
        at = np.eye(ONLINE_SITES)[site]
        for look, seen in enumerate(n):
            part, held = values[:, :seen], at[:seen]
            total, square = (np.einsum("wps,pc->wsc", part**p, held) for p in (1, 2))
            count = np.broadcast_to(held.sum(axis=0), total.shape)
            icc, _ = correlation_within(total, square, count, prior=CLASS_PRIOR)
            effect[:, look] = design_effect(count, icc[:, None])
    enough = (n >= rule.min_n)[:, None] & (n[:, None] / effect >= first_look(rule.min_n))
    return means_fire(logs, alpha, effect) & enough


def weekly_counts(measure: str, level: np.ndarray, weeks: int, worlds: int, rng, world: World):
    """Hits of each week (worlds, weeks, subjects): a class a week, or sites with months alike."""
    subjects, weekly = SUBJECTS[measure]
    shape = (worlds, weeks, subjects)
    levels = np.broadcast_to(level, shape)
    if world.dependent and measure.endswith("_site"):
        months = -(-weeks // WEEKS_A_MONTH)
        noise = autoregressive((worlds, subjects, months), MONTHS_ALIKE, rng)
        noise = np.repeat(noise.transpose(0, 2, 1), WEEKS_A_MONTH, axis=1)[:, :weeks]
        levels = np.clip(levels + LEVEL_SPREAD * noise, 0, 1)
    elif world.dependent:
        levels = class_levels(levels, shape, rng)
    return rng.binomial(weekly, levels)


def _shares(rule: Rule, shift, worlds: int, rng, world: World) -> np.ndarray:
    """Shares that grow from look to look, a class a week."""
    if rule.looks:
        return _windows(rule, shift, worlds, rng, world)
    subjects, weekly = SUBJECTS[rule.measure]
    weeks = weekly_counts(rule.measure, rule.line + shift, LOOKS, worlds, rng, world)
    hits, n = np.cumsum(weeks, axis=1), weekly * np.arange(1, LOOKS + 1)[:, None]
    if world.once:
        return shares_fire_once(hits, n, rule.line, rule.alpha / subjects) & (n >= rule.min_n)
    effect = np.ones(hits.shape)
    if world.aware:
        for look in range(LOOKS):
            total = weeks[:, : look + 1].transpose(0, 2, 1)
            count = np.full(total.shape, weekly)
            icc, _ = correlation_within(total, total, count, prior=CLASS_PRIOR)
            effect[:, look] = design_effect(count, icc[:, None])
    alpha = rule.alpha * np.array([place_share(i) for i in range(subjects)])
    return shares_fire(hits, n, rule.line, alpha, rule.min_n, effect) & (n >= rule.min_n)


def window_counts(measure: str, level: np.ndarray, worlds: int, rng, world: World):
    """Hits, answers and design effect of the newest three months at each look.

    The effect comes from :data:`BASELINE_MONTHS` months before training.
    """
    subjects, weekly = SUBJECTS[measure]
    old = BASELINE_MONTHS * WEEKS_A_MONTH
    weeks = weekly_counts(measure, level, old + LOOKS, worlds, rng, world)
    hits = np.cumsum(weeks[:, old:], axis=1)
    hits[:, WINDOW:] = hits[:, WINDOW:] - hits[:, :-WINDOW].copy()
    n = np.minimum(weekly * np.arange(1, LOOKS + 1)[:, None], WINDOW * weekly)
    effect = np.ones((worlds, 1, subjects))
    if world.aware:
        before = weeks[:, :old].reshape(worlds, BASELINE_MONTHS, WEEKS_A_MONTH, subjects)
        total = before.sum(axis=2).transpose(0, 2, 1)
        sizes = np.full(total.shape, weekly * WEEKS_A_MONTH)
        icc, lag = correlation_within(total, total, sizes, prior=MONTH_PRIOR)
        recent = np.full((worlds, subjects, RECENT_MONTHS), weekly * WEEKS_A_MONTH)
        effect = design_effect(recent, icc[:, None], lag[:, None])[:, None]
    return hits, n, effect


def _windows(rule: Rule, shift, worlds: int, rng, world: World) -> np.ndarray:
    hits, n, effect = window_counts(rule.measure, rule.line + shift, worlds, rng, world)
    alpha = rule.alpha / SUBJECTS[rule.measure][0] / (1 if world.once else rule.looks)
    return shares_fire_once(hits, n, rule.line, alpha, 1.0 if world.once else effect) & (
        n >= rule.min_n
    )


def every_goal() -> dict[str, dict]:
    """Gates and goals of quarters of the course."""
    lines = course()
    return {**lines.gates, **lines.quarters}


def sampled_criteria() -> list[tuple[str, dict]]:
    """Gate and criterion of each sample that a gate of the first half year asks for."""
    asked = every_goal()
    found = [(goal, c) for goal in GATE_WEEKS for c in asked[goal]["criteria"]]
    return [(goal, c) for goal, c in found if c["measure"] in SAMPLED]


def _gates(shift: np.ndarray, worlds: int, rng, world: World) -> np.ndarray:
    """Criteria missed on their gate's day, and from then on, as :func:`judge` finds them."""
    asked = sampled_criteria()
    goals = every_goal().values()
    shared = sum(c["measure"] in SAMPLED for goal in goals for c in goal["criteria"])
    rang = np.zeros((worlds, LOOKS, len(asked)), bool)
    for place, (goal, criterion) in enumerate(asked):
        line, n = criterion["line"], GATE_PEOPLE[criterion["measure"]]
        for number in range(worlds):
            measured = _measured(criterion["unit"], line, shift[place], n, rng, world)
            missed = judge(criterion, measured, alpha=GATES_ALPHA / shared) == "missed"
            rang[number, GATE_WEEKS[goal] - 1 :, place] = missed
    return rang


def _measured(unit: str, line: float, shift: float, n: int, rng, world: World) -> Interval:
    classes = n // CLASS
    sizes = np.full((1, classes), CLASS)
    if unit == "share":
        level = np.asarray(min(line + shift, (1 + line) / 2))
        levels = class_levels(level, (classes,), rng) if world.dependent else level
        total = rng.binomial(CLASS, levels, classes)[None]
        value, square = float(total.sum() / n), total
    else:
        common = np.sqrt(CLASS_ICC) * rng.standard_normal((classes, 1)) * world.dependent
        own = np.sqrt(1 - CLASS_ICC * world.dependent) * rng.standard_normal((classes, CLASS))
        marks = line + 100 * shift + 10 * (common + own)
        total, square = (marks.sum(axis=1)[None], (marks**2).sum(axis=1)[None])
        value = float(marks.mean())
    icc, _ = correlation_within(total, square, sizes, prior=CLASS_PRIOR)
    effect = float(design_effect(sizes, icc)[0]) if world.aware else 1.0
    if unit == "share":
        low, high = wilson_of_share(value, n / effect)
        return Interval(value, low, high, n, 0.95, "wilson", design_effect=effect)
    plain = mean_t(marks.ravel())
    se = plain.se * np.sqrt(effect)
    half = (plain.high - plain.value) * np.sqrt(effect)
    return Interval(value, value - half, value + half, n, 0.95, "t", se, effect)


def _risks(shift: np.ndarray, worlds: int, rng, world: World) -> np.ndarray:
    """Triggers that a measure over all sites sets off, sites taken as the units."""
    alpha = RISKS_ALPHA / len(TRIGGERS) / (1 if world.once else RISK_LOOKS)
    rang = []
    for (measure, line), far in zip(TRIGGERS, shift, strict=True):
        hits, n, _ = window_counts(measure, line + far, worlds, rng, world)
        shares = hits / n
        se = shares.std(axis=-1, ddof=1) / np.sqrt(shares.shape[-1])
        rang.append(means_fire_once(shares.mean(axis=-1), se, shares.shape[-1], line, alpha))
    return np.stack(rang, axis=-1)


def firings(rule, shift: np.ndarray, worlds: int, seed: int, world: World) -> np.ndarray:
    """Simulate one rule: whether each subject rings at each look, (worlds, looks, subjects).

    Parameters
    ----------
    rule : Rule or Programme
    shift : ndarray of shape (subjects,)
        Distance of the true level from the line; for what is compared with its own past the true
        change.
    world : World
        How data are drawn and tested.
    """
    rng = np.random.default_rng(seed)
    if rule.kind == "gate":
        return _gates(shift, worlds, rng, world)
    if rule.kind == "risk":
        return _risks(shift, worlds, rng, world)
    draw = {"chart": _charts, "drop": _drops, "mean": _means, "share": _shares}[rule.kind]
    return draw(rule, shift, worlds, rng, world)


def in_force() -> list[Rule | Programme]:
    """Return what rings for a client whose satisfaction line is 85 %: rules, gates, risks."""
    return [*rules(course({"C1": "target_85"})), GATES, RISKS]


def false_alarms(
    chosen, worlds: int, margin: float, world: World = World()
) -> list[tuple[str, float, float]]:
    """Share of worlds that ring at the last look and at any look: by rule, then all rules."""
    rows, last, ever = [], np.zeros(worlds, bool), np.zeros(worlds, bool)
    for number, rule in enumerate(chosen):
        distance = 0.0 if rule.kind in UNCHANGED else margin
        shift = np.full(SUBJECTS[rule.measure][0], distance)
        rang = firings(rule, shift, worlds, number, world).any(axis=2)
        rows.append((rule.id, rang[:, -1].mean(), rang.any(axis=1).mean()))
        last |= rang[:, -1]
        ever |= rang.any(axis=1)
    return [*rows, ("all rules", last.mean(), ever.mean())]


def delay(rule, worlds: int, fall: float, world: World = World()) -> tuple[float, float]:
    """Share of planted subjects found in 26 weeks, and the median week of those found."""
    shift = np.full(SUBJECTS[rule.measure][0], 0.0 if rule.kind in UNCHANGED else MARGIN)
    shift[0] = -fall
    rang = firings(rule, shift, worlds, 99, world)[..., 0]
    found = rang.any(axis=1)
    week = 1 + rang[found].argmax(axis=1)
    return float(found.mean()), float(np.median(week)) if found.any() else float("nan")


def planted(rule, fall: float) -> str:
    """Say what is planted in a world."""
    if rule.measure == "weekly_opened":
        return f"rise of {fall:.0%}"
    return f"fall of {fall:.0%}" if rule.kind == "drop" else f"{100 * fall:.0f} points below"


WORLDS = {
    "independent": World(),
    "dependent": World(dependent=True),
    "dependent, tested as independent": World(dependent=True, aware=False),
    "independent, each look as if alone": World(once=True),
}


def main(worlds: int) -> None:
    chosen = in_force()
    print(f"{worlds} worlds, {LOOKS} weekly looks; any look (last look)\n")
    print("| rule | " + " | ".join(f"{name}: at the line | healthy" for name in WORLDS) + " |")
    print("|---|" + "---|---|" * len(WORLDS))
    columns = [
        false_alarms(chosen, worlds, margin, world)
        for world in WORLDS.values()
        for margin in (0.0, MARGIN)
    ]
    for rows in zip(*columns, strict=True):
        cells = " | ".join(f"{ever:.3f} ({last:.3f})" for _, last, ever in rows)
        print(f"| {rows[0][0]} | {cells} |", flush=True)
    print("\n| rule | planted | independent: found | week | dependent: found | week |")
    print("|---|---|---|---|---|---|")
    for rule in chosen:
        for fall in (0.25, 0.50) if rule.measure == "weekly_opened" else (0.05, 0.10):
            cells = [delay(rule, worlds, fall, WORLDS[k]) for k in ("independent", "dependent")]
            numbers = " | ".join(
                f"{found:.2f} | {week:.0f}" if found else "0.00 | —" for found, week in cells
            )
            print(f"| {rule.id} | {planted(rule, fall)} | {numbers} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
