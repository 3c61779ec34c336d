"""The tables of the reports as one Excel workbook a language, inert when it is opened."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import wording
from analysis.files import replace_file
from analysis.inert import inert
from analysis.present import figures, tables, views
from analysis.report.run import Run
from analysis.settings import Language

NAME = "tables.xlsx"
_SHEET = 31
"""Characters a sheet's name may have."""
_OPTIONS = {
    # A name from a client's export that starts with "=" stays text.
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": False,
}


def write_workbook(run: Run, folder: Path, language: Language) -> Path:
    """Write every table the reports can show into ``<folder>/tables.xlsx``.

    The first sheet lists the others with their captions. Numbers are numbers, rounded to what the
    answers behind them support; small cells are hidden as in the reports.

    Parameters
    ----------
    run : Run
        Its stored results are read.
    folder : Path
        Folder of the language.
    language : {"zh_CN", "en"}
        Language of captions, headings and labels.
    """
    return replace_file(Path(folder) / NAME, lambda path: _write(run, path, language))


def _write(run: Run, path: Path, language: Language) -> None:
    import xlsxwriter

    def t(key: str) -> str:
        return wording.text(f"report.workbook.{key}", language)

    with xlsxwriter.Workbook(str(path), _OPTIONS) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        contents = book.add_worksheet(t("contents"))
        contents.set_column(0, 0, 24)
        contents.set_column(1, 1, 90)
        if run.simulated:
            contents.write_string(0, 0, wording.text("report.simulated", language))
        contents.write_string(1, 0, wording.text("report.rounded_note", language))
        for column, name in enumerate(("sheet", "caption", "rows")):
            contents.write_string(2, column, t(name), bold)
        for row, (view, caption, header, cells) in enumerate(_tables(run, language), start=3):
            sheet = book.add_worksheet(_sheet_name(view, book))
            contents.write_url(row, 0, f"internal:'{sheet.name}'!A1", string=sheet.name)
            contents.write_string(row, 1, caption)
            contents.write_number(row, 2, len(cells))
            sheet.write_string(0, 0, caption, book.add_format({"bold": True}))
            for column, words in enumerate(header):
                sheet.write_string(2, column, words, bold)
            sheet.set_column(0, max(len(header) - 1, 0), 18)
            sheet.freeze_panes(3, 1)
            for line, values in enumerate(cells, start=3):
                for column, value in enumerate(values):
                    _put(sheet, line, column, value)


def _tables(run: Run, language: Language) -> Iterator[tuple[str, str, list[str], list[list[Any]]]]:
    for name in views.names():
        stage = name.partition(".")[0]
        view = views.get(name)
        if stage not in run.results:
            continue
        frame = view.of(run.results[stage])
        if frame.empty:
            continue
        found = view.supported(name, frame, run.min_cell, run.earlier)
        frame = found.frame
        if view.plot is not None:
            if len(frame) > figures.MOST:  # too long to be saved from the page
                header, rows = figures.frame_rows(frame)
                words = wording.text("report.workbook.figure", language, name=name)
                yield name, words, header, _plain(rows)
            continue
        header, _, cells, _ = tables.frame_cells(
            frame,
            columns=view.columns,
            language=language,
            min_cell=run.min_cell,
            level=run.level,
            n=view.n,
            withheld=found.withheld,
        )
        caption = wording.text(view.caption, language, level=run.level, missed=1 - run.level)
        if found.withheld.any():
            note = wording.text("report.withheld_note", language, min_cell=run.min_cell)
            caption = f"{caption} {note}"
        yield name, caption, header, cells


def _plain(rows: list[list[Any]]) -> list[list[Any]]:
    """Return cells a workbook can hold: numbers, and text for all else; nothing where missing."""
    return [
        [
            None if pd.isna(cell) else cell if isinstance(cell, numbers.Number) else str(cell)
            for cell in row
        ]
        for row in rows
    ]


def _put(sheet: Any, row: int, column: int, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, str):
        sheet.write_string(row, column, inert(value))
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif math.isinf(value):
        sheet.write_string(row, column, "∞" if value > 0 else "−∞")
    else:
        sheet.write_number(row, column, float(value))


def _sheet_name(view: str, book: Any) -> str:
    """Return a name Excel accepts that no other sheet of the book has."""
    name = re.sub(r"[\[\]:*?/\\']", "_", view)[:_SHEET]
    taken = {sheet.name.lower() for sheet in book.worksheets()}
    number = 1
    while name.lower() in taken:
        number += 1
        name = f"{name[: _SHEET - len(str(number)) - 1]}_{number}"
    return name
