"""Bias, coverage, size and power of every estimator and inference, over made-up roll-outs.

    python benchmarks/monte_carlo.py [--worlds 400 200] [--waves 2 5] [--icc 0.2] [--sites 40]
        [--few] [--band] [--kind uneven] [--again rule randomisation]

Writes ``benchmarks/results/monte_carlo.csv`` design by design, so that a run that is cut short
goes on where it stopped; ``benchmarks/tables.py`` puts it into ``docs/methods/estimators.md``.

**Worlds.** Answers of customers with standard deviation 0.9, of which a share ``icc`` belongs to
the site: half of that stays, half wanders from month to month with autocorrelation 0.5. 24
months, the first wave in month 10, one every second month after it.

* *even*: half the sites are trained, waves of one size, 20 answers a site and month, no gaps;
* *uneven*: three tenths are trained, the first wave takes half of them, sites have 5 to 80
  answers a month, and a tenth of all site-months is missing.

**Effects.** ``none``; ``growing``: it differs by wave and grows by the month, 0.2 points on the
average of all trained site-months. (A constant effect moves every estimator by just so much: its
coverage is one less the size.)

**Methods.** The leading estimator, group-time effects from the month before, under each inference:
``influence``, ``wild``, ``randomisation``, and ``rule``, whichever of them the documented rule lets
lead. By the same rule: ``all_before``, group-time effects from the mean of all months before, and
``imputation_rule``. The other estimators with clustered standard errors and t quantiles:
``two_by_two``, ``twfe``, ``imputation``, ``sun_abraham``. ``band``: all event times at once, as a
report draws it. ``--again`` measures named methods anew, in other worlds than before, and replaces
their stored rows.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import product
from operator import attrgetter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
from scipy import stats

from analysis.causal import (
    Base,
    FrameError,
    Options,
    aggregate,
    group_time,
    imputation,
    prepare,
    sun_abraham,
    twfe,
    two_by_two,
)
from analysis.causal.evaluation.beside import imputed
from analysis.causal.evaluation.estimates import Builder
from analysis.causal.panel.frame import Prepared
from analysis.results import Estimate

RESULTS = Path(__file__).parent / "results" / "monte_carlo.csv"
LEVEL, SIZE = 0.95, 0.05
NO_INTERVAL = 1 - 1e-12
#: Worlds measured anew are others than those on which the rule was chosen.
FRESH = 100_000
DRAWS = 399
MONTHS, FIRST_WAVE, WAVE_EVERY = 24, 10, 2
ANSWER_SD, MEAN_EFFECT = 0.9, 0.2
NOTHING = {"se": None, "ci_low": None, "ci_high": None, "p_value": None}
INFERENCES = {
    "influence": "influence_function",
    "wild": "wild_bootstrap",
    "randomisation": "randomisation",
}


def _regression(panel: Prepared) -> tuple[float, float]:
    fit = twfe(panel)
    return float(fit.coef[0]), float(fit.se[0])


OTHERS = {
    "two_by_two": lambda panel: attrgetter("att", "se")(two_by_two(panel)),
    "twfe": _regression,
    "imputation": lambda panel: attrgetter("overall", "overall_se")(imputation(panel)),
    "sun_abraham": lambda panel: attrgetter("overall", "overall_se")(sun_abraham(panel)),
}


@dataclass(frozen=True)
class Design:
    """One row of the tables: who is trained when, and how noisy the sites are.

    ``treated`` sites are trained in ``waves``; ``icc`` is the site's share of the variance of
    answers; ``even`` as the module says.
    """

    sites: int
    treated: int
    waves: int
    icc: float
    even: bool

    def cohorts(self) -> np.ndarray:
        """(sites,) first treated month, inf for never."""
        if self.even:
            wave = np.arange(self.treated) % self.waves
        else:
            first = max(1, min(self.treated // 2, self.treated - self.waves + 1))
            later = np.arange(self.treated - first) % max(self.waves - 1, 1)
            wave = np.concatenate([np.zeros(first, int), later + (self.waves > 1)])
        never = np.full(self.sites - self.treated, np.inf)
        return np.concatenate([FIRST_WAVE + WAVE_EVERY * wave, never])


def designs() -> list[Design]:
    """Return the grid of sites, waves, ICC and evenness."""
    found = []
    for sites, waves, icc, even in product(
        (10, 20, 40, 100), (2, 3, 4, 5), (0.02, 0.2), (True, False)
    ):
        share = 0.5 if even else 0.3
        found.append(Design(sites, max(round(share * sites), waves), waves, icc, even))
    return found


def few_treated() -> list[Design]:
    """Return the designs with one to ten treated sites, uneven ones: the harder case."""
    return [
        Design(sites, treated, min(2, treated), icc, False)
        for sites, treated, icc in product((20, 40), (1, 2, 3, 4, 6, 10), (0.02, 0.2))
    ]


def large_enough_for_bands() -> list[Design]:
    """Return the designs in which influence functions lead event times."""
    return [design for design in designs() if design.sites >= 40]


def template(design: Design) -> Prepared:
    """Prepare a panel of the design whose outcome each world replaces."""
    cohort = design.cohorts()
    frame = pd.DataFrame(
        {
            "unit": np.repeat([f"s{i:03d}" for i in range(design.sites)], MONTHS),
            "period": np.tile(np.arange(MONTHS), design.sites),
            "y": np.random.default_rng(0).normal(size=design.sites * MONTHS),
            "cohort": np.repeat(np.where(np.isinf(cohort), np.nan, cohort), MONTHS),
        }
    )
    return prepare(frame)


def true_effect(panel: Prepared, kind: str) -> np.ndarray:
    """(N, T) effect on each site-month; its mean over treated ones is ``MEAN_EFFECT``."""
    effect = np.zeros(panel.y.shape)
    if kind == "none":
        return effect
    order = (panel.cohort - FIRST_WAVE) / WAVE_EVERY
    shape = (1.4 - 0.2 * order[:, None]) * (1 + 0.15 * panel.event_time)
    effect[panel.treated] = shape[panel.treated]
    return effect * MEAN_EFFECT / effect[panel.treated].mean()


def untreated_outcome(design: Design, seed: int) -> np.ndarray:
    """Draw (sites, MONTHS) mean answers without any effect; NaN where nobody answered."""
    rng = np.random.default_rng(seed)
    shape = (design.sites, MONTHS)
    spread = ANSWER_SD * np.sqrt(design.icc / 2)
    wander = rng.normal(0, spread, shape)
    for t in range(1, MONTHS):
        wander[:, t] = 0.5 * wander[:, t - 1] + np.sqrt(0.75) * wander[:, t]
    site = rng.normal(0, spread, (design.sites, 1))
    season = rng.normal(0, 0.1, MONTHS)
    answers = np.full((design.sites, 1), 20.0)
    if not design.even:
        answers = np.exp(rng.uniform(np.log(5), np.log(80), (design.sites, 1)))
    noise = rng.normal(0, 1, shape) * ANSWER_SD * np.sqrt((1 - design.icc) / answers)
    y = 4 + site + season + wander + noise
    return y if design.even else np.where(rng.random(shape) < 0.1, np.nan, y)


def _beside(panel: Prepared) -> dict[str, tuple[float, float]]:
    """Value and clustered standard error of the other estimators that can be had."""
    found = {}
    for name, estimate in OTHERS.items():
        with suppress(FrameError):
            found[name] = estimate(panel)
    return found


def _by_inference(panel: Prepared, options: Options, base: Base, lead: str | None) -> Estimate:
    """Overall group-time effect under an inference, the rule's where none is named."""
    effects = group_time(panel, base=base)
    builder = Builder(effects, "csat_mean", "", replace(options, inference=lead))
    return builder.overall(aggregate(effects, "simple"))[0]


