"""Everything beside the leading effect of one outcome, in one call for a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from analysis.causal.evaluate import Evaluation
from analysis.causal.heterogeneity import effects_by
from analysis.causal.persistence import persistence
from analysis.causal.robustness import leave_one_out, placebo_date, variants
from analysis.causal.sensitivity import sensitivity
from analysis.causal.synthetic import synthetic_estimates
from analysis.causal.uptake import change_by_hours, complier_effect
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
    exclude : iterable of str
        Comparison units that spill-over may have reached.
    horizons : sequence of int
        Event times to bound; the first and the last are compared for persistence.
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
    bounds = sensitivity(evaluation, horizons=horizons)
    by_kind = [effects_by(frame, kind, by=by, **named) for by, kind in (kinds or {}).items()]
    without, left_out = leave_one_out(evaluation)
    placebo, placebo_check = placebo_date(frame, months_earlier=placebo_months, **named)
    tables = {"sensitivity": bounds.table, "leave_one_out": without}
    attendance: tuple[Estimate, ...] = ()
    if uptake is not None:
        attendance += complier_effect(evaluation, uptake)
    if hours is not None:
        slope, tables["hours"] = change_by_hours(evaluation, hours)
        attendance += slope
    few = evaluation.panel.n_treated_clusters <= FEW_TREATED
    parts = {
        "lasts": persistence(evaluation, early=min(horizons), late=max(horizons)),
        "bounds": bounds.estimates(),
        "kinds": tuple(item for found in by_kind for item in found.estimates()),
        "attendance": attendance,
        "variants": variants(frame, exclude=exclude, **named),
        "placebo": (placebo,),
        "synthetic": synthetic_estimates(evaluation.panel, **named) if few else (),
    }
    kind_checks = tuple(check for found in by_kind for check in found.checks())
    return Depth(
        evaluation.outcome,
        parts,
        tables,
        (*bounds.checks(), left_out, placebo_check, *kind_checks),
    )
