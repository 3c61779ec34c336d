"""Checks that one part of the client file fits another: names used must be defined."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from analysis.client.base import Part
from analysis.client.decisions import UNDECIDED
from analysis.client.faults import nearest, place
from analysis.client.lines import Lines
from analysis.client.readings import READINGS
from analysis.client.sources import PLACES, ColumnMap, Source
from analysis.errors import Fault
from analysis.tables import TABLES, Table


def check_references(raw: Mapping[str, Any], *, name: str, lines: Lines) -> list[Fault]:
    """Return the faults of names: tables, columns, label and alias maps, choices.

    Works on the plain content, source by source, so that it finds what it can even where
    other parts are broken.
    """
    check = _References(raw, name, lines)
    sources = raw.get("sources")
    for number, entry in enumerate(sources if isinstance(sources, list) else ()):
        check.source(number, entry)
    check.indicators(raw)
    check.choices(raw.get("choices"))
    check.legal_basis(raw.get("privacy"))
    return check.faults


@cache
def known_indicators() -> tuple[str, ...]:
    """Return the names of the registry's indicators.

    Read as data: the room that computes them lies downstream of the client file.
    """
    registry = Path(__file__).parents[1] / "indicators" / "registry.yml"
    return tuple(re.findall(r"^(\w+):", registry.read_text(encoding="utf-8"), flags=re.M))


class _References:
    def __init__(self, raw: Mapping[str, Any], name: str, lines: Lines) -> None:
        self.faults: list[Fault] = []
        self._where = {"name": name, "lines": lines}
        labels = raw.get("labels")
        self._labels = {
            name: known
            for name, known in (labels.items() if isinstance(labels, dict) else ())
            if isinstance(known, dict)
        }
        self._maps = {kind: _keys(raw.get(kind)) for kind in ("labels", "aliases")}

    def _unknown(self, what: str, word: str, known: Sequence[str], path: Sequence[Any]) -> None:
        near = nearest(word, known)
        self.faults.append(
            place(
                f"client_{what}_unknown",
                f"There is no {what.replace('_', ' ')} called {{word}}"
                + ("; the nearest is {near}." if near else "."),
                "{near}" if near else "one of: {known}",
                **self._where,
                path=path,
                value=word,
                word=word,
                near=near or "—",
                known=", ".join(known),
            )
        )

    def _wrong(
        self, rule: str, message: str, example: str, path: Sequence[Any], **params: str
    ) -> None:
        self.faults.append(place(rule, message, example, **self._where, path=path, **params))

    def source(self, number: int, entry: Any) -> None:
        """Check one source."""
        try:
            source = Source.model_validate(entry)
        except ValidationError:
            return  # told by the model itself
        path = ("sources", number)
        table = TABLES.get(source.table)
        if table is None:
            self._unknown("table", source.table, list(TABLES), (*path, "table"))
            return
        given = self._columns(source, table, path)
        self._required(source, table, given, path)
        self._rules(source, table, path)

    def _columns(self, source: Source, table: Table, path: tuple) -> set[str]:
        spoken: list[tuple[str, tuple]] = [
            *((c, (*path, "columns", c)) for c in source.columns),
            *((c, (*path, "constants", c)) for c in source.constants),
        ]
        if source.unpivot:
            spoken += [(getattr(source.unpivot, k), (*path, "unpivot")) for k in ("name", "value")]
        for row, values in enumerate(source.inline or ()):
            spoken += [(c, (*path, "inline", row, c)) for c in values]
        if source.aggregate and source.aggregate.count:
            spoken.append((source.aggregate.count, (*path, "aggregate", "count")))
        for column, where in spoken:
            if column not in table.columns:
                self._unknown("column", column, list(table.columns), where)
        twice = set(source.columns) & set(source.constants)
        for column in sorted(twice):
            self._wrong(
                "client_column_twice",
                "{column} is both a column and a constant.",
                "one of them",
                (*path, "constants", column),
                column=column,
            )
        maps = [(m, (*path, "columns", c), c) for c, m in source.columns.items()]
        if source.unpivot:
            maps += [
                (m, (*path, "unpivot", "items", i), source.unpivot.value)
                for i, m in source.unpivot.items.items()
            ]
            self._map(source.unpivot, (*path, "unpivot"))
        for column_map, where, column in maps:
            self._map(column_map, where)
            if column in table.columns and table.columns[column].kind == "text":
                self._wrong(
                    "client_open_text",
                    "{column} would hold open text, which never leaves the raw files.",
                    "the header listed under drop; wordings of items stand under instruments",
                    where,
                    column=column,
                )
            self._closed(column_map, table, column, where)
        for header in {h for m, _, _ in maps for h in m.header} & set(source.drop):
            self._wrong(
                "client_header_twice",
                "The header {header} is both mapped and dropped.",
                "one of them",
                (*path, "drop", header),
                header=header,
            )
        return {column for column, _ in spoken}

    def _closed(self, column_map: ColumnMap, table: Table, column: str, path: tuple) -> None:
        """Check that labels lead to values which the column knows."""
        allowed = table.columns[column].labels if column in table.columns else ()
        labels = column_map.labels
        if isinstance(labels, str):
            labels = self._labels.get(labels) or {}
        for label, value in (labels or {}).items() if allowed else ():
            if value is not None and value != UNDECIDED and value not in allowed:
                self._wrong(
                    "client_label_value",
                    "The label {label} leads to {word}, which {column} does not know.",
                    "one of: {known}",
                    (*path, "labels", label),
                    label=str(label),
                    word=str(value),
                    column=column,
                    known=", ".join(allowed),
                )

    def _map(self, column_map: Part, path: tuple) -> None:
        for kind in ("labels", "aliases"):
            used = getattr(column_map, kind, None)
            if isinstance(used, str) and used not in self._maps[kind]:
                self._unknown("map", used, self._maps[kind], (*path, kind))
        if isinstance(column_map, ColumnMap):
            for header in column_map.header:
                if header.startswith("$") and header not in PLACES:
                    self._unknown("place", header, list(PLACES), (*path, "from"))

    def _required(self, source: Source, table: Table, given: set[str], path: tuple) -> None:
        if source.inline is not None:
            return  # row by row when it is ingested
        for column, spec in table.columns.items():
            needed = spec.required or column in table.key
            if needed and column not in given:
                self._wrong(
                    "client_column_needed",
                    "{table} needs {column}, which nothing provides.",
                    "columns: { {column}: header } or constants: { {column}: value }",
                    path,
                    table=table.name,
                    column=column,
                )

    def _rules(self, source: Source, table: Table, path: tuple) -> None:
        known = list(table.columns)
        if source.aggregate:
            self._aggregate(source, table, path)
            for rule in ("by", "sum", "mean", "min", "max", "first"):
                for column in getattr(source.aggregate, rule):
                    if column not in known:
                        self._unknown("column", column, known, (*path, "aggregate", rule))
        order = source.duplicates.order_by
        if order is not None and order not in known:
            self._unknown("column", order, known, (*path, "duplicates", "order_by"))
        for number, accept in enumerate(source.accept):
            headers = source.headers()
            if accept.column and accept.column not in known and accept.column not in headers:
                self._unknown(
                    "column",
                    accept.column,
                    [*known, *headers],
                    (*path, "accept", number, "column"),
                )

    def _aggregate(self, source: Source, table: Table, path: tuple) -> None:
        """Check that every mapped column stands in exactly one rule of the aggregation."""
        rule = source.aggregate
        groups = rule.by or table.key
        ruled = [*rule.sum, *rule.mean, *rule.min, *rule.max, *rule.first]
        for column in [*source.columns, *source.constants]:
            if column not in groups and ruled.count(column) != 1:
                self._wrong(
                    "client_aggregate_rule",
                    "{column} needs one rule by which its rows are brought together.",
                    "aggregate: sum: [{column}]",
                    (*path, "aggregate"),
                    column=column,
                )

    def indicators(self, raw: Mapping[str, Any]) -> None:
        """Check that goals, outcomes, benefits and weights name indicators of the registry."""
        for word, path in _indicators_named(raw):
            if isinstance(word, str) and word != UNDECIDED and word not in known_indicators():
                self._unknown("indicator", word, known_indicators(), path)

    def choices(self, chosen: Any) -> None:
        """Check that only known conflicts are decided, by readings they allow."""
        for conflict, reading in (chosen or {}).items() if isinstance(chosen, dict) else ():
            path = ("choices", conflict)
            if conflict not in READINGS:
                self._unknown("conflict", str(conflict), list(READINGS), path)
            elif reading not in READINGS[conflict].readings:
                self._unknown(
                    "reading",
                    str(reading),
                    list(READINGS[conflict].readings),
                    path,
                )

    def legal_basis(self, privacy: Any) -> None:
        """Check that a legal basis is given for tables that exist."""
        basis = privacy.get("legal_basis") if isinstance(privacy, dict) else None
        for table in basis if isinstance(basis, dict) else ():
            if table not in TABLES and table != "default":
                self._unknown(
                    "table",
                    str(table),
                    [*TABLES, "default"],
                    ("privacy", "legal_basis", table),
                )


def _indicators_named(raw: Mapping[str, Any]) -> Iterator[tuple[Any, tuple[str | int, ...]]]:
    """Yield every name of an indicator in a client file, with where it stands."""
    design, value = (raw.get(key) if isinstance(raw.get(key), dict) else {} for key in _ROOMS)
    lists = {("goals",): raw.get("goals"), ("value", "benefits"): value.get("benefits")}
    for path, entries in lists.items():
        for number, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict) and "indicator" in entry:
                yield entry["indicator"], (*path, number, "indicator")
    if "primary_outcome" in design:
        yield design["primary_outcome"], ("design", "primary_outcome")
    others = design.get("secondary_outcomes")
    for number, name in enumerate(others if isinstance(others, list) else ()):
        yield name, ("design", "secondary_outcomes", number)
    for name in _keys(raw.get("appraisal")):
        yield name, ("appraisal", name)


_ROOMS = ("design", "value")


def _keys(mapping: Any) -> list[str]:
    return [str(key) for key in mapping] if isinstance(mapping, dict) else []
