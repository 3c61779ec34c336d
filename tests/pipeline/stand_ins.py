"""Tiny notebooks, and a project whose import and report are stand-ins."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import nbformat
from nbformat import v4

from analysis import parameters
from analysis.pipeline import run

PARAMETERS = 'client = "demo"\nrun_dir = ""\nlanguage = "zh_CN"\nseed = 20240101'
WRITE = """
import json, os, pathlib
folder = pathlib.Path(run_dir) / "results"
folder.mkdir(exist_ok=True)
(folder / "{stage}.json").write_text(json.dumps([client, language, seed, os.getpid()]))
"""


def write_notebook(path: Path, *sources: str) -> Path:
    """Write a notebook with a parameters cell and one code cell a source."""
    first = v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
    cells = [first, *(v4.new_code_cell(source) for source in sources)]
    notebook = v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


@dataclass
class Project:
    root: Path
    prepared: list[str] = field(default_factory=list)
    reported: list[str] = field(default_factory=list)

    def prepare(self, client: str, folder: Path) -> None:
        self.prepared.append(client)
        (folder / "canonical").mkdir()
        (folder / "canonical" / "sites.txt").write_text("s01")
        (folder / "panel.parquet").write_text("panel")

    def report(self, folder: Path) -> None:
        self.reported.append(folder.name)
        (folder / "index.html").write_text("<html></html>")

    def notebook(self, stage: str, *extra: str) -> Path:
        name = parameters.stage(stage).notebook
        return write_notebook(self.root / "notebooks" / name, WRITE.format(stage=stage), *extra)

    def run(self, client: str = "acme", **options):
        options.setdefault("prepare", self.prepare)
        options.setdefault("build_report", self.report)
        # The code under test may be edited while its tests run.
        with mock.patch("analysis.pipeline.runner.code_hash", return_value="code"):
            return run(client, root=self.root, **options)

    @property
    def reports(self) -> Path:
        return self.root / "reports" / "acme"
