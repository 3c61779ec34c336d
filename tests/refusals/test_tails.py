"""At the edges a method gives finite numbers or refuses; it never gives NaN, inf or a warning."""

from __future__ import annotations

import dataclasses
import math
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import design, measurement, monitoring
from analysis.causal.did.two_way import Regression
from analysis.causal.lottery.random_timing import _studentised
from analysis.causal.robustness.multiplicity import _draw
from analysis.design import power
from analysis.measurement.balance import joint_test
from analysis.monitoring.control_charts.counts import c_chart, np_chart, u_chart
from analysis.refusals import RefusedError

FEW = settings(max_examples=60, deadline=None)
SCORES = st.sampled_from([1.0, 3.0, 5.0, 5.0, 5.0])
EDGES = st.one_of(
    st.lists(SCORES, max_size=12),
    st.lists(st.just(4.0), max_size=12),
    st.lists(st.floats(-1e6, 1e6), max_size=12),
    st.lists(st.just(float("nan")), max_size=3),
)
COUNTS = st.lists(st.integers(0, 3), min_size=1, max_size=10)


def numbers(found: Any) -> list[float]:
    """Return every number in what a method returned; None stands for "there is none"."""
    if found is None or isinstance(found, (str, bool)):
        return []
    if isinstance(found, (int, float, np.number)):
        return [float(found)]
    if isinstance(found, pd.DataFrame):
        told = [found[name].dropna() if found[name].dtype == "Int64" else found[name]
                for name in found.select_dtypes("number")]  # fmt: skip
        return [float(v) for column in told for v in column]
    if isinstance(found, np.ndarray):
        return [float(v) for v in found.ravel()]
    if dataclasses.is_dataclass(found):
        return [n for f in dataclasses.fields(found) for n in numbers(getattr(found, f.name))]
    if isinstance(found, dict):
        return [n for value in found.values() for n in numbers(value)]
    return [n for value in found for n in numbers(value)]


def finite_or_refused(method, *args, **settings_) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            found = method(*args, **settings_)
        except RefusedError as refused:
            if refused.reason is None:
                raise
            return None
    assert all(math.isfinite(n) for n in numbers(found)), found
    return found


@FEW
@given(n=st.integers(0, 5), other=st.integers(0, 5), data=st.data())
def test_shares(n, other, data):
    hits, others = data.draw(st.integers(0, n)), data.draw(st.integers(0, other))
    finite_or_refused(measurement.wilson, hits, n)
    finite_or_refused(measurement.newcombe, hits, n, others, other)
    finite_or_refused(measurement.net_promoter, hits, 0, n - hits)


