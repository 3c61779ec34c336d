"""Internal consistency of a questionnaire: Cronbach's alpha and item statistics."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from analysis.measurement.columns import present
from analysis.measurement.gaps import moments_with_gaps
from analysis.measurement.item_direction import item_directions, items_against
from analysis.measurement.sheets import declared_factors
from analysis.refusals import Asked
from analysis.results import Check, Estimate, StageResults, Topic, collect
from analysis.settings import LEVEL

ALPHA_LINE = 0.70
"""Least alpha asked for: Nunnally's (1978) line for the early stages of research, and no more."""


@dataclass(frozen=True, slots=True)
class Alpha:
    """Cronbach's alpha with Feldt's interval; ``n`` answer sheets, ``k`` items that vary.

    ``constant`` are the items whose answers are all equal: they measure nothing and do not count
    in ``k``. Counted by forms, ``n`` is the number of sheets of the pair with the fewest. ``se`` is
    the analytic standard error for normal answers (van Zyl, Neudecker & Nel 2000).
    """

    value: float
    low: float
    high: float
    n: int
    k: int
    missing: str
    level: float
    constant: tuple[str, ...] = ()
    se: float | None = None


def cronbach_alpha(
    scores: pd.DataFrame,
    *,
    missing: Literal["listwise", "pairwise", "forms", "ml"] = "listwise",
    level: float = LEVEL,
) -> Alpha | None:
    """Cronbach's alpha of the columns of ``scores``, one row per answer sheet.

    ``alpha = k / (k - 1) * (1 - trace(C) / sum(C))`` with covariance matrix C.

    Parameters
    ----------
    scores : DataFrame
        Sheets x items, NaN where unanswered.
    missing : {"listwise", "pairwise", "forms", "ml"}
        ``listwise`` keeps sheets with every item answered. ``pairwise`` takes each
        covariance from the sheets that have both items, and counts all sheets in n (pingouin's
        convention). ``forms`` does so too and counts the sheets of the pair that has the
        fewest: of a questionnaire in several forms no sheet has every item, and an interval
        that counted all sheets would be too narrow. ``ml`` takes covariances by full-information
        maximum likelihood (:func:`~analysis.measurement.gaps.moments_with_gaps`) and counts as
        ``forms`` does.

    Returns
    -------
    Alpha or None
        None when fewer than two items that vary or three sheets remain.

    References
    ----------
    Cronbach (1951); Feldt, Woodruff & Salih (1987) for the interval, on
    F(n - 1, (n - 1)(k - 1)). Constant items are left out as in R's ``psych::alpha``.
    """
    kept = scores.dropna() if missing == "listwise" else scores.dropna(how="all")
    varies = (kept.min() != kept.max()).to_numpy()
    constant = tuple(str(item) for item in kept.columns[~varies]) if len(kept) else ()
    kept = kept.loc[:, varies]
    n, k = kept.shape
    if missing in ("forms", "ml") and k:
        answered = kept.notna().to_numpy(dtype=float)
        n = int((answered.T @ answered).min())
    if k < 2 or n < 3:
        return None
    gaps = missing == "ml"
    covariance = moments_with_gaps(kept).covariance if gaps else kept.cov().to_numpy()
    if not np.isfinite(covariance).all():
        return None
    found = alpha_from_covariance(covariance, n, level=level)
    return None if found is None else replace(found, missing=missing, constant=constant)


