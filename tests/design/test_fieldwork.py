import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import samplesize_confint_proportion

from analysis.design import (
    answers_for_share,
    assess_evaluators,
    assess_privacy,
    assess_risks,
    assess_samples,
    assess_visits,
    assign_balanced,
    draw_visits,
    visits_for_mean,
)
from analysis.errors import DesignError

FIRST, LAST = dt.date(2024, 3, 1), dt.date(2025, 2, 28)


def test_answers_agree_with_statsmodels_and_shrink_with_the_population():
    for share in (0.5, 0.8, 0.95):
        expected = samplesize_confint_proportion(share, 0.05, alpha=0.05)
        assert answers_for_share(share=share) == math.ceil(expected)
    assert answers_for_share() == 385
    # Cochran: 384.16 / (1 + 383.16 / 500) = 217.5
    assert answers_for_share(population=500) == 218
    assert answers_for_share(population=1) == 1


def test_visits_reach_the_margin_and_one_fewer_does_not():
    from scipy import stats

    visits = visits_for_mean(margin=0.3, between_visits_sd=0.4, between_shoppers_sd=0.2)

    def half(n):
        return stats.t.ppf(0.975, n - 1) * math.hypot(0.4, 0.2) / math.sqrt(n)

    assert half(visits) <= 0.3 < half(visits - 1)


def test_samples_of_sites_by_hand():
    sites = pd.DataFrame({"site_id": ["a", "b"], "households": [500, None]})
    surveys = pd.DataFrame({"site_id": ["a"] * 6, "response_id": [1, 1, 2, 2, 3, 3]})
    staff = pd.DataFrame(
        {"site_id": ["a"] * 5, "staff_id": list("vwxyz"), "left_on": [None] * 4 + ["2024-01-01"]}
    )
    table = assess_samples(sites, surveys, staff, months=6).tables["samples"].set_index("site_id")
    assert table["needed"].to_dict() == {"a": 218, "b": 385}
    assert table["answered"].to_dict() == {"a": 6, "b": 0}  # three in six months
    assert table["staff_needed"].to_dict() == {"a": 2, "b": 0}  # 30 % of four
    assert table["label"].to_dict() == {"a": "a", "b": "b"}
    assert table["frontline"].isna().all()
    tiers = staff.assign(tier=["frontline", "frontline", "middle", None, "middle"])
    table = assess_samples(sites, surveys, tiers, months=6).tables["samples"].set_index("site_id")
    # One of two at the front line, the one left in the middle tier, the one without a tier.
    columns = ["frontline", "middle", "senior", "staff_needed"]
    assert table[columns].to_numpy().tolist() == [[1, 1, 0, 3], [0, 0, 0, 0]]
    named = assess_samples(sites.assign(site_name=["翠湖", None]), None, None, months=6)
    assert named.tables["samples"]["label"].tolist() == ["翠湖", "b"]


def test_visits_name_their_sites():
    found = assess_visits(
        ["a", "b"], names={"a": "翠湖"}, first=FIRST, last=LAST, per_site=1, seed=1
    )
    assert set(found.tables["visits"]["label"]) == {"翠湖", "b"}


def visits(seed=1, **settings):
    sites = [f"s{i:02}" for i in range(20)]
    return draw_visits(sites, first=FIRST, last=LAST, per_site=3, seed=seed, **settings)


def test_every_site_is_visited_as_often_and_no_time_or_visitor_goes_with_it():
    drawn = visits()
    assert set(drawn["site_id"].value_counts()) == {3}
    assert drawn["time"].value_counts().between(20, 20).all()
    assert drawn["visitor"].value_counts().between(18, 22).all()
    assert drawn["visit_on"].between(FIRST, LAST).all()
    gaps = drawn.groupby("site_id")["visit_on"].agg(lambda days: max(days) - min(days))
    assert gaps.min() > dt.timedelta(days=60)


def test_visits_keep_their_seed_and_avoid_marked_seasons():
    pd.testing.assert_frame_equal(visits(), visits())
    assert not visits().equals(visits(seed=2))
    assert (visits()["season"] == "").all()
    with pytest.raises(DesignError, match="cannot hold"):
        draw_visits(["a"], first=FIRST, last=FIRST, per_site=2, seed=1)


