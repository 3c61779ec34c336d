"""One client opened for one stage, and the preparation of what all stages read."""

from analysis.workspace.entrance import open_stage
from analysis.workspace.inputs import detectable
from analysis.workspace.opening.ledger import decision_faults, keep_alerts
from analysis.workspace.opening.outlook import Outlook, look_ahead
from analysis.workspace.opening.prepare import LookBack, prepare
from analysis.workspace.opening.stage import Stage

__all__ = [
    "LookBack",
    "Outlook",
    "Stage",
    "decision_faults",
    "detectable",
    "keep_alerts",
    "look_ahead",
    "open_stage",
    "prepare",
]
