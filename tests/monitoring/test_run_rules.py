"""Rules by hand, and run lengths beside Champ & Woodall (1987) and closed forms."""

import numpy as np
import pytest

from analysis.monitoring.control_charts.run_rules import (
    NELSON,
    PUBLISHED_RUN_LENGTHS,
    RULES,
    SHEWHART,
    WESTERN_ELECTRIC,
    broken_rules,
    in_a_row,
    run_length,
)
from analysis.wording import text

TOLERANCE_SE = 4.0


@pytest.mark.parametrize("rules", list(PUBLISHED_RUN_LENGTHS), ids="+".join)
def test_run_lengths_in_control_are_the_published_ones(rules):
    found = run_length(rules, replications=4000, seed=3)
    assert abs(found.mean - PUBLISHED_RUN_LENGTHS[rules]) < TOLERANCE_SE * found.se


@pytest.mark.parametrize(
    ("rule", "exact"),
    [
        # a run of k on either side of a fair coin takes 2^k - 1 tosses in the mean
        ("eight_one_side", 2**8 - 1),
        ("nine_one_side", 2**9 - 1),
        # k successes in a row of probability p: (1 - p^k) / ((1 - p) p^k)
        ("fifteen_within_1", (1 - 0.6826895**15) / (0.3173105 * 0.6826895**15)),
    ],
)
def test_run_lengths_of_single_rules_are_the_exact_ones(rule, exact):
    found = run_length([rule], replications=3000, seed=4)
    assert abs(found.mean - exact) < TOLERANCE_SE * found.se


def test_a_shift_is_seen_sooner_and_more_rules_see_it_sooner():
    alone = run_length(SHEWHART, shift=1.0, replications=3000, seed=5)
    assert abs(alone.mean - 43.89) < TOLERANCE_SE * alone.se  # 1 / P(|Z + 1| > 3)
    assert run_length(WESTERN_ELECTRIC, shift=1.0, replications=2000, seed=5).mean < 12


@pytest.mark.parametrize(
    ("rule", "points", "signals"),
    [
        ("beyond_3", [0, 3.1, 3.0, -3.2], [1, 3]),
        ("two_of_three_beyond_2", [2.1, 0, 2.2, 0, -2.5, 2.5], [2]),
        ("four_of_five_beyond_1", [1.1, 1.2, 0, 1.3, 1.4, -2], [4]),
        ("eight_one_side", [*[0.1] * 8, 0.0, *[-0.1] * 8], [7, 16]),
        ("nine_one_side", [0.1] * 9, [8]),
        ("six_trending", [0, 1, 2, 3, 4, 5, 5], [5]),
        ("six_trending", [5, 4, 3, 2, 1, 0], [5]),
        ("fourteen_alternating", [0, 1] * 7, [13]),
        ("fifteen_within_1", [0.5] * 15 + [2], [14]),
        ("eight_outside_1", [1.5, -1.5] * 4, [7]),
    ],
)
def test_rules_by_hand(rule, points, signals):
    assert np.flatnonzero(RULES[rule](np.array(points, dtype=float))).tolist() == signals


def test_the_gravest_broken_rule_is_named():
    assert broken_rules(np.array([2.5, 2.5, 3.5]), WESTERN_ELECTRIC) == [
        "",
        "two_of_three_beyond_2",
        "beyond_3",
    ]
    with pytest.raises(ValueError, match="no run rule"):
        broken_rules(np.zeros(3), ["beyond_4"])


@pytest.mark.parametrize("run", range(1, 14))
def test_points_in_a_row_are_counted_one_by_one(run):
    far = np.random.default_rng(run).normal(0.4, 1.0, (3, 60))
    far[1, 30] = np.nan
    expected = np.zeros(far.shape, bool)
    for site, points in enumerate(far):
        for t in range(run - 1, points.size):
            last = points[t - run + 1 : t + 1]
            expected[site, t] = (last > 0).all() or (last < 0).all()
    assert (in_a_row(far, run) == expected).all()
    assert not in_a_row(far[:, : run - 1], run).any()


def test_turning_the_chart_upside_down_turns_nothing_else():
    z = np.random.default_rng(1).normal(0, 1.5, 300)
    assert broken_rules(z, NELSON) == broken_rules(-z, NELSON)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_rule_and_chart_has_its_name(language):
    names = {text(f"monitoring.run_rule.{rule}", language) for rule in RULES}
    assert len(names) == len(RULES)
    kinds = ("p", "laney", "np", "c", "u", "laney_u", "xmr", "ewma", "cusum")
    assert all(text(f"monitoring.chart_kind.{kind}", language) for kind in kinds)
