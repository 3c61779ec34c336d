"""What people confirm of gates is written out with its evidence, and taken in by the next run."""

import datetime as dt
import itertools

import pandas as pd
import pytest

from analysis import wording
from analysis.client.standards import Standards, put_together
from analysis.monitoring import assess_gates, gate_table
from analysis.monitoring.programme.confirmations import SHEET, confirmation_sheet
from analysis.results import Alert
from analysis.standards import course, measures, resolved

GATES = pd.DataFrame(
    {
        "milestone_id": ["M1", "M2"],
        "name": ["needs", "material"],
        "planned_on": [dt.date(2024, 1, 31), dt.date(2024, 2, 29)],
        "actual_on": None,
    }
)
DOCUMENTS = pd.DataFrame(
    {
        "title": ["《培训需求分析报告》", "培训需求分析报告"],
        "version": ["V1", "V2"],
        "issued_on": [dt.date(2024, 1, 10), dt.date(2024, 1, 20)],
        "approved_by": [None, "总经理"],
        "approved_on": [None, dt.date(2024, 1, 25)],
    }
)
ON = dt.date(2024, 3, 10)


def decided(*rows):
    filled = [dict.fromkeys(SHEET.columns, "") | row for row in rows]
    return pd.DataFrame(filled, columns=list(SHEET.columns))


def reached(id, state="reached", on="2024-03-01", **more):
    return {"criterion_id": id, "state": state, "decided_on": on, "decided_by": "PMO", **more}


def test_every_criterion_that_waits_is_on_the_sheet_with_its_evidence():
    found = assess_gates(GATES, {"documents": DOCUMENTS}, as_of=ON)
    sheet = found.table("confirmation_decisions").set_index("criterion_id")
    of_m2 = [f"M2.{measure}" for measure in ("lecturers_certified", "textbooks", "cases")]
    of_m1 = ["M1.needs_report", "M1.frontline_staff"]  # no roster is at hand to count them
    assert list(sheet.index) == [*of_m1, *of_m2]
    assert sheet["evidence"]["M1.needs_report"] == "《培训需求分析报告》 V2 总经理 2024-01-25"
    assert sheet["evidence"]["M2.cases"] == ""
    assert (sheet["state"] == "").all()


def test_a_gate_takes_in_what_was_confirmed():
    made = decided(
        reached("M2.textbooks", "not_reached", on="2024-02-20"),
        reached("M2.textbooks", evidence="教材清单 V2"),
        reached("M2.cases", "not_reached"),
    )
    lines = course({"C5": "share_80"})
    table = gate_table(GATES, {}, ON, lines, decisions=made).set_index(["goal", "measure"])
    assert table["state"]["M2"].to_dict() == {
        "lecturers_certified": "no_data",
        "textbooks": "met",
        "cases": "missed",
    }
    row = table.loc[("M2", "textbooks")]
    assert (row["decided_by"], row["decided_on"]) == ("PMO", "2024-03-01")
    assert (row["evidence"], row["due_on"]) == ("教材清单 V2", "2024-02-29")
    assert table.loc[("M1", "needs_report"), "state"] == "not_recorded"


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_a_gate_missed_by_word_of_mouth_is_an_alert_that_can_be_read(language):
    made = decided(reached("M2.cases", "not_reached"))
    found = assess_gates(GATES, {}, as_of=ON, decisions=made)
    (alert,) = found.alerts
    assert isinstance(alert, Alert)
    assert (alert.subject, alert.value, alert.p_value) == ("M2", None, None)
    params = {**alert.params, "measure": wording.text(alert.params["measure"], language)}
    assert "M2" in wording.text(alert.message, language, **params)


def test_what_was_confirmed_stays_on_the_sheet_and_is_not_asked_again():
    made = decided(reached("M2.textbooks"))
    lines = course({"C5": "share_80"})
    table = gate_table(GATES, {}, ON, lines, decisions=made)
    waiting = table[table["state"] == "not_recorded"]
    sheet = confirmation_sheet(waiting, made, None, lines)
    assert sheet["criterion_id"].tolist() == ["M2.textbooks", "M1.needs_report", "M2.cases"]
    assert sheet["state"].tolist() == ["reached", "", ""]


def test_what_the_data_do_not_hold_may_be_confirmed_too():
    made = decided(reached("M1.frontline_staff"))
    table = gate_table(GATES, {}, ON, course(), decisions=made).set_index(["goal", "measure"])
    assert table.loc[("M1", "frontline_staff"), "state"] == "met"


def test_a_client_may_ask_for_what_only_people_know():
    asked = [name for name, one in measures().items() if one["how"] == "confirmed"]
    own = Standards.model_validate(
        {"gates": {"M1": {"criteria": [{"measure": name, "confirm": True} for name in asked]}}}
    )
    lines = resolved(put_together(own, None), {})
    sheet = assess_gates(GATES, {}, as_of=ON, lines=lines).table("confirmation_decisions")
    assert sheet["criterion_id"].tolist() == [f"M1.{name}" for name in asked]
    assert {"proactive_service", "mentoring", "dual_approval", "service_cost"} <= set(asked)
    for name, language in itertools.product(asked, wording.LANGUAGES):
        assert wording.text(f"monitoring.measure.{name}", language)


def test_a_wrong_confirmation_is_named(tmp_path):
    path = tmp_path / "confirmations.csv"
    path.write_text(",".join(SHEET.columns) + "\nM2.cases,yes,2024-03-01,PMO,,\n", encoding="utf-8")
    with pytest.raises(Exception, match="reached") as caught:
        SHEET.read(path)
    assert [fault.rule for fault in caught.value.faults] == ["confirmation_state"]
