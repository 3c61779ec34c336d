"""Processor time of commands that should answer at once: ``--help``, ``status`` and ``check``.

Run as ``python benchmarks/start_up.py [REPEATS]``. Writes a simulated client of 16 sites and 20
months to a temporary folder, runs it once so that ``status`` has a run to tell of, and then calls
each command in a process of its own. Processor seconds are those of the process and its children,
user and system; medians and smallest are printed as a Markdown table.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from clients import SMALL

from analysis import simulation

NAME = "small"
COMMANDS = (["--help"], ["status", NAME], ["check", NAME])


def processor_seconds(command: list[str], home: Path) -> float:
    """Return the processor seconds of a command in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "analysis.cli", *command],
        env={**os.environ, "CRMEVAL_HOME": str(home)},
        check=True,
        capture_output=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main(repeats: int) -> None:
    """Measure each command and print a row of it."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        simulation.write_client(home, NAME, SMALL)
        notebooks = Path(__file__).resolve().parents[1] / "notebooks"
        (home / "notebooks").symlink_to(notebooks, target_is_directory=True)
        processor_seconds(["run", NAME], home)
        print(f"| command | processor seconds, median of {repeats} | smallest |\n|---|---|---|")
        for command in COMMANDS:
            found = [processor_seconds(command, home) for _ in range(repeats)]
            told = " ".join(["crmeval", *command])
            print(f"| `{told}` | {statistics.median(found):.2f} | {min(found):.2f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
