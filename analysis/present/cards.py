"""The answer, key figures, checks and alerts as boxes that read at a glance.

Every state has a sign and a word; colour only repeats them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from analysis import wording
from analysis.findings import Line
from analysis.present import precision, sentences
from analysis.present.estimates import hide_estimates
from analysis.present.suppression import MARK
from analysis.results import Alert, Check, Estimate, Finding
from analysis.settings import MIN_CELL, Language

SIGNS = {"passed": "✓", "caution": "!", "failed": "×", "not_possible": "?"}
_ORDER = ("failed", "caution", "not_possible", "passed")
_BARS = {"strong": 3, "moderate": 2, "weak": 1, "insufficient": 0}
_FOLD = 8
_MOST = 60
"""Alerts on a page, the folded ones counted; the workbook has them all."""


def strength_badge(finding: Finding, language: Language) -> str:
    """Return the badge of a finding: bars and words for strength, words for design.

    Bars of which none is filled look like letters that the font lacks: then words stand alone.
    """
    bars = _BARS[finding.strength]
    meter = f'<span class="meter" aria-hidden="true">{_meter(bars)}</span>' if bars else ""
    strength = wording.text(f"terms.strength.{finding.strength}", language)
    design = wording.text(f"terms.design_grade.{finding.design}", language)
    return (
        f'<p class="badges"><span class="badge strength-{finding.strength}">'
        f"{meter}{escape(strength)}</span> "
        f'<span class="badge design">{escape(design)}</span></p>'
    )


def _meter(filled: int) -> str:
    return "".join(f'<i class="{"on" if i < filled else "off"}"></i>' for i in range(3))


def answer(
    findings: Sequence[Finding],
    checks: Iterable[Check],
    anchor: str,
    language: Language,
    *,
    lines: Sequence[Line] = (),
    shown: int | None = None,
    actions: bool = True,
    beside: Mapping[str, str] | None = None,
    advice: str = "",
) -> str:
    """Build the first-screen box: what is claimed, how sure, and why not surer.

    ``lines`` are questions with their answers; they stand in the place of the first claim.
    ``shown`` is how many findings are seen before the others are opened. ``actions`` says what to
    do about each claim; the same advice is given once. ``beside`` are finished sentences by finding
    id, which stand below its claim; ``advice`` is one that stands below the first.
    """
    checks = tuple(checks)
    if not findings:
        words = wording.text("report.no_finding", language)
        return f'<div class="crm answer" id="{anchor}"><p class="claim">{escape(words)}</p></div>'
    parts, advised = [], {""} if actions else {"", *(finding.action for finding in findings)}
    for finding in findings:
        asked = lines if finding is findings[0] else ()
        more = (beside or {}).get(finding.id, "")
        told = advice if finding is findings[0] else ""
        if finding.action and finding.action not in advised:
            told = told or sentences.sentence(finding.action, language, finding.params)
        parts.append(_one_answer(finding, checks, language, asked, told, more))
        advised.add(finding.action)
    rest = ""
    if shown is not None and parts[shown:]:
        words = escape(wording.text("report.more_findings", language, n=len(parts[shown:])))
        rest = f'<details class="fold"><summary>{words}</summary>{"".join(parts[shown:])}</details>'
    return f'<div class="crm answer" id="{anchor}">{"".join(parts[:shown])}{rest}</div>'


def claim(finding: Finding, language: Language) -> str:
    """Build one claim with its grade; what limits it is in the checks that it names."""
    words = sentences.sentence(finding.claim, language, finding.params)
    graded = strength_badge(finding, language)
    return f'<div class="crm"><p><b>{escape(words)}</b></p>{graded}</div>'


def _questions(lines: Sequence[Line], language: Language) -> str:
    # "For whom" is the longest answer; on a telephone it would push the others from the screen.
    ordered = sorted(lines, key=lambda line: line.question == "findings.ask.whom")
    rows = "".join(
        f"<dt>{escape(sentences.sentence(line.question, language))}</dt>"
        f"<dd>{escape(sentences.sentence(line.sentence, language, line.params))}</dd>"
        for line in ordered
    )
    return f'<dl class="questions">{rows}</dl>'


def _one_answer(
    finding: Finding,
    checks: tuple[Check, ...],
    language: Language,
    lines: Sequence[Line],
    advice: str,
    more: str,
) -> str:
    claim = sentences.sentence(finding.claim, language, finding.params)
    told = f'<p class="claim" data-of="{escape(finding.id)}">{escape(claim)}</p>'
    claim = _questions(lines, language) if lines else told
    claim += f'<p class="beside">{escape(more)}</p>' if more else ""
    reasons = sentences.reason_sentences(finding, checks, language)
    why = ""
    if reasons:
        head = wording.text("report.limits", language)
        items = "".join(f"<li>{escape(reason)}</li>" for reason in reasons)
        why = f'<div class="why"><p class="why-head">{escape(head)}</p><ul>{items}</ul></div>'
    action = ""
    if advice:
        head = wording.text("report.action", language)
        action = f'<p class="action"><strong>{escape(head)}</strong> {escape(advice)}</p>'
    return f'<div class="finding">{claim}{strength_badge(finding, language)}{why}{action}</div>'


def kpis(
    estimates: Sequence[Estimate | tuple[str, Estimate]],
    anchor: str,
    language: Language,
    min_cell: int = MIN_CELL,
) -> str:
    """Build a row of key figures, each with its interval and what it rests on.

    Parameters
    ----------
    estimates : Sequence of Estimate or (str, Estimate)
        A pair gives the wording key of the label; otherwise the indicator's title labels it.
    anchor, language : str
        Unique id; language.
    min_cell : int
        Smallest count behind a descriptive number that may be shown.
    """
    pairs = [item if isinstance(item, tuple) else (None, item) for item in estimates]
    hidden = hide_estimates([estimate for _, estimate in pairs], min_cell)
    cards, told = [], set()
    for (key, estimate), hide in zip(pairs, hidden, strict=True):
        title = _kpi_title(key, estimate, language)
        cards.append(_kpi(title, estimate, hide, language, min_cell, told))
    rows = f"--row:{_in_a_row(len(cards))}"
    return f'<dl class="crm kpis" id="{anchor}" style="{rows}">{"".join(cards)}</dl>'


def _in_a_row(cards: int) -> int:
    """Return how many key figures stand side by side, so that none is left alone below."""
    return next((n for n in (4, 3, 5) if cards <= n or cards % n != 1), 4)


def not_given(estimates: Sequence[Estimate | tuple[str, Estimate]], language: Language) -> str:
    """Say of key figures without values why there are none, a line per reason."""
    titles: dict[str, list[str]] = {}
    for item in estimates:
        key, estimate = item if isinstance(item, tuple) else (None, item)
        if estimate.reason:
            why = sentences.sentence(estimate.reason, language, {**estimate.dims})
            of = [_kpi_title(key, estimate, language)] if key or estimate.indicator else []
            titles.setdefault(why, []).extend(of)
    between = wording.text("report.between", language)
    lines = (
        wording.text("report.labelled", language, label=between.join(names), value=why)
        if names
        else why
        for why, names in titles.items()
    )
    return "".join(f'<p class="note">{escape(line)}</p>' for line in lines)


def _kpi_title(key: str | None, estimate: Estimate, language: Language) -> str:
    if key:
        return sentences.sentence(key, language, estimate.dims)
    title = sentences.indicator_title(estimate.indicator, language)
    return wording.text("report.effect_on", language, indicator=title) if estimate.causal else title


def _kpi(
    title: str, estimate: Estimate, hide: bool, language: Language, min_cell: int, told: set[str]
) -> str:
    """Build one key figure; a reason told by a figure before is not told in full again."""
    if hide:
        value, below = MARK, [wording.text("terms.suppressed", language, min_cell=min_cell)]
    else:
        value, below = sentences.value_text(estimate, language), []
        if estimate.reason and (estimate.value is None or estimate.ci_low is None):
            why = sentences.sentence(estimate.reason, language, {**estimate.dims})
            below.append(wording.text("report.same_reason", language) if why in told else why)
            told.add(why)
        if estimate.ci_low is not None:
            interval = sentences.interval_text(estimate, language)
            head = wording.text("terms.interval", language, level=estimate.level)
            below.append(wording.text("report.labelled", language, label=head, value=interval))
        if estimate.n_units:
            below.append(wording.text("report.n_units", language, n=estimate.n_units))
        elif estimate.n and estimate.indicator:
            below.append(wording.text("report.n", language, n=estimate.n))
    lines = "".join(f'<dd class="kpi-note">{escape(line)}</dd>' for line in below)
    return (
        f'<div class="kpi" data-of="{escape(estimate.id)}"><dt>{escape(title)}</dt>'
        f'<dd class="kpi-value">{escape(value)}</dd>{lines}</div>'
    )


def checks(
    items: Sequence[Check],
    anchor: str,
    language: Language,
    *,
    tally: bool = True,
    fold: bool = False,
) -> str:
    """Build the list of checks, worst first: what was asked, found, and what to do about it.

    ``tally`` puts the number of each state above it; ``fold`` leaves the passed ones to be opened.
    """
    ordered = sorted(items, key=lambda check: _ORDER.index(check.status))
    counts = [(s, sum(c.status == s for c in items)) for s in ("passed", *_ORDER[:3])]
    summary = "".join(
        f'<li class="state-{status}"><span class="sign" aria-hidden="true">{SIGNS[status]}</span> '
        f"{escape(wording.text(f'terms.status.{status}', language))} <b>{count}</b></li>"
        for status, count in counts
        if count
    )
    open_ones = [check for check in ordered if not fold or check.status != "passed"]
    passed = ordered[len(open_ones) :]
    rows = _listed(open_ones, language)
    rows = f'<ul class="check-list">{rows}</ul>' if rows else ""
    if passed:
        words = wording.text("terms.passed_checks", language, n=len(passed))
        inside = _listed(passed, language)
        rows += (
            f'<details class="fold"><summary>{escape(words)}</summary>'
            f'<ul class="check-list">{inside}</ul></details>'
        )
    head = f'<ul class="tally">{summary}</ul>' if tally and len(ordered) > 1 else ""
    return f'<div class="crm checks" id="{anchor}">{head}{rows}</div>'


def _listed(items: Sequence[Check], language: Language) -> str:
    """Build the entries of a list of checks; outcomes of which the same is said share one."""
    entries: dict[tuple, list[str]] = {}
    for place, check in enumerate(items):
        title, asked = sentences.check_asks(check, language)
        body = _check_body(check, language)
        same = (check.status, asked, body, place if title is None else None)
        titles = entries.setdefault(same, [])
        if title is not None and title not in titles:
            titles.append(title)
    between = wording.text("report.between", language)
    return "".join(
        _check(
            status,
            sentences.asked_of(between.join(titles), asked, language=language),
            body,
            language,
        )
        for (status, asked, body, _), titles in entries.items()
    )


def _check_body(check: Check, language: Language) -> str:
    """Return the paragraphs below a check's question: what was found, and what to do."""
    params = sentences.check_params(check)
    lines = []
    if check.reason:
        lines.append(("reason", sentences.sentence(check.reason, language, params)))
    if check.value is not None:
        written = wording.format_value(check.value, spec := _spec(check), language, unit=check.unit)
        measured = wording.text("report.measured", language, value=written)
        if check.threshold is not None:
            limit = wording.format_value(check.threshold, spec, language, unit=check.unit)
            measured = wording.text("report.measured_limit", language, value=written, limit=limit)
        lines.append(("measured", measured))
    if check.remedy and check.status != "passed":
        remedy = sentences.sentence(check.remedy, language, params)
        head = wording.text("report.remedy", language)
        lines.append(
            ("remedy", wording.text("report.labelled", language, label=head, value=remedy))
        )
    return "".join(f'<p class="{kind}">{escape(words)}</p>' for kind, words in lines)


