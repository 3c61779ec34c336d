"""Memory and time of every stage of a client with millions of work orders and answers.

Run as ``python benchmarks/large_client.py HOME --orders 4000000 --sheets 500000``. HOME takes the
data and the reports (an empty folder, or one left by an earlier call: exports of the same size are
kept). 200 sites over ten years, of which 100 are trained in two waves; work orders as
``benchmarks/ingest.py`` writes them, with a due time and the way they were reported;
questionnaires of six items, by three channels; questionnaires sent by site, month and channel.
Each stage is a fresh process tree; processor seconds are summed over its processes, and memory is
the largest proportional memory (PSS) of the tree and, apart, the largest resident memory of one
process, the kernel. Printed as Markdown.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv

sys.path.insert(0, str(Path(__file__).parent))
from ingest import ORDERS, PER_FILE, SITES, orders
from pipeline import family, memory

STAGES = ("design", "baseline", "monitoring", "tracking", "value")
WAVES = {1: "2019-03-01", 2: "2019-09-01"}
CHANNELS = ("微信", "电话", "现场")
CLIENT = """
client: {{id: {id}, name: {{zh_CN: 大客户, en: Large}}, timezone: Asia/Shanghai, simulated: true}}
period: {{first: 2015-01, last: 2024-12}}
privacy: {{demo_key: not-a-secret-at-all}}
instruments:
  csat:
    scale: [1, 5]
    items:
      q1: {{wording: 总体满意度, dimension: 总体, role: overall}}
      q2: {{wording: 响应速度, dimension: 服务}}
      q3: {{wording: 服务态度, dimension: 服务}}
      q4: {{wording: 处理结果, dimension: 服务}}
      q5: {{wording: 管家沟通, dimension: 服务}}
      q6: {{wording: 环境卫生, dimension: 服务}}
design:
  primary_outcome: csat_mean
  secondary_outcomes: [response_median_hours, complaints_per_1000]
sources:
  - table: sites
    files: sites.csv
    columns: {{site_id: 项目编号, site_name: 项目名称, households: 户数, region: 片区,
               property_type: {{from: 业态, labels: {{别墅: villa, 普通住宅: ordinary}}}}}}
  - table: waves
    files: waves.csv
    columns: {{site_id: 项目编号, wave: 批次, planned_start: 开班,
               arm: {{from: 组别, labels: {{参训: treated, 对照: comparison}}}}}}
  - table: invitations
    files: invitations.csv
    columns: {{site_id: 项目编号, month: 月份, channel: 渠道, invited: 发放}}
  - table: surveys
    files: answers-*.csv
    columns: {{response_id: 编号, site_id: 项目编号, household_id: 房号, answered_at: 提交时间,
               channel: 渠道}}
    constants: {{instrument: csat}}
    unpivot: {{items: {{q1: 一, q2: 二, q3: 三, q4: 四, q5: 五, q6: 六}}}}
  - table: tickets
    files: tickets-*.csv
    columns:
{orders}      channel: {{from: 渠道, labels: {{业主App: platform, 电话: phone}}}}
      due_at: 承诺时间
