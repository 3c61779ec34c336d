"""The page that says what changed since the last report, and its line on the brief."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from analysis import wording
from analysis.present import people, precision, sentences, tables
from analysis.present.estimates import hide_estimates
from analysis.present.suppression import MARK
from analysis.report import brief, page
from analysis.report.alerts import row_of
from analysis.report.changes import Changes
from analysis.report.kept_settings import Setting
from analysis.report.notebook import Section
from analysis.report.run import CHANGES, Run
from analysis.results import Alert, Estimate
from analysis.settings import Language

_MOST = 8
"""Alerts that are listed of those that are new, and of those that are gone."""


def changes_page(run: Run, changes: Changes | None, language: Language) -> str:
    """Return the page, still without its font."""
    parts = [] if changes is None else _parts(changes, language)
    sections = [
        Section(f"changes-{key}", wording.text(f"changes.{key}", language), [
            f'<h2 id="changes-{key}">{_t(key, language)}</h2>', html,
        ])
        for key, html in parts
    ]  # fmt: skip
    title = wording.text("changes.title", language)
    body = f"<h1>{escape(title)}</h1>"
    lead = " · ".join(filter(None, (run.name(language), brief.through(run, language))))
    body += f'<p class="lead">{escape(lead)}</p>{_answer(changes, language)}'
    body += "\n".join(section.html(language) for section in sections)
    return page.of_run(run, CHANGES, language, body, title=title, contents=sections)


def line(changes: Changes | None, language: Language) -> str:
    """Return the line on the brief, with its link to the page."""
    link = f'<a href="{CHANGES}.html">{_t("link", language)}</a>'
    if changes is None:
        return f'<p class="since">{_t("first", language)}</p>'
    if not changes.causes:
        words = _t("line_same", language, date=changes.made)
    else:
        moved, _ = _moved(changes)
        sizes = {name: len(found) for name, found in changes.alerts.items()}
        causes = _causes(changes, language)
        words = _t("line", language, date=changes.made, causes=causes, moved=moved, **sizes)
    return f'<p class="since">{words} {link}</p>'


def _t(key: str, language: Language, **params: Any) -> str:
    return escape(wording.text(f"changes.{key}", language, **params))


def _causes(changes: Changes, language: Language) -> list[str]:
    return [wording.text(f"changes.cause.{name}", language) for name in changes.causes]


def _answer(changes: Changes | None, language: Language) -> str:
    if changes is None:
        return f"<p>{_t('first', language)}</p>"
    kind = {(): "none", ("code",): "only_code"}.get(changes.causes, "some")
    moved, same = _moved(changes)
    sizes = {name: len(found) for name, found in changes.alerts.items()}
    told = (
        _t("since", language, date=changes.made, run=changes.before.run_id),
        _t(f"by.{kind}", language, causes=_causes(changes, language)),
        _t("moved", language, moved=moved, same=same, **sizes),
    )
    return "".join(f"<p>{words}</p>" for words in told)


def _moved(changes: Changes) -> tuple[int, int]:
    """Return how many key figures read differently now, and how many read the same."""
    rows = _figures(changes, wording.LANGUAGES[0])
    moved = sum(now != before for _, _, now, before in rows)
    return moved, len(rows) - moved


def _parts(changes: Changes, language: Language) -> list[tuple[str, str]]:
    return [
        ("figures", _figures_table(changes, language)),
        ("data", _data(changes, language)),
        ("settings", _settings(changes, language)),
        ("code", _code(changes, language)),
        ("alerts", _alerts(changes, language)),
        ("actions", _actions(changes, language)),
    ]


def _table(
    part: str, columns: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool],
    language: Language, of: Sequence[str] | None = None,
) -> str:  # fmt: skip
    return tables.render(
        [wording.text(f"changes.column.{name}", language) for name in columns],
        rows,
        caption=wording.text(f"changes.{part}_caption", language),
        numeric=numeric,
        anchor=f"changes-{part}-table",
        language=language,
        of=of,
    )


def _figures(changes: Changes, language: Language) -> list[tuple[str, str, list[str], list[str]]]:
    """Return the id of each key figure, what it is, and how it reads now and before."""
    rows = []
    for before, now in changes.quantities:
        known = now or before
        if known is None:
            continue
        what = sentences.quantity(known, language)
        if known.causal and known.indicator is not None:
            title = sentences.indicator_title(known.indicator, language)
            what = wording.text("report.effect_on", language, indicator=title)
        reads = _reads(now, changes.now, language), _reads(before, changes.before, language)
        rows.append((known.id, what, *reads))
    return rows


def _reads(estimate: Estimate | None, run: Run, language: Language) -> list[str]:
    if estimate is None:
        return [tables.NOTHING] * 2
    earlier = run.earlier
    shown = precision.of_estimate(estimate, min_cell=run.min_cell, earlier=earlier)
    if shown is None or hide_estimates([estimate], run.min_cell)[0]:
        return [MARK] * 2
    return [sentences.value_text(shown, language), sentences.interval_text(shown, language)]


def _figures_table(changes: Changes, language: Language) -> str:
    rows = _figures(changes, language)
    if not rows:
        return f"<p>{_t('figures_none', language)}</p>"
    columns = ("figure", "now", "now_interval", "before")
    cells = [[what, *now, _together(before, language)] for _, what, now, before in rows]
    names = [name for name, *_ in rows]
    return _table("figures", columns, cells, [False, True, True, False], language, of=names)


def _together(read: Sequence[str], language: Language) -> str:
    value, interval = read
    if value in (tables.NOTHING, MARK):
        return value
    if interval == tables.NOTHING:
        return wording.text("changes.was", language, value=value)
    return wording.text("changes.with_interval", language, value=value, interval=interval)


def _data(changes: Changes, language: Language) -> str:
    files = "".join(
        f"<p>{_t(f'files.{kind}', language, names=[people.hidden(name) for name in names])}</p>"
        for kind, names in changes.files.items()
        if names
    )
    if not changes.rows:
        return f"<p>{_t('data_none', language)}</p>{files}"
    rows = [
        [
            sentences.label(f"measurement.table.{found.table}", language),
            _count(found.now, language),
            _count(found.before, language),
            wording.format_value(found.months, "months", language) or tables.NOTHING,
        ]
        for found in changes.rows
    ]
    columns = ("table", "rows_now", "rows_before", "months")
    return _table("data", columns, rows, [False, True, True, False], language) + files


def _count(n: int | None, language: Language) -> str:
    return tables.NOTHING if n is None else wording.format_value(n, "int", language)


def _settings(changes: Changes, language: Language) -> str:
    if changes.settings is None:
        key = "settings_unknown" if changes.settings_changed else "settings_none"
        return f"<p>{_t(key, language)}</p>"
    if not changes.settings:
        return f"<p>{_t('settings_none', language)}</p>"
    rows = [
        [
            people.hidden(name),
            tables.NOTHING if now is None else str(now.line),
            _said(now, language),
            _said(before, language),
        ]
        for name, before, now in changes.settings
    ]
    columns = ("setting", "line", "now", "before")
    return _table("settings", columns, rows, [False, True, False, False], language)


def _said(setting: Setting | None, language: Language) -> str:
    if setting is None:
        return wording.text("changes.absent", language)
    if setting.value is None:
        return wording.text("changes.hidden", language)
    return people.hidden(setting.value)


def _code(changes: Changes, language: Language) -> str:
    if not changes.code:
        return f"<p>{_t('code_none', language)}</p>"
    absent = wording.text("changes.absent", language)
    rows = [
        [
            wording.text("changes.program", language) if name == "code" else name,
            now or absent,
            before or absent,
        ]
        for name, (before, now) in changes.code.items()
    ]
    return _table("code", ("what", "now", "before"), rows, [False] * 3, language)


def _alerts(changes: Changes, language: Language) -> str:
    html = ""
    for kind in ("new", "gone"):
        found: list[Alert] = changes.alerts[kind]
        html += f"<h3>{_t(f'alerts_{kind}', language, n=len(found))}</h3>"
        told = [str(row_of(alert, {}, language)["message"]) for alert in found[:_MOST]]
        html += f"<ul>{''.join(f'<li>{escape(words)}</li>' for words in told)}</ul>" if told else ""
        if len(found) > _MOST:
            html += f"<p>{_t('alerts_more', language, n=len(found) - _MOST)}</p>"
    return f"{html}<p>{_t('alerts_still', language, n=len(changes.alerts['still']))}</p>"


def _actions(changes: Changes, language: Language) -> str:
    before, now = changes.actions
    states = [s for s in _STATES if before.get(s) or now.get(s)]
    if not states:
        return f"<p>{_t('actions_none', language)}</p>"
    rows = [[_state(s, language), *_counts(s, now, before, language)] for s in states]
    return _table("actions", ("state", "now", "before"), rows, [False, True, True], language)


_STATES = ("proposed", "accepted", "overdue", "done", "done_late", "declined")


def _state(state: str, language: Language) -> str:
    return wording.text(f"value.state.{state}", language)


def _counts(
    state: str, now: Mapping[str, int], before: Mapping[str, int], language: Language
) -> list[str]:
    return [wording.format_value(side.get(state, 0), "int", language) for side in (now, before)]
