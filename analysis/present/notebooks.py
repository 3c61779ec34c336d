"""How a notebook is given what a page will show: in forms that every program can display.

A page takes both languages from :data:`MIME`. JupyterLab, VS Code, GitHub and nbconvert take the
rest: HTML with its style once per cell, figures as PNG, since drawings within HTML are taken off
in notebooks that are not trusted, and plain text for whatever shows neither.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any

from lxml import html as parser

MIME = "application/vnd.crmeval+json"
DPI, SCREEN = 160, 96
"""Dots per inch of pictures, and of a screen that shows text at its usual size."""
BESIDE = "beside"
"""Role of what a notebook shows below a figure; a page has it with the figure."""

_UNSEEN = {"style", "svg", "script"}
_LINES = {"p", "h1", "h2", "h3", "li", "dt", "dd", "figcaption", "caption", "summary", "tr"}
_SPACE = re.compile(r"\s+")
_TERM = re.compile(r"<(dt|dd)(?=[ >])")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_styled: list[int] = []
"""Execution count of the cell whose outputs have their style."""


def show(bundle: dict[str, Any], style: str) -> None:
    """Display one output of a page in the notebook that is running.

    Parameters
    ----------
    bundle : dict
        HTML in the notebook's language, both languages under :data:`MIME`, and the bytes of a PNG
        where it is a figure.
    style : str
        Style sheet; goes with the first output of each cell.
    """
    from IPython import get_ipython
    from IPython.display import display

    shell = get_ipython()
    count = 0 if shell is None else shell.execution_count
    for output, told in displayed(bundle, None if _styled == [count] else style):
        if "text/html" in output:
            _styled[:] = [count]
        display(output, raw=True, metadata=told)


def displayed(
    bundle: dict[str, Any], style: str | None
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield data and metadata of each output of a bundle, as the notebook stores it.

    Parameters
    ----------
    bundle : dict
        As of :func:`show`.
    style : str or None
        Style sheet, where the cell has shown no HTML yet.
    """
    for output in outputs(bundle):
        if "text/html" in output:
            output["text/html"] = one_below_the_other(output["text/html"])
            if style is not None:
                output["text/html"] = f"<style>{one_line(style)}</style>{output['text/html']}"
                style = None
        picture = bundle.get("image/png") if "image/png" in output else None
        yield output, {} if picture is None else {"image/png": {"width": shown_width(picture)}}


def one_below_the_other(html: str) -> str:
    """Return HTML whose terms and values do not float, as JupyterLab lets them without the style.

    In a notebook that is not trusted the style is taken off, and values stood beside other terms.
    """
    return _TERM.sub(r'<\1 style="float:none;width:auto"', html)


def one_line(style: str) -> str:
    """Return a style sheet as one line, over which a reader of exported Markdown can skip."""
    return " ".join(_COMMENT.sub("", style).split())


def shown_width(picture: bytes) -> int:
    """Return how many pixels wide a PNG is shown, its letters as large as the text around."""
    return int.from_bytes(picture[16:20], "big") * SCREEN // DPI


def in_a_kernel() -> bool:
    """Whether a notebook is running that shows pictures."""
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")


def outputs(bundle: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the outputs of a bundle; a figure is a picture with its caption and download below."""
    html, picture = bundle["text/html"], bundle.get("image/png")
    if picture is None:
        yield {**bundle, "text/plain": plain(html)}
        return
    content = base64.b64encode(picture).decode("ascii")
    yield {"image/png": content, "text/plain": plain(html), MIME: bundle[MIME]}
    below = {language: _below(bundle[MIME][language]) for language in ("zh_CN", "en")}
    told = _below(html)
    yield {"text/html": told, "text/plain": plain(told), MIME: {**below, "role": BESIDE}}


def plain(html: str) -> str:
    """Return HTML as text: a line per paragraph, term or row, cells apart by bars."""
    root = parser.fragment_fromstring(html, create_parent="div")
    for element in list(root.iter(*_UNSEEN)):
        element.drop_tree()
    for element in root.iter("td", "th"):
        if element.getnext() is not None:
            element.tail = " | "
    for element in root.iter(*_LINES):
        element.tail = "\n" + (element.tail or "")
    lines = (_SPACE.sub(" ", line).strip() for line in root.text_content().split("\n"))
    return "\n".join(line for line in lines if line)


def _below(html: str) -> str:
    """Return a figure without its drawing, and without the fold around it."""
    figure = next(parser.fragment_fromstring(html, create_parent="div").iter("figure"))
    for drawn in list(figure.find_class("scroll")):
        drawn.drop_tree()
    return parser.tostring(figure, encoding="unicode", with_tail=False)
