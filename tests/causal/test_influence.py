"""Influence functions equal the derivative of the estimate by each unit's weight."""

import numpy as np
import pytest

from analysis.causal.did.cross_section import cross_section
from analysis.causal.did.two_period import two_period
from analysis.measurement.propensity import CellError

STEP = 1e-5


def sample(seed, n=60, k=2):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, k))
    D = rng.random(n) < 1 / (1 + np.exp(-0.5 * X[:, 0]))
    y = X @ [0.5, -0.2] + 0.3 * D + rng.normal(size=n)
    return y, D, X, rng.uniform(0.5, 1.5, n), rng.random(n) < 0.5


def derivative(estimate, w):
    slopes = np.empty(len(w))
    for i in range(len(w)):
        up, down = w.copy(), w.copy()
        up[i] *= 1 + STEP
        down[i] *= 1 - STEP
        slopes[i] = (estimate(up) - estimate(down)) / (2 * STEP)
    return slopes


@pytest.mark.parametrize("method", ["dr", "reg", "ipw"])
@pytest.mark.parametrize("k", [0, 2])
def test_changes(method, k):
    y, D, X, w, _ = sample(1)
    X = X[:, :k]
    found = two_period(y, D, X, w, method)
    slopes = derivative(lambda v: two_period(y, D, X, v, method).att, w)
    np.testing.assert_allclose(found.influence, slopes, atol=1e-8)
    assert found.contrast @ y == pytest.approx(found.att, abs=1e-12)
    assert found.contrast.sum() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("method", ["dr", "reg", "ipw"])
@pytest.mark.parametrize("k", [0, 2])
def test_cross_sections(method, k):
    y, D, X, w, post = sample(2, n=90)
    X = X[:, :k]
    _, influence, _ = cross_section(y, post, D, X, w, method)
    slopes = derivative(lambda v: cross_section(y, post, D, X, v, method)[0], w)
    np.testing.assert_allclose(influence, slopes, atol=1e-8)


def test_cross_sections_without_covariates_are_four_means():
    y, D, X, _, post = sample(3)
    att, _, _ = cross_section(y, post, D, X[:, :0], np.ones(len(y)), "dr")
    means = {(d, p): y[(d == D) & (p == post)].mean() for d in (0, 1) for p in (0, 1)}
    assert att == pytest.approx(means[1, 1] - means[1, 0] - means[0, 1] + means[0, 0])


@pytest.mark.parametrize("method", ["dr", "ipw"])
def test_doubly_robust_when_one_model_is_wrong(method):
    """The regression is wrong, the propensity right: weighting keeps the effect of 1."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=20_000)
    D = rng.random(len(x)) < 1 / (1 + np.exp(-x))
    dy = np.exp(x) + D + rng.normal(size=len(x))
    w = np.ones(len(x))
    att = two_period(dy, D, x[:, None], w, method).att
    assert att == pytest.approx(1, abs=0.25)
    assert abs(two_period(dy, D, x[:, None], w, "reg").att - 1) > 0.25


def test_separation_is_refused():
    x = np.arange(20.0)
    with pytest.raises(CellError, match="covariates_separate"):
        two_period(x, x > 9, x[:, None], np.ones(20), "ipw")


def test_collinear_covariates_are_refused():
    y, D, X, w, _ = sample(5)
    X[:, 1] = 2 * X[:, 0]
    with pytest.raises(CellError, match="covariates_collinear"):
        two_period(y, D, X, w, "reg")
