"""Ratings by dimension and role, and their composite under several weights."""

import pandas as pd
import pytest

from analysis.measurement.agreement import rating_rows
from analysis.measurement.role_weights import assess_role_weights, by_dimension, composites

INSTRUMENTS = pd.DataFrame(
    {
        "instrument": ["v1", "v1"],
        "item": ["b1", "b2"],
        "dimension": ["initiative", "teamwork"],
    }
)
DIMENSIONS = {("v1", "b1"): "initiative", ("v1", "b2"): "teamwork"}
WEIGHTS = {"supervisor": 0.5, "peer": 0.3, "customer": 0.2}


def ratings(scores):
    """Scores of b1 and b2 by person and role, one rater each."""
    rows = [
        (f"{person}-{role}", person, "AB"[i % 2], role, f"{role}1", item, float(score))
        for i, (person, given) in enumerate(scores.items())
        for role, both in given.items()
        for item, score in zip(("b1", "b2"), both, strict=True)
    ]
    columns = ["rating_id", "ratee_id", "site_id", "rater_role", "rater_id", "item", "score"]
    return pd.DataFrame(rows, columns=columns).assign(instrument="v1", rated_on="2024-01-05")


TWO = ratings(
    {
        "p1": {"supervisor": (4, 2), "peer": (3, 3), "customer": (5, 1), "self": (5, 5)},
        "p2": {"supervisor": (2, 4), "peer": (1, 1), "customer": (3, 3)},
        "p3": {"supervisor": (5, 5)},
    }
)


def test_each_role_has_a_level_by_dimension():
    table = by_dimension(rating_rows(TWO), DIMENSIONS).set_index(["dimension", "role"])
    row = table.loc[("initiative", "supervisor")]
    assert (row["n"], row["mean"]) == (3, pytest.approx(11 / 3))
    assert table.loc[("teamwork", "peer"), "mean"] == pytest.approx(2.0)


def test_the_composite_takes_the_weights_and_people_rated_by_every_role():
    rows = rating_rows(TWO)
    table = composites(rows[rows["role"] != "self"], DIMENSIONS, WEIGHTS)
    table = table.set_index(["dimension", "weighting"])
    stated = table.loc[("initiative", "stated")]
    by_hand = [0.5 * 4 + 0.3 * 3 + 0.2 * 5, 0.5 * 2 + 0.3 * 1 + 0.2 * 3]
    assert (stated["n"], stated["roles"]) == (2, 3)
    assert stated["mean"] == pytest.approx(sum(by_hand) / 2)
    assert table.loc[("initiative", "equal"), "mean"] == pytest.approx((4 + 2) / 2)
    without = table.loc[("initiative", "without.customer"), "mean"]
    assert without == pytest.approx(((0.5 * 4 + 0.3 * 3) + (0.5 * 2 + 0.3 * 1)) / 0.8 / 2)
    whole = (3 * 0.5 + 3 * 0.3 + 3 * 0.2) + (3 * 0.5 + 1 * 0.3 + 3 * 0.2)
    assert table.loc[("", "stated"), "mean"] == pytest.approx(whole / 2)


def test_ranks_that_hang_on_the_weights_call_for_caution():
    alike = {f"p{i}": {"supervisor": (i, i), "peer": (i, i)} for i in range(1, 10)}
    found = assess_role_weights(ratings(alike), INSTRUMENTS, {})
    assert (found.checks[0].status, found.checks[0].value) == ("passed", pytest.approx(1.0))
    apart = {f"p{i}": {"supervisor": (i, i), "peer": (10 - i, 5)} for i in range(1, 10)}
    found = assess_role_weights(ratings(apart), INSTRUMENTS, {"supervisor": 0.7, "peer": 0.3})
    assert found.checks[0].status == "caution"
    assert found.checks[0].params["people"] == 9


def test_one_role_or_too_few_people_give_no_verdict():
    assert assess_role_weights(None, INSTRUMENTS, {}).checks[0].status == "not_possible"
    assert assess_role_weights(TWO, INSTRUMENTS, WEIGHTS).checks[0].status == "not_possible"
    bosses = TWO[TWO["rater_role"].isin(["supervisor", "self"])]
    found = assess_role_weights(bosses, None, WEIGHTS)
    assert found.checks[0].reason == "measurement.reason.one_role"
    assert found.table("role_composites").empty
