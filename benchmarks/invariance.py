"""How often the gate of measurement invariance decides wrongly.

Run ``python benchmarks/invariance.py 200``; the number is the worlds a row. A world has
branches with a real difference in satisfaction (up to 0.3 standard deviations), five items on
five steps made from one trait, and in every branch but the first two of the five items whose
intercepts are shifted by so many points. The gate is wrong when it refuses without a shift, and
when it passes with one. Seeds are fixed. ``python benchmarks/invariance.py 60 skewed`` sets the
gate that takes answers for normal and sheets for independent beside the one that scales its tests.
``python benchmarks/invariance.py 300 two`` (or ``many``) counts what the page says, "cannot tell"
included, for two (or many) groups whose sheets come from few or many sites.
"""

from __future__ import annotations

import sys
import time
from collections import Counter

import numpy as np
import pandas as pd

from analysis.measurement import measurement_invariance, moments
from analysis.measurement.comparability import answered
from analysis.measurement.robust import robust_moments

LOADINGS = np.array([0.8, 0.7, 0.9, 0.6, 0.75])
ITEMS = [f"q{k}" for k in range(1, 6)]
SHIFTED = [1, 3]
CASES = {
    "two": [(2, n, sites) for n in (400, 600, 1000) for sites in (0, 5, 10, 20, 30)],
    "many": [(4, 400, 0), (4, 1000, 20), (8, 400, 0), (8, 1000, 20), (15, 400, 0), (15, 1000, 20)],
}
"""Groups, sheets and sites of each."""


def world(branches: int, n: int, shift: float, rng: np.random.Generator) -> dict:
    """Moments of each branch's answers."""
    found = {}
    for branch in range(branches):
        trait = rng.normal(rng.uniform(0, 0.3) if branch else 0.0, 1.0, (n, 1))
        raw = 3.4 + trait * LOADINGS + rng.normal(0, 0.63, (n, 5))
        if branch:
            raw[:, SHIFTED] -= shift
        answers = pd.DataFrame(np.clip(np.rint(raw), 1, 5), columns=ITEMS)
        found[f"branch {branch}"] = moments(answers)
    return found


def row(branches: int, n: int, shift: float, worlds: int) -> tuple[Counter, float]:
    """Decisions over worlds, and seconds a world."""
    began = time.perf_counter()
    decisions = Counter()
    for seed in range(worlds):
        groups = world(branches, n, shift, np.random.default_rng([seed, branches, n]))
        found = measurement_invariance(groups, {"all": ITEMS})
        decisions["none" if found is None else found.decision] += 1
    return decisions, (time.perf_counter() - began) / worlds


def skewed(
    branches: int, n: int, shift: float, sites: int, seed: int, *, one: bool = False
) -> tuple[dict, dict]:
    """Moments with most answers at the top, taken for normal and as they are.

    Each branch has ``sites`` sites that share a tenth of the trait's variance and a twentieth of
    every item's own; 0 for none. Every branch but the first is shifted, or only ``one``.
    """
    rng = np.random.default_rng([seed, branches, n, sites])
    plain, robust = {}, {}
    for branch in range(branches):
        trait = rng.normal(rng.uniform(0, 0.3) if branch else 0.0, 1.0, (n, 1))
        own = rng.normal(0, 0.63, (n, 5))
        site = np.arange(n) % max(sites, 1)
        if sites:
            trait = np.sqrt(0.9) * trait + np.sqrt(0.1) * rng.normal(size=(sites, 1))[site]
            own = np.sqrt(0.95) * own + np.sqrt(0.05) * rng.normal(0, 0.63, (sites, 5))[site]
        raw = 4.7 + trait * LOADINGS + own
        if branch == 1 if one else branch:
            raw[:, SHIFTED] -= shift
        answers = pd.DataFrame(np.clip(np.rint(raw), 1, 5), columns=ITEMS)
        plain[f"branch {branch}"] = moments(answers)
        clusters = pd.Series(site) if sites else None
        robust[f"branch {branch}"] = robust_moments(answers, clusters)
    return plain, robust


def compare(worlds: int) -> None:
    """Print wrong decisions under skewed and clustered answers, plain and scaled."""
    print(
        "| branches | sheets each | sites each | shift, points | passed: plain | passed: scaled |"
    )
    print("|---|---|---|---|---|---|")
    for branches, n, sites in ((2, 100, 0), (2, 200, 0), (2, 400, 0), (2, 400, 10)):
        for shift in (0.0, 0.2):
            passed = np.zeros(2)
            for seed in range(worlds):
                for k, groups in enumerate(skewed(branches, n, shift, sites, seed)):
                    found = measurement_invariance(groups, {"all": ITEMS})
                    passed[k] += found is not None and found.comparable
            told = " | ".join(f"{share:.3f}" for share in passed / worlds)
            print(f"| {branches} | {n} | {sites or '—'} | {shift:g} | {told} |", flush=True)


def answers(worlds: int, cases: list[tuple[int, int, int]]) -> None:
    """Print what the page would say of groups, with and without a shift."""
    print("| groups | sheets each | sites each | shifted | yes | cannot tell | no |")
    print("|---|---|---|---|---|---|---|")
    for groups, n, sites in cases:
        shifts = [(0.0, False), (0.2, False)] + [(0.2, True), (0.4, True)] * (groups > 2)
        for shift, one in shifts:
            told = Counter()
            for seed in range(1000, 1000 + worlds):
                data = skewed(groups, n, shift, sites, seed, one=one)[1]
                found = measurement_invariance(data, {"all": ITEMS})
                said = "none" if found is None else answered(found, 4.0)
                told["cannot_tell" if said.startswith("cannot_tell") else said] += 1
            yes, open_ = told["scalar"] / worlds, told["cannot_tell"] / worlds
            whom = f"{shift:g} in {'one' if one else 'all others'}" if shift else "—"
            print(
                f"| {groups} | {n} | {sites or '—'} | {whom} | {yes:.3f} | {open_:.3f} "
                f"| {1 - yes - open_:.3f} |",
                flush=True,
            )


def main() -> None:
    if sys.argv[2:] == ["skewed"]:
        compare(int(sys.argv[1]))
        return
    if sys.argv[2:] and sys.argv[2] in CASES:
        answers(int(sys.argv[1]), CASES[sys.argv[2]])
        return
    worlds = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print("| branches | sheets each | shift, points | passed | refused | partial | ms a world |")
    print("|---|---|---|---|---|---|---|")
    for branches, n in ((2, 200), (2, 400), (2, 1000), (8, 400)):
        for shift in (0.0, 0.2, 0.4, 0.6):
            decisions, seconds = row(branches, n, shift, worlds)
            passed, partial = decisions["scalar"] / worlds, decisions["partial_scalar"] / worlds
            print(
                f"| {branches} | {n} | {shift:g} | {passed:.3f} | {1 - passed:.3f} "
                f"| {partial:.3f} | {1000 * seconds:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
