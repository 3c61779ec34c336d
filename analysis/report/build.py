"""All pages of a run folder, in both languages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from html import escape
from itertools import chain
from pathlib import Path
from typing import Any

from analysis import memory, wording
from analysis.files import write_text
from analysis.processes import spread
from analysis.report import (
    audiences,
    brief,
    changes,
    changes_page,
    measurement_days,
    packs,
    page,
    saved,
    site_pages,
    sites,
    tabled,
    typeface,
    workbook,
)
from analysis.report.alerts import alert_files
from analysis.report.export import stage_page
from analysis.report.run import CHANGES, FOLDERS, SITES, STAGES, Run, open_run
from analysis.report.sheets import write_sheets
from analysis.settings import Language

MOST = 700_000
"""Bytes of a page that go by e-mail."""


def build(run_dir: Path, *, processes: int = 1, store: memory.Store | None = None) -> Path:
    """Write every page of a run and return the one to open.

    ``zh/`` and ``en/`` get ``index.html``, the decision brief, and a page for every stage whose
    notebook ended well, and the pages by reader; ``index.html`` beside them is the Chinese brief
    with a link to English. ``sites/`` in each folder holds a page for each site, and
    ``tables.xlsx`` all tables.

    Parameters
    ----------
    run_dir : Path
        Folder with ``manifest.json``, ``results/`` and ``notebooks/``.
    processes : int
        How many parts are written at a time.
    store : Store, optional
        Where drawings are found again that the notebooks of the run made.

    Returns
    -------
    Path
        ``<run_dir>/index.html``.
    """
    try:
        shown, *_ = spread(partial(_part, Path(run_dir), store), PARTS, processes)
    finally:
        _opened.cache_clear()
    saved.keep(Path(run_dir), shown)
    return Path(run_dir) / "index.html"


_opened = lru_cache(maxsize=1)(open_run)
"""The run whose parts this process writes."""


def make_ahead(run_dir: Path, stages: Sequence[str], store: memory.Store | None) -> None:
    """Form what the report takes of stages that have ended alone, for it to be found.

    Parameters
    ----------
    run_dir : Path
        Folder of a run that has not ended.
    stages : sequence of str
        Those that have.
    store : Store or None
        As of :func:`build`; nothing is done without one.
    """
    if store is None:
        return
    try:
        _part(Path(run_dir), store, partial(_tabled, stages=stages))
    finally:
        _opened.cache_clear()


def _tabled(run: Run, stages: Sequence[str]) -> None:
    for stage in stages:
        if stage in run.results:
            tabled.of_stage(run, stage)


def _part(run_dir: Path, store: memory.Store | None, write: Callable[[Run], Any]) -> Any:
    """Write one part of the report."""
    run = _opened(run_dir)
    memory.keep_in(store)
    try:
        with run.spoken():
            return write(run)
    finally:
        memory.keep_in(None)


def _write_main(run: Run) -> None:
    """Write all but the pages of sites and the workbooks."""
    pages: dict[Path, str] = {}
    changed = changes.since(run)
    for language, folder in FOLDERS.items():
        for stage in STAGES:
            path = run.notebook(stage)
            if path is not None:
                pages[run.folder / folder / f"{stage}.html"] = stage_page(run, path, language)
        pages[run.folder / folder / "index.html"] = brief_page(run, language, changed)
        moved = changes_page.changes_page(run, changed, language)
        pages[run.folder / folder / f"{CHANGES}.html"] = moved
        for name, html in packs.pages(run, language):
            pages[run.folder / folder / f"{name}.html"] = html
    for name, language, html in audiences.pages(run):
        pages[run.folder / FOLDERS[language] / f"{name}.html"] = html
    told = sites.Sites(run)
    leading = {*STAGES, *audiences.leading_to_sites()}
    for path in pages:
        if path.stem in leading:
            pages[path] = sites.linked(pages[path], told, f"{SITES}/")
    pages[run.folder / "index.html"] = brief_page(run, wording.LANGUAGES[0], changed, top=True)
    write_pages(pages)
    for language, folder in FOLDERS.items():
        measurement_days.write_calendar(run, run.folder / folder, language)
    for path, text in alert_files(run).items():
        write_text(path, text)
    write_sheets(run)


def _site_pages(run: Run) -> None:
    """Write the pages by site; a font of their own, with what they say and no more."""
    told = sites.Sites(run)
    for language, folder in FOLDERS.items():
        own = run.folder / folder / SITES
        write_pages({own / name: html for name, html in site_pages.pages(told, language)})


def _workbooks(run: Run) -> dict[str, int]:
    """Write the workbooks; return the answers behind numbers, which are those of their tables."""
    found = [tabled.of_stage(run, stage) for stage in run.results]
    for language, folder in FOLDERS.items():
        sheets = chain.from_iterable(of.sheets[language] for of in found)
        workbook.write_workbook(run, run.folder / folder, language, sheets)
    return {name: n for of in found for name, n in of.counts.items()}


PARTS = (_workbooks, _write_main, _site_pages)
"""What of a report can be written at the same time, the longest first; what both languages share is
made once."""


def brief_page(
    run: Run, language: Language, changed: changes.Changes | None, *, top: bool = False
) -> str:
    """Return the decision brief; ``top`` is the one that lies above the language folders."""
    sections = brief.sections(run, language)
    title = wording.text("report.brief_title", language)
    heading = wording.text("report.title", language)
    switched = FOLDERS[page.other(language)]
    prefix = f"{FOLDERS[language]}/" if top else ""
    lead = " · ".join(filter(None, (run.name(language), brief.through(run, language))))
    body = f'<h1>{escape(heading)}</h1><p class="lead">{escape(lead)}</p>'
    body += changes_page.line(changed, language)
    body += "\n".join(section.html(language) for section in sections)
    body = f'<div class="brief">{body}{brief.imprint(run, language)}</div>'
    if top:
        for name in (
            *(f"{n}.html" for n in (*STAGES, CHANGES, *audiences.names(run))),
            *(f"{n}.html" for n in packs.NAMES.values()),
            f"{SITES}/{site_pages.INDEX}",
            workbook.NAME,
            measurement_days.NAME,
        ):
            body = body.replace(f'href="{name}"', f'href="{prefix}{name}"')
    return page.render(
        body,
        title=f"{run.name(language)} {title}",
        language=language,
        switch_href=f"{'' if top else '../'}{switched}/index.html",
        client=run.name(language),
        stages=page.stage_links(run, language, "index", prefix),
        contents=sections,
        simulated=run.simulated,
        look=run.appearance,
        provenance=page.provenance(run, language),
    )


def write_pages(pages: dict[Path, str]) -> None:
    """Write pages; those of one language share a font.

    A page that would have more than :data:`MOST` bytes with it gets one of its own, with the
    characters it needs and no others.
    """
    used: dict[str, frozenset[str]] = {}
    own = {path: typeface.characters(html) for path, html in pages.items()}
    for path, html in pages.items():
        used[_lang(html)] = used.get(_lang(html), frozenset()) | own[path]
    for path, html in pages.items():
        style = typeface.font_style(used[_lang(html)])
        if len(html.encode()) + len(style) > MOST:
            style = typeface.font_style(own[path])
        write_text(path, html.replace(page.FONT_SLOT, style))


def _lang(html: str) -> str:
    return html[: html.index("<head>")]
