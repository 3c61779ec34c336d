"""Estimators of single forms of outcome: row order, labels, a constant, inputs left alone."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from causal_panels import staggered
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import causal

OPTIONS = causal.Options(alternatives=(), horizons=(), draws=49, seed=3)
NAMES = {"outcome": "csat_mean", "unit": "score", "options": OPTIONS}
TOLERANCE = 1e-7


def world():
    frame = staggered(5, sizes=(5, 5), starts=(4, 6), never=7, periods=9)
    site = frame["unit"].str[1:].astype(int)
    rng = np.random.default_rng(0)
    base = rng.uniform(80, 120, len(frame))
    return frame.assign(
        count=rng.poisson(6, len(frame)),
        exposure=base,
        numerator=0.8 * base + rng.normal(0, 2, len(frame)),
        denominator=base,
        middle=frame["y"] / 2 + rng.normal(0, 0.1, len(frame)),
        kind=np.where(site % 2 == 0, "a", "b"),
        one=rng.poisson(3, len(frame)) + 1,
        two=rng.poisson(4, len(frame)) + 1,
        three=rng.poisson(5, len(frame)) + 1,
    )


def labels(frame):
    keys = ["unit", "period", "cohort"]
    long = frame[[*keys, "one", "two", "three"]].melt(keys, var_name="label", value_name="count")
    return long.assign(label=long["label"].map({"one": 1, "two": 2, "three": 3}))


def mediated(frame):
    return causal.mediation(frame, frame.assign(y=frame["middle"]), through="behaviour", **NAMES)


def again(frame):
    treated = frame[frame["cohort"] == 4].drop_duplicates("unit").sort_values("denominator")
    return causal.retraining(frame, dict.fromkeys(treated["unit"][:2], 7.0), **NAMES)


def reached(frame):
    never = frame[frame["cohort"].isna()].drop_duplicates("unit").sort_values("denominator")
    return causal.spillover(frame, dict.fromkeys(never["unit"][:2], 5.0), **NAMES).estimates()


def balanced(frame):
    return causal.balanced_effect(frame, causal.baseline_means(frame, last=3), **NAMES).estimates()


def kinds(frame):
    kind = frame.drop_duplicates("unit").set_index("unit")["kind"].to_dict()
    return causal.effects_by(frame, kind, by="property_type", **NAMES).estimates()


def weighted(frame):
    main = causal.evaluate(frame, **NAMES)
    return causal.weighted_for_response(main, frame.assign(y=frame["y"] + frame["middle"] / 10))


COUNTED = {"outcome": "csat_mean", "options": OPTIONS}
FORMS = {
    "ordered": lambda f: causal.ordered_effect(labels(f), **COUNTED).estimates(),
    "count": lambda f: causal.count_effect(f, **COUNTED),
    "ratio": lambda f: causal.ratio_effect(f, **COUNTED),
}
ON_Y = {
    "mediation": mediated,
    "retraining": again,
    "spillover": reached,
    "balanced": balanced,
    "kinds": kinds,
    "weighted": weighted,
}
ALL = FORMS | ON_Y
#: Drawn by bootstrap or by signs of sites: the value is held, the interval moves with the draw.
DRAWN = ("mediation", "kinds", "spillover", "balanced", "retraining", "weighted")


def numbers(name, frame):
    before = frame.copy(deep=True)
    fields = ("value",) if name in DRAWN else ("value", "se", "ci_low", "ci_high", "p_value")
    found = [[getattr(e, field) for field in fields] for e in ALL[name](frame)]
    pd.testing.assert_frame_equal(frame, before)  # the input is left alone
    return np.nan_to_num(np.array(found, dtype=float))


FRAME = world()


@cache
def base(name):
    return numbers(name, FRAME)


def test_there_is_something_to_hold():
    assert all(np.abs(base(name)).max() > 1e-3 for name in ALL)


def same(name, frame):
    found = numbers(name, frame)
    np.testing.assert_allclose(found, base(name), rtol=TOLERANCE, atol=TOLERANCE, err_msg=name)


@pytest.mark.parametrize("name", list(ALL))
@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**20))
def test_row_order(name, seed):
    first = FRAME.drop_duplicates("unit").index  # what a case chooses sites by stays first
    rest = FRAME.drop(index=first).sample(frac=1, random_state=seed)
    same(name, pd.concat([FRAME.loc[first].sample(frac=1, random_state=seed), rest]))


@pytest.mark.parametrize("name", list(ALL))
@settings(max_examples=3, deadline=None)
@given(order=st.permutations(range(17)))
def test_unit_labels(name, order):
    label = dict(zip(sorted(FRAME["unit"].unique()), [f"项目{k:02d}" for k in order], strict=True))
    same(name, FRAME.assign(unit=FRAME["unit"].map(label)))


@pytest.mark.parametrize("name", list(ON_Y))
@settings(max_examples=3, deadline=None)
@given(constant=st.floats(-100, 100))
def test_a_constant(name, constant):
    same(name, FRAME.assign(y=FRAME["y"] + constant))
