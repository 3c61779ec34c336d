"""How many steady sites signal within a year of limits that come from few months.

    python benchmarks/limits.py [SITES]

Sites in which nothing happens: normal months, independent or autoregressive (.5). Limits from so
many months before training, then twelve months looked at. *Plain*: three standard deviations, or
eight in a row on one side, with centre and spread taken for certain. *Carried*: as
:mod:`analysis.monitoring.control_charts.limits` sets width and run for so few months. *Promised* is
what the plain rules do when centre and spread are known. Beside it the share found within a year of
a lasting fall of three standard deviations. Printed as a Markdown table.
"""

from __future__ import annotations

import sys

import numpy as np

from analysis.monitoring.control_charts.limits import D2, YEAR, limit_width, run_needed
from analysis.monitoring.control_charts.run_rules import in_a_row

ALIKE = (0.0, 0.5)


def steady(sites: int, base: int, alike: float, seed: int) -> np.ndarray:
    """Draw standard normal months of sites, neighbours correlated by ``alike``."""
    z = np.random.default_rng(seed).standard_normal((sites, base + YEAR))
    for t in range(1, z.shape[1]):
        z[:, t] = alike * z[:, t - 1] + np.sqrt(1 - alike**2) * z[:, t]
    return z


def signalled(z: np.ndarray, base: int, width: float, run: int, *, own: bool) -> float:
    """Share of sites with a signal after the first ``base`` months."""
    before = z[:, :base]
    spread = np.abs(np.diff(before, axis=1)).mean(axis=1) / D2 if own else np.ones(len(z))
    far = (z - before.mean(axis=1, keepdims=True)) / spread[:, None]
    hit = (np.abs(far) > width) | in_a_row(far, run)
    return float(hit[:, base:].any(axis=1).mean())


def main(sites: int) -> None:
    print(f"{sites} sites a row; Monte-Carlo error of 8 %: ±{np.sqrt(0.08 * 0.92 / sites):.3f}\n")
    print(
        "| months before | spread | months alike | plain | carried | width | run | a fall found |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for base in (8, 12, 24, 36):
        for own in (True, False):
            for alike in ALIKE:
                z = steady(sites, base, alike, seed=base)
                width, run = limit_width(base, alike, own_spread=own), run_needed(base, alike)
                fallen = z - 3 * (np.arange(z.shape[1]) >= base)
                cells = [
                    signalled(z, base, 3.0, 8, own=own),
                    signalled(z, base, width, run, own=own),
                ]
                found = signalled(fallen, base, width, run, own=own)
                print(
                    f"| {base} | {'of these months' if own else 'of chance'} | {alike:g} |"
                    f" {cells[0]:.3f} | {cells[1]:.3f} | {width:.2f} | {run} | {found:.2f} |",
                    flush=True,
                )
    known = steady(sites, 1000, 0.0, seed=1)
    promised = signalled(known, 1000, 3.0, 8, own=True)
    print(f"\npromised, centre and spread known: {promised:.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
