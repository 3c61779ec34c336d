import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.measurement import (
    assess_weighting,
    kish_design_effect,
    nonresponse_bias,
    poststratify,
    rake,
    trim,
    weighted_mean,
)
from analysis.measurement.nonresponse import compare_weighted

CELLS = pd.DataFrame(
    [("a", "x")] * 10 + [("a", "y")] * 20 + [("b", "x")] * 40 + [("b", "y")] * 30,
    columns=["region", "kind"],
)
MARGINS = {"region": {"a": 600, "b": 400}, "kind": {"x": 300, "y": 700}}


def test_poststratification_gives_each_stratum_its_households():
    weights = poststratify(CELLS["region"], {"a": 600, "b": 400})
    assert weights.weight[:30].tolist() == pytest.approx([20] * 30)
    assert weights.weight[30:].tolist() == pytest.approx([400 / 70] * 70)


def test_raking_meets_the_margins_and_keeps_the_odds_ratio():
    weights = rake(CELLS, MARGINS)
    cells = weights.weight.groupby([CELLS["region"], CELLS["kind"]]).sum()
    assert cells.groupby("region").sum().to_dict() == pytest.approx({"a": 600, "b": 400})
    assert cells.groupby("kind").sum().to_dict() == pytest.approx({"x": 300, "y": 700})
    odds = cells["a", "x"] * cells["b", "y"] / (cells["a", "y"] * cells["b", "x"])
    assert odds == pytest.approx(10 * 30 / (20 * 40), rel=1e-6)
    # The fitted cell solves (t)(400 - 300 + t) / ((600 - t)(300 - t)) = 3 / 8.
    t = cells["a", "x"]
    assert t * (100 + t) / ((600 - t) * (300 - t)) == pytest.approx(3 / 8, rel=1e-6)
    assert weights.converged
    assert weights.n_effective == pytest.approx(100 / weights.design_effect)


def test_kish_by_hand():
    assert kish_design_effect(np.ones(7)) == pytest.approx(1)
    # Weights 1, 1, 2: 3 * 6 / 16.
    assert kish_design_effect([1, 1, 2]) == pytest.approx(18 / 16)


@given(st.lists(st.floats(0.01, 100), min_size=2, max_size=40))
def test_trimming_keeps_the_sum_and_the_bounds(weights):
    weights = np.array(weights)
    cut = trim(weights, (0.3, 3))
    assert cut.sum() == pytest.approx(weights.sum())
    relative = cut / cut.mean()
    assert relative.min() >= 0.3 - 1e-6
    assert relative.max() <= 3 + 1e-6


def test_bounds_inside_raking_hold_beside_the_margins_where_they_can():
    rng = np.random.default_rng(2)
    rows = pd.DataFrame(
        {
            "region": rng.choice(["a", "b", "c"], 500, p=[0.1, 0.3, 0.6]),
            "kind": rng.choice(["x", "y"], 500, p=[0.2, 0.8]),
        }
    )
    margins = {"region": {"a": 40, "b": 30, "c": 30}, "kind": {"x": 50, "y": 50}}
    free, bound = rake(rows, margins), rake(rows, margins, bounds=(0.2, 5))
    assert free.weight.max() / free.weight.mean() > 5
    assert bound.weight.max() / bound.weight.mean() <= 5 + 1e-6
    assert bound.trimmed > 0
    assert bound.design_effect < free.design_effect
    assert bound.margin_error < 0.05


def test_a_level_without_households_and_answers_changes_nothing():
    more = {"region": {"a": 600, "none": 0, "b": 400}, "kind": MARGINS["kind"]}
    assert rake(CELLS, more).weight.tolist() == rake(CELLS, MARGINS).weight.tolist()


@pytest.mark.parametrize(
    ("margins", "told"),
    [
        ({"region": {"a": 1}}, "no household count"),
        ({"region": {"a": 1, "b": 1, "c": 1}}, "no answers"),
        ({"region": {"a": 1, "b": 0}}, "without households"),
        ({}, "at least one margin"),
    ],
)
def test_margins_that_do_not_fit_are_named(margins, told):
    with pytest.raises(ValueError, match=told):
        rake(CELLS, margins)


def test_mean_and_error_without_weights_are_the_plain_ones():
    y = np.array([1.0, 2, 4, 5, np.nan])
    found = weighted_mean(y)
    assert found.value == 3
    assert found.se == pytest.approx(np.std([1, 2, 4, 5], ddof=1) / 2)
    assert found.n == 4


def test_clusters_widen_the_interval_and_one_cluster_has_none():
    rng = np.random.default_rng(4)
    sites = np.repeat(np.arange(20), 30)
    y = rng.normal(0, 1, 20)[sites] + rng.normal(0, 1, 600)
    assert weighted_mean(y, clusters=sites).se > 2 * weighted_mean(y).se
    assert weighted_mean(y, clusters=np.zeros(600)).low is None


