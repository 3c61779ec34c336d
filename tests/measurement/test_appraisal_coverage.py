"""The weighted appraisal with its guard, and the chain from modules to what is measured."""

import numpy as np
import pandas as pd
import pytest

from analysis import wording
from analysis.measurement import (
    appraise,
    assess_appraisal,
    assess_coverage,
    consequence_guard,
    coverage_matrix,
)
from analysis.measurement.appraisal import corner_weights

WEIGHTS = {"csat_mean": 0.4, "fcr": 0.3, "complaints_per_1000": 0.3}
DIRECTIONS = {"csat_mean": "up", "fcr": "up", "complaints_per_1000": "down"}


def worded(found):
    for check in found.checks:
        params = {"value": check.value, **check.params}
        for language in wording.LANGUAGES:
            for key in (check.question, check.reason, check.remedy):
                if key:
                    assert wording.text(key, language, **params)


def panel(spread, noise, sites=20, months=12, n=50, seed=1):
    rng = np.random.default_rng(seed)
    rows = []
    for s in range(sites):
        quality = rng.normal(0, spread)
        for indicator, direction in DIRECTIONS.items():
            sign = 1 if direction == "up" else -1
            for period in range(24000, 24000 + months):
                value = sign * quality + rng.normal(0, noise) + 0.1 * (period - 24000)
                rows.append((f"s{s:02}", period, indicator, "", value, n))
    columns = ["site_id", "period", "indicator", "stratum", "value", "n"]
    return pd.DataFrame(rows, columns=columns)


def test_sites_that_differ_are_ranked_firmly_and_may_have_consequences():
    found = assess_appraisal(panel(1.0, 0.3), WEIGHTS, DIRECTIONS, seed=1)
    assert [c.status for c in found.checks] == ["passed"] * 4
    reliability = found.estimate("baseline.appraisal.reliability")
    assert 0.8 < reliability.ci_low < reliability.value < reliability.ci_high <= 1
    worded(found)


def test_sites_that_do_not_differ_have_no_ranks_and_no_consequences():
    found = assess_appraisal(panel(0.0, 1.0), WEIGHTS, DIRECTIONS, seed=1)
    statuses = {c.id.rsplit(".", 1)[1]: c.status for c in found.checks}
    assert statuses["chance"] == "caution"
    assert statuses["consequence"] == "failed"
    worded(found)


def test_few_answers_block_consequences_whatever_the_reliability():
    found = assess_appraisal(panel(1.0, 0.3, n=2), WEIGHTS, DIRECTIONS, seed=1)
    guard = next(c for c in found.checks if c.id.endswith("consequence"))
    assert (guard.status, guard.params["fewest"]) == ("failed", 24)
    assert consequence_guard("x", reliability=0.9, low=0.79, n=100).status == "failed"
    assert consequence_guard("x", reliability=0.9, low=0.8, n=30).status == "passed"


def test_score_by_hand_and_indifference_to_units_and_common_months():
    # Two indicators, one turned round: standardised and averaged by hand.
    frame = panel(1.0, 0.3, sites=5)
    found = appraise(frame, WEIGHTS, DIRECTIONS, seed=1)
    wide = frame.pivot_table(index="site_id", columns="indicator", values="value")
    z = (wide - wide.mean()) / wide.std()
    score = 0.4 * z["csat_mean"] + 0.3 * z["fcr"] - 0.3 * z["complaints_per_1000"]
    mine = found.sites.set_index("site_id")["score"].sort_index()
    assert mine.to_numpy() == pytest.approx(score.sort_index().to_numpy())
    scaled = frame.assign(
        value=frame["value"] * frame["indicator"].map({"fcr": 100.0}).fillna(1.0) + 7
    )
    again = appraise(scaled, WEIGHTS, DIRECTIONS, seed=1)
    assert again.sites["site_id"].tolist() == found.sites["site_id"].tolist()
    assert again.sites["score"].to_numpy() == pytest.approx(found.sites["score"].to_numpy())


