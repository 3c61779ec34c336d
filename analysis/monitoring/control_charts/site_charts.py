"""Any kind of chart for every site at once, and the sites ranked by signal, not by mean."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Literal

import numpy as np
import pandas as pd

from analysis.monitoring.control_charts.charts import (
    MIN_BASELINE,
    alike_of,
    moving_range,
    on_calendar,
    share_points,
    single_cases,
    usual_sigma,
)
from analysis.monitoring.control_charts.counts import count_points
from analysis.monitoring.control_charts.limits import D2, ewma_width, limit_width, run_needed
from analysis.monitoring.control_charts.phases import NO_PHASES, charted, season_of
from analysis.monitoring.control_charts.run_rules import WESTERN_ELECTRIC, ruled
from analysis.monitoring.control_charts.time_weighted import (
    WEIGHT,
    WIDTH,
    cusum_chart,
    ewma_points,
)

Kind = Literal["p", "u", "xmr", "ewma", "cusum"]

LEAST_EVENTS = 1.0
"""Fewest events a month before training for a chart of counts; rarer ones are charted by their gaps
(:mod:`analysis.monitoring.control_charts.rare_events`)."""

COLUMNS = (
    "subject",
    "period",
    "value",
    "centre",
    "lower",
    "upper",
    "z",
    "rule",
    "signal",
    "kind",
    "baseline",
    "phase",
)


def chart_panel(
    panel: pd.DataFrame,
    *,
    indicator: str,
    baseline_until: int,
    kind: Kind,
    stratum: str = "",
    rules: Iterable[str] = WESTERN_ELECTRIC,
    phases: Mapping[str, Collection[int]] = NO_PHASES,
    festival: Collection[int] = (),
) -> pd.DataFrame:
    """Chart one indicator of every site with at least eight months of baseline.

    Parameters
    ----------
    panel : DataFrame
        The indicator panel. ``p`` and ``u`` chart ``total`` over ``exposure``; the others
        ``value``.
    baseline_until : int
        First month that no longer belongs to the baseline; centre and limits come from before.
    kind : str
        ``p`` (shares), ``u`` (counts by exposure), ``xmr``, ``ewma`` or ``cusum`` (values).
        ``p`` and ``u`` widen their limits after Laney where counts are over-dispersed.
    rules : Iterable[str]
        Run rules of ``p``, ``u`` and ``xmr``.
    phases, festival
        As of :func:`~analysis.monitoring.control_charts.charts.chart_sites`.

    Returns
    -------
    DataFrame
        One row per site and month: ``subject, period, value, centre, lower, upper, z, rule,
        signal, kind, baseline, phase``. ``value`` of ``ewma`` is the average; that of ``cusum`` the
        larger of its two sums, negative when it looks downwards, limits ``-H`` and ``H``.
        Months that a site has not are no point and end a run. A site whose baseline does not vary
        has the spread of the middle site, in shares and counts that of chance; left out is who
        has neither, whose month is a single case (``p``), or who has less than one event a month
        (``u``): charts of zeros and ones say nothing. Limits are as wide, and runs as long, as
        centre and spread of so few months and their resemblance ask for
        (:mod:`analysis.monitoring.control_charts.limits`); ``z`` is 3 there.

    Raises
    ------
    ValueError
        For an unknown kind.
    """
    if kind not in _COUNTED | _VALUED:
        named = list(_COUNTED | _VALUED)
        raise ValueError(f"no chart is called {kind!r}; there are {named}")
    cells = panel[(panel["indicator"] == indicator) & (panel["stratum"] == stratum)]
    cells = cells[cells["value"].notna()]
    if kind in ("p", "u"):
        cells = cells[cells["exposure"] > 0]
    rules, charts = tuple(rules), []
    month, *measured = (cells[n].to_numpy() for n in ("period", "value", "total", "exposure"))
    sites = [
        (str(site), *on_calendar(month[rows], [column[rows] for column in measured]))
        for site, rows in cells.groupby("site_id", observed=True).indices.items()
    ]
    scale = {"p": "share", "u": "count"}.get(kind, "value")
    counted = [(p, own if scale != "value" else own[:1]) for _, p, own in sites]
    season = season_of(counted, festival, baseline_until, scale)
    before = []
    for period, own in counted:
        values = _values(season.levelled(period, own))[period < baseline_until]
        if np.isfinite(values).sum() >= MIN_BASELINE:
            before.append(values)
    alike, floor = alike_of(before), usual_sigma(before)

    def draw(own: list[np.ndarray], base: np.ndarray) -> dict[str, np.ndarray] | None:
        if scale != "value":
            _, total, exposure = own
            if (kind == "p" and single_cases(exposure, base)) or (
                kind == "u" and np.nanmean(total[base]) < LEAST_EVENTS
            ):
                return None
            points, drawn_as = _COUNTED[kind](total, exposure, base, rules, alike)
        else:
            centre = float(np.nanmean(own[0][base]))
            sigma = moving_range(np.where(base, own[0], np.nan)) / D2 or floor
            if sigma <= 0:
                return None
            months = int(np.isfinite(own[0][base]).sum())
            points, drawn_as = _VALUED[kind](own[0], centre, sigma, months, alike, rules), kind
        drawn = {name: points[name] for name in DRAWN}
        return drawn | {"kind": np.asarray(drawn_as, dtype=object)}

    for (site, period, _), (_, own) in zip(sites, counted, strict=True):
        part = charted(
            period,
            own,
            baseline_until=baseline_until,
            starts=phases.get(site, ()),
            season=season,
            least=MIN_BASELINE,
            draw=draw,
            raw=_values(own) if kind in AS_THEY_ARE else None,
        )
        if part is not None:
            named = np.full(part["period"].size, site, dtype=object)
            charts.append({"subject": named, **part})
    whole = {name: np.concatenate([chart[name] for chart in charts]) for name in COLUMNS if charts}
    return pd.DataFrame(whole, columns=COLUMNS)


DRAWN = ("value", "centre", "lower", "upper", "z", "rule", "signal")
AS_THEY_ARE = ("p", "u", "xmr")
"""Charts whose points are the months' values, not averages or sums of them."""


