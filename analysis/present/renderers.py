"""How Matplotlib draws a figure here: laid out once, its words measured once, cut to what is on it.

Matplotlib measures words anew for each layout and each drawing, and reads the tables of a face for
each of their lines. What words measure depends on them and their face alone, so it is kept.
"""

from __future__ import annotations

import cmath
import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backend_bases import GraphicsContextBase
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, fontManager, get_font
from matplotlib.path import Path, get_path_collection_extents
from matplotlib.textpath import TextToPath
from matplotlib.transforms import Bbox, BboxBase, Transform

DOTS = 72
"""A point of SVG is one of 72 to the inch; words are measured in points."""

_PACKED = 3
"""How hard a PNG is packed: in half of the usual time, an eighth larger."""


class _Words(TextToPath):
    """Words as outlines; the files of a face are looked up once."""

    def _get_font(self, prop: FontProperties) -> Any:
        font = get_font(_files(prop.copy()))
        font.set_size(self.FONT_SCALE, self.DPI)
        return font


_WORDS = _Words()


@cache
def _files(face: FontProperties) -> Any:
    return fontManager._find_fonts_by_props(face)


@cache
def _measured(words: str, face: FontProperties, ismath: Any) -> tuple[float, float, float]:
    """Return width, height and descent of words in points."""
    return _WORDS.get_text_width_height_descent(words, face, ismath)


@cache
def _line(face: FontProperties) -> tuple[float, float, float] | None:
    """Return ascent, descent and gap of the lines of a face in points, where its file says them."""
    font = get_font(_files(face))
    head, table = font.get_sfnt_table("head"), font.get_sfnt_table("OS/2")
    if head is None or table is None:
        return None
    unit = face.get_size_in_points() / head["unitsPerEm"]
    return (
        unit * table["sTypoAscender"],
        -unit * table["sTypoDescender"],
        unit * table["sTypoLineGap"],
    )


class _Measuring:
    """What both renderers know of words."""

    dpi: float = DOTS

    def get_text_width_height_descent(
        self, s: str, prop: FontProperties, ismath: Any
    ) -> tuple[float, ...]:
        """Return the size of words in dots."""
        return tuple(side * self.dpi / DOTS for side in _measured(s, prop.copy(), ismath))

    def _get_font_height_metrics(self, prop: FontProperties) -> tuple[float | None, ...]:
        line = _line(prop.copy())
        if line is None:
            return None, None, None  # Matplotlib goes on to look elsewhere
        return tuple(side * self.dpi / DOTS for side in line)


class _Raster(_Measuring, RendererAgg):
    """Pixels."""


class _Canvas(FigureCanvasAgg):
    """Lays out and saves a figure by the renderer above."""

    _key: tuple[float, ...] = ()
    _renderer: _Raster

    def get_renderer(self) -> RendererAgg:
        """Return the renderer of the figure's present size and resolution."""
        key = *self.get_width_height(physical=True), self.figure.dpi
        if self._key != key:
            self._renderer, self._key = _Raster(*key), key
        return self._renderer


