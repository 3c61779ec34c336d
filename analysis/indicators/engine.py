"""Where the expressions run: embedded DuckDB, or Spark for data that outgrew one machine."""

from __future__ import annotations

import copy
import itertools
import os
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis import tables as canonical
from analysis.errors import RunError
from analysis.tables.stored import literal

Source = Path | str | pd.DataFrame | pa.Table
ROWS = ""
"""Under which :meth:`Engine.filled` counts the rows of a table."""


class Engine:
    """A connection that reads canonical tables and executes Ibis expressions.

    Made by :func:`connect`; use it as a context manager. Local months follow the session's
    time zone, which is the client's.

    Attributes
    ----------
    name : str
        ``duckdb`` or ``spark``.
    timezone : str
        IANA name of the session's time zone.
    """

    def __init__(
        self, name: str, timezone: str, backend: Any, folder: tempfile.TemporaryDirectory[str]
    ) -> None:
        self.name = name
        self.timezone = timezone
        self._backend = backend
        self._folder = folder
        self._paths: dict[str, Path] = {}
        self._tables: dict[str, ir.Table] = {}
        self._allowed: frozenset[str] | None = None
        self._numbers = itertools.count(1)

    def read(self, sources: Mapping[str, Source]) -> None:
        """Register canonical tables.

        Parameters
        ----------
        sources : Mapping[str, Path or DataFrame or pyarrow.Table]
            By canonical name. Parquet files are scanned in place, never loaded; frames, meant
            for small data, are given the declared types first. Files that do not exist are
            absent tables.

        Raises
        ------
        KeyError
            For a name that is no canonical table.
        """
        for name, source in sources.items():
            path = self._file(name, source)
            if path is not None:
                self._paths[name] = path
                self._tables.pop(name, None)

    def table(self, name: str) -> ir.Table | None:
        """Return a canonical table as an expression, or None when it is absent.

        Raises
        ------
        KeyError
            For a table that is not among those of :meth:`only`.
        """
        if self._allowed is not None and name not in self._allowed:
            raise KeyError(f"{name} is read here, but only {sorted(self._allowed)} were named")
        if name in self._paths and name not in self._tables:
            path = self._paths[name]
            given = literal(path) if self.name == "duckdb" else str(path)
            self._tables[name] = self._backend.read_parquet(given)
        return self._tables.get(name)

    def only(self, tables: Collection[str]) -> Engine:
        """Return this connection as one from which no other table can be read than these."""
        narrow = copy.copy(self)
        narrow._allowed = frozenset(tables)
        return narrow

    def filled(self, name: str, columns: Collection[str]) -> Mapping[str, int] | None:
        """Return how many cells of columns of a table have a value, and its rows.

        Rows stand under :data:`ROWS`; None for a table that is absent. A Parquet file says all this
        itself; one that does not is asked by a query.
        """
        path = self._paths.get(name)
        if path is not None and path.is_file() and (told := _told(path, columns)) is not None:
            return told
        if (table := self.table(name)) is None:
            return None
        counts = {column: table[column].count() for column in columns}
        row = self.execute(table.aggregate(rows_=table.count(), **counts)).iloc[0]
        return {ROWS: int(row["rows_"])} | {column: int(row[column]) for column in columns}

    def stored(self, rows: ir.Table) -> ir.Table:
        """Return rows that many queries read, computed once where that is possible.

        On DuckDB they are written to a temporary Parquet file, whatever their number, and
        scanned there; Spark is left to plan by itself.
        """
        if self.name != "duckdb":
            return rows
        path = Path(self._folder.name) / f"stored-{next(self._numbers)}.parquet"
        rows.to_parquet(path)
        return self._backend.read_parquet(literal(path))

    def execute(self, expression: ir.Table) -> pd.DataFrame:
        """Run an expression and return its rows; meant for aggregates, not for micro-data."""
        if self.name == "duckdb":
            return expression.to_pandas()
        # Ibis goes through toPandas, which pandas 3 and Spark 4.0 do not agree on.
        rows = self._backend._session.sql(self._backend.compile(expression)).toArrow()
        return rows.cast(expression.schema().to_pyarrow()).to_pandas()

    def close(self) -> None:
        """End the connection and remove its temporary files."""
        if self.name == "spark":
            self._backend._session.stop()
        else:
            self._backend.disconnect()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _file(self, name: str, source: Source) -> Path | None:
        schema = canonical.TABLES[name]
        if isinstance(source, str | Path):
            path = Path(source).resolve()
            return path if path.exists() else None
        if isinstance(source, pa.Table):
            source = source.to_pandas(types_mapper=pd.ArrowDtype)
        path = Path(self._folder.name) / f"{schema.name}.parquet"
        pq.write_table(canonical.conform(name, source), path)
        return path


