"""Many small clients: one call of ``crmeval run`` beside plain papermill in two processes.

Run as ``python benchmarks/clients.py 20``, with ``--cluster`` for a Dask cluster too. Writes as
many simulated clients (16 sites, 20 months, every table) to a temporary folder, or to ``--home``;
runs all of them by one command; then runs the same five notebooks by plain papermill, a command a
notebook, two clients at a time, on the inputs that the command prepared, so that papermill is
spared ingest, pages and the second language. ``--papermill N`` gives papermill the first N clients
only, and reckons what all of them would take. On the cluster, of two workers on loopback, one
worker is killed once the first client is done; the clients must all be there in the end.

Processor seconds are those of all processes that descend from the command; memory is their largest
sum of proportional memory, sampled. Printed as Markdown.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]
from pipeline import family, papermill_commands  # noqa: E402
from small_client import SMALL  # noqa: E402

from analysis import newest, simulation  # noqa: E402

AT_ONCE = 2
INTERVAL = 2.0  # walking through the pages of all processes takes time
RUN = [sys.executable, "-m", "analysis.cli", "run"]


def measured(work: Callable[[], None]) -> tuple[float, float, float]:
    """Do a piece of work; return seconds, processor seconds and MB of the processes it starts."""
    most, seconds, ended = 0.0, {}, threading.Event()

    def watch() -> None:
        nonlocal most
        while not ended.wait(INTERVAL):
            total = 0.0
            for member in family(os.getpid()) - {os.getpid()}:
                try:
                    stat = Path(f"/proc/{member}/stat").read_text()
                    rollup = Path(f"/proc/{member}/smaps_rollup").read_text()
                except OSError:
                    continue  # ended while we looked
                fields = stat.rsplit(")", 1)[1].split()
                seconds[member] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
                total += int(rollup.split("Pss:")[1].split()[0]) / 1024
            most = max(most, total)

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.monotonic()
    try:
        work()
    finally:
        wall = time.monotonic() - began
        ended.set()
        watcher.join()
    return wall, sum(seconds.values()), most


def command(words: list[str]) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} failed:\n{done.stdout}\n{done.stderr}")


def notebooks(home: Path, client: str, scratch: Path) -> None:
    """Run the notebooks of a client by papermill, on a copy of what its run prepared."""
    folder = scratch / client
    run_dir = folder / "run"
    shutil.copytree(newest.latest(home / "reports" / client), run_dir)
    for words in papermill_commands(run_dir, folder, client):
        command(words)


def on_cluster(home: Path, clients: list[str]) -> tuple[float, float, float]:
    """Run all clients on two workers, of which one is killed after the first client."""
    from distributed import LocalCluster

    shutil.rmtree(home / "reports", ignore_errors=True)
    with LocalCluster(
        n_workers=AT_ONCE, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:

        def kill_one() -> None:
            while not any(newest.latest(home / "reports" / name) for name in clients):
                time.sleep(0.5)
            worker = next(iter(cluster.workers.values()))
            os.kill(worker.process.pid, signal.SIGKILL)

        killer = threading.Thread(target=kill_one, daemon=True)
        killer.start()
        words = [*RUN, *clients, "--scheduler", cluster.scheduler_address]
        found = measured(lambda: command(words))
        killer.join()
    lost = [name for name in clients if newest.latest(home / "reports" / name) is None]
    if lost:
        raise SystemExit(f"lost: {', '.join(lost)}")
    return found


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("clients", type=int)
    asked.add_argument("--home", type=Path)
    asked.add_argument("--papermill", type=int, metavar="N")
    asked.add_argument("--cluster", action="store_true")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = (given.home or Path(scratch) / "home").resolve()
        os.environ["CRMEVAL_HOME"] = str(home)
        clients = [f"client-{number:02d}" for number in range(1, given.clients + 1)]
        for seed, name in enumerate(clients):
            if not (home / "data" / name).exists():
                simulation.write_client(home, name, dataclasses.replace(SMALL, seed=seed))
        shutil.rmtree(home / "reports", ignore_errors=True)
        found = {"crmeval run, one command": measured(lambda: command([*RUN, *clients]))}

        some = clients[: given.papermill]

        def by_papermill() -> None:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(lambda name: notebooks(home, name, Path(scratch)), some))

        wall, cpu, most = measured(by_papermill)
        times = len(clients) / len(some)
        found[f"papermill, two processes ({len(some)} clients)"] = wall * times, cpu * times, most
        base = wall * times
        if given.cluster:
            found["two Dask workers, one killed"] = on_cluster(home, clients)
        print(f"| {len(clients)} clients | seconds | of papermill | processor | MB |")
        print("|---|---|---|---|---|")
        for name, (wall, cpu, most) in found.items():
            print(f"| {name} | {wall:.0f} | {wall / base:.2f} | {cpu:.0f} | {most:.0f} |")


if __name__ == "__main__":
    main()