def imputation_by_rule(panel: Prepared, options: Options) -> SimpleNamespace:
    """Return value and inference of imputation under the leading estimator's rule."""
    effects = group_time(panel)
    builder = Builder(effects, "csat_mean", "", options)
    return SimpleNamespace(**NOTHING | imputed(builder, aggregate(effects, "simple")))


LEADING = {
    "rule": lambda panel, options: _by_inference(panel, options, "universal", None),
    **{
        name: partial(_by_inference, base="universal", lead=lead)
        for name, lead in INFERENCES.items()
    },
    "all_before": lambda panel, options: _by_inference(panel, options, "all_before", None),
    "imputation_rule": imputation_by_rule,
}


def leading_world(
    panel: Prepared, truth: np.ndarray, seed: int, methods: Iterable[str] = tuple(LEADING)
) -> list[dict]:
    """Estimate one world by the estimators that can lead, under the inferences of the rule.

    Without an effect no interval is sought: its coverage is one less the size.

    Returns
    -------
    list of dict
        ``method``, ``value``, ``se``, ``covered``, ``rejected`` and ``half`` the half-width; an
        interval that does not exist covers and its test does not reject.
    """
    target = truth[panel.treated].mean()
    options = Options(draws=DRAWS, seed=seed, level=LEVEL if target else NO_INTERVAL)
    found = []
    for method in methods:
        part = LEADING[method](panel, options)
        none = part.ci_low is None or not target
        rejected = part.p_value is not None and part.p_value <= SIZE
        found.append(
            {
                "method": method,
                "value": part.value,
                "se": part.se,
                "covered": not rejected if none else part.ci_low <= target <= part.ci_high,
                "rejected": rejected,
                "half": np.nan if none else (part.ci_high - part.ci_low) / 2,
            }
        )
    return found


