import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.monitoring import (
    alert_measures,
    assess_alerts,
    dropped,
    evaluate,
    mean_ever_below,
    rules,
    share_below,
)
from analysis.standards import course

ON = dt.date(2025, 3, 3)


@pytest.mark.parametrize("n", [20, 57, 300])
@pytest.mark.parametrize("line", [0.3, 0.7, 0.85])
def test_the_computed_false_alarm_rate_is_that_of_the_test_and_at_most_alpha(n, line):
    alpha = 0.01
    rate = share_below(0, n, line, alpha).false_alarm_rate
    assert rate <= alpha
    hits = np.arange(n + 1)
    fires = np.array([share_below(int(h), n, line, alpha).fires for h in hits])
    assert (stats.binom.pmf(hits, n, line) * fires).sum() == pytest.approx(rate, abs=1e-12)


def test_false_alarms_of_means_and_drops_by_simulation():
    rng = np.random.default_rng(4)
    worlds = 1000
    means = [mean_ever_below(rng.beta(2.8, 1.2, 25), 0.7, 0.05).fires for _ in range(worlds)]
    assert np.mean(means) <= 0.05
    tests = [
        dropped(rng.normal(4, 0.15, 12), rng.normal(4, 0.15, 3), 0.05, 0.05) for _ in range(worlds)
    ]
    stated = np.mean([t.false_alarm_rate for t in tests])
    assert np.mean([t.fires for t in tests]) == pytest.approx(stated, abs=0.015)
    assert stated <= 0.05


def test_a_true_drop_is_found():
    rng = np.random.default_rng(4)
    assert dropped(rng.normal(4, 0.1, 12), rng.normal(3.6, 0.1, 3), 0.05, 0.01).fires


def lecturers():
    return pd.DataFrame(
        {
            "subject": ["bad", "unlucky", "good", "new"],
            "hits": [70, 83, 190, 1],
            "n": [100, 100, 200, 5],
        }
    )


def test_noise_is_told_from_signal():
    found = assess_alerts({"satisfaction_lecturer": lecturers()}, on=ON)
    states = found.tables["alert_tests"].set_index("subject")["state"].to_dict()
    assert states == {"bad": "fired", "unlucky": "within_noise", "good": "kept", "new": "too_few"}
    (alert,) = found.alerts
    assert (alert.id, alert.grade) == ("monitoring.alert.lecturer_low.bad", 1)
    assert alert.due_on == "2025-03-10"
    assert 0 < alert.false_alarm_rate <= 0.05 / 3


def test_the_whole_rule_rings_falsely_at_most_at_its_rate():
    rule = next(r for r in rules() if r.id == "lecturer_low")
    rng = np.random.default_rng(9)
    rang = 0
    for _ in range(400):
        frame = pd.DataFrame({"subject": np.arange(12).astype(str), "n": 60})
        frame["hits"] = rng.binomial(60, 0.85, 12)
        rang += (evaluate(rule, frame)["state"] == "fired").any()
    assert rang / 400 <= 0.05 + 2 * (0.05 * 0.95 / 400) ** 0.5


def test_readings_switch_rules_off():
    modules = pd.DataFrame({"subject": ["m"], "hits": [64], "n": [100]})
    measures = {"satisfaction_module": modules}
    both = {a.rule for a in assess_alerts(measures, on=ON).alerts}
    assert both == {"course_redesign", "course_low"}
    chosen = assess_alerts(measures, on=ON, lines=course({"C1": "floor_80"}))
    assert {a.rule for a in chosen.alerts} == {"course_redesign"}


def test_nothing_to_test_gives_no_alert():
    found = assess_alerts({}, on=ON)
    assert found.alerts == ()
    assert found.tables["alert_rules"].empty


def test_lines_agree_with_the_indicator_registry():
    registry = pytest.importorskip("analysis.indicators.registry").load()
    for rule in rules():
        lines = [
            abs(mark.value)
            for mark in registry[rule.indicator].alerts
            if mark.requirement == rule.requirement
        ]
        assert not lines or rule.line in lines, rule.id


def test_measures_come_from_tables_and_panel():
    enrolments = pd.DataFrame(
        {
            "staff_id": ["a", "b"],
            "module": "m",
            "mode": "online",
            "attended": [True, False],
            "completion": [1.0, 0.4],
        }
    )
    months = np.arange(24000, 24012)
    scores = pd.DataFrame(
        {
            "site_id": "s",
            "period": months,
            "indicator": "csat_mean",
            "stratum": "",
            "value": 4.0,
            "n": 10,
            "total": 40.0,
            "exposure": 10.0,
        }
    )
    returns = scores.assign(indicator="return_rate", value=0.5, total=5.0)
    measures = alert_measures(
        {"enrolments": enrolments}, pd.concat([scores, returns]), baseline_until=24008
    )
    assert measures["attendance_module"].iloc[0].to_list() == ["m", 1, 2, 1.0, 0]
    assert measures["completion_online"]["n"].item() == 2
    assert measures["return_site"].iloc[0][["hits", "n"]].to_list() == [15, 30]
    site = measures["csat_site"].iloc[0]
    assert (len(site["baseline"]), len(site["recent"]), site["n"]) == (8, 3, 30)
