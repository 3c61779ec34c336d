"""Classes and hours of lecturers, counted by hand."""

import datetime as dt

import pandas as pd
import pytest

from analysis.monitoring import assess_teaching, class_sizes, lecturer_hours
from analysis.present import sentences

ON = dt.date(2025, 12, 31)


def roster(*classes) -> pd.DataFrame:
    rows = [
        (f"p{i}", "m", session, mode, lecturer, day, hours, i < came)
        for session, mode, lecturer, day, hours, enrolled, came in classes
        for i in range(enrolled)
    ]
    columns = ["staff_id", "module", "session", "mode", "lecturer_id", "held_on", "hours"]
    return pd.DataFrame(rows, columns=[*columns, "attended"])


ROSTER = roster(
    ("a", "classroom", "L1", dt.date(2024, 3, 1), 16.0, 35, 31),
    ("b", "simulation", "L1", dt.date(2024, 4, 1), 8.0, 30, 30),
    ("c", "classroom", "L2", dt.date(2024, 5, 1), 8.0, 10, 10),
    ("d", "online", "L2", dt.date(2024, 5, 1), 40.0, 90, 90),
    ("e", "classroom", "L1", dt.date(2025, 5, 1), 8.0, 10, 10),
)


def test_those_who_came_make_a_class_and_online_courses_are_none():
    sizes = class_sizes(ROSTER, 30).set_index("session")
    assert sizes["came"].to_dict() == {"a": 31, "b": 30, "c": 10, "e": 10}
    assert sizes.index[sizes["too_large"]].tolist() == ["a"]
    assert sizes.loc["a", "enrolled"] == 35


def test_a_session_counts_once_and_only_years_that_are_over_are_short():
    table = lecturer_hours(ROSTER, as_of=dt.date(2025, 6, 30), least=20).set_index(
        ["lecturer_id", "year"]
    )
    assert table["hours"].to_dict() == {
        ("L2", 2024): 8.0,
        ("L1", 2024): 24.0,
        ("L2", 2025): 0.0,
        ("L1", 2025): 8.0,
    }
    assert table.index[table["short"]].tolist() == [("L2", 2024)]
    assert lecturer_hours(ROSTER, as_of=ON, least=20)["short"].sum() == 3


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_what_is_beyond_its_line_is_an_alert_in_words(language):
    found = assess_teaching(ROSTER, as_of=dt.date(2025, 6, 30))
    assert [(a.rule, a.subject, a.value) for a in found.alerts] == [
        ("class_too_large", "m a", 31.0),
        ("lecturer_hours", "L2", 8.0),
    ]
    for alert in found.alerts:
        assert sentences.sentence(alert.message, language, alert.params)
        assert sentences.sentence(alert.response, language, alert.params)
    for check in found.checks:
        assert check.status == "caution"
        assert sentences.sentence(check.reason, language, check.params)


def test_what_cannot_be_counted_is_said():
    states = {c.id: c.status for c in assess_teaching(None, as_of=ON).checks}
    assert set(states.values()) == {"not_possible"}
    young = assess_teaching(ROSTER, as_of=dt.date(2024, 6, 30)).checks
    assert [c.reason for c in young][1:] == ["monitoring.reason.no_year"]


def test_a_missing_column_is_not_taken_for_a_missing_table():
    without = ROSTER.drop(columns="attended")
    found = {c.id: c for c in assess_teaching(without, as_of=dt.date(2025, 1, 1)).checks}
    sizes = found["monitoring.class_sizes"]
    assert (sizes.reason, sizes.params["column"]) == (
        "monitoring.reason.no_column",
        "monitoring.taught.attended",
    )
    none = assess_teaching(None, as_of=dt.date(2025, 1, 1)).checks
    assert {c.reason for c in none} == {"monitoring.reason.no_table"}
