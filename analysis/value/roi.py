"""What the training was worth in money, and what it cost.

Only causal estimates are priced. A change without a comparison group is listed and not
priced; revenue is never a benefit, only the margin on it is. Nothing is projected: only
site-months that were observed after training count.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pandas as pd
from scipy.special import ndtri

from analysis.measurement import IndicatorLike
from analysis.results import Agreement, Estimate
from analysis.settings import LEVEL, MONEY_DRAWS, ends_of


class BenefitLike(Protocol):
    """What one unit of improvement is worth in CNY, as ``client.yml`` states it.

    The absolute value of ``money_per_unit``, ``low`` and ``high`` is taken; the registry's
    direction says which move is an improvement.
    """

    indicator: str
    money_per_unit: float
    basis: str
    low: float | None
    high: float | None
    margin: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Benefit:
    """A benefit given without a client file; fields as in :class:`BenefitLike`.

    ``money_per_unit`` is the worth of one unit of improvement; its sign is ignored.
    """

    indicator: str
    money_per_unit: float
    basis: str = "site_month"
    low: float | None = None
    high: float | None = None
    margin: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """Conservative rules (after Phillips 2003), each of which can be turned off by name.

    Attributes
    ----------
    first_year_only : bool
        Count at most twelve months after each site's training.
    lower_bound_only : bool
        Price the unfavourable end of each effect's interval instead of its value.
    """

    first_year_only: bool = True
    lower_bound_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """One priced benefit: ``effect`` in the good direction times money times exposure.

    ``sign`` is −1 where less of the indicator is better.
    """

    indicator: str
    effect: float
    effect_low: float
    effect_high: float
    money: float
    money_low: float
    money_high: float
    exposure: float
    factor: float
    level: float = LEVEL
    basis: str = "site_month"
    sign: float = 1.0
    quantiles: tuple[tuple[float, float], ...] = ()

    def drawn(self, scores: np.ndarray) -> np.ndarray:
        """Effects at standard normal scores, so that the stored interval is kept.

        Between the quantiles that the effect's own inference gave (t, bootstrap or randomisation),
        and beyond the last ones, effects are a straight line in the score. Where only the interval
        is known, its ends and the value are the quantiles: what is 95 % likely of the drawn effects
        is the interval, whichever inference gave it.
        """
        outside = (1 - self.level) / 2
        known = self.quantiles or (
            (outside, self.effect_low), (0.5, self.effect), (1 - outside, self.effect_high),
        )  # fmt: skip
        place, value = ndtri([p for p, _ in known]), np.array([v for _, v in known])
        slope = np.diff(value) / np.diff(place)
        beyond = slope[0] * np.minimum(scores - place[0], 0)
        beyond = beyond + slope[-1] * np.maximum(scores - place[-1], 0)
        return np.interp(scores, place, value) + beyond

    @property
    def amount(self) -> float:
        """CNY at the point values."""
        return self.effect * self.money * self.exposure * self.factor


_PRICED = ["indicator", "effect", "money", "exposure", "factor", "amount", "amount_low",
           "amount_high", "basis", "priced", "reason", "methods_low", "methods_high"]  # fmt: skip

Quantiles = Mapping[tuple[str, str], Sequence[tuple[float, float]]]
"""Probability and effect, ascending, by (indicator, basis)."""


def treated_exposure(
    outcome: pd.DataFrame,
    households: Mapping[str, float] | None = None,
    *,
    horizon_months: int = 12,
    first_year_only: bool = True,
    discount_rate: float = 0.0,
) -> dict[str, float]:
    """Count what an average effect on trained sites applies to.

    Parameters
    ----------
    outcome : DataFrame
        ``unit, period, cohort`` of the observed site-months.
    households : Mapping[str, float], optional
        Households by site; sites without a number do not count for households.
    horizon_months : int
        Months after training that count, cut to twelve by ``first_year_only``.
    discount_rate : float
        Yearly rate; later months are divided by ``(1 + rate) ** (months / 12)``, counted
        from the first wave.

    Returns
    -------
    dict[str, float]
        ``site_month``, ``household_month`` and ``once`` (1).
    """
    months = min(horizon_months, 12) if first_year_only else horizon_months
    after = outcome["period"] - outcome["cohort"]
    kept = outcome[(after >= 0) & (after < months)]
    first = outcome["cohort"].min()
    weight = (1 + discount_rate) ** (-(kept["period"] - first) / 12)
    served = kept["unit"].map(dict(households or {})).astype(float).fillna(0.0)
    return {
        "site_month": float(weight.sum()),
        "household_month": float((weight * served).sum()),
        "once": 1.0,
    }


def full_cost(
    costs: pd.DataFrame | None,
    *,
    hours: float | None = None,
    hour_cost: float | None = None,
    months: int | None = None,
) -> pd.DataFrame:
    """Fully loaded cost by category.

    Actual amounts; the plan where an item has no actual yet. What is used for years counts with
    the part of its life that lies in the months in which benefits count. The participants' time is
    added from hours attended unless the ledger already has that category.

    Parameters
    ----------
    costs : DataFrame or None
        Canonical ``costs``: ``category, planned, actual`` in CNY.
    hours : float, optional
        Hours attended, all participants together.
    hour_cost : float, optional
        CNY an hour; without it the participants' time is left out.
    months : int, optional
        Months in which benefits count; without it nothing is spread over its life.

    Returns
    -------
    DataFrame
        ``category, amount, source`` (``ledger`` or ``hours``), CNY.
    """
    rows = []
    if costs is not None and len(costs):
        spent = costs["actual"].astype(float).fillna(costs["planned"].astype(float)).fillna(0.0)
        spent = spent * _used(costs, months)
        sums = spent.groupby(costs["category"].astype(str)).sum()
        # The reserve is money held back, not spent; its actual amount is.
        if "reserve" in sums.index:
            reserve = costs.loc[costs["category"] == "reserve", "actual"].astype(float)
            sums["reserve"] = reserve.fillna(0.0).sum()
        rows = [(category, float(amount), "ledger") for category, amount in sums.items()]
    if hours and hour_cost and "participant_time" not in {row[0] for row in rows}:
        rows.append(("participant_time", hours * hour_cost, "hours"))
    return pd.DataFrame(rows, columns=["category", "amount", "source"])


def _used(costs: pd.DataFrame, months: int | None) -> pd.Series:
    """Return the share of each item's life that lies in so many months; 1 for what is used up."""
    whole = pd.Series(1.0, index=costs.index)
    if months is None or "life_years" not in costs:
        return whole
    life = 12 * costs["life_years"].astype("float64")
    return (months / life).clip(upper=1.0).fillna(1.0)


