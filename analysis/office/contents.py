"""What the documents hold, made of what the stages stored: nothing is computed or worded anew."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from analysis import packaged, wording
from analysis.client.chapters import Chapter
from analysis.office import charts
from analysis.office.blocks import Block, Text, of_html
from analysis.present import MIME, Display, cards, sentences
from analysis.report import audiences, brief
from analysis.report.chapters import own_section
from analysis.report.run import Run
from analysis.results import Check, Finding
from analysis.settings import WITHOUT_ROLLOUT, Language

_FILE = Path(__file__).with_name("documents.yml")
_STAGES = ("tracking", "value")
WORDS = "office.document"
"""Wording key under which headings, captions and sentences of documents stand."""
BREAK = Text("break", ())
"""Stands where a new page begins."""


@dataclass(frozen=True, slots=True)
class Cover:
    """The title page of a document: its name, the client, and lines below.

    ``simulated`` says that the data are made up, ``label`` says it in a word. ``logo`` and
    ``colour`` are the client's, where its client file has them.
    """

    title: str
    client: str
    lines: tuple[str, ...]
    simulated: str
    label: str
    logo: bytes | None = None
    colour: str = ""


@cache
def declared() -> Mapping[str, Mapping[str, Any]]:
    """Return the documents by name, as ``documents.yml`` explains them."""
    return packaged.content(_FILE)


def of_run(run: Run) -> list[str]:
    """Return the names of the documents that are made of a run's programme."""
    rollout = run.programme not in WITHOUT_ROLLOUT
    return [
        name for name, document in declared().items() if document.get("rollout", rollout) is rollout
    ]


def lacking(run: Run, name: str) -> tuple[str, ...]:
    """Return the stages without which a document cannot be made, and of which there is nothing."""
    return tuple(stage for stage in declared()[name]["needs"] if stage not in run.results)


def cover(run: Run, title: str, language: Language) -> Cover:
    """Return the title page: client, period of the data, and which run it was made from."""
    period = months(run)
    lines = []
    if period is not None:
        lines.append(wording.text("office.period", language, first=period[0], last=period[1]))
    made = run.manifest.get("finished") or run.manifest.get("started")
    lines.append(wording.text("office.made", language, made=made, run=run.run_id))
    made_up, label = (
        wording.text(key, language) if run.simulated else ""
        for key in ("report.simulated", "report.simulated_label")
    )
    look = run.appearance
    if asked := look.asked(language):
        lines.append(wording.text("report.contact", language, contact=asked))
    name = run.name(language)
    return Cover(title, name, tuple(lines), made_up, label, look.logo_bytes, look.colour)


def months(run: Run) -> tuple[int, int] | None:
    """Return the first and the last month of the data; None where no stage says."""
    stored = run.results["tracking"].tables if "tracking" in run.results else {}
    seen = [t["period"] for name, t in stored.items() if name.endswith("_trends") and len(t)]
    if not seen:
        return None
    return int(min(p.min() for p in seen)), int(max(p.max() for p in seen))


def blocks(run: Run, name: str, language: Language) -> list[Block]:
    """Return what a document holds below its title page, in order.

    Parameters
    ----------
    run : Run
        Its stored results are read; its registry and its screen of people must be in force.
    name : str
        One of :func:`declared`.
    language : {"zh_CN", "en"}
        Language.
    """
    found: list[Block] = []
    show = display(run, language, found)
    leading = next(iter(indicators(run)), "")
    for item in declared()[name]["show"]:
        kind, *_ = item
        if kind in _OWN:
            found += _OWN[kind](run, language, **item)
            continue
        if "of" in item:
            item = {**item, "of": [pattern.replace("{leading}", leading) for pattern in item["of"]]}
        audiences.put(show, run, WORDS, item)
    return _without_empty(found, language)


def display(run: Run, language: Language, found: list[Block]) -> Display:
    """Return a display that adds what it shows to ``found``."""
    return Display(
        language,
        min_cell=run.min_cell,
        level=run.level,
        earlier=run.earlier,
        programme=run.programme,
        publish=lambda bundle: found.extend(of_html(bundle[MIME][language])),
    )


def findings(run: Run, stage: str, of: Sequence[str] = ("*",)) -> list[Finding]:
    """Return the findings of a stage whose id matches, the most important first."""
    stored = run.results[stage].findings if stage in run.results else ()
    return [f for f in stored if any(fnmatchcase(f.id, pattern) for pattern in of)]


def checks(run: Run) -> list[Check]:
    """Return the checks of the stages that decide."""
    return [c for stage in _STAGES if stage in run.results for c in run.results[stage].checks]


