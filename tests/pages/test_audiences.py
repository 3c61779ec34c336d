"""The reports by reader, the workbook and the PDFs of a run."""

import openpyxl
import pandas as pd
import pytest

from analysis import report, wording
from analysis.errors import RunError
from analysis.present import views
from analysis.report import audiences, printing, workbook
from analysis.report.run import Run, open_run
from analysis.results import StageResults


def test_every_page_is_made_in_both_languages(run_folder):
    run = open_run(run_folder)
    assert "evaluation" in audiences.names(run)
    for name in audiences.names(run):
        for folder, language in (("zh", "zh_CN"), ("en", "en")):
            html = (run_folder / folder / f"{name}.html").read_text(encoding="utf-8")
            assert (
                wording.text(f"audiences.{name}.title", language, client=run.name(language)) in html
            )


def test_a_page_whose_stage_has_no_results_is_not_made(tmp_path):
    assert audiences.names(Run(tmp_path)) == ()


@pytest.mark.parametrize("name", audiences.declared())
def test_declared_views_sections_and_captions_exist(name):
    entry = audiences.declared()[name]
    for key in ("title", "title_lead", "about"):
        assert wording.has(f"audiences.{name}.{key}")
    for item in entry["show"]:
        kind, *_ = item
        assert kind in audiences._SHOWN
        if kind == "view":
            views.get(item["view"])
        if kind == "section":
            assert wording.has(f"audiences.{name}.{item['section']}")
        if "caption" in item:
            assert wording.has(f"audiences.{name}.{item['caption']}")


def test_the_owners_page_shows_no_money_and_no_staff():
    shown = audiences.declared()["owners"]["show"]
    assert not any(item.get("view", "").startswith(("value.", "monitoring.")) for item in shown)
    assert not any(item.get("answer") == "value" for item in shown)


def test_the_workbook_is_inert_typed_and_hides_small_cells(tmp_path):
    modules = pd.DataFrame(
        {
            "module": ["=1+1", "@cmd", "沟通"],
            "n": [40, 3, 50],
            "value": [0.5, 0.1, 0.7],
            "ci_low": [0.4, 0.0, 0.6],
            "ci_high": [0.6, 0.4, 0.8],
        }
    )
    run = Run(tmp_path, min_cell=8)
    run.__dict__["results"] = {
        "monitoring": StageResults(stage="monitoring", tables={"completion": modules})
    }
    sheets = list(workbook.of_stage(run, "monitoring", "en"))
    path = workbook.write_workbook(run, tmp_path, "en", sheets)
    book = openpyxl.load_workbook(path)
    codes = {row[4].value: row[0].value for row in book.worksheets[0].iter_rows(min_row=4)}
    sheet = book[codes["monitoring.completion"]]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=4)]
    kinds = {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert kinds == {"s", "n"}  # no formula
    assert rows[2][:3] == ["沟通", 50, 0.7]
    assert rows[0][0] == "'=1+1"
    assert {*rows[0][1:], *rows[1][1:]} == {"‡"}  # the small cell and a companion
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("B4", "A3:E6")
    assert sheet.cell(6, 3).number_format == "0.0%"


def test_every_table_view_has_a_caption_without_blanks_but_the_clients_level():
    for name in views.names():
        view = views.get(name)
        if view.plot is None and not view.handed:
            assert {blank for blank, _ in wording.placeholders(view.caption, "en")} <= {
                "level",
                "missed",
            }, name


def test_without_chromium_printing_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(printing, "browser", lambda: None)
    with pytest.raises(RunError, match="install chromium"):
        report.print_pages(tmp_path)


def test_pages_are_printed(tmp_path):
    if printing.browser() is None:
        pytest.skip("no Chromium on this machine")
    for folder in ("zh", "en"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "index.html").write_text("<p>页 page</p>", encoding="utf-8")
    (tmp_path / "en" / "sites").mkdir()
    (tmp_path / "en" / "sites" / "a.html").write_text("<p>page</p>", encoding="utf-8")
    printed = report.print_pages(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in printed] == [
        "zh/pdf/index.pdf",
        "en/pdf/index.pdf",
        "en/sites/pdf/a.pdf",
    ]
    assert all(path.read_bytes().startswith(b"%PDF") for path in printed)


def test_nothing_to_print_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(printing, "browser", lambda: "chromium")
    with pytest.raises(RunError, match="has no pages"):
        report.print_pages(tmp_path)
