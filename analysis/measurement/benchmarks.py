"""Published figures beside the client's own: with year, source and definition, and no verdict.

A published figure has no interval, no known sample and often another definition. It is never a
comparison group; a difference is given only where the client says that definition and scale are
the indicator's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.client.plan import Benchmark
from analysis.results import Check, Estimate, StageResults, Topic, collect


def benchmark_table(
    benchmarks: Sequence[Benchmark], own: Mapping[str, Estimate], units: Mapping[str, str]
) -> pd.DataFrame:
    """Return a row per published figure with the client's own beside it.

    Parameters
    ----------
    benchmarks : sequence of Benchmark
        As the client file declares them.
    own : Mapping[str, Estimate]
        The client's own level or effect by indicator.
    units : Mapping[str, str]
        Unit by indicator.

    Returns
    -------
    DataFrame
        ``indicator, unit, value, ci_low, ci_high, n`` (own; missing where not known),
        ``published, year, source, definition, comparable``; ``gap``, own less published, only of
        comparable figures.
    """
    rows: list[dict[str, Any]] = []
    for figure in benchmarks:
        mine = own.get(figure.indicator)
        known = mine is not None and mine.value is not None
        value = float(mine.value) if mine is not None and mine.value is not None else np.nan
        rows.append(
            {
                "indicator": figure.indicator,
                "unit": units.get(figure.indicator, ""),
                "value": value,
                "ci_low": _end(mine.ci_low) if mine is not None and known else np.nan,
                "ci_high": _end(mine.ci_high) if mine is not None and known else np.nan,
                "n": mine.n if mine is not None and known else None,
                "published": figure.value,
                "year": "" if figure.year is None else str(figure.year),
                "source": figure.source,
                "definition": figure.definition,
                "comparable": figure.comparable,
                "gap": value - figure.value if figure.comparable else np.nan,
            }
        )
    return pd.DataFrame(rows)


def assess_benchmarks(
    benchmarks: Iterable[Benchmark],
    own: Mapping[str, Estimate],
    units: Mapping[str, str],
    *,
    stage: str = "baseline",
) -> StageResults:
    """Set published figures beside the client's own, and ask whether they can be compared.

    Parameters
    ----------
    benchmarks : iterable of Benchmark
        Of levels, or of changes.
    own, units
        As :func:`benchmark_table` takes them.
    stage : str
        Stage of the check's id.

    Returns
    -------
    StageResults
        Nothing without a figure; else table ``benchmarks`` and a check, ``caution`` where a figure
        is not comparable.
    """
    figures = tuple(benchmarks)
    if not figures:
        return StageResults(stage=stage)
    loose = [figure for figure in figures if not figure.comparable]
    check = Check(
        id=f"{stage}.benchmarks",
        topic=Topic.BENCHMARKS,
        question="measurement.check.benchmarks",
        status="caution" if loose else "passed",
        value=float(len(loose)),
        threshold=0.0,
        unit="count",
        n=len(figures),
        reason="measurement.check.benchmarks.reason",
        remedy="measurement.check.benchmarks.remedy" if loose else None,
        params={
            "figures": len(figures),
            "loose": len(loose),
            "undated": sum(figure.year is None for figure in figures),
            "undefined": sum(not figure.definition for figure in figures),
        },
    )
    return collect(stage, [check], tables={"benchmarks": benchmark_table(figures, own, units)})


def _end(end: float | None) -> float:
    return np.nan if end is None else float(end)