def indicators(run: Run) -> Iterator[str]:
    """Yield the outcomes of the findings of tracking, the leading one first."""
    for finding in findings(run, "tracking"):
        if (indicator := indicator_of(run, finding)) is not None:
            yield indicator


def indicator_of(run: Run, finding: Finding) -> str | None:
    """Return the outcome that a finding of tracking is about."""
    known = {e.id: e.indicator for e in run.results["tracking"].estimates}
    return next((known[i] for i in finding.estimates if known.get(i)), None)


def line(run: Run, question: str, language: Language) -> tuple[str, str] | None:
    """Return a question of the tracking report's first screen with its answer."""
    if "tracking" not in run.results:
        return None
    stored = run.results["tracking"].table_or_empty("first_screen")
    for row in stored.to_dict("records"):
        if row["question"] == question:
            answer = sentences.sentence(row["sentence"], language, json.loads(row["params"]))
            return sentences.sentence(question, language), answer
    return None


def section(run: Run, name: str, language: Language) -> list[Block]:
    """Return a section of the brief without its heading; nothing where the brief has none."""
    anchor = f"brief-{name}-section"
    shown = next((s for s in brief.sections(run, language) if s.anchor == anchor), None)
    if shown is None:
        return []
    line = f"<p>{escape(shown.says)}</p>" if shown.says else ""
    return of_html("".join([line, *shown.shown[1:]]))


def told(run: Run, finding: Finding, language: Language) -> list[Block]:
    """Return a finding as the pages tell it: claim, grade, and what limits it."""
    return of_html(cards.answer([finding], checks(run), "finding", language, actions=False))


def _brief(run: Run, language: Language, *, brief: Sequence[str]) -> Iterator[Block]:
    for name in brief:
        found = section(run, name, language)
        if found and name != brief[0]:
            yield Text("h3", ((wording.text(f"brief.{name}", language), False),))
        # What the brief leaves to other pages stands further down in the document.
        yield from (b for b in found if not (isinstance(b, Text) and b.kind == "more"))


def _findings(
    run: Run, language: Language, *, findings: str, of: Sequence[str], drawn: bool = False
) -> Iterator[Block]:
    for finding in _found(run, findings, of):
        yield from told(run, finding, language)
        indicator = indicator_of(run, finding) if drawn else None
        if indicator and (chart := charts.trends(run, indicator, language)):
            yield chart


_found = findings


def _lines(run: Run, language: Language, *, lines: Sequence[str]) -> Iterator[Block]:
    for question in lines:
        if (found := line(run, question, language)) is not None:
            yield Text("text", ((f"{found[0]} ", True), (found[1], False)))


def _doubts(run: Run, language: Language, *, doubts: str) -> Iterator[Block]:
    about = {None, next(iter(indicators(run)), None)}
    found = [
        check
        for check in run.results[doubts].checks
        if check.status in ("failed", "caution") and check.indicator in about
    ]
    yield from of_html(cards.checks(found, "doubts", language))


def _chart(run: Run, language: Language, *, chart: str) -> Iterator[Block]:
    if chart == "since_training":
        leading = next(iter(indicators(run)), None)
        drawn = None if leading is None else charts.since_training(run, leading, language)
    else:
        drawn = _MONEY[chart](run, language)
    if drawn is not None:
        yield drawn


_MONEY: Mapping[str, Callable[[Run, Language], charts.Chart | None]] = {
    "benefit_against_cost": charts.benefit_against_cost,
    "tornado": charts.tornado,
}


def chapter(run: Run, found: Chapter, language: Language) -> list[Block]:
    """Return one of the client's own chapters, its heading first; code is left out."""
    return of_html("".join(own_section(run, found, language).shown))


def _chapters(run: Run, language: Language, *, chapters: Sequence[str]) -> Iterator[Block]:
    for stage in chapters:
        for found in run.chapters(stage, language):
            yield from chapter(run, found, language)


def _page(run: Run, language: Language, *, page: bool) -> Iterator[Block]:
    yield BREAK


_OWN: Mapping[str, Callable[..., Iterator[Block]]] = {
    "brief": _brief,
    "findings": _findings,
    "doubts": _doubts,
    "lines": _lines,
    "chart": _chart,
    "chapters": _chapters,
    "page": _page,
}


def _without_empty(found: Sequence[Block], language: Language) -> list[Block]:
    """Say below a heading that nothing stands under it that there is nothing."""
    kept: list[Block] = []
    for block, after in zip(found, [*found[1:], Text("h2", ())], strict=True):
        kept.append(block)
        if _is_heading(block) and _is_heading(after):
            words = wording.text("audiences.nothing", language)
            kept.append(Text("text", ((words, False),)))
    return kept


def _is_heading(block: Block) -> bool:
    return isinstance(block, Text) and block.kind == "h2"
