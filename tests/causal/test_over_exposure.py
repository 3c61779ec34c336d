"""Effects over exposure: their distribution, their course, and what randomisation places."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.causal import (
    Options,
    effect_over,
    effects_until,
    evaluate,
    quantiles_over,
)

MONTHS = 10


def found(sites, trained, *, inference=None, seed=3, growth=0.0, noise=1.0):
    rng = np.random.default_rng(seed)
    cohort = np.where(np.arange(sites) < trained, 6.0, np.nan)
    since = np.arange(MONTHS) - 6.0
    effect = np.where(since >= 0, growth * (since + 1), 0.0) * ~np.isnan(cohort)[:, None]
    y = noise * rng.normal(size=(sites, MONTHS)) + effect
    frame = pd.DataFrame(
        {
            "unit": np.repeat([f"s{i:02d}" for i in range(sites)], MONTHS),
            "period": np.tile(np.arange(MONTHS), sites),
            "y": y.ravel(),
            "cohort": np.repeat(cohort, MONTHS),
        }
    )
    options = Options(
        alternatives=(), horizons=(), draws=199, base="all_before", inference=inference
    )
    return evaluate(frame, outcome="csat_mean", unit="score", options=options)


SIZES = pd.DataFrame({"cohort": 6.0, "period": [6, 7, 8, 9], "size": [8.0, 4.0, 2.0, 1.0]})


def test_the_distribution_holds_the_interval_and_is_t():
    one = found(60, 30, inference="influence_function")
    table = quantiles_over(one, SIZES).set_index("probability")["value"]
    own = effect_over(one, SIZES, name="x", dims={})
    assert table.loc[0.025] == pytest.approx(own.ci_low)
    assert table.loc[0.975] == pytest.approx(own.ci_high)
    assert table.loc[0.5] == pytest.approx(own.value)
    assert table.is_monotonic_increasing
    reach = (own.ci_high - own.value) / own.se
    df = next(df for df in np.arange(2, 400, 0.5) if stats.t.ppf(0.975, df) <= reach)
    assert (table.loc[0.75] - own.value) / own.se == pytest.approx(stats.t.ppf(0.75, df), rel=0.01)


@pytest.mark.parametrize(
    ("sites", "trained", "method"), [(12, 6, "wild"), (14, 3, "randomisation")]
)
def test_few_sites_keep_the_distribution_of_their_own_inference(sites, trained, method):
    one = found(sites, trained)
    own = effect_over(one, SIZES, name="x", dims={})
    assert own.interval_method.startswith(method)
    table = quantiles_over(one, SIZES)
    ends = table.set_index("probability")["value"]
    assert (ends.loc[0.025], ends.loc[0.975]) == pytest.approx((own.ci_low, own.ci_high))
    assert table["value"].is_monotonic_increasing
    assert table["probability"].is_unique


def test_levels_that_have_no_interval_are_left_out():
    one = found(8, 1)  # no draw of eight is as rare as one in twenty
    assert effect_over(one, SIZES, name="x", dims={}).ci_low is None
    assert quantiles_over(one, SIZES)["probability"].tolist() == [0.1, 0.25, 0.5, 0.75, 0.9]
    assert quantiles_over(one, SIZES.iloc[:0]).empty


def test_randomisation_places_the_mean_that_is_priced():
    """Most exposure lies in the first month: the interval is of that mean, not of a plain one."""
    one = found(14, 3, growth=3.0, noise=0.3)
    own = effect_over(one, SIZES, name="x", dims={})
    assert own.interval_method == "randomisation"
    truth = 3.0 * float(SIZES["size"] @ [1, 2, 3, 4]) / SIZES["size"].sum()
    assert own.value == pytest.approx(truth, abs=0.4)
    assert own.ci_low < own.value < own.ci_high
    plain = 3.0 * 2.5
    assert own.ci_high < plain


def test_the_last_month_of_the_course_is_the_whole_effect():
    one = found(12, 6, growth=1.0)
    course = effects_until(one, SIZES.assign(month=SIZES["period"]))
    own = effect_over(one, SIZES, name="x", dims={})
    assert course["month"].tolist() == [6, 7, 8, 9]
    assert course["exposure"].tolist() == [8.0, 12.0, 14.0, 15.0]
    last = course.iloc[-1]
    assert last[["value", "ci_low", "ci_high"]].tolist() == pytest.approx(
        [own.value, own.ci_low, own.ci_high]
    )
    assert course["value"].is_monotonic_increasing  # the effect grows
    assert effects_until(one, SIZES.iloc[:0].assign(month=0)).empty
