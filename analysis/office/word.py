"""A document as a Word file, in the client's template where there is one."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from analysis import wording
from analysis.office import native, template
from analysis.office.blocks import MOST_ROWS, Block, Picture, Table, Text
from analysis.office.charts import Chart
from analysis.office.contents import Cover
from analysis.office.faces import EAST_ASIAN, LATIN, OTHERWISE
from analysis.office.widths import room_of, shares, unbroken
from analysis.present import theme
from analysis.report.run import HTML_LANG
from analysis.settings import Language

_INCH = 914400
_CELLS = (9, 8.5, 8, 7.5, 7)
"""Points of the letters in a table: the largest at which no word breaks."""
_TOGETHER = 8
"""Rows of a table that is not broken over pages."""
_CHART_HEIGHT = {"line": 5.6, "bar": 6.4}
"""Centimetres."""
_PICTURE_HEIGHT = 12
"""Centimetres at most."""
_LOGO = Cm(1.8)
_STYLES = {
    "h2": "Heading 1", "h3": "Heading 2", "md-h": "Heading 2",
    "bullet": "List Bullet", "number": "List Number", "caption": "Caption",
}  # fmt: skip
_LOOKS: Mapping[str, Mapping[str, Any]] = {
    "claim": {"size": 11, "bold": True, "before": 7, "after": 3, "keep": True},
    "beside": {"size": 10.5, "after": 3},
    "badges": {"size": 9, "colour": theme.BLUE, "after": 3, "keep": True},
    "why-head": {"size": 9.5, "bold": True, "after": 1, "keep": True},
    "bullet": {"size": 9.5, "after": 1},
    "number": {"size": 9.5, "after": 1},
    "check": {"size": 10, "before": 5, "after": 1, "keep": True},
    "detail": {"size": 9.5, "after": 2, "indent": 0.6},
    "note": {"size": 9, "colour": theme.MUTED, "after": 4},
    "more": {"size": 9, "colour": theme.MUTED, "after": 4},
    "caption": {
        "size": 9.5,
        "bold": True,
        "colour": theme.INK,
        "before": 8,
        "after": 3,
        "keep": True,
    },
    "cover": {"size": 12, "colour": theme.MUTED, "after": 4},
    "simulated": {"size": 10.5, "bold": True, "colour": theme.ORANGE, "before": 12},
}
"""Size in points, weight, colour, space around, by what a paragraph is."""


def write(
    path: Path,
    cover: Cover,
    blocks: Sequence[Block],
    language: Language,
    own_template: Path | None = None,
) -> None:
    """Write a document.

    Parameters
    ----------
    path : Path
        The file.
    cover : Cover
        Its title page.
    blocks : Sequence of Block
        What follows.
    language : {"zh_CN", "en"}
        Of its words.
    own_template : Path, optional
        The client's template: its styles, page, header and footer are kept, its text is removed.
    """
    document = template.document(own_template)
    writer = _Writer(document, language, plain=own_template is None)
    writer.set_up(cover)
    writer.title_page(cover)
    for block in blocks:
        writer.put(block)
    document.save(str(path))


class _Writer:
    def __init__(self, document: Any, language: Language, *, plain: bool) -> None:
        self.document = document
        self.language = language
        self.plain = plain
        self.number = {"section": 0, "figure": 0}
        self.begins_page = False
        self.scratch = native.Scratch(language)

    def set_up(self, cover: Cover) -> None:
        """Set what the whole document shares: faces, language, properties, page, head and foot."""
        properties = self.document.core_properties
        properties.title, properties.subject = cover.title, cover.client
        properties.author = properties.last_modified_by = properties.comments = ""
        properties.language = HTML_LANG[self.language]
        if self.plain:
            self._faces(cover)
            self._page(cover)

    def _faces(self, cover: Cover) -> None:

        styles = self.document.styles
        for name in ("Normal", "Title", *_STYLES.values()):
            fonts = styles[name].element.get_or_add_rPr().get_or_add_rFonts()
            for attribute in list(fonts.attrib):  # those of the theme would win
                del fonts.attrib[attribute]
            for script in ("ascii", "hAnsi", "cs"):
                fonts.set(qn(f"w:{script}"), LATIN)
            fonts.set(qn("w:eastAsia"), EAST_ASIAN)
        styles["Normal"].font.size = Pt(10.5)
        styles["Normal"].paragraph_format.space_after = Pt(5)
        styles["Normal"].paragraph_format.line_spacing = 1.12
        for name, size, before in (
            ("Title", 26, 0),
            ("Heading 1", 16, 16),
            ("Heading 2", 12.5, 10),
        ):
            styles[name].font.size, styles[name].font.bold = Pt(size), True
            colour = (cover.colour or theme.BLUE).lstrip("#").upper()
            styles[name].font.color.rgb = RGBColor.from_string(colour)
            styles[name].paragraph_format.space_before = Pt(before)
            styles[name].paragraph_format.space_after = Pt(6)
        template.name_other_faces(self.document, EAST_ASIAN, OTHERWISE)

    def _page(self, cover: Cover) -> None:

        section = self.document.sections[0]
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.left_margin = section.right_margin = Cm(2.3)
        section.top_margin = section.bottom_margin = Cm(2)
        section.different_first_page_header_footer = True
        head = section.header.paragraphs[0]
        head.text = " · ".join(filter(None, (cover.client, cover.title)))
        foot = section.footer.paragraphs[0]
        foot.text = f"{cover.label}  " if cover.label else ""
        template.page_number(foot)
        for paragraph in (head, foot):
            self._look(paragraph, "note")

    @property
    def width(self) -> int:
        """Width of the text in EMU."""
        section = self.document.sections[0]
        return section.page_width - section.left_margin - section.right_margin

    def title_page(self, cover: Cover) -> None:
        """Write the title, the client, the period, and whether the data are made up."""
        if cover.logo is not None:
            shape = self.document.add_paragraph().add_run().add_picture(io.BytesIO(cover.logo))
            shape.width, shape.height = shape.width * int(_LOGO) // shape.height, _LOGO
        first = self.paragraph("Title", cover.title)
        first.paragraph_format.space_before = Pt(180 if cover.logo is None else 130)
        self.paragraph("Subtitle", cover.client, look="beside")
        for line in cover.lines:
            self.paragraph("", line, look="cover")
        if cover.simulated:
            self.paragraph("", cover.simulated, look="simulated")
        self.begins_page = True

    def put(self, block: Block) -> None:
        """Write one block."""
        if isinstance(block, Table):
            self.table(block)
        elif isinstance(block, Chart):
            self.chart(block)
        elif isinstance(block, Picture):
            self.picture(block)
        elif block.kind == "break":
            self.begins_page = True
        else:
            self.text(block)

    def text(self, block: Text) -> None:
        """Write a paragraph."""
        words = block.words
        if block.kind == "h2":
            self.number["section"] += 1
            words = ((f"{self.number['section']}  {block}", False),)
        paragraph = self.paragraph(_STYLES.get(block.kind, ""), "", look=block.kind)
        for text, bold in words:
            run = paragraph.add_run(text)
            run.bold = bold or None
        self._look(paragraph, block.kind)

    def paragraph(self, style: str, text: str, look: str = "") -> Any:
        """Add a paragraph in a style, or as it would look where the template has no such style."""
        paragraph = self.document.add_paragraph(text)
        if style and not template.has_style(self.document, style):
            style, look = "", look or "claim"
        if style:
            paragraph.style = self.document.styles[style]
        if self.begins_page:
            paragraph.paragraph_format.page_break_before, self.begins_page = True, False
        self._look(paragraph, look)
        return paragraph

    def _look(self, paragraph: Any, kind: str) -> None:

        look = _LOOKS.get(kind, {})
        form = paragraph.paragraph_format
        if "before" in look:
            form.space_before = Pt(look["before"])
        if "after" in look:
            form.space_after = Pt(look["after"])
        if "indent" in look:
            form.left_indent = Cm(look["indent"])
        if look.get("keep"):
            form.keep_with_next = True
        for run in paragraph.runs:
            if "size" in look:
                run.font.size = Pt(look["size"])
            if look.get("bold"):
                run.bold = True
            if "colour" in look:
                run.font.color.rgb = RGBColor.from_string(look["colour"].lstrip("#").upper())

    def table(self, block: Table) -> None:
        """Write a table that Word can sort and edit; its first rows, where it is long."""
        if block.caption:
            self._look(self.paragraph("", block.caption), "caption")
        shown = block.only(MOST_ROWS)
        rows = [*([shown.header] if shown.header else []), *shown.rows]
        table = self.document.add_table(len(rows), len(rows[0]))
        table.autofit = False
        wide = self.width / _INCH
        needed = sum(unbroken(rows))
        size = next((s for s in _CELLS if needed <= room_of(wide, s)), _CELLS[-1])
        widths = [int(self.width * share) for share in shares(rows, room_of(wide, size))]
        for column, width in zip(table.columns, widths, strict=True):
            column.width = width
        for place, (row, cells) in enumerate(zip(table.rows, rows, strict=True)):
            is_head = place == 0 and bool(shown.header)
            template.keep_row(row, is_head=is_head)
            # Short tables stand on one page; of long ones the head and the first rows.
            kept = place < min(len(rows) - 1, _TOGETHER if len(rows) <= _TOGETHER else 2)
            for number, (cell, words) in enumerate(zip(row.cells, cells, strict=True)):
                cell.width = widths[number]
                self._cell(cell, words, size, numeric=shown.numeric[number], is_head=is_head)
                cell.paragraphs[0].paragraph_format.keep_with_next = kept
        template.rule_table(table, theme.RULE, theme.BLUE)
        notes = list(block.notes)
        if len(block.rows) > len(shown.rows):
            how = {"shown": len(shown.rows), "total": len(block.rows)}
            notes.append(wording.text("office.rest", self.language, **how))
        for note in notes:
            self._look(self.document.add_paragraph(note), "note")
        if not notes:  # two tables in a row would grow together
            gap = self.document.add_paragraph().paragraph_format
            gap.space_after, gap.line_spacing = Pt(0), Pt(8)

    def _cell(self, cell: Any, words: str, size: float, *, numeric: bool, is_head: bool) -> None:
        paragraph = cell.paragraphs[0]
        run = paragraph.add_run(words)
        run.font.size, run.bold = Pt(size), is_head or None
        paragraph.paragraph_format.space_after = Pt(1)
        paragraph.paragraph_format.space_before = Pt(1)
        paragraph.paragraph_format.line_spacing = 1.05
        cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
        if numeric:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        if is_head:
            template.shade(cell, "EAF2F8")

    def picture(self, block: Picture) -> None:
        """Put a picture, no wider than the text, with what it shows below."""
        paragraph = self.document.add_paragraph()
        shape = paragraph.add_run().add_picture(io.BytesIO(block.content))
        most = min(self.width, int(Cm(_PICTURE_HEIGHT)) * shape.width // shape.height)
        if shape.width > most:
            shape.width, shape.height = most, shape.height * most // shape.width
        if block.caption:
            self._look(self.document.add_paragraph(block.caption), "note")

    def chart(self, block: Chart) -> None:
        """Write a chart that Word can edit, with its caption above."""
        self.number["figure"] += 1
        caption = wording.text(
            "report.numbered.figure", self.language, n=self.number["figure"], caption=block.caption
        )
        self._look(self.paragraph("", caption), "caption")
        paragraph = self.document.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(8)
        size = (self.width, Cm(_CHART_HEIGHT[block.kind]))
        self.scratch.put(paragraph, block, size, name=caption)
