"""What somebody adds to a stage's notebook, as its page shows it: text, figures and tables.

The notebooks' own Markdown carries the tag ``method`` and is folded with the code; any other
Markdown cell, and every output that no :class:`analysis.present.Display` made, is an addition. It
stands on the page where it stands in the notebook, in both languages as it was written. People are
hidden in it as everywhere; small cells are not, for a page does not know what a number counts.
"""

from __future__ import annotations

from html import escape
from typing import Any

from lxml import html as parser

from analysis import wording
from analysis.present import MIME, people
from analysis.report import markdown
from analysis.settings import Language

METHOD = "method"
"""Tag of Markdown cells that tell a method and are folded."""

_GONE = frozenset({"script", "style", "iframe", "object", "embed", "svg", "template", "title"})
"""Elements that go with what is in them."""
_LOST = frozenset({"html", "head", "body", "meta", "link", "base", "form", "button", "img"})
"""Elements that go and leave their words."""
_ATTRIBUTES = frozenset({"colspan", "rowspan", "scope", "open", "display"})


def is_addition(cell: Any) -> bool:
    """Tell whether a Markdown cell was added by somebody."""
    return METHOD not in cell.metadata.get("tags", [])


def prose(source: str) -> str:
    """Return added Markdown as a page shows it."""
    return f'<div class="prose added">{harmless(markdown.to_html(source))}</div>'


def shown(output: Any, language: Language) -> str | None:
    """Return an added figure or table as a page shows it; None for what is neither."""
    data = output.get("data", {})
    if "image/png" in data:
        alt = escape(wording.text("report.added_figure", language))
        source = f"data:image/png;base64,{escape(''.join(data['image/png'].split()))}"
        return f'<figure class="crm figure added"><img alt="{alt}" src="{source}"></figure>'
    text = data[MIME][language] if MIME in data else data.get("text/html")
    if text is not None:
        table = harmless(text)
        return f'<div class="crm table added"><div class="scroll">{table}</div></div>'
    return None


def harmless(text: str) -> str:
    """Return HTML that runs, loads and styles nothing, and names nobody."""
    root = parser.fragment_fromstring(text, create_parent="div")
    for element in list(root.iterdescendants()):
        if not isinstance(element.tag, str) or element.tag in _GONE:
            element.drop_tree()
            continue
        for name in set(element.attrib) - _ATTRIBUTES:
            link = element.attrib[name] if (element.tag, name) == ("a", "href") else ""
            if not link.startswith(("#", "https://", "mailto:")):
                del element.attrib[name]
        if element.tag in _LOST:
            element.drop_tag()
    for element in root.iter():
        element.text = element.text and people.hidden(element.text)
        element.tail = element.tail and people.hidden(element.tail)
    inside = [parser.tostring(child, encoding="unicode") for child in root]
    return escape(root.text or "") + "".join(inside)
