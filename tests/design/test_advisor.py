from dataclasses import replace

import pandas as pd
import pytest

from analysis import wording
from analysis.design import Facts, assess_designs, assess_readiness, cost_frontier, read_facts
from analysis.design.power import ErrorModel, RollOut
from analysis.results import Check, Topic, collect

ERRORS = ErrorModel(0.12, 0.2, 0.1)
FACTS = Facts(starts=(12,) * 8 + (15,) * 8, n_never=10, n_periods=30, drawn=True, answers=8.0)


def advise(facts, **settings):
    found = assess_designs(facts, ERRORS, effect=0.15, draws=400, seed=1, **settings)
    return found.checks[0], found.tables["designs"].set_index("design")


@pytest.mark.parametrize(
    ("facts", "recommended", "status"),
    [
        (FACTS, "randomised", "passed"),
        (replace(FACTS, drawn=False, can_draw=True), "randomised", "passed"),
        (replace(FACTS, drawn=False, can_draw=False), "did_never", "caution"),
        (replace(FACTS, drawn=False, n_never=0), "did_later", "caution"),
        (replace(FACTS, drawn=False, n_never=9, starts=(12,)), "synthetic", "caution"),
        (replace(FACTS, drawn=False, n_never=0, starts=(12,) * 16), "time_series", "failed"),
        (replace(FACTS, n_never=0, starts=(5,) * 4, n_periods=9), "before_after", "failed"),
        (replace(FACTS, starts=()), None, "not_possible"),
    ],
)
def test_the_facts_decide_the_design(facts, recommended, status):
    check, table = advise(facts)
    assert check.status == status
    assert list(table.index[table["recommended"]]) == ([recommended] if recommended else [])


def test_lots_undecided_are_the_clients_to_decide():
    check, table = advise(replace(FACTS, drawn=False))
    assert table.loc["randomised", "refused"] == "lots_undecided"
    assert check.remedy == "planning.advice.decide_lots"


def test_power_and_cost_of_a_design():
    _, table = advise(FACTS, site_cost=1000.0, answer_cost=2.0)
    assert table.loc["did_never", "cost"] == 16 * 1000 + 2 * 26 * 30 * 8
    # Fewer sites compared, fewer found.
    assert table.loc["did_later", "power"] < table.loc["did_never", "power"]
    assert table.loc[["time_series", "before_after"], "power"].isna().all()
    assert advise(FACTS)[1]["cost"].isna().all()


def test_facts_are_read_from_outcome_and_waves():
    outcome = pd.DataFrame(
        {
            "unit": ["a", "a", "b", "b", "c", "c"],
            "period": [0, 1] * 3,
            "n": 4,
            "cohort": [1.0, 1.0, 1.0, 1.0, None, None],
        }
    )
    waves = pd.DataFrame({"wave": [1, 1, 0], "assigned_by": ["randomised", "management", None]})
    facts = read_facts(outcome, waves)
    assert (facts.starts, facts.n_never, facts.n_periods) == ((1, 1), 1, 2)
    assert not facts.drawn
    assert read_facts(outcome, waves.assign(assigned_by="randomised")).drawn


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (replace(FACTS, starts=(), n_periods=0), "unmeasured"),
        (replace(FACTS, starts=()), "untrained"),
        (replace(FACTS, starts=(), n_early=4), "early"),
        (replace(FACTS, starts=(), n_late=4), "late"),
        (replace(FACTS, starts=(), n_late=4, n_early=1), "outside"),
        (replace(FACTS, starts=(12,), n_never=5, n_late=4), "outside"),
        (replace(FACTS, starts=(12,), n_never=5), "few_trained"),
        (replace(FACTS, starts=(5,) * 4, n_never=1, n_periods=9), "no_comparison"),
    ],
)
def test_why_nothing_can_be_compared_is_said_truly(facts, why):
    advice, table = advise(replace(facts, drawn=False))
    assert advice.params["why"] == why
    verdict, _ = ready(advice, check(Topic.POWER, "not_possible"))
    assert (verdict.status, verdict.reason) == ("failed", f"planning.ready.{why}")
    params = {**verdict.params, "indicator": "csat_mean"}
    for language in wording.LANGUAGES:
        assert wording.text(verdict.reason, language, **params)
        assert wording.text(f"{verdict.reason}_ground", language, **params)
        for refused in table["refused"].dropna().unique():
            assert wording.text(f"planning.refused.{refused}", language)


