"""Each site against its own past and its peers: counted by hand."""

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.indicators import registry
from analysis.measurement import net_promoter, wilson
from analysis.monitoring.sites.profiles import profiles
from analysis.monitoring.sites.spans import spans
from analysis.monitoring.sites.standing import _stands_out, assess_sites, standing, watched

JAN = 2024 * 12


def cells(indicator, *rows):
    """Rows of the panel: site, month, n, total, sum of squares, exposure."""
    names = ["site_id", "period", "n", "total", "total_sq", "exposure"]
    frame = pd.DataFrame(rows, columns=names).assign(indicator=indicator, stratum="")
    return frame.assign(value=frame["total"] / frame["exposure"])


def found(indicator, *rows):
    return spans(cells(indicator, *rows), [registry.get(indicator)]).set_index(["site_id", "span"])


def test_a_share_of_three_months_has_wilsons_interval():
    rows = [("a", JAN + m, 4, 3.0, 3.0, 4.0) for m in range(6)]
    table = found("csat_top2", *rows)
    newest = table.loc[("a", 0)]
    assert (newest["first"], newest["last"], newest["n"]) == (JAN + 3, JAN + 5, 12)
    expected = wilson(9, 12)
    assert newest[["value", "ci_low", "ci_high"]].tolist() == pytest.approx(
        [0.75, expected.low, expected.high]
    )


def test_spans_count_back_from_the_newest_month_of_any_site():
    table = found(
        "csat_top2", ("a", JAN + 5, 9, 9.0, 9.0, 9.0), ("closed", JAN + 1, 9, 9.0, 9.0, 9.0)
    )
    assert set(table.index) == {("a", 0), ("closed", 1)}


def test_a_rate_counts_households_once_and_has_garwoods_interval():
    rows = [("a", JAN + m, 500, 2.0, 4.0, 500.0) for m in range(3)]
    newest = found("complaints_per_1000", *rows).loc[("a", 0)]
    assert newest["n"] == 500
    assert newest["value"] == pytest.approx(4.0)
    ends = [stats.chi2.ppf(0.025, 12) / 2, stats.chi2.ppf(0.975, 14) / 2]
    assert newest[["ci_low", "ci_high"]].tolist() == pytest.approx([e / 1.5 for e in ends])


def test_people_who_are_there_every_month_count_once():
    rows = [("a", JAN + m, 6, 1.0, 1.0, 6.0) for m in range(3)]
    assert found("staff_turnover", *rows).loc[("a", 0), "n"] == 6


def test_a_net_promoter_score_is_the_one_of_single_answers():
    # 5 promoters, 3 passives, 2 detractors
    newest = found("nps", ("a", JAN, 10, 300.0, 70000.0, 10.0)).loc[("a", 0)]
    one = net_promoter(5, 3, 2)
    assert newest[["value", "ci_low", "ci_high"]].tolist() == pytest.approx(
        [100 * one.value, 100 * one.low, 100 * one.high]
    )


def test_mean_scores_share_the_spread_within_sites():
    # a: 3, 4, 5; b: 2, 2, 5. Sums of squares about the means 2 and 6, four degrees of freedom.
    table = found("csat_mean", ("a", JAN, 3, 12.0, 50.0, 3.0), ("b", JAN, 3, 9.0, 33.0, 3.0))
    half = stats.t.ppf(0.975, 4) * math.sqrt(8 / 4 / 3)
    assert table["ci_high"].sub(table["value"]).tolist() == pytest.approx([half, half])


def test_amounts_have_the_interval_of_their_months_and_one_month_has_none():
    rows = [("a", JAN + m, 1, 80.0 + m, 1.0, 100.0) for m in range(3)]
    newest = found("fee_collection", *rows, ("b", JAN + 2, 1, 90.0, 1.0, 100.0))
    half = stats.t.ppf(0.975, 2) * 0.01 / math.sqrt(3)
    assert newest.loc[("a", 0), "ci_high"] - 0.81 == pytest.approx(half)
    assert math.isnan(newest.loc[("b", 0), "ci_low"])


def stood(over, kinds=None, least=8):
    frame = pd.DataFrame(over, columns=["site_id", "span", "n", "value"])
    frame = frame.assign(
        first=JAN - 3 * frame["span"], last=JAN - 3 * frame["span"],
        ci_low=frame["value"] - 0.1, ci_high=frame["value"] + 0.2,
    )  # fmt: skip
    frame = frame.assign(indicator="y")
    return standing(frame, kinds or {}, least={"y": least}).set_index("site_id")


