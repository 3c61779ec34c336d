"""The calendar file: a day per measurement in both languages, the same event at every run."""

import datetime as dt

import icalendar
import pandas as pd

from analysis import results
from analysis.design import assess_calendar
from analysis.report import measurement_days
from analysis.report.run import open_run


def a_run(folder, start):
    waves = pd.DataFrame(
        {
            "site_id": ["s1", "s2", "s3"],
            "wave": [1, 1, 0],
            "arm": ["treated", "treated", "comparison"],
            "planned_start": [start, start, None],
            "actual_start": None,
        }
    )
    results.save(assess_calendar(waves, months=(3, 12)), folder / "results")
    return open_run(folder)


def events(folder, start, language):
    path = measurement_days.write_calendar(a_run(folder, start), folder, language)
    return icalendar.Calendar.from_ical(path.read_bytes()).walk("VEVENT")


def test_a_whole_day_for_each_measurement_with_a_reminder(tmp_path):
    early, late = events(tmp_path, dt.date(2024, 11, 20), "en")
    assert (early.decoded("dtstart"), late.decoded("dtstart")) == (
        dt.date(2025, 2, 20),
        dt.date(2025, 11, 20),
    )
    assert str(late["summary"]).endswith("measure wave 1, 12 months after training (2 sites)")
    assert late.walk("VALARM")[0].decoded("trigger") == -dt.timedelta(days=14)
    (chinese, _) = events(tmp_path, dt.date(2024, 11, 20), "zh_CN")
    assert "第 1 批训后 3 个月测量（2 个项目）" in str(chinese["summary"])
    assert chinese["uid"] == early["uid"]


def test_a_wave_that_moves_moves_its_event(tmp_path):
    before, after = (
        events(tmp_path / name, start, "en")[0]
        for name, start in (("a", dt.date(2024, 3, 1)), ("b", dt.date(2024, 4, 1)))
    )
    assert before["uid"].rpartition("-wave")[2] == after["uid"].rpartition("-wave")[2]
    assert before.decoded("dtstart") < after.decoded("dtstart")


def test_without_dates_there_is_no_file(tmp_path):
    run = a_run(tmp_path, None)
    assert not measurement_days.has_days(run)
    assert measurement_days.write_calendar(run, tmp_path, "en") is None
