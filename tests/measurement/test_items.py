"""Faults of items that consistency and fit pass over: each case passed, or broke, before."""

import numpy as np
import pandas as pd
import pytest

from analysis import wording
from analysis.measurement import (
    assess_factors,
    assess_instruments,
    assess_items,
    confirm,
    cronbach_alpha,
    item_directions,
    items_against,
    mcdonald_omega,
    moments,
    straight_lines,
)

NAMES = [f"q{k}" for k in range(1, 9)]


def scores(turned=(), n=400, items=8, seed=1, noise=0.7):
    """Five-step answers to items of one trait; those named are left in the wrong direction."""
    rng = np.random.default_rng(seed)
    trait = rng.normal(size=(n, 1))
    raw = 3.4 + 0.8 * trait + rng.normal(0, noise, (n, items))
    frame = pd.DataFrame(np.clip(np.rint(raw), 1, 5), columns=NAMES[:items])
    frame[list(turned)] = 6 - frame[list(turned)]
    return frame


def long(frame):
    stacked = frame.rename_axis("response_id").reset_index().melt("response_id", var_name="item")
    stacked = stacked.rename(columns={"value": "score"}).dropna(subset="score")
    return stacked.assign(instrument="v1")


def described(items, reversed_items=()):
    return pd.DataFrame(
        {
            "instrument": "v1",
            "item": list(items),
            "role": "item",
            "dimension": None,
            "scale_min": 1.0,
            "scale_max": 5.0,
            "reversed": [item in reversed_items for item in items],
        }
    )


def of(found, end):
    return next(check for check in found.checks if check.id.endswith(end))


def worded(check):
    for language in wording.LANGUAGES:
        for key in filter(None, (check.question, check.reason, check.remedy)):
            told = {**check.params, "value": check.value, "n": check.n}
            wording.text(key, language, **told)
    return check


def test_an_item_left_unturned_fails_although_alpha_and_fit_are_good():
    frame = scores(turned=["q8"])
    assert cronbach_alpha(frame).value > 0.70
    assert confirm(moments(frame), {"all": NAMES}).fit.cfi > 0.99
    answers, items = long(frame), described(NAMES)
    direction = worded(of(assess_items(answers, items), ".direction"))
    assert (direction.status, direction.params["items"]) == ("failed", "q8")
    assert "reversed: true" in wording.text(direction.remedy, "en")
    alpha = assess_instruments(answers, items)
    assert worded(alpha.checks[0]).status == "failed"
    assert alpha.estimates[0].value is None
    fitted = assess_factors(answers, items, seed=1)
    assert worded(of(fitted, "cfa.surveys.v1")).status == "failed"
    assert fitted.estimate("baseline.omega.surveys.v1.all").value is None
    assert fitted.estimate("baseline.ave.surveys.v1.all").value is None
    assert mcdonald_omega(moments(frame)) is None


def test_an_item_turned_by_mistake_is_told_from_one_not_turned():
    items = described(NAMES, reversed_items=["q8"])
    direction = of(assess_items(long(scores(turned=["q8"])), items), ".direction")
    assert direction.remedy.endswith("turned_twice")


def test_items_that_run_together_pass_in_every_direction_of_the_whole():
    for frame in (scores(), 6 - scores()):
        found = assess_items(long(frame), described(NAMES))
        assert {worded(check).status for check in found.checks} == {"passed"}


@pytest.mark.parametrize("seed", range(20))
def test_a_reversed_item_listed_first_does_not_break_the_estimation(seed):
    frame = scores(turned=["q1"], items=5, seed=seed)
    found = confirm(moments(frame), {"all": NAMES[:5]})
    assert found.converged
    assert found.against == ("q1",)
    right = confirm(moments(scores(items=5, seed=seed)), {"all": NAMES[:5]})
    assert found.fit.chi2 == pytest.approx(right.fit.chi2, abs=1e-5)
    loadings = right.loadings["std_loading"].to_numpy() * [-1, 1, 1, 1, 1]
    assert found.loadings["std_loading"].to_numpy() == pytest.approx(loadings, abs=1e-4)


