"""The client's template, and marks that python-docx and python-pptx have no name for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from docx import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from lxml import etree
from pptx import Presentation
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.util import Inches

from analysis.errors import Fault, InputError

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def document(path: Path | None) -> Any:
    """Open a template of Word without its text, or an empty document.

    Raises
    ------
    InputError
        When the file is not there or no Word document.
    """
    opened = _opened(path, Document, "docx")
    if path is not None:
        body = opened.element.body
        for element in list(body):
            if element.tag != f"{{{_W}}}sectPr":
                body.remove(element)
    return opened


def presentation(path: Path | None) -> Any:
    """Open a template of PowerPoint without its slides, or an empty wide presentation.

    Raises
    ------
    InputError
        When the file is not there or no PowerPoint presentation.
    """
    opened = _opened(path, Presentation, "pptx")
    if path is None:
        _widened(opened)
        return opened
    listed = opened.slides._sldIdLst
    for entry in list(listed):
        opened.part.drop_rel(entry.rId)
        listed.remove(entry)
    return opened


def _opened(path: Path | None, read: Any, kind: str) -> Any:
    if path is None:
        return read()
    if not path.is_file():
        raise _refused("template_missing", "The template is not there.", path, kind)
    try:
        return read(str(path))
    except Exception as error:  # both libraries raise whatever their parsers do
        message = f"The template is damaged or no .{kind} file."
        raise _refused("template_unreadable", message, path, kind) from error


def _refused(rule: str, message: str, path: Path, kind: str) -> InputError:
    return InputError(
        [
            Fault(
                rule=rule,
                message=message,
                example=f"report: {{{kind}: template.{kind}}}",
                file=path.name,
                column=f"report.{kind}",
                params={"path": str(path), "kind": kind},
            )
        ]
    )


def _widened(presentation: Any) -> None:
    """Make the empty presentation as wide as screens are; what is on its layouts moves along."""
    old, presentation.slide_width = presentation.slide_width, Inches(13.333)
    presentation.slide_height = Inches(7.5)
    factor = presentation.slide_width / old
    master = presentation.slide_master
    for home in (master, *master.slide_layouts):
        for shape in home.placeholders:
            shape.left, shape.width = int(shape.left * factor), int(shape.width * factor)


def has_style(document: Any, name: str) -> bool:
    """Tell whether a document has a style of that name."""
    return name in {style.name for style in document.styles}


def name_other_faces(document: Any, face: str, others: Sequence[str]) -> None:
    """Name the faces to take where a machine has none called ``face``."""
    part = document.part.part_related_by(RELATIONSHIP_TYPE.FONT_TABLE)
    fonts = etree.fromstring(part.blob)
    entry = etree.SubElement(fonts, f"{{{_W}}}font", {f"{{{_W}}}name": face})
    etree.SubElement(entry, f"{{{_W}}}altName", {f"{{{_W}}}val": ",".join(others)})
    etree.SubElement(entry, f"{{{_W}}}charset", {f"{{{_W}}}val": "86"})
    part._blob = etree.tostring(fonts, xml_declaration=True, encoding="UTF-8", standalone=True)


def page_number(paragraph: Any) -> None:
    """Put the number of the page at the end of a paragraph."""
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        run = paragraph.add_run()._r
        element = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            element.set(qn("w:fldCharType"), kind)
        else:
            element.text = text
        run.append(element)


def keep_row(row: Any, *, is_head: bool) -> None:
    """Keep a row of a table on one page; the head is repeated on each."""
    properties = row._tr.get_or_add_trPr()
    properties.append(OxmlElement("w:cantSplit"))
    if is_head:
        properties.append(OxmlElement("w:tblHeader"))


def shade(cell: Any, colour: str) -> None:
    """Fill a cell of a table."""
    fill = OxmlElement("w:shd")
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", colour)):
        fill.set(qn(f"w:{name}"), value)
    cell._tc.get_or_add_tcPr().append(fill)


def rule_table(table: Any, rule: str, edge: str) -> None:
    """Draw the lines of a table: strong above and below, fine between its rows."""
    borders = OxmlElement("w:tblBorders")
    for name, colour, size in (("top", edge, 8), ("bottom", edge, 8), ("insideH", rule, 4)):
        line = OxmlElement(f"w:{name}")
        for attribute, value in (
            ("val", "single"),
            ("sz", size),
            ("space", 0),
            ("color", colour.lstrip("#")),
        ):
            line.set(qn(f"w:{attribute}"), str(value))
        borders.append(line)
    table._tbl.tblPr.append(borders)


def cover_layout(presentation: Any) -> Any:
    """Return the layout of a title slide: the first with a centred title, else the first."""
    layouts = list(presentation.slide_layouts)
    for layout in layouts:
        if any(
            p.placeholder_format.type == PP_PLACEHOLDER.CENTER_TITLE for p in layout.placeholders
        ):
            return layout
    return title_layout(presentation)


def title_layout(presentation: Any) -> Any:
    """Return the layout with a title and as little else as possible."""
    small = (PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER)
    titles = (PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE)

    def others(layout: Any) -> int:
        kinds = [p.placeholder_format.type for p in layout.placeholders]
        if not any(kind in titles for kind in kinds):
            return 1000
        return sum(kind not in small for kind in kinds)

    return min(presentation.slide_layouts, key=others)


def only_title(slide: Any) -> None:
    """Take away the empty boxes of a layout, which would say "click to add text"."""
    for shape in list(slide.placeholders):
        if shape.placeholder_format.idx > 1:
            shape._element.getparent().remove(shape._element)
