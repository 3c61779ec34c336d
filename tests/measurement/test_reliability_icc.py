from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.measurement import (
    assess_icc,
    assess_instruments,
    cronbach_alpha,
    icc_oneway,
    item_statistics,
)

# Shrout & Fleiss (1979), table 2: 6 targets x 4 judges; psych 2.2.9 gives the interval.
JUDGES = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
)


def test_icc_reproduces_shrout_and_fleiss():
    icc = icc_oneway(np.full(6, 4), JUDGES.sum(1), (JUDGES**2).sum(1))
    assert icc.value == pytest.approx(0.16574177, abs=1e-6)
    assert (icc.low, icc.high) == pytest.approx((-0.13293232, 0.72256006), abs=1e-6)


def test_icc_of_units_of_unequal_size_by_hand():
    answers = [np.array([1.0, 2.0]), np.array([2.0, 3.0, 4.0]), np.array([5.0, 5, 4, 4, 5])]
    n = np.array([2, 3, 5])
    icc = icc_oneway(n, [a.sum() for a in answers], [(a**2).sum() for a in answers])
    f = stats.f_oneway(*answers).statistic  # B / W
    n0 = (10 - (4 + 9 + 25) / 10) / 2
    assert icc.n0 == pytest.approx(n0) == 3.1
    assert icc.value == pytest.approx((f - 1) / (f + n0 - 1))


def test_icc_is_unknown_without_variation_or_replication():
    assert icc_oneway(np.full(3, 4), np.full(3, 8.0), np.full(3, 16.0)) is None
    assert icc_oneway(np.ones(3), np.arange(3.0), np.arange(3.0) ** 2) is None


def test_icc_of_a_panel_ignores_a_common_trend():
    rng = np.random.default_rng(3)
    rows = []
    for site in range(30):
        effect = rng.normal(0, 0.3)
        for period in range(24000, 24012):
            y = 3.5 + 0.2 * (period - 24000) + effect + rng.normal(0, 1, 20)
            rows.append((f"s{site}", period, "csat_mean", "", 20, y.sum(), (y**2).sum()))
    columns = ["site_id", "period", "indicator", "stratum", "n", "total", "total_sq"]
    found = assess_icc(pd.DataFrame(rows, columns=columns), indicator="csat_mean")
    estimate = found.estimate("baseline.csat_mean.icc")
    assert estimate.ci_low < 0.09 / 1.09 < estimate.ci_high
    assert found.checks[0].status == "caution"


# Twelve sheets with answers missing, distributed with pingouin as cronbach_wide_missing;
# values from the docstring of pingouin 0.6.1's cronbach_alpha.
WIDE = """11111111111 11111111010 .011.111100 11101101100 11111000100 01.01111000 11110010000
11111000000 01011000010 10010100.00 11100000000 10010000000"""


def _wide():
    return pd.DataFrame(
        [[np.nan if answer == "." else float(answer) for answer in row] for row in WIDE.split()]
    )


def test_alpha_reproduces_the_published_values_under_both_missing_rules():
    pairwise = cronbach_alpha(_wide(), missing="pairwise")
    assert pairwise.value == pytest.approx(0.732660835214447, abs=1e-9)
    assert (pairwise.low, pairwise.high) == pytest.approx((0.435, 0.909), abs=5e-4)
    listwise = cronbach_alpha(_wide(), missing="listwise")
    assert listwise.value == pytest.approx(0.8016949152542373, abs=1e-9)
    # pingouin's listwise interval (0.581, 0.933) counts all 12 sheets in its degrees of
    # freedom; ours counts the 9 that the alpha is computed from, so it is wider.
    assert listwise.n == 9
    assert listwise.low < 0.581
    assert listwise.high > 0.933
    tails = stats.f.isf([0.025, 0.975], 11, 110)
    assert tuple(1 - (1 - listwise.value) * tails) == pytest.approx((0.581, 0.933), abs=5e-4)


# Fifteen sheets of ten items, distributed with pingouin as cronbach_alpha.
LONG = """3224145143 5546351255 7535564336 2343322266 6556544467 1223425235 4335352124 2544372246
6255516523 5246435317 4135253234 4423253423 5556233244 6555422146 4435531323"""


