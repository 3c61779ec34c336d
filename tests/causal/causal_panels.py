"""Small panels of known truth, as frames and (fast, for many seeds) as prepared arrays."""

from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.causal.panel.frame import prepare

FIRST = 24276  # January 2023


def draw(
    seed,
    *,
    sizes=(14, 13, 13),
    never=20,
    periods=18,
    starts=(7, 9, 11),
    effect=0.25,
    slope=0.0,
    site_sd=0.3,
    noise=0.1,
    ar=0.0,
    missing=0.0,
):
    """Cohorts and outcomes: site and month effects, AR(1), ``effect + slope·event_time``."""
    rng = np.random.default_rng(seed)
    cohort = np.concatenate(
        [np.full(k, float(FIRST + s)) for k, s in zip(sizes, starts, strict=True)]
        + [np.full(never, np.nan)]
    )
    N = len(cohort)
    shock = rng.normal(0, noise, (N, periods))
    for t in range(1, periods):
        shock[:, t] = ar * shock[:, t - 1] + np.sqrt(1 - ar**2) * shock[:, t]
    event = FIRST + np.arange(periods)[None, :] - cohort[:, None]
    gain = np.where(event >= 0, effect + slope * event, 0.0)
    y = rng.normal(4, site_sd, N)[:, None] + rng.normal(0, 0.1, periods) + shock + gain
    if missing:
        y = np.where(rng.random(y.shape) > missing, y, np.nan)
    return cohort, y


def staggered(seed=0, **world):
    """One world as an estimation frame; missing cells have no row."""
    cohort, y = draw(seed, **world)
    N, periods = y.shape
    frame = pd.DataFrame(
        {
            "unit": np.repeat([f"s{i:03d}" for i in range(N)], periods),
            "period": np.tile(FIRST + np.arange(periods), N),
            "y": y.ravel(),
            "n": 40,
            "cohort": np.repeat(cohort, periods),
        }
    )
    return frame[frame["y"].notna()]


def worlds(seeds, **world):
    """Prepared panels of many seeds; checked once, for they differ in the outcome alone."""
    full = {**world, "missing": 0.0}
    template = prepare(staggered(0, **full))
    for seed in seeds:
        y = draw(seed, **world)[1]
        yield replace(template, y=y, n=np.where(np.isnan(y), 0.0, 40.0))
