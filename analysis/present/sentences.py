"""Keys and parameters become sentences; identifiers in them become their titles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from analysis import wording
from analysis.present import people
from analysis.results import Check, Estimate, Finding
from analysis.settings import Language
from analysis.wording.catalogue import WordingError

_TITLED = ("indicator", "outcome", "subject", "bounded")


def indicator_title(indicator: str | None, language: Language) -> str:
    """Return the registry's title of an indicator, or the wording of what is none."""
    if indicator is None:
        return wording.text("terms.not_available", language)
    title = wording.indicator_title(indicator, language)
    return label(indicator, language) if title == indicator else title


def quantity(estimate: Estimate, language: Language) -> str:
    """Return what a number is: the indicator's title, and the quantity where it is no level."""
    name = estimate.dims.get("label", estimate.id.rpartition(".")[2])
    until = "_until" if "until" in estimate.dims else ""
    for key in (
        f"causal.label.{name}",
        f"value.kpi.{name}",
        f"causal.estimand.{estimate.estimand}{until}",
    ):
        if wording.has(key):
            words = wording.text(key, language, **estimate.dims)
            if own := _told_apart(estimate, language):
                words = wording.text("report.which", language, what=words, which=own)
            break
    else:
        return _named_by_estimand(estimate, language)
    if estimate.indicator is None:
        return words
    title = indicator_title(estimate.indicator, language)
    return wording.text("report.labelled", language, label=title, value=words)


def _told_apart(estimate: Estimate, language: Language) -> str:
    """Return by what a number differs from others of its name; empty for the leading one.

    Without it an effect by another method that could not be had reads as if there were no effect.
    """
    dims = estimate.dims
    if estimate.estimand in ("att_horizon", "change_horizon"):
        return wording.text("causal.after", language, months=dims["horizon"])
    if estimate.estimand == "att_kind":
        names = (f"terms.{by}.{kind}" for by, kind in dims.items())
        return next((wording.text(name, language) for name in names if wording.has(name)), "")
    if "role" in dims and wording.has(f"terms.role.{dims['role']}"):
        return wording.text(f"terms.role.{dims['role']}", language)
    if estimate.estimand != "att_overall" or not dims.get("beside"):
        return ""
    names = (f"causal.variant.{dims.get('variant')}", f"causal.method.{estimate.method}")
    return next((wording.text(name, language) for name in names if wording.has(name)), "")


def _named_by_estimand(estimate: Estimate, language: Language) -> str:
    """Return the indicator's title, else what is estimated, with what the page calls it."""
    if estimate.indicator is not None:
        return indicator_title(estimate.indicator, language)
    if not wording.has(key := f"terms.estimand.{estimate.estimand}"):
        return indicator_title(estimate.estimand, language)
    words = wording.text(key, language)
    stage, _, rest = estimate.id.partition(".")
    if wording.has(own := f"chapters.{stage}.kpi.{rest}"):
        more = wording.text(own, language, **estimate.dims)
        return wording.text("report.labelled", language, label=words, value=more)
    return words


def label(value: Any, language: Language, prefix: str = "terms", **params: Any) -> str:
    """Return the wording of a label if the catalogue has one, else the label itself.

    Looks for ``value`` as a full key, then for ``<prefix>.<value>``; ``params`` fill its blanks.
    Words by language are words already.
    """
    if isinstance(value, Mapping):
        return str(value[language])
    if isinstance(value, str):
        for key in (value, f"{prefix}.{value}"):
            if "." in key and wording.has(key):
                return wording.text(key, language, **params)
        return people.hidden(value)
    if value is not None and wording.has(f"{prefix}.{value}"):
        return wording.text(f"{prefix}.{value}", language)
    return wording.format_value(value, "", language)


def subject_of(action: str, subject: str, language: Language) -> str:
    """Return what an action is about in words.

    A person's pseudonym is cut, forms of tests and stage reviews are named.
    """
    name, _, form = subject.partition(" / ")
    if action.startswith("monitoring.alert.lecturer_"):
        return wording.text("chapters.lecturer_unnamed", language, code=name[:6])
    if action.startswith("monitoring.gate_missed.") or ".gate_missed." in action:
        month = _MONTH.fullmatch(subject)
        key = "chapters.gate_of_month" if month else "chapters.gate"
        return wording.text(key, language, gate=subject, month=int(month[1]) if month else None)
    if "." in subject and wording.has(subject):
        return wording.text(subject, language)
    if not form or not wording.has(f"monitoring.form.{form}"):
        return indicator_title(subject, language)  # a site may be called so
    words = indicator_title(name, language)
    return f"{words} / {wording.text(f'monitoring.form.{form}', language)}"


def sentence(key: str, language: Language, params: Mapping[str, Any] | None = None) -> str:
    """Fill a sentence whose parameters may be wording keys or indicator ids."""
    return wording.text(key, language, **localised(params or {}, language))


