"""What a reader sees of a written page."""

from __future__ import annotations

import re
from pathlib import Path

import html5lib

HTML = "{http://www.w3.org/1999/xhtml}"
UNSEEN = {f"{HTML}{tag}" for tag in ("script", "style", "head", "code", "pre")}
ACCIDENTS = re.compile(
    r"(?<![\w.])(?:nan|NaN|None(?! of )|NaT|inf|null|Traceback|<NA>)(?![\w.])"
    r"|\b\w+Error:|\{\w*\}"
)
"""Traces of values that nobody worded; none is a word of the catalogue."""


SECTIONS = (
    "audiences|brief|causal|chapters|cli|conversions|design|faults|faults_reading|findings|ingest|"
    "locks|measurement|monitoring|planning|proposal|report|terms|tracking|baseline|value"
)
KEYS = re.compile(rf"(?<![\w./-])(?:{SECTIONS})(?:\.[a-z_][a-z_0-9]*){{2,}}(?![\w/-])")
"""Keys of the catalogue, and ids of results, that show through."""


def visible_text(page: Path) -> str:
    """Return the text of a page without code, in one line."""
    tree = html5lib.HTMLParser(strict=False).parse(page.read_text(encoding="utf-8"))
    parts: list[str] = []
    _collect(tree.find(f"{HTML}body"), parts)
    return re.sub(r"\s+", " ", " ".join(parts))


def accidents(page: Path) -> list[str]:
    """Return what looks like a value that nobody worded, with its surroundings."""
    text = visible_text(page)
    return [text[max(0, m.start() - 60) : m.end() + 60] for m in ACCIDENTS.finditer(text)]


def stains(page: Path) -> list[str]:
    """Return accidents and keys on a page, each with its surroundings."""
    text = visible_text(page)
    found = [*ACCIDENTS.finditer(text), *KEYS.finditer(text)]
    return [text[max(0, m.start() - 60) : m.end() + 60] for m in found]


def _collect(element, parts: list[str]) -> None:
    if element.tag not in UNSEEN and isinstance(element.tag, str):
        parts.append(element.text or "")
        for child in element:
            _collect(child, parts)
            parts.append(child.tail or "")
