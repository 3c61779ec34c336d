"""Which stored tables the reports show, in which columns and words: data, and its reader.

Each stage has a file ``<stage>.yml`` of views, by name, and a module ``<stage>.py`` with the
functions that reshape its tables for display. A table view names the stored ``table``, its
``caption`` (``chapters.<stage>.<caption>``), its ``columns`` (a format, or ``[wording key of the
heading, format]`` where the heading is not ``<room>.column.<name>``), perhaps ``prepare`` (a
function of the stage's module, else of ``words``), ``n`` (column of counts by which small cells
are hidden) and ``fold`` (true: only the caption shows until the reader opens it) and
``quiet`` (true: without rows it is not shown, for the checks beside it say why). A figure view
names the ``plot`` that draws the table; its alternative text ends in ``_alt`` instead of
``_figure``.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import packaged
from analysis.present import people, precision
from analysis.present.precision import Earlier, Supported
from analysis.present.suppression import suppressed
from analysis.present.views import words
from analysis.present.views.words import all_checks, labelled, overall, worst

__all__ = ["View", "all_checks", "get", "labelled", "overall", "worst"]

_FOLDER = Path(__file__).parent
_ROOMS = {"baseline": "measurement", "tracking": "causal"}


@dataclass(frozen=True, slots=True)
class View:
    """How one stored table is shown: as a table of ``columns``, or drawn by ``plot``.

    Attributes
    ----------
    table : str
        Name of the stored table.
    caption : str
        Wording key.
    prepare : Callable or None
        Reshapes the table first; takes all the results when ``whole``.
    columns : Mapping
        Column → (wording key of its heading, format); empty for a figure.
    n : str or None
        Column of counts by which small cells are hidden.
    plot : str or None
        Function of :mod:`analysis.present.plots`.
    fold : bool
        Whether only the caption shows until the reader opens it.
    quiet : bool
        Whether it is left out when it has no rows, because the checks beside it say why.
    """

    table: str
    caption: str
    prepare: Callable[[Any], pd.DataFrame] | None = None
    whole: bool = False
    columns: Mapping[str, tuple[str, str]] | None = None
    n: str | None = None
    plot: str | None = None
    fold: bool = False
    quiet: bool = False

    @property
    def alt(self) -> str:
        """Wording key of a figure's alternative text."""
        return f"{self.caption.removesuffix('_figure')}_alt"

    def of(self, results: Any) -> pd.DataFrame:
        """Return the table of some results as it is shown; without rows where there is none."""
        if self.whole:
            return self.prepare(results)
        frame = results.table(self.table)
        return frame if frame.empty or self.prepare is None else self.prepare(frame)

    def supported(
        self, name: str, frame: pd.DataFrame, min_cell: int, earlier: Earlier | None
    ) -> Supported:
        """Return what :meth:`of` gave as it may be shown: without people, rounded, or withheld.

        Of a figure, rows that are withheld or rest on fewer than ``min_cell`` answers are left out.
        """
        frame = _without_people(frame)
        found = precision.supported(
            frame, name=name, n=self.n, columns=self.columns, min_cell=min_cell, earlier=earlier
        )
        if self.plot is None or frame.empty:
            return found
        gone = found.withheld
        if self.n is not None:
            gone = gone | suppressed(frame[self.n], min_cell, complementary=False).to_numpy(bool)
        return Supported(found.frame[~gone], gone[~gone])


def get(name: str) -> View:
    """Return a view by ``<stage>.<name>``; KeyError names the near ones."""
    known = _load()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
        stage = name.split(".")[0]
        there = near or sorted(view for view in known if view.startswith(f"{stage}.")) or known
        raise KeyError(f"no view {name!r}; near: {', '.join(there)}")
    return known[name]


def names() -> tuple[str, ...]:
    """Return the names of all views, stage by stage."""
    return tuple(_load())


@cache
def _load() -> dict[str, View]:
    return {
        f"{path.stem}.{name}": _view(path.stem, entry)
        for path in sorted(_FOLDER.glob("*.yml"))
        for name, entry in packaged.content(path).items()
    }


def _view(stage: str, entry: dict[str, Any]) -> View:
    room = _ROOMS.get(stage, stage)
    columns = {
        column: (f"{room}.column.{column}", spec) if isinstance(spec, str) else tuple(spec)
        for column, spec in entry.pop("columns", {}).items()
    }
    prepare = entry.pop("prepare", None)
    return View(
        caption=f"chapters.{stage}.{entry.pop('caption')}",
        prepare=None if prepare is None else _function(stage, prepare),
        columns=columns,
        **entry,
    )


def _function(stage: str, name: str) -> Callable[[Any], pd.DataFrame]:
    own = import_module(f"{__name__}.{stage}")
    return getattr(own, name, None) or getattr(words, name)


def _without_people(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose texts name nobody."""
    out = frame.copy()
    for column in frame.columns:
        if pd.api.types.is_string_dtype(frame[column].dtype) or frame[column].dtype == object:
            role = column in people.ROLES
            out[column] = frame[column].map(lambda cell, role=role: _hidden(cell, role=role))
    return out


def _hidden(cell: Any, *, role: bool) -> Any:
    if isinstance(cell, str):
        return people.hidden(cell, role=role)
    if isinstance(cell, Mapping):  # words by language
        return {name: _hidden(words, role=role) for name, words in cell.items()}
    return cell
