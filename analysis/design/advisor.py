"""Which designs the facts admit, what each must assume, what it would find and cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd

from analysis.design import power as pw
from analysis.design.power_report import error_model, read_roll_out
from analysis.design.refusals import RefusedError
from analysis.indicators.rounds import to_rounds
from analysis.refusals import Asked
from analysis.results import Check, DesignGrade, StageResults, Topic, collect
from analysis.settings import ALPHA

LEAST_SITES = 2
"""Trained and comparison sites each, below which nothing can be inferred from a comparison."""
LEAST_MONTHS = 2
"""Months before training below which nothing shows whether trained and other sites moved alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What decides which designs are possible.

    Attributes
    ----------
    starts : tuple of int
        First treated month of each trained site, counted from the first month measured; only
        those that have a measured month before and one since.
    n_never : int
        Sites never trained.
    n_periods : int
        Months measured; 0 where the outcome is not measured at all.
    n_early, n_late : int
        Trained sites without a measured month before their start, and without one since.
    drawn : bool
        Whether every wave was drawn by lot.
    can_draw : bool or None
        Whether lots may still be drawn; None while undecided.
    base : str
        What months with training are compared with, as of :class:`RollOut`.
    answers : float
        Mean number of observations of a site in a month.
    """

    starts: tuple[int, ...]
    n_never: int
    n_periods: int
    drawn: bool = False
    can_draw: bool | None = None
    answers: float = 0.0
    base: pw.Base = "month_before"
    n_early: int = 0
    n_late: int = 0

    @property
    def waves(self) -> tuple[int, ...]:
        """Starting months of the waves."""
        return tuple(sorted(set(self.starts)))

    @property
    def months_before(self) -> int:
        """Months measured before the first wave."""
        return min(self.starts, default=self.n_periods)


@dataclass(frozen=True, slots=True)
class _Design:
    """One design: how it is graded, why it is not possible (None: it is), its roll-out."""

    name: str
    grade: DesignGrade
    refused: Callable[[Facts], str | None]
    roll_out: Callable[[Facts], pw.RollOut] | None
    months: Callable[[Facts], int]


def _lots(facts: Facts) -> str | None:
    if not facts.drawn and not facts.can_draw:
        return "no_lots" if facts.can_draw is False else "lots_undecided"
    refused = _never(facts)
    return _later(facts) if refused == "no_comparison" and len(facts.waves) > 1 else refused


def _untrained(facts: Facts, least: int = 1) -> str | None:
    """Return why fewer than the least number of trained sites can be looked at; None: enough."""
    if len(facts.starts) >= least:
        return None
    if not facts.n_periods:
        return "unmeasured"
    if facts.n_early or facts.n_late:
        both = facts.n_early and facts.n_late
        return "outside" if both or facts.starts else "early" if facts.n_early else "late"
    return "few_trained" if facts.starts else "untrained"


def _never(facts: Facts) -> str | None:
    if refused := _untrained(facts, LEAST_SITES):
        return refused
    if facts.n_never < LEAST_SITES:
        return "no_comparison"
    return None


def _later(facts: Facts) -> str | None:
    if refused := _untrained(facts):
        return refused
    if len(facts.waves) < 2:
        return "one_wave"
    last = facts.starts.count(facts.waves[-1])
    if min(last, len(facts.starts) - last) < LEAST_SITES:
        return "small_waves"
    return None


def _synthetic(facts: Facts) -> str | None:
    if refused := _untrained(facts):
        return refused
    if len(facts.starts) > 5:
        return "many_trained"
    if facts.n_never < 8:
        return "few_donors"
    return "few_months_long" if facts.months_before < 12 else None


def _series(facts: Facts) -> str | None:
    if refused := _untrained(facts):
        return refused
    short = facts.months_before < 12 or facts.n_periods - facts.waves[-1] < 6
    return "few_months_long" if short else None


def _plain(facts: Facts) -> str | None:
    return _untrained(facts)


def _against_never(facts: Facts) -> pw.RollOut:
    return pw.RollOut(facts.starts, facts.n_never, facts.n_periods, base=facts.base)


def _by_lot(facts: Facts) -> pw.RollOut:
    return replace(_against_never(facts), by_lot=True)


def _against_later(facts: Facts) -> pw.RollOut:
    return pw.RollOut(facts.starts, 0, facts.n_periods, base=facts.base)


def _all_sites(facts: Facts) -> int:
    return (len(facts.starts) + facts.n_never) * facts.n_periods


def _trained_only(facts: Facts) -> int:
    return len(facts.starts) * facts.n_periods


DESIGNS: tuple[_Design, ...] = (
    _Design("randomised", "randomised", _lots, _by_lot, _all_sites),
    _Design("did_never", "quasi_experimental", _never, _against_never, _all_sites),
    _Design("did_later", "quasi_experimental", _later, _against_later, _trained_only),
    _Design("synthetic", "quasi_experimental", _synthetic, None, _all_sites),
    _Design("time_series", "descriptive", _series, None, _trained_only),
    _Design("before_after", "descriptive", _plain, None, _trained_only),
)
"""In the order in which they are to be preferred."""


def read_facts(
    outcome: pd.DataFrame,
    waves: pd.DataFrame | None,
    *,
    can_draw: bool | None = None,
    base: pw.Base = "month_before",
) -> Facts:
    """Read the facts from the outcome frame and the table of waves.

    Parameters
    ----------
    outcome : DataFrame
        ``unit, period, n, cohort``. Where not every month is measured, rounds are counted.
    waves : DataFrame, optional
        Canonical table ``waves``: ``wave, assigned_by``.
    can_draw : bool, optional
        The client's answer.
    base : {"month_before", "all_before"}
        What months with training are compared with.
    """
    drawn = False
    if waves is not None:
        treated = waves[waves["wave"].fillna(0) > 0]
        drawn = len(treated) > 0 and treated["assigned_by"].eq("randomised").all()
    if outcome.empty:
        return Facts(
            starts=(), n_never=0, n_periods=0, drawn=bool(drawn), can_draw=can_draw, base=base
        )
    outcome = to_rounds(outcome.assign(y=outcome["n"]))[0]  # who was measured when, not how
    first, last = int(outcome["period"].min()), int(outcome["period"].max())
    cohorts = outcome.groupby("unit")["cohort"].first()
    starts = (cohorts.dropna() - first).astype(int)
    kept = starts[(starts > 0) & (starts <= last - first)]
    return Facts(
        starts=tuple(sorted(kept.tolist())),
        n_never=int(cohorts.isna().sum()),
        n_periods=last - first + 1,
        drawn=bool(drawn),
        can_draw=can_draw,
        answers=float(outcome["n"].mean()),
        base=base,
        n_early=int((starts <= 0).sum()),
        n_late=int((starts > last - first).sum()),
    )


def assess_designs(
    facts: Facts,
    errors: pw.ErrorModel | None,
    *,
    effect: float | None,
    site_cost: float | None = None,
    answer_cost: float | None = None,
    alpha: float = ALPHA,
    power: float = 0.8,
    draws: int = 2000,
    seed: int = 0,
    judge: pw.Judge | None = None,
) -> StageResults:
    """Say which designs the facts admit and recommend the first of them.

    Parameters
    ----------
    facts : Facts
        What is given.
    errors : ErrorModel, optional
        Variation of the site-months before training; without it no power is computed.
    effect : float, optional
        Effect the power is computed for, in the outcome's unit.
    site_cost, answer_cost : float, optional
        CNY for training one site, and for one answer; the cost of a design needs both.
    judge : callable, optional
        What judges, as of :func:`analysis.design.power.simulate`.

    Returns
    -------
    StageResults
        Table ``designs``: ``design, recommended, admissible, refused`` (rule that forbids it),
        ``grade, power, mde`` (simulated; NULL where no comparison between sites is made) and
        ``cost``. Check ``design.advice``: passed when waves drawn by lot are recommended,
        caution for another comparison, failed when there is none.
    """
    rows, ask = [], Asked("design")
    for design in DESIGNS:
        refused = design.refused(facts)
        chance = mde = None
        if refused is None and design.roll_out and errors is not None and effect:
            chance, mde = ask.ask(
                "power",
                partial(
                    _found, design.roll_out, facts, errors, effect, alpha, power, draws, seed, judge
                ),
                (None, None),
                about=design.name,
            )
        known = site_cost is not None and answer_cost is not None
        cost = None
        if refused is None and known:
            asked = design.months(facts) * facts.answers
            cost = site_cost * len(facts.starts) + answer_cost * asked
        rows.append((design.name, refused is None, refused, design.grade, chance, mde, cost))
    columns = ["design", "admissible", "refused", "grade", "power", "mde", "cost"]
    table = pd.DataFrame(rows, columns=columns)
    first = table.index[table["admissible"]]
    chosen = table.loc[first[0]] if len(first) else None
    table.insert(1, "recommended", table.index == (first[0] if len(first) else -1))
    return collect("design", [_advice(chosen, facts), *ask.checks], tables={"designs": table})


def _found(rolled, facts, errors, effect, alpha, power, draws, seed, judge) -> tuple[float, float]:
    plan = rolled(facts)
    null = pw.simulate(plan, errors, alpha=alpha, draws=draws, seed=seed, judge=judge)
    chance = null.power(effect)
    start = pw.closed_form_se(plan, errors)
    mde = pw.minimum_detectable(null.power, power, start)
    return chance, mde


def _advice(chosen: pd.Series | None, facts: Facts) -> Check:
    check = {"id": "design.advice", "topic": Topic.ADVICE, "question": "planning.advice.question"}
    why = _why_nothing_compared(facts)
    dropped = {"early": facts.n_early, "late": facts.n_late}
    if chosen is None:
        params = {"why": why, **dropped}
        return Check(
            **check, status="not_possible", reason=f"planning.refused.{why}", params=params
        )
    compared, drawn = chosen["grade"] != "descriptive", chosen["grade"] == "randomised"
    undecided = not drawn and facts.can_draw is None and not facts.drawn
    remedy = "planning.advice.decide_lots" if undecided else "planning.advice.keep_comparison"
    return Check(
        **check,
        status="passed" if drawn else "caution" if compared else "failed",
        reason=f"planning.advice.reason.{_reason(chosen, facts)}",
        remedy=None if drawn else remedy,
        n=len(facts.starts) + facts.n_never,
        params={
            "design": f"planning.design.{chosen['design']}",
            "trained": len(facts.starts),
            "never": facts.n_never,
            "months": facts.months_before,
            **dropped,
            **({} if compared else {"why": why}),
        },
        dims={"lots": "undecided"} if undecided else {},
    )


def _reason(chosen: pd.Series, facts: Facts) -> str:
    design = chosen["design"]
    if design == "randomised" and facts.n_never < LEAST_SITES:
        return "randomised_order"
    untested = design in ("did_never", "did_later") and facts.months_before < LEAST_MONTHS
    return f"{design}_untested" if untested else design


def _why_nothing_compared(facts: Facts) -> str:
    """Return why no design compares sites: what forbids a comparison with untrained ones."""
    return _never(facts) or "no_comparison"


def errors_before(outcome: pd.DataFrame) -> pw.ErrorModel | None:
    """Return the error model of the months before the first wave, None where it cannot be had."""
    try:
        read_roll_out(outcome)
        return error_model(outcome)[0]
    except RefusedError:
        return None
