"""One number, one value: what a finished run says of one quantity on several pages.

Rows of estimates, key figures and claims carry the id of what they show (``data-of``). A quantity
is its id, in one language; it may not have two values, and its interval not two pairs of ends.
A number in any other table is named by the words of its row and the headings of its table: under
the same words and headings stands the same number, whatever the page. Tables of one site or of the
pack of one period, and rows whose words occur twice in their table, name nothing that another page
could repeat.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from lxml import html

Shown = dict[tuple[str, str, str], dict[str, set[str]]]
"""(language, id, value or interval or claim) → text → pages that show it."""


def shown(run: Path) -> Shown:
    """Return every quantity that the pages of a run show, with its texts."""
    found: Shown = defaultdict(lambda: defaultdict(set))
    for path in sorted([*run.glob("*/*.html"), *run.glob("*/sites/*.html")]):
        inside = path.relative_to(run)
        language, page = inside.parts[0], "/".join(inside.parts[1:])
        tree = html.fromstring(path.read_text(encoding="utf-8").encode())
        for place in tree.iterfind(".//*[@data-of]"):
            for part, text in _parts(place):
                found[language, place.get("data-of"), part][_plain(text)].add(page)
        alone = inside.parts[1] == "sites" or page.startswith("pack-")
        for table in [] if alone else tree.iter("table"):
            for row, heading, text in _cells(table):
                found[language, row, heading][text].add(page)
    return found


def _cells(table: html.HtmlElement) -> list[tuple[str, str, str]]:
    """Return (headings and words of the row, heading, number) of what its words name alone."""
    headings = [_plain(cell.text_content()) for cell in table.iterfind(".//thead//th")]
    rows = defaultdict(list)
    for row in table.iterfind(".//tbody/tr"):
        cells = [_plain(cell.text_content()) for cell in row]
        words = [text for text in cells if not any(c.isdigit() for c in text)]
        if len(cells) == len(headings) and any(words) and row.get("data-of") is None:
            rows[" | ".join([*headings, *words])].append(cells)
    return [
        (row, heading, text)
        for row, found in rows.items()
        if len(found) == 1
        for heading, text in zip(headings, found[0], strict=True)
        if any(c.isdigit() for c in text)
    ]


def _parts(place: html.HtmlElement) -> list[tuple[str, str]]:
    if place.tag == "tr":
        cells = [cell.text_content() for cell in place.findall("td")]
        return [("value", cells[0]), ("interval", cells[1])]
    if place.tag == "p":
        return [("claim", place.text_content())]
    value = place.findtext("dd[@class='kpi-value']") or ""
    notes = [note.text_content() for note in place.findall("dd[@class='kpi-note']")]
    ends = [note.partition("：")[2] or note.partition(": ")[2] for note in notes]
    kept = [end for end in ends if " to " in end or " 至 " in end]
    return [("value", value), *(("interval", end) for end in kept[:1])]


def _plain(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").split())


def on_several_pages(found: Shown) -> Shown:
    """Return the quantities that more than one page shows."""
    return {key: texts for key, texts in found.items() if len(set().union(*texts.values())) > 1}


def differing(found: Shown) -> Mapping[tuple[str, str, str], Mapping[str, set[str]]]:
    """Return the quantities with more than one text; a mark for a small cell is no value."""
    told = {
        key: {text: pages for text, pages in texts.items() if text not in {"", "—", "＊", "*"}}
        for key, texts in found.items()
    }
    return {key: texts for key, texts in told.items() if len(texts) > 1}