def test_alpha_and_its_interval_reproduce_the_reference_values(reference):
    published = reference["alpha_pingouin"]
    for name, scores in (
        ("pairwise", _wide()),
        ("listwise", _wide()),
        ("long", pd.DataFrame([[float(answer) for answer in row] for row in LONG.split()])),
    ):
        value, (low, high) = published["values"][name]
        found = cronbach_alpha(scores, missing="pairwise" if name == "pairwise" else "listwise")
        assert found.value == pytest.approx(value, abs=published["tolerance"]), name
        if name != "listwise":  # the interval that differs, and why, stands in the test above
            assert (found.low, found.high) == pytest.approx((low, high), abs=5e-4), name


def _agreeableness():
    """Five items of 2,800 people (psych's bfi: Revelle, Wilt & Rosenthal 2010), A1 turned."""
    path = Path(__file__).parent / "agreeableness.csv"
    stored = pd.read_csv(path, dtype={"answers": str})
    answers = [[np.nan if a == "." else float(a) for a in row] for row in stored["answers"]]
    scores = pd.DataFrame(np.repeat(answers, stored["sheets"], axis=0), columns=ITEMS)
    return scores.assign(**{"A1-": 7 - scores["A1-"]})


ITEMS = ["A1-", "A2", "A3", "A4", "A5"]


def test_item_statistics_reproduce_psych(reference):
    published = reference["item_stats_bfi_agree"]
    found = item_statistics(_agreeableness(), 1, 6, missing="pairwise").set_index("item")
    ours = {"n": "n", "mean": "mean", "sd": "sd", "r.drop": "item_rest"}
    for row in published["values"]["item_stats"]:
        for theirs, mine in ours.items():
            close = pytest.approx(row[theirs], abs=published["tolerance"])
            assert found.loc[row["_row"], mine] == close, (row["_row"], theirs)
    for row in published["values"]["alpha_drop"]:
        close = pytest.approx(row["raw_alpha"], abs=published["tolerance"])
        assert found.loc[row["_row"], "alpha_if_dropped"] == close
    # The report's rule is listwise: 2,709 of 2,800 sheets, and a difference in the third digit.
    listwise = item_statistics(_agreeableness(), 1, 6).set_index("item")
    assert np.abs(listwise["item_rest"] - found["item_rest"]).between(1e-5, 0.01).all()


def test_item_statistics_by_hand():
    scores = pd.DataFrame({"a": [1.0, 2, 3, 5], "b": [1.0, 2, 3, 5], "c": [5.0, 1, 5, 5]})
    items = item_statistics(scores, 1, 5).set_index("item")
    assert items.loc["c", "ceiling"] == 0.75
    assert items.loc["a", "floor"] == 0.25
    assert items.loc["c", "alpha_if_dropped"] == pytest.approx(1.0)
    rest = np.corrcoef(scores["a"], scores["b"] + scores["c"])[0, 1]
    assert items.loc["a", "item_rest"] == pytest.approx(rest)


INSTRUMENTS = pd.DataFrame(
    {
        "instrument": "csat.v1",
        "item": ["q1", "q2", "nps"],
        "role": ["overall", "item", "nps"],
        "scale_min": [1.0, 1, 0],
        "scale_max": [5.0, 5, 10],
    }
)


def _answers(first, second):
    sheets = [f"r{i}" for i in range(len(first))]
    return pd.concat(
        pd.DataFrame({"response_id": sheets, "instrument": "csat.v1", "item": i, "score": s})
        for i, s in (("q1", first), ("q2", second))
    )


def test_instruments_leave_out_the_recommendation_question_and_count_incomplete_sheets():
    found = assess_instruments(_answers([1, 2, 3, 4, 5], [1, 2, 3, 5, None]), INSTRUMENTS)
    estimate = found.estimate("baseline.alpha.surveys.csat.v1")
    assert (estimate.n, estimate.dims["items"]) == (4, 2)
    assert found.checks[0].params["left_out"] == 1


@pytest.mark.parametrize("answers", [None, _answers([3] * 5, [3] * 5)])
def test_no_surveys_and_equal_answers_are_said_not_raised(answers):
    found = assess_instruments(answers, INSTRUMENTS)
    assert [c.status for c in found.checks] == ["not_possible"]
