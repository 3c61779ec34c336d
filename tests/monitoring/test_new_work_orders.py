"""New work orders leave alone what they do not tell of: it is neither handed on nor computed."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis import memory, wording
from analysis.memory import Read, Store
from analysis.monitoring import alert_measures, assess_alerts, assess_gates, assess_risks
from analysis.monitoring.alerts import rules
from analysis.monitoring.inference import sequential
from analysis.monitoring.programme import gate_data, gates, risk_triggers
from analysis.monitoring.programme.gate_data import gate_measures, measures_by_day
from analysis.monitoring.training import measures
from analysis.standards import course

ON = dt.date(2024, 6, 30)
STAFF = pd.DataFrame(
    {
        "staff_id": list("abcd"),
        "site_id": ["s", "s", "t", "t"],
        "tier": "frontline",
        "hired_on": dt.date(2023, 1, 1),
        "left_on": [None, None, None, dt.date(2024, 5, 1)],
    }
)
ENROLMENTS = pd.DataFrame(
    {
        "staff_id": list("abcd"),
        "module": "m",
        "session": "one",
        "mode": "classroom",
        "attended": [True, True, False, True],
        "held_on": dt.date(2024, 3, 1),
    }
)
MILESTONES = pd.DataFrame(
    {
        "milestone_id": list(course().gates),
        "name": "a",
        "planned_on": dt.date(2024, 6, 1),
        "actual_on": None,
    }
)
RISKS = pd.DataFrame(
    {
        "risk_id": ["R1"],
        "name": "a",
        "category": "x",
        "probability": 2,
        "impact": 2,
        "response": "plan",
        "trigger": "leavers > 1",
    }
)


def tickets(late: int) -> pd.DataFrame:
    opened = pd.Timestamp(2024, 4, 1, tz="UTC") + pd.to_timedelta(np.arange(40), unit="D")
    due = opened + pd.Timedelta(days=1)
    done = due + pd.to_timedelta(np.where(np.arange(40) < late, 9, -9), unit="h")
    return pd.DataFrame(
        {
            "site_id": "s",
            "kind": "complaint",
            "opened_at": opened,
            "due_at": due,
            "resolved_at": done,
        }
    )


class Asked(dict):
    """Tables that note which of them were asked for."""

    def __init__(self, *args):
        super().__init__(*args)
        self.names = set()

    def get(self, name, default=None):
        self.names.add(name)
        return super().get(name, default)

    def __getitem__(self, name):
        self.names.add(name)
        return super().__getitem__(name)


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Put a store in force that keeps everything, however short it took."""
    monkeypatch.setattr(memory, "WORTH_SECONDS", 0.0)
    read = Read(
        reading=wording.reading,
        entries_hash=wording.entries_hash,
        note=wording.note_read,
        ambient=lambda: "",
    )
    memory.keep_in(Store(folder=tmp_path / "remembered", run="one", anew=False, read=read))
    yield
    memory.keep_in(None)


def test_each_step_reads_the_tables_that_it_names():
    tables = Asked({"staff": STAFF, "enrolments": ENROLMENTS, "tickets": tickets(3)})
    alert_measures(tables)
    assert tables.names == set(measures.TABLES)
    tables.names.clear()
    assess_gates(MILESTONES, tables, as_of=ON)
    assert tables.names == set(gates.TABLES)
    tables.names.clear()
    assess_risks(RISKS, tables=tables, as_of=ON)
    assert tables.names == set(risk_triggers.TABLES)


def test_gates_measure_what_their_criteria_ask_for_and_no_more():
    tables = {"staff": STAFF, "enrolments": ENROLMENTS, "tickets": tickets(3)}
    early, late = dt.date(2024, 2, 1), ON
    found = measures_by_day(
        tables, {early: {"frontline_staff"}, late: {"trained_people", "resolution", "unheard_of"}}
    )
    assert {day: set(own) for day, own in found.items()} == {
        early: {"frontline_staff"},
        late: {"trained_people", "resolution"},
    }
    for day, own in found.items():
        every = gate_measures(tables, until=day)
        assert own == {name: every[name] for name in own}


def test_new_work_orders_measure_nothing_of_the_training_again(kept, monkeypatch):
    tables = {"staff": STAFF, "enrolments": ENROLMENTS, "tickets": tickets(3)}
    wanted = {ON: {"trained_people", "resolution"}}
    first, judged = alert_measures(tables), measures_by_day(tables, wanted)

    def never(*_):
        raise AssertionError("computed again")

    monkeypatch.setattr(measures, "_attendance", never)
    monkeypatch.setitem(gate_data._MEASURES, "trained_people", ("enrolments", ("attended",), never))
    tables["tickets"] = tickets(30)
    second, again = alert_measures(tables), measures_by_day(tables, wanted)
    pd.testing.assert_frame_equal(first["attendance_module"], second["attendance_module"])
    late = "complaints_in_time_site"
    assert first[late]["hits"].sum() > second[late]["hits"].sum()
    people = [found[ON]["trained_people"].value for found in (judged, again)]
    assert people == [3, 3]
    with pytest.raises(AssertionError, match="again"):
        alert_measures({**tables, "enrolments": ENROLMENTS.iloc[1:]})


def test_only_rules_whose_subjects_changed_are_applied_again(kept, monkeypatch):
    apply, applied = rules._apply, []
    monkeypatch.setattr(
        rules, "_apply", lambda rule, *rest: applied.append(rule.measure) or apply(rule, *rest)
    )
    subjects = pd.DataFrame({"subject": ["m"], "hits": [40], "n": [100], "place": [0]})
    given = {"attendance_module": subjects, "complaints_in_time_site": subjects}
    assess_alerts(given, on=ON, lines=course())
    assert set(applied) == set(given)
    applied.clear()
    given["complaints_in_time_site"] = subjects.assign(hits=10)
    assess_alerts(given, on=ON, lines=course())
    assert set(applied) == {"complaints_in_time_site"}


def test_what_looks_cost_depends_on_the_design_alone_and_is_simulated_once(kept, monkeypatch):
    start = np.array([np.nan] * 8 + [4.0] * 8)
    first = sequential.finite_factor(start, 10)
    sequential._finite_factor.cache_clear()  # as another process knows nothing of this one's
    monkeypatch.setattr(sequential, "contrast_looks", None)
    assert sequential.finite_factor(start, 10) == first
    with pytest.raises(TypeError):
        sequential.finite_factor(start, 11)
