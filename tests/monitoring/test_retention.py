"""Follow-up tests are compared person by person, at the month they were sat."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.monitoring.training.retention import assess_retention, followed, retention

START = dt.date(2024, 1, 10)


def sat(scores, module="m", form="written"):
    """Return assessments from person → {days after the course test: score}, 0 being that test."""
    rows = []
    for person, told in scores.items():
        for number, (days, score) in enumerate(sorted(told.items())):
            occasion = "post" if days == 0 else "follow_up"
            day = START + dt.timedelta(days=days)
            rows.append((person, module, occasion, form, max(1, number), day, score))
    columns = ["staff_id", "module", "occasion", "form", "attempt", "assessed_on", "score"]
    return pd.DataFrame(rows, columns=columns)


def test_paired_change_and_share_kept_by_hand():
    table = retention(
        followed(sat({"a": {0: 80, 30: 70}, "b": {0: 90, 31: 90}, "c": {0: 100, 29: 80}})), 5
    )
    (row,) = table.itertuples()
    assert (row.months, row.n, row.tested) == (1, 3, 5)
    assert (row.post, row.later, row.value) == (90.0, 80.0, -10.0)
    half = stats.t.ppf(0.975, 2) * 10 / np.sqrt(3)
    assert (row.ci_low, row.ci_high) == (pytest.approx(-10 - half), pytest.approx(-10 + half))
    assert row.kept == pytest.approx(240 / 270)
    left = np.array([170 / 190, 150 / 180, 160 / 170])
    se = np.sqrt(2 / 3 * ((left - left.mean()) ** 2).sum())
    assert row.kept_high == pytest.approx(240 / 270 + stats.t.ppf(0.975, 2) * se)


@pytest.mark.parametrize(
    ("days", "months"), [(20, 1), (60, 1), (61, 3), (130, 3), (150, 6), (400, 12)]
)
def test_the_nearest_month_counts(days, months):
    assert followed(sat({"a": {0: 80, days: 70}}))["months"].tolist() == [months]


def test_a_person_counts_once_and_only_where_tested_both_times():
    one = sat({"a": {0: 80, 90: 70}, "b": {0: 60}})
    two = sat({"a": {0: 90, 95: 90}, "c": {90: 50}}, module="n")
    pairs = followed(pd.concat([one, two]))
    assert pairs.to_dict("records") == [{"staff_id": "a", "months": 3, "post": 85.0, "later": 80.0}]


def test_months_apart_are_rows_and_a_loss_calls_for_a_refresher():
    people = {f"p{n}": {0: 80 + n, 30: 79 + n, 180: 60 + 2 * n} for n in range(9)}
    found = assess_retention(sat(people))
    assert found.table("retention")["months"].tolist() == [1, 6]
    (check,) = found.checks
    assert (check.status, check.n, check.params["months"]) == ("caution", 9, 6)
    kept = {f"p{n}": {0: 80 + n, 30: 80 + n + (-1) ** n} for n in range(9)}
    assert assess_retention(sat(kept)).checks[0].status == "passed"


def test_one_person_no_follow_up_no_tests_and_no_days():
    one = assess_retention(sat({"a": {0: 80, 30: 70}}))
    assert one.checks[0].reason == "monitoring.check.retention.few"
    assert one.table("retention")["ci_low"].isna().all()
    for nothing in (
        None,
        sat({"a": {0: 80}}),
        sat({"a": {0: 80, 30: 70}}).assign(assessed_on=None),
    ):
        (check,) = assess_retention(nothing).checks
        assert (check.status, check.reason, check.remedy) == (
            "not_possible", "monitoring.check.retention.none", None,
        )  # fmt: skip


def test_all_alike_and_a_test_of_no_points():
    table = retention(followed(sat({f"p{n}": {0: 80, 30: 80} for n in range(8)})), 8)
    assert table[["value", "kept"]].to_numpy().tolist() == [[0.0, 1.0]]
    table = retention(followed(sat({f"p{n}": {0: 0, 30: 0} for n in range(8)})), 8)
    assert np.isnan(table["kept"].iloc[0])
