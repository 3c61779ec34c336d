"""Two reports in a row: what the first proposed and nobody did stands first in the second."""

import datetime as dt
import json

from analysis import files, report, results
from analysis.results import Alert, collect
from analysis.value import ACTION_SHEET, assess_actions
from analysis.workspace.opening import ledger
from analysis.workspace.opening.decided import action_decisions, known_by

FIRST, SECOND = dt.date(2025, 3, 31), dt.date(2025, 9, 30)


def alert(module):
    return Alert(
        id=f"monitoring.alert.pass_rate_low.{module}", rule="pass_rate_low", grade=2,
        subject=module, message="monitoring.alert.pass_rate_low.message", n=40,
        response="monitoring.alert.pass_rate_low.response", due_on="2025-04-30",
        value=0.6, threshold=0.8, p_value=0.01, false_alarm_rate=0.05,
    )  # fmt: skip


def run_folder(root, on, value):
    folder = root / "reports" / "jia" / on.isoformat()
    folder.mkdir(parents=True)
    monitoring = collect("monitoring", [], facts={"as_of": on.isoformat(), "looked_back": False})
    for found in (monitoring, value):
        results.save(found, folder / "results")
    identity = {"name": {"zh_CN": "甲物业", "en": "Jia"}, "simulated": True, "min_cell": 8}
    files.write_text(folder / "client.json", json.dumps(identity))
    return folder


def test_two_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("CRMEVAL_HOME", str(tmp_path))
    proposed = assess_actions([alert("沟通技巧"), alert("法规")], on=FIRST)
    ledger.keep_alerts("jia", run_folder(tmp_path, FIRST, proposed))

    data = tmp_path / "data" / "jia"
    data.mkdir(parents=True)
    sheet = proposed.table("action_decisions")
    mine = sheet["action_id"] == "pass_rate_low:法规"
    sheet.loc[mine, ["state", "decided_on", "course_version"]] = [
        "done", "2025-04-20", "V2.0",
    ]  # fmt: skip
    ACTION_SHEET.write(data / "actions.csv", sheet)

    second = assess_actions(
        [alert("沟通技巧")],
        on=SECOND,
        runs=ledger.earlier_actions("jia", until=SECOND),
        decisions=action_decisions(data),
    )
    states = second.table("action_register").set_index("action_id")["state"].to_dict()
    assert states == {"pass_rate_low:沟通技巧": "overdue", "pass_rate_low:法规": "done"}
    assert second.estimates[0].value == 0.5  # half of what was proposed was taken up

    folder = run_folder(tmp_path, SECOND, second)
    report.build(folder)
    for language, notice, first in (
        ("zh", "登记的行动到期未完成", "结论"),
        ("en", "Recorded actions due and not done", "The answer"),
    ):
        html = (folder / language / "index.html").read_text(encoding="utf-8")
        body = html[html.index("<main") :]
        assert 0 < body.index(f">{first}<") < body.index(notice)
        assert "沟通技巧" in body[body.index(notice) :].partition("</p>")[0]


def test_a_run_does_not_see_its_own_or_later_proposals(tmp_path, monkeypatch):
    monkeypatch.setenv("CRMEVAL_HOME", str(tmp_path))
    later = assess_actions([alert("法规")], on=SECOND)
    ledger.keep_alerts("jia", run_folder(tmp_path, SECOND, later))
    assert ledger.earlier_actions("jia", until=FIRST) == []
    again = assess_actions(
        [alert("法规")], on=SECOND, runs=ledger.earlier_actions("jia", until=SECOND)
    )
    assert again.table("action_register").empty
    assert again.table("actions").equals(later.table("actions"))


def test_a_run_for_the_same_day_is_an_earlier_report_once_people_decided_on_it(
    tmp_path, monkeypatch
):
    """Decided after the data ended, then run again on data of the same last day, twice."""
    monkeypatch.setenv("CRMEVAL_HOME", str(tmp_path))
    first = assess_actions([alert("沟通技巧"), alert("法规"), alert("礼仪")], on=FIRST)
    folder = run_folder(tmp_path, FIRST, first)
    ledger.keep_alerts("jia", folder)
    sheet = first.table("action_decisions").set_index("action_id").assign(decided_on="2025-04-20")
    states = {"pass_rate_low:法规": "done", "pass_rate_low:沟通技巧": "accepted"}
    decided = sheet.assign(state=sheet.index.map(states).fillna("")).reset_index()
    made = known_by(decided[decided["state"] != ""], FIRST)
    for _ in range(2):
        again = assess_actions(
            [alert("沟通技巧"), alert("法规")],
            on=FIRST,
            runs=ledger.earlier_actions("jia", until=FIRST),
            decisions=made,
        )
        found = again.table("action_register").set_index("action_id")
        assert found["state"].to_dict() == states | {"pass_rate_low:礼仪": "proposed"}
        assert set(found["times"]) == {1}
        assert again.table("actions")["action_id"].tolist() == ["pass_rate_low:沟通技巧"]
        assert again.estimates[0].value == 2 / 3
        for stored in folder.glob("results/*"):
            files.remove(stored)
        files.remove(folder)
        ledger.keep_alerts("jia", run_folder(tmp_path, FIRST, again))
