"""What a lottery buys: size, power and width of interval, a thousand worlds and more at a time.

    python benchmarks/lottery.py [--worlds 5000] [--first 800000] [--shocks louder heavy_louder]

Writes ``benchmarks/results/lottery.csv``; ``benchmarks/tables.py`` puts it into
``docs/methods/estimators.md``. Worlds, effects and designs are those of
``benchmarks/monte_carlo.py`` without gaps (the even ones), and worlds whose shocks have heavy
tails, whose sites grow noisier by training, or whose trained sites are noisier all along
(``benchmarks/leaders.py``). ``--shocks`` measures those named alone, from the seed ``--first`` on,
and replaces their stored rows. A draw of the waves is a set of
weights on site-months, so that all worlds go through all draws in one product of matrices; a test
holds that the p-values are those of :func:`analysis.causal.evaluate`.

Three estimators in the same worlds, each by randomisation inference with the same 399 draws:
``before`` (difference from the month before the start), ``all_before`` (from the mean of all
months before), ``lottery`` (with one coefficient on that mean, from a regression over all sites).
``neyman`` is the efficient estimator with Neyman's error, its small-sample factor and t quantiles,
whether it leads there or not; ``leads`` is whichever of the two the rule lets lead.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parent))

from leaders import FIRST_SEED, Study, outcome
from monte_carlo import LEVEL, MONTHS, SIZE, designs, template, true_effect

from analysis.causal import aggregate, group_time
from analysis.causal.evaluation.estimates import Builder
from analysis.causal.lottery.assignments import assignments
from analysis.causal.lottery.lot import learnt
from analysis.causal.options import Options
from analysis.causal.panel.frame import Prepared

RESULTS = Path(__file__).parent / "results" / "lottery.csv"
SHOCKS = ("normal", "heavy", "made_louder", "louder", "heavy_louder")
#: Worlds from here on are others than those that anything was chosen on.
FRESH = 800_000
DRAWS, CLOSE, STEPS = 399, 1e-10, 40


def weights(panel: Prepared, base: str) -> tuple[np.ndarray, np.ndarray]:
    """(H, T) weights on a site's months by cohort, after and before, of the overall effect."""
    place = np.unique(panel.cohort, return_inverse=True)[1]
    cells = group_time(panel, base=base)
    simple = aggregate(cells, "simple")
    after = np.zeros((place.max() + 1, MONTHS))
    before = np.zeros_like(after)
    first = np.unique(place, return_index=True)[1]
    for k in np.flatnonzero(simple.cell_weights[0]):
        column = simple.cell_weights[0, k] * cells.contrast[first, k]
        after[:, cells.period[k]] += column
        window = slice(cells.base_from[k], cells.base[k] + 1)
        before[:, window] += column[:, None] / (window.stop - window.start)
    return after, before


def neyman_leads(panel: Prepared) -> bool:
    """Whether the rule lets Neyman's error lead under a lottery."""
    effects = replace(group_time(panel, base="all_before"), lot=True)
    builder = Builder(effects, "csat_mean", "", Options())
    rule = builder.rule(aggregate(effects, "simple").cell_weights[0])
    return rule.lead == "influence_function"


