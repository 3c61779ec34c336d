"""Results as a notebook displays them in a cell of one's own.

HTML without style: the notebook's own, light or dark, reads it, and an untrusted notebook, which
takes style off, loses nothing. A state is a word, never a colour alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import singledispatch
from html import escape
from typing import Any

from analysis import wording
from analysis.causal import Evaluation
from analysis.present import cards, sentences
from analysis.present.display import ADDED, MIME
from analysis.results import Alert, Check, Estimate, Finding, StageResults, Status
from analysis.settings import Language

_ORDER: tuple[Status, ...] = ("failed", "caution", "not_possible", "passed")
_ESTIMANDS = ("att_overall", "att_event_time", "att_cohort", "att_calendar", "att_horizon",
              "change_before_after")  # fmt: skip
"""What may be named without speaking of sites and months."""
_PLACES = ("event_time", "cohort", "period", "horizon")
_NUMBERS = ("lowest", "highest", "slope")
"""What checks tell in the outcome's unit."""
_MOST = 12
"""Checks of a stage that are told; the tables hold the rest."""


@singledispatch
def html(thing: Any) -> str:
    """Return a result as HTML, in the language of the notebook."""
    raise TypeError(f"no HTML for {type(thing).__name__}")


def both(thing: Any) -> dict[str, Any]:
    """Return a result as a report takes it: the HTML of both languages."""
    pages = {}
    for language in wording.LANGUAGES:
        with wording.speaking(language):
            pages[language] = html(thing)
    return {MIME: {**pages, "role": ADDED}}


@html.register
def _estimate(found: Estimate) -> str:
    language = wording.language_of_notebook()
    return titled(_what(found, language), rows_of(found, language))


@html.register
def _check(found: Check) -> str:
    return listed([found], wording.language_of_notebook())


@html.register
def _alert(found: Alert) -> str:
    # Shown twice, an id would name two places of a page.
    return cards.alerts([found], "", wording.language_of_notebook()).replace(' id=""', "")


@html.register
def _finding(found: Finding) -> str:
    return cards.claim(found, wording.language_of_notebook())


@html.register
def _evaluation(found: Evaluation) -> str:
    language = wording.language_of_notebook()
    head = _what(found.overall, language)
    return titled(head, rows_of(found.overall, language)) + listed(found.checks(), language)


@html.register
def _stage(found: StageResults) -> str:
    language = wording.language_of_notebook()
    kinds = ("estimates", "checks", "alerts", "findings", "tables", "facts")
    counts = [(kind, len(getattr(found, kind))) for kind in kinds]
    rows = [(wording.text(f"report.rich.{kind}", language), str(n)) for kind, n in counts if n]
    text = titled(stage_name(found.stage, language), rows)
    if found.checks:
        text += listed(found.checks, language)
    for kind, names in (("tables", found.tables), ("estimates", [e.id for e in found.estimates])):
        if names:
            told = wording.text(f"report.rich.{kind}", language)
            text += folded(f"{told} ({len(names)})", ", ".join(names))
    return text


def rows_of(found: Estimate, language: Language) -> list[tuple[str, str]]:
    """Return names and values of an estimate and of what it rests on."""

    def name(key: str, **params: Any) -> str:
        return wording.text(key, language, **params)

    digits = figures if unregistered(found.indicator) else None
    value = digits(found.value) if digits else sentences.value_text(found, language)
    if found.value is None and found.reason is not None:
        value = sentences.sentence(found.reason, language, {**found.dims, "n": found.n})
    counted = (
        ("clusters", found.n_clusters),
        ("units", found.n_units),
        ("treated_units", found.n_treated),
    )
    rows = [(name("terms.estimate"), value)]
    if found.ci_low is not None:
        ends = sentences.interval_text(found, language)
        if digits:
            ends = f"[{digits(found.ci_low)}, {digits(found.ci_high)}]"
        rows.append((name("terms.interval", level=found.level), ends))
    if found.se is not None:
        told = wording.in_unit(found.se, found.unit, language, effect=True).removeprefix("+")
        rows.append((name("study.fact.std_error"), digits(found.se) if digits else told))
    if found.p_value is not None:
        p_value = wording.format_value(found.p_value, "p", language)
        rows.append((name("study.fact.p_value"), p_value))
    rows.append((name("study.row.n"), f"{found.n:,}"))
    rows += [(name(f"study.row.{key}"), str(n)) for key, n in counted if n is not None]
    for key, kind, word in (
        ("estimator", "method", found.method),
        ("inference", "interval_method", found.interval_method),
        ("comparison", "comparison", found.comparison),
    ):
        if word and word != "none":
            told = named(kind, word, language, own=unregistered(found.indicator))
            rows += [(name(f"study.row.{key}"), told)] if told != word else []
    if found.simulated:
        rows.append((name("study.row.data"), name("report.simulated_label")))
    return rows


