"""A Matplotlib figure becomes part of a page: inline SVG, or PNG where that would be heavy."""

from __future__ import annotations

import base64
import io
import re
from html import escape
from typing import TYPE_CHECKING

from analysis.present.fonts import complete_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEAVY = 400_000
"""Bytes of SVG above which a figure becomes a PNG."""

_DPI = 160


def embed(figure: Figure, *, anchor: str, alt: str) -> str:
    """Return a figure's markup and close it.

    Parameters
    ----------
    figure : Figure
        Finished figure.
    anchor : str
        Unique id; every id inside the SVG starts with it.
    alt : str
        What a reader who cannot see it is told.

    Raises
    ------
    FontError
        If a character is in none of the fonts.
    """
    import matplotlib.pyplot as plt

    buffer = io.StringIO()
    with complete_text():
        figure.savefig(buffer, format="svg", metadata={"Date": None}, bbox_inches="tight")
    svg = _inline(buffer.getvalue(), anchor, alt)
    if len(svg) > HEAVY:
        svg = _png(figure, alt)
    plt.close(figure)
    return svg


def wrap(picture: str, *, caption: str, anchor: str, below: str = "") -> str:
    """Put a picture into ``<figure>`` with its caption; wide ones scroll on small screens."""
    return (
        f'<figure class="crm figure" id="{anchor}"><div class="scroll" role="region" tabindex="0" '
        f'aria-labelledby="{anchor}-caption">{picture}</div>'
        f'<figcaption id="{anchor}-caption">{escape(caption)}</figcaption>{below}</figure>'
    )


def _inline(svg: str, anchor: str, alt: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    # The style element would reach the whole page.
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", svg, flags=re.S)
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.S)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{anchor}-\1"', svg)
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{anchor}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{anchor}-\1)", svg)
    opening = re.match(r"<svg[^>]*>", svg)
    box = re.search(r'viewBox="([^"]+)"', opening.group(0)).group(1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{box}" role="img" aria-label="{escape(alt)}" '
        f'style="stroke-linejoin:round;stroke-linecap:butt">'
        f"<title>{escape(alt)}</title>{svg[opening.end() :].strip()}"
    )


def _png(figure: Figure, alt: str) -> str:
    buffer = io.BytesIO()
    with complete_text():
        figure.savefig(buffer, format="png", dpi=_DPI, bbox_inches="tight")
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'<img alt="{escape(alt)}" src="data:image/png;base64,{data}">'