def alpha_from_covariance(covariance: np.ndarray, n: int, *, level: float = LEVEL) -> Alpha | None:
    """Cronbach's alpha of a covariance or correlation matrix; of correlations, standardised.

    Parameters
    ----------
    covariance : array, shape (items, items)
        Symmetric; its divisor (n or n − 1) does not matter.
    n : int
        Answer sheets behind it.

    Returns
    -------
    Alpha or None
        Feldt's interval and the analytic standard error
        ``sqrt(Q / n), Q = 2 (S (tr C^2 + tr^2 C) - 2 tr C sum(C^2)) k^2 / ((k - 1)^2 S^3)`` with
        S the sum of the elements of C. None for fewer than two items or three sheets, or where
        the sum of the items does not vary.

    Raises
    ------
    ValueError
        For a matrix that is not square and symmetric.

    References
    ----------
    Feldt, Woodruff & Salih (1987); van Zyl, Neudecker & Nel (2000), equation 21; Duhachek &
    Iacobucci (2004), whose ``ase`` R's ``psych::alpha`` prints.
    """
    covariance = np.asarray(covariance, dtype=float)
    square = covariance.ndim == 2 and covariance.shape[0] == covariance.shape[1]
    if not square or not np.allclose(covariance, covariance.T):
        raise ValueError(f"alpha needs a square symmetric matrix, got shape {covariance.shape}")
    k, total, trace = len(covariance), float(covariance.sum()), float(np.trace(covariance))
    if k < 2 or n < 3 or total <= 1e-12:
        return None
    value = k / (k - 1) * (1 - trace / total)
    tail = (1 - level) / 2
    df1, df2 = n - 1, (n - 1) * (k - 1)
    low = 1 - (1 - value) * stats.f.isf(tail, df1, df2)
    high = 1 - (1 - value) * stats.f.isf(1 - tail, df1, df2)
    squared = covariance @ covariance
    spread = total * (np.trace(squared) + trace**2) - 2 * trace * squared.sum()
    variance = 2 * k**2 / ((k - 1) ** 2 * total**3) * spread / n
    se = float(np.sqrt(max(variance, 0.0)))
    return Alpha(float(value), float(low), float(high), n, k, "none", level, (), se)


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
    level: float = LEVEL,
) -> StageResults:
    """Alpha and item statistics of each instrument among ``answers``.

    Items with role ``item`` or ``overall`` take part, the recommendation question (``nps``)
    does not. Sheets with an unanswered item are left out (listwise) and counted; of a
    questionnaire in several forms, where few sheets are complete but every two items were asked
    together, covariances are taken pair by pair. Where an item surely runs against the others
    there is no alpha: the check fails and says which item.

    Parameters
    ----------
    answers : DataFrame
        ``surveys``, ``ratings`` or ``reactions``; ``sheet`` names its sheet column.
    source : str
        Name of that table, part of the identifiers.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Estimates ``baseline.alpha.<source>.<instrument>``, a check each, and table
        ``items_<source>``.
    """
    if not present(answers, "score") or not present(instruments, "item"):
        return collect("baseline", [_not_possible(source, "", "measurement.reason.no_instrument")])
    parts = instruments[instruments["role"] != "nps"]
    items: list = []
    frames, asked = [], Asked("baseline")
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
        against = ()
        if same_scale:
            put = described[described["item"].isin(scores.columns)]
            against = items_against(item_directions(scores, declared_factors(put), level=level))
        of = partial(_alpha_of, scores, level=level)
        refused = len(asked.checks)
        alpha = asked.ask("alpha", of, None, about=f"{source}.{instrument}") if same_scale else None
        if len(asked.checks) > refused:
            continue
        if alpha is None:
            items.append(_not_possible(source, str(instrument), _why_no_alpha(scores, same_scale)))
            continue
        items.extend(_alpha_items(source, str(instrument), alpha, len(scores), against, simulated))
    if not frames:
        return collect("baseline", [_not_possible(source, "", "measurement.reason.no_instrument")])
    table = pd.concat(frames, ignore_index=True)
    return collect("baseline", [*items, *asked.checks], tables={f"items_{source}": table})


LEAST_PAIR = 30
"""Sheets that complete ones, or every pair of items of a questionnaire in forms, must have."""


def _alpha_of(scores: pd.DataFrame, level: float) -> Alpha | None:
    """Alpha of complete sheets; by forms where few are complete and every pair was asked."""
    complete = int(scores.notna().all(axis=1).sum())
    if complete < min(LEAST_PAIR, len(scores) / 2):
        answered = scores.notna().to_numpy(dtype=float)
        if (answered.T @ answered).min() >= LEAST_PAIR:
            return cronbach_alpha(scores, missing="forms", level=level)
    return cronbach_alpha(scores, level=level)


def _why_no_alpha(scores: pd.DataFrame, same_scale: bool) -> str:
    if same_scale and scores.shape[1] > 1 and not scores.notna().all(axis=1).any():
        return "measurement.reason.forms_apart"
    return "measurement.reason.no_alpha"


def _alpha_items(
    source: str, instrument: str, alpha: Alpha, sheets: int, against: tuple, simulated: bool
) -> list:
    id = f"baseline.alpha.{source}.{instrument}"
    status = "passed" if alpha.low >= ALPHA_LINE else "caution"
    if alpha.value < ALPHA_LINE or against:
        status = "failed"
    told = "forms" if alpha.missing == "forms" else "reason"
    remedy = None if status == "passed" else "measurement.check.alpha.remedy"
    if status == "caution" and told == "reason":
        told, remedy = "open", "measurement.check.alpha.collect"
    if against:
        told, remedy = "against", "measurement.check.item_direction.not_turned"
    return [
        Estimate(
            id=id,
            estimand="cronbach_alpha",
            unit="coefficient",
            value=None if against else alpha.value,
            ci_low=None if against else alpha.low,
            ci_high=None if against else alpha.high,
            n=alpha.n,
            method=f"cronbach_alpha_{alpha.missing}",
            interval_method="none" if against else "feldt",
            dims={"source": source, "instrument": instrument, "items": alpha.k},
            simulated=simulated,
            reason="measurement.reason.items_against" if against else None,
            level=alpha.level,
        ),
        Check(
            id=f"{id}.line",
            topic=Topic.RELIABILITY,
            question="measurement.check.alpha.question",
            status=status,
            value=None if against else alpha.value,
            threshold=ALPHA_LINE,
            unit="coefficient",
            n=alpha.n,
            reason=f"measurement.check.alpha.{told}"
            if status != "passed" or told == "forms"
            else None,
            remedy=remedy,
            params={
                "instrument": instrument,
                "count": alpha.k,
                "left_out": sheets - alpha.n,
                "constant": len(alpha.constant),
                "low": alpha.low,
                "high": alpha.high,
                "line": ALPHA_LINE,
                "items": ", ".join(against),
            },
        ),
    ]


def _not_possible(source: str, instrument: str, reason: str) -> Check:
    return Check(
        id=f"baseline.alpha.{source}{'.' + instrument if instrument else ''}.line",
        topic=Topic.RELIABILITY,
        question="measurement.check.alpha.question",
        status="not_possible",
        threshold=ALPHA_LINE,
        unit="coefficient",
        reason=reason,
        params={"instrument": instrument or source, "count": 0, "left_out": 0},
    )
