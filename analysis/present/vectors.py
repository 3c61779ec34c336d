"""SVG as Matplotlib writes it, in a third of the bytes: a page must fit into an e-mail.

Paths are written with relative coordinates, and the glyphs and marks that the figures of a page
have in common stand once, at its beginning, as do the styles that many of their lines have.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from analysis.present import notebooks

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.transforms import BboxBase

_PATH = re.compile(r'<path(?: id="(?P<id>[^"]+)")? d="(?P<d>[^"]+)"')
_VIEW_BOX = re.compile(r'viewBox="[^"]*"')
_PAPER = re.compile(r'(<path d=")[^"]*')
_MARGIN = 0.1
"""Inches around what is drawn."""
_STEP = re.compile(r"([MLQCz])([^MLQCz]*)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_GROUP = re.compile(r'<g id="[^"]*"')
_BETWEEN = re.compile(r">\s+<")
_OWNER = r"[a-z]+-\d+(?:-narrow)?"
_SHARED = re.compile(
    rf'<path id="(?P<id>{_OWNER}-(?P<what>(?:NotoSans|DejaVu)[^"]+|m[0-9a-f]{{10}}))"[^>]*/>'
)
"""Glyphs, and marks: Matplotlib names both by what they look like."""
_CLIP = re.compile(rf'<clipPath id="({_OWNER}-p[0-9a-f]{{10}})"')
_MOVED = re.compile(r'transform="translate\((-?[\d.]+) (-?[\d.]+)\)"/>')
_ALIKE = re.compile(r'<g>((?:<use [^>]* style="[^"]*"/>)+)</g>')
_AWAY = re.compile(r"translate\((-?\d+(?:\.\d{1,2})?)\d* (-?\d+(?:\.\d{1,2})?)\d*\)")
_STYLE = re.compile(r' style="([^"]*)"')
_PLACED = re.compile(r'(?<= [xy]=")(-?\d+(?:\.\d{1,2})?)\d*')
_DRAWING = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
_OFTEN = 3
"""Elements of a page that have a style, for it to stand once."""
_EMPTY = re.compile(r"<defs>\s*</defs>")
_PLACES = {"line": 1, "mark": 2, "glyph": 0}
"""Decimals kept: a tenth of a point is finer than a screen; marks are small."""
_LARGE = 8
"""Glyphs are drawn on a square of some 6,400 units; one of 800 looks the same."""


def drawing(figure: Figure) -> tuple[str, BboxBase]:
    """Draw a figure once, and return its SVG, cut to what is on it, and where that is in points.

    ``savefig(bbox_inches="tight")`` draws twice, for it has to know the size before it writes;
    here the size is the view box, written when all is drawn.

    Parameters
    ----------
    figure : Figure
        Finished figure; its resolution becomes that of SVG, 72 dots an inch.
    """
    from analysis.present.renderers import DOTS, svg_of

    svg, reached = svg_of(figure)
    cut = reached.padded(_MARGIN * DOTS)
    height = figure.get_figheight() * DOTS
    left, right = cut.x0, cut.x1
    top, bottom = height - cut.y1, height - cut.y0
    box = f'viewBox="{left:.1f} {top:.1f} {right - left:.1f} {bottom - top:.1f}"'
    corners = ((left, bottom), (right, bottom), (right, top), (left, top))
    paper = " L ".join(f"{x:.1f} {y:.1f}" for x, y in corners)
    svg = _VIEW_BOX.sub(box, svg, count=1)
    # The first path is the paper the figure is drawn on.
    return _PAPER.sub(rf"\g<1>M {paper} z", svg, count=1), cut


def png(figure: Figure, box: BboxBase) -> bytes:
    """Return the part of a figure that was drawn on as PNG, as it was laid out.

    Parameters
    ----------
    figure, box
        What was drawn, and where, as :func:`drawing` says it.
    """
    from analysis.present.renderers import png_of

    return png_of(figure, box, notebooks.DPI)


def compact(svg: str) -> str:
    """Return the same drawing with relative paths and without what nothing refers to."""
    svg = _GROUP.sub("<g", _BETWEEN.sub("><", svg))
    svg = _PLACED.sub(r"\1", _PATH.sub(_shorter, svg))
    svg = _AWAY.sub(r"translate(\1 \2)", svg)
    svg = svg.replace("scale(0.015625)", f"scale({_LARGE / 64})")
    svg = _ALIKE.sub(_style_once, _MOVED.sub(_placed, svg.replace("xlink:href", "href")))
    return _STYLE.sub(lambda found: re.sub(r"([:;]) ", r"\1", found[0]), _ungrouped(svg))


def _ungrouped(svg: str) -> str:
    """Leave out groups that say nothing of what is in them."""
    bare: list[bool] = []

    def tag(found: re.Match[str]) -> str:
        if found[0].endswith("/>"):
            return ""  # nothing is in it
        if found[0] != "</g>":
            bare.append(found[0] == "<g>")
            return "" if bare[-1] else found[0]
        return "" if bare.pop() else "</g>"

    return re.sub(r"<g\b[^>]*>|</g>", tag, svg)


def _placed(found: re.Match[str]) -> str:
    """Write where a glyph stands as its place, which is shorter than a transformation."""
    x, y = (f"{float(value):.0f}" for value in found.groups())
    return f'x="{x}"/>' if y in ("0", "-0") else f'x="{x}" y="{y}"/>'


def _style_once(found: re.Match[str]) -> str:
    """Write the style that all marks of a group share once, at the group."""
    styles = set(_STYLE.findall(found[1]))
    if len(styles) > 1:
        return found[0]
    return f'<g style="{styles.pop()}">{_STYLE.sub("", found[1])}</g>'


def shared(html: str) -> str:
    """Return a page on which what figures have in common stands once, in front of them all.

    That is each glyph and mark, and each style of at least three elements.
    """
    names: dict[str, str] = {}
    short: dict[str, str] = {}
    own: dict[str, str] = {}

    def take(found: re.Match[str]) -> str:
        name = short[found["id"]] = names.setdefault(found["what"], f"g{len(names)}")
        own.setdefault(name, found[0].replace(found["id"], name))
        return ""

    if "<defs>" not in html and "<path id=" not in html and "<clipPath" not in html:
        return html
    html = _EMPTY.sub("", _SHARED.sub(take, html))
    short |= {clip: f"c{n}" for n, clip in enumerate(_CLIP.findall(html))}
    for pattern in (r'( href="#)([^"]+)', r"(url\(#)([^)]+)", r'(<clipPath id=")([^"]+)'):
        html = re.sub(pattern, lambda found: found[1] + short.get(found[2], found[2]), html)
    if not own:
        return html
    html, styles = _classed(html)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" class="glyphs" width="0" height="0" '
        f'aria-hidden="true"><defs>{styles}{"".join(own.values())}</defs></svg>{html}'
    )


def _classed(html: str) -> tuple[str, str]:
    """Return a page whose drawings name frequent styles by class, and the styles of the classes."""
    drawings = _DRAWING.findall(html)
    often = Counter(style for drawing in drawings for style in _STYLE.findall(drawing))
    names = {style: f"d{n}" for n, (style, many) in enumerate(often.items()) if many >= _OFTEN}

    def named(found: re.Match[str]) -> str:
        name = names.get(found[1])
        return found[0] if name is None else f' class="{name}"'

    html = _DRAWING.sub(lambda drawing: _STYLE.sub(named, drawing[0]), html)
    rules = "".join(f".{name}{{{style}}}" for style, name in names.items())
    return html, f"<style>{rules}</style>" if rules else ""


def _shorter(found: re.Match[str]) -> str:
    name = found["id"]
    kind = "line" if name is None else "mark" if re.search(r"-m[0-9a-f]{6,}$", name) else "glyph"
    head = "<path" if name is None else f'<path id="{name}"'
    shrunk = _LARGE if kind == "glyph" else 1
    return f'{head} d="{_relative(found["d"], _PLACES[kind], shrunk)}"'


@lru_cache(maxsize=4096)
def _relative(path: str, places: int, shrunk: int) -> str:
    """Return a path of absolute steps as relative ones; rounding does not add up along it.

    Steps that go on in the same horizontal direction are one.
    """
    at = start = (0, 0)
    steps: list[tuple[str, list[int]]] = []
    for letter, rest in _STEP.findall(path):
        if letter == "z":
            at = start
            steps.append(("z", []))
            continue
        values = [round(float(value) * 10**places / shrunk) for value in _NUMBER.findall(rest)]
        pairs = list(zip(values[::2], values[1::2], strict=True))
        step = [v - o for pair in pairs for v, o in zip(pair, at, strict=True)]
        before, last = steps[-1] if steps else ("", [])
        if before == letter == "L" and step[1] == last[1] == 0 and step[0] * last[0] >= 0:
            last[0] += step[0]
        else:
            steps.append((letter, step))
        at = pairs[-1]
        start = at if letter == "M" else start
    before, written = "", ""
    for letter, step in steps:
        words = " ".join(_written(value, places) for value in step).replace(" -", "-")
        again = letter == before and letter not in "Mz"
        written += (words if words[0] == "-" else f" {words}") if again else letter.lower() + words
        before = letter
    return written


def _written(value: int, places: int) -> str:
    if not places:
        return str(value)
    words = f"{value / 10**places:.{places}f}".rstrip("0").rstrip(".")
    return words.replace("0.", ".", 1) if words.lstrip("-").startswith("0.") else words
