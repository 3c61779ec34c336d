"""What the baseline stage hands to its steps."""

from __future__ import annotations

from collections.abc import Mapping

from analysis.results import StageResults
from analysis.workspace.stage import Stage


class BaselineStage(Stage):
    """One client opened for the baseline stage."""

    @property
    def goal_units(self) -> Mapping[str, str]:
        """Unit of every indicator that has a goal, and of the primary outcome."""
        named = [self.primary, *(goal.indicator for goal in self.client.goals)]
        return {name: self.unit(name) for name in dict.fromkeys(named)}

    def baseline_levels(self) -> StageResults:
        """Levels of the goals' indicators before the first wave, and the seal of the baseline."""
        from analysis import measurement

        return measurement.assess_levels(
            self.panel, before=self.first_wave, units=self.goal_units, simulated=self.simulated
        )
