"""Every kind of outcome that a client may declare, against a count by hand."""

import hand_counted as hand
import pandas as pd
import pytest
from hand_counted import APR, FEB, JAN, MAR, at, day

from analysis import indicators
from analysis.client import Client
from analysis.indicators import registry

OUTCOMES = {
    "staff_score": {"of": "item", "item": "q_staff"},
    "staff_satisfied": {"of": "item", "item": "q_staff", "statistic": "satisfied"},
    "expertise": {"of": "dimension", "dimension": "expertise"},
    "mystery": {"of": "rating", "rater_role": "mystery_shopper"},
    "care_by_peers": {"of": "rating", "rater_role": "peer", "dimension": "care"},
    "stars": {"of": "ticket_rating"},
    "good_stars": {"of": "ticket_rating", "statistic": "satisfied", "kinds": "complaint"},
    "in_time": {"of": "on_time"},
    "active": {"of": "crm_usage", "measure": "active_share"},
    "days_used": {"of": "crm_usage", "measure": "active_days"},
    "records": {"of": "crm_usage", "measure": "records_per_user"},
    "functions": {"of": "crm_usage", "measure": "functions"},
    "later_test": {"of": "test", "occasion": "follow_up"},
    "kept_points": {"of": "test", "occasion": "follow_up", "statistic": "retained"},
}

# {indicator: {(site, month): (value, n, total, total_sq, exposure)}}
EXPECTED = {
    # s1 and s2 answered 1 and 4.
    "staff_score": {("A", JAN): (2.5, 2, 5, 17, 2)},
    "staff_satisfied": {("A", JAN): (0.5, 2, 1, 1, 2)},
    # s1: (1 + 4) / 2; s2: 4, its second item is blank.
    "expertise": {("A", JAN): (3.25, 2, 6.5, 22.25, 2)},
    "mystery": {("A", MAR): (80, 1, 80, 6400, 1)},
    "care_by_peers": {("A", MAR): (4, 1, 4, 16, 1)},
    # t06 is praise and does not count; t02 and t03 are complaints.
    "stars": {("A", JAN): (3, 3, 9, 29, 3)},
    "good_stars": {("A", JAN): (0.5, 2, 1, 1, 2)},
    # t01 to the second; t02 a second late; t08 never; t10 is due after the end: not yet known;
    # t11 was resolved before that and counts.
    "in_time": {
        ("A", JAN): (0.5, 2, 1, 1, 2),
        ("A", MAR): (0, 1, 0, 0, 1),
        ("A", APR): (1, 1, 1, 1, 1),
    },
    "active": {("A", JAN): (0.6, 10, 6, 6, 10), ("A", FEB): (0.8, 10, 8, 8, 10)},
    "days_used": {("A", JAN): (4.5, 10, 45, 202.5, 10)},
    "records": {("A", JAN): (12, 10, 120, 1440, 10), ("A", FEB): (20, 10, 200, 4000, 10)},
    "functions": {
        ("A", JAN): (7, 1, 7, 49, 1),
        ("A", FEB): (9, 1, 9, 81, 1),
        ("B", JAN): (3, 1, 3, 9, 1),
    },
    # Resits never count.
    "later_test": {("A", APR): (70, 2, 140, 9850, 2), ("B", APR): (60, 1, 60, 3600, 1)},
    # p1 65 of 70, p2 75 of 90; p3 has no score right after the training.
    "kept_points": {("A", APR): (140 / 160, 2, 140, 9850, 160)},
}


def declared(**changed):
    entries = {
        name: {"title": {"en": name}, **entry} for name, entry in {**OUTCOMES, **changed}.items()
    }
    return Client.model_validate(
        {
            "client": {"id": "x", "name": {"zh_CN": "甲", "en": "X"}},
            "period": {"first": hand.FIRST, "last": hand.LAST},
            "sources": [{"table": "sites", "files": "x.csv"}],
            "outcomes": entries,
        }
    )


