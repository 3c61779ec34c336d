"""Which canonical table and column the headers of an export stand for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analysis.ingest.headers import folded, known_headers
from analysis.ingest.units import without_unit
from analysis.tables import TABLES

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
    the only one of that name and the group says nothing of another period (``前期·实收``); of
    one with a unit (``应收(万元)``) the name without it.
    """
    found = {word(header): header for header in reversed(headers)}
    last = {h: h.rpartition("·") for h in headers if "·" in h}
    often = Counter(word(name) for _, _, name in last.values())
    for header, (group, _, name) in last.items():
        if often[word(name)] == 1 and not _PERIOD.search(group):
            found.setdefault(word(name), header)
    for short, header in list(found.items()):
        found.setdefault(without_unit(short), header)
    return found


@dataclass(frozen=True, slots=True)
class Recognised:
    """The canonical table that an export most likely feeds, and the runner-up, if one is near.

    ``sure`` is False where another table fits as well; then a person decides.
    """

    table: str | None
    runner_up: str | None = None
    sure: bool = True


def recognise(headers: Iterable[str], name: str = "") -> Recognised:
    """Return the canonical table that some headers most likely feed.

    Parameters
    ----------
    headers : iterable of str
        Headers of one export.
    name : str
        Name of its file or sheet: a table's own name in it counts as a mark.

    Notes
    -----
    Marks of a table count three, other known headers one, canonical names of columns two; at
    least one mark is needed, or the whole key by its canonical names. Where the second table has
    as many marks and nearly as many headers, neither is taken for sure.
    """
    headers = list(headers)
    words = by_word(headers).keys()
    plain = {folded(header) for header in headers}
    scores: dict[str, tuple[int, float]] = {}
    for table, spec in TABLES.items():
        known = known_headers()["tables"].get(table, {"marks": [], "columns": {}})
        marks = len(words & {word(h) for h in known["marks"]})
        for column, others in known.get("beside", {}).items():
            if words & {word(h) for h in known["columns"][column]}:
                marks += len(words & {word(h) for h in others})
        marks += re.search(rf"(?<![a-z]){table}(?![a-z])", name.lower()) is not None
        columns = sum(
            bool(words & {word(h) for h in synonyms}) for synonyms in known["columns"].values()
        )
        own = plain & set(spec.columns)
        marks += own >= set(spec.key)
        if marks:
            scores[table] = (marks, 3 * marks + columns + 2 * len(own))
    ranked = sorted(scores, key=lambda table: scores[table][::-1], reverse=True)
    if not ranked:
        return Recognised(None)
    if len(ranked) == 1:
        return Recognised(ranked[0])
    first, second = (scores[table] for table in ranked[:2])
    if second[1] < 0.5 * first[1]:
        return Recognised(ranked[0])
    near = second[0] >= first[0] and second[1] >= 0.8 * first[1]
    return Recognised(ranked[0], ranked[1], sure=not near)


def mapped(headers: Sequence[str], columns: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return canonical column → header, each header once, by the known headers of a table."""
    known = by_word(headers)
    found: dict[str, str] = {}
    for column, synonyms in columns.items():
        for synonym in (column, *synonyms):
            header = known.get(word(synonym))
            if header is not None and header not in found.values():
                found[column] = header
                break
    return found


def question(header: str) -> bool:
    """Return whether a header reads like a question of a wide questionnaire."""
    return any(re.search(pattern, folded(header)) for pattern in known_headers()["wide"])


def opinion(header: str) -> bool:
    """Return whether a header without a number asks what somebody thinks."""
    word = folded(header)
    return any(re.search(known_headers()[kind], word) for kind in ("closed", "opinion"))


def meaning(header: str, tables: Sequence[str]) -> str | None:
    """Return the first ``table.column`` of some tables that a header is known to stand for."""
    said = word(header)
    for table in tables:
        columns = known_headers()["tables"].get(table, {"columns": {}})["columns"]
        for column, synonyms in columns.items():
            if said in {word(text) for text in (column, *synonyms)}:
                return f"{table}.{column}"
    return None
