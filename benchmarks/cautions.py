"""How often the checks of charts stand at caution though nothing happens, and when a site fails.

    python benchmarks/cautions.py [WORLDS] [FIRST_SEED]

Programmes of 12 and of 60 sites in which nothing happens, or one site falls, charted by the code of
a run. *By week*: 40 weeks before training, looked at after 26; 30 work orders a week, sites' rates
alike (independent) or autoregressive from week to week (.5, dispersion as two orders in three).
*By month*: 12 months before training, looked at after 12; 60 answers a month, months independent
or autoregressive (.5). *Any signal* is the share of programmes in which at least one site has a
signal for the worse, which is what put the checks at caution before; *caution* is what
:func:`analysis.monitoring.assess_weekly` and :func:`analysis.monitoring.assess_charts` say now.
Falling: one site loses 30 points of what is in time (half of its satisfied) from training on.
Printed as a Markdown table with Monte-Carlo errors.
"""

from __future__ import annotations

import datetime as dt
import sys

import numpy as np
import pandas as pd

from analysis.monitoring import assess_charts
from analysis.monitoring.control_charts.steady import unusual_weeks
from analysis.monitoring.control_charts.weekly import DIRECTIONS, RULES, chart_weeks, weekly_signals

BASE, WEEKS, ORDERS = 40, 26, 30
BEFORE, MONTHS, ANSWERS = 12, 12, 60
START = dt.date(2024, 1, 1)
LEVEL, SPREAD = 0.85, {"independent": 0.0, "dependent": 0.35}
"""Share in time or satisfied; spread of levels from period to period on the logit scale."""


def levels(rng: np.random.Generator, sites: int, periods: int, world: str) -> np.ndarray:
    """(sites, periods) shares that wander about :data:`LEVEL`, neighbours correlated by .5."""
    z = rng.standard_normal((sites, periods))
    for t in range(1, periods):
        z[:, t] = 0.5 * z[:, t - 1] + np.sqrt(0.75) * z[:, t]
    middle = np.log(LEVEL / (1 - LEVEL))
    return 1 / (1 + np.exp(-(middle + SPREAD[world] * z)))


def by_week(seed: int, sites: int, world: str, *, falling: bool) -> tuple[bool, bool]:
    """Return whether any site of a programme signals for the worse, and whether it is caution."""
    rng = np.random.default_rng(seed)
    share = levels(rng, sites, BASE + WEEKS, world)
    if falling:
        share[0, BASE:] -= 0.30
    due = rng.poisson(ORDERS, share.shape)
    first = pd.Timestamp(START) - pd.Timedelta(weeks=BASE)
    monday = pd.date_range(first, periods=BASE + WEEKS, freq="7D")
    weeks = pd.DataFrame(
        {
            "site_id": np.repeat([f"s{i:02d}" for i in range(sites)], BASE + WEEKS),
            "week": np.tile(monday, sites),
            "opened": due.ravel(),
            "due": due.ravel(),
            "in_time": rng.binomial(due, np.clip(share, 0, 1)).ravel(),
            "mature": True,
        }
    )
    chart = chart_weeks(weeks, start=START, what="in_time")
    worse = weekly_signals(chart, direction=DIRECTIONS["in_time"])["worse"] > 0
    return bool(worse.any()), bool(unusual_weeks(chart, DIRECTIONS["in_time"], RULES))


def by_month(seed: int, sites: int, world: str, *, falling: bool) -> tuple[bool, bool]:
    """Return the same of a programme charted by month."""
    rng = np.random.default_rng(seed)
    share = levels(rng, sites, BEFORE + MONTHS, world)
    if falling:
        share[0, BEFORE:] /= 2
    total = rng.binomial(ANSWERS, share)
    panel = pd.DataFrame(
        {
            "site_id": np.repeat([f"s{i:02d}" for i in range(sites)], BEFORE + MONTHS),
            "period": np.tile(24_276 + np.arange(BEFORE + MONTHS), sites),
            "value": (total / ANSWERS).ravel(),
            "total": total.ravel(),
            "exposure": ANSWERS,
            "n": ANSWERS,
            "indicator": "x",
            "stratum": "",
        }
    )
    found = assess_charts(
        panel, indicator="x", baseline_until=24_276 + BEFORE, share=True, direction="up"
    )
    (check,) = (c for c in found.checks if c.id == "monitoring.chart")
    return bool((found.table("chart_signals")["worse"] > 0).any()), check.status == "caution"


def main(worlds: int, first: int) -> None:
    print(f"{worlds} programmes a row, seeds from {first}\n")
    print(
        "| charts | sites | world | nothing happens: any signal | caution | a site fails: caution |"
    )
    print("|---|---|---|---|---|---|")
    seeds = range(first, first + worlds)
    for name, look in (("weeks", by_week), ("months", by_month)):
        for sites in (12, 60):
            for world in SPREAD:
                calm = [look(seed, sites, world, falling=False) for seed in seeds]
                fallen = [look(seed, sites, world, falling=True) for seed in seeds]
                rates = [*np.mean(calm, axis=0), np.mean(fallen, axis=0)[1]]
                cells = (f"{r:.3f} ± {np.sqrt(r * (1 - r) / worlds):.3f}" for r in rates)
                print(f"| {name} | {sites} | {world} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    asked = [int(number) for number in sys.argv[1:]]
    main(*asked, *(200, 0)[len(asked) :])
