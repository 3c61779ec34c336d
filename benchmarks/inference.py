"""How often each kind of inference finds an effect that is not there, by number of treated sites.

    python benchmarks/inference.py [WORLDS]

Worlds without effect: 40 sites × 18 months, one wave in month 10 (with 12 treated sites and more:
three waves), site and month effects, monthly shocks with autocorrelation 0.5. The overall effect is
tested at a nominal 5 % in each world

* by the clustered standard error and the normal distribution, as most software does it;
* by the influence function with small-sample factor and Satterthwaite's degrees of freedom, as
  :func:`analysis.causal.evaluate` does it where the rule lets it lead;
* by the wild cluster bootstrap with the null imposed;
* by randomisation inference.

Shares of rejections are printed as a Markdown table with their Monte-Carlo error.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.causal import Options, aggregate, group_time, prepare
from analysis.causal.evaluation.estimates import Builder

SITES, MONTHS, FIRST = 40, 18, 24276
TREATED = (1, 2, 3, 4, 6, 10, 20)
LEADS = ("influence_function", "wild_bootstrap", "randomisation")
SIZE = 0.05


def template(treated: int):
    """Prepare a panel whose outcome is replaced in each world."""
    starts = np.full(SITES, np.nan)
    starts[:treated] = 10 + (2 * (np.arange(treated) % 3) if treated >= 12 else 0)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "unit": np.repeat([f"s{i:02d}" for i in range(SITES)], MONTHS),
            "period": np.tile(FIRST + np.arange(MONTHS), SITES),
            "y": rng.normal(size=SITES * MONTHS),
            "cohort": np.repeat(FIRST + starts, MONTHS),
        }
    )
    return prepare(frame)


def outcome(seed: int) -> np.ndarray:
    """Draw (SITES, MONTHS) outcomes of a training that changes nothing."""
    rng = np.random.default_rng(seed)
    shock = rng.normal(0, 0.1, (SITES, MONTHS))
    for t in range(1, MONTHS):
        shock[:, t] = 0.5 * shock[:, t - 1] + np.sqrt(0.75) * shock[:, t]
    return 4 + rng.normal(0, 0.3, (SITES, 1)) + rng.normal(0, 0.1, MONTHS) + shock


def rejections(treated: int, worlds: int) -> dict[str, float]:
    """Share of worlds in which each test rejects the true null."""
    panel = template(treated)
    found = dict.fromkeys(("clustered, normal", *LEADS), 0)
    for seed in range(worlds):
        effects = group_time(replace(panel, y=outcome(seed)))
        simple = aggregate(effects, "simple")
        t_statistic = simple.att[0] / simple.se(panel.cluster)[0]
        found["clustered, normal"] += abs(t_statistic) > 1.959964
        for lead in LEADS:
            options = Options(draws=399, seed=seed, inference=lead)
            estimate = Builder(effects, "csat_mean", "score_1_5", options).overall(simple)[0]
            found[lead] += estimate.p_value is not None and estimate.p_value <= SIZE
    return {name: count / worlds for name, count in found.items()}


def main(worlds: int) -> None:
    error = np.sqrt(SIZE * (1 - SIZE) / worlds)
    print(
        f"{SITES} sites, {worlds} worlds a row; Monte-Carlo error of a size of 5 %: ±{error:.3f}\n"
    )
    print("| treated | clustered, normal | influence function | wild bootstrap | randomisation |")
    print("|---|---|---|---|---|")
    for treated in TREATED:
        shares = rejections(treated, worlds).values()
        print(f"| {treated} | " + " | ".join(f"{share:.3f}" for share in shares) + " |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
