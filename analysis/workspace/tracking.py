"""What the tracking stage hands to its steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis import causal, findings
from analysis.causal import Evaluation
from analysis.indicators import registry
from analysis.results import Finding
from analysis.workspace.stage import Stage

_NOTHING_TO_ESTIMATE = ("no_treated", "no_variation", "period_gap", "empty", "no_cell")
"""Broken rules of the estimation frame that are the client's data, not a mistake of the code."""


class TrackingStage(Stage):
    """One client opened for the tracking stage."""

    def trend_labels(self, evaluation: Evaluation) -> Mapping[str, Any]:
        """Return indicator, unit and first treated months for an evaluation's trend figure."""
        return {
            "indicator": evaluation.outcome,
            "unit": evaluation.unit,
            "starts": evaluation.starts,
        }

    def evaluate(self, indicator: str = "", *, draws: int = 999) -> Evaluation:
        """Evaluate one outcome as the plan says; the primary one when none is named.

        An outcome that is not in the panel, never changes, or has no trained site gives an
        evaluation without a value that says so.
        """
        indicator = indicator or self.primary
        options = causal.Options(
            anticipation=self.client.design.anticipation_months,
            level=1 - self.client.design.alpha,
            draws=draws,
            seed=self.seed,
            horizons=self.client.design.measure_at_months,
            simulated=self.simulated,
        )
        unit = registry.get(indicator).unit
        frame = self.outcome(indicator)
        if frame.empty:
            return causal.without_value(outcome=indicator, unit=unit, options=options)
        try:
            return causal.evaluate(frame, outcome=indicator, unit=unit, options=options)
        except causal.FrameError as error:
            if error.rule not in _NOTHING_TO_ESTIMATE:
                raise
            return causal.without_value(
                outcome=indicator,
                unit=unit,
                options=options,
                reason=f"causal.fault.{error.rule}",
            )

    def evaluate_others(self, *, draws: int = 999) -> tuple[Evaluation, ...]:
        """Evaluate the secondary outcomes of the plan and whatever else benefits are priced by."""
        wanted = [*self.client.design.secondary_outcomes]
        wanted += [benefit.indicator for benefit in self.client.value.benefits]
        named = [name for name in dict.fromkeys(wanted) if name != self.primary]
        return tuple(self.evaluate(name, draws=draws) for name in named)

    def claims(self, *evaluations: Evaluation) -> tuple[Finding, ...]:
        """Grade what evaluations say about their overall effects."""
        assigned = set(self.waves.loc[self.waves["wave"] > 0, "assigned_by"].fillna("unknown"))
        return tuple(
            findings.effect_finding(
                evaluation.overall,
                evaluation.checks(),
                assigned_by=assigned,
                direction=registry.get(evaluation.outcome).direction,
                subject=evaluation.outcome,
                smallest=(
                    self.client.design.smallest_effect
                    if evaluation.outcome == self.primary
                    else None
                ),
            )
            for evaluation in evaluations
        )

    @property
    def kinds(self) -> Mapping[str, Mapping[str, str]]:
        """What sites are told apart by: kind of property by site, where it is known."""
        known = self.sites.dropna(subset=["property_type"]).set_index("site_id")["property_type"]
        return {"property_type": known.to_dict()} if len(set(known)) > 1 else {}
