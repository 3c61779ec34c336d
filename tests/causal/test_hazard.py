"""Cox's regression against its likelihood written out, and where it has no answer."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from analysis.causal import hazard_ratio
from analysis.causal.panel.frame import FrameError

# Remissions of 42 children with leukaemia in weeks (Freireich and others 1963).
DRUG = [6, 6, 6, 7, 10, 13, 16, 22, 23], [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


def remissions():
    weeks = np.array([*DRUG[0], *DRUG[1], *PLACEBO], dtype=float)
    ended = np.array([1] * 9 + [0] * 12 + [1] * 21, dtype=bool)
    return weeks, ended, np.arange(42) >= 21


def against(beta, ties):
    """Minus the logarithm of the partial likelihood, written out week by week."""
    weeks, ended, exposed = remissions()
    risk, total = np.exp(beta * exposed), 0.0
    for week in np.unique(weeks[ended]):
        now = ended & (weeks == week)
        among, own = risk[weeks >= week].sum(), risk[now].sum()
        shares = np.arange(now.sum()) / now.sum() if ties == "efron" else np.zeros(now.sum())
        total += beta * exposed[now].sum() - np.log(among - shares * own).sum()
    return -total


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_remissions_maximise_the_partial_likelihood(ties):
    """R prints exp(coef) of 4.817 for coxph(Surv(time, cens) ~ treat, gehan): Efron's ties."""
    found = hazard_ratio(*remissions(), ties=ties)
    best = minimize_scalar(against, (0.0, 3.0), args=(ties,), tol=1e-10).x
    bend = sum(sign * against(best + step, ties) for sign, step in ((1, 1e-3), (-2, 0), (1, -1e-3)))
    assert found.log_ratio == pytest.approx(best, abs=1e-5)
    assert found.se == pytest.approx(1e-3 / np.sqrt(bend), rel=1e-3)
    if ties == "efron":
        assert found.ratio == pytest.approx(4.817, abs=5e-4)
    assert found.ratio == pytest.approx(np.exp(found.log_ratio))
    assert found.ci_low < found.ratio < found.ci_high
    assert (found.n, found.n_events, found.n_clusters) == (42, 30, 0)
    assert found.proportional_p > 0.5


def test_few_clusters_leave_the_ratio_without_interval():
    pairs = np.arange(42) % 21
    many = hazard_ratio(*remissions(), cluster=pairs)
    few = hazard_ratio(*remissions(), cluster=pairs % 5)
    assert many.ratio == few.ratio
    assert many.n_clusters == 21
    assert many.ci_low is not None
    assert few.ci_low is few.se is few.p_value is None


def test_hazards_that_cross_are_told():
    rng = np.random.default_rng(4)
    exposed = np.arange(2000) % 2 == 0
    weeks = np.where(exposed, rng.weibull(0.6, 2000), rng.weibull(2.0, 2000))
    assert hazard_ratio(weeks, np.ones(2000), exposed).proportional_p < 1e-6


def test_rows_said_twice_tell_no_more_where_sites_are_clusters():
    once = [np.asarray(column) for column in remissions()]
    twice = [np.tile(column, 2) for column in once]
    clusters = np.arange(42)
    assert hazard_ratio(*twice, ties="breslow").se < 0.8 * hazard_ratio(*once, ties="breslow").se
    apart = hazard_ratio(*once, cluster=clusters, ties="breslow")
    together = hazard_ratio(*twice, cluster=np.tile(clusters, 2), ties="breslow")
    assert together.se == pytest.approx(apart.se, rel=1e-6)


@pytest.mark.parametrize("ended", [np.zeros(42), np.arange(42) < 21])
def test_where_nothing_ended_there_is_no_ratio(ended):
    weeks, _, exposed = remissions()
    with pytest.raises(FrameError):
        hazard_ratio(weeks, ended, exposed)


def test_one_group_alone_is_refused():
    weeks, ended, _ = remissions()
    with pytest.raises(FrameError):
        hazard_ratio(weeks, ended, np.ones(42))
