"""The researcher's Markdown and code, as they are folded into a page."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape

_DISPLAY = re.compile(r"\$\$(.+?)\$\$", re.S)
_INLINE = re.compile(r"(?<![\\$\w])\$(?=\S)([^$\n]+?)(?<=\S)\$(?![\w$])")
_CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.S)
# Private-use characters: no Markdown rule touches them.
_HOLD = "\ue000{}\ue001"


def to_html(source: str) -> str:
    """Return Markdown as HTML; formulas become MathML, headings become bold lines.

    Headings are demoted because the text is folded below a section that has its own.
    """
    from nbconvert.filters import markdown2html

    formulas: list[str] = []

    def hold(match: re.Match[str], display: str) -> str:
        formulas.append(mathml(match.group(1), display=display))
        return _HOLD.format(len(formulas) - 1)

    parts = _CODE.split(source)
    for index in range(0, len(parts), 2):
        parts[index] = _DISPLAY.sub(lambda m: hold(m, "block"), parts[index])
        parts[index] = _INLINE.sub(lambda m: hold(m, "inline"), parts[index])
    html = markdown2html("".join(parts))
    html = re.sub(r'<a class="anchor-link".*?</a>', "", html, flags=re.S)
    html = re.sub(r"<h[1-6][^>]*>(.*?)</h[1-6]>", r'<p class="md-h">\1</p>', html, flags=re.S)
    return re.sub("\ue000(\\d+)\ue001", lambda m: formulas[int(m.group(1))], html)


def mathml(latex: str, *, display: str) -> str:
    """Return a formula as MathML, with its LaTeX as the text for readers that know no MathML."""
    from latex2mathml.converter import convert

    markup = convert(latex.strip(), display=display)
    return markup.replace("<math ", f'<math aria-label="{escape(latex.strip())}" ', 1)


@lru_cache(maxsize=500)
def code(source: str) -> str:
    """Return Python code with its parts marked for colouring."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    marked = highlight(source, PythonLexer(), HtmlFormatter(nowrap=True))
    return f'<pre tabindex="0"><code>{marked}</code></pre>'
