"""Alpha, omega, gaps and strata by another route or against printed values, and at their edges."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from statsmodels.multivariate.factor_rotation import rotate_factors

from analysis.measurement import (
    Moments,
    alpha_from_covariance,
    cronbach_alpha,
    moments,
    moments_with_gaps,
    omega_hierarchical,
    stratified,
    stratified_moments,
)
from analysis.measurement.refusals import RefusedError

# R's data set attitude (Chatterjee & Price 1977): 30 departments, seven shares.
ATTITUDE = """43 51 30 39 61 92 45 63 64 51 54 63 73 47 71 70 68 69 76 86 48 61 63 45 47 54 84 35
81 78 56 66 71 83 47 43 55 49 44 54 49 34 58 67 42 56 66 68 35 71 75 50 55 70 66 41 72 82 72 67 71
83 31 67 61 45 47 62 80 41 64 53 53 58 58 67 34 67 60 47 39 59 74 41 69 62 57 42 55 63 25 68 83 83
45 59 77 35 77 77 54 72 79 77 46 81 90 50 72 60 54 36 74 85 64 69 79 79 63 65 60 65 75 55 80 60 65
70 46 57 75 85 46 50 58 68 54 64 78 52 50 40 33 34 43 64 33 64 61 52 62 66 80 41 53 66 52 50 63 80
37 40 37 42 58 50 57 49 63 54 42 48 66 75 33 66 77 66 63 88 76 72 78 75 58 74 80 78 49 48 57 44 45
51 83 38 85 85 71 71 77 74 55 82 82 39 59 64 78 39"""
# Correlations of nine tests of 213 pupils after Thurstone, as in R's psych.
TESTS = tuple(f"test_{place}" for place in range(9))
THURSTONE = """.828
.776 .779
.439 .493 .460
.432 .464 .425 .674
.447 .489 .443 .590 .541
.447 .432 .401 .381 .402 .288
.541 .537 .534 .350 .367 .320 .555
.380 .358 .359 .424 .446 .325 .598 .452"""
# Worm infestations in apple crops (Cochran & Snedecor 1972; Little & Rubin 1987), the data of
# R's mvnmle.
APPLES = pd.DataFrame(
    {
        "size": [8, 6, 11, 22, 14, 17, 18, 24, 19, 23, 26, 40, 4, 4, 5, 6, 8, 10],
        "worms": [59, 58, 56, 53, 50, 45, 43, 42, 39, 38, 30, 27] + [np.nan] * 6,
    }
)


def attitude():
    return pd.DataFrame(np.array(ATTITUDE.split(), dtype=float).reshape(30, 7))


def thurstone(keep=slice(None)):
    matrix = np.eye(9)
    for row, line in enumerate(THURSTONE.splitlines(), start=1):
        matrix[row, :row] = matrix[:row, row] = [float(v) for v in line.split()]
    matrix = matrix[keep, keep]
    return Moments(TESTS[keep], np.zeros(len(matrix)), matrix, 213)


def test_alpha_of_attitude_is_that_of_psych():
    """psych::alpha(attitude) prints raw_alpha 0.843 and std.alpha 0.839 to three digits."""
    assert cronbach_alpha(attitude()).value == pytest.approx(0.843, abs=5e-4)
    standardised = alpha_from_covariance(attitude().corr().to_numpy(), 30)
    assert standardised.value == pytest.approx(0.839, abs=5e-4)


def test_the_standard_error_is_that_of_the_delta_method():
    """Slopes of alpha found by steps, with the covariances of covariances of normal answers."""
    covariance = attitude().cov().to_numpy()
    k, step = len(covariance), 1e-4

    def alpha(c):
        return k / (k - 1) * (1 - np.trace(c) / c.sum())

    slope = np.empty((k, k))
    for i in range(k):
        for j in range(k):
            moved = covariance.copy()
            moved[i, j] += step
            slope[i, j] = (alpha(moved) - alpha(covariance)) / step
    # Var(tr(G S)) = 2 tr(G C G C) / n where G is symmetric.
    variance = 2 * np.trace(slope @ covariance @ slope @ covariance) / len(attitude())
    assert cronbach_alpha(attitude()).se == pytest.approx(np.sqrt(variance), rel=1e-3)


def test_alpha_of_a_matrix_is_that_of_the_answers():
    scores = attitude()
    ours, whole = alpha_from_covariance(scores.cov().to_numpy(), 30), cronbach_alpha(scores)
    assert (ours.value, ours.low, ours.high, ours.se) == pytest.approx(
        (whole.value, whole.low, whole.high, whole.se)
    )


def test_the_standard_error_is_the_spread_of_alphas_of_normal_answers():
    rng = np.random.default_rng(5)
    root = np.linalg.cholesky(0.4 + 0.6 * np.eye(4))
    drawn = [
        cronbach_alpha(pd.DataFrame(rng.standard_normal((80, 4)) @ root.T)) for _ in range(600)
    ]
    spread = np.std([a.value for a in drawn])
    assert np.mean([a.se for a in drawn]) == pytest.approx(spread, rel=0.12)


@pytest.mark.parametrize("wrong", [np.ones((2, 3)), np.array([[1.0, 0.2], [0.4, 1.0]])])
def test_alpha_of_no_covariance_matrix_is_a_mistake(wrong):
    with pytest.raises(ValueError, match="square symmetric"):
        alpha_from_covariance(wrong, 30)


def test_alpha_of_items_that_cancel_out_is_none():
    assert alpha_from_covariance(np.array([[1.0, -1.0], [-1.0, 1.0]]), 30) is None


def test_omega_hierarchical_is_nearly_that_of_minimum_residuals():
    """The way of R's psych, step by step: minres, oblimin, Schmid and Leiman by triads."""
    correlation = thurstone().covariance
    off = ~np.eye(9, dtype=bool)

    def residuals(loadings):
        left = correlation - loadings.reshape(9, 3) @ loadings.reshape(9, 3).T
        return (left[off] ** 2).sum()

    values, vectors = np.linalg.eigh(correlation)
    start = (vectors[:, -3:] * np.sqrt(values[-3:])).ravel()
    extracted = minimize(residuals, start, method="BFGS").x.reshape(9, 3)
    pattern, turn = rotate_factors(extracted, "oblimin", 0, "oblique")
    side = np.sign(pattern.sum(axis=0))
    pattern, between = pattern * side, (turn.T @ turn) * np.outer(side, side)
    a, b, c = between[0, 1], between[0, 2], between[1, 2]
    general = pattern @ np.sqrt([a * b / c, a * c / b, b * c / a])
    total = np.einsum("ij,jk,ik->i", pattern, between, pattern)
    found = omega_hierarchical(thurstone())
    assert found.hierarchical == pytest.approx(general.sum() ** 2 / correlation.sum(), abs=0.01)
    assert found.total == pytest.approx(1 - (1 - total).sum() / correlation.sum(), abs=0.005)
    assert found.loadings["general"].tolist() == pytest.approx(general.tolist(), abs=0.015)
    assert (found.hierarchical, found.total) == pytest.approx((0.74, 0.93), abs=0.01)