def test_weights_undo_a_selection_that_the_margins_explain():
    rng = np.random.default_rng(7)
    region = np.repeat(["a", "b"], [5000, 5000])
    y = np.where(region == "a", 3.0, 4.0) + rng.normal(0, 0.5, 10000)
    answered = rng.random(10000) < np.where(region == "a", 0.1, 0.4)
    rows = pd.DataFrame({"region": region[answered]})
    found = compare_weighted(pd.Series(y[answered]), rows, {"region": {"a": 5000, "b": 5000}})
    assert abs(found.unweighted.value - y.mean()) > 0.25
    assert found.weighted.low < y.mean() < found.weighted.high


def test_bias_formula_is_an_identity_in_a_finite_population():
    rng = np.random.default_rng(9)
    y = rng.integers(1, 6, 2000).astype(float)
    answered = rng.random(2000) < 0.1 + 0.1 * (y > 3)
    bias = nonresponse_bias(y[answered].mean(), y.std(), answered.mean(), (1, 5))
    rho = np.corrcoef(answered, y)[0, 1]
    assert bias.bias(rho) == pytest.approx(y[answered].mean() - y.mean(), abs=1e-12)
    assert bias.breakdown(bias.bias(rho)) == pytest.approx(abs(rho))
    assert bias.worst_low < y.mean() < bias.worst_high


def test_everybody_answering_leaves_no_bias():
    bias = nonresponse_bias(3.5, 1.0, 1.0, (1, 5))
    assert (bias.worst_low, bias.worst_high, bias.bias(0.5)) == (3.5, 3.5, 0)
    assert bias.breakdown(0.1) is None


INSTRUMENTS = pd.DataFrame(
    {
        "instrument": ["v1"],
        "item": ["q1"],
        "role": ["overall"],
        "scale_min": [1.0],
        "scale_max": [5.0],
    }
)
SITES = pd.DataFrame(
    {
        "site_id": ["s1", "s2", "s3"],
        "region": ["n", "n", "s"],
        "property_type": [None] * 3,
        "households": [100, 300, 600],
    }
)


def _surveys(score):
    site = ["s1"] * 20 + ["s2"] * 20 + ["s3"] * 10
    return pd.DataFrame({"site_id": site, "instrument": "v1", "item": "q1", "score": score})


def test_stage_gives_both_means_and_the_bounds():
    found = assess_weighting(_surveys([3.0, 4.0] * 20 + [5.0] * 10), SITES, INSTRUMENTS, rate=0.2)
    assert found.estimate("baseline.csat_mean.unweighted").value == pytest.approx(3.8)
    assert found.estimate("baseline.csat_mean.weighted").value == pytest.approx(4.4)
    assert found.table("weights")["share_households"].tolist() == pytest.approx([0.4, 0.6])
    assert found.table("nonresponse")["assumption"].tolist()[-1] == "worst_case"
    assert {c.id for c in found.checks} == {
        "baseline.weights.design_effect",
        "baseline.nonresponse",
    }


def test_the_net_promoter_score_is_weighted_by_the_same_margins():
    asked = pd.concat(
        [
            INSTRUMENTS,
            INSTRUMENTS.assign(item="q6", role="nps", scale_min=0.0, scale_max=10.0),
        ]
    )
    # Half promoters, half detractors in the north (40 of 50 answers, 40 % of households); in the
    # south everybody recommends.
    willing = _surveys([10.0, 5.0] * 20 + [9.0] * 10).assign(item="q6")
    found = assess_weighting(pd.concat([_surveys(4.0), willing]), SITES, asked, rate=0.2)
    plain, weighted = (found.estimate(f"baseline.nps.{way}") for way in ("unweighted", "weighted"))
    assert plain.value == pytest.approx(100 * 10 / 50)
    assert weighted.value == pytest.approx(100 * 0.6)
    assert weighted.ci_low < 60 < weighted.ci_high
    assert (weighted.unit, weighted.n) == ("nps_points", 50)
    other = asked.assign(scale_max=5.0)
    scaled = assess_weighting(pd.concat([_surveys(4.0), willing]), SITES, other, rate=0.2)
    assert not [e for e in scaled.estimates if e.indicator == "nps"]


def test_stage_says_what_is_missing_and_takes_equal_answers():
    assert assess_weighting(None, SITES, INSTRUMENTS).checks[0].status == "not_possible"
    bare = SITES.assign(households=None)
    assert assess_weighting(_surveys(4.0), bare, INSTRUMENTS).checks[0].status == "not_possible"
    equal = assess_weighting(_surveys(4.0), SITES, INSTRUMENTS, rate=0.3)
    assert equal.estimate("baseline.csat_mean.weighted").value == pytest.approx(4)
    assert assess_weighting(_surveys(4.0), SITES, INSTRUMENTS).checks[1].status == "not_possible"


def test_inputs_stay_as_they_were():
    surveys, sites = _surveys(4.0), SITES.copy()
    before = surveys.copy()
    assess_weighting(surveys, sites, INSTRUMENTS, rate=0.3)
    pd.testing.assert_frame_equal(surveys, before)
    pd.testing.assert_frame_equal(sites, SITES)
