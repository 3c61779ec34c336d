"""What the monitoring stage hands to its steps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from analysis.indicators import registry
from analysis.workspace.stage import Stage


class MonitoringStage(Stage):
    """One client opened for the monitoring stage."""

    @property
    def chart_labels(self) -> Mapping[str, Any]:
        """Indicator and unit of the control charts."""
        name = self.charted["indicator"]
        return {"indicator": name, "unit": self.unit(name)}

    @property
    def charted(self) -> Mapping[str, Any]:
        """What the control charts show: top-2-box satisfaction, else the primary outcome."""
        measured = set(self.panel["indicator"])
        name = "csat_top2" if "csat_top2" in measured else self.primary
        known = registry.get(name)
        return {"indicator": name, "share": known.unit == "share", "direction": known.direction}

    def day(self, as_of: str) -> dt.date:
        """Return the day of the evaluation; the last day of the period when ``as_of`` is empty."""
        return dt.date.fromisoformat(as_of) if as_of else self.until
