"""Items, normalised gains and the composite mark, by hand and by brute force."""

import dataclasses
import itertools

import numpy as np
import pandas as pd
import pytest

from analysis.measurement.reliability import item_statistics
from analysis.monitoring.training.composite import (
    assess_composite,
    composite_marks,
    extreme_marks,
    weight_sensitivity,
)
from analysis.monitoring.training.gains import normalised_gains
from analysis.monitoring.training.items import assess_items, item_analysis
from analysis.simulation import DEMO, simulate
from analysis.simulation.sheets import EASY_ITEM, HARD_ITEM, MISKEYED_ITEM, MODULE
from analysis.standards import course
from analysis.wording import text

WEIGHTS = course().of("composite_weights")


def test_difficulty_and_discrimination_by_hand():
    # ten candidates, total decides the groups: round(0.27 * 10) = 3 in each
    good = [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    flat = [1, 0, 1, 0, 1, 0, 1, 0, 1, 0]
    easy = [1] * 9 + [0]
    steps = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    frame = pd.DataFrame({"good": good, "flat": flat, "easy": easy, "steps": steps})
    table = item_analysis(frame, {"good": 1, "flat": 1, "easy": 1, "steps": 9}).set_index("item")
    assert table["difficulty"].tolist() == pytest.approx([0.5, 0.5, 0.9, 0.5])
    # totals 12 10 10 8 8 5 5 3 3 0: upper is the first three, lower the last three
    discrimination = [1.0, 2 / 3 - 1 / 3, 1 - 2 / 3, 8 / 9 - 1 / 9]
    assert table["discrimination"].tolist() == pytest.approx(discrimination)
    assert set(table["verdict"]) == {"too_few"}


def answers(n=400, seed=1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    ability = rng.normal(size=n)
    levels = {"fair": 0.0, "easy": -3.5, "hard": 3.0}
    frame = {
        name: (ability + rng.logistic(size=n) * 0.6 > level).astype(float)
        for name, level in levels.items()
    }
    frame["noise"] = (rng.random(n) < 0.5).astype(float)
    frame["wrong_key"] = (ability + rng.logistic(size=n) * 0.6 < 0).astype(float)
    return pd.DataFrame({**frame, **{f"x{i}": ability > i / 4 for i in range(8)}}).astype(float)


def test_verdicts_find_what_was_planted():
    table = item_analysis(answers()).set_index("item")["verdict"]
    planted = ["fair", "easy", "hard", "noise", "wrong_key"]
    expected = ["keep", "too_easy", "too_hard", "revise", "check_key"]
    assert table[planted].tolist() == expected


def test_item_rest_and_alpha_are_those_of_the_measurement_room():
    frame = answers()
    mine, theirs = item_analysis(frame), item_statistics(frame, 0, 1)
    for column in ("item_rest", "alpha_if_dropped"):
        assert mine[column].to_numpy() == pytest.approx(theirs[column].to_numpy())


def test_order_of_candidates_never_matters_and_blanks_are_said():
    frame = answers(60)
    frame.iloc[3, 0] = np.nan
    mixed = frame.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(item_analysis(frame), item_analysis(mixed))
    wrong, left_out = item_analysis(frame), item_analysis(frame, blank_is_wrong=False)
    assert (wrong["n"].iloc[0], left_out["n"].iloc[0]) == (60, 59)
    assert left_out.attrs["n"] == 59
    assert wrong["blank"].iloc[0] == pytest.approx(1 / 60)
    with pytest.raises(ValueError, match="full points"):
        item_analysis(frame * 2)


def as_rows(frame: pd.DataFrame, version="A") -> pd.DataFrame:
    long = frame.rename_axis("staff_id").reset_index().melt("staff_id", var_name="item")
    long = long.rename(columns={"value": "score"}).astype({"staff_id": str})
    return long.assign(
        module="m", form="written", occasion="post", attempt=1, version=version, full_score=1.0
    )


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_tests_are_assessed_by_version_and_first_attempt(language):
    rows = as_rows(answers())
    again = rows.assign(attempt=2, score=0.0)
    found = assess_items(pd.concat([rows, again, as_rows(answers(20), "B")]))
    tests = found.tables["tests"].set_index("version")
    assert tests["n"].to_dict() == {"A": 400, "B": 20}
    verdicts = found.tables["test_items"].query("version == 'A'")["verdict"]
    assert tests.loc["A", "flagged"] == (verdicts != "keep").sum() >= 4
    assert tests.loc["B", "flagged"] == 0
    assert tests.loc["A", "ci_low"] < tests.loc["A", "alpha"] < tests.loc["A", "ci_high"]
    items = found.tables["test_items"]
    assert not {"staff_id", "score"} & set(items.columns)
    assert (items["ci_low"] <= items["difficulty"]).all()
    assert (items["difficulty"] <= items["ci_high"]).all()
    (check,) = found.checks
    assert (check.status, check.value, check.n) == ("caution", tests["flagged"].sum(), 26)
    for key in (check.question, check.reason, check.remedy):
        assert text(key, language, **check.params)
    (missing,) = assess_items(None).checks
    assert missing.status == "not_possible"
    assert text(missing.remedy, language)


def test_intervals_of_items_cover():
    rng = np.random.default_rng(8)
    hits = []
    for _ in range(300):
        ability = rng.normal(size=60)
        frame = pd.DataFrame({f"x{i}": ability + rng.normal(size=60) > -0.8 for i in range(6)})
        row = item_analysis(frame.astype(float)).iloc[0]
        # The share right is that of a normal with variance 2 beyond -0.8
        hits.append(row["ci_low"] <= 0.7142 <= row["ci_high"])
    assert 0.91 < np.mean(hits) < 0.985


def test_the_demo_plants_items_that_are_found():
    world = simulate(dataclasses.replace(DEMO, families=("staff", "training")))
    answers = world.tables["test_answers"].astype(object)
    sums = answers.astype({"score": float}).groupby("staff_id")["score"].sum()
    tests = world.tables["assessments"].astype(object)
    tests = tests[(tests["module"] == MODULE) & (tests["occasion"] == "post")]
    scores = tests.set_index("staff_id")["score"].astype(float)
    assert (sums.sort_index() == scores.sort_index()).all()
    items = assess_items(answers.astype({"score": float, "full_score": float}))
    verdicts = items.tables["test_items"]["verdict"].tolist()
    assert verdicts[EASY_ITEM] == "too_easy"
    assert verdicts[HARD_ITEM] == "too_hard"
    assert [i for i, v in enumerate(verdicts) if v == "check_key"] == [MISKEYED_ITEM]


def pairs(rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["pre", "post"]).assign(module="m", form="written")


def test_normalised_gain_by_hand():
    table = normalised_gains(pairs([(40, 70), (60, 80), (80, 60), (100, 100)])).iloc[0]
    assert table["gain"] == pytest.approx((310 - 280) / (400 - 280))
    assert table["change"] == pytest.approx(np.mean([30 / 60, 20 / 40, -20 / 80]))
    assert (table["stuck"], table["losses"], table["band"]) == (1, 0.25, "low")


def test_the_gain_of_a_sheet_without_room_is_not_defined():
    table = normalised_gains(pairs([(100, 100), (100, 100)]), by=()).iloc[0]
    assert np.isnan(table["gain"])
    assert table["band"] is None or pd.isna(table["band"])
    assert normalised_gains(pairs([]), by=()).empty


def test_the_interval_of_the_gain_covers():
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(300):
        pre = rng.uniform(30, 70, 40)
        post = pre + 0.4 * (100 - pre) + rng.normal(0, 8, 40)
        row = normalised_gains(pairs(np.column_stack([pre, post]))).iloc[0]
        covered += row["ci_low"] < 0.4 < row["ci_high"]
    assert 0.91 < covered / 300 < 0.985


def assessments() -> pd.DataFrame:
    marks = {
        "sure": (95, 95, 95),
        "weak": (50, 60, 55),
        "hangs": (95, 72, 78),
        "part": (90, None, 90),
    }
    rows = [
        (staff, "m", "post", form, 1, score)
        for staff, scores in marks.items()
        for form, score in zip(WEIGHTS, scores, strict=True)
        if score is not None
    ]
    rows.append(("weak", "m", "retest", "written", 2, 100))
    columns = ["staff_id", "module", "occasion", "form", "attempt", "score"]
    return pd.DataFrame(rows, columns=columns)


def test_composite_by_hand_counts_first_attempts_and_whole_candidates():
    marks = composite_marks(assessments(), WEIGHTS).set_index("staff_id")["composite"]
    assert marks.to_dict() == pytest.approx(
        {"sure": 95.0, "weak": 55.5, "hangs": 0.3 * 95 + 0.4 * 72 + 0.3 * 78}
    )
    assert composite_marks(assessments(), WEIGHTS).attrs["incomplete"] == 1


def test_extremes_are_those_of_a_search_over_all_weights():
    rng = np.random.default_rng(2)
    parts, weights = rng.uniform(0, 100, (50, 3)), np.array([0.3, 0.4, 0.3])
    low, high = extreme_marks(parts, weights, 0.1)
    grid = [
        (a, b, 1 - a - b)
        for a, b in itertools.product(np.linspace(0.2, 0.4, 41), np.linspace(0.3, 0.5, 41))
        if 0.2 - 1e-9 <= 1 - a - b <= 0.4 + 1e-9
    ]
    every = parts @ np.array(grid).T
    assert low == pytest.approx(every.min(axis=1))
    assert high == pytest.approx(every.max(axis=1))
    same = extreme_marks(parts, weights, 0.0)
    assert same[0] == pytest.approx(parts @ weights)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_whose_pass_hangs_on_the_weights(language):
    found = weight_sensitivity(composite_marks(assessments(), WEIGHTS), WEIGHTS, mark=80)
    assert (found.always, found.never) == pytest.approx((1 / 3, 1 / 3))
    assert found.depends == pytest.approx(1 / 3)
    assert found.equal == pytest.approx(2 / 3)
    results = assess_composite(assessments())
    assert results.estimate("monitoring.pass.composite").n == 3
    check = results.checks[0]
    assert check.status == "caution"
    assert text(check.reason, language, **check.params)
    assert text(check.remedy, language, **check.params)
    none = assess_composite(assessments().query("form == 'written'"))
    assert none.checks[0].status == "not_possible"
    with pytest.raises(ValueError, match="add up to 1"):
        composite_marks(assessments(), {"written": 0.5})
