"""People decide on a report after the data that it rests on have ended; that counts."""

import datetime as dt

import pandas as pd

from analysis.monitoring import merge, with_states
from analysis.results import Alert
from analysis.value import ACTION_SHEET, carry_over, propose
from analysis.workspace.opening.decided import known_by

EARLIER, LAST = dt.date(2024, 3, 31), dt.date(2024, 6, 30)
ALERT = Alert(
    id="monitoring.alert.site_low.P1", rule="site_low", grade=2, message="m",
    response="monitoring.alert.site_low.response", subject="P1", n=40, value=0.6,
    owner="monitoring.owner.site_manager", due_on="2024-07-14",
)  # fmt: skip


def decisions(*columns, **cells):
    return pd.DataFrame([{**dict.fromkeys(columns, ""), **cells}])


def test_an_alert_acknowledged_after_the_last_day_is_acknowledged():
    made = decisions(
        "note", "decided_by", state="acknowledged",
        decided_on="2024-07-10", alert_id=ALERT.id,
    )  # fmt: skip
    unknown = merge(None, [ALERT], made, on=LAST)
    known = merge(None, [ALERT], known_by(made, LAST), on=LAST)
    assert with_states([ALERT], unknown)[0].state == "open"  # what looking back must see
    assert with_states([ALERT], known)[0].state == "acknowledged"
    assert made["decided_on"].tolist() == ["2024-07-10"]  # the sheet keeps its day


def test_an_action_done_after_the_last_day_is_done():
    made = decisions(
        *ACTION_SHEET.columns, action_id="site_low:P1", state="done",
        decided_on="2024-07-10",
    )  # fmt: skip
    runs = [(EARLIER, propose([ALERT], on=EARLIER))]
    (row,) = carry_over(runs, known_by(made, LAST), on=LAST).to_dict("records")
    assert row["state"] == "done"


def test_blank_days_and_earlier_ones_stay():
    days = pd.DataFrame({"decided_on": ["", "2024-05-01", "2025-01-01"]})
    assert known_by(days, LAST)["decided_on"].tolist() == ["", "2024-05-01", "2024-06-30"]
