"""A month that nobody recorded is missing from counts as from response times, not zero."""

import datetime as dt

import pandas as pd
import pytest

from analysis import indicators
from analysis.indicators import build_panel, known_in_part, silent_months
from analysis.monitoring.control_charts.rare_events import assess_rare
from analysis.monitoring.control_charts.weekly import weekly_tickets
from analysis.tables import period_of

ZONE = "Asia/Shanghai"
FIRST, GAP, LAST = "2024-01", "2024-03", "2024-06"
MONTHS = [f"2024-0{m}" for m in range(1, 7)]


def number(month):
    return period_of(dt.date.fromisoformat(f"{month}-01"))


def tickets(counts, kind="repair"):
    """Return tickets from counts by site and month, a day apart."""
    rows = [
        (f"{site}{month}{kind}{i}", site, kind, pd.Timestamp(f"{month}-{i % 28 + 1:02d}T02:00:00Z"))
        for (site, month), count in counts.items()
        for i in range(count)
    ]
    frame = pd.DataFrame(rows, columns=["ticket_id", "site_id", "kind", "opened_at"])
    answered = frame["opened_at"] + pd.Timedelta(minutes=10)
    return frame.assign(first_response_at=answered)


def panel(*frames):
    sites = pd.DataFrame(
        {"site_id": ["A", "B"], "site_name": ["A", "B"], "households": [1000, 500]}
    )
    return build_panel(
        {"tickets": pd.concat(frames), "sites": sites},
        client_timezone=ZONE,
        first=FIRST,
        last=LAST,
    )


def months_of(cells, indicator, site):
    rows = cells.query("indicator == @indicator and stratum == '' and site_id == @site")
    return dict(zip(rows["period"], rows["value"], strict=True))


@pytest.fixture(scope="module")
def gap():
    """Everybody's March is missing; B has neither complaint nor repair in April."""
    counts = {(s, m): 20 for s in "AB" for m in MONTHS if m != GAP and (s, m) != ("B", "2024-04")}
    complaints = {("A", "2024-01"): 2, ("A", "2024-06"): 1, ("B", "2024-02"): 1, ("B", LAST): 1}
    return panel(tickets(counts), tickets(complaints, "complaint"))


@pytest.mark.parametrize("indicator", ["tickets_per_1000", "complaints_per_1000"])
def test_counts_lack_the_month_as_response_times_do(gap, indicator):
    found = months_of(gap, indicator, "A")
    assert number(GAP) not in found
    assert set(found) == set(months_of(gap, "response_within_30min", "A"))


def test_a_month_without_tickets_at_one_site_is_zero(gap):
    assert months_of(gap, "tickets_per_1000", "B")[number("2024-04")] == 0.0
    # Nobody complained anywhere in February but at B, nor in May: the list was kept.
    assert months_of(gap, "complaints_per_1000", "A")[number("2024-05")] == 0.0
    assert months_of(gap, "complaints_per_1000", "B")[number("2024-05")] == 0.0


def test_a_list_of_few_complaints_keeps_its_zeros():
    counts = {("A", "2024-01"): 2, ("A", "2024-03"): 1, ("B", "2024-01"): 1, ("B", LAST): 1}
    found = months_of(panel(tickets(counts, "complaint")), "complaints_per_1000", "B")
    assert found == {number(m): 2.0 if m in (FIRST, LAST) else 0.0 for m in MONTHS}


def test_how_few_is_few():
    # Of six months with three rows in each that has any, 6 exp(-3) = 0.3 are empty by chance; of
    # six with five, 6 exp(-5) = 0.04.
    assert silent_months({1: 3, 2: 3, 4: 3, 5: 3, 6: 3}) == ()
    assert silent_months({1: 5, 2: 5, 4: 5, 5: 5, 6: 5}) == (3,)
    assert silent_months({}) == silent_months({7: 50}) == ()


def test_cases_followed_into_a_silent_month_are_not_known():
    fcr, gap = indicators.get("fcr"), number(GAP)
    months = [number(m) for m in MONTHS if m != GAP]
    begins, ends = dt.date(2024, 1, 1), dt.date(2024, 12, 31)
    assert known_in_part(months, fcr, begins=begins, ends=ends) == ()
    found = known_in_part(months, fcr, begins=begins, ends=ends, silent=(gap,))
    assert found == (gap - 1,)
    repeated = indicators.get("repeat_complaint_30d")
    found = known_in_part(months, repeated, begins=dt.date(2023, 1, 1), ends=ends, silent=(gap,))
    assert found == (gap + 1,)


def test_weeks_of_a_silent_month_are_left_out():
    kept = tickets({(s, m): 28 for s in "AB" for m in MONTHS if m != GAP})
    weeks = weekly_tickets(kept, timezone=ZONE, until=dt.date(2024, 6, 30))
    assert (weeks["opened"] > 0).all()
    # 25 February to 3 March and 25 to 31 March reach into March.
    found = set(weeks["week"].dt.date)
    assert dt.date(2024, 2, 19) in found
    assert dt.date(2024, 4, 1) in found
    assert not any(dt.date(2024, 2, 20) < day < dt.date(2024, 4, 1) for day in found)


def test_no_gap_between_complaints_reaches_across_a_silent_month():
    kept = tickets({(s, m): 8 for s in "AB" for m in MONTHS if m != GAP}, "complaint")
    found = assess_rare(kept, start=dt.date(2024, 5, 1), timezone=ZONE, until=dt.date(2024, 6, 30))
    # Eight on the first eight days of five months; February to April is no gap.
    days = found.table("rare_gaps").groupby("subject")["value"].agg(["size", "max"])
    assert days["size"].tolist() == [38, 38]
    assert days["max"].max() == 24.0
