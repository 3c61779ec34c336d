"""Random clients, from their exports to their pages: which stop, and what their pages show.

Usage::

    python benchmarks/shapes.py FOLDER --shapes 100 --files 50 [--first 0] [--cases]

Each client has a seed of its own and is run once, with few draws; a line of JSON per client goes to
``FOLDER/results.jsonl``, and clients that stand there already are not run again. ``--files`` are
random but valid client files over one small client; ``--cases`` runs the shapes that once stopped.

Without ``--pages`` the cells of the notebooks run one after another in one process, and what they
show is looked at in both languages; figures give their texts and are not rendered. With ``--pages``
the pipeline runs and every page that it writes is looked at.

A client is *stopped* when a stage ends with an exception, and *stained* when the visible text of a
page shows a key of the catalogue, ``nan``, ``inf``, ``None`` or an unfilled blank.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import html
import json
import os
import re
import shutil
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.text import Text

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests")]

import small_client  # noqa: E402
from visible import stains  # noqa: E402

from analysis.simulation import DEMO, PlantedEvents, World, WorldParameters  # noqa: E402

FEW_DRAWS = {"draws": 199}
OPTIONAL = ("surveys", "tickets", "ratings", "fees", "contracts", "reactions", "assessments",
            "enrolments", "crm_usage", "costs", "milestones", "risks", "actions", "invitations",
            "lecturers", "appeals", "documents", "events", "test_answers", "staff")  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Shape:
    """A world, what is taken from it, and what is changed in its client file."""

    name: str
    world: WorldParameters
    without: tuple[str, ...] = ()
    rounds: int = 0
    smallest: float | None = None
    change: Callable[[dict], object] = lambda document: None


def plain(**changes: Any) -> WorldParameters:
    """Return the demo's world with other numbers, without planted events and spill-over."""
    return dataclasses.replace(
        DEMO, n_late=0, n_spill_over=0, spill_over=0.0, planted=PlantedEvents(), **changes
    )


def month(year: int, number: int) -> dt.date:
    """Return the first day of a month."""
    return dt.date(year, number, 1)


CASES = (
    Shape(
        "precise",
        plain(n_sites=120, n_months=24, n_staff=600, treated_share=0.2, site_sd=0.5, shock_sd=0.005,
              seed=15, wave_months=(month(2023, 6), month(2023, 7), month(2023, 9),
                                    month(2024, 8))),
        smallest=0.05,
    ),
    Shape(
        "large_effect",
        plain(n_sites=14, n_months=20, n_staff=84, treated_share=0.6, seed=5,
              wave_months=(month(2023, 10), month(2024, 2))),
        smallest=5.0,
    ),
    Shape(
        "three_sites",
        plain(n_sites=3, n_months=6, n_staff=18, treated_share=0.2, invited=3.0, shock_sd=0.2,
              tickets_per_1000=2.0, seed=11, wave_months=(month(2023, 4), month(2023, 5))),
    ),
    Shape(
        "eight_sites",
        plain(n_sites=8, n_months=9, n_staff=48, treated_share=2 / 3, invited=10.0, seed=24,
              wave_months=(month(2023, 3), month(2023, 5), month(2023, 6), month(2023, 8))),
    ),
    Shape(
        "no_surveys",
        plain(n_sites=8, n_months=18, n_staff=48, seed=6, wave_months=(month(2023, 9),)),
        without=("surveys", "invitations"),
    ),
    Shape(
        "nobody_trained",
        plain(n_sites=2, n_months=12, n_staff=12, treated_share=0.2, n_treated=0, seed=27,
              wave_months=(month(2023, 8),)),
    ),
)  # fmt: skip
"""Shapes that stopped a stage once."""


