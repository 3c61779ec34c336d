"""Cohorts' shares: part of the error where units are a sample, constants of a given plan."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.causal import Options, aggregate, group_time, prepare
from analysis.causal.evaluation.evaluate import evaluate
from analysis.causal.panel.faults import OptionError

#: Changes after the start: cohort 1 has mean 2, cohort 2 has mean 8, nobody else changes.
CHANGES = {1: (1.0, 3.0), 2: (5.0, 8.0, 8.0, 11.0), np.nan: (0.0, 0.0)}


def two_cohorts() -> pd.DataFrame:
    """Two units start in period 1, four in period 2; two never do. Levels are zero before."""
    rows = []
    for start, changes in CHANGES.items():
        for place, change in enumerate(changes):
            for period in range(3):
                y = change if period >= start else 0.0
                rows.append((f"{start}-{place}", period, start, y))
    return pd.DataFrame(rows, columns=["unit", "period", "cohort", "y"])


def test_by_hand():
    """Three cells: cohort 1 in periods 1 and 2, cohort 2 in period 2; shares 1/4, 1/4, 1/2.

    Mean 2/4 + 2/4 + 8/2 = 5. Cohort 1's units are off its mean by ∓1, weigh 1/2 together and are
    two; cohort 2's are off by −3, 0, 0, 3, weigh 1/2 and are four. Nobody else varies: variance
    2 (1/2 · 1/2)² + 2 (3/2 · 1/4)² = 13/32. Shares as estimated add to each unit, over 8 units and
    the 8 cells they are in together: 2 (2 − 5) in cohort 1, 8 − 5 in cohort 2.
    """
    effects = group_time(prepare(two_cohorts()), comparison="never_treated")
    cluster = effects.panel.cluster
    given = aggregate(effects, "simple", shares="given")
    assert given.att[0] == pytest.approx(5)
    assert given.se(cluster)[0] ** 2 == pytest.approx(13 / 32)

    estimated = aggregate(effects, "simple")
    assert estimated.att[0] == given.att[0]
    drift = (estimated.influence - given.influence)[:, 0]
    by_cohort = {1.0: 2 * (2 - 5) / 8, 2.0: (8 - 5) / 8, np.inf: 0.0}
    assert drift == pytest.approx([by_cohort[g] for g in effects.panel.cohort])
    assert estimated.se(cluster)[0] ** 2 == pytest.approx(13 / 32 + 2 * 0.75**2 + 4 * 0.375**2)


def test_mean_over_cohorts_by_hand():
    """Cohort means 2 and 8 weigh 1/3 and 2/3: variance 2 (1/3 · 1/2)² + 2 (2/3 · 3/4)²."""
    effects = group_time(prepare(two_cohorts()), comparison="never_treated")
    cluster = effects.panel.cluster
    overall = aggregate(effects, "cohort", shares="given").overall
    assert overall.att[0] == pytest.approx(6)
    assert overall.se(cluster)[0] ** 2 == pytest.approx(2 / 36 + 2 / 4)
    assert aggregate(effects, "cohort").overall.se(cluster)[0] > overall.se(cluster)[0]


@pytest.mark.parametrize("kind", ["simple", "event", "cohort", "calendar"])
def test_given_shares_are_weights_alone(kind):
    """Influence of every mean is that of its cells, weighted; values do not depend on it."""
    effects = group_time(prepare(two_cohorts()), comparison="never_treated", base="universal")
    given, estimated = (aggregate(effects, kind, shares=s) for s in ("given", "estimated"))
    cells = np.nan_to_num(effects.influence)
    for part, other in ((given, estimated), (given.overall, estimated.overall)):
        if part is None:
            continue
        np.testing.assert_array_equal(part.att, other.att)
        np.testing.assert_array_equal(part.cell_weights, other.cell_weights)
        np.testing.assert_allclose(part.influence, cells @ part.cell_weights.T, atol=1e-12)


def test_a_cohort_of_one_keeps_the_shares():
    """Its noise shows in nothing but how it differs from other cohorts."""
    frame = two_cohorts()
    alone = frame[frame["unit"] != "1-1"]
    effects = group_time(prepare(alone), comparison="never_treated")
    given, estimated = (aggregate(effects, "event", shares=s) for s in ("given", "estimated"))
    both = list(given.key).index(0)  # both cohorts; event time 1 is the first one's alone
    np.testing.assert_array_equal(given.influence[:, both], estimated.influence[:, both])
    overall = aggregate(effects, "cohort", shares="given").overall
    np.testing.assert_array_equal(overall.influence, aggregate(effects, "cohort").overall.influence)


def test_evaluation_takes_the_plan_as_given_unless_told():
    rng = np.random.default_rng(3)
    cohort = np.repeat([6.0, 9.0, np.nan], [14, 14, 16])
    frame = pd.DataFrame(
        {
            "unit": np.repeat([f"s{i:02d}" for i in range(len(cohort))], 12),
            "period": np.tile(np.arange(12), len(cohort)),
            "cohort": np.repeat(cohort, 12),
        }
    )
    effect = frame["cohort"].map({6.0: 1.0, 9.0: 4.0}).fillna(0.0)
    frame["y"] = rng.normal(size=len(frame)) + effect * (frame["period"] >= frame["cohort"])
    options = Options(alternatives=(), horizons=(2,))
    assert options.shares == "given"
    given = evaluate(frame, outcome="x", unit="u", options=options)
    told = replace(options, shares="estimated")
    estimated = evaluate(frame, outcome="x", unit="u", options=told)
    assert given.overall.value == estimated.overall.value
    assert given.overall.se < estimated.overall.se
    for estimand in ("att_event_time", "att_horizon", "att_calendar", "att_cohort"):
        assert given.of(estimand) == estimated.of(estimand) != ()


def test_other_names_are_refused():
    effects = group_time(prepare(two_cohorts()))
    with pytest.raises(OptionError, match="shares"):
        aggregate(effects, "simple", shares="known")
    with pytest.raises(OptionError, match="shares"):
        Options(shares="known")
