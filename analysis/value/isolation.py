"""How much of the improvement people think the training caused: opinion beside the comparison.

Participants and supervisors say which share of an improvement the training caused and how sure they
are (Phillips). What they say is cut down by rule; it never enters the return, which prices effects
against a comparison group only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.measurement import mean_t, wilson
from analysis.measurement.columns import floats, present
from analysis.results import Check, Estimate, StageResults, Topic, collect
from analysis.settings import LEVEL, MIN_CELL

COLUMNS = [
    "refers_to", "respondent_role", "asked", "answered", "extreme", "estimate", "confidence",
    "adjusted", "ci_low", "ci_high", "amount", "amount_low", "amount_high", "counted",
]  # fmt: skip
FENCE = 3.0
"""Interquartile ranges above the upper quartile beyond which an answer is extreme (Tukey)."""
_FEWEST_FOR_FENCE = 5
_SAID = ("estimate", "confidence", "improvement")
_ID = "value.isolation"


def extremes(values: np.ndarray) -> np.ndarray:
    """Mark values far above the others: beyond the upper quartile by three interquartile ranges.

    Parameters
    ----------
    values : ndarray
        Adjusted shares or amounts; NaN are nobody's.

    Returns
    -------
    ndarray of bool
        All False below five values, and where the middle half of them are equal.
    """
    known = values[np.isfinite(values)]
    if known.size < _FEWEST_FOR_FENCE:
        return np.zeros(values.shape, dtype=bool)
    low, high = np.quantile(known, [0.25, 0.75])
    if high <= low:
        return np.zeros(values.shape, dtype=bool)
    return np.nan_to_num(values, nan=-np.inf) > high + FENCE * (high - low)


def adjusted(attributions: pd.DataFrame, *, least: int = 1, level: float = LEVEL) -> pd.DataFrame:
    """Cut down what people attribute to the training, by improvement and role.

    Share = mean over all who were asked of estimate × confidence; who did not answer, and answers
    that are extreme (share or amount), count as 0. Of several roles the lowest share counts.

    Parameters
    ----------
    attributions : DataFrame
        Canonical table: one row per person asked and improvement.
    least : int
        Fewest people asked of a role that may count.
    level : float
        Coverage of intervals.

    Returns
    -------
    DataFrame
        :data:`COLUMNS`; ``estimate`` and ``confidence`` are plain means of those who answered;
        ``counted`` is ``yes`` for the role of the lowest share, else ``no``. ``adjusted`` has a t
        interval over people, and Wilson's where all are alike (no shares of the same mean vary
        more). ``amount`` is what all who were asked claim together of the yearly worth that each
        states (CNY), with n times the interval of the mean; missing where nobody stated a worth.

    References
    ----------
    Phillips & Phillips (2016), Handbook of Training Evaluation and Measurement Methods, 4th ed.
    """
    rows = []
    for (about, role), group in attributions.groupby(["refers_to", "respondent_role"], sort=True):
        estimate, sure, worth = map(floats, (group[c] for c in _SAID))
        answered = np.isfinite(estimate) & np.isfinite(sure)
        share = np.where(answered, estimate * sure, np.nan)
        out = extremes(share) | extremes(share * worth)
        kept = np.where(answered & ~out, share, 0.0)
        mean = mean_t(kept, level=level)
        if mean.low is None or mean.high == mean.low:
            mean = wilson(mean.value * len(kept), len(kept), level=level)
        money = (math.nan,) * 3
        if np.isfinite(worth).any():
            money = _amount(kept * np.nan_to_num(worth), level)
        rows.append(
            (
                str(about), str(role), len(group), int(answered.sum()), int(out.sum()),
                *_means(estimate[answered], sure[answered]),
                mean.value, max(0.0, mean.low), min(1.0, mean.high), *money, "no",
            )
        )  # fmt: skip
    table = pd.DataFrame(rows, columns=COLUMNS)
    if len(table):
        enough = table[table["asked"] >= least]
        order = enough.sort_values(
            ["refers_to", "adjusted", "asked"], ascending=[True, True, False]
        )
        table.loc[order.drop_duplicates("refers_to").index, "counted"] = "yes"
    return table


def _means(*told: np.ndarray) -> tuple[float, ...]:
    return tuple(float(values.mean()) if values.size else math.nan for values in told)


def _amount(claimed: np.ndarray, level: float) -> tuple[float, float, float]:
    mean = mean_t(claimed, level=level)
    n = len(claimed)
    if mean.low is None or mean.high == mean.low:
        return n * mean.value, math.nan, math.nan
    return n * mean.value, max(0.0, n * mean.low), n * mean.high


def assess_isolation(
    attributions: pd.DataFrame | None,
    money: Mapping[str, Estimate] | None = None,
    *,
    min_cell: int = MIN_CELL,
    level: float = LEVEL,
) -> StageResults:
    """Set what people attribute to the training beside the comparison, as the weaker line.

    Parameters
    ----------
    attributions : DataFrame or None
        Canonical table; None where nobody was asked.
    money : Mapping, optional
        Estimates of the return by estimand: ``benefit`` has a value only where effects against a
        comparison group were priced.
    min_cell : int
        Fewest people of whom a number is told.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Table ``isolation`` (of :func:`adjusted`); check ``value.isolation``, ``not_possible`` where
        nobody was asked or fewer than ``min_cell`` people of the role that counts. It is
        ``caution`` at best: an opinion passes no test.
    """
    asked = {"id": _ID, "topic": Topic.ISOLATION, "question": "value.check.isolation.question"}
    if not present(attributions, "respondent_role"):
        nobody = Check(**asked, status="not_possible", reason="value.check.isolation.nobody")
        return collect("value", [nobody], tables={"isolation": pd.DataFrame(columns=COLUMNS)})
    table = adjusted(attributions, least=min_cell, level=level)
    mine = table[table["counted"] == "yes"]
    if mine.empty:
        few = Check(
            **asked, status="not_possible", n=int(table["asked"].max()),
            reason="value.check.isolation.few", params={"least": min_cell},
        )  # fmt: skip
        return collect("value", [few], tables={"isolation": table})
    first = mine.sort_values("asked", ascending=False, kind="stable").iloc[0]
    benefit = (money or {}).get("benefit")
    compared = benefit is not None and benefit.value is not None
    params = {
        "role": f"value.isolation.role.{first['respondent_role']}",
        "about": first["refers_to"],
        **{k: int(first[k]) for k in ("asked", "answered", "extreme")},
        **{k: float(first[k]) for k in ("adjusted", "ci_low", "ci_high")},
        "others": len(mine) - 1,
    }
    if compared:
        params |= {"benefit": benefit.value, "low": benefit.ci_low, "high": benefit.ci_high}
    check = Check(
        **asked,
        status="caution",
        value=float(first["adjusted"]),
        unit="share",
        n=int(first["asked"]),
        reason=f"value.check.isolation.{'beside' if compared else 'alone'}",
        params=params,
    )
    return collect("value", [check], tables={"isolation": table})
