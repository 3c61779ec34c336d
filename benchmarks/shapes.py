"""Random clients, from their exports to their pages: which stop, and what their pages show.

Usage::

    python benchmarks/shapes.py FOLDER --shapes 100 --files 50 [--first 0] [--cases] [--pages]
    python benchmarks/shapes.py FOLDER --table

Each client has a seed of its own and is run once, with few draws; a line of JSON per client goes to
``FOLDER/results.jsonl``, and clients that stand there already are not run again (``--again`` runs
those that stopped or were stained). ``--files`` are random but valid client files over one small
client; ``--cases`` runs the shapes that once stopped. A client file that the loader refuses ends
the script: it is this script's own fault.

Without ``--pages`` the cells of the notebooks run one after another in one process, and what they
show is looked at in both languages; figures give their texts and are not rendered. With ``--pages``
the pipeline runs and every page that it writes is looked at.

A client is *stopped* when a stage ends with an exception, and *stained* when the visible text of a
page shows a key of the catalogue, ``nan``, ``inf``, ``None`` or an unfilled blank. ``--table``
writes how many of each kind were run, and how often the interval of the leading effect covers what
is true in the client's world, by outcome; clients of a random file are left out there, as their
levels, anticipation, satisfied boxes and directions of items are drawn too.
"""

from __future__ import annotations

import argparse
import functools
import gc
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from scipy.stats import binomtest

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

import cells  # noqa: E402
from random_clients import CASES, InvalidFileError, Shape, make, random_file, random_shape  # noqa: E402
from small_client import NAME  # noqa: E402
from visible import stains  # noqa: E402

from analysis import results  # noqa: E402

importlib.import_module("analysis.kernels.preload")  # reads once what every client needs
CLAIMED = 0.95
JUDGED = ("covered", "missed", "no_interval")


def run_cells(folder: Path, shape: Shape) -> dict[str, Any]:
    """Run the cells of all notebooks on one client in this process and say what happened."""
    root = folder / shape.name
    told = _begin(root, shape)
    begun = time.perf_counter()
    shown = cells.Shown(root / "reports" / NAME / "run", step="simulation")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", RuntimeWarning)
        try:
            client = make(root, shape)
            shown.step = "prepare"
            cells.run_cells(client, shown, language=shape.language, **cells.FEW_DRAWS)
            told["effects"] = effects(shown.truth(), shape)
        except InvalidFileError as error:
            told["invalid"] = str(error)
        except Exception as error:
            told |= {"stopped": shown.step, "error": _traceback(error)}
    told["warned"] = _own(warned)
    marks = stains(shown.write(root / "shown.html"))
    told["stains"] = {"shown": marks} if marks else {}
    return _end(root, told, begun)


def run_pages(folder: Path, shape: Shape) -> dict[str, Any]:
    """Run one client by the pipeline and say what happened."""
    root = folder / shape.name
    told = _begin(root, shape) | {"pages": True, "stains": {}}
    begun = time.perf_counter()
    try:
        client = make(root, shape)
    except InvalidFileError as error:
        return _end(root, told | {"invalid": str(error)}, begun)
    except Exception as error:
        return _end(root, told | {"stopped": "simulation", "error": _traceback(error)}, begun)
    result = client.run(values=cells.FEW_DRAWS)
    if result.state == "failed":
        told |= {"stopped": result.failed_step, "error": str(result.error)[:1500]}
    else:
        pages = sorted(result.folder.rglob("*.html"))
        found = {p.relative_to(result.folder).as_posix(): stains(p) for p in pages}
        told["stains"] = {page: marks for page, marks in found.items() if marks}
        truth = results.load("tracking", result.folder / "results").table("truth")
        told["effects"] = effects(truth, shape)
        told["n_pages"] = len(pages)
    return _end(root, told, begun)


def _begin(root: Path, shape: Shape) -> dict[str, Any]:
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    world = shape.world
    told = {"name": shape.name, "kinds": list(shape.kinds), "without": list(shape.without)}
    return told | {"sites": world.n_sites, "months": world.n_months, "seed": world.seed}


def _end(root: Path, told: dict[str, Any], begun: float) -> dict[str, Any]:
    told["seconds"] = round(time.perf_counter() - begun, 1)
    if not bad(told):
        shutil.rmtree(root)
    return told


def _traceback(error: Exception) -> str:
    return "".join(traceback.format_exception(error))[-2500:]


def _own(warned: Iterable[warnings.WarningMessage]) -> list[str]:
    """Return numeric warnings that were raised within the project's own code."""
    own = str(ROOT / "analysis")
    said = {
        f"{Path(w.filename).relative_to(ROOT)}:{w.lineno} {w.message}"
        for w in warned
        if issubclass(w.category, RuntimeWarning) and w.filename.startswith(own)
    }
    return sorted(said)


def effects(truth: pd.DataFrame, shape: Shape) -> dict[str, list]:
    """Return estimate, interval, truth, and whether it is covered, of each outcome that has one."""
    return {
        row.indicator: [row.value, row.ci_low, row.ci_high, row.truth, row.covered]
        for row in truth.astype(object).where(truth.notna(), None).itertuples()
        if row.indicator not in shape.untrue and row.covered in JUDGED
    }


