"""What to do this week as a numbered list that is read from the top."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from analysis import wording
from analysis.present import precision, sentences
from analysis.results import Alert
from analysis.settings import Language


def tasks(actions: Sequence[Any], anchor: str, language: Language) -> str:
    """Build the list: what to do, why, by whom and by when.

    Parameters
    ----------
    actions : Sequence of Action
        As :func:`analysis.monitoring.rank_actions` ranks them: ``rank``, ``alert``, ``why`` and
        ``evidence``.
    anchor, language : str
        Anchor of the list, and its language.
    """
    if not actions:
        words = wording.text("report.no_task", language)
        return f'<div class="crm alerts" id="{anchor}"><p class="none">{escape(words)}</p></div>'
    items = "".join(_task(action, language) for action in actions)
    return f'<div class="crm alerts tasks" id="{anchor}"><ol class="alert-list">{items}</ol></div>'


def _task(action: Any, language: Language) -> str:
    alert = precision.of_alert(action.alert)
    why = " · ".join(wording.text(key, language) for key in action.why)
    params = {"subject": alert.subject, "value": alert.value, "n": alert.n, **alert.params}
    return (
        f'<li class="alert grade-{alert.grade}"><span class="rank" aria-hidden="true">'
        f'{action.rank}</span><div><p class="status">{escape(why)}</p>'
        f'<p class="question">{escape(sentences.sentence(alert.response, language, params))}</p>'
        f"<p>{escape(sentences.sentence(alert.message, language, params))}</p>"
        f'<p class="measured">{escape(" · ".join(_facts(action, language)))}</p></div></li>'
    )


def _facts(action: Any, language: Language) -> list[str]:
    alert: Alert = action.alert
    given = (
        ("report.alert_owner", alert.owner and sentences.label(alert.owner, language)),
        ("report.alert_due", alert.due_on and wording.format_value(alert.due_on, "date", language)),
        ("report.task_evidence", _evidence(action, language)),
    )
    return [
        wording.text(
            "report.labelled", language, label=wording.text(key, language), value=str(value)
        )
        for key, value in given
        if value
    ]


def _evidence(action: Any, language: Language) -> str:
    alert: Alert = action.alert
    if len(action.evidence) > 1:
        return wording.text("report.task_alerts", language, n=len(action.evidence))
    if "alerts" in alert.params:
        return wording.text("report.task_alerts", language, n=alert.params["alerts"])
    if alert.false_alarm_rate is None:
        return wording.text("report.task_fact", language)
    return wording.text("report.task_tested", language, rate=alert.false_alarm_rate)
