import numpy as np
import pandas as pd
import pytest

from analysis import wording
from analysis.measurement import assess_raters, icc_forms


def ratings(noise, people=60, raters=4, same=False, seed=1, role="peer"):
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        level = rng.normal(3.5, 0.8)
        for k in range(raters):
            rater = f"r{k}" if same else f"r{person}-{k}"
            given = level + rng.normal(0, noise)
            for item in ("b1", "b2"):
                score = float(np.clip(np.rint(given + rng.normal(0, 0.2)), 1, 5))
                rows.append((f"s{person}-{k}", item, f"p{person}", rater, role, score))
    columns = ["rating_id", "item", "ratee_id", "rater_id", "rater_role", "score"]
    return pd.DataFrame(rows, columns=columns).assign(
        instrument="bars", site_id="a", rated_on=pd.Timestamp("2024-01-05").date()
    )


def test_reliable_ratings_pass_and_noisy_ones_are_kept_from_persons():
    good, poor = assess_raters(ratings(0.3)), assess_raters(ratings(2.0))
    assert {c.id: c.status for c in good.checks} == {
        "baseline.raters.bars.individual": "passed",
        "baseline.raters.bars.least": "passed",
    }
    assert poor.checks[0].status == "failed"
    for check in (*good.checks, *poor.checks):
        for language in wording.LANGUAGES:
            wording.text(check.reason, language, **check.params)
            wording.text(check.question, language, **check.params)
    assert good.table("raters")["alpha"].min() > poor.table("raters")["alpha"].max()


def test_the_form_follows_the_design():
    frame = ratings(0.5, same=True)
    found = assess_raters(frame)
    wide = frame.pivot_table(index="ratee_id", columns="rater_id", values="score")
    forms = icc_forms(wide.to_numpy())
    assert found.estimate("baseline.raters.bars.icc").value == pytest.approx(forms["ICC2"].value)
    assert found.estimate("baseline.raters.bars.reliability").dims["form"] == "ICC2k"
    own = ratings(0.5)
    wide = own.groupby(["ratee_id", "rater_id"])["score"].mean().to_numpy().reshape(60, 4)
    mine = assess_raters(own).estimate("baseline.raters.bars.icc")
    assert mine.dims["form"] == "ICC1"
    assert mine.value == pytest.approx(icc_forms(wide)["ICC1"].value)
    mean = assess_raters(own).estimate("baseline.raters.bars.reliability")
    assert mean.value == pytest.approx(icc_forms(wide)["ICC1k"].value)
    assert mean.ci_low == pytest.approx(icc_forms(wide)["ICC1k"].low)


def test_self_ratings_are_compared_and_take_no_part_in_agreement():
    others = ratings(0.3)
    own = others.groupby(["ratee_id", "item"], as_index=False).agg(score=("score", "mean"))
    own = own.assign(
        rating_id="self" + own["ratee_id"],
        rater_id=own["ratee_id"],
        rater_role="self",
        instrument="bars",
        site_id="a",
        rated_on=others["rated_on"].iloc[0],
        score=own["score"] + 0.4,
    )
    found = assess_raters(pd.concat([others, own], ignore_index=True))
    gap = found.estimate("baseline.raters.bars.self_other")
    assert gap.value == pytest.approx(0.4)
    assert gap.n == 60
    alone = assess_raters(others).estimate("baseline.raters.bars.icc")
    assert found.estimate("baseline.raters.bars.icc").value == pytest.approx(alone.value)


def test_sites_are_subjects_where_nobody_is_named_and_few_raters_are_counted():
    frame = ratings(0.3, raters=2)
    frame = frame.assign(site_id=frame["ratee_id"], ratee_id=None, rater_id=None)
    found = assess_raters(frame)
    assert found.estimate("baseline.raters.bars.icc").n_units == 60
    least = next(c for c in found.checks if c.id.endswith("least"))
    assert (least.status, least.params["short"]) == ("caution", 60)


@pytest.mark.parametrize(
    ("frame", "statuses"),
    [
        (None, ["not_possible"]),
        (ratings(0.3).assign(score=4.0), ["not_possible", "passed"]),
        (ratings(0.3, raters=1), ["not_possible", "failed"]),
    ],
    ids=["no ratings", "equal ratings", "one rater each"],
)
def test_stage_says_what_it_cannot_do(frame, statuses):
    assert [c.status for c in assess_raters(frame).checks] == statuses


def test_only_ratings_before_the_first_wave_count():
    found = assess_raters(ratings(0.3), before="2023-01-01")
    assert [c.status for c in found.checks] == ["not_possible"]


def test_raters_who_contradict_each_other_have_no_reliability_and_finite_ends():
    rng = np.random.default_rng(3022)
    level = rng.normal(size=(8, 1)) + rng.normal(size=(8, 2))
    rows = [
        (f"{i}-{k}", "b1", f"p{i}", f"r{k}", "peer", value)
        for i, pair in enumerate(level)
        for k, value in enumerate(pair)
    ]
    columns = ["rating_id", "item", "ratee_id", "rater_id", "rater_role", "score"]
    frame = pd.DataFrame(rows, columns=columns).assign(
        instrument="bars", site_id="a", rated_on=pd.Timestamp("2024-01-05").date()
    )
    found = assess_raters(frame).estimate("baseline.raters.bars.reliability")
    assert (found.value, found.ci_low) == (-1.0, -1.0)


def test_the_reliability_of_the_mean_has_a_pole_and_stops_there():
    # Two raters who always say the opposite: 1 + (k - 1) ICC is nought or below.
    rows = [
        (f"{i}-{k}", "b1", f"p{i}", f"r{i}{k}", "peer", 1.0 + 4 * k)
        for i in range(6)
        for k in (0, 1)
    ]
    columns = ["rating_id", "item", "ratee_id", "rater_id", "rater_role", "score"]
    frame = pd.DataFrame(rows, columns=columns).assign(
        instrument="bars", site_id="a", rated_on=pd.Timestamp("2024-01-05").date()
    )
    found = assess_raters(frame).estimate("baseline.raters.bars.reliability")
    assert found.value == -1.0
