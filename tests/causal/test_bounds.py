"""Lee bounds: by hand, by replication, against the bootstrap."""

import numpy as np
import pytest

from analysis.causal import FrameError, lee_bounds, lee_estimates


def test_by_hand():
    """Treated stay 4 of 5, compared 3 of 5: keep 3/4 of the treated stayers."""
    y = [1, 2, 3, 4, np.nan, 1, 1, 4, np.nan, np.nan]
    stayed = [1, 1, 1, 1, 0, 1, 1, 1, 0, 0]
    treated = [1] * 5 + [0] * 5
    found = lee_bounds(y, stayed, treated)
    assert found.trimmed_treated
    assert found.trimmed_share == pytest.approx(0.25)
    assert found.lower == pytest.approx((1 + 2 + 3) / 3 - 2)
    assert found.upper == pytest.approx((2 + 3 + 4) / 3 - 2)
    assert found.difference == pytest.approx(0.5)
    # Variances of both shares of stayers, times m / (m - 1) for ten persons.
    variance = 0.8 * 0.2 / 5 + 0.6 * 0.4 / 5
    assert found.stayed_se == pytest.approx(np.sqrt(variance * 10 / 9))


def brute(y, stayed, treated):
    """Replicate every stayer until the share to trim is a whole number, then drop rows."""
    y, S, D = np.asarray(y, float), np.asarray(stayed, bool), np.asarray(treated, bool)
    if S[D].mean() <= S[~D].mean():
        low, high = brute(y, S, ~D)
        return -high, -low
    times = int(S[D].sum()) * int((~D).sum())
    own = np.sort(np.repeat(y[S & D], times))
    keep = round(len(own) * S[~D].mean() / S[D].mean())
    mean = y[S & ~D].mean()
    return own[:keep].mean() - mean, own[-keep:].mean() - mean


@pytest.mark.parametrize("seed", range(6))
def test_fractional_trimming_of_ordinal_scores(seed):
    rng = np.random.default_rng(seed)
    n = 31
    D = rng.random(n) < 0.5
    S = rng.random(n) < np.where(D, 0.8, 0.6)
    y = rng.integers(1, 6, n)
    found = lee_bounds(y, S, D)
    assert (found.lower, found.upper) == pytest.approx(brute(y, S, D), abs=1e-9)


def test_equal_attrition_gives_the_difference():
    y, S = np.arange(8.0), np.array([1, 1, 1, 0] * 2, bool)
    found = lee_bounds(y, S, [0] * 4 + [1] * 4)
    assert found.lower == pytest.approx(found.upper)
    assert found.lower == pytest.approx(found.difference) == 4
    assert (found.ci_high - found.lower) / found.se_lower == pytest.approx(1.96, abs=0.001)


def test_standard_errors_against_a_cluster_bootstrap():
    rng = np.random.default_rng(1)
    sites, size = 60, 40
    site = np.repeat(np.arange(sites), size)
    D = (np.arange(sites) < 30)[site]
    S = rng.random(len(site)) < np.where(D, 0.85, 0.7)
    y = np.clip(
        np.round(3.5 + 0.3 * rng.normal(size=sites)[site] + rng.normal(size=len(site))), 1, 5
    )
    found = lee_bounds(y, S, D, cluster=site)
    drawn = []
    rows = [np.flatnonzero(site == s) for s in range(sites)]
    for _ in range(300):
        chosen = np.concatenate([rng.integers(0, 30, 30), rng.integers(30, 60, 30)])
        rows_now = np.concatenate([rows[s] for s in chosen])
        one = lee_bounds(y[rows_now], S[rows_now], D[rows_now])
        drawn.append((one.lower, one.upper))
    assert (found.se_lower, found.se_upper) == pytest.approx(np.std(drawn, axis=0), rel=0.15)
    assert found.ci_low < found.lower <= found.upper < found.ci_high
    assert found.stayed_p_value < 0.001


def test_estimates_and_refusals():
    y, S, D = [1, 2, 3, 2.0], [1, 1, 1, 1], [0, 0, 1, 1]
    low, high, gap = lee_estimates(lee_bounds(y, S, D), outcome="test_post", unit="points")
    assert low.id == "tracking.test_post.lee.lower"
    assert low.ci_high == high.ci_high
    assert gap.value == 0
    with pytest.raises(FrameError, match="empty_arm"):
        lee_bounds(y, [0, 0, 1, 1], D)
    with pytest.raises(FrameError, match="not_finite"):
        lee_bounds([np.nan, 2, 3, 2], S, D)
