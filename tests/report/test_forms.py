"""Forms of the law on personal information are drafted in both languages and never overwritten."""

from __future__ import annotations

import pytest
from attacked import HEAD, Home
from docx import Document

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


def test_three_forms_in_two_languages(home):
    done = home.call("forms", "acme")
    assert done.exit_code == 0, done.output
    folder = home.root / "reports" / "acme" / "forms"
    names = {"impact_assessment.docx", "incident_log.docx", "third_party_access.docx"}
    for language in ("zh", "en"):
        assert {path.name for path in (folder / language).iterdir()} == names
    assessment = cells(folder / "zh" / "impact_assessment.docx")
    for known in ("测试物业", "评估培训效果", "2024-02", "人力资源管理", "员工"):
        assert known in assessment
    assert not any(text.startswith(("forms.", "planning.", "measurement.")) for text in assessment)
    log = Document(str(folder / "en" / "incident_log.docx")).tables[1]
    assert (len(log.columns), len(log.rows)) == (7, 13)


def test_what_people_filled_in_is_kept(home):
    home.call("forms", "acme")
    path = home.root / "reports" / "acme" / "forms" / "en" / "incident_log.docx"
    document = Document(str(path))
    document.tables[1].rows[1].cells[0].text = "1 May, by the night shift"
    document.save(str(path))
    before = path.read_bytes()
    assert "not changed" in home.call("forms", "acme").output
    assert path.read_bytes() == before
