"""Sets of standards: sound, traced to requirements, resolved by readings, changed by clients."""

from __future__ import annotations

import re

import pytest

from analysis import standards
from analysis.client.lines import Lines as Places
from analysis.client.standards import SetFile, Standards, named, put_together, unknown
from analysis.monitoring import rules
from analysis.monitoring.programme.gate_data import _MEASURES, _OF_TICKETS


@pytest.mark.parametrize("name", standards.set_names())
def test_every_set_is_sound_and_every_value_names_its_requirement(name):
    written = standards.ready_made()[name]
    SetFile.model_validate(written)
    assert list(unknown(written, (), name=name, lines=Places({}))) == []
    entries = [*written.get("lines", {}).values(), *written.get("alerts", {}).values()]
    entries += [*written.get("gates", {}).values(), *written.get("quarters", {}).values()]
    entries += written.get("documents", {}).values()
    for entry in entries:
        assert re.fullmatch(r"R\d{3}(, R\d{3})*", entry["requirement"]), entry


def test_there_is_a_set_for_each_source_document():
    documents = {written["document"] for written in standards.ready_made().values()}
    assert documents == {"000", "001", "002", "003", "004"}


def test_what_is_measured_is_what_gates_can_measure():
    measured = {m for m, one in standards.measures().items() if one["how"] == "measured"}
    assert measured == {*_MEASURES, _OF_TICKETS}


def test_an_example_count_holds_nobody_who_does_not_take_it_over():
    written = standards.whole("crm_course")
    theirs = standards.resolved(written, {}, examples=True).gates
    mine = standards.resolved(written, {}).gates
    asked = {c["measure"]: c.get("line") for c in theirs["M3"]["criteria"]}
    assert asked == {"trained_people": 200, "pass_rate": 0.9}
    asked = {c["measure"]: c.get("line") for c in mine["M3"]["criteria"]}
    assert asked == {"first_wave_trained": 0.95, "pass_rate": 0.9}
    assert [c["measure"] for c in mine["M1"]["criteria"]] == ["needs_report"]
    confirmed = [c for c in mine["M2"]["criteria"] if c["measure"] == "textbooks"]
    assert confirmed[0]["confirm"]
    assert "line" not in confirmed[0]


def test_a_reading_draws_the_line_and_an_open_one_leaves_it_open():
    written = standards.whole("crm_course")
    assert standards.resolved(written, {"C7": "years_5"}).of("lecturer_years") == 5
    lines = standards.resolved(written, {})
    assert lines.of("lecturer_years") is None
    assert lines.open["lecturer_years"] == "C7"
    with pytest.raises(KeyError, match="class_size"):
        lines.of("class_sise")


def test_a_client_draws_changes_and_takes_away():
    own = Standards.model_validate(
        {
            "set": "crm_course",
            "lines": {"class_size": 20, "lecturer_hours": None, "pass_marks": {"written": 60}},
            "alerts": {"site_low": 0.7, "course_low": None, "lecturer_low": {"grade": 2}},
            "gates": {"M3": None},
            "documents": {"plan": {"title": "培训方案"}},
        }
    )
    lines = standards.resolved(put_together(own, None), {})
    assert (lines.of("class_size"), lines.of("lecturer_hours")) == (20, None)
    assert lines.of("pass_marks") == {"written": 60}
    assert lines.requirement("class_size") is None
    assert lines.requirement("drill_days") == "R148"
    found = {rule.id: rule for rule in rules(lines)}
    assert (found["site_low"].line, found["site_low"].requirement) == (0.7, None)
    assert "course_low" not in found
    assert (found["lecturer_low"].grade, found["lecturer_low"].line) == (2, 0.85)
    assert "M3" not in lines.gates
    assert lines.documents["plan"].title == "培训方案"


def test_the_name_alone_is_enough():
    assert Standards.model_validate(named("villa")).set == "villa"


def test_villa_process_and_appraisal_have_values_of_their_own():
    found = {name: standards.resolved(standards.whole(name), {}) for name in standards.set_names()}
    theirs = {
        name: standards.resolved(standards.whole(name), {}, examples=True)
        for name in standards.set_names()
    }
    assert found["villa"].of("sla_response_minutes") == {"all": 1440}
    assert found["crm_process"].of("sla_response_minutes") is None
    assert theirs["crm_process"].of("sla_response_minutes") == {"all": 30}
    assert found["service_appraisal"].of("appraisal_months") is None
    assert theirs["service_appraisal"].of("appraisal_months") == 3
    for name in ("villa", "crm_process", "service_appraisal", "evaluation"):
        lines = found[name]
        assert lines.of("consequence_reliability") == 0.8
        assert {r.id for r in rules(lines)} == {"return_low", "weekly_opened", "weekly_in_time"}
        assert not lines.gates
        assert not lines.documents