def price(
    benefits: Iterable[BenefitLike],
    effects: Mapping[str, Estimate],
    *,
    registry: Mapping[str, IndicatorLike],
    exposure: Mapping[str, float],
    margin: float,
    switches: Switches = Switches(),
    revenue: bool = False,
    exposed: Mapping[tuple[str, str], Estimate] | None = None,
    quantiles: Quantiles | None = None,
) -> tuple[list[Priced], pd.DataFrame]:
    """Turn effects into money where that is allowed, and say where it is not.

    A move in the indicator's good direction is worth ``abs(money_per_unit)`` a unit, one in
    the bad direction costs as much, so that the sign of the money cannot be stated twice.

    Parameters
    ----------
    benefits : Iterable[BenefitLike]
    effects : Mapping[str, Estimate]
        Average effect on trained sites by indicator.
    registry : Mapping[str, IndicatorLike]
        Direction by indicator: a fall is a benefit where less is better.
    exposure : Mapping[str, float]
        As :func:`treated_exposure` counts it.
    exposed : Mapping, optional
        By indicator and basis, the effect averaged over what it applies to
        (:func:`analysis.causal.effect_over`), with that exposure in its ``dims``. Where effects
        grow or fade it is not the overall one, and it is the one that has a price. Without it the
        overall effect is taken for every month.
    quantiles : Mapping, optional
        Of the effects of ``exposed``, as :func:`analysis.causal.quantiles_over` gives them; without
        them an effect is drawn from its interval alone.
    margin : float
        Margin on revenue, in (0, 1); 1 means that none was stated.
    revenue : bool
        Count whole revenue, which is no benefit: only to show what that would pretend.

    Returns
    -------
    list of Priced, DataFrame
        The table has one row per benefit: ``indicator, effect`` (in the good direction), ``money``
        (a unit), ``exposure, factor, amount`` (their product, CNY), ``amount_low, amount_high``
        (at the ends of the effect's interval; all NaN when not priced), ``basis, priced, reason``;
        ``methods_low, methods_high`` where methods disagree on the effect, in the good direction:
        it is not priced then.
    """
    priced, rows = [], []
    for benefit in benefits:
        estimate = effects.get(benefit.indicator)
        own = (exposed or {}).get((benefit.indicator, benefit.basis))
        counted = exposure
        known: Sequence[tuple[float, float]] = ()
        if own is not None and estimate is not None and not estimate.disputed:
            estimate, counted = own, {**exposure, benefit.basis: float(own.dims["exposure"])}
            known = (quantiles or {}).get((benefit.indicator, benefit.basis), ())
        reason = _not_priced(benefit, estimate, counted, 0.5 if revenue else margin)
        if reason:
            spread = _spread(estimate, registry[benefit.indicator].direction)
            rows.append((benefit.indicator, *[math.nan] * 7, benefit.basis, False, reason, *spread))
            continue
        sign = 1.0 if registry[benefit.indicator].direction == "up" else -1.0
        ends = sorted((sign * estimate.ci_low, sign * estimate.ci_high))
        value = sign * estimate.value
        if switches.lower_bound_only:
            value, ends, known = ends[0], [ends[0], ends[0]], ()
        money = abs(benefit.money_per_unit)
        low, high = sorted(
            money if end is None else abs(end) for end in (benefit.low, benefit.high)
        )
        one = Priced(
            indicator=benefit.indicator,
            effect=value,
            level=estimate.level,
            effect_low=ends[0],
            effect_high=ends[1],
            money=money,
            money_low=low,
            money_high=high,
            exposure=counted[benefit.basis],
            factor=margin if benefit.margin and not revenue else 1.0,
            basis=benefit.basis,
            sign=sign,
            quantiles=_towards(known, sign),
        )
        priced.append(one)
        factors = (one.effect, one.money, one.exposure, one.factor)
        ends = [end * one.money * one.exposure * one.factor for end in ends]
        rows.append(
            (benefit.indicator, *factors, one.amount, *ends, benefit.basis, True, "", *_NO_SPREAD)
        )
    return priced, pd.DataFrame(rows, columns=_PRICED)


