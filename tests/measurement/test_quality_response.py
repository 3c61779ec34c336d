import datetime as dt

import pandas as pd
import pytest

from analysis import tables
from analysis.measurement import assess_quality, assess_response, return_counts
from analysis.measurement.quality import NEVER_MISSED


def utc(*parts):
    return pd.Timestamp(*parts, tz="UTC")


def arrow(name, frame):
    return tables.conform(name, frame).to_pandas()


@pytest.fixture
def given():
    sites = pd.DataFrame({"site_id": ["a", "b"], "site_name": ["甲", "乙"]})
    tickets = pd.DataFrame(
        {
            "ticket_id": ["1", "2", "3"],
            "site_id": ["a", "b", "z"],
            "opened_at": [utc(2024, 1, 2)] * 3,
            "resolved_at": [utc(2024, 1, 1), utc(2024, 1, 3), pd.NaT],
        }
    )
    staff = pd.DataFrame(
        {"staff_id": ["s"], "hired_on": [dt.date(2024, 5, 1)], "left_on": [dt.date(2024, 4, 1)]}
    )
    enrolments = pd.DataFrame(
        {"staff_id": ["s"], "module": ["m"], "session": ["1"], "held_on": [dt.date(2024, 4, 1)]}
    )
    frames = {"sites": sites, "tickets": tickets, "staff": staff, "enrolments": enrolments}
    return {name: arrow(name, frame) for name, frame in frames.items()}


def test_planted_inconsistencies_are_counted(given):
    found = assess_quality(given)
    broken = found.tables["quality_rules"].set_index(["table", "rule"])["broken"]
    assert broken["tickets", "orphan"] == 1
    assert broken["tickets", "resolved_before_opened"] == 1
    assert broken["staff", "left_before_hired"] == 1
    assert broken["enrolments", "held_before_hired"] == 1
    assert broken["sites", "repeated_key"] == 0
    failed = {c.id for c in found.checks if c.status == "failed"}
    assert "baseline.quality.tickets.orphan.site_id" in failed


@pytest.mark.parametrize(
    ("rows", "broken", "status"),
    [(100, 0, "passed"), (150, 1, "caution"), (100, 1, "caution"), (100, 2, "failed")],
)
def test_more_than_one_row_of_a_hundred_fails(rows, broken, status):
    sites = pd.DataFrame({"site_id": ["a"], "site_name": ["甲"]})
    orders = pd.DataFrame(
        {
            "ticket_id": [str(number) for number in range(rows)],
            "site_id": ["z"] * broken + ["a"] * (rows - broken),
            "opened_at": [utc(2024, 1, 2)] * rows,
        }
    )
    found = assess_quality({"sites": arrow("sites", sites), "tickets": arrow("tickets", orders)})
    (check,) = (c for c in found.checks if c.id == "baseline.quality.tickets.orphan.site_id")
    assert (check.status, check.value) == (status, broken / rows)


def test_absent_tables_are_named_and_open_tickets_are_not_incomplete(given):
    found = assess_quality(given)
    absent = {c.dims["table"] for c in found.checks if c.status == "not_possible"}
    assert absent == set(tables.TABLES) - set(given) - NEVER_MISSED
    columns = found.tables["quality_columns"].set_index(["table", "column"])
    assert not columns.loc[("tickets", "resolved_at"), "judged"]
    assert columns.loc[("tickets", "resolved_at"), "completeness"] == pytest.approx(2 / 3)


def test_no_tables_at_all():
    found = assess_quality({})
    assert {c.status for c in found.checks} == {"not_possible"}


def _surveys():
    rows = [
        # 2024-01-31 20:00 UTC is February in Shanghai
        ("r1", "q1", "a", utc(2024, 1, 31, 20), "wechat", 5.0),
        ("r1", "q2", "a", utc(2024, 1, 31, 20), "wechat", None),
        ("r2", "q1", "a", utc(2024, 2, 3), "wechat", 4.0),
        ("r3", "q1", "a", utc(2024, 2, 3), "wechat", None),
        ("r4", "q1", "b", utc(2024, 2, 3), "phone", 4.0),
    ]
    columns = ["response_id", "item", "site_id", "answered_at", "channel", "score"]
    frame = pd.DataFrame(rows, columns=columns).assign(instrument="csat")
    return arrow("surveys", frame)


def _invitations(phone):
    return arrow(
        "invitations",
        pd.DataFrame(
            {
                "site_id": ["a", "b"],
                "month": [dt.date(2024, 2, 1)] * 2,
                "channel": ["wechat", "phone"],
                "invited": [10, phone],
            }
        ),
    )


def test_return_counts_use_local_months_and_ignore_blank_sheets():
    counts = return_counts(_surveys(), _invitations(4), timezone="Asia/Shanghai")
    got = counts.set_index(["site_id", "period"])[["invited", "returned"]]
    february = 2024 * 12 + 1
    assert tuple(got.loc[("a", february)]) == (10, 2)
    assert tuple(got.loc[("b", february)]) == (4, 1)


def test_return_rate_is_compared_with_the_line():
    found = assess_response(_surveys(), _invitations(4), timezone="Asia/Shanghai")
    assert found.estimate("baseline.return_rate.overall").value == pytest.approx(3 / 14)
    line = found.checks[0]
    assert (line.status, line.params["below"]) == ("failed", 2)


def test_more_returned_than_sent_is_said():
    found = assess_response(_surveys(), _invitations(0), timezone="Asia/Shanghai")
    counts = next(c for c in found.checks if c.id == "baseline.response.counts")
    assert (counts.status, counts.params["stray"]) == ("caution", 1)


@pytest.mark.parametrize(("surveys", "invitations"), [(None, None), (_surveys(), None)])
def test_absent_tables(surveys, invitations):
    found = assess_response(surveys, invitations, timezone="Asia/Shanghai")
    assert found.checks[0].status == "not_possible"
