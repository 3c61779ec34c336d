"""Documents and slides of an ordinary client, opened again: what they say stands on the pages."""

from __future__ import annotations

import io
import json
import re
import shutil
import zipfile

import openpyxl
import pytest
from docx import Document
from docx.oxml.ns import qn
from pptx import Presentation
from pptx.util import Emu
from visible import stains_in, visible_text

from analysis import office, wording
from analysis.office import charts as drawings
from analysis.present import precision, sentences, views
from analysis.report.run import FOLDERS, open_run
from analysis.report.sharing import share

NAMES = ("effect", "value", "proposals", "finance")
CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}chart"
NUMBERED = re.compile(r"^(?:\d+  |• |(?:表|图) \d+\u3000|(?:Table|Figure) \d+\. )")
"""Numbers of sections, tables and figures, which differ from those of the pages."""
ONLY_HERE = ("office.rest", "office.made", "office.period", "office.chart.interval",
             "office.chart.tornado")  # fmt: skip
"""Sentences with numbers that no page has: rows left out, dates of the cover, captions."""


@pytest.fixture(scope="module")
def exported(folder):
    made = office.export(folder, ("docx", "pptx"))
    assert made.left == []
    return folder


def path_of(folder, language, name):
    title = wording.text(f"office.title.{name}", language)
    ending = "pptx" if name == "deck" else "docx"
    (path,) = (folder / FOLDERS[language] / "office").glob(f"*{title}.{ending}")
    return path


def texts_of_document(path):
    """Return paragraphs and cells, without header and footer."""
    document = Document(str(path))
    cells = [c.text for table in document.tables for row in table.rows for c in row.cells]
    return [p.text for p in document.paragraphs], cells


def texts_of_slides(path):
    said, cells = [], []
    for slide in Presentation(str(path)).slides:
        for shape in slide.shapes:
            if shape.has_text_frame:
                said += [paragraph.text for paragraph in shape.text_frame.paragraphs]
            if shape.has_table:
                cells += [cell.text for row in shape.table.rows for cell in row.cells]
    return said, cells


def words_of_pages(folder, language):
    """Return what the pages of a run say, without spaces."""
    pages = (folder / FOLDERS[language]).glob("*.html")
    return re.sub(r"\s+", "", " ".join(visible_text(page) for page in pages))


def pattern_of(key, language):
    """Return what finds a sentence of the catalogue, whatever fills its blanks."""
    literal = re.split(r"\{[^}]*\}", wording.catalogue._sentence(key, language))
    return re.compile(".+".join(map(re.escape, literal)))


@pytest.mark.parametrize("language", FOLDERS)
@pytest.mark.parametrize("name", [*NAMES, "deck"])
def test_every_number_stands_on_a_page(exported, language, name):
    path = path_of(exported, language, name)
    said, cells = (texts_of_slides if name == "deck" else texts_of_document)(path)
    pages = words_of_pages(exported, language)
    here = [pattern_of(key, language) for key in ONLY_HERE]
    client = open_run(exported).name(language)
    unknown = []
    for text in (*said, *cells):
        words = NUMBERED.sub("", text).replace("｜", " ")
        if not re.search(r"\d", words) or client in words or words.strip().isdigit():
            continue
        if any(p.search(words) for p in here):
            continue
        if re.sub(r"\s+", "", words) not in pages:
            unknown.append(text)
    assert unknown == []
    assert [stain for text in (*said, *cells) for stain in stains_in(text)] == []
    assert sum(bool(re.search(r"\d", text)) for text in (*said, *cells)) > 10


@pytest.mark.parametrize("language", FOLDERS)
def test_a_document_has_its_parts_in_order(exported, language):
    for name in NAMES:
        document = Document(str(path_of(exported, language, name)))
        title = wording.text(f"office.title.{name}", language)
        assert document.paragraphs[0].text == document.core_properties.title == title
        heads = [p.text for p in document.paragraphs if p.style.name == "Heading 1"]
        wanted = ["summary", "overturn", "method"]
        places = [
            next(
                i
                for i, head in enumerate(heads)
                if head.endswith(wording.text(f"office.document.{w}", language))
            )
            for w in wanted
        ]
        assert places == sorted(places)
        assert places[0] == 0
        assert any(wording.text("office.document.actions", language) in head for head in heads)


@pytest.mark.parametrize("language", FOLDERS)
def test_the_deck_is_short_and_its_titles_are_the_findings(exported, language):
    deck = Presentation(str(path_of(exported, language, "deck")))
    titles = [slide.shapes.title.text for slide in deck.slides]
    assert 6 <= len(titles) <= 10
    run = open_run(exported)
    findings = (*run.results["tracking"].findings[:1], *run.results["value"].findings)
    for finding in findings:
        assert sentences.sentence(finding.claim, language, finding.params) in titles
    for slide in deck.slides:
        for shape in slide.shapes:
            assert shape.left >= 0
            assert shape.left + shape.width <= deck.slide_width + Emu(10)
            assert shape.top + shape.height <= deck.slide_height + Emu(10)


