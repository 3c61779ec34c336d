"""The used Chinese characters as a small font inside the page, for machines that have none."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache, partial
from html import unescape
from types import SimpleNamespace
from typing import Any

from analysis.present.fonts import FACE

# Both families come first in the stack but claim Chinese characters only. As the last family of
# the stack the embedded font comes too late: Chromium never draws the first lines again.
_RANGE = "U+2E80-9FFF,U+F900-FAFF,U+FE30-FFEF,U+20000-2FFFF"
_UNUSED = (b"BASE", b"GPOS", b"GSUB", b"VORG", b"vhea", b"vmtx")
"""Tables of vertical text, and of layout that Chinese in one line does without."""
_QUALITY = 9
"""Of the packing. The slowest, fontTools' own, takes 25 times as long for 8 % fewer bytes."""
_NO_TEXT = re.compile(r"<(style|svg)\b[^<]*(?:<(?!/\1>)[^<]*)*</\1>")
_TAG = re.compile(r"<[^>]+>")
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
    text = unescape(_TAG.sub("", _NO_TEXT.sub("", html)))
    return frozenset(c for c in set(text) if ord(c) >= 0x2E80)


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
    from fontTools.ttLib import TTFont

    # The day of the cut would make every page differ from the same page made before.
    font = TTFont(io.BytesIO(_cut(used)), recalcTimestamp=False)
    font.flavor = "woff2"
    buffer = io.BytesIO()
    with _packed():
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


def _cut(used: frozenset[str]) -> bytes:
    """Return the packaged face with these characters only, without hints and layout features.

    Outlines that glyphs share are written out in each: few are shared among so few, and they pack
    better.
    """
    import uharfbuzz as hb

    wanted = hb.SubsetInput()
    wanted.sets(hb.SubsetInputSets.UNICODE).set(set(map(ord, used)))
    wanted.sets(hb.SubsetInputSets.DROP_TABLE_TAG).update(
        int.from_bytes(name, "big") for name in _UNUSED
    )
    wanted.flags = (
        hb.SubsetFlags.NO_HINTING | hb.SubsetFlags.NOTDEF_OUTLINE | hb.SubsetFlags.DESUBROUTINIZE
    )
    return hb.subset(_face(), wanted).blob.data


@contextmanager
def _packed() -> Iterator[None]:
    """Let fontTools pack at :data:`_QUALITY` within a block; it has no option for it."""
    from fontTools.ttLib import woff2

    whole = woff2.brotli
    packing = partial(whole.compress, quality=_QUALITY)
    woff2.brotli = SimpleNamespace(MODE_FONT=whole.MODE_FONT, compress=packing)
    try:
        yield
    finally:
        woff2.brotli = whole


@cache
def _face() -> Any:
    import uharfbuzz as hb

    return hb.Face(hb.Blob.from_file_path(str(FACE)))


def _sources(names: tuple[str, ...]) -> str:
    return ",".join(f'local("{name}")' for name in names)
