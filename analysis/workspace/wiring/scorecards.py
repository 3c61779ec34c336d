"""What the tracking stage hands to its steps where nothing is rolled out to sites."""

from __future__ import annotations

from analysis import findings, measurement
from analysis.results import Finding, StageResults
from analysis.workspace.opening.stage import Stage


class ScorecardStage(Stage):
    """One client opened for the tracking stage of an appraisal or a service process."""

    def scorecards(self) -> StageResults:
        """Score the sites by period, and say what moved and what may follow from it."""
        total = sum(self.client.appraisal.values())
        weights = {name: weight / total for name, weight in self.client.appraisal.items()}
        return self.step(
            "scorecards",
            measurement.assess_scorecards,
            self.panel,
            weights,
            {name: self.registry[name].direction for name in weights},
            primary=self.primary,
            unit=self.unit(),
            appeals=self.table("appeals") is not None,
            lines=self.lines,
            **self.made,
        )

    def spot_checks(self) -> StageResults:
        """Compare regular appraisals with spot checks of the same sites."""
        ratings = self.table("ratings")
        return self.step("spot_checks", measurement.assess_spot_checks, ratings, **self.made)

    def service_levels(self) -> StageResults:
        """Say how long requests wait, and which share within the line."""
        return self.step(
            "service_levels",
            measurement.assess_service_levels,
            self.rows("tickets"),
            until=self.until,
            lines=self.lines,
            **self.clock,
        )

    def claims(self, scores: StageResults, service: StageResults) -> tuple[Finding, ...]:
        """Say what moved, who stands out, whether the line was held, and what scores may do."""
        first = self.registry[self.primary].direction
        return findings.review_findings(scores, service, direction=first)