def _told(path: Path, columns: Collection[str]) -> dict[str, int] | None:
    """Return what a Parquet file says of its rows and of the cells that have a value."""
    about = pq.read_metadata(path)
    if not set(columns).issubset(about.schema.to_arrow_schema().names):
        return None
    counts = {ROWS: about.num_rows, **dict.fromkeys(columns, about.num_rows)}
    for number in range(about.num_row_groups):
        group = about.row_group(number)
        for place in range(group.num_columns):
            column = group.column(place)
            if column.path_in_schema in counts:
                said = column.statistics
                if said is None or not said.has_null_count:
                    return None
                counts[column.path_in_schema] -= said.null_count
    return counts


def connect(
    address: str = "duckdb",
    *,
    timezone: str,
    memory_limit: str = "4GB",
    threads: int | None = None,
    temp_directory: Path | str | None = None,
    options: Mapping[str, str] | None = None,
) -> Engine:
    """Connect to an engine.

    Parameters
    ----------
    address : str
        ``duckdb``, or a Spark master such as ``spark://host:7077`` or ``local[2]``.
    timezone : str
        IANA name, e.g. ``Asia/Shanghai``; decides which local month an instant falls in.
    memory_limit : str
        What DuckDB may hold before it spills to disk.
    threads : int or None
        DuckDB's threads; None takes every core.
    temp_directory : Path, str or None
        Where spilled data goes; a temporary folder when None.
    options : Mapping[str, str] or None
        Further Spark settings.

    Returns
    -------
    Engine

    Raises
    ------
    RunError
        For an unknown engine or time zone, or when the package ``pyspark`` is absent.
    """
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise RunError(f"unknown time zone {timezone!r}; correct: 'Asia/Shanghai'") from error
    folder = tempfile.TemporaryDirectory(
        prefix="crmeval-", dir=temp_directory, ignore_cleanup_errors=True
    )
    if address == "duckdb":
        backend = ibis.duckdb.connect(
            memory_limit=memory_limit,
            threads=threads or os.cpu_count() or 1,
            temp_directory=str(Path(folder.name) / "spill"),
            preserve_insertion_order=False,
        )
        backend.con.execute(f"SET TimeZone = '{zone.key}'")
        # DuckDB's would run into the run's own. In a kernel without ipywidgets it is off, and to
        # switch it off is an error.
        found = backend.con.execute("SELECT current_setting('enable_progress_bar')").fetchone()
        if found == (True,):
            backend.con.execute("SET enable_progress_bar = false")
        backend.con.execute("CREATE TEMP MACRO unix_micros(t) AS epoch_us(t)")
        return Engine("duckdb", timezone, backend, folder)
    if address.startswith(("spark://", "local")):
        return Engine("spark", timezone, _spark(address, timezone, options or {}), folder)
    folder.cleanup()
    raise RunError(f"unknown engine {address!r}: use 'duckdb' or 'spark://host:7077'")


def _spark(address: str, timezone: str, options: Mapping[str, str]) -> Any:
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise RunError("the Spark engine needs pyspark: pip install 'crmeval[spark]'") from error
    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": timezone,
        **options,
    }
    if address.startswith("local") or urlsplit(address).hostname in {"127.0.0.1", "localhost"}:
        settings.setdefault("spark.driver.host", "127.0.0.1")
        settings.setdefault("spark.driver.bindAddress", "127.0.0.1")
    builder = SparkSession.builder.master(address).appName("crmeval")
    for key, value in settings.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    backend = ibis.pyspark.connect(session)
    # Ibis sets the session to UTC when it connects.
    session.conf.set("spark.sql.session.timeZone", timezone)
    return backend
