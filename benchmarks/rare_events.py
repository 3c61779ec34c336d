"""How often the check of rare complaints stands at caution where nothing changes.

Sites whose rare complaints come at the same rate for two years before training and one year
after, looked at each month of that year; rates of months are constant, vary by a third, each
month by itself or like its neighbours, or vary together at all sites. Where there are twelve
sites, once more with the rate of one of them doubled after training.

    python benchmarks/rare_events.py --worlds 200
"""

from __future__ import annotations

import argparse
import datetime as dt
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import pandas as pd

from analysis.monitoring import assess_rare

START, MONTHS = dt.date(2024, 1, 1), 36
EDGES = pd.date_range("2022-01-01", periods=MONTHS + 1, freq="MS", tz="UTC")
BEFORE = 24
WORLDS = {
    "constant": (0.0, 0.0, False),
    "months vary by a third": (1 / 3, 0.0, False),
    "and resemble their neighbours (.6)": (1 / 3, 0.6, False),
    "months vary by a third, at all sites alike": (1 / 3, 0.0, True),
}
"""Standard deviation of a month's rate, resemblance of neighbours, whether sites share it."""


def rates(shape: tuple[int, int], spread: float, alike: float, rng) -> np.ndarray:
    """Draw log-normal rates about 1, one row per site."""
    z = rng.standard_normal(shape)
    for t in range(1, shape[1]):
        z[:, t] = alike * z[:, t - 1] + np.sqrt(1 - alike**2) * z[:, t]
    log = np.sqrt(np.log1p(spread**2))
    return np.exp(log * z - log**2 / 2)


def programme(sites: int, a_month: float, world: str, seed: int, factor: float) -> pd.DataFrame:
    """Draw the tickets of one programme; the first site's rate changes by ``factor`` after it."""
    rng = np.random.default_rng(seed)
    spread, alike, shared = WORLDS[world]
    level = a_month * rates((1 if shared else sites, MONTHS), spread, alike, rng)
    level = np.broadcast_to(level, (sites, MONTHS)).copy()
    level[0, BEFORE:] *= factor
    frames = []
    for site, row in enumerate(level):
        counts = rng.poisson(row)
        month = np.repeat(np.arange(MONTHS), counts)
        days = (EDGES[1:] - EDGES[:-1]) / pd.Timedelta(days=1)
        at = EDGES[month] + pd.to_timedelta(rng.random(month.size) * days[month], unit="D")
        frames.append(pd.DataFrame({"site_id": f"s{site:02d}", "opened_at": at}))
    return pd.concat(frames, ignore_index=True).assign(kind="complaint")


def looks(sites: int, a_month: float, world: str, factor: float, seed: int) -> np.ndarray:
    """Return for each look of the year whether any site, and whether the first, is at caution."""
    tickets = programme(sites, a_month, world, seed, factor)
    found = []
    for month in range(BEFORE + 1, MONTHS + 1):
        until = EDGES[month] - pd.Timedelta(days=1)
        seen = tickets[tickets["opened_at"] < EDGES[month]]
        results = assess_rare(seen, start=START, timezone="UTC", until=until.date())
        if not results.checks:
            found.append((False, False))
            continue
        table = results.table("rare_signals").set_index("subject")["worse"]
        found.append((bool(table.any()), bool(table.get("s00", False))))
    return np.array(found)


def main() -> None:
    """Print one row per world."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--worlds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    seeds = range(chosen.seed, chosen.seed + chosen.worlds)
    print("| sites, a month | rates | looks at caution | years | doubled site found in the year |")
    print("|---|---|---|---|---|")
    with ProcessPoolExecutor(chosen.workers) as pool:
        for sites, a_month in ((40, 1.5), (12, 8.0)):
            for world in WORLDS:
                alone = np.array(list(pool.map(partial(looks, sites, a_month, world, 1.0), seeds)))
                found = "–"
                if sites == 12:
                    twice = list(pool.map(partial(looks, sites, a_month, world, 2.0), seeds))
                    found = f"{np.array(twice)[:, :, 1].any(axis=1).mean():.0%}"
                years = alone[:, :, 0].any(axis=1).mean()
                error = 1.96 * np.sqrt(years * (1 - years) / len(seeds))
                print(
                    f"| {sites}, {a_month:g} | {world} | {alone[:, :, 0].mean():.1%} | "
                    f"{years:.1%} ± {error:.1%} | {found} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
