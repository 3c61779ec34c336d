"""Sheets of decisions beside the report: what is written can be filled in and read back."""

import datetime as dt
import shutil

import openpyxl
import pandas as pd
import pytest

from analysis import results, wording
from analysis.errors import InputError
from analysis.monitoring import decision_sheet, gate_table, merge, read_decisions
from analysis.monitoring.alerts import decisions as alert_decisions
from analysis.monitoring.programme.confirmations import SHEET as CONFIRMATIONS
from analysis.monitoring.programme.confirmations import confirmation_sheet
from analysis.report.run import Run
from analysis.report.sheets import write_sheets
from analysis.results import Alert
from analysis.standards import course
from analysis.value import register

DAY = dt.date(2024, 9, 16)
ALERT = Alert(
    id="monitoring.alert.return_low.云栖花园",
    rule="return_low",
    grade=3,
    message="monitoring.alert.return_low.message",
    response="monitoring.alert.return_low.response",
    subject="云栖花园",
    unit="share",
    params={"subject": "云栖花园", "value": 0.2, "line": 0.3, "n": 90, "rate": 0.0004},
)
PROPOSAL = {
    "action": "monitoring.alert.pass_rate_low.response",
    "owner": "value.owner.lecturer",
    "subject": "沟通技巧",
    "priority": 1,
    "due_on": "2024-11-01",
}


@pytest.fixture
def written(tmp_path):
    ledger = merge(None, [ALERT], on=DAY)
    alerts = {"alert_history": ledger, "alert_decisions": decision_sheet(ledger)}
    gates = gate_table(MILESTONES, {}, DAY)
    waiting = confirmation_sheet(gates, CONFIRMATIONS.read_nothing(), None, course())
    alerts |= {"gates": gates, "confirmation_decisions": waiting}
    results.save(results.collect("monitoring", [ALERT], tables=alerts), tmp_path / "results")
    nothing = register.SHEET.read_nothing()
    kept = register.carry_over([], nothing, on=DAY)
    sheet = register.sheet(pd.DataFrame([PROPOSAL]), kept, nothing)
    later = pd.DataFrame([PROPOSAL | {"action_id": "pass_rate_low:沟通技巧"}])
    actions = {"action_decisions": sheet, "actions": later}
    results.save(results.collect("value", [], tables=actions), tmp_path / "results")
    return {p.relative_to(tmp_path).as_posix(): p for p in write_sheets(Run(folder=tmp_path))}


MILESTONES = pd.DataFrame({"milestone_id": ["M1"], "planned_on": [DAY], "name": "needs"})
SHEETS = [
    ("alerts", read_decisions, "alert_id", ALERT.id, "acknowledged"),
    ("actions", register.SHEET.read, "action_id", "pass_rate_low:沟通技巧", "accepted"),
    ("confirmations", CONFIRMATIONS.read, "criterion_id", "M1.needs_report", "reached"),
]


def opened(path):
    book = openpyxl.load_workbook(path)
    sheet = book.active
    return book, sheet, {str(cell.value).split()[0]: cell.column for cell in sheet[1]}


@pytest.mark.parametrize(("name", "read", "key", "id", "state"), SHEETS)
@pytest.mark.parametrize("folder", ["zh", "en"])
def test_a_filled_sheet_can_be_read_back(written, tmp_path, folder, name, read, key, id, state):
    saved = tmp_path / f"{name}.xlsx"
    shutil.copy(written[f"{folder}/{name}_to_decide.xlsx"], saved)
    assert read(tmp_path / f"{name}.csv").empty  # nothing is decided yet
    book, sheet, columns = opened(saved)
    (choices,) = [v for v in sheet.data_validations.dataValidation if v.type == "list"]
    assert sheet.cell(2, columns["state"]).coordinate in choices.sqref
    offered = choices.formula1.strip('"').split(",")
    chosen = next(words for words in offered if words.split()[0] == state)
    assert len(chosen.split()) > 1  # the code, then the reader's word
    sheet.cell(2, columns["state"]).value = chosen
    sheet.cell(2, columns["decided_on"]).value = dt.datetime(2024, 9, 17)
    book.save(saved)
    decided = read(tmp_path / f"{name}.csv")
    assert decided[[key, "state", "decided_on"]].to_numpy().tolist() == [[id, state, "2024-09-17"]]


@pytest.mark.parametrize("folder", ["zh", "en"])
def test_a_row_says_what_it_is_about_who_owns_it_and_by_when(written, folder):
    _, sheet, columns = opened(written[f"{folder}/actions_to_decide.xlsx"])
    row = {name: sheet.cell(2, place).value for name, place in columns.items()}
    language = {"zh": "zh_CN", "en": "en"}[folder]
    assert wording.text(PROPOSAL["action"], language) in row["what"]
    assert "沟通技巧" in row["what"]
    assert row["owner"] == wording.text(PROPOSAL["owner"], language)
    assert row["due_on"] == dt.datetime(2024, 11, 1)
    _, sheet, columns = opened(written[f"{folder}/alerts_to_decide.xlsx"])
    assert "云栖花园" in sheet.cell(2, columns["what"]).value


@pytest.mark.parametrize(("name", "read", "key", "id", "state"), SHEETS)
def test_text_does_as_well_but_not_both(written, tmp_path, name, read, key, id, state):
    kinds = {"actions": register.SHEET, "confirmations": CONFIRMATIONS}
    sheet = kinds.get(name, alert_decisions.SHEET)
    rows = pd.DataFrame([{**dict.fromkeys(sheet.columns, ""), key: id}])
    sheet.write(tmp_path / f"{name}.csv", rows.assign(state=state, decided_on="2024/9/17"))
    assert read(tmp_path / f"{name}.csv")[key].tolist() == [id]
    shutil.copy(written[f"zh/{name}_to_decide.xlsx"], tmp_path / f"{name}.xlsx")
    with pytest.raises(InputError) as caught:
        read(tmp_path / f"{name}.csv")
    assert [fault.rule for fault in caught.value.faults] == ["decision_twice"]


@pytest.mark.parametrize("content", [b"", b"no workbook", b"PK\x03\x04 broken"])
def test_a_damaged_workbook_is_a_fault(tmp_path, content):
    (tmp_path / "actions.xlsx").write_bytes(content)
    with pytest.raises(InputError) as caught:
        register.SHEET.read(tmp_path / "actions.csv")
    assert [fault.rule for fault in caught.value.faults] == ["decision_unreadable"]


def test_stages_that_did_not_run_have_no_sheet(tmp_path):
    assert write_sheets(Run(folder=tmp_path)) == []
