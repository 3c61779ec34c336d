"""The used Chinese characters as a small font inside the page, for machines that have none."""

from __future__ import annotations

import base64
import io
import re
from functools import lru_cache
from html import unescape

from analysis.present.fonts import FACE


def characters(html: str) -> frozenset[str]:
    """Return the characters beyond Latin that a page shows as text."""
    html = re.sub(r"<(style|svg)\b.*?</\1>", "", html, flags=re.S)
    text = unescape(re.sub(r"<[^>]+>", "", html))
    return frozenset(c for c in text if ord(c) >= 0x2E80)


@lru_cache(maxsize=4)
def font_style(used: frozenset[str]) -> str:
    """Return a style element that embeds ``used`` as WOFF2; empty when there is nothing to embed.

    Parameters
    ----------
    used : frozenset of str
        Characters, as :func:`characters` finds them.
    """
    if not used:
        return ""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    font = TTFont(FACE, lazy=True)
    options = subset.Options(layout_features=[], hinting=False, notdef_outline=True)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=sorted(map(ord, used)))
    cutter.subset(font)
    font.flavor = "woff2"
    buffer = io.BytesIO()
    font.save(buffer)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return (
        '<style>@font-face{font-family:"Report SC";font-display:swap;'
        f'src:url("data:font/woff2;base64,{data}") format("woff2")}}</style>'
    )