@pytest.mark.parametrize(
    ("facts", "design"),
    [
        (replace(FACTS, starts=(1, 1, 1), n_never=5), "did_never"),
        (replace(FACTS, starts=(1, 1, 3, 3), n_never=0), "did_later"),
    ],
)
def test_one_month_before_allows_a_comparison_and_says_that_nothing_tests_it(facts, design):
    """Tracking gives an effect then; the design page must not call the comparison impossible."""
    advice, table = advise(replace(facts, drawn=False))
    assert (advice.status, advice.reason) == (
        "caution",
        f"planning.advice.reason.{design}_untested",
    )
    assert table.loc[design, "recommended"]
    for language in wording.LANGUAGES:
        assert wording.text(advice.reason, language, **advice.params)


def test_starts_outside_the_measured_months_are_counted():
    months = pd.DataFrame({"period": range(10, 16)})
    cohorts = pd.DataFrame({"unit": list("abcdef"), "cohort": [9.0, 10, 11, 15, 16, None]})
    outcome = months.merge(cohorts, how="cross").assign(n=4)
    facts = read_facts(outcome, None)
    assert (facts.starts, facts.n_early, facts.n_late) == ((1, 5), 2, 1)


def test_more_answers_stop_helping_more_sites_do_not():
    plan = RollOut((6,) * 10, 10, 12)
    table = cost_frontier(
        plan,
        ErrorModel(0.2, 0.0, 0.3),
        0.2,
        answers_now=10,
        site_cost=1000.0,
        answer_cost=1.0,
        sites=(10, 40),
        answers=(2, 50, 5000),
        draws=800,
        seed=1,
    )
    power = table.set_index(["n_sites", "answers"])["power"]
    assert power[10, 50] > power[10, 2]
    assert power[10, 5000] < power[40, 50]
    # Nothing that costs no more finds more.
    for row in table[table["best"]].itertuples():
        cheaper = table[table["cost"] <= row.cost]
        assert cheaper["power"].max() == row.power


def ready(advice, power, *others, effect=0.1):
    parts = [collect("design", [advice, power, *others])]
    found = assess_readiness(parts, effect=effect, unit="score", indicator="csat_mean")
    return found.checks[0], {check.id for check in found.checks[1:]}


def check(topic, status, **fields):
    id = f"design.{topic}"
    return Check(id=id, topic=topic, question="q", status=status, reason="r", **fields)


def test_the_verdict_follows_design_and_power():
    passed = check(Topic.POWER, "passed", threshold=0.8)
    advice = check(Topic.ADVICE, "passed")
    assert ready(advice, passed)[0].status == "passed"
    assert ready(advice, check(Topic.POWER, "failed"))[0].reason == "planning.ready.no"
    nothing = check(Topic.ADVICE, "failed")
    assert ready(nothing, passed)[0].reason == "planning.ready.no_comparison"


def test_what_the_client_must_decide_is_listed():
    advice = check(Topic.ADVICE, "caution", dims={"lots": "undecided"})
    conflict = check(Topic.CONFLICT, "caution", params={"conflict": "C2"})
    _, asked = ready(advice, check(Topic.POWER, "passed"), conflict, effect=None)
    assert asked == {"design.decide.conflicts", "design.decide.effect", "design.decide.lots"}
    assert ready(check(Topic.ADVICE, "passed"), check(Topic.POWER, "passed"))[1] == set()
