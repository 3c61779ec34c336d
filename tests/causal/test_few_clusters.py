"""Wild bootstrap and randomisation against brute force, and their size."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from causal_panels import staggered, worlds

from analysis.causal.did.aggregate import aggregate, outcome_weights
from analysis.causal.did.event_study import twfe
from analysis.causal.did.group_time import group_time
from analysis.causal.did.two_way import TwoWay
from analysis.causal.inference.inference_rule import choose_inference
from analysis.causal.panel.frame import prepare
from analysis.causal.resampling.few_clusters import wild_bootstrap, wild_ends
from analysis.causal.resampling.randomisation import randomisation_test


def parts(frame, **kwargs):
    panel = prepare(frame)
    cells = group_time(panel, **kwargs)
    return panel, cells, aggregate(cells, "simple")


def wild(panel, omega, **kwargs):
    return wild_bootstrap(
        panel.y, panel.treated, omega, panel.observed, panel.cluster, weights=None, **kwargs
    )


def test_outcome_weights_give_the_effect_back():
    panel, cells, simple = parts(staggered(3))
    omega = outcome_weights(cells, simple.cell_weights[0])
    assert np.sum(omega * panel.y) == pytest.approx(simple.att[0], abs=1e-12)
    assert np.abs(omega.sum(axis=0)).max() < 1e-12
    assert np.abs(omega.sum(axis=1)).max() < 1e-12
    assert omega[panel.treated].sum() == pytest.approx(1)


@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_twfe_draws_equal_refitted_regressions(missing):
    frame = staggered(5, sizes=(2, 2), starts=(3, 4), never=4, periods=6, missing=missing)
    panel = prepare(frame)
    fit = TwoWay(panel.observed)
    x = fit.residual((panel.treated & panel.observed).astype(float))
    omega = x / np.sum(x * x)
    got = wild(panel, omega, draws=256, seed=1, multipliers="rademacher", null=0.1)
    assert got.enumerated
    assert got.n_draws == 2**8
    assert got.estimate == pytest.approx(twfe(panel).coef[0], abs=1e-12)

    def t_statistic(y, null):
        e = fit.residual(y)
        b = np.sum(x * e) / np.sum(x * x)
        score = np.sum(x * (e - b * x), axis=1)
        return (b - null) * np.sum(x * x) / np.sqrt(np.sum(score**2))

    restricted = fit.residual(panel.y) - 0.1 * x
    base = np.where(panel.observed, panel.y, 0.0) - restricted
    seen = abs(t_statistic(panel.y, 0.1))
    signs = np.array(np.meshgrid(*[[-1, 1]] * 8)).reshape(8, -1).T
    drawn = [abs(t_statistic(base + s[:, None] * restricted, 0.1)) for s in signs]
    assert got.p_value == pytest.approx(np.mean(np.array(drawn) >= seen * (1 - 1e-10)))


def test_wild_interval_is_the_set_not_rejected():
    panel, cells, simple = parts(staggered(8, sizes=(4, 4), starts=(6, 8), never=8, periods=12))
    omega = outcome_weights(cells, simple.cell_weights[0])
    got = wild(panel, omega, seed=2)
    assert got.ci_low < got.estimate < got.ci_high
    for end, outside in ((got.ci_low, -1e-4), (got.ci_high, 1e-4)):
        assert wild(panel, omega, seed=2, null=end + outside).p_value <= 0.05
        assert wild(panel, omega, seed=2, null=end - outside).p_value > 0.05


def test_randomisation_enumerates_all_assignments():
    panel, cells, simple = parts(staggered(4, sizes=(1, 2), starts=(4, 6), never=4, periods=9))
    got = randomisation_test(cells, simple.cells[0], seed=1, draws=200)
    assert got.enumerated
    assert got.n_assignments == 7 * 15
    assert got.estimate == pytest.approx(simple.att[0], abs=1e-12)
    effects = []
    frame = staggered(4, sizes=(1, 2), starts=(4, 6), never=4, periods=9)
    for path in set(permutations(panel.cohort)):
        cohort = dict(zip(panel.units, path, strict=True))
        other = prepare(frame.assign(cohort=frame["unit"].map(cohort)))
        effects.append(aggregate(group_time(other), "simple").att[0])
    assert len(effects) == 105
    expected = np.mean(np.abs(effects) >= abs(simple.att[0]) - 1e-12)
    assert got.p_value == pytest.approx(expected)


def test_randomisation_stays_in_strata():
    frame = staggered(1, sizes=(3,), starts=(5,), never=9, periods=10)
    frame["region"] = frame["unit"].map(lambda u: "a" if int(u[1:]) % 2 else "b")
    panel = prepare(frame, stratum="region")
    cells = group_time(panel)
    got = randomisation_test(cells, aggregate(cells, "simple").cells[0], seed=1)
    assert got.n_assignments == 6 * 15  # one of six treated in a, two of six in b


def test_one_treated_of_ten_cannot_be_significant():
    _, cells, simple = parts(staggered(2, sizes=(1,), starts=(5,), never=9, periods=10))
    got = randomisation_test(cells, simple.cells[0], seed=1)
    assert got.n_assignments == 10
    assert got.smallest_p == pytest.approx(0.1)
    assert got.ci_low is None
    assert got.p_value >= 0.1


def test_size_of_wild_bootstrap_and_randomisation():
    """Nominal 10 % with 5 treated of 20: 200 worlds, three binomial standard errors (.064)."""
    wild_rejects = random_rejects = 0
    world = {"sizes": (3, 2), "starts": (5, 7), "never": 15, "periods": 10}
    for seed, panel in enumerate(worlds(range(200), effect=0.0, ar=0.5, **world)):
        cells = group_time(panel)
        simple = aggregate(cells, "simple")
        omega = outcome_weights(cells, simple.cell_weights[0])
        wild_rejects += wild(panel, omega, draws=199, seed=seed).p_value <= 0.1
        random_rejects += (
            randomisation_test(cells, simple.cells[0], draws=199, seed=seed).p_value <= 0.1
        )
    assert wild_rejects / 200 < 0.1 + 0.064
    assert 0.1 - 0.064 < random_rejects / 200 < 0.1 + 0.064


@pytest.mark.parametrize(
    ("counts", "lead"),
    [
        ((1, 40, 41), "randomisation"),
        ((3, 40, 43), "randomisation"),
        ((4, 40, 44), "wild_bootstrap"),
        ((4, 40, 44, 2), "wild_bootstrap"),
        ((4, 40, 44, 1), "randomisation"),
        ((11, 40, 51, 1), "influence_function"),
        ((10, 40, 50), "wild_bootstrap"),
        ((11, 40, 51), "influence_function"),
        ((19, 20, 39), "wild_bootstrap"),
        ((40, 3, 43), "randomisation"),
        ((40, 0, 40), "none"),
    ],
)
def test_rule(counts, lead):
    assert choose_inference(*counts).lead == lead


def test_seed_fixes_the_draws():
    panel, cells, simple = parts(pd.DataFrame(staggered(0)))
    omega = outcome_weights(cells, simple.cell_weights[0])
    assert wild(panel, omega, seed=7) == wild(panel, omega, seed=7)


def test_blocks_of_draws_do_not_change_the_result(monkeypatch):
    panel, cells, simple = parts(staggered(0))
    omega = outcome_weights(cells, simple.cell_weights[0])
    whole = wild(panel, omega, seed=7)
    monkeypatch.setattr("analysis.causal.resampling.few_clusters.BLOCK", 60 * 100)
    assert wild(panel, omega, seed=7) == whole


def test_thousands_of_clusters():
    panel, cells, simple = parts(
        staggered(0, sizes=(400, 400), starts=(3, 4), never=400, periods=6)
    )
    omega = outcome_weights(cells, simple.cell_weights[0])
    got = wild(panel, omega, seed=7, draws=99)
    assert not got.enumerated
    assert got.ci_low < 0.25 < got.ci_high


def test_where_no_cluster_has_a_residual_nothing_can_be_drawn():
    # Two groups that move alike to the last digit: the effect is known, its error is not.
    observed = np.ones((6, 4), bool)
    trained = np.zeros((6, 4), bool)
    trained[:3, 2:] = True
    omega = np.where(trained, 1 / 6, 0.0)
    omega[:3, :2] -= 1 / 6
    omega[3:, 2:], omega[3:, :2] = -1 / 6, 1 / 6
    y = np.arange(6.0)[:, None] + np.array([0.0, 2.0, 1.0, 4.0]) + 0.5 * trained
    assert wild_bootstrap(y, trained, omega, observed, np.arange(6), seed=1) is None
    y[0, 3] += 0.25
    assert wild_bootstrap(y, trained, omega, observed, np.arange(6), seed=1).se > 0


def test_a_drawn_p_value_counts_the_signs_that_happened():
    """Nothing drawn is as far out: one of a hundred, never nought."""
    panel, cells, simple = parts(staggered(3))
    omega = outcome_weights(cells, simple.cell_weights[0])
    got = wild(panel, omega, draws=99, seed=1, null=-50.0)
    assert not got.enumerated
    assert got.p_value == 1 / 100


def test_the_ends_for_many_panels_are_those_of_each():
    """Of 100 draws; of 99 or 199 the actual signs would count for nothing at 95 %."""
    panel, cells, simple = parts(staggered(8, sizes=(6, 6), starts=(6, 8), never=8, periods=12))
    omega = outcome_weights(cells, simple.cell_weights[0])
    own = wild(panel, omega, draws=100, seed=5)
    assert not own.enumerated
    low, high = wild_ends(
        panel.y[None], panel.treated, omega, panel.cluster, observed=panel.observed, level=0.95,
        draws=100, seed=5,
    )  # fmt: skip
    assert (low[0], high[0]) == pytest.approx((own.ci_low, own.ci_high), abs=1e-6)
