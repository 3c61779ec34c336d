from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from analysis.measurement import (
    Moments,
    assess_factors,
    confirm,
    mcdonald_omega,
    moments,
    parallel_analysis,
)
from analysis.measurement.factor import _logit_interval

FACTORS = {
    "visual": ["x1", "x2", "x3"],
    "textual": ["x4", "x5", "x6"],
    "speed": ["x7", "x8", "x9"],
}


LAVAAN = {
    "chisq": "chi2", "df": "df", "pvalue": "p_value", "cfi": "cfi", "tli": "tli",
    "rmsea": "rmsea", "rmsea.ci.lower": "rmsea_low", "rmsea.ci.upper": "rmsea_high",
    "srmr": "srmr", "aic": "aic", "bic": "bic", "logl": "loglik",
}  # fmt: skip


def test_fit_and_loadings_reproduce_lavaan(reference, holzinger):
    published = reference["cfa_HS"]
    found = confirm(holzinger, FACTORS)
    assert found.converged
    assert found.proper
    fit = asdict(found.fit)
    for theirs, ours in LAVAAN.items():
        value = published["values"]["fit"][theirs]
        assert fit[ours] == pytest.approx(value, abs=published["tolerance"]), theirs
    loadings = found.loadings.set_index("item")
    for row in published["values"]["std_loadings"]:
        mine = loadings.loc[row["rhs"]]
        assert mine["std_loading"] == pytest.approx(row["est.std"], abs=published["tolerance"])
        assert mine["std_se"] == pytest.approx(row["se"], abs=published["tolerance"])
    for row in published["values"]["unstd"]:
        mine = loadings.loc[row["rhs"]]
        assert mine["loading"] == pytest.approx(row["est"], abs=published["tolerance"])
        assert mine["se"] == pytest.approx(row["se"], abs=published["tolerance"])


def test_semopy_differs_only_in_the_divisor_of_rmsea(reference, holzinger):
    published = reference["cfa_HS_semopy"]["values"]
    fit = confirm(holzinger, FACTORS).fit
    tolerance = reference["cfa_HS_semopy"]["tolerance"]
    assert fit.chi2 == pytest.approx(published["chi2"], abs=3e-4)
    assert fit.cfi == pytest.approx(published["CFI"], abs=tolerance)
    assert fit.tli == pytest.approx(published["TLI"], abs=tolerance)
    assert fit.rmsea != pytest.approx(published["RMSEA"], abs=tolerance)
    assert fit.rmsea * np.sqrt(301 / 300) == pytest.approx(published["RMSEA"], abs=1e-5)


def test_indices_of_semopy_follow_other_conventions(reference, holzinger):
    """Its LogLik is the discrepancy chi2/n, so that AIC and BIC are not comparable with ours;
    its GFI is the normed fit index, not Jöreskog's."""
    published = reference["cfa_HS_semopy"]["values"]
    fit = confirm(holzinger, FACTORS).fit
    tolerance = reference["cfa_HS_semopy"]["tolerance"]
    logarithm = fit.chi2 / fit.n
    normed = 1 - fit.chi2 / published["chi2 Baseline"]
    ours = {
        "DoF": fit.df,
        "DoF Baseline": 9 * 8 / 2,
        "chi2 p-value": fit.p_value,
        "NFI": normed,
        "GFI": normed,
        "AGFI": 1 - 36 / 24 * (1 - normed),
        "LogLik": logarithm,
        "AIC": 2 * fit.parameters - 2 * logarithm,
        "BIC": np.log(fit.n) * fit.parameters - 2 * logarithm,
    }
    for name, value in ours.items():
        assert value == pytest.approx(published[name], abs=tolerance), name
    null = (1 - fit.cfi) ** -1 * (fit.chi2 - fit.df) + 36
    assert null == pytest.approx(published["chi2 Baseline"], abs=0.01)


def test_omega_reproduces_semtools_and_textbook(holzinger):
    # semTools::reliability of the same model: .6253, .8852, .6878.
    found = confirm(holzinger, FACTORS).reliability.set_index("factor")["omega"]
    assert found.tolist() == pytest.approx([0.6253, 0.8852, 0.6878], abs=5e-5)


def one_factor(loading, residual, n=400):
    loading = np.array(loading)
    covariance = np.outer(loading, loading) + np.diag(residual)
    return Moments(tuple("abcde"[: len(loading)]), np.zeros(len(loading)), covariance, n)


def test_exact_moments_are_recovered_exactly():
    data = one_factor([0.8, 0.7, 0.6, 0.9], [0.36, 0.51, 0.64, 0.19])
    found = confirm(data, {"all": data.items})
    assert found.fit.chi2 == pytest.approx(0, abs=1e-6)
    assert (found.fit.cfi, found.fit.rmsea) == (1, 0)
    assert found.loadings["std_loading"].tolist() == pytest.approx([0.8, 0.7, 0.6, 0.9], abs=1e-5)
    omega = mcdonald_omega(data)
    assert omega.value == pytest.approx(9 / (9 + 1.7), abs=1e-6)
    assert omega.low < omega.value < omega.high


def test_omega_equals_alpha_when_all_items_load_equally():
    data = one_factor([0.7] * 5, [0.51] * 5)
    alpha = 5 / 4 * (1 - np.trace(data.covariance) / data.covariance.sum())
    assert mcdonald_omega(data).value == pytest.approx(alpha, abs=1e-6)


