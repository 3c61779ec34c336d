"""The measuring days as a calendar file, to take into Outlook, WeCom or a telephone."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import wording
from analysis.files import replace_file
from analysis.report.run import Run
from analysis.settings import Language

NAME = "measurements.ics"

REMIND = dt.timedelta(days=14)
"""How long before a measuring day a calendar reminds of it: questionnaires have to be prepared."""


def has_days(run: Run) -> bool:
    """Return whether the design stage set any measuring day."""
    return not _days(run).empty


def write_calendar(run: Run, folder: Path, language: Language) -> Path | None:
    """Write ``<folder>/measurements.ics``, one event of a whole day per wave and horizon.

    An event keeps its identity from run to run, so that a calendar that takes the file in again
    moves it instead of doubling it.

    Parameters
    ----------
    run : Run
        Its table ``calendar`` of the design stage is read.
    folder : Path
        Folder of the language.
    language : {"zh_CN", "en"}
        Language of titles and descriptions.

    Returns
    -------
    Path or None
        The file; None where no wave has a date.
    """
    if not has_days(run):
        return None
    content = _calendar(run, language)
    return replace_file(Path(folder) / NAME, lambda path: path.write_bytes(content))


def _calendar(run: Run, language: Language) -> bytes:
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", "-//crmeval//measurements//")
    calendar.add("version", "2.0")
    name = run.name(language)
    calendar.add("x-wr-calname", wording.text("report.calendar.title", language, client=name))
    for row in _days(run).itertuples():
        calendar.add_component(_event(run, row, language))
    return calendar.to_ical()


def _event(run: Run, row: Any, language: Language) -> Any:
    from icalendar import Alarm, Event

    told = {name: getattr(row, name) for name in ("wave", "months", "n_sites")}
    title = wording.text("report.calendar.event", language, client=run.name(language), **told)
    lines = [wording.text(f"design.judges.{row.judges}", language)]
    if row.season:
        lines.append(wording.text(f"design.season.{row.season}", language))
    event, alarm = Event(), Alarm()
    event.add("uid", f"{run.client}-wave-{row.wave}-month-{row.months}@crmeval")
    # No clock: the same run writes the same bytes.
    event.add("dtstamp", pd.Timestamp(row.start, tz="UTC").to_pydatetime())
    event.add("dtstart", pd.Timestamp(row.measure_on).date())
    event.add("summary", title)
    event.add("description", "\n".join(lines))
    event.add("transp", "TRANSPARENT")
    alarm.add("action", "DISPLAY")
    alarm.add("description", title)
    alarm.add("trigger", -REMIND)
    event.add_component(alarm)
    return event


def _days(run: Run) -> pd.DataFrame:
    found = run.results.get("design")
    return pd.DataFrame() if found is None else found.table_or_empty("calendar")
