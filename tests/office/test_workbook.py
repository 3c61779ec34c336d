"""``tables.xlsx`` of an ordinary client holds what the pages show, and leads to each of it."""

from __future__ import annotations

import dataclasses

import openpyxl
import pytest
from openpyxl.utils import range_boundaries

from analysis import wording
from analysis.indicators import registry
from analysis.present import precision, views
from analysis.report.run import FOLDERS, open_run

FIRST = 4


@pytest.fixture(scope="module")
def books(folder):
    return {
        language: openpyxl.load_workbook(folder / short / "tables.xlsx")
        for language, short in FOLDERS.items()
    }


def contents(book):
    """Return the sheets by their code."""
    rows = book.worksheets[0].iter_rows(min_row=FIRST, values_only=True)
    return {code: book[name] for name, _, _, _, code in rows}


@pytest.mark.parametrize("language", FOLDERS)
def test_every_view_with_rows_has_a_sheet(books, folder, language):
    run = open_run(folder)
    sheets = contents(books[language])
    with registry.using(run.indicators):
        shown = {
            name
            for name in views.names()
            if not views.get(name).of(run.results[name.partition(".")[0]]).empty
        }
    assert shown - set(sheets) == set()
    assert len(sheets) == len(books[language].worksheets) - 1
    for stage, found in run.results.items():
        for kind in ("findings", "estimates", "checks"):
            if rows := getattr(found, kind):
                assert sheets[f"{stage}.{kind}"].max_row == FIRST - 1 + len(rows)


def test_effects_stand_in_it_with_the_digits_of_the_pages(books, folder):
    run = open_run(folder)
    sheet = contents(books["en"])["tracking.estimates"]
    rows = list(sheet.iter_rows(min_row=FIRST, values_only=True))
    compared = 0
    for estimate, row in zip(run.results["tracking"].estimates, rows, strict=True):
        shown = precision.of_estimate(estimate, min_cell=run.min_cell, earlier=run.earlier)
        if shown is None or row[1] == "‡":
            continue
        told = (row[1], row[3], row[4])
        assert told == pytest.approx((shown.value, shown.ci_low, shown.ci_high))
        compared += shown.value is not None
    assert compared > 20


@pytest.mark.parametrize("language", FOLDERS)
def test_sheets_are_named_linked_filtered_and_frozen(books, language):
    book = books[language]
    first = book.worksheets[0]
    other = wording.LANGUAGES[1 - wording.LANGUAGES.index(language)]
    for row in first.iter_rows(min_row=FIRST):
        target = row[0].hyperlink.location.partition("!")[0].strip("'")
        sheet = book[target]
        assert sheet.title.partition(" ")[2].rstrip("…") in row[1].value.translate(
            str.maketrans("[]:*?/\\'", " " * 8)
        )
        assert sheet["A1"].value == row[1].value
        assert sheet.freeze_panes == "B4"
        _, top, _, bottom = range_boundaries(sheet.auto_filter.ref)
        assert (top, bottom) == (FIRST - 1, max(sheet.max_row, FIRST))
        assert sheet["A2"].hyperlink.location.startswith(f"'{first.title}'")
    titles = {name: {s.title for s in book.worksheets} for name, book in books.items()}
    assert not titles[language] & titles[other]


def test_shares_days_and_money_have_their_formats(books):
    sheets = contents(books["en"])
    due = [row[2] for row in sheets["value.actions"].iter_rows(min_row=FIRST)]
    assert all(cell.is_date and cell.number_format == "yyyy-mm-dd" for cell in due)
    amounts = [row[1] for row in sheets["value.costs"].iter_rows(min_row=FIRST)]
    assert {cell.number_format for cell in amounts} == {"#,##0"}
    months = [row[2] for row in sheets["tracking.trends"].iter_rows(min_row=FIRST)]
    assert {cell.number_format for cell in months} == {"yyyy-mm"}


def test_months_of_few_answers_are_hidden(books, folder):
    run = dataclasses.replace(open_run(folder))
    rows = contents(books["en"])["tracking.trends"].iter_rows(min_row=FIRST, values_only=True)
    for row in rows:
        if row[3] != "‡":
            assert row[3] >= run.min_cell
