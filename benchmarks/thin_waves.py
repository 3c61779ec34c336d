"""Size where late months, small waves or unequal noise leave few sites to judge by.

Worlds without effect: site and month effects, shocks with autocorrelation 0.5. Prints, by roll-out,
how often the leading interval, the joint test before the start and the smoothness bound at M = 0
reject what is true.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.causal import FrameError, Options, evaluate, event_moments, smoothness
from analysis.causal.evaluation.evaluate import lead, prepared


@dataclass(frozen=True, slots=True)
class Rollout:
    """Waves' sizes and first months, sites never trained, months."""

    sizes: tuple[int, ...]
    starts: tuple[int, ...]
    never: int
    months: int


ROLLOUTS = {
    "never_1": Rollout((15, 15, 14), (5, 8, 11), 1, 20),
    "never_2": Rollout((15, 15, 14), (5, 8, 11), 2, 20),
    "never_4": Rollout((15, 15, 14), (5, 8, 11), 4, 20),
    "late_1": Rollout((13, 8, 14, 1), (5, 7, 10, 11), 24, 12),
    "late_2": Rollout((13, 8, 14, 2), (5, 7, 10, 11), 24, 12),
    "small": Rollout((4, 3, 3, 3), (5, 7, 9, 11), 20, 14),
    "three": Rollout((14, 13, 13), (7, 9, 11), 20, 18),
    "large": Rollout((30, 30), (10, 14), 40, 24),
    "four_two": Rollout((4, 2), (10, 12), 18, 24),
    "six": Rollout((6,), (10,), 18, 24),
}
ASKED = {
    "overall": ("never_1", "never_2", "never_4"),
    "noise": ("four_two", "six"),
    "joint": ("late_1", "late_2", "small", "three"),
    "smoothness": ("late_1", "late_2", "never_1", "three", "large"),
}


def worlds(rollout: Rollout, number: int, spread: float) -> Iterator[tuple[int, pd.DataFrame]]:
    """Yield seeds and frames; trained sites' shocks have ``spread`` times the deviation."""
    cohort = np.repeat([*rollout.starts, np.nan], [*rollout.sizes, rollout.never])
    n_sites, months = len(cohort), rollout.months
    frame = pd.DataFrame(
        {
            "unit": np.repeat([f"s{i:03d}" for i in range(n_sites)], months),
            "period": np.tile(np.arange(1, months + 1), n_sites),
            "cohort": np.repeat(cohort, months),
        }
    )
    louder = np.where(np.isnan(cohort), 1.0, spread)
    for seed in range(number):
        rng = np.random.default_rng(seed)
        shock = rng.normal(size=(n_sites, months))
        for t in range(1, months):
            shock[:, t] = 0.5 * shock[:, t - 1] + np.sqrt(0.75) * shock[:, t]
        y = rng.normal(size=(n_sites, 1)) + rng.normal(size=months) + shock * louder[:, None]
        yield seed, frame.assign(y=y.ravel())


def overall(frame: pd.DataFrame, options: Options) -> bool:
    """Whether the leading interval excludes no effect."""
    builder, parts = lead(
        prepared(frame, options), options, outcome="x", unit="u", kinds=("simple",)
    )
    return builder.effect(parts["simple"], 0, "att_overall", "x", {})[0].p_value <= 0.05


def before(frame: pd.DataFrame, options: Options, *, bound: bool) -> bool | None:
    """Whether the joint test rejects, or the bound at M = 0 misses; None without an answer."""
    options = replace(
        options, alternatives=(), horizons=(1,), inference="influence_function", draws=199
    )
    found = evaluate(frame, outcome="x", unit="u", options=options)
    if not bound:
        check = next(c for c in found.checks() if c.id.endswith(".pretrend"))
        return None if check.value is None else check.value < check.threshold
    try:
        ends = smoothness(event_moments(found, 1), 0.0)
    except FrameError:
        return None
    return None if ends is None else not ends[0] <= 0 <= ends[1]


def main() -> None:
    """Print a line a roll-out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("asked", choices=ASKED)
    parser.add_argument("--worlds", type=int, default=1000)
    chosen = parser.parse_args()
    noise = chosen.asked == "noise"
    methods = ("wild_bootstrap", "influence_function", "randomisation") if noise else (None,)
    for name in ASKED[chosen.asked]:
        for method in methods:
            found = []
            for seed, frame in worlds(ROLLOUTS[name], chosen.worlds, 2.0 if noise else 1.0):
                if chosen.asked in ("overall", "noise"):
                    settings = (
                        {"draws": 399, "seed": seed}
                        if noise
                        else {"draws": 199, "seed": seed + 10**6}
                    )
                    found.append(overall(frame, Options(inference=method, **settings)))
                else:
                    options = Options(seed=seed + 10**6)
                    found.append(before(frame, options, bound=chosen.asked == "smoothness"))
            known = [item for item in found if item is not None]
            share = np.mean(known) if known else float("nan")
            print(f"{name:10s} {method or 'rule':20s} {share:.3f} of {len(known)}", flush=True)


if __name__ == "__main__":
    main()
