"""One client opened for one stage, and the preparation of what all stages read."""

from analysis.workspace.ledger import keep_alerts
from analysis.workspace.opening import open_stage
from analysis.workspace.prepare import prepare
from analysis.workspace.stage import Stage

__all__ = ["Stage", "keep_alerts", "open_stage", "prepare"]
