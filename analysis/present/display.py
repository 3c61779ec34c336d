"""What a notebook shows: every call gives one output that carries both languages."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from analysis import wording
from analysis.findings import Line
from analysis.indicators import registry
from analysis.present import (
    cards,
    commitments,
    figures,
    holds,
    notebooks,
    people,
    plots,
    precision,
    sentences,
    tables,
    tasks,
    views,
)
from analysis.present.estimates import estimates_table
from analysis.present.notebooks import MIME
from analysis.present.recorded import Recorder, recorded
from analysis.present.repairs import readiness
from analysis.present.verdict import verdict as build
from analysis.results import Alert, Check, Estimate, Finding, StageResults
from analysis.settings import LEVEL, MIN_CELL, TRAINING, Language, Programme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ADDED = "added"
"""Role of what somebody displays in a cell of their own."""
Role = Literal[
    "title", "section", "prose", "answer", "kpis", "table", "checks", "alerts", "figure", "added"
]
Place = Literal["answer", "open", "folded"]
"""How a section stands on its page: everything shown, key exhibits shown, or folded as a whole."""


@cache
def stylesheet() -> str:
    """Return the style of everything a :class:`Display` shows."""
    return Path(__file__).with_name("style.css").read_text(encoding="utf-8")


class Display:
    """Shows results in a notebook, in one language there and in both for the report.

    Every method emits one output: HTML in the notebook's language for the person who runs it,
    and the HTML of both languages under :data:`MIME` for the export. Nothing is computed.

    Parameters
    ----------
    language : {"zh_CN", "en"}
        Language shown in the notebook.
    min_cell : int
        Smallest count of answers that is shown.
    level : float
        Coverage of intervals, which captions and headings name.
    indicators : Mapping[str, Indicator], optional
        The client's registry, which names what is shown; the one in force without it.
    publish : Callable, optional
        Takes each MIME bundle; IPython's display when omitted.
    earlier : Earlier, optional
        What earlier reports of the client showed; numbers that a few answers changed since are
        rounded more coarsely or withheld (:mod:`analysis.present.precision`).
    screen : Screen, optional
        Hides people in texts (:mod:`analysis.present.people`); the one in force without it.
    programme : {"training", "appraisal", "service"}
        Whose sentences are said.
    pictures : bool, optional
        Whether figures come as PNG too; in a kernel by default.
    languages : sequence of {"zh_CN", "en"}
        Languages that every output carries, the notebook's among them.

    Attributes
    ----------
    notices : StageResults or None
        Comparison with what was locked, shown right below the title.
    recorder : Recorder or None
        Keeps what is shown, if that is wanted.
    within : bool
        Whether one of the methods is showing something now.
    """

    def __init__(
        self,
        language: wording.Language,
        *,
        min_cell: int = MIN_CELL,
        level: float = LEVEL,
        indicators: Mapping[str, registry.Indicator] | None = None,
        publish: Callable[[dict[str, Any]], object] | None = None,
        earlier: precision.Earlier | None = None,
        screen: people.Screen | None = None,
        programme: Programme = TRAINING,
        pictures: bool | None = None,
        languages: Sequence[wording.Language] = wording.LANGUAGES,
    ) -> None:
        self.programme = programme
        self.languages = languages
        self.earlier = earlier
        self.screen = screen
        self.language = language
        self.min_cell = min_cell
        self.level = level
        self._publish = publish or _to_notebook
        in_a_kernel = publish is None and notebooks.in_a_kernel()
        self._pictures = in_a_kernel if pictures is None else pictures
        self._numbers: Counter[str] = Counter()
        self._anchors: set[str] = set()
        self._place: Place = "answer"
        self.indicators = indicators
        self.notices: StageResults | None = None
        self.recorder: Recorder | None = None
        self.within = False

    @property
    def made_with(self) -> dict[str, Any]:
        """What another display needs to show the same, besides what the run folder holds."""
        names = ("language", "min_cell", "level", "indicators", "programme", "notices")
        return {name: getattr(self, name) for name in names}

    @recorded
    def title(self, key: str, **params: Any) -> None:
        """Show the page's title, a line below it when ``<key>_lead`` is worded, and notices."""

        def build(language: Language) -> str:
            html = f"<h1>{escape(sentences.sentence(key, language, params))}</h1>"
            if wording.has(f"{key}_lead"):
                lead = sentences.sentence(f"{key}_lead", language, params)
                html += f'<p class="lead">{escape(lead)}</p>'
            if self.notices is not None:
                html += commitments.notice(self.notices, language)
            return html

        self._emit("title", build)

    @recorded
    def section(self, key: str, *, place: Place = "answer", **params: Any) -> None:
        """Open a section: a heading with an anchor, and ``<key>_intro`` when it is worded.

        Parameters
        ----------
        key : str
            Wording key of the heading.
        place : {"answer", "open", "folded"}
            Whether all it holds is shown at once, only its key exhibits and key figures, or none
            of it until a reader opens it.
        **params
            Fill the heading and the introduction.
        """
        self._place = place
        anchor = self._free(re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-"))
        self._emit(
            "section",
            lambda language: (
                f'<h2 id="{anchor}">{escape(sentences.sentence(key, language, params))}</h2>'
            ),
            anchor=anchor,
            folded=place == "folded",
        )
        with self._spoken():
            introduced = wording.has(f"{key}_intro")
        if introduced:
            self.prose(f"{key}_intro", **params)

    @recorded
    def view(self, name: str, results: Any, **params: Any) -> None:
        """Show a stored table as :mod:`analysis.present.views` declares it.

        Parameters
        ----------
        name : str
            ``<stage>.<name>`` of the view.
        results : StageResults or Evaluation
            Whatever hands out its tables by name.
        **params
            Fill the caption and, in a figure, go to the plot that knows them.
        """
        view = views.get(name)
        with self._spoken():
            frame = view.of(results)
        if view.quiet and frame.empty:
            return
        if view.plot is not None and frame.empty:
            self._left_out("figure", view.caption, params)
            return
        if view.plot is None and tables.without_values(frame, view.columns, view.n):
            self._left_out("table", view.caption, params)
            return
        shown = {"caption": view.caption, "fold": not view.key, **params}
        with people.using(self.screen):
            found = view.supported(name, frame, self.min_cell, self.earlier)
        if view.plot is None:
            how = {"columns": view.columns, "n": view.n, "withheld": found.withheld}
            self.table(found.frame, **how, **shown)
        else:
            says = _says(view, results) if view.tells is None else self._told(view.tells(results))
            self.figure(getattr(plots, view.plot), found.frame, alt=view.alt, says=says, **shown)

    def _told(
        self, told: tuple[str, Estimate | Mapping[str, Any]] | None
    ) -> tuple[str, Mapping[str, Any]] | None:
        """Return a figure's own sentence with the digits that its answers support."""
        if told is None or isinstance(told[1], Mapping):
            return told
        if not (drawn := self._drawn([told[1]])):
            return None
        params = ("value", "ci_low", "ci_high", "level", "unit")
        return told[0], {name: getattr(drawn[0], name) for name in params}

    def _left_out(self, what: str, caption: str, params: Mapping[str, Any]) -> None:
        """Say in one sentence that a figure or a table has nothing to show."""

        def build(language: Language) -> str:
            title = sentences.sentence(
                caption, language, {"level": self.level, "missed": 1 - self.level, **params}
            )
            words = wording.text(f"report.left_out.{what}", language, title=title)
            return f'<p class="none">{escape(words)}</p>'

        self._emit("prose", build)

    @recorded
    def prose(self, key: str, **params: Any) -> None:
        """Show a sentence or paragraphs; an empty line in the wording parts paragraphs."""

        def build(language: Language) -> str:
            words = sentences.sentence(key, language, params)
            parts = [part.strip() for part in re.split(r"\n\s*\n", words)]
            return "".join(f"<p>{escape(part)}</p>" for part in parts)

        self._emit("prose", build)

    @recorded
    def answer(
        self,
        findings: Finding | Iterable[Finding],
        checks: Iterable[Check] = (),
        *,
        lines: Iterable[Line] = (),
        shown: int | None = None,
        actions: bool = True,
    ) -> None:
        """Show what is claimed, how strong the evidence is, and what limits it.

        Parameters
        ----------
        findings : Finding or Iterable of Finding
            Claims, the most important first.
        checks : Iterable of Check
            The checks the findings name; their parameters fill the reasons.
        lines : Iterable of Line
            Questions with their answers, shown in the place of the first claim.
        shown : int, optional
            How many findings are seen before the others are opened; all by default.
        actions : bool
            Whether to say what to do about each; the same advice is given once.
        """
        found = (findings,) if isinstance(findings, Finding) else tuple(findings)
        checks, lines = tuple(checks), tuple(lines)
        anchor = self._next("answer")
        self._emit(
            "answer",
            lambda language: cards.answer(
                found, checks, anchor, language, lines=lines, shown=shown, actions=actions
            ),
            fold=lambda language: wording.text("report.holds.findings", language, n=len(found)),
            holds={"findings": len(found)},
        )

    @recorded
    def kpis(self, estimates: Iterable[Estimate | tuple[str, Estimate]]) -> None:
        """Show key figures with their intervals; a pair gives the wording key of the label.

        Where none of them has a value, one line per reason says why.
        """
        chosen, anchor = self._supported(estimates), self._next("kpis")
        if not any(_value(item) is not None for item in chosen):
            self._emit("prose", lambda language: cards.not_given(chosen, language))
            return
        self._emit(
            "kpis",
            lambda language: cards.kpis(chosen, anchor, language, min_cell=self.min_cell),
            holds={"figures": len(chosen)},
        )

    @recorded
    def estimates(
        self,
        estimates: Iterable[Estimate],
        *,
        caption: str,
        rows: str = "indicator",
        fold: bool = False,
        **params: Any,
    ) -> None:
        """Show a table of estimates; ``rows`` says what heads a row (a dimension or a field)."""
        chosen, anchor = self._supported(estimates), self._next("table")
        numbered = self._numbered("table", caption, params)
        self._emit(
            "table",
            lambda language: estimates_table(
                chosen,
                caption=numbered(language),
                rows=rows,
                anchor=anchor,
                language=language,
                min_cell=self.min_cell,
            ),
            fold=_counted(numbered, len(chosen)) if fold else None,
            holds={"tables": 1, "rows": len(chosen)},
        )

    @recorded
    def table(
        self,
        frame: pd.DataFrame,
        *,
        caption: str,
        columns: Mapping[str, tuple[str, str]],
        n: str | None = None,
        note: str | None = None,
        fold: bool = False,
        withheld: Sequence[bool] | None = None,
        **params: Any,
    ) -> None:
        """Show a tidy frame.

        Parameters
        ----------
        frame : DataFrame
            One entry per row.
        caption : str
            Wording key.
        columns : Mapping
            Column → (wording key of the heading, format); see
            :func:`analysis.present.tables.frame_table`.
        n : str, optional
            Column of counts by which small cells are hidden.
        note : str, optional
            Wording key of a line below.
        fold : bool
            Show only the caption until the reader opens it.
        withheld : Sequence of bool, optional
            Rows that earlier reports keep from being shown.
        **params
            Fill the caption and the note.
        """
        anchor = self._next("table")
        numbered = self._numbered("table", caption, params)
        self._emit(
            "table",
            lambda language: tables.frame_table(
                frame,
                caption=numbered(language),
                columns=columns,
                anchor=anchor,
                language=language,
                min_cell=self.min_cell,
                level=self.level,
                n=n,
                withheld=withheld,
                notes=(sentences.sentence(note, language, params),) if note else (),
            ),
            fold=_counted(numbered, len(frame)) if fold else None,
            holds={"tables": 1, "rows": len(frame)},
        )

    @recorded
    def checks(self, checks: Iterable[Check], *, fold: bool = False) -> None:
        """Show checks, worst first; ``fold`` leaves the passed ones to be opened."""
        chosen, anchor = tuple(checks), self._next("checks")
        self._emit(
            "checks",
            lambda language: cards.checks(chosen, anchor, language, fold=fold),
            fold=lambda language: holds.checked(chosen, language),
            holds=holds.states(chosen),
        )

    @recorded
    def readiness(self, verdict: Check, repairs: pd.DataFrame, checks: Iterable[Check]) -> None:
        """Show whether one may start, and what must be repaired first, the gravest first.

        Parameters
        ----------
        verdict : Check
            ``baseline.ready`` of :func:`analysis.measurement.assess_readiness`.
        repairs : DataFrame
            Its table ``repairs``.
        checks : Iterable of Check
            The checks the repairs name.
        """
        chosen, anchor = tuple(checks), self._next("ready")
        self._emit("answer", lambda language: readiness(verdict, repairs, chosen, anchor, language))

    @recorded
    def verdict(self, verdict: Check, decisions: Iterable[Check]) -> None:
        """Show whether the roll-out can show an effect, and what the client has to decide.

        Parameters
        ----------
        verdict : Check
            ``design.ready`` of :func:`analysis.design.assess_readiness`.
        decisions : Iterable of Check
            Its other checks.
        """
        chosen, anchor = tuple(decisions), self._next("ready")
        self._emit("answer", lambda language: build(verdict, chosen, anchor, language))

    @recorded
    def alerts(self, alerts: Iterable[Alert]) -> None:
        """Show alerts, most urgent first; none is said too."""
        chosen, anchor = tuple(alerts), self._next("alerts")
        self._emit(
            "alerts",
            lambda language: cards.alerts(chosen, anchor, language),
            holds={"alerts": len(chosen)},
        )

    @recorded
    def tasks(self, actions: Iterable[Any]) -> None:
        """Show what to do this week, first things first; that nothing waits is said too."""
        chosen, anchor = tuple(actions), self._next("tasks")
        self._emit("alerts", lambda language: tasks.tasks(chosen, anchor, language))

    @recorded
    def figure(
        self,
        draw: Callable[..., Figure],
        *data: Any,
        caption: str,
        alt: str,
        fold: bool = False,
        says: tuple[str, Mapping[str, Any]] | None = None,
        **params: Any,
    ) -> None:
        """Show a figure, drawn once a language, and once more for telephones if seen at once.

        Parameters
        ----------
        draw : Callable
            One of :mod:`analysis.present.plots`.
        *data
            What it draws. A frame or estimates given first can be downloaded below the figure;
            when they are empty the figure says so instead.
        caption, alt : str
            Wording keys of the caption and of the text for readers who cannot see it.
        fold : bool
            Show only the caption until the reader opens it.
        says : tuple of (str, Mapping), optional
            Wording key of the finding that titles the figure, and what fills it; its first
            sentence is taken.
        **params
            Those ``draw`` knows go to it; all fill the caption and the alternative text.
        """
        if data and _are_estimates(data[0]):
            data = (self._drawn(data[0]), *data[1:])
        known = inspect.signature(draw).parameters
        drawn = {name: value for name, value in params.items() if name in known}
        anchor = self._next("figure")
        numbered = self._numbered("figure", caption, params)
        seen = self._place == "answer" or (self._place == "open" and not fold)

        pictures: list[bytes] = []

        def build(language: Language) -> str:
            shown = self._pictures and language == self.language
            return figures.figure(
                draw,
                *data,
                params=drawn,
                caption=numbered(language),
                alt=sentences.sentence(alt, language, params),
                anchor=anchor,
                language=language,
                title=sentences.first(sentences.sentence(says[0], language, says[1]), language)
                if says
                else "",
                narrow=seen,
                pictures=pictures if shown else None,
            )

        heading = numbered if fold else None
        self._emit("figure", build, fold=heading, pictures=pictures, holds={"charts": 1})

    def _supported(self, estimates: Iterable[Any]) -> tuple[Any, ...]:
        """Return estimates, or pairs of a label and one, with the digits their answers support."""

        def one(estimate: Estimate) -> Estimate:
            found = precision.of_estimate(estimate, min_cell=self.min_cell, earlier=self.earlier)
            return replace(estimate, n_smallest=1) if found is None else found  # hidden by its mark

        return tuple((e[0], one(e[1])) if isinstance(e, tuple) else one(e) for e in estimates)

    def _drawn(self, estimates: Iterable[Estimate]) -> list[Estimate]:
        """Return the estimates of a figure without those that are withheld."""
        how = {"min_cell": self.min_cell, "earlier": self.earlier}
        found = (precision.of_estimate(e, **how) for e in estimates)
        return [e for e in found if e is not None]

    def _next(self, kind: str) -> str:
        """Return an anchor; that of a table or figure has the number of its caption."""
        self._numbers[kind] += 1
        return self._free(f"{kind}-{self._numbers[kind]}")

    def _numbered(
        self, kind: str, key: str, params: Mapping[str, Any]
    ) -> Callable[[Language], str]:
        """Return what writes a caption with the number of the table or figure begun last."""
        number = self._numbers[kind]

        def caption(language: Language) -> str:
            words = sentences.sentence(
                key, language, {"level": self.level, "missed": 1 - self.level, **params}
            )
            return wording.text(f"report.numbered.{kind}", language, n=number, caption=words)

        return caption

    def _free(self, anchor: str) -> str:
        name, number = anchor, 1
        while name in self._anchors:
            number += 1
            name = f"{anchor}-{number}"
        self._anchors.add(name)
        return name

    @contextmanager
    def _spoken(self) -> Iterator[None]:
        """Let indicators, people and sentences be those of the client within a block."""
        with (
            registry.using(self.indicators),
            people.using(self.screen),
            wording.of_programme(self.programme),
        ):
            yield

    def _emit(
        self,
        role: Role,
        build: Callable[[Language], str],
        *,
        fold: Callable[[Language], str] | None = None,
        pictures: Sequence[bytes] = (),
        **extra: Any,
    ) -> None:
        """Emit one output; ``fold`` writes the line under which an open section folds it.

        ``pictures`` is filled while it is built, where a notebook shows it.
        """
        with self._spoken():
            pages = {language: build(language) for language in self.languages}
        if fold is not None and self._place == "open":
            with self._spoken():
                heads = {language: escape(fold(language)) for language in pages}
            pages = {
                language: f'<details class="crm fold"><summary>{heads[language]}</summary>'
                f"{html}</details>"
                for language, html in pages.items()
            }
        bundle = {"text/html": pages[self.language], MIME: {**pages, "role": role, **extra}}
        self._publish(bundle | ({"image/png": pictures[0]} if pictures else {}))


def _to_notebook(bundle: dict[str, Any]) -> None:
    notebooks.show(bundle, stylesheet())


def _says(view: views.View, results: Any) -> tuple[str, Mapping[str, Any]] | None:
    return view.said(results.checks) if isinstance(results, StageResults) else None


def _value(item: Estimate | tuple[str, Estimate]) -> float | None:
    return (item[1] if isinstance(item, tuple) else item).value


def _counted(caption: Callable[[Language], str], rows: int) -> Callable[[Language], str]:
    """Return what writes the line of a folded table: its caption, and how many rows it has."""
    return lambda language: wording.text(
        "report.holds.caption", language, caption=caption(language), rows=rows
    )


def _are_estimates(data: Any) -> bool:
    return isinstance(data, list | tuple) and bool(data) and isinstance(data[0], Estimate)
