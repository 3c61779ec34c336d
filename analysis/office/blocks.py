"""What the pages show, taken apart into what a document is built of.

Sentences and numbers of documents and slides are those of the pages because they are read from the
same markup (:mod:`analysis.present`): nothing is worded, rounded or hidden a second time.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from lxml import html as parser

from analysis.office.charts import Chart

MOST_ROWS = 15
"""Rows of a table in a document; the workbook has them all."""

_SKIPPED = {"svg", "style", "script", "figure"}
_UNSEEN = {"download", "drawn", "sign", "tally"}
_SPACE = re.compile(r"[ \t\r\n]+")


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph: what it is (``claim``, ``bullet`` …), and its words with their weight."""

    kind: str
    words: tuple[tuple[str, bool], ...]

    def __str__(self) -> str:
        """Return the words without their weight."""
        return "".join(word for word, _ in self.words)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of finished cells."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    notes: tuple[str, ...] = ()

    def only(self, most: int) -> Table:
        """Return its first rows."""
        return replace(self, rows=self.rows[:most])

    def without_last(self) -> Table:
        """Return it without its last column."""
        rows = tuple(row[:-1] for row in self.rows)
        return replace(self, header=self.header[:-1], rows=rows, numeric=self.numeric[:-1])


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture somebody put into a chapter of theirs: its bytes, and what it shows in words."""

    content: bytes
    caption: str = ""


Block = Text | Table | Chart | Picture


def of_html(html: str) -> list[Block]:
    """Return the blocks of a fragment of a page, in order; drawings and downloads are left out.

    What a page folds away is named, not shown.

    Parameters
    ----------
    html : str
        Markup by :mod:`analysis.present` or :mod:`analysis.report`.
    """
    return list(_inside(parser.fragment_fromstring(html, create_parent="div")))


def _inside(parent: Any) -> Iterator[Block]:
    for element in parent:
        yield from _block(element)


def _block(element: Any) -> Iterator[Block]:
    classes = set(element.get("class", "").split())
    if element.tag in ("p", "figure", "img"):
        yield from _pictures(element)
    if element.tag in _SKIPPED or _UNSEEN & classes:
        return
    if element.tag in ("h1", "h2"):
        yield Text(element.tag, ((_plain(element), False),))
    elif element.tag == "p":
        yield from _paragraph(element, classes)
    elif element.tag in ("ul", "ol"):
        yield from _list(element)
    elif element.tag == "dl":
        yield from _pairs(element, classes)
    elif element.tag == "table":
        yield _table(element)
    elif element.tag == "pre":
        yield Text("text", ((element.text_content().strip(), False),))
    elif element.tag == "details":
        yield Text("note", ((_plain(element.find("summary")), False),))
    elif "table" in classes:
        notes = tuple(
            _plain(note) for note in element.iterchildren("p") if note.get("class") == "note"
        )
        table = element.find(".//table")
        if table is None:  # an addition that is no table
            yield from _inside(element)
        else:
            yield replace(_table(table), notes=notes)
    else:
        yield from _inside(element)


def _pictures(element: Any) -> Iterator[Picture]:
    for picture in element.iter("img"):
        kind, _, content = picture.get("src", "").partition(",")
        if kind.startswith("data:image/"):
            yield Picture(base64.b64decode(content), picture.get("alt", ""))


def _paragraph(element: Any, classes: set[str]) -> Iterator[Text]:
    words = _words(element)
    if "badges" in classes:
        words = ((" · ".join(_plain(badge) for badge in element), False),)
    if words:
        yield Text(next(iter(classes), "text"), words)


def _list(element: Any) -> Iterator[Block]:
    for item in element:
        if item.find("p") is None and item.find(".//p") is None:
            yield Text("bullet" if element.tag == "ul" else "number", _words(item))
            continue
        status, question, *more = item.iter("p")
        yield Text("check", ((f"{_plain(status)}｜", True), (_plain(question), True)))
        yield from (Text("detail", _words(line)) for line in more)


def _pairs(element: Any, classes: set[str]) -> Iterator[Block]:
    if "kpis" in classes:
        cards = [[_plain(part) for part in card] for card in element]
        rows = tuple((name, value, " · ".join(more)) for name, value, *more in cards)
        yield Table("", (), rows, (False, True, False))
        return
    parts = list(element)
    for asked, answer in zip(parts[::2], parts[1::2], strict=True):
        yield Text("text", ((_plain(asked) + " ", True), (_plain(answer), False)))


def _table(element: Any) -> Table:
    head = [cell for cell in element.findall("thead/tr/th") if _is_shown(cell)]
    body = element.findall("tbody/tr") or element.findall("tr")
    rows = tuple(tuple(_plain(cell) for cell in row if _is_shown(cell)) for row in body)
    return Table(
        caption="" if element.find("caption") is None else _plain(element.find("caption")),
        header=tuple(map(_plain, head)),
        rows=rows,
        numeric=tuple("num" in cell.get("class", "").split() for cell in head or body[0]),
    )


def _is_shown(cell: Any) -> bool:
    return not _UNSEEN & set(cell.get("class", "").split())


def _words(element: Any) -> tuple[tuple[str, bool], ...]:
    """Return the words of an element, bold where the page has them so."""
    found: list[tuple[str, bool]] = []

    def read(node: Any, bold: bool) -> None:
        if node.tag in _SKIPPED or _UNSEEN & set(node.get("class", "").split()):
            return
        found.append((node.text or "", bold))
        for child in node:
            read(child, bold or child.tag in ("b", "strong"))
            found.append((child.tail or "", bold))

    read(element, False)
    kept = [(_SPACE.sub(" ", text), bold) for text, bold in found if text.strip() or text == " "]
    return tuple(kept)


def _plain(element: Any) -> str:
    return "".join(word for word, _ in _words(element)).strip()
