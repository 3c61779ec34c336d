"""Canonical tables → the site x month panel of indicators."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis import contents, files, memory, tables
from analysis.errors import DesignError, SchemaError
from analysis.indicators import registry
from analysis.indicators.engine import ROWS, Engine, Source, connect
from analysis.indicators.expressions import Block, Measure
from analysis.indicators.families import Asked, Family, families
from analysis.indicators.registry import Indicator

SCHEMA = pa.schema(
    [
        ("site_id", pa.string()),
        ("period", pa.int64()),
        ("indicator", pa.string()),
        ("stratum", pa.string()),
        ("value", pa.float64()),
        ("n", pa.int64()),
        ("total", pa.float64()),
        ("total_sq", pa.float64()),
        ("exposure", pa.float64()),
    ]
)
KEY = ["indicator", "stratum", "site_id", "period"]
SUMS = ["n", "total", "total_sq", "exposure"]
DIGITS = 12

Month = int | str | dt.date


def build_panel(
    sources: Mapping[str, Source],
    *,
    client_timezone: str,
    first: Month,
    last: Month,
    engine: str | Engine = "duckdb",
    indicators: Mapping[str, Indicator] | None = None,
    kept: KeptCells | None = None,
) -> pd.DataFrame:
    """Compute every indicator the tables allow, for each site and month.

    Parameters
    ----------
    sources : Mapping[str, Path or DataFrame]
        Canonical tables by name: Parquet files (scanned in place) or frames (small data).
        Those absent, or empty, only take their indicators away; :func:`coverage` says which.
    client_timezone : str
        IANA name; decides the local month of an instant.
    first, last : int, str or date
        First and last month, inclusive: running month, ``2024-03`` or any day of it. Data
        outside still count where a definition looks back or ahead.
    engine : str or Engine
        ``duckdb``, a Spark master, or an open connection that has read further tables.
    indicators : Mapping[str, Indicator], optional
        The client's registry, as :func:`analysis.indicators.of_client` returns it; the
        project's without it.
    kept : KeptCells, optional
        Cells of an earlier panel, taken where their tables are the same; DuckDB alone takes them.

    Returns
    -------
    DataFrame
        One row per cell, sorted by its key (``indicator``, ``stratum``, ``site_id``,
        ``period``), with the columns of :data:`SCHEMA`: ``value``; ``n`` observations behind
        it (the denominator's units: answers, requests, households; ledger rows for fees);
        ``total`` and ``total_sq``, sum and sum of squares of the observations (of the
        numerator where the indicator is a rate or a ratio of amounts; of answers that were
        supplied as means the squares are missing); ``exposure``, the denominator. ``value`` is
        ``total / exposure`` (times 1,000 for rates a thousand) but for quantiles. ``stratum`` is
        empty for overall cells; ``site_id`` is empty for training records of unknown site. Cells
        without observations or with a denominator of zero or less are absent; NaN occurs nowhere
        else. Sums are rounded to 12 significant digits, because engines do not promise an order
        of summation.

    Raises
    ------
    SchemaError
        When answers on different scales would be averaged, or a month is not one.
    """
    low, high = month_number(first), month_number(last)
    if isinstance(engine, Engine):
        engine.read(sources)
        return _build(engine, low, high, indicators or registry.load())
    with connect(engine, timezone=client_timezone) as opened:
        opened.read(sources)
        return _build(opened, low, high, indicators or registry.load(), kept)


def coverage(
    sources: Mapping[str, Source],
    panel: pd.DataFrame,
    *,
    client_timezone: str = "UTC",
    engine: str | Engine = "duckdb",
    indicators: Mapping[str, Indicator] | None = None,
) -> pd.DataFrame:
    """Say which indicators the panel lacks and which table would allow them.

    Parameters
    ----------
    sources, client_timezone, engine, indicators
        As for :func:`build_panel`.
    panel : DataFrame
        What :func:`build_panel` returned.

    Returns
    -------
    DataFrame
        One row per indicator of the registry: ``indicator``, ``computed`` (bool), ``cells``,
        ``sites``, ``first`` and ``last`` (running months, missing when not computed),
        ``missing``: tables (``invitations``) and wholly empty columns (``sites.households``)
        that would allow it, joined by commas; empty when computed, and when the tables are
        there but hold no usable row in the period.
    """
    if isinstance(engine, Engine):
        engine.read(sources)
        lacks = missing(engine, indicators)
    else:
        with connect(engine, timezone=client_timezone) as opened:
            opened.read(sources)
            lacks = missing(opened, indicators)
    cells = panel[panel["value"].notna()].groupby("indicator")
    counts = pd.DataFrame(
        {
            "cells": cells.size(),
            "sites": cells["site_id"].nunique(),
            "first": cells["period"].min(),
            "last": cells["period"].max(),
        }
    )
    found = counts.reindex(list(indicators or registry.load()))
    found = found.rename_axis("indicator").reset_index()
    found = found.astype({"first": "Int64", "last": "Int64"})
    found[["cells", "sites"]] = found[["cells", "sites"]].fillna(0).astype("int64")
    found.insert(1, "computed", found["cells"] > 0)
    found["missing"] = [
        "" if done else ", ".join(lacks.get(name, ()))
        for name, done in zip(found["indicator"], found["computed"], strict=True)
    ]
    return found


def missing(
    engine: Engine, indicators: Mapping[str, Indicator] | None = None
) -> Mapping[str, tuple[str, ...]]:
    """Return, for each indicator that cannot be computed, the tables or columns it lacks.

    A table without rows and an optional column without a single value count as absent.
    """
    needs = indicators or registry.load()
    used = {(t, c) for i in needs.values() for t, columns in i.sources.items() for c in columns}
    absent: set[str] = set()
    for name in sorted({table for table, _ in used}):
        optional = [c for t, c in sorted(used) if t == name and not _required(t, c)]
        filled = engine.filled(name, optional)
        if not filled or filled[ROWS] == 0:
            absent.add(name)
        else:
            absent |= {f"{name}.{c}" for c in optional if filled[c] == 0}
    stands_in = {
        name
        for name in {other for i in needs.values() for other in i.instead.values()}
        if (filled := engine.filled(name, ())) and filled[ROWS] > 0
    }
    lacks = {
        i.id: tuple(
            place
            for table, columns in i.sources.items()
            if table not in absent or i.instead.get(table) not in stands_in
            for place in ([table] if table in absent else [f"{table}.{c}" for c in columns])
            if place in absent
        )
        for i in needs.values()
    }
    return {name: places for name, places in lacks.items() if places}


def save(panel: pd.DataFrame, path: Path) -> Path:
    """Write a panel to Parquet so that a killed process leaves no half file."""
    table = pa.Table.from_pandas(panel, schema=SCHEMA, preserve_index=False)
    return files.replace_file(path, lambda beside: pq.write_table(table, beside))


def load(path: Path) -> pd.DataFrame:
    """Read a panel written by :func:`save`.

    Raises
    ------
    SchemaError
        When the file has other columns or types.
    """
    table = pq.read_table(path)
    if not table.schema.equals(SCHEMA):
        raise SchemaError(f"{path}: not a panel; columns are {table.schema.names}")
    return table.to_pandas()


def month_number(month: Month) -> int:
    """Return a running month from itself, from ``2024-03`` or from any day of the month."""
    if isinstance(month, dt.date):
        return tables.period_of(month)
    if isinstance(month, int | np.integer):
        return int(month)
    if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        return tables.period_of(dt.date.fromisoformat(f"{month}-01"))
    raise SchemaError(f"not a month: {month!r}; correct: '2024-03'")


def _required(table: str, column: str) -> bool:
    return tables.TABLES[table].columns[column].required


def _build(
    engine: Engine,
    low: int,
    high: int,
    indicators: Mapping[str, Indicator],
    kept: KeptCells | None = None,
) -> pd.DataFrame:
    if low > high:
        raise DesignError(f"the period ends ({high}) before it begins ({low})")
    wanted = indicators.keys() - missing(engine, indicators).keys()
    given = {
        "registry": contents.digest(dict(indicators)),
        "wanted": sorted(wanted),
        "months": (low, high),
        "zone": engine.timezone,
    }

    def cells(family: Family) -> pa.Table:
        asked = Asked(engine.only(family.tables), indicators, wanted, low, high)
        found = [_cells(engine, block, low, high) for block in family.blocks(asked)]
        if not found:
            return SCHEMA.empty_table()
        return pa.Table.from_pandas(pd.concat(found), schema=SCHEMA, preserve_index=False)

    parts = []
    for family in families(indicators):
        make = partial(cells, family)
        parts.append(make() if kept is None else kept.of(family, given, make))
    panel = pa.concat_tables(parts).to_pandas().sort_values(KEY, ignore_index=True)
    return pa.Table.from_pandas(panel, schema=SCHEMA, preserve_index=False).to_pandas()


@dataclass(frozen=True, slots=True)
class KeptCells:
    """The cells of a client's earlier panels, by the tables that they were counted from.

    Attributes
    ----------
    store : Store
        Where they are kept.
    tables : Mapping[str, str]
        SHA-256 of the file of each canonical table that there is.
    """

    store: memory.Store
    tables: Mapping[str, str | None]

    def of(
        self, family: Family, given: Mapping[str, Any], make: Callable[[], pa.Table]
    ) -> pa.Table:
        """Return the cells of a family, made now where its tables or anything given changed."""
        read = {name: self.tables.get(name) for name in sorted(family.tables)}
        return memory.recall(
            self.store, build_panel, {"family": family.name, "read": read, **given}, make
        )


def _cells(engine: Engine, block: Block, low: int, high: int) -> pd.DataFrame:
    wide = engine.execute(block.cells)
    if "stratum" not in wide:
        wide["stratum"] = ""
    if block.fill_months:
        wide = _fill_months(wide, block.measures, block.silent)
    wide = wide[wide["period"].between(low, high)]
    return pd.concat([_long(wide, measure, block) for measure in block.measures])


def _fill_months(
    wide: pd.DataFrame, measures: tuple[Measure, ...], silent: tuple[int, ...]
) -> pd.DataFrame:
    """Add the months between a site's first and last in which nothing was counted."""
    spans = wide.groupby("site_id")["period"].agg(["min", "max"])
    grid = pd.MultiIndex.from_tuples(
        [
            (site.Index, period)
            for site in spans.itertuples()
            for period in range(site.min, site.max + 1)
            if period not in silent
        ],
        names=["site_id", "period"],
    )
    full = wide.set_index(["site_id", "period"]).reindex(grid).reset_index()
    counts = list({m.total for m in measures})
    full[counts] = full[counts].fillna(0.0)
    full["stratum"] = ""
    # Households are the site's, the same in each month.
    full["n"] = full.groupby("site_id")["n"].transform("max")
    return full


def _long(wide: pd.DataFrame, measure: Measure, block: Block) -> pd.DataFrame:
    part = wide[["site_id", "period", "stratum"]].copy()
    for column in SUMS:
        part[column] = wide[getattr(measure, column)].astype("float64")
    if measure.value is not None:
        part["value"] = wide[measure.value].astype("float64") / measure.divisor
    if block.pooled:
        part = _pool(part)
    part = part[(part["n"] > 0) & (part["exposure"] > 0) & part["stratum"].notna()]
    part["total"] = _rounded(part["total"] / measure.divisor)
    part["total_sq"] = _rounded(part["total_sq"] / measure.divisor**2)
    if measure.value is None:
        part["value"] = measure.scale * part["total"] / part["exposure"]
    part["indicator"] = measure.indicator
    return part


def _pool(part: pd.DataFrame) -> pd.DataFrame:
    pooled = part.groupby(["site_id", "period"], as_index=False)[SUMS].sum()
    pooled["stratum"] = ""
    return pd.concat([part[part["stratum"].notna()], pooled], ignore_index=True)


def _rounded(values: pd.Series) -> pd.Series:
    """Round to significant digits."""
    size = np.floor(np.log10(values.abs().where(values != 0, 1.0)))
    power = 10.0 ** (DIGITS - 1 - size)
    return (values * power).round() / power
