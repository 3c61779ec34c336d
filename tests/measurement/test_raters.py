import numpy as np
import pandas as pd
import pytest

from analysis.measurement import (
    assess_raters,
    gwet_ac1,
    icc_forms,
    krippendorff_alpha,
    self_other_gap,
)

# Shrout & Fleiss (1979), table 2: 6 targets x 4 judges.
JUDGES = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
)

# Krippendorff (2011): four observers, twelve units, missing ratings as dots.
OBSERVERS = np.array(
    [
        [np.nan if rating == "." else float(rating) for rating in row]
        for row in ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")
    ]
)


def test_six_forms_reproduce_shrout_and_fleiss_with_intervals(reference):
    published = reference["icc_shrout_fleiss"]
    found = icc_forms(JUDGES)
    for row in published["values"]:
        mine = found[row["type"]]
        assert mine.value == pytest.approx(row["ICC"], abs=published["tolerance"])
        assert mine.f == pytest.approx(row["F"], abs=published["tolerance"])
        assert (mine.df1, mine.df2) == (row["df1"], row["df2"])
        assert mine.p_value == pytest.approx(row["p"], abs=published["tolerance"])
        assert mine.low == pytest.approx(row["lower bound"], abs=published["tolerance"]), mine.form
        assert mine.high == pytest.approx(row["upper bound"], abs=published["tolerance"]), mine.form


def test_severity_counts_against_agreement_only_where_it_should():
    strict = JUDGES - np.array([0, 3, 0, 0])
    before, after = icc_forms(JUDGES), icc_forms(strict)
    assert after["ICC3"].value == pytest.approx(before["ICC3"].value)
    assert after["ICC2"].value < before["ICC2"].value


def test_icc_leaves_out_incomplete_targets_and_needs_chance():
    gaps = np.vstack([JUDGES, [1, np.nan, 2, 3]])
    assert icc_forms(gaps)["ICC2"].value == icc_forms(JUDGES)["ICC2"].value
    assert icc_forms(np.full((4, 3), 5.0)) is None
    assert icc_forms(JUDGES[:1]) is None
    assert icc_forms(JUDGES[:, :1]) is None


@pytest.mark.parametrize("scale", ["nominal", "ordinal", "interval", "ratio"])
def test_alpha_reproduces_krippendorff(reference, scale):
    published = reference["krippendorff_4obs"]
    found = krippendorff_alpha(OBSERVERS, scale)
    assert found.value == pytest.approx(published["values"][scale], abs=published["tolerance"])
    assert found.n == 11


def test_alpha_is_one_in_agreement_near_zero_by_chance_and_none_without_variation():
    same = np.tile([1.0, 2, 3, 1, 2], (3, 1))
    assert krippendorff_alpha(same, "ordinal").value == pytest.approx(1)
    chance = np.random.default_rng(1).integers(1, 4, (3, 4000)).astype(float)
    assert krippendorff_alpha(chance, "nominal").value == pytest.approx(0, abs=0.03)
    assert krippendorff_alpha(np.full((2, 5), 3.0)) is None
    assert krippendorff_alpha(np.array([[1.0, np.nan], [np.nan, 2.0]])) is None


def test_alpha_interval_holds_the_value_and_needs_a_seed():
    found = krippendorff_alpha(OBSERVERS, "nominal", draws=500, seed=1)
    assert found.low < found.value < found.high
    again = krippendorff_alpha(OBSERVERS, "nominal", draws=500, seed=1)
    assert (again.low, again.high) == (found.low, found.high)
    with pytest.raises(ValueError, match="seed"):
        krippendorff_alpha(OBSERVERS, "nominal", draws=5)


def test_order_of_raters_and_units_does_not_move_alpha():
    moved = OBSERVERS[[2, 0, 3, 1]][:, ::-1]
    for scale in ("nominal", "ordinal"):
        one, other = krippendorff_alpha(OBSERVERS, scale), krippendorff_alpha(moved, scale)
        assert other.value == pytest.approx(one.value)


