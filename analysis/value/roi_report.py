"""Return on the training, as results: benefit, cost, ratio, return, payback, tornado."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from analysis.measurement import IndicatorLike
from analysis.results import Agreement, Check, Estimate, StageResults, Topic, collect
from analysis.settings import LEVEL, MONEY_DRAWS, ends_of
from analysis.standards import Lines, course
from analysis.value import over_time, roi


def assess_roi(
    benefits: Iterable[roi.BenefitLike],
    effects: Mapping[str, Estimate],
    costs: pd.DataFrame | None,
    *,
    registry: Mapping[str, IndicatorLike],
    exposure: Mapping[str, float],
    exposed: Mapping[tuple[str, str], Estimate] | None = None,
    quantiles: roi.Quantiles | None = None,
    until: pd.DataFrame | None = None,
    start: int | None = None,
    correlations: roi.Correlations | None = None,
    margin: float = 1.0,
    hours: float | None = None,
    hour_cost: float | None = None,
    months: int | None = None,
    switches: roi.Switches | None = None,
    revenue: bool = False,
    lines: Lines | None = None,
    draws: int = MONEY_DRAWS,
    seed: int = 0,
    simulated: bool = False,
    level: float = LEVEL,
) -> StageResults:
    """Price the effects and set them against the fully loaded cost.

    ``benefit-cost ratio = B / C`` and ``return = (B - C) / C``; both are shown, and the
    probability that each reaches 3, because the requirements' "1:3" does not say which it
    means. ``revenue`` counts whole revenue instead of its margin, only to show what that would
    pretend. Intervals are quantiles of the simulation.

    Parameters
    ----------
    benefits : iterable
        The client file's benefits: indicator, money per unit (CNY) with its bounds, basis.
    effects : Mapping
        Causal estimate by indicator.
    costs : DataFrame or None
        Canonical ``costs``; None where no ledger is kept.
    registry : Mapping
        Indicators, for the direction in which each is better.
    exposure : Mapping
        Units an effect is multiplied by, by basis: trained site-months, household-months, 1.
    exposed : Mapping, optional
        Effects averaged over what they apply to, as :func:`analysis.value.price` takes them.
    correlations : Mapping, optional
        Of the errors of those effects, as :func:`analysis.value.simulate_benefit` takes them.
    quantiles : Mapping, optional
        Of those effects, as :func:`analysis.value.price` takes them.
    until, start
        Effects up to each month and the month of the first wave, as
        :func:`analysis.value.benefit_by_month` takes them; without them there is no payback time.
    margin : float
        Share of revenue that is profit, 0-1.
    hours, hour_cost : float, optional
        Hours attended and their cost in CNY an hour.
    months : int, optional
        Months in which benefits count: what is used for years counts with that part of its life.
    switches : Switches, optional
        Which benefits count (Phillips' conservative rules).
    draws, seed : int
        Draws of the simulation and its seed.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.
    revenue, simulated : bool
        Count whole revenue; mark the results as simulated.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Estimates ``value.roi.{benefit,cost,benefit_cost_ratio,net_return,payback_months,
        reached_ratio,reached_return}`` (without value, with the reason, when nothing could be
        priced; the last two only where a return is asked for; with the range over methods where
        they disagree on an effect that has a price), check ``value.roi``, tables ``benefits`` (with
        ``break_even``, the effect at which the training just pays), ``cost``, ``tornado`` and
        ``return_by_month``.
    """
    switches = switches or roi.Switches()
    benefits = tuple(benefits)
    priced, table = roi.price(
        benefits,
        effects,
        registry=registry,
        exposure=exposure,
        margin=margin,
        switches=switches,
        revenue=revenue,
        exposed=exposed,
        quantiles=quantiles,
    )
    ledger = roi.full_cost(costs, hours=hours, hour_cost=hour_cost, months=months)
    cost = float(ledger["amount"].sum())
    behind = sum(effects[one.indicator].n for one in priced)
    common = {"n": behind, "level": level, "simulated": simulated}
    unpaid = "value.reason.no_cost" if ledger.empty else "value.reason.nothing_spent"
    summed = {"dims": {} if ledger.empty else {"total": cost}} if cost <= 0 else {}
    paid = {} if cost > 0 else {"reason": unpaid, **summed}
    spent = cost if cost > 0 else None
    items: list = [roi.money_estimate("cost", spent, None, "CNY", **paid, **common)]
    names = {
        "benefit": "CNY",
        "benefit_cost_ratio": "ratio",
        "net_return": "ratio",
        "payback_months": "months",
    }
    wanted = (lines or course()).of("return_ratio")
    if wanted is not None:
        names |= {"reached_ratio": "share", "reached_return": "share"}
    pays_at = over_time.break_even(priced, cost) if cost > 0 else {}
    keys = list(zip(table["indicator"], table["basis"], strict=True))
    table["break_even"] = pd.Series([pays_at.get(k) for k in keys], table.index, dtype="float64")
    tables = {"benefits": table, "cost": ledger}
    facts = {
        "roi_switches": {
            "first_year_only": switches.first_year_only,
            "lower_bound_only": switches.lower_bound_only,
        }
    }
    disputed = [
        b.indicator for b in benefits if (e := effects.get(b.indicator)) and e.causal and e.disputed
    ]
    if disputed and cost > 0:
        given = {"registry": registry, "exposure": exposure, "margin": margin}
        given |= {"switches": switches, "revenue": revenue}
        ends = [
            sum(one.amount for one in roi.price(benefits, moved, **given)[0]) / cost
            for moved in roi.at_the_ends(effects)
        ]
        about = effects[disputed[0]]
        spread = {"ratio_low": min(ends), "ratio_high": max(ends), "indicator": about.indicator}
        spread |= {"effect_low": about.methods_low, "effect_high": about.methods_high}
        reason = "value.reason.return_disputed"
        for name, unit in names.items():
            told = {"agreement": Agreement.DISAGREE} if name == "benefit_cost_ratio" else {}
            told |= {"methods_low": min(ends), "methods_high": max(ends)} if told else {}
            dims = {**spread, "unit": about.unit}
            items.append(
                roi.money_estimate(
                    name, None, None, unit, reason=reason, dims=dims, **told, **common
                )
            )
        items.append(
            _check(
                "not_possible", table, reason=reason, **spread, outcome_unit=about.unit, level=level
            )
        )
        return collect("value", items, facts=facts, tables=tables)
    if not priced or cost <= 0:
        reason = "value.reason.nothing_priced" if not priced else unpaid
        items += [
            roi.money_estimate(name, None, None, unit, reason=reason, **summed, **common)
            for name, unit in names.items()
        ]
        items.append(_check("not_possible", table, reason=reason, total=cost, level=level))
        return collect("value", items, facts=facts, tables=tables)
    total = sum(one.amount for one in priced)
    sample = roi.simulate_benefit(priced, draws=draws, seed=seed, correlations=correlations)
    by_month = over_time.benefit_by_month(
        priced,
        pd.DataFrame() if until is None else until,
        cost=cost,
        start=start,
        lower_bound_only=switches.lower_bound_only,
        correlations=correlations,
        draws=draws,
        seed=seed,
        level=level,
    )
    tables["return_by_month"] = by_month
    values = {
        "benefit": (total, sample),
        "benefit_cost_ratio": (total / cost, sample / cost),
        "net_return": (total / cost - 1, sample / cost - 1),
    }
    if wanted is not None:
        values["reached_ratio"] = (roi.chance(sample / cost, wanted), None)
        values["reached_return"] = (roi.chance(sample / cost - 1, wanted), None)
    for name, (value, spread) in values.items():
        items.append(roi.money_estimate(name, value, spread, names[name], **common))
    items.append(_payback(over_time.payback(by_month), total, common))
    covers, sure = roi.chance(sample, cost), ends_of(level)[1]
    # The same certainty as the interval: a ratio whose interval includes 1 stays open.
    status = "passed" if covers >= sure else "failed" if covers <= 1 - sure else "caution"
    priced_all = bool(table["priced"].astype(bool).all())
    reason = "value.check.roi.all_priced" if priced_all else "value.check.roi.reason"
    items.append(_check(status, table, covers=covers, reason=reason, level=level))
    items += _between_rounds(priced, benefits, exposed or {})
    tables["tornado"] = roi.tornado(priced, cost)
    return collect("value", items, facts=facts, tables=tables)


def _payback(found: over_time.Payback, total: float, common: Mapping[str, Any]) -> Estimate:
    """Return the payback time, or why there is none in the months observed."""
    known, reason = found.months, None
    if not found.observed:
        reason = "value.reason.not_month_by_month"
    elif known is None:
        never = total <= 0 or found.earliest is None
        reason = "value.reason.not_repaid" if never else "value.reason.perhaps_repaid"
    elif found.latest is None:
        reason = "value.reason.repaid_perhaps_later"
    whole = None not in (known, found.earliest, found.latest)
    return Estimate(
        id="value.roi.payback_months",
        estimand="payback_months",
        unit="months",
        value=None if known is None else float(known),
        ci_low=float(found.earliest) if whole else None,
        ci_high=float(found.latest) if whole else None,
        method="causal_effects_times_money",
        interval_method="accumulated_benefit" if whole else "none",
        reason=reason,
        dims={"observed": found.observed, "earliest": found.earliest},
        **common,
    )


def _between_rounds(
    priced: Iterable[roi.Priced],
    benefits: Iterable[roi.BenefitLike],
    exposed: Mapping[tuple[str, str], Estimate],
) -> list[Check]:
    """Say what is assumed of the months between rounds of measurement, a check per outcome."""
    basis = {benefit.indicator: benefit.basis for benefit in benefits}
    found = []
    for one in priced:
        own = exposed.get((one.indicator, basis[one.indicator]))
        share = 1.0 if own is None else float(own.dims.get("measured", 1.0))
        if share < 1:
            found.append(
                Check(
                    id=f"value.between_rounds.{one.indicator}",
                    topic=Topic.BETWEEN_ROUNDS,
                    question="value.check.between_rounds.question",
                    status="caution",
                    value=share,
                    unit="share",
                    n=own.n,
                    reason="value.check.between_rounds.reason",
                    remedy="value.check.between_rounds.remedy",
                    params={
                        "indicator": one.indicator,
                        "amount": one.amount,
                        "measured": one.amount * share,
                    },
                    dims={"indicator": one.indicator},
                )
            )
    return found


def _check(
    status: str,
    table: pd.DataFrame,
    *,
    reason: str,
    level: float,
    covers: float | None = None,
    **told,
) -> Check:
    return Check(
        id="value.roi",
        topic=Topic.RETURN,
        question="value.check.roi.question",
        status=status,
        value=covers,
        threshold=ends_of(level)[1],
        unit="share",
        n=int(table["priced"].sum()) if len(table) else 0,
        reason=reason,
        params={
            "covers": covers,
            "required": ends_of(level)[1],
            "priced": int(table["priced"].sum()) if len(table) else 0,
            "unpriced": int((~table["priced"].astype(bool)).sum()) if len(table) else 0,
            **told,
        },
    )


def cost_per_percent(
    cost: float, effect: Estimate, baseline: Estimate | None, *, unit: str
) -> Estimate:
    """Cost of one per cent of satisfaction (R119).

    For a share: of one percentage point. For a mean score: of one per cent of the baseline
    level. Given only where the effect is causal and its interval lies above zero, because a
    ratio to an effect that may be zero has no interval.

    Parameters
    ----------
    cost : float
        Fully loaded cost, CNY.
    effect : Estimate
        Causal effect on satisfaction.
    baseline : Estimate or None
        Level before training; needed for a mean score.
    unit : str
        Unit of the effect.
    """
    common = {
        "id": f"value.{effect.indicator}.cost_per_percent",
        "estimand": "cost_per_percent",
        "indicator": effect.indicator,
        "unit": "CNY",
        "n": effect.n,
        "method": "cost_over_effect",
        "simulated": effect.simulated,
    }
    if not effect.causal or effect.value is None:
        return Estimate(**common, value=None, reason="value.reason.not_causal")
    if effect.disputed:
        return Estimate(**common, value=None, reason="value.reason.methods_disagree")
    if effect.ci_low is None or effect.ci_low <= 0:
        return Estimate(**common, value=None, reason="value.reason.effect_may_be_zero")
    one = 0.01
    if unit != "share":
        if baseline is None or not baseline.value:
            return Estimate(**common, value=None, reason="value.reason.no_baseline")
        one = 0.01 * baseline.value
    return Estimate(
        **common,
        value=cost * one / effect.value,
        ci_low=cost * one / effect.ci_high,
        ci_high=cost * one / effect.ci_low,
        level=effect.level,
        interval_method="inverted_effect_interval",
    )
