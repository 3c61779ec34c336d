"""One canonical column of one raw table: taken from its place, cleaned, looked up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.client import Client, ColumnMap
from analysis.ingest.cleaning import OPTIONS, Converted, convert, locate, normalise
from analysis.ingest.privacy import Pseudonyms, personal_values
from analysis.ingest.problems import Problem, fault, screened
from analysis.ingest.readers import RawTable
from analysis.tables import ARROW_TYPES, Column

_OWN = ("header", "join", "pattern", "labels", "aliases", "factor", "reversed", "hashed")
_STRING = pd.ArrowDtype(pa.string())


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaled:
    """The scale of a score: lowest, highest, and whether raw codes run from best to worst."""

    low: float | None = None
    high: float | None = None
    turned: bool = False


@dataclass(slots=True, kw_only=True)
class Taken:
    """One column taken from one raw table, with the reasons of missing cells and counts."""

    cells: pd.Series
    reasons: pd.Series
    problems: list[Problem]
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Taker:
    """Takes canonical columns out of raw tables for one client.

    ``known`` holds the identifiers of the tables that are ready, which need no alias.
    """

    client: Client
    pseudonyms: Pseudonyms
    known: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def take(
        self,
        table: RawTable,
        column: str,
        spec: Column,
        mapping: ColumnMap,
        *,
        scaled: Scaled | None = None,
        item: str | None = None,
    ) -> Taken:
        """Return one column of one raw table with the canonical type.

        Parameters
        ----------
        table : RawTable
            Rows that count; all mapped headers are present.
        column, spec : str, Column
            Canonical column.
        mapping : ColumnMap
            Where it comes from and how it reads.
        scaled : Scaled, optional
            Scale of a score.
        item : str, optional
            Item of a wide questionnaire, for the faults.
        """
        raw, header = _place(table, mapping)
        problems: list[Problem] = []
        counts: dict[str, int] = {}
        unmatched = None
        if mapping.pattern is not None:
            raw, unmatched = _by_pattern(raw, mapping.pattern)
        kind, options = self._how(column, spec, mapping, scaled, table.source.date_system)
        unfit = _unfit(mapping, kind, options)
        if unfit:
            problems.append(self._unfit(unfit, kind, header))
            for name in unfit:
                options.pop(name, None)
        try:
            converted = convert(raw, kind, **options)
        except ValueError as error:  # an option with a value that it cannot have
            return self._refused(error, header, column, spec, len(raw), problems)
        for name, n in converted.counts.items():
            counts[name] = counts.get(name, 0) + int(n)
        values = converted.values  # noqa: PD011 - a field, not an array
        problems += _problems(converted, table, header, column, spec, item, bool(mapping.aliases))
        if unmatched is not None and unmatched.any():
            problems += _pattern_problems(table, unmatched, header, column, mapping.pattern, item)
        values, more = self._finish(values, column, spec, mapping, counts, table, header)
        return Taken(
            cells=values, reasons=converted.reasons, problems=problems + more, counts=counts
        )

    def _refused(
        self,
        error: ValueError,
        header: str,
        column: str,
        spec: Column,
        length: int,
        problems: list[Problem],
    ) -> Taken:
        found = fault(
            "option_value",
            params={"problem": str(error)},
            file=self.client.path.name,
            column=header,
        )
        nothing = pd.Series([None] * length, dtype=pd.ArrowDtype(ARROW_TYPES[spec.kind]))
        told = Problem(found, np.arange(length, dtype=np.int64), column)
        return Taken(
            cells=nothing,
            reasons=pd.Series([None] * length, dtype=_STRING),
            problems=[*problems, told],
            counts={},
        )

    def _finish(
        self,
        values: pd.Series,
        column: str,
        spec: Column,
        mapping: ColumnMap,
        counts: dict[str, int],
        table: RawTable,
        header: str,
    ) -> tuple[pd.Series, list[Problem]]:
        if mapping.factor is not None:
            values = values * mapping.factor
            counts["multiplied"] = int(values.notna().sum())
        if spec.kind == "person" or mapping.hashed:
            counts["pseudonymised"] = int(values.notna().sum())
            return self.pseudonyms.of(values, column), []
        target = ARROW_TYPES[spec.kind]
        if values.dtype != pd.ArrowDtype(target):
            values = values.astype(pd.ArrowDtype(target))
        if spec.kind not in ("id", "label", "text"):
            return values, []
        kinds = personal_values(values)
        found = []
        for position in np.flatnonzero(kinds.notna().to_numpy()):
            found.append(
                Problem(
                    fault(
                        "personal_value",
                        params={"kind": kinds.iloc[position]},
                        file=table.source.file,
                        sheet=table.source.sheet,
                        row=int(table.row_numbers[position]),
                        column=header,
                    ),
                    np.array([position]),
                    column,
                )
            )
        return values, found

    def _how(
        self,
        column: str,
        spec: Column,
        mapping: ColumnMap,
        scaled: Scaled | None,
        date_system: str,
    ) -> tuple[str, dict[str, Any]]:
        """Return the kind of conversion and its options."""
        labels, no_value = self._labels(mapping)
        kind = "month" if column == "month" else spec.kind
        options: dict[str, Any] = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in mapping.model_dump(exclude=set(_OWN)).items()
            if value not in (None, (), {}, False)
        }
        if no_value:
            options["missing"] = [*options.get("missing", ()), *no_value]
        if scaled is not None:
            kind = "score"
            options |= {"low": scaled.low, "high": scaled.high}
            if scaled.turned or mapping.reversed:
                options["reverse"] = True
        elif spec.kind in ("int", "number") and labels:
            kind = "score"
            options["whole"] = spec.kind == "int"
        if kind in ("int", "number", "score", "share") and scaled is None:
            for name, bound in (("low", spec.low), ("high", spec.high)):
                if bound is not None:
                    options[name] = bound / (mapping.factor or 1)
            if mapping.reversed and kind == "score":
                options["reverse"] = True
        if kind == "instant":
            options.setdefault("zone", self.client.client.timezone)
        if kind in ("date", "month", "instant"):
            options["date_system"] = date_system
        if mapping.aliases is not None:
            aliases = self.client.aliases[mapping.aliases]
            ids = set(aliases.values()) | self.known.get(spec.refers or "", frozenset())
            return "label", _only(options, "label") | {
                "labels": dict(aliases),
                "allowed": sorted(ids),
            }
        if kind == "bool" and labels:
            options["true"] = [raw for raw, value in labels.items() if value is True]
            options["false"] = [raw for raw, value in labels.items() if value is False]
        elif labels and kind in ("score", "label"):
            options["labels"] = labels
        elif labels:
            options["labels"] = labels  # told as unfit
        if kind == "label" and spec.labels:
            options["allowed"] = list(spec.labels)
        return kind, {name: value for name, value in options.items() if value is not None}

    def _labels(self, mapping: ColumnMap) -> tuple[dict[str, Any], list[str]]:
        labels = mapping.labels
        if isinstance(labels, str):
            labels = self.client.labels[labels]
        labels = labels or {}
        known = {raw: value for raw, value in labels.items() if value is not None}
        return known, [raw for raw, value in labels.items() if value is None]

    def _unfit(self, unfit: list[str], kind: str, header: str) -> Problem:
        return Problem(
            fault(
                "option_unfit",
                params={
                    "option": ", ".join(unfit),
                    "kind": kind,
                    "known": ", ".join(sorted(OPTIONS[kind])),
                },
                file=self.client.path.name,
                column=header,
            )
        )


def _unfit(mapping: ColumnMap, kind: str, options: Mapping[str, Any]) -> list[str]:
    wrong = [name for name in options if name not in OPTIONS[kind]]
    if mapping.factor is not None and kind not in ("number", "int"):
        wrong.append("factor")
    if mapping.reversed and kind != "score":
        wrong.append("reversed")
    return wrong


def _only(options: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name in OPTIONS[kind]}


def _place(table: RawTable, mapping: ColumnMap) -> tuple[pd.Series, str]:
    """Return the raw cells of a mapping and what to call them."""
    parts = [_part(table, header) for header in mapping.header]
    if len(parts) == 1:
        return parts[0], mapping.header[0]
    texts = [part.map(_as_text).astype(_STRING) for part in parts]
    joined = texts[0].str.cat(texts[1:], sep=mapping.join)
    return joined, mapping.join.join(mapping.header)


def _part(table: RawTable, header: str) -> pd.Series:
    index = table.frame.index
    stem = PurePath(table.source.file).stem
    if header == "$file":
        return pd.Series(stem, index=index, dtype=object)
    if header == "$sheet":
        return pd.Series(table.source.sheet, index=index, dtype=object)
    if header == "$row":
        sheet = f":{table.source.sheet}" if table.source.sheet else ""
        return pd.Series([f"{stem}{sheet}:{n}" for n in table.row_numbers], index=index)
    return table.frame[header]


def _as_text(cell: Any) -> str | None:
    if cell is None or cell is pd.NA or cell != cell:
        return None
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return normalise(str(cell))[0] or None


def _by_pattern(raw: pd.Series, pattern: str) -> tuple[pd.Series, np.ndarray]:
    compiled = re.compile(pattern)
    known: dict[Any, str | None] = {}
    for cell in raw.dropna().unique():
        found = compiled.search(_as_text(cell) or "")
        known[cell] = None if found is None else found[1] if compiled.groups else found[0]
    taken = raw.map(known).astype(object)
    return taken, (raw.notna() & taken.isna()).to_numpy()


def _problems(
    converted: Converted,
    table: RawTable,
    header: str,
    column: str,
    spec: Column,
    item: str | None,
    aliased: bool,
) -> list[Problem]:
    if converted.faults.empty:
        return []
    person = spec.kind == "person"
    located = locate(converted, table, header, values=not person)
    positions = converted.faults.sort_values("position", kind="stable")["position"].to_numpy()
    problems = []
    for position, found in zip(positions, located, strict=True):
        if aliased and found.rule == "label_unknown":
            renamed = fault("alias_unknown")
            found = replace(
                found, rule="alias_unknown", message=renamed.message, example=renamed.example
            )
            found = replace(found, params={})
        problems.append(Problem(screened(found), np.array([position]), column, item))
    return problems


def _pattern_problems(
    table: RawTable,
    unmatched: np.ndarray,
    header: str,
    column: str,
    pattern: str,
    item: str | None,
) -> list[Problem]:
    return [
        Problem(
            fault(
                "pattern_unmatched",
                params={"pattern": pattern},
                file=table.source.file,
                sheet=table.source.sheet,
                row=int(table.row_numbers[position]),
                column=header,
            ),
            np.array([position]),
            column,
            item,
        )
        for position in np.flatnonzero(unmatched)
    ]
