"""Time and memory of the efficient estimator on a roll-out of 7,785 units in 47 waves.

    python benchmarks/random_timing.py FOLDER

``FOLDER`` holds ``officer_months.parquet`` of the roll-out. The event study has one
effect per event time from 0 to 58; the randomisation test has 500 draws.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.causal import fisher_test, prepare, staggered


def main(folder: str) -> None:
    rows = pd.read_parquet(Path(folder) / "officer_months.parquet")
    names = {"officer": "unit", "complaints": "y", "first_trained": "cohort"}
    rows = rows.rename(columns=names)[["unit", "period", "y", "cohort"]]
    begun = time.perf_counter()
    panel = prepare(rows)
    steps = {
        "simple": lambda: staggered(panel, "simple"),
        "cohort": lambda: staggered(panel, "cohort"),
        "calendar": lambda: staggered(panel, "calendar"),
        "event study": lambda: staggered(panel, "event_study", event_times=range(59)),
        "randomisation test": lambda: fisher_test(panel, draws=500, seed=1),
    }
    print("| step | seconds | result |\n|---|---|---|")
    print(f"| prepare | {time.perf_counter() - begun:.1f} | |")
    for name, step in steps.items():
        begun = time.perf_counter()
        found = step()
        taken = time.perf_counter() - begun
        if hasattr(found, "p_value"):
            said = f"p = {found.p_value:.3f}"
        else:
            said = f"{found.att[0]:.9f} ({found.se[0]:.9f}; Neyman {found.se_neyman[0]:.9f})"
            said += f", {len(found.att)} effects" if len(found.att) > 1 else ""
            assert np.isfinite(found.att).all()
        print(f"| {name} | {taken:.1f} | {said} |", flush=True)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"\nLargest memory: {most:.2f} GB")


if __name__ == "__main__":
    main(sys.argv[1])