def random_shape(seed: int) -> Shape:
    """Return the shape of a seed: sites, months, waves, answers, tables, rounds of the survey."""
    rng = np.random.default_rng([seed, 7])
    sites = int(rng.choice([2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 40], p=_LIKELY))
    months = int(rng.integers(6, 31))
    starts = np.sort(rng.choice(np.arange(1, months), int(rng.integers(1, min(5, months - 1) + 1)),
                                replace=False))  # fmt: skip
    waves = tuple(month(2023 + int(t) // 12, int(t) % 12 + 1) for t in starts)
    without = tuple(t for t in OPTIONAL if rng.random() < 0.12)
    if "surveys" in without:
        without += ("invitations",)
    if "staff" in without:
        people = ("enrolments", "ratings", "assessments", "test_answers", "appeals", "reactions")
        without += tuple(t for t in people if t not in without)
    return Shape(
        f"shape{seed}",
        plain(
            n_sites=sites,
            n_months=months,
            n_staff=max(6, sites * int(rng.integers(2, 8))),
            wave_months=waves,
            treated_share=float(rng.choice([0.2, 0.34, 0.5, 0.67, 0.9])),
            invited=float(rng.choice([3, 5, 10, 20, 50])),
            tickets_per_1000=float(rng.choice([0.5, 2, 5, 10])),
            shock_sd=float(rng.choice([0.005, 0.05, 0.2])),
            site_sd=float(rng.choice([0.02, 0.2, 0.5])),
            seed=seed,
        ),
        without=without,
        rounds=int(rng.choice([0, 0, 0, 2, 3, 6])),
        smallest=float(rng.choice([0.05, 0.15, 1.0])) if rng.random() < 0.5 else None,
    )


_LIKELY = np.array([1, 2, 2, 2, 3, 3, 3, 3, 2, 2, 1]) / 24


def random_file(seed: int) -> Shape:
    """Return a small client with a random, valid client file."""
    rng = np.random.default_rng([seed, 11])

    def change(document: dict) -> None:
        design = document["design"]
        outcomes = ["csat_mean", "nps", "csat_top2", "complaints_per_1000", "fcr",
                    "response_within_30min", "fee_collection"]  # fmt: skip
        chosen = [str(o) for o in rng.permutation(outcomes)]
        design["primary_outcome"] = chosen[0]
        design["secondary_outcomes"] = chosen[1 : 1 + int(rng.integers(0, 5))]
        design["alpha"] = float(rng.choice([0.01, 0.05, 0.1]))
        design["power"] = float(rng.choice([0.6, 0.8, 0.95]))
        if rng.random() < 0.4:
            design.pop("smallest_effect", None)
        else:
            design["smallest_effect"] = float(rng.choice([0.01, 0.15, 2.0]))
        months = [[1, 3, 6, 12], [3], [1], [2, 24], [6]]
        design["measure_at_months"] = months[int(rng.integers(len(months)))]
        design["anticipation_months"] = int(rng.choice([0, 0, 1]))
        design["assignment"] = str(
            rng.choice(["randomised", "management", "volunteered", "unknown"])
        )
        if rng.random() < 0.5:
            design["can_draw_lots"] = bool(rng.random() < 0.5)
        document["min_cell"] = int(rng.choice([2, 8, 20]))
        for key in ("goals", "claims", "coverage", "appraisal", "finances", "choices"):
            if key in document and rng.random() < 0.3:
                del document[key]
        value = document.get("value", {})
        value["horizon_months"] = int(rng.choice([1, 6, 12, 24]))
        value["first_year_only"] = bool(rng.random() < 0.5)
        value["lower_bound_only"] = bool(rng.random() < 0.5)
        if rng.random() < 0.3:
            value["discount_rate"] = 0.05
        if rng.random() < 0.3:
            value["benefits"] = []

    return Shape(f"file{seed}", small_client.SMALL, change=change)


def make(root: Path, shape: Shape) -> small_client.SmallClient:
    """Write one client."""

    def change_world(world: World) -> World:
        tables = dict(world.tables)
        if shape.rounds and "surveys" in tables:
            surveys = tables["surveys"]
            local = pd.to_datetime(surveys["answered_at"], utc=True).dt.tz_convert("Asia/Shanghai")
            number = (local.dt.year - 2023) * 12 + local.dt.month - 1
            last = shape.world.n_months - 1
            asked = set(np.linspace(0, last, shape.rounds).round().astype(int).tolist())
            tables["surveys"] = surveys[number.isin(asked)]
        return dataclasses.replace(world, tables=tables)

    def change_file(document: dict) -> None:
        document["sources"] = [s for s in document["sources"] if s["table"] not in shape.without]
        if shape.smallest is not None:
            document["design"]["smallest_effect"] = shape.smallest
        shape.change(document)

    return small_client.write_client(
        root, shape.world, change_world=change_world, change_file=change_file
    )


def run_cells(folder: Path, shape: Shape) -> dict[str, Any]:
    """Run the cells of all notebooks on one client in this process and say what happened."""
    from analysis import present, workspace
    from analysis.present import display, figures

    shown: list[str] = []
    root = folder / shape.name
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    told: dict[str, Any] = {"name": shape.name}
    begun = time.perf_counter()
    step = "simulation"

    def keep(bundle: dict[str, Any]) -> None:
        shown.extend(bundle[present.MIME][language] for language in ("zh_CN", "en"))

    def texts(figure: Any, *, anchor: str, alt: str) -> str:
        words = [text.get_text() for text in figure.findobj(Text)]
        plt.close(figure)
        return f"<p>{html.escape(' | '.join([alt, *words]))}</p>"

    display._to_notebook, figures.embed = keep, texts
    try:
        client = make(root, shape)
        os.environ["CRMEVAL_HOME"] = str(root)
        step = "prepare"
        home = root / "reports" / small_client.NAME / "run"
        workspace.prepare(small_client.NAME, home)
        for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
            step = notebook.stem
            names: dict[str, Any] = {}
            for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
                if cell["cell_type"] != "code":
                    continue
                exec("".join(cell["source"]), names)
                if "parameters" in cell["metadata"].get("tags", ()):
                    names |= {"client": small_client.NAME, "run_dir": str(home)}
                    names |= FEW_DRAWS if "draws" in names else {}
        told["effects"] = effects(client, home)
    except Exception as error:
        told |= {"stopped": step, "error": "".join(traceback.format_exception(error))[-1500:]}
    page = root / "shown.html"
    page.write_text("<html><body>" + "\n".join(shown) + "</body></html>", encoding="utf-8")
    told["stains"] = {"shown": marks} if (marks := stains(page)) else {}
    told["seconds"] = round(time.perf_counter() - begun, 1)
    if not told.get("stopped") and not told["stains"]:
        shutil.rmtree(root)
    return told


def apart(folder: Path, shape: Shape, log: Path) -> None:
    """Run one client in a child of its own, so that none leaves anything to the next."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    told = run_cells(folder, shape)
    write(log, told)
    os._exit(0)


def write(log: Path, told: dict[str, Any]) -> None:
    """Append a line, and show it."""
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(told, ensure_ascii=False) + "\n")
    print(json.dumps(told, ensure_ascii=False)[:1500], flush=True)


def run_pages(folder: Path, shape: Shape) -> dict[str, Any]:
    """Run one client by the pipeline and say what happened."""
    root = folder / shape.name
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    told: dict[str, Any] = {"name": shape.name}
    begun = time.perf_counter()
    try:
        client = make(root, shape)
    except Exception as error:
        return told | {"stopped": "simulation", "error": repr(error)[:400]}
    result = client.run(values=FEW_DRAWS)
    told["stains"] = {}
    told["seconds"] = round(time.perf_counter() - begun, 1)
    if result.state == "failed":
        told |= {"stopped": result.failed_step, "error": str(result.error)[:600]}
    else:
        pages = sorted((result.folder).rglob("*.html"))
        found = {p.relative_to(result.folder).as_posix(): stains(p) for p in pages}
        told["stains"] = {page: marks for page, marks in found.items() if marks}
        told["effects"] = effects(client, result.folder)
    if not told.get("stopped") and not told["stains"]:
        shutil.rmtree(root)
    return told


def effects(client: small_client.SmallClient, folder: Path) -> dict[str, list]:
    """Return leading estimate, interval and truth of each outcome that has all of them."""
    stored = json.loads((folder / "results" / "tracking.json").read_text(encoding="utf-8"))
    truth_file = client.root / "data" / small_client.NAME / "truth.json"
    truth = json.loads(truth_file.read_text("utf-8")) if truth_file.is_file() else {}
    found = {}
    for estimate in stored["estimates"]:
        if re.fullmatch(r"tracking\.\w+\.att", estimate["id"]) and estimate["value"] is not None:
            named = estimate.get("indicator")
            found[named] = [estimate["value"], estimate["ci_low"], estimate["ci_high"],
                            truth.get(named)]  # fmt: skip
    return found


def main() -> None:
    """Run what was asked for and print what stopped or shows stains."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shapes", type=int, default=0)
    parser.add_argument("--files", type=int, default=0)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--cases", action="store_true")
    parser.add_argument("--pages", action="store_true")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    log = chosen.folder / "results.jsonl"
    lines = log.read_text("utf-8").splitlines() if log.is_file() else []
    done = {json.loads(line)["name"] for line in lines}
    wanted = list(CASES) if chosen.cases else []
    seeds = range(chosen.first, chosen.first + chosen.shapes)
    wanted += [random_shape(seed) for seed in seeds]
    wanted += [random_file(seed) for seed in range(chosen.first, chosen.first + chosen.files)]
    for shape in wanted:
        if shape.name in done:
            continue
        if chosen.pages:
            write(log, run_pages(chosen.folder, shape))
        else:
            apart(chosen.folder, shape, log)
    told = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    stopped = [t["name"] for t in told if t.get("stopped")]
    stained = [t["name"] for t in told if t.get("stains")]
    print(
        f"{len(told)} clients: {len(stopped)} stopped {stopped}, {len(stained)} stained {stained}"
    )


if __name__ == "__main__":
    main()