@pytest.fixture(scope="module")
def tables():
    found = hand.everything()
    items = found["instruments"]
    items["dimension"] = items["item"].map({"q_staff": "expertise", "r1": "care"})
    more = {"instrument": "owner_v1", "item": "q_help", "role": "item", "dimension": "expertise"}
    found["instruments"] = pd.concat(
        [items, pd.DataFrame([more | {"scale_min": 1, "scale_max": 5}])], ignore_index=True
    )
    surveys = found["surveys"]
    extra = surveys[surveys["response_id"].isin(["s1", "s2"])].drop_duplicates("response_id")
    answers = [extra.assign(item="q_help", score=[4.0, None])]
    answers.append(extra[extra["response_id"] == "s2"].assign(item="q_staff", score=4.0))
    found["surveys"] = pd.concat([surveys, *answers], ignore_index=True)
    tickets = found["tickets"].set_index("ticket_id")
    tickets["rating"] = pd.Series({"t01": 3.0, "t02": 4.0, "t03": 2.0, "t06": 5.0})
    due = {
        "t01": "2024-01-01 02:00",
        "t02": "2024-01-01 11:59:59",
        "t08": "2024-03-21 08:00",
        "t10": "2024-05-01 08:00",
        "t11": "2024-05-02 08:00",
    }
    tickets["due_at"] = pd.to_datetime(pd.Series({k: at(v) for k, v in due.items()}), utc=True)
    found["tickets"] = tickets.reset_index()
    later = [
        ("p1", "m1", "follow_up", "written", 1, day("2024-04-10"), 65.0),
        ("p2", "m1", "follow_up", "written", 1, day("2024-04-10"), 75.0),
        ("p2", "m1", "follow_up", "written", 2, day("2024-04-20"), 100.0),
        ("p3", "m1", "follow_up", "written", 1, day("2024-04-10"), 60.0),
    ]
    attempts = found["assessments"]
    found["assessments"] = pd.concat(
        [attempts, pd.DataFrame(later, columns=attempts.columns)], ignore_index=True
    )
    return found


def build(tables, client):
    return indicators.build_panel(
        tables,
        client_timezone=hand.TIMEZONE,
        first=hand.FIRST,
        last=hand.LAST,
        indicators=indicators.of_client(client),
    )


@pytest.fixture(scope="module")
def panel(tables):
    return build(tables, declared())


@pytest.mark.parametrize("name", EXPECTED)
def test_counted_by_hand(panel, name):
    cells = panel[panel["indicator"] == name]
    columns = ["value", "n", "total", "total_sq", "exposure"]
    found = {
        (c.site_id, c.period): tuple(getattr(c, k) for k in columns) for c in cells.itertuples()
    }
    assert found.keys() == EXPECTED[name].keys()
    for cell, numbers in EXPECTED[name].items():
        assert found[cell] == pytest.approx(numbers), cell


def test_every_kind_and_measure_is_counted():
    assert EXPECTED.keys() == OUTCOMES.keys()
    assert {entry["of"] for entry in OUTCOMES.values()} == set(
        indicators.registry.Outcome.model_fields["of"].annotation.__args__
    )


def test_declared_scores_count_as_satisfied(tables):
    found = dict(tables)
    items = found["instruments"].assign(satisfied_min=None)
    items.loc[items["item"].isin(["q_all", "q_staff"]), "satisfied_min"] = 3.0
    found["instruments"] = items
    panel = build(found, declared()).set_index(["indicator", "site_id", "period"])["value"]
    # 5, 4 and 2 of five: with 3 to 5 two of three still; the 3 of February now counts.
    assert panel["csat_top2", "A", JAN] == pytest.approx(2 / 3)
    assert panel["csat_top2", "A", FEB] == 1
    assert panel["staff_satisfied", "A", JAN] == 0.5


def test_coverage_names_what_a_declared_outcome_lacks(tables):
    found = {name: table for name, table in tables.items() if name != "crm_usage"}
    client = declared()
    own = indicators.of_client(client)
    said = indicators.coverage(
        found, build(found, client), client_timezone=hand.TIMEZONE, indicators=own
    ).set_index("indicator")
    assert said.loc["active", "missing"] == "crm_usage"
    assert said.loc["in_time", "computed"]


def test_each_client_has_a_registry_of_its_own():
    one, other = (
        indicators.of_client(declared(stars={"of": "ticket_rating", "title": {"zh_CN": title}}))
        for title in ("甲", "乙")
    )
    with registry.using(one):
        with registry.using(other):
            assert registry.get("stars").title.zh_CN == "乙"
        assert registry.get("stars").title.zh_CN == "甲"
    assert "stars" not in registry.known()
    assert one["stars"].title.en == "甲 (in Chinese)"
    assert indicators.read(
        {name: entry.model_dump(mode="json") for name, entry in indicators.own(one).items()}
    ) == dict(one)


def test_declared_outcomes_carry_what_the_registry_carries():
    own = indicators.own(indicators.of_client(declared()))
    assert {name: (e.unit, e.level, e.primary, e.evaluator) for name, e in own.items()} == {
        "staff_score": ("score", 4, True, "customer"),
        "staff_satisfied": ("share", 4, True, "customer"),
        "expertise": ("score", 4, True, "customer"),
        "mystery": ("score", 3, True, "rater"),
        "care_by_peers": ("score", 3, True, "rater"),
        "stars": ("score", 4, True, "customer"),
        "good_stars": ("share", 4, True, "customer"),
        "in_time": ("share", 4, True, "system"),
        "active": ("share", 3, True, "system"),
        "days_used": ("days", 3, True, "system"),
        "records": ("records", 3, True, "system"),
        "functions": ("functions", 3, True, "system"),
        "later_test": ("points", 2, False, "assessor"),
        "kept_points": ("share", 2, False, "assessor"),
    }
