"""Baselines of clients that lack something: each says what it could not assess, in both languages.

The code cells of the notebook run in this process on a small client's own exports.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from lacking import FEWER, equal_answers, tickets_first
from small_client import NAME, ROOT, write_client
from visible import stains, visible_text

from analysis import wording, workspace
from analysis.present import MIME, display
from analysis.simulation import World

NO_SURVEYS = ("tickets", "staff", "training", "ratings", "ledgers", "programme")
NO_RATERS = ("surveys", "tickets", "staff", "training", "ledgers", "programme")


@dataclass(frozen=True)
class Lack:
    """A client, the checks that then cannot be made, and sentences that have to be read."""

    parameters: object = FEWER
    world: Callable[[World], World] = lambda world: world
    file: Callable[[dict], object] = lambda document: None
    impossible: tuple[str, ...] = ()
    said: tuple[str, ...] = ()


LACKS = {
    "surveys": Lack(
        parameters=dataclasses.replace(FEWER, families=NO_SURVEYS),
        file=tickets_first,
        impossible=("quality.surveys.present", "alpha.surveys.line", "invariance.surveys.region"),
        said=("measurement.reason.no_instrument",),
    ),
    "raters": Lack(
        parameters=dataclasses.replace(FEWER, families=NO_RATERS),
        impossible=("quality.ratings.present", "raters.individual", "bars", "drift"),
        said=("measurement.reason.no_ratings",),
    ),
    "sites to compare": Lack(
        parameters=dataclasses.replace(FEWER, n_sites=1, n_treated=1, n_staff=8, n_late=0),
        impossible=("balance.largest", "power"),
        said=("measurement.reason.no_comparison", "measurement.repair.comparison.title"),
    ),
    "differences between answers": Lack(
        world=equal_answers,
        impossible=("alpha.surveys.csat_v1.line", "cfa.surveys.csat_v1", "power"),
        said=("measurement.reason.no_icc", "measurement.repair.outcome.title"),
    ),
}


def run_cells(folder: Path, monkeypatch) -> tuple[dict, list[dict]]:
    """Run the notebook's code cells; return their names and what they showed."""
    shown: list[dict] = []
    monkeypatch.setattr(display, "_to_notebook", shown.append)
    notebook = nbformat.read(ROOT / "notebooks" / "01_baseline.ipynb", as_version=4)
    names: dict = {}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            exec(cell.source, names)
            if "parameters" in cell.metadata.get("tags", []):
                names |= {"client": NAME, "run_dir": str(folder)}
    return names, shown


@pytest.mark.parametrize("lack", list(LACKS))
def test_what_could_not_be_assessed_is_said(lack, tmp_path, monkeypatch):
    case = LACKS[lack]
    monkeypatch.setenv("CRMEVAL_HOME", str(tmp_path))
    write_client(tmp_path, case.parameters, change_world=case.world, change_file=case.file)
    folder = tmp_path / "run"
    folder.mkdir()
    workspace.prepare(NAME, folder)
    names, shown = run_cells(folder, monkeypatch)

    checks = {check.id: check for check in names["found"].checks}
    for id in case.impossible:
        check = checks[f"baseline.{id}"]
        assert check.status == "not_possible", id
        assert check.reason, id
    for language in wording.LANGUAGES:
        page = tmp_path / f"{language}.html"
        html = "".join(bundle[MIME][language] for bundle in shown)
        page.write_text(f"<html><body>{html}</body></html>", encoding="utf-8")
        assert stains(page) == [], language
        text = visible_text(page)
        for key in case.said:
            assert wording.text(key, language) in text, (key, language)
