"""What the design stage hands to its steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.design import Plan
from analysis.workspace.locks import plan_of
from analysis.workspace.stage import Stage


class DesignStage(Stage):
    """One client opened for the design stage."""

    @property
    def plan(self) -> Plan:
        """The plan as the client file and the table of waves state it."""
        return plan_of(self)

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
