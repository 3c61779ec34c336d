"""Households that did not renew, counted by hand, and what a complaint's rating went with."""

import datetime as dt

import pandas as pd
import pytest

from analysis.measurement.households import assess_households, difference_over_sites

STARTS = pd.DataFrame(
    {"site_id": ["A", "B"], "arm": ["treated", "comparison"], "start": [2024.0 * 12 + 6] * 2}
)


def contract(number, site, household, due, renewed):
    return {
        "contract_id": f"k{number}",
        "site_id": site,
        "household_id": household,
        "due_on": dt.date.fromisoformat(due),
        "renewed": renewed,
    }


def complaint(household, day, rating, site="A", kind="complaint"):
    return {
        "kind": kind,
        "site_id": site,
        "household_id": household,
        "opened_at": pd.Timestamp(day, tz="Asia/Shanghai"),
        "resolved_at": pd.NaT,
        "rating": rating,
    }


def assess(contracts, tickets=None, **options):
    contracts = pd.DataFrame(contracts).astype({"renewed": "boolean"})
    if tickets is not None:
        tickets = pd.DataFrame(tickets)
        tickets["resolved_at"] = pd.to_datetime(tickets["resolved_at"], utc=True)
    return assess_households(contracts, tickets, STARTS, timezone="Asia/Shanghai", **options)


HAND = [
    contract(1, "A", "h1", "2024-03-31", False),
    contract(2, "A", "h2", "2024-08-31", True),
    contract(3, "A", "h3", "2024-07-01", False),  # on the first day since
    contract(4, "B", "h4", "2024-05-31", True),
    contract(5, "A", None, "2024-05-31", False),  # a shop
    contract(6, "B", "h6", "2024-08-31", None),  # undecided
]


def test_counts_are_those_counted_by_hand():
    table = assess(HAND).table("households").set_index("group")
    assert table[["n", "left"]].to_dict("index") == {
        "treated.before": {"n": 1, "left": 1},
        "treated.since": {"n": 2, "left": 1},
        "comparison.before": {"n": 1, "left": 0},
    }
    assert table.loc["treated.since", "value"] == 0.5


def test_the_latest_rated_complaint_of_the_year_before_counts():
    tickets = [
        complaint("h1", "2023-12-01", 5.0),
        complaint("h1", "2024-02-01", 1.0),  # later
        complaint("h2", "2023-08-01", 1.0),  # more than a year before
        complaint("h3", "2024-07-01", 1.0),  # not before the contract ended
        complaint("h4", "2024-05-01", 4.0, site="A"),  # another site's room of that name
        complaint("h4", "2024-05-01", 4.0, site="B"),
        complaint("h2", "2024-06-01", 1.0, kind="repair"),
    ]
    table = assess(HAND, tickets).table("households").set_index("group")
    assert table.loc["rated.badly", ["n", "left"]].tolist() == [1, 1]
    assert table.loc["rated.well", ["n", "left"]].tolist() == [1, 0]
    assert table.loc["rated.none", "n"] == 2


def world(left_badly, left_well):
    contracts, tickets = [], []
    for i in range(80):
        site, badly = "AB"[i % 2], i % 4 < 2
        share = left_badly if badly else left_well
        contracts.append(contract(i, site, f"h{i}", "2024-08-01", (i // 4) % 10 >= 10 * share))
        tickets.append(complaint(f"h{i}", "2024-03-01", 1.0 if badly else 5.0, site=site))
    return contracts, tickets


def test_an_association_is_told_with_its_interval_and_n():
    (check,) = assess(*world(0.6, 0.1)).checks
    assert check.status == "passed"
    assert check.reason.endswith("went_with")
    assert check.value == pytest.approx(0.5)
    assert check.params["low"] < 0.5 < check.params["high"]
    assert check.n == 80


def test_the_difference_holds_the_error_of_as_many_independent_contracts():
    contracts, _tickets = world(0.5, 0.5)
    rows = pd.DataFrame({"site_id": [c["site_id"] for c in contracts], "left": [1.0, 0.0] * 40})
    value, low, high = difference_over_sites(rows.iloc[:40], rows.iloc[40:])
    assert value == 0.0
    assert high - low > 2 * 1.96 * (2 * 0.25 / 42) ** 0.5 * 0.99
    one = rows.assign(site_id="A")
    assert difference_over_sites(one.iloc[:40], one.iloc[40:]) is None


@pytest.mark.parametrize(
    ("contracts", "tickets", "why"),
    [
        ([HAND[4]], None, "no_households"),
        ([HAND[5]], None, "no_households"),
        (HAND, None, "no_ratings"),
        (HAND, [complaint("h1", "2024-02-01", 1.0)], "few"),
    ],
)
def test_what_cannot_be_told_is_an_answer(contracts, tickets, why):
    (check,) = assess(contracts, tickets).checks
    assert check.status == "not_possible"
    assert check.reason.endswith(f".{why}")


def test_nothing_without_contracts():
    found = assess_households(None, None, STARTS, timezone="Asia/Shanghai")
    assert found.checks[0].reason.endswith("no_households")
    assert not found.tables


def test_inputs_are_not_changed():
    contracts, tickets = map(pd.DataFrame, world(0.6, 0.1))
    before = contracts.copy(), tickets.copy()
    assess(contracts, tickets)
    pd.testing.assert_frame_equal(contracts, before[0])
    pd.testing.assert_frame_equal(tickets, before[1])
