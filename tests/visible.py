"""What a reader sees of a written page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import html5lib

from analysis import wording

HTML = "{http://www.w3.org/1999/xhtml}"
UNSEEN = {f"{HTML}{tag}" for tag in ("script", "style", "head")}
CODE = {f"{HTML}{tag}" for tag in ("code", "pre")}
FOLDED = "method"
"""Class of what folds a notebook's method away; its sources are Python on purpose."""
SAID = ("alt", "title", "aria-label", "aria-description", "placeholder", "summary")
"""Attributes that a browser shows or a screen reader reads out."""

ACCIDENTS = re.compile(
    r"(?<![\w.])(?:nan|NaN|None(?! of )|NaT|inf|null|Traceback|<NA>)(?!\w|\.\w)"
    r"|(?<![\w.])[-+−]?(?:Infinity|∞)(?!\w)"
    r"|\b\w+Error:|(?<![\w\\^_}])\{\w*(?:[:!][^{}]*)?\}"
)
"""Traces of values that nobody worded; none is a word of the catalogue."""

UNLIMITED = re.compile(r"[(\[（]?[-−]?∞\s*[,，]|[,，]\s*\+?∞\s*[)\]）]?")
"""An interval that is open on purpose, e.g. (0.2, ∞): not a number that failed."""

QUOTED = re.compile(
    r"crmeval [a-z-]+[^\n]*"  # a command line
    r"|(?:sheet|工作表) [a-z]+\.[a-z_]+"  # a sheet of the workbook
    r"|[a-z_]+(?:\.[a-z_]+)*\.(?:ya?ml|csv|xlsx?|json|html|ipynb|parquet|pdf|md|txt|key|py)"
)
"""What a page quotes on purpose: commands, sheets, and names of files."""


@cache
def keys() -> re.Pattern[str]:
    """Return what finds keys of the catalogue, and ids of results, that show through."""
    first = sorted({key.partition(".")[0] for key in wording.keys("en")} | {"baseline", "tracking"})
    return re.compile(
        rf"(?<![\w./@-])(?:{'|'.join(first)})(?:\.[a-z_][a-z_0-9]*)+(?![\w/@-]|\.[a-z])"
    )


EXHIBITS = frozenset({"answer", "alerts", "checks", "figure", "kpis", "ready", "table"})
"""Classes of what a page shows beside prose: one exhibit each."""


def exhibits(page: Path) -> list[str]:
    """Return the ids of what a reader sees of a page before opening anything."""
    main = next(_body(page).iter(f"{HTML}main"))
    return list(_exhibits(main))


def _exhibits(element) -> Iterator[str]:
    classes = set((element.get("class") or "").split())
    if classes & EXHIBITS:
        yield element.get("id") or " ".join(sorted(classes))
        return
    closed = element.tag == f"{HTML}details" and element.get("open") is None
    for child in element:
        if not closed or child.tag == f"{HTML}summary":
            yield from _exhibits(child)


def visible_text(page: Path) -> str:
    """Return the text of a page without code, in one line."""
    return _line(_texts(_body(page), code=False))


def accidents(page: Path) -> list[str]:
    """Return what looks like a value that nobody worded, with its surroundings."""
    return found_in(visible_text(page), ACCIDENTS)


def stains(page: Path) -> list[str]:
    """Return accidents and keys on a page, each with its surroundings.

    Text, attributes that are shown or read out, and code that is not a cell of the notebook.
    """
    body = _body(page)
    read = (_line(_texts(body, code=False)), *_attributes(body), *_quotations(body))
    return [stain for text in read for stain in stains_in(text)]


def stains_in(text: str) -> list[str]:
    """Return accidents and keys in a text, each with its surroundings."""
    quoted = QUOTED.sub(" ", text)
    return [*found_in(quoted, ACCIDENTS), *found_in(quoted, keys())]


def found_in(text: str, pattern: re.Pattern[str]) -> list[str]:
    """Return what a pattern finds in a text, with its surroundings."""
    told = UNLIMITED.sub(" ", text)
    return [told[max(0, m.start() - 60) : m.end() + 60] for m in pattern.finditer(told)]


def _body(page: Path):
    tree = html5lib.HTMLParser(strict=False).parse(page.read_text(encoding="utf-8"))
    return tree.find(f"{HTML}body")


_JOINED = "\ufdd0"
"""Between texts of which only the language differs: no space stands between them."""


def _line(parts: Iterator[str]) -> str:
    text = " ".join(parts).replace(f" {_JOINED} ", "")
    return re.sub(r"\s+", " ", text)


def _texts(element, *, code: bool) -> Iterator[str]:
    if not isinstance(element.tag, str) or element.tag in UNSEEN:
        return
    if element.tag in CODE and not code:
        return
    yield element.text or ""
    for child in element:
        marked = child.tag == f"{HTML}span" and set(child.attrib) == {"lang"}
        yield from (_JOINED,) if marked else ()
        yield from _texts(child, code=code)
        yield from (_JOINED,) if marked else ()
        yield child.tail or ""


def _shown(element, *, folded: bool = False) -> Iterator:
    """Every element that is shown and is not part of a notebook's source."""
    if not isinstance(element.tag, str) or element.tag in UNSEEN:
        return
    if folded and element.tag == f"{HTML}pre":
        return
    yield element
    folded = folded or FOLDED in (element.get("class") or "").split()
    for child in element:
        yield from _shown(child, folded=folded)


def _attributes(body) -> Iterator[str]:
    for element in _shown(body):
        for name in SAID:
            if said := element.get(name):
                yield said


def _quotations(body) -> Iterator[str]:
    for element in _shown(body):
        if element.tag in CODE:
            yield _line(_texts(element, code=True))
