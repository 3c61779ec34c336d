"""Power of the client's own roll-out, as results: by formula, by simulation, by sites."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis.design import power as pw
from analysis.design.refusals import Refusal, RefusedError
from analysis.indicators.rounds import to_rounds
from analysis.measurement.balance import before_first_wave
from analysis.measurement.intervals import wilson
from analysis.refusals import Asked, Reason
from analysis.results import Check, Estimate, StageResults, Topic, collect
from analysis.settings import ALPHA

SITES = (10, 20, 30, 40, 60, 80, 120)


def read_roll_out(
    outcome: pd.DataFrame,
    *,
    window: int = pw.ALL_MONTHS,
    base: pw.Base = "month_before",
    by_lot: bool = False,
) -> pw.RollOut:
    """Read the roll-out from an outcome frame: months counted from its first one.

    Where not every month is measured, rounds of measurement are counted instead.

    Parameters
    ----------
    outcome : DataFrame
        ``unit, period, y, n, cohort``, one row per site-month.
    window : int
        Most months after the start that are averaged.
    base, by_lot
        What the months after are compared with and how, as of :class:`RollOut`.
    """
    if outcome.empty:
        raise RefusedError(Refusal.NOT_MEASURED, "The outcome is not measured.")
    outcome, rounds = to_rounds(outcome)
    window = window if rounds is None else rounds.within(window)
    first, last = int(outcome["period"].min()), int(outcome["period"].max())
    cohorts = outcome.groupby("unit")["cohort"].first()
    starts = (cohorts.dropna() - first).astype(int)
    kept = starts[(starts > 0) & (starts <= last - first)]
    never = int(cohorts.isna().sum())
    return pw.RollOut(tuple(sorted(kept.tolist())), never, last - first + 1, window, base, by_lot)


def error_model(outcome: pd.DataFrame) -> tuple[pw.ErrorModel, pd.DataFrame]:
    """Estimate the error model from the months before the first wave, and return those too.

    Raises
    ------
    RefusedError
        With too few months or sites, or an outcome that does not vary.
    """
    before = before_first_wave(to_rounds(outcome)[0])
    errors = pw.estimate_errors(before)
    if errors.shock_sd + errors.sampling_sd <= 0:
        raise RefusedError(Refusal.CONSTANT_BEFORE, "The outcome does not vary before training.")
    return errors, before


def power_by_sites(
    plan: pw.RollOut,
    errors: pw.ErrorModel,
    effect: float,
    *,
    sites: Sequence[int] = SITES,
    alpha: float = ALPHA,
    power: float = 0.8,
    draws: int = 1000,
    seed: int = 0,
    judge: pw.Judge | None = None,
) -> pd.DataFrame:
    """Power and minimum detectable effect by number of sites, both ways.

    Parameters
    ----------
    plan : RollOut
        The client's own roll-out, which is made larger and smaller.
    errors : ErrorModel
        Variances of a site-month and their correlation over months.
    effect : float
        True effect, in the unit of the outcome.
    sites : sequence of int
        Numbers of sites; those that are too few for the waves are left out.
    alpha, power : float
        Two-sided size of the test, and the power at which the detectable effect is read.
    draws, seed : int
        Draws of the simulation and its seed.
    judge : callable, optional
        What judges, as of :func:`analysis.design.power.simulate`.

    Returns
    -------
    DataFrame
        ``n_sites, n_treated, effect, power_formula, power_simulated, mde_formula,
        mde_simulated`` (NaN where no effect reaches the power).
    """
    rows, refused = [], None
    for n_sites in sites:
        try:
            scaled = plan.scaled(n_sites)
        except RefusedError as error:
            refused = error
            continue
        null = pw.simulate(scaled, errors, alpha=alpha, draws=draws, seed=seed, judge=judge)
        rows.append(
            (
                n_sites,
                len(scaled.starts),
                effect,
                *_both(scaled, errors, null, effect, alpha, power, whole=False),
            )
        )
    if not rows and refused is not None:
        raise refused
    columns = [
        "n_sites",
        "n_treated",
        "effect",
        "power_formula",
        "power_simulated",
        "mde_formula",
        "mde_simulated",
    ]
    return pd.DataFrame(rows, columns=columns)


def power_by_estimator(
    plan: pw.RollOut,
    errors: pw.ErrorModel,
    effect: float,
    *,
    alpha: float = ALPHA,
    power: float = 0.8,
    draws: int = 2000,
    seed: int = 0,
    judge: pw.Judge | None = None,
) -> pd.DataFrame:
    """Smallest effect that can be found, by what leads: what base and lottery buy this client.

    Parameters
    ----------
    plan : RollOut
        The roll-out as planned; its base and whether a lot decides say what leads.
    errors : ErrorModel
        Of the months before training.
    effect : float
        Effect whose power is given.
    alpha, power : float
        Two-sided size of the test, and the power at which the detectable effect is read.
    draws, seed : int
        Draws of the simulation and its seed.
    judge : callable, optional
        What judges, as of :func:`analysis.design.power.simulate`.

    Returns
    -------
    DataFrame
        ``estimator`` (``month_before``, ``all_before``, ``lottery``: one coefficient on the
        plan's base), ``mde, power`` (simulated; NaN where no effect reaches the power), ``ratio``
        (mde per that from the month before), ``leads``.
    """
    asked = {
        "month_before": replace(plan, base="month_before", by_lot=False),
        "all_before": replace(plan, base="all_before", by_lot=False),
        "lottery": replace(plan, by_lot=True),
    }
    leads = "lottery" if plan.by_lot else plan.base
    rows = []
    for name, own in asked.items():
        null = pw.simulate(own, errors, alpha=alpha, draws=draws, seed=seed, judge=judge)
        found = _both(own, errors, null, effect, alpha, power, whole=False)
        rows.append((name, found[3], found[1], name == leads))
    table = pd.DataFrame(rows, columns=["estimator", "mde", "power", "leads"])
    return table.assign(ratio=table["mde"] / table["mde"].iloc[0])


def power_by_effect(
    plan: pw.RollOut,
    errors: pw.ErrorModel,
    null: pw.Null,
    largest: float,
    *,
    alpha: float = ALPHA,
    points: int = 25,
) -> pd.DataFrame:
    """Power against the true effect, by formula and by simulation.

    Parameters
    ----------
    plan : RollOut
        Sites, waves and months.
    errors : ErrorModel
        Variances of a site-month and their correlation over months.
    null : Null
        Of :func:`analysis.design.power.simulate`, at the same ``alpha``.
    largest : float
        Largest true effect shown, in the unit of the outcome.
    alpha : float
        Two-sided size of the test.
    points : int
        Effects between 0 and ``largest``.

    Returns
    -------
    DataFrame
        ``series`` (wording key), ``effect, power, ci_low, ci_high``: the Monte-Carlo interval
        of a simulated power (Wilson); the formula's has none and repeats its value.
    """
    draws, rows = null.draws, []
    for effect in np.linspace(0, largest, points):
        power = pw.closed_form(plan, errors, effect, alpha=alpha)
        rows.append(("design.series.formula", effect, power, power, power))
    for effect in np.linspace(0, largest, points):
        power = null.power(effect)
        interval = wilson(round(power * draws), draws, level=1 - alpha)
        rows.append(("design.series.simulated", effect, power, interval.low, interval.high))
    return pd.DataFrame(rows, columns=["series", "effect", "power", "ci_low", "ci_high"])


def _both(
    plan, errors, null, effect, alpha, power, *, whole: bool = True
) -> tuple[float, float, float, float]:
    """Return power and smallest effect, by formula and simulated.

    Out of reach, a simulated smallest effect refuses the ``whole`` answer, or is NaN.
    """
    start = pw.closed_form_se(plan, errors)

    def formula(e: float) -> float:
        return pw.closed_form(plan, errors, e, alpha=alpha)

    return (
        formula(effect),
        null.power(effect),
        pw.minimum_detectable(formula, power, start),
        _smallest(null, power, start, whole),
    )


def _smallest(null: pw.Null, power: float, start: float, whole: bool) -> float:
    try:
        return pw.minimum_detectable(null.power, power, start)
    except RefusedError as error:
        if whole or error.reason is None:
            raise
        return math.nan


def assess_power(
    outcome: pd.DataFrame,
    *,
    indicator: str,
    unit: str,
    smallest_effect: float | None = None,
    alpha: float = ALPHA,
    power: float = 0.8,
    window: int = pw.ALL_MONTHS,
    base: pw.Base = "month_before",
    by_lot: bool = False,
    draws: int = 2000,
    seed: int = 0,
    judge: pw.Judge | None = None,
    simulated: bool = False,
    tables: bool = True,
) -> StageResults:
    """Minimum detectable effect and power of the roll-out, from the client's own months.

    Parameters
    ----------
    outcome : DataFrame
        ``unit, period, y, n, cohort``; only months before the first wave set the variances.
    base : {"month_before", "all_before"}
        What months with training will be compared with, as the plan says.
    by_lot : bool
        Whether a lottery decides who starts when, so that its estimator leads.
    smallest_effect : float, optional
        Smallest effect worth knowing; a quarter of the standard deviation between site
        months is used when it is not stated, and the check says so.
    judge : callable, optional
        What judges, as of :func:`analysis.design.power.simulate`: the rule that will lead.
    tables : bool
        Whether power is told by number of sites, by effect and by what leads as well.

    Returns
    -------
    StageResults
        Estimates ``design.<indicator>.mde.{formula,simulated}`` and
        ``design.<indicator>.power.{formula,simulated}``, check ``design.power``, tables
        ``power_sites``, ``power_curve`` and ``power_estimators``, fact ``error_model``.
    """
    try:
        plan = read_roll_out(outcome, window=window, base=base, by_lot=by_lot)
        errors, before = error_model(outcome)
        effect = smallest_effect or 0.25 * float(before["y"].std())
        rounds = to_rounds(outcome)[1]
        null = pw.simulate(plan, errors, alpha=alpha, draws=draws, seed=seed, judge=judge)
        found = _both(plan, errors, null, effect, alpha, power)
    except RefusedError as error:
        if error.reason is None:
            raise
        bounded = _bounded(outcome, alpha=alpha, power=power, unit=unit)
        return collect("design", [bounded or _no_power(power, error.reason)])
    about = {
        "indicator": indicator,
        "n": len(before),
        "n_units": len(plan.starts) + plan.n_never,
        "n_treated": len(plan.starts),
        "comparison": "never_treated" if plan.has_never else "not_yet_treated",
        "dims": {"effect": effect, "alpha": alpha, "power": power},
        "simulated": simulated,
    }
    items = [
        *_power_estimates(found, unit=unit, draws=null.draws, about=about, level=1 - alpha),
        _power_check(
            found,
            errors,
            effect,
            power=power,
            stated=bool(smallest_effect),
            rounds=0 if rounds is None else len(rounds.months),
            about=about,
        ),
    ]
    model = ("shock_sd", "autocorrelation", "sampling_sd", "site_sd", "n_units", "n_periods")
    facts = {"error_model": {name: getattr(errors, name) for name in model}}
    if not tables:
        return collect("design", items, facts=facts)
    tested = {"alpha": alpha, "power": power, "seed": seed, "judge": judge}
    by_sites = partial(power_by_sites, plan, errors, effect, draws=max(500, draws // 2), **tested)
    leaders = partial(power_by_estimator, plan, errors, effect, draws=draws, **tested)
    largest = 2 * max(found[3], effect)
    curve = power_by_effect(plan, errors, null, largest, alpha=alpha)
    asked = Asked("design")
    beside = {
        "power_sites": asked.ask("power", by_sites, None, about="sites"),
        "power_estimators": asked.ask("power", leaders, None, about="estimators"),
    }
    made = {name: table for name, table in beside.items() if table is not None}
    return collect(
        "design", [*items, *asked.checks], facts=facts, tables={"power_curve": curve, **made}
    )


def _bounded(outcome: pd.DataFrame, *, alpha: float, power: float, unit: str) -> Check | None:
    """Bound the smallest effect that rounds can find where too few lie before training.

    One round before is compared with one after by the difference in differences of site means,
    by the t test on sites; a site's rounds correlate by 0 at the least. Where fewer than two sites
    are never trained, those trained last are compared with.

    Returns
    -------
    Check or None
        None where no rounds are counted, or where sites or their differences do not allow it.
    """
    if outcome.empty:
        return None
    counted, rounds = to_rounds(outcome)
    before = before_first_wave(counted)
    treated, never = _compared(counted)
    if rounds is None or before.empty or min(treated, never) < 1 or treated + never < 4:
        return None
    spread = float(before[before["period"] == before["period"].max()]["y"].std())
    if not spread > 0:
        return None
    df = treated + never - 2
    factor = stats.t.ppf(1 - alpha / 2, df) + stats.t.ppf(power, df)
    mde = float(factor * spread * math.sqrt(2 * (1 / treated + 1 / never)))
    return Check(
        id="design.power",
        topic=Topic.POWER,
        question="design.check.power.question",
        status="not_possible",
        threshold=power,
        unit="share",
        n=treated + never,
        reason="design.reason.few_rounds",
        params={
            "before": int(before["period"].nunique()),
            "treated": treated,
            "never": never,
            "mde": mde,
            "mde_half": mde * math.sqrt(0.5),
            "outcome_unit": unit,
        },
    )


def _compared(counted: pd.DataFrame) -> tuple[int, int]:
    """Count trained sites and those compared with them: never trained, else trained last."""
    cohorts = counted.groupby("unit")["cohort"].first()
    treated, never = int(cohorts.notna().sum()), int(cohorts.isna().sum())
    if never >= 2:
        return treated, never
    last = int((cohorts == cohorts.max()).sum()) if cohorts.min() < cohorts.max() else 0
    return treated - last, never + last


def _no_power(power: float, reason: Reason) -> Check:
    return Check(
        id="design.power",
        topic=Topic.POWER,
        question="design.check.power.question",
        status="not_possible",
        threshold=power,
        unit="share",
        reason=reason.key,
    )


def _power_estimates(
    found: tuple[float, float, float, float],
    *,
    unit: str,
    draws: int,
    about: dict[str, Any],
    level: float,
) -> list[Estimate]:
    """Return power and minimum detectable effect, by formula and by simulation."""
    by_formula, by_draws, mde_formula, mde_draws = found
    spread = float(np.sqrt(by_draws * (1 - by_draws) / draws))
    half = float(stats.norm.ppf((1 + level) / 2)) * spread
    ends = {
        "se": spread,
        "ci_low": max(0.0, by_draws - half),
        "ci_high": min(1.0, by_draws + half),
        "interval_method": "monte_carlo",
    }
    rows = (
        ("mde", "formula", unit, mde_formula, {}),
        ("mde", "simulated", unit, mde_draws, {}),
        ("power", "formula", "share", by_formula, {}),
        ("power", "simulated", "share", by_draws, ends),
    )
    methods = {"formula": "closed_form_equal_correlation", "simulated": "simulation_ar1"}
    return [
        Estimate(
            id=f"design.{about['indicator']}.{estimand}.{way}",
            estimand=estimand,
            unit=in_unit,
            value=value,
            method=methods[way],
            **interval,
            **about,
            level=level,
        )
        for estimand, way, in_unit, value, interval in rows
    ]


def _power_check(
    found: tuple[float, float, float, float],
    errors: pw.ErrorModel,
    effect: float,
    *,
    power: float,
    stated: bool,
    rounds: int,
    about: dict[str, Any],
) -> Check:
    """Say whether the effect can be found; ``rounds`` measured, 0 where every month is."""
    by_formula, by_draws, _, mde_draws = found
    said = ("stated" if stated else "assumed") + ("_rounds" if rounds else "")
    return Check(
        id="design.power",
        topic=Topic.POWER,
        question="design.check.power.question",
        status="passed" if by_draws >= power else "failed" if by_draws < 0.5 else "caution",
        value=by_draws,
        threshold=power,
        unit="share",
        n=about["n_units"],
        reason=f"design.check.power.{said}",
        remedy=None if by_draws >= power else "design.check.power.remedy",
        params={
            "effect": effect,
            "simulated": by_draws,
            "formula": by_formula,
            "mde": mde_draws,
            "autocorrelation": errors.autocorrelation,
            **({"rounds": rounds, "before": errors.n_periods} if rounds else {}),
        },
        dims={"indicator": about["indicator"]},
    )
