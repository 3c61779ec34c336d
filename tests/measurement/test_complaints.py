"""Subjects and posts of complaints: shares by hand, intervals that count sites, two coders."""

import math

import numpy as np
import pandas as pd
import pytest

from analysis.measurement import assess_complaints, share_over_sites, wilson

SUBJECTS = ("attitude", "noise")
STARTS = pd.DataFrame(
    {"site_id": ["a", "b", "c"], "arm": ["treated", "treated", "comparison"], "start": 24289}
)  # running month of February 2024


def ticket(site, day, subject, staff="p1", kind="complaint", second=None):
    return {
        "site_id": site,
        "opened_at": pd.Timestamp(day, tz="Asia/Shanghai").tz_convert("UTC"),
        "kind": kind,
        "category": subject,
        "second_category": second,
        "staff_id": staff,
    }


def assess(rows, staff=None):
    how = {"timezone": "Asia/Shanghai", "seed": 1}
    return assess_complaints(pd.DataFrame(rows), staff, STARTS, **how)


def test_shares_are_counted_by_arm_and_by_the_local_month():
    found = assess(
        [
            ticket("a", "2024-01-31 23:59", "attitude"),
            ticket("a", "2024-01-05", "noise"),
            ticket("b", "2024-01-05", "noise"),
            ticket("b", "2024-02-01 00:00", "attitude"),  # January still in UTC
            ticket("b", "2024-02-03", None),  # no subject
            ticket("c", "2024-01-03", "noise"),
            ticket("c", "2024-01-03", "noise", kind="praise"),
            ticket("elsewhere", "2024-01-03", "noise"),
        ]
    )
    table = found.table("complaint_categories").set_index(["arm", "when", "category"])
    assert table.loc[("treated", "before", "noise"), ["hits", "n", "sites"]].tolist() == [2, 3, 2]
    assert table.loc[("treated", "since", "attitude"), "value"] == 1.0
    assert table.loc[("comparison", "before", "noise"), "n"] == 1
    assert ("comparison", "since", "noise") not in table.index
    assert [c.reason for c in found.checks] == ["measurement.check.complaint_coding.unchecked"]


def test_posts_keep_the_unknown_as_unknown():
    staff = pd.DataFrame({"staff_id": ["p1", "p2"], "role": ["steward", None]})
    rows = [ticket("a", "2024-01-05", "noise", staff=s) for s in ("p1", "p1", "p2", "p9", None)]
    table = assess(rows, staff).table("complaint_posts").set_index("post")
    assert table["hits"].to_dict() == {"steward": 2, "unknown": 3}


def test_the_interval_counts_sites_and_stays_a_share():
    hits, n = np.array([9, 1, 5]), np.array([10, 10, 10])
    found = share_over_sites(hits, n)
    # By hand: residuals 4, -4, 0; variance 3/2 * 32 / 900; t with 2 degrees of freedom.
    se = math.sqrt(1.5 * 32 / 900)
    assert (found.value, found.se) == (0.5, pytest.approx(se))
    half = 4.302652729911275 * se / 0.25
    assert found.high == pytest.approx(1 / (1 + math.exp(-half)))
    naive = wilson(15, 30)
    assert found.low < naive.low
    assert found.high > naive.high
    assert share_over_sites(np.array([3]), np.array([4])).method == "wilson"
    assert share_over_sites(np.array([0, 0]), np.array([4, 5])).low == 0.0


def test_intervals_cover_what_sites_scatter_around():
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(400):
        n = rng.integers(20, 60, 24)
        interval = share_over_sites(rng.binomial(n, rng.beta(3, 7, 24)), n)
        covered += interval.low <= 0.3 <= interval.high
    assert 0.92 <= covered / 400 <= 0.98


def test_two_coders_are_held_to_each_other():
    same = [ticket("a", "2024-01-05", s, second=s) for s in SUBJECTS * 20]
    found = assess(same)
    assert found.estimates[0].value == 1.0
    assert found.checks[0].status == "passed"
    crossed = [ticket("a", "2024-01-05", s, second=SUBJECTS[i % 2]) for i, s in
               enumerate(("attitude", "attitude", "noise", "noise") * 10)]  # fmt: skip
    found = assess(crossed)
    assert abs(found.estimates[0].value) < 0.05
    assert found.checks[0].status == "caution"


def test_without_complaints_it_says_so():
    found = assess_complaints(None, None, STARTS, timezone="UTC", seed=1)
    assert [c.status for c in found.checks] == ["not_possible"]


def test_two_sites_that_differ_in_everything_leave_the_share_open():
    found = share_over_sites(np.array([40, 0]), np.array([40, 40]), level=0.999)
    assert found.value == 0.5
    assert (found.low, found.high) == pytest.approx((0, 1), abs=1e-6)
