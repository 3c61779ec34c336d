"""Forms that the law on personal information asks for, filled in as far as the client file tells.

Impact assessment before processing, log of incidents, and record of access by third parties, as
Word documents in both languages. What only people can know is left to be filled in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis import wording
from analysis.client import Client
from analysis.design.privacy import PERSONAL
from analysis.files import replace_file
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
)


def write_forms(client: Client, folder: Path) -> list[Path]:
    """Write the three forms in both languages.

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
    return written


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
