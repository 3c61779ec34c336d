"""The tables of the reports as one Excel workbook a language, inert when it is opened."""

from __future__ import annotations

import datetime as dt
import math
import numbers
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

import pandas as pd

from analysis import wording
from analysis.files import replace_file
from analysis.inert import inert
from analysis.present import figures, tables, views
from analysis.present.suppression import MARK
from analysis.report import stored
from analysis.report.run import Run
from analysis.settings import Language
from analysis.tables import month_of

NAME = "tables.xlsx"
_SHEET = 31
"""Characters a sheet's name may have."""
_OPTIONS = {
    "in_memory": True,  # else a file is made for each sheet, and read again
    # A name from a client's export that starts with "=" stays text.
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": False,
}
_NARROWEST, _WIDEST = 9, 60
_FORMATS = {
    "int": "#,##0", "num1": "0.0", "num2": "0.00", "num3": "0.000", "pct": "0%", "chance": "0%",
    "pct1": "0.0%", "points": "+0.00;-0.00;0.00", "signed1": "+0.0;-0.0;0.0", "cny": "#,##0",
    "p": "0.000", "date": "yyyy-mm-dd", "month": "yyyy-mm",
}  # fmt: skip
"""Number format by the format of a view's column."""
_OF_UNITS = {"share": "0.0%", "relative": "0.0%", "CNY": "#,##0", "minutes": "0.0", "count": "0"}
"""Number format by unit, of columns that take their unit from the row."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: what it is called in the contents, and its cells with their number formats."""

    code: str
    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[Any]]
    formats: Sequence[Sequence[str]] = ()

    @property
    def stage(self) -> str:
        """Stage it is of."""
        return self.code.partition(".")[0]


def write_workbook(run: Run, folder: Path, language: Language, sheets: Iterable[Sheet]) -> Path:
    """Write every table that the reports show, and all estimates, into ``<folder>/tables.xlsx``.

    The first sheet lists the others with their captions. Numbers are numbers with a format,
    rounded to what the answers behind them support; small cells are hidden as in the reports.

    Parameters
    ----------
    run : Run
        The run.
    folder : Path
        Folder of the language.
    language : {"zh_CN", "en"}
        Language of the sheets, in which their contents are listed.
    sheets : iterable of Sheet
        Those of all its stages, as :func:`of_stage` gives them.
    """
    return replace_file(Path(folder) / NAME, lambda path: _write(run, path, language, sheets))


def _write(run: Run, path: Path, language: Language, sheets: Iterable[Sheet]) -> None:
    import xlsxwriter

    def t(key: str) -> str:
        return wording.text(f"report.workbook.{key}", language)

    with xlsxwriter.Workbook(str(path), _OPTIONS) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        head = book.add_format({"bold": True})
        formats: dict[str, Any] = {}
        contents = book.add_worksheet(t("contents"))
        for column, width in enumerate((34, 80, 14, 9, 30)):
            contents.set_column(column, column, width)
        contents.freeze_panes(3, 0)
        if run.simulated:
            contents.write_string(0, 0, wording.text("report.simulated", language))
        contents.write_string(1, 0, wording.text("report.rounded_note", language))
        for column, key in enumerate(("sheet", "caption", "column.stage", "rows", "column.code")):
            contents.write_string(2, column, t(key), bold)
        last, taken = 2, {contents.name.lower()}
        for row, shown in enumerate(sheets, start=3):
            sheet = book.add_worksheet(_sheet_name(shown.caption, row - 2, taken))
            contents.write_url(row, 0, f"internal:'{sheet.name}'!A1", string=sheet.name)
            contents.write_string(row, 1, shown.caption)
            stage = wording.text(f"terms.stage.{shown.stage}", language)
            contents.write_string(row, 2, stage)
            contents.write_number(row, 3, len(shown.rows))
            contents.write_string(row, 4, shown.code)
            sheet.write_string(0, 0, shown.caption, head)
            sheet.write_url(1, 0, f"internal:'{contents.name}'!A1", string=t("contents"))
            kinds = {id(codes): codes for codes in shown.formats}.values()
            for code in {code for codes in kinds for code in codes} - set(formats):
                formats[code] = book.add_format({"num_format": code}) if code else None
            _fill(sheet, shown, bold, formats)
            last = row
        contents.autofilter(2, 0, last, 4)


