"""One canonical column of one raw table: taken from its place, cleaned, looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.client import Client, ColumnMap
from analysis.ingest.cleaning import (
    OPTIONS,
    Converted,
    convert,
    locate,
    normalise,
    shown,
    without_value,
)
from analysis.ingest.options import how, unfit
from analysis.ingest.places import by_pattern, place
from analysis.ingest.privacy import Pseudonyms, personal_values
from analysis.ingest.problems import Problem, fault, personal_params, screened
from analysis.ingest.readers import RawTable
from analysis.ingest.scales import Scaled, Taken
from analysis.ingest.units import undeclared
from analysis.tables import ARROW_TYPES, Column

_STRING = pd.ArrowDtype(pa.string())


@dataclass(frozen=True, slots=True)
class Taker:
    """Takes canonical columns out of raw tables for one client.

    ``known`` holds the identifiers of the tables that are ready, which need no alias.
    ``spellings`` holds, for each column of free labels, the first spelling of each label: what
    differs in widths or full-width punctuation only is one label, written as first seen.
    """

    client: Client
    pseudonyms: Pseudonyms
    known: Mapping[str, frozenset[str]] = field(default_factory=dict)
    spellings: dict[str, dict[str, str]] = field(default_factory=dict)

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
        raw, header = place(table, mapping)
        problems: list[Problem] = []
        counts: dict[str, int] = {}
        date_system = table.source.date_system
        kind, options = how(
            self.client, column, spec, mapping, scaled, date_system=date_system, known=self.known
        )
        if wrong := unfit(mapping, kind, options):
            problems.append(self._unfit(wrong, kind, header))
            for name in wrong:
                options.pop(name, None)
        unmatched, cut, typed = None, None, raw
        if mapping.pattern is not None:
            numbers = kind in ("number", "int", "score", "share")
            raw, unmatched, cut = by_pattern(
                raw, mapping.pattern, without_value(**options), numbers=numbers
            )
        try:
            converted = convert(raw, kind, **options)
        except ValueError as error:  # an option with a value that it cannot have
            return self._refused(error, header, column, spec, len(raw), problems)
        for name, n in converted.counts.items():
            counts[name] = counts.get(name, 0) + int(n)
        values = converted.values  # noqa: PD011 - a field, not an array
        hidden = spec.kind == "person" or mapping.hashed
        problems += _problems(converted, table, header, column, hidden, item, mapping.aliases)
        if unmatched is not None and unmatched.any():
            cells = None if hidden else typed
            problems += _pattern_problems(
                table, unmatched, cut, cells, header, column, mapping, item
            )
        problems += _unit_problems(values, counts, table, column, spec, mapping)
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
            params={"problem": str(error), "problem_key": f"faults.option.{_option_kind(error)}"},
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
        values = self.as_first_seen(values, column, spec, mapping)
        kinds = personal_values(values)
        found = []
        for position in np.flatnonzero(kinds.notna().to_numpy()):
            found.append(
                Problem(
                    fault(
                        "personal_value",
                        params=personal_params(kinds.iloc[position]),
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

    def as_first_seen(
        self, values: pd.Series, column: str, spec: Column, mapping: ColumnMap | None
    ) -> pd.Series:
        """Return free labels as each was spelled first; other columns as they are."""
        if not is_free(spec, mapping):
            return values
        seen = self.spellings.setdefault(column, {})
        typed = values.dropna().unique()
        said = {text: seen.setdefault(normalise(text)[0], text) for text in typed}
        changed = {text: first for text, first in said.items() if text != first}
        return values.replace(changed) if changed else values

    def _unfit(self, wrong: list[str], kind: str, header: str) -> Problem:
        return Problem(
            fault(
                "option_unfit",
                params={
                    "option": ", ".join(wrong),
                    "kind": kind,
                    "known": ", ".join(sorted(OPTIONS[kind])),
                },
                file=self.client.path.name,
                column=header,
            )
        )


def is_free(spec: Column, mapping: ColumnMap | None) -> bool:
    """Return whether the labels of a column are whatever the exports hold."""
    free = spec.kind == "label" and not spec.labels
    return free and mapping is not None and mapping.labels is None and not mapping.hashed


def _unit_problems(
    values: pd.Series,
    counts: Mapping[str, int],
    table: RawTable,
    column: str,
    spec: Column,
    mapping: ColumnMap,
) -> list[Problem]:
    """Tell a unit beside the cells that nobody declared, and one that would count twice."""
    everywhere = np.arange(len(values), dtype=np.int64)
    bare = int(values.notna().sum()) > counts.get("duration_spelled", 0)
    told = undeclared(table, spec, mapping, bare=bare)
    own = counts.get("chinese_multiplier", 0) + counts.get("yuan_word", 0)
    if told is None and mapping.factor not in (None, 1) and own:
        told = fault(
            "factor_twice",
            params={"factor": f"{mapping.factor:g}", "count": own},
            file=table.source.file,
            sheet=table.source.sheet,
            column=mapping.header[0],
        )
    return [] if told is None else [Problem(told, everywhere, column)]


def _option_kind(error: ValueError) -> str:
    signs = (("low and high", "scale_needed"), ("both true and", "true_and_false"))
    signs += (("time zone", "zone"),)
    return next((kind for sign, kind in signs if sign in str(error)), "other")


def _problems(
    converted: Converted,
    table: RawTable,
    header: str,
    column: str,
    hidden: bool,
    item: str | None,
    aliases: str | None,
) -> list[Problem]:
    if converted.faults.empty:
        return []
    located = locate(converted, table, header, values=not hidden)
    positions = converted.faults.sort_values("position", kind="stable")["position"].to_numpy()
    problems = []
    for position, found in zip(positions, located, strict=True):
        if aliases and found.rule == "label_unknown":
            renamed = fault("alias_unknown", params={"map": aliases})
            found = replace(
                found,
                rule="alias_unknown",
                message=renamed.message,
                example=renamed.example,
                params=renamed.params,
            )
        problems.append(Problem(screened(found), np.array([position]), column, item))
    return problems


def _pattern_problems(
    table: RawTable,
    unmatched: np.ndarray,
    cut: pd.Series,
    cells: pd.Series | None,
    header: str,
    column: str,
    mapping: ColumnMap,
    item: str | None,
) -> list[Problem]:
    return [
        Problem(
            screened(
                fault(
                    "pattern_unmatched" if pd.isna(cut.iloc[position]) else cut.iloc[position],
                    params={"pattern": mapping.pattern},
                    file=table.source.file,
                    sheet=table.source.sheet,
                    row=int(table.row_numbers[position]),
                    column=header,
                    value=None if cells is None else shown(cells.iloc[position]),
                )
            ),
            np.array([position]),
            column,
            item,
        )
        for position in np.flatnonzero(unmatched)
    ]
