"""Indicators of behaviour, drift of raters, 360-degree views, mystery shoppers."""

import numpy as np
import pandas as pd
import pytest

from analysis import wording
from analysis.measurement import (
    anchored_indicators,
    assess_anchors,
    assess_rater_drift,
    assess_shoppers,
    assess_views,
    krippendorff_alpha,
)
from analysis.measurement.agreement import rating_rows
from analysis.measurement.icc import stepped_up


def worded(found):
    for check in found.checks:
        for language in wording.LANGUAGES:
            for key in (check.question, check.reason, check.remedy):
                if key:
                    assert wording.text(key, language, **check.params)


def ratings(*, months=24, subjects=20, raters=3, items=2, noise=0.4, drift=(), roles=None, seed=1):
    """Every rater rates every subject each month; ``drift`` in points a year by rater."""
    rng = np.random.default_rng(seed)
    level = rng.normal(0, 0.5, subjects)
    rows = []
    for month in range(months):
        day = (pd.Timestamp("2022-01-10") + pd.DateOffset(months=month)).date()
        shock = rng.normal(0, 0.3, subjects)
        for s in range(subjects):
            for r in range(raters):
                slope = drift[r] if r < len(drift) else 0.0
                score = 3 + level[s] + shock[s] + slope * month / 12 + rng.normal(0, noise, items)
                role = (roles or ["peer"])[r % len(roles or ["peer"])]
                for i in range(items):
                    rows.append(
                        (f"{month}-{s}-{r}", f"b{i}", f"p{s}", f"r{r}", role, day, score[i])
                    )
    columns = ["rating_id", "item", "ratee_id", "rater_id", "rater_role", "rated_on", "score"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(instrument="bars", site_id="s" + frame["ratee_id"].str[-1])


def test_anchors_count_indicators_and_their_agreement():
    good = ratings(months=3, subjects=15, items=12, noise=0.2)
    good["score"] = good["score"].round()
    found = assess_anchors(good, None, seed=1)
    assert {c.id: c.status for c in found.checks}["baseline.bars.bars.indicators"] == "passed"
    noisy = ratings(months=3, items=3, noise=3.0)
    few = assess_anchors(noisy.assign(score=noisy["score"].round()), None, seed=1)
    assert [c.status for c in few.checks] == ["caution", "failed"]
    estimate = found.estimate("baseline.bars.bars.b0")
    assert estimate.ci_low < estimate.value < estimate.ci_high
    worded(few)
    assert assess_anchors(None, None, seed=1).checks[0].status == "not_possible"


def test_alpha_of_an_indicator_is_that_of_its_cases():
    frame = ratings(months=1, subjects=12, raters=3, items=1, noise=0.5)
    frame["score"] = frame["score"].round()
    rows = rating_rows(frame)
    wide = frame.pivot_table(index="rater_id", columns="ratee_id", values="score").to_numpy()
    found = anchored_indicators(rows, seed=1)
    assert found["alpha"][0] == pytest.approx(krippendorff_alpha(wide, "ordinal").value)
    moved = rows.assign(rater=rows["rater"].map({"r0": "z", "r1": "y", "r2": "x"}))
    assert anchored_indicators(moved, seed=1)["alpha"][0] == pytest.approx(found["alpha"][0])


def test_planted_drift_is_found_and_changing_subjects_are_none():
    still = assess_rater_drift(ratings(seed=2))
    assert [c.status for c in still.checks] == ["passed"]
    moving = assess_rater_drift(ratings(drift=(0.8,), seed=2))
    assert moving.checks[0].status == "failed"
    table = moving.table("rater_drift")
    mine = table[(table["kind"] == "rater") & (table["who"] == "r0")].iloc[0]
    assert mine["ci_low"] < 0.8 < mine["ci_high"]
    worded(moving)
    # All subjects improve alike, and one rater leaves: no rater drifts.
    rising = ratings(seed=2)
    months = (pd.to_datetime(rising["rated_on"]) - pd.Timestamp("2022-01-10")).dt.days / 365
    rising = rising.assign(score=rising["score"] + months)
    assert assess_rater_drift(rising).checks[0].status == "passed"


def test_drift_against_the_month_where_raters_do_not_meet():
    whole = ratings(drift=(0.8,), subjects=30, raters=5)
    draw = np.random.default_rng(3)
    sheets = whole["rating_id"].drop_duplicates()
    case = sheets.str.rsplit("-", n=1).str[0]
    one = sheets.groupby(case).apply(lambda s: s.iloc[draw.integers(len(s))])
    found = assess_rater_drift(whole[whole["rating_id"].isin(one)])
    check = found.checks[0]
    assert check.reason == "measurement.check.drift.months"
    assert check.status in ("caution", "failed")
    table = found.table("rater_drift").set_index("who")
    assert table.loc["r0", "ci_low"] < 0.8 < table.loc["r0", "ci_high"] + 0.2
    worded(found)


def test_false_alarms_of_drift_stay_near_their_rate():
    rings = sum(
        assess_rater_drift(ratings(months=12, subjects=6, raters=4, items=1, seed=seed))
        .checks[0]
        .status
        != "passed"
        for seed in range(60)
    )
    assert rings <= 8  # 5 % of 60 is 3; 9 or more have probability .004


def test_few_sheets_tell_no_drift():
    assert assess_rater_drift(None).checks[0].status == "not_possible"
    few = assess_rater_drift(ratings(months=1, subjects=4))
    assert [c.status for c in few.checks] == ["not_possible"]
    worded(few)


ROLES = ["self", "supervisor", "peer", "peer", "peer", "customer", "customer", "customer"]


def test_views_need_several_roles_and_three_raters_of_each():
    full = ratings(months=1, raters=8, roles=ROLES)
    found = assess_views(full)
    assert [c.status for c in found.checks] == ["passed", "passed"]
    short = assess_views(full[~full["rater_id"].isin(["r7", "r4"])])
    assert [c.status for c in short.checks] == ["passed", "caution"]
    assert short.checks[1].params["short"] == 40
    alone = assess_views(full[full["rater_role"].isin(["self", "supervisor"])])
    assert alone.checks[0].status == "failed"
    for each in (found, short, alone):
        worded(each)


def test_gap_of_self_to_role_by_hand():
    frame = ratings(months=1, raters=8, roles=ROLES, noise=0.0)
    frame.loc[frame["rater_role"] == "self", "score"] += 0.5
    found = assess_views(frame)
    for role in ("peer", "customer", "supervisor"):
        gap = found.estimate(f"baseline.views.bars.gap.{role}")
        assert (gap.value, gap.n) == (pytest.approx(0.5), 20)
        assert gap.ci_low <= gap.value + 1e-9
    hidden = assess_views(frame[frame["ratee_id"].isin(["p1", "p2"])]).table("views")
    assert hidden["hidden"].all()
    assert hidden["mean"].isna().all()


def visits(*, severity=(0.0,) * 4, spread=0.6, sites=40, each=4, seed=1, double=False):
    rng = np.random.default_rng(seed)
    level = rng.normal(0, spread, sites)
    rows = []
    for s in range(sites):
        for v in range(each):
            chosen = rng.permutation(len(severity))[: 2 if double else 1]
            for k in chosen:
                score = 3 + level[s] + severity[k] + rng.normal(0, 0.4)
                day = pd.Timestamp("2023-01-05") + pd.DateOffset(months=v)
                rows.append((f"{s}-{v}-{k}", f"s{s}", f"k{k}", day.date(), score))
    columns = ["rating_id", "site_id", "rater_id", "rated_on", "score"]
    return pd.DataFrame(rows, columns=columns).assign(
        item="s1", ratee_id=None, rater_role="mystery_shopper", instrument="shop"
    )


def test_shoppers_of_one_standard_pass_and_severe_ones_are_seen():
    fine = assess_shoppers(visits())
    assert [c.status for c in fine.checks] == ["passed", "passed"]
    severe = assess_shoppers(visits(severity=(-0.5, 0, 0, 0.5)))
    assert severe.checks[0].status == "caution"
    assert severe.checks[0].params["apart"] == pytest.approx(1.0, abs=0.3)
    effects = severe.table("shoppers").set_index("shopper")["effect"]
    assert effects["k0"] < effects["k1"] < effects["k3"]
    worded(severe)


def test_visits_needed_follow_spearman_and_brown():
    found = assess_shoppers(visits(spread=0.3, each=2, sites=200))
    check = found.checks[1]
    single = found.estimate("baseline.shoppers.shop.icc").value
    needed = 0.8 * (1 - single) / (0.2 * single)
    assert check.params["needed"] == np.ceil(needed)
    assert check.status == "caution"
    assert check.value == pytest.approx(2 * single / (1 + single))
    worded(found)


def test_double_visits_are_counted_and_one_shopper_tells_nothing():
    double = assess_shoppers(visits(double=True, sites=5))
    assert double.checks[0].params["doubles"] == 20
    one = assess_shoppers(visits(severity=(0.0,)))
    assert one.checks[0].status == "not_possible"
    flat = assess_shoppers(visits().assign(score=4.0))
    assert [c.status for c in flat.checks] == ["not_possible", "not_possible"]
    assert assess_shoppers(None).checks[0].status == "not_possible"
    for found in (double, one, flat):
        worded(found)


@pytest.mark.parametrize(("one", "k", "mean"), [(0.5, 2, 2 / 3), (-0.5, 3, -1.0), (-1.0, 2, -1.0)])
def test_a_mean_of_ratings_at_the_least_agreement_has_no_reliability(one, k, mean):
    assert stepped_up(one, k) == pytest.approx(mean)