def _fill(sheet: Any, shown: Sheet, bold: Any, formats: dict[str, Any]) -> None:
    """Write head and rows, with a filter, and the head and first column frozen."""
    for column, words in enumerate(shown.header):
        sheet.write_string(2, column, words, bold)
        cells = [row[column] for row in shown.rows]
        sheet.set_column(column, column, _width([words, *cells]))
    sheet.freeze_panes(3, 1)
    sheet.autofilter(2, 0, 2 + max(len(shown.rows), 1), max(len(shown.header) - 1, 0))
    for line, values in enumerate(shown.rows):
        codes = shown.formats[line] if shown.formats else [""] * len(values)
        for column, (value, code) in enumerate(zip(values, codes, strict=True)):
            _put(sheet, 3 + line, column, value, formats.get(code))


def _width(cells: Sequence[Any]) -> float:
    texts = {cell for cell in cells if isinstance(cell, str)}
    longest = 0 if all(isinstance(cell, str) for cell in cells) else 8
    # Wide letters count twice: the longest first, until none of the rest can be wider.
    for words in sorted(texts, key=len, reverse=True):
        if longest + 2 >= _WIDEST or 2 * len(words) <= longest:
            break
        longest = max(longest, sum(2 if east_asian_width(c) in "WF" else 1 for c in words))
    return min(max(longest + 2, _NARROWEST), _WIDEST)


def of_stage(run: Run, stage: str, language: Language) -> Iterator[Sheet]:
    """Yield the sheets of a stage: findings, estimates, checks, then the tables."""
    for kind in ("findings", "estimates", "checks"):
        header, rows = getattr(stored, kind)(run, stage, language)
        words = wording.text(
            f"report.workbook.table.{kind}",
            language,
            stage=wording.text(f"terms.stage.{stage}", language),
        )
        if rows:
            formats = [_by_unit(row) for row in run.results[stage].estimates]
            yield Sheet(
                f"{stage}.{kind}", words, header, rows, formats if kind == "estimates" else ()
            )
    for name, view in stored.views_of(stage).items():
        yield from _of_view(run, name, view, language)
    yield from _regulator(run, stage, language)


def _regulator(run: Run, stage: str, language: Language) -> Iterator[Sheet]:
    """Yield a regulator's form, a column per heading of theirs, and its definitions."""
    table = run.results[stage].table_or_empty("regulator")
    if table.empty:
        return

    def t(name: str, **values: Any) -> str:
        return wording.text(f"report.workbook.regulator.{name}", language, **values)

    few = table[["n", "exposure"]].max(axis=1) < run.min_cell
    near = table.assign(hidden=few & table["site_id"].ne(""))
    headings = list(dict.fromkeys(near["heading"]))
    units = near.drop_duplicates("heading").set_index("heading")["unit"]
    by = {(row.label, row.heading): row for row in near.itertuples()}
    interval = t("interval", level=run.level)
    header = [t("site"), *headings]
    beside = (t("n"), interval)
    header += [t("of", heading=name, what=what) for name in headings for what in beside]
    codes = [_OF_UNITS.get(units[name], "0.00##") for name in headings]
    rows = []
    for label in dict.fromkeys(near["label"]):
        cells = [by.get((label, name)) for name in headings]
        shown = [label or t("all"), *map(_of_form, cells)]
        for cell in cells:
            words = "" if cell is None or cell.hidden else _ends_of(cell, language)
            shown += [None if cell is None else MARK if cell.hidden else cell.n, words]
        rows.append(shown)
    formats = [["", *codes, *("#,##0", "") * len(headings)]] * len(rows)
    months = int(near["months"].max())
    title = near["title"].iloc[0] or t("title")
    caption = t("caption", title=title, months=months)
    yield Sheet(f"{stage}.regulator", caption, header, rows, formats)
    each = near.drop_duplicates("heading")
    meant = [
        [row.heading, wording.indicator_title(row.indicator, language), said]
        for row, said in zip(each.itertuples(), each[f"definition_{language}"], strict=True)
    ]
    words = t("definitions", title=title)
    yield Sheet(
        f"{stage}.regulator_definitions",
        words,
        [t("heading"), t("indicator"), t("definition")],
        meant,
    )


def _of_form(cell: Any) -> Any:
    return None if cell is None else MARK if cell.hidden else float(cell.value)


def _ends_of(cell: Any, language: Language) -> str:
    """Return an interval in words; a dash where a single month or site gives none."""
    if pd.isna(cell.ci_low):
        return "—"
    low, high = (wording.in_unit(end, cell.unit, language) for end in (cell.ci_low, cell.ci_high))
    return wording.text("report.interval", language, low=low, high=high)


