"""The decision brief: one page that answers before it explains, and prints on one sheet of A4.

What a decision needs (answer, certainty, reason, next step) is printed; what could not be done and
the links to the reports stand below it on the screen only. What backs the answer is folded there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

import pandas as pd

from analysis import wording
from analysis.indicators import digits, registry
from analysis.present import cards, commitments, holds, precision, sentences, strips, tables, views
from analysis.report import audiences, measurement_days, packs
from analysis.report.chapters import title_of
from analysis.report.notebook import Section
from analysis.report.run import CHANGES, SITES, STAGES, Run
from analysis.report.workbook import NAME
from analysis.results import Check, Claim, Estimate, Finding, Topic
from analysis.settings import LEVEL, TRAINING, Language

_DECIDING = ("tracking", "value")
_SPOKEN = ("failed", "caution")
_DOUBTS = 3
_OUTCOMES = 5
_ACTIONS = 3
_SUBJECTS = 3
_OVERDUE = "value.actions"
"""Asked of every table; those that are missing are told in one row."""
_PRINTED = ("answer", "decide", "sure", "why", "do")
_SHOWN_CLAIMS = 3
_SHOWN_WITHOUT_ROLLOUT = 6
"""Periods, sites, both clocks, what may follow, targets: each is one sentence."""
_GRADES = (4, 5)
"""Columns of the table of effects that grade its rows."""
_PLACES = {"share": 3}
"""Decimals by unit in which a level and an effect are added as they are read."""


def sections(run: Run, language: Language) -> list[Section]:
    """Return the sections of the brief, the answer first.

    Parameters
    ----------
    run : Run
        Its stored results are read; nothing is computed.
    language : {"zh_CN", "en"}
        Language.
    """
    effects, worth = (_of(run, stage, "findings") for stage in _DECIDING)
    rolled_out = run.programme == TRAINING
    findings = [*effects[:1], *worth, *effects[1:]] if rolled_out else [*effects, *worth]
    checks = [c for stage in _DECIDING for c in _of(run, stage, "checks")]
    estimates = {e.id: e for stage in _DECIDING for e in _of(run, stage, "estimates")}
    beside = levels(effects, estimates, language)
    first = findings[: _SHOWN_CLAIMS if rolled_out else _SHOWN_WITHOUT_ROLLOUT]
    advised = advice(run, language)
    answer = cards.answer(
        first,
        checks,
        "brief-answer",
        language,
        actions=not advised,
        beside=beside,
        advice=advised,
    )
    targets = _table(run, "value", "scorecard")
    parts = [
        ("answer", answer, ""),
        ("decide", _options(run, language), ""),
        ("why", _why(run, effects, estimates, targets, language), ""),
        ("do", _actions(run, findings, language), ""),
        ("sure", _sure(worth, checks, language), _asked(checks, language)),
        ("kept", *_kept(run, language)),
        ("missing", *_missing(run, language)),
        ("stages", _reports(run, language), ""),
    ]
    return [_section(name, html, says, language) for name, html, says in parts if html]


def through(run: Run, language: Language) -> str:
    """Return the line that says up to which day data were taken; empty where none is known."""
    return "" if run.until is None else wording.text("brief.through", language, date=run.until)


def levels(
    effects: Sequence[Finding], estimates: dict[str, Estimate], language: Language
) -> dict[str, str]:
    """Return from which level to which the leading effect moves its outcome, where it is shown."""
    leading = next(iter(effects), None)
    if leading is None or leading.claim not in (Claim.BETTER, Claim.WORSE):
        return {}
    found = [estimates[i] for i in leading.estimates if i in estimates]
    before = next(
        (
            e
            for e in estimates.values()
            if e.estimand == "level_before" and found and e.indicator == found[0].indicator
        ),
        None,
    )
    if before is None or before.value is None or found[0].value is None:
        return {}
    places = _PLACES.get(before.unit, 2)
    level, effect = (round(digits.of_estimate(e).value, places) for e in (before, found[0]))
    scaled = before.unit == "score" and "scale_max" in before.dims
    words = wording.text(
        "brief.level_scale" if scaled else "brief.level",
        language,
        indicator=wording.indicator_title(before.indicator, language),
        before=wording.in_unit(level, before.unit, language),
        after=wording.in_unit(level + effect, before.unit, language),
        low=before.dims.get("scale_min"),
        high=before.dims.get("scale_max"),
    )
    return {leading.id: words}


def advice(run: Run, language: Language) -> str:
    """Return what is advised, with its price and return; empty for runs that priced nothing."""
    check = next((c for c in _of(run, "value", "checks") if c.topic is Topic.NEXT_STEP), None)
    if check is None:
        return ""
    return sentences.sentence(check.reason, language, sentences.check_params(check))


def _options(run: Run, language: Language) -> str:
    """Return the table of what can be decided; empty where no option has a price."""
    view = views.get("value.options")
    options = _table(run, "value", view.table)
    if options.empty or not options["cost_high"].gt(0).any():
        return ""
    return tables.frame_table(
        view.of(run.results["value"]),
        caption=wording.text(view.caption, language),
        columns=view.columns,
        anchor="brief-options",
        language=language,
    )


def _kept(run: Run, language: Language) -> tuple[str, str]:
    """Return what was locked and what is overdue, and the line under which it is folded.

    What was not locked, or differs from what was, weakens every claim and is not folded.
    """
    if not run.results:
        return "", ""
    last = list(run.results.values())[-1]
    html = commitments.notice(last, language)
    says = [commitments.as_locked(last, language)]
    if late := overdue(run, language):
        n = int(_table(run, "value", "earlier_actions")["state"].eq("overdue").sum())
        says.append(wording.text("brief.overdue_count", language, n=n))
        html += f'<p class="notice">{escape(late)}</p>'
    return html, wording.text("report.between", language).join(filter(None, says)) if says[
        0
    ] else ""


def overdue(run: Run, language: Language) -> str:
    """Return the line on earlier actions that are due and not done; empty without any."""
    earlier = _table(run, "value", "earlier_actions")
    if earlier.empty or not (late := earlier[earlier["state"] == "overdue"]).size:
        return ""
    items = [
        wording.text(
            "brief.overdue_item",
            language,
            action=sentences.label(row.action, language),
            finding=sentences.subject_of(row.action, row.finding, language),
            owner=sentences.label(row.owner, language),
            due=row.due_on,
        )
        for row in late.itertuples()
    ]
    return wording.text("brief.overdue", language, items=items)


def imprint(run: Run, language: Language) -> str:
    """Return the printed line that says which run the page is of."""
    manifest = run.manifest
    made = manifest.get("finished") or manifest.get("started")
    code = str(manifest.get("revision") or manifest.get("code") or "")[:12]
    words = wording.text(
        "brief.imprint",
        language,
        run=run.run_id,
        made=made,
        code=code or None,
        inputs=run.fingerprint,
    )
    return f'<p class="imprint">{escape(words)}</p>'


def _section(name: str, html: str, says: str, language: Language) -> Section:
    title = wording.text(f"brief.{name}", language)
    anchor = f"brief-{name}-section"
    unseen = ' class="unseen"' if name == "answer" else ""
    heading = f'<h2 id="{anchor}"{unseen}>{escape(title)}</h2>'
    screen = name not in _PRINTED
    return Section(anchor, title, [heading, html], folded=bool(says), says=says, screen=screen)


def _of(run: Run, stage: str, kind: str) -> tuple[Any, ...]:
    return getattr(run.results[stage], kind) if stage in run.results else ()


def _table(run: Run, stage: str, name: str) -> pd.DataFrame:
    return run.results[stage].table_or_empty(name) if stage in run.results else pd.DataFrame()


def _sure(worth: Sequence[Finding], checks: list[Check], language: Language) -> str:
    if not checks:
        return f"<p>{escape(wording.text('brief.sure_none', language))}</p>"
    # Targets, return and overdue actions are said above; a check asked of every outcome, once.
    said = {_OVERDUE, *(name for finding in worth for name in finding.checks)}
    spoken = {
        (c.status, c.question): c
        for c in reversed(checks)
        if c.status in _SPOKEN and c.id not in said
    }
    ordered = sorted(spoken.values(), key=lambda c: (_SPOKEN.index(c.status), checks.index(c)))
    items = "".join(_doubt(check, language) for check in ordered[:_DOUBTS])
    if not items:
        return f"<p>{escape(wording.text('brief.sure_rest', language))}</p>"
    first = escape(wording.text("brief.sure_first", language))
    return f'<p>{first}</p><ul class="doubts">{items}</ul>'


def _asked(checks: Sequence[Check], language: Language) -> str:
    """Return how many checks there were and how they ended; empty without any."""
    if not checks:
        return ""
    items = holds.by_state(checks, language)
    return wording.text("brief.sure_text", language, all=len(checks), items=items)


def _doubt(check: Check, language: Language) -> str:
    params = sentences.check_params(check)
    question = sentences.check_question(check, language)
    reason = sentences.sentence(check.reason, language, params) if check.reason else ""
    return f"<li><b>{escape(question)}</b> {escape(reason)}</li>"


def _why(
    run: Run,
    effects: Sequence[Finding],
    estimates: dict[str, Estimate],
    targets: pd.DataFrame,
    language: Language,
) -> str:
    """Return one line an outcome: effect, interval, sites, how it was compared, strength."""
    rows, strip, names, level = [], [], [], LEVEL
    for finding in effects:
        found = [estimates[i] for i in finding.estimates if i in estimates]
        if not found or found[0].value is None:
            continue
        estimate = precision.of_estimate(found[0], min_cell=run.min_cell, earlier=run.earlier)
        if estimate is None:  # withheld, as on the other pages
            continue
        level = estimate.level
        title = (
            sentences.indicator_title(estimate.indicator, language)
            if estimate.causal or run.programme == TRAINING
            else sentences.quantity(estimate, language)
        )
        value = sentences.value_text(estimate, language)
        label = wording.text("report.labelled", language, label=title, value=value)
        strip.append(strips.interval(estimate, _goals(estimate, targets), label))
        names.append(estimate.id)
        rows.append(
            (
                title,
                value,
                sentences.interval_text(estimate, language),
                wording.format_value(estimate.n_units, "int", language),
                wording.text(f"terms.design_grade.{finding.design}", language),
                wording.text(f"terms.strength.{finding.strength}", language),
            )
        )
    if not rows:
        return ""
    heads = [
        wording.text(f"report.column.{name}", language)
        for name in ("outcome", "effect", "interval", "sites", "design", "strength")
    ]
    heads[2] = wording.text("terms.interval", language, level=level)
    more = len(rows) - _OUTCOMES
    notes = [wording.text("brief.more_outcomes", language, n=more)] if more > 0 else []
    rows, columns = rows[:_OUTCOMES], range(len(heads))
    alike = [c for c in _GRADES if rows[1:] and len({row[c] for row in rows}) == 1]
    if alike:  # said once, below
        same = wording.text("brief.alike", language, items=[rows[0][c] for c in alike])
        notes = [(" " if language == "en" else "").join([same, *notes])]
        columns = [c for c in columns if c not in alike]
    return tables.render(
        [heads[c] for c in columns],
        [[row[c] for c in columns] for row in rows],
        caption=wording.text("brief.why_caption", language),
        numeric=[c in (1, 2, 3) for c in columns],
        anchor="brief-why",
        language=language,
        notes=notes,
        drawn=(wording.text("brief.drawn", language), strip[:_OUTCOMES]),
        of=names[:_OUTCOMES],
    )


def _goals(estimate: Estimate, targets: pd.DataFrame) -> strips.Marks:
    """Return the targets of an effect in its own unit, and which way is better."""
    known = registry.known().get(estimate.indicator)
    better = -1 if known is not None and known.direction == "down" else 1
    if targets.empty:
        return strips.Marks(better=better)
    mine = targets[(targets["source"] == estimate.id) & (targets["unit"] == estimate.unit)]
    return strips.Marks(better=better, targets=tuple(mine["threshold"].dropna()))


def _actions(run: Run, findings: Sequence[Finding], language: Language) -> str:
    """Return who does what by when: the value stage's actions, else what the findings advise."""
    planned = _table(run, "value", "actions")
    if planned.empty:
        words = [sentences.sentence(f.action, language, f.params) for f in findings if f.action]
    else:
        keys = ["action", "owner", "due_on"]
        words = [
            _action(*key, [s for s in group["subject"] if s], language)
            for key, group in planned.groupby(keys, sort=False)
        ]
    words = list(dict.fromkeys(words))
    if not words:
        return f"<p>{escape(wording.text('brief.do_none', language))}</p>"
    items = "".join(f"<li>{escape(word)}</li>" for word in words[:_ACTIONS])
    more = len(words) - _ACTIONS
    note = wording.text("brief.more_actions", language, n=more) if more > 0 else ""
    below = f'<p class="more">{escape(note)}</p>' if note else ""
    return f'<ol class="actions">{items}</ol>{below}'


