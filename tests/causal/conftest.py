"""Reference numbers from R and printed sources, and a small panel of known truth."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

SHARED = Path(os.environ.get("CRMEVAL_SHARED", Path(__file__).parents[3] / "shared"))
REFERENCE = SHARED / "reference"


@pytest.fixture(scope="session")
def reference():
    """All reference entries: dataset, estimator, spec, quantity, value, se, source."""
    path = REFERENCE / "causal.csv"
    if not path.exists():
        pytest.skip(f"reference numbers are not at {path}")
    return pd.read_csv(path, dtype={"quantity": str})


@pytest.fixture(scope="session")
def mpdta():
    """Log teen employment by county and year (Callaway, Sant'Anna 2021), as a frame."""
    path = REFERENCE / "data" / "mpdta.csv"
    if not path.exists():
        pytest.skip(f"reference data are not at {path}")
    raw = pd.read_csv(path)
    return pd.DataFrame(
        {
            "unit": raw["countyreal"],
            "period": raw["year"],
            "y": raw["lemp"],
            "cohort": raw["first.treat"].where(raw["first.treat"] > 0).astype(float),
            "lpop": raw["lpop"],
        }
    )


@pytest.fixture(scope="session")
def prop99():
    """Cigarette packs by state and year (Abadie et al. 2010), as a frame."""
    path = REFERENCE / "data" / "california_prop99.csv"
    if not path.exists():
        pytest.skip(f"reference data are not at {path}")
    raw = pd.read_csv(path, sep=None, engine="python")
    start = raw.loc[raw["treated"] == 1].groupby("State")["Year"].min()
    return pd.DataFrame(
        {
            "unit": raw["State"],
            "period": raw["Year"],
            "y": raw["PacksPerCapita"],
            "cohort": raw["State"].map(start).astype(float),
        }
    )


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