def localised(params: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """Replace indicator ids by titles, wording keys by words, names by that in the language."""
    return {name: _localised(name, value, language) for name, value in params.items()}


def _localised(name: str, value: Any, language: Language) -> Any:
    if isinstance(value, Mapping) and language in value:
        return _localised(name, value[language], language)
    if not isinstance(value, str):
        return value
    if "." in value and wording.has(value):
        return wording.text(value, language)
    if name in _TITLED:
        return wording.indicator_title(value, language)
    return people.hidden(value, role=name in people.ROLES)


def reason_sentences(finding: Finding, checks: Iterable[Check], language: Language) -> list[str]:
    """Return why a finding is not graded higher, one sentence a reason.

    A reason is filled from the check that gave it, for the finding carries only its own
    parameters.
    """
    given = {}
    for check in checks:
        for key in (check.question, check.reason):
            if key is not None and check.id in finding.checks:
                given.setdefault(key, check)
    sentences = []
    for key in dict.fromkeys(finding.reasons):
        params = {**finding.params, **(check_params(given[key]) if key in given else {})}
        try:
            sentences.append(sentence(key, language, params))
        except WordingError as error:
            if key in given:
                raise
            raise WordingError(
                f"{finding.id}: its reason {key!r} needs the parameters of the check that gave "
                "it. Correct: show.answer(findings, checks=checks)"
            ) from error
    return sentences


def check_params(check: Check) -> dict[str, Any]:
    """Return what a check's sentences may name: its params, dims and own numbers."""
    own = {"value": check.value, "threshold": check.threshold, "n": check.n, "unit": check.unit}
    return {**own, **check.dims, **check.params}


_MONTH = re.compile(r"M(\d+)")
"""Stage review called by its month in the programme."""
_PLAIN = ("att_ratio", "att_relative", "decay_rate", "half_life", "rate_ratio")
"""What is computed from effects and is no difference itself."""
_CHANCES = ("probability_reached", "reached_ratio", "reached_return")
_NEVER = 1e-9
"""Below what any number of simulated draws can show."""


def check_question(check: Check, language: Language) -> str:
    """Return what a check asks, after the name of the outcome it asks it of."""
    return asked_of(*check_asks(check, language), language=language)


def check_asks(check: Check, language: Language) -> tuple[str | None, str]:
    """Return the title of the outcome a check asks about, None where it names none, and what."""
    asked = sentence(check.question, language, check_params(check))
    if check.indicator is None:
        return None, asked
    title = wording.indicator_title(check.indicator, language)
    if title == check.indicator or title.lower() in asked.lower():
        return None, asked
    return title, asked


def asked_of(titles: str | None, asked: str, *, language: Language) -> str:
    """Return a question after the titles of the outcomes it is asked of."""
    if not titles:
        return asked
    return wording.text("report.labelled", language, label=titles, value=asked)


def is_difference(estimate: Estimate) -> bool:
    """Tell whether a number is a difference, which is written with its sign."""
    if estimate.estimand in _PLAIN:
        return False
    return estimate.causal or estimate.estimand.startswith(
        ("att", "difference", "change", "effect", "gap")
    )


def value_text(estimate: Estimate, language: Language) -> str:
    """Write the point estimate in its unit; no probability is ever nought or one.

    Where methods disagree, their range is written instead.
    """
    value = estimate.value
    if estimate.disputed and value is not None:
        low, high = (
            wording.in_unit(end, estimate.unit, language, effect=is_difference(estimate))
            for end in (estimate.methods_low, estimate.methods_high)
        )
        return wording.text("report.by_methods", language, low=low, high=high)
    if estimate.estimand in _CHANCES and value is not None:
        value = min(max(value, _NEVER), 1 - _NEVER)
    return wording.in_unit(value, estimate.unit, language, effect=is_difference(estimate))


def interval_text(estimate: Estimate, language: Language) -> str:
    """Write the interval; an em dash where there is none, or none to go by as methods disagree."""
    if estimate.ci_low is None or estimate.disputed:
        return "—"
    ends = (estimate.ci_low, estimate.ci_high)
    return ends_text(*ends, estimate.unit, language, effect=is_difference(estimate))


def ends_text(
    low: float, high: float, unit: str | None, language: Language, *, effect: bool = False
) -> str:
    """Write the ends of an interval, with their unit once where it is the same."""
    first, last = (wording.in_unit(end, unit, language, effect=effect) for end in (low, high))
    _, space, suffix = last.partition(" ")
    if space and first.endswith(f" {suffix}") and not suffix[0].isdigit():
        first = first.removesuffix(f" {suffix}")
    return wording.text("report.interval", language, low=first, high=last)


_END = {"zh_CN": re.compile(r"(?<=。)"), "en": re.compile(r"(?<=[a-z%)\d]\.) (?=[A-Z])")}


def first(words: str, language: Language) -> str:
    """Return the first sentence of several, without its full stop: what titles a figure."""
    return _END[language].split(words, maxsplit=1)[0].rstrip("。.")
