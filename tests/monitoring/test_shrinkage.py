"""Lecturers' shares drawn towards the others: by how much, how well, and never out of range."""

import numpy as np

from analysis.monitoring.inference.shrinkage import shrink_shares


def test_few_answers_are_drawn_further_than_many():
    hits, n = np.array([3, 300, 88, 180, 41]), np.array([5, 500, 100, 200, 45])
    found = shrink_shares(hits, n)
    moved = np.abs(found.value - hits / n)
    assert moved[0] > 5 * moved[1]
    assert ((found.low < found.value) & (found.value < found.high)).all()
    assert (found.low >= 0).all()
    assert (found.high <= 1).all()
    # A subject lies between its own share and the common mean
    between = np.sort([hits / n, np.full(5, found.mean)], axis=0)
    assert ((between[0] <= found.value) & (found.value <= between[1])).all()


def test_subjects_that_differ_by_chance_alone_get_one_share():
    rng = np.random.default_rng(3)
    n = np.full(40, 60)
    found = shrink_shares(rng.binomial(n, 0.9), n)
    assert found.weight > 150
    assert np.ptp(found.value) < 0.5 * np.ptp(rng.binomial(n, 0.9) / n)


def test_intervals_hold_the_truth_and_values_are_nearer_to_it():
    rng = np.random.default_rng(11)
    inside, raw, drawn = [], [], []
    for _ in range(30):
        truth = rng.beta(27, 3, 12)
        n = rng.integers(10, 120, 12)
        hits = rng.binomial(n, truth)
        found = shrink_shares(hits, n)
        inside.append(((found.low <= truth) & (truth <= found.high)).mean())
        raw.append(((hits / n - truth) ** 2).mean())
        drawn.append(((found.value - truth) ** 2).mean())
    assert 0.90 < np.mean(inside) <= 0.98
    assert np.mean(drawn) < 0.85 * np.mean(raw)


def test_two_subjects_cannot_show_how_much_subjects_differ():
    assert shrink_shares(np.array([8, 9]), np.array([10, 10])) is None