def _by_unit(estimate: Any) -> list[str]:
    """Return the formats of a row of estimates."""
    number = _OF_UNITS.get(estimate.unit, "0.00##")
    return ["", number, "", number, number, "0.000", "#,##0", "#,##0", "", ""]


def _of_view(run: Run, name: str, view: views.View, language: Language) -> Iterator[Sheet]:
    if run.stored(name, view).empty:
        return
    found = run.supported(name, view)
    frame = found.frame
    caption = _caption(run, name, view, language)
    if view.plot is not None:
        header, rows = figures.frame_rows(frame)
        words = wording.text("report.workbook.figure", language, caption=caption)
        yield Sheet(name, words, header, _plain(rows))
        return
    header, cells = tables.file_cells(
        frame,
        columns=view.columns,
        language=language,
        min_cell=run.min_cell,
        level=run.level,
        n=view.n,
        withheld=found.withheld,
    )
    if found.withheld.any():
        note = wording.text("report.withheld_note", language, min_cell=run.min_cell)
        caption = f"{caption} {note}"
    specs = [spec for _, spec in view.columns.values()]
    units = list(frame["unit"]) if "unit" in frame else [None] * len(frame)
    rows = _with_days(cells, frame, view.columns)
    of_unit = {unit: [_format(spec, unit) for spec in specs] for unit in dict.fromkeys(units)}
    yield Sheet(name, caption, header, rows, [of_unit[unit] for unit in units])


def _caption(run: Run, name: str, view: views.View, language: Language) -> str:
    """Return the caption of a view; what a page fills in, as an outcome, is left out."""
    left_out = {
        blank: "…"
        for blank, spec in wording.placeholders(view.caption, language)
        if spec in ("", "text", "indicator")
    }
    how = {**left_out, "level": run.level, "missed": 1 - run.level}
    known = {blank for blank, _ in wording.placeholders(view.caption, language)} <= set(how)
    return wording.text(view.caption, language, **how) if known else name


def _format(spec: str, unit: Any) -> str:
    if spec in ("unit", "effect", "size"):
        code = _OF_UNITS.get(unit, "0.00##")
        return f"+{code};-{code};{code}" if spec == "effect" else code
    return _FORMATS.get(spec, "")


def _with_days(cells: list[list[Any]], frame: pd.DataFrame, columns: Any) -> list[list[Any]]:
    """Return cells with days and months as Excel knows them, so that they sort and filter."""
    rows = [list(row) for row in cells]
    for place, (name, (_, spec)) in enumerate(columns.items()):
        if spec not in ("date", "month"):
            continue
        for row, raw in zip(rows, frame[name], strict=True):
            if row[place] != tables.NOTHING and row[place] != MARK and (day := _day(raw, spec)):
                row[place] = day
    return rows


def _day(value: Any, spec: str) -> dt.date | None:
    if isinstance(value, dt.datetime | dt.date):
        return value if pd.notna(value) else None
    try:
        if spec == "month":
            return month_of(int(value))
        return dt.date.fromisoformat(str(value)[:10])
    except (TypeError, ValueError):
        return None


def _plain(rows: list[list[Any]]) -> list[list[Any]]:
    """Return cells a workbook can hold: numbers, and text for all else; nothing where missing."""
    return [
        [
            None if pd.isna(cell) else cell if isinstance(cell, numbers.Number) else str(cell)
            for cell in row
        ]
        for row in rows
    ]


def _put(sheet: Any, row: int, column: int, value: Any, how: Any) -> None:
    if value is None:
        return
    if isinstance(value, str):
        sheet.write_string(row, column, inert(value))
    elif isinstance(value, dt.date):
        sheet.write_datetime(row, column, value, how)
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif math.isinf(value):
        sheet.write_string(row, column, "∞" if value > 0 else "−∞")
    else:
        sheet.write_number(row, column, float(value), how)


def _sheet_name(caption: str, number: int, taken: set[str]) -> str:
    """Return a name Excel accepts that no other sheet of the book has, and add it to those taken.

    It is a number and the caption.
    """
    words = re.sub(r"[\[\]:*?/\\']", " ", caption)
    name = f"{number} {words}"[:_SHEET].strip()
    name = name if name.lower() not in taken else str(number)
    taken.add(name.lower())
    return name
