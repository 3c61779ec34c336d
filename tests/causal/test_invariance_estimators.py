"""Each estimator by itself: row order, labels, a constant, bystanders, and inputs left alone."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from causal_panels import staggered
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import causal

TOLERANCE = 1e-8


def cells(frame, **choices):
    found = causal.group_time(causal.prepare(frame, covariates=["x"]), **choices)
    parts = [causal.aggregate(found, kind) for kind in ("simple", "event", "cohort", "calendar")]
    values = [np.concatenate([p.att, p.se(found.panel.cluster)]) for p in parts]
    return np.nan_to_num(np.concatenate(values))


def bacon(frame):
    found = causal.goodman_bacon(causal.prepare(frame))
    found = found.sort_values(["kind", "cohort", "compared"])
    return found[["estimate", "weight"]].to_numpy().ravel()


def regression(function):
    def values(frame):
        fit = function(causal.prepare(frame))
        return np.concatenate([fit.coef, fit.se])

    return values


def by_event_time(function):
    def values(frame):
        fit = function(causal.prepare(frame))
        return np.concatenate([fit.att, fit.se, [fit.overall, fit.overall_se]])

    return values


def plain(frame):
    found = causal.two_by_two(causal.prepare(frame))
    return np.array([found.att, found.se])


def twin(frame):
    found = causal.synthetic(causal.prepare(frame))
    return np.array([found.att])


ESTIMATORS = {
    "dr": lambda f: cells(f, method="dr"),
    "reg": lambda f: cells(f, method="reg", comparison="never_treated"),
    "ipw": lambda f: cells(f, method="ipw", base="universal"),
    "two_by_two": plain,
    "twfe": regression(causal.twfe),
    "twfe_event_study": regression(causal.twfe_event_study),
    "two_stage": regression(causal.two_stage),
    "imputation": by_event_time(causal.imputation),
    "sun_abraham": by_event_time(causal.sun_abraham),
    "goodman_bacon": bacon,
    "synthetic": twin,
}


def world():
    frame = staggered(5, sizes=(5, 5), starts=(4, 6), never=7, periods=9)
    site = frame["unit"].str[1:].astype(int)
    return frame.assign(x=np.sin(site * 1.7))


FRAME = world()


@cache
def base(name):
    return ESTIMATORS[name](FRAME)


def same(name, frame):
    before = frame.copy(deep=True)
    np.testing.assert_allclose(
        ESTIMATORS[name](frame), base(name), rtol=TOLERANCE, atol=TOLERANCE, err_msg=name
    )
    pd.testing.assert_frame_equal(frame, before)  # the input is left alone


@pytest.mark.parametrize("name", list(ESTIMATORS))
@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**20))
def test_row_order(name, seed):
    same(name, FRAME.sample(frac=1, random_state=seed))


@pytest.mark.parametrize("name", list(ESTIMATORS))
@settings(max_examples=4, deadline=None)
@given(order=st.permutations(range(17)))
def test_unit_labels(name, order):
    labels = dict(zip(sorted(FRAME["unit"].unique()), [f"项目{k:02d}" for k in order], strict=True))
    same(name, FRAME.assign(unit=FRAME["unit"].map(labels)))


@pytest.mark.parametrize("name", list(ESTIMATORS))
@settings(max_examples=4, deadline=None)
@given(constant=st.floats(-100, 100))
def test_a_constant(name, constant):
    same(name, FRAME.assign(y=FRAME["y"] + constant))


@pytest.mark.parametrize("name", list(ESTIMATORS))
@settings(max_examples=3, deadline=None)
@given(
    cohort=st.sampled_from([np.nan, float(FRAME["cohort"].min())]), label=st.text("az", min_size=1)
)
def test_a_unit_never_observed(name, cohort, label):
    ghost = FRAME[FRAME["unit"] == "s000"].assign(unit=label, y=np.nan, cohort=cohort)
    same(name, pd.concat([FRAME, ghost], ignore_index=True))
