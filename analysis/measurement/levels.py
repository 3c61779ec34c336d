"""Where every indicator stood before the first wave, and the seal on that baseline."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial

import pandas as pd

from analysis.measurement.intervals import mean_t
from analysis.refusals import Asked
from analysis.results import Estimate, StageResults, collect
from analysis.settings import LEVEL


def assess_levels(
    panel: pd.DataFrame,
    *,
    before: int,
    units: Mapping[str, str],
    months: int = 12,
    sealed: bool = True,
    simulated: bool = False,
    level: float = LEVEL,
) -> StageResults:
    """Baseline level of each indicator: mean over sites of the last months before training.

    Every site counts once (its mean over ``[before - months, before)``), the interval is the
    t interval over sites. Indicators without cells in that time are reported with a reason.

    Parameters
    ----------
    panel : DataFrame
        The indicator panel; strata other than ``""`` are skipped.
    before : int
        Month of the first wave.
    units : Mapping[str, str]
        Unit of each indicator to report.
    sealed : bool
        Whether the cells are sealed; levels alone need no seal.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Estimates ``baseline.<indicator>.level``; facts ``baseline_seal`` (SHA-256 of the
        baseline cells) and ``baseline_rows`` where asked for.
    """
    cells = panel[
        (panel["stratum"] == "") & (panel["period"] < before) & (panel["period"] >= before - months)
    ]
    items, asked = [], Asked("baseline")
    for indicator, unit in units.items():
        mine = cells[(cells["indicator"] == indicator) & cells["value"].notna()]
        common = {
            "id": f"baseline.{indicator}.level",
            "estimand": "mean",
            "indicator": indicator,
            "unit": unit,
            "method": "mean_of_site_means",
            "simulated": simulated,
        }
        if mine.empty:
            items.append(
                Estimate(
                    **common, value=None, n=0, reason="measurement.reason.no_cells", level=level
                )
            )
            continue
        means = mine.groupby("site_id")["value"].mean().to_numpy(dtype=float)
        interval = asked.ask("level", partial(mean_t, means, level=level), None, about=indicator)
        if interval is None:
            continue
        items.append(
            Estimate(
                **common,
                value=interval.value,
                se=interval.se,
                ci_low=interval.low,
                ci_high=interval.high,
                n=int(mine["n"].sum()),
                n_units=interval.n,
                n_clusters=interval.n,
                interval_method="t_over_sites" if interval.se is not None else "none",
                level=level,
            )
        )
    facts = {"baseline_seal": seal(cells), "baseline_rows": len(cells)} if sealed else {}
    return collect("baseline", [*items, *asked.checks], facts=facts)


def seal(frame: pd.DataFrame) -> str:
    """SHA-256 of a frame's rows, independent of row order and of the index.

    Numbers are rounded to nine significant digits, so that the order in which an engine
    summed them does not break the seal.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    columns = sorted(frame.columns)
    texts = [_texts(frame[name]) for name in columns]
    lines = sorted(map("\x1f".join, zip(*texts, strict=True)))
    return hashlib.sha256("\n".join([",".join(columns), *lines]).encode()).hexdigest()


def _texts(column: pd.Series) -> list[str]:
    """Return what the seal reads of each value of a column."""
    if isinstance(column.dtype, pd.StringDtype):
        # A panel repeats few names many times.
        codes, names = pd.factorize(column)
        told = [*names, str(column.dtype.na_value)]
        return [told[code] for code in codes]
    return [f"{v:.9g}" if isinstance(v, float) else str(v) for v in column]
