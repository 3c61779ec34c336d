"""What parallel trends can give at best: power of an estimator that knows every variance.

    python benchmarks/oracle.py [--sites 40] [--waves 2] [--icc 0.2] [--worlds 20000]

Designs, effect and noise are those of ``benchmarks/monte_carlo.py`` without gaps (the even ones).
Standard errors follow from the true covariance of a site's months, so that nothing is drawn:

* *month before*, *all months before*: the leading estimator from either base;
* *imputation*: least squares with site and month effects and a coefficient per wave and month;
* *best*: the same by generalised least squares, the best linear unbiased estimator of the effect
  where any level of a site and any common month are allowed (Gauss-Markov, Aitken).

Power of a two-sided 5 % test with the normal critical value, and with that of t where the variance
is estimated: Satterthwaite's degrees of freedom of the difference in differences. *Found*: share of
worlds whose leading interval, where sites were chosen, excludes zero
(:func:`analysis.causal.plan_test`, which has it for many worlds at once); *size*: without effect.
Seeds from 900,000 on, on which nothing was chosen.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parent))

from lottery import weights
from monte_carlo import (
    ANSWER_SD,
    LEVEL,
    MEAN_EFFECT,
    MONTHS,
    SIZE,
    Design,
    designs,
    template,
    true_effect,
    untreated_outcome,
)

from analysis.causal import plan_test
from analysis.causal.panel.frame import Prepared

ANSWERS = 20
FRESH = 900_000
BASES = {"month before": "month_before", "all months before": "all_before"}


def covariance(design: Design) -> np.ndarray:
    """(MONTHS, MONTHS) covariance of a site's months, without its level, which no trend moves."""
    months = np.arange(MONTHS)
    shocks = 0.5 ** np.abs(months[:, None] - months)
    noise = (1 - design.icc) / ANSWERS * np.eye(MONTHS)
    return ANSWER_SD**2 * (design.icc / 2 * shocks + noise)


def two_way(panel: Prepared, inverse: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N, T, P) regressors by site, and (P,) coefficients of the effect by weighted least squares.

    ``inverse`` are the weights of a site's months; the effect is ``solution @ rows' inverse y``.
    """
    sites = len(panel.units)
    cells = sorted({(g, t) for g in panel.cohorts for t in range(int(g), MONTHS)})
    rows = np.zeros((sites, MONTHS, sites + MONTHS - 1 + len(cells)))
    rows[np.arange(sites), :, np.arange(sites)] = 1
    rows[:, 1:, sites : sites + MONTHS - 1] = np.eye(MONTHS - 1)
    asked = np.zeros(rows.shape[2])
    for k, (g, t) in enumerate(cells, start=sites + MONTHS - 1):
        rows[panel.cohort == g, t, k] = 1
        asked[k] = (panel.cohort == g).sum() / panel.treated.sum()
    normal = np.einsum("ntp,ts,nsq->pq", rows, inverse, rows, optimize=True)
    return rows, np.linalg.solve(normal, asked)


def standard_errors(design: Design) -> dict[str, float]:
    """Return the true standard error of the overall effect by estimator."""
    panel, of_months = template(design), covariance(design)
    place = np.unique(panel.cohort, return_inverse=True)[1]
    by_site = {}
    for name, base in (("month before", "universal"), ("all months before", "all_before")):
        after, before = weights(panel, base)
        by_site[name] = (after - before)[place]
    for name, inverse in (("imputation", np.eye(MONTHS)), ("best", np.linalg.inv(of_months))):
        rows, solution = two_way(panel, inverse)
        by_site[name] = (rows @ solution) @ inverse
    return {
        name: float(np.sqrt(np.einsum("nt,ts,ns->", omega, of_months, omega)))
        for name, omega in by_site.items()
    }


def degrees(design: Design) -> float:
    """Satterthwaite's degrees of freedom where every trained site counts alike, and every other."""
    _, sizes = np.unique(design.cohorts(), return_counts=True)
    part = np.append(sizes[:-1] / design.treated**2, 1 / sizes[-1])
    return float(part.sum() ** 2 / (part**2 / (sizes - 1)).sum())


def found(design: Design, worlds: int) -> dict[str, tuple[float, float]]:
    """Share of worlds with and without effect in which the leading interval excludes zero."""
    panel = template(design)
    order = np.argsort(panel.cohort, kind="stable")
    starts = panel.cohort[order[: design.treated]].astype(int)
    truth = true_effect(panel, "growing")[order]
    y = np.stack([untreated_outcome(design, seed) for seed in range(FRESH, FRESH + worlds)])
    shares = {}
    for name, base in BASES.items():
        test = plan_test(tuple(starts), design.sites - design.treated, MONTHS, base=base)
        each = []
        for values in (y[:, order] + truth, y[:, order]):
            low, high = test.intervals(values, level=LEVEL, draws=399)
            each.append(float(((low > 0) | (high < 0)).mean()))
        shares[name] = each[0], each[1]
    return shares


def main(sites: list[int], waves: list[int], icc: list[float], worlds: int) -> None:
    """Print a line per design and estimator."""
    print("| sites | trained | waves | ICC | estimator | error | normal | t | found | size |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for design in designs():
        if not (design.even and design.sites in sites and design.waves in waves):
            continue
        if design.icc not in icc:
            continue
        df, shares = degrees(design), found(design, worlds)
        for name, error in standard_errors(design).items():
            z, ends = MEAN_EFFECT / error, (1 - SIZE / 2)
            critical, quantile = stats.norm.ppf(ends), stats.t.ppf(ends, df)
            normal = stats.norm.sf(critical - z) + stats.norm.cdf(-critical - z)
            of_t = stats.nct.sf(quantile, df, z) + stats.nct.cdf(-quantile, df, z)
            measured = " | ".join(f"{share:.3f}" for share in shares.get(name, ())) or "– | –"
            told = f"{name} | {error:.4f} | {normal:.3f} | {of_t:.3f} | {measured}"
            print(f"| {design.sites} | {design.treated} | {design.waves} | {design.icc} | {told} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sites", type=int, nargs="+", default=[40])
    parser.add_argument("--waves", type=int, nargs="+", default=[2, 5])
    parser.add_argument("--icc", type=float, nargs="+", default=[0.2])
    parser.add_argument("--worlds", type=int, default=20_000)
    asked = parser.parse_args()
    main(asked.sites, asked.waves, asked.icc, asked.worlds)
