"""Regression of large micro-data through sufficient statistics, beside the regression on all rows.

    python benchmarks/microdata.py [--rows 1000000 10000000] [--peers PYTHON]

Questionnaires in a Parquet file: 500 sites × 36 months, unequal numbers of answers, staggered
treatment, two covariates that vary by answer. The model: treatment and covariates with site and
month effects, clustered by site.

* *statistics*: :func:`analysis.causal.regress_microdata`, which reads the file once;
* *all rows*: every row in memory, site and month effects taken out by alternating projections
  until nothing moves, least squares on the residuals, NumPy;
* *pyfixest*: on all rows, where PYTHON is an interpreter that has it.

Each in a process of its own: seconds of the whole process, its processor time, largest resident
memory, and the largest difference of coefficients and standard errors from *all rows*, relative.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SITES, MONTHS = 500, 36
COLUMNS = ["treated", "x1", "x2"]


def write(path: Path, rows: int, block: int = 1_000_000) -> None:
    """Write the file block by block, so that writing needs no more memory than reading."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(1)
    size = rng.dirichlet(np.full(SITES, 5.0))
    level, season = rng.normal(0, 0.3, SITES), rng.normal(0, 0.1, MONTHS)
    first = cohorts()
    writer = None
    for start in range(0, rows, block):
        n = min(block, rows - start)
        unit = rng.choice(SITES, n, p=size)
        period = rng.integers(0, MONTHS, n)
        x1 = rng.normal(level[unit], 1.0)
        x2 = (rng.random(n) < 0.4).astype(float)
        gain = np.where(period >= first[unit], 0.2, 0.0)
        y = 4 + level[unit] + season[period] + gain + 0.1 * x1 - 0.3 * x2
        y += rng.normal(0, 0.9, n)
        table = pa.table({"unit": unit, "period": period, "y": y, "x1": x1, "x2": x2})
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    writer.close()


def cohorts():
    """(SITES,) first treated month, inf for never."""
    import numpy as np

    return np.array([12.0, 18.0, 24.0, np.inf, np.inf])[np.arange(SITES) % 5]


def statistics(path: str) -> tuple[list[float], list[float]]:
    """Coefficients and standard errors through sufficient statistics."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from analysis.causal import regress_microdata

    first = {str(site): value for site, value in enumerate(cohorts())}
    fit = regress_microdata(path, y="y", cohort=first, covariates=["x1", "x2"])
    order = [fit.names.index(name) for name in COLUMNS]
    return list(fit.coef[order]), list(fit.se[order])


def all_rows(path: str) -> tuple[list[float], list[float]]:
    """Coefficients and standard errors from every row, fixest's small-sample factor."""
    import numpy as np
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    unit, period = table["unit"].to_numpy(), table["period"].to_numpy()
    treated = (period >= cohorts()[unit]).astype(float)
    columns = [table["y"].to_numpy(), treated, table["x1"].to_numpy(), table["x2"].to_numpy()]
    del table
    per_unit, per_period = np.bincount(unit), np.bincount(period)
    residual = []
    for column in columns:
        left = column - column.mean()
        for _ in range(200):
            by_unit = np.bincount(unit, left) / per_unit
            left = left - by_unit[unit]
            by_period = np.bincount(period, left) / per_period
            left = left - by_period[period]
            if max(np.abs(by_unit).max(), np.abs(by_period).max()) < 1e-14:
                break
        residual.append(left)
    y, x = residual[0], np.column_stack(residual[1:])
    bread = np.linalg.inv(x.T @ x)
    coef = bread @ (x.T @ y)
    error = y - x @ coef
    score = np.column_stack([np.bincount(unit, x[:, k] * error) for k in range(len(COLUMNS))])
    n, k = len(y), len(COLUMNS) + MONTHS
    factor = SITES / (SITES - 1) * (n - 1) / (n - k)
    return list(coef), list(np.sqrt(np.diag(factor * bread @ (score.T @ score) @ bread)))


def pyfixest(path: str) -> tuple[list[float], list[float]]:
    """Coefficients and standard errors by pyfixest on all rows."""
    import pandas as pd
    from pyfixest.estimation import feols

    frame = pd.read_parquet(path)
    frame["treated"] = (frame["period"] >= cohorts()[frame["unit"]]).astype(float)
    fit = feols(
        "y ~ treated + x1 + x2 | unit + period",
        frame,
        vcov={"CRV1": "unit"},
        fixef_tol=1e-12,
        copy_data=False,
        store_data=False,
        lean=True,
    )
    return list(fit.coef()[COLUMNS]), list(fit.se()[COLUMNS])


WAYS = {"statistics": statistics, "all rows": all_rows, "pyfixest": pyfixest}


def child(way: str, path: str) -> None:
    coef, se = WAYS[way](path)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    found = {"coef": [float(x) for x in coef], "se": [float(x) for x in se], "memory": memory}
    print(json.dumps(found))


def measure(python: str, way: str, path: Path) -> dict:
    """Run one way in a process of its own."""
    began, spent = time.perf_counter(), _processor_seconds()
    done = subprocess.run(
        [python, __file__, "--child", way, str(path)], capture_output=True, text=True, check=True
    )
    seconds = time.perf_counter() - began
    used = {"seconds": seconds, "processor": _processor_seconds() - spent}
    return json.loads(done.stdout.splitlines()[-1]) | used


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def difference(one: dict, other: dict) -> float:
    """Largest relative difference of coefficients and standard errors."""
    pairs = zip(one["coef"] + one["se"], other["coef"] + other["se"], strict=True)
    return max(abs(a - b) / abs(b) for a, b in pairs)


def main(sizes: list[int], peers: str) -> None:
    print(
        "| rows | by | seconds | processor | memory, GB | largest relative difference |\n"
        "|---|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as folder:
        for rows in sizes:
            path = Path(folder) / f"{rows}.parquet"
            write(path, rows)
            ways = ["all rows", "statistics", *(["pyfixest"] if peers else [])]
            full = None
            for way in ways:
                found = measure(peers if way == "pyfixest" else sys.executable, way, path)
                full = full or found
                print(
                    f"| {rows:,} | {way} | {found['seconds']:.2f} "
                    f"| {found['processor']:.2f} | {found['memory']:.2f} "
                    f"| {'' if found is full else format(difference(found, full), '.1e')} |",
                    flush=True,
                )
            path.unlink()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--child", nargs=2, metavar=("WAY", "FILE"))
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--peers", default="", help="interpreter that has pyfixest")
    chosen = parser.parse_args()
    if chosen.child:
        child(*chosen.child)
    else:
        main(chosen.rows, chosen.peers)
