"""A small panel of known truth."""

import numpy as np
import pandas as pd


def staggered(
    seed=0,
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
    first=24276,
):
    """Simulate a panel: site and month effects, AR(1) noise, ``effect + slope·event_time``."""
    rng = np.random.default_rng(seed)
    cohort = np.concatenate(
        [np.full(k, float(first + s)) for k, s in zip(sizes, starts, strict=True)]
        + [np.full(never, np.nan)]
    )
    N = len(cohort)
    shock = rng.normal(0, noise, (N, periods))
    for t in range(1, periods):
        shock[:, t] = ar * shock[:, t - 1] + np.sqrt(1 - ar**2) * shock[:, t]
    month = first + np.arange(periods)
    event = month[None, :] - cohort[:, None]
    gain = np.where(event >= 0, effect + slope * event, 0.0)
    y = rng.normal(4, site_sd, N)[:, None] + rng.normal(0, 0.1, periods) + shock + gain
    frame = pd.DataFrame(
        {
            "unit": np.repeat([f"s{i:03d}" for i in range(N)], periods),
            "period": np.tile(month, N),
            "y": y.ravel(),
            "n": 40,
            "cohort": np.repeat(cohort, periods),
        }
    )
    if missing:
        frame = frame[rng.random(len(frame)) > missing]
    return frame