"""


def more_columns(table: pa.Table, seed: int) -> pa.Table:
    """Add the promised time and the way of reporting to work orders."""
    rng = np.random.default_rng(seed)
    opened = pd.to_datetime(table["报事时间"].to_pandas())
    due = opened + pd.to_timedelta(rng.choice([24, 72, 96], len(opened)), unit="h")
    way = rng.choice(["业主App", "电话"], len(opened), p=[0.6, 0.4])
    return table.append_column(
        "承诺时间", pa.array(due.dt.strftime("%Y-%m-%d %H:%M:%S"))
    ).append_column("渠道", pa.array(way))


def sheets(rows: int, seed: int, first: int) -> pa.Table:
    """Filled questionnaires, a column per item."""
    rng = np.random.default_rng(seed)
    site = rng.integers(1, SITES + 1, rows)
    at = np.datetime64("2015-01-01T08:00:00") + rng.integers(0, 3640 * 86_400, rows)
    level = rng.normal(3.8, 0.8, rows)
    items = np.clip(np.rint(level[:, None] + rng.normal(0, 0.6, (rows, 6))), 1, 5).astype(int)
    number = (first + np.arange(rows)).astype(str)
    said = pd.Series(np.datetime_as_string(at, unit="s"))
    columns = {
        "编号": np.char.add("WJ", np.char.zfill(number, 8)),
        "项目编号": np.char.add("P", np.char.zfill(site.astype(str), 3)),
        "房号": np.char.add("H", rng.integers(1, 300_000, rows).astype(str)),
        "提交时间": said.str.slice(0, 10) + " " + said.str.slice(11),
        "渠道": rng.choice(CHANNELS, rows, p=[0.6, 0.25, 0.15]),
    }
    columns |= {name: items[:, place] for place, name in enumerate("一二三四五六")}
    return pa.Table.from_pandas(pd.DataFrame(columns), preserve_index=False)


def write(home: Path, n_orders: int, n_sheets: int) -> str:
    """Write a client, in files of a million rows at most; return its name."""
    client = f"large-{n_orders}-{n_sheets}"
    folder = home / "data" / client
    raw = folder / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    (folder / "client.yml").write_text(CLIENT.format(id=client, orders=ORDERS), encoding="utf-8")
    numbers = range(1, SITES + 1)
    lists = {
        "sites": ["项目编号,项目名称,户数,片区,业态"]
        + [f"P{n:03d},第{n}项目,{1000 + n},{'东西南北'[n % 4]}区,{('别墅', '普通住宅')[n % 2]}"
           for n in numbers],
        "waves": ["项目编号,批次,组别,开班"]
        + [f"P{n:03d},{w},参训,{WAVES[w]}" if (w := n % 4) in WAVES else f"P{n:03d},0,对照,"
           for n in numbers],
        "invitations": ["项目编号,月份,渠道,发放"]
        + [f"P{n:03d},{year}-{month:02d},{channel},{n_sheets // 8_000 + 10}"
           for n in numbers for year in range(2015, 2025) for month in range(1, 13)
           for channel in CHANNELS],
    }  # fmt: skip
    for name, lines in lists.items():
        (raw / f"{name}.csv").write_text("\n".join(lines) + "\n", "utf-8")
    for number, first in enumerate(range(0, n_orders, PER_FILE)):
        if not (path := raw / f"tickets-{number:02d}.csv").exists():
            table = orders(min(PER_FILE, n_orders - first), number, first)
            pacsv.write_csv(more_columns(table, 100 + number), path)
    for number, first in enumerate(range(0, n_sheets, PER_FILE)):
        if not (path := raw / f"answers-{number:02d}.csv").exists():
            pacsv.write_csv(sheets(min(PER_FILE, n_sheets - first), 200 + number, first), path)
    return client


def measured(command: list[str]) -> tuple[float, float, float, float]:
    """Run a command; seconds by the clock and of all processors, largest PSS and process, in MB."""
    began, most, largest, seconds = time.monotonic(), 0.0, 0.0, {}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while process.poll() is None:
        for member in family(process.pid):
            try:
                fields = Path(f"/proc/{member}/stat").read_text().rsplit(")", 1)[1].split()
                status = Path(f"/proc/{member}/status").read_text()
            except OSError:
                continue  # ended while we looked
            seconds[member] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            if "VmHWM:" in status:
                largest = max(largest, int(status.split("VmHWM:")[1].split()[0]) / 1024)
        most = max(most, memory(process.pid)[1])
        time.sleep(0.2)
    if process.returncode:
        raise SystemExit(process.stderr.read().decode())
    return time.monotonic() - began, sum(seconds.values()), most, largest


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("home", type=Path)
    asked.add_argument("--orders", type=int, default=4_000_000)
    asked.add_argument("--sheets", type=int, default=500_000)
    asked.add_argument("--only-write", action="store_true")
    given = asked.parse_args()
    home = given.home.resolve()
    client = write(home, given.orders, given.sheets)
    if given.only_write:
        return
    shutil.rmtree(home / "reports" / client, ignore_errors=True)
    os.environ["CRMEVAL_HOME"] = str(home)
    run = [sys.executable, "-m", "analysis.cli", "run", client]
    print("| stage | seconds | processor | all, MB | kernel, MB |\n|---|---|---|---|---|")
    for stage in STAGES:
        wall, cpu, most, largest = measured([*run, "--stage", stage])
        print(f"| {stage} | {wall:.0f} | {cpu:.0f} | {most:.0f} | {largest:.0f} |", flush=True)


if __name__ == "__main__":
    main()
