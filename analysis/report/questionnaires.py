"""Questionnaires of the client file as forms to print, and as texts that survey platforms import.

The text format of 问卷星 is that of its own tools (github.com/wjxcom/wjx-ai-kit, guide to the
syntax): a title, an introduction, then ``1. question[单选题]`` with one option per line. 腾讯问卷
takes the same without numbers, with ``[单行文本题]`` for a line of text (its text editor, as public
generators write for it). Each option begins with its code, lowest first, so that answers downloaded
by option text, by number or typed in from paper all mean the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from analysis import wording
from analysis.client import Client, Instrument, anchors_of, codes_of
from analysis.file_names import holdable
from analysis.files import replace_file, write_text
from analysis.settings import Language
from analysis.tables import TABLES

_HEADS: Mapping[str, tuple[str, ...]] = {
    "surveys": ("site",),
    "reactions": ("module", "session"),
    "ratings": ("rating_site", "ratee", "rater_role"),
}
"""What is asked before the questions, by the table that the answers fill."""
_OF_THE_CLIENT = "surveys"
_PLATFORMS: Mapping[str, tuple[bool, str]] = {
    "wjx": (True, "[填空题]"),
    "tencent": (False, "[单行文本题]"),
}
"""Platforms: whether questions are numbered, and what marks a line of text."""
_CHOICE = "[单选题]"
_BOX = "□"


@dataclass(frozen=True, slots=True)
class _Asked:
    """One question of a form: its options, code and words, or none where a number is written."""

    text: str
    options: tuple[tuple[int, str], ...]
    low: float
    high: float


def write_questionnaires(client: Client, folder: Path, language: Language) -> list[Path]:
    """Write each declared instrument as a form to print and as texts to import.

    Parameters
    ----------
    client : Client
        Its ``instruments``; purpose, notice and term of its ``privacy`` stand on the form.
    folder : Path
        Gets ``questionnaire_<instrument>.docx``, ``…_wjx.txt`` and ``…_tencent.txt``; what is
        there already is kept.
    language : Language
        Of the form; questions without a wording in English stand as they are asked.

    Returns
    -------
    list of Path
        The files written now.
    """
    written = []
    for number, (name, instrument) in enumerate(client.instruments.items(), start=1):
        stem = f"questionnaire_{name if holdable(name) else number}"
        table = _table(client, name)
        path = folder / f"{stem}.docx"
        if not path.exists():
            document = _document(client, instrument, table, language)
            written.append(replace_file(path, document.save))
        for platform in _PLATFORMS:
            path = folder / f"{stem}_{platform}.txt"
            if not path.exists():
                written.append(
                    write_text(path, _text(client, instrument, table, language, platform))
                )
    return written


def unworded(client: Client) -> tuple[str, ...]:
    """Return the items whose codes run from best to worst and whose anchors nobody declared."""
    return tuple(
        f"{name}.{item}"
        for name, instrument in client.instruments.items()
        for item in instrument.items
        if instrument.turned(item) and not instrument.declared_anchors(item)
    )


def _table(client: Client, instrument: str) -> str:
    """Return the table that the answers fill: customers' where the client file does not say."""
    fed = (
        source.table
        for source in client.sources
        if source.constants.get("instrument") == instrument and source.table in _HEADS
    )
    return client.instruments[instrument].fills or next(fed, _OF_THE_CLIENT)


def _asked(instrument: Instrument, language: Language) -> Iterator[_Asked]:
    for item, question in instrument.items.items():
        anchors, scale = anchors_of(instrument, item), instrument.scale_of(item)
        words = {code: said.model_dump()[language] for code, said in anchors.items()}
        options = tuple((code, words.get(code, "")) for code in codes_of(instrument, item))
        english = question.wording_en if language == "en" else ""
        yield _Asked(english or question.wording or item, options, scale.min, scale.max)