def test_an_item_unrelated_to_the_rest_may_stand_first():
    frame = scores(items=5)
    frame["q1"] = np.random.default_rng(9).integers(1, 6, len(frame))
    assert confirm(moments(frame), {"all": NAMES[:5]}).converged


def test_unrelated_items_have_an_interval_of_omega_within_zero_and_one():
    for seed in range(40):
        rng = np.random.default_rng(seed)
        frame = pd.DataFrame(rng.integers(1, 6, (100, 6)).astype(float), columns=NAMES[:6])
        found = confirm(moments(frame), {"all": NAMES[:6]})
        known = found.reliability.dropna()
        assert (
            known[["omega_low", "omega_high"]].apply(lambda ends: ends.between(0, 1)).all(axis=None)
        )


def test_directions_within_dimensions_and_of_a_whole_dimension():
    rng = np.random.default_rng(4)
    both = rng.normal(size=(600, 1))
    one, two = both + rng.normal(size=(600, 1)), both + rng.normal(size=(600, 1))
    frame = pd.DataFrame(
        np.hstack([one + rng.normal(size=(600, 4)), two + rng.normal(size=(600, 3))]),
        columns=NAMES[:7],
    )
    factors = {"one": NAMES[:4], "two": NAMES[4:7]}
    assert items_against(item_directions(frame, factors)) == ()
    frame["q2"] *= -1
    assert items_against(item_directions(frame, factors)) == ("q2",)
    frame["q2"] *= -1
    frame[NAMES[4:7]] *= -1
    assert set(items_against(item_directions(frame, factors))) == set(NAMES[4:7])


def test_few_sheets_are_no_proof_of_a_direction():
    rng = np.random.default_rng(8)
    unrelated = pd.DataFrame(rng.integers(1, 6, (30, 4)).astype(float), columns=NAMES[:4])
    direction = worded(of(assess_items(long(unrelated), described(NAMES[:4])), ".direction"))
    assert direction.status == "caution"
    direction = of(assess_items(long(unrelated[:8]), described(NAMES[:4])), ".direction")
    assert worded(direction).status == "not_possible"


def test_improper_solutions_have_no_omega_and_no_variance_extracted():
    rng = np.random.default_rng(2)
    trait = rng.normal(size=300)
    frame = pd.DataFrame({"q1": trait, "q2": trait + rng.normal(0, 0.3, 300)})
    frame["q3"] = 0.3 * frame["q2"] + rng.normal(0, 1, 300)
    frame["q3"] -= 0.25 * (frame["q2"] - trait)
    frame["q4"] = 0.5 * trait + rng.normal(0, 1, 300)
    covariance = np.array([[1, 0.9, 0.5], [0.9, 1, 0.4], [0.5, 0.4, 1]])  # loading² .9·.5/.4 > 1
    root = np.linalg.cholesky(covariance)
    drawn = rng.normal(size=(300, 3))
    drawn = (drawn - drawn.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(drawn.T))).T
    exact = pd.DataFrame(drawn @ root.T, columns=NAMES[:3])
    found = confirm(moments(exact), {"all": NAMES[:3]})
    assert not found.proper
    assert found.beyond_one == ("q1",)
    assert found.reliability[["omega", "ave"]].isna().all(axis=None)
    assert mcdonald_omega(moments(exact)) is None
    stage = assess_factors(long(exact), described(NAMES[:3]), seed=1)
    assert worded(of(stage, "cfa.surveys.v1")).status == "caution"
    assert stage.estimate("baseline.omega.surveys.v1.all").reason.endswith("improper")


def test_a_constant_item_is_not_counted_in_alpha_and_does_not_stop_the_dimensions():
    frame = scores(items=5)
    before = cronbach_alpha(frame[NAMES[:4]])
    frame["q5"] = 5.0
    found = cronbach_alpha(frame)
    assert (found.value, found.k, found.constant) == (before.value, 4, ("q5",))
    answers, items = long(frame), described(NAMES[:5])
    assert worded(of(assess_factors(answers, items, seed=1), "cfa.surveys.v1")).status == "passed"
    scale = worded(of(assess_items(answers, items), ".scale"))
    assert (scale.status, scale.params["items"]) == ("caution", "q5")


