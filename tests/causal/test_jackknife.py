"""Leaving out sites: Neyman's variance for means, clusters whole, refusals."""

import numpy as np
import pandas as pd
import pytest

from analysis.causal.inference.jackknife import jackknife
from analysis.causal.outcome_models.saturated import clustered_t
from analysis.causal.panel.frame import FrameError, prepare

COHORT = np.array([5.0] * 6 + [np.inf] * 9)
Y = np.random.default_rng(0).normal(size=15)


def difference(kept):
    trained = np.isfinite(COHORT)
    if not (kept & trained).any():
        raise FrameError("empty_arm", "nobody is left")
    return Y[kept & trained].mean() - Y[kept & ~trained].mean()


def test_is_neymans_variance_for_a_difference_of_means():
    own = np.arange(15)
    influence = jackknife(difference(own >= 0), difference, own, COHORT)[:, 0]
    m = np.where(np.isfinite(COHORT), 6, 9)
    variance = ((influence * np.sqrt(m / (m - 1))) ** 2).sum()
    assert variance == pytest.approx(Y[:6].var(ddof=1) / 6 + Y[6:].var(ddof=1) / 9)


def test_clusters_are_left_out_whole():
    cluster = np.array([0, 0, 1, 1, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5])
    influence = jackknife(difference(cluster >= 0), difference, cluster, COHORT)
    assert np.count_nonzero(influence) == 6
    without = difference(cluster != 0)
    assert influence[0, 0] == pytest.approx((difference(cluster >= 0) - without) * 2 / 3)


def test_a_wave_of_one_site_has_no_interval():
    cohort = np.array([5.0] * 5 + [6.0] + [np.inf] * 9)
    influence = jackknife(difference(COHORT > 0), difference, np.arange(15), cohort)
    assert np.isnan(influence).all()
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(15).astype(str), 8),
            "period": np.tile(np.arange(1, 9), 15),
            "y": np.random.default_rng(1).normal(size=120),
            "cohort": np.repeat(np.where(np.isinf(cohort), np.nan, cohort), 8),
        }
    )
    ends = clustered_t(0.1, influence[:, 0], prepare(frame), 0.95)
    assert ends["reason"] == "causal.reason.site_not_dispensable"
    assert "ci_low" not in ends


def test_what_cannot_be_estimated_without_a_site_has_no_interval():
    def needs_the_first(kept):
        if not kept[0]:
            raise FrameError("no_events", "the first site has all of them")
        return 1.0

    assert np.isnan(jackknife(1.0, needs_the_first, np.arange(15), COHORT)).all()


def test_of_very_many_sites_groups_are_left_out():
    drawn = np.random.default_rng(3)
    cohort = np.repeat([5.0, 6.0, np.inf], [300, 90, 1210])
    y = drawn.normal(size=1600) * np.where(np.isinf(cohort), 1.0, 1.5)
    asked = []

    def gap(kept):
        asked.append(kept)
        trained = np.isfinite(cohort)
        return y[kept & trained].mean() - y[kept & ~trained].mean()

    influence = jackknife(gap(cohort > 0), gap, np.arange(1600), cohort)[:, 0]
    assert len(asked) - 1 == np.count_nonzero(influence) < 260
    assert (np.sum([~kept for kept in asked[1:]], axis=0) == 1).all()
    trained = np.isfinite(cohort)
    neyman = y[trained].var() / 390 + y[~trained].var() / 1210
    assert (influence**2).sum() == pytest.approx(neyman, rel=0.2)


def test_groups_have_the_variance_of_single_sites_on_average():
    cohort = np.repeat([5.0, np.inf], [100, 500])
    ratios = []
    for seed in range(30):
        y = np.random.default_rng(seed).normal(size=600)
        trained = np.isfinite(cohort)

        def gap(kept, y=y, trained=trained):
            return y[kept & trained].mean() - y[kept & ~trained].mean()

        influence = jackknife(gap(cohort > 0), gap, np.arange(600), cohort)[:, 0]
        neyman = y[trained].var() / 100 + y[~trained].var() / 500
        ratios.append((influence**2).sum() / neyman)
    assert np.mean(ratios) == pytest.approx(1, abs=0.07)
