"""Control charts: p and Laney p' for shares, XmR for single values; centre from a baseline."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from analysis.monitoring.refusals import Refusal, RefusedError
from analysis.monitoring.run_rules import RULES
from analysis.results import Check, StageResults, collect

MIN_BASELINE = 8
"""Fewest baseline points for limits; with fewer no chart is drawn."""

D2 = 1.128
"""Mean range of two standard normal values."""


def p_chart(
    counts: np.ndarray,
    sizes: np.ndarray,
    baseline: np.ndarray | None = None,
    *,
    widen: bool = True,
) -> pd.DataFrame:
    """Chart of shares with three-sigma limits, widened after Laney when over-dispersed.

    Parameters
    ----------
    counts, sizes : ndarray of shape (periods,)
        Hits and size of each period, sizes positive.
    baseline : ndarray of bool, optional
        Periods that set centre and limits; all by default.
    widen : bool
        Whether over-dispersion may widen the limits; False gives the plain p chart.

    Returns
    -------
    DataFrame
        ``value, centre, lower, upper, signal`` (bool), ``rule`` (``""``, ``beyond``,
        ``run``); limits are cut to [0, 1]. ``attrs``: ``kind`` (``p`` or ``laney``) and
        ``sigma_z``, the spread of the standardised baseline shares (1 when binomial).
        Laney's limits are used when the dispersion test rejects at 5 % and ``sigma_z``
        exceeds 1.

    References
    ----------
    Laney (2002); Montgomery, Introduction to Statistical Quality Control.
    """
    counts, sizes = np.asarray(counts, dtype=float), np.asarray(sizes, dtype=float)
    base = np.ones(counts.size, bool) if baseline is None else np.asarray(baseline, dtype=bool)
    points, kind, sigma_z = _p_points(counts, sizes, base, widen=widen)
    frame = pd.DataFrame(points)
    frame.attrs = {"kind": kind, "sigma_z": sigma_z}
    return frame


def _p_points(
    counts: np.ndarray, sizes: np.ndarray, base: np.ndarray, *, widen: bool = True
) -> tuple[dict[str, np.ndarray], str, float]:
    counts, sizes = counts.astype(float), sizes.astype(float)
    if not base.any():
        raise RefusedError(Refusal.NO_MONTHS_BEFORE, "no period sets centre and limits")
    if (sizes <= 0).any():
        raise RefusedError(Refusal.NO_EXPOSURE, "sizes must be positive in every period")
    centre = counts[base].sum() / sizes[base].sum()
    value, spread = counts / sizes, np.sqrt(centre * (1 - centre) / sizes)
    sigma_z, kind = 1.0, "p"
    if widen and 0 < centre < 1 and base.sum() > 2:
        z = (value[base] - centre) / spread[base]
        moving = float(np.abs(np.diff(z)).mean() / D2)
        dispersed = stats.chi2.sf((z**2).sum(), base.sum() - 1) < 0.05
        if dispersed and moving > 1:
            sigma_z, kind = moving, "laney"
    half = 3 * spread * sigma_z
    low, high = np.maximum(0, centre - half), np.minimum(1, centre + half)
    return _points(value, centre, low, high), kind, sigma_z


def xmr_chart(values: np.ndarray, baseline: np.ndarray | None = None) -> pd.DataFrame:
    """Chart of single values with limits ``mean +- 3 MR / 1.128`` from the baseline.

    ``MR`` is the mean moving range of the baseline. Columns as of :func:`p_chart`.

    Returns
    -------
    DataFrame
        One row a period.

    References
    ----------
    Wheeler & Chambers (1992).
    """
    values = np.asarray(values, dtype=float)
    base = np.ones(values.size, bool) if baseline is None else np.asarray(baseline, dtype=bool)
    frame = pd.DataFrame(_xmr_points(values, base))
    frame.attrs = {"kind": "xmr", "sigma_z": 1.0}
    return frame


def _xmr_points(values: np.ndarray, base: np.ndarray) -> dict[str, np.ndarray]:
    values = values.astype(float)
    if base.sum() < 2:
        raise RefusedError(Refusal.FEW_PERIODS_BEFORE, "a moving range needs two periods")
    centre = values[base].mean()
    half = 3 * np.abs(np.diff(values[base])).mean() / D2
    return _points(values, centre, centre - half, centre + half)


def _points(value: np.ndarray, centre: float, low, high) -> dict[str, np.ndarray]:
    """Return a chart's columns, a number a period."""
    beyond = (value < low - 1e-12) | (value > high + 1e-12)
    run = RULES["eight_one_side"](value - centre)
    whole = {"centre": centre, "lower": low, "upper": high}
    return {
        "value": value,
        **{name: np.broadcast_to(level, value.shape) for name, level in whole.items()},
        "rule": np.where(beyond, "beyond", np.where(run, "run", "")).astype(object),
        "signal": beyond | run,
    }