def one_world(panel: Prepared, truth: np.ndarray, seed: int) -> list[dict]:
    """Estimate one world by every method; rows as those of :func:`leading_world`."""
    target = truth[panel.treated].mean()
    found = leading_world(panel, truth, seed)
    quantile = stats.t.ppf((1 + LEVEL) / 2, panel.n_clusters - 1)
    for method, (value, se) in _beside(panel).items():
        found.append(
            {
                "method": method,
                "value": value,
                "se": se,
                "covered": abs(value - target) <= quantile * se,
                "rejected": abs(value) > quantile * se,
                "half": quantile * se,
            }
        )
    return found


def band_world(panel: Prepared, truth: np.ndarray, seed: int) -> list[dict]:
    """Whether the uniform band holds the true effects of all its event times at once."""
    effects = group_time(panel)
    event, first = aggregate(effects, "event"), int(panel.periods[0])
    by_cell = np.array(
        [
            truth[panel.cohort == g][0, t - first]
            for g, t in zip(effects.cohort, effects.period, strict=True)
        ]
    )
    builder = Builder(effects, "csat_mean", "", Options(draws=DRAWS, seed=seed))
    band = [
        (item, weights @ by_cell)
        for weights, item in zip(event.cell_weights, builder.event_times(event), strict=True)
        if item.adjustment == "uniform"
    ]
    if not band:
        return []
    covered = all(item.ci_low <= target <= item.ci_high for item, target in band)
    rejected = any(not item.ci_low <= 0 <= item.ci_high for item, _ in band)
    return [{"method": "band", "covered": covered, "rejected": rejected}]