def _check(status: str, question: str, body: str, language: Language) -> str:
    words = wording.text(f"terms.status.{status}", language)
    return (
        f'<li class="check state-{status}"><p class="status">'
        f'<span class="sign" aria-hidden="true">{SIGNS[status]}</span> {escape(words)}</p>'
        f'<div><p class="question">{escape(question)}</p>{body}</div></li>'
    )


def _spec(check: Check) -> str:
    """Return how its numbers are written; those that are differences say so in its params."""
    return "size" if check.params.get("difference") else "unit"


def alerts(items: Sequence[Alert], anchor: str, language: Language) -> str:
    """Build the list of alerts, most urgent first; past the first few they are folded.

    Of very many the most urgent are listed, and a line says where the others are.
    """
    if not items:
        words = wording.text("report.no_alert", language)
        return f'<div class="crm alerts" id="{anchor}"><p class="none">{escape(words)}</p></div>'
    urgent = sorted(items, key=lambda a: (a.grade, a.id))[:_MOST]
    ordered = [_alert(a, language) for a in urgent]
    first, rest = "".join(ordered[:_FOLD]), ""
    if ordered[_FOLD:]:
        more = wording.text("report.more_alerts", language, n=len(items) - _FOLD)
        left = ""
        if len(items) > _MOST:
            words = wording.text(
                "report.alerts_in_workbook", language, shown=_MOST, total=len(items)
            )
            left = f'<p class="note">{escape(words)}</p>'
        rest = (
            f'<details><summary>{escape(more)}</summary><ul class="alert-list">'
            f"{''.join(ordered[_FOLD:])}</ul>{left}</details>"
        )
    return f'<div class="crm alerts" id="{anchor}"><ul class="alert-list">{first}</ul>{rest}</div>'


