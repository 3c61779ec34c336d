"""How long each run rule of control charts runs before it rings by chance, and how soon it sees.

    python benchmarks/run_lengths.py [CHARTS]

Independent normal points. Mean run lengths in control and after a shift of one standard deviation:
run rules by simulation beside Champ & Woodall (1987), EWMA and CUSUM by a Markov chain beside
Lucas & Saccucci (1990) and Lucas & Crosier (1982). Printed as Markdown tables.
"""

from __future__ import annotations

import sys

from analysis.monitoring.control_charts.run_rules import (
    NELSON,
    PUBLISHED_RUN_LENGTHS,
    RULES,
    run_length,
)
from analysis.monitoring.control_charts.time_weighted import (
    PUBLISHED_CUSUM,
    PUBLISHED_EWMA,
    cusum_run_length,
    ewma_run_length,
)


def rule_rows(charts: int) -> list[str]:
    """Rows of the table of run rules: single rules, then the combinations that are published."""
    single = [(name,) for name in RULES if (name,) not in PUBLISHED_RUN_LENGTHS]
    rows = []
    for rules in [*single, *PUBLISHED_RUN_LENGTHS, NELSON]:
        still = run_length(rules, replications=charts, seed=1)
        shifted = run_length(rules, shift=1.0, replications=charts, seed=2)
        published = PUBLISHED_RUN_LENGTHS.get(rules)
        name = "all of Nelson's" if rules == NELSON else " + ".join(rules)
        chance = f"{still.mean:.1f} ± {still.se:.1f}"
        rows.append(f"| {name} | {published or ''} | {chance} | {shifted.mean:.1f} |")
    return rows


def chain_rows() -> list[str]:
    """Rows of the table of time-weighted charts."""
    rows = []
    for name, published, length in (
        ("EWMA", PUBLISHED_EWMA, ewma_run_length),
        ("CUSUM", PUBLISHED_CUSUM, cusum_run_length),
    ):
        for design, (still, shifted) in published.items():
            rows.append(
                f"| {name} {design[0]:g}, {design[1]:g} | {still:g} | {length(*design):.1f} |"
                f" {shifted:g} | {length(*design, 1.0):.2f} |"
            )
    return rows


def main(charts: int) -> None:
    print(f"{charts} charts a row\n")
    print("| rules | published | in control | after one sigma |\n|---|---|---|---|")
    for row in rule_rows(charts):
        print(row, flush=True)
    print("\n| chart | published | in control | published | after one sigma |")
    print("|---|---|---|---|---|")
    print("\n".join(chain_rows()))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