def test_months_that_vary_more_than_chance_widen_the_intervals():
    """Ten sites, three months of 10 answers: all satisfied in one month, half in the others."""
    calm = [(f"s{k}", JAN + m, 10, 7.0, 7.0, 10.0) for k in range(10) for m in range(3)]
    share = (10 + 5 + 5) / 30
    off = [(x - 10 * share) ** 2 / (10 * share * (1 - share)) for x in (10, 5, 5)]
    wild = [
        (f"s{k}", JAN + m, 10, x, x, 10.0)
        for k in range(10)
        for m, x in enumerate((10.0, 5.0, 5.0))
    ]
    plain = wilson(21, 30)
    assert found("csat_top2", *calm).loc[("s0", 0), "ci_low"] == pytest.approx(plain.low)
    assert sum(off) / 2 > 3  # as many times as independent answers would vary
    value, interval = 20 / 30, wilson(20, 30)
    low = value - math.sqrt(sum(off) / 2) * (value - interval.low)
    assert found("csat_top2", *wild).loc[("s0", 0), "ci_low"] == pytest.approx(low)
    assert found("csat_top2", *wild)["ci_high"].max() <= 1
    few = [row for row in wild if row[0] in ("s0", "s1")]
    assert found("csat_top2", *few).loc[("s0", 0), "ci_low"] == pytest.approx(interval.low)


def test_independent_answers_widen_nothing():
    rng = np.random.default_rng(3)
    rows = [
        (f"s{k}", JAN + m, 40, x, x, 40.0)
        for k in range(200)
        for m, x in enumerate(rng.binomial(40, 0.8, 3).astype(float))
    ]
    widths = found("csat_top2", *rows)
    plain = [wilson(round(40 * 3 * v), 120) for v in widths["value"]]
    ratio = (widths["value"] - widths["ci_low"]) / [
        v - w.low for v, w in zip(widths["value"], plain, strict=True)
    ]
    assert 1 <= ratio.max() < 1.08


def stands_out(value, half):
    return _stands_out(value, value - half, value + half, pd.Series("y", value.index), level=0.95)


def test_among_many_sites_a_difference_must_stand_out():
    """One site is 2 standard errors off, as one in twenty is by chance; one is far off."""
    n = 60
    value = pd.Series([0.0] * (n - 2) + [2.0, -5.0])
    half = stats.norm.ppf(0.975)
    clear = stands_out(value, half)
    assert clear.tolist() == [False] * (n - 1) + [True]
    alone = stands_out(value[n - 2 :][:1], half)
    assert alone.tolist() == [True]
    missing = pd.Series([np.nan, 1.0])
    assert not stands_out(missing, np.nan).any()


def test_indicators_are_told_as_each_would_be_alone():
    rng = np.random.default_rng(4)
    rows = [
        (f"s{k}", JAN + m, 9 + k, x, x, 20.0)
        for k in range(9)
        for m in range(20)
        for x in [float(rng.binomial(20, 0.8))]
        if k + m != 9
    ]
    frames = {i: cells(i, *rows[place:]) for place, i in enumerate(("csat_top2", "csat_mean"))}
    who = pd.DataFrame({"site_id": [f"s{k}" for k in range(9)]})
    who = who.assign(site_name=who["site_id"], property_type="housing")

    def told(*names):
        panel = pd.concat([frames[name] for name in frames], ignore_index=True)
        known = [registry.get(name) for name in names]
        asked = {"least": {"csat_top2": 10, "csat_mean": 8}, "in_part": {"csat_mean": (JAN,)}}
        return assess_sites(panel, known, who, **asked)

    together = told("csat_mean", "csat_top2")
    for name in frames:
        for table in ("site_standing", "site_spans"):
            both = together.table(table)
            mine = both[both["indicator"] == name].reset_index(drop=True)
            pd.testing.assert_frame_equal(mine, told(name).table(table), check_dtype=False)


def test_of_many_sites_alike_few_stand_out():
    rng = np.random.default_rng(11)
    half, called = stats.norm.ppf(0.975), 0
    for _ in range(200):
        value = pd.Series(rng.normal(size=60))
        called += bool(stands_out(value, half).any())
    assert called / 200 < 0.1  # uncorrected, 19 of 20 times some site would


def test_the_past_is_the_season_of_the_year_before_else_the_newest_with_enough():
    table = stood(
        [
            ("a", 0, 20, 0.8), ("a", 1, 20, 0.7), ("a", 4, 20, 0.5),
            ("b", 0, 20, 0.8), ("b", 1, 3, 0.1), ("b", 2, 20, 0.6),
            ("c", 0, 20, 0.8), ("c", 2, 3, 0.6),
        ]
    )  # fmt: skip
    assert table["past"].tolist()[:2] == [0.5, 0.6]
    assert table.loc[["c"], ["past", "change", "change_low"]].isna().all(axis=None)
    a = table.loc["a"]
    down, up = math.hypot(0.1, 0.2), math.hypot(0.2, 0.1)
    assert [a["change"], a["change_low"], a["change_high"]] == pytest.approx(
        [0.3, 0.3 - down, 0.3 + up]
    )


def test_two_rounds_of_a_survey_are_compared_though_not_a_year_apart():
    assert stood([("a", 0, 20, 0.8), ("a", 6, 20, 0.7)]).loc["a", "past"] == 0.7


