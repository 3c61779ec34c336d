"""What people of the demo client confirmed settles every criterion that waits for them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from analysis import client
from analysis.monitoring import CONFIRMATION_SHEET
from analysis.simulation import DEMO, write_demo
from analysis.simulation.confirmed import draw_confirmations

ROOT = Path(__file__).resolve().parents[2]


def test_no_criterion_of_the_demo_is_left_to_be_confirmed(tmp_path):
    lines = client.load(ROOT / "data" / "demo" / "client.yml").lines
    asked = {
        f"{goal}.{criterion['measure']}"
        for goals in (lines.gates, lines.quarters)
        for goal, rule in goals.items()
        for criterion in rule["criteria"]
        if criterion.get("confirm")
    }
    path = tmp_path / "confirmations.csv"
    draw_confirmations(DEMO).to_csv(path, index=False)
    said = CONFIRMATION_SHEET.read(path)
    assert set(said["criterion_id"]) == asked
    assert (said["decided_on"].between("2024-01-01", "2025-12-31")).all()
    assert (said["decided_by"] != "").all()


def test_what_was_written_on_the_sheet_stays(tmp_path):
    folder = tmp_path / "data" / "demo"
    folder.mkdir(parents=True)
    (folder / "client.yml").write_text("client: {}\n", encoding="utf-8")
    few = dataclasses.replace(DEMO, families=("programme",))
    write_demo(tmp_path, few)
    sheet = folder / "confirmations.csv"
    sheet.write_text("mine", encoding="utf-8")
    write_demo(tmp_path, dataclasses.replace(few, seed=4))
    assert sheet.read_text(encoding="utf-8") == "mine"
