"""Other changes at sites: listed with their arm, compared between arms."""

import datetime as dt

import pandas as pd

from analysis.monitoring import assess_events

SINCE = dt.date(2024, 3, 1)
ARMS = pd.Series({f"s{i:02d}": "treated" if i < 20 else "comparison" for i in range(40)})


def events(*rows):
    columns = ["site_id", "change", "happened_on"]
    return pd.DataFrame(rows, columns=columns).assign(event_id=range(len(rows)), name="x")


def test_what_happened_before_or_everywhere_disturbs_no_comparison():
    found = assess_events(
        events(
            (None, "service_standard", dt.date(2024, 5, 1)),
            ("s01", "takeover", dt.date(2024, 2, 29)),
            ("s02", "takeover", dt.date(2024, 3, 1)),
            ("s30", "price", dt.date(2024, 9, 1)),
        ),
        ARMS,
        since=SINCE,
    )
    (check,) = found.checks
    assert (check.status, check.value) == ("passed", 0.0)
    assert check.params["everywhere"] == 1
    assert (check.params["trained"], check.params["others"]) == (1, 1)
    table = found.table("events")
    assert table["arm"].tolist() == ["comparison", "all", "treated", "treated"]
    assert table["since"].tolist() == [True, True, True, False]


def test_changes_that_gather_at_trained_sites_are_told():
    rows = [(f"s{i:02d}", "management", dt.date(2024, 6, 1)) for i in range(12)]
    (check,) = assess_events(events(*rows, *rows), ARMS, since=SINCE).checks
    assert (check.status, check.value) == ("caution", 12 / 20)  # twice at a site is one site


def test_a_few_sites_cannot_show_that_nothing_gathered():
    """At 2 of 5 against 4 of 9 the difference may be forty points either way: no pass."""
    arms = pd.Series({f"s{i}": "treated" if i < 5 else "comparison" for i in range(14)})
    rows = [(f"s{i}", "management", dt.date(2024, 6, 1)) for i in (0, 1, 6, 7, 8, 9)]
    (check,) = assess_events(events(*rows), arms, since=SINCE).checks
    assert (check.status, check.reason) == ("not_possible", "monitoring.check.events.open")
    assert check.params["low"] < 0 < check.params["high"]


def test_without_a_list_or_a_comparison_nothing_is_judged():
    (check,) = assess_events(None, ARMS, since=SINCE).checks
    assert check.status == "not_possible"
    one = assess_events(events(("s01", "price", SINCE)), ARMS[:20], since=SINCE)
    assert [c.status for c in one.checks] == ["not_possible"]
    assert len(one.table("events")) == 1