_NO_SPREAD = (math.nan, math.nan)


def _towards(quantiles: Sequence[tuple[float, float]], sign: float) -> tuple:
    """Return quantiles of an effect in the direction of benefit, ascending."""
    turned = [(p, v) if sign > 0 else (1 - p, -v) for p, v in quantiles]
    return tuple(sorted(turned))


def _spread(estimate: Estimate | None, direction: str) -> tuple[float, float]:
    """Return the range over methods in the good direction where they disagree."""
    if estimate is None or not estimate.disputed:
        return _NO_SPREAD
    sign = 1.0 if direction == "up" else -1.0
    low, high = sorted((sign * estimate.methods_low, sign * estimate.methods_high))
    return low, high


def at_the_ends(effects: Mapping[str, Estimate]) -> tuple[dict[str, Estimate], ...]:
    """Return the effects twice: with disputed ones at the lowest and at the highest of any method.

    Only to tell what a return would be by one method or another; no interval is meant.
    """
    ends = []
    for name in ("methods_low", "methods_high"):
        moved = {
            key: replace(
                e,
                value=getattr(e, name),
                ci_low=getattr(e, name),
                ci_high=getattr(e, name),
                se=0.0,
                agreement=Agreement.NOT_ASKED,
            )
            for key, e in effects.items()
            if e.disputed
        }
        ends.append({**effects, **moved})
    return tuple(ends)


def _not_priced(
    benefit: BenefitLike, estimate: Estimate | None, exposure: Mapping[str, float], margin: float
) -> str:
    if estimate is None or estimate.value is None:
        return "value.reason.no_effect"
    if not estimate.causal:
        return "value.reason.not_causal"
    if estimate.disputed:
        return "value.reason.methods_disagree"
    if estimate.ci_low is None:
        return "value.reason.no_interval"
    if benefit.margin and margin >= 1:
        return "value.reason.no_margin"
    return "" if exposure.get(benefit.basis, 0.0) > 0 else "value.reason.no_exposure"


Correlations = Mapping[frozenset[tuple[str, str]], float]
"""Correlation of the errors of two effects, by their (indicator, basis)."""


