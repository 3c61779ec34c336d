"""Alerts beside the report: the same rows in CSV and JSON, in both languages."""

import csv
import io
import json

from analysis import results
from analysis.monitoring import decision_sheet, merge
from analysis.report.alerts import COLUMNS, alert_files
from analysis.report.run import Run
from analysis.results import Alert


def a_run(tmp_path, *alerts) -> Run:
    import datetime as dt

    ledger = merge(None, alerts, on=dt.date(2024, 9, 16))
    tables = {"alert_history": ledger, "alert_decisions": decision_sheet(ledger)}
    found = results.collect("monitoring", alerts, tables=tables, facts={"as_of": "2024-09-16"})
    results.save(found, tmp_path / "results")
    return Run(folder=tmp_path, manifest={"client": "acme"})


def an_alert() -> Alert:
    return Alert(
        id="monitoring.alert.return_low.云栖花园",
        rule="return_low",
        grade=3,
        message="monitoring.alert.return_low.message",
        response="monitoring.alert.return_low.response",
        subject="云栖花园",
        unit="share",
        value=0.2,
        threshold=0.3,
        n=90,
        p_value=0.001,
        false_alarm_rate=0.0004,
        owner="monitoring.owner.evaluator",
        due_on="2024-10-16",
        requirement="R022",
        params={"subject": "云栖花园", "value": 0.2, "line": 0.3, "n": 90, "rate": 0.0004},
    )


def test_both_languages_carry_the_same_alerts(tmp_path):
    written = alert_files(a_run(tmp_path, an_alert()))
    names = {path.relative_to(tmp_path).as_posix() for path in written}
    assert names == {
        f"{folder}/{name}" for folder in ("zh", "en") for name in ("alerts.csv", "alerts.json")
    }
    for folder, owner in (("zh", "评估人员"), ("en", "Evaluator")):
        (row,) = json.loads(written[tmp_path / folder / "alerts.json"])["alerts"]
        assert tuple(row) == COLUMNS
        assert (row["owner"], row["due_on"], row["times_seen"]) == (owner, "2024-10-16", 1)
        assert "云栖花园" in row["message"]
        text = written[tmp_path / folder / "alerts.csv"]
        assert text.startswith("\ufeff")
        (line,) = csv.DictReader(io.StringIO(text[1:]))
        assert {name: line[name] for name in COLUMNS} == {
            name: "" if value is None else str(value) for name, value in row.items()
        }


def test_without_monitoring_nothing_is_written(tmp_path):
    assert alert_files(Run(folder=tmp_path)) == {}