def test_peers_are_of_the_kind_where_four_of_it_were_measured():
    old = [(f"o{i}", 0, 20, 0.1 * i) for i in range(5)]
    new = [(f"n{i}", 0, 20, 0.9) for i in range(3)]
    kinds = {site: "old" if site.startswith("o") else "villa" for site, *_ in old + new}
    table = stood(old + new, kinds)
    o0, n0 = table.loc["o0"], table.loc["n0"]
    assert (o0["among"], o0["peers"], o0["peer_value"]) == ("kind", 4, pytest.approx(0.25))
    assert (n0["among"], n0["peers"]) == ("all", 7)
    others = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.9, 0.9])
    assert n0["peer_value"] == pytest.approx(others.mean())
    half = stats.t.ppf(0.975, 6) * others.std(ddof=1) / math.sqrt(7)
    assert n0["apart_high"] == pytest.approx(0.9 - others.mean() + math.hypot(0.2, half))


def test_fewer_than_four_others_are_no_peers():
    table = stood([(site, 0, 20, 0.5) for site in "abcd"])
    assert table[["peer_value", "apart"]].isna().all(axis=None)
    assert set(table["among"]) == {""}


def test_sites_of_few_answers_are_no_peers_and_no_past():
    table = stood([*((site, 0, 20, 0.5) for site in "abcde"), ("few", 0, 3, 0.0)])
    assert set(table["peers"]) == {4, 5}
    assert table.loc["a", "peer_value"] == pytest.approx(0.5)


def test_one_small_site_takes_the_next_smallest_along():
    table = stood([("a", 0, 3, 0.5), ("b", 0, 9, 0.5), ("c", 0, 30, 0.5)])
    assert (table["people"] < 8).tolist() == [True, True, False]
    assert table["n"].tolist() == [3, 9, 30]
    nobody = stood([("a", 0, 3, 0.5)], least=0)
    assert nobody["people"].isna().all()


def test_order_of_rows_moves_nothing():
    rows = [(f"s{i}", span, 20, 0.1 * i + 0.01 * span) for i in range(6) for span in (0, 1, 4)]
    pd.testing.assert_frame_equal(stood(rows), stood(rows[::-1]))


WAVES = pd.DataFrame(
    {
        "site_id": ["a", "b", "c"],
        "wave": [1, 2, 0],
        "arm": ["treated", "treated", "comparison"],
        "planned_start": ["2024-01-10", "2024-06-10", None],
        "actual_start": None,
    }
)
SITES = pd.DataFrame({"site_id": ["a", "b"], "site_name": ["乙", "甲"], "property_type": "old"})


def test_a_site_is_trained_ahead_or_waits_on_the_day():
    table = profiles(SITES, WAVES, None, None, on=dt.date(2024, 3, 31)).set_index("site_id")
    assert table["state"].to_dict() == {"a": "trained", "b": "ahead", "c": "waits"}
    assert table.loc["c", "site_name"] == "c"  # the list of sites lacks it


def test_people_count_for_the_site_of_the_list_of_staff():
    staff = pd.DataFrame({"staff_id": ["x", "y", "z"], "site_id": ["a", "a", None]})
    enrolments = pd.DataFrame(
        {
            "staff_id": ["x", "x", "y", "z"],
            "attended": [True, False, True, True],
            "hours": [3.0, 3.0, 2.0, 9.0],
            "held_on": ["2024-01-10", "2024-01-11", "2024-02-01", "2024-02-02"],
        }
    )
    table = profiles(SITES, WAVES, enrolments, staff, on=dt.date(2024, 3, 31))
    a = table.set_index("site_id").loc["a"]
    assert (a["people"], a["attended"], a["n"], a["hours"]) == (2, 2, 3, 5.0)
    assert (a["first_class"], a["last_class"]) == ("2024-01-10", "2024-02-01")


def test_rows_stand_by_name_and_months_known_in_part_are_left_out():
    panel = cells(
        "fcr", *(("a", JAN + m, 9, 6.0, 6.0, 9.0) for m in range(4)), ("b", JAN, 9, 6.0, 6.0, 9.0)
    )
    who = profiles(SITES, WAVES, None, None, on=dt.date(2024, 3, 31))
    stage = assess_sites(
        panel, [registry.get("fcr")], who, least={"fcr": 8}, in_part={"fcr": [JAN + 3]}
    )
    table = stage.table("site_standing")
    assert table["site"].tolist() == ["乙", "甲"]
    assert table["last"].tolist() == [JAN + 2, JAN]


def test_a_client_without_what_is_watched_has_profiles_only():
    who = profiles(SITES, WAVES, None, None, on=dt.date(2024, 3, 31))
    empty = cells("fcr").iloc[:0]
    assert set(assess_sites(empty, [], who, least={}, in_part={}).tables) == {"site_profiles"}


def test_the_primary_outcome_comes_first_and_median_times_are_left_out():
    names = [i.id for i in watched(registry.load(), first=["nps"])]
    assert names[0] == "nps"
    assert not any("median" in name or "p90" in name for name in names)
    assert "attendance" not in names
