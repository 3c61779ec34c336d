"""Power is told by what leads: many simulated panels get the leading estimate's own intervals."""

import numpy as np
import pandas as pd
import pytest

from analysis.causal import Options, plan_test
from analysis.causal.evaluation.evaluate import lead, prepared

NEVER = np.nan
PLANS = {
    "wild": ((6,) * 6, 8, 12, "all_before", False, "wild_bootstrap"),
    "wild, month before": ((6,) * 5 + (9,) * 5, 9, 14, "month_before", False, "wild_bootstrap"),
    "waves of one": ((6, 8, 10, 12), 9, 16, "all_before", False, "randomisation"),
    "few": ((6,) * 3, 9, 12, "all_before", False, "randomisation"),
    "large": ((6,) * 15 + (9,) * 15, 20, 16, "all_before", False, "influence_function"),
    "large, one alone": ((6,) * 15 + (9,), 30, 16, "all_before", False, "influence_function"),
    "few by lot": ((6,) * 6, 8, 12, "all_before", True, "randomisation"),
    "large by lot": ((6,) * 15 + (9,) * 15, 20, 16, "all_before", True, "influence_function"),
}


def frame(starts, never, months, y):
    cohort = np.append(np.sort(np.asarray(starts, float)), np.full(never, NEVER))
    return pd.DataFrame(
        {
            "unit": np.repeat([f"s{i:04d}" for i in range(len(cohort))], months),
            "period": np.tile(np.arange(months), len(cohort)),
            "cohort": np.repeat(cohort, months),
            "y": y.ravel(),
        }
    )


DRAWS = 100
"""With 99 or 199 it would make no difference whether the actual assignment is counted, too."""


@pytest.mark.parametrize("shares", ["given", "estimated"])
@pytest.mark.parametrize("name", PLANS)
def test_intervals_are_those_of_the_leading_estimate(name, shares):
    starts, never, months, base, by_lot, method = PLANS[name]
    test = plan_test(starts, never, months, base=base, by_lot=by_lot, shares=shares)
    assert test.lead == method
    rng = np.random.default_rng(4)
    y = rng.normal(size=(3, test.n_units, 1)) + rng.normal(size=(3, test.n_units, months))
    low, high = test.intervals(y, level=0.95, draws=DRAWS, seed=5)
    bases = {"month_before": "universal", "all_before": "all_before"}
    options = Options(
        base=bases[base], shares=shares, drawn_by_lot=by_lot, alternatives=(), horizons=(),
        draws=DRAWS, seed=5,
    )  # fmt: skip
    for b in range(3):
        builder, parts = lead(
            prepared(frame(starts, never, months, y[b]), options), options,
            outcome="x", unit="u", kinds=("simple",),
        )  # fmt: skip
        own = builder.effect(parts["simple"], 0, "att_overall", "x", {})[0]
        assert (low[b], high[b]) == pytest.approx((own.ci_low, own.ci_high), abs=1e-6)


def test_no_draw_rare_enough_finds_nothing():
    test = plan_test((6,), 8, 12)
    y = np.random.default_rng(1).normal(size=(2, 9, 12))
    low, high = test.intervals(y, level=0.95)
    assert np.isneginf(low).all()
    assert np.isposinf(high).all()
