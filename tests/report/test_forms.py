"""Forms and blank logs are drafted in both languages and never overwritten."""

from __future__ import annotations

import openpyxl
import pytest
from attacked import HEAD, Home
from docx import Document

from analysis.ingest.headers import folded, known_headers
from analysis.tables import TABLES

SOURCES = """
sources:
  - table: sites
    inline: [{site_id: P01, site_name: 城市花园}]
  - table: staff
    files: [员工.csv]
    columns: {staff_id: 工号, site_id: 项目, role: 岗位}
"""
PRIVACY = (
    "{demo_key: not-a-secret-at-all, purpose: 评估培训效果, notice_version: '2024-02', "
    "retain_until: 2999-12-31, legal_basis: {default: 人力资源管理}}"
)


@pytest.fixture
def home(tmp_path, monkeypatch) -> Home:
    monkeypatch.setenv("CRMEVAL_HOME", str(tmp_path))
    made = Home(tmp_path)
    made.write(SOURCES, HEAD.replace("{demo_key: not-a-secret-at-all}", PRIVACY))
    return made


def cells(path) -> list[str]:
    return [c.text for t in Document(str(path)).tables for row in t.rows for c in row.cells]


def test_forms_and_logs_in_two_languages(home):
    done = home.call("forms", "acme")
    assert done.exit_code == 0, done.output
    folder = home.root / "reports" / "acme" / "forms"
    logs = {"behaviour_log", "coaching_log", "satisfaction_months"}
    names = {"impact_assessment.docx", "incident_log.docx", "third_party_access.docx"}
    names |= {f"{log}.{ending}" for log in logs for ending in ("docx", "xlsx")}
    for language in ("zh", "en"):
        assert {path.name for path in (folder / language).iterdir()} == names
    assessment = cells(folder / "zh" / "impact_assessment.docx")
    for known in ("测试物业", "评估培训效果", "2024-02", "人力资源管理", "员工"):
        assert known in assessment
    assert not any(text.startswith(("forms.", "planning.", "measurement.")) for text in assessment)
    log = Document(str(folder / "en" / "incident_log.docx")).tables[1]
    assert (len(log.columns), len(log.rows)) == (7, 13)


LOGGED = {
    "behaviour_log": "skill_use",
    "coaching_log": "coaching",
    "satisfaction_months": "survey_means",
}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("log", LOGGED)
def test_the_mapping_knows_every_heading_of_a_blank_log(home, log, language):
    home.call("forms", "acme")
    folder = home.root / "reports" / "acme" / "forms"
    sheet = openpyxl.load_workbook(folder / language / f"{log}.xlsx").active
    headings = [cell.value for cell in sheet[1]]
    known = known_headers()["tables"][LOGGED[log]]["columns"]
    meant = {folded(name): column for column, names in known.items() for name in names}
    columns = [meant[folded(heading)] for heading in headings]
    assert set(columns) <= set(TABLES[LOGGED[log]].columns)
    asked = {name for name, c in TABLES[LOGGED[log]].columns.items() if c.required}
    assert asked - set(columns) <= {"instrument", "item"}  # which the client file says
    assert [
        c.text for c in Document(str(folder / language / f"{log}.docx")).tables[1].rows[0].cells
    ] == headings


def test_what_people_filled_in_is_kept(home):
    home.call("forms", "acme")
    path = home.root / "reports" / "acme" / "forms" / "en" / "incident_log.docx"
    document = Document(str(path))
    document.tables[1].rows[1].cells[0].text = "1 May, by the night shift"
    document.save(str(path))
    before = path.read_bytes()
    assert "not changed" in home.call("forms", "acme").output
    assert path.read_bytes() == before
