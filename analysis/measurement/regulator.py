"""Indicators in the layout of a regulator's form: each site, and all of them, over a year."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import stats

from analysis.client.plan import Regulator
from analysis.indicators import Indicator
from analysis.measurement.columns import floats
from analysis.measurement.weighting import weighted_mean
from analysis.results import Check, StageResults, Topic, collect
from analysis.settings import LEVEL

MONTHS = 12
"""Months that a form covers."""

WHOLE = ""
"""Site of the rows over all sites."""


def regulator_table(
    panel: pd.DataFrame,
    form: Regulator,
    sites: Mapping[str, str],
    registry: Mapping[str, Indicator],
    *,
    last: int,
    months: int = MONTHS,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Return a row per column of the form and site, those over all sites first.

    A value is the mean of the months' values, weighted by what each month's value is counted over
    (answers, household-months): what the sums of all months give. Of a median it is the weighted
    mean of monthly medians. Intervals take months as independent; over all sites, sites. Those of
    counts are at least as wide as Poisson's exact ones.

    Parameters
    ----------
    panel : DataFrame
        The indicator panel.
    form : Regulator
        As the client file declares it.
    sites : Mapping
        Name by site.
    registry : Mapping
        Indicators of the client.
    last : int
        Last month that counts.
    months : int
        Months back from it.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        ``title`` of the form, ``site_id, label, indicator, heading, definition_zh_CN,
        definition_en, unit, value, ci_low, ci_high, n`` (answers, tickets), ``exposure`` and
        ``months`` (with a value).
    """
    cells = panel[(panel["stratum"] == "") & panel["value"].notna()]
    cells = cells[(cells["period"] > last - months) & (cells["period"] <= last)]
    rows = []
    for column in form.columns:
        mine = cells[(cells["indicator"] == column.indicator) & (floats(cells["exposure"]) > 0)]
        known = registry[column.indicator]
        unit, own = known.unit, f"{known.numerator} ÷ {known.denominator}"
        about = {
            "title": form.title,
            "indicator": column.indicator,
            "heading": column.heading,
            "definition_zh_CN": column.definition.zh_CN if column.definition else own,
            "definition_en": column.definition.en if column.definition else own,
            "unit": unit,
        }
        if len(mine):
            rows.append({"site_id": WHOLE, "label": WHOLE, **about, **_value(mine, level, unit)})
        for site, part in mine.groupby("site_id", sort=True):
            label = sites.get(str(site), str(site))
            rows.append({"site_id": site, "label": label, **about, **_value(part, level, unit)})
    columns = ["title", "site_id", "label", "indicator", "heading", "definition_zh_CN"]
    columns += ["definition_en", "unit", "value", "ci_low", "ci_high", "n", "exposure", "months"]
    return pd.DataFrame(rows, columns=columns)


def assess_regulator(
    panel: pd.DataFrame,
    form: Regulator,
    sites: Mapping[str, str],
    registry: Mapping[str, Indicator],
    *,
    last: int,
    level: float = LEVEL,
) -> StageResults:
    """Fill a regulator's form; nothing where the client declares none.

    Parameters
    ----------
    panel, form, sites, registry, last, level
        As of :func:`regulator_table`.

    Returns
    -------
    StageResults
        Table ``regulator`` and check ``monitoring.regulator``: ``caution`` where a column has no
        value at any site.
    """
    if not form.columns:
        return collect("monitoring", [])
    table = regulator_table(panel, form, sites, registry, last=last, level=level)
    empty = [c.heading for c in form.columns if c.heading not in set(table["heading"])]
    check = Check(
        id="monitoring.regulator",
        topic=Topic.REGULATOR,
        question="monitoring.check.regulator",
        status="caution" if empty else "passed",
        value=float(len(empty)),
        threshold=0.0,
        unit="count",
        n=table["site_id"].nunique() - 1 if len(table) else 0,
        reason="monitoring.check.regulator.reason",
        remedy="monitoring.check.regulator.remedy" if empty else None,
        params={
            "columns": len(form.columns),
            "empty": len(empty),
            "sites": table["site_id"].nunique() - 1 if len(table) else 0,
            "months": MONTHS,
        },
    )
    return collect("monitoring", [check], tables={"regulator": table})


def poisson(cases: float, level: float = LEVEL) -> tuple[float, float]:
    """Return the exact interval of a number of cases (Garwood 1936).

    Parameters
    ----------
    cases : float
        Cases counted.
    level : float
        Coverage.
    """
    tail, cases = (1 - level) / 2, round(cases)
    low = stats.chi2.ppf(tail, 2 * cases) / 2 if cases else 0.0
    return float(low), float(stats.chi2.ppf(1 - tail, 2 * cases + 2) / 2)


def _value(cells: pd.DataFrame, level: float, unit: str) -> dict[str, float]:
    weights = floats(cells["exposure"])
    many = len(set(cells["site_id"])) > 1
    clusters = cells["site_id"] if many else None
    found = weighted_mean(floats(cells["value"]), weights, clusters=clusters, level=level)
    low, high = (np.nan if end is None else end for end in (found.low, found.high))
    if found.se == 0:  # months that happen to be alike, or without any case, are no certainty
        low = high = np.nan
    if unit.startswith("per_1000"):
        counted = poisson(found.value / 1000 * weights.sum(), level)
        ends = [1000 * end / weights.sum() for end in counted]
        low, high = np.fmin(low, ends[0]), np.fmax(high, ends[1])
    if unit != "nps_points" and floats(cells["value"]).min() >= 0:
        low = max(low, 0.0)
    return {
        "value": found.value,
        "ci_low": low,
        "ci_high": min(high, 1.0) if unit == "share" else high,
        "n": int(floats(cells["n"]).sum()),
        "exposure": float(weights.sum()),
        "months": int(cells["period"].nunique()),
    }
