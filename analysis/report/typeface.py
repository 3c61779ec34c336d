"""The used Chinese characters as a small font inside the page, for machines that have none."""

from __future__ import annotations

import base64
import io
import re
from functools import lru_cache
from html import unescape

from analysis.present.fonts import FACE

# Both families come first in the stack but claim Chinese characters only. As the last family of
# the stack the embedded font comes too late: Chromium never draws the first lines again.
_RANGE = "U+2E80-9FFF,U+F900-FAFF,U+FE30-FFEF,U+20000-2FFFF"
_LOCAL = {
    "400": (
        "PingFangSC-Regular",
        "Microsoft YaHei",
        "Noto Sans CJK SC",
        "NotoSansCJKsc-Regular",
        "Source Han Sans SC",
        "Noto Sans SC",
        "HiraginoSansGB-W3",
    ),
    "700": (
        "PingFangSC-Semibold",
        "Microsoft YaHei Bold",
        "Noto Sans CJK SC Bold",
        "NotoSansCJKsc-Bold",
        "Source Han Sans SC Bold",
        "Noto Sans SC Bold",
        "HiraginoSansGB-W6",
    ),
}


def characters(html: str) -> frozenset[str]:
    """Return the characters beyond Latin that a page shows as text."""
    html = re.sub(r"<(style|svg)\b.*?</\1>", "", html, flags=re.S)
    text = unescape(re.sub(r"<[^>]+>", "", html))
    return frozenset(c for c in text if ord(c) >= 0x2E80)


@lru_cache(maxsize=16)
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

    # The day of the cut would make every page differ from the same page made before.
    font = TTFont(FACE, lazy=True, recalcTimestamp=False)
    options = subset.Options(layout_features=[], hinting=False, notdef_outline=True)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=sorted(map(ord, used)))
    cutter.subset(font)
    font.flavor = "woff2"
    buffer = io.BytesIO()
    font.save(buffer)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return (
        "<style>"
        + "".join(
            f'@font-face{{font-family:"Local SC";font-weight:{weight};unicode-range:{_RANGE};'
            f"src:{_sources(names)}}}"
            for weight, names in _LOCAL.items()
        )
        + f'@font-face{{font-family:"Report SC";font-display:block;unicode-range:{_RANGE};'
        f'src:url("data:font/woff2;base64,{data}") format("woff2")}}</style>'
    )


def _sources(names: tuple[str, ...]) -> str:
    return ",".join(f'local("{name}")' for name in names)
