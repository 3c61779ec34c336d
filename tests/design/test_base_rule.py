"""What months with training are compared with: chosen on the months before, never on results."""

import numpy as np
import pandas as pd
import pytest

from analysis.design import ErrorModel, choose_base
from analysis.design.base_rule import expected_spread

FIRST, START = 24000, 24012


def outcome(autocorrelation, *, noise=0.0, sites=30, start=START, months=24, seed=0):
    rng = np.random.default_rng(seed)
    shock = rng.normal(size=(sites, months))
    for t in range(1, months):
        fresh = np.sqrt(1 - autocorrelation**2) * shock[:, t]
        shock[:, t] = autocorrelation * shock[:, t - 1] + fresh
    y = rng.normal(0, 1, (sites, 1)) + 0.3 * shock + noise * rng.normal(size=(sites, months))
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(sites), months),
            "period": np.tile(FIRST + np.arange(months), sites),
            "y": y.ravel(),
            "n": 20.0,
            "cohort": np.repeat(np.where(np.arange(sites) < sites // 2, start, np.nan), months),
        }
    )


@pytest.mark.parametrize("seed", range(5))
def test_months_that_resemble_their_neighbours_little_are_averaged(seed):
    found = choose_base(outcome(0.2, noise=0.2, seed=seed))
    assert (found.base, found.why, found.n_months) == ("all_before", "measured", 12)
    assert found.ratio < 0.8


@pytest.mark.parametrize("seed", range(5))
def test_a_site_that_wanders_is_followed_by_the_month_before(seed):
    wanders = outcome(0.97, months=14, seed=seed)
    found = choose_base(wanders)
    assert (found.base, found.why) == ("month_before", "measured")
    assert found.autocorrelation > 0.8


def test_nothing_after_the_start_is_read():
    rows = outcome(0.5, noise=0.2)
    late = rows["period"] >= START
    other = rows.assign(y=rows["y"].mask(late, 1e6 * rows["unit"]))
    assert choose_base(other) == choose_base(rows)


def test_too_few_months_or_sites_to_measure_take_the_mean():
    assert choose_base(outcome(0.5, start=FIRST + 3)).why == "few_months"
    assert choose_base(outcome(0.5, sites=2)).why == "few_months"
    assert choose_base(outcome(0.5, start=FIRST + 1)).why == "one_month"
    assert choose_base(outcome(0.5, start=FIRST)).why == "not_measured"
    assert choose_base(outcome(0.5).assign(cohort=np.nan)).why == "not_measured"
    flat = outcome(0.5).assign(y=3.0)
    assert choose_base(flat).why == "few_months"


def test_the_expected_spread_by_hand():
    """Three months, start in the last: unrelated months of variance 1."""
    errors = ErrorModel(1.0, 0.0, 0.0)
    assert expected_spread((2,), 3, errors, base="month_before") == pytest.approx(2**0.5)
    assert expected_spread((2,), 3, errors, base="all_before") == pytest.approx(1.5**0.5)
    # Months that follow each other exactly by 0.5: var(y3 - y2) = 2 - 2 * 0.5
    related = ErrorModel(1.0, 0.5, 0.0)
    assert expected_spread((2,), 3, related, base="month_before") == pytest.approx(1.0)
    # var(y3 - (y1 + y2) / 2) = 1 + (2 + 2 * 0.5) / 4 - (0.25 + 0.5)
    assert expected_spread((2,), 3, related, base="all_before") == pytest.approx(1.0)