def titled(head: str, rows: Sequence[tuple[str, str]]) -> str:
    """Write a heading, and names and values below it."""
    return f"<p><b>{escape(head)}</b></p>{as_rows(rows)}"


def as_rows(rows: Sequence[tuple[str, str]]) -> str:
    """Write names and values as a table."""
    left = 'style="text-align:left"'
    cells = "".join(
        f"<tr><th {left}>{escape(name)}</th><td {left}>{escape(value)}</td></tr>"
        for name, value in rows
    )
    return f"<table>{cells}</table>"


def listed(checks: Iterable[Check], language: Language) -> str:
    """Write checks in sentences, the worst first, with what to do; of many, passed ones counted."""
    found = sorted(checks, key=lambda check: _ORDER.index(check.status))
    states = Counter(check.status for check in found)
    told = [check for check in found if check.status != "passed" or len(found) == 1]
    items = "".join(f"<li>{_told(check, language)}</li>" for check in told[:_MOST])
    text = f"<ul>{items}</ul>" if items else ""
    if len(found) == 1:
        return text
    parts = ", ".join(
        f"{wording.text(f'terms.status.{status}', language)} {states[status]}"
        for status in _ORDER
        if states[status]
    )
    checks_word = wording.text("report.rich.checks", language)
    head = wording.text("report.labelled", language, label=checks_word, value=parts)
    if len(told) > _MOST:
        text += f"<p>{escape(wording.text('report.rich.more', language, n=len(told) - _MOST))}</p>"
    return f"<p>{escape(head)}</p>{text}"


def _told(check: Check, language: Language) -> str:
    status = wording.text(f"terms.status.{check.status}", language)
    own = unregistered(check.indicator)
    asked = say(check, "question", language, own=own) if own else None
    asked = asked or sentences.check_question(check, language)
    text = f"<b>{escape(status)}</b> {escape(asked)}"
    for part, mark in (("reason", ""), ("remedy", "→ ")):
        told = say(check, part, language, own=own)
        if told and (check.status != "passed" or not mark):
            text += f"<br>{mark}{escape(told)}"
    return text


def unregistered(outcome: str | None) -> bool:
    """Tell whether no registry knows an outcome: then words of sites and months may be wrong."""
    return outcome is not None and wording.indicator_title(outcome, "en") == outcome


def _what(found: Estimate, language: Language) -> str:
    if not (unregistered(found.indicator) and found.estimand in _ESTIMANDS):
        return sentences.quantity(found, language)
    words = wording.text(f"study.fact.{'effect' if found.causal else 'change'}", language)
    told = [f"{name} = {value}" for name, value in found.dims.items() if name in _PLACES]
    words = ", ".join([words, *told])
    return wording.text("report.labelled", language, label=found.indicator or "", value=words)


def say(check: Check, part: str, language: Language, *, own: bool = True) -> str | None:
    """Write a part of a check; of one's own panel in words that fit any, where there are some."""
    key = getattr(check, part)
    if key is None:
        return None
    general = key.replace("causal.", "study.", 1)
    params = sentences.check_params(check)
    if not (own and wording.has(general)):
        return sentences.sentence(key, language, params)
    written = {name: figures(params[name]) for name in _NUMBERS if params.get(name) is not None}
    if "method" in params:
        method = str(params["method"]).rpartition(".")[2]
        written["method"] = named("method", method, language)
    return wording.text(general, language, **{**sentences.localised(params, language), **written})


def named(kind: str, name: str, language: Language, *, own: bool = True) -> str:
    """Name an estimator (``method``) or inference (``interval_method``), for any panel if own."""
    short = {"interval_method": "interval"}.get(kind, kind)
    key = f"study.{short}.{name}"
    if own and wording.has(key):
        return wording.text(key, language)
    return sentences.label(name, language, f"causal.{kind}")


def figures(value: float | None) -> str:
    """Write a number with four significant digits, with a true minus sign."""
    if value is None:
        return "—"
    shown = f"{value:.4g}"
    if "e" not in shown and abs(value) >= 1e4:
        shown = f"{value:,.0f}"
    return shown.replace("-", "−")


def folded(head: str, text: str) -> str:
    """Write a line that opens to more."""
    return f"<details><summary>{escape(head)}</summary>{escape(text)}</details>"


def stage_name(stage: str, language: Language) -> str:
    """Return the title of a stage, or what it is called where it has none."""
    key = f"terms.stage.{stage}"
    return wording.text(key, language) if wording.has(key) else stage
