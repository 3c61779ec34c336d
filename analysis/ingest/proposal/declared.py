"""Answers to a questionnaire that the client file declares, known again by its questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from analysis.client import Instrument, anchors_of
from analysis.ingest.headers import folded, known_headers
from analysis.ingest.proposal.answers import MISSING_CODES
from analysis.ingest.proposal.headers import word
from analysis.ingest.proposal.text import quoted, values
from analysis.ingest.readers import RawTable

_TIME = {"surveys": "answered_at", "reactions": "answered_on", "ratings": "rated_on"}
"""Tables that a questionnaire fills, with the column of the day it was answered."""
_NUMBER = {"surveys": "response_id", "reactions": "response_id", "ratings": "rating_id"}
_USUAL = "surveys"


@dataclass(frozen=True, slots=True)
class Known:
    """A declared questionnaire and the table that it fills, where the client file says so."""

    name: str
    instrument: Instrument
    table: str | None

    def headers_of(self, headers: Sequence[str]) -> dict[str, str]:
        """Return item → header; empty where one of its questions is missing or stands twice."""
        found: dict[str, str] = {}
        for item, question in self.instrument.items.items():
            asked = {word(text) for text in (question.wording, question.wording_en) if text}
            mine = [header for header in headers if word(header) in asked]
            if len(mine) != 1:
                return {}
            found[item] = mine[0]
        return found if len(set(found.values())) == len(found) else {}


def declared_in(raw: Mapping[str, Any]) -> tuple[Known, ...]:
    """Return the questionnaires of a client file as read from YAML; unsound ones are left out."""
    sources = [s for s in raw.get("sources") or () if isinstance(s, Mapping)]
    found = []
    for name, entry in (raw.get("instruments") or {}).items():
        try:
            instrument = Instrument.model_validate(entry)
        except ValidationError:
            continue  # `check` tells what is wrong with it
        constants = [(s.get("table"), s.get("constants") or {}) for s in sources]
        tables = {t for t, said in constants if said.get("instrument") == name and t in _TIME}
        told = instrument.fills or (tables.pop() if len(tables) == 1 else None)
        found.append(Known(name, instrument, told))
    return tuple(found)


def known_again(headers: Sequence[str], declared: Sequence[Known]) -> Known | None:
    """Return the declared questionnaire whose questions all stand among the headers.

    That of the most questions where several do; none where two of them have as many, as two
    versions with the same questions have.
    """
    whole = [known for known in declared if known.headers_of(headers)]
    most = max((len(known.instrument.items) for known in whole), default=0)
    best = [known for known in whole if len(known.instrument.items) == most]
    return best[0] if len(best) == 1 else None


def columns_for(table: str) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Return known headers of a platform's export that fills a table, and those to be dropped."""
    tables = known_headers()["tables"]
    usual, known = tables[_USUAL], tables[table]
    columns = {column: list(headers) for column, headers in known["columns"].items()}
    for column, of_usual in ((_NUMBER[table], "response_id"), (_TIME[table], "answered_at")):
        more = [h for h in usual["columns"][of_usual] if h not in columns.get(column, ())]
        columns[column] = [*columns.get(column, ()), *more]
    drop = usual["drop"] | known.get("drop", {}) | {"总分": "computed"}
    return columns, drop if table == _USUAL else drop | {"来源": "not_needed"}


def table_of(known: Known, recognised: str | None) -> str:
    """Return the table that the answers fill."""
    return known.table or (recognised if recognised in _TIME else _USUAL)


def unpivot_lines(group: Sequence[RawTable], known: Known, items: Mapping[str, str]) -> list[str]:
    """Return the ``unpivot``: each answer is read as the code of the words on the form.

    The words decide, not a number beside them, which may be the place of the answer in a list;
    a number alone is the code. Codes are turned round by ``reversed`` of the instrument.
    """
    met = {value for header in items.values() for value in values(group, header)}
    codes = [f"{quoted(c)}: {reason}" for c, reason in MISSING_CODES.items() if c in met]
    labels = {item: _labels(known.instrument, item) for item in items}
    shared = set(labels.values())
    lines = ["    unpivot:"]
    lines += [f"      labels: {shared.pop()}"] if len(shared) == 1 else []
    lines += [f"      missing_codes: {{{', '.join(codes)}}}"] if codes else []
    lines.append("      items:")
    for item, header in items.items():
        own = f"{{from: {quoted(header)}, labels: {labels[item]}}}"
        lines.append(f"        {item}: {quoted(header) if len(set(labels.values())) == 1 else own}")
    return lines


def _labels(instrument: Instrument, item: str) -> str:
    said: dict[str, int] = {}
    for code, words in anchors_of(instrument, item).items():
        for text in (words.zh_CN, words.en):
            if folded(text) not in map(folded, said):
                said[text] = code
    return "{" + ", ".join(f"{quoted(text)}: {code}" for text, code in said.items()) + "}"