def sites(n=48):
    rng = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "site_id": [f"s{i:03}" for i in range(n)],
            "property_type": np.array(["old", "villa", "ordinary"])[np.arange(n) % 3],
            "households": rng.integers(200, 2000, n),
        }
    )


def draw(seed, **settings):
    return assign_balanced(sites(), waves=2, comparison_share=1 / 3, seed=seed, **settings)


def test_redrawing_balances_and_the_audit_repeats_it():
    drawn, audit = draw(3, accept=0.1)
    again, same = draw(3, accept=0.1)
    pd.testing.assert_frame_equal(drawn, again)
    assert audit == same
    assert audit["accepted"]
    assert audit["distance"] <= audit["limit"]
    gaps = {True: [], False: []}
    for seed in range(0, 4000, 200):
        for accept, kept in ((0.05, True), (0.999, False)):
            wave = draw(seed, accept=accept)[0]["wave"].to_numpy() > 0
            households = sites()["households"]
            gaps[kept].append(abs(households[wave].mean() - households[~wave].mean()))
    assert np.mean(gaps[True]) < 0.3 * np.mean(gaps[False])


def test_without_anything_to_balance_the_first_draw_stands():
    _, audit = draw(3, balance_on=())
    assert (audit["draws"], audit["accepted"]) == (1, True)


def test_a_draw_that_never_balances_says_so():
    _, audit = draw(3, accept=1e-9, most=5)
    assert not audit["accepted"]
    assert audit["draws"] == 5


def test_raters_below_the_least_are_named():
    found = assess_evaluators({"supervisor": 1, "peer": 2}, {}, None)
    states = {c.id: c.status for c in found.checks}
    assert states == {
        "design.evaluators.roles": "failed",  # customers do not judge
        "design.evaluators.least.peer": "caution",
    }
    whole = assess_evaluators({"supervisor": 1, "peer": 3, "customer": 8}, {}, None)
    assert [c.status for c in whole.checks] == ["passed"]
    assert whole.tables["evaluators"]["weight"].sum() == pytest.approx(1)


def test_the_register_is_asked_for_and_every_risk_rated():
    assert assess_risks(None).checks[0].status == "caution"
    rated = pd.DataFrame({"probability": [1, 2], "impact": [3, None]})
    assert assess_risks(rated).checks[0].value == 1
    assert assess_risks(rated.fillna(4)).checks[0].status == "passed"


def privacy(**changed):
    tables = {
        "staff": pd.DataFrame({"staff_id": ["x"], "site_id": ["a"], "tier": ["middle"]}),
        "fees": pd.DataFrame({"site_id": ["a"]}),
    }
    stated = {
        "purpose": "evaluation",
        "legal_basis": {"staff": "HR"},
        "notice_version": "1",
        "retain_until": dt.date(2027, 1, 1),
        "last_month": dt.date(2025, 12, 31),
    } | changed
    return assess_privacy(tables, {("staff", "tier"): 2}, **stated)


def test_the_privacy_sheet_names_each_personal_column():
    found = privacy()
    rows = found.tables["privacy"].set_index("column")
    assert rows["kind"].to_dict() == {"staff_id": "pseudonym", "tier": "attribute"}
    assert rows["indicators"].to_dict() == {"staff_id": 0, "tier": 2}
    assert {c.status for c in found.checks} == {"passed"}


@pytest.mark.parametrize(
    ("changed", "id"),
    [
        ({"purpose": ""}, "purpose"),
        ({"legal_basis": {}}, "basis"),
        ({"notice_version": None}, "notice"),
        ({"retain_until": None}, "retention"),
        ({"retain_until": dt.date(2025, 1, 1)}, "retention"),
    ],
)
def test_what_is_missing_on_the_sheet_is_asked_for(changed, id):
    states = {c.id: c.status for c in privacy(**changed).checks}
    assert [name for name, s in states.items() if s != "passed"] == [f"design.privacy.{id}"]
