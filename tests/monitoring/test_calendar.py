"""The cycle of measurement: rules, versions, seasons, and blindness to the effect."""

import dataclasses
import datetime as dt
import inspect

import numpy as np
import pandas as pd
import pytest

from analysis.design.calendar import season as flood_season
from analysis.monitoring import CycleFacts, asked_a_year, assess_cycle, decide, projected_half_width
from analysis.monitoring.programme.calendar import next_day, quiet_months
from analysis.present import sentences

CALM = CycleFacts(alarms=0, half_width=0.1, tolerated=0.1, quiet_months=2, asked_a_year=2.0)
ON = dt.date(2025, 3, 31)


@pytest.mark.parametrize(
    ("months", "change", "expected"),
    [
        (3, {}, (3, "")),
        (4, {"alarms": 2}, (2, "alarm")),
        (3, {"half_width": 0.2}, (2, "precision")),
        (3, {"half_width": 0.07, "quiet_months": 6}, (4, "stability")),
        (3, {"half_width": 0.09, "quiet_months": 6}, (3, "")),
        (6, {"half_width": 0.07, "quiet_months": 9}, (6, "")),
        (2, {"asked_a_year": 6.0}, (3, "fatigue")),
        (2, {"asked_a_year": 6.0, "alarms": 3}, (3, "fatigue")),
        # Half of four months would ask households six times a year
        (4, {"asked_a_year": 3.0, "alarms": 1}, (3, "alarm")),
        (3, {"asked_a_year": 4.0, "alarms": 1}, (3, "")),
        (3, {"half_width": None, "quiet_months": 9}, (3, "")),
        (1, {"alarms": 1}, (1, "")),
    ],
)
def test_rules_and_their_precedence(months, change, expected):
    assert decide(months, dataclasses.replace(CALM, **change)) == expected


def test_the_rules_cannot_be_given_an_effect():
    names = {f.name for f in dataclasses.fields(CycleFacts)}
    assert names == {"alarms", "half_width", "tolerated", "quiet_months", "asked_a_year"}
    with pytest.raises(TypeError):
        CycleFacts(**dataclasses.asdict(CALM), effect=0.3)
    seen = inspect.signature(assess_cycle).parameters
    assert list(seen) == ["facts", "on", "months", "before", "season"]


def panel(effect: float) -> pd.DataFrame:
    """Twenty sites, half of them trained from month 12, thirty answers a site month."""
    rng = np.random.default_rng(1)
    rows = []
    for site in range(20):
        for period in range(18):
            answers = rng.normal(4 + rng.normal(0, 0.1), 0.8, 30)
            answers += effect * (site < 10 and period >= 12)
            rows.append((f"s{site}", period, 30, answers.mean(), answers.sum(), (answers**2).sum()))
    columns = ["site_id", "period", "n", "value", "total", "total_sq"]
    return pd.DataFrame(rows, columns=columns).assign(indicator="csat_mean", stratum="")


def test_the_projected_precision_does_not_move_with_the_effect():
    given = {"indicator": "csat_mean", "treated": {f"s{i}" for i in range(10)}, "first_wave": 12}
    none, large = (projected_half_width(panel(e), **given, deadline=17) for e in (0.0, 5.0))
    assert none == pytest.approx(large, rel=1e-9)
    assert projected_half_width(panel(0.0), **given, deadline=40) < none
    # b about 0.1^2, w about 0.8^2, 180 answers a site, ten sites a side
    rough = 2.1 * np.sqrt(2 * (0.01 / 10 + 0.64 / 1800))
    assert none == pytest.approx(rough, rel=0.25)
    assert projected_half_width(panel(0.0).query("period < 12"), **given, deadline=17) is None


def test_every_change_is_a_version_with_its_reason_and_a_repeated_run_adds_none():
    first = assess_cycle(CALM, on=ON)
    plan = first.tables["measurement_cycle"].iloc[0]
    assert (plan["version"], plan["months"], plan["rule"]) == (1, 3, "")
    alarmed = dataclasses.replace(CALM, alarms=1)
    later = dt.date(2025, 6, 30)
    second = assess_cycle(alarmed, on=later, before=first.tables["measurement_cycle"])
    table = second.tables["measurement_cycle"]
    assert table[["version", "since", "months", "rule"]].iloc[-1].tolist() == [
        2,
        "2025-06-30",
        2,
        "alarm",
    ]
    assert table["alarms"].iloc[-1] == 1
    assert second.checks[0].status == "caution"
    again = assess_cycle(alarmed, on=later, before=table)
    pd.testing.assert_frame_equal(again.tables["measurement_cycle"], table)


def test_seasons_put_a_measurement_off():
    flood = lambda day: "flood" if day.month in (6, 7, 8) else ""  # noqa: E731
    # From 30 June to 1 September would be put off by more than half of three months.
    assert next_day(dt.date(2025, 3, 31), 3, flood) == (dt.date(2025, 6, 30), "flood")
    assert next_day(dt.date(2025, 4, 30), 3, flood) == (dt.date(2025, 9, 1), "flood")
    assert next_day(dt.date(2025, 6, 30), 1, flood) == (dt.date(2025, 7, 30), "flood")
    assert next_day(dt.date(2025, 1, 31), 1) == (dt.date(2025, 2, 28), "")


def test_invitations_of_a_household_and_quiet_months():
    sites = pd.DataFrame({"site_id": ["a", "b"], "households": [100, 50]})
    invitations = pd.DataFrame(
        {
            "site_id": ["a", "a", "b"],
            "month": [dt.date(2025, 1, 1), dt.date(2024, 3, 1), dt.date(2025, 3, 1)],
            "invited": [200, 900, 100],
        }
    )
    assert asked_a_year(invitations, sites, ON) == 300 / 150
    assert asked_a_year(None, sites, ON) is None
    chart = pd.DataFrame(
        {"period": range(10), "baseline": [True] * 4 + [False] * 6, "signal": False}
    )
    assert quiet_months(chart) == 6
    chart.loc[7, "signal"] = True
    assert quiet_months(chart) == 2


def test_a_disturbed_day_is_told_in_words():
    facts = CycleFacts(alarms=0, half_width=None, tolerated=None, quiet_months=0, asked_a_year=None)
    for months, begun in ((1, "within"), (3, "put_off")):
        found = assess_cycle(
            facts, on=dt.date(2025, 4 if months == 3 else 6, 30), months=months, season=flood_season
        )
        (check,) = (c for c in found.checks if c.id == "monitoring.cycle.season")
        assert check.reason.endswith(begun)
        for language, word in (("en", "Flood season"), ("zh_CN", "汛期")):
            said = sentences.sentence(check.reason, language, sentences.check_params(check))
            assert word in said