def _action(action: str, owner: str, due: Any, subjects: list[str], language: Language) -> str:
    named = [sentences.subject_of(action, s, language) for s in dict.fromkeys(subjects)]
    shown = named[:_SUBJECTS] + (["…"] if named[_SUBJECTS:] else [])
    return wording.text(
        "brief.do_next_for" if shown else "brief.do_next",
        language,
        what=sentences.label(action, language),
        owner=sentences.label(owner, language),
        due=due,
        subject=shown,
    )


def _missing(run: Run, language: Language) -> tuple[str, str]:
    """Return what could not be done, and the line under which it is folded."""
    # What is missing for one reason is said in one row.
    together: dict[tuple[str, str], list[str]] = {}
    for stage, what, reason in _gaps(run, language):
        together.setdefault((stage, reason), []).append(what)
    rows = [
        (stage, wording.format_value(list(dict.fromkeys(what)), "", language), reason)
        for (stage, reason), what in together.items()
    ]
    if not rows:
        return f"<p>{escape(wording.text('brief.missing_none', language))}</p>", ""
    table = tables.render(
        [wording.text(f"report.column.{key}", language) for key in ("stage", "what", "reason")],
        rows,
        caption=wording.text("brief.missing_caption", language),
        numeric=[False, False, False],
        anchor="brief-missing",
        language=language,
    )
    return table, wording.text("brief.missing_count", language, n=len(rows))


