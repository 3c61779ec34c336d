"""From a folder of partitioned Parquet to the panel: on DuckDB, and on a Spark cluster on loopback.

Run as ``python benchmarks/spark.py 200000 2000000`` after ``make spark``. So many work orders,
parted by month, are imported and counted in a fresh process for each engine; the cluster is a
standalone master and a worker of one core and 2 GB on this machine, with the settings of the
tests (two partitions, 1 GB of heap for the driver). Seconds and memory are those of
the driver: the Python process, and the Java process that it talks to. Printed as Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
SITES = 200
CLIENT = """
client: {{id: parts, name: {{zh_CN: 分区, en: Parts}}, timezone: Asia/Shanghai, simulated: true}}
period: {{first: 2015-01, last: 2024-12}}
privacy: {{demo_key: not-a-secret-at-all}}
engine: {engine}
sources:
  - table: sites
    files: sites.csv
    columns: {{site_id: 项目编号, site_name: 项目名称, households: 户数}}
  - table: tickets
    files: "orders/**/*.parquet"
    columns:
{orders}    drop: [月份]
"""
NUMBERS = ["value", "total", "total_sq", "exposure"]


def write(raw: Path, rows: int) -> None:
    """Write sites, and work orders in folders of a year's month each."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sys.path.insert(0, str(HERE))
    from ingest import orders

    raw.mkdir(parents=True)
    lines = [f"P{n:03d},第{n}项目,{1000 + n}" for n in range(1, SITES + 1)]
    (raw / "sites.csv").write_text("\n".join(["项目编号,项目名称,户数", *lines]) + "\n", "utf-8")
    table = orders(rows, 0, 0)
    frame = table.to_pandas()
    frame["月份"] = frame["报事时间"].str.slice(0, 7)
    pq.write_to_dataset(pa.Table.from_pandas(frame), raw / "orders", partition_cols=["月份"])


def prepare(home: Path, name: str) -> None:
    """Import and count here, and print what it took."""
    os.environ["CRMEVAL_HOME"] = str(home)
    sys.path.insert(0, str(HERE.parent / "tests"))
    from loopback_cluster import QUICK

    from analysis import workspace

    run = home / "reports" / "parts" / name
    run.mkdir(parents=True)
    began = time.perf_counter()
    java: list[int] = []
    from analysis.indicators import engine, panel

    connect = engine.connect
    panel.connect = lambda address, **how: connect(address, **how, options=QUICK)
    close = engine.Engine.close

    def measured(self: engine.Engine) -> None:
        java.append(memory_of_java())
        close(self)

    engine.Engine.close = measured
    workspace.prepare("parts", run)
    said = {
        "wall": time.perf_counter() - began,
        "python": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2,
        "java": max(java) / 1024**2,
    }
    print(json.dumps(said))


def memory_of_java() -> int:
    """Return the largest resident memory, in kB, of a Java process that this one started."""
    most = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        except OSError:
            continue  # it ended meanwhile
        if lines["Name"].strip() == "java" and _is_ours(int(lines["PPid"])):
            most = max(most, int(lines["VmHWM"].split()[0]))
    return most


def _is_ours(pid: int) -> bool:
    """Return whether a process is this one or was started by it."""
    while pid > 1 and pid != os.getpid():
        status = Path(f"/proc/{pid}/status").read_text()
        pid = int(dict(line.split(":", 1) for line in status.splitlines())["PPid"])
    return pid == os.getpid()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", type=int, nargs="*", default=[200_000])
    parser.add_argument("--prepare", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.prepare:
        prepare(Path(arguments.prepare[0]), arguments.prepare[1])
        return
    sys.path.insert(0, str(HERE.parent / "tests"))
    from ingest import ORDERS
    from loopback_cluster import running

    print("| work orders | engine | cells | wall, s | Python, GB | Java, GB | largest difference |")
    print("|---|---|---|---|---|---|---|")
    for rows in arguments.rows:
        with tempfile.TemporaryDirectory() as temporary:
            home = Path(temporary)
            folder = home / "data" / "parts"
            write(folder / "raw", rows)
            (home / "cluster").mkdir()
            with running(home / "cluster") as master:
                panels = {}
                for name, engine in (("duckdb", "duckdb"), ("spark", master)):
                    told = CLIENT.format(engine=engine, orders=ORDERS)
                    (folder / "client.yml").write_text(told, "utf-8")
                    command = [sys.executable, __file__, "--prepare", str(home), name]
                    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
                    found = json.loads(done.stdout.splitlines()[-1])
                    panel = pd.read_parquet(home / "reports" / "parts" / name / "panel.parquet")
                    panels[name] = panel
                    same = panels["duckdb"]
                    apart = np.abs(panel[NUMBERS].to_numpy() - same[NUMBERS].to_numpy()).max()
                    apart /= max(1.0, np.abs(same[NUMBERS].to_numpy()).max())
                    print(
                        f"| {rows:,} | {name} | {len(panel):,} | {found['wall']:.1f} | "
                        f"{found['python']:.2f} | {found['java']:.2f} | {apart:.1g} |",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
