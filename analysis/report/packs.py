"""Short reports of one week, month, quarter, half-year and year, from what a run stored.

Each lies beside the brief as ``pack-<rhythm>.html``. Nothing is computed here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd

from analysis import wording
from analysis.indicators import registry
from analysis.monitoring import MET, MISSED
from analysis.monitoring.rhythm.periods import PACKS
from analysis.present import people, sentences, tables
from analysis.present.suppression import MARK
from analysis.report import page
from analysis.report.alerts import row_of
from analysis.report.notebook import Section
from analysis.report.run import Run
from analysis.report.sites import records
from analysis.settings import TRAINING, Language
from analysis.value import register

NAMES: Mapping[str, str] = {pack: f"pack-{pack.replace('_', '-')}" for pack in PACKS}
"""Name of each page, without ``.html``."""

_MOST_INDICATORS = 10
_MOST_ALERTS = 6
_MOST_ACTIONS = 8
_OPEN = ("proposed", "accepted", "overdue")
Row = Mapping[str, Any]


def names(run: Run) -> list[str]:
    """Return the packs that a run has, the shortest first."""
    periods = _table(run, "monitoring", "pack_periods")
    return [] if periods.empty else list(periods["pack"])


def pages(run: Run, language: Language) -> Iterator[tuple[str, str]]:
    """Yield name and markup of each pack, still without its font."""
    periods = _table(run, "monitoring", "pack_periods")
    for span in records(periods):
        yield NAMES[span["pack"]], _page(run, span, language)


def _t(key: str, language: Language, **params: Any) -> str:
    return escape(wording.text(f"packs.{key}", language, **params))


def _table(run: Run, stage: str, name: str) -> pd.DataFrame:
    found = run.results.get(stage)
    return pd.DataFrame() if found is None else found.table_or_empty(name)


def _gates(run: Run) -> pd.DataFrame:
    """Return the criteria of stage reviews, as the value report settled them where there is one."""
    settled = _table(run, "value", "gates")
    return _table(run, "monitoring", "gates") if settled.empty else settled


def _of(run: Run, span: Row, name: str) -> pd.DataFrame:
    frame = _table(run, "monitoring", name)
    return frame if frame.empty else frame[frame["pack"] == span["pack"]]


def _within(days: pd.Series, first: Any, last: Any) -> pd.Series:
    """Return which days (dates or ISO text) lie in a period."""
    text = days.map(lambda day: "" if pd.isna(day) else str(day)[:10])
    return (text >= str(first)[:10]) & (text <= str(last)[:10])


def _page(run: Run, span: Row, language: Language) -> str:
    pack, name = span["pack"], NAMES[span["pack"]]
    parts = [
        ("answer", _answer(run, span, language)),
        ("indicators", _indicators(run, span, language)),
        ("counts", _counts(run, span, language)),
        ("money", _money(run, span, language)),
        ("reviews", _reviews(run, span, language)),
        ("follow_ups", _follow_ups(run, span, language)),
        ("actions", _actions(run, span, language)),
        ("next_year", _next_year(run, span, language) if pack == "year" else ""),
    ]
    sections = [
        Section(f"pack-{key}", wording.text(f"packs.{key}", language), [
            f'<h2 id="pack-{key}">{_t(key, language)}</h2>', html,
        ])
        for key, html in parts
        if html
    ]  # fmt: skip
    title = wording.text(f"packs.title.{pack}", language)
    days = wording.text("packs.days", language, first=span["first"], last=span["last"])
    lead = " · ".join(filter(None, (run.name(language), days)))
    body = f'<h1>{escape(title)}</h1><p class="lead">{escape(lead)}</p>'
    body += "\n".join(section.html(language) for section in sections)
    return page.of_run(run, name, language, body, title=title, contents=sections)


def _answer(run: Run, span: Row, language: Language) -> str:
    """Return what changed in the period, in sentences."""
    length = (span["last"] - span["first"]).days + 1
    known = (span["known_to"] - span["first"]).days + 1
    told = {"days": length, "known": known, "to": span["known_to"],
            "first": span["before_first"], "last": span["before_last"]}  # fmt: skip
    lines = [_t(f"state.{span['state']}", language, **told)]
    lines.append(_t(f"before.{span['before_state']}", language, **told))
    html = "".join(f"<p>{line}</p>" for line in lines)
    history = _table(run, "monitoring", "alert_history")
    if history.empty:
        return html + f"<p>{_t('no_alerts', language)}</p>"
    opened = history[_within(history["since"], span["first"], span["last"])]
    over = history[history["state"] == "closed"]
    closed = over[_within(over["last_seen"], span["first"], span["last"])]
    sizes = {"opened": len(opened), "closed": len(closed), "open": int(history["firing"].sum())}
    html += f"<p>{_t('alerts', language, **sizes)}</p>"
    return html + _alerts(run, opened, language)


def _alerts(run: Run, opened: pd.DataFrame, language: Language) -> str:
    known = {alert.id: alert for alert in run.results["monitoring"].alerts}
    mine = [known[name] for name in opened["alert_id"] if name in known]
    mine = sorted(mine, key=lambda alert: (alert.grade, alert.id))
    items = "".join(
        f"<li>{escape(str(row_of(alert, {}, language)['message']))}</li>"
        for alert in mine[:_MOST_ALERTS]
    )
    html = f"<ul>{items}</ul>" if items else ""
    if len(mine) > _MOST_ALERTS:
        html += f"<p>{_t('alerts_more', language, n=len(mine) - _MOST_ALERTS)}</p>"
    return html


def _render(
    part: str, columns: Sequence[str], rows: Sequence[Sequence[str]], language: Language,
    *, pack: str, words: int = 1, notes: Sequence[str] = (), **told: Any,
) -> str:  # fmt: skip
    """Return a table of which the first columns are words; its head says of which rhythm it is."""
    header = [wording.text(f"packs.column.{name}", language, **told) for name in columns]
    of = wording.text(f"packs.period.{pack}", language)
    header[0] = wording.text("packs.headed", language, heading=header[0], period=of)
    return tables.render(
        header,
        rows,
        caption=wording.text(f"packs.{part}_caption", language),
        numeric=[place >= words for place in range(len(columns))],
        anchor=f"pack-{part}-table",
        language=language,
        notes=notes,
    )


def _indicators(run: Run, span: Row, language: Language) -> str:
    found = _of(run, span, "pack_indicators")
    if found.empty:
        return f"<p>{_t('indicators_none', language)}</p>"
    rows, hidden = [], False
    for row in records(found.head(_MOST_INDICATORS)):
        title = _title(row["indicator"], language)
        known = registry.known().get(row["indicator"])
        if row["people"] < run.min_cell and (known is None or known.suppress):
            rows.append([title, *[MARK] * 4])
            hidden = True
            continue
        rows.append([
            title,
            _with_ends(row, "value", ("ci_low", "ci_high"), language),
            wording.format_value(row["n"], "int", language),
            _with_ends(row, "was", ("was_low", "was_high"), language),
            _with_ends(row, "change", ("change_low", "change_high"), language, effect=True),
        ])  # fmt: skip
    notes = [wording.text("packs.described", language)]
    if hidden:
        notes.append(wording.text("report.suppressed_note", language, min_cell=run.min_cell))
    if len(found) > _MOST_INDICATORS:
        more = len(found) - _MOST_INDICATORS
        notes.append(wording.text("packs.indicators_more", language, n=more))
    columns = ("indicator", "value", "n", "was", "change")
    html = _render(
        "indicators", columns, rows, language, pack=span["pack"], notes=notes, level=run.level
    )
    return html + _silent(run, span, found, language)


def _silent(run: Run, span: Row, found: pd.DataFrame, language: Language) -> str:
    """Name what other periods measured and this one did not."""
    if span["pack"] == "week":
        return ""
    every = _table(run, "monitoring", "pack_indicators")
    others = every.loc[every["pack"] != "week", "indicator"].drop_duplicates()
    lacking = [name for name in others if name not in set(found["indicator"])]
    if not lacking:
        return ""
    titles = [sentences.indicator_title(name, language) for name in lacking]
    return f"<p>{_t('not_measured', language, names=titles)}</p>"


def _title(indicator: str, language: Language) -> str:
    key = f"packs.what.{indicator}"
    if wording.has(key):
        return wording.text(key, language)
    return sentences.indicator_title(indicator, language)


def _with_ends(
    row: Row, name: str, ends: tuple[str, str], language: Language, *, effect: bool = False
) -> str:
    if pd.isna(row[name]):
        return tables.NOTHING
    value = wording.in_unit(row[name], row["unit"], language, effect=effect)
    low, high = (row[end] for end in ends)
    if pd.isna(low) or pd.isna(high):
        return value
    told = sentences.ends_text(low, high, row["unit"], language, effect=effect)
    return f"{value}\n{wording.text('packs.interval', language, interval=told)}"


def _counts(run: Run, span: Row, language: Language) -> str:
    rows = [
        [
            wording.text(f"packs.what.{row['what']}", language),
            *(_number(row[side], language) for side in ("value", "was")),
        ]
        for row in _of(run, span, "pack_counts").to_dict("records")
        if not (row["value"] == 0 and not row["was"])
    ]
    if not rows:
        return f"<p>{_t('counts_none', language)}</p>"
    return _render("counts", ("what", "now", "then"), rows, language, pack=span["pack"])


def _number(value: Any, language: Language) -> str:
    return tables.NOTHING if pd.isna(value) else wording.format_value(value, "int", language)


def _amount(value: Any, language: Language) -> str:
    return tables.NOTHING if pd.isna(value) else wording.format_value(value, "cny", language)


def _money(run: Run, span: Row, language: Language) -> str:
    """Return what was spent against plan; of a year, its whole budget."""
    if span["pack"] == "year" and (laid_out := _budget(run, language)):
        return laid_out
    found = _of(run, span, "pack_money")
    if found.empty:
        known = not _table(run, "monitoring", "budget").empty
        return f"<p>{_t('money_none', language)}</p>" if known else ""
    found = pd.concat([found, pd.DataFrame([{
        "category": "total", **found[["planned", "actual"]].sum(min_count=1),
    }])])  # fmt: skip
    rows = [
        [
            _category(row["category"], language),
            *(_amount(row[name], language) for name in ("planned", "actual")),
            _amount(row["actual"] - row["planned"], language),
        ]
        for row in found.to_dict("records")
    ]
    columns = ("category", "planned", "actual", "over")
    return _render("money", columns, rows, language, pack=span["pack"])


def _category(name: str, language: Language) -> str:
    if name == "total":
        return wording.text("packs.total", language)
    return sentences.label(name, language, "terms.cost")


def _budget(run: Run, language: Language) -> str:
    found = _table(run, "monitoring", "year_budget")
    if found.empty:
        return ""
    spent = ("q1", "q2", "q3", "q4", "open", "planned")
    rows = [
        [
            _category(row["category"], language),
            *(_amount(row[name] or float("nan"), language) for name in spent),
            wording.format_value(row["share"], "pct1", language),
            _amount(row["actual"], language),
        ]
        for row in found.to_dict("records")
    ]
    columns = ("category", *spent, "share", "actual")
    return _render("budget", columns, rows, language, pack="year")


def _reviews(run: Run, span: Row, language: Language) -> str:
    """Return the stage reviews that fell due and the milestones reached in the period."""
    items = []
    gates = _gates(run)
    if not gates.empty:
        mine = gates[_within(gates["due_on"], span["first"], span["last"])]
        for goal, rows in mine.groupby("goal", sort=False):
            told = {
                "met": int(rows["state"].isin(MET).sum()),
                "missed": int(rows["state"].isin(MISSED).sum()),
                "total": len(rows),
            }
            left = len(rows) - told["met"] - told["missed"]
            key = "review_open" if left else "review"
            items.append(_t(key, language, goal=str(goal), left=left, **told))
    milestones = _table(run, "monitoring", "milestones")
    if not milestones.empty:
        mine = milestones[_within(milestones["actual_on"], span["first"], span["last"])]
        for row in mine.to_dict("records"):
            late = row["days_late"]
            key = "milestone_late" if pd.notna(late) and late > 0 else "milestone"
            days = 0 if pd.isna(late) else int(late)
            named = {"name": people.hidden(str(row["name"])), "day": row["actual_on"]}
            items.append(_t(key, language, days=days, **named))
    if items:
        return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"
    known = not (gates.empty and milestones.empty)
    return f"<p>{_t('reviews_none', language)}</p>" if known else ""


def _follow_ups(run: Run, span: Row, language: Language) -> str:
    """Return the follow-ups of the period, those not measured, and those still to come."""
    found = _table(run, "monitoring", "follow_ups")
    if found.empty:
        return f"<p>{_t('follow_ups_none', language)}</p>" if run.programme == TRAINING else ""
    inside = _within(found["measure_on"], span["first"], span["last"])
    shown = found[inside | found["state"].isin(["missed", "due"])]
    if shown.empty:
        last = str(found["measure_on"].max())[:10]
        return f"<p>{_t('follow_ups_over', language, n=len(found), last=last)}</p>"
    few = shown["n"].between(1, run.min_cell - 1)
    rows = [
        [
            wording.text("packs.wave", language, wave=row["wave"], months=row["months"]),
            wording.format_value(str(row["measure_on"])[:10], "date", language),
            wording.text(f"monitoring.follow_up_state.{row['state']}", language),
            MARK if hidden else _number(row["n"] or float("nan"), language),
        ]
        for row, hidden in zip(
            shown.sort_values("measure_on").to_dict("records"),
            few.loc[shown.sort_values("measure_on").index],
            strict=True,
        )
    ]
    columns = ("follow_up", "due", "state", "answers")
    return _render("follow_ups", columns, rows, language, pack=span["pack"], words=3)


def _actions(run: Run, span: Row, language: Language) -> str:
    """Return the open actions that fall due by the end of the next period of this length."""
    found = register.current(
        *(_table(run, "value", name) for name in ("actions", "action_register"))
    )
    if found.empty:
        return _due_alerts(run, language)
    by = span["last"] + (span["last"] - span["first"]) + dt.timedelta(days=1)
    mine = found[found["state"].isin(_OPEN) & (found["due_on"].astype(str) <= str(by))]
    if mine.empty:
        return f"<p>{_t('actions_none', language)}</p>"
    rows = [
        [
            sentences.label(row["action"], language),
            sentences.subject_of(row["action"], row["subject"], language),
            sentences.label(row["owner"], language),
            wording.format_value(row["due_on"], "date", language),
        ]
        for row in mine.head(_MOST_ACTIONS).to_dict("records")
    ]
    more = len(mine) - len(rows)
    notes = [wording.text("packs.actions_more", language, n=more)] if more else []
    columns = ("action", "subject", "owner", "due")
    return _render("actions", columns, rows, language, pack=span["pack"], words=4, notes=notes)


def _due_alerts(run: Run, language: Language) -> str:
    """Where no value report proposed anything: how many alerts are open, and the first day due."""
    history = _table(run, "monitoring", "alert_history")
    waiting = history[history["state"] == "open"] if len(history) else history
    if waiting.empty:
        return f"<p>{_t('actions_none', language)}</p>"
    return f"<p>{_t('alerts_due', language, n=len(waiting), day=waiting['due_on'].min())}</p>"


def _next_year(run: Run, span: Row, language: Language) -> str:
    """Return what was missed in the year, and where the proposals for the next one stand."""
    gates = _gates(run)
    items = []
    if not gates.empty:
        missed = gates[_within(gates["due_on"], span["first"], span["last"])]
        missed = missed[missed["state"].isin(MISSED)]
        items = [
            _t("missed", language, goal=str(row["goal"]),
               measure=wording.text(f"monitoring.measure.{row['measure']}", language))
            for row in missed.to_dict("records")
        ]  # fmt: skip
    html = f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>" if items else ""
    actions = _table(run, "value", "actions")
    if actions.empty:
        return html + f"<p>{_t('next_year_none', language)}</p>"
    kinds = actions.sort_values("priority").drop_duplicates("action")["action"].head(5)
    titles = [sentences.label(kind, language) for kind in kinds]
    html += f"<p>{_t('next_year_do', language)}</p>"
    return html + f"<ul>{''.join(f'<li>{escape(title)}</li>' for title in titles)}</ul>"
