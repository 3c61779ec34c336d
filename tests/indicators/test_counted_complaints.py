"""Complaints that a client counts by month: a rate as from a list, and no zeros made up."""

import pandas as pd
import pytest

from analysis import build_panel

SITES = pd.DataFrame({"site_id": ["A", "B"], "site_name": ["A", "B"], "households": [500, 2000]})
COUNTS = pd.DataFrame(
    {
        "site_id": ["A", "A", "A", "B"],
        "month": pd.to_datetime(["2024-01-01", "2024-03-01", "2024-03-01", "2024-01-01"]).date,
        "kind": ["complaint", "complaint", "repair", "repair"],
        "tickets": [3, 0, 9, 4],
    }
)


def panel_of(**tables):
    return build_panel(tables, client_timezone="Asia/Shanghai", first="2024-01", last="2024-04")


def test_the_rate_is_the_count_per_thousand_households():
    found = panel_of(sites=SITES, ticket_counts=COUNTS)
    assert set(found["indicator"]) == {"complaints_per_1000"}
    rows = found.set_index(["site_id", "period"])
    january, march = 2024 * 12, 2024 * 12 + 2
    assert rows.loc[("A", january), "value"] == pytest.approx(3 / 500 * 1000)
    assert rows.loc[("A", march), "value"] == 0.0
    assert len(rows) == 2  # no February, and nothing of B, whose complaints nobody counted


def test_a_list_of_tickets_takes_its_place():
    tickets = pd.DataFrame(
        {
            "ticket_id": ["1"],
            "site_id": ["A"],
            "kind": ["complaint"],
            "opened_at": pd.to_datetime(["2024-01-15"], utc=True),
        }
    )
    found = panel_of(sites=SITES, ticket_counts=COUNTS, tickets=tickets)
    rates = found[found["indicator"] == "complaints_per_1000"]
    assert rates["total"].tolist() == [1.0]
