"""Time and memory of a whole run by the number of sites, step by step, and how they grow.

Run as ``python benchmarks/sites.py HOME 60 240 600 2400 [--full] [--workers N]``. HOME takes the
data and the reports (an empty folder, or one left by an earlier call: exports of the same recipe
are kept). Each number of sites is one run as ``crmeval run`` makes it, nothing taken over, one
stage at a time so that seconds and memory are those of the step (``--workers`` lets more run
together: then they are those of the time a step took).

Seconds by the clock are those of the manifest. Processor time is summed over all processes of the
run; memory is the largest resident size of a process begun for the step, which is its kernel, or of
the run itself where none is begun. Both are sampled ten times a second. Printed as Markdown, with
the exponent of growth of the processor's seconds between one number of sites and the next (1:
as the sites; below: less), and the size of every page that is larger than a megabyte.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from analysis import manifest, newest
from analysis.simulation import DEMO, WorldParameters, write_demo

sys.path.insert(0, str(Path(__file__).parent))
from pipeline import family

STEPS = ("ingest", "design", "baseline", "monitoring", "tracking", "value", "report")
LARGE = 1_000_000
INTERVAL = 0.1


@dataclass(frozen=True)
class Measured:
    """Seconds by the clock and of all processors, and the most memory in MB."""

    wall: float
    cpu: float
    mb: float


@dataclass(frozen=True)
class Sample:
    """What the processes of a run had used at a moment: seconds and megabytes by process."""

    at: float
    seconds: dict[int, float]
    resident: dict[int, float]


def world(sites: int, full: bool = False) -> WorldParameters:
    """The demo with other sites, each alike whatever their number.

    Unless ``full``, with a tenth of its work orders and questionnaires a site and a quarter of its
    staff: 2,400 sites like the demo's send six million work orders.
    """
    share, staff = (1.0, 1.0) if full else (0.1, 0.25)
    return replace(
        DEMO,
        n_sites=sites,
        n_staff=round(DEMO.n_staff / DEMO.n_sites * sites * staff),
        invited=DEMO.invited * share,
        tickets_per_1000=DEMO.tickets_per_1000 * share,
    )


def write(home: Path, sites: int, full: bool) -> str:
    """Write the exports of a client under ``home``; return its name."""
    client = f"sites-{sites}{'-full' if full else ''}"
    folder = home / "data" / client
    folder.mkdir(parents=True, exist_ok=True)
    recipe = (Path(__file__).parents[1] / "data" / "demo" / "client.yml").read_text("utf-8")
    (folder / "client.yml").write_text(recipe.replace("id: demo", f"id: {client}"), "utf-8")
    write_demo(home, world(sites, full), client=client)
    return client


class Told:
    """Prints the moment at which each step begins and ends, a line of JSON each."""

    def start(self, client: str, sizes: dict[str, int]) -> None:
        """Say nothing."""

    def step(self, name: str) -> None:
        """Print that a step begins."""
        print(json.dumps(["begins", name, time.monotonic()]), flush=True)

    def cell(self, name: str, done: int) -> None:
        """Say nothing."""

    def step_done(self, name: str, state: str, seconds: float) -> None:
        """Print that a step ends."""
        print(json.dumps(["ends", name, time.monotonic()]), flush=True)

    def stop(self) -> None:
        """Say nothing."""


def child(home: Path, client: str, workers: int) -> None:
    """Run a client in this process and print when its steps began and ended."""
    from analysis import pipeline

    result = pipeline.run(client, root=home, workers=workers, progress=Told())
    if result.state != "complete":
        raise SystemExit(f"{client}: {result}")


def sampled(pid: int) -> Sample:
    """Look at all processes of a run."""
    seconds, resident = {}, {}
    for member in family(pid):
        with contextlib.suppress(OSError):  # ended while we looked
            fields = Path(f"/proc/{member}/stat").read_text().rsplit(")", 1)[1].split()
            seconds[member] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            resident[member] = int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    return Sample(time.monotonic(), seconds, resident)


def run(home: Path, client: str, workers: int) -> dict[str, Measured]:
    """Measure each step of a run of a client, nothing taken over from before."""
    reports = home / "reports" / client
    shutil.rmtree(reports, ignore_errors=True)
    told = home / f"{client}.jsonl"
    with told.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, __file__, str(home), "--child", client, "--workers", str(workers)],
            stdout=out,
            stderr=subprocess.PIPE,
        )
        samples = [sampled(process.pid)]
        while process.poll() is None:
            time.sleep(INTERVAL)
            samples.append(sampled(process.pid))
    if process.returncode:
        raise SystemExit(process.stderr.read().decode())
    times: dict[str, dict[str, float]] = {}
    for kind, name, at in map(json.loads, told.read_text().splitlines()):
        times.setdefault(name, {})[kind] = at
    steps = manifest.load(newest.latest(reports)).steps
    return {name: Measured(steps[name].seconds, *_within(samples, **times[name])) for name in STEPS}


def _within(samples: list[Sample], begins: float, ends: float) -> tuple[float, float]:
    """Processor seconds between two moments, and the most memory of a process begun in between."""
    used: dict[int, float] = {}
    at_begin, known = 0.0, set()
    for sample in samples:
        if sample.at >= ends:
            break
        used |= sample.seconds
        if sample.at < begins:
            at_begin, known = sum(used.values()), set(used)
    inside = [sample for sample in samples if begins <= sample.at < ends]
    new = [mb for s in inside for pid, mb in s.resident.items() if pid not in known]
    every = [mb for s in inside for mb in s.resident.values()]
    return sum(used.values()) - at_begin, max(new or every, default=math.nan)


def exponent(sites: tuple[int, int], cpu: tuple[float, float]) -> float:
    """Power of the number of sites with which processor seconds grew."""
    return math.log(max(cpu[1], 0.01) / max(cpu[0], 0.01)) / math.log(sites[1] / sites[0])


def table(found: dict[int, dict[str, Measured]]) -> str:
    """Markdown: a row a step; seconds, of the processor, memory; exponents of growth between."""
    heads, sizes = [], list(found)
    for place, sites in enumerate(sizes):
        heads += ["exponent"] if place else []
        heads.append(f"{sites:,} sites")
    lines = [f"| step | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for step in STEPS:
        cells = []
        for place, sites in enumerate(sizes):
            own = found[sites][step]
            if place:
                before = sizes[place - 1]
                cpu = found[before][step].cpu, own.cpu
                cells.append(f"{exponent((before, sites), cpu):.2f}")
            cells.append(f"{own.wall:.1f} / {own.cpu:.1f} ({own.mb:,.0f})")
        lines.append(f"| {step} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Write, run and measure every number of sites; print the table after each."""
    asked = argparse.ArgumentParser()
    asked.add_argument("home", type=Path)
    asked.add_argument("sites", type=int, nargs="*")
    asked.add_argument("--workers", type=int, default=1, help="stages at a time")
    asked.add_argument("--only-write", action="store_true")
    asked.add_argument("--full", action="store_true", help="as many rows per site as the demo")
    asked.add_argument("--child", help=argparse.SUPPRESS)
    given = asked.parse_args()
    home = given.home.resolve()
    if given.child:
        child(home, given.child, given.workers)
        return
    found: dict[int, dict[str, Measured]] = {}
    for sites in given.sites:
        client = write(home, sites, given.full)
        if given.only_write:
            continue
        found[sites] = run(home, client, given.workers)
        print("\nSeconds by the clock / of the processor (memory, MB)\n", flush=True)
        print(table(found), flush=True)
        pages = newest.latest(home / "reports" / client)
        for page in sorted(pages.glob("*/*.html")):
            if (size := page.stat().st_size) > LARGE:
                print(f"\n{sites} sites, {page.relative_to(pages)}: {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
