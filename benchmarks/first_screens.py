"""What the tracking report says first in worlds of which the truth is known.

Every world is simulated, written as a client with its canonical tables and panel, and told by the
cells of ``notebooks/03_tracking.ipynb`` themselves. ``python benchmarks/first_screens.py`` writes
the sentences into ``docs/methods/tracking.md``; a test holds that they still stand there.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import tempfile
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pandas as pd
from ruamel.yaml import YAML

from analysis import wording, workspace
from analysis.findings import Line
from analysis.indicators import build_panel
from analysis.present import display, sentences
from analysis.results import Check, Finding, StageResults
from analysis.simulation import World, WorldParameters, simulate
from analysis.simulation.parameters import small, two_clusters
from analysis.tables import month_of
from analysis.workspace.opening.locks import make_lock

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "methods" / "tracking.md"
BEGIN, END = "<!-- first screens: begin -->", "<!-- first screens: end -->"
DRAWS = 199
_WAVES = (dt.date(2023, 8, 1), dt.date(2023, 11, 1))

Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Case:
    """One world.

    Attributes
    ----------
    title : str
        What is true in it.
    parameters : WorldParameters
    change : Callable
        Takes the simulated tables, returns those the client has.
    """

    title: str
    parameters: WorldParameters
    change: Callable[[dict[str, pd.DataFrame]], dict[str, pd.DataFrame]] = lambda tables: tables


@dataclass(frozen=True)
class Told:
    """What the report says of a world: first screen, finding, checks, results, and the page."""

    lines: tuple[Line, ...]
    finding: Finding
    checks: tuple[Check, ...]
    results: StageResults
    html: Mapping[str, str]
    truth: float

    def sentence(self, number: int, language: str) -> str:
        """Return one sentence of the first screen: 0 worked, 1 whom, 2 lasts, 3 sure."""
        line = self.lines[number]
        return sentences.sentence(line.sentence, language, line.params)

    def first_screen(self, language: str) -> list[str]:
        """Return the four sentences."""
        return [self.sentence(number, language) for number in range(len(self.lines))]

    def reasons(self, language: str) -> list[str]:
        """Return what limits the conclusion."""
        return sentences.reason_sentences(self.finding, self.checks, language)


def _world(effect: float = 0.5, **changes: Any) -> WorldParameters:
    """44 sites, half of them trained in two waves drawn by lot, 20 months."""
    common = {"n_sites": 44, "n_months": 20, "wave_months": _WAVES}
    return dataclasses.replace(small(11, effect=effect), **{**common, **changes})


def _chosen(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Let the head office choose the sites instead of a lot."""
    return tables | {"waves": tables["waves"].assign(assigned_by="management")}


