"""Whether the leading interval of each headline outcome, and of the return, holds the truth.

    python benchmarks/coverage.py [--worlds 200] [--first 1] [--effects demo] [--part outcomes]

Worlds of the demo client, each from its own seed. Each goes through the stages that a report goes
through: the client file of the demo, its panel, ``TrackingStage.evaluate`` with the options of the
plan, the effects that benefits are priced by, ``ValueStage.counted``; beside them what is true, as
the pages of simulated clients compute it. Only exports and their import are left out. Ratings are
evaluated role by role.

``--effects``: ``demo``, ``alone`` (no comparison site is reached by the training, as the estimand
assumes) or ``none`` (training changes nothing).

**The return.** Its interval allows for the range that the client states for money per unit. Two
truths are held against it: at the stated money (``return``), and at money drawn for each world from
the triangular distribution over the stated range (``return, money drawn``), which is what the
interval promises to cover.

``--part``: ``outcomes`` of surveys, tickets and fees, with the return, or ``ratings``. A world's
tables do not depend on which others are drawn.

Writes ``benchmarks/results/coverage.csv``, a row per world and outcome (a run that was cut short
goes on where it stopped); ``benchmarks/tables.py`` puts it into ``docs/methods/tracking.md``.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import client as clients
from analysis.indicators import build_panel
from analysis.results import Estimate, collect
from analysis.simulation import DEMO, World, WorldParameters, simulate
from analysis.tables import TABLES
from analysis.workspace.inputs.beside_truth import against
from analysis.workspace.wiring.tracking import TrackingStage
from analysis.workspace.wiring.value import ValueStage

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "coverage.csv"
PARTS = {"outcomes": ("surveys", "tickets", "ledgers", "programme"), "ratings": ("ratings",)}
FIRST = {"outcomes": "csat_mean", "ratings": "behaviour[self]"}
"""An outcome of each part: where it is stored, the world is done."""
KEPT = ("sites", "waves", "surveys", "instruments", "tickets", "ratings", "fees", "costs")
COLUMNS = ["effects", "seed", "outcome", "value", "ci_low", "ci_high", "truth", "covered", "method"]
ALONE = {"alternatives": ()}
DRAWS, MONEY_DRAWS = 199, 4000
"""Draws of an interval that is drawn at all, and of the return."""


def parameters(effects: str, seed: int, part: str) -> WorldParameters:
    """Return the demo client of a seed with the families of tables that a part needs."""
    p = replace(DEMO, seed=seed, families=PARTS[part])
    if effects == "none":
        return p.without_effects()
    return replace(p, spill_over=0.0, n_spill_over=0) if effects == "alone" else p


def loaded(folder: Path) -> clients.Client:
    """Return the demo's client, read from a folder of its own, where nothing is locked."""
    own = folder / "demo"
    own.mkdir()
    shutil.copy(ROOT / "data" / "demo" / "client.yml", own)
    return clients.load(own)


def opened(world: World, client: clients.Client) -> TrackingStage:
    """Open a world as the tracking stage opens a client, with its truth."""
    tables = {name: world.tables[name] for name in KEPT if len(world.tables.get(name, ()))}
    stage = TrackingStage("tracking", client, client.folder, None, "en", world.parameters.seed)
    rated = "ratings" in world.parameters.families
    wanted = {"behaviour"} if rated else set(headline(stage))
    panel = build_panel(
        tables,
        client_timezone=client.client.timezone,
        first=client.period.first_period,
        last=client.period.last_period,
        indicators={name: stage.registry[name] for name in sorted(wanted)},
    )
    truth = world.truth.cells.astype({"site_id": str})
    read = {name: tables.get(name) for name in TABLES}
    vars(stage).update(panel=panel, _read=read, _truth=truth)
    return stage


def headline(stage: TrackingStage) -> list[str]:
    """Return the outcomes whose effects the report leads: the plan's, and those with a price."""
    design, benefits = stage.client.design, stage.client.value.benefits
    named = (stage.primary, *design.secondary_outcomes, *(b.indicator for b in benefits))
    return list(dict.fromkeys(named))


