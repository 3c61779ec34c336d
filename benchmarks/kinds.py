"""Processor time of a run by kind of work, from the stacks that py-spy saw.

py-spy is installed apart (``pipx install py-spy``); it follows all processes of a run::

    py-spy record --subprocesses --rate 50 --format raw --output now.raw -- crmeval run demo --force
    python benchmarks/kinds.py now.raw [earlier.raw ...] [--rate 50]

Every sample counts for the innermost frame that tells what is being done: what a library does is
work of the room that called it, drawing is Matplotlib's wherever it is called, and a module that is
being imported counts as imports. Samples without such a frame are *the rest*. Printed as a Markdown
table, a column a file.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from pathlib import Path

KINDS = {
    "imports": r"importlib|<module> \((?!.*(ipykernel_|__main__|<string>|<stdin>|bin/))",
    "drawing": (
        r"\(matplotlib/|\(seaborn/|\(analysis/present/(figures|vectors|renderers|fonts|plots)"
    ),
    "keys, values kept and found": (
        r"\(analysis/(memory|contents|reach)\.py|workspace/opening/remember"
    ),
    "texts, tables and pages": (
        r"\(analysis/(present|report|wording|office)\b|\(jinja2/|\(nbconvert/"
    ),
    "import of exports": r"\(analysis/ingest/",
    "panel of indicators": r"\(analysis/indicators/",
    "estimates, tests and simulations": (
        r"\(analysis/(causal|measurement|monitoring|design|value|findings|study|standards|power|"
        r"inference|statistics|numeric)\b"
    ),
    "files of results and tables": r"\(analysis/(results|tables|manifest|files)\b",
    "opening and wiring of stages": r"\(analysis/(workspace|refusals|client)\b",
    "notebooks: kernels, messages, papermill": (
        r"\((ipykernel|IPython|nbclient|nbformat|papermill|jupyter_client|zmq|tornado|traitlets)/|"
        r"\(analysis/(kernels|pipeline)/"
    ),
}
"""What a frame tells, in the order in which it is asked."""
REST = "the rest"
WAITING = re.compile(
    r"select \(selectors|_watch_pipe_fd|ParentPoller|device \(zmq|GarbageCollectorThread|"
    r"Condition\.wait|_wait_for_tstate_lock|_worker \(concurrent"
)
"""Innermost frames of threads that wait, which py-spy does not always know as idle."""
_PATTERNS = {kind: re.compile(pattern) for kind, pattern in KINDS.items()}


def kind_of(stack: list[str]) -> str:
    """Return the kind of work of a stack, the outermost frame first."""
    for frame in reversed(stack):
        for kind, pattern in _PATTERNS.items():
            if pattern.search(frame):
                return kind
    return REST


def by_kind(path: Path, rate: int) -> Counter[str]:
    """Sum the seconds of a file of stacks by kind of work."""
    found: Counter[str] = Counter()
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        stack, _, count = line.rpartition(" ")
        frames = [frame for frame in stack.split(";") if not frame.startswith("process ")]
        if not frames or WAITING.search(frames[-1]):
            continue
        found[kind_of(frames)] += int(count) / rate
    return found


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("files", nargs="+", type=Path)
    asked.add_argument("--rate", type=int, default=50)
    given = asked.parse_args()
    found = [by_kind(path, given.rate) for path in given.files]
    print(f"| seconds | {' | '.join(path.stem for path in given.files)} |")
    print(f"|---|{'---|' * len(found)}")
    for kind in (*KINDS, REST):
        print(f"| {kind} | {' | '.join(f'{one[kind]:.1f}' for one in found)} |")
    print(f"| all | {' | '.join(f'{sum(one.values()):.1f}' for one in found)} |")


if __name__ == "__main__":
    main()