def test_ranks_hang_on_weights_where_indicators_disagree():
    frame = panel(1.0, 0.1)
    rng = np.random.default_rng(4)
    own = pd.Series(rng.normal(0, 1, 20), index=[f"s{s:02}" for s in range(20)])
    other = frame["indicator"] == "fcr"
    frame.loc[other, "value"] = own[frame.loc[other, "site_id"]].to_numpy()
    found = appraise(frame, WEIGHTS, DIRECTIONS, seed=1).sites
    assert (found["weights_high"] - found["weights_low"]).max() >= 2
    assert (found["weights_low"] <= found["rank"]).all()
    assert (found["rank"] <= found["weights_high"]).all()


def test_corners_add_up_and_move_one_weight():
    corners = corner_weights(np.array([0.5, 0.3, 0.2]))
    assert corners.sum(axis=1) == pytest.approx(1)
    assert corners[0] == pytest.approx(1 / 3)
    assert corners[1] == pytest.approx([0.6, 0.24, 0.16])
    assert (corner_weights(np.array([0.95, 0.05])) >= 0).all()
    assert corner_weights(np.array([1.0])) == pytest.approx(1)


def test_appraisal_says_what_it_lacks():
    frame = panel(1.0, 0.3)
    for given, weights in (
        (frame, {}),
        (frame[frame["indicator"] != "fcr"], WEIGHTS),
        (frame[frame["site_id"] == "s01"], WEIGHTS),
        (frame.assign(value=1.0), WEIGHTS),
        (frame.iloc[:0], WEIGHTS),
    ):
        found = assess_appraisal(given, weights, DIRECTIONS, seed=1)
        assert [c.status for c in found.checks] == ["not_possible"]
        worded(found)
    with pytest.raises(ValueError, match="add up to 1"):
        appraise(frame, {"fcr": 0.5}, DIRECTIONS, seed=1)
    light = assess_appraisal(frame, {"fcr": 0.8, "csat_mean": 0.2}, DIRECTIONS, seed=1)
    assert light.checks[-1].status == "caution"


GIVEN = {
    "enrolments": pd.DataFrame({"module": ["talk", "talk", "law"]}),
    "assessments": pd.DataFrame({"module": ["law"], "occasion": ["pre"]}),
    "ratings": pd.DataFrame(
        {"instrument": "bars", "item": ["b1", "b2", "b3"], "score": [3.0, 4.0, None]}
    ),
}
DECLARED = {"talk": {"listens": ["bars.b1", "nps"], "calms": []}, "system": {"logs": ["fcr"]}}


def test_chain_is_written_out_and_its_gaps_named():
    matrix = coverage_matrix(DECLARED, {"bars.b1", "fcr"})
    assert matrix.to_numpy().tolist() == [
        ["talk", "listens", "bars.b1", True],
        ["talk", "listens", "nps", False],
        ["talk", "calms", "", False],
        ["system", "logs", "fcr", True],
    ]
    found = assess_coverage(GIVEN, DECLARED, measured=["fcr"], goals=["csat_mean", "fcr"])
    gaps = found.table("coverage_gaps").to_numpy().tolist()
    assert gaps == [
        ["module", "law"],
        ["indicator", "bars.b2"],
        ["indicator", "csat_mean"],
        ["unmeasured", "nps"],
    ]
    assert [(c.status, c.value) for c in found.checks] == [("caution", 1), ("caution", 2)]
    levels = found.table("coverage_levels").set_index("module")
    assert levels.loc["law"].tolist() == [1, 0, 1, 0]
    worded(found)


def test_whole_chain_passes_and_none_is_said():
    whole = {"talk": {"listens": ["bars.b1"]}, "law": {"knows": ["bars.b2", "fcr"]}}
    found = assess_coverage(GIVEN, whole, measured=["fcr"], goals=["fcr"])
    assert [c.status for c in found.checks] == ["passed", "passed"]
    for given, declared in ((GIVEN, {}), ({}, {})):
        none = assess_coverage(given, declared)
        assert [c.status for c in none.checks] == ["not_possible"]
        worded(none)
