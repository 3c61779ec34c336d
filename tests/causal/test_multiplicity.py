"""Romano–Wolf: by hand, against Bonferroni and Šidák, and its size over a family of nulls."""

from dataclasses import replace

import numpy as np
import pytest
from causal_panels import draw, staggered

from analysis.causal import Options, evaluate, prepare, romano_wolf
from analysis.causal.inference.joint import joint_influence
from analysis.causal.robustness.multiplicity import _draw, step_down


def test_step_down_by_hand():
    drawn = np.array([[1.0, 3.0], [2.5, 0.0], [0.0, 1.0]])
    # 2.0: max over both is ≥ 2 in two of three draws; 0.5: of the second alone in two.
    assert step_down(np.array([2.0, 0.5]), drawn) == pytest.approx([3 / 4, 3 / 4])
    assert step_down(np.array([4.0, 0.5]), drawn) == pytest.approx([1 / 4, 3 / 4])


def test_independent_outcomes_come_near_sidak_and_equal_ones_need_none():
    rng = np.random.default_rng(0)
    influence = rng.normal(size=(400, 3))
    score = np.array([2.4, 0.1, 0.1])
    own = 0.016395
    found = step_down(score, _draw(influence, 20_000, 1))
    assert found[0] == pytest.approx(1 - (1 - own) ** 3, abs=0.004)
    same = np.repeat(influence[:, :1], 3, axis=1)
    assert step_down(score, _draw(same, 20_000, 1))[0] == pytest.approx(own, abs=0.003)


def test_family_wise_error():
    """Five related outcomes without effect: any rejection in about 5 % of worlds."""
    rng = np.random.default_rng(2)
    rejected = 0
    for _ in range(300):
        shared = rng.normal(size=(60, 1))
        influence = shared + rng.normal(size=(60, 5))
        t = np.abs(influence.sum(axis=0)) / np.sqrt((influence**2).sum(axis=0))
        rejected += step_down(t, _draw(influence, 399, 3)).min() <= 0.05
    assert rejected / 300 < 0.085


def test_an_outcome_without_influence_counts_as_one_more():
    influence = np.random.default_rng(4).normal(size=(40, 3))
    influence[:, 1] = 0.0
    drawn = _draw(influence, 1999, 3)
    assert np.isfinite(drawn).all()
    score = np.array([2.4, 2.4, 2.4])
    alone = step_down(score[:1], drawn[:, :1])[0]
    assert (step_down(score, drawn) > 2 * alone).all()


def test_of_evaluations():
    frames = {
        "csat_mean": staggered(1),
        "nps": staggered(2, effect=0.0),
        "fcr": staggered(3, effect=0.0, missing=0.02),
        "attendance": staggered(1, sizes=(9,), starts=(7,), never=0),
    }
    options = Options(draws=99)
    found = romano_wolf(
        [evaluate(f, outcome=o, unit="x", options=options) for o, f in frames.items()], draws=999
    )
    assert found.outcomes == ("csat_mean", "nps", "fcr")
    assert found.left_out == ("attendance",)
    assert found.n_clusters == 60
    assert found.adjusted[0] <= 0.01
    assert all(a >= p - 0.01 for a, p in zip(found.adjusted, found.p_values, strict=True))
    for item in found.estimates():
        assert item.adjustment == "romano_wolf"
        assert item.id.endswith(".romano_wolf")
    assert 2.0 < found.critical < 2.6


def test_clusters_are_joined_across_panels():
    """A cluster known by different members in two panels is one."""
    frame = staggered(1, sizes=(4, 4), starts=(7, 9), never=4)
    frame["pair"] = frame["unit"].str[1:].astype(int) // 2
    whole = prepare(frame, cluster="pair")
    part = prepare(frame[frame["unit"] != "s000"], cluster="pair")
    one = [np.ones(len(p.units)) for p in (whole, part)]
    total = joint_influence([whole, part], one)
    assert total.shape == (6, 2)
    assert sorted(total[:, 1]) == [1, 2, 2, 2, 2, 2]


def test_order_of_outcomes_does_not_matter():
    base = prepare(staggered(0))
    family = []
    for k in range(3):
        e = evaluate(staggered(0), outcome=f"o{k}", unit="x", options=Options(draws=19))
        family.append(replace(e, panel=replace(base, y=draw(k)[1])))
    a, b = romano_wolf(family, draws=199), romano_wolf(family[::-1], draws=199)
    assert a.adjusted == b.adjusted[::-1]
    with pytest.raises(ValueError, match="once"):
        romano_wolf([family[0], family[0]])
