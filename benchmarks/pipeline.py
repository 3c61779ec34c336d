"""Time and memory of ``crmeval run demo --force`` beside plain papermill with cold kernels.

Run as ``python benchmarks/pipeline.py [REPEATS]``. Each repeat is a whole process tree: wall time.
Once more it is run for its memory: the largest sum of resident memory over all its processes,
sampled ten times a second (shared pages are counted in each process that maps them; the
proportional sum, PSS, counts them once). Sampling walks through all pages and takes a fifth of the
time, so that the seconds of that run do not count.
Plain papermill runs the same five notebooks, one command a notebook, on the inputs that the
pipeline prepared, so it is spared ingest and the report; both are timed apart in the manifest.
Medians are printed as a Markdown table.
"""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from analysis import manifest, newest, parameters
from analysis.files import project_root

CLIENT = "demo"
INTERVAL = 0.1


@dataclass(frozen=True)
class Measured:
    seconds: float
    resident_mb: float
    proportional_mb: float


def family(pid: int) -> set[int]:
    """A process and all that descends from it."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:  # ended while we looked
                continue
            parents[int(entry.name)] = int(stat.rsplit(")", 1)[1].split()[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def memory(pid: int) -> tuple[float, float]:
    """Resident and proportional memory of a process tree, in MB."""
    resident = proportional = 0
    for member in family(pid):
        try:
            lines = Path(f"/proc/{member}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        fields = dict(line.split(":", 1) for line in lines[1:])
        resident += int(fields["Rss"].split()[0])
        proportional += int(fields["Pss"].split()[0])
    return resident / 1024, proportional / 1024


def measure(*commands: list[str], memory_too: bool = False) -> Measured:
    """Run commands one after the other and measure them as one."""
    peaks = [0.0, 0.0]
    began = time.monotonic()
    for command in commands:
        process = subprocess.Popen(
            command, cwd=project_root(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        ended = threading.Event()

        def watch(pid: int = process.pid, ended: threading.Event = ended) -> None:
            while not ended.wait(INTERVAL):
                seen = memory(pid)
                peaks[:] = [max(pair) for pair in zip(peaks, seen, strict=True)]

        watcher = threading.Thread(target=watch)
        if memory_too:
            watcher.start()
        _, said = process.communicate()
        ended.set()
        if memory_too:
            watcher.join()
        if process.returncode != 0:
            raise SystemExit(f"{' '.join(command)} failed:\n{said.decode()}")
    return Measured(time.monotonic() - began, *peaks)


def papermill_commands(run_dir: Path, folder: Path, client: str = CLIENT) -> list[list[str]]:
    """Commands that run the notebooks of this clone on prepared inputs, one a notebook."""
    notebooks = Path(__file__).resolve().parents[1] / "notebooks"
    binary = Path(sys.executable).with_name("papermill")
    return [
        [
            str(binary), "--no-progress-bar", str(notebooks / stage.notebook),
            str(folder / stage.notebook), "-r", "client", client, "-r", "run_dir", str(run_dir),
        ]
        for stage in parameters.STAGES
    ]  # fmt: skip


def main(repeats: int) -> None:
    crmeval = str(Path(sys.executable).with_name("crmeval"))
    measure([crmeval, "demo"])
    reports = project_root() / "reports" / CLIENT
    variants: dict[str, list[Measured]] = {}
    watched: dict[str, Measured] = {}
    steps: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(repeats + 1):
            last = number == repeats
            found: dict[str, Measured] = {}
            for name, extra in (("warm kernels", []), ("plain kernels", ["--plain-kernels"])):
                command = [crmeval, "run", CLIENT, "--force", *extra]
                found[f"crmeval run, {name}"] = measure(command, memory_too=last)
                if not extra and not last:
                    done = manifest.load(newest.latest(reports)).steps
                    steps.append({key: step.seconds or 0.0 for key, step in done.items()})
            # A copy of the prepared inputs: papermill's results must not touch the run.
            run_dir = Path(scratch) / f"run{number}"
            subprocess.run(["cp", "-r", str(newest.latest(reports)), str(run_dir)], check=True)
            commands = papermill_commands(run_dir, Path(scratch))
            found["papermill, five commands"] = measure(*commands, memory_too=last)
            for name, one in found.items():
                if last:
                    watched[name] = one
                else:
                    variants.setdefault(name, []).append(one)
    print(f"{platform.platform()}, Python {platform.python_version()}, medians of {repeats}\n")
    print("| | seconds | resident MB | proportional MB |\n|---|---|---|---|")
    for name, runs in variants.items():
        seconds, seen = statistics.median(run.seconds for run in runs), watched[name]
        print(f"| {name} | {seconds:.1f} | {seen.resident_mb:.0f} | {seen.proportional_mb:.0f} |")
    medians = {key: statistics.median(run[key] for run in steps) for key in steps[0]}
    print(f"\nSeconds by step, warm: {json.dumps(medians)}")


if __name__ == "__main__":
    if not Path("/proc/self/smaps_rollup").exists():
        raise SystemExit("Memory is read from /proc, which this system does not have.")
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
