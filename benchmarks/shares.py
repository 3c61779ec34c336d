"""Cohorts' shares taken as estimated or as given: size, power, coverage in the same worlds.

    python benchmarks/shares.py [--worlds 4000] [--sites 40 100] [--band 1000]

Prints a table. Where sites were chosen and influence functions lead, both standard errors of the
overall effect are taken in the same worlds of ``benchmarks/leaders.py`` without gaps, from either
base; the estimate is the same. Three effects: none; ``growing``, 0.2 points on average; and waves
whose effects run evenly from 0.1 to 0.5 points, of which the target is the mean over treated
site-months. ``--band``: worlds in which the uniform band of the event study leaves the truth
anywhere, without effect and with waves that differ. Designs in which bootstrap or randomisation
leads are compared interval by interval. ``--small``: waves of one to three sites instead, under
given shares without and with the rule that a mean with a wave of one counts them as estimated.

The first worlds' intervals are compared with those of :func:`analysis.causal.plan_test`. Seeds from
1,200,000 on, on which nothing was chosen.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parent))

from leaders import Study, outcome
from monte_carlo import (
    FIRST_WAVE,
    LEVEL,
    MONTHS,
    WAVE_EVERY,
    Design,
    designs,
    template,
    true_effect,
)

from analysis.causal import Options, aggregate, group_time, plan_test
from analysis.causal.did.aggregate import Aggregate, outcome_weights, shares_drift
from analysis.causal.did.bands import satterthwaite, uniform_critical
from analysis.causal.did.group_time import GroupTime
from analysis.causal.did.two_by_two import small_sample_scale
from analysis.causal.evaluation.estimates import Builder
from analysis.causal.inference.distributions import t_p_value, t_quantile
from analysis.causal.panel.frame import Prepared

FRESH = 1_200_000
BLOCK = 500
BASES = {"all before": "all_before", "month before": "universal"}
EFFECTS = ("none", "growing", "differing")
SHARES = ("estimated", "given")
SHOCKS = ("heavy", "louder", "heavy_louder")

#: Sites, trained sites by wave, and shocks.
SMALL = (
    (40, (1,) * 12, "normal"),
    (40, (6, 1, 1, 1, 1, 1, 1), "normal"),
    (40, (2,) * 6, "normal"),
    (40, (2,) * 6, "louder"),
    (40, (3,) * 4, "normal"),
    (40, (3,) * 4, "louder"),
    (60, (2,) * 10, "normal"),
)


def effect(panel: Prepared, kind: str) -> np.ndarray:
    """(N, T) effect on each site-month."""
    if kind != "differing":
        return true_effect(panel, kind)
    waves = len(panel.cohorts)
    order = np.where(np.isfinite(panel.cohort), (panel.cohort - FIRST_WAVE) / WAVE_EVERY, 0)
    size = 0.3 if waves == 1 else 0.1 + 0.4 * order / (waves - 1)
    return np.where(panel.treated, np.broadcast_to(size, panel.cohort.shape)[:, None], 0.0)


def drawn(study: Study, panel: Prepared, seeds: range) -> np.ndarray:
    """(B, N, T) outcomes without effect, uneven waves too without gaps and with 20 answers."""
    full = replace(study, design=replace(study.design, even=True))
    return np.stack([outcome(full, panel, seed) for seed in seeds])


@dataclass(frozen=True)
class Sized(Design):
    """A design whose waves have the sizes stated, one month apart."""

    sizes: tuple[int, ...] = ()

    def cohorts(self) -> np.ndarray:
        """(sites,) first treated month, inf for never."""
        start = FIRST_WAVE + np.repeat(np.arange(len(self.sizes)), self.sizes)
        return np.append(start, np.full(self.sites - self.treated, np.inf)).astype(float)


class Means:
    """Means of cells in many worlds, and their influence under either kind of shares."""

    def __init__(self, effects: GroupTime, part: Aggregate, *, ruled: bool = True) -> None:
        self.panel, self.part = effects.panel, part
        self.contrast = effects.contrast
        cells = np.eye(len(effects.att))
        self.of_cell = np.stack([outcome_weights(effects, one) for one in cells])
        self.of_mean = np.einsum("jk,knt->jnt", part.cell_weights, self.of_cell)
        self.belongs = (self.panel.cohort[:, None] == effects.cohort).astype(float)
        self.sizes = self.belongs.sum(axis=0)
        self.scale = small_sample_scale(self.panel)
        self.given = [
            not (ruled and shares_drift(effects, row != 0, "given")) for row in part.cell_weights
        ]

    def of(self, y: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """(B, J) values; (B, N, J) influence by kind of shares, scaled as intervals scale it."""
        mine = self.belongs.T[:, :, None]
        own, others = (
            np.tensordot(y, self.of_cell * arm, ([1, 2], [1, 2])) for arm in (mine, 1 - mine)
        )
        cell = own + others
        value = cell @ self.part.cell_weights.T
        given = np.einsum("jnt,bnt->bnj", self.of_mean, y, optimize=True)
        inside = np.where(self.belongs > 0, self.contrast, 0.0)
        outside = inside - self.contrast
        for j, weights in enumerate(self.part.cell_weights):
            given[:, :, j] -= (own * weights) @ inside.T + (others * weights) @ outside.T
        estimated = given.copy()
        for j, weights in enumerate(self.part.cell_weights):
            used = np.flatnonzero(weights)
            drift = self.belongs[:, used] - self.belongs[:, used].mean(axis=0)
            off = cell[:, used] - value[:, [j]]
            estimated[:, :, j] += off @ drift.T / self.sizes[used].sum()
            if not self.given[j]:
                given[:, :, j] = estimated[:, :, j]
        scale = self.scale[None, :, None]
        return value, {"estimated": estimated * scale, "given": given * scale}


def intervals(means: Means, y: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """(B,) ends of the overall effect's interval by kind of shares."""
    value, influence = means.of(y)
    found = {}
    for kind, each in influence.items():
        own = each[:, :, 0].T
        se = np.sqrt((own**2).sum(axis=0))
        df = satterthwaite(own, means.panel.cluster, means.panel.cohort)
        half = stats.t.ppf((1 + LEVEL) / 2, df) * se
        found[kind] = value[:, 0] - half, value[:, 0] + half
    return found