def test_ends_of_a_declared_scale_that_nobody_chose_are_told():
    items = described(NAMES[:4]).assign(scale_max=10.0)
    scale = worded(of(assess_items(long(scores(items=4)), items), ".scale"))
    assert scale.status == "caution"
    assert "between 1 and 5" in wording.text(scale.reason, "en", **scale.params)
    few = worded(of(assess_items(long(scores(items=4, n=40)), items), ".scale"))
    assert few.status == "passed"


def test_straight_lines_by_hand_and_contradictions_under_mixed_wording():
    ticked = pd.DataFrame(
        [[5, 5, 5, 5], [3, 3, 3, 3], [1, 1, 1, 1], [1, 2, 1, 2]], columns=list("abcd")
    )
    turned = ticked.astype(float).assign(d=6.0 - ticked["d"])
    found = straight_lines(turned, 1, 5, ["d"])
    assert (found.n, found.straight, found.contradictory) == (4, 3, 2)
    assert straight_lines(ticked.astype(float), 1, 5).contradictory is None
    assert straight_lines(ticked[["a", "b"]].astype(float), 1, 5) is None


def test_sheets_that_contradict_themselves_ask_for_caution():
    frame = scores(turned=["q8"])
    lines = np.random.default_rng(5).integers(4, 6, (60, 1)).repeat(8, axis=1)
    ticked = pd.concat([frame, pd.DataFrame(lines, columns=NAMES)], ignore_index=True)
    delivered = ticked.assign(q8=6 - ticked["q8"])
    items = described(NAMES, reversed_items=["q8"])
    straight = worded(of(assess_items(long(delivered), items), ".straight"))
    assert straight.status == "caution"
    assert straight.params["contradictory"] >= 60
    assert straight.reason.endswith(".both_ways")
    honest = of(assess_items(long(scores()), items), ".straight")
    assert (honest.status, honest.reason.rpartition(".")[2]) == ("passed", "both_ways")


def test_straight_lines_that_may_be_meant_are_not_passed():
    """All items worded alike: one answer throughout on one sheet in eight tells neither way."""
    lines = pd.DataFrame(np.full((60, 8), 5), columns=NAMES)
    ticked = pd.concat([scores(), lines], ignore_index=True)
    straight = worded(of(assess_items(long(ticked), described(NAMES)), ".straight"))
    assert straight.value > straight.threshold
    assert straight.status == "not_possible"


def test_consistency_that_hangs_on_straight_lines_is_said():
    rng = np.random.default_rng(6)
    loose = rng.integers(1, 6, (200, 6))
    lines = rng.choice([1, 4], (100, 1)).repeat(6, axis=1)
    frame = pd.DataFrame(np.vstack([loose, lines]).astype(float), columns=NAMES[:6])
    assert cronbach_alpha(frame).value > 0.70
    straight = worded(of(assess_items(long(frame), described(NAMES[:6])), ".straight"))
    assert (straight.status, straight.reason.rpartition(".")[2]) == ("caution", "hangs")


def test_a_questionnaire_in_forms_has_an_alpha_pair_by_pair():
    whole = scores(items=6, n=900)
    frame = whole.copy()
    for third, gap in enumerate((NAMES[:2], NAMES[2:4], NAMES[4:6])):
        frame.loc[third::3, gap] = np.nan
    assert frame.notna().all(axis=1).sum() == 0
    found = assess_instruments(long(frame), described(NAMES[:6]))
    alpha = found.estimates[0]
    assert alpha.method == "cronbach_alpha_forms"
    assert alpha.n == 300
    assert alpha.value == pytest.approx(cronbach_alpha(whole).value, abs=0.03)
    assert alpha.ci_low < cronbach_alpha(whole).value < alpha.ci_high
    worded(found.checks[0])


def test_items_never_asked_together_have_no_alpha_and_it_is_said_why():
    frame = scores(items=4)
    frame.loc[::2, NAMES[:2]] = np.nan
    frame.loc[1::2, NAMES[2:4]] = np.nan
    check = worded(assess_instruments(long(frame), described(NAMES[:4])).checks[0])
    assert (check.status, check.reason) == ("not_possible", "measurement.reason.forms_apart")
    assess_items(long(frame), described(NAMES[:4]))
