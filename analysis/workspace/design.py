"""What the design stage hands to its steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.workspace.stage import Stage


class DesignStage(Stage):
    """One client opened for the design stage."""

    @property
    def plan_settings(self) -> Mapping[str, Any]:
        """What the plan fixes besides goals and waves, as ``design.make_plan`` takes it."""
        design = self.client.design
        return {
            "secondary_outcomes": design.secondary_outcomes,
            "alpha": design.alpha,
            "power": design.power,
            "smallest_effect": design.smallest_effect,
            "measure_at_months": design.measure_at_months,
            "anticipation_months": design.anticipation_months,
            "seed": self.seed,
            "choices": self.client.choices,
        }

    @property
    def power_settings(self) -> Mapping[str, Any]:
        """What power is computed for, as ``design.assess_power`` takes it."""
        design = self.client.design
        return {
            **self.main,
            "unit": self.unit(),
            "smallest_effect": design.smallest_effect,
            "alpha": design.alpha,
            "power": design.power,
            "seed": self.seed,
        }
