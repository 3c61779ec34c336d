"""Power of a comparison of changes: closed form, simulation and statsmodels side by side.

    python benchmarks/power.py [draws]

statsmodels knows the two-sample t test. A roll-out in one wave whose months are unrelated, with
one month before and one after, is that test on differences, whose standard deviation is the
monthly one times the root of two. Where months resemble each other no closed form of a library
applies; the row then shows what the formula claims and what the simulation finds.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator

from statsmodels.stats.power import FTestAnovaPower, TTestIndPower

from analysis.design.power import ErrorModel, RollOut, closed_form, simulate_null, simulated

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
        null = simulate_null(plan, errors, draws=draws, seed=1)
        for effect in EFFECTS:
            yield (
                trained,
                never,
                effect,
                closed_form(plan, errors, effect),
                simulated(null, plan, effect),
                by_library(trained, never, effect),
                by_f_test(trained, never, effect),
            )


def correlated(draws: int) -> Iterator[tuple]:
    """Yield base, autocorrelation, and power of one effect by formula and simulation."""
    starts = tuple([12] * 8 + [15] * 8 + [18] * 8)
    for base in ("all_before", "month_before"):
        plan = RollOut(starts, 12, 30, base=base)
        effect = 0.05 if base == "all_before" else 0.12
        for phi in (0.0, 0.3, 0.6, 0.8):
            errors = ErrorModel(SD, phi, 0.0)
            null = simulate_null(plan, errors, draws=draws, seed=2)
            formula = closed_form(plan, errors, effect)
            yield base, phi, effect, formula, simulated(null, plan, effect)


def main() -> None:
    """Print both tables as Markdown."""
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
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
