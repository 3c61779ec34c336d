"""Real requests without surveys, and a roll-out that never happened: nothing may be claimed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from one_truth import differing, shown
from small_client import ROOT, STAGES
from visible import stains, visible_text

from analysis import results
from analysis.pipeline import run

EXPORT = Path("data/boston311/service_requests_2015.csv")
PLACES = [ROOT / "data" / "boston" / "raw" / EXPORT.name, ROOT.parent / "shared" / EXPORT]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    export = next((place for place in PLACES if place.is_file()), None)
    if export is None:
        pytest.skip("the requests are not here; data/boston/README.md says where to put them")
    root = tmp_path_factory.mktemp("boston")
    source = root / "data" / "boston"
    (source / "raw").mkdir(parents=True)
    shutil.copy(ROOT / "data" / "boston" / "client.yml", source)
    shutil.copy(export, source / "raw")
    (root / "notebooks").symlink_to(ROOT / "notebooks", target_is_directory=True)
    result = run("boston", root=root)
    assert result.state == "complete", f"{result.failed_step}: {result.error}"
    return result.folder


def test_no_effect_is_claimed(folder):
    claims = {f.claim for f in results.load("tracking", folder / "results").findings}
    assert claims <= {"findings.effect.none", "findings.effect.not_possible"}


def test_no_number_has_two_values(folder):
    assert differing(shown(folder)) == {}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", ["index", *STAGES])
def test_pages_are_whole(folder, language, name):
    assert stains(folder / language / f"{name}.html") == []


@pytest.mark.parametrize(
    ("stage", "sentence"),
    [
        ("baseline", "The client supplied no data for the customer questionnaires"),
        ("monitoring", "There are no data for the training records, so this is not assessed."),
        ("tracking", "Nobody rated behaviour both before and after training"),
        ("value", "No benefit could be priced, so no return is given."),
    ],
)
def test_what_is_missing_is_said(folder, stage, sentence):
    assert sentence in visible_text(folder / "en" / f"{stage}.html")


def test_real_data_carry_no_banner(folder):
    for name in ("index", *STAGES):
        assert "Simulated data" not in visible_text(folder / "en" / f"{name}.html")
