"""Working clocks against Python's own calendar, and shares within them counted by hand."""

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from analysis import indicators
from analysis.client.outcomes import Clock, Outcome
from analysis.indicators.clocks import worked_seconds
from analysis.indicators.engine import connect

ZONE = "Asia/Shanghai"
CLOCKS = [
    Clock(),
    Clock(start="08:30", end="20:00"),
    Clock(start="09:00", end="18:00", days=(1, 2, 3, 4, 5)),
    Clock(start="09:00", end="18:00", days=(1, 2, 6), holidays=("2024-02-10", "2024-02-12")),
]


def by_minutes(start: dt.datetime, end: dt.datetime, clock: Clock) -> int:
    """Count minute by minute, as a person would."""
    low, high = clock.seconds
    moment, found = start, 0
    while moment < end:
        second = moment.hour * 3600 + moment.minute * 60
        runs = moment.isoweekday() in clock.days and moment.date() not in clock.holidays
        found += 60 * (runs and low <= second < high)
        moment += dt.timedelta(minutes=1)
    return found


@pytest.mark.parametrize("clock", CLOCKS)
def test_the_clock_reads_as_counted_minute_by_minute(clock):
    rng = np.random.default_rng(5)
    opened = pd.Timestamp("2023-12-28", tz=ZONE) + pd.to_timedelta(
        rng.integers(0, 90 * 1440, 20), "min"
    )
    closed = opened + pd.to_timedelta(rng.integers(0, 9 * 1440, 20), "min")
    tickets = pd.DataFrame(
        {
            "ticket_id": [f"t{i}" for i in range(20)],
            "site_id": "A",
            "opened_at": opened.tz_convert("UTC"),
            "resolved_at": closed.tz_convert("UTC"),
        }
    )
    with connect("duckdb", timezone=ZONE) as engine:
        engine.read({"tickets": tickets})
        rows = engine.table("tickets")
        found = engine.execute(
            rows.select("ticket_id", y=worked_seconds(rows.opened_at, rows.resolved_at, clock))
        )
    read = [
        by_minutes(a.to_pydatetime(), b.to_pydatetime(), clock)
        for a, b in zip(opened, closed, strict=True)
    ]
    assert found.set_index("ticket_id")["y"].reindex(tickets["ticket_id"]).tolist() == read


def at(text: str) -> pd.Timestamp:
    return pd.Timestamp(dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)))


TICKETS = pd.DataFrame(
    [
        # opened in the evening, answered next morning: 20 minutes of the clock
        ("t1", "enquiry", "小事", at("2024-01-02 19:50"), at("2024-01-03 08:10"), None),
        ("t2", "enquiry", "小事", at("2024-01-03 10:00"), at("2024-01-03 12:30"), 40.0),
        ("t3", "enquiry", "小事", at("2024-01-03 10:00"), at("2024-01-03 12:30"), None),
        ("t4", "enquiry", "大事", at("2024-01-03 10:00"), at("2024-01-03 10:05"), None),
        ("t5", "enquiry", "小事", at("2024-01-05 10:00"), pd.NaT, None),  # two hours ran out
        ("t6", "repair", "小事", at("2024-01-05 19:00"), pd.NaT, None),  # still may be in time
    ],
    columns=["ticket_id", "kind", "category", "opened_at", "resolved_at", "paused_minutes"],
).assign(site_id="A")


def test_simple_matters_within_two_hours_by_hand():
    outcome = Outcome(
        of="on_time",
        within=120,
        categories="小事",
        clock=Clock(start="08:00", end="20:00"),
        title={"en": "Simple matters solved in two hours"},
    )
    entry = indicators.declared._entry("simple_2h", outcome)
    tickets = TICKETS.assign(
        **{c: pd.to_datetime(TICKETS[c], utc=True) for c in ("opened_at", "resolved_at")}
    )
    panel = indicators.build_panel(
        {"tickets": tickets},
        client_timezone=ZONE,
        first="2024-01",
        last="2024-01",
        indicators={"simple_2h": entry},
    )
    (cell,) = panel.itertuples()
    # t1 in 20 minutes, t2 in 150 less 40; t3 in 150, t5 in no time; t6 has an hour left
    assert (cell.total, cell.n) == (2, 4)


@pytest.mark.parametrize(
    "wrong",
    [
        {"until": "reply"},
        {"within": 30, "clock": {"start": "20:00", "end": "08:00"}},
        {"within": 30, "clock": {"days": []}},
        {"within": 30, "clock": {"days": [1, 1]}},
    ],
)
def test_a_clock_that_cannot_run_is_refused(wrong):
    with pytest.raises(ValueError, match=r"clock|within"):
        Outcome(of="on_time", title={"en": "X"}, **wrong)
