"""A Matplotlib figure becomes part of a page: inline SVG, or PNG where that would be heavy."""

from __future__ import annotations

import base64
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis import wording
from analysis.memory import remembered
from analysis.present import people, tables, vectors
from analysis.present.fonts import complete_text
from analysis.results import Estimate
from analysis.settings import Language

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEAVY = 400_000
"""Bytes of SVG above which a figure becomes a PNG."""

MOST = 100
"""Rows of a figure that can be saved from the page; longer ones stand in the workbook."""

_NARROW = 4.4
"""Inches of a drawing for telephones, on which letters are as large as the text around."""
_OF_WINDOWS = frozenset({"backend", "backend_fallback", "interactive"})
"""Settings of Matplotlib on which no drawing depends that is made without a window."""


_ANCHOR, _ALT = "figure-0", "\ue000"
"""What a kept drawing says in the place of its anchor, and of what it is called."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure as it was drawn, for any place of any page.

    Attributes
    ----------
    wide : str
        Markup, with stand-ins for anchor and alternative text.
    narrow : str
        The same for telephones; empty where there is none.
    png : bytes
        The figure as PNG; empty where none was asked.
    """

    wide: str
    narrow: str = ""
    png: bytes = b""

    def placed(self, anchor: str, alt: str) -> str:
        """Return the markup of one place: every id in it starts with the anchor."""
        picture = self.wide
        if self.narrow:
            picture = f'<div class="wide">{picture}</div><div class="narrow">{self.narrow}</div>'
        return picture.replace(f"{_ANCHOR}-", f"{anchor}-").replace(_ALT, escape(alt))


def drawn(figure: Figure, *, narrow: bool = False, png: bool = False) -> Drawn:
    """Draw a figure and close it.

    Parameters
    ----------
    figure : Figure
        Finished figure.
    narrow : bool
        Whether it is drawn a second time, as wide as a telephone, with letters of the same size.
    png : bool
        Whether it is also wanted as PNG.

    Raises
    ------
    FontError
        If a character is in none of the fonts.
    """
    import matplotlib.pyplot as plt

    wide, picture = _once(figure, _ANCHOR, png=png)
    small = _narrow(figure) if narrow else ""
    plt.close(figure)
    return Drawn(wide, small, picture)


def embed(figure: Figure, *, anchor: str, alt: str, narrow: bool = False) -> str:
    """Return a figure's markup and close it; ``alt`` tells it to readers who cannot see it."""
    return drawn(figure, narrow=narrow).placed(anchor, alt)


def _narrow(figure: Figure) -> str:
    """Return a figure as it is drawn for telephones; empty where its labels leave no room."""
    figure.set_size_inches(_NARROW, figure.get_figheight())
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="constrained_layout not applied")
        try:
            return _once(figure, f"{_ANCHOR}-narrow")[0]
        except UserWarning:
            return ""


def _once(figure: Figure, anchor: str, *, png: bool = False) -> tuple[str, bytes]:
    """Return a figure as SVG, or as PNG where that would be heavy, and as PNG where asked."""
    with complete_text():
        svg, box = vectors.drawing(figure)
        svg = _inline(svg, anchor)
        heavy = len(svg) > HEAVY
        picture = vectors.png(figure, box) if heavy or png else b""
    if not heavy:
        return svg, picture
    data = base64.b64encode(picture).decode("ascii")
    return f'<img alt="{_ALT}" src="data:image/png;base64,{data}">', picture


def wrap(picture: str, *, caption: str, anchor: str, title: str = "", below: str = "") -> str:
    """Put a picture into ``<figure>``: the finding as its title, the measure as its subtitle.

    Wide ones scroll on small screens.
    """
    said = f'<b class="says">{escape(title)}</b> ' if title else ""
    return (
        f'<figure class="crm figure" id="{anchor}">'
        f'<figcaption id="{anchor}-caption">{said}<span>{escape(caption)}</span></figcaption>'
        f'<div class="scroll" role="region" tabindex="0" aria-labelledby="{anchor}-caption">'
        f"{picture}</div>{below}</figure>"
    )


