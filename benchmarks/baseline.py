"""Time and memory of the baseline's steps as the answers to questionnaires grow.

    python benchmarks/baseline.py --rows 200000 2000000 --repeats 3

Each measurement is a fresh process: imports, reading Parquet, panel, every step that reads
questionnaires. Five items from one trait, 60 sites x 36 months, two channels, half of the
households named. Steps are timed by the CPU, which other work on the machine moves less; the
whole process by the clock. Peak memory is that of the process.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SITES, MONTHS, HOMES = 60, 36, 500
ITEMS = {"q1": "overall", "q2": "item", "q3": "item", "q4": "item", "q5": "item"}
KINDS = ("villa", "high_end", "ordinary", "old")


def write_client(folder: Path, rows: int) -> None:
    """Write ``surveys``, ``instruments``, ``sites`` and ``invitations`` of a made-up client."""
    import numpy as np
    import pandas as pd
    import pyarrow.parquet as pq

    from analysis import tables

    rng = np.random.default_rng([20240101, rows])
    sheets = rows // len(ITEMS)
    site = rng.integers(0, SITES, sheets)
    month = rng.integers(0, MONTHS, sheets)
    trait = rng.normal(size=sheets) + 0.2 * rng.normal(size=SITES)[site]
    score = 3.6 + 0.8 * trait[:, None] + 0.6 * rng.normal(size=(sheets, len(ITEMS)))
    score = np.clip(np.rint(score), 1, 5)
    score[rng.random(score.shape) < 0.03] = np.nan
    days = np.datetime64("2023-01-01") + (month * 30.4 + rng.integers(0, 28, sheets)).astype(int)
    ids = np.char.add("r", np.arange(sheets).astype(str)).astype(object)
    names = np.array([f"s{k:02}" for k in range(SITES)], dtype=object)
    homes = np.array([f"h{k}" for k in range(SITES * HOMES)], dtype=object)
    home = homes[site * HOMES + rng.integers(0, HOMES, sheets)]
    home[rng.random(sheets) < 0.5] = None
    channel = np.array(["wechat", "phone"], dtype=object)[rng.integers(0, 2, sheets)]
    k = len(ITEMS)
    surveys = pd.DataFrame(
        {
            "response_id": np.repeat(ids, k),
            "item": np.tile(np.array(list(ITEMS), dtype=object), sheets),
            "instrument": "v1",
            "site_id": np.repeat(names[site], k),
            "household_id": np.repeat(home, k),
            "answered_at": np.repeat(pd.DatetimeIndex(days).tz_localize("UTC"), k),
            "channel": np.repeat(channel, k),
            "score": score.ravel(),
            "missing": np.where(np.isnan(score.ravel()), "blank", None),
        }
    )
    instruments = pd.DataFrame({"instrument": "v1", "item": list(ITEMS)})
    instruments = instruments.assign(
        role=list(ITEMS.values()), dimension="all", scale_min=1.0, scale_max=5.0
    )
    sites = pd.DataFrame({"site_id": names, "site_name": names, "households": HOMES})
    sites["property_type"] = [KINDS[i % len(KINDS)] for i in range(SITES)]
    sites["region"] = ["north" if i % 2 else "south" for i in range(SITES)]
    first = [f"{2023 + m // 12}-{m % 12 + 1:02}-01" for m in range(MONTHS)]
    sent = pd.MultiIndex.from_product([names, first, ["wechat", "phone"]])
    invitations = sent.to_frame(index=False, name=["site_id", "month", "channel"])
    invitations["month"] = pd.to_datetime(invitations["month"]).dt.date
    invitations["invited"] = 3 * sheets // (SITES * MONTHS * 2) + 30
    for name, frame in (
        ("surveys", surveys),
        ("instruments", instruments),
        ("sites", sites),
        ("invitations", invitations),
    ):
        pq.write_table(tables.conform(name, frame), folder / f"{name}.parquet")


def measure(folder: Path) -> dict[str, object]:
    """Run every step that reads questionnaires in this process and say what each cost."""
    import datetime as dt

    import pandas as pd

    from analysis import indicators, measurement

    begun = time.process_time()
    given = {path.stem: pd.read_parquet(path) for path in folder.glob("*.parquet")}
    answers = given["surveys"], given["instruments"]
    sources = {path.stem: path for path in folder.glob("*.parquet")}
    panel = indicators.build_panel(
        sources, client_timezone="Asia/Shanghai", first="2023-01", last="2025-12"
    )
    spent = {"reading and panel": time.process_time() - begun}
    until, zone = dt.date(2025, 12, 31), "Asia/Shanghai"
    steps = {
        "quality": lambda: measurement.assess_quality(given),
        "duplicates": lambda: measurement.assess_duplicates(given),
        "timeliness": lambda: measurement.assess_timeliness(given, until=until, timezone=zone),
        "branches": lambda: measurement.assess_branches(given),
        "response": lambda: measurement.assess_response(
            given["surveys"], given["invitations"], timezone=zone, sites=given["sites"]
        ),
        "weighting": lambda: measurement.assess_weighting(
            given["surveys"], given["sites"], given["instruments"], rate=0.3
        ),
        "instruments": lambda: measurement.assess_instruments(*answers),
        "factors": lambda: measurement.assess_factors(*answers, seed=1),
        "invariance": lambda: measurement.assess_invariance(
            *answers, by="property_type", sites=given["sites"]
        ),
        "needs": lambda: measurement.assess_needs(None, None, *answers, target=80),
        "icc": lambda: measurement.assess_icc(panel, indicator="csat_mean"),
    }
    for name, step in steps.items():
        begun = time.process_time()
        step()
        spent[name] = time.process_time() - begun
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"steps": spent, "rss_gb": used.ru_maxrss / 1024**2}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[200_000, 2_000_000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure)))
        return
    table: dict[str, list[float]] = {}
    for rows in arguments.rows:
        with tempfile.TemporaryDirectory() as temporary:
            write = [sys.executable, "-c", WRITE, temporary, str(rows)]
            subprocess.run(write, check=True, cwd=Path(__file__).parent)
            command = [sys.executable, __file__, "--measure", temporary]
            whole, found = [], []
            for _ in range(arguments.repeats):
                begun = time.perf_counter()
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                whole.append(time.perf_counter() - begun)
                found.append(json.loads(done.stdout.splitlines()[-1]))
        for name in found[0]["steps"]:
            middle = statistics.median(each["steps"][name] for each in found)
            table.setdefault(name, []).append(middle)
        table.setdefault("whole process, wall", []).append(statistics.median(whole))
        table.setdefault("peak memory, GB", []).append(max(f["rss_gb"] for f in found))
    print("| step, CPU seconds | " + " | ".join(f"{rows:,}" for rows in arguments.rows) + " |")
    print("|" + "---|" * (len(arguments.rows) + 1))
    for name, values in table.items():
        print(f"| {name} | " + " | ".join(f"{value:.2f}" for value in values) + " |")


# In a process of its own, so that writing leaves no memory behind.
WRITE = (
    "import sys, baseline, pathlib;"
    "baseline.write_client(pathlib.Path(sys.argv[1]), int(sys.argv[2]))"
)


if __name__ == "__main__":
    main()