def _values(own: list[np.ndarray]) -> np.ndarray:
    """Return a site's values with the season taken out."""
    if len(own) == 1:
        return own[0]
    total, exposure = own[-2:]
    return np.divide(total, exposure, out=np.full(total.size, np.nan), where=exposure > 0)


def rank_sites(chart: pd.DataFrame, *, direction: str) -> pd.DataFrame:
    """Rank sites by their signals after the baseline, worst first.

    Parameters
    ----------
    chart : DataFrame
        As of :func:`chart_panel`.
    direction : str
        ``up`` when more is better, ``down`` when less is.

    Returns
    -------
    DataFrame
        ``subject, signals, worse`` (signals on the bad side), ``last_signal`` (period of the
        newest one on the bad side, NULL without), ``deepest`` (largest distance to the bad side
        in standard deviations, at least 0). Ordered by ``worse``, then ``deepest``.
    """
    late = chart[~chart["baseline"].astype(bool) & chart["centre"].notna()]
    distance = late["z"].astype(float) * (-1 if direction == "up" else 1)
    worse = late["signal"].astype(bool) & (distance > 0)
    marks = late.assign(
        signals=late["signal"].astype(int),
        worse=worse.astype(int),
        last_signal=late["period"].where(worse).astype("Int64"),
        deepest=distance.clip(lower=0),
    )
    ranked = marks.groupby("subject", as_index=False).agg(
        signals=("signals", "sum"),
        worse=("worse", "sum"),
        last_signal=("last_signal", "max"),
        deepest=("deepest", "max"),
    )
    return ranked.sort_values(
        ["worse", "deepest", "subject"], ascending=[False, False, True], ignore_index=True
    )


Points = dict[str, np.ndarray]
"""Columns of one site's chart."""


def _p(
    total: np.ndarray, exposure: np.ndarray, base: np.ndarray, rules: tuple[str, ...], alike: float
) -> tuple[Points, str]:
    points, kind, _ = share_points(total, exposure, base, alike=alike)
    run = run_needed(int((base & (exposure > 0)).sum()), alike)
    return ruled(points, rules, run=run), kind


def _u(
    total: np.ndarray, exposure: np.ndarray, base: np.ndarray, rules: tuple[str, ...], alike: float
) -> tuple[Points, str]:
    points, kind, _ = count_points(total, exposure, base, rules=rules, alike=alike)
    return points, kind


def _xmr(
    values: np.ndarray,
    centre: float,
    sigma: float,
    months: int,
    alike: float,
    rules: tuple[str, ...],
) -> Points:
    half = limit_width(months, alike, own_spread=True) * sigma
    limits = {"centre": centre, "lower": centre - half, "upper": centre + half}
    levels = {name: np.full(values.size, level) for name, level in limits.items()}
    points = {"value": values, **levels, "z": 3 * (values - centre) / half}
    return ruled(points, rules, run=run_needed(months, alike))


def _ewma(
    values: np.ndarray,
    centre: float,
    sigma: float,
    months: int,
    alike: float,
    rules: tuple[str, ...],
) -> Points:
    width = ewma_width(months, alike, WEIGHT, WIDTH)
    points = ewma_points(values, centre=centre, sigma=sigma, width=width)
    return {**points, "z": 3 * (points["value"] - centre) / (points["upper"] - centre)}


def _cusum(
    values: np.ndarray,
    centre: float,
    sigma: float,
    months: int,
    alike: float,
    rules: tuple[str, ...],
) -> Points:
    wider = limit_width(months, alike, own_spread=True) / 3
    chart = cusum_chart(values, centre=centre, sigma=sigma * wider)
    up, down, limit = (chart[name].to_numpy() for name in ("up", "down", "limit"))
    larger = np.where(np.isfinite(values), np.where(up >= down, up, -down), np.nan)
    rule = chart["rule"].to_numpy(dtype=object)
    levels = {"centre": np.zeros(larger.size), "lower": -limit, "upper": limit}
    z = 3 * larger / limit
    return {"value": larger, **levels, "z": z, "rule": rule, "signal": rule != ""}


_COUNTED: dict[str, Callable[..., tuple[Points, str]]] = {"p": _p, "u": _u}
_VALUED: dict[str, Callable[..., Points]] = {"xmr": _xmr, "ewma": _ewma, "cusum": _cusum}
