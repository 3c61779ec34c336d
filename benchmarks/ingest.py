"""Time and memory of the import by the number of work orders, from CSV to canonical Parquet.

Run as ``python benchmarks/ingest.py FOLDER 200000 2000000 10000000``. FOLDER takes the exports (an
empty one, or one left by an earlier call: files of the same size are kept). Every size is imported
in a fresh process, once as if for the first time and once more after a further file of 20,000
work orders has come. Wall and processor seconds and the largest resident memory are those of that
process. Printed as Markdown.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv

PER_FILE = 1_000_000
LATE = 20_000
SITES = 200
CLIENT = """
client: {{id: {id}, name: {{zh_CN: 大数据, en: Many}}, timezone: Asia/Shanghai, simulated: true}}
period: {{first: 2015-01, last: 2024-12}}
privacy: {{demo_key: not-a-secret-at-all}}
sources:
  - table: sites
    files: sites.csv
    columns: {{site_id: 项目编号, site_name: 项目名称, households: 户数}}
  - table: tickets
    files: tickets-*.csv
    columns:
{orders}"""
ORDERS = """\
      ticket_id: 工单编号
      site_id: 项目编号
      household_id: 房号
      kind: {from: 工单类型, labels: {报修: repair, 投诉: complaint, 咨询: enquiry}}
      category: 类别
      opened_at: 报事时间
      first_response_at: 首次响应时间
      resolved_at: 完成时间
      rating: 评分
"""
"""Columns of :func:`orders` in a client file."""


def orders(rows: int, seed: int, first: int) -> pa.Table:
    """Work orders as an export has them."""
    rng = np.random.default_rng(seed)
    opened = np.datetime64("2015-01-01T00:00:00") + rng.integers(0, 3640 * 86_400, rows)
    reply = opened + rng.integers(60, 86_400, rows)
    closed = reply + rng.integers(60, 5 * 86_400, rows)
    site = rng.integers(1, SITES + 1, rows)

    def clock(moments: np.ndarray) -> pd.Series:
        text = pd.Series(np.datetime_as_string(moments, unit="s"))
        return text.str.slice(0, 10) + " " + text.str.slice(11)

    number = (first + np.arange(rows)).astype(str)
    rated = pd.Series(rng.integers(1, 6, rows).astype(str)).mask(rng.random(rows) < 0.6, "")
    done = clock(closed).mask(rng.random(rows) < 0.05, "")
    return pa.Table.from_pandas(
        pd.DataFrame(
            {
                "工单编号": np.char.add("GD", np.char.zfill(number, 8)),
                "项目编号": np.char.add("P", np.char.zfill(site.astype(str), 3)),
                "房号": np.char.add("H", rng.integers(1, 300_000, rows).astype(str)),
                "工单类型": rng.choice(["报修", "投诉", "咨询"], rows, p=[0.7, 0.2, 0.1]),
                "类别": rng.choice(["电梯", "噪音", "保洁", "停车", "绿化"], rows),
                "报事时间": clock(opened),
                "首次响应时间": clock(reply),
                "完成时间": done,
                "评分": rated,
            }
        ),
        preserve_index=False,
    )


def write(home: Path, rows: int) -> str:
    """Write a client of so many work orders, in files of a million; return its name."""
    client = f"orders-{rows}"
    folder = home / "data" / client
    raw = folder / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    (folder / "client.yml").write_text(CLIENT.format(id=client, orders=ORDERS), encoding="utf-8")
    numbers = range(1, SITES + 1)
    lines = [f"P{n:03d},第{n}项目,{1000 + n}" for n in numbers]
    (raw / "sites.csv").write_text("\n".join(["项目编号,项目名称,户数", *lines]) + "\n", "utf-8")
    (raw / "tickets-late.csv").unlink(missing_ok=True)
    for number, first in enumerate(range(0, rows, PER_FILE)):
        path = raw / f"tickets-{number:02d}.csv"
        if not path.exists():
            pacsv.write_csv(orders(min(PER_FILE, rows - first), number, first), path)
    return client


def once(home: Path, client: str) -> dict[str, float]:
    """Import in a fresh process and return what it took."""
    command = [sys.executable, __file__, str(home), "--import", client]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def take(home: Path, client: str) -> None:
    """Import here, and print what it took."""
    began, used = time.perf_counter(), time.process_time()
    from analysis import client as clients
    from analysis import ingest

    opened = clients.load(home / "data" / client / "client.yml")
    folder = home / "reports" / client / "run" / "canonical"
    record = ingest.ingest(opened, folder, kept=ingest.KeptSheets.of(opened))
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    said = {
        "rows": record.tables["tickets"].rows,
        "wall": time.perf_counter() - began,
        "cpu": time.process_time() - used,
        "gb": kilobytes / 1024**2,
    }
    print(json.dumps(said))


def main() -> None:
    """Measure every size, first and again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("rows", type=int, nargs="*")
    parser.add_argument("--import", dest="client")
    asked = parser.parse_args()
    if asked.client:
        take(asked.home, asked.client)
        return
    print("| work orders | import | rows out | wall, s | CPU, s | largest memory, GB |")
    print("|---|---|---|---|---|---|")
    for rows in asked.rows:
        client = write(asked.home, rows)
        shutil.rmtree(asked.home / "reports" / client, ignore_errors=True)
        late = asked.home / "data" / client / "raw" / "tickets-late.csv"
        for name in ("first", "after one more file"):
            if name != "first":
                pacsv.write_csv(orders(LATE, 99, rows), late)
            took = once(asked.home, client)
            cells = f"{took['wall']:.1f} | {took['cpu']:.1f} | {took['gb']:.2f}"
            print(f"| {rows:,} | {name} | {took['rows']:,} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