def test_order_and_unit_of_items_do_not_move_the_fit(holzinger):
    data = holzinger
    order = [8, 0, 3, 1, 6, 2, 7, 5, 4]
    scale = np.linspace(0.1, 10, 9)
    moved = Moments(
        tuple(data.items[i] for i in order),
        (data.mean * scale)[order] + 3,
        (data.covariance * np.outer(scale, scale))[np.ix_(order, order)],
        data.n,
    )
    fit, other = confirm(data, FACTORS).fit, confirm(moved, FACTORS).fit
    assert other.chi2 == pytest.approx(fit.chi2, abs=1e-6)
    assert other.srmr == pytest.approx(fit.srmr, abs=1e-6)


def test_interval_of_omega_covers_at_its_level():
    rng = np.random.default_rng(11)
    loading, residual = np.array([0.8, 0.7, 0.6, 0.5]), np.array([0.4, 0.5, 0.6, 0.7])
    truth = loading.sum() ** 2 / (loading.sum() ** 2 + residual.sum())
    inside = 0
    for _ in range(150):
        trait = rng.normal(size=(200, 1))
        scores = trait * loading + rng.normal(size=(200, 4)) * np.sqrt(residual)
        omega = mcdonald_omega(moments(pd.DataFrame(scores, columns=list("abcd"))))
        inside += omega.low <= truth <= omega.high
    assert 0.90 <= inside / 150 <= 0.99


def test_models_that_cannot_be_told_are_none():
    pair = Moments(("a", "b"), np.zeros(2), np.array([[1, 0.5], [0.5, 1]]), 100)
    assert confirm(pair, {"all": ["a", "b"]}) is None
    copies = one_factor([1.0, 1.0, 1.0], [0.0, 0.0, 0.5])
    assert confirm(copies, {"all": copies.items}) is None
    with pytest.raises(ValueError, match="once"):
        confirm(pair, {"all": ["a"]})


def test_parallel_analysis_finds_three_abilities_and_no_structure_in_noise(holzinger):
    assert parallel_analysis(holzinger, seed=1).dimensions == 3
    noise = Moments(tuple("abcd"), np.zeros(4), np.eye(4), 300)
    assert parallel_analysis(noise, seed=1).dimensions == 0


def surveys(n=400, seed=1, noise=0.6):
    rng = np.random.default_rng(seed)
    trait = rng.normal(size=n)
    frames = []
    for item in ("q1", "q2", "q3", "q4"):
        raw = 3.6 + 0.8 * trait + rng.normal(0, noise, n)
        frames.append(
            pd.DataFrame(
                {
                    "response_id": [f"r{i}" for i in range(n)],
                    "instrument": "v1",
                    "item": item,
                    "score": np.clip(np.rint(raw), 1, 5),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


INSTRUMENTS = pd.DataFrame(
    {
        "instrument": "v1",
        "item": ["q1", "q2", "q3", "q4"],
        "role": ["overall", "item", "item", "item"],
        "dimension": ["all", "speed", "speed", "manner"],
        "scale_min": 1.0,
        "scale_max": 5.0,
    }
)


def test_stage_reports_one_dimension_when_declared_ones_are_single_items():
    found = assess_factors(surveys(), INSTRUMENTS, seed=1)
    omega = found.estimate("baseline.omega.surveys.v1.all")
    assert 0.75 < omega.value < 0.95
    assert found.estimate("baseline.cfa.surveys.v1.rmsea").level == 0.90
    assert {c.status for c in found.checks} == {"passed"}
    assert len(found.table("loadings_surveys")) == 4


@pytest.mark.parametrize(("flat", "names"), [("q3", {"speed", "manner"}), ("q4", {"all"})])
def test_a_dimension_of_two_items_is_kept_where_another_item_is_constant(flat, names):
    kinds = INSTRUMENTS.assign(role="item", dimension=["speed", "speed", "speed", "manner"])
    kinds = pd.concat([kinds, kinds.tail(1).assign(item="q5")], ignore_index=True)
    answers = surveys()
    extra = answers[answers["item"] == "q1"].assign(item="q5")
    extra["score"] = np.clip(extra["score"] + np.resize([0, 1, -1], len(extra)), 1, 5)
    answers = pd.concat([answers, extra], ignore_index=True)
    answers.loc[answers["item"] == flat, "score"] = 4.0
    found = assess_factors(answers, kinds, seed=1)
    assert set(found.table("loadings_surveys")["factor"]) == names


def test_an_omega_of_exactly_nothing_or_all_has_no_interval():
    for value in (0.0, 1.0):
        assert np.isnan(_logit_interval(value, 0.1, 0.95)).all()


@pytest.mark.parametrize(
    "answers",
    [None, surveys(20), surveys().assign(score=4.0)],
    ids=["no surveys", "few sheets", "equal answers"],
)
def test_stage_says_what_it_cannot_do(answers):
    found = assess_factors(answers, INSTRUMENTS, seed=1)
    assert [c.status for c in found.checks] == ["not_possible"]


def test_three_items_leave_nothing_to_test_but_have_an_omega():
    found = assess_factors(surveys(), INSTRUMENTS[:3], seed=1)
    assert found.estimate("baseline.omega.surveys.v1.all").value > 0.5
    assert found.estimate("baseline.cfa.surveys.v1.rmsea").reason
    assert found.checks[0].status == "not_possible"
