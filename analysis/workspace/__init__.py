"""One client opened for one stage, and the preparation of what all stages read."""

from analysis.workspace import detectable
from analysis.workspace.ledger import damaged_history, decision_faults, keep_alerts
from analysis.workspace.opening import open_stage
from analysis.workspace.outlook import Outlook, look_ahead
from analysis.workspace.prepare import LookBack, prepare
from analysis.workspace.stage import Stage

__all__ = [
    "LookBack",
    "Outlook",
    "Stage",
    "damaged_history",
    "decision_faults",
    "detectable",
    "keep_alerts",
    "look_ahead",
    "open_stage",
    "prepare",
]
