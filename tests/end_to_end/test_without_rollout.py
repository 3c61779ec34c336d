"""Programmes in which nothing is rolled out: an appraisal of service, and a service process.

Their pages say nothing of training, in either language; scores, changes and shares are those that
were made up; and nobody is told an effect.
"""

from __future__ import annotations

import html
import re
import shutil

import pytest
import yaml
from click.testing import CliRunner
from docx import Document
from five_clients import ran
from pptx import Presentation
from review_clients import SITES, STRONG, WEAK, write_appraisal
from small_client import NAME

from analysis import cli, office
from analysis.results import Claim

TRAINING = re.compile(
    r"培训|受训|参训|开训|训前|训后|批次|讲师|\btrain(?:ed|ing|s|ees?|ers?)?\b|untrained|\bwaves?\b"
    r"|\blecturers?\b|roll-out",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def appraisal():
    return ran("appraisal").stored, ran("appraisal").folder


@pytest.fixture(scope="module")
def process():
    return ran("process").stored, ran("process").folder


def _lines(page):
    text = page.read_text(encoding="utf-8")
    text = re.sub(r"<style.*?</style>|<script.*?</script>", "", text, flags=re.DOTALL)
    return [line.strip() for line in html.unescape(re.sub(r"<[^>]+>", "\n", text)).split("\n")]


def _training_said(folder):
    pages = [page for name in ("zh", "en") for page in (folder / name).rglob("*.html")]
    assert len(pages) > 20
    return [
        (page.parent.name, page.name, line)
        for page in (*pages, folder / "index.html")
        for line in _lines(page)
        if TRAINING.search(line)
    ]


def test_no_page_of_an_appraisal_speaks_of_training(appraisal):
    assert _training_said(appraisal[1]) == []


def test_no_page_of_a_service_process_speaks_of_training(process):
    assert _training_said(process[1]) == []


def test_what_is_looked_for_is_found():
    assert TRAINING.search("培训前")
    assert TRAINING.search("before training")
    assert not TRAINING.search("constraint")


def test_no_effect_is_told(appraisal, process):
    for stored, _ in (appraisal, process):
        assert not [e.id for found in stored.values() for e in found.estimates if e.causal]
        assert {f.design for found in stored.values() for f in found.findings} == {"descriptive"}


def test_the_sites_that_were_made_to_stand_out_do(appraisal):
    table = appraisal[0]["tracking"].table("scorecards").set_index("site_id")
    assert len(table) == len(SITES)
    assert table.loc[STRONG, "band"] == "above"
    assert table.loc[WEAK, "band"] == "below"
    assert (table["ci_low"] < table["score"]).all()
    assert (table["score"] < table["ci_high"]).all()


def test_the_rise_that_was_planted_is_found(appraisal):
    tracking = appraisal[0]["tracking"]
    change = tracking.estimate("tracking.csat_mean.change.before")
    assert change.ci_low < 0.5 < change.ci_high
    assert change.ci_low > 0
    assert (change.n_units, change.n) == (12, 12 * 14 * 3)
    claims = {finding.id: finding.claim for finding in tracking.findings}
    assert claims["finding.tracking.periods.csat_mean"] is Claim.LEVEL_ROSE


def test_regular_appraisals_are_found_to_score_higher_than_spot_checks(appraisal):
    gap = appraisal[0]["tracking"].estimate("tracking.spot_checks.difference")
    assert gap.ci_low < 0.4 < gap.ci_high
    assert gap.ci_low > 0


def test_service_lines_are_judged_by_channel_kind_and_site(process):
    tracking = process[0]["tracking"]
    share = tracking.estimate("tracking.service.response.within")
    assert share.ci_low < share.value < share.ci_high
    claims = {finding.id: finding.claim for finding in tracking.findings}
    assert claims["finding.tracking.service.response"] is Claim.LINE_MISSED
    table = tracking.table("service_levels")
    assert set(table["by"]) == {"all", "channel", "kind", "site_id"}
    assert "praise" not in set(table["which"])
    late = table[(table["clock"] == "resolution") & (table["by"] == "all")].iloc[0]
    assert 0 < late["beyond"] <= late["open"]


def test_pages_that_tell_of_an_effect_are_left_out_and_the_brief_says_so(appraisal):
    _, folder = appraisal
    assert not (folder / "en" / "evaluation.html").exists()
    assert not (folder / "en" / "finance.html").exists()
    assert (folder / "en" / "proposals.html").is_file()
    text = (folder / "en" / "index.html").read_text(encoding="utf-8")
    assert "these pages are left out" in text
    assert "Did service move?" in text


WAVES = {
    "table": "waves",
    "inline": [{"site_id": SITES[0], "wave": 1, "arm": "treated", "planned_start": "2025-01-06"}],
}


def test_check_says_what_becomes_of_waves_and_of_an_appraisal_without_weights(
    tmp_path, monkeypatch
):
    small = write_appraisal(tmp_path)
    path = small.root / "data" / NAME / "client.yml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    document["sources"].append(WAVES)
    del document["appraisal"]
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    monkeypatch.setenv("CRMEVAL_HOME", str(tmp_path))
    said = CliRunner().invoke(cli.main, ["--lang", "en", "check", NAME])
    assert said.exit_code == 0, said.output
    assert "no effect is estimated" in said.output
    assert "they are read and not used: waves" in " ".join(said.output.split())
    assert "no score is made" in said.output
    assert "Without waves" not in said.output
    document["programme"] = "training"
    document["sources"].pop()
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    said = CliRunner().invoke(cli.main, ["--lang", "en", "check", NAME])
    assert "Without waves" in said.output


@pytest.mark.parametrize("name", ["appraisal", "process"])
def test_documents_and_slides_are_those_of_the_programme(name, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(ran(name).folder, folder)
    made = office.export(folder, ("docx", "pptx"))
    assert made.left == []
    titles = {"zh": ("服务质量评估报告", "改进建议书", "服务质量评估汇报"),
              "en": ("Evaluation of service", "Proposals for improvement",
                     "Results of the service evaluation")}  # fmt: skip
    for language, expected in titles.items():
        found = sorted((folder / language / "office").iterdir())
        assert len(found) == len(expected)
        assert all(any(path.stem.endswith(title) for path in found) for title in expected)
        for path in found:
            assert [text for text in _texts(path) if TRAINING.search(text)] == []


def _texts(path):
    if path.suffix == ".docx":
        document = Document(str(path))
        cells = [c.text for table in document.tables for row in table.rows for c in row.cells]
        return [*(p.text for p in document.paragraphs), *cells]
    shapes = [shape for slide in Presentation(str(path)).slides for shape in slide.shapes]
    return [shape.text_frame.text for shape in shapes if shape.has_text_frame]
