"""The five notebooks on the small client: every stage, every page, every parameter."""

from __future__ import annotations

import re

import nbformat
import pytest
from in_process import run_here
from lxml.html import fromstring
from one_truth import differing, on_several_pages, shown
from small_client import ROOT, STAGES, write_client
from visible import exhibits, found_in, stains, visible_text

from analysis import manifest, newest, results, wording
from analysis.present import views
from analysis.report.sites import file_name

LANGUAGES = {"zh": "zh_CN", "en": "en"}
REQUIREMENT = re.compile(r"(?<![\w-])R\d{3}(?!\d)")
PAGES = [f"{folder}/{name}.html" for folder in LANGUAGES for name in ("index", *STAGES)]


def test_every_step_is_done(finished):
    record = manifest.load(finished.folder)
    assert {name: step.state for name, step in record.steps.items()} == dict.fromkeys(
        ("ingest", *STAGES, "report"), "done"
    )
    assert newest.latest(finished.client.reports) == finished.folder
    for step in record.steps.values():
        assert manifest.intact(finished.folder, step.outputs)


def test_there_are_these_pages_and_no_others(finished):
    found = {p.relative_to(finished.folder).as_posix() for p in finished.folder.rglob("*.html")}
    readers = ("changes", "evaluation", "finance", "method", "owners", "proposals", "vendor")
    by_reader = {f"{folder}/{name}.html" for folder in LANGUAGES for name in readers}
    profiles = results.load("monitoring", finished.folder / "results").table("site_profiles")
    files = ("index.html", *map(file_name, profiles["site_id"]))
    by_site = {f"{folder}/sites/{file}" for folder in LANGUAGES for file in files}
    packs = ("week", "month", "quarter", "half-year", "year")
    by_rhythm = {f"{folder}/pack-{name}.html" for folder in LANGUAGES for name in packs}
    assert found == {"index.html", *PAGES, *by_reader, *by_site, *by_rhythm}


@pytest.mark.parametrize("page", PAGES)
def test_page_is_whole(finished, page):
    folder, _, name = page.removesuffix(".html").partition("/")
    text = visible_text(finished.folder / page)
    assert stains(finished.folder / page) == []
    for stage in STAGES:
        assert wording.text(f"terms.stage.{stage}", LANGUAGES[folder]) in text
    assert wording.text("report.simulated", LANGUAGES[folder]) in text
    if name != "index":
        assert "<svg" in (finished.folder / page).read_text(encoding="utf-8")


def test_few_exhibits_are_seen_before_anything_is_opened(finished):
    seen = {
        path.relative_to(finished.folder).as_posix(): exhibits(path)
        for path in finished.folder.glob("*/*.html")
    }
    # A first run has nothing to compare with.
    assert {name.partition("/")[2] for name in seen if not seen[name]} == {"changes.html"}
    heavy = [p.name for p in finished.folder.glob("*/*.html") if p.stat().st_size > 700_000]
    assert heavy == []
    many = {n: found for n, found in seen.items() if len(found) > views.MOST_VISIBLE}
    assert many == {}


def test_pages_agree_on_every_number(finished):
    found = shown(finished.folder)
    assert len(on_several_pages(found)) > 200
    assert differing(found) == {}


def test_requirements_are_numbered_for_consultants_only(finished):
    pages = [p for p in finished.folder.glob("*/*.html") if p.stem != "method"]
    numbered = {p.name: found_in(visible_text(p), REQUIREMENT) for p in pages}
    assert {name: found for name, found in numbered.items() if found} == {}


@pytest.mark.parametrize("stage", STAGES)
def test_notebook_ran_without_an_error_and_shows_something_in_every_chapter(finished, stage):
    (path,) = (finished.folder / "notebooks").glob(f"*_{stage}.ipynb")
    notebook = nbformat.read(path, as_version=4)
    cells = [c for c in notebook.cells if c.cell_type == "code"]
    outputs = [o for c in cells for o in c.outputs]
    assert [o for o in outputs if o.output_type == "error"] == []
    assert [o["text"] for o in outputs if o.output_type == "stream"] == []
    shown = [c for c in cells if c.source.startswith("page.")]
    assert shown
    assert all(c.outputs for c in shown)


@pytest.mark.parametrize("stage", STAGES)
def test_results_come_back(finished, stage):
    found = results.load(stage, finished.folder / "results")
    assert found.estimates or found.checks
    assert all(estimate.simulated for estimate in found.estimates)


@pytest.mark.parametrize("pack", ["week", "month", "quarter", "half-year", "year"])
def test_every_rhythm_has_its_page_in_both_languages_and_the_brief_leads_there(finished, pack):
    for language in ("zh", "en"):
        tree = fromstring((finished.folder / language / f"pack-{pack}.html").read_bytes())
        asked = ["answer", "indicators", "counts", "money", "reviews", "follow_ups", "actions"]
        asked += ["next_year"] if pack == "year" else []
        assert [h.get("id") for h in tree.iterfind(".//main//h2")] == [f"pack-{a}" for a in asked]
        brief = fromstring((finished.folder / language / "index.html").read_bytes())
        assert brief.find(f".//a[@href='pack-{pack}.html']") is not None
    top = fromstring((finished.folder / "index.html").read_bytes())
    assert top.find(f".//a[@href='zh/pack-{pack}.html']") is not None


def test_the_year_holds_the_budget_of_one_year(finished):
    tree = fromstring((finished.folder / "en" / "pack-year.html").read_bytes())
    rows = tree.findall(".//*[@id='pack-budget-table']//tr")
    assert rows[-1].find("th").text == "Total"
    stored = results.load("monitoring", finished.folder / "results").table("year_budget")
    assert len(rows) == len(stored) + 1
    assert stored["planned"].iloc[:-1].sum() == pytest.approx(stored["planned"].iloc[-1])


def test_an_unchanged_client_is_not_run_again(finished):
    again = finished.client.run()
    assert again.executed == ()
    assert again.folder == finished.folder


def test_cells_run_without_a_kernel_store_the_same(finished, tmp_path):
    here = run_here(write_client(tmp_path), draws=None, stages=["monitoring"])
    assert here.state == "partial", here.error
    stored = {
        path.relative_to(here.folder): path.read_bytes()
        for path in (here.folder / "results").rglob("*")
        if path.is_file()
    }
    assert len(stored) > 50
    different = [n for n, found in stored.items() if (finished.folder / n).read_bytes() != found]
    assert different == []


def test_committed_notebooks_hold_no_outputs():
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                assert not cell.outputs
                assert cell.execution_count is None


def test_parameters_reach_the_results(finished):
    values = {"seed": 7, "draws": 199, "as_of": "2024-03-31"}
    changed = finished.client.run(stages=["monitoring", "tracking"], values=values)
    assert changed.executed == ("ingest", "baseline", "monitoring", "tracking", "report")
    assert changed.folder.parents[1] == finished.client.reports / "as-of"
    before, after = (
        {s: results.load(s, f / "results") for s in ("monitoring", "tracking")}
        for f in (finished.folder, changed.folder)
    )
    assert before["monitoring"].facts["as_of"] == "2024-08-31"
    assert after["monitoring"].facts["as_of"] == "2024-03-31"
    assert before["monitoring"].facts["looked_back"] is False
    assert after["monitoring"].facts["looked_back"] is True
    first, second = (_overall(found["tracking"]) for found in (before, after))
    assert first.n > second.n
    assert newest.latest(finished.client.reports) == finished.folder


def _overall(found):
    (estimate,) = (e for e in found.estimates if e.id == "tracking.csat_mean.att.overall")
    return estimate
