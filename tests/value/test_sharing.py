"""Rewards by site: shrunk, and only where sites differ by more than noise."""

import numpy as np
import pandas as pd
import pytest

from analysis.causal import effects_by_site
from analysis.value import assess_sharing, shrink


def sites(true, se, seed=0):
    random = np.random.default_rng(seed)
    effect = true + random.normal(0, se, len(true))
    return pd.DataFrame(
        {"unit": [f"S{i:02}" for i in range(len(true))], "effect": effect, "se": se}
    )


def test_equal_errors_give_the_closed_form_of_morris():
    """Morris (1983), Journal of the American Statistical Association 78(381)."""
    x = np.array([-0.4, 0.1, 0.3, 0.9, 1.6])
    table, _ = shrink(pd.DataFrame({"effect": x, "se": 0.3}))
    k, away = len(x), x - x.mean()
    total = (away**2).sum() / (k - 1)  # variance between the estimates, noise included
    b = (k - 3) / (k - 1) * 0.09 / total
    variance = 0.09 * (1 - (k - 1) / k * b) + 2 / (k - 3) * b**2 * away**2
    assert table["shrunk"].to_numpy() == pytest.approx(x.mean() + (1 - b) * away)
    half = (table["ci_high"] - table["shrunk"]).to_numpy()
    assert half == pytest.approx(1.959964 * np.sqrt(variance), rel=1e-6)


def test_shrinking_is_closer_to_the_truth():
    random = np.random.default_rng(1)
    raw = pulled = 0.0
    for seed in range(40):
        true = random.normal(0.2, 0.1, 30)
        table, _ = shrink(sites(true, 0.15, seed))
        raw += float(((table["effect"] - true) ** 2).mean())
        pulled += float(((table["shrunk"] - true) ** 2).mean())
    assert pulled < 0.6 * raw


def test_sites_without_differences_still_have_an_interval():
    table, reliability = shrink(sites(np.full(30, 0.2), 0.15, seed=0))
    assert reliability == 0
    half = (table["ci_high"] - table["ci_low"]) / 2
    assert (half > 1.96 * 0.15 / np.sqrt(30)).all()
    assert (half < 1.96 * 0.15).all()


def test_intervals_of_shrunk_effects_cover():
    random = np.random.default_rng(2)
    covered = []
    for seed in range(60):
        true = random.normal(0.2, 0.1, 30)
        table, _ = shrink(sites(true, 0.15, seed))
        covered.append(((table["ci_low"] <= true) & (true <= table["ci_high"])).mean())
    assert 0.90 < np.mean(covered) < 0.98


def test_noise_is_not_rewarded():
    found = assess_sharing(sites(np.full(30, 0.2), 0.15), pd.Series({"S00": 300.0, "S01": 100.0}))
    (check,) = found.checks
    assert check.status == "caution"
    shares = found.table("sharing").set_index("site_id")["share"]
    assert shares.sum() == pytest.approx(1)
    assert shares["S00"] == pytest.approx(3 * shares["S01"])  # by households, not by rank


def test_true_differences_are():
    true = np.linspace(-0.5, 1.5, 30)
    found = assess_sharing(sites(true, 0.1))
    assert found.checks[0].status == "passed"
    shares = found.table("sharing")["share"]
    assert shares.iloc[0] == 0  # a loss earns nothing, and takes nothing from others
    assert shares.idxmax() >= 27


def test_less_can_be_better():
    true = np.linspace(-3.0, 0.5, 20)
    found = assess_sharing(sites(true, 0.1), direction="down")
    assert found.table("sharing")["share"].idxmax() == 0


def test_few_sites_are_not_compared():
    found = assess_sharing(sites(np.array([0.1, 0.2]), 0.1))
    assert found.checks[0].status == "not_possible"
    assert found.table_or_empty("sharing").empty


def outcome(seed, sites=24, months=24, effect=0.3, rho=0.6):
    random = np.random.default_rng(seed)
    rows = []
    for unit in range(sites):
        cohort = 12.0 if unit < sites // 2 else np.nan
        error, level = 0.0, random.normal(4, 0.2)
        for period in range(months):
            error = rho * error + random.normal(0, 0.1)
            rows.append(
                (f"S{unit:02}", period, level + error + effect * (period >= cohort), cohort)
            )
    return pd.DataFrame(rows, columns=["unit", "period", "y", "cohort"])


def test_a_sites_own_interval_covers_in_serially_correlated_worlds():
    hits = total = 0
    for seed in range(60):
        found = effects_by_site(outcome(seed))
        hits += int((abs(found["effect"] - 0.3) <= 2.2 * found["se"]).sum())
        total += len(found)
    assert total == 60 * 12
    assert 0.92 < hits / total < 0.98


def test_without_sites_never_trained_no_site_has_an_effect_of_its_own():
    assert effects_by_site(outcome(0).dropna(subset=["cohort"])).empty


@pytest.mark.parametrize("exact", [1, 30])
def test_where_scores_never_vary_nothing_is_ranked(exact):
    known = sites(np.linspace(0, 1, 30), 0.1)
    known.loc[: exact - 1, "se"] = 0.0
    found = assess_sharing(known)
    assert found.checks[0].status == "not_possible"
    assert found.checks[0].params["sites"] == exact
    assert found.table_or_empty("sharing").empty


def test_the_line_of_reliability_is_the_clients():
    true = np.linspace(0, 0.4, 30)
    check = assess_sharing(sites(true, 0.1)).checks[0]
    stricter = assess_sharing(sites(true, 0.1), line=check.value + 0.01).checks[0]
    looser = assess_sharing(sites(true, 0.1), line=check.value - 0.01).checks[0]
    assert (stricter.status, looser.status) == ("caution", "passed")
    assert stricter.threshold == pytest.approx(check.value + 0.01)