def test_charts_hold_the_stored_numbers(exported):
    run = open_run(exported)
    deck = Presentation(str(path_of(exported, "en", "deck")))
    charts = [s.chart for slide in deck.slides for s in slide.shapes if s.has_chart]
    assert charts
    stored = run.results["tracking"]
    leading = next(e.indicator for e in stored.estimates if e.id == stored.findings[0].estimates[0])
    view = views.get("tracking.trend_figure")
    rows = stored.table(f"{leading}_trends")
    trends = view.supported("tracking.trend_figure", rows, run.min_cell, run.earlier).frame
    by_name = {series.name: series for series in charts[0].plots[0].series}
    for arm in ("treated", "comparison"):
        drawn = [
            v for v in by_name[wording.text(f"report.series.{arm}", "en")].values if v is not None
        ]
        mine = trends[trends["arm"] == arm].sort_values("period")
        assert drawn == pytest.approx(mine["value"].tolist())
    for chart in charts:
        book = openpyxl.load_workbook(io.BytesIO(chart.part.chart_workbook.xlsx_part.blob))
        columns = list(book.active.iter_cols(min_col=2, values_only=True))
        for column, series in zip(columns, chart.plots[0].series, strict=True):
            assert column[0] == series.name
            assert list(column[1:]) == list(series.values)


def test_levels_that_count_nobody_keep_their_digits(exported):
    run = open_run(exported)
    stored = run.results["tracking"].table("fee_collection_trends")
    drawn = drawings.trends(run, "fee_collection", "en")
    levels = stored[stored["arm"] == "treated"].sort_values("period")["value"]
    assert [v for v in drawn.series[0].points if v is not None] == pytest.approx(
        (100 * levels).tolist(), abs=0.05
    )


def test_months_since_training_are_rounded_like_the_pages(exported):
    run = open_run(exported)
    stored = run.results["tracking"]
    leading = next(e.indicator for e in stored.estimates if e.id == stored.findings[0].estimates[0])
    drawn = drawings.since_training(run, leading, "en")
    shown = {
        str(e.dims["event_time"]): precision.of_estimate(
            e, min_cell=run.min_cell, earlier=run.earlier
        )
        for e in stored.select(f"tracking.{leading}.att.event_time.")
    }
    for place, month in enumerate(drawn.categories):
        values = [s.points[place] for s in drawn.series if s.points[place] is not None]
        assert values == [pytest.approx(shown[month].value, rel=1e-5)]


@pytest.mark.parametrize("language", FOLDERS)
def test_word_draws_its_charts_itself_and_has_chinese_faces(exported, language):
    path = path_of(exported, language, "effect")
    document = Document(str(path))
    assert list(document.element.body.iter(CHART))
    fonts = document.styles["Normal"].element.rPr.rFonts
    assert fonts.get(qn("w:eastAsia")) == "微软雅黑"
    with zipfile.ZipFile(path) as package:
        assert "Noto Sans CJK SC" in package.read("word/fontTable.xml").decode("utf-8")
        sheets = [name for name in package.namelist() if name.startswith("word/embeddings/")]
        assert sheets
        for name in sheets:
            assert openpyxl.load_workbook(io.BytesIO(package.read(name))).active.max_row > 1


def test_what_did_not_run_is_named(folder, tmp_path):
    copy = tmp_path / "reports" / "acme" / "run"
    shutil.copytree(folder, copy, symlinks=True)
    (copy / "results" / "value.json").unlink()
    made = office.export(copy, ("docx", "pptx"), ("en",))
    assert {(left.name, left.stages) for left in made.left} == {
        ("value", ("value",)), ("proposals", ("value",)), ("finance", ("value",)),
    }  # fmt: skip
    assert len(made.files) == 2
    assert 6 <= len(Presentation(str(path_of(copy, "en", "deck"))).slides) <= 10
    (copy / "results" / "tracking.json").unlink()
    nothing = office.export(copy, ("docx", "pptx"), ("en",))
    assert nothing.files == []
    assert ("deck", ("tracking",)) in {(left.name, left.stages) for left in nothing.left}


def test_a_run_that_found_nothing_exports_too(folder, tmp_path):
    copy = tmp_path / "reports" / "acme" / "run"
    shutil.copytree(folder, copy, symlinks=True)
    path = copy / "results" / "tracking.json"
    stored = json.loads(path.read_text(encoding="utf-8"))
    stored |= {"findings": [], "estimates": [], "tables": []}
    path.write_text(json.dumps(stored), encoding="utf-8")
    made = office.export(copy, ("docx", "pptx"))
    assert len(made.files) == 10
    deck = Presentation(str(path_of(copy, "en", "deck")))
    assert deck.slides[1].shapes.title.text == wording.text("report.no_finding", "en")
    for name in NAMES:
        said, _ = texts_of_document(path_of(copy, "zh_CN", name))
        assert [stain for text in said for stain in stains_in(text)] == []


def test_a_name_that_looks_like_a_telephone_number_is_not_written(folder, tmp_path):
    copy = tmp_path / "reports" / "acme" / "run"
    shutil.copytree(folder, copy, symlinks=True)
    shutil.rmtree(copy / "en" / "office", ignore_errors=True)
    identity = json.loads((copy / "client.json").read_text(encoding="utf-8"))
    identity["name"]["en"] = "Call 13800138000"
    (copy / "client.json").write_text(json.dumps(identity), encoding="utf-8")
    with pytest.raises(Exception, match="direct identifier"):
        office.export(copy, ("docx",), ("en",))
    assert not list((copy / "en").glob("office/*.docx"))


def test_what_is_exported_may_be_passed_on(exported, tmp_path):
    shared = share(exported, tmp_path / "acme.zip")
    assert sum(name.startswith("zh/office/") for name in shared.files) >= 5
