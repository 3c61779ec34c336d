"""Internal consistency of a questionnaire: Cronbach's alpha and item statistics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from analysis.measurement.columns import present
from analysis.results import Check, Estimate, StageResults, collect

ALPHA_LINE = 0.70
"""Usual least alpha for comparing averages of many people (Nunnally 1978)."""


@dataclass(frozen=True, slots=True)
class Alpha:
    """Cronbach's alpha with Feldt's interval; ``n`` answer sheets, ``k`` items."""

    value: float
    low: float
    high: float
    n: int
    k: int
    missing: str
    level: float


def cronbach_alpha(
    scores: pd.DataFrame,
    *,
    missing: Literal["listwise", "pairwise"] = "listwise",
    level: float = 0.95,
) -> Alpha | None:
    """Cronbach's alpha of the columns of ``scores``, one row an answer sheet.

    ``alpha = k / (k - 1) * (1 - trace(C) / sum(C))`` with covariance matrix C.

    Parameters
    ----------
    scores : DataFrame
        Sheets x items, NaN where unanswered.
    missing : {"listwise", "pairwise"}
        ``listwise`` keeps sheets with every item answered. ``pairwise`` takes each
        covariance from the sheets that have both items, and counts all sheets in n.

    Returns
    -------
    Alpha or None
        None when fewer than two items or three sheets remain, or nothing varies.

    References
    ----------
    Cronbach (1951); Feldt, Woodruff & Salih (1987) for the interval, on
    F(n - 1, (n - 1)(k - 1)).
    """
    kept = scores.dropna() if missing == "listwise" else scores.dropna(how="all")
    n, k = kept.shape
    if k < 2 or n < 3:
        return None
    covariance = kept.cov().to_numpy()
    if not np.isfinite(covariance).all() or covariance.sum() <= 1e-12:
        return None
    value = k / (k - 1) * (1 - np.trace(covariance) / covariance.sum())
    tail = (1 - level) / 2
    df1, df2 = n - 1, (n - 1) * (k - 1)
    low = 1 - (1 - value) * stats.f.isf(tail, df1, df2)
    high = 1 - (1 - value) * stats.f.isf(1 - tail, df1, df2)
    return Alpha(float(value), float(low), float(high), n, k, missing, level)


def item_statistics(
    scores: pd.DataFrame,
    low: float,
    high: float,
    *,
    missing: Literal["listwise", "pairwise"] = "listwise",
) -> pd.DataFrame:
    """Return mean, spread, floor, ceiling and contribution of each item.

    Parameters
    ----------
    scores : DataFrame
        Sheets x items, NaN where unanswered.
    low, high : float
        Ends of the scale.
    missing : {"listwise", "pairwise"}
        Sheets behind the covariances, as in :func:`cronbach_alpha`. R's ``psych::alpha`` takes
        them pairwise.

    Returns
    -------
    DataFrame
        ``item, n, mean, sd, floor`` and ``ceiling`` (share at the ends of the scale) from the
        sheets that have the item; ``item_rest`` (correlation with the sum of the other items)
        and ``alpha_if_dropped`` from the covariances, NaN where nothing varies. The correlation
        with a total that holds the item itself (psych's ``raw.r``) is too large and not given.
    """
    kept = scores.dropna() if missing == "listwise" else scores
    covariance = kept.cov().to_numpy() if len(kept) > 2 else np.full((scores.shape[1],) * 2, np.nan)
    total, with_all, own = covariance.sum(), covariance.sum(axis=0), np.diag(covariance)
    rest = total - 2 * with_all + own
    varies = (own > 1e-12) & (rest > 1e-12)
    scale = np.sqrt(np.where(varies, own * rest, np.nan))
    answered = scores.notna().sum()
    return pd.DataFrame(
        {
            "item": scores.columns,
            "n": answered.to_numpy(),
            "mean": scores.mean().to_numpy(),
            "sd": scores.std().to_numpy(),
            "floor": ((scores <= low).sum() / answered).to_numpy(),
            "ceiling": ((scores >= high).sum() / answered).to_numpy(),
            "item_rest": (with_all - own) / scale,
            "alpha_if_dropped": _alpha_without_each(covariance, rest),
        }
    )


def _alpha_without_each(covariance: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Alpha of the items left when each in turn is dropped; ``rest`` is the sum of theirs."""
    k = len(covariance) - 1
    if k < 2:
        return np.full(len(covariance), np.nan)
    own = np.diag(covariance)
    shares = (own.sum() - own) / np.where(rest > 1e-12, rest, np.nan)
    return k / (k - 1) * (1 - shares)


def assess_instruments(
    answers: pd.DataFrame | None,
    instruments: pd.DataFrame | None,
    *,
    sheet: str = "response_id",
    source: str = "surveys",
    simulated: bool = False,
) -> StageResults:
    """Alpha and item statistics of each instrument among ``answers``.

    Items with role ``item`` or ``overall`` take part, the recommendation question (``nps``)
    does not. Sheets with an unanswered item are left out (listwise) and counted.

    Parameters
    ----------
    answers : DataFrame
        ``surveys``, ``ratings`` or ``reactions``; ``sheet`` names its sheet column.
    source : str
        Name of that table, part of the identifiers.

    Returns
    -------
    StageResults
        Estimates ``baseline.alpha.<source>.<instrument>``, a check each, and table
        ``items_<source>``.
    """
    if not present(answers, "score") or not present(instruments, "item"):
        return collect("baseline", [_not_possible(source, "", "measurement.reason.no_instrument")])
    parts = instruments[instruments["role"].isin(["item", "overall"])]
    items: list = []
    frames = []
    for instrument, described in parts.groupby("instrument"):
        mine = answers[(answers["instrument"] == instrument) & answers["score"].notna()]
        mine = mine[mine["item"].isin(described["item"])]
        if mine.empty:
            continue
        scores = mine.pivot_table(
            index=sheet, columns="item", values="score", observed=True
        ).astype(float)
        low, high = float(described["scale_min"].min()), float(described["scale_max"].max())
        same_scale = described["scale_min"].nunique() == described["scale_max"].nunique() == 1
        frames.append(item_statistics(scores, low, high).assign(instrument=instrument))
        alpha = cronbach_alpha(scores) if same_scale else None
        if alpha is None:
            items.append(_not_possible(source, str(instrument), "measurement.reason.no_alpha"))
            continue
        items.extend(_alpha_items(source, str(instrument), alpha, len(scores), simulated))
    if not frames:
        return collect("baseline", [_not_possible(source, "", "measurement.reason.no_instrument")])
    table = pd.concat(frames, ignore_index=True)
    return collect("baseline", items, tables={f"items_{source}": table})


def _alpha_items(source: str, instrument: str, alpha: Alpha, sheets: int, simulated: bool) -> list:
    id = f"baseline.alpha.{source}.{instrument}"
    status = "passed" if alpha.low >= ALPHA_LINE else "caution"
    if alpha.value < ALPHA_LINE:
        status = "failed"
    return [
        Estimate(
            id=id,
            estimand="cronbach_alpha",
            unit="coefficient",
            value=alpha.value,
            ci_low=alpha.low,
            ci_high=alpha.high,
            n=alpha.n,
            method="cronbach_alpha_listwise",
            interval_method="feldt",
            dims={"source": source, "instrument": instrument, "items": alpha.k},
            simulated=simulated,
        ),
        Check(
            id=f"{id}.line",
            question="measurement.check.alpha.question",
            status=status,
            value=alpha.value,
            threshold=ALPHA_LINE,
            unit="coefficient",
            n=alpha.n,
            reason=None if status == "passed" else "measurement.check.alpha.reason",
            remedy=None if status == "passed" else "measurement.check.alpha.remedy",
            params={"instrument": instrument, "items": alpha.k, "left_out": sheets - alpha.n},
        ),
    ]


def _not_possible(source: str, instrument: str, reason: str) -> Check:
    return Check(
        id=f"baseline.alpha.{source}{'.' + instrument if instrument else ''}.line",
        question="measurement.check.alpha.question",
        status="not_possible",
        threshold=ALPHA_LINE,
        unit="coefficient",
        reason=reason,
        params={"instrument": instrument or source, "items": 0, "left_out": 0},
    )
