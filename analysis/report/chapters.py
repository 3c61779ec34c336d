"""A client's own chapters as sections of a stage's page."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import Any

from analysis import wording
from analysis.client.chapters import Chapter
from analysis.present import people
from analysis.report import added, markdown
from analysis.report.notebook import Section, plain
from analysis.report.run import Run
from analysis.settings import Language

_HEADING = re.compile(r"\A\s*#{1,2}\s+(?P<title>[^\n]+?)\s*(?:\n(?P<rest>.*))?\Z", re.DOTALL)
_HIDDEN = {"injected-parameters", "parameters", "hide-cell"}


def own_section(run: Run, chapter: Chapter, language: Language) -> Section:
    """Return a chapter as a section of its stage's page.

    Text, figures and tables stand as they are in the notebook; code, and what was printed, is
    folded at the end. Of a chapter that failed, its title and the cause are shown.

    Parameters
    ----------
    run : Run
        The run; its screen of people must be in force.
    chapter : Chapter
        One of :meth:`analysis.report.Run.chapters`.
    language : {"zh_CN", "en"}
        Of the page.
    """
    cells = _cells(chapter.path)
    title = title_of(chapter)
    anchor = f"chapter-{chapter.name}"
    section = Section(anchor, title, [f'<h2 id="{escape(anchor)}">{escape(title)}</h2>'])
    if run.state(chapter.step) == "failed":
        words = wording.text("report.chapter_failed", language, error=run.error(chapter.step))
        section.shown.append(f'<p class="notice">{escape(words)}</p>')
        return section
    words = wording.text("report.chapter_own", language)
    section.shown.append(f'<p class="more">{escape(words)}</p>')
    for place, cell in enumerate(cells):
        if cell.cell_type == "markdown":
            text = _without_title(cell.source) if place == _first_text(cells) else cell.source
            if text.strip():
                section.shown.append(added.prose(text, cell.get("attachments")))
        elif cell.cell_type == "code" and not _HIDDEN & set(cell.metadata.get("tags", [])):
            _show(section, cell, language)
    return section


def title_of(chapter: Chapter) -> str:
    """Return the heading with which a chapter begins, else its name."""
    cells = _cells(chapter.path)
    first = _first_text(cells)
    found = None if first is None else _HEADING.match(cells[first].source)
    return people.hidden(found["title"] if found else chapter.name.replace("_", " "))


def _show(section: Section, cell: Any, language: Language) -> None:
    if cell.source.strip():
        section.method.append(markdown.code(cell.source))
    for output in cell.get("outputs", []):
        extra = added.shown(output, language)
        if extra is None:
            section.method += plain(output)
        else:
            section.shown.append(extra)


def _cells(path: Path) -> list[Any]:
    """Return the cells of an executed chapter; none where it could not even be begun."""
    import nbformat

    if not path.is_file():
        return []
    marked = nbformat.read(path, as_version=4).cells
    return [c for c in marked if "papermill-error-cell-tag" not in c.metadata.get("tags", [])]


def _first_text(cells: list[Any]) -> int | None:
    return next((place for place, c in enumerate(cells) if c.cell_type == "markdown"), None)


def _without_title(source: str) -> str:
    found = _HEADING.match(source)
    return source if found is None else found["rest"] or ""