@FEW
@given(values=EDGES, others=EDGES)
def test_means(values, others):
    finite_or_refused(measurement.mean_t, np.array(values))
    finite_or_refused(measurement.welch, np.array(values), np.array(others))
    finite_or_refused(measurement.weighted_mean, np.array(values))
    clusters = [i // 2 for i in range(len(values))]
    finite_or_refused(measurement.weighted_mean, np.array(values), clusters=clusters)


def forms_cut(ratings):
    """Return the forms, cut where they may be open.

    That is a mean of raters below its pole, and F where raters agree completely.
    """
    forms = measurement.icc_forms(ratings)
    return forms and {
        name: dataclasses.replace(
            form,
            f=min(form.f, 1e9),
            **{end: max(getattr(form, end), -1e9) for end in ("value", "low", "high")},
        )
        for name, form in forms.items()
    }


@FEW
@given(rows=st.lists(st.tuples(SCORES, SCORES, SCORES), max_size=8))
def test_agreement(rows):
    ratings = np.array(rows, dtype=float).reshape(len(rows), 3)
    forms = finite_or_refused(forms_cut, ratings)
    assert forms is None or len(forms) == 6
    finite_or_refused(measurement.gwet_ac1, ratings)
    for scale in ("nominal", "ordinal", "interval", "ratio"):
        finite_or_refused(measurement.krippendorff_alpha, ratings.T, scale)
    finite_or_refused(measurement.cronbach_alpha, pd.DataFrame(ratings, columns=list("abc")))
    n = np.array([3] * len(rows), dtype=float)
    sums, squares = ratings.sum(axis=1), (ratings**2).sum(axis=1)
    if len(rows):
        finite_or_refused(measurement.icc_oneway, n, sums, squares)


@FEW
@given(values=st.lists(st.one_of(st.none(), SCORES), min_size=1, max_size=8), arms=st.data())
def test_arms_told_by_one_number(values, arms):
    size = {"min_size": len(values), "max_size": len(values)}
    treated = np.array(arms.draw(st.lists(st.booleans(), **size)))
    frame = pd.DataFrame({"x": [np.nan if v is None else v for v in values]})
    finite_or_refused(joint_test, frame, treated, draws=20, seed=1)


def drawn(chart, *args):
    """Draw a chart; where nothing varied before, what departs is infinitely far, and signals."""
    found = chart(*args)
    far = np.isinf(found["z"])
    assert found.loc[far, "signal"].all()
    return found.assign(z=found["z"].mask(far, 0.0))


@FEW
@given(counts=COUNTS, size=st.integers(0, 4), base=st.data())
def test_count_charts(counts, size, base):
    marks = np.array(base.draw(st.lists(st.booleans(), min_size=len(counts), max_size=len(counts))))
    sizes = np.full(len(counts), max(counts) + size, dtype=float)
    finite_or_refused(drawn, np_chart, np.array(counts), size, marks)
    finite_or_refused(drawn, c_chart, np.array(counts), marks)
    finite_or_refused(drawn, u_chart, np.array(counts), sizes, marks)
    finite_or_refused(monitoring.p_chart, np.array(counts), sizes, marks)
    finite_or_refused(monitoring.xmr_chart, np.array(counts, dtype=float), marks)


@FEW
@given(
    values=st.lists(SCORES, min_size=1, max_size=12),
    kind=st.sampled_from(["p", "u", "xmr", "ewma", "cusum"]),
    before=st.integers(0, 12),
)
def test_charts_of_sites(values, kind, before):
    months = len(values)
    panel = pd.DataFrame(
        {
            "indicator": "x",
            "stratum": "",
            "site_id": "s",
            "period": range(months),
            "value": [v / 5 for v in values],
            "total": values,
            "exposure": 5.0,
        }
    )
    found = finite_or_refused(
        monitoring.chart_panel, panel, indicator="x", baseline_until=before, kind=kind
    )
    if found is not None:
        finite_or_refused(monitoring.rank_sites, found, direction="up")


@FEW
@given(
    n=st.integers(0, 4),
    months=st.integers(1, 8),
    constant=st.booleans(),
    start=st.integers(0, 8),
)
def test_base_and_power(n, months, constant, start):
    rng = np.random.default_rng(1)
    rows = [
        (f"s{unit}", month, 3.0 if constant else rng.normal(), 5.0, start if unit % 2 else np.nan)
        for unit in range(2 * n)
        for month in range(months)
    ]
    frame = pd.DataFrame(rows, columns=["unit", "period", "y", "n", "cohort"])
    frame["cohort"] = frame["cohort"].astype(float)
    finite_or_refused(design.choose_base, frame)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        found = design.assess_power(frame, indicator="x", unit="score", draws=50)
    assert found.checks
    assert all(e.value is None or math.isfinite(e.value) for e in found.estimates)


@FEW
@given(
    sites=st.integers(2, 400),
    shock=st.sampled_from([0.0, 1e-12, 0.01, 1.0, 1e6]),
    effect=st.sampled_from([0.0, 1e-9, 0.1, 10.0, 1e9]),
)
def test_power_by_formula(sites, shock, effect):
    plan = power.RollOut((4,) * sites, sites, 8)
    errors = power.ErrorModel(shock, 0.0, 0.0)
    chance = finite_or_refused(power.closed_form, plan, errors, effect)
    assert 0 <= chance <= 1 + 1e-12
    start = power.closed_form_se(plan, errors)
    curve = lambda e: power.closed_form(plan, errors, e)  # noqa: E731
    finite_or_refused(power.minimum_detectable, curve, 0.8, start)


def test_a_negative_variance_is_rounding():
    tiny = -1e-22
    found = Regression(("a",), np.array([1.0]), np.array([[tiny]]), 10, 5)
    assert finite_or_refused(found.combine, np.array([1.0])) == (1.0, 0.0)
    assert found.se.tolist() == [0.0]


def test_an_outcome_that_nobody_moves_counts_as_one_more():
    influence = np.column_stack([np.ones(6), np.zeros(6)])
    drawn = finite_or_refused(_draw, influence, 10, 1)
    assert len(np.unique(drawn[:, 1])) == 10
    assert np.isfinite(drawn).all()


@pytest.mark.parametrize(("moved", "expected"), [(0.0, 0.0), (1.0, math.inf)])
def test_where_nothing_varies_no_effect_is_none_and_any_is_sure(moved, expected):
    labels = np.array([[0, 0, 1, 1]])
    after = np.column_stack([np.zeros(4), np.full(4, moved)])
    found = _studentised(labels, np.stack([after, np.zeros((4, 2))]), np.array([2, 2]), True)
    assert found.tolist() == [expected]
