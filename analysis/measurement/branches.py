"""Are the sites' records alike enough to compare? Columns a site leaves blank, levels far off."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.measurement.columns import floats
from analysis.measurement.quality import MEANINGFUL_NULL
from analysis.memory import remembered
from analysis.results import Check, StageResults, Topic, collect
from analysis.tables import TABLES, Rows, filled, parts

GAP = 0.10
"""A site that leaves a column blank this much more often than the median site does."""

FAR = 5.0
"""Robust standard deviations from the median site that make a site's mean an extreme."""

LEAST_ROWS = 20
"""Fewer rows of a site say nothing about how it fills in a column."""

_NUMBERS = ("int", "number", "share")


def branch_completeness(given: Mapping[str, Rows]) -> pd.DataFrame:
    """Blank shares of each column by site, where a site stands out.

    Returns
    -------
    DataFrame
        ``table, column, site_id, n, missing`` (share), ``median`` (share of the median site);
        sites with ``missing - median > GAP`` and at least ``LEAST_ROWS`` rows, worst first.
        Columns whose NULL has a meaning are left out.
    """
    out = []
    for name, frame in _with_sites(given):
        judged = [
            c
            for c, spec in TABLES[name].columns.items()
            if c in frame.columns and not spec.required and (name, c) not in MEANINGFUL_NULL
        ]
        n, blanks = _blanks(frame, judged)
        for column in judged:
            if not blanks[column].any():
                continue
            share = (blanks[column] / n)[n.index[n >= LEAST_ROWS]]
            middle = float(share.median())
            for each, value in share[share - middle > GAP].items():
                out.append((name, column, each, int(n[each]), float(value), middle))
    columns = ["table", "column", "site_id", "n", "missing", "median"]
    frame = pd.DataFrame(out, columns=columns)
    return frame.sort_values(
        ["missing", "table", "site_id"], ascending=[False, True, True]
    ).reset_index(drop=True)


@remembered
def _blanks(frame: Rows, columns: list[str]) -> tuple[pd.Series, pd.DataFrame]:
    """Rows by site, and how many of them leave each column blank."""
    rows, blanks = [], []
    for part in parts(frame, ["site_id", *columns]):
        site = part["site_id"].astype(object)
        rows.append(site.value_counts())
        blanks.append(part[columns].isna().groupby(site).sum())
    n = pd.concat(rows).groupby(level=0).sum()
    return n, pd.concat(blanks).groupby(level=0).sum()


def branch_extremes(given: Mapping[str, Rows]) -> pd.DataFrame:
    """Sites whose mean of a numeric column lies far from the others'.

    The distance is ``(mean - median) / (1.4826 MAD)`` over the sites' means; columns whose
    means hardly differ (MAD 0) or that fewer than eight sites fill in are not judged.
    Questionnaires and ratings are taken item by item.

    Returns
    -------
    DataFrame
        ``table, column, site_id, n, mean, median, distance`` with ``|distance| > FAR``.

    References
    ----------
    Iglewicz & Hoaglin (1993), section 3.2, with a wider line.
    """
    out = []
    for name, frame in _with_sites(given):
        for label, (means, n) in _site_means(name, frame).items():
            # Rows of unknown sites alone leave no site, and no median.
            means = means[n >= min(LEAST_ROWS, np.floor(n.median()))].dropna()
            middle = float(means.median()) if len(means) else np.nan
            spread = 1.4826 * float((means - middle).abs().median()) if len(means) else 0.0
            if len(means) < 8 or spread <= 1e-12:
                continue
            distance = (means - middle) / spread
            for site, far in distance[distance.abs() > FAR].items():
                row = (name, label, site, int(n[site]), float(means[site]), middle, float(far))
                out.append(row)
    columns = ["table", "column", "site_id", "n", "mean", "median", "distance"]
    return pd.DataFrame(out, columns=columns)


