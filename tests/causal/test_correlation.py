"""The correlation of two effects' errors is that over worlds, and not told with few sites."""

import numpy as np
import pandas as pd
import pytest

from analysis.causal import Options, correlation_of, effect_over, evaluate

SITES, MONTHS = 40, 8
OPTIONS = Options(alternatives=(), horizons=(), draws=49)


def world(seed, share, sites=SITES):
    """Return two outcomes whose site shocks have a correlation of ``share``."""
    rng = np.random.default_rng(seed)
    shape = (sites, MONTHS)
    common, *own = (rng.normal(size=shape) for _ in range(3))
    cohort = np.where(np.arange(sites) < sites // 2, 4.0, np.nan)
    for noise in own:
        y = np.sqrt(abs(share)) * common + np.sqrt(1 - abs(share)) * noise
        frame = pd.DataFrame(
            {
                "unit": np.repeat([f"s{i:02d}" for i in range(sites)], MONTHS),
                "period": np.tile(np.arange(MONTHS), sites),
                "y": y.ravel(),
                "cohort": np.repeat(cohort, MONTHS),
            }
        )
        yield evaluate(frame, outcome="csat_mean", unit="score", options=OPTIONS)


SIZES = pd.DataFrame({"cohort": 4.0, "period": [4, 5, 6, 7], "size": [1.0, 2.0, 2.0, 1.0]})


def test_it_is_the_correlation_of_estimates_over_worlds():
    values, told = [], []
    for seed in range(60):
        pair = [(e, SIZES) for e in world(seed, 0.8)]
        told.append(correlation_of(*pair))
        values.append([effect_over(*one, name="x", dims={}).value for one in pair])
    over_worlds = np.corrcoef(np.transpose(values))[0, 1]
    assert np.mean(told) == pytest.approx(0.8, abs=0.05)
    assert over_worlds == pytest.approx(np.mean(told), abs=0.15)


def test_an_outcome_hangs_together_with_itself_and_not_with_an_unrelated_one():
    one, other = world(1, 0.0)
    assert correlation_of((one, SIZES), (one, SIZES)) == pytest.approx(1.0)
    assert abs(correlation_of((one, SIZES), (other, SIZES))) < 0.5


def test_few_sites_do_not_tell():
    one, other = world(1, 0.5, sites=18)
    assert correlation_of((one, SIZES), (other, SIZES)) is None
    assert correlation_of((one, SIZES.iloc[:0]), (other, SIZES)) is None
