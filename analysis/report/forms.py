"""Forms to fill in, as far as the client file tells: the law's, and logs kept at work.

Impact assessment before processing, log of incidents, and record of access by third parties, which
the law on personal information asks for; behaviour change log, coaching log, monthly table of
satisfaction, and the questionnaires that the client file declares. Word documents in both
languages; the logs as workbooks too, whose headings the mapping knows, and questionnaires as texts
that survey platforms import. What only people can know is left to be filled in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis import wording
from analysis.client import Client
from analysis.design.privacy import PERSONAL
from analysis.files import replace_file
from analysis.inert import inert
from analysis.report.questionnaires import write_questionnaires
from analysis.report.run import FOLDERS
from analysis.settings import Language
from analysis.tables import TABLES
from analysis.wording.catalogue import keys

FOLDER = "forms"
_LINES = 12
"""Empty lines of a log."""


@dataclass(frozen=True, slots=True)
class Form:
    """One form: its parts in order.

    ``asked`` are parts with one line a question, ``logs`` parts that are a table with empty lines;
    the questions and columns are the keys of the catalogue under ``forms.<name>.<part>``.
    """

    name: str
    asked: tuple[str, ...]
    logs: tuple[str, ...] = ()


FORMS = (
    Form("impact_assessment", ("processing", "necessity", "risks", "measures", "decision")),
    Form("incident_log", ("notice",), ("incidents",)),
    Form("third_party_access", ("agreement",), ("access",)),
    Form("behaviour_log", ("who",), ("entries",)),
    Form("coaching_log", ("who",), ("entries",)),
    Form("satisfaction_months", ("who",), ("entries",)),
)
LOGS = ("behaviour_log", "coaching_log", "satisfaction_months")
"""Forms that are workbooks too: what comes back in them is read like an export."""

_ROWS = 400
"""Rows of a workbook in which its lists to choose from work."""
_CHOSEN: Mapping[str, Mapping[str, str]] = {
    "behaviour_log": {"seen_by": "terms.role"},
    "coaching_log": {"kind": "monitoring.coaching_kind"},
}
"""Columns with a list to choose from: what begins the keys of its words."""
_TABLE = {"behaviour_log": "skill_use", "coaching_log": "coaching"}
_SKILLS = "skill"
"""Column whose list is the modules that the client file names."""
_LIST_LENGTH = 250
"""Characters that a spreadsheet program takes in a list."""


def write_forms(client: Client, folder: Path) -> list[Path]:
    """Write the forms in both languages.

    Parameters
    ----------
    client : Client
        The loaded client file; its purposes, legal bases, notice, term and mapped columns are
        filled in.
    folder : Path
        Gets ``zh/`` and ``en/``; forms that are there already are kept, for people fill them in.

    Returns
    -------
    list of Path
        The forms written now.
    """
    written = []
    for language, name in FOLDERS.items():
        for form in FORMS:
            path = folder / name / f"{form.name}.docx"
            if not path.exists():
                document = _document(client, form, language)
                written.append(replace_file(path, lambda p, d=document: d.save(str(p))))
        written += write_questionnaires(client, folder / name, language)
        for log in LOGS:
            path = folder / name / f"{log}.xlsx"
            if not path.exists():
                written.append(
                    replace_file(path, lambda p, n=log, g=language: _workbook(p, client, n, g))
                )
    return written


def _workbook(path: Path, client: Client, name: str, language: Language) -> None:
    """Write the empty table of a log: headings that the mapping knows, and lists to choose from."""
    import xlsxwriter

    prefix = f"forms.{name}.entries.columns"
    columns = _below(prefix)
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False}) as book:
        head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "border": 1})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet = book.add_worksheet(wording.text(f"forms.{name}.entries.title", language)[:31])
        for place, column in enumerate(columns):
            sheet.write_string(0, place, wording.text(f"{prefix}.{column}", language), head)
            sheet.set_column(place, place, 18, day if column.endswith("_on") else None)
            words = _choices(client, name, column, language)
            if words:
                rule = {"validate": "list", "source": words, "error_type": "warning"}
                sheet.data_validation(1, place, _ROWS, place, rule)
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        sheet.set_landscape()


def _choices(client: Client, name: str, column: str, language: Language) -> list[str]:
    """Return what may be chosen in a column; none where it is free, or the list is too long."""
    if column == _SKILLS:
        found = [inert(module) for module in client.coverage]
    elif stem := _CHOSEN.get(name, {}).get(column):
        labels = TABLES[_TABLE[name]].columns[column].labels
        found = [wording.text(f"{stem}.{label}", language) for label in labels]
    else:
        return []
    return found if len(",".join(found)) <= _LIST_LENGTH else []


def _document(client: Client, form: Form, language: Language) -> Any:
    from docx import Document
    from docx.oxml.ns import qn

    def t(key: str, **params: Any) -> str:
        return wording.text(f"forms.{form.name}.{key}", language, **params)

    document = Document()
    document.styles["Normal"].element.get_or_add_rPr().get_or_add_rFonts().set(
        qn("w:eastAsia"), "Noto Sans SC"
    )
    document.core_properties.language = "zh-CN" if language == "zh_CN" else "en"
    document.core_properties.title = t("title")
    document.core_properties.author = ""
    name = client.client.name.model_dump()[language]
    document.add_heading(t("title"), 0)
    document.add_paragraph(t("intro"))
    made = wording.text("forms.made", language, client=name, day=dt.date.today())
    document.add_paragraph(made)
    known = dict(_known(client, language))
    for part in form.asked:
        document.add_heading(t(f"{part}.title"), 1)
        table = document.add_table(0, 2, style="Table Grid")
        for question in _below(f"forms.{form.name}.{part}.asked"):
            cells = table.add_row().cells
            cells[0].text = t(f"{part}.asked.{question}")
            cells[1].text = known.get(question, "")
    if form.name == "impact_assessment":
        document.add_heading(wording.text("forms.data.title", language), 1)
        _list(document, ("table", "column", "kind", "basis"), _data(client, language), language)
    for part in form.logs:
        document.add_heading(t(f"{part}.title"), 1)
        columns = _below(f"forms.{form.name}.{part}.columns")
        table = document.add_table(1, len(columns), style="Table Grid")
        for cell, column in zip(table.rows[0].cells, columns, strict=True):
            cell.text = t(f"{part}.columns.{column}")
        for _ in range(_LINES):
            table.add_row()
    return document


def _below(prefix: str) -> list[str]:
    """Return the names right below a key of the catalogue, in the order they are written."""
    found = (key.removeprefix(f"{prefix}.") for key in keys() if key.startswith(f"{prefix}."))
    return list(found)


def _list(
    document: Any, columns: tuple[str, ...], rows: list[tuple[str, ...]], language: Language
) -> None:
    table = document.add_table(1, len(columns), style="Table Grid")
    for cell, column in zip(table.rows[0].cells, columns, strict=True):
        cell.text = wording.text(f"forms.data.{column}", language)
    for row in rows:
        for cell, words in zip(table.add_row().cells, row, strict=True):
            cell.text = words


def _known(client: Client, language: Language) -> Iterator[tuple[str, str]]:
    """Yield what the client file tells, by question."""
    privacy = client.privacy
    yield "client", client.client.name.model_dump()[language]
    yield "purpose", privacy.purpose
    yield "notice", privacy.notice_version or ""
    if privacy.retain_until is not None:
        yield "until", wording.format_value(privacy.retain_until, "date", language)
    for question in ("pseudonyms", "kept_where", "cross_border", "automated", "smallest"):
        said = f"forms.known.{question}"
        yield question, wording.text(said, language, least=client.min_cell)


def _data(client: Client, language: Language) -> list[tuple[str, ...]]:
    """Return table, column, kind and legal basis of each mapped column about people."""
    basis = client.privacy.legal_basis
    rows = []
    for table in dict.fromkeys(source.table for source in client.sources):
        spec = TABLES[table].columns
        mapped = {c for source in client.sources_of(table) for c in source.columns}
        for column in spec:
            pseudonym = spec[column].kind == "person"
            if column in mapped and (pseudonym or column in PERSONAL.get(table, ())):
                kind = "pseudonym" if pseudonym else "attribute"
                rows.append(
                    (
                        wording.text(f"measurement.table.{table}", language),
                        wording.text(f"planning.person.{column}", language),
                        wording.text(f"planning.privacy.kind.{kind}", language),
                        basis.get(table) or basis.get("default") or "",
                    )
                )
    return rows
