"""Tests that are right at every look: exact over counts, by betting over means."""

import numpy as np
import pytest
from scipy import integrate, stats

from analysis.monitoring.inference.repeated import (
    PRIOR_SIZE,
    STAKES,
    bounded_evidence,
    critical_hits,
    crossing,
    ever_as_extreme,
    fortune_logs,
    moderated,
    moderation,
    share_boundary,
    share_evidence,
)


@pytest.mark.parametrize(("hits", "n", "line"), [(70, 100, 0.85), (3, 20, 0.3), (20, 20, 0.8)])
def test_evidence_is_the_mixture_of_likelihood_ratios(hits, n, line):
    prior = stats.beta(PRIOR_SIZE * line, PRIOR_SIZE * (1 - line))

    def ratio(p):
        return (p / line) ** hits * ((1 - p) / (1 - line)) ** (n - hits) * prior.pdf(p)

    mixed = integrate.quad(ratio, 0, line)[0] / prior.cdf(line)
    assert np.exp(share_evidence(hits, n, line)) == pytest.approx(mixed, rel=1e-6)


def test_evidence_is_a_martingale_at_the_line():
    n, line = 40, 0.85
    hits = np.arange(n + 1)
    now = np.exp(share_evidence(hits, n, line))
    after = line * np.exp(share_evidence(hits + 1, n + 1, line))
    after += (1 - line) * np.exp(share_evidence(hits, n + 1, line))
    assert after == pytest.approx(now, rel=1e-9)


def test_the_probability_to_ring_is_that_of_enumeration_and_of_simulation():
    critical = np.array([-1, -1, 0, 0, 1])
    # Two answers both wrong; else three never more; four answers with one right
    rung = crossing(0.6, critical, min_n=2)
    assert rung[2] == pytest.approx(0.4**2)
    assert rung[4] == pytest.approx(0.4**2 + 2 * 0.6 * 0.4**3)
    boundary = share_boundary(0.85, 0.05, 20, 200)
    paths = np.cumsum(np.random.default_rng(3).random((4000, 200)) < 0.85, axis=1)
    rang = (paths <= boundary.critical[1:]).any(axis=1).mean()
    assert rang == pytest.approx(boundary.rung[-1], abs=0.012)
    assert 0.04 < boundary.rung[-1] <= 0.05


def test_a_boundary_and_its_p_value_agree():
    boundary = share_boundary(0.85, 0.01, 20)
    for n in (30, 100, 300):
        worst = int(boundary.critical[n])
        assert ever_as_extreme(worst, n, 0.85, 20) <= 0.0101
        assert ever_as_extreme(worst + 2, n, 0.85, 20) > 0.01
    assert ever_as_extreme(90, 100, 0.85, 20) == 1.0
    assert (np.diff(critical_hits(0.85, 3.0, 300)) >= 0).all()


def test_means_looked_at_always_ring_seldom_and_naive_ones_often():
    rng = np.random.default_rng(8)
    values = rng.beta(2.8, 1.2, (1000, 300))
    n = np.arange(20, 301, 10)
    sums, squares = np.cumsum(values, axis=1)[:, n - 1], np.cumsum(values**2, axis=1)[:, n - 1]
    mean = sums / n
    se = np.sqrt((squares / n - mean**2) / (n - 1))
    logs = [np.cumsum(fortune_logs(values, 0.7, k), axis=1)[:, n - 1] for k in STAKES]
    evidence = np.logaddexp.reduce(logs) - np.log(STAKES.size)
    assert evidence[0, -1] == pytest.approx(bounded_evidence(values[0], 0.7))
    always = (evidence >= -np.log(0.05)).any(axis=1).mean()
    naive = (stats.t.cdf((mean - 0.7) / se, n - 1) <= 0.05).any(axis=1).mean()
    assert always <= 0.05
    assert naive > 0.1


def test_evidence_of_bounded_values_by_hand():
    # One at 0 with the line at 0.5 doubles a whole stake, one at 1 loses it
    gains = [np.mean(1 + STAKES * x) for x in (1.0, -1.0, 0.0)]
    found = [bounded_evidence(np.array([v]), 0.5) for v in (0.0, 1.0, 0.5)]
    assert np.exp(found) == pytest.approx(gains)
    assert bounded_evidence(np.zeros(20), 0.5, 2.0) < bounded_evidence(np.zeros(20), 0.5)


def test_variances_are_drawn_towards_all_sites():
    rng = np.random.default_rng(5)
    same = moderation(rng.chisquare(11, 400) / 11 * 0.04, np.full(400, 11))
    assert same.variance == pytest.approx(0.04, rel=0.05)
    assert same.df > 100
    true = 0.04 * 8 / rng.chisquare(8, 3000)
    spread = moderation(true * rng.chisquare(11, 3000) / 11, np.full(3000, 11))
    assert spread.df == pytest.approx(8, rel=0.2)
    assert spread.variance == pytest.approx(0.04, rel=0.1)
    variance, df = moderated(0.08, 11, spread)
    assert 0.04 < variance < 0.08
    assert df == pytest.approx(11 + spread.df)
    assert moderation([0.1, 0.2], [5, 5]).df == 0
    assert moderated(0.08, 11, moderation([0.1], [5])) == (0.08, 11)
