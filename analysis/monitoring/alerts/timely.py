"""What can still be done about an alert: the programme may be over, the site may be waiting.

A lecturer is not suspended a year after the last class, and a site that is compared with is not
trained before the comparison ends. The alert stays, for it says what was found; what is asked for
changes, and nothing that only the next round can mend is urgent.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import replace

from analysis.results import Alert

QUIET = dt.timedelta(days=60)
"""Time without a class after which a programme is over, if no wave is still to come."""

NEXT_ROUND = {
    "course_redesign": "monitoring.alert.course_redesign.next_round",
    "course_low": "monitoring.alert.course_low.next_round",
    "lecturer_low": "monitoring.alert.lecturer_low.next_round",
    "participation_low": "monitoring.alert.participation_low.next_round",
    "completion_low": "monitoring.alert.completion_low.next_round",
    "pass_rate_low": "monitoring.alert.pass_rate_low.next_round",
    "milestone_late": "monitoring.alert.milestone_late.next_round",
    "gate_missed": "monitoring.alert.gate_missed.next_round",
    "lecturer_hours": "monitoring.alert.lecturer_hours.next_round",
}
"""Rules about training, and what is asked for when classes are over."""

WAITING = {"complaint_late": "monitoring.alert.complaint_late.waiting"}
"""Rules that ask for training, and what a site is asked for that waits for its own."""


def is_over(classes: Iterable[dt.date], *, on: dt.date, coming: bool = False) -> bool:
    """Return whether a programme is over on a day.

    Parameters
    ----------
    classes : Iterable of date
        Days of classes; without any, nothing is known to be over.
    on : date
        The day.
    coming : bool
        Whether a wave is still to start.
    """
    known = list(classes)
    held = [day for day in known if day <= on]
    return bool(held) and len(held) == len(known) and not coming and on - max(held) > QUIET


def timely(
    alerts: Iterable[Alert], *, over: bool, waiting: Collection[str] = ()
) -> tuple[Alert, ...]:
    """Return alerts that ask for what can be done on the day of the report.

    Parameters
    ----------
    alerts : Iterable of Alert
        As their rules raised them.
    over : bool
        Whether the programme is over; what only the next round can mend is then of grade 3.
    waiting : Collection of str
        Sites that wait: no wave has trained them.
    """
    return tuple(_timely(alert, over, waiting) for alert in alerts)


def _timely(alert: Alert, over: bool, waiting: Collection[str]) -> Alert:
    if alert.subject in waiting and alert.rule in WAITING:
        return replace(alert, response=WAITING[alert.rule])
    if over and alert.rule in NEXT_ROUND:
        return replace(alert, response=NEXT_ROUND[alert.rule], grade=3, due_on=None)
    return alert
