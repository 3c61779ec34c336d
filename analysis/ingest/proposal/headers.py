"""Which canonical table and column the headers of an export stand for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from analysis.ingest.headers import folded, known_headers

_NUMBER = re.compile(r"^(第?\d+题?|q\d+)[、.:(]")
_PERIOD = re.compile("期|年|月|季|累计|总|合计|计划|预算")
_CODE = re.compile(r"(;\d+=.*|,\d{2}[^\d,].*)$")


def word(header: str) -> str:
    """Return a header as it is looked up.

    Groups are joined; the number of a repetition or a question and a list of codes are cut off.
    """
    text = _CODE.sub("", folded(header).replace("·", "").split("#")[0])
    return _NUMBER.sub("", text).rstrip("?)")


def by_word(headers: Sequence[str]) -> dict[str, str]:
    """Return headers by what they are looked up by.

    Of a header under a merged group (``基本信息·工号``) the last part counts too, where it is
    the only one of that name and the group says nothing of another period (``前期·实收``).
    """
    found = {word(header): header for header in reversed(headers)}
    last = {h: h.rpartition("·") for h in headers if "·" in h}
    often = Counter(word(name) for _, _, name in last.values())
    for header, (group, _, name) in last.items():
        if often[word(name)] == 1 and not _PERIOD.search(group):
            found.setdefault(word(name), header)
    return found


def recognise(headers: Iterable[str]) -> str | None:
    """Return the canonical table that some headers most likely feed, or None.

    Marks of a table count three, other known headers one; at least one mark is needed.
    """
    words = by_word(list(headers)).keys()
    scores = {}
    for table, known in known_headers()["tables"].items():
        marks = len(words & {word(h) for h in known["marks"]})
        columns = sum(
            bool(words & {word(h) for h in synonyms}) for synonyms in known["columns"].values()
        )
        if marks:
            scores[table] = 3 * marks + columns
    return max(scores, key=lambda table: scores[table]) if scores else None


def mapped(headers: Sequence[str], columns: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return canonical column → header, each header once, by the known headers of a table."""
    known = by_word(headers)
    found: dict[str, str] = {}
    for column, synonyms in columns.items():
        for synonym in synonyms:
            header = known.get(word(synonym))
            if header is not None and header not in found.values():
                found[column] = header
                break
    return found


def question(header: str) -> bool:
    """Return whether a header reads like a question of a wide questionnaire."""
    return any(re.search(pattern, folded(header)) for pattern in known_headers()["wide"])
