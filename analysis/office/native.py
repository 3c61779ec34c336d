"""Charts that PowerPoint, Word and WPS draw and edit themselves, with their numbers in a sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import quoteattr

from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml as parse_word
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import (
    XL_CHART_TYPE,
    XL_LEGEND_POSITION,
    XL_MARKER_STYLE,
    XL_TICK_LABEL_POSITION,
)
from pptx.opc.constants import CONTENT_TYPE
from pptx.oxml import parse_xml
from pptx.util import Pt

from analysis import wording
from analysis.office.charts import Chart, Series
from analysis.office.faces import EAST_ASIAN, LATIN
from analysis.present import theme
from analysis.settings import Language

_C = "http://schemas.openxmlformats.org/drawingml/2006/chart"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_WP = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
_A = "http://schemas.openxmlformats.org/drawingml/2006/main"
_GAP = 0.06
"""Share of the span of the numbers that an axis leaves free at both ends."""


def add(slide: Any, chart: Chart, box: Sequence[int], language: Language, size: float = 12) -> Any:
    """Draw a chart on a slide and return its frame.

    Parameters
    ----------
    slide : pptx.slide.Slide
        The slide.
    chart : Chart
        What it shows.
    box : Sequence of int
        Left, top, width and height.
    language : {"zh_CN", "en"}
        Of its words.
    size : float
        Points of its letters.
    """
    data = CategoryChartData(number_format=chart.number_format)
    data.categories = chart.categories
    for series in chart.series:
        data.add_series(series.name, series.points)
    top = _limits(chart)[1]
    if chart.starts:
        marks = tuple(
            top if place in chart.starts else None for place in range(len(chart.categories))
        )
        data.add_series(wording.text("report.series.training", language), marks)
    kinds = {"line": XL_CHART_TYPE.LINE_MARKERS, "bar": XL_CHART_TYPE.BAR_CLUSTERED}
    frame = slide.shapes.add_chart(kinds[chart.kind], *box, data)
    _style(frame.chart, chart, size)
    return frame


def _limits(chart: Chart) -> tuple[float, float]:
    """Return where the axis of values begins and ends, on whole steps."""
    low, high = chart.ends
    if chart.category_title or chart.kind == "bar":  # effects: zero belongs into the picture
        low, high = min(low, 0.0), max(high, 0.0)
    span = (high - low) or abs(high) or 1.0
    step = _step(span)
    first, last = low - _GAP * span, high + _GAP * span
    ends = math.floor(first / step) * step, math.ceil(last / step) * step
    if chart.span is None:
        return ends
    return max(ends[0], chart.span[0]), min(ends[1], chart.span[1])


def _step(span: float) -> float:
    power = 10.0 ** math.floor(math.log10(span / 4))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= span / 5)


def _style(drawn: Any, chart: Chart, size: float) -> None:

    drawn.font.size = Pt(size)
    drawn.font.name = LATIN
    for properties in drawn._chartSpace.iter(f"{{{_A}}}defRPr"):
        face(properties)
    drawn.has_title = False
    drawn.has_legend = True
    drawn.legend.position = XL_LEGEND_POSITION.TOP
    drawn.legend.include_in_layout = False
    low, high = _limits(chart)
    values, categories = drawn.value_axis, drawn.category_axis
    values.minimum_scale, values.maximum_scale = low, high
    values.major_unit = _step((high - low) / (1 + 2 * _GAP))
    values.major_gridlines.format.line.color.rgb = colour(theme.RULE)
    values.format.line.fill.background()
    values.tick_labels.number_format = _ticks(values.major_unit)
    values.tick_labels.number_format_is_linked = False
    categories.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    categories.format.line.color.rgb = colour(theme.MUTED)
    for axis, words in ((values, chart.value_title), (categories, chart.category_title)):
        if words:
            axis.has_title = True
            axis.axis_title.text_frame.text = words
            run = axis.axis_title.text_frame.paragraphs[0].runs[0]
            run.font.size, run.font.bold, run.font.name = Pt(size), False, LATIN
            face(run.font._element)
    if chart.kind == "bar":
        _bars(drawn, chart)
    else:
        _lines(drawn, chart, high - low)


def _ticks(step: float) -> str:
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    return "#,##0" + ("." + "0" * places if places else "")


def _bars(drawn: Any, chart: Chart) -> None:
    plot = drawn.plots[0]
    plot.overlap, plot.gap_width = 100, 60
    if chart.base is not None:
        # Where the bars begin: the axis of categories crosses that of values at the base.
        drawn.value_axis.crosses_at = chart.base
    for series, shown in zip(plot.series, chart.series, strict=True):
        series.format.fill.solid()
        series.format.fill.fore_color.rgb = colour(shown.style.colour)
        series.invert_if_negative = False


def _lines(drawn: Any, chart: Chart, height: float) -> None:

    every = -(-len(chart.categories) // 8)
    axis = drawn.category_axis._element
    for name in ("tickLblSkip", "tickMarkSkip"):
        _insert(axis, name, str(every), before=("noMultiLvlLbl", "extLst"))
    markers = {"o": XL_MARKER_STYLE.CIRCLE, "s": XL_MARKER_STYLE.SQUARE}
    for series, shown in zip(drawn.plots[0].series, chart.series, strict=False):
        ink = colour(shown.style.colour)
        series.smooth = False
        series.format.line.width = Pt(2)
        if shown.joined:
            series.format.line.color.rgb = ink
        else:
            series.format.line.fill.background()
        series.marker.style, series.marker.size = markers[shown.style.marker], 5
        series.marker.format.line.color.rgb = ink
        series.marker.format.fill.solid()
        series.marker.format.fill.fore_color.rgb = ink
        if shown.low:
            _intervals(series._element, shown)
    if chart.starts:
        marks = drawn.plots[0].series[len(chart.series)]
        marks.smooth = False
        marks.format.line.fill.background()
        marks.marker.style, marks.marker.size = XL_MARKER_STYLE.TRIANGLE, 6
        marks.marker.format.fill.solid()
        marks.marker.format.fill.fore_color.rgb = colour(theme.MUTED)
        marks.marker.format.line.color.rgb = colour(theme.MUTED)
        down = [height] * len(chart.categories)
        _error_bars(marks._element, [0.0] * len(down), down, theme.MUTED, dashed=True)


def _intervals(element: Any, shown: Series) -> None:
    ends = list(zip(shown.points, shown.low, shown.high, strict=True))
    up = [0.0 if v is None or h is None else max(h - v, 0.0) for v, _, h in ends]
    down = [0.0 if v is None or lo is None else max(v - lo, 0.0) for v, lo, _ in ends]
    _error_bars(element, up, down, shown.style.colour)


def _error_bars(
    element: Any, up: Sequence[float], down: Sequence[float], ink: str, *, dashed: bool = False
) -> None:
    """Give a series of a line chart the ends of its intervals."""

    def numbers(name: str, values: Sequence[float]) -> str:
        points = "".join(
            f'<c:pt idx="{place}"><c:v>{value:.6g}</c:v></c:pt>'
            for place, value in enumerate(values)
        )
        head = f'<c:formatCode>General</c:formatCode><c:ptCount val="{len(values)}"/>'
        return f"<c:{name}><c:numLit>{head}{points}</c:numLit></c:{name}>"

    dash = '<a:prstDash val="dash"/>' if dashed else ""
    alpha = "" if dashed else '<a:alpha val="55000"/>'
    bars = parse_xml(
        f'<c:errBars xmlns:c="{_C}" xmlns:a="{_A}"><c:errDir val="y"/><c:errBarType val="both"/>'
        f'<c:errValType val="cust"/><c:noEndCap val="1"/>{numbers("plus", up)}'
        f'{numbers("minus", down)}<c:spPr><a:ln w="12700"><a:solidFill><a:srgbClr '
        f'val="{ink.lstrip("#")}">{alpha}</a:srgbClr></a:solidFill>{dash}</a:ln></c:spPr>'
        "</c:errBars>"
    )
    place = next(child for child in element if child.tag in (f"{{{_C}}}cat", f"{{{_C}}}val"))
    place.addprevious(bars)


def _insert(parent: Any, name: str, value: str, *, before: Sequence[str]) -> None:

    for old in parent.findall(f"{{{_C}}}{name}"):
        parent.remove(old)
    child = parse_xml(f'<c:{name} xmlns:c="{_C}" val="{value}"/>')
    tags = {f"{{{_C}}}{tag}" for tag in before}
    place = next((element for element in parent if element.tag in tags), None)
    parent.append(child) if place is None else place.addprevious(child)


def face(properties: Any) -> None:
    """Give letters a Chinese face beside their Latin one."""
    for old in properties.findall(f"{{{_A}}}ea"):
        properties.remove(old)
    ea = parse_xml(f'<a:ea xmlns:a="{_A}" typeface="{EAST_ASIAN}"/>')
    latin = properties.find(f"{{{_A}}}latin")
    properties.append(ea) if latin is None else latin.addnext(ea)


def colour(code: str) -> Any:
    """Return a colour as python-pptx takes it."""
    return RGBColor.from_string(code.lstrip("#").upper())


class Scratch:
    """Makes charts for Word: drawn on a slide that is never saved, and carried over."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.count = 0

    def put(self, paragraph: Any, chart: Chart, size: Sequence[int], *, name: str) -> None:
        """Put a chart into a paragraph of a Word document, with the sheet of its numbers.

        Parameters
        ----------
        paragraph : docx.text.paragraph.Paragraph
            Gets the chart.
        chart : Chart
            What it shows.
        size : Sequence of int
            Width and height in EMU.
        name : str
            What it is, for readers who cannot see it.
        """
        scratch = Presentation()
        slide = scratch.slides.add_slide(scratch.slide_layouts[6])
        drawn = add(slide, chart, (0, 0, *size), self.language, size=9).chart.part
        self.count += 1
        package = paragraph.part.package
        sheet = Part(
            PackURI(f"/word/embeddings/chart{self.count}.xlsx"),
            CONTENT_TYPE.SML_SHEET,
            drawn.chart_workbook.xlsx_part.blob,
            package,
        )
        part = Part(
            PackURI(f"/word/charts/chart{self.count}.xml"),
            CONTENT_TYPE.DML_CHART,
            drawn.blob,
            package,
        )
        outside = drawn._element.find(f"{{{_C}}}externalData")
        part.load_rel(RELATIONSHIP_TYPE.PACKAGE, sheet, outside.get(f"{{{_R}}}id"))
        related = paragraph.part.relate_to(part, RELATIONSHIP_TYPE.CHART)
        paragraph.add_run()._r.append(
            parse_word(
                f'<w:drawing xmlns:w="{_W}" xmlns:wp="{_WP}" xmlns:a="{_A}" xmlns:c="{_C}" '
                f'xmlns:r="{_R}"><wp:inline distT="0" distB="0" distL="0" distR="0">'
                f'<wp:extent cx="{size[0]}" cy="{size[1]}"/><wp:docPr id="{1000 + self.count}" '
                f'name="Chart {self.count}" descr={quoteattr(name)}/><wp:cNvGraphicFramePr/>'
                f'<a:graphic><a:graphicData uri="{_C}"><c:chart r:id="{related}"/>'
                "</a:graphicData></a:graphic></wp:inline></w:drawing>"
            )
        )