def overall(
    study: Study, base: str, worlds: int, *, ruled: bool = True
) -> dict[tuple[str, str], np.ndarray]:
    """(worlds, 3) by effect and kind of shares: zero outside, truth inside, half width."""
    panel = template(study.design)
    effects = group_time(panel, base=base)
    means = Means(effects, aggregate(effects, "simple"), ruled=ruled)
    if ruled:
        assert_planned(study, base, means)
    found = {(kind, shares): [] for kind in EFFECTS for shares in SHARES}
    for start in range(FRESH, FRESH + worlds, BLOCK):
        seeds = range(start, min(start + BLOCK, FRESH + worlds))
        y = drawn(study, panel, seeds)
        for kind in EFFECTS:
            truth = effect(panel, kind)
            target = truth[panel.treated].mean()
            for shares, (low, high) in intervals(means, y + truth).items():
                outside = (low > 0) | (high < 0)
                inside = (low <= target) & (target <= high)
                found[kind, shares].append(np.column_stack([outside, inside, (high - low) / 2]))
    return {key: np.concatenate(rows) for key, rows in found.items()}


def assert_planned(study: Study, base: str, means: Means) -> None:
    """Stop where intervals are not those that a planned roll-out would get."""
    design, panel = study.design, means.panel
    y = drawn(study, panel, range(FRESH, FRESH + 3)) + effect(panel, "differing")
    order = np.argsort(panel.cohort, kind="stable")
    starts = tuple(panel.cohort[order[: design.treated]].astype(int))
    named = "all_before" if base == "all_before" else "month_before"
    for shares, ends in intervals(means, y).items():
        never = design.sites - design.treated
        test = plan_test(starts, never, MONTHS, base=named, shares=shares)
        planned = test.intervals(y[:, order], level=LEVEL)
        np.testing.assert_allclose(ends, planned, rtol=1e-9)


def band(study: Study, base: str, kind: str, worlds: int) -> dict[str, float]:
    """Share of worlds whose uniform band leaves the truth somewhere, by kind of shares."""
    panel = template(study.design)
    effects = group_time(panel, base=base)
    event = aggregate(effects, "event")
    builder = Builder(effects, "csat_mean", "", Options())
    leads = [
        builder.lead(builder.rule(weights), key)
        for weights, key in zip(event.cell_weights, event.key, strict=True)
    ]
    banded = np.array(leads) == "influence_function"
    kept = np.flatnonzero(banded & event.influence.any(axis=0))
    event = replace(event, cell_weights=event.cell_weights[kept], key=event.key[kept])
    means, truth = Means(effects, event), effect(panel, kind)
    target = np.einsum("jnt,nt->j", means.of_mean, truth)
    left = dict.fromkeys(SHARES, 0)
    for seed in range(FRESH, FRESH + worlds):
        value, influence = means.of(drawn(study, panel, range(seed, seed + 1)) + truth)
        for shares, each in influence.items():
            own = each[0]
            critical = uniform_critical(
                own / means.scale[:, None], panel.cluster, level=LEVEL, draws=399, seed=seed
            )
            together = 1 - t_p_value(critical, np.inf)
            df = satterthwaite(own, panel.cluster, panel.cohort)
            half = np.array([t_quantile(together, d) for d in df])
            half = half * np.sqrt((own**2).sum(axis=0))
            left[shares] += bool((np.abs(value[0] - target) > half).any())
    return {shares: count / worlds for shares, count in left.items()}