def test_a_general_factor_needs_three_groups_of_three():
    with pytest.raises(ValueError, match="3 group factors"):
        omega_hierarchical(thurstone(), factors=2)
    assert omega_hierarchical(thurstone(slice(0, 6))) is None


def test_unrelated_items_have_no_general_factor():
    noise = np.random.default_rng(2).standard_normal((200, 9))
    assert omega_hierarchical(moments(pd.DataFrame(noise))) is None


def test_gaps_of_one_item_have_a_closed_form():
    """Anderson (1957): size from all crops; worms by the regression of the complete ones."""
    found = moments_with_gaps(APPLES)
    size, worms = APPLES["size"].to_numpy(), APPLES["worms"].to_numpy()
    seen = ~np.isnan(worms)
    slope, at_zero = np.polyfit(size[seen], worms[seen], 1)
    left = np.var(worms[seen] - at_zero - slope * size[seen])
    spread = np.var(size)
    assert found.mean == pytest.approx([size.mean(), at_zero + slope * size.mean()], abs=1e-3)
    assert found.covariance[np.triu_indices(2)] == pytest.approx(
        [spread, slope * spread, left + slope**2 * spread], abs=2e-3
    )
    assert found.n == 12


def test_without_a_gap_the_moments_are_the_plain_ones():
    plain, filled = moments(attitude()), moments_with_gaps(attitude())
    assert filled.mean == pytest.approx(plain.mean)
    assert filled.covariance == pytest.approx(plain.covariance)