def _alert(alert: Alert, language: Language) -> str:
    alert = precision.of_alert(alert)
    own = {
        name: getattr(alert, name)
        for name in ("subject", "indicator", "unit", "value", "threshold", "n", "ci_low")
    }
    own |= {"ci_high": alert.ci_high, "p_value": alert.p_value, "owner": alert.owner}
    params = {**own, "false_alarm_rate": alert.false_alarm_rate, **alert.params}
    facts = []
    for key, value, spec in (
        ("report.alert_owner", alert.owner, "word"),
        ("report.alert_due", alert.due_on, "date"),
        ("report.alert_false_alarm", alert.false_alarm_rate, "pct1"),
    ):
        if value is None:
            continue
        written = (
            sentences.label(value, language)
            if spec == "word"
            else wording.format_value(value, spec, language)
        )
        label = wording.text(key, language)
        facts.append(wording.text("report.labelled", language, label=label, value=written))
    grade = wording.text(f"terms.alert_grade.{alert.grade}", language)
    response = wording.text(
        "report.labelled",
        language,
        label=wording.text("report.alert_response", language),
        value=sentences.sentence(alert.response, language, params),
    )
    return (
        f'<li class="alert grade-{alert.grade}"><p class="status">{escape(grade)}</p>'
        f'<p class="question">{escape(sentences.sentence(alert.message, language, params))}</p>'
        f'<p class="remedy">{escape(response)}</p>'
        f'<p class="measured">{escape(" · ".join(facts))}</p></li>'
    )