def chart_sites(
    panel: pd.DataFrame,
    *,
    indicator: str,
    baseline_until: int,
    share: bool,
    stratum: str = "",
) -> pd.DataFrame:
    """Chart one indicator of every site with enough months before ``baseline_until``.

    Parameters
    ----------
    panel : DataFrame
        The indicator panel. For shares ``total`` over ``exposure`` is charted (``n`` where
        there is no exposure), for the rest ``value``.
    baseline_until : int
        First month that no longer belongs to the baseline.
    share : bool
        Whether the indicator is a share of counts.

    Returns
    -------
    DataFrame
        ``subject, period, value, centre, lower, upper, signal, rule, kind, baseline``; sites with
        fewer than eight baseline months are left out.
    """
    cells = panel[(panel["indicator"] == indicator) & (panel["stratum"] == stratum)]
    cells = cells[cells["value"].notna()].sort_values(["site_id", "period"])
    columns = [
        "subject",
        "period",
        "value",
        "centre",
        "lower",
        "upper",
        "signal",
        "rule",
        "kind",
        "baseline",
    ]
    # Thousands of sites: a table each would take longer than all charts.
    measured = ["total", "exposure"] if share else ["value"]
    read = {name: cells[name].to_numpy() for name in ("period", *measured)}
    subject = cells["site_id"].astype(str).to_numpy()
    edges = np.flatnonzero(subject[1:] != subject[:-1]) + 1
    parts: list[dict[str, np.ndarray]] = []
    for rows in np.split(np.arange(len(subject)), edges):
        base = read["period"][rows] < baseline_until
        if base.sum() < MIN_BASELINE:
            continue
        own = [read[name][rows] for name in measured]
        points, kind = _p_points(*own, base)[:2] if share else (_xmr_points(*own, base), "xmr")
        own_part = {"subject": subject[rows], "period": read["period"][rows], "baseline": base}
        parts.append({**own_part, **points, "kind": np.full(len(rows), kind, dtype=object)})
    if not parts:
        return pd.DataFrame(columns=columns)
    return pd.DataFrame({name: np.concatenate([p[name] for p in parts]) for name in columns})


def assess_charts(
    panel: pd.DataFrame,
    *,
    indicator: str,
    baseline_until: int,
    share: bool,
    direction: str,
    stratum: str = "",
) -> StageResults:
    """Chart every site and rank the sites by their signals after the baseline.

    Parameters
    ----------
    panel : DataFrame
        Panel of indicators, one row an indicator, stratum, unit and period.
    indicator, stratum : str
        What is charted.
    baseline_until : int
        First running month after the baseline, from whose points the limits come.
    share : bool
        Whether the indicator is a share of a count (Laney's limits) or a single value.
    direction : str
        ``up`` or ``down``: which side is good.

    Returns
    -------
    StageResults
        Tables ``chart`` (all points) and ``chart_signals`` (``subject, beyond, run, worse``:
        signals after the baseline; ``worse`` those on the bad side), check
        ``monitoring.chart`` with how many sites could be charted.
    """
    chart = chart_sites(
        panel, indicator=indicator, baseline_until=baseline_until, share=share, stratum=stratum
    )
    question = {"id": "monitoring.chart", "question": "monitoring.check.chart.question"}
    params = {"indicator": indicator, "least": MIN_BASELINE}
    if chart.empty:
        missing = Check(
            **question, status="not_possible", reason="monitoring.reason.few_months", params=params
        )
        return collect("monitoring", [missing])
    late = chart[~chart["baseline"]]
    wrong = late["value"] < late["centre"]
    wrong = wrong if direction == "up" else ~wrong
    marks = late.assign(
        beyond=late["rule"] == "beyond",
        run=late["rule"] == "run",
        worse=late["signal"] & wrong,
    )
    ranked = marks.groupby("subject", as_index=False)[["beyond", "run", "worse"]].sum()
    ranked = ranked.sort_values(["worse", "beyond", "subject"], ascending=[False, False, True])
    bad = int((ranked["worse"] > 0).sum())
    charted = chart["subject"].nunique()
    check = Check(
        **question,
        status="passed" if bad == 0 else "caution",
        value=float(bad),
        threshold=0.0,
        unit="sites",
        n=charted,
        reason=None if bad == 0 else "monitoring.check.chart.reason",
        remedy=None if bad == 0 else "monitoring.check.chart.remedy",
        params={
            **params,
            "sites": charted,
            "bad": bad,
            "dispersed": int((chart.groupby("subject")["kind"].first() == "laney").sum()),
        },
    )
    tables = {"chart": chart, "chart_signals": ranked.reset_index(drop=True)}
    return collect("monitoring", [check], tables=tables)
