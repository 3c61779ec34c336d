import numpy as np
import pandas as pd
import pytest

from analysis import wording
from analysis.measurement import (
    assess_needs,
    importance_performance,
    skill_gaps,
    weight_sensitivity,
)

STAFF = pd.DataFrame(
    {
        "staff_id": [f"p{i}" for i in range(25)],
        "site_id": [f"s{i % 4}" for i in range(25)],
        "tier": ["frontline"] * 20 + ["middle"] * 5,
    }
)


def assessed(occasion="pre"):
    rows = []
    for i, person in enumerate(STAFF["staff_id"]):
        rows.append((person, "talk", "written", 1, 50.0 + i % 2 * 10))
        rows.append((person, "talk", "role_play", 1, 60.0 + i % 2 * 10))
        rows.append((person, "talk", "written", 2, 100.0))
        rows.append((person, "system", "written", 1, 90.0))
    columns = ["staff_id", "module", "form", "attempt", "score"]
    return pd.DataFrame(rows, columns=columns).assign(occasion=occasion)


def test_gaps_by_hand_and_small_cells_hidden():
    gaps = skill_gaps(assessed(), STAFF, target=80).set_index(["tier", "module"])
    # First attempts: people average 55 or 65, twenty of them evenly.
    talk = gaps.loc[("frontline", "talk")]
    assert (talk["mean"], talk["gap"], talk["n"]) == (60, 20, 20)
    assert talk["share_below"] == 1
    assert talk["ci_low"] < 20 < talk["ci_high"]
    assert gaps.loc[("frontline", "system"), "gap"] == -10
    assert gaps.index[0] == ("frontline", "talk")
    assert gaps.loc["middle", "hidden"].all()
    assert gaps.loc["middle", "mean"].isna().all()


def test_quadrants():
    rng = np.random.default_rng(1)
    overall = rng.normal(3.5, 1, 500)
    scores = pd.DataFrame(
        {
            "all": overall,
            "slow": overall - 1 + rng.normal(0, 0.3, 500),
            "kind": overall + rng.normal(0, 0.3, 500),
            "plants": rng.normal(4, 1, 500),
            "lift": rng.normal(2, 1, 500),
        }
    )
    placed = importance_performance(scores, "all").set_index("item")["quadrant"]
    assert placed.to_dict() == {
        "slow": "concentrate",
        "kind": "keep_up",
        "plants": "possible_overkill",
        "lift": "low_priority",
    }
    assert importance_performance(scores * 0 + 3, "all").empty


def test_ranks_that_hang_on_the_weights_are_shown():
    scores = pd.DataFrame(
        {"skill": [90.0, 80, 60, 20], "manner": [90.0, 60, 80, 20]}, index=list("abcd")
    )
    found = weight_sensitivity(scores, {"skill": 0.5, "manner": 0.5}, seed=1).set_index("subject")
    assert found.loc["a", ["rank", "rank_low", "rank_high"]].tolist() == [1, 1, 1]
    assert found.loc["b", "score"] == pytest.approx(70)
    assert (found.loc["b", "rank_low"], found.loc["b", "rank_high"]) == (2, 3)
    assert found.loc["d", "share_same"] == 1
    with pytest.raises(ValueError, match="weight above 0"):
        weight_sensitivity(scores, {"skill": 1.0}, seed=1)


def test_stage_says_what_it_finds_and_what_it_lacks():
    found = assess_needs(assessed(), STAFF, None, None, target=80)
    check = found.checks[0]
    assert (check.status, check.params["short"], check.params["module"]) == ("caution", 1, "talk")
    for language in wording.LANGUAGES:
        wording.text(check.reason, language, **check.params)
    assert set(found.tables) == {"skill_gaps"}
    for assessments, staff, reason in (
        (None, STAFF, "no_pretest"),
        (assessed("post"), STAFF, "no_pretest"),
        (assessed(), STAFF.assign(tier=None), "no_tiers"),
        (assessed().head(2), STAFF, "few_pretest"),
    ):
        missing = assess_needs(assessments, staff, None, None, target=80).checks[0]
        assert missing.status == "not_possible"
        assert missing.reason == f"measurement.reason.{reason}"
