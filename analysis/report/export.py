"""One executed notebook becomes one page in one language."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from analysis import wording
from analysis.files import write_text
from analysis.report import audiences, notebook, page, typeface
from analysis.report.chapters import own_section
from analysis.report.notebook import Section
from analysis.report.run import Run, open_run
from analysis.settings import Language

_METHOD = "method"
"""Page by reader to which notes lead."""
_RULES = f"{_METHOD}.html#audiences-method-checks"
_PROJECT = re.compile(r'<a href="\.\./docs/[^"]*">(.*?)</a>', re.DOTALL)
"""Link of a note to a page of the project, which does not travel with a report."""


def export(
    notebook_path: Path, language: Language, target: Path, *, run: Run | None = None
) -> Path:
    """Write the page of one executed notebook.

    Parameters
    ----------
    notebook_path : Path
        Executed notebook in ``<run>/notebooks/``.
    language : {"zh_CN", "en"}
        Language of the page.
    target : Path
        File to write; its sibling in the other language's folder is what the switch opens.
    run : Run, optional
        The run it belongs to; found from the notebook's place when omitted.

    Returns
    -------
    Path
        ``target``.

    Raises
    ------
    RunError
        If a cell of the notebook failed or it shows no title.
    """
    run = open_run(Path(notebook_path).parent.parent) if run is None else run
    html = stage_page(run, Path(notebook_path), language)
    style = typeface.font_style(typeface.characters(html))
    return write_text(Path(target), html.replace(page.FONT_SLOT, style))


def stage_page(run: Run, path: Path, language: Language) -> str:
    """Return the page of one notebook, still without its font."""
    stage = path.stem.partition("_")[2]
    with run.spoken():
        content = notebook.read(path, language)
        own = [own_section(run, chapter, language) for chapter in run.chapters(stage, language)]
    parts = [*content.sections, *own]
    shown, gone = run.appearance.arranged(stage, parts, _name)
    body = [section.html(language) for section in shown]
    if gone:
        words = wording.text("report.left_out", language, names=[part.title for part in gone])
        body.append(f'<p class="notice">{escape(words)}</p>')
    contents = [section for section in shown if section.anchor]
    html = _within_the_run("\n".join(body), run)
    return page.of_run(run, stage, language, html, title=content.title, contents=contents)


def _within_the_run(html: str, run: Run) -> str:
    """Let notes that link to files of the project lead to the run's method annex."""
    there = _METHOD in audiences.names(run)
    return _PROJECT.sub(rf'<a href="{_RULES}">\1</a>' if there else r"\1", html)


def _name(section: Section) -> str:
    """Return what the client file calls a section; a section that says there is nothing as well."""
    own = re.fullmatch(r"chapter-(.+)", section.anchor or "")
    return own[1] if own else re.sub(r"^chapters-[a-z]+-|-none$", "", section.anchor or "")
