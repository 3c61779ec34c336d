"""The cells of all notebooks run on one client in this process, and what they show."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from in_process import fewer_trainings, texts
from small_client import NAME, ROOT, STAGES, SmallClient

from analysis import present, results, workspace
from analysis.present import display, figures
from analysis.results import StageResults

FEW_DRAWS = {"draws": 199}


@dataclass
class Shown:
    """What the notebooks of one client have shown, and where they are.

    Attributes
    ----------
    folder : Path
        The run's.
    step : str
        What runs or ran last.
    parts : list of str
        Everything shown, in both languages, as HTML.
    """

    folder: Path
    step: str = "prepare"
    parts: list[str] = field(default_factory=list)

    def write(self, page: Path) -> Path:
        """Write what was shown as one page."""
        page.write_text("<html><body>" + "\n".join(self.parts) + "</body></html>", encoding="utf-8")
        return page

    def results(self, stage: str) -> StageResults:
        """Return a stage's stored results."""
        return results.load(stage, self.folder / "results")

    def truth(self) -> pd.DataFrame:
        """Return the effects beside the truth of the client's world."""
        return self.results("tracking").table("truth")


def run_cells(client: SmallClient, shown: Shown, **parameters: Any) -> Shown:
    """Run the cells of the notebooks of all stages one after another.

    Figures give their texts and are not rendered, so that a run takes seconds.

    Parameters
    ----------
    client : SmallClient
        As it was written.
    shown : Shown
        Takes what is shown; after an exception it says in which step.
    **parameters
        Parameters of the notebooks.
    """
    with _looking(shown.parts), _at_home(client.root), fewer_trainings(parameters.get("draws")):
        workspace.prepare(NAME, shown.folder)
        for stage in STAGES:
            (notebook,) = (ROOT / "notebooks").glob(f"*_{stage}.ipynb")
            shown.step = stage
            _run(notebook, {"client": NAME, "run_dir": str(shown.folder), **parameters})
    return shown


def _run(notebook: Path, parameters: dict[str, Any]) -> None:
    names: dict[str, Any] = {}
    for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        exec("".join(cell["source"]), names)
        if "parameters" in cell["metadata"].get("tags", ()):
            names |= {name: value for name, value in parameters.items() if name in names}


@contextmanager
def _looking(parts: list[str]) -> Iterator[None]:
    """Put the texts of what is displayed into a list instead of a notebook."""

    def keep(bundle: dict[str, Any]) -> None:
        parts.extend(bundle[present.MIME][language] for language in ("zh_CN", "en"))

    before = display._to_notebook, figures.drawn
    display._to_notebook, figures.drawn = keep, texts
    try:
        yield
    finally:
        display._to_notebook, figures.drawn = before


@contextmanager
def _at_home(root: Path) -> Iterator[None]:
    before = os.environ.get("CRMEVAL_HOME")
    os.environ["CRMEVAL_HOME"] = str(root)
    try:
        yield
    finally:
        if before is None:
            del os.environ["CRMEVAL_HOME"]
        else:
            os.environ["CRMEVAL_HOME"] = before