class _Drawing(_Measuring, RendererSVG):
    """SVG that knows how far it reaches."""

    def __init__(self, width: float, height: float, writer: io.StringIO) -> None:
        super().__init__(width, height, writer, image_dpi=DOTS, metadata={"Date": None})
        self._text2path = _WORDS
        self.reached: list[np.ndarray] = []

    def draw_text(
        self,
        gc: GraphicsContextBase,
        x: float,
        y: float,
        s: str,
        prop: FontProperties,
        angle: float,
        ismath: Any = False,
        mtext: Any = None,
    ) -> None:
        """Draw words."""
        if not _clipped(gc):
            width, height, descent = _measured(s, prop.copy(), ismath)
            turned = cmath.rect(1, math.radians(angle))
            corners = complex(x, self.height - y) + turned * np.array(
                [complex(a, b) for a in (0, width) for b in (-descent, height - descent)]
            )
            box = corners.real.min(), corners.imag.min(), corners.real.max(), corners.imag.max()
            self.reached.append(np.array(box))
        super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)

    def draw_path(
        self,
        gc: GraphicsContextBase,
        path: Path,
        transform: Transform,
        rgbFace: Any = None,  # noqa: N803
    ) -> None:
        """Draw lines, or fill what they enclose."""
        if not _clipped(gc):
            self.reached.append(np.asarray(path.get_extents(transform).extents))
        super().draw_path(gc, path, transform, rgbFace)

    def draw_markers(
        self,
        gc: GraphicsContextBase,
        marker_path: Path,
        marker_trans: Transform,
        path: Path,
        trans: Transform,
        rgbFace: Any = None,  # noqa: N803
    ) -> None:
        """Draw a mark at every point of a path."""
        if not _clipped(gc):
            size = marker_path.get_extents(marker_trans).extents
            self.reached.append(np.add(path.get_extents(trans).extents, size))
        super().draw_markers(gc, marker_path, marker_trans, path, trans, rgbFace)

    def draw_path_collection(
        self,
        gc: GraphicsContextBase,
        master_transform: Any,
        paths: Any,
        all_transforms: Any,
        offsets: Any,
        offset_trans: Transform,
        *looks: Any,
        **more: Any,
    ) -> None:
        """Draw many lines or marks of one kind."""
        given: tuple[Any, ...] = master_transform, paths, all_transforms, offsets, offset_trans
        if len(paths) and not _clipped(gc):
            self.reached.append(np.asarray(get_path_collection_extents(*given).extents))
        super().draw_path_collection(gc, *given, *looks, **more)


def _clipped(gc: GraphicsContextBase) -> bool:
    return gc.get_clip_rectangle() is not None or gc.get_clip_path()[0] is not None


def svg_of(figure: Figure) -> tuple[str, BboxBase]:
    """Lay out and draw a figure, and return its SVG and the part of it that is drawn on, in points.

    Parameters
    ----------
    figure : Figure
        Finished figure; its resolution becomes that of SVG, 72 dots an inch.
    """
    figure.set_dpi(DOTS)
    _Canvas(figure)
    for axes in figure.axes:
        _ease(axes)
    if (engine := figure.get_layout_engine()) is not None:
        engine.execute(figure)
    writer = io.StringIO()
    width, height = (side * DOTS for side in figure.get_size_inches())
    renderer = _Drawing(width, height, writer)
    with _laid_out(figure):
        figure.draw(renderer)
    renderer.finalize()
    # The first path is the paper the figure is drawn on.
    places = [axes.get_window_extent().extents for axes in figure.axes if axes.get_visible()]
    reached = np.reshape([*renderer.reached[1:], *places], (-1, 4))
    reached = reached[np.isfinite(reached).all(axis=1)]
    if not len(reached):
        return writer.getvalue(), figure.bbox
    corners = reached[:, :2].min(axis=0), reached[:, 2:].max(axis=0)
    return writer.getvalue(), Bbox(corners)


def png_of(figure: Figure, box: BboxBase, dpi: int) -> bytes:
    """Return a part of a figure that was drawn as SVG, given in points, as PNG."""
    buffer = io.BytesIO()
    inches = Bbox(box.get_points() / DOTS)
    with _laid_out(figure):
        figure.savefig(
            buffer,
            format="png",
            dpi=dpi,
            bbox_inches=inches,
            pil_kwargs={"compress_level": _PACKED},
        )
    return buffer.getvalue()


@contextmanager
def _laid_out(figure: Figure) -> Iterator[None]:
    """Draw a figure as it was laid out: what draws it would do so again."""
    engine = figure.get_layout_engine()
    with rc_context({"figure.constrained_layout.use": False, "figure.autolayout": False}):
        figure.set_layout_engine(None)
    try:
        yield
    finally:
        if engine is not None:
            figure.set_layout_engine(engine)


def _ease(axes: Axes) -> None:
    """Spare the layout what takes no room: labels without words, spines behind labels of ticks."""
    for axis, spine, labelled in (
        (axes.xaxis, "bottom", "labelbottom"),
        (axes.yaxis, "left", "labelleft"),
    ):
        if not axis.get_label_text():
            axis.set_label_coords(0, 0)
        if spine in axes.spines and axis.get_tick_params().get(labelled):
            axes.spines[spine].set_in_layout(False)
