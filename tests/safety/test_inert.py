"""No cell of any sheet that a run writes is a formula to a spreadsheet program."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from urllib.parse import unquote

import openpyxl
import pandas as pd
import pytest

from analysis import results
from analysis.inert import as_meant, csv_text, inert
from analysis.monitoring import decision_sheet, merge, read_decisions, write_decisions
from analysis.present import tables
from analysis.report.alerts import alert_files
from analysis.report.run import Run
from analysis.report.sheets import write_sheets
from analysis.results import Alert

LIVE = (
    "=HYPERLINK(\"http://a\")", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "＝1+1", "＋1",
    "－1+1", "＠SUM(A1)", " =1+1", "\u3000=1+1", "\u00a0=1", "\t=1", "\r=1", "\n=1", "\ufeff=1",
    "\u200b=1+1", "\x00=1", "|calc", "%0A=1", "=1", "+0.05 to +0.24",
)  # fmt: skip


@pytest.mark.parametrize("cell", LIVE)
def test_a_live_cell_becomes_text_and_is_read_back_as_meant(cell):
    written = inert(cell)
    assert written == f"'{cell}"
    assert inert(written) == written
    assert as_meant(written) == cell


@pytest.mark.parametrize(
    "cell", ["-1.5", "+3", "-2e-5", "-5%", "—", "-", "1号院", "", "'绿地'", 3, None]
)
def test_other_cells_stay(cell):
    assert inert(cell) == cell


@pytest.mark.parametrize(("cell", "written"), [('="00123"', "00123"), ('="=1+1"', "'=1+1")])
def test_wrapped_text_is_unwrapped(cell, written):
    assert inert(cell) == written


def assert_inert(text: str) -> None:
    cells = [cell for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"))) for cell in row]
    assert cells
    assert not [
        c for c in cells if re.match(r"[\s\x00\u200b\ufeff]*[=+@＝＋－＠|%-]", c) and inert(c) != c
    ]


@pytest.mark.parametrize("name", LIVE)
def test_every_sheet_of_a_run_passes_it(tmp_path, name):
    alert = Alert(
        id=f"monitoring.alert.return_low.{name}",
        rule="return_low",
        grade=3,
        message="monitoring.alert.return_low.message",
        response="monitoring.alert.return_low.response",
        subject=name,
        unit="share",
        params={"subject": name, "value": 0.2, "line": 0.3, "n": 90, "rate": 0.0004},
    )
    ledger = merge(None, [alert], on=dt.date(2024, 9, 16))
    waiting = decision_sheet(ledger)
    waiting["alert_id"] = name
    stored = {"alert_history": ledger, "alert_decisions": waiting}
    found = results.collect("monitoring", [alert], tables=stored, facts={"as_of": "2024-09-16"})
    results.save(found, tmp_path / "results")
    run = Run(folder=tmp_path, manifest={"client": "acme"})
    sheets = [text for path, text in alert_files(run).items() if path.suffix == ".csv"]
    assert len(sheets) == 2
    for text in sheets:
        assert_inert(text)
    books = write_sheets(run)
    assert len(books) == 2
    for path in books:
        sheet = openpyxl.load_workbook(path).active
        cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
        assert "f" not in {cell.data_type for cell in cells}
        assert [c.value for c in cells if c.data_type == "s" and inert(c.value) != c.value] == []


PLAIN = [name for name in LIVE if name.isprintable() and name == name.strip()]


@pytest.mark.parametrize("name", PLAIN)
def test_a_decision_on_a_live_name_is_read_back(tmp_path, name):
    row = {"alert_id": name, "state": "closed", "decided_on": "2024-10-01", "decided_by": "W"}
    path = write_decisions(tmp_path / "alerts.csv", pd.DataFrame([{**row, "note": name}]))
    assert_inert(path.read_text("utf-8-sig"))
    assert read_decisions(path)[["alert_id", "note"]].to_numpy().tolist() == [[name, name]]


def test_links_that_save_tables_pass_it():
    link = tables.download_link(["=a"], [["=1+1"]], "t", "en")
    data = re.search('utf-8,([^"]+)', link)[1]
    assert_inert(unquote(data).removeprefix("\ufeff"))
    assert csv_text(["a"], [[None], [1.5]]) == 'a\r\n""\r\n1.5\r\n'
