"""What the value stage hands to its steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis import findings
from analysis.results import Check, Estimate, Finding, StageResults
from analysis.workspace.stage import Stage


class ValueStage(Stage):
    """One client opened for the value stage."""

    @property
    def reached(self) -> Mapping[str, Any]:
        """What goals are compared with besides changes, as ``value.assess_goals`` takes it."""
        return {
            "registry": self.registry,
            "levels": self.levels(),
            "baselines": self.mean_levels(before=self.first_wave),
            "simulated": self.simulated,
        }

    @property
    def money(self) -> Mapping[str, Any]:
        """How money is counted, as ``value.assess_roi`` takes it."""
        from analysis.value import Switches

        rules = self.client.value
        return {
            "registry": self.registry,
            "exposure": self.exposure(),
            "simulated": self.simulated,
            "margin": rules.margin,
            "horizon_months": rules.horizon_months,
            "hour_cost": rules.participant_time_cost,
            "hours": self._hours_attended(),
            "switches": Switches(
                first_year_only=rules.first_year_only, lower_bound_only=rules.lower_bound_only
            ),
        }

    def _hours_attended(self) -> float | None:
        from analysis.monitoring import attended_effort

        return attended_effort(self.table("enrolments"))[1]

    def exposure(self) -> dict[str, float]:
        """Site-months, household-months and clients that the effects apply to."""
        from analysis.value import treated_exposure

        sites, rules = self.sites, self.client.value
        served = sites.dropna(subset=["households"]).set_index("site_id")["households"]
        return treated_exposure(
            self.outcome(),
            served.astype("float64").to_dict(),
            horizon_months=rules.horizon_months,
            first_year_only=rules.first_year_only,
            discount_rate=rules.discount_rate,
        )

    def changes(self) -> tuple[Estimate, ...]:
        """Every change found on any level: learning gains and effects on behaviour and results."""
        gains = [e for e in self.earlier("monitoring").estimates if e.id.endswith(".gain")]
        return (*gains, *self.effects().values())

    def value_claims(self, goals: StageResults, roi: StageResults) -> tuple[Finding, ...]:
        """Say whether the training paid and which targets were reached."""
        effects = self.earlier("tracking").findings
        return findings.money_finding(roi, effects), findings.targets_finding(goals)

    def effects(self) -> dict[str, Estimate]:
        """Overall effect (or described change) by indicator, from the tracking stage."""
        found = self.earlier("tracking").estimates
        wanted = ("att_overall", "change_before_after")
        return {
            e.indicator: e
            for e in reversed(found)
            if e.estimand in wanted and not e.dims.get("beside") and e.indicator
        }

    def levels(self) -> dict[str, Estimate]:
        """Level reached by indicator: from monitoring, else the last twelve months' mean."""
        monitoring = {
            e.indicator: e
            for e in self.earlier("monitoring").estimates
            if e.id.endswith(".overall") and e.indicator
        }
        return self.mean_levels(before=self.client.period.last_period + 1) | monitoring

    def evidence(self, *stages: str) -> tuple[Finding | Check | Any, ...]:
        """Return the findings, alerts and failed checks of earlier stages."""
        found: list[Any] = []
        for stage in stages:
            part = self.earlier(stage)
            found += [*part.findings, *part.alerts]
            found += [check for check in part.checks if check.status in ("failed", "caution")]
        return tuple(found)
