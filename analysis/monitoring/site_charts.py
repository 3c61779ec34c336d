"""Any kind of chart for every site at once, and the sites ranked by signal, not by mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

import numpy as np
import pandas as pd

from analysis.monitoring.charts import D2, MIN_BASELINE, p_chart
from analysis.monitoring.counts import u_chart
from analysis.monitoring.run_rules import WESTERN_ELECTRIC, broken_rules
from analysis.monitoring.time_weighted import cusum_chart, ewma_chart

Kind = Literal["p", "u", "xmr", "ewma", "cusum"]

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
)


def chart_panel(
    panel: pd.DataFrame,
    *,
    indicator: str,
    baseline_until: int,
    kind: Kind,
    stratum: str = "",
    rules: Iterable[str] = WESTERN_ELECTRIC,
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

    Returns
    -------
    DataFrame
        One row a site and month: ``subject, period, value, centre, lower, upper, z, rule,
        signal, kind, baseline``. ``value`` of ``ewma`` is the average; that of ``cusum`` the
        larger of its two sums, negative when it looks downwards, limits ``-H`` and ``H``.
        Sites whose baseline does not vary are left out (their limits would have no width).

    Raises
    ------
    ValueError
        For an unknown kind.
    """
    if kind not in _DRAW:
        raise ValueError(f"no chart is called {kind!r}; there are {list(_DRAW)}")
    cells = panel[(panel["indicator"] == indicator) & (panel["stratum"] == stratum)]
    cells = cells[cells["value"].notna()]
    if kind in ("p", "u"):
        cells = cells[cells["exposure"] > 0]
    rules, frames = tuple(rules), []
    for site, rows in cells.sort_values(["site_id", "period"]).groupby("site_id"):
        base = (rows["period"] < baseline_until).to_numpy()
        values = rows["value"].to_numpy(dtype=float)
        if base.sum() < MIN_BASELINE or np.ptp(values[base]) == 0:
            continue
        chart = _DRAW[kind](rows, base, rules)
        columns = {name: chart[name].to_numpy() for name in COLUMNS if name in chart}
        columns |= {"subject": str(site), "period": rows["period"].to_numpy()}
        columns |= {"kind": chart.attrs["kind"], "baseline": base}
        frames.append(pd.DataFrame(columns, columns=list(COLUMNS)))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=COLUMNS)


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
    late = chart[~chart["baseline"].astype(bool)]
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


def _p(rows: pd.DataFrame, base: np.ndarray, rules: tuple[str, ...]) -> pd.DataFrame:
    exposure = rows["exposure"].to_numpy(dtype=float)
    chart = p_chart(rows["total"].to_numpy(dtype=float), exposure, base)
    spread = np.sqrt(chart["centre"] * (1 - chart["centre"]) / exposure) * chart.attrs["sigma_z"]
    return _ruled(chart, (chart["value"] - chart["centre"]) / spread, rules)


def _u(rows: pd.DataFrame, base: np.ndarray, rules: tuple[str, ...]) -> pd.DataFrame:
    total, exposure = rows["total"].to_numpy(float), rows["exposure"].to_numpy(float)
    return u_chart(total, exposure, base, rules=rules)


def _xmr(rows: pd.DataFrame, base: np.ndarray, rules: tuple[str, ...]) -> pd.DataFrame:
    values = rows["value"].to_numpy(dtype=float)
    centre, sigma = _level(values, base)
    chart = pd.DataFrame(
        {
            "value": values,
            "centre": centre,
            "lower": centre - 3 * sigma,
            "upper": centre + 3 * sigma,
        }
    )
    chart.attrs["kind"] = "xmr"
    return _ruled(chart, (chart["value"] - centre) / sigma, rules)


def _ewma(rows: pd.DataFrame, base: np.ndarray, rules: tuple[str, ...]) -> pd.DataFrame:
    values = rows["value"].to_numpy(dtype=float)
    centre, sigma = _level(values, base)
    chart = ewma_chart(values, centre=centre, sigma=sigma)
    return chart.assign(z=3 * (chart["value"] - centre) / (chart["upper"] - centre))


def _cusum(rows: pd.DataFrame, base: np.ndarray, rules: tuple[str, ...]) -> pd.DataFrame:
    values = rows["value"].to_numpy(dtype=float)
    centre, sigma = _level(values, base)
    chart = cusum_chart(values, centre=centre, sigma=sigma)
    larger = chart["up"].where(chart["up"] >= chart["down"], -chart["down"])
    drawn = chart.assign(
        value=larger,
        centre=0.0,
        lower=-chart["limit"],
        upper=chart["limit"],
        z=3 * larger / chart["limit"],
    )
    drawn.attrs["kind"] = "cusum"
    return drawn


def _level(values: np.ndarray, base: np.ndarray) -> tuple[float, float]:
    return float(values[base].mean()), float(np.abs(np.diff(values[base])).mean() / D2)


def _ruled(chart: pd.DataFrame, z: pd.Series, rules: tuple[str, ...]) -> pd.DataFrame:
    rule = broken_rules(z.to_numpy(dtype=float), rules)
    ruled = chart.assign(z=z, rule=rule)
    ruled["signal"] = ruled["rule"] != ""
    ruled.attrs["kind"] = chart.attrs["kind"]
    return ruled


_DRAW: dict[str, Callable[[pd.DataFrame, np.ndarray, tuple[str, ...]], pd.DataFrame]] = {
    "p": _p,
    "u": _u,
    "xmr": _xmr,
    "ewma": _ewma,
    "cusum": _cusum,
}
