"""Chinese words on English pages: names of sites, courses and questions stay as they are.

They are marked as Chinese, so that a screen reader speaks them and a browser breaks and draws them
as Chinese.
"""

from __future__ import annotations

import re
from functools import lru_cache

from analysis.settings import Language

_TAG = re.compile(r"(<[^>]*>)")
_NAME = re.compile(r"</?\s*([a-zA-Z][\w-]*)")
_WORDS = re.compile(
    r"[\u3400-\u9fff](?:[\u3400-\u9fff\u3001-\u303f\uff01-\uff5e·0-9]*[\u3400-\u9fff])?"
)
_WHOLE = frozenset({"script", "style", "svg", "textarea", "title", "option", "pre", "code"})
"""Elements in which no other may stand, or whose words are not the reader's."""


def mark_chinese(markup: str, language: Language) -> str:
    """Return markup with Chinese words on an English page marked ``lang="zh"``.

    Parameters
    ----------
    markup : str
        What stands in the body of a page; attributes have ``>`` escaped.
    language : {"zh_CN", "en"}
        Language of the page; a Chinese one is returned as it is.

    Examples
    --------
    >>> mark_chinese("<td>翠湖新村 (B)</td>", "en")
    '<td><span lang="zh">翠湖新村</span> (B)</td>'
    """
    if language != "en":
        return markup
    parts = _TAG.split(markup)
    inside: list[str] = []
    for place, part in enumerate(parts):
        if not place % 2:
            if not inside and not part.isascii():
                parts[place] = _WORDS.sub(r'<span lang="zh">\g<0></span>', part)
            continue
        name, opens = _tag(part)
        if inside and name == inside[-1]:
            inside = inside[:-1] if part.startswith("</") else [*inside, name]
        elif not inside and opens:
            inside = [name]
    return "".join(parts)


@lru_cache(maxsize=10_000)
def _tag(part: str) -> tuple[str, bool]:
    """Return the name of a tag, and whether what is in its element is left as it is."""
    found = _NAME.match(part)
    name = found[1].lower() if found else ""
    begins = not part.startswith("</") and not part.endswith("/>")
    return name, begins and (name in _WHOLE or " lang=" in part)
