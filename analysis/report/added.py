"""What somebody adds to a stage's notebook, as its page shows it: text, figures and tables.

The notebooks' own Markdown carries the tag ``method`` and is folded with the code; any other
Markdown cell, and every output that no :class:`analysis.present.Display` made, is an addition. It
stands on the page where it stands in the notebook, in both languages as it was written. People are
hidden in it as everywhere; small cells are not, for a page does not know what a number counts.
"""

from __future__ import annotations

from collections.abc import Mapping
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
_PICTURES = ("image/png", "image/jpeg")
_ATTRIBUTES = frozenset({"colspan", "rowspan", "scope", "open", "display"})


def is_addition(cell: Any) -> bool:
    """Tell whether a Markdown cell was added by somebody."""
    return METHOD not in cell.metadata.get("tags", [])


def prose(source: str, held: Mapping[str, Mapping[str, str]] | None = None) -> str:
    """Return added Markdown as a page shows it.

    Parameters
    ----------
    source : str
        Markdown.
    held : Mapping, optional
        Attachments of its cell: content in base64 by name and MIME type. No other picture is shown.
    """
    shown = harmless(markdown.to_html(source), held or {})
    return f'<div class="prose added">{shown}</div>'


def pictures(source: str) -> list[str]:
    """Return the pictures that Markdown names, as it names them."""
    root = parser.fragment_fromstring(markdown.to_html(source), create_parent="div")
    return [element.get("src", "") for element in root.iter("img")]


def shown(output: Any, language: Language) -> str | None:
    """Return an added figure or table as a page shows it; None for what is neither."""
    data = output.get("data", {})
    if kind := next((kind for kind in _PICTURES if kind in data), None):
        alt = escape(wording.text("report.added_figure", language))
        source = _held(kind, data[kind])
        return f'<figure class="crm figure added"><img alt="{alt}" src="{source}"></figure>'
    if "text/markdown" in data:
        return prose(data["text/markdown"])
    text = data[MIME][language] if MIME in data else data.get("text/html")
    if text is not None:
        table = harmless(text)
        return f'<div class="crm table added"><div class="scroll">{table}</div></div>'
    return None


def _held(kind: str, content: str) -> str:
    return f"data:{kind};base64,{escape(''.join(content.split()))}"


def harmless(text: str, held: Mapping[str, Mapping[str, str]] | None = None) -> str:
    """Return HTML that runs, loads and styles nothing, and names nobody.

    Of pictures those stay that ``held`` has.
    """
    root = parser.fragment_fromstring(text, create_parent="div")
    for element in root.iter("img"):
        named = element.get("src", "")
        content = (held or {}).get(named) or (held or {}).get(named.removeprefix("attachment:"), {})
        kind = next((kind for kind in _PICTURES if kind in content), None)
        alt = people.hidden(element.get("alt", ""))
        element.attrib.clear()
        if kind:
            element.attrib.update({"alt": alt, "src": _held(kind, content[kind])})
    for element in list(root.iterdescendants()):
        if not isinstance(element.tag, str) or element.tag in _GONE:
            element.drop_tree()
            continue
        if element.tag == "img" and element.get("src"):
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