def _gaps(run: Run, language: Language) -> Iterator[tuple[str, str, str]]:
    for stage, found in run.results.items():
        title = wording.text(f"terms.stage.{stage}", language)
        for estimate in found.estimates:
            if estimate.value is None:
                what = sentences.quantity(estimate, language)
                params = {"n": estimate.n, **estimate.dims}
                yield title, what, sentences.sentence(estimate.reason, language, params)
        for check in found.checks:
            if check.status == "not_possible":
                params = sentences.check_params(check)
                if check.topic is Topic.PRESENT:
                    what = str(sentences.localised(params, language)["table"])
                    yield title, what, wording.text("brief.not_provided", language)
                    continue
                what = sentences.check_question(check, language)
                yield title, what, sentences.sentence(check.reason, language, params)
    for stage in STAGES:
        if run.state(stage) == "failed":
            failed = wording.text("brief.state_failed", language, error=run.error(stage))
            title = wording.text(f"terms.stage.{stage}", language)
            yield title, title, failed
        for chapter in run.chapters(stage, language):
            if run.state(chapter.step) == "failed":
                cause = run.error(chapter.step)
                told = wording.text("brief.state_failed", language, error=cause)
                yield wording.text(f"terms.stage.{stage}", language), title_of(chapter), told


def _reports(run: Run, language: Language) -> str:
    """Return the links to every other page, and folded what each holds."""
    named = [
        (f"{name}.html", f"audiences.{name}.name", f"audiences.{name}.about")
        for name in audiences.names(run)
    ]
    named.append((f"{CHANGES}.html", "changes.name", "changes.about"))
    if run.tells_sites:
        named.append((f"{SITES}/index.html", "sites.title", "sites.about"))
    named.append((NAME, "report.workbook.link", "report.workbook.about"))
    if measurement_days.has_days(run):
        named.append((measurement_days.NAME, "report.calendar.link", "report.calendar.about"))
    readers = [(href, wording.text(name, language)) for href, name, _ in named]
    stages = [(f"{s}.html" if run.notebook(s) else "", _stage(run, s, language)) for s in STAGES]
    rhythm = [
        (f"{packs.NAMES[pack]}.html", wording.text(f"packs.name.{pack}", language))
        for pack in packs.names(run)
    ]
    html = _links("brief.audiences", readers, language) + _links("brief.by_stage", stages, language)
    html += _links("packs.links", rhythm, language) if rhythm else ""
    held = [
        (wording.text(name, language), wording.text(about, language)) for _, name, about in named
    ]
    held += [
        (
            wording.text(f"terms.stage.{stage}", language),
            wording.text(f"brief.stage_about.{stage}", language),
        )
        for stage in STAGES
    ]
    items = "".join(
        f'<li><span class="name">{escape(name)}</span><span>{escape(about)}</span></li>'
        for name, about in held
    )
    words = escape(wording.text("brief.about", language))
    if run.programme != TRAINING:
        left = escape(wording.text("brief.pages_left_out", language))
        html += f'<p class="more">{left}</p>'
    return (
        f'{html}<details class="crm fold"><summary>{words}</summary>'
        f'<ul class="cards">{items}</ul></details>'
    )


def _stage(run: Run, stage: str, language: Language) -> str:
    """Return the name of a stage, with what became of it where it has no page."""
    title = wording.text(f"terms.stage.{stage}", language)
    if run.notebook(stage):
        return title
    state = (
        wording.text("brief.state_failed", language, error=run.error(stage))
        if run.state(stage) == "failed"
        else wording.text("brief.not_run", language)
    )
    return wording.text("report.labelled", language, label=title, value=state)


def _links(key: str, pages: Sequence[tuple[str, str]], language: Language) -> str:
    items = "".join(
        f'<li><a href="{href}">{escape(title)}</a></li>' if href else f"<li>{escape(title)}</li>"
        for href, title in pages
    )
    return f'<div class="links"><p>{escape(wording.text(key, language))}</p><ul>{items}</ul></div>'
