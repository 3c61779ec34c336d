"""Sheets of open decisions beside the report, to be filled in and saved in the client's folder.

Each row says what is decided on, who owns it and by when; what may be decided is a list to choose
from. The sheet of actions has a second one, all actions of each site. A heading begins with the
name by which it is read, a state with its code; what follows is in the reader's language.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import wording
from analysis.decision_sheet import DecisionSheet
from analysis.files import replace_file
from analysis.inert import inert
from analysis.monitoring.alerts.decisions import SHEET as ALERTS
from analysis.monitoring.programme.confirmations import SHEET as CONFIRMATIONS
from analysis.monitoring.programme.confirmations import criterion_id
from analysis.present import people, sentences
from analysis.report.alerts import row_of
from analysis.report.run import FOLDERS, Run
from analysis.report.sites import Sites, records
from analysis.settings import Language
from analysis.value import ACTION_SHEET, register

_EMPTY = 20
"""Rows below the last one in which the lists to choose from work too."""
_DAY = "yyyy-mm-dd"
_HEADS = {"state": "sites.column.state"}
"""Heading of what is decided already, where it is not to be chosen."""
_WIDTHS = {"what": 60, "owner": 18, "state": 20, "evidence": 40, "note": 40}


@dataclass(frozen=True, slots=True)
class Open:
    """What a sheet lists: its stage and table, what may be decided, and what each row is about.

    ``about`` gives words by identifier: what, owner, and day it is due.
    """

    stage: str
    table: str
    sheet: DecisionSheet
    states: str
    about: Callable[[Run, Language], Mapping[str, tuple[str, str, Any]]]


def _alerts(run: Run, language: Language) -> dict[str, tuple[str, str, Any]]:
    told = {a.id: row_of(a, {}, language) for a in run.results["monitoring"].alerts}
    return {id: (row["message"], row["owner"] or "", row["due_on"]) for id, row in told.items()}


def _actions(run: Run, language: Language) -> dict[str, tuple[str, str, Any]]:
    found = {}
    worth = run.results["value"]
    known = (worth.table_or_empty(name) for name in ("actions", "action_register"))
    for row in register.current(*known).to_dict("records"):
        what = sentences.label(row["action"], language)
        if subject := str(row["subject"] or ""):
            about = sentences.subject_of(row["action"], subject, language)
            what = wording.text("report.which", language, what=what, which=about)
        found[row["action_id"]] = (what, sentences.label(row["owner"], language), row["due_on"])
    return found


def _confirmations(run: Run, language: Language) -> dict[str, tuple[str, str, Any]]:
    found = {}
    for row in run.results["monitoring"].table_or_empty("gates").to_dict("records"):
        what = sentences.label(f"monitoring.measure.{row['measure']}", language)
        named = wording.text("report.labelled", language, label=row["goal"], value=what)
        if pd.notna(row["line"]):
            asked = wording.in_unit(row["line"], row["unit"], language)
            named = wording.text("report.sheet.asked", language, what=named, line=asked)
        found[criterion_id(row["goal"], row["measure"])] = (named, "", row["due_on"])
    return found


SHEETS: Mapping[str, Open] = {
    "alerts_to_decide.xlsx": Open(
        "monitoring", "alert_decisions", ALERTS, "monitoring.alert_state", _alerts
    ),
    "actions_to_decide.xlsx": Open(
        "value", "action_decisions", ACTION_SHEET, "value.state", _actions
    ),
    "confirmations_to_decide.xlsx": Open(
        "monitoring",
        "confirmation_decisions",
        CONFIRMATIONS,
        "monitoring.confirmation",
        _confirmations,
    ),
}
"""File → what it lists; ``x_to_decide.xlsx`` is saved as ``data/<client>/x.xlsx``."""


def write_sheets(run: Run) -> list[Path]:
    """Write the sheets of a run, one of each a language's folder.

    A sheet holds the decisions made and a row for everything that waits for one. A stage that did
    not run, or has nothing to decide, has no sheet.
    """
    written = []
    for name, shown in SHEETS.items():
        found = run.results.get(shown.stage)
        if found is None or shown.table not in found.tables:
            continue
        rows = found.table(shown.table).fillna("")
        for language, folder in FOLDERS.items():
            path = run.folder / folder / name
            written.append(
                replace_file(path, lambda p, s=shown, g=language, r=rows: _write(p, run, s, g, r))
            )
    return written


def _write(path: Path, run: Run, shown: Open, language: Language, rows: pd.DataFrame) -> None:
    import xlsxwriter

    key, *decided = shown.sheet.columns
    columns = (key, "what", "owner", "due_on", *decided)
    states = {
        code: f"{code} {wording.text(f'{shown.states}.{code}', language)}"
        for code in shown.sheet.states
    }
    about = shown.about(run, language)
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False}) as book:
        head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        plain = book.add_format({"text_wrap": True, "valign": "top"})
        day = book.add_format({"num_format": _DAY, "valign": "top"})
        sheet = book.add_worksheet(wording.text(f"report.sheet.{shown.table}", language))
        for place, name in enumerate(columns):
            words = wording.text(f"report.sheet.column.{name}", language)
            sheet.write_string(0, place, f"{name}\n{words}", head)
            sheet.set_column(place, place, _WIDTHS.get(name, 14))
        for line, row in enumerate(rows.to_dict("records"), start=1):
            what, owner, due = about.get(row[key], ("", "", None))
            cells = {**row, "what": what, "owner": owner, "due_on": due}
            cells["state"] = states.get(row["state"], row["state"])
            for place, name in enumerate(columns):
                _put(sheet, line, place, cells[name], plain, day)
        last = len(rows) + _EMPTY
        sheet.freeze_panes(1, 2)
        sheet.autofilter(0, 0, max(len(rows), 1), len(columns) - 1)
        place = columns.index("state")
        sheet.data_validation(
            1, place, last, place, {"validate": "list", "source": list(states.values())}
        )
        place = columns.index("decided_on")
        sheet.set_column(place, place, 14, day)
        least = {"validate": "date", "criteria": ">=", "value": dt.date(2000, 1, 1)}
        sheet.data_validation(1, place, last, place, least)
        if shown.table == "action_decisions":
            _by_site(book, Sites(run), language, (head, plain, day))


def _by_site(book: Any, sites: Sites, language: Language, formats: tuple[Any, Any, Any]) -> None:
    """Write all actions of each site, those that ended too, onto a sheet that nothing reads."""
    head, plain, day = formats
    columns = ("site", "training", "what", "owner", "due_on", "state", "action_id")
    sheet = book.add_worksheet(wording.text("report.sheet.by_site", language))
    for place, name in enumerate(columns):
        sheet.write_string(
            0, place, wording.text(_HEADS.get(name, f"report.sheet.column.{name}"), language), head
        )
        sheet.set_column(place, place, _WIDTHS.get(name, 20))
    known = {row["site_id"]: row for row in sites.rows}
    for line, row in enumerate(records(sites.actions), start=1):
        site = known[row["site_id"]]
        cells = {
            **row,
            "site": people.hidden(str(site["site_name"])),
            "training": wording.text(f"sites.now.{site['state']}", language),
            "what": sentences.label(row["action"], language),
            "owner": sentences.label(row["owner"], language),
            "state": wording.text(f"value.state.{row['state']}", language),
        }
        for place, name in enumerate(columns):
            _put(sheet, line, place, cells[name], plain, day)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(len(sites.actions), 1), len(columns) - 1)


def _put(sheet: Any, row: int, column: int, value: Any, plain: Any, day: Any) -> None:
    try:
        written = value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))
        sheet.write_datetime(row, column, written, day)
    except ValueError:
        if value:
            sheet.write_string(row, column, inert(str(value)), plain)
