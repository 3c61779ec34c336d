"""What a study prints: the effect, what it rests on, and the checks in sentences."""

from __future__ import annotations

import textwrap
import unicodedata
from html import escape
from typing import TYPE_CHECKING

from analysis import wording
from analysis.present import rich
from analysis.present.rich import figures
from analysis.results import Check, Estimate
from analysis.study.names import inference, method, reason
from analysis.study.table import interval_of, p_text

if TYPE_CHECKING:
    from analysis.study.study import Study

WIDTH = 88


def width(text: str) -> int:
    """Columns that a text takes in a terminal; Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def screen(study: Study, language: wording.Language) -> str:
    """Write a study on one screen."""
    title = head(study, language)
    lines = [title, "=" * min(width(title), WIDTH), *_aligned(facts(study, language))]
    if others := beside(study, language):
        lines += ["", wording.text("study.others", language)]
        lines += [f"  {line}" for line in _aligned(others)]
    passed, doubts = judged(study, language)
    lines += ["", wording.text("study.checks", language, passed=passed, asked=len(study.checks))]
    for told, remedy in doubts:
        lines += _wrapped("  ", told)
        lines += _wrapped("    → ", remedy) if remedy else []
    return "\n".join(lines)


def head(study: Study, language: wording.Language) -> str:
    """Name what is estimated of what; nothing is called an effect without a comparison."""
    key = "effect_of" if study.evaluation.causal else "change_of"
    named = {"y": study.y, "treatment": study.panel.treatment}
    if study.measured_in:
        return wording.text(f"study.{key}_in", language, unit=study.measured_in, **named)
    return wording.text(f"study.{key}", language, **named)


def facts(study: Study, language: wording.Language) -> list[tuple[str, str]]:
    """Return names and values of the effect and of what it rests on."""
    effect, found = study.effect, study.evaluation

    def name(key: str, **params: object) -> str:
        return wording.text(f"study.fact.{key}", language, **params)

    shown = figures(effect.value) if effect.value is not None else reason(effect.reason, language)
    rows = [
        (name("effect" if found.causal else "change"), shown),
        (name("interval", level=f"{effect.level:.0%}"), interval_of(effect)),
    ]
    if effect.se is not None:
        rows.append((name("std_error"), figures(effect.se)))
    if effect.p_value is not None:
        rows.append((name("p_value"), p_text(effect.p_value)))
    frame = study.panel.frame
    starts = frame["cohort"].nunique()
    units = frame["unit"].nunique()
    treated = frame.loc[frame["cohort"].notna(), "unit"].nunique()
    counts = {"units": units, "treated": treated, "never": units - treated, "starts": starts}
    rows.append((name("units", unit=study.unit), name("of_which", **counts)))
    step = wording.text(f"study.step.{study.calendar.step}", language)
    first, last = (study.calendar.label(end) for end in frame["period"].agg(["min", "max"]))
    rows.append((name("periods", step=step), f"{first} – {last}"))
    rows.append((name("n"), f"{effect.n:,}"))
    if effect.n_clusters is not None:
        clusters = found.options.cluster
        told = {None: study.unit, "unit": study.unit}.get(clusters, clusters)
        rows.append((name("clusters", unit=told), str(effect.n_clusters)))
    rows.append((name("estimator"), method(effect.method, language)))
    told = inference(effect.interval_method, language)
    if found.rule is not None and wording.has(f"study.rule.{found.rule.lead}"):
        why = wording.text(f"study.rule.{found.rule.lead}", language)
        told = wording.text("study.because", language, inference=told, why=why)
    rows.append((name("inference"), told))
    if effect.simulated:
        simulated = wording.text("report.simulated_label", language)
        rows.append((wording.text("study.row.data", language), simulated))
    return rows


def beside(study: Study, language: wording.Language) -> list[tuple[str, str]]:
    """Return the other estimators' names and values."""
    return [
        (told_apart(found, study.effect, language), " ".join(_shown(found)))
        for found in study.evaluation.by_estimator()[1:]
        if found.estimand == study.effect.estimand and found.value is not None
    ]


def told_apart(found: Estimate, leading: Estimate, language: wording.Language) -> str:
    """Name an estimate by its estimator; by its inference where the leading estimator is its."""
    if found is not leading and found.method == leading.method:
        return inference(found.interval_method, language)
    return method(found.method, language)


def _shown(estimate: Estimate) -> list[str]:
    value = [figures(estimate.value)]
    return value if estimate.ci_low is None else [*value, interval_of(estimate)]


def judged(study: Study, language: wording.Language) -> tuple[int, list[tuple[str, str | None]]]:
    """Return how many checks passed, and of the others the status with its sentence and remedy."""
    order = ("failed", "caution", "not_possible")
    doubts = sorted(
        (check for check in study.checks if check.status != "passed"),
        key=lambda check: order.index(check.status),
    )
    told = [(_doubt(check, language), rich.say(check, "remedy", language)) for check in doubts]
    return len(study.checks) - len(doubts), told


def _doubt(check: Check, language: wording.Language) -> str:
    said = (rich.say(check, "question", language), rich.say(check, "reason", language))
    gap = " " if language == "en" else ""
    return wording.text(
        "study.doubt",
        language,
        status=wording.text(f"study.status.{check.status}", language),
        sentence=gap.join(filter(None, said)),
    )


def _aligned(rows: list[tuple[str, str]]) -> list[str]:
    """Align names and values in two columns of text."""
    widest = max(width(name) for name, _ in rows) + 2
    lines = []
    for name, value in rows:
        start = name + " " * (widest - width(name))
        lines += _wrapped(start, value)
    return lines


def _wrapped(start: str, text: str) -> list[str]:
    """Break lines at spaces, and between Chinese characters."""
    indent = " " * width(start)
    if not any(unicodedata.east_asian_width(sign) in "WF" for sign in text):
        return textwrap.wrap(text, WIDTH, initial_indent=start, subsequent_indent=indent)
    lines, line = [], start
    for sign in text:
        if width(line) + width(sign) > WIDTH and sign not in "，。；：、！？）”%":
            lines.append(line)
            line = indent
        line += sign
    return [*lines, line]


def as_html(study: Study, language: wording.Language) -> str:
    """Write a study as HTML without style of its own, for any notebook."""
    others = beside(study, language)
    passed, doubts = judged(study, language)
    told = "".join(
        f"<li>{escape(text)}{f'<br>→ {escape(remedy)}' if remedy else ''}</li>"
        for text, remedy in doubts
    )
    checks = wording.text("study.checks", language, passed=passed, asked=len(study.checks))
    caption = wording.text("study.others", language)
    return (
        rich.titled(head(study, language), facts(study, language))
        + (f"<p>{escape(caption)}</p>{rich.as_rows(others)}" if others else "")
        + f"<p>{escape(checks)}</p><ul>{told}</ul>"
    )
