"""An executed notebook is taken apart into the sections of a page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape, unescape
from pathlib import Path
from typing import Any

from analysis import wording
from analysis.errors import RunError
from analysis.present import ADDED, MIME
from analysis.present.holds import held
from analysis.present.notebooks import BESIDE
from analysis.report import added, markdown
from analysis.settings import Language

_HIDDEN = {"injected-parameters", "hide-cell"}


@dataclass
class Section:
    """One section: what is shown, and the method and code folded at its end.

    Attributes
    ----------
    anchor, title : str or None
        Of the heading, which is the first of what is shown.
    shown : list of str
        Markup.
    method : list of str
        Markup of the method and the code.
    folded : bool
        Whether only the heading shows, with a line of what is inside, until a reader opens it.
    holds : Counter
        How much is inside, by kind (:func:`analysis.present.holds.held`).
    says : str
        Line of a folded section in the place of what it holds.
    screen : bool
        Whether paper leaves it out.
    added : list of str
        What somebody added to a folded section in a cell of their own, which stays in view.
    """

    anchor: str | None = None
    title: str | None = None
    shown: list[str] = field(default_factory=list)
    method: list[str] = field(default_factory=list)
    folded: bool = False
    holds: Counter[str] = field(default_factory=Counter)
    says: str = ""
    screen: bool = False
    added: list[str] = field(default_factory=list)

    def show(self, output: Mapping[str, Any], language: Language) -> None:
        """Take in what a notebook or a page by reader showed."""
        self.shown.append(in_prose(output[language], output["role"]))
        self.holds.update(output.get("holds", {}))

    def add(self, html: str) -> None:
        """Take in what somebody added."""
        (self.added if self.folded else self.shown).append(html)

    def html(self, language: Language) -> str:
        """Return the section's markup."""
        html = self._html(language)
        return f'<section class="screen">{html}</section>' if self.screen else html

    def _html(self, language: Language) -> str:
        method = ""
        if self.method:
            summary = escape(wording.text("report.method", language))
            body = "".join(self.method)
            method = f'<details class="method"><summary>{summary}</summary>{body}</details>'
        line = escape(self.says or held(self.holds, language))
        if not (self.folded and line):  # a few sentences need no folding
            return "\n".join([*self.shown, *self.added, method])
        heading, *inside = self.shown
        summary = f'<summary>{heading}<p class="holds">{line}</p></summary>'
        folded = [f'<details class="fold part">{summary}', *inside, f"{method}</details>"]
        return "\n".join([*folded, *self.added])


@dataclass
class Notebook:
    """The sections of a notebook in one language, and its title."""

    title: str
    sections: list[Section]

    @property
    def contents(self) -> list[Section]:
        """Sections that the contents list."""
        return [section for section in self.sections if section.anchor]


def read(path: Path, language: Language) -> Notebook:
    """Take an executed notebook apart.

    Parameters
    ----------
    path : Path
        Notebook whose outputs were shown by :class:`analysis.present.Display`.
    language : {"zh_CN", "en"}
        Which language of each output to take.

    Raises
    ------
    RunError
        If a cell failed, or nothing was shown, or two outputs share an id.
    """
    notebook = _parsed(path, path.stat().st_mtime_ns)
    sections, title, waiting = [Section()], "", []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            if added.is_addition(cell):
                sections[-1].add(added.prose(cell.source, cell.get("attachments")))
            else:
                # A note stands in the cell in English, and in its metadata in Chinese.
                waiting.append(markdown.to_html(cell.metadata.get(language, cell.source)))
            continue
        if cell.cell_type != "code" or _HIDDEN & set(cell.metadata.get("tags", [])):
            continue
        noted: list[str] = []
        placed = False
        for output in cell.get("outputs", []):
            bundle = _bundle(output, path)
            if bundle is None or bundle["role"] == ADDED:
                extra = added.shown(output, language)
                if extra is not None:
                    sections[-1].add(extra)
                noted += plain(output) if extra is None else []
                continue
            if bundle["role"] == BESIDE:
                continue  # the page has it with its figure
            html = bundle[language]
            if bundle["role"] == "section":
                folded = bundle.get("folded", False)
                sections.append(Section(bundle["anchor"], heading_text(html), folded=folded))
            if bundle["role"] == "title":
                title = heading_text(html)
            if not placed:
                # The method that leads to a section's first output belongs to that section.
                _fold(sections[-1], waiting, cell.source)
                waiting, placed = [], True
            sections[-1].show(bundle, language)
        if not placed:
            _fold(sections[-1], waiting, cell.source)
            waiting = []
        sections[-1].method += noted
    sections[-1].method += waiting
    if sections[1:]:  # the answer comes before its method
        sections[1].method[:0], sections[0].method = sections[0].method, []
    if not title:
        raise RunError(
            f"{path.name} shows no title. Correct: show.title('<key>') in its first cell"
        )
    _unique_ids("".join(s.html(language) for s in sections), path)
    return Notebook(title, sections)


@lru_cache(maxsize=10)
def _parsed(path: Path, changed: int) -> Any:
    """Return a notebook as it was at a moment; the pages of both languages are made of one."""
    import nbformat

    return nbformat.read(path, as_version=4)


def _fold(section: Section, waiting: list[str], source: str) -> None:
    section.method += waiting
    if source.strip():
        section.method.append(markdown.code(source))


def _bundle(output: Any, path: Path) -> dict[str, Any] | None:
    if output.output_type == "error":
        raise RunError(f"{path.name}: a cell failed with {output.ename}: {output.evalue}")
    if output.output_type in ("display_data", "execute_result"):
        return output.data.get(MIME)
    return None


def plain(output: Any) -> list[str]:
    """Return what was printed, and results that are text."""
    if output.output_type == "stream":
        # Standard error is progress and warnings of libraries: in the notebook, not the report.
        return [f"<pre>{escape(output.text)}</pre>"] if output.name == "stdout" else []
    text = output.data.get("text/plain", "")
    return [f"<pre>{escape(text)}</pre>"] if text else []


def in_prose(html: str, role: str) -> str:
    """Return what is shown as it stands on a page: prose gets a box of its own."""
    return f'<div class="prose">{html}</div>' if role == "prose" else html


def heading_text(html: str) -> str:
    """Return the words of a heading, of a title without the line below it."""
    html = html.partition("</h1>")[0]
    return unescape(re.sub(r"<[^>]+>", "", html)).strip()


def _unique_ids(html: str, path: Path) -> None:
    ids = re.findall(r'\bid="([^"]+)"', html)
    doubled = sorted({i for i in ids if ids.count(i) > 1}) if len(ids) != len(set(ids)) else []
    if doubled:
        raise RunError(
            f"{path.name}: outputs share the ids {doubled[:3]}. Correct: one Display a notebook"
        )
