"""Checks that one part of the client file fits another: names used must be defined."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from analysis import packaged
from analysis.client import standards
from analysis.client.base import Part
from analysis.client.decisions import UNDECIDED
from analysis.client.faults import nearest, no_such, place
from analysis.client.lines import Lines
from analysis.client.outcomes import Boxes, Outcome
from analysis.client.plan import Instrument
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
    check.outcomes(raw)
    check.satisfied(raw)
    check.indicators(raw)
    check.choices(raw.get("choices"))
    check.legal_basis(raw.get("privacy"))
    check.standards(raw.get("standards"))
    return check.faults


@cache
def _registry() -> Mapping[str, Mapping[str, Any]]:
    """Return the registry's entries; the room that computes them lies downstream of this one."""
    registry = Path(__file__).parents[1] / "indicators" / "registry.yml"
    return packaged.content(registry)


def known_indicators() -> tuple[str, ...]:
    """Return the names of the registry's indicators."""
    return tuple(_registry())


def possible_outcomes() -> tuple[str, ...]:
    """Return the indicators that may be a primary outcome: of behaviour or results, overall."""
    return tuple(
        name
        for name, entry in _registry().items()
        if entry["primary"] and not entry.get("strata_only", False)
    )


class _References:
    def __init__(self, raw: Mapping[str, Any], name: str, lines: Lines) -> None:
        self.faults: list[Fault] = []
        self._where: dict[str, Any] = {"name": name, "lines": lines}
        labels = raw.get("labels")
        self._labels = {
            name: known
            for name, known in (labels.items() if isinstance(labels, dict) else ())
            if isinstance(known, dict)
        }
        self._maps = {kind: _keys(raw.get(kind)) for kind in ("labels", "aliases")}

    def _unknown(self, what: str, word: str, known: Sequence[str], path: Sequence[Any]) -> None:
        self.faults.append(no_such(what, word, known, path=path, **self._where))

    def _wrong(
        self, rule: str, message: str, example: str, path: Sequence[Any], **params: Any
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
        if rule is None:
            return
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
        """Check that goals, outcomes, benefits and weights name indicators that are known.

        Known are the registry's and those that the file declares; the primary outcome must be
        one of behaviour or results.
        """
        declared = _parts(raw.get("outcomes"), Outcome)
        known = (*known_indicators(), *declared)
        for word, path in _indicators_named(raw):
            if isinstance(word, str) and word != UNDECIDED and word not in known:
                self._unknown("indicator", word, known, path)
        design = raw.get("design")
        primary = design.get("primary_outcome") if isinstance(design, dict) else None
        levels = {
            name: (found.level or (2 if found.of == "test" else 4))
            for name, found in declared.items()
        }
        allowed = [*possible_outcomes(), *(n for n, level in levels.items() if level >= 3)]
        if primary in known and primary not in (*allowed, "attendance", "completion"):
            self._wrong(
                "client_primary_outcome",
                "{word} cannot be the primary outcome: it is no outcome of behaviour or results.",
                "primary_outcome: {near}",
                ("design", "primary_outcome"),
                word=primary,
                near=nearest(primary, allowed) or "csat_mean",
                known=", ".join(allowed),
            )

    def outcomes(self, raw: Mapping[str, Any]) -> None:
        """Check what declared outcomes are called and what they are taken from."""
        instruments = _parts(raw.get("instruments"), Instrument)
        for name, found in _parts(raw.get("outcomes"), Outcome).items():
            path = ("outcomes", name)
            if name in known_indicators():
                self._wrong(
                    "client_outcome_taken",
                    "{word} is an indicator of the registry.",
                    "own_{word}",
                    path,
                    word=name,
                )
            self._asked_of(found, instruments, path)

    def _asked_of(self, found: Outcome, instruments: Mapping[str, Instrument], path: tuple) -> None:
        """Check questionnaires, item and dimension of one outcome, and that scales agree."""
        for word in found.instruments:
            if word not in instruments:
                self._unknown("instrument", word, list(instruments), (*path, "instruments"))
                return
        chosen = {
            name: entry
            for name, entry in instruments.items()
            if name in found.instruments or not found.instruments
        }
        items = [(entry, item) for entry in chosen.values() for item in entry.items]
        if found.item is not None:
            known = list(dict.fromkeys(item for _, item in items))
            if found.item not in known:
                self._unknown("item", found.item, known, (*path, "item"))
            items = [pair for pair in items if pair[1] == found.item]
        if found.dimension is not None:
            named = [entry.items[item].dimension for entry, item in items]
            known = list(dict.fromkeys(filter(None, named)))
            if found.dimension not in known:
                self._unknown("dimension", found.dimension, known, (*path, "dimension"))
            items = [(e, item) for e, item in items if e.items[item].dimension == found.dimension]
        scales = {(entry.scale_of(item).min, entry.scale_of(item).max) for entry, item in items}
        if (found.item or found.dimension) and len(scales) > 1:
            self._wrong(
                "client_outcome_scales",
                "It would be a mean over different scales: {scales}.",
                "instruments: [{near}]",
                path,
                scales="; ".join(f"{low:g}-{high:g}" for low, high in sorted(scales)),
                near=next(iter(chosen)),
            )
        if found.satisfied is not None:
            scale = scales if found.item else {(1.0, 5.0)}
            self._boxes(found.satisfied, scale, (*path, "satisfied"))

    def satisfied(self, raw: Mapping[str, Any]) -> None:
        """Check that the scores which count as satisfied reach to the best of their scale."""
        for name, entry in _parts(raw.get("instruments"), Instrument).items():
            path = ("instruments", name)
            if entry.satisfied is not None:
                scale = {(entry.scale.min, entry.scale.max)}
                self._boxes(entry.satisfied, scale, (*path, "satisfied"))
            for item, question in entry.items.items():
                if question.satisfied is not None:
                    scale = {(entry.scale_of(item).min, entry.scale_of(item).max)}
                    self._boxes(question.satisfied, scale, (*path, "items", item, "satisfied"))

    def _boxes(self, boxes: Boxes, scales: set[tuple[float, float]], path: tuple) -> None:
        for low, high in scales:
            if not (low < boxes.min and boxes.max == high):
                self._wrong(
                    "client_satisfied",
                    "satisfied reaches from a score above {low} to the best one, {high}.",
                    "satisfied: [{least}, {high}]",
                    path,
                    low=f"{low:g}",
                    high=f"{high:g}",
                    least=f"{high - 1:g}",
                )

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

    def standards(self, written: Any) -> None:
        """Check that only lines, rules and measures that exist are drawn."""
        self.faults += standards.unknown(written, ("standards",), **self._where)

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


def _mapping(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}


def _indicators_named(raw: Mapping[str, Any]) -> Iterator[tuple[Any, tuple[str | int, ...]]]:
    """Yield every name of an indicator in a client file, with where it stands."""
    design, value = (_mapping(raw.get(key)) for key in _ROOMS)
    lists = {
        ("goals",): raw.get("goals"),
        ("benchmarks",): raw.get("benchmarks"),
        ("regulator", "columns"): _mapping(raw.get("regulator")).get("columns"),
        ("value", "benefits"): value.get("benefits"),
    }
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
P = TypeVar("P", bound=Part)


def _parts(entries: Any, kind: type[P]) -> dict[str, P]:
    """Return the entries of a mapping that are well formed; of the others the model tells."""
    found = {}
    for name, entry in entries.items() if isinstance(entries, dict) else ():
        try:
            found[str(name)] = kind.model_validate(entry)
        except ValidationError:
            continue
    return found


def _keys(mapping: Any) -> list[str]:
    return [str(key) for key in mapping] if isinstance(mapping, dict) else []
