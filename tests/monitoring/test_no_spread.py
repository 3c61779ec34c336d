"""Every rule at its edges: nobody, everybody, one, all alike, one site, exactly at the line."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.monitoring import alert_measures, dropped, evaluate, mean_below, rules
from analysis.monitoring.programme.risk_triggers import Measured, risk_measures, trigger_states
from analysis.monitoring.training.levels import completion

RULES = {rule.id: rule for rule in rules()}
SHARES = [id for id, rule in RULES.items() if rule.kind == "share"]


def subjects(rule, hits: int, n: int, count: int = 1) -> pd.DataFrame:
    named = [f"s{i}" for i in range(count)]
    frame = pd.DataFrame({"subject": named, "hits": hits, "n": n, "design_effect": 1.6})
    return frame if rule.looks else frame.assign(place=range(count))


def state(rule, frame) -> str:
    return evaluate(rule, frame)["state"].iloc[0]


@pytest.mark.parametrize("id", SHARES)
@pytest.mark.parametrize("count", [1, 12])
def test_shares_at_their_edges(id, count):
    rule = RULES[id]
    assert state(rule, subjects(rule, 0, 60, count)) == "fired"
    assert state(rule, subjects(rule, 60, 60, count)) == "kept"
    at_line = subjects(rule, round(rule.line * 1000), 1000, count)
    assert state(rule, at_line) == "kept"
    assert state(rule, subjects(rule, 0, 1, count)) == "too_few"


def people(values, effect: float = 1.0) -> pd.DataFrame:
    values = np.asarray(values, dtype=float)
    row = {"subject": "m", "n": values.size, "values_": values}
    return pd.DataFrame([{**row, "design_effect": effect, "place": 0}])


def test_a_module_that_nobody_opened_rings():
    rule = RULES["completion_low"]
    (row,) = evaluate(rule, people(np.zeros(200))).itertuples()
    assert row.state == "fired"
    assert row.p_value < 1e-6
    assert row.false_alarm_rate <= 0.05
    # Of one site, as alike as people of a class may be, still
    assert state(rule, people(np.zeros(200), effect=1 + 199 * 0.05)) == "fired"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.ones(200), "kept"),
        (np.full(200, 0.7), "kept"),
        (np.full(200, 0.4), "fired"),
        (np.full(20, 0.69), "within_noise"),
        (np.zeros(1), "too_few"),
        (np.zeros(0), "too_few"),
        (np.r_[np.zeros(199), 1.0], "fired"),
    ],
)
def test_completion_without_spread(values, said):
    assert state(RULES["completion_low"], people(values)) == said


def test_nobody_finished_rings_from_the_tables_on():
    staff = [f"p{i}" for i in range(200)]
    enrolments = pd.DataFrame(
        {"staff_id": staff, "module": "m", "session": "online", "mode": "online"}
    ).assign(completion=0.0)
    sites = pd.DataFrame({"staff_id": staff, "site_id": [f"s{i % 10}" for i in range(200)]})
    measures = alert_measures({"enrolments": enrolments, "staff": sites})
    assert state(RULES["completion_low"], measures["completion_online"]) == "fired"


@pytest.mark.parametrize(("sites", "mean", "fires"), [(12, 0.0, True), (12, 0.3, False)])
def test_units_that_are_all_alike_are_tested(sites, mean, fires):
    assert mean_below(mean, 0.0, sites - 1, 0.3, 0.002).fires == fires


def test_few_units_that_are_all_alike_prove_little():
    assert mean_below(0.0, 0.0, 1, 0.3, 0.05).p_value > 0.05
    assert not mean_below(0.0, 0.0, 0, 0.3, 0.05).fires
    steady, shaky = (mean_below(0.2, se, 11, 0.3, 0.01).p_value for se in (0.0, 0.1))
    assert steady < shaky


def months(baseline, recent, count: int = 1) -> pd.DataFrame:
    row = {"n": 200, "baseline": np.asarray(baseline), "recent": np.asarray(recent)}
    return pd.DataFrame([{"subject": f"s{i}", **row} for i in range(count)])


@pytest.mark.parametrize("count", [1, 12])
def test_a_site_that_never_changed_and_collapses_rings(count):
    rule = RULES["satisfaction_drop"]
    assert state(rule, months(np.full(12, 4.0), np.full(3, 3.0), count)) == "fired"
    assert state(rule, months(np.full(12, 4.0), np.full(3, 4.0), count)) == "kept"
    assert state(rule, months(np.full(12, 5.0), np.full(3, 5.0), count)) == "kept"
    assert state(rule, months(np.zeros(12), np.zeros(3), count)) == "kept"
    assert state(rule, months(np.full(2, 4.0), np.full(3, 1.0), count)) in ("within_noise", "kept")


def test_one_constant_site_among_others_is_tested_by_their_spread():
    rng = np.random.default_rng(3)
    others = months(rng.normal(4, 0.1, 12), rng.normal(4, 0.1, 3), 5).assign(subject=list("abcde"))
    frame = pd.concat([months(np.full(12, 4.0), np.full(3, 3.2)), others], ignore_index=True)
    found = evaluate(RULES["satisfaction_drop"], frame).set_index("subject")
    assert found.loc["s0", "state"] == "fired"
    assert (found["state"] == "fired").sum() == 1


def test_a_fall_of_exactly_the_line_counts_as_one():
    test = dropped(np.full(12, 4.0), np.full(3, 3.8), 0.05, 0.01)
    assert test.fires
    assert 0 < test.false_alarm_rate <= 0.01


def trigger(sites: int, hits: int, n: int) -> str:
    panel = pd.DataFrame(
        {
            "site_id": [f"s{i}" for i in range(sites)],
            "period": 24000,
            "indicator": "return_rate",
            "stratum": "",
            "value": hits / n,
            "n": n,
            "total": float(hits),
            "exposure": float(n),
        }
    )
    measures = risk_measures(panel, {}, as_of=dt.date(2024, 2, 1))
    risks = pd.DataFrame({"risk_id": ["r"], "trigger": ["return_rate < 0.30"]})
    return trigger_states(risks, [], measures)["trigger_state"].item()


@pytest.mark.parametrize(
    ("sites", "hits", "said"),
    [(12, 0, "set_off"), (12, 100, "quiet"), (1, 0, "set_off"), (1, 29, "within_noise")],
)
def test_triggers_of_sites_that_are_all_alike(sites, hits, said):
    assert trigger(sites, hits, 100) == said


def test_one_site_without_counts_cannot_be_told_from_chance():
    alone = Measured(3.0, 50, se=0.0, sites=1)
    risks = pd.DataFrame({"risk_id": ["r"], "trigger": ["csat_mean < 4"]})
    (found,) = trigger_states(risks, [], {"csat_mean": alone}).itertuples()
    assert (found.trigger_state, found.trigger_n) == ("too_few", 50)


@pytest.mark.parametrize("id", [*SHARES, "completion_low"])
def test_nobody_of_eight_rings_below_the_least_number(id):
    rule = RULES[id]
    if rule.kind == "mean":
        none, half = people(np.zeros(8), effect=1.35), people([0.0] * 4 + [1.0] * 4)
    else:
        none, half = (subjects(rule, hits, 8).assign(design_effect=1.35) for hits in (0, 4))
    assert state(rule, none) == ("fired" if rule.line >= 0.7 else "too_few")
    assert state(rule, half) == "too_few"


def test_eight_of_one_site_who_finished_nothing_ring_from_the_enrolments_on():
    enrolments = pd.DataFrame(
        {
            "enrolment_id": [f"e{i}" for i in range(8)],
            "staff_id": [f"p{i}" for i in range(8)],
            "module": "M1",
            "mode": "online",
            "completion": 0.0,
            "attended": True,
            "held_on": pd.Timestamp("2024-03-04"),
            "hours": 2.0,
        }
    )
    staff = pd.DataFrame({"staff_id": enrolments["staff_id"], "site_id": "s1"})
    panel = pd.DataFrame(columns=["indicator", "stratum", "site_id", "period", "value", "n"])
    measures = alert_measures(
        {"enrolments": enrolments, "staff": staff}, panel, baseline_until=24_290
    )
    rule = RULES["completion_low"]
    assert state(rule, measures["completion_online"]) == "fired"


def test_early_looks_hardly_ring_at_the_line():
    """40 modules of 18 people each, looked at after every third, exactly at the line."""
    rule, rng = RULES["completion_low"], np.random.default_rng(1)
    rung = 0
    for _ in range(40):
        answers = (rng.random((8, 18)) < rule.line).astype(float)
        rung += any(
            state(rule, people(values[:n]).assign(place=place)) == "fired"
            for place, values in enumerate(answers)
            for n in range(6, 19, 3)
        )
    assert rung <= 4


def test_people_who_all_completed_half_are_no_proof_that_everybody_does():
    enrolments = pd.DataFrame({"staff_id": [f"p{i}" for i in range(16)], "completion": 0.5})
    row = completion(enrolments).iloc[0]
    assert row["ci_low"] < 0.45 < 0.5 < 0.55 < row["ci_high"]
