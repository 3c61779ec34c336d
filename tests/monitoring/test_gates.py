"""The critical path on a network computed by hand, and gates judged by what there was that day."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis import standards, wording
from analysis.measurement.intervals import Interval, wilson
from analysis.monitoring import assess_gates, assess_milestones, critical_path, gate_table
from analysis.monitoring.programme.gate_data import gate_measures
from analysis.monitoring.programme.gates import ALPHA, judge
from analysis.monitoring.programme.taken_over import settle_gates, verdicts
from analysis.refusals import RefusedError
from analysis.results import Estimate
from analysis.standards import course


def day(month: int, number: int) -> dt.date:
    return dt.date(2024, month, number)


NETWORK = pd.DataFrame(
    {
        "milestone_id": ["A", "B", "C", "D", "E"],
        "name": list("abcde"),
        "criterion": None,
        "after": [None, "A", "A", "B、C", "D"],
        "planned_on": [day(1, 11), day(1, 21), day(1, 31), day(2, 10), day(2, 20)],
        "actual_on": [day(1, 11), None, None, None, None],
    }
)

"""A to D through C takes 30 days, through B 20 (slack 10); E ten days after D."""


def test_slack_and_the_critical_path_by_hand():
    path = critical_path(NETWORK, day(1, 15)).set_index("milestone_id")
    assert path["slack_days"].to_dict() == {"A": 0, "B": 10, "C": 0, "D": 0, "E": 0}
    assert path.index[path["critical"]].tolist() == ["A", "C", "D", "E"]
    assert path["expected_late"].tolist() == [0, 0, 0, 0, 0]


def test_a_delay_moves_the_end_only_beyond_the_slack():
    late_b = NETWORK.assign(actual_on=[day(1, 11), None, day(1, 31), None, None])
    seen = critical_path(late_b, day(2, 5)).set_index("milestone_id")
    assert seen.loc["B", "expected_late"] == 15
    # B comes on 5 February; D takes ten days after the later of B and C
    assert seen.loc["D", "expected_on"] == day(2, 15)
    assert seen.loc["E", "expected_late"] == 5
    within = critical_path(late_b, day(1, 30)).set_index("milestone_id")
    assert within.loc["E", "expected_late"] == 0
    check = assess_milestones(late_b, as_of=day(2, 5)).checks[-1]
    assert (check.id, check.status, check.value) == ("monitoring.critical_path", "caution", 5.0)


def test_without_an_entry_milestones_are_a_chain():
    chain = critical_path(NETWORK.drop(columns="after"), day(1, 1))
    assert chain["critical"].all()
    assert chain["after"].tolist() == ["", "A", "B", "C", "D"]


@pytest.mark.parametrize("after", ["Z", "E"])
def test_unknown_and_circular_waits_are_refused(after):
    with pytest.raises(RefusedError, match="milestone"):
        critical_path(NETWORK.assign(after=[after, "A", "A", "B, C", "D"]), day(1, 1))


GATES = pd.DataFrame(
    {
        "milestone_id": ["M3", "M6", "M12"],
        "name": ["first", "all", "results"],
        "planned_on": [day(4, 1), day(7, 1), dt.date(2025, 1, 1)],
        "actual_on": [day(4, 1), None, None],
    }
)
ENROLMENTS = pd.DataFrame(
    {
        "staff_id": [f"e{i}" for i in range(250)],
        "module": "m",
        "attended": True,
        "held_on": [day(3, 1)] * 150 + [day(5, 1)] * 100,
    }
)


def test_a_gate_is_judged_by_what_there_was_on_its_day():
    table = gate_table(GATES, {"enrolments": ENROLMENTS}, day(6, 1)).set_index(["goal", "measure"])
    people = table.loc[("M3", "trained_people")]
    assert (people["value"], people["state"]) == (150, "missed")
    assert table.loc[("M3", "pass_rate"), "state"] == "no_data"
    assert table.loc[("M12", "roi"), "state"] == "elsewhere"
    assert table.loc[("Q1", "drafts"), "state"] == "not_recorded"
    assert table.loc[("M6", "attendance"), "state"] == "met"
    assert "M1" not in table.index.get_level_values("goal")


def test_a_missed_gate_names_what_it_sets_off():
    checks = assess_gates(GATES, {"enrolments": ENROLMENTS}, as_of=day(6, 1)).checks
    assert [(c.id, c.status) for c in checks] == [("monitoring.gate.M3", "failed")]
    assert checks[0].remedy == "monitoring.gate_missed.M3"
    assert assess_gates(None, {}, as_of=day(6, 1)).checks == ()


def test_the_value_decides_where_the_interval_holds_the_line():
    criterion = {"measure": "pass_rate", "line": 0.9, "unit": "share"}
    assert judge(criterion, wilson(18, 20)) == "just_met"
    assert judge(criterion, wilson(17, 20)) == "just_missed"
    assert judge(criterion, wilson(100, 200)) == "missed"
    assert judge(criterion, wilson(199, 200)) == "met"
    count = Interval(199.0, float("nan"), float("nan"), 199, 0.95, "count")
    assert judge({"measure": "trained_people", "line": 200}, count) == "missed"


def test_a_criterion_missed_by_its_value_alone_is_a_caution_and_no_alert():
    came = ENROLMENTS.assign(held_on=day(3, 1), attended=[True] * 235 + [False] * 15)
    found = assess_gates(GATES, {"enrolments": came}, as_of=day(8, 1))
    check = next(c for c in found.checks if c.id == "monitoring.gate.M6")
    assert (check.status, check.reason) == ("caution", "monitoring.check.gate.close")
    assert check.params["missed"] == check.params["close"] == 1
    assert check.remedy == "monitoring.gate_missed.M6"
    assert "M6" not in {a.subject for a in found.alerts}


def test_an_open_target_is_decided_by_its_probability():
    row = {"indicator": "csat_top2", "horizon": "mid", "unit": "share", "threshold": 0.05}
    row |= {"value": 0.07, "ci_low": 0.04, "ci_high": 0.1, "verdict": "open"}
    states = [
        verdicts(pd.DataFrame([{**row, "probability": p}]), None, lines=course())["state"].item()
        for p in (0.915, 0.4)
    ]
    assert states == ["just_met", "just_missed"]


def test_gates_ring_falsely_at_most_at_their_rate_and_say_it():
    rng = np.random.default_rng(3)
    rang, stated = [], []
    for _ in range(150):
        came = ENROLMENTS.assign(attended=rng.random(250) < 0.95, held_on=day(3, 1))
        found = assess_gates(GATES, {"enrolments": came}, as_of=day(8, 1))
        shares = [a for a in found.alerts if a.p_value is not None]
        rang.append(bool(shares))
        stated += [a.false_alarm_rate for a in shares]
    assert np.mean(rang) <= 0.05
    assert all(0 < rate <= ALPHA / 2 for rate in stated)
    half = ENROLMENTS.assign(attended=rng.random(250) < 0.5, held_on=day(3, 1))
    alerts = assess_gates(GATES, {"enrolments": half}, as_of=day(8, 1)).alerts
    assert {a.subject for a in alerts if a.p_value is not None and a.p_value < 1e-9} >= {"M6"}


def test_a_gate_takes_over_what_an_earlier_value_report_said():
    scorecard = pd.DataFrame(
        {
            "indicator": ["csat_top2", "csat_top2", "fee_collection", "fcr"],
            "horizon": ["long", "long", "long", "mid"],
            "unit": "share",
            "threshold": [0.15, 0.1, 0.05, 0.8],
            "value": [0.07, 0.07, 0.08, None],
            "ci_low": [0.02, 0.02, 0.06, None],
            "ci_high": [0.12, 0.12, 0.1, None],
            "probability": [0.001, 0.2, 0.99, None],
            "verdict": ["not_reached", "open", "reached", "not_assessed"],
        }
    )
    ratios = pd.DataFrame(
        {"ratio": ["benefit_cost_ratio", "net_return"], "value": 3.1, "ci_low": 2, "ci_high": 4}
    )
    known = verdicts(scorecard, ratios, lines=course({"C8": "net_return"}))
    assert len(known) == 4
    on = dt.date(2025, 2, 1)
    table = gate_table(GATES, {}, on, verdicts=known).set_index(["goal", "measure"])
    assert table["state"]["M12"].to_dict() == {
        "csat_change": "missed",
        "fee_change": "met",
        "resolution": "no_data",
        "roi": "just_met",
    }
    (alert,) = (
        a for a in assess_gates(GATES, {}, as_of=on, verdicts=known).alerts if a.subject == "M12"
    )
    assert (alert.value, alert.threshold, alert.p_value) == (0.07, 0.15, 0.001)
    assert alert.response == "monitoring.gate_missed.M12"
    without = gate_table(GATES, {}, on, verdicts=verdicts(None, None, lines=course()))
    assert set(without.query("goal == 'M12'")["state"]) == {"elsewhere", "no_data"}


@pytest.mark.parametrize(
    ("low", "state"), [(0.62, "met"), (0.56, "just_met"), (0.54, "just_missed"), (0.4, "missed")]
)
def test_the_value_report_settles_what_monitoring_left_to_it(low, state):
    lines = course({"C4": "share_60"})
    planned = GATES.assign(milestone_id=["M9", "M6", "M12"])
    left = gate_table(planned, {}, dt.date(2024, 8, 1), lines)
    assert left.query("measure == 'behaviour_change'")["state"].tolist() == ["elsewhere"]
    improved = Estimate(
        id="x", estimand="proportion", unit="share", value=low + 0.05, ci_low=low,
        ci_high=low + 0.1, n=90, interval_method="wilson", method="share",
    )  # fmt: skip
    known = verdicts(None, None, lines=lines, improved=improved)
    found = settle_gates(left, known, lines=lines, on=dt.date(2024, 8, 1)).table("gates")
    assert set(found["goal"]) == {"M9", "Q3", "M6", "Q2"}  # M12 is still to come
    states = found.set_index(["goal", "measure"])["state"]
    assert states["M9", "behaviour_change"] == state
    assert states["Q3", "csat_change"] == "no_data"  # no goal of the client says so
    assert "elsewhere" not in set(states)


def test_measures_count_people_once_and_first_attempts_only():
    assessments = pd.DataFrame(
        {
            "staff_id": ["a", "a", "b", "b"],
            "module": "m",
            "form": "written",
            "occasion": ["post", "retest", "post", "pre"],
            "attempt": [1, 2, 1, 1],
            "score": [70.0, 95.0, 90.0, 20.0],
            "assessed_on": day(3, 1),
        }
    )
    found = gate_measures({"assessments": assessments})
    assert (found["pass_rate"].value, found["pass_rate"].n) == (0.5, 2)
    assert found["mean_score"].value == 80.0
    assert gate_measures({"assessments": assessments}, until=day(2, 1)) == {}


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_goal_measure_and_consequence_has_words(language):
    for measure in standards.measures():
        assert wording.text(f"monitoring.measure.{measure}", language)
    for gate in (*course().gates, "own"):
        assert wording.text(f"monitoring.gate_missed.{gate}", language)


def test_staff_who_had_left_do_not_count_on_the_day_of_a_gate():
    staff = pd.DataFrame(
        {
            "staff_id": list("abcd"),
            "tier": "frontline",
            "hired_on": [dt.date(2023, 1, 1)] * 3 + [dt.date(2024, 5, 1)],
            "left_on": [None, dt.date(2024, 2, 28), dt.date(2024, 3, 31), None],
        }
    )
    found = gate_measures({"staff": staff}, until=dt.date(2024, 3, 31))
    assert found["frontline_staff"].value == 2  # a, and c on the last working day
    assert gate_measures({"staff": staff})["frontline_staff"].value == 4


def test_weekly_logins_are_of_the_newest_month_that_counts_weeks():
    usage = pd.DataFrame(
        {
            "site_id": ["A", "B", "A", "B", "A"],
            "month": [day(5, 1), day(5, 1), day(6, 1), day(6, 1), day(7, 1)],
            "users": [10, 10, 12, 8, 12],
            "active_users": [9, 9, 10, 8, 12],
            "weekly_users": [1.0, 1.0, 6.4, 4.6, np.nan],
        }
    )
    found = gate_measures({"crm_usage": usage}, until=day(6, 30))
    assert found["weekly_logins"].value == pytest.approx(11 / 20)
    assert found["active_accounts"].value == pytest.approx(18 / 20)
    later = gate_measures({"crm_usage": usage})
    assert later["weekly_logins"].value == pytest.approx(11 / 20)  # July counts no weeks
    monthly = gate_measures({"crm_usage": usage.drop(columns="weekly_users")})
    assert "weekly_logins" not in monthly
