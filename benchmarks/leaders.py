"""Which estimator should lead: size, spread, power and width of interval, old rule and new.

    python benchmarks/leaders.py [--worlds 1000 300] [--sites 40] [--waves 2 5] [--icc 0.2]
        [--kind even] [--shocks heavy] [--methods managed lot] [--first 400000]

Writes ``benchmarks/results/leaders.csv`` design by design, so that a run that is cut short goes
on where it stopped; ``benchmarks/tables.py`` puts it into ``docs/methods/estimators.md``. Worlds,
designs and effects are those of ``benchmarks/monte_carlo.py``, with seeds of their own, and every
method sees the same worlds. ``--worlds``: without, with effect; ``--others``: most worlds of what
does not lead under a lottery, with fewer than 40 sites, where ``--methods`` does not name what is
measured. ``--first``: first seed; a row is measured again where its seeds are others than the
stored ones, and replaces them.

**Methods.** ``before``: group-time effects from the month before under the rule of inference,
which led until the base was chosen. ``managed``: the same from the base that
:func:`analysis.design.choose_base` chooses on the months before training; what leads where sites
were chosen. ``lot``: the same base with one coefficient on it; what leads where a lot drew the
waves. ``all_before`` and ``imputation``: alternatives, by the same rule of inference.

**Shocks.** ``normal``: as in ``monte_carlo.py``. ``heavy``: a site's shocks follow an AR(1) with
coefficient 0.8 and Student's t with 3 degrees of freedom, scaled to the same variance.
``louder``: trained sites are twice as noisy in every month. ``made_louder``: only once they are
trained. ``heavy_louder``: as heavy, and trained sites twice as noisy in every month.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))

from monte_carlo import (
    ANSWER_SD,
    FIRST_WAVE,
    LEVEL,
    MONTHS,
    NO_INTERVAL,
    SIZE,
    Design,
    designs,
    imputation_by_rule,
    template,
    true_effect,
    untreated_outcome,
)

from analysis.causal import FrameError, Options, lead
from analysis.causal.panel.frame import Prepared
from analysis.design import choose_base
from analysis.results import Estimate

RESULTS = Path(__file__).parent / "results" / "leaders.csv"
FIRST_SEED = 200_000
DRAWS = 399
METHODS = ("before", "managed", "lot", "all_before", "imputation")
SHOCKS = ("normal", "heavy", "louder", "made_louder", "heavy_louder")
BASES = {"month_before": "universal", "all_before": "all_before"}


@dataclass(frozen=True)
class Study:
    """One row of the tables: a design, its shocks, and whether there is an effect."""

    design: Design
    shocks: str
    effect: str

    @property
    def key(self) -> dict:
        """Columns that name the row."""
        return {**asdict(self.design), "shocks": self.shocks, "effect": self.effect}


def outcome(study: Study, panel: Prepared, seed: int) -> np.ndarray:
    """(N, T) outcome of one world without effect."""
    design = study.design
    if study.shocks == "normal":
        return untreated_outcome(design, seed)
    rng = np.random.default_rng(seed)
    shape = (design.sites, MONTHS)
    spread = ANSWER_SD * np.sqrt(design.icc / 2)
    if study.shocks.startswith("heavy"):
        shocks = rng.standard_t(3, shape) / np.sqrt(3)
        for t in range(1, MONTHS):
            shocks[:, t] = 0.8 * shocks[:, t - 1] + 0.6 * shocks[:, t]
    else:
        shocks = rng.normal(size=shape)
        for t in range(1, MONTHS):
            shocks[:, t] = 0.5 * shocks[:, t - 1] + np.sqrt(0.75) * shocks[:, t]
    noise = rng.normal(size=shape) * ANSWER_SD * np.sqrt((1 - design.icc) / 20)
    moving = spread * shocks + noise
    if study.shocks in ("louder", "heavy_louder"):
        moving *= np.where(np.isfinite(panel.cohort), 2, 1)[:, None]
    elif study.shocks == "made_louder":
        moving *= np.where(panel.treated, 2, 1)
    y = 4 + rng.normal(0, spread, (design.sites, 1)) + rng.normal(0, 0.1, MONTHS) + moving
    return y if design.even else np.where(rng.random(shape) < 0.1, np.nan, y)


def chosen_base(panel: Prepared) -> str:
    """Base that the rule chooses on the months before training."""
    months = int(np.sum(panel.periods < FIRST_WAVE))
    rows = pd.DataFrame(
        {
            "unit": np.repeat(panel.units, len(panel.periods)),
            "period": np.tile(panel.periods, len(panel.units)),
            "y": panel.y.ravel(),
            "cohort": np.repeat(
                np.where(np.isinf(panel.cohort), np.nan, panel.cohort), len(panel.periods)
            ),
        }
    ).dropna(subset="y")
    assert months > 1
    return choose_base(rows).base


def estimate(panel: Prepared, method: str, base: str, options: Options) -> Estimate:
    """Return the overall effect of one world by a method; FrameError where it has no answer."""
    if method == "imputation":
        return imputation_by_rule(panel, options)
    of = {"before": "month_before", "all_before": "all_before"}.get(method, base)
    own = replace(options, base=BASES[of], drawn_by_lot=method == "lot")
    builder, parts = lead(panel, own, outcome="csat_mean", unit="", kinds=("simple",))
    return builder.overall(parts["simple"])[0]


def world(panel: Prepared, target: float, seed: int, methods: Iterable[str]) -> list[dict]:
    """Estimate one world by every method."""
    options = Options(
        draws=DRAWS,
        seed=seed,
        level=LEVEL if target else NO_INTERVAL,
        alternatives=(),
        horizons=(),
    )
    base = chosen_base(panel)
    rows = []
    for method in methods:
        try:
            found = estimate(panel, method, base, options)
        except FrameError:
            continue  # no answer in this world, as the page says of such worlds
        none = found.ci_low is None or not target
        rows.append(
            {
                "method": method,
                "value": found.value,
                "rejected": found.p_value is not None and found.p_value <= SIZE,
                "covered": np.nan if none else found.ci_low <= target <= found.ci_high,
                "half": np.nan if none else (found.ci_high - found.ci_low) / 2,
                "mean_base": base == "all_before",
            }
        )
    return rows


def measure(study: Study, worlds: Mapping[str, int], first: int = FIRST_SEED) -> pd.DataFrame:
    """Return a row per method: size or power, bias, spread, width, and the base chosen.

    ``worlds`` says how many of the first worlds, from the seed ``first`` on, each method sees.
    """
    panel = template(study.design)
    truth = true_effect(panel, study.effect)
    target = float(truth[panel.treated].mean())
    rows = []
    for count in range(max(worlds.values())):
        seed = first + count
        drawn = replace(panel, y=outcome(study, panel, seed) + truth)
        rows += world(drawn, target, seed, [m for m in METHODS if count < worlds.get(m, 0)])
    found = pd.DataFrame(rows)
    by = found.groupby("method", sort=False)
    out = pd.DataFrame(
        {
            "worlds": by.size(),
            "rejected": by["rejected"].mean(),
            "bias": by["value"].mean() - target,
            "sd": by["value"].std(),
            "coverage": by["covered"].mean(),
            "half_width": by["half"].mean(),
            "mean_base": by["mean_base"].mean(),
        }
    ).round(5)
    out = out.reset_index().assign(first_seed=first)
    for place, (name, value) in enumerate(study.key.items()):
        out.insert(place, name, value)
    return out


def done() -> pd.DataFrame:
    """Return what is already in the results file; no rows without one."""
    return pd.read_csv(RESULTS) if RESULTS.is_file() else pd.DataFrame()


def main(
    studies: list[Study],
    worlds: dict[str, int],
    others: int,
    first: int = FIRST_SEED,
    methods: tuple[str, ...] = (),
) -> None:
    """Measure what is not stored yet."""
    for study in studies:
        known, key = done(), study.key | {"first_seed": first}
        if len(known) and (known[list(key)] == pd.Series(key)).all(axis=1).any():
            continue
        each = dict.fromkeys(methods or METHODS, worlds[study.effect])
        if not methods and study.design.sites < 40:
            each |= {name: min(each[name], others) for name in METHODS if name != "lot"}
        elif not methods and study.shocks == "normal":
            each |= {"all_before": 0, "imputation": 0}
        new = measure(study, each, first)
        rows = pd.concat([done(), new])
        rows.drop_duplicates([*study.key, "method"], keep="last").to_csv(RESULTS, index=False)
        print(study, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, nargs=2, default=(1000, 300))
    parser.add_argument("--others", type=int, default=400, help="most worlds of others, few sites")
    parser.add_argument("--sites", type=int, nargs="+", default=(40, 10, 20, 100))
    parser.add_argument("--waves", type=int, nargs="+", default=(2, 5, 3, 4))
    parser.add_argument("--icc", type=float, nargs="+", default=(0.2, 0.02))
    parser.add_argument("--kind", choices=("even", "uneven"))
    parser.add_argument("--shocks", nargs="+", choices=SHOCKS, default=("normal",))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=())
    parser.add_argument("--first", type=int, default=FIRST_SEED, help="first seed")
    asked = parser.parse_args()
    counts = dict(zip(("none", "growing"), asked.worlds, strict=True))
    grid = {(d.sites, d.waves, d.icc, d.even): d for d in designs()}
    kinds = [True, False] if asked.kind is None else [asked.kind == "even"]
    order = product(asked.icc, asked.sites, asked.waves, kinds, asked.shocks, counts)
    wanted = [
        Study(grid[sites, waves, icc, even], shocks, effect)
        for icc, sites, waves, even, shocks, effect in order
        if counts[effect]
    ]
    main(wanted, counts, asked.others, asked.first, tuple(asked.methods))
