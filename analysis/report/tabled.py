"""What a workbook takes of one stage, in both languages, and the answers behind its numbers.

It needs no other stage: it can be made as soon as the stage has ended, and is found again as long
as nothing that it reads has changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from analysis import memory, step_files
from analysis.file_names import listed
from analysis.files import sha256
from analysis.present import people, precision
from analysis.report import stored, workbook
from analysis.report.run import FOLDERS, Run
from analysis.settings import Language


@dataclass(frozen=True, slots=True)
class Tabled:
    """Sheets of a stage by language, and the answers behind each number that they show.

    Attributes
    ----------
    sheets : Mapping
        By language.
    counts : Mapping
        Number of answers by :func:`analysis.present.precision.key`.
    """

    sheets: Mapping[Language, tuple[workbook.Sheet, ...]]
    counts: Mapping[str, int]


def of_stage(run: Run, stage: str) -> Tabled:
    """Return what a workbook takes of a stage, found again where values are remembered.

    Parameters
    ----------
    run : Run
        Its indicators, people and sentences are in force.
    stage : str
        One that has results.
    """
    store = memory.store_in_force()
    given = {} if store is None else _read(run, stage)
    return memory.recall(store, of_stage, given, partial(_made, run, stage))


def _read(run: Run, stage: str) -> dict[str, Any]:
    """Return what tells all that is read, but for code, sentences, programme and registry."""
    folder = run.folder / "results"
    files = [folder / f"{stage}.json", *listed(folder / stage, "*")]
    views = step_files.read().views.items()
    declared = {name: view for name, view in views if name.startswith(f"{stage}.")}
    long = json.dumps([declared, dict(run.earlier.counts)], sort_keys=True)
    return {
        "stage": stage,
        "results": {path.relative_to(folder).as_posix(): sha256(path) for path in files},
        "views and earlier reports": hashlib.sha256(long.encode()).hexdigest(),
        "min_cell": run.min_cell,
        "level": run.level,
        "people": people.in_force(),
    }


def _made(run: Run, stage: str) -> Tabled:
    run.forget_views()
    sheets = {of: tuple(workbook.of_stage(run, stage, of)) for of in FOLDERS}
    counts: dict[str, int] = {}
    for name, view in stored.views_of(stage).items():
        frame = run.stored(name, view)
        if not frame.empty:
            counts |= precision.counts(frame, name=name, n=view.n, columns=view.columns)
    counts |= precision.counts_of_estimates(run.results[stage].estimates)
    return Tabled(sheets, counts)
