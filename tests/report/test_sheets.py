"""Sheets of decisions beside the report: what is written can be filled in and read back."""

import datetime as dt

import pandas as pd
import pytest

from analysis import results
from analysis.monitoring import decision_sheet, merge, read_decisions
from analysis.report.run import Run
from analysis.report.sheets import sheet_files
from analysis.results import Alert
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
)
PROPOSAL = {
    "action": "monitoring.alert.pass_rate_low.response",
    "owner": "value.owner.trainer",
    "subject": "沟通技巧",
    "priority": 1,
    "due_on": "2024-11-01",
}


@pytest.fixture
def written(tmp_path):
    ledger = merge(None, [ALERT], on=DAY)
    alerts = {"alert_history": ledger, "alert_decisions": decision_sheet(ledger)}
    results.save(results.collect("monitoring", [ALERT], tables=alerts), tmp_path / "results")
    nothing = register.SHEET.read_nothing()
    kept = register.carry_over([], nothing, on=DAY)
    sheet = register.sheet(pd.DataFrame([PROPOSAL]), kept, nothing)
    actions = {"action_decisions": sheet}
    results.save(results.collect("value", [], tables=actions), tmp_path / "results")
    return sheet_files(Run(folder=tmp_path, manifest={"client": "acme"}))


@pytest.mark.parametrize(
    ("name", "read", "key", "id", "state"),
    [
        ("alerts", read_decisions, "alert_id", ALERT.id, "acknowledged"),
        ("actions", register.SHEET.read, "action_id", "pass_rate_low:沟通技巧", "accepted"),
    ],
)
@pytest.mark.parametrize("folder", ["zh", "en"])
def test_a_filled_sheet_can_be_read_back(written, tmp_path, folder, name, read, key, id, state):
    text = written[tmp_path / folder / f"{name}_to_decide.csv"]
    assert text.startswith("\ufeff")
    (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    assert read(tmp_path / f"{name}.csv").empty  # nothing is decided yet
    sheet = pd.read_csv(tmp_path / f"{name}.csv", dtype=str, keep_default_na=False)
    sheet.assign(state=state, decided_on="2024/9/17").to_csv(tmp_path / f"{name}.csv", index=False)
    assert read(tmp_path / f"{name}.csv")[key].tolist() == [id]


def test_stages_that_did_not_run_have_no_sheet(tmp_path):
    assert sheet_files(Run(folder=tmp_path)) == {}