def test_ac1_reproduces_gwet_and_resists_prevalence():
    # irrCAC's raw_4raters: AC1 .77544, standard error .14295.
    found = gwet_ac1(OBSERVERS)
    assert found.value == pytest.approx(0.77544, abs=1e-5)
    assert found.se == pytest.approx(0.14295, abs=1e-5)
    # 118 of 125 agree, nearly all on one answer: kappa is near 0 here, AC1 is not (Gwet 2008).
    one = np.repeat([0.0, 0, 1, 1], [118, 5, 2, 0])
    two = np.repeat([0.0, 1, 0, 1], [118, 5, 2, 0])
    prevalent = gwet_ac1(np.vstack([one, two]))
    assert prevalent.value == pytest.approx(0.9408, abs=1e-4)
    nominal = krippendorff_alpha(np.vstack([one, two]), "nominal")
    assert nominal.value < 0.05


def test_ac1_by_hand():
    # Agreement on 3 of 4; shares .625, .375, so pe = 2 * .625 * .375.
    ratings = np.array([[1.0, 1, 2, 2], [1, 1, 2, 1]])
    chance = 2 * 0.625 * 0.375
    assert gwet_ac1(ratings).value == pytest.approx((0.75 - chance) / (1 - chance))
    assert gwet_ac1(np.full((2, 3), 1.0)).value == 1.0
    assert gwet_ac1(np.array([[1.0, 2.0], [np.nan, np.nan]])) is None


def test_self_other_gap_by_hand():
    own = np.array([5.0, 4, 3, 5, np.nan])
    other = np.array([4.0, 4, 4, 3, 4])
    found = self_other_gap(own, other, np.array([3, 4, 5, 2, 3]))
    assert (found.n, found.left_out) == (3, 1)
    assert found.gap.value == pytest.approx(0)
    assert (found.over, found.in_agreement, found.under) == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert found.correlation is None
    assert self_other_gap(own, other, np.ones(5)) is None


def ratings_of(judges, keep=lambda subject, rater: True):
    rows = [
        (f"p{s}", f"r{r}", judges[s, r])
        for s in range(judges.shape[0])
        for r in range(judges.shape[1])
        if keep(s, r)
    ]
    frame = pd.DataFrame(rows, columns=["ratee_id", "rater_id", "score"])
    frame["rating_id"] = frame["ratee_id"] + frame["rater_id"]
    fixed = {"instrument": "x", "item": "i", "rater_role": "peer", "site_id": "s", "rated_on": None}
    return frame.assign(**fixed)


def test_page_lists_six_forms_and_marks_those_that_fit_the_design():
    table = assess_raters(ratings_of(JUDGES)).table("icc_forms").set_index("form")
    wanted = icc_forms(JUDGES)
    assert table["value"].to_dict() == pytest.approx({f: w.value for f, w in wanted.items()})
    assert table.index[table["chosen"]].tolist() == ["ICC2", "ICC2k"]


def test_two_way_forms_come_from_the_largest_block_of_same_raters():
    # The first four subjects keep raters 0-2, the others have two raters of their own.
    kept = ratings_of(JUDGES, lambda s, r: r < 3 if s < 4 else r >= 2)
    table = assess_raters(kept).table("icc_forms").set_index("form")
    block = icc_forms(JUDGES[:4, :3])
    assert table.index[table["chosen"]].tolist() == ["ICC1", "ICC1k"]
    assert table.loc["ICC3", "value"] == pytest.approx(block["ICC3"].value)
    assert table.loc["ICC3", ["subjects", "raters"]].tolist() == [4, 3]
    assert table.loc["ICC1", "subjects"] == 6
    none = assess_raters(ratings_of(JUDGES, lambda s, r: r in (s % 4, (s + 1) % 4)))
    assert none.table("icc_forms").set_index("form").loc[["ICC2", "ICC3"], "value"].isna().all()
