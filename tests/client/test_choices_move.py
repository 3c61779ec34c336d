"""Every choice between contradictory requirements moves the number it is said to move."""

from __future__ import annotations

import datetime as dt
import re

import pandas as pd
import pytest

from analysis import client, standards
from analysis.client.readings import READINGS, completed
from analysis.design import assess_conflicts, assess_samples
from analysis.design.plan import Goal
from analysis.errors import InputError
from analysis.monitoring import rules, verdicts
from analysis.monitoring.programme.stages import months_asked
from analysis.wording import text

MOVED = {
    "C1": {"floor_80": (0.80, 0.90), "floor_85": (0.85, 0.90), "target_85": (0.85, 0.85)},
    "C2": {"plus_10": 0.10, "plus_5": 0.05},
    "C3": {
        "first_contact_80": {"first_contact": 0.80},
        "resolution_85": {"resolution": 0.85},
        "both": {"first_contact": 0.80, "resolution": 0.85},
    },
    "C4": {
        "share_60": {"behaviour_change": 0.60},
        "share_70": {"behaviour_change": 0.70},
        "initiative_50": {"initiative": 0.50},
    },
    "C5": {"share_80": (0.80, 0.80), "share_100": (1.0, 1.0)},
    "C6": {
        "by_form": {"pass_rate": 0.90},
        "composite_80": {"composite_pass": 0.90},
        "mean_85": {"mean_score": 85},
    },
    "C7": {"years_3": 3, "years_5": 5},
    "C8": {"benefit_cost_ratio": 3.5, "net_return": 2.5},
    "C9": {"points": "points", "relative": "relative"},
    "C10": {"months_3": (3, 5), "months_4": (3, 6)},
    "C11": {
        "at_least_1_5": {"at_least": 0.015},
        "from_1_5_to_2": {"at_least": 0.015, "at_most": 0.02},
        "below_1": {"at_most": 0.01},
    },
    "C14": {"sample_30": 3, "return_90": 9, "cover_80": 8},
    "C15": {"month_2": ["M2"], "quarter_2": ["Q2"]},
    "C16": {"final_month_2": ["M2.textbooks"], "drafts_quarter_1": ["Q1.drafts"]},
    "C17": {"february": (2, 5), "month_3": (3, 6)},
}
"""By contradiction and reading, the number or line that stands when it is chosen."""


def lines(choices):
    return standards.resolved(standards.whole("crm_course"), choices, examples=True)


def asked(choices, goal, *measures):
    rule = {**lines(choices).gates, **lines(choices).quarters}[goal]
    found = {c["measure"]: c.get("line") for c in rule["criteria"]}
    return {name: found[name] for name in measures if name in found}


def goal(choices, indicator):
    (found,) = completed({"choices": choices, "goals": [{"indicator": indicator}]})["goals"]
    return found


def redesign(choices):
    (line,) = [
        rule.line for rule in rules(lines(choices)) if rule.id in ("course_redesign", "course_low")
    ]
    return line, goal(choices, "course_csat")["target"]


def first_contact_or_resolution(choices):
    found = asked(choices, "M12", "first_contact", "resolution")
    if "first_contact" in found:
        found["first_contact"] = goal(choices, "fcr")["target"]
    return found


def certified(choices):
    return tuple(
        asked(choices, g, "lecturers_certified")["lecturers_certified"] for g in ("M2", "Q1")
    )


def ratio(choices):
    ratios = pd.DataFrame(
        {
            "ratio": ["benefit_cost_ratio", "net_return"],
            "value": [3.5, 2.5],
            "ci_low": [3.1, 2.1],
            "ci_high": [3.9, 2.9],
        }
    )
    return float(verdicts(None, ratios, lines=lines(choices))["value"].iloc[0])


