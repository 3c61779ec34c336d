"""Scores on the scale of their item: several scales may stand in one column."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.client import Client, Scale
from analysis.errors import Fault
from analysis.ingest.problems import Problem, fault
from analysis.ingest.readers import RawTable
from analysis.tables import ARROW_TYPES, Column

SCALED_TABLES = frozenset({"surveys", "survey_means", "reactions", "ratings"})
"""Tables whose ``score`` lies on the scale of an instrument's item."""

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
class Unscaled:
    """Rows whose item has no declared scale, with the rule they break."""

    rule: str
    instrument: str | None
    item: str
    rows: np.ndarray


def scale_of(client: Client, instrument: str | None, item: str) -> Scaled | str:
    """Return an item's scale, or the rule that is broken."""
    known = client.instruments.get(instrument) if instrument else None
    if known is None:
        return "instrument_unknown"
    if item not in known.items:
        return "item_unknown"
    scale = known.scale_of(item)
    return Scaled(low=scale.min, high=scale.max, turned=known.turned(item))


def by_scale(
    client: Client,
    table: RawTable,
    spec: Column,
    instruments: pd.Series,
    items: pd.Series,
    take: Callable[[RawTable, Scaled], Taken],
) -> tuple[Taken, list[Unscaled]]:
    """Take the scores of one raw table, those of each instrument and item by its own scale.

    Parameters
    ----------
    client : Client
        Declares the instruments.
    table : RawTable
        Rows that count.
    spec : Column
        Canonical column of the score.
    instruments, items : Series of string
        For each row; missing where they could not be read, which is told elsewhere.
    take : Callable
        Takes the scores of some rows, given their scale.

    Returns
    -------
    Taken, list of Unscaled
        All scores in row order, and the rows whose scale is not declared.
    """
    keys = pd.DataFrame({"instrument": instruments, "item": items})
    whole = nothing(len(table), spec)
    unscaled = []
    for instrument, item, places in _groups(keys):
        scaled = scale_of(client, instrument, item or "")
        if isinstance(scaled, str):
            if item is not None:
                unscaled.append(Unscaled(scaled, instrument, item, places))
            scaled = Scaled()
        part = take(rows_of(table, places), scaled)
        if len(places) == len(table):
            return part, unscaled
        _fill(whole, part, places)
    return whole, unscaled


def _groups(keys: pd.DataFrame) -> Iterator[tuple[str | None, str | None, np.ndarray]]:
    for key, rows in keys.groupby(["instrument", "item"], dropna=False):
        instrument, item = (None if pd.isna(part) else str(part) for part in key)
        yield instrument, item, rows.index.to_numpy()


def _fill(whole: Taken, part: Taken, places: np.ndarray) -> None:
    whole.cells.iloc[places] = part.cells.array
    whole.reasons.iloc[places] = part.reasons.array
    whole.problems += [
        Problem(p.fault, places[p.rows] if len(p.rows) else p.rows, p.column, p.item)
        for p in part.problems
    ]
    for name, n in part.counts.items():
        whole.counts[name] = whole.counts.get(name, 0) + n


def rows_of(table: RawTable, mask: np.ndarray) -> RawTable:
    """Return some rows of a raw table, as a view that nothing writes to."""
    if mask.dtype == bool and mask.all():
        return replace(table, frame=table.frame.reset_index(drop=True), faults=())
    return replace(
        table,
        frame=table.frame.iloc[np.flatnonzero(mask) if mask.dtype == bool else mask].reset_index(
            drop=True
        ),
        row_numbers=table.row_numbers[mask],
        faults=(),
    )


def unfit_scales(client: Client, surveys: pd.DataFrame | None) -> list[Fault]:
    """Return the faults of items whose declared scale their role cannot have.

    A net promoter score is defined on 0-10 only; overall satisfaction is one outcome, so all
    answered items of that role need one scale.

    Parameters
    ----------
    client : Client
        Declares instruments, items and roles.
    surveys : DataFrame, optional
        Canonical answers: ``instrument, item, score``; a version never answered counts for
        nothing.
    """
    if surveys is None or not {"instrument", "item", "score"} <= set(surveys.columns):
        return []
    answered = surveys.loc[surveys["score"].notna(), ["instrument", "item"]].drop_duplicates()
    roles: dict[str, list[tuple[str, str, Scale]]] = {"overall": [], "nps": []}
    for instrument, item in answered.itertuples(index=False):
        known = client.instruments.get(instrument)
        if known is not None and item in known.items and known.items[item].role in roles:
            entry = (instrument, item, known.scale_of(item))
            roles[known.items[item].role].append(entry)
    found = [
        _scale_fault(client, "scale_of_nps", instrument, item, scale=_span(scale))
        for instrument, item, scale in roles["nps"]
        if (scale.min, scale.max) != (0, 10)
    ]
    overall = sorted(roles["overall"])
    found += [
        _scale_fault(
            client,
            "scale_differs",
            instrument,
            item,
            scale=_span(scale),
            first=f"{overall[0][0]}.{overall[0][1]}",
            first_scale=_span(overall[0][2]),
        )
        for instrument, item, scale in overall[1:]
        if _span(scale) != _span(overall[0][2])
    ]
    return found


def _span(scale: Scale) -> str:
    return f"{scale.min:g}–{scale.max:g}"


def _scale_fault(client: Client, rule: str, instrument: str, item: str, **params: str) -> Fault:
    path = ("instruments", instrument, "items", item)
    return fault(
        rule,
        params=params,
        file=client.path.name,
        row=client.line_of(*path) or client.line_of("instruments", instrument),
        column=".".join(path),
        value=params["scale"],
    )


def no_reasons(length: int) -> pd.Series:
    """Return reasons of missing cells: none so far."""
    return _blank(length, pa.string())


def _blank(length: int, kind: pa.DataType) -> pd.Series:
    return pd.Series(pd.array(pa.nulls(length, kind), dtype=pd.ArrowDtype(kind)))


def nothing(length: int, spec: Column) -> Taken:
    """Return a column without a single value."""
    values = _blank(length, ARROW_TYPES[spec.kind])
    return Taken(cells=values, reasons=no_reasons(length), problems=[], counts={})
