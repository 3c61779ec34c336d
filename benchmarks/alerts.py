"""How often the whole alert system rings falsely in half a year of weekly looks; how late it is.

    python benchmarks/alerts.py [WORLDS]

Every rule of ``analysis/monitoring/rules.yml`` at 26 weekly looks on data that grow: 8 modules, 12
lecturers, 4 online modules, 10 tests, 60 sites. Three kinds of worlds:

* *at the line*: every subject keeps exactly to its line, the worst case that is no breach;
* *healthy*: every subject is five points on the good side of its line;
* *planted*: healthy, but one subject is five or ten points on the bad side from the first week (or
  a site's satisfaction falls by 5 or 10 % of its baseline). Printed: share found, median week.

Beside each stands what the same data give when every look is tested as if it were the only one.

Tests are those of :mod:`analysis.monitoring.alerts`, over many worlds at once; a test of the
project holds the two together.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

import numpy as np
from scipy import stats

from analysis.monitoring.alerts import Rule, rules
from analysis.monitoring.repeated import (
    HORIZON,
    errors_below,
    mean_boundary,
    moderated,
    moderation,
    share_boundary,
)

LOOKS = 26
MARGIN = 0.05
SUBJECTS = {
    "satisfaction_module": (8, 20),
    "satisfaction_lecturer": (12, 12),
    "attendance_module": (8, 25),
    "completion_online": (4, 15),
    "pass_module": (10, 15),
    "return_site": (60, 35),
    "csat_site": (60, 0),
}
"""Subjects of each measure, and answers a week to each. Complaints in time are tested as
return rates are; the weekly charts have their own test (tests/monitoring/test_weekly_alerts.py)."""

BASELINE_MONTHS, RECENT_MONTHS, WEEKS_A_MONTH = 12, 3, 4
SITE_LEVEL, SITE_SPREAD = 4.0, 0.12


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
    """Whether a one-sided t test of one look rejects, for arrays."""
    return stats.t.cdf((mean - line) / se, n - 1) <= alpha


def drops_fire(
    baseline: np.ndarray, recent: np.ndarray, line: float, alpha, *, alone: bool = False
) -> np.ndarray:
    """Whether :func:`analysis.monitoring.dropped` fires; sites and months on the last axes.

    ``alone`` judges every site by its own baseline alone.
    """
    b, k = baseline.shape[-1], recent.shape[-1]
    variance, df = baseline.var(axis=-1, ddof=1), np.asarray(float(b - 1))
    if not alone:
        flat = variance.reshape(-1, variance.shape[-1])
        drawn = [moderated(v, b - 1, moderation(v, np.full(v.size, b - 1))) for v in flat]
        variance = np.array([np.broadcast_to(v, flat.shape[1]) for v, _ in drawn])
        variance = variance.reshape(baseline.shape[:-1])
        df = np.array([d for _, d in drawn]).reshape((*variance.shape[:-1], 1))
    level = baseline.mean(axis=-1)
    fall = level - recent.mean(axis=-1)
    t = fall / np.sqrt(variance * (1 / k + 1 / b))
    return (fall >= line * level) & (stats.t.sf(t, df) <= alpha)


def firings(
    rule: Rule, shift: np.ndarray, worlds: int, seed: int, *, once: bool = False
) -> np.ndarray:
    """Simulate one rule: whether each subject rings at each look, (worlds, looks, subjects).

    Parameters
    ----------
    rule : Rule
    shift : ndarray of shape (subjects,)
        Distance of the true level from the line; for falls the true change by the baseline.
    once : bool
        Test every look as if it were the only one.
    """
    subjects, weekly = SUBJECTS[rule.measure]
    rng = np.random.default_rng(seed)
    alpha = rule.alpha / subjects
    if rule.looks and not once:
        alpha /= rule.looks
    looks = np.arange(1, LOOKS + 1)[:, None]
    if rule.kind == "drop":
        baseline = rng.normal(SITE_LEVEL, SITE_SPREAD, (worlds, subjects, BASELINE_MONTHS))
        months = LOOKS // WEEKS_A_MONTH + 1
        late = rng.normal(SITE_LEVEL, SITE_SPREAD, (worlds, subjects, months))
        late += SITE_LEVEL * shift[:, None]
        rang = np.zeros((worlds, LOOKS, subjects), bool)
        for look in range(WEEKS_A_MONTH - 1, LOOKS):
            seen = (look + 1) // WEEKS_A_MONTH
            recent = late[..., max(0, seen - RECENT_MONTHS) : seen]
            rang[:, look] = drops_fire(baseline, recent, rule.line, alpha, alone=once)
        return rang
    level = rule.line + shift
    if rule.kind == "mean":
        shape = (worlds, LOOKS * weekly, subjects)
        values = rng.beta(4 * level, 4 * (1 - level), shape)
        n = looks * weekly
        sums = [np.cumsum(values**p, axis=1)[:, weekly - 1 :: weekly] for p in (1, 2)]
        mean = sums[0] / n
        se = np.sqrt((sums[1] / n - mean**2) / (n - 1))
        if once:
            fired = means_fire_once(mean, se, n, rule.line, alpha)
        else:
            fired = means_fire(mean, se, n, rule.line, alpha, rule.min_n)
    else:
        hits = np.cumsum(rng.binomial(weekly, level, (worlds, LOOKS, subjects)), axis=1)
        n = looks * weekly
        if rule.measure == "return_site":
            window = RECENT_MONTHS * WEEKS_A_MONTH
            hits[:, window:] = hits[:, window:] - hits[:, :-window].copy()
            n = np.minimum(n, window * weekly)
        if rule.looks or once:
            fired = shares_fire_once(hits, n, rule.line, alpha)
        else:
            fired = shares_fire(hits, n, rule.line, alpha, rule.min_n)
    return fired & (n >= rule.min_n)


def in_force() -> list[Rule]:
    """Return the rules of a client whose satisfaction line is 85 %."""
    measured = [rule for rule in rules() if rule.measure in SUBJECTS]
    return [rule for rule in measured if rule.applies({"C1": "target_85"})]


def false_alarms(
    chosen: Iterable[Rule], worlds: int, margin: float, *, once: bool = False
) -> list[tuple[str, float, float]]:
    """Share of worlds that ring at the last look and at any look: by rule, then all rules."""
    rows, last, ever = [], np.zeros(worlds, bool), np.zeros(worlds, bool)
    for number, rule in enumerate(chosen):
        distance = 0.0 if rule.kind == "drop" else margin
        shift = np.full(SUBJECTS[rule.measure][0], distance)
        rang = firings(rule, shift, worlds, seed=number, once=once).any(axis=2)
        rows.append((rule.id, rang[:, -1].mean(), rang.any(axis=1).mean()))
        last |= rang[:, -1]
        ever |= rang.any(axis=1)
    return [*rows, ("all rules", last.mean(), ever.mean())]


def delay(rule: Rule, worlds: int, fall: float, *, once: bool = False) -> tuple[float, float]:
    """Share of planted subjects found in 26 weeks, and the median week of those found."""
    shift = np.full(SUBJECTS[rule.measure][0], 0.0 if rule.kind == "drop" else MARGIN)
    shift[0] = -fall
    rang = firings(rule, shift, worlds, seed=99, once=once)[..., 0]
    found = rang.any(axis=1)
    week = 1 + rang[found].argmax(axis=1)
    return float(found.mean()), float(np.median(week)) if found.any() else float("nan")


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
        for fall in (0.05, 0.10):
            said = (
                f"fall of {fall:.0%}" if rule.kind == "drop" else f"{100 * fall:.0f} points below"
            )
            cells = [delay(rule, worlds, fall, once=once) for once in (False, True)]
            numbers = " | ".join(f"{found:.2f} | {week:.0f}" for found, week in cells)
            print(f"| {rule.id} | {said} | {numbers} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
