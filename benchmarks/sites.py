"""Time and memory of a whole run by the number of sites, step by step.

Run as ``python benchmarks/sites.py HOME 60 240 600 2400 [--repeats N] [--full]``. HOME takes the
data and the reports (an empty folder, or one left by an earlier call: exports of the same recipe
are kept).
Each step is a fresh process tree; what came before it is taken over. Processor time and the
largest proportional memory (PSS) are summed over all processes of the tree, sampled five times a
second. Printed as Markdown, with the size of every page that is larger than a megabyte.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from analysis.simulation import DEMO, WorldParameters, write_demo

sys.path.insert(0, str(Path(__file__).parent))
from pipeline import family, memory

STEPS = ("ingest", "ingest and design", "baseline", "monitoring", "tracking", "value", "report")
LARGE = 1_000_000
INTERVAL = 0.2


@dataclass(frozen=True)
class Measured:
    """Seconds by the clock and of all processors, and the most memory in MB."""

    wall: float
    cpu: float
    mb: float


def world(sites: int, full: bool = False) -> WorldParameters:
    """The demo with more sites; unless ``full``, from 600 on with a tenth of the work orders and
    questionnaires per site and a quarter of the staff: 2,400 sites like the demo's send six million
    work orders.
    """
    share, staff = (1.0, 1.0) if full or sites < 600 else (0.1, 0.25)
    return replace(
        DEMO,
        n_sites=sites,
        n_staff=round(DEMO.n_staff / DEMO.n_sites * sites * staff),
        invited=DEMO.invited * share,
        tickets_per_1000=DEMO.tickets_per_1000 * share,
    )


def write(home: Path, sites: int, full: bool) -> str:
    """Write the exports of a client under ``home``; return its name."""
    client = f"sites-{sites}"
    folder = home / "data" / client
    folder.mkdir(parents=True, exist_ok=True)
    recipe = (Path(__file__).parents[1] / "data" / "demo" / "client.yml").read_text("utf-8")
    (folder / "client.yml").write_text(recipe.replace("id: demo", f"id: {client}"), "utf-8")
    write_demo(home, world(sites, full), client=client)
    return client


def measured(command: list[str]) -> Measured:
    """Run a command; what its processes took is what was last seen of each."""
    began, peak, seconds = time.monotonic(), 0.0, {}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while process.poll() is None:
        for member in family(process.pid):
            with contextlib.suppress(OSError):  # ended while we looked
                fields = Path(f"/proc/{member}/stat").read_text().rsplit(")", 1)[1].split()
                seconds[member] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        peak = max(peak, memory(process.pid)[1])
        time.sleep(INTERVAL)
    if process.returncode:
        raise SystemExit(process.stderr.read().decode())
    return Measured(time.monotonic() - began, sum(seconds.values()), peak)


def steps(home: Path, client: str) -> dict[str, Measured]:
    """Measure each step of a client, nothing taken over from before."""
    shutil.rmtree(home / "reports" / client, ignore_errors=True)
    os.environ["CRMEVAL_HOME"] = str(home)
    folder = home / "reports" / f"{client}-ingest"
    folder.mkdir(parents=True, exist_ok=True)
    code = "from analysis import workspace; import sys; workspace.prepare(*sys.argv[1:])"
    out = {"ingest": measured([sys.executable, "-c", code, client, str(folder)])}
    shutil.rmtree(folder)
    run = [sys.executable, "-m", "analysis.cli", "run", client]
    for step in STEPS[1:]:
        stage = step.removeprefix("ingest and ")  # a run reads the exports before its first stage
        out[step] = measured(run if step == "report" else [*run, "--stage", stage])
    return out


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("home", type=Path)
    asked.add_argument("sites", type=int, nargs="+")
    asked.add_argument("--repeats", type=int, default=1)
    asked.add_argument("--only-write", action="store_true")
    asked.add_argument("--full", action="store_true", help="as many rows per site as the demo")
    given = asked.parse_args()
    for sites in given.sites:
        client = write(given.home.resolve(), sites, given.full)
        if given.only_write:
            continue
        runs = [steps(given.home.resolve(), client) for _ in range(given.repeats)]
        print(f"\n{sites} sites\n\n| step | seconds | processor | MB |\n|---|---|---|---|")
        for step in STEPS:
            of = [run[step] for run in runs]
            wall, cpu = (statistics.median(getattr(m, f) for m in of) for f in ("wall", "cpu"))
            print(f"| {step} | {wall:.1f} | {cpu:.1f} | {max(m.mb for m in of):.0f} |")
        pages = (given.home / "reports" / client / "latest").resolve()
        for page in sorted(pages.glob("*/*.html")):
            if (size := page.stat().st_size) > LARGE:
                print(f"\n{page.relative_to(pages)}: {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
