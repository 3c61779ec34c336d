"""What is not read is said, and what is read is what was hashed."""

from __future__ import annotations

import hashlib
import os

import pytest

from analysis import ingest
from analysis.client.load import load
from analysis.errors import InputError
from analysis.files import input_hashes
from analysis.ingest.readers import Limits, stable_bytes

TICKETS = """
sources:
  - table: tickets
    files: ["*.csv"]
    columns: {ticket_id: 工单号, site_id: 项目, opened_at: 报修时间}
    drop: {工单状态: not used}
"""
ROWS = "\n".join(f"{n},A园,2024-03-01 09:{n:02d},完成" for n in range(1, 31))


FEES = """
sources:
  - table: fees
    files: [fees.xls]
    columns: {site_id: 项目, month: 账期, receivable: 应收, collected: 实收}
"""


def test_a_header_with_a_lost_character_is_told_though_nobody_maps_it(home):
    home.put("2023.csv", f"工单号,项目,报修时间,工单\ufffd态\n{ROWS}\n")
    home.put("2024.csv", f"工单号,项目,报修时间,工单状态\n{ROWS.replace('2024', '2025')}\n")
    home.write(TICKETS)
    done = home.check()
    assert done.exit_code == 1
    assert "(encoding_replacement)" in done.output
    assert "raw/2023.csv" in done.output


def test_a_mapped_header_with_a_lost_character_is_told(home):
    home.put("2023.csv", f"工单号,项\ufffd,报修时间,工单状态\n{ROWS}\n")
    home.write(TICKETS)
    rules = home.rules()
    assert "encoding_replacement" in rules
    assert "column_missing" in rules


def test_a_header_without_rows_is_said(home):
    home.put("2023.csv", "工单号,项目,报修时间,工单状态\n")
    home.put("2024.csv", f"工单号,项目,报修时间,工单状态\n{ROWS}\n")
    home.write(TICKETS)
    done = home.check()
    assert done.exit_code == 0
    assert "(no_rows)" in done.output


CELLS = "".join(
    f"<tr><td>A园</td><td>2024-{m:02d}</td><td>9</td><td>8</td></tr>" for m in range(1, 7)
)
HEADER = "<tr><th>项目</th><th>账期</th><th>应收</th><th>实收</th></tr>"


@pytest.mark.parametrize(
    ("page", "rule"),
    [
        (f"<table>{HEADER}{CELLS}", "markup_cut"),
        (f"<table>{HEADER}{CELLS[:-60]}", "markup_cut"),
        (
            f"<table>{HEADER}{CELLS}<tr><td><table>{CELLS}</table></td></tr></table>",
            "markup_rows",
        ),
    ],
)
def test_a_page_cut_off_or_nested_is_told(home, page, rule):
    home.put("fees.xls", page)
    home.write(FEES)
    assert rule in home.rules()


def test_a_whole_page_with_notes_is_read(home):
    home.put("fees.xls", f"<!-- <tr> --><table>{HEADER}{CELLS}</table><script>'<tr>'</script>")
    home.write(FEES)
    assert home.rules() == []


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_a_linked_folder_is_read_and_hashed_like_any_other(home):
    elsewhere = home.root / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "2024.csv").write_text(
        f"工单号,项目,报修时间,工单状态\n{ROWS}\n", encoding="utf-8"
    )
    (home.raw / "linked").symlink_to(elsewhere, target_is_directory=True)
    (elsewhere / "round").symlink_to(home.raw, target_is_directory=True)
    home.write(TICKETS.replace('"*.csv"', "linked/*.csv"))
    assert home.rules() == []
    before = input_hashes(home.folder)
    assert "raw/linked/2024.csv" in before
    (elsewhere / "2024.csv").write_text(f"工单号,项目,报修时间,工单状态\n{ROWS[:-20]}\n", "utf-8")
    assert input_hashes(home.folder) != before
    home.write(TICKETS.replace('"*.csv"', "2024.csv"))
    (home.raw / "2024.csv").write_text(f"工单号,项目,报修时间,工单状态\n{ROWS}\n", encoding="utf-8")
    assert "file_unread" in home.rules()


def test_the_hash_is_of_the_bytes_that_were_parsed(home, monkeypatch):
    path = home.put("2024.csv", f"工单号,项目,报修时间,工单状态\n{ROWS}\n")
    content = path.read_bytes()
    home.write(TICKETS)

    def swapped(path, file, limits):
        found = stable_bytes(path, file, limits)
        path.write_text("replaced while the import runs")
        return found

    monkeypatch.setattr("analysis.ingest.gather.stable_bytes", swapped)
    record = ingest.ingest(load(home.folder), home.root / "canonical")
    (source,) = record.tables["tickets"].sources
    assert source.files[0].sha256 == hashlib.sha256(content).hexdigest()
    assert source.rows_out == 30


def test_a_file_being_copied_is_a_fault(home, monkeypatch):
    path = home.put("2024.csv", "a,b\n1,2\n")
    monkeypatch.setattr("time.sleep", lambda _: path.write_bytes(path.read_bytes() + b"3,4\n"))
    real = os.fstat

    def grows(handle):
        found = real(handle)
        if found.st_ino == path.stat().st_ino:
            path.write_bytes(path.read_bytes() + b"5,6\n")
        return found

    monkeypatch.setattr(os, "fstat", grows)
    with pytest.raises(InputError) as caught:
        stable_bytes(path, "raw/2024.csv", Limits())
    assert caught.value.faults[0].rule == "file_changing"


def test_a_run_stops_when_an_export_changed_since_it_was_hashed(home, monkeypatch):
    path = home.put("2024.csv", f"工单号,项目,报修时间,工单状态\n{ROWS}\n")
    home.write(TICKETS)
    from analysis.pipeline import steps

    def prepared(setting, folder):
        path.write_text(path.read_text("utf-8") + "31,A园,2024-03-02 09:00,完成\n", "utf-8")
        ingest.ingest(load(home.folder), folder / "canonical")

    monkeypatch.setattr(steps, "_prepare", prepared)
    done = home.call("run", "acme")
    assert done.exit_code == 1
    assert "raw/2024.csv changed while the client was run" in done.output.replace("\n", " ")
