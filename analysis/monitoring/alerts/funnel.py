"""A funnel of sites: who differs from all by more than the number of answers explains."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from analysis.monitoring.alerts.rules import RECENT_MONTHS
from analysis.results import Check, StageResults, Topic, collect

MIN_SITES = 5
"""Fewest sites that a funnel is drawn from."""

TRIMMED = 0.1
"""Share of sites on either side whose distance is cut to that of the next when spread is judged."""

INNER, OUTER = 0.05, 0.002
"""Two-sided probabilities of the limits: about two and three standard deviations."""


def funnel(hits: np.ndarray, n: np.ndarray) -> pd.DataFrame:
    """Set the share of every site against all sites, with exact binomial limits by its n.

    Sites differ for many reasons; where they differ more than a binomial allows, limits are
    widened by the winsorised spread ``phi`` of their standardised distances, as if a site
    had ``n / phi`` answers.

    Parameters
    ----------
    hits, n : ndarray of shape (sites,)
        Counts, ``0 <= hits <= n`` and ``n >= 1``.

    Returns
    -------
    DataFrame
        ``n, value, centre`` (all sites together), ``inner_low, inner_high`` (95 %),
        ``outer_low, outer_high`` (99.8 %), ``outside`` (``""``, ``low``, ``high``: beyond the
        outer limits). ``attrs["phi"]``: 1 where a binomial explains the spread.

    References
    ----------
    Spiegelhalter (2005), Statistics in Medicine 24(8), appendix.
    """
    hits, n = np.asarray(hits, dtype=float), np.asarray(n, dtype=float)
    centre = float(hits.sum() / n.sum())
    value, phi = hits / n, 1.0
    if 0 < centre < 1 and len(n) > 2:
        z = (value - centre) / np.sqrt(centre * (1 - centre) / n)
        cut = min(max(TRIMMED, 1 / (len(n) - 1)), 0.5)  # at least the farthest site on each side
        z = np.clip(z, *np.quantile(z, [cut, 1 - cut]))
        found = float((z**2).mean())
        phi = found if found > 1 + 2 * np.sqrt(2 / len(n)) else 1.0
    fewer = np.maximum(np.floor(n / phi), 1)
    limits = {
        "inner_low": _limit(INNER / 2, fewer, centre),
        "inner_high": _limit(1 - INNER / 2, fewer, centre),
        "outer_low": _limit(OUTER / 2, fewer, centre),
        "outer_high": _limit(1 - OUTER / 2, fewer, centre),
    }
    frame = pd.DataFrame({"n": n.astype(int), "value": value, "centre": centre, **limits})
    low, high = value < frame["outer_low"] - 1e-9, value > frame["outer_high"] + 1e-9
    frame["outside"] = np.where(low, "low", np.where(high, "high", ""))
    frame.attrs = {"phi": phi}
    return frame


def _limit(tail: float, n: np.ndarray, share: float) -> np.ndarray:
    """Return the binomial quantile as a share, interpolated between whole counts."""
    if share in (0.0, 1.0):
        return np.full(n.size, share)
    count = stats.binom.ppf(tail, n, share)
    at, under = stats.binom.cdf(count, n, share), stats.binom.cdf(count - 1, n, share)
    part = np.divide(at - tail, at - under, out=np.zeros(n.size), where=at > under)
    return np.clip((count - part) / n, 0.0, 1.0)


def assess_funnel(panel: pd.DataFrame, *, indicator: str, share: bool) -> StageResults:
    """Draw the funnel of one share over the newest three months of all sites.

    Parameters
    ----------
    panel : DataFrame
        Panel of indicators.
    indicator : str
        What is compared.
    share : bool
        Whether the indicator is a share of counts; others have no funnel.

    Returns
    -------
    StageResults
        Check ``monitoring.funnel`` and table ``funnel`` (``subject`` and of :func:`funnel`).
    """
    question = {
        "id": "monitoring.funnel",
        "topic": Topic.FUNNEL,
        "question": "monitoring.check.funnel.question",
    }
    params: dict = {"indicator": indicator, "least": MIN_SITES}
    cells = panel[(panel["indicator"] == indicator) & (panel["stratum"] == "")]
    cells = cells[cells["value"].notna() & (cells["site_id"] != "")]
    sums = pd.DataFrame(columns=["site_id", "total", "exposure"])
    if share and len(cells):
        late = cells[cells["period"] > cells["period"].max() - RECENT_MONTHS]
        sums = late.groupby("site_id", as_index=False)[["total", "exposure"]].sum()
        sums = sums[(sums["exposure"] >= 1) & (sums["total"] <= sums["exposure"])]
    if len(sums) < MIN_SITES:
        reason = "monitoring.check.funnel.few"
        missing = Check(**question, status="not_possible", reason=reason, params=params)
        return collect("monitoring", [missing])
    table = funnel(sums["total"].to_numpy(float), sums["exposure"].to_numpy(float))
    phi = table.attrs["phi"]
    table.insert(0, "subject", sums["site_id"].astype(str).to_numpy())
    low, high = (int((table["outside"] == side).sum()) for side in ("low", "high"))
    check = Check(
        **question,
        status="caution" if low + high else "passed",
        value=float(low + high),
        threshold=0.0,
        unit="sites",
        n=len(table),
        reason=f"monitoring.check.funnel.reason{'' if phi > 1 else '_alike'}",
        remedy="monitoring.check.funnel.remedy" if low + high else None,
        params={**params, "sites": len(table), "low": low, "high": high, "phi": phi},
    )
    table = table.sort_values("value", ignore_index=True)
    return collect("monitoring", [check], tables={"funnel": table})