def _heads(client: Client, table: str, language: Language) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what is asked before the questions, with its options; none for a line of text."""
    for head in _HEADS[table]:
        options: tuple[str, ...] = ()
        if head in ("site", "rating_site"):
            inline = (row for s in client.sources_of("sites") for row in s.inline or ())
            options = tuple(str(row["site_id"]) for row in inline if "site_id" in row)
        elif head == "rater_role":
            labels = TABLES["ratings"].columns["rater_role"].labels
            options = tuple(wording.text(f"terms.role.{label}", language) for label in labels)
        yield wording.text(f"forms.questionnaire.head.{head}", language), options


def _introduction(client: Client, table: str, language: Language) -> Iterator[str]:
    def t(key: str, **params: Any) -> str:
        return wording.text(f"forms.questionnaire.{key}", language, **params)

    privacy = client.privacy
    name = client.client.name.model_dump()[language]
    yield t(f"intro.{table}", client=name)
    if privacy.purpose:
        yield t("purpose", purpose=privacy.purpose)
    if privacy.retain_until is not None:
        yield t("until", day=privacy.retain_until)
    if privacy.notice_version:
        yield t("notice", version=privacy.notice_version)
    yield t("consent")


def _text(
    client: Client, instrument: Instrument, table: str, language: Language, platform: str
) -> str:
    """Return the text to be pasted into the platform's import."""
    numbered, line_of_text = _PLATFORMS[platform]
    parts = [_title(instrument, table, language), "\n".join(_introduction(client, table, language))]
    questions = [(text, options) for text, options in _heads(client, table, language)]
    questions += [
        (asked.text, tuple(_option(*option) for option in asked.options))
        for asked in _asked(instrument, language)
    ]
    for number, (text, options) in enumerate(questions, start=1):
        head = f"{number}. {text}" if numbered else text
        parts.append("\n".join([head + (_CHOICE if options else line_of_text), *options]))
    return "\n\n".join(parts) + "\n"


def _option(code: int, words: str) -> str:
    return f"{code}-{words}" if words else str(code)


def _title(instrument: Instrument, table: str, language: Language) -> str:
    if instrument.title is not None:
        return str(instrument.title.model_dump()[language])
    return wording.text(f"forms.questionnaire.title.{table}", language)


def _document(client: Client, instrument: Instrument, table: str, language: Language) -> Any:
    """Return the form to print: introduction, consent, what is asked first, then the items."""
    from docx import Document
    from docx.oxml.ns import qn

    document = Document()
    document.styles["Normal"].element.get_or_add_rPr().get_or_add_rFonts().set(
        qn("w:eastAsia"), "Noto Sans SC"
    )
    document.core_properties.language = "zh-CN" if language == "zh_CN" else "en"
    document.core_properties.title = _title(instrument, table, language)
    document.core_properties.author = ""
    document.add_heading(_title(instrument, table, language), 0)
    for paragraph in _introduction(client, table, language):
        document.add_paragraph(paragraph)
    document.add_paragraph(f"{_BOX} {wording.text('forms.questionnaire.agreed', language)}")
    heads = document.add_table(0, 2, style="Table Grid")
    for text, options in _heads(client, table, language):
        cells = heads.add_row().cells
        cells[0].text = text
        cells[1].text = "   ".join(f"{_BOX} {option}" for option in options)
    document.add_paragraph(wording.text("forms.questionnaire.tick", language))
    number = 0
    for options, alike in groupby(_asked(instrument, language), key=lambda asked: asked.options):
        columns = [_option(*option) for option in options]
        table_of = document.add_table(1, 1 + max(1, len(columns)), style="Table Grid")
        head = table_of.rows[0].cells
        head[0].text = wording.text("forms.questionnaire.question", language)
        for cell, text in zip(head[1:], columns or [""], strict=True):
            cell.text = text
        for asked in alike:
            number += 1
            cells = table_of.add_row().cells
            cells[0].text = f"{number}. {asked.text}"
            for cell in cells[1:]:
                cell.text = _BOX if options else _span(asked, language)
        document.add_paragraph()
    document.add_paragraph(wording.text("forms.questionnaire.thanks", language))
    return document


def _span(asked: _Asked, language: Language) -> str:
    return wording.text("forms.questionnaire.number", language, low=asked.low, high=asked.high)
