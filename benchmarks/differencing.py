"""What two saved reports, between which somebody left or answered, tell of that person's answer.

    python benchmarks/differencing.py [FOLDER]

A simulated client of 16 sites is run, and run again after one owner, one trainee, one rater and one
examinee are gone from its exports; then as of two days that follow each other. Every row that
stands in both reports on numbers of answers that differ by one to seven is attacked: from
``n · mean − n' · mean'``, and the last digit shown of each, follows between which ends the sum of
the answers that differ must lie. An answer *follows* where the ends are closer than half the width
of its scale (the largest value of the column, or of the row where rows differ in measure; 1 for
shares). ``before`` are the numbers in full
precision, ``after`` what pages, workbook and figures show.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from small_client import NAME, SMALL, SmallClient, write_client  # noqa: E402

from analysis.present import precision, views  # noqa: E402
from analysis.report import saved  # noqa: E402
from analysis.report.run import Run, open_run  # noqa: E402
from analysis.simulation import World, simulate, write_exports  # noqa: E402

LEAVE = {"surveys": "response_id", "reactions": "response_id", "ratings": "rating_id",
         "test_answers": "staff_id", "assessments": "staff_id"}  # fmt: skip
"""Key of the person or sheet that leaves each table."""
DAYS = ("2024-02-21", "2024-02-22")
STEPS = [m * 10.0**p for p in range(3, -9, -1) for m in (5, 2, 1)]
NO_MEANS = ("p_value", "se", "ci_low", "ci_high", "threshold", "false_alarm_rate")


def without_one(world: World) -> World:
    """Remove one person or sheet from each table."""
    for table, key in LEAVE.items():
        frame = world.tables[table]
        known = sorted(frame[key].dropna().unique())
        gone = known[len(known) // 2]
        world.tables[table] = frame[frame[key] != gone]
    return world


def last_digit(value: float) -> float:
    """Return the largest step of 1, 2 or 5 times a power of ten that a number is a multiple of."""
    return next((s for s in STEPS if abs(value / s - round(value / s)) < 1e-9), 0.0)


def attacked(first: Run, second: Run, earlier: precision.Earlier) -> Iterator[tuple[str, str]]:
    """Yield ("before" or "after", what became of the attack) of every pair of numbers."""
    for name in views.names():
        view, stage = views.get(name), name.partition(".")[0]
        if stage not in first.results or stage not in second.results:
            continue
        raw = [view.of(run.results[stage]) for run in (first, second)]
        counted = view.n or next((c for c in ("n", "answers") if c in raw[0]), None)
        if counted is None or any(frame.empty or counted not in frame for frame in raw):
            continue
        told = [
            view.supported(name, frame, first.min_cell, known)
            for frame, known in zip(raw, (precision.Earlier(), earlier), strict=True)
        ]
        yield from of_frames("before", name, view, raw, counted, [None, None], first.min_cell)
        gone = [found.withheld for found in told]
        frames = [found.frame for found in told]
        yield from of_frames("after", name, view, frames, counted, gone, first.min_cell)


def of_frames(when, name, view, frames, counted, gone, min_cell):
    """Yield what becomes of every attack on two frames of a view."""
    tables = []
    for frame, withheld in zip(frames, gone, strict=True):
        keyed = frame.assign(key=precision.keys(frame, name, view.columns))
        keyed["gone"] = False if withheld is None else withheld
        tables.append(keyed.drop_duplicates("key").set_index("key"))
    both = tables[0].index.intersection(tables[1].index)
    for key in both:
        one, other = tables[0].loc[key], tables[1].loc[key]
        n = [0.0 if pd.isna(row[counted]) else float(row[counted]) for row in (one, other)]
        k = abs(n[0] - n[1])
        if not 0 < k < min_cell or not min(n) >= min_cell:
            continue
        for column in frames[0].select_dtypes("float"):
            pair = [one[column], other[column]]
            whole = np.equal(frames[0][column].dropna(), frames[0][column].dropna().round()).all()
            if column in NO_MEANS or pd.isna(pair).any() or whole:
                continue
            if one["gone"] or other["gone"]:
                yield when, "withheld"
                continue
            widest = float(np.nanmax(np.abs(frames[0][column].to_numpy(float))))
            if {"unit", "indicator"} & set(frames[0]):  # rows of different measures
                widest = max(map(abs, pair))
            width = k * (1.0 if widest <= 1 else widest)
            ends = sum(m * last_digit(v) for m, v in zip(n, pair, strict=True))
            yield when, "follows" if ends < width / 2 else "hidden"


def runs_of(client: SmallClient, **options) -> tuple[Run, precision.Earlier]:
    """Run the client; return the run, and what its reports have shown since."""
    folder = client.run(**options).folder
    return open_run(folder), saved.load(folder)


def main() -> None:
    """Attack both pairs of reports; print a table."""
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    client = write_client(where)
    first, shown = runs_of(client)
    days = [runs_of(client, values={"as_of": day}) for day in DAYS]
    write_exports(without_one(simulate(SMALL)), client.root / "data" / NAME / "raw")
    second, _ = runs_of(client)
    print("| two reports | numbers attacked | before: answer follows | after: follows | withheld |")
    print("|---|---|---|---|---|")
    pairs = {
        "one of each kind left": (first, second, shown),
        "two days after each other": (days[0][0], days[1][0], days[0][1]),
    }
    for title, pair in pairs.items():
        found = Counter(attacked(*pair))
        numbers = sum(v for (when, _), v in found.items() if when == "before")
        cells = (numbers, found["before", "follows"], found["after", "follows"],
                 found["after", "withheld"])  # fmt: skip
        print(f"| {title} | " + " | ".join(f"{cell:,}" for cell in cells) + " |")


if __name__ == "__main__":
    main()