def needed(choices):
    staff = pd.DataFrame(
        {"staff_id": [f"s{n}" for n in range(10)], "site_id": "a", "left_on": pd.NaT}
    )
    sites = pd.DataFrame({"site_id": ["a"], "households": [100]})
    found = assess_samples(sites, None, staff, months=12, lines=lines(choices))
    return int(found.table("samples")["staff_needed"].iloc[0])


def where(choices, *measures):
    every = {**lines(choices).gates, **lines(choices).quarters}
    return [
        id if len(measures) == 1 else f"{id}.{c['measure']}"
        for id, rule in every.items()
        for c in rule["criteria"]
        if c["measure"] in measures
    ]


NUMBERS = {
    "C1": redesign,
    "C2": lambda chosen: goal(chosen, "fee_collection")["target"],
    "C3": first_contact_or_resolution,
    "C4": lambda chosen: asked(chosen, "M9", "behaviour_change", "initiative"),
    "C5": certified,
    "C6": lambda chosen: asked(chosen, "M3", "pass_rate", "composite_pass", "mean_score"),
    "C7": lambda chosen: lines(chosen).of("lecturer_years"),
    "C8": ratio,
    "C9": lambda chosen: goal(chosen, "csat_top2")["unit"],
    "C10": lambda chosen: months_asked(lines(chosen))["training"],
    "C11": lambda chosen: lines(chosen).of("training_budget"),
    "C14": needed,
    "C15": lambda chosen: where(chosen, "cases"),
    "C16": lambda chosen: where(chosen, "textbooks", "drafts"),
    "C17": lambda chosen: months_asked(lines(chosen))["training"],
}


@pytest.mark.parametrize("conflict", NUMBERS)
def test_each_reading_gives_its_number_and_no_two_the_same(conflict):
    found = {name: NUMBERS[conflict]({conflict: name}) for name in READINGS[conflict].readings}
    assert found == MOVED[conflict]
    assert len({repr(number) for number in found.values()}) == len(found)


def test_what_moves_no_number_is_a_matter_of_record_and_the_page_says_so():
    record = {id for id, conflict in READINGS.items() if conflict.record}
    assert record == set(READINGS) - set(NUMBERS)
    for id in READINGS:
        said = text(f"design.conflicts.{id}.moves", "en")
        assert said.endswith("a matter of record") == (id in record)
        assert text(f"design.conflicts.{id}.moves", "zh_CN").endswith("只作记录") == (id in record)


def with_goals(example, goal):
    return re.sub(r"^goals:\n(  .*\n)+", f"goals: [{goal}]\n", example, flags=re.M)


def test_a_goal_may_leave_target_and_unit_to_the_readings_chosen(example, write):
    text = re.sub(r"^choices: .*$", "choices: {C2: plus_10, C9: relative}", example, flags=re.M)
    stated = client.load(
        write(with_goals(text, "{indicator: fee_collection, deadline: 2025-12-31}"))
    )
    (stated,) = stated.goals
    assert (stated.target, stated.unit) == (0.10, "relative")


def test_a_goal_without_a_target_and_without_a_reading_is_refused(example, write):
    text = with_goals(example, "{indicator: nps, unit: points, deadline: 2025-12-31}")
    with pytest.raises(InputError) as raised:
        client.load(write(text))
    assert [fault.rule for fault in raised.value.faults] == ["client_missing_key"]


def test_a_goal_that_says_otherwise_than_the_reading_is_told():
    stated = {"deadline": dt.date(2025, 12, 31), "requirement": "R137"}
    own = Goal(indicator="fee_collection", target=0.05, unit="points", **stated)
    chosen = {id: next(iter(conflict.readings)) for id, conflict in READINGS.items()}
    states = {
        check.id.rpartition(".")[2]: check.reason
        for check in assess_conflicts({**chosen, "C2": "plus_10"}, [own]).checks
        if check.status != "passed"
    }
    assert states == {"C2": "design.check.conflict.otherwise"}
    agreed = assess_conflicts({**chosen, "C2": "plus_5"}, [own])
    assert {check.status for check in agreed.checks} == {"passed"}
