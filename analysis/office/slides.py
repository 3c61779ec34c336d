"""The slides as a PowerPoint file, in the client's template where there is one."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE, PP_ALIGN
from pptx.util import Inches, Pt

from analysis import wording
from analysis.office import native, template
from analysis.office.blocks import Picture, Table, Text
from analysis.office.charts import Chart
from analysis.office.contents import Cover
from analysis.office.deck import Slide
from analysis.office.faces import LATIN
from analysis.office.widths import lines_of, room_of, shares
from analysis.present import theme
from analysis.report.run import HTML_LANG
from analysis.settings import Language

_MARGIN = 0.5
"""Inches at the sides."""
_TITLE = (0.35, 1.25)
"""Top and height of a title."""
_BODY = (1.75, 5.05)
_FOOT = (6.95, 0.35)
_TITLE_SIZES = (26, 24, 22, 20, 18, 17)
_TEXT_SIZES = (16, 15, 14, 13, 12, 11)
_TABLE_SIZES = (14, 13, 12, 11, 10, 9.5)
_MOST_ROWS = 9
_ROOMY = 0.5
"""Inches of a row at most, where there is room."""
_BESIDE = 0.34
"""Share of the width that texts beside a chart take."""
_LOGO = Inches(0.7)
_POINTS = 72
_SPACED = 1.3
"""Distance of lines in parts of their letters' size."""
_BOLD = 0.92
"""Share of a line that is left, for bold letters are wider."""


def write(
    path: Path,
    cover: Cover,
    deck: Sequence[Slide],
    language: Language,
    own_template: Path | None = None,
) -> None:
    """Write the slides.

    Parameters
    ----------
    path : Path
        The file.
    cover : Cover
        The title slide.
    deck : Sequence of Slide
        What follows.
    language : {"zh_CN", "en"}
        Of its words.
    own_template : Path, optional
        The client's template: its masters, layouts and theme are kept, its slides are removed.
    """
    presentation = template.presentation(own_template)
    writer = _Writer(presentation, language, cover, plain=own_template is None)
    writer.title_slide()
    for slide in deck:
        writer.slide(slide)
    properties = presentation.core_properties
    properties.title, properties.subject = cover.title, cover.client
    properties.author = properties.last_modified_by = ""
    properties.language = HTML_LANG[language]
    presentation.save(str(path))


