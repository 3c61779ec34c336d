"""Everything beside the leading effect of one outcome, in one call for a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import pandas as pd

from analysis.causal.evaluation.estimates import FEW_ANSWERS
from analysis.causal.evaluation.evaluate import Evaluation
from analysis.causal.heterogeneity.persistence import persistence
from analysis.causal.heterogeneity.subgroups import effects_by
from analysis.causal.heterogeneity.uptake import change_by_dose, change_by_hours, complier_effect
from analysis.causal.robustness.sensitivity import sensitivity
from analysis.causal.robustness.variants import leave_one_out, placebo_date, variants
from analysis.causal.synthetic_control.synthetic import synthetic_estimates
from analysis.refusals import Asked
from analysis.results import Check, Estimate, StageResults, collect

#: Synthetic methods are shown up to this many treated sites.
FEW_TREATED = 10


@dataclass(frozen=True, slots=True, eq=False)
class Depth:
    """What stands beside one outcome's effect.

    Attributes
    ----------
    parts : Mapping
        Estimates by topic, in the order of a report: ``lasts``, ``bounds``, ``kinds``,
        ``attendance``, ``variants``, ``placebo``, ``synthetic``. A topic without data is empty.
    tables : Mapping
        ``sensitivity``, ``leave_one_out``, ``hours``.
    """

    outcome: str
    parts: Mapping[str, tuple[Estimate, ...]]
    tables: Mapping[str, pd.DataFrame]
    _checks: tuple[Check, ...] = field(default=())

    def estimates(self) -> tuple[Estimate, ...]:
        """Return all estimates, topic by topic."""
        return tuple(item for part in self.parts.values() for item in part)

    def part(self, topic: str) -> tuple[Estimate, ...]:
        """Return the estimates of one topic; none where it could not be asked about."""
        return self.parts.get(topic, ())

    def checks(self) -> tuple[Check, ...]:
        """Return all checks."""
        return self._checks

    def results(self, stage: str = "tracking") -> StageResults:
        """Return estimates, checks and tables as results of a stage."""
        named = {f"{self.outcome}_{name}": table for name, table in self.tables.items()}
        return collect(stage, [self.estimates(), self._checks], tables=named)


def deepen(
    evaluation: Evaluation,
    frame: pd.DataFrame,
    *,
    kinds: Mapping[str, Mapping[str, str]] | None = None,
    uptake: Mapping[str, float] | None = None,
    hours: Mapping[str, float] | None = None,
    doses: Mapping[str, Mapping[str, float]] | None = None,
    changed: Iterable[str] = (),
    exclude: Iterable[str] = (),
    horizons: Sequence[int] = (1, 6),
    placebo_months: int = 6,
) -> Depth:
    """Ask everything about one outcome that its data allow.

    Parameters
    ----------
    evaluation : Evaluation
    frame : DataFrame
        What it was estimated from. Not modified.
    kinds : Mapping, optional
        Characteristic → unit → kind, e.g. ``{"property_type": {"s01": "villa", …}}``.
    uptake : Mapping, optional
        Share of each trained unit's staff who attended.
    hours : Mapping, optional
        Mean hours attended at each trained unit.
    doses : Mapping, optional
        What else trained units' changes are described by, by name (:func:`change_by_dose`).
    changed : iterable of str
        Units at which something else changed since the first start.
    exclude : iterable of str
        Comparison units that spill-over may have reached.
    horizons : sequence of int
        Event times to bound; the first and the last are compared for persistence. Those of which
        the evaluation gives no value because of few answers are left out.
    placebo_months : int
        Months by which training is pretended earlier.

    Returns
    -------
    Depth
        Without a comparison every topic is empty: there is no effect to ask about.
    """
    if not evaluation.causal:
        return Depth(evaluation.outcome, {}, {})
    named = {
        "outcome": evaluation.outcome,
        "unit": evaluation.unit,
        "options": evaluation.options,
    }
    asked = Asked(evaluation.options.prefix)
    ask = asked.ask
    unseen = {e.dims["horizon"] for e in evaluation.of("att_horizon") if e.reason == FEW_ANSWERS}
    horizons = tuple(months for months in horizons if months not in unseen)
    bounds = None
    if horizons:
        bounds = ask("bounds", lambda: sensitivity(evaluation, horizons=horizons), None)
    by_kind = [
        found
        for by, kind in (kinds or {}).items()
        if (found := ask("kinds", partial(effects_by, frame, kind, by=by, **named), None, about=by))
    ]
    without, left_out = ask(
        "leave_one_out", lambda: leave_one_out(evaluation), (pd.DataFrame(), None)
    )
    placebo, placebo_check = ask(
        "placebo",
        lambda: placebo_date(frame, months_earlier=placebo_months, **named),
        (None, None),
    )
    tables = {"leave_one_out": without}
    if bounds is not None:
        tables["sensitivity"] = bounds.table
    attendance: tuple[Estimate, ...] = ()
    if uptake is not None:
        attendance += ask("uptake", lambda: complier_effect(evaluation, uptake), ())
    if hours is not None:
        slope, by_hours = ask("hours", lambda: change_by_hours(evaluation, hours), ((), None))
        attendance += slope
        if by_hours is not None:
            tables["hours"] = by_hours
    for name, dose in (doses or {}).items():
        described = partial(change_by_dose, evaluation, dose, of=name)
        attendance += ask("hours", described, (), about=name)
    few = evaluation.panel.n_treated_clusters <= FEW_TREATED
    lasts: tuple[Estimate, ...] = ()
    if horizons:
        early, late = min(horizons), max(horizons)
        lasts = ask("lasts", lambda: persistence(evaluation, early=early, late=late), ())
    parts = {
        "lasts": lasts,
        "bounds": () if bounds is None else bounds.estimates(),
        "kinds": tuple(item for found in by_kind for item in found.estimates()),
        "attendance": attendance,
        "variants": ask(
            "variants", lambda: variants(frame, exclude=exclude, changed=changed, **named), ()
        ),
        "placebo": () if placebo is None else (placebo,),
        "synthetic": ask(
            "synthetic", lambda: synthetic_estimates(evaluation.panel, **named) if few else (), ()
        ),
    }
    checks = [
        *(() if bounds is None else bounds.checks()),
        left_out,
        placebo_check,
        *(check for found in by_kind for check in found.checks()),
        *asked.checks,
    ]
    return Depth(
        evaluation.outcome, parts, tables, tuple(check for check in checks if check is not None)
    )
