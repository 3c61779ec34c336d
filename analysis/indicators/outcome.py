"""One indicator of the panel, joined to the roll-out: the frame that estimation takes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping

import pandas as pd

from analysis.errors import DesignError, SchemaError
from analysis.indicators import registry
from analysis.indicators.expressions import UNKNOWN_SITE
from analysis.indicators.registry import Indicator
from analysis.tables import month_of, period_of, periods_of


def outcome(
    panel: pd.DataFrame,
    indicator: str,
    waves: pd.DataFrame,
    *,
    stratum: str = "",
    indicators: Mapping[str, Indicator] | None = None,
) -> pd.DataFrame:
    """Return one indicator by unit and month, with the month each unit was first treated.

    Parameters
    ----------
    panel : DataFrame
        As :func:`analysis.indicators.build_panel` returns it.
    indicator : str
        Registry identifier.
    waves : DataFrame
        Canonical table ``waves``.
    stratum : str
        Stratum of the cells; the overall cells by default.
    indicators : Mapping[str, Indicator], optional
        The client's registry; the one in force without it.

    Returns
    -------
    DataFrame
        Sorted by its key ``unit`` (site), ``period`` (running month); ``y`` (the value), ``n``,
        ``cohort`` (float64 running month of first treatment, as :func:`cohorts` dates it; NaN
        for never treated); ``total`` and ``exposure``, numerator and denominator of a count or a
        share. The index counts from 0. Cells of unknown site are left out.

    Raises
    ------
    SchemaError
        For an unknown indicator, or a unit and month that occur twice.
    DesignError
        When the panel has no such cells, or a site has no row in ``waves``.
    """
    with registry.using(indicators):
        registry.get(indicator)
    cells = panel[
        (panel["indicator"] == indicator)
        & (panel["stratum"] == stratum)
        & (panel["site_id"] != UNKNOWN_SITE)
        & panel["value"].notna()
    ]
    if cells.empty:
        raise DesignError(
            f"the panel has no cells of {indicator!r} in stratum {stratum!r}; "
            "indicators.coverage() names the table that would allow it"
        )
    if cells.duplicated(["site_id", "period"]).any():
        twice = cells.loc[cells.duplicated(["site_id", "period"]), ["site_id", "period"]]
        raise SchemaError(
            f"{indicator}: {len(twice)} cells occur twice, first {tuple(twice.iloc[0])}; a panel "
            "has one row for each indicator, stratum, site and month"
        )
    cohort = cohorts(waves)
    unplanned = sorted(set(cells["site_id"]) - set(cohort.index))
    if unplanned:
        raise DesignError(
            f"no row in waves for {len(unplanned)} site(s), e.g. {', '.join(unplanned[:5])}; "
            "give each never-trained site a row with wave 0"
        )
    frame = pd.DataFrame(
        {
            "unit": cells["site_id"].astype("str"),
            "period": cells["period"].astype("int64"),
            "y": cells["value"].astype("float64"),
            "n": cells["n"].astype("int64"),
            "cohort": cells["site_id"].map(cohort).astype("float64"),
            "total": cells["total"].astype("float64"),
            "exposure": cells["exposure"].astype("float64"),
        }
    )
    return frame.sort_values(["unit", "period"], ignore_index=True)


def known_in_part(
    months: Iterable[int],
    indicator: Indicator,
    *,
    begins: dt.date,
    ends: dt.date,
    silent: Collection[int] = (),
) -> tuple[int, ...]:
    """Return the months of which less than half is known, because cases are followed or traced.

    A request of the last day cannot have been followed for thirty days, so that of the last month
    only the first day or two count: a few cases that would stand for a month. So it is with the
    month before one that was not recorded.

    Parameters
    ----------
    months : iterable of int
        Running months.
    indicator : Indicator
        With ``follow_up_days`` and ``look_back_days``.
    begins, ends : date
        First and last day that the data record.
    silent : collection of int
        Months in between of which the data record nothing.

    Returns
    -------
    tuple of int
        Ascending; months outside the data are not judged.
    """
    back, ahead = (
        dt.timedelta(days=days) for days in (indicator.look_back_days, indicator.follow_up_days)
    )
    gaps = frozenset(silent)

    def recorded(day: dt.date) -> bool:
        first, last = day - back, day + ahead
        within = first >= begins and last <= ends
        return within and gaps.isdisjoint(range(period_of(first), period_of(last) + 1))

    found = []
    for month in sorted({int(m) for m in months}):
        opens, next_opens = month_of(month), month_of(month + 1)
        if ends < opens or next_opens <= begins:
            continue
        days = [opens + dt.timedelta(days=i) for i in range((next_opens - opens).days)]
        if sum(map(recorded, days)) * 2 < len(days):
            found.append(month)
    return tuple(found)


def cohorts(waves: pd.DataFrame) -> pd.Series:
    """Return the running month in which each site was first treated, by intention to treat.

    A row treats its site when ``wave`` is above 0 and ``arm`` is ``treated``. It is dated by
    ``planned_start``, and by ``actual_start`` where no plan was recorded: what was assigned is
    compared, so a site that was trained late, or never, stays in the wave it was meant for. A
    site with several such rows takes the earliest date; one with none is never treated.

    Parameters
    ----------
    waves : DataFrame
        Canonical table ``waves``.

    Returns
    -------
    Series
        float64 running month by ``site_id``, NaN for never treated.

    Raises
    ------
    DesignError
        When a treated row has neither date.
    """
    start = pd.to_datetime(waves["planned_start"]).fillna(pd.to_datetime(waves["actual_start"]))
    treats = ((waves["wave"] > 0) & (waves["arm"] == "treated")).astype("bool")
    undated = sorted(waves.loc[treats & start.isna(), "site_id"])
    if undated:
        raise DesignError(
            f"waves without a planned or actual start: {', '.join(undated[:5])}; "
            "fill planned_start, e.g. 2024-03-11"
        )
    period = periods_of(start).astype("float64").where(treats)
    return period.groupby(waves["site_id"].astype("str")).min().rename("cohort")