class _Writer:
    def __init__(self, presentation: Any, language: Language, cover: Cover, *, plain: bool):
        self.presentation = presentation
        self.language = language
        self.cover = cover
        self.plain = plain
        self.width = presentation.slide_width / 914400
        self.height = presentation.slide_height / 914400
        self.count = 0

    def title_slide(self) -> None:
        """Write the title slide."""
        slide = self._new(template.cover_layout(self.presentation))
        colour = self.cover.colour or theme.BLUE
        _words(slide.shapes.title, [(self.cover.title, True)], 36, colour)
        if self.cover.logo is not None:
            logo = slide.shapes.add_picture(io.BytesIO(self.cover.logo), Inches(0.9), Inches(0.7))
            logo.width, logo.height = logo.width * int(_LOGO) // logo.height, _LOGO
        lines = [self.cover.client, *self.cover.lines, self.cover.simulated]
        below = next((s for s in slide.placeholders if s.placeholder_format.idx == 1), None)
        if below is None:
            below = self._box(slide, self.height * 0.6, 1.8)
        if self.plain:
            _place(slide.shapes.title, (0.9, 2.2, self.width - 1.8, 1.2))
            _place(below, (0.9, 3.5, self.width - 1.8, 2.2))
        frame = below.text_frame
        for place, line in enumerate(filter(None, lines)):
            paragraph = frame.paragraphs[0] if place == 0 else frame.add_paragraph()
            colour = theme.ORANGE if line == self.cover.simulated else theme.MUTED
            _run(paragraph, line, 20 if place == 0 else 14, colour, bold=place == 0)
            paragraph.space_after, paragraph.alignment = Pt(4), PP_ALIGN.LEFT

    def slide(self, shown: Slide) -> None:
        """Write one slide: its sentence, then texts, chart or table."""
        slide = self._new(template.title_layout(self.presentation))
        self._title(slide, shown.title)
        top, height = self._scaled(_BODY)
        whole = self.width - 2 * _MARGIN
        if isinstance(shown.shown, Chart):
            beside = _BESIDE * whole if shown.texts else 0.0
            wide = whole - beside - (0.25 if beside else 0)
            self._chart(slide, shown.shown, (_MARGIN, top, wide, height))
            if shown.texts:
                self._texts(slide, shown.texts, (_MARGIN + wide + 0.25, top, beside, height))
        elif isinstance(shown.shown, Picture):
            wide = whole * (1 - _BESIDE if shown.texts else 1)
            self._picture(slide, shown.shown, (_MARGIN, top, wide, height))
            if shown.texts:
                beside = (_MARGIN + wide + 0.25, top, whole - wide - 0.25, height)
                self._texts(slide, shown.texts, beside)
        elif isinstance(shown.shown, Table):
            used = 0.0
            if shown.texts:
                used = self._texts(
                    slide, shown.texts, (_MARGIN, top, self.width - 2 * _MARGIN, 1.6)
                )
            box = (_MARGIN, top + used, self.width - 2 * _MARGIN, height - used)
            self._table(slide, shown.shown, box)
        else:
            self._texts(slide, shown.texts, (_MARGIN, top, whole, height))
        self._foot(slide)

    def _new(self, layout: Any) -> Any:
        self.count += 1
        slide = self.presentation.slides.add_slide(layout)
        template.only_title(slide)
        return slide

    def _scaled(self, place: tuple[float, float]) -> tuple[float, float]:
        """Return top and height on a slide that may be lower or higher than usual."""
        return place[0] * self.height / 7.5, place[1] * self.height / 7.5

    def _title(self, slide: Any, words: str) -> None:
        title = slide.shapes.title
        top, height = self._scaled(_TITLE)
        wide = self.width - 2 * _MARGIN
        _place(title, (_MARGIN, top, wide, height))
        size = _fitting(
            _TITLE_SIZES,
            lambda s: lines_of(words, wide * _BOLD, s) * s * _SPACED <= height * _POINTS,
        )
        colour = self.cover.colour or theme.BLUE
        _words(title, [(words, True)], size, colour if self.plain else None)

        title.text_frame.vertical_anchor = MSO_ANCHOR.MIDDLE

    def _box(self, slide: Any, top: float, height: float) -> Any:

        box = slide.shapes.add_textbox(
            Inches(_MARGIN), Inches(top), Inches(self.width - 2 * _MARGIN), Inches(height)
        )
        box.text_frame.word_wrap = True
        return box

    def _texts(self, slide: Any, texts: Sequence[Text], box: Sequence[float]) -> float:
        """Write paragraphs in the largest letters that fit, and return the height they take."""
        shape = slide.shapes.add_textbox(*(Inches(length) for length in box))
        frame = shape.text_frame
        frame.word_wrap = True
        wide = box[2] - 0.2

        def height(size: float) -> float:
            return sum(lines_of(str(t), wide, size) * size * 1.25 + 6 for t in texts) / _POINTS

        size = _fitting(_TEXT_SIZES, lambda s: height(s) <= box[3])
        for place, text in enumerate(texts):
            paragraph = frame.paragraphs[0] if place == 0 else frame.add_paragraph()
            paragraph.space_after = Pt(6)
            sign = "• " if text.kind in ("bullet", "number", "check") else ""
            small = text.kind in ("badges", "note", "more")
            for word, bold in ((sign, False), *text.words):
                if word:
                    colour = theme.BLUE if text.kind == "badges" else theme.INK
                    _run(paragraph, word, size - 1 if small else size, colour, bold=bold)
        return min(height(size) + 0.1, box[3])

    def _picture(self, slide: Any, picture: Picture, box: Sequence[float]) -> None:
        """Put a picture into a box, as large as fits."""
        left, top, wide, high = (int(Inches(length)) for length in box)
        shape = slide.shapes.add_picture(io.BytesIO(picture.content), left, top)
        shape.name = picture.caption
        factor = min(wide / shape.width, high / shape.height)
        shape.width, shape.height = int(shape.width * factor), int(shape.height * factor)

    def _chart(self, slide: Any, chart: Chart, box: Sequence[float]) -> None:

        caption = self._box(slide, box[1], 0.4)
        caption.width = Inches(box[2])
        _run(caption.text_frame.paragraphs[0], chart.caption, 11, theme.MUTED)
        taken = 0.22 * lines_of(chart.caption, box[2] - 0.2, 11) + 0.12
        native.add(
            slide,
            chart,
            [int(Inches(length)) for length in (box[0], box[1] + taken, box[2], box[3] - taken)],
            self.language,
        )

    def _table(self, slide: Any, table: Table, box: Sequence[float]) -> None:

        shown = table.only(_MOST_ROWS)
        rows = [shown.header, *shown.rows]
        room = box[3] - 0.75

        def wide(size: float) -> list[float]:
            return [box[2] * part for part in shares(rows, room_of(box[2], size))]

        def tall(size: float) -> list[float]:
            columns = wide(size)
            lines = (
                max(lines_of(cell, w - 0.16, size) for cell, w in zip(row, columns, strict=True))
                for row in rows
            )
            return [n * size * 1.22 / _POINTS + 0.1 for n in lines]

        size = _fitting(_TABLE_SIZES, lambda s: sum(tall(s)) <= room)
        while sum(tall(size)) > room and len(rows) > 2:
            rows.pop()
        caption = self._box(slide, box[1], 0.35)
        _run(caption.text_frame.paragraphs[0], table.caption, 12, theme.MUTED)
        spread = min(max(room / len(rows), 0), _ROOMY)
        heights = [max(height, spread) for height in tall(size)]
        if sum(heights) > room:
            heights = tall(size)
        frame = slide.shapes.add_table(
            len(rows), len(rows[0]), Inches(box[0]), Inches(box[1] + 0.4), Inches(box[2]),
            Inches(sum(heights)),
        )  # fmt: skip
        for column, width in zip(frame.table.columns, wide(size), strict=True):
            column.width = Inches(width)
        for place, row in enumerate(rows):
            frame.table.rows[place].height = Inches(heights[place])
            for number, words in enumerate(row):
                cell = frame.table.cell(place, number)
                self._cell(cell, words, size, place, shown.numeric[number])
        notes = list(table.notes)
        if len(table.rows) > len(rows) - 1:
            how = {"shown": len(rows) - 1, "total": len(table.rows)}
            notes.append(wording.text("office.rest", self.language, **how))
        if notes:
            below = self._box(slide, box[1] + 0.45 + sum(heights), 0.3)
            _run(below.text_frame.paragraphs[0], " ".join(notes), 10, theme.MUTED)

    def _cell(self, cell: Any, words: str, size: float, row: int, numeric: bool) -> None:

        cell.margin_left = cell.margin_right = Inches(0.08)
        cell.margin_top = cell.margin_bottom = Inches(0.04)
        cell.vertical_anchor = MSO_ANCHOR.MIDDLE
        paragraph = cell.text_frame.paragraphs[0]
        head = row == 0
        _run(paragraph, words, size, "#ffffff" if head else theme.INK, bold=head)
        if numeric:
            paragraph.alignment = PP_ALIGN.RIGHT
        if self.plain:
            cell.fill.solid()
            fill = theme.BLUE if head else "#f4f7fa" if row % 2 == 0 else "#ffffff"
            cell.fill.fore_color.rgb = native.colour(fill)

    def _foot(self, slide: Any) -> None:

        top, height = self._scaled(_FOOT)
        parts = (self.cover.client, self.cover.label, *self.cover.lines[:1])
        foot = self._box(slide, top, height)
        foot.width = Inches(self.width - 2 * _MARGIN - 0.8)
        _run(foot.text_frame.paragraphs[0], " · ".join(filter(None, parts)), 10, theme.MUTED)
        number = self._box(slide, top, height)
        number.left, number.width = Inches(self.width - _MARGIN - 0.8), Inches(0.8)
        _run(number.text_frame.paragraphs[0], str(self.count), 10, theme.MUTED)
        number.text_frame.paragraphs[0].alignment = PP_ALIGN.RIGHT


def _fitting(sizes: Sequence[float], fits: Any) -> float:
    return next((size for size in sizes if fits(size)), sizes[-1])


def _place(shape: Any, box: Sequence[float]) -> None:

    shape.left, shape.top, shape.width, shape.height = (Inches(length) for length in box)


def _words(shape: Any, words: Sequence[tuple[str, bool]], size: float, colour: str | None) -> None:

    frame = shape.text_frame
    frame.word_wrap = True
    frame.auto_size = MSO_AUTO_SIZE.NONE
    paragraph = frame.paragraphs[0]
    paragraph.alignment = PP_ALIGN.LEFT
    for word, bold in words:
        _run(paragraph, word, size, colour, bold=bold)


def _run(
    paragraph: Any, words: str, size: float, colour: str | None, *, bold: bool = False
) -> None:

    run = paragraph.add_run()
    run.text = words
    run.font.size, run.font.bold, run.font.name = Pt(size), bold, LATIN
    if colour is not None:
        run.font.color.rgb = native.colour(colour)
    native.face(run.font._element)