def interval(base: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(W,) ends of the randomisation interval of statistics ``base − c · slope``, (W, 1 + P)."""
    centre = base[:, 0] / slope[:, 0]
    reach = 8 * base.std(axis=1)

    def accepted(c: np.ndarray) -> np.ndarray:
        return p_values(base - c[:, None] * slope) > 1 - LEVEL

    ends = []
    for side in (-1, 1):
        inside, outside = centre.copy(), centre + side * reach
        for _ in range(STEPS):
            middle = (inside + outside) / 2
            kept = accepted(middle)
            inside, outside = np.where(kept, middle, inside), np.where(kept, outside, middle)
        ends.append(inside)
    return ends[0], ends[1]


def p_values(statistic: np.ndarray) -> np.ndarray:
    """(W,) p-values of the first of 1 + P statistics among the others."""
    size = np.abs(statistic)
    as_far = size[:, 1:] >= size[:, :1] * (1 - CLOSE)
    return (1 + as_far.sum(axis=1)) / statistic.shape[1]


def estimates(
    study: Study, worlds: int, draws: int = DRAWS, first: int = FIRST_SEED
) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Value, p-value and ends of the interval in each world, by estimator.

    Intervals are sought only where there is an effect; they are NaN elsewhere.
    """
    panel = template(study.design)
    truth = true_effect(panel, study.effect)
    place = np.unique(panel.cohort, return_inverse=True)[1]
    y = np.stack([outcome(study, panel, seed) + truth for seed in range(first, first + worlds)])
    flat, treated = y.reshape(worlds, -1), panel.treated.astype(float)
    drawn, _ = assignments(place, np.zeros(len(place), int), draws, first)
    labels = np.vstack([place, drawn])
    sums = {}
    for base in ("universal", "all_before"):
        for name, part in zip(("after", "before"), weights(panel, base), strict=True):
            draw = part[labels].reshape(len(labels), -1)
            sums[base, name] = flat @ draw.T, (draw @ treated.ravel())[None]
    start = int(panel.cohorts[0])
    level = y[:, :, :start].mean(axis=2)
    level = level - level.mean(axis=1, keepdims=True)
    spread = (level**2).sum(axis=1)
    later = y[:, :, start:].mean(axis=2)
    slopes = (level * (later - later.mean(axis=1, keepdims=True))).sum(axis=1) / spread
    share = treated[:, start:].mean(axis=1)
    share = (level * (share - share.mean())).sum(axis=1) / spread
    (after, on), (before, on_before) = sums["universal", "after"], sums["universal", "before"]
    mean = sums["all_before", "before"][0]
    pairs = {
        "before": (after - before, np.broadcast_to(on - on_before, after.shape)),
        "all_before": (after - mean, np.broadcast_to(on, after.shape)),
        "lottery": (after - slopes[:, None] * mean, on - share[:, None] * mean),
    }
    found = {}
    for name, (base, slope) in pairs.items():
        ends = interval(base, slope) if truth.any() else (np.full(worlds, np.nan),) * 2
        found[name] = (base[:, 0] / slope[:, 0], p_values(base), *ends)
    found["neyman"] = neyman(y, panel, place, np.bincount(place))
    found["leads"] = found["neyman" if neyman_leads(panel) else "lottery"]
    return found


def measure(study: Study, worlds: int, first: int = FIRST_SEED) -> pd.DataFrame:
    """Return a row per estimator: size or power, spread, coverage and width."""
    panel = template(study.design)
    target = float(true_effect(panel, study.effect)[panel.treated].mean())
    rows = []
    for name, (value, p_value, low, high) in estimates(study, worlds, first=first).items():
        rows.append(
            {
                **study.key,
                "method": name,
                "worlds": worlds,
                "first_seed": first,
                "rejected": (p_value <= SIZE).mean(),
                "bias": value.mean() - target,
                "sd": value.std(ddof=1),
                "coverage": ((low <= target) & (target <= high)).mean() if target else np.nan,
                "half_width": ((high - low) / 2).mean() if target else np.nan,
            }
        )
    return pd.DataFrame(rows).round(5)


def neyman(y, panel, place, size) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Value, p-value and ends of the efficient estimator by Neyman's error with its factor."""
    after, before = weights(panel, "all_before")
    parts = [np.einsum("wnt,nt->wn", y, part[place]) for part in (after, before)]
    theta, gap = (part.sum(axis=1) for part in parts)
    member = np.eye(len(size))[place]
    scale = np.sqrt(size / np.maximum(size - 1, 1))[place]
    p, q = (scale * (part - (part @ member / size)[:, place]) for part in parts)
    beta, influence = learnt(p, q, scale, gap)
    by_cohort = influence**2 @ member
    variance = by_cohort.sum(axis=1)
    df = variance**2 / (by_cohort**2 / np.maximum(size - 1, 1e-9)).sum(axis=1)
    value, half = theta - beta * gap, stats.t.ppf((1 + LEVEL) / 2, df) * np.sqrt(variance)
    p_value = 2 * stats.t.sf(np.abs(value) / np.sqrt(variance), df)
    return value, p_value, value - half, value + half


def main(worlds: int, shocks: tuple[str, ...], first: int) -> None:
    studies = [
        Study(design, name, effect)
        for design, name, effect in product(designs(), shocks, ("none", "growing"))
        if design.even and (name == "normal" or (design.icc, design.waves % 3) == (0.2, 2))
    ]
    known = pd.read_csv(RESULTS) if RESULTS.is_file() else pd.DataFrame()
    found = [known[~known["shocks"].isin(shocks)] if len(known) else known]
    for study in studies:
        found.append(measure(study, worlds, first))
        pd.concat(found).to_csv(RESULTS, index=False)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=5000)
    parser.add_argument("--shocks", nargs="+", choices=SHOCKS, default=SHOCKS)
    parser.add_argument("--first", type=int, default=FRESH, help="first seed")
    asked = parser.parse_args()
    main(asked.worlds, tuple(asked.shocks), asked.first)
