"""What the evaluation says about roll-outs that never happened, on real tickets.

    python benchmarks/placebo_rollouts.py [ROLLOUTS] [--run FOLDER]

The client ``boston`` has real requests of 22 neighbourhoods over twelve months and no training at
all. Each roll-out draws by lot which neighbourhoods were "trained" and in which of two waves, and
then takes the path of the tracking report: estimation frame, evaluation, everything beside it,
graded claims, with the registered draw as assignment (so that "strong" can be reached). Every
effect claimed is false.

Writes ``benchmarks/results/placebo_rollouts.csv``, one row per roll-out and outcome (a run that
was cut short goes on where it stopped);
``benchmarks/tables.py`` puts it into ``docs/methods/estimators.md``.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import causal, workspace
from analysis.tables import month_of

RESULTS = Path(__file__).parent / "results" / "placebo_rollouts.csv"
OUTCOMES = ("resolution_median_hours", "resolution_p90_hours", "resolution_open")
TREATED = (11,)
WAVE_MONTHS = (6, 8)
"""Starts of the waves, in months after the first one."""

DRAWS = 999
DEEPENED = {11: 2}
"""Roll-outs by number of treated sites that also go through all that stands beside the effect. It
takes seconds each and does not enter the claim; the rest is evaluated and graded only."""


def fake_waves(real: pd.DataFrame, treated: int, first_period: int, seed: int) -> pd.DataFrame:
    """Draw a roll-out: ``treated`` sites, half of them in each wave."""
    rng = np.random.default_rng(seed)
    site = rng.permutation(real["site_id"].to_numpy())
    wave = np.where(np.arange(len(site)) < treated, 1 + np.arange(len(site)) % 2, 0)
    start = [month_of(first_period + WAVE_MONTHS[w - 1]) if w else None for w in wave]
    drawn = pd.DataFrame(
        {
            "site_id": site,
            "wave": wave,
            "arm": np.where(wave > 0, "treated", "comparison"),
            "planned_start": start,
            "actual_start": start,
            "assigned_by": "randomised",
        }
    )
    return drawn.reindex(columns=real.columns).sort_values("site_id", ignore_index=True)


def rollout(stage, treated: int, seed: int, *, deepened: bool = True) -> list[dict]:
    """Evaluate one roll-out: one row per outcome, with claim, grade and the numbers behind them."""
    waves = fake_waves(stage.waves, treated, stage.client.period.first_period, seed)
    made_up = replace(stage)
    vars(made_up).update(waves=waves, panel=stage.panel)
    rows = []
    for outcome in OUTCOMES:
        evaluation = made_up.evaluate(outcome, draws=DRAWS)
        claim = made_up.claims(evaluation)[0]
        checks, estimates = evaluation.checks(), evaluation.estimates()
        if deepened:
            depth = causal.deepen(evaluation, made_up.outcome(outcome), kinds=made_up.kinds)
            checks, estimates = checks + depth.checks(), estimates + depth.estimates()
        rows.append(
            {
                "treated": treated,
                "seed": seed,
                "outcome": outcome,
                "claim": claim.claim.rsplit(".", 1)[-1],
                "strength": claim.strength,
                "inference": evaluation.overall.interval_method,
                "p_value": evaluation.overall.p_value,
                "estimates": len(estimates),
                "not_passed": sum(check.status in ("failed", "caution") for check in checks),
            }
        )
    return rows


def prepared(folder: str) -> str:
    """Return a folder with the client's panel; made anew when none is given."""
    if folder:
        return folder
    made = tempfile.mkdtemp(prefix="boston-")
    workspace.prepare("boston", Path(made))
    return made


def main(rollouts: int, folder: str) -> None:
    stage = workspace.open_stage("tracking", client="boston", run_dir=prepared(folder))
    RESULTS.parent.mkdir(exist_ok=True)
    found = pd.read_csv(RESULTS) if RESULTS.is_file() else pd.DataFrame(columns=["treated", "seed"])
    for treated, seed in product(TREATED, range(rollouts)):
        if ((found["treated"] == treated) & (found["seed"] == seed)).any():
            continue
        deepened = seed < DEEPENED.get(treated, 0)
        new = pd.DataFrame(rollout(stage, treated, seed, deepened=deepened))
        found = pd.concat([found, new])
        found.to_csv(RESULTS, index=False, float_format="%.4f")
    print(found.groupby(["treated", "outcome", "claim", "strength"]).size())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rollouts", type=int, nargs="?", default=200)
    parser.add_argument("--run", default="", help="folder of a prepared run")
    chosen = parser.parse_args()
    main(chosen.rollouts, chosen.run)
