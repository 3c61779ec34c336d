"""Whole-process time and memory of the panel: rows of questionnaires → site x month cells.

    python benchmarks/panel.py --rows 1000000 10000000 --sites 2000 --repeats 3

Each measurement is a fresh process: imports, connection, scan, panel. The rows are written once to
a Parquet file in a temporary folder (or ``--folder``, which keeps them).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MONTHS = 36
ITEMS = ("q_all", "q_nps", "q_staff", "q_speed", "q_clean")
CHUNK = 1_000_000


def write_surveys(folder: Path, rows: int, sites: int) -> None:
    """Write ``surveys`` of five items a questionnaire, and ``instruments``, in chunks."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    from analysis import tables

    schema = tables.TABLES["surveys"].schema()
    start, end = (pd.Timestamp(d, tz="UTC").value // 1000 for d in ("2023-01-01", "2026-01-01"))
    with pq.ParquetWriter(folder / "surveys.parquet", schema) as writer:
        for first in range(0, rows, CHUNK):
            size = min(CHUNK, rows - first)
            rng = np.random.default_rng([20240101, first])
            sheets = size // len(ITEMS) + 1
            sheet = np.repeat(np.arange(sheets), len(ITEMS))[:size]
            item = np.tile(np.arange(len(ITEMS)), sheets)[:size]
            score = np.where(item == 1, rng.integers(0, 11, size), rng.integers(1, 6, size))
            columns = {
                "response_id": pa.array(sheet + first).cast(pa.string()),
                "item": pa.array(np.array(ITEMS)[item]),
                "instrument": pa.repeat("owner_v1", size),
                "site_id": pa.array(rng.integers(0, sites, sheets)[sheet]).cast(pa.string()),
                "answered_at": pa.array(rng.integers(start, end, sheets)[sheet]).cast(
                    schema.field("answered_at").type
                ),
                "score": pa.array(score.astype("float64"), mask=rng.random(size) < 0.05),
            }
            arrays = [
                columns.get(name, pa.nulls(size, schema.field(name).type)) for name in schema.names
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
    items = pd.DataFrame({"instrument": "owner_v1", "item": ITEMS})
    items["role"] = ["overall", "nps", "item", "item", "item"]
    items["scale_min"] = [1, 0, 1, 1, 1]
    items["scale_max"] = [5, 10, 5, 5, 5]
    pq.write_table(tables.conform("instruments", items), folder / "instruments.parquet")


def measure(folder: Path, engine: str) -> dict[str, float]:
    """Build the panel in this process and say what it cost."""
    from analysis import indicators

    sources = {name: folder / f"{name}.parquet" for name in ("surveys", "instruments")}
    panel = indicators.build_panel(
        sources, client_timezone="Asia/Shanghai", first="2023-01", last="2025-12", engine=engine
    )
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "cells": len(panel),
        "cpu_s": used.ru_utime + used.ru_stime,
        "rss_gb": used.ru_maxrss / 1024**2,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--sites", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--engine", default="duckdb")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure, arguments.engine)))
        return
    print(f"{os.cpu_count()} cores; {arguments.sites} sites x {MONTHS} months; {arguments.engine}")
    print(f"{'rows':>12} {'cells':>9} {'median s':>9} {'CPU s':>7} {'max RSS GB':>11}")
    for rows in arguments.rows:
        with tempfile.TemporaryDirectory() as temporary:
            folder = (arguments.folder or Path(temporary)) / str(rows)
            if not (folder / "instruments.parquet").exists():
                folder.mkdir(parents=True, exist_ok=True)
                write = [sys.executable, "-c", WRITE, folder, str(rows), str(arguments.sites)]
                subprocess.run(write, check=True, cwd=Path(__file__).parent)
            command = [sys.executable, __file__, "--measure", folder, "--engine", arguments.engine]
            seconds, found = [], []
            for _ in range(arguments.repeats):
                begun = time.perf_counter()
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                seconds.append(time.perf_counter() - begun)
                found.append(json.loads(done.stdout.splitlines()[-1]))
        rss = max(f["rss_gb"] for f in found)
        middle = statistics.median(seconds)
        cpu = statistics.median(f["cpu_s"] for f in found)
        print(f"{rows:>12,} {found[0]['cells']:>9,} {middle:>9.2f} {cpu:>7.2f} {rss:>11.2f}")


# In a process of its own, so that writing leaves no memory behind.
WRITE = (
    "import sys, panel, pathlib;"
    "panel.write_surveys(pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))"
)

if __name__ == "__main__":
    main()
