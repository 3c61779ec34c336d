"""What customers say of the time to a reply, against the ticket log, counted by hand."""

import pandas as pd
import pytest

from analysis.measurement.reply_reports import assess_reply_reports, late_in_log

MARCH = pd.Timestamp("2024-03-05 02:00", tz="UTC")


def reports(answers, *, at=MARCH):
    """Answers by site: True is over 24 hours, None nothing to report."""
    rows = [(site, said) for site, given in answers.items() for said in given]
    frame = pd.DataFrame(rows, columns=["site_id", "over_24h"]).astype({"over_24h": "boolean"})
    return frame.assign(report_id=[f"h{i}" for i in range(len(frame))], answered_at=at)


def tickets(hours, *, kind="complaint", at=MARCH):
    """Hours to the first reply by site; None is still waiting."""
    rows = [
        {
            "site_id": site,
            "kind": kind,
            "opened_at": at,
            "first_response_at": pd.NaT if h is None else at + pd.Timedelta(hours=h),
            "resolved_at": pd.NaT,
        }
        for site, waits in hours.items()
        for h in waits
    ]
    frame = pd.DataFrame(rows)
    times = ["opened_at", "first_response_at", "resolved_at"]
    return frame.assign(**{name: pd.to_datetime(frame[name], utc=True) for name in times})


LATER = tickets({"A": [1]}, at=MARCH + pd.Timedelta(days=60))
"""By its opening the data end two months later."""


def test_waiting_requests_are_late_once_a_day_has_passed_and_praise_is_no_request():
    log = pd.concat([tickets({"A": [1, 30, None]}), tickets({"A": [40]}, kind="praise"), LATER])
    counted = late_in_log(log, timezone="Asia/Shanghai")
    march = counted[counted["period"] == 2024 * 12 + 2]
    assert march[["late", "n"]].to_numpy().tolist() == [[2, 3]]
    fresh = late_in_log(tickets({"A": [1, None]}))  # nothing known of the one still waiting
    assert fresh[["late", "n"]].to_numpy().tolist() == [[0, 1]]


def test_shares_of_the_same_sites_and_months_stand_side_by_side():
    said = reports({s: [True, True, False, False, None] for s in "ABCDEF"})
    log = pd.concat([tickets({s: [1] * 19 + [30] for s in "ABCDEF"}), LATER])
    elsewhere = tickets({"Z": [50] * 30})
    found = assess_reply_reports(said, pd.concat([log, elsewhere]))
    table = found.table("reply_reports").set_index("source")
    assert table.loc["survey", ["late", "n", "value"]].tolist() == [12, 24, 0.5]
    assert table.loc["log", ["late", "n", "value"]].tolist() == [6, 120, pytest.approx(0.05)]
    assert table.loc["difference", "value"] == pytest.approx(0.45)
    # Sites do not differ at all, and yet the interval is that of as many single answers.
    assert 0 < table.loc["difference", "ci_low"] < 0.45 < table.loc["difference", "ci_high"] < 1
    (check,) = found.checks
    assert (check.status, check.reason.rpartition(".")[2]) == ("caution", "more_said")


def test_a_difference_within_sampling_error_is_no_finding():
    said = reports({s: [True, False, False] for s in "ABCD"})
    log = pd.concat([tickets({s: [1, 30, 2] for s in "ABCD"}), LATER])
    (check,) = assess_reply_reports(said, log).checks
    assert (check.status, check.reason.rpartition(".")[2]) == ("passed", "alike")
    fewer = reports({s: [False] * 40 for s in "ABCD"})
    more = pd.concat([tickets({s: [1, 30, 2] * 10 for s in "ABCD"}), LATER])
    (check,) = assess_reply_reports(fewer, more).checks
    assert check.reason.rpartition(".")[2] == "more_logged"


def test_nothing_is_asked_of_a_client_without_the_question_and_no_log_is_said():
    assert assess_reply_reports(None, LATER).checks == ()
    said = reports({"A": [True, False]})
    (check,) = assess_reply_reports(said, None).checks
    assert check.reason.endswith("no_log")
    (check,) = assess_reply_reports(said, LATER).checks
    assert check.reason.endswith("apart")