def figure(
    draw: Callable[..., Figure],
    *data: Any,
    params: Mapping[str, Any],
    caption: str,
    alt: str,
    anchor: str,
    language: Language,
    title: str = "",
    narrow: bool = False,
    pictures: list[bytes] | None = None,
) -> str:
    """Draw a figure and return its markup, with a link that saves what it shows.

    Parameters
    ----------
    draw : Callable
        One of :mod:`analysis.present.plots`.
    *data
        What it shows. A frame or estimates given first can be saved; without rows the figure says
        so instead.
    params : Mapping
        Keywords of ``draw`` besides the language.
    caption, alt, anchor, language : str
        Finished caption and alternative text; unique id; language.
    title : str
        Finished sentence that states the finding.
    narrow : bool
        Whether it is drawn once more for telephones.
    pictures : list of bytes, optional
        Given, the figure is added to it as PNG.
    """
    shown = data[0] if data else None
    if hasattr(shown, "__len__") and len(shown) == 0:
        words = wording.text("report.empty_figure", language)
        return wrap(f'<p class="none">{escape(words)}</p>', caption=caption, anchor=anchor)
    params = {**params, "language": language}
    found = _drawn(draw, data, params, look=_look(), narrow=narrow, png=pictures is not None)
    if pictures is not None:
        pictures.append(found.png)
    below = _download(shown, anchor, language)
    picture = found.placed(anchor, alt)
    return wrap(picture, caption=caption, anchor=anchor, title=title, below=below)


@remembered
def _drawn(
    draw: Callable[..., Figure],
    data: Sequence[Any],
    params: Mapping[str, Any],
    *,
    look: str,
    narrow: bool,
    png: bool,
) -> Drawn:
    """Return a figure that looks as ``look`` tells, for whatever place it is shown at."""
    return drawn(draw(*data, **params), narrow=narrow, png=png)


def _look() -> str:
    """Return what Matplotlib's settings are now, which a notebook may change, and who is hidden.

    Where a window would open says nothing of the look, and differs between a notebook's kernel and
    the processes that draw ahead of it or after it.
    """
    from matplotlib import rcParams

    settings = [(name, rcParams[name]) for name in sorted(rcParams) if name not in _OF_WINDOWS]
    return f"{settings} {people.in_force()}"


def _inline(svg: str, anchor: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    # The style element would reach the whole page.
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", svg, flags=re.S)
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.S)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{anchor}-\1"', svg)
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{anchor}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{anchor}-\1)", svg)
    svg = vectors.compact(svg)
    opening = re.match(r"<svg[^>]*>", svg)
    box = re.search(r'viewBox="([^"]+)"', opening.group(0)).group(1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{box}" role="img" aria-label="{_ALT}" '
        f'style="stroke-linejoin:round;stroke-linecap:butt">'
        f"<title>{_ALT}</title>{svg[opening.end() :].strip()}"
    )


def _download(data: Any, anchor: str, language: Language) -> str:
    """Return the download of what a figure shows, as it was handed to it."""
    if isinstance(data, pd.DataFrame):
        header, rows = frame_rows(data)
    elif isinstance(data, Sequence) and data and all(isinstance(e, Estimate) for e in data):
        dims = list(dict.fromkeys(name for e in data for name in e.dims))
        header = ["id", *dims, "unit", "value", "ci_low", "ci_high", "level", "n"]
        rows = [
            [e.id, *(e.dims.get(d) for d in dims)] + [getattr(e, f) for f in header[-6:]]
            for e in data
        ]
    else:
        return ""
    if len(rows) > MOST:
        words = wording.text("report.figure_in_workbook", language, total=len(rows))
        return f'<p class="note">{escape(words)}</p>'
    words = wording.text("report.download_figure", language)
    cells = [[_cell(cell) for cell in row] for row in rows]
    return tables.download_link(header, cells, anchor, language, words=words)


def frame_rows(data: pd.DataFrame) -> tuple[list[str], list[list[Any]]]:
    """Return the header and rows of what a figure draws."""
    return list(map(str, data.columns)), data.to_numpy(dtype=object).tolist()


def _cell(value: Any) -> str:
    """Return a value for a file: six digits that count are more than any figure shows."""
    if pd.isna(value):
        return ""
    if isinstance(value, float):
        return repr(float(f"{value:.6g}")).removesuffix(".0")
    return str(value)
