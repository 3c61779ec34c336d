"""How many answers and visits a site needs, and what power costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from analysis.design import power as pw
from analysis.design.power import Base
from analysis.design.power_report import error_model, read_roll_out
from analysis.design.refusals import RefusedError
from analysis.results import StageResults, collect
from analysis.settings import ALPHA, LEVEL
from analysis.standards import Lines, course
from analysis.tables import Rows, parts

MARGIN = 0.05
"""Wanted half-width of a share's 95 % interval: five percentage points."""
ANSWERS = (5, 10, 20, 40, 80)
TIERS = ("frontline", "middle", "senior")
"""Tiers of staff, each sampled by itself in a survey of training needs."""
SITES = (12, 20, 30, 40, 60, 80)


def answers_for_share(
    *,
    margin: float = MARGIN,
    share: float = 0.5,
    population: float | None = None,
    level: float = LEVEL,
) -> int:
    """Answers needed for a share to be known within ``margin`` (Cochran 1977, eq. 4.2).

    ``z^2 p (1 - p) / margin^2``, with the finite population correction when ``population`` is
    given. ``share`` 0.5 is the worst case.

    Parameters
    ----------
    margin : float
        Half-width of the interval, as a share (0.05 is 5 points).
    share : float
        Expected share, 0-1.
    population : float, optional
        People in the population.
    level : float
        Confidence level.

    Returns
    -------
    int
        Answers, rounded up.
    """
    z = stats.norm.ppf(0.5 + level / 2)
    wanted = z**2 * share * (1 - share) / margin**2
    if population is not None:
        wanted = wanted / (1 + (wanted - 1) / population)
    return math.ceil(round(wanted, 9))


def visits_for_mean(
    *,
    margin: float,
    between_visits_sd: float,
    between_shoppers_sd: float = 0.0,
    level: float = LEVEL,
) -> int:
    """Visits needed for a site's mean score to be known within ``margin``.

    Each visit by another shopper has the variance of visits plus that of shoppers; the normal
    quantile is replaced by Student's until the number does not change.

    Parameters
    ----------
    margin : float
        Half-width of the interval, in points of the score.
    between_visits_sd, between_shoppers_sd : float
        Standard deviations, in points, between visits and between shoppers.
    level : float
        Confidence level.

    Returns
    -------
    int
        Visits to one site, rounded up.
    """
    sd = math.hypot(between_visits_sd, between_shoppers_sd)
    visits = 2
    while visits < 10_000:
        quantile = stats.t.ppf(0.5 + level / 2, visits - 1)
        if quantile * sd / math.sqrt(visits) <= margin:
            return visits
        visits += 1
    return visits


def assess_samples(
    sites: pd.DataFrame,
    surveys: Rows | None,
    staff: pd.DataFrame | None,
    *,
    months: int,
    margin: float = MARGIN,
    lines: Lines | None = None,
    level: float = LEVEL,
) -> StageResults:
    """List the answers each site needs in a year, and how many came in.

    Parameters
    ----------
    sites : DataFrame
        ``site_id, households``, and ``site_name`` where known.
    surveys, staff : DataFrame (surveys also Stored), optional
        Canonical tables.
    months : int
        Months that ``surveys`` covers; answers are brought to a year.
    margin : float
        Wanted half-width of a share.
    lines : Lines, optional
        What the client's programme is held to; the lines of the course without it.
    level : float
        Coverage of intervals.

    Returns
    -------
    StageResults
        Table ``samples``: ``site_id, label`` (name, else the id), ``households, needed`` (five
        points either way for a share of this site), ``answered`` (questionnaires a year so far),
        ``enough`` and ``staff_needed`` with ``frontline, middle, senior`` of them; NULL where the
        table they need, or the line of a needs survey, is missing. Each tier is sampled by itself
        and rounded up, so that no tier of a site is left out; staff without a tier are sampled as
        one more.
    """
    named = sites["site_name"] if "site_name" in sites else sites["site_id"]
    table = sites[["site_id", "households"]].assign(
        label=named.fillna(sites["site_id"]),
        answered=None,
        enough=None,
        staff_needed=None,
        **dict.fromkeys(TIERS),
    )
    table["needed"] = [
        answers_for_share(margin=margin, population=None if pd.isna(h) else float(h), level=level)
        for h in table["households"]
    ]
    if surveys is not None:
        sheets = parts(surveys, ["response_id", "site_id"], by="response_id")
        counts = [p.drop_duplicates("response_id").groupby("site_id").size() for p in sheets]
        counted = pd.concat(counts).groupby(level=0).sum()
        a_year = table["site_id"].map(counted).fillna(0).astype(float) * 12 / max(months, 1)
        table["answered"] = a_year.round()
        table["enough"] = table["answered"] >= table["needed"]
    needs_share = (lines or course()).of("needs_sample")
    if staff is not None and needs_share is not None:
        employed = staff[staff["left_on"].isna()]
        tier = employed["tier"] if "tier" in employed else pd.Series(None, index=employed.index)
        each = employed.assign(tier=tier.astype(object).fillna(""))
        people = each.pivot_table(
            index="site_id", columns="tier", values="staff_id", aggfunc="nunique", fill_value=0
        ).reindex(index=table["site_id"], fill_value=0)
        needed = np.ceil((needs_share * people).round(9)).astype(int)
        table["staff_needed"] = needed.sum(axis=1).to_numpy()
        for name in TIERS if set(TIERS) & set(needed) else ():
            table[name] = needed[name].to_numpy() if name in needed else 0
    return collect("design", [], tables={"samples": table})


