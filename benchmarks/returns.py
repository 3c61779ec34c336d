"""Whether the return's interval holds the truth, and how often a training "paid" that did not.

    python benchmarks/returns.py [--worlds 5000] [--only NAME ...] [--first 1] [--whole]

Worlds are panels of site-months: site and month effects, shocks of sites with autocorrelation 0.5
(``--only`` names one or several of :data:`WORLDS`), 12 months before the first wave and 18 after.
The effect is that of the leading estimate (base: mean of all months before) over the exposed
site-months of the first year, with the inference that its rule chooses.

With one priced effect and its money known, the return's interval is the effect's times what it is
counted for, so that worlds go through :func:`analysis.causal.plan_test` many at a time. ``--whole``
sends each through what a run does, :func:`analysis.causal.effect_over`, its distribution
(:func:`analysis.causal.quantiles_over`) and ``value.assess_roi``; worlds with two priced outcomes
always go that way. A test holds that both ways say the same.

The cost is set to what the training is truly worth, so that it just breaks even: the share of
worlds in which benefits are said to cover the cost is the rate of false "paid". Coverage is that of
the benefit–cost ratio, whose truth is 1. ``forgone`` is the share of worlds in which no return is
stated because no interval exists.

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
    plan_test,
    quantiles_over,
    without_value,
)
from analysis.causal.evaluation.evaluate import prepared
from analysis.value import Benefit, assess_roi
from analysis.workspace.inputs.exposure import by_wave, exposed_site_months

RESULTS = Path(__file__).parent / "results" / "returns.csv"
FIRST, AFTER, COUNTED = 12, 18, 12
"""Months before the first wave, months from it on, and months that count."""
CORRELATED = 0.5
DRAWS, MONEY_DRAWS, BLOCK, ALONE = 199, 4000, 500, {"alternatives": (), "horizons": ()}
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


def panels(kind: Kind, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return starts of the sites, NaN for never, and the (outcomes, sites, months) of a world."""
    rng = np.random.default_rng(seed)
    starts = FIRST + 3.0 * np.arange(len(kind.waves))
    cohort = np.repeat([*starts, np.nan], [*kind.waves, kind.never])
    sites, months = len(cohort), FIRST + AFTER
    since = np.arange(months) - cohort[:, None]
    place = np.clip(np.nan_to_num(since), 0, AFTER - 1).astype(int)
    effect = np.where(since >= 0, kind.by_month()[place], 0.0)
    common, found = _shocks(rng, sites, months), []
    for _ in range(2 if kind.other else 1):
        own = _shocks(rng, sites, months)
        shock = np.sqrt(CORRELATED) * common + np.sqrt(1 - CORRELATED) * own
        found.append(rng.normal(size=(sites, 1)) + rng.normal(size=months) + shock + effect)
    return cohort, np.array(found)


def frames(kind: Kind, seed: int) -> dict[str, pd.DataFrame]:
    """Return the panel of each outcome of one world."""
    cohort, values = panels(kind, seed)
    sites, months = values.shape[1:]
    template = pd.DataFrame(
        {
            "unit": np.repeat([f"s{i:02d}" for i in range(sites)], months),
            "period": np.tile(np.arange(months), sites),
            "cohort": np.repeat(cohort, months),
            "n": 20,
        }
    )
    names = ("one", "other")[: len(values)]
    return {name: template.assign(y=y.ravel()) for name, y in zip(names, values, strict=True)}


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
        shape = quantiles_over(main, sizes)
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


def many_worlds(kind: Kind, seeds: range) -> pd.DataFrame:
    """Return what :func:`one_world` says of each of many worlds with one priced outcome."""
    cohort, _ = panels(kind, seeds[0])
    starts = tuple(cohort[~np.isnan(cohort)].astype(int))
    test = plan_test(starts, kind.never, FIRST + AFTER, base="all_before", counted=COUNTED)
    since = np.arange(FIRST + AFTER) - np.array(starts)[:, None]
    counted = (since >= 0) & (since < COUNTED)
    truth = kind.by_month()[since[counted]].mean()
    parts = []
    for first in range(0, len(seeds), BLOCK):
        block = seeds[first : first + BLOCK]
        y = np.concatenate([panels(kind, seed)[1] for seed in block])
        low, high = test.intervals(y, level=0.95, draws=DRAWS, seed=block[0])
        part = pd.DataFrame({"seed": list(block), "ci_low": low / truth, "ci_high": high / truth})
        parts.append(part)
    found = pd.concat(parts, ignore_index=True)
    stated = np.isfinite(found["ci_low"])
    return found.assign(
        method=test.lead,
        value=np.nan,
        stated=stated,
        covered=stated & (found["ci_low"] <= 1) & (found["ci_high"] >= 1),
        paid=stated & (found["ci_low"] > 1),
        lost=stated & (found["ci_high"] < 1),
    )


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
    parser.add_argument("--worlds", type=int, default=5000)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=WORLDS, default=tuple(WORLDS))
    parser.add_argument("--whole", action="store_true")
    chosen = parser.parse_args()
    known = pd.read_csv(RESULTS).to_dict("records") if RESULTS.is_file() else []
    stored = {row["world"]: row for row in known}
    for name in chosen.only:
        begun = time.perf_counter()
        seeds = range(chosen.first, chosen.first + chosen.worlds)
        kind = WORLDS[name]
        if chosen.whole or kind.other:
            rows = pd.DataFrame([one_world(kind, seed) for seed in seeds])
        else:
            rows = many_worlds(kind, seeds)
        stored[name] = summary(name, rows)
        print(name, f"{time.perf_counter() - begun:.0f} s", flush=True)
        ordered = pd.DataFrame([stored[key] for key in WORLDS if key in stored])
        RESULTS.parent.mkdir(exist_ok=True)
        ordered.to_csv(RESULTS, index=False, float_format="%.6g")
    print(table(ordered))


if __name__ == "__main__":
    main()