def correlation_matrix(priced: Sequence[Priced], correlations: Correlations) -> np.ndarray:
    """Return how the errors of priced effects hang together in the direction of benefit.

    Pairs of which it is not known are fully correlated, which gives the widest interval
    among normal copulas; it is no bound over every kind of dependence.

    Parameters
    ----------
    priced : sequence of Priced
    correlations : Mapping
        Of the effects as they are, not yet in the direction of benefit.

    Returns
    -------
    ndarray of shape (J, J)
        Positive semi-definite with ones on the diagonal.
    """
    matrix = np.ones((len(priced), len(priced)))
    for (i, one), (j, other) in itertools.combinations(enumerate(priced), 2):
        pair = frozenset({(one.indicator, one.basis), (other.indicator, other.basis)})
        known = correlations.get(pair)
        if known is not None:
            matrix[i, j] = matrix[j, i] = known * one.sign * other.sign
    # Known and unknown pairs need not fit together: take the nearest that do.
    values, vectors = np.linalg.eigh(matrix)
    matrix = (vectors * np.maximum(values, 0.0)) @ vectors.T
    scale = np.sqrt(np.diag(matrix))
    return matrix / np.outer(scale, scale)


def simulate_benefit(
    priced: Iterable[Priced],
    *,
    draws: int = MONEY_DRAWS,
    seed: int = 0,
    correlations: Correlations | None = None,
) -> np.ndarray:
    """Draw the total benefit.

    Effects are drawn from their stored intervals (:meth:`Priced.drawn`), their errors correlated
    as told (:func:`correlation_matrix`). Money per unit is triangular between its bounds.

    Parameters
    ----------
    priced : iterable of Priced
        Of :func:`price`: effect with its interval, exposure and money per unit.
    draws, seed : int
        Number of draws and seed of the generator.
    correlations : Mapping, optional
        Without it errors are fully correlated in the direction of benefit.

    Returns
    -------
    ndarray of shape (draws,)
        CNY.
    """
    rng, priced = np.random.default_rng(seed), tuple(priced)
    values, vectors = np.linalg.eigh(correlation_matrix(priced, correlations or {}))
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    scores = root @ rng.standard_normal((len(priced), draws))
    total = np.zeros(draws)
    for one, score in zip(priced, scores, strict=True):
        money = np.full(draws, one.money)
        if one.money_high > one.money_low:
            money = rng.triangular(one.money_low, one.money, one.money_high, draws)
        total += one.drawn(score) * money * one.exposure * one.factor
    return total


def tornado(priced: Iterable[Priced], cost: float) -> pd.DataFrame:
    """Return on investment when one input at a time moves to the ends of its range.

    Returns
    -------
    DataFrame
        ``indicator, input`` (``effect`` or ``money``), ``input_low, input_high``, ``base`` (the
        return), ``low, high`` (the return at either end); widest first.
    """
    priced = list(priced)
    total = sum(one.amount for one in priced)
    rows = []
    for one in priced:
        for name in ("effect", "money"):
            low, high = getattr(one, f"{name}_low"), getattr(one, f"{name}_high")
            if high <= low:
                continue
            ends = [
                (total - one.amount + replace(one, **{name: end}).amount - cost) / cost
                for end in (low, high)
            ]
            rows.append((one.indicator, name, low, high, (total - cost) / cost, *ends))
    columns = ["indicator", "input", "input_low", "input_high", "base", "low", "high"]
    table = pd.DataFrame(rows, columns=columns)
    swing = (table["high"] - table["low"]).abs()
    return table.loc[swing.sort_values(ascending=False, kind="stable").index].reset_index(drop=True)


def money_estimate(
    name: str,
    value: float | None,
    draws: np.ndarray | None,
    unit: str,
    *,
    level: float = LEVEL,
    **extra,
) -> Estimate:
    """Build one ``value.roi.<name>`` estimate with the simulation's interval."""
    known = draws is not None and value is not None
    low, high = np.quantile(draws, ends_of(level)).tolist() if known else (None, None)
    interval = "simulation" if known else "none"
    return Estimate(
        id=f"value.roi.{name}",
        estimand=name,
        unit=unit,
        value=value,
        ci_low=low,
        ci_high=high,
        level=level,
        method="causal_effects_times_money",
        interval_method=interval,
        **extra,
    )


def chance(draws: np.ndarray, threshold: float) -> float:
    """Share of draws at or above a threshold."""
    return float((draws >= threshold).mean())
