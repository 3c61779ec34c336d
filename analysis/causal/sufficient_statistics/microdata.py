"""Large micro-data through sufficient statistics: one scan, then site × month arithmetic.

A file of any number of answers is read once by DuckDB and reduced to counts, sums and products a
site and month. What follows is exact: the same coefficients and the same clustered standard
errors as the regression on all rows, with memory in proportion to sites × months.

References
----------
Frisch, Waugh (1933), Lovell (1963) for taking fixed effects out; Arellano (1987) for the
clustered covariance.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.causal.did.two_way import Regression
from analysis.causal.evaluation.evaluate import Evaluation, evaluate
from analysis.causal.options import Options
from analysis.causal.panel.frame import FrameError
from analysis.causal.panel.labels import codes, counting_periods, starts
from analysis.causal.sufficient_statistics.moment_regression import (
    Absorb,
    CellMoments,
    Covariance,
    regress_moments,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

#: DuckDB writes to disk beyond this; what it holds is groups, not rows.
MEMORY_LIMIT = "1GB"

Cohorts = Mapping[str, float | None]


def cell_moments(
    path: str | Path,
    *,
    y: str,
    covariates: Sequence[str] = (),
    unit: str = "unit",
    period: str = "period",
    memory_limit: str = MEMORY_LIMIT,
    threads: int | None = None,
) -> CellMoments:
    """Reduce a Parquet file to counts, means and centred products by unit and period.

    Parameters
    ----------
    path : str or Path
        A Parquet file or a glob of several; never loaded whole.
    y : str
        Numeric outcome column.
    covariates : sequence of str
        Numeric columns of the rows.
    unit, period : str
        Columns. A period is a whole number, or a date, which becomes year·12 + month − 1.
    memory_limit, threads
        Of DuckDB; threads default to all cores.

    Returns
    -------
    CellMoments
        Rows with a missing value are left out and counted in ``n_rows_dropped``.

    Raises
    ------
    FrameError
        ``columns``, ``mixed_types``, ``period_not_integer``, ``period_label``, ``not_finite``,
        ``empty``; a row without unit or period is refused, not left out.
    """
    names = (y, *covariates)
    with _scan(path, memory_limit, threads) as db:
        month = _period(db, unit, period, names)
        shift, dropped = _survey(db, names, _complete(unit, names, month))
        products = [(j, k) for j in range(len(names)) for k in range(j, len(names))]
        centred = [f"(CAST({_quoted(name)} AS DOUBLE) - ({shift[name]!r}))" for name in names]
        columns = [f"CAST({_quoted(unit)} AS VARCHAR) AS unit", f"{month} AS period"]
        columns += [f"{value} AS v{k}" for k, value in enumerate(centred)]
        sums = [f"avg(v{k}) AS m{k}" for k in range(len(names))]
        # Products are taken about the cell's mean: large levels would eat the digits otherwise.
        sums += [f"count(*) * covar_pop(v{j}, v{k}) AS c{j}_{k}" for j, k in products]
        table = db.execute(
            f"SELECT unit, period, count(*) AS n, {', '.join(sums)} FROM "
            f"(SELECT {', '.join(columns)} FROM rows WHERE {_complete(unit, names, month)}) "
            "GROUP BY unit, period ORDER BY unit, period"
        ).df()
    return _as_cells(table, names, shift, products, dropped)


def label_counts(
    path: str | Path,
    *,
    y: str,
    unit: str = "unit",
    period: str = "period",
    memory_limit: str = MEMORY_LIMIT,
    threads: int | None = None,
) -> pd.DataFrame:
    """Count the rows of a Parquet file by unit, period and value of ``y``.

    Parameters
    ----------
    path : str or Path
        Parquet file with one row per answer.
    y, unit, period : str
        Names of its columns: the label, the site, the month.
    memory_limit, threads : str, int
        What DuckDB may use, e.g. ``"1GB"``; all cores where ``threads`` is None.

    Returns
    -------
    DataFrame
        ``unit``, ``period``, ``label``, ``count``: what the ordered model and the net promoter
        score need. Rows with a missing value are left out.
    """
    with _scan(path, memory_limit, threads) as db:
        month = _period(db, unit, period, (y,))
        return db.execute(
            f"SELECT CAST({_quoted(unit)} AS VARCHAR) AS unit, {month} AS period, "
            f"CAST({_quoted(y)} AS DOUBLE) AS label, count(*) AS count FROM rows "
            f"WHERE {_complete(unit, (y,), month)} GROUP BY ALL ORDER BY ALL"
        ).df()


def regress_microdata(
    path: str | Path,
    *,
    y: str,
    cohort: Cohorts | None = None,
    covariates: Sequence[str] = (),
    unit: str = "unit",
    period: str = "period",
    cluster: Mapping[str, str] | None = None,
    absorb: tuple[Absorb, ...] = ("unit", "period"),
    covariance: Covariance = "clustered",
    memory_limit: str = MEMORY_LIMIT,
    threads: int | None = None,
) -> Regression:
    """Regress the rows of a Parquet file on treatment and covariates with fixed effects.

    Every row counts alike, so that a site weighs as much as it has answers: another estimand than
    :func:`analysis.causal.evaluate`'s, which lets every site count alike.

    Parameters
    ----------
    path, y, covariates, unit, period, memory_limit, threads
        As :func:`cell_moments` takes them.
    cohort : Mapping, optional
        First treated period of each unit, None or NaN for never; gives the regressor
        ``treated``. Without it only the covariates are regressors.
    cluster : Mapping, optional
        Cluster of each unit; default the unit.
    absorb : tuple of {"unit", "period"}
        Fixed effects; a constant is always taken out.
    covariance : {"clustered", "iid"}

    Returns
    -------
    Regression
        Equal to the regression on all rows.

    Raises
    ------
    FrameError
        As :func:`cell_moments`, and ``unknown_unit`` for a unit without cohort or cluster,
        ``collinear``, ``no_treated``.
    """
    cells = cell_moments(
        path,
        y=y,
        covariates=covariates,
        unit=unit,
        period=period,
        memory_limit=memory_limit,
        threads=threads,
    )
    treated, names = np.empty((*cells.n.shape, 0)), ()
    if cohort is not None:
        first = _cohorts(cells, cohort)
        treated = (cells.periods[None, :] >= first[:, None]).astype(float)[..., None]
        names = ("treated",)
        if not (treated[..., 0] * cells.n).any():
            raise FrameError("no_treated", "no row is under treatment")
    groups = None if cluster is None else _clusters(cells.units, cluster)
    return regress_moments(
        cells, treated, names, cluster=groups, absorb=absorb, covariance=covariance
    )


def evaluate_microdata(
    path: str | Path,
    *,
    y: str,
    cohort: Cohorts,
    outcome: str,
    measured_in: str,
    unit: str = "unit",
    period: str = "period",
    options: Options | None = None,
    memory_limit: str = MEMORY_LIMIT,
    threads: int | None = None,
) -> Evaluation:
    """Evaluate an outcome straight from a Parquet file of any size.

    The rows become means by unit and period, and :func:`analysis.causal.evaluate` does the rest;
    ``options.covariates`` are columns of the rows and enter as means.

    Parameters
    ----------
    path, y, unit, period, memory_limit, threads
        As :func:`cell_moments` takes them.
    cohort : Mapping
        First treated period of each unit, None or NaN for never.
    outcome, measured_in : str
        Registry id and unit of ``y``.
    options : Options, optional
    """
    options = options or Options()
    cells = cell_moments(
        path,
        y=y,
        covariates=options.covariates,
        unit=unit,
        period=period,
        memory_limit=memory_limit,
        threads=threads,
    )
    for name in ("cluster", "weights", "stratum"):
        if getattr(options, name) is not None:
            raise FrameError("columns", f"{name} is not a column of the rows; it belongs to a unit")
    known = starts(cohort, cells.units, cells.periods)
    frame = cells.frame().assign(cohort=lambda f: f["unit"].map(known))
    return evaluate(frame, outcome=outcome, unit=measured_in, options=options)


@contextmanager
def _scan(path: str | Path, memory_limit: str, threads: int | None) -> Iterator[Any]:
    """Open an own in-memory DuckDB with the file as the view ``rows``."""
    import duckdb

    with tempfile.TemporaryDirectory() as spill:
        settings = {
            "memory_limit": memory_limit,
            "temp_directory": spill,
            "threads": threads or os.cpu_count() or 1,
            "enable_external_file_cache": False,
        }
        with duckdb.connect(config=settings) as db:
            source = str(path).replace("'", "''")
            db.execute(f"CREATE VIEW rows AS SELECT * FROM read_parquet('{source}')")
            yield db


def _period(db: DuckDBPyConnection, unit: str, period: str, names: Sequence[str]) -> str:
    """Return the SQL of the period; check that all columns are there and of a usable kind."""
    kinds = {row[0]: row[1] for row in db.execute("DESCRIBE rows").fetchall()}
    if missing := [name for name in (unit, period, *names) if name not in kinds]:
        raise FrameError("columns", f"the file has no column {missing}; it has {list(kinds)}")
    number = ("INT", "DOUBLE", "FLOAT", "DECIMAL", "BOOLEAN")
    for name in names:
        if not any(word in kinds[name] for word in number):
            raise FrameError("mixed_types", f"column {name!r} is {kinds[name]}, not numeric")
    kind, column = kinds[period], _quoted(period)
    if kind == "DATE" or (kind.startswith("TIMESTAMP") and "TIME ZONE" not in kind):
        month = f"CAST(year({column}) * 12 + month({column}) - 1 AS BIGINT)"
        return _labels_known(db, unit, period, month)
    if "INT" in kind:
        return _labels_known(db, unit, period, f"CAST({column} AS BIGINT)")
    raise FrameError(
        "period_not_integer",
        f"column {period!r} is {kind}; give whole numbers or local dates (an instant with a "
        "zone falls in a month only once the client's zone is chosen)",
    )


def _labels_known(db: DuckDBPyConnection, unit: str, period: str, month: str) -> str:
    """Return the SQL of the period; refuse rows that belong to no unit or no period."""
    units, periods = db.execute(
        f"SELECT count(*) FILTER ({_quoted(unit)} IS NULL), count(*) FILTER ({month} IS NULL) "
        "FROM rows"
    ).fetchone()
    if units:
        raise FrameError("mixed_types", f"column {unit!r} is missing in {units} rows")
    if periods:
        raise FrameError("period_not_integer", f"column {period!r} is missing in {periods} rows")
    return month


def _survey(db, names, complete) -> tuple[dict[str, float], int]:
    """Means to shift by, and how many rows are incomplete."""
    infinite = " OR ".join(f"isinf(CAST({_quoted(name)} AS DOUBLE))" for name in names)
    means = ", ".join(f"avg(CAST({_quoted(n)} AS DOUBLE)) FILTER ({complete})" for n in names)
    row = db.execute(
        f"SELECT count(*), count(*) FILTER ({complete}), count(*) FILTER ({infinite}), {means} "
        "FROM rows"
    ).fetchone()
    total, kept, unbounded, *mean = row
    if unbounded:
        raise FrameError("not_finite", f"{unbounded} rows hold an infinite value")
    if not kept:
        raise FrameError("empty", "no complete row")
    return {name: float(m) for name, m in zip(names, mean, strict=True)}, total - kept


def _complete(unit: str, names: Sequence[str], month: str) -> str:
    parts = [f"{_quoted(unit)} IS NOT NULL", f"{month} IS NOT NULL"]
    parts += [
        f"({_quoted(n)} IS NOT NULL AND NOT isnan(CAST({_quoted(n)} AS DOUBLE)))" for n in names
    ]
    return " AND ".join(parts)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _as_cells(table, names, shift, products, dropped) -> CellMoments:
    code, units = pd.factorize(table["unit"], sort=True)
    periods = np.unique(table["period"].to_numpy("int64"))
    counting_periods(periods)
    column = np.searchsorted(periods, table["period"].to_numpy("int64"))
    shape, K = (len(units), len(periods)), len(names)
    n, mean, product = np.zeros(shape), np.zeros((*shape, K)), np.zeros((*shape, K, K))
    n[code, column] = table["n"].to_numpy(float)
    for k in range(K):
        mean[code, column, k] = table[f"m{k}"].to_numpy(float)
    for j, k in products:
        product[code, column, j, k] = product[code, column, k, j] = table[f"c{j}_{k}"]
    return CellMoments(
        units=np.asarray(units, dtype=object),
        periods=periods,
        names=tuple(names),
        n=n,
        mean=mean,
        shift=np.array([shift[name] for name in names]),
        product=product,
        n_rows_dropped=dropped,
    )


def _cohorts(cells: CellMoments, cohort: Cohorts) -> np.ndarray:
    known = starts(cohort, cells.units, cells.periods)
    return np.array([np.inf if np.isnan(known[u]) else known[u] for u in cells.units])


def _clusters(units: np.ndarray, cluster: Mapping[str, Any]) -> np.ndarray:
    """Return codes of the units' clusters, checked as a column of labels is."""
    known = {str(k): v for k, v in cluster.items()}
    if unknown := [u for u in units if u not in known]:
        raise FrameError("unknown_unit", f"no cluster for {len(unknown)} units: {unknown[:5]}")
    frame = pd.DataFrame({"unit": units, "cluster": [known[u] for u in units]})
    return pd.factorize(codes(frame, "cluster", "cluster_missing"), sort=True)[0]
