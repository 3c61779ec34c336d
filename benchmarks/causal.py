"""How long a report waits for the causal evaluation, first call and imports included.

Run ``python benchmarks/causal.py``; every line is the median of the runs named in it.

* *whole process*: a fresh interpreter imports the package, evaluates once, exits;
* *first call*: the evaluation alone in that fresh interpreter, imports done;
* *warm*: the evaluation again in the same interpreter.

Default path: doubly robust, not yet treated, all aggregations, 999 draws for the bands, the
alternatives and all checks. The large panel runs group-time effects with two covariates, all
aggregations and a uniform band; the wild bootstrap draws 9,999 times.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from itertools import pairwise

REPEATS = 5


def panel(sites: int, periods: int, seed: int = 1):
    """Simulate a staggered roll-out: three waves, two thirds treated."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    starts = np.array([14.0, 17.0, 20.0, np.nan, np.nan])[rng.integers(0, 5, sites)]
    month = np.arange(periods)
    gain = np.where(month >= starts[:, None], 0.25, 0.0)
    x = rng.normal(size=(sites, 2))
    y = 4 + rng.normal(0, 0.3, sites)[:, None] + rng.normal(0, 0.2, (sites, periods)) + gain
    return pd.DataFrame(
        {
            "unit": np.repeat([f"s{i:05d}" for i in range(sites)], periods),
            "period": np.tile(24276 + month, sites),
            "y": y.ravel(),
            "cohort": np.repeat(24276 + starts, periods),
            "x1": np.repeat(x[:, 0], periods),
            "x2": np.repeat(x[:, 1], periods),
        }
    )


def default_path(sites: int) -> dict[str, float]:
    """Time import, first and warm call of ``evaluate``."""
    frame = panel(sites, 36)
    began = time.perf_counter()
    from analysis.causal import evaluate

    imported = time.perf_counter()
    evaluate(frame, outcome="csat_mean", unit="score_1_5")
    first = time.perf_counter()
    evaluate(frame, outcome="csat_mean", unit="score_1_5")
    warm = time.perf_counter()
    return {"import": imported - began, "first call": first - imported, "warm": warm - first}


def large(sites: int) -> dict[str, float]:
    """Time the estimator's steps and the wild bootstrap on a large panel."""
    from analysis.causal import aggregate, group_time, outcome_weights, prepare, wild_bootstrap
    from analysis.causal.did.bands import uniform_critical

    frame = panel(sites, 36)
    marks = [time.perf_counter()]
    data = prepare(frame, covariates=["x1", "x2"])
    marks.append(time.perf_counter())
    effects = group_time(data)
    parts = {kind: aggregate(effects, kind) for kind in ("simple", "event", "cohort", "calendar")}
    marks.append(time.perf_counter())
    uniform_critical(parts["event"].influence, data.cluster, level=0.95, draws=999, seed=1)
    marks.append(time.perf_counter())
    wild_bootstrap(
        data.y,
        data.treated,
        outcome_weights(effects, parts["simple"].cell_weights[0]),
        data.observed,
        data.cluster,
        draws=9_999,
        seed=1,
    )
    marks.append(time.perf_counter())
    names = ["prepare", "effects, aggregated", "uniform band", "wild bootstrap"]
    return dict(zip(names, (b - a for a, b in pairwise(marks)), strict=True))


def measure(what: str, sites: int, repeats: int = REPEATS) -> None:
    """Run one measurement in fresh interpreters and print medians."""
    runs = []
    for _ in range(repeats):
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, __file__, what, str(sites)], check=True, capture_output=True, text=True
        )
        found = json.loads(done.stdout)
        runs.append(found | {"whole process": time.perf_counter() - began})
    medians = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    line = ", ".join(f"{name} {seconds:.3f} s" for name, seconds in medians.items())
    print(f"{what}, {sites:,} sites × 36 months ({repeats} runs): {line}")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        kind, count = sys.argv[1], int(sys.argv[2])
        print(json.dumps({"default_path": default_path, "large": large}[kind](count)))
    else:
        measure("default_path", 60)
        measure("large", 100)
        measure("large", 10_000, repeats=1)
