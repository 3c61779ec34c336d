"""Efficient estimation under random timing: the published roll-out, and the paper's formulas."""

from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.causal import FrameError, fisher_test, prepare, staggered

#: R `staggered` 1.2.2 on the balanced panel that comes with it (its README), in printed digits.
PUBLISHED = {
    ("simple", 0, "efficient"): ("-0.001126981", "0.002115194", "0.002119248"),
    ("simple", 0, "callaway_santanna"): ("-0.005176818", "0.003928735", "0.003930919"),
    ("event_study", 0, "efficient"): ("3.083575e-04", "0.002645327", "0.002650957"),
    ("event_study", 1, "efficient"): ("2.591678e-03", "0.002614563", "0.002621513"),
    ("event_study", 2, "efficient"): ("-4.872562e-05", "0.002622640", "0.002623634"),
}
HERE = Path(__file__).resolve().parents[2]
EXPORT = Path("data/pj_training/officer_months.parquet")
PLACES = [HERE / "data" / "chicago" / "raw" / EXPORT.name, HERE.parent / "shared" / EXPORT]
EXACT = 1e-12


def digits(value, printed):
    """Write a value with as many digits as the printed one has."""
    if "e" in printed:
        return f"{value:.{len(printed.split('e')[0].split('.')[1])}e}"
    return f"{value:.{len(printed.split('.')[1])}f}"


@pytest.fixture(scope="module")
def officers():
    found = next((path for path in PLACES if path.is_file()), None)
    if found is None:
        pytest.skip("the officers' months are not here; data/chicago/raw/ is where to put them")
    rows = pd.read_parquet(found)
    names = {"officer": "unit", "complaints": "y", "first_trained": "cohort"}
    return prepare(rows.rename(columns=names)[["unit", "period", "y", "cohort"]])


@pytest.mark.parametrize("asked", PUBLISHED, ids=str)
def test_the_published_roll_out_to_the_printed_digits(officers, asked):
    estimand, event, coefficient = asked
    found = staggered(officers, estimand, event_times=(event,), coefficient=coefficient)
    values = (found.att[0], found.se[0], found.se_neyman[0])
    printed = PUBLISHED[asked]
    assert tuple(digits(v, p) for v, p in zip(values, printed, strict=True)) == printed
    assert (found.n_units, found.n_periods, found.n_cohorts) == (7785, 72, 48)


@pytest.fixture(scope="module")
def small():
    """Eleven units, five periods, three waves and two units never trained."""
    rng = np.random.default_rng(5)
    cohort = np.array([3, 3, 3, 4, 4, 5, 5, 5, 5, np.nan, np.nan])
    y = rng.normal(size=(11, 1)) + rng.normal(size=(11, 5)).round(2)
    return pd.DataFrame(
        {
            "unit": np.repeat([f"u{i:02d}" for i in range(11)], 5),
            "period": np.tile(np.arange(1, 6), 11),
            "y": y.ravel(),
            "cohort": np.repeat(cohort, 5),
        }
    )


def by_the_paper(frame, cells, base="month_before", beta=None, only_last=False):
    """θ(β) and its Neyman variance from unit rows, cell by cell; no arrays of weights."""
    wide = frame.pivot_table(index="unit", columns="period", values="y")
    start = frame.groupby("unit")["cohort"].first().fillna(np.inf)
    after, before = dict.fromkeys(wide.index, 0.0), dict.fromkeys(wide.index, 0.0)
    number = start.value_counts()
    for (g, t), weight in cells.items():
        others = start[start == np.inf] if only_last else start[start > t]
        months = [g - 1] if base == "month_before" else list(range(1, int(start.min())))
        for unit in wide.index:
            sign = 1 / number[g] if start[unit] == g else 0.0
            sign = -1 / len(others) if unit in others.index else sign
            after[unit] += weight * sign * wide.loc[unit, t]
            before[unit] += weight * sign * wide.loc[unit, months].mean()
    z, x = pd.Series(after), pd.Series(before)
    shared = spread = 0.0
    for g in number.index:
        own = start.index[start == g]
        factor = number[g]
        shared += factor * np.cov(z[own], x[own])[0, 1]
        spread += factor * np.var(x[own], ddof=1)
    beta = shared / spread if beta is None else beta
    rest = z - beta * x
    variance = sum(number[g] * np.var(rest[start.index[start == g]], ddof=1) for g in number.index)
    return rest.sum(), np.sqrt(variance), beta


SIMPLE = {(3, 3): 3, (3, 4): 3, (3, 5): 3, (4, 4): 2, (4, 5): 2, (5, 5): 4}
CELLS = {
    "simple": {cell: n / 17 for cell, n in SIMPLE.items()},
    "cohort": {
        (3, 3): 1 / 9, (3, 4): 1 / 9, (3, 5): 1 / 9, (4, 4): 1 / 9, (4, 5): 1 / 9, (5, 5): 4 / 9
    },
    "calendar": {
        (3, 3): 1 / 3, (3, 4): 1 / 5, (4, 4): 2 / 15, (3, 5): 1 / 9, (4, 5): 2 / 27, (5, 5): 4 / 27
    },
    "event_study": {(3, 4): 3 / 5, (4, 5): 2 / 5},
}  # fmt: skip