def cost_frontier(
    plan: pw.RollOut,
    errors: pw.ErrorModel,
    effect: float,
    *,
    answers_now: float,
    site_cost: float | None = None,
    answer_cost: float | None = None,
    sites: Sequence[int] = SITES,
    answers: Sequence[float] = ANSWERS,
    alpha: float = ALPHA,
    draws: int = 500,
    seed: int = 0,
    judge: pw.Judge | None = None,
) -> pd.DataFrame:
    """Power over the number of sites and of answers a site-month, with its cost.

    The variance that sampling adds to a site-month falls with the number of answers; the
    site's own shocks do not, so that more answers stop helping.

    Parameters
    ----------
    plan : RollOut
        The client's own roll-out, which is made larger and smaller.
    errors : ErrorModel
        Variances of a site-month and their correlation over months.
    effect : float
        True effect, in the unit of the outcome.
    answers_now : float
        Mean number of answers a site-month behind ``errors``.
    site_cost, answer_cost : float, optional
        CNY for one more site and for one more answer.
    sites, answers : sequence
        Numbers of sites and of answers a site-month to try.
    alpha : float
        Two-sided size of the test.
    draws, seed : int
        Draws of the simulation and its seed.
    judge : callable, optional
        What judges, as of :func:`analysis.design.power.simulate`.

    Returns
    -------
    DataFrame
        ``n_sites, answers, power`` (simulated), ``cost`` in CNY (NULL without both costs) and
        ``best``: no other row has more power for the same money or less.
    """
    rows = []
    for n_sites in sites:
        scaled = plan.scaled(n_sites)
        for count in answers:
            sampling = errors.sampling_sd * math.sqrt(answers_now / count)
            null = pw.simulate(
                scaled,
                replace(errors, sampling_sd=sampling),
                alpha=alpha,
                draws=draws,
                seed=seed,
                judge=judge,
            )
            cost = None
            if site_cost is not None and answer_cost is not None:
                asked = n_sites * plan.n_periods * count
                cost = site_cost * len(scaled.starts) + answer_cost * asked
            rows.append((n_sites, count, null.power(effect), cost))
    table = pd.DataFrame(rows, columns=["n_sites", "answers", "power", "cost"])
    return table.assign(best=_undominated(table))


def assess_frontier(
    outcome: pd.DataFrame,
    effect: float | None,
    *,
    base: Base = "month_before",
    by_lot: bool = False,
    **settings,
) -> StageResults:
    """Put :func:`cost_frontier` of the client's own roll-out among the results.

    Nothing where power cannot be computed, as :func:`analysis.design.assess_power` says.

    Parameters
    ----------
    outcome : DataFrame
        ``unit, period, y, n, cohort`` of the primary outcome, one row per site-month.
    effect : float or None
        Smallest effect that matters, in the unit of the outcome.
    base, by_lot
        What leads, as of :class:`RollOut`.
    **settings
        As of :func:`cost_frontier`.

    Returns
    -------
    StageResults
        Table ``frontier``.
    """
    if effect is None or outcome.empty:
        return collect("design", [])
    try:
        plan = read_roll_out(outcome, base=base, by_lot=by_lot)
        errors = error_model(outcome)[0]
    except RefusedError:
        return collect("design", [])
    answers = float(outcome["n"].mean())
    table = cost_frontier(plan, errors, effect, answers_now=answers, **settings)
    return collect("design", [], tables={"frontier": table})


def _undominated(table: pd.DataFrame) -> list[bool]:
    if table["cost"].isna().any():
        return [False] * len(table)
    cost, power = table["cost"].to_numpy(float), table["power"].to_numpy(float)
    return [
        not (
            (cost <= cost[i]) & (power >= power[i]) & ((cost < cost[i]) | (power > power[i]))
        ).any()
        for i in range(len(table))
    ]
