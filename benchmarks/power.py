"""Power of a comparison of changes: closed form, simulation and statsmodels side by side.

    python benchmarks/power.py [--draws 20000]
    python benchmarks/power.py --rule [--worlds 2000]

statsmodels knows the two-sample t test. A roll-out in one wave whose months are unrelated, with
one month before and one after, is that test on differences, whose standard deviation is the
monthly one times the root of two. Where months resemble each other no closed form of a library
applies; the row then shows what the formula claims and what the simulation finds.

``--rule``: power as it is said before a roll-out against how often the leading estimate finds the
effect. Worlds have site effects, shocks with autocorrelation 0.5 and sampling noise. *Real*: share
of fresh worlds whose leading interval excludes zero. *Said*: by the rule that will lead, with the
variances known; and as clients say it, who estimate the variances from their own months before
(median, and the middle 80 % of clients). *t test*: the clustered t test whatever leads, which is
what was said before the rule was asked.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from statsmodels.stats.power import FTestAnovaPower, TTestIndPower

from analysis.design.power import ErrorModel, RollOut, closed_form, estimate_errors, simulate
from analysis.workspace.inputs.detectable import judged

EFFECTS = (0.08, 0.12, 0.16)
SIZES = ((12, 12), (24, 12), (40, 20))
SD = 0.12


def one_wave(trained: int, never: int) -> RollOut:
    """Return a roll-out in one wave, a month before and a month after."""
    return RollOut((1,) * trained, never, 2, window=1)


def by_library(trained: int, never: int, effect: float) -> float:
    """Power of the two-sample t test on differences of two unrelated months."""
    return float(
        TTestIndPower().power(effect / (SD * math.sqrt(2)), trained, 0.05, ratio=never / trained)
    )


def by_f_test(trained: int, never: int, effect: float) -> float | None:
    """Power of the F test of two equal groups, the same test squared; None for unequal ones."""
    if trained != never:
        return None
    size = effect / (2 * SD * math.sqrt(2))
    return float(FTestAnovaPower().power(size, trained + never, 0.05, k_groups=2))


def comparable(draws: int) -> Iterator[tuple]:
    """Yield trained, never, effect, and power by formula, simulation, t test and F test."""
    errors = ErrorModel(SD, 0.0, 0.0)
    for trained, never in SIZES:
        plan = one_wave(trained, never)
        null = simulate(plan, errors, draws=draws, seed=1)
        for effect in EFFECTS:
            yield (
                trained,
                never,
                effect,
                closed_form(plan, errors, effect),
                null.power(effect),
                by_library(trained, never, effect),
                by_f_test(trained, never, effect),
            )


def correlated(draws: int) -> Iterator[tuple]:
    """Yield base, autocorrelation, and power of one effect by formula and simulation."""
    starts = tuple([12] * 8 + [15] * 8 + [18] * 8)
    for base in ("all_before", "month_before"):
        plan = RollOut(starts, 12, 30, window=12, base=base)
        effect = 0.05 if base == "all_before" else 0.12
        for phi in (0.0, 0.3, 0.6, 0.8):
            errors = ErrorModel(SD, phi, 0.0)
            null = simulate(plan, errors, draws=draws, seed=2)
            formula = closed_form(plan, errors, effect)
            yield base, phi, effect, formula, null.power(effect)


class Design(NamedTuple):
    """A roll-out and an effect that it finds about half the time."""

    plan: RollOut
    effect: float


def _waves(sizes: tuple[int, ...], never: int, months: int, **leads) -> RollOut:
    starts = [10 + 2 * wave for wave, size in enumerate(sizes) for _ in range(size)]
    return RollOut(tuple(starts), never, months, **leads)


ALL, MONTH = {"base": "all_before"}, {"base": "month_before"}
SHIFTED = RollOut((10,) * 7 + (16,) * 7, 0, 22, **ALL)
THREE = RollOut((10,) * 10 + (14,) * 10 + (18,) * 10, 0, 22, **ALL)
DESIGNS = {
    "5 / 5, one wave": Design(_waves((5,), 5, 22, **ALL), 0.14),
    "6 / 8, one wave": Design(_waves((6,), 8, 22, **ALL), 0.12),
    "3 / 9, one wave": Design(_waves((3,), 9, 22, **ALL), 0.14),
    "5 waves of one / 9": Design(_waves((1,) * 5, 9, 22, **ALL), 0.12),
    "8 waves of one / 12": Design(_waves((1,) * 8, 12, 28, **ALL), 0.10),
    "4 waves of two / 10": Design(_waves((2,) * 4, 10, 22, **ALL), 0.10),
    "12 + 12 / 12": Design(_waves((12, 12), 12, 22, **ALL), 0.07),
    "8 + 8 + 8 / 12, month before": Design(_waves((8, 8, 8), 12, 22, **MONTH), 0.11),
    "24 / 24, one wave": Design(_waves((24,), 24, 22, **ALL), 0.05),
    "16 + 16 + 16 / 24": Design(_waves((16, 16, 16), 24, 22, **ALL), 0.045),
    "6 / 8 by lot": Design(_waves((6,), 8, 22, **ALL, by_lot=True), 0.12),
    "24 / 24 by lot": Design(_waves((24,), 24, 22, **ALL, by_lot=True), 0.05),
    "7, then 7 / 0": Design(SHIFTED, 0.12),
    "7, then 7 / 0, by lot": Design(replace(SHIFTED, by_lot=True), 0.12),
    "3 waves of ten / 0, by lot": Design(replace(THREE, by_lot=True), 0.07),
}
TRUE = ErrorModel(SD, 0.5, 0.06, site_sd=0.2)
CLIENTS, OF_A_CLIENT, FRESH = 40, 200, 900_000


def said_by_clients(design: Design) -> np.ndarray:
    """Power at the effect as clients say it who estimate the variances from their own months."""
    plan, said = design.plan, []
    sites, first = len(plan.starts) + plan.n_never, min(plan.starts)
    for seed in range(CLIENTS):
        rng = np.random.default_rng(FRESH + seed)
        y = rng.standard_normal((sites, first))
        for t in range(1, first):
            y[:, t] = TRUE.autocorrelation * y[:, t - 1] + y[:, t] * math.sqrt(0.75)
        y = SD * y + TRUE.sampling_sd * rng.standard_normal(y.shape)
        y = y + TRUE.site_sd * rng.standard_normal((sites, 1))
        before = pd.DataFrame(
            {
                "unit": np.repeat(np.arange(sites), first),
                "period": np.tile(np.arange(first), sites),
                "y": y.ravel(),
            }
        )
        errors = estimate_errors(before)
        null = simulate(plan, errors, draws=OF_A_CLIENT, seed=seed, judge=judged)
        said.append(null.power(design.effect))
    return np.array(said)


def by_rule(worlds: int, names: Iterable[str]) -> Iterator[tuple]:
    """Yield name, what leads, size, effect, real power, and power as said in three ways."""
    for name in names:
        design = DESIGNS[name]
        plan, test = design.plan, judged(design.plan)
        fresh = [
            simulate(plan, TRUE, draws=min(400, worlds), seed=FRESH + k, judge=judged)
            for k in range(max(1, worlds // 400))
        ]
        size, real = (
            float(np.mean([null.power(effect) for null in fresh])) for effect in (0, design.effect)
        )
        said = simulate(plan, TRUE, seed=1, judge=judged).power(design.effect)
        naive = simulate(plan, TRUE, seed=1).power(design.effect)
        yield name, test.lead, size, design.effect, real, said, said_by_clients(design), naive


def print_rule(worlds: int, names: Iterable[str]) -> None:
    """Print the table of what is said and what is real."""
    print("| design | leads | size | effect | real | said | said by clients | t test |")
    print("|---|---|---|---|---|---|---|---|")
    for name, lead, size, effect, real, said, clients, naive in by_rule(worlds, names):
        low, middle, high = np.quantile(clients, (0.1, 0.5, 0.9))
        print(
            f"| {name} | {lead.replace('_', ' ')} | {size:.3f} | {effect:g} | {real:.2f} |"
            f" {said:.2f} | {middle:.2f} ({low:.2f}–{high:.2f}) | {naive:.2f} |",
            flush=True,
        )


def main() -> None:
    """Print the tables as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=20_000)
    parser.add_argument("--worlds", type=int, default=2000)
    parser.add_argument("--rule", action="store_true")
    parser.add_argument("--only", nargs="+", default=tuple(DESIGNS), choices=tuple(DESIGNS))
    chosen = parser.parse_args()
    if chosen.rule:
        print_rule(chosen.worlds, chosen.only)
        return
    draws = chosen.draws
    print("| trained | never | effect | formula | simulation | t test | F test |")
    print("|---|---|---|---|---|---|---|")
    for trained, never, effect, *powers in comparable(draws):
        cells = " | ".join("–" if power is None else f"{power:.3f}" for power in powers)
        print(f"| {trained} | {never} | {effect:.2f} | {cells} |")
    print()
    print("| base | autocorrelation | effect | formula | simulation |")
    print("|---|---|---|---|---|")
    for base, phi, effect, formula, simulation in correlated(draws):
        name = base.replace("_", " ")
        print(f"| {name} | {phi:.1f} | {effect:.2f} | {formula:.3f} | {simulation:.3f} |")


if __name__ == "__main__":
    main()