def _together(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Train every site in the same month."""
    day = tables["waves"]["planned_start"].dropna().min()
    everywhere = tables["waves"].assign(
        wave=1, arm="treated", planned_start=day, actual_start=day, assigned_by="management"
    )
    return tables | {"waves": everywhere}


def _reached(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Record that staff of the sites that spill-over reaches attended."""
    waves, staff = tables["waves"], tables["staff"]
    never = [site for site in tables["sites"]["site_id"] if site in _never(waves)]
    reached = staff[staff["site_id"].isin(never[:SPILLED])].groupby("site_id").head(2)
    one = tables["enrolments"].head(1)
    more = pd.concat([one] * len(reached), ignore_index=True)
    more = more.assign(staff_id=reached["staff_id"].to_numpy(), attended=True)
    return tables | {"enrolments": pd.concat([tables["enrolments"], more], ignore_index=True)}


def _never(waves: pd.DataFrame) -> set[str]:
    return set(waves.loc[waves["wave"] == 0, "site_id"])


SPILLED = 12
_SECOND_MONTH = (dt.date(2023, 2, 1),)
_STAFFED = ("surveys", "staff", "training")
CASES: Mapping[str, Case] = {
    "plain": Case("The training works; who was trained when was drawn by lot.", _world()),
    "chosen": Case("The training works; the head office chose the sites.", _world(1.0), _chosen),
    "none": Case("The training changes nothing.", _world(0.0)),
    "fading": Case(
        "The training works and fades: 38 % is left after 6 months, 10 % after 12.",
        _world(1.2, retention_6=0.38, retention_12=0.1, invited=60.0),
    ),
    "attrition": Case(
        "The training changes nothing; at trained sites the dissatisfied stop answering.",
        _world(0.0, response_shift_treated=-1.2, response_slope_treated=1.2),
    ),
    "spill-over": Case(
        f"The training works and reaches {SPILLED} of the 22 comparison sites as well.",
        _world(1.0, spill_over=1.0, n_spill_over=SPILLED, families=_STAFFED, n_staff=264, seed=13),
        _reached,
    ),
    "one site": Case("One site is trained, one is not.", two_clusters(11)),
    "one of twenty-four": Case(
        "One of 24 sites is trained, by lot, and the training works.",
        dataclasses.replace(small(11, effect=1.5), n_treated=1, wave_months=(dt.date(2024, 3, 1),)),
    ),
    "one month before": Case(
        "The training works; the head office chose the sites, and only one month was measured "
        "before.",
        _world(1.0, wave_months=_SECOND_MONTH),
        _chosen,
    ),
    "no comparison": Case("Every site is trained in the same month.", _world(), _together),
}


def tell(name: str, *, whole: bool = False) -> Told:
    """Let the notebook tell a world.

    Parameters
    ----------
    name : str
        One of :data:`CASES`.
    whole : bool
        Also run the cells that show the page; without them ``html`` is empty.
    """
    case = CASES[name]
    world = _simulated(case.parameters)
    tables = case.change(dict(world.tables))
    with tempfile.TemporaryDirectory() as folder:
        home = _write(Path(folder) / "made-up", case.parameters, tables)
        (home / "truth.json").write_text(world.truth.to_json(), encoding="utf-8")
        shown: list[Mapping[str, Any]] = []
        with patch.object(display, "_to_notebook", shown.append):
            said = _run_cells(home, whole=whole)
        html = {
            language: "".join(bundle[display.MIME][language] for bundle in shown)
            for language in wording.LANGUAGES
        }
        return Told(
            lines=said["lines"],
            finding=said["claims"][0],
            checks=(*said["main"].checks(), *said["beside"]),
            results=said["found"],
            html=html,
            truth=world.truth.att() if name != "no comparison" else float("nan"),
        )


def _write(home: Path, parameters: WorldParameters, tables: Tables) -> Path:
    """Write a client whose exports are already read, and lock its plan and baseline."""
    last = parameters.first + parameters.n_months - 1
    (home / "canonical").mkdir(parents=True)
    for table, frame in tables.items():
        frame.to_parquet(home / "canonical" / f"{table}.parquet")
    panel = build_panel(tables, client_timezone="Asia/Shanghai", first=parameters.first, last=last)
    panel.to_parquet(home / "panel.parquet")
    document = deepcopy(_demo())
    document["client"]["id"] = home.name
    document["period"] = {
        "first": f"{month_of(parameters.first):%Y-%m}",
        "last": f"{month_of(last):%Y-%m}",
    }
    document["sources"] = [s for s in document["sources"] if s["table"] in tables]
    document["goals"] = [g for g in document["goals"] if g["indicator"].startswith("csat")]
    document["design"]["secondary_outcomes"] = ["csat_top2", "nps"]
    document["design"]["measure_at_months"] = [1, 3, 6]
    document["value"]["benefits"] = []
    YAML().dump(document, home / "client.yml")
    before = month_of(parameters.first)
    stage = workspace.open_stage("tracking", client=str(home), run_dir=str(home))
    for kind in ("plan", "baseline"):
        make_lock(stage, kind, by="made up", on=before)
    return home


_WORLDS: dict[str, World] = {}


def _simulated(parameters: WorldParameters) -> World:
    """Simulate a world once, however many cases change its tables."""
    if repr(parameters) not in _WORLDS:
        _WORLDS[repr(parameters)] = simulate(parameters)
    return _WORLDS[repr(parameters)]


@cache
def _demo() -> dict[str, Any]:
    return YAML(typ="safe").load(ROOT / "data" / "demo" / "client.yml")


def _run_cells(home: Path, *, whole: bool) -> dict[str, Any]:
    """Run the notebook's code cells in this process and return their names."""
    import nbformat

    notebook = nbformat.read(ROOT / "notebooks" / "03_tracking.ipynb", as_version=4)
    names: dict[str, Any] = {}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        exec(compile(cell.source, f"03_tracking:{cell.id}", "exec"), names)
        if "parameters" in cell.metadata.get("tags", []):
            names |= {"client": str(home), "run_dir": str(home), "draws": DRAWS}
        if "found" in names and not whole:
            break
    return names


def _paragraphs(name: str) -> Iterator[str]:
    told = tell(name)
    yield f"### {CASES[name].title}"
    for language in ("en", "zh_CN"):
        heads = [sentences.sentence(line.question, language) for line in told.lines]
        said = zip(heads, told.first_screen(language), strict=True)
        yield "\n".join(f"> **{head}** {words}  " for head, words in said)
    reasons = told.reasons("en")
    if reasons:
        head = wording.text("report.limits", "en")
        yield head + ":\n\n" + "\n".join(f"- {reason}" for reason in reasons)


def section(names: Mapping[str, Case] = CASES) -> str:
    """Return the part of the page between the marks."""
    parts = [part for name in names for part in _paragraphs(name)]
    return "\n\n".join([BEGIN, *parts, END])


def main() -> None:
    """Write the sentences into the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(before + section() + after, encoding="utf-8")


if __name__ == "__main__":
    main()