@pytest.mark.parametrize("base", ["month_before", "all_before"])
@pytest.mark.parametrize("estimand", CELLS)
def test_every_estimand_is_the_papers_formula_on_unit_rows(small, estimand, base):
    found = staggered(prepare(small), estimand, event_times=(1,), base=base)
    att, se, beta = by_the_paper(small, CELLS[estimand], base)
    assert found.att[0] == pytest.approx(att, abs=EXACT)
    assert found.se_neyman[0] == pytest.approx(se, abs=EXACT)
    assert found.beta[0] == pytest.approx(beta, abs=EXACT)


@pytest.mark.parametrize("coefficient", ["callaway_santanna", "sun_abraham"])
def test_the_differences_in_differences_are_a_coefficient_of_one(small, coefficient):
    found = staggered(prepare(small), "simple", coefficient=coefficient)
    last = coefficient == "sun_abraham"
    att, se, _ = by_the_paper(small, CELLS["simple"], beta=1.0, only_last=last)
    assert (found.att[0], found.se_neyman[0]) == pytest.approx((att, se), abs=EXACT)


def test_the_adjustment_is_what_months_before_anyones_start_foretell(small):
    """By hand for one wave: slopes of after on before in each arm, their sum, its spread."""
    one = small[small["cohort"].isin([3]) | small["cohort"].isna()]
    one = one[one["period"].isin([2, 3])]
    found = staggered(prepare(one), "simple")
    wide = one.pivot_table(index="unit", columns="period", values="y")
    trained = wide.index.isin(one.loc[one["cohort"].notna(), "unit"])
    slopes, spreads = [], []
    for arm, sign in ((trained, 1), (~trained, -1)):
        moments = np.cov(wide[arm].T.to_numpy())
        slopes.append(sign * moments[0, 1] / moments[0, 0])
        spreads.append(moments[0, 0])
    foretold = sum(slopes) ** 2 * np.mean(spreads) / len(wide)
    assert found.se_neyman[0] ** 2 - foretold == pytest.approx(found.se[0] ** 2, abs=EXACT)


def test_fisher_is_the_share_of_all_orders_as_far_out(small):
    """Two and three units, two periods: every order counted by the paper's formula."""
    few = small[small["unit"].isin(["u00", "u01", "u02", "u09", "u10"])]
    few = few[few["period"].isin([2, 3])]
    found = fisher_test(prepare(few), seed=1)
    units = few["unit"].unique()
    seen = {}
    for order in set(permutations([3.0, 3.0, 3.0, np.inf, np.inf])):
        given = few.assign(cohort=few["unit"].map(dict(zip(units, order, strict=True))))
        att, se, _ = by_the_paper(given.replace(np.inf, np.nan), {(3, 3): 1.0})
        seen[order] = abs(att / se)
    actual = seen[(3.0, 3.0, 3.0, np.inf, np.inf)]
    assert found.statistic == pytest.approx(actual)
    assert found.enumerated
    assert found.n_assignments == len(seen) == 10
    assert found.p_value == np.mean([value >= actual * (1 - 1e-9) for value in seen.values()])


def test_fisher_counts_the_order_that_happened(small):
    """No order drawn is as far out: one of a hundred, never nought."""
    trained = small["cohort"].notna() & (small["period"] >= small["cohort"])
    found = fisher_test(prepare(small.assign(y=small["y"] + 50.0 * trained)), draws=99, seed=1)
    assert not found.enumerated
    assert found.p_value == 1 / 100


def test_fisher_draws_within_the_strata_of_the_lottery(small):
    pairs = {"u00": "a", "u09": "a", "u01": "b", "u10": "b"}
    few = small[small["unit"].isin(pairs)]
    few = few.assign(stratum=few["unit"].map(pairs))
    assert fisher_test(prepare(few, stratum="stratum"), seed=1).n_assignments == 4
    assert fisher_test(prepare(few), seed=1).n_assignments == 6


def test_units_with_gaps_and_cohorts_of_one_are_left_out_and_counted(small):
    lacking = small.drop(small.index[7]).replace({"cohort": {4: np.nan}})
    lacking.loc[lacking["unit"] == "u03", "cohort"] = 4
    found = staggered(prepare(lacking), "simple")
    assert (found.n_units, found.n_dropped) == (9, 2)
    with pytest.raises(FrameError, match="empty"):
        staggered(prepare(small), "event_study", event_times=(3,))


def test_a_lottery_with_no_effect_is_not_often_significant():
    """Coverage of zero by the Neyman interval in 200 lotteries of 60 units; 5 % ± 3.1 points."""
    rng = np.random.default_rng(11)
    start = np.repeat([4, 6, np.inf], 20)
    outside = 0
    for _ in range(200):
        y = rng.normal(size=(60, 1)) + rng.normal(size=(60, 8))
        frame = pd.DataFrame(
            {
                "unit": np.repeat(np.arange(60), 8),
                "period": np.tile(np.arange(1, 9), 60),
                "y": y.ravel(),
                "cohort": np.repeat(rng.permutation(start), 8),
            }
        )
        found = staggered(prepare(frame))
        outside += abs(found.att[0]) > 1.96 * found.se_neyman[0]
    assert outside / 200 < 0.05 + 0.046
