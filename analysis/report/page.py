"""The frame around every page: head, navigation, banner, provenance. No request leaves it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from analysis import wording
from analysis.present import people, stylesheet, tables, vectors
from analysis.report.appearance import Appearance
from analysis.report.languages import mark_chinese
from analysis.report.notebook import Section
from analysis.report.run import FOLDERS, HTML_LANG, SITES, STAGES, Run
from analysis.settings import Language

_TEMPLATES = Path(__file__).with_name("templates")
FONT_SLOT = "<!--font-->"
"""Where the embedded font goes once the characters of all pages are known."""


@dataclass(frozen=True, slots=True)
class StageLink:
    """One entry of the navigation; no ``href`` where the stage has no report."""

    title: str
    href: str | None
    current: bool


@cache
def _template():
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2")


def other(language: Language) -> Language:
    """Return the other language."""
    return wording.LANGUAGES[1 - wording.LANGUAGES.index(language)]


def stage_links(run: Run, language: Language, current: str, prefix: str = "") -> list[StageLink]:
    """Return the navigation of a run: the brief, every stage, the sites."""
    brief = wording.text("report.brief_title", language)
    links = [StageLink(brief, f"{prefix}index.html", current == "index")]
    for stage in STAGES:
        title = wording.text(f"terms.stage.{stage}", language)
        href = f"{prefix}{stage}.html" if run.notebook(stage) else None
        links.append(StageLink(title, href, current == stage))
    if run.tells_sites:
        title = wording.text("sites.nav", language)
        links.append(StageLink(title, f"{prefix}{SITES}/index.html", current == SITES))
    return links


def render(
    body: str,
    *,
    title: str,
    language: Language,
    switch_href: str,
    client: str | None = None,
    stages: Sequence[StageLink] = (),
    contents: Iterable[Section] = (),
    simulated: bool = False,
    look: Appearance | None = None,
    provenance: str = "",
) -> str:
    """Return a whole page with :data:`FONT_SLOT` where its font goes.

    Parameters
    ----------
    body : str
        Markup of the main part.
    title, language, switch_href : str
        Title; language; the same page in the other language.
    client : str, optional
        Client's name.
    stages, contents : Sequence
        Navigation between pages and within this one.
    simulated : bool
        Whether to say at the top that the data are made up.
    look : Appearance, optional
        The client's logo, colour and contact.
    provenance : str
        Markup of the foot.
    """
    from markupsafe import Markup

    def t(key: str, **params: Any) -> str:
        return wording.text(key, language, **params)

    switched, look = other(language), look or Appearance()
    return _template().render(
        lang=HTML_LANG[language],
        title=title,
        site_title=t("report.site_name"),
        client=client,
        css=Markup(_css() + _coloured(look.colour)),
        logo=look.logo,
        contact=look.asked(language),
        font_style=Markup(FONT_SLOT),
        switch_href=switch_href,
        switch_lang=HTML_LANG[switched],
        stages=stages,
        contents=list(contents),
        simulated=simulated,
        body=Markup(vectors.shared(mark_chinese(body, language))),
        provenance=Markup(mark_chinese(provenance, language)),
        t=t,
    )


def of_run(
    run: Run,
    name: str,
    language: Language,
    body: str,
    *,
    title: str,
    contents: Iterable[Section],
) -> str:
    """Return a page that lies beside the brief of a run.

    Parameters
    ----------
    run : Run
        Whose page it is.
    name : str
        Name of its file, without ``.html``.
    language : {"zh_CN", "en"}
        Language of the page.
    body, title : str
        Markup of its sections, and what it is called.
    contents : Iterable of Section
        What its list of contents leads to.
    """
    return render(
        body,
        title=title,
        language=language,
        switch_href=f"../{FOLDERS[other(language)]}/{name}.html",
        client=run.name(language),
        stages=stage_links(run, language, name),
        contents=contents,
        simulated=run.simulated,
        look=run.appearance,
        provenance=provenance(run, language),
    )


def provenance(run: Run, language: Language, *, files: bool = True) -> str:
    """Return the foot of a page: run and versions; with ``files`` also what went in."""

    def t(key: str, **params: Any) -> str:
        return escape(wording.text(f"report.provenance.{key}", language, **params))

    unknown = t("unknown")
    manifest = run.manifest
    made = manifest.get("finished") or manifest.get("started")
    seed = manifest.get("parameters", {}).get("seed")
    version = manifest.get("revision") or manifest.get("code")
    packages = manifest.get("packages", {})
    rows = [
        ("client", run.name(language)),
        ("run", run.run_id),
        ("made", wording.format_value(made, "date", language) if made else unknown),
        ("seed", unknown if seed is None else str(seed)),
        ("version", str(version)[:12] if version else unknown),
    ]
    listed = "".join(f"<dt>{t(key)}</dt><dd>{escape(value)}</dd>" for key, value in rows)
    inputs = manifest.get("inputs", {}) if files else {}
    prints = ""
    if packages and files:
        versions = escape(" · ".join(f"{k} {v}" for k, v in sorted(packages.items())))
        prints = _folded(t("packages"), len(packages), f"<p>{versions}</p>")
    if inputs:
        table = tables.render(
            [wording.text(f"report.provenance.{key}", language) for key in ("file", "hash")],
            [[people.hidden(name), digest] for name, digest in sorted(inputs.items())],
            caption=wording.text("report.provenance.caption", language),
            numeric=[False, False],
            anchor="fingerprints",
            language=language,
        )
        prints += _folded(t("inputs"), len(inputs), table)
    return (
        f'<footer class="about"><div class="in"><details><summary><h2>{t("title")}</h2></summary>'
        f"<dl>{listed}</dl>{prints}</details></div></footer>"
    )


def _folded(title: str, count: int, html: str) -> str:
    return f"<details><summary>{title} ({count})</summary>{html}</details>"


def _coloured(colour: str) -> str:
    """Return the style in the client's colour; figures keep colours that everybody can tell."""
    if not colour:
        return ""
    return (
        f"\n@media screen {{ .bar {{ background: {colour}; }}"
        f" .bar .switch {{ border-color: #fff; }} .bar .switch:hover {{ color: {colour}; }} }}"
        f"\n.stages [aria-current] {{ border-color: {colour}; }}"
        f" main h1, main h2 {{ color: {colour}; }}\n"
    )


@cache
def _css() -> str:
    page = (_TEMPLATES / "page.css").read_text(encoding="utf-8")
    return f"{page}\n{stylesheet()}"