def test_what_is_missing_by_what_was_answered_does_not_bend_alpha():
    """Who scores low on one item leaves the others blank: listwise alpha falls, ml does not."""
    rng = np.random.default_rng(7)
    scores = pd.DataFrame(rng.standard_normal((4000, 4)) + 1.2 * rng.standard_normal((4000, 1)))
    whole = cronbach_alpha(scores).value
    holed = scores.mask(pd.DataFrame({0: False, **dict.fromkeys((1, 2, 3), scores[0] < 0)}))
    assert cronbach_alpha(holed).value < whole - 0.05
    assert cronbach_alpha(holed, missing="ml").value == pytest.approx(whole, abs=0.015)


def test_items_never_asked_together_are_refused():
    apart = pd.DataFrame({"a": [1.0, 2, np.nan, np.nan], "b": [np.nan, np.nan, 3, 4]})
    with pytest.raises(RefusedError):
        moments_with_gaps(apart)


COUNTIES = {
    "n": [21, 103, 135, 41],
    "mean": [97_629.81, 300_504.16, 211_315.04, 662_295.51],
    "variance": [7_647_472_708, 29_618_183_543, 53_587_487_856, 396_185_950_266],
    "population": [220, 1054, 1382, 422],
}


def test_strata_of_the_census_of_agriculture():
    """Sample agstrat of Lohr (2010): total 909,736,035 (SE 50,417,248), mean 295,561 (16,380).

    R's survey prints the same of the sample's rows.
    """
    found = stratified_moments(**COUNTIES)
    assert found.total.value == pytest.approx(909_736_035, rel=1e-7)
    assert found.total.se == pytest.approx(50_417_248, rel=1e-6)
    assert found.mean.value == pytest.approx(295_561, abs=0.5)
    assert found.mean.se == pytest.approx(16_380, abs=0.5)


def test_who_was_asked_in_full_adds_no_error():
    values, strata = pd.Series([1.0, 2, 3, 10, 20]), pd.Series(list("aaabb"))
    found = stratified(values, strata, pd.Series({"a": 3, "b": 2}))
    assert found.mean.value == values.mean()
    assert found.mean.se == 0
    assert (found.total.low, found.total.high) == (36, 36)
    alone = stratified(values[:4], strata[:4], pd.Series({"a": 3, "b": 1}))
    assert (alone.mean.value, alone.mean.se) == (4, 0)
    part = stratified(values, strata, pd.Series({"a": 3, "b": 8}))
    assert part.mean.value == pytest.approx((3 * 2 + 8 * 15) / 11)
    assert part.mean.se == pytest.approx(np.sqrt((8 / 11) ** 2 * (1 - 2 / 8) * 50 / 2))


@pytest.mark.parametrize(
    "population", [{"a": 3, "b": 9, "c": 4}, {"a": 3}, {"a": 0, "b": 9}, {"a": 30, "b": 9, "c": 0}]
)
def test_strata_without_answers_or_members_are_refused(population):
    values, strata = pd.Series([1.0, 2, 3, 10, 20]), pd.Series(list("aaabb"))
    with pytest.raises(RefusedError):
        stratified(values, strata, pd.Series(population))


def test_one_answer_of_many_has_no_variance():
    with pytest.raises(RefusedError, match="no variance"):
        stratified(pd.Series([1.0, 2, 3]), pd.Series(list("aab")), pd.Series({"a": 9, "b": 9}))


def test_more_answers_than_members_are_a_mistake():
    with pytest.raises(ValueError, match="more answers than members"):
        stratified_moments([5], [1.0], [1.0], [4])
