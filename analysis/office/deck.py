"""What the slides hold: one finding a slide, its sentence as the title."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from analysis import wording
from analysis.office import charts, contents
from analysis.office.blocks import Block, Picture, Table, Text
from analysis.office.charts import Chart
from analysis.present import sentences, views
from analysis.report import audiences, brief
from analysis.report.run import STAGES, Run
from analysis.results import Finding
from analysis.settings import Language

_MOST_TEXTS = 4
"""Paragraphs of a client's own chapter that stand on its slide."""


@dataclass(frozen=True, slots=True)
class Slide:
    """One slide: a sentence as its title, texts, and a chart, a table or a picture."""

    title: str
    texts: tuple[Text, ...] = ()
    shown: Chart | Table | Picture | None = None


def deck(run: Run, language: Language) -> list[Slide]:
    """Return the slides below the title slide, the answer first.

    Parameters
    ----------
    run : Run
        Its stored results are read; tracking must be among them.
    language : {"zh_CN", "en"}
        Language.
    """
    effects, worth = (contents.findings(run, stage) for stage in ("tracking", "value"))
    return [
        *_leading(run, effects[:1], language),
        *_lasting(run, effects[:1], language),
        *_others(run, effects[1:], language),
        *(slide for finding in worth for slide in _worth(run, finding, language)),
        *_advised(run, language),
        *_doubts(run, language),
        *_actions(run, language),
        *_method(run, language),
        *_chapters(run, language),
    ]


def _leading(run: Run, effects: Sequence[Finding], language: Language) -> Iterator[Slide]:
    if not effects:
        missing = contents.section(run, "missing", language)
        title = wording.text("report.no_finding", language)
        yield Slide(title, _texts(missing), _first_table(missing))
    for finding in effects:
        indicator = contents.indicator_of(run, finding)
        chart = charts.trends(run, indicator, language) if indicator else None
        answer = contents.section(run, "answer", language)
        # The first finding of the brief, up to the claim of the next.
        claims = [place for place, b in enumerate(answer) if _is(b, "claim")]
        mine = answer[1 : claims[1] if len(claims) > 1 else None] if claims else []
        yield Slide(_claim(finding, language), _texts(mine), chart)


def _lasting(run: Run, effects: Sequence[Finding], language: Language) -> Iterator[Slide]:
    line = contents.line(run, "findings.ask.lasts", language)
    if line is None or not effects:
        return
    indicator = contents.indicator_of(run, effects[0])
    chart = charts.since_training(run, indicator, language) if indicator else None
    beside = contents.line(run, "findings.ask.whom", language)
    texts = () if beside is None else (
        Text("why-head", ((beside[0], True),)), Text("text", ((beside[1], False),)),
    )  # fmt: skip
    yield Slide(" ".join(line), texts, chart)


def _others(run: Run, effects: Sequence[Finding], language: Language) -> Iterator[Slide]:
    table = _first_table(contents.section(run, "why", language))
    if effects and table is not None:
        yield Slide(_claim(effects[0], language), (), table)


def _worth(run: Run, finding: Finding, language: Language) -> Iterator[Slide]:
    told = [b for b in contents.told(run, finding, language) if not _is(b, "claim")]
    if finding.estimates:
        yield Slide(
            _claim(finding, language), _texts(told), charts.benefit_against_cost(run, language)
        )
        return
    table = _view(run, "value.scorecard", language)
    yield Slide(_claim(finding, language), _texts(told), table)


def _advised(run: Run, language: Language) -> Iterator[Slide]:
    table = _first_table(contents.section(run, "decide", language))
    advice = brief.advice(run, language)
    if advice and table is not None:
        yield Slide(advice, (), table)


def _doubts(run: Run, language: Language) -> Iterator[Slide]:
    texts = _texts(contents.section(run, "sure", language))
    if texts:
        yield Slide(str(texts[0]), texts[1:])


def _actions(run: Run, language: Language) -> Iterator[Slide]:
    title = wording.text("office.document.actions", language)
    table = _view(run, "value.actions", language)
    if table is not None:
        yield Slide(title, (), table.without_last())
        return
    if texts := _texts(contents.section(run, "do", language)):
        yield Slide(title, texts)


def _method(run: Run, language: Language) -> Iterator[Slide]:
    words = Text("text", ((wording.text("office.document.method_text", language), False),))
    table = _view(run, "design.roll_out", language)
    yield Slide(wording.text("office.document.compared", language), (words,), table)


def _chapters(run: Run, language: Language) -> Iterator[Slide]:
    """Yield a slide for each of the client's own chapters: its first words, picture or table."""
    for stage in STAGES:
        for found in run.chapters(stage, language):
            heading, *rest = contents.chapter(run, found, language)
            pictures = (block for block in rest if isinstance(block, Picture))
            tables = (block for block in rest if isinstance(block, Table) and block.header)
            shown = next(pictures, None) or next(tables, None)
            yield Slide(str(heading), _texts(rest)[:_MOST_TEXTS], shown)


def _view(run: Run, name: str, language: Language) -> Table | None:
    """Return the table of a view; None where its stage did not run or it has no rows."""
    if name.partition(".")[0] not in run.results:
        return None
    found: list[Block] = []
    audiences.put(contents.display(run, language, found), run, contents.WORDS, {"view": name})
    table = _first_table(found)
    return table and replace(table, caption=_caption(run, name, language))


def _caption(run: Run, name: str, language: Language) -> str:
    """Return a view's caption without a number, which slides do not have."""
    how = {"level": run.level, "missed": 1 - run.level}
    return sentences.sentence(views.get(name).caption, language, how)


def _first_table(blocks: Sequence[Block]) -> Table | None:
    return next((b for b in blocks if isinstance(b, Table) and b.rows), None)


def _claim(finding: Finding, language: Language) -> str:
    return sentences.sentence(finding.claim, language, finding.params)


def _texts(blocks: Sequence[Block]) -> tuple[Text, ...]:
    return tuple(b for b in blocks if isinstance(b, Text))


def _is(block: Block, kind: str) -> bool:
    return isinstance(block, Text) and block.kind == kind