def bad(told: dict[str, Any]) -> bool:
    """Return whether a client stopped or shows what nobody worded."""
    return bool(told.get("stopped") or told.get("stains") or told.get("invalid"))


def sooner() -> None:
    """Spare this process what takes time and says nothing: waiting for the disk, reading again."""
    gc.disable()
    os.fsync = lambda handle: None
    loading = importlib.import_module("analysis.client.load")
    loading.read_yaml = functools.cache(loading.read_yaml)


def apart(folder: Path, shape: Shape, log: Path, *, pages: bool) -> None:
    """Start one client in a child of its own, so that none leaves anything to the next."""
    if os.fork():
        return
    try:
        sooner()
        write(log, run_pages(folder, shape) if pages else run_cells(folder, shape))
    finally:
        os._exit(0)


def write(log: Path, told: dict[str, Any]) -> None:
    """Append a line, and show what matters of it."""
    told["commit"] = COMMIT
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(told, ensure_ascii=False) + "\n")
    shown = {k: told[k] for k in ("name", "seconds", "sites", "stopped", "stains", "invalid",
                                  "error") if told.get(k)}  # fmt: skip
    print(json.dumps(shown, ensure_ascii=False)[-1200:], flush=True)


def _commit() -> str:
    asked = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True
    )
    return asked.stdout.strip() or "unknown"


COMMIT = _commit()


def read(log: Path) -> list[dict[str, Any]]:
    """Return the newest line of every client."""
    lines = log.read_text("utf-8").splitlines() if log.is_file() else []
    return list({told["name"]: told for told in map(json.loads, lines)}.values())


def table(told: Sequence[dict[str, Any]]) -> str:
    """Return counts by kind, and coverage by outcome, as Markdown."""
    rows = ["| kind | clients | stopped | stained |", "|---|---|---|---|"]
    kinds = Counter(kind for t in told for kind in t["kinds"] or ["case"])
    groups = {"random shapes": "shape", "random client files": "file"}
    own = {title: [t for t in told if re.fullmatch(rf"{stem}\d+", t["name"])]
           for title, stem in groups.items()}  # fmt: skip
    own |= {"by the pipeline, pages looked at": [t for t in told if t.get("pages")]}
    own |= {kind.replace("_", " "): [t for t in told if kind in (t["kinds"] or ["case"])]
            for kind, _ in kinds.most_common() if kind != "file"}  # fmt: skip
    for title, clients in own.items():
        stopped, stained = (sum(bool(t.get(k)) for t in clients) for k in ("stopped", "stains"))
        rows.append(f"| {title} | {len(clients)} | {stopped} | {stained} |")
    rows += ["", "| outcome | effects | with interval | covered | share | p of as many misses |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    found = pd.DataFrame(
        [(name, effect[4]) for t in told if "file" not in t["kinds"]
         for name, effect in (t.get("effects") or {}).items()],
        columns=["outcome", "covered"],
    )  # fmt: skip
    for name, own in [*found.groupby("outcome")["covered"], ("all", found["covered"])]:
        n, covered = int((own != "no_interval").sum()), int((own == "covered").sum())
        share = f"{covered / n:.3f}" if n else "—"
        p = f"{binomtest(covered, n, CLAIMED, alternative='less').pvalue:.3f}" if n else "—"
        rows.append(f"| {name} | {len(own)} | {n} | {covered} | {share} | {p} |")
    return "\n".join(rows)


def main() -> None:
    """Run what was asked for and print what stopped or shows stains."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shapes", type=int, default=0)
    parser.add_argument("--files", type=int, default=0)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1, help="clients at the same time")
    parser.add_argument("--cases", action="store_true")
    parser.add_argument("--pages", action="store_true")
    parser.add_argument("--again", action="store_true", help="those that stopped or are stained")
    parser.add_argument("--table", action="store_true", help="write counts and coverage")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    log = chosen.folder / "results.jsonl"
    done = {told["name"] for told in read(log) if not (chosen.again and bad(told))}
    seeds = range(chosen.first, chosen.first + max(chosen.shapes, chosen.files))
    wanted = list(CASES) if chosen.cases else []
    for number, seed in enumerate(seeds):  # both kinds in turn, so that a part says something
        wanted += [random_shape(seed)] if number < chosen.shapes else []
        wanted += [random_file(seed)] if number < chosen.files else []
    if chosen.again:
        failed = {told["name"] for told in read(log) if bad(told)}
        wanted = [shape for shape in wanted if shape.name in failed]
    at_work = 0
    for shape in wanted:
        if shape.name in done:
            continue
        if at_work == chosen.workers:
            os.wait()
            at_work -= 1
        apart(chosen.folder, shape, log, pages=chosen.pages)
        at_work += 1
    for _ in range(at_work):
        os.wait()
    told = read(log)
    if chosen.table:
        print(table(told))
    lost = sorted({shape.name for shape in wanted} - {t["name"] for t in told})
    for word in ("stopped", "stains", "invalid"):
        named = [t["name"] for t in told if t.get(word)]
        print(f"{len(told)} clients: {len(named)} {word} {named}")
    if lost or any(t.get("invalid") for t in told):
        sys.exit(f"lost without a word: {lost}; see 'invalid' above")


if __name__ == "__main__":
    main()
