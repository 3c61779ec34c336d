"""Whether the return's interval holds the truth, and how often a training "paid" that did not.

    python benchmarks/returns.py [--worlds 1000] [--only NAME ...] [--first 1]

Worlds are panels of site-months: site and month effects, shocks of sites with autocorrelation 0.5
(``--only`` names one or several of :data:`WORLDS`), 12 months before the first wave and 18 after.
Each goes through what prices an effect in a run: the leading estimate with the base of the plan
(mean of all months before), :func:`analysis.causal.effect_over` the exposed site-months of the
first year, its distribution (:func:`analysis.causal.quantiles_over`), ``value.assess_roi``.

The cost is set to what the training is truly worth, so that it just breaks even: the share of
worlds in which the check says that benefits cover the cost is the rate of false "paid". Coverage
is that of the benefit–cost ratio, whose truth is 1. ``forgone`` is the share of worlds in which no
return is stated because no interval exists.

Writes ``benchmarks/results/returns.csv`` and prints the table of ``docs/methods/value.md``.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from analysis.causal import (
    Evaluation,
    Options,
    correlation_of,
    effect_over,
    lead,
    quantiles_over,
    without_value,
)
from analysis.causal.evaluate import prepared
from analysis.causal.over_exposure import LEVELS
from analysis.value import Benefit, assess_roi
from analysis.workspace.exposure import by_wave, exposed_site_months

RESULTS = Path(__file__).parent / "results" / "returns.csv"
FIRST, AFTER, COUNTED = 12, 18, 12
"""Months before the first wave, months from it on, and months that count."""
CORRELATED = 0.5
DRAWS, MONEY_DRAWS, ALONE = 199, 4000, {"alternatives": (), "horizons": ()}
REGISTRY = {name: SimpleNamespace(level=4, unit="u", direction="up") for name in ("one", "other")}


@dataclass(frozen=True, slots=True)
class Kind:
    """Sites by wave (a wave starts every third month), sites never trained, and the effect.

    ``effect``: ``constant``; ``growing``, from 1/6 of the mean in the month of the start to twice
    it in the twelfth; ``fading``, the reverse. ``other``: a second outcome with a price, whose
    shocks share half of their variance with the first's.
    """

    waves: tuple[int, ...]
    never: int
    effect: str = "constant"
    other: bool = False

    def by_month(self) -> np.ndarray:
        """(18,) effect by months since the start; 1 on the average of the twelve that count."""
        month = np.arange(AFTER, dtype=float)
        slope = {"constant": 0.0, "growing": 1.0, "fading": -1.0}[self.effect]
        return np.clip(1 + slope * (month - 5.5) / 5.5 * (5 / 6), 0.0, 2.5)


WORLDS = {
    "24/12 constant": Kind((24,), 12),
    "24/12 growing": Kind((24,), 12, "growing"),
    "24/12 fading": Kind((24,), 12, "fading"),
    "24/24 constant": Kind((24,), 24),
    "24/24 growing": Kind((24,), 24, "growing"),
    "three waves, 8+8+8/12 constant": Kind((8, 8, 8), 12),
    "three waves, 8+8+8/12 growing": Kind((8, 8, 8), 12, "growing"),
    "three waves, 8+8+8/12 fading": Kind((8, 8, 8), 12, "fading"),
    "three waves, 16+16+16/24 growing": Kind((16, 16, 16), 24, "growing"),
    "6/8 constant": Kind((6,), 8),
    "6/8 growing": Kind((6,), 8, "growing"),
    "5/5 constant": Kind((5,), 5),
    "5/5 growing": Kind((5,), 5, "growing"),
    "5/5 fading": Kind((5,), 5, "fading"),
    "3/9 constant": Kind((3,), 9),
    "3/9 growing": Kind((3,), 9, "growing"),
    "one site a wave, 5/9 growing": Kind((1,) * 5, 9, "growing"),
    "24/12, two outcomes": Kind((24,), 12, other=True),
    "6/8, two outcomes": Kind((6,), 8, other=True),
}


def frames(kind: Kind, seed: int) -> dict[str, pd.DataFrame]:
    """Return the panel of each outcome of one world."""
    rng = np.random.default_rng(seed)
    cohort = np.repeat([*(FIRST + 3.0 * np.arange(len(kind.waves))), np.nan],
                       [*kind.waves, kind.never])  # fmt: skip
    sites, months = len(cohort), FIRST + AFTER
    since = np.arange(months) - cohort[:, None]
    place = np.clip(np.nan_to_num(since), 0, AFTER - 1).astype(int)
    effect = np.where(since >= 0, kind.by_month()[place], 0.0)
    common = _shocks(rng, sites, months)
    template = pd.DataFrame(
        {
            "unit": np.repeat([f"s{i:02d}" for i in range(sites)], months),
            "period": np.tile(np.arange(months), sites),
            "cohort": np.repeat(cohort, months),
            "n": 20,
        }
    )
    found = {}
    for name in ("one", "other") if kind.other else ("one",):
        own = _shocks(rng, sites, months)
        shock = np.sqrt(CORRELATED) * common + np.sqrt(1 - CORRELATED) * own
        y = rng.normal(size=(sites, 1)) + rng.normal(size=months) + shock + effect
        found[name] = template.assign(y=y.ravel())
    return found


def _shocks(rng: np.random.Generator, sites: int, months: int) -> np.ndarray:
    shock = rng.normal(size=(sites, months))
    for t in range(1, months):
        shock[:, t] = 0.5 * shock[:, t - 1] + np.sqrt(0.75) * shock[:, t]
    return shock


def evaluated(frame: pd.DataFrame, name: str, options: Options) -> Evaluation:
    """Return the evaluation of an outcome without what a return does not need."""
    builder, parts = lead(
        prepared(frame, options), options, outcome=name, unit="u", kinds=("simple",)
    )
    nothing = without_value(outcome=name, unit="u", options=options).estimates()
    panel = builder.effects.panel
    return Evaluation(name, "u", options, panel, builder.effects, parts, nothing, ())


def one_world(kind: Kind, seed: int) -> dict:
    """Return what is said of the return in one world, whose benefit–cost ratio is 1."""
    options = Options(base="all_before", draws=DRAWS, seed=seed, **ALONE)
    exposed, quantiles, pairs, truth = {}, {}, [], 0.0
    for name, frame in frames(kind, seed).items():
        counted = exposed_site_months(frame, months=COUNTED)
        sizes = by_wave(counted)
        since = (counted["period"] - counted["cohort"]).astype(int)
        truth += float(kind.by_month()[since] @ counted["size"])
        main = evaluated(frame, name, options)
        own = effect_over(main, sizes, name="x", dims={})
        # The ends of the return of one effect are its interval's: other levels enter with a second.
        shape = quantiles_over(main, sizes, levels=LEVELS if kind.other else ())
        exposed[name, "site_month"] = own
        quantiles[name, "site_month"] = list(zip(shape["probability"], shape["value"], strict=True))
        pairs.append((main, sizes))
    known = correlation_of(*pairs) if len(pairs) == 2 else None
    keys = frozenset(exposed)
    costs = pd.DataFrame({"category": ["trainer"], "planned": [truth], "actual": [truth]})
    found = assess_roi(
        [Benefit(indicator=name, money_per_unit=1.0) for name, _ in exposed],
        {name: e for (name, _), e in exposed.items()},
        costs,
        registry=REGISTRY,
        exposure={"site_month": 1.0},
        exposed=exposed,
        quantiles=quantiles,
        correlations={} if known is None else {keys: known},
        draws=MONEY_DRAWS,
        seed=seed,
    )
    ratio = found.estimate("value.roi.benefit_cost_ratio")
    check = next(c for c in found.checks if c.id == "value.roi")
    method = next(iter(exposed.values())).interval_method
    stated = ratio.value is not None
    return {
        "seed": seed,
        "method": method,
        "value": ratio.value,
        "ci_low": ratio.ci_low,
        "ci_high": ratio.ci_high,
        "stated": stated,
        "covered": stated and ratio.ci_low <= 1 <= ratio.ci_high,
        "paid": check.status == "passed",
        "lost": check.status == "failed",
    }


def summary(name: str, rows: pd.DataFrame) -> dict:
    """Return the rates of one kind of world with their Monte-Carlo errors."""
    stated = rows[rows["stated"].astype(bool)]
    found = {"world": name, "worlds": len(rows), "method": rows["method"].mode()[0]}
    for rate in ("covered", "paid", "lost"):
        share = float(stated[rate].mean()) if len(stated) else float("nan")
        found[rate] = share
        found[f"{rate}_error"] = float(np.sqrt(share * (1 - share) / max(len(stated), 1)))
    return found | {
        "forgone": 1 - len(stated) / len(rows),
        "bias": float(stated["value"].mean() - 1),
        "width": float((stated["ci_high"] - stated["ci_low"]).median()),
    }


def table(found: pd.DataFrame) -> str:
    """Return the rates as Markdown."""
    heads = (
        "world",
        "inference",
        "worlds",
        "coverage",
        'false "paid"',
        'false "not paid"',
        "width",
    )
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for row in found.to_dict("records"):
        cells = [
            f"{100 * row[r]:.1f} ± {196 * row[f'{r}_error']:.1f}"
            for r in ("covered", "paid", "lost")
        ]
        method = row["method"].replace("_", " ")
        lines.append(
            f"| {row['world']} | {method} | {row['worlds']} | {' | '.join(cells)}"
            f" | {row['width']:.2f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure the named worlds, store their rates in place of earlier ones, print all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=WORLDS, default=tuple(WORLDS))
    chosen = parser.parse_args()
    known = pd.read_csv(RESULTS).to_dict("records") if RESULTS.is_file() else []
    stored = {row["world"]: row for row in known}
    for name in chosen.only:
        begun = time.perf_counter()
        seeds = range(chosen.first, chosen.first + chosen.worlds)
        rows = pd.DataFrame([one_world(WORLDS[name], seed) for seed in seeds])
        stored[name] = summary(name, rows)
        print(name, f"{time.perf_counter() - begun:.0f} s", flush=True)
        ordered = pd.DataFrame([stored[key] for key in WORLDS if key in stored])
        RESULTS.parent.mkdir(exist_ok=True)
        ordered.to_csv(RESULTS, index=False, float_format="%.6g")
    print(table(ordered))


if __name__ == "__main__":
    main()