def one_world(client: clients.Client, effects: str, seed: int, part: str) -> list[dict]:
    """Return a row per outcome of one world."""
    stage = opened(simulate(parameters(effects, seed, part)), client)
    priced = {benefit.indicator for benefit in client.value.benefits}
    found = [
        # Other methods are asked only where a return depends on their agreement.
        stage.evaluate(name, draws=DRAWS, horizons=(), **({} if name in priced else ALONE))
        for name in (headline(stage) if part == "outcomes" else ())
    ]
    beside = stage.beside_truth(found, draws=DRAWS)
    methods = {(e.outcome, ""): e.overall.interval_method for e in found}
    rated = stage.behaviour(draws=DRAWS)
    methods |= {("behaviour", e.dims["role"]): e.interval_method for e in rated}
    rows = []
    for row in beside.tables["truth"].to_dict("records"):
        name, stratum = row["indicator"], row["stratum"]
        outcome = f"{name}[{stratum}]" if stratum else name
        rows.append({**row, "outcome": outcome, "method": methods[name, stratum]})
    if found:
        items = [*(e.results() for e in found), stage.exposed(found)]
        value = ValueStage("value", client, stage.folder, None, "en", seed)
        tracked = collect("tracking", items, tables=beside.tables)
        vars(value).update(panel=stage.panel, _read=stage._read, _earlier={"tracking": tracked})
        rows += money(value, seed)
    return [{"effects": effects, "seed": seed, **row} for row in rows]


def money(stage: ValueStage, seed: int) -> list[dict]:
    """Return the benefit-cost ratio beside its truth at the stated money and at drawn money."""
    counted = stage.counted(draws=MONEY_DRAWS)
    ratio = next(e for e in counted.estimates if e.estimand == "benefit_cost_ratio")
    true = stage.true_return(counted)
    if true is None:
        return [_row("return", ratio, None)]
    rng = np.random.default_rng(seed)
    drawn = 0.0
    for benefit in stage.client.value.benefits:
        if benefit.indicator in true.amounts:
            stated = abs(benefit.money_per_unit)
            ends = sorted(abs(end) for end in (benefit.low, benefit.high))
            share = rng.triangular(ends[0], stated, ends[1]) / stated
            drawn += true.amounts[benefit.indicator] * share
    pairs = {"return": true.benefit_cost_ratio, "return, money drawn": drawn / true.cost}
    return [_row(name, ratio, truth) for name, truth in pairs.items()]


def _row(name: str, estimate: Estimate, truth: float | None) -> dict:
    numbers = {key: getattr(estimate, key) for key in ("value", "ci_low", "ci_high")}
    method = estimate.interval_method
    covered = against(estimate, truth).value if estimate.value is not None else "no_effect"
    return {"outcome": name, **numbers, "truth": truth, "covered": covered, "method": method}


def done() -> pd.DataFrame:
    """Return what is already in the results file; no rows without one."""
    if not RESULTS.is_file():
        return pd.DataFrame(columns=COLUMNS)
    return pd.read_csv(RESULTS)


def main(worlds: int, first: int, effects: str, part: str) -> None:
    """Measure the worlds that are not stored yet."""
    known = done()
    mine = (known["effects"] == effects) & (known["outcome"] == FIRST[part])
    stored = set(known.loc[mine, "seed"])
    with tempfile.TemporaryDirectory(prefix="coverage-") as name:
        client = loaded(Path(name))
        for seed in range(first, first + worlds):
            if seed in stored:
                continue
            begun = time.perf_counter()
            new = pd.DataFrame(one_world(client, effects, seed, part))[COLUMNS]
            known = new if known.empty else pd.concat([known, new])
            known.to_csv(RESULTS, index=False, float_format="%.6g")
            print(part, effects, seed, f"{time.perf_counter() - begun:.1f} s", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=200)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--effects", choices=("demo", "alone", "none"), default="demo")
    parser.add_argument("--part", choices=PARTS, nargs="+", default=tuple(PARTS))
    chosen = parser.parse_args()
    for part in chosen.part:
        main(chosen.worlds, chosen.first, chosen.effects, part)