def study(design: Design, kind: str, worlds: int, of_world=one_world) -> pd.DataFrame:
    """Return one row per method: bias, coverage and share of rejections over worlds.

    ``bias_mc`` is the Monte-Carlo standard error of ``bias``; ``sd`` the standard deviation of
    the estimates and ``se`` the mean standard error, which should be alike; ``worlds`` those in
    which the method gave an answer.
    """
    panel = template(design)
    truth = true_effect(panel, kind)
    rows = []
    first = FRESH if isinstance(of_world, partial) else 0
    for seed in range(first, first + worlds):
        world = replace(panel, y=untreated_outcome(design, seed) + truth)
        with suppress(FrameError):
            rows += of_world(world, truth, seed)
    columns = ["method", "value", "se", "covered", "rejected", "half"]
    found = pd.DataFrame(rows, columns=columns)
    found["error"] = found["value"] - truth[panel.treated].mean()
    by = found.groupby("method", sort=False)
    out = pd.DataFrame(
        {
            "worlds": by.size(),
            "bias": by["error"].mean(),
            "bias_mc": by["error"].std() / np.sqrt(by.size()),
            "sd": by["error"].std(),
            "se": by["se"].mean(),
            "coverage": by["covered"].mean(),
            "rejected": by["rejected"].mean(),
            "half_width": by["half"].median(),
        }
    ).round(5)
    out = out.reset_index()
    for place, (name, value) in enumerate({**asdict(design), "effect": kind}.items()):
        out.insert(place, name, value)
    return out


#: A method of each kind of study: where it is stored, the design is done.
LAST = {one_world: "imputation", band_world: "band"}


def done() -> pd.DataFrame:
    """Return what is already in the results file; no rows without one."""
    if not RESULTS.is_file():
        return pd.DataFrame()
    return pd.read_csv(RESULTS, keep_default_na=False, na_values=[""])


def main(grid: list[Design], worlds: dict[str, int], of_world=one_world) -> None:
    """Study the designs; those whose stored rows are named to be replaced are all done anew."""
    again = isinstance(of_world, partial)
    RESULTS.parent.mkdir(exist_ok=True)
    for kind, design in product(worlds, grid):
        known = done()
        key = {**asdict(design), "effect": kind}
        key["method"] = of_world.keywords["methods"][0] if again else LAST[of_world]
        stored = len(known) and (known[list(key)] == pd.Series(key)).all(axis=1).any()
        if stored and not again:
            continue
        new = study(design, kind, worlds[kind], of_world)
        pd.concat([known, new]).drop_duplicates(list(key), keep="last").to_csv(RESULTS, index=False)
        print(design, kind, flush=True)
    (RESULTS.parent / "monte_carlo.txt").write_text(
        f"seeds 0 to worlds - 1 in each row, from {FRESH} on where measured again; "
        f"{DRAWS} draws; Python {platform.python_version()}, "
        f"numpy {np.__version__}, pandas {pd.__version__}\n"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--worlds", type=int, nargs=2, default=(400, 200), help="without, with effect; 0: none"
    )
    parser.add_argument("--few", action="store_true", help="designs with few treated sites")
    parser.add_argument("--band", action="store_true", help="the uniform band alone")
    parser.add_argument("--again", nargs="+", choices=LEADING, help="methods to measure anew")
    parser.add_argument("--kind", choices=("even", "uneven"), help="designs of one kind alone")
    parser.add_argument("--waves", type=int, nargs="+", default=(2, 3, 4, 5))
    parser.add_argument("--sites", type=int, nargs="+", default=(10, 20, 40, 100))
    parser.add_argument("--icc", type=float, nargs="+", default=(0.02, 0.2))
    chosen = parser.parse_args()
    effects = dict(zip(("none", "growing"), chosen.worlds, strict=True))
    effects = {kind: worlds for kind, worlds in effects.items() if worlds}
    grid, of_world = designs(), one_world
    if chosen.again:
        of_world = partial(leading_world, methods=tuple(chosen.again))
    if chosen.band:
        grid, of_world = large_enough_for_bands(), band_world
    elif chosen.few:
        grid = few_treated()
    if not chosen.few:
        grid = [design for design in grid if design.waves in chosen.waves]
    grid = [design for design in grid if design.icc in chosen.icc and design.sites in chosen.sites]
    if chosen.kind:
        grid = [design for design in grid if design.even == (chosen.kind == "even")]
    main(grid, effects, of_world)
