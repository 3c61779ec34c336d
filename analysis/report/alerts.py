"""The alerts of a run for other programs, beside the pages: CSV and JSON, one of each a language.

Nothing is sent anywhere; whoever wants alerts elsewhere reads these files.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from analysis import wording
from analysis.inert import MARK, csv_text
from analysis.present import precision, sentences
from analysis.report.run import FOLDERS, Run
from analysis.results import Alert
from analysis.settings import Language

COLUMNS = (
    "alert_id",
    "grade",
    "state",
    "rule",
    "subject",
    "message",
    "response",
    "owner",
    "due_on",
    "value",
    "threshold",
    "unit",
    "n",
    "p_value",
    "false_alarm_rate",
    "requirement",
    "first_seen",
    "times_seen",
)
"""Columns of ``alerts.csv`` and keys of ``alerts.json``; words are in the folder's language."""


def alert_files(run: Run) -> dict[Path, str]:
    """Return what is written beside the pages, by path.

    Returns
    -------
    dict of Path to str
        ``alerts.csv`` and ``alerts.json`` in each language's folder; nothing where monitoring did
        not run.
    """
    found = run.results.get("monitoring")
    if found is None:
        return {}
    history = found.table_or_empty("alert_history")
    past = {} if history.empty else history.set_index("alert_id").to_dict("index")
    written = {}
    for language, folder in FOLDERS.items():
        rows = [row_of(alert, past.get(alert.id, {}), language) for alert in found.alerts]
        body = {"client": run.client, "as_of": found.facts.get("as_of"), "alerts": rows}
        text = json.dumps(body, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
        written[run.folder / folder / "alerts.json"] = text
        written[run.folder / folder / "alerts.csv"] = MARK + _csv(rows)
    return written


def row_of(alert: Alert, past: dict[str, Any], language: Language) -> dict[str, Any]:
    """Return an alert in words, by :data:`COLUMNS`; ``past`` is its row of the history."""
    alert = precision.of_alert(alert)
    params = {"subject": alert.subject, "value": alert.value, "n": alert.n, **alert.params}
    words = {
        "rule": sentences.label(f"monitoring.rule.{alert.rule}", language),
        "subject": sentences.localised({"name": alert.subject}, language)["name"],
        "message": sentences.sentence(alert.message, language, params),
        "response": sentences.sentence(alert.response, language, params),
        "owner": alert.owner and sentences.label(alert.owner, language),
        "state": wording.text(f"monitoring.alert_state.{alert.state}", language),
    }
    given = {"alert_id": alert.id, "first_seen": past.get("first_seen")}
    given |= {"times_seen": past.get("times_seen"), **words}
    return {name: given[name] if name in given else getattr(alert, name) for name in COLUMNS}


def _csv(rows: list[dict[str, Any]]) -> str:
    return csv_text(COLUMNS, ([row[name] for name in COLUMNS] for row in rows))
