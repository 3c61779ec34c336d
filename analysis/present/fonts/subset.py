"""Make the packaged subset of Noto Sans SC from the full face (run by hand; see README.md)."""

from __future__ import annotations

import argparse
from pathlib import Path

from fontTools import subset

_ADDED = "‡†−–—‑‘’“”…•·×÷±≤≥≠≈√∑∞∂∫→←↑↓↗↘▲▼●○■□◆◇★☆✓✗Α"


def repertoire() -> list[int]:
    """Return the code points of GBK, printable Latin and the signs our reports use."""
    points = set(range(0x20, 0x7F)) | set(range(0xA0, 0x250)) | set(map(ord, _ADDED))
    for high in range(0x81, 0xFF):
        for low in range(0x40, 0xFF):
            try:
                points.add(ord(bytes((high, low)).decode("gbk")))
            except (UnicodeDecodeError, TypeError):
                continue
    return sorted(points)


def main() -> None:
    """Subset the face named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("face", type=Path, help="NotoSansSC-Regular.otf")
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    options = subset.Options(
        layout_features=["kern", "mark", "mkmk"],
        hinting=False,
        desubroutinize=False,
        name_IDs=["*"],
        notdef_outline=True,
        glyph_names=False,
    )
    font = subset.load_font(str(arguments.face), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=repertoire())
    subsetter.subset(font)
    subset.save_font(font, str(arguments.target), options)


if __name__ == "__main__":
    main()
