"""One page across clients: latest run, effect with its interval, state."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path

from analysis import wording
from analysis.causal import pool_effects
from analysis.errors import StoredFileError
from analysis.indicators import registry
from analysis.newest import latest, unreadable
from analysis.present import cards, figures, plots, sentences, tables
from analysis.present.estimates import estimates_table
from analysis.report import page
from analysis.report.build import write_pages
from analysis.report.run import FOLDERS, SITES, Run, open_run
from analysis.results import Estimate, Finding
from analysis.settings import LEVEL, Language

_NAMES = {"zh_CN": "index.html", "en": "index.en.html"}


def portfolio(root: Path) -> Path:
    """Write ``reports/index.html`` and ``reports/index.en.html`` across all clients.

    A client whose files cannot be read is named and left out; it never keeps others from the page.
    Effects of one outcome stand in one figure, in the order of the clients' names; it is never a
    ranking, and raw means of different clients are never put side by side.

    Parameters
    ----------
    root : Path
        Project root, whose ``reports/<client>/latest`` are read.

    Returns
    -------
    Path
        The Chinese page.
    """
    reports = Path(root) / "reports"
    runs, left_out = [], []
    for folder in sorted(reports.glob("*/"), key=lambda path: path.name):
        try:
            runs += _opened(folder)
        except StoredFileError as error:
            left_out.append((folder.name, error))
    pages = {reports / name: _page(runs, left_out, reports, lang) for lang, name in _NAMES.items()}
    write_pages(pages)
    return reports / _NAMES["zh_CN"]


def _opened(folder: Path) -> list[Run]:
    """Return the latest run of a client with its results read; none where it has no such run."""
    newest = latest(folder)
    if newest is None:
        if damaged := unreadable(folder):
            raise damaged[0]
        return []
    run = open_run(newest)
    _ = run.results  # read now, so that what is damaged is known before the page is written
    return [run]


def _page(
    runs: list[Run], left_out: list[tuple[str, StoredFileError]], reports: Path, language: Language
) -> str:
    def t(key: str, **params) -> str:
        return wording.text(f"report.{key}", language, **params)

    runs = sorted(runs, key=lambda run: run.name(language))
    body = f"<h1>{escape(t('portfolio_title'))}</h1>"
    if not runs:
        body += f"<p>{escape(t('portfolio.empty'))}</p>"
    else:
        body += f'<p class="lead">{escape(t("portfolio.intro"))}</p>'
        body += _figures(runs, language) + _table(runs, language) + _links(runs, reports, language)
    for client, error in left_out:
        place = (
            error.path.relative_to(reports) if error.path.is_relative_to(reports) else error.path
        )
        key = "newer" if error.newer else "damaged"
        said = t(f"portfolio.{key}", client=client, path=place.as_posix())
        body += f'<p class="notice">{escape(said)}</p>'
    return page.render(
        body,
        title=t("portfolio_title"),
        language=language,
        switch_href=_NAMES[page.other(language)],
        simulated=bool(runs) and all(run.simulated for run in runs),
    )


def _effect(run: Run) -> tuple[Finding, Estimate] | None:
    """Return the leading finding of tracking with the estimate it rests on."""
    found = run.results.get("tracking")
    if found is None:
        return None
    known = {estimate.id: estimate for estimate in found.estimates}
    for finding in found.findings:
        for name in finding.estimates:
            if name in known and known[name].causal:
                return finding, known[name]
    return None


def _figures(runs: list[Run], language: Language) -> str:
    # Made-up clients never stand in one figure with real ones.
    # An outcome that clients declare is the same only where they declare it alike.
    by_outcome: dict[tuple, list[tuple[Run, Estimate]]] = {}
    for run in runs:
        effect = _effect(run)
        # A number on which methods disagree stands in no figure and in no mean.
        if effect is not None and effect[1].value is not None and not effect[1].disputed:
            own = (run.indicators or {}).get(effect[1].indicator or "")
            declared = None if own is None or own.declared is None else own.declared
            key = (effect[1].indicator, effect[1].unit, effect[1].simulated, declared)
            by_outcome.setdefault(key, []).append((run, effect[1]))
    html = []
    for number, ((indicator, *_), pairs) in enumerate(by_outcome.items(), start=1):
        estimates = [estimate for _, estimate in pairs]
        labels = [run.name(language) for run, _ in pairs]
        anchor = f"effects-{number}"
        with registry.using(pairs[0][0].indicators):
            title = sentences.indicator_title(indicator, language)
            drawn = plots.forest(estimates, language=language, labels=labels)
        alt = wording.text(
            "report.portfolio.figure_alt", language, n=len(pairs), level=estimates[0].level
        )
        picture = figures.embed(drawn, anchor=anchor, alt=alt)
        caption = wording.text("report.portfolio.figure", language, indicator=title)
        says = _said(estimates, language)
        html.append(figures.wrap(picture, caption=caption, anchor=anchor, title=says))
        html.append(_pooled(estimates, anchor, language))
    return "".join(html)


def _said(estimates: list[Estimate], language: Language) -> str:
    """Return what a figure of several clients shows; of one client, its number says it."""
    values = sorted(float(e.value) for e in estimates if e.value is not None)
    if len(values) < 2:
        return ""
    return wording.text(
        "report.portfolio.says", language, n=len(values), low=values[0], high=values[-1],
        unit=estimates[0].unit,
    )  # fmt: skip


def _pooled(estimates: list[Estimate], anchor: str, language: Language) -> str:
    """Return the pooled effect and whether clients differ; nothing for one client."""
    if len(estimates) < 2:
        return ""
    found = pool_effects(estimates)
    table = estimates_table(
        found.estimates,
        caption=wording.text("report.portfolio.pooled", language, n=len(estimates)),
        rows="estimand",
        anchor=f"{anchor}-pooled",
        language=language,
    )
    return table + cards.checks(found.checks, f"{anchor}-alike", language, tally=False)


def _table(runs: list[Run], language: Language) -> str:
    rows = []
    for run in runs:
        effect = _effect(run)
        cells = ["—", "—", "—", "—"]
        if effect is not None:
            finding, estimate = effect
            with registry.using(run.indicators):
                title = sentences.indicator_title(estimate.indicator, language)
            cells = [
                title,
                sentences.value_text(estimate, language),
                sentences.interval_text(estimate, language),
                wording.text(f"terms.strength.{finding.strength}", language),
            ]
        state = sentences.label(run.manifest.get("state", "running"), language, "report.state")
        rows.append([run.name(language), *cells, run.run_id, state])
    columns = ("report.column.client", "report.column.outcome", "report.column.effect")
    header = [wording.text(key, language) for key in columns]
    header += [wording.text("terms.interval", language, level=LEVEL)]
    header += [wording.text(f"report.column.{k}", language) for k in ("strength", "run", "state")]
    return tables.render(
        header,
        rows,
        caption=wording.text("report.portfolio.table", language),
        numeric=[False, False, True, True, False, False, False],
        anchor="runs",
        language=language,
    )


def _beside(brief: str) -> str:
    """Return where the list of sites lies, by where the brief of the run does."""
    return f"{brief.rpartition('/')[0]}/{SITES}/index.html"


def _links(runs: list[Run], reports: Path, language: Language) -> str:
    items = []
    for run in runs:
        target = run.folder / FOLDERS[language] / "index.html"
        href = Path(os.path.relpath(target, reports.resolve())).as_posix()
        words = wording.text("report.portfolio.link", language)
        links = f'<a href="{escape(href)}">{escape(words)}</a>'
        if run.tells_sites:
            told = escape(wording.text("sites.title", language))
            links += f' · <a href="{escape(_beside(href))}">{told}</a>'
        items.append(
            f'<li><span class="name">{escape(run.name(language))}</span><span>{links}</span></li>'
        )
    return f'<ul class="cards">{"".join(items)}</ul>'
