"""Tidy tables written messily and read again: equal to the original, refused, or wrong.

Usage::

    python benchmarks/messy_files.py [--examples 2400] [--first 0] [--minutes 60]
    python benchmarks/messy_files.py --alone 8
    python benchmarks/messy_files.py --table

Every example has a seed of its own, which settles the table, its values, one to three ways of
making a mess of it, and whether the client file says what a careful reader of the export would
say. It is *right* when the canonical table equals the original or the ingest refuses and names
file and row, column or sheet; *unequal* when the table differs and nothing was said; *placeless*
when a refusal does not say where; *stopped* when another exception ends it.

``--alone`` makes each mess by itself, that many times for each table it fits. Results go to
``results/messy_files.csv``, where examples that stand there already are not made again;
``--table`` writes how many there are of each kind and outcome.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from messy import MESSES, example, judge, random_kinds  # noqa: E402

RESULTS = Path(__file__).resolve().parent / "results" / "messy_files.csv"
COLUMNS = ("seed", "table", "messes", "outcome", "rules")
RIGHT = ("equal", "refused")
WRONG = ("unequal", "placeless", "stopped")


def wanted(options: argparse.Namespace) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Yield seed, table and messes of the examples asked for."""
    if options.alone:
        for name, mess in MESSES.items():
            for table in mess.tables:
                yield from ((seed, table, (name,)) for seed in range(options.alone))
        return
    for seed in range(options.first, options.first + options.examples):
        yield seed, *random_kinds(seed)


def done(path: Path = RESULTS) -> list[dict[str, str]]:
    """Return the results that stand in the file."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def run(options: argparse.Namespace) -> None:
    """Make and judge examples, one line of the results each."""
    known = {(row["seed"], row["table"], row["messes"]) for row in done()}
    began = time.monotonic()
    with (
        RESULTS.open("a", encoding="utf-8", newline="") as file,
        tempfile.TemporaryDirectory() as at,
    ):
        writer = csv.writer(file, lineterminator="\n")
        if not known:
            writer.writerow(COLUMNS)
        for seed, table, kinds in wanted(options):
            if (str(seed), table, " ".join(kinds)) in known:
                continue
            if time.monotonic() - began > 60 * options.minutes:
                break
            verdict = judge(example(table, kinds, seed), Path(at) / "client")
            row = (seed, table, " ".join(kinds), verdict.outcome, " ".join(verdict.rules))
            writer.writerow(row)
            file.flush()
            if not verdict.right:
                print(*row, verdict.detail)


def table() -> None:
    """Write the number of examples and outcomes, and by mess alone and with others."""
    rows = done()
    alone = [row for row in rows if " " not in row["messes"]]
    print(f"{len(rows)} examples: {dict(Counter(row['outcome'] for row in rows))}")
    print(f"one mess: {dict(Counter(row['outcome'] for row in alone))}\n")
    print("| mess | examples | equal | refused | wrong | refused as |")
    print("|---|---|---|---|---|---|")
    for name in MESSES:
        mine = [row for row in rows if name in row["messes"].split()]
        outcomes = Counter(row["outcome"] for row in mine)
        only = [row for row in mine if row["messes"] == name]
        rules = Counter(rule for row in only for rule in row["rules"].split())
        wrong = sum(outcomes[outcome] for outcome in WRONG)
        said = ", ".join(rule for rule, _ in rules.most_common(3))
        counts = f"{len(mine)} | {outcomes['equal']} | {outcomes['refused']} | {wrong}"
        print(f"| {name} | {counts} | {said} |")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--examples", type=int, default=2400)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--alone", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    table() if options.table else run(options)


if __name__ == "__main__":
    main()
