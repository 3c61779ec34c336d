"""Which stored tables the reports show, where, in which columns and words: data, and its reader.

Views are declared beside the steps whose tables they show (:mod:`analysis.step_files`), each under
``<stage>.<name>``; a module ``<stage>.py`` here has the functions that reshape the stage's tables
for display. A page shows the views of a ``section`` where that section stands, by ``order``; a view
without a section is shown by the page's own code. A table view names the stored ``table``, its
``caption`` and its ``columns``: a format where the heading is ``<room>.column.<name>``, ``[wording
key, format]``, or its own texts with ``as:`` the format. A figure view names the ``plot`` that
draws the table and its alternative text, ``alt``.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import pandas as pd

from analysis import step_files, wording
from analysis.errors import EvaluationError
from analysis.present import people, precision, sentences, tables
from analysis.present.precision import Earlier, Supported
from analysis.present.suppression import suppressed
from analysis.present.views import words
from analysis.present.views.words import all_checks, labelled, overall, worst
from analysis.results import Check, Estimate, Topic

__all__ = ["View", "all_checks", "get", "labelled", "overall", "worst"]

_ROOMS = {"baseline": "measurement", "tracking": "causal"}
STAGES = ("design", "baseline", "monitoring", "tracking", "value")
MOST_VISIBLE = 7
"""Exhibits that a page shows before anything is opened, its answer among them."""
FORMATS = frozenset({*wording.SPECS, *tables.TEXT_SPECS})
"""How a cell may be written, besides ``label:<prefix of wording keys>``."""


@dataclass(frozen=True, slots=True)
class View:
    """How one stored table is shown: as a table of ``columns``, or drawn by ``plot``.

    Attributes
    ----------
    table : str
        Name of the stored table; empty where ``prepare`` reads the results themselves.
    caption : str
        Wording key.
    alt : str or None
        Wording key of a figure's alternative text.
    section : str or None
        Section of the stage's page that shows it; None where the page's own code does.
    key : bool
        Whether it is one of the few exhibits that a reader sees at once; the others are folded.
    order : int
        Its place among the views of the section.
    labels : str or None
        Property of the stage's page that fills the blanks of caption and plot.
    prepare : Callable or None
        Reshapes the table first; takes all the results when ``whole``.
    columns : Mapping
        Column → (wording key of its heading, format); empty for a figure.
    n : str or None
        Column of counts by which small cells are hidden.
    plot : str or None
        Function of :mod:`analysis.present.plots`.
    says : str or None
        Topic of the check whose sentence is a figure's title.
    tells : Callable or None
        Returns, of the results, the wording key of that title and what fills it, an estimate or
        its parts, where no check says it; None where there is nothing to tell.
    rows : str or None
        What heads a row, where the page hands over estimates in the place of a stored table.
    quiet : bool
        Whether it is left out when it has no rows, because the checks beside it say why.
    without_rollout : bool
        Whether it stands on the pages of programmes in which nothing is rolled out, and on no
        other.
    differences : Mapping or None
        Columns that are ``value`` less another column, which then add up as shown.
    sums : Mapping or None
        Columns that are ``value`` and another column together, likewise.
    """

    caption: str
    table: str = ""
    alt: str | None = None
    section: str | None = None
    key: bool = False
    order: int = 0
    labels: str | None = None
    prepare: Callable[[Any], pd.DataFrame] | None = None
    whole: bool = False
    columns: Mapping[str, tuple[str, str]] | None = None
    n: str | None = None
    plot: str | None = None
    says: str | None = None
    tells: Callable[[Any], tuple[str, Estimate | Mapping[str, Any]] | None] | None = None
    rows: str | None = None
    quiet: bool = False
    without_rollout: bool = False
    differences: Mapping[str, str] | None = None
    sums: Mapping[str, str] | None = None

    @property
    def handed(self) -> bool:
        """Whether the page hands over estimates, and no stored table is shown."""
        return not (self.table or self.whole)

    def of(self, results: Any) -> pd.DataFrame:
        """Return the table of some results as it is shown; without rows where there is none."""
        if self.whole:
            return self.prepare(results)
        frame = results.table_or_empty(self.table)
        if frame.empty or self.prepare is None:
            return frame
        with wording.amounts_up_to(tables.largest_amount(frame, self.columns)):
            return self.prepare(frame)

    def said(self, checks: Iterable[Check]) -> tuple[str, Mapping[str, Any]] | None:
        """Return the sentence of the check that says what a figure shows, and what fills it.

        A check that was not possible says nothing of what the figure shows.
        """
        told = (c for c in checks if self.says and c.topic == self.says and c.reason)
        check = next((c for c in told if c.status != "not_possible"), None)
        return None if check is None else (str(check.reason), sentences.check_params(check))

    def supported(
        self, name: str, frame: pd.DataFrame, min_cell: int, earlier: Earlier | None
    ) -> Supported:
        """Return what :meth:`of` gave as it may be shown: without people, rounded, or withheld.

        Of a figure, rows that are withheld or rest on fewer than ``min_cell`` answers are left out.
        """
        frame = _without_people(frame)
        found = precision.supported(
            frame,
            name=name,
            n=self.n,
            columns=self.columns,
            min_cell=min_cell,
            earlier=earlier,
            differences=self.differences,
            sums=self.sums,
        )
        if self.plot is None or frame.empty:
            return found
        gone = found.withheld
        if self.n is not None:
            gone = gone | suppressed(frame[self.n], min_cell, complementary=False).to_numpy(bool)
        return Supported(found.frame[~gone], gone[~gone])


_FIELDS = {*(field.name for field in dataclasses.fields(View)), "columns"}


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


def of_section(stage: str, section: str) -> tuple[str, ...]:
    """Return the names of the views of one section of a stage's page, in order.

    Raises
    ------
    KeyError
        When no view stands there.
    """
    known = [
        (view.order, name)
        for name, view in _load().items()
        if view.section == section and name.startswith(f"{stage}.") and not view.handed
    ]
    if not known:
        raise KeyError(f"no view of {stage!r} names the section {section!r}")
    return tuple(name for _, name in sorted(known))


def is_open(stage: str, section: str) -> bool:
    """Tell whether a section shows a key exhibit; one that shows none is folded as a whole."""
    return any(
        view.key and view.section == section
        for name, view in _load().items()
        if name.startswith(f"{stage}.")
    )


@cache
def _load() -> dict[str, View]:
    declared = step_files.read().views
    known = {name: _view(name, declared[name]) for name in sorted(declared)}
    for stage in STAGES:
        keys = {n: v for n, v in known.items() if v.key and n.startswith(f"{stage}.")}
        for alone in (False, True):
            _few(stage, [n for n, v in keys.items() if v.without_rollout is alone])
    return known


def _few(stage: str, keys: list[str]) -> None:
    """Refuse more key exhibits than a reader of one page takes in, beside its answer.

    Raises
    ------
    EvaluationError
        With the views among which to choose.
    """
    if len(keys) >= MOST_VISIBLE:
        raise EvaluationError(
            f"{len(keys)} views of {stage} are key exhibits beside the answer, of at most "
            f"{MOST_VISIBLE - 1}: {', '.join(keys)}. Correct: key: true only at the most telling"
        )


def _view(name: str, declared: Mapping[str, Any]) -> View:
    _check(name, declared)
    stage = name.partition(".")[0]
    room = _ROOMS.get(stage, stage)
    entry = dict(declared)
    columns = {
        column: (f"{room}.column.{column}", spec) if isinstance(spec, str) else tuple(spec)
        for column, spec in entry.pop("columns", {}).items()
    }
    prepare = entry.pop("prepare", None)
    tells = entry.pop("tells", None)
    return View(
        prepare=None if prepare is None else _function(stage, prepare),
        tells=None if tells is None else _function(stage, tells),
        columns=columns,
        **entry,
    )


def _check(name: str, declared: Mapping[str, Any]) -> None:
    """Refuse a declaration that no page could show.

    Raises
    ------
    EvaluationError
        With the view, the field, and what would be right.
    """
    faults = [
        f"{field!r} is none of its fields; nearest: {difflib.get_close_matches(field, _FIELDS)}"
        for field in declared
        if field not in _FIELDS
    ]
    if name.partition(".")[0] not in STAGES:
        faults.append(f"it begins with none of the stages {', '.join(STAGES)}")
    if "caption" not in declared:
        faults.append("it has no caption. Correct: caption: with zh: and en: below")
    if "plot" in declared and "alt" not in declared:
        faults.append("a figure needs its alternative text. Correct: alt: with zh: and en: below")
    if not any(map(declared.get, ("table", "whole", "rows", "plot"))):
        faults.append("it names no table. Correct: table: name, or whole: true with prepare:")
    if (says := declared.get("says")) and says not in {*Topic}:
        near = difflib.get_close_matches(says, [topic.value for topic in Topic])
        faults.append(f"it says what no check is about, {says!r}; nearest: {near}")
    if declared.get("key") and not declared.get("section"):
        faults.append("it is a key exhibit of no section. Correct: section: its place on the page")
    for column, how in declared.get("columns", {}).items():
        spec = how if isinstance(how, str) else how[1]
        if not (spec in FORMATS or spec.startswith("label:")):
            faults.append(f"column {column} is written as {spec!r}, none of {sorted(FORMATS)}")
    if faults:
        raise EvaluationError(f"the view {name} cannot be shown: {'; '.join(faults)}")


def _function(stage: str, name: str) -> Callable[[Any], Any]:
    for module in (import_module(f"{__name__}.{stage}"), words):
        if hasattr(module, name):
            return getattr(module, name)
    raise EvaluationError(f"{name} is no function of analysis/present/views/{stage}.py or words.py")


def _without_people(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose texts name nobody."""
    out = frame.copy()
    for column, cells in frame.items():
        if pd.api.types.is_string_dtype(cells.dtype) or cells.dtype == object:
            role = column in people.ROLES
            if isinstance(cells.dtype, pd.StringDtype):
                texts = cells.tolist()
                if [_hidden(text, role=role) for text in texts] == texts:
                    continue  # most name nobody, and a list is read faster than a column is made
            out[column] = cells.map(lambda cell, role=role: _hidden(cell, role=role))
    return out


def _hidden(cell: Any, *, role: bool) -> Any:
    if isinstance(cell, str):
        return people.hidden(cell, role=role)
    if isinstance(cell, Mapping):  # words by language
        return {name: _hidden(words, role=role) for name, words in cell.items()}
    return cell