def touched(design: Design, worlds: int = 20) -> tuple[str, bool]:
    """Return what leads, and whether any interval differs between the kinds of shares."""
    panel = template(design)
    order = np.argsort(panel.cohort, kind="stable")
    starts = tuple(panel.cohort[order[: design.treated]].astype(int))
    y = drawn(Study(design, "normal", "none"), panel, range(FRESH, FRESH + worlds))[:, order]
    ends, lead = [], ""
    for shares in SHARES:
        test = plan_test(starts, design.sites - design.treated, MONTHS, shares=shares)
        lead = test.lead
        ends.append(np.stack(test.intervals(y, level=LEVEL)))
    return lead, not np.array_equal(ends[0], ends[1])


def studies(sites: list[int]) -> list[Study]:
    """Return the designs in which influence functions lead, and forty even sites' other shocks."""
    chosen = [d for d in designs() if d.sites in sites and d.sites >= 40 and d.waves in (2, 5)]
    found = [Study(design, "normal", "") for design in chosen]
    for design in chosen:
        if design.sites == 40 and design.even and design.icc == 0.2:
            found += [Study(design, shocks, "") for shocks in SHOCKS]
    return found


def main(sites: list[int], worlds: int, bands: int) -> None:
    """Print a line per design, shocks and base; then bands; then what is not touched."""
    named = ("sites", "trained", "waves", "kind", "ICC", "shocks", "base")
    print("|", " | ".join((*named, "size", "power", "covered, differing")), "|")
    print("|" + "---|" * 10)
    for study in studies(sites):
        for name, base in BASES.items():
            found = overall(study, base, worlds)
            told = [name]
            for kind, column in (("none", 0), ("growing", 0), ("differing", 1)):
                each = [f"{found[kind, shares][:, column].mean():.4f}" for shares in SHARES]
                told.append(" → ".join(each))
            print(_row(study, told), flush=True)
    print("|", " | ".join((*named, "effect", "band leaves truth")), "|")
    print("|" + "---|" * 9)
    for study in studies(sites) if bands else ():
        if study.shocks != "normal" or study.design.icc != 0.2:
            continue
        for (name, base), kind in product(BASES.items(), ("none", "differing")):
            left = band(study, base, kind, bands)
            told = [name, kind, " → ".join(f"{left[shares]:.4f}" for shares in SHARES)]
            print(_row(study, told), flush=True)
    for design in designs():
        if design.sites in sites and design.sites < 40 and design.waves in (2, 5):
            print(design, *touched(design), flush=True)


def small(worlds: int) -> None:
    """Print size and coverage with small waves: shares estimated, given, given by the rule."""
    print("| sites | waves | shocks | base | size | covered, differing |")
    print("|" + "---|" * 6)
    for sites, sizes, shocks in SMALL:
        design = Sized(sites, sum(sizes), len(sizes), 0.2, True, sizes)
        study = Study(design, shocks, "")
        for name, base in BASES.items():
            plain, ruled = (overall(study, base, worlds, ruled=rule) for rule in (False, True))
            told = []
            for kind, column in (("none", 0), ("differing", 1)):
                three = plain[kind, "estimated"], plain[kind, "given"], ruled[kind, "given"]
                told.append(" → ".join(f"{each[:, column].mean():.4f}" for each in three))
            named = (sites, "+".join(map(str, sizes)), shocks, name, *told)
            print("|", " | ".join(map(str, named)), "|", flush=True)


def _row(study: Study, told: list[str]) -> str:
    design = study.design
    kind = "even" if design.even else "uneven"
    named = (design.sites, design.treated, design.waves, kind, design.icc, study.shocks, *told)
    return f"| {' | '.join(str(each) for each in named)} |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sites", type=int, nargs="+", default=[40, 100, 10, 20])
    parser.add_argument("--worlds", type=int, default=4000)
    parser.add_argument("--band", type=int, default=1000, help="worlds of the band; 0: none")
    parser.add_argument("--small", action="store_true", help="small waves instead")
    asked = parser.parse_args()
    if asked.small:
        small(asked.worlds)
    else:
        main(asked.sites, asked.worlds, asked.band)
