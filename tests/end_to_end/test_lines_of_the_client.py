"""Gates, alerts and checks follow the client's lines: none stands in code.

A villa client of 12 sites on a scale from 0 to 10 is told nothing of another company's counts; a
client of the course that draws other lines is judged by them; and no step falls back on the lines
of the course.
"""

from __future__ import annotations

import re
import sys

import pytest
from five_clients import VILLA_WORLD, villa
from in_process import run_here
from small_client import STAGES, write_client

from analysis import results, standards

ELSEWHERE = {"class_size": 3, "cost_overrun": 5, "reserve_share": 0.9, "drill_days": 1}
ROOMS = ("monitoring", "design", "measurement", "value")


def own(document):
    """Draw other lines than those of the course."""
    document["standards"] = {
        "set": "crm_course",
        "lines": ELSEWHERE,
        "alerts": {"site_low": 0.01, "lecturer_low": 0.999, "participation_low": 0.999},
        "gates": {"M3": {"criteria": [{"measure": "trained_people", "line": 1}]}},
    }


@pytest.fixture(scope="module")
def villa_run(tmp_path_factory):
    return _run(tmp_path_factory.mktemp("villa"), villa)


@pytest.fixture(scope="module")
def own_run(tmp_path_factory):
    return _run(tmp_path_factory.mktemp("own"), own)


def _run(root, change):
    """Run a client whose lines are its own; nothing may ask for those of the course."""
    small = write_client(root, VILLA_WORLD, change_file=change)

    def never(*_):
        raise AssertionError("a step fell back on the lines of the course")

    with pytest.MonkeyPatch.context() as patch:
        for room in ROOMS:
            for module in _modules(f"analysis.{room}"):
                if getattr(module, "course", None) is standards.course:
                    patch.setattr(module, "course", never)
        found = run_here(small)
    assert found.ok, found
    return {stage: results.load(stage, found.folder / "results") for stage in STAGES}, found.folder


def _modules(room):
    return [module for name, module in sys.modules.items() if name.startswith(room)]


def test_a_villa_client_hears_nothing_of_another_companys_counts(villa_run):
    stored, folder = villa_run
    monitoring = stored["monitoring"]
    assert monitoring.table_or_empty("gates").empty
    allowed = {"return_low", "weekly_opened", "weekly_in_time", "risk_set_off"}
    assert {alert.rule for alert in monitoring.alerts} <= allowed
    from_course = re.compile(r"M\d+|class_sizes|lecturer_hours|reserve|tier_split|drills")
    assert not [c.id for c in monitoring.checks if from_course.search(c.id)]
    for page in (folder / "zh", folder / "en"):
        for file in page.glob("*.html"):
            text = re.sub(r"<[^>]+>", " ", file.read_text(encoding="utf-8"))
            assert not re.search(r"\b(800|200) (?:was|人)|要求 (?:800|200)", text), file


def test_other_lines_give_other_alerts_checks_and_gates(own_run):
    stored, _ = own_run
    monitoring = stored["monitoring"]
    gates = monitoring.table("gates").set_index(["goal", "measure"])
    assert gates.loc[("M3", "trained_people"), "line"] == 1
    assert gates.loc[("M3", "trained_people"), "state"] == "met"
    rules = monitoring.table("alert_rules").set_index("rule")["line"]
    assert rules["site_low"] == 0.01
    assert rules["lecturer_low"] == 0.999
    asked = {c.id: c.threshold for c in monitoring.checks}
    assert asked["monitoring.reserve"] == 0.9
    sizes = monitoring.table("class_sizes")
    large = [a for a in monitoring.alerts if a.rule == "class_too_large"]
    assert len(large) == int((sizes["came"] > 3).sum()) > 0
    assert {a.threshold for a in large} == {3.0}
    assert not [a for a in monitoring.alerts if a.rule == "budget_overrun"]
    assert not [a for a in monitoring.alerts if a.rule == "site_low"]
