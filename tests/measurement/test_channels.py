"""Differences between channels, within site and month: known worlds and a library's regression."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.regression.linear_model import OLS

from analysis.measurement import assess_channels, channel_differences

ITEMS = ("q1", "q2")
DESCRIBED = pd.DataFrame(
    {
        "instrument": "csat",
        "item": ITEMS,
        "wording": ITEMS,
        "dimension": None,
        "role": "item",
        "scale_min": 1.0,
        "scale_max": 5.0,
    }
)


def sheets(shift, seed=1, n=2400, sites=12):
    """Good sites use channel b more: without holding the site fixed b would look better."""
    rng = np.random.default_rng(seed)
    site = rng.integers(0, sites, n)
    quality = np.linspace(-0.5, 0.5, sites)
    second = rng.random(n) < 0.2 + 0.6 * (quality[site] + 0.5)
    return pd.DataFrame(
        {
            "y": 3.5 + quality[site] + shift * second + rng.normal(0, 0.5, n),
            "channel": np.where(second, "b", "a"),
            "site": [f"s{i}" for i in site],
            "month": rng.integers(1, 7, n),
        }
    )


def found_in(rows):
    return channel_differences(rows["y"], rows["channel"], rows["site"], rows["month"])


def test_site_and_month_are_held_fixed():
    rows = sheets(0.0)
    raw = rows.groupby("channel")["y"].mean().diff().iloc[-1]
    (found,) = found_in(rows)
    assert abs(raw) > 0.15
    assert found.difference.low < 0 < found.difference.high


def test_equals_a_regression_on_site_months():
    rows = sheets(0.2)
    (found,) = found_in(rows)
    sign = 1 if found.channel == "b" else -1
    rows["d"] = (rows["channel"] == found.channel).astype(float)
    fitted = OLS.from_formula("y ~ d + C(site):C(month)", rows).fit()
    assert found.difference.value == pytest.approx(fitted.params["d"], rel=1e-8)
    assert found.difference.value == pytest.approx(0.2 * sign, abs=0.06)
    # statsmodels counts the cells among the regressors; the sandwich itself is the same.
    clustered = fitted.get_robustcov_results("cluster", groups=pd.factorize(rows["site"])[0])
    at = fitted.params.index.get_loc("d")
    g, n, k = 12, len(rows), fitted.df_model + 1
    plain = clustered.bse[at] / np.sqrt(g / (g - 1) * (n - 1) / (n - k)) * np.sqrt(g / (g - 1))
    assert found.difference.se == pytest.approx(plain, rel=1e-6)


def test_order_and_level_of_scores_do_not_matter():
    rows = sheets(0.2)
    (one,) = found_in(rows)
    (again,) = found_in(rows.assign(y=rows["y"] + 3).sample(frac=1, random_state=2))
    assert again.difference.value == pytest.approx(one.difference.value)
    assert again.difference.se == pytest.approx(one.difference.se)


def test_a_single_channel_or_site_gives_nothing():
    rows = sheets(0.2)
    assert found_in(rows.assign(channel="a")) == []
    assert found_in(rows[rows["site"] == "s1"]) == []


def answers(shift, n=2400, sites=12):
    rows = sheets(shift, n=n, sites=sites)
    frame = pd.DataFrame(
        {
            "response_id": [f"r{i}" for i in rows.index],
            "instrument": "csat",
            "site_id": rows["site"],
            "channel": rows["channel"],
            "answered_at": pd.to_datetime([f"2023-{m:02}-15" for m in rows["month"]], utc=True),
            "score": rows["y"],
        }
    )
    return pd.concat([frame.assign(item=item) for item in ITEMS], ignore_index=True)


@pytest.mark.parametrize(
    ("shift", "n", "status", "reason"),
    [
        (0.0, 2400, "passed", "small"),
        (0.5, 2400, "failed", "differs"),
        (0.0, 200, "caution", "open"),
    ],
)
def test_check_tells_small_from_unknown(shift, n, status, reason):
    found = assess_channels(answers(shift, n=n), DESCRIBED)
    (check,) = found.checks
    assert (check.status, check.reason) == (status, f"measurement.check.channel.{reason}")
    (estimate,) = found.estimates
    assert estimate.n_clusters == 12


def test_what_lacks_is_said():
    for given in (None, answers(0.0).iloc[:0]):
        (check,) = assess_channels(given, DESCRIBED).checks
        assert check.reason == "measurement.reason.no_instrument"
    (check,) = assess_channels(answers(0.0).assign(channel="a"), DESCRIBED).checks
    assert check.reason == "measurement.reason.no_second_channel"
    (check,) = assess_channels(answers(0.0).assign(score=4.0), DESCRIBED).checks
    assert check.reason == "measurement.reason.no_variation"
