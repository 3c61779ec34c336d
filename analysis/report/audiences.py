"""The reports by reader, made of what the stages stored: nothing is computed anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from analysis import packaged, wording
from analysis.present import MIME, Display, views
from analysis.report import page
from analysis.report.notebook import Section, heading_text, in_prose
from analysis.report.run import FOLDERS, Run
from analysis.settings import TRAINING, Language

_FILE = Path(__file__).with_name("audiences.yml")


@cache
def declared() -> Mapping[str, Mapping[str, Any]]:
    """Return the pages by name, as ``audiences.yml`` explains them."""
    return packaged.content(_FILE)


def names(run: Run) -> tuple[str, ...]:
    """Return the pages that can be made of a run: the stages they need have results.

    Pages that tell of an effect or a return are made of a training alone.
    """
    return tuple(
        name
        for name, entry in declared().items()
        if all(stage in run.results for stage in entry["needs"])
        and (run.programme == TRAINING or entry.get("without_rollout"))
    )


def leading_to_sites() -> tuple[str, ...]:
    """Return the pages whose tables lead to the pages by site."""
    return tuple(name for name, entry in declared().items() if entry.get("sites"))


def pages(run: Run) -> Iterator[tuple[str, str, str]]:
    """Yield ``(name, language, markup)`` of every page that can be made, without its font."""
    for name in names(run):
        shown = _shown(run, name)
        for language in FOLDERS:
            yield name, language, _page(run, name, shown, language)


def _shown(run: Run, name: str) -> list[Mapping[str, Any]]:
    """Return what the page shows, each with both languages."""
    bundles: list[dict[str, Any]] = []
    how = {"min_cell": run.min_cell, "level": run.level, "earlier": run.earlier}
    how["programme"] = run.programme
    # With PNG a drawing is the one of the stage's notebook, and found again where values are kept.
    show = Display(wording.LANGUAGES[0], publish=bundles.append, pictures=True, **how)
    show.title(f"audiences.{name}.title", client=run.names or run.client)
    for item in declared()[name]["show"]:
        put(show, run, f"audiences.{name}", item)
    return [bundle[MIME] for bundle in bundles]


def put(show: Display, run: Run, stem: str, item: Mapping[str, Any]) -> None:
    """Show one item as ``audiences.yml`` explains it.

    Parameters
    ----------
    show : Display
        Takes what is shown.
    run : Run
        Its stored results are read.
    stem : str
        Wording key under which the headings and sentences of the page or document stand.
    item : Mapping
        One entry of ``show``; its first key says what is shown.
    """
    kind, *_ = item
    _SHOWN[kind](show, run, stem, **item)


def _page(run: Run, name: str, shown: Sequence[Mapping[str, Any]], language: Language) -> str:
    sections, title = [Section()], ""
    for output in shown:
        html = output[language]
        if output["role"] == "title":
            title = heading_text(html)
        if output["role"] == "section":
            folded = output["folded"]
            sections.append(Section(output["anchor"], heading_text(html), folded=folded))
        sections[-1].show(output, language)
    for section in sections:
        if section.anchor and len(section.shown) == 1:
            words = escape(wording.text("audiences.nothing", language))
            section.shown.append(in_prose(f"<p>{words}</p>", "prose"))
    body = "\n".join(section.html(language) for section in sections)
    contents = [section for section in sections if section.anchor]
    return page.of_run(run, name, language, body, title=title, contents=contents)


def _matching(items: Sequence[Any], patterns: Sequence[str]) -> list[Any]:
    """Return the items whose id matches, in the order of the patterns."""
    found = [i for pattern in patterns for i in items if fnmatchcase(i.id, pattern)]
    return list({item.id: item for item in found}.values())


def _section(show: Display, run: Run, stem: str, *, section: str, fold: bool = False) -> None:
    show.section(f"{stem}.{section}", place="folded" if fold else "answer")


def _view(
    show: Display,
    run: Run,
    stem: str,
    *,
    view: str,
    intro: str | None = None,
    none: str | None = None,
    beside: bool = False,
    **params: Any,
) -> None:
    stage = view.partition(".")[0]
    if stage not in run.results:
        if not beside:
            _not_run(show, stage)
    elif none and views.get(view).of(run.results[stage]).empty:
        show.prose(f"{stem}.{none}")
    else:
        if intro:
            show.prose(f"{stem}.{intro}")
        show.view(view, run.results[stage], **params)


def _prose(show: Display, run: Run, stem: str, *, prose: str) -> None:
    show.prose(f"{stem}.{prose}")


def _answer(
    show: Display,
    run: Run,
    stem: str,
    *,
    answer: str,
    of: Sequence[str],
    first: int | None = None,
    open: int | None = None,
    actions: bool = True,
) -> None:
    if answer not in run.results:
        _not_run(show, answer)
        return
    found = run.results[answer]
    show.answer(_matching(found.findings, of)[:first], found.checks, shown=open, actions=actions)


def _kpis(show: Display, run: Run, stem: str, *, kpis: str, of: Sequence[str], labels: str) -> None:
    chosen = _matching(run.results[kpis].estimates, of)
    show.kpis(views.labelled(chosen, labels))


def _estimates(
    show: Display,
    run: Run,
    stem: str,
    *,
    estimates: str,
    of: Sequence[str],
    caption: str,
    rows: str = "indicator",
    without: Sequence[str] = (),
) -> None:
    left_out = {e.id for e in _matching(run.results[estimates].estimates, without)}
    chosen = [e for e in _matching(run.results[estimates].estimates, of) if e.id not in left_out]
    if chosen:
        show.estimates(chosen, caption=f"{stem}.{caption}", rows=rows)


def _checks(
    show: Display,
    run: Run,
    stem: str,
    *,
    checks: Sequence[str],
    status: Sequence[str],
    of: Sequence[str] = ("*",),
) -> None:
    chosen = [
        check
        for stage in checks
        if stage in run.results
        for check in _matching(run.results[stage].checks, of)
        if check.status in status
    ]
    show.checks(chosen, fold=of == ("*",))


def _alerts(show: Display, run: Run, stem: str, *, alerts: str) -> None:
    if alerts in run.results:
        show.alerts(run.results[alerts].alerts)
    else:
        _not_run(show, alerts)


def _not_run(show: Display, stage: str) -> None:
    show.prose("audiences.not_run", stage=f"terms.stage.{stage}")


_SHOWN = {
    "section": _section,
    "view": _view,
    "prose": _prose,
    "answer": _answer,
    "kpis": _kpis,
    "estimates": _estimates,
    "checks": _checks,
    "alerts": _alerts,
}