def _with_sites(given):
    for name, table in TABLES.items():
        frame = given.get(name)
        if name != "sites" and "site_id" in table.columns and frame is not None and len(frame):
            yield name, frame


@remembered
def _site_means(name: str, frame: Rows) -> dict[str, tuple[pd.Series, pd.Series]]:
    """Mean and number of values by site, for each numeric column or item in declared order."""
    kinds = TABLES[name].columns
    numeric = [
        column
        for column, spec in kinds.items()
        if column in frame.columns and spec.kind in _NUMBERS and filled(frame, column)
    ]
    found: dict[tuple[str, ...], list[tuple[pd.Series, pd.Series]]] = {}
    for part in parts(frame, [*numeric, "instrument", "item"], by="site_id") if numeric else ():
        for (column, *item), mine in _numeric(name, part, numeric):
            values = pd.Series(floats(mine[column]), index=mine.index)
            by = values.groupby(mine["site_id"].astype(object))
            found.setdefault((column, *item), []).append((by.mean(), by.count()))
    ordered = sorted(found, key=lambda named: (numeric.index(named[0]), *named[1:]))
    return {
        ".".join(item) or column: tuple(
            pd.concat(side).sort_index() for side in zip(*found[column, *item], strict=True)
        )
        for column, *item in ordered
    }


def _numeric(name: str, part: pd.DataFrame, numeric: list[str]):
    for column in numeric:
        if "item" in TABLES[name].columns and column == "score":
            for (instrument, item), mine in part.groupby(["instrument", "item"], observed=True):
                yield (column, str(instrument), str(item)), mine
        elif name != "waves":
            yield (column,), part


def assess_branches(given: Mapping[str, Rows]) -> StageResults:
    """Whether the sites fill in their records alike.

    Returns
    -------
    StageResults
        Checks ``baseline.branches.blank`` and ``baseline.branches.extreme`` (counts of sites
        that stand out; not possible with fewer than two sites), tables ``branch_blanks`` and
        ``branch_extremes``.
    """
    seen = {
        site
        for _, frame in _with_sites(given)
        for part in parts(frame, ["site_id"])
        for site in part["site_id"].dropna().unique()
    }
    if len(seen) < 2:
        missing = Check(
            id="baseline.branches.blank",
            topic=Topic.BRANCHES,
            question="measurement.check.branch.blank.question",
            status="not_possible",
            reason="measurement.reason.one_site",
        )
        return collect("baseline", [missing])
    blanks, extremes = branch_completeness(given), branch_extremes(given)
    checks = [
        _check("blank", blanks, len(seen), GAP, "share"),
        _check("extreme", extremes, len(seen), FAR, "sd"),
    ]
    return collect(
        "baseline", checks, tables={"branch_blanks": blanks, "branch_extremes": extremes}
    )


def _check(name: str, rows: pd.DataFrame, sites: int, line: float, unit: str) -> Check:
    fine = rows.empty
    worst = None if fine else rows.iloc[0]
    if name == "extreme" and not fine:
        worst = rows.loc[rows["distance"].abs().idxmax()]
    values = {"blank": "missing", "extreme": "distance"}
    return Check(
        id=f"baseline.branches.{name}",
        topic=Topic.BRANCHES,
        question=f"measurement.check.branch.{name}.question",
        status="passed" if fine else "caution",
        value=0.0 if fine else float(abs(worst[values[name]])),
        threshold=line,
        unit=unit,
        n=sites,
        reason=None if fine else f"measurement.check.branch.{name}.reason",
        remedy=None if fine else f"measurement.check.branch.{name}.remedy",
        params={
            "sites": sites,
            "short": int(rows["site_id"].nunique()),
            "columns": int(rows[["table", "column"]].drop_duplicates().shape[0]),
            "table": "" if fine else f"measurement.table.{worst['table']}",
            "column": "" if fine else str(worst["column"]),
            "site": "" if fine else str(worst["site_id"]),
        },
    )
