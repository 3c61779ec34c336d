"""The decision brief: one page that answers before it explains."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from analysis import wording
from analysis.present import cards, sentences, tables
from analysis.report.notebook import Section
from analysis.report.run import STAGES, Run
from analysis.results import Check, Estimate, Finding

_DECIDING = ("tracking", "value")
_SPOKEN = ("failed", "caution")
_DOUBTS = 4


def sections(run: Run, language: str) -> list[Section]:
    """Return the sections of the brief, the answer first.

    Parameters
    ----------
    run : Run
        Its stored results are read; nothing is computed.
    language : {"zh_CN", "en"}
        Language.
    """
    effects, worth = (_of(run, stage, "findings") for stage in _DECIDING)
    findings = [*effects[:1], *worth, *effects[1:]]
    checks = [c for stage in _DECIDING for c in _of(run, stage, "checks")]
    estimates = {e.id: e for stage in _DECIDING for e in _of(run, stage, "estimates")}
    parts = [
        ("answer", cards.answer(findings[:3], checks, "brief-answer", language)),
        ("sure", _sure(checks, language)),
        ("why", _why(findings, estimates, language)),
        ("do", _actions(findings, language)),
        ("missing", _missing(run, language)),
        ("stages", _stages(run, language)),
    ]
    return [_section(name, html, language) for name, html in parts if html]


def _section(name: str, html: str, language: str) -> Section:
    title = wording.text(f"report.index.{name}", language)
    anchor = f"brief-{name}-section"
    return Section(anchor, title, [f'<h2 id="{anchor}">{escape(title)}</h2>', html])


def _of(run: Run, stage: str, kind: str) -> tuple[Any, ...]:
    return getattr(run.results[stage], kind) if stage in run.results else ()


def _sure(checks: list[Check], language: str) -> str:
    if not checks:
        return f"<p>{escape(wording.text('report.index.sure_none', language))}</p>"
    counts = {
        status: sum(check.status == status for check in checks)
        for status in ("passed", "caution", "failed", "not_possible")
    }
    html = f"<p>{escape(wording.text('report.index.sure_text', language, **counts))}</p>"
    # One sentence a doubt: a check asked of every outcome is not repeated here.
    spoken = {(c.status, c.question): c for c in reversed(checks) if c.status in _SPOKEN}
    spoken = sorted(spoken.values(), key=lambda c: (_SPOKEN.index(c.status), checks.index(c)))
    spoken = spoken[:_DOUBTS]
    return html + (cards.checks(spoken, "brief-checks", language, tally=False) if spoken else "")


def _why(findings: list[Finding], estimates: dict[str, Estimate], language: str) -> str:
    """Return one line an outcome: effect, interval, how the comparison came about, strength."""
    rows = []
    for finding in findings:
        found = [estimates[i] for i in finding.estimates if i in estimates]
        if not found or found[0].value is None or found[0].indicator is None:
            continue
        (estimate,) = found[:1]
        effect = sentences.is_difference(estimate)
        value, low, high = (
            wording.in_unit(number, estimate.unit, language, effect=effect)
            for number in (estimate.value, estimate.ci_low, estimate.ci_high)
        )
        rows.append(
            (
                sentences.indicator_title(estimate.indicator, language),
                value,
                wording.text("report.interval", language, low=low, high=high),
                wording.text(f"terms.design_grade.{finding.design}", language),
                wording.text(f"terms.strength.{finding.strength}", language),
            )
        )
    if not rows:
        return ""
    heads = ("outcome", "effect", "interval", "design", "strength")
    return tables.render(
        [wording.text(f"report.column.{name}", language) for name in heads],
        rows,
        caption=wording.text("report.index.why_caption", language),
        numeric=[False, True, True, False, False],
        anchor="brief-why",
        language=language,
    )


def _actions(findings: list[Finding], language: str) -> str:
    words = [sentences.sentence(f.action, language, f.params) for f in findings if f.action]
    if not words:
        return f"<p>{escape(wording.text('report.index.do_none', language))}</p>"
    items = "".join(f"<li>{escape(word)}</li>" for word in dict.fromkeys(words))
    return f'<ol class="actions">{items}</ol>'


def _missing(run: Run, language: str) -> str:
    rows = list(dict.fromkeys(_gaps(run, language)))
    if not rows:
        return f"<p>{escape(wording.text('report.index.missing_none', language))}</p>"
    return tables.render(
        [wording.text(f"report.column.{key}", language) for key in ("stage", "what", "reason")],
        rows,
        caption=wording.text("report.index.missing_caption", language),
        numeric=[False, False, False],
        anchor="brief-missing",
        language=language,
    )


def _gaps(run: Run, language: str) -> Iterator[tuple[str, str, str]]:
    for stage, found in run.results.items():
        title = wording.text(f"terms.stage.{stage}", language)
        for estimate in found.estimates:
            if estimate.value is None:
                what = sentences.indicator_title(estimate.indicator or estimate.estimand, language)
                params = {"n": estimate.n, **estimate.dims}
                yield title, what, sentences.sentence(estimate.reason, language, params)
        for check in found.checks:
            if check.status == "not_possible":
                params = sentences.check_params(check)
                what = sentences.sentence(check.question, language, params)
                yield title, what, sentences.sentence(check.reason, language, params)
    for stage in STAGES:
        if run.state(stage) == "failed":
            failed = wording.text("report.index.state_failed", language, error=run.error(stage))
            title = wording.text(f"terms.stage.{stage}", language)
            yield title, title, failed


def _stages(run: Run, language: str) -> str:
    items = []
    for number, stage in enumerate(STAGES, start=1):
        title = escape(wording.text(f"terms.stage.{stage}", language))
        about = escape(wording.text(f"report.stage_about.{stage}", language))
        state = ""
        kind = "failed" if run.state(stage) == "failed" else "waiting"
        if run.notebook(stage):
            title = f'<a href="{stage}.html">{title}</a>'
        else:
            words = (
                wording.text("report.index.state_failed", language, error=run.error(stage))
                if run.state(stage) == "failed"
                else wording.text("report.index.not_run", language)
            )
            state = f'<br><span class="state {kind}">{escape(words)}</span>'
        items.append(
            f'<li><span class="name">{number}. {title}</span><span>{about}{state}</span></li>'
        )
    return f'<ul class="cards">{"".join(items)}</ul>'
