"""One client opened for one stage, and the preparation of what all stages read.

Names are loaded when they are first used: who prepares a run or keeps its alerts needs no method
of a stage.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.workspace.entrance import open_ahead, open_stage
    from analysis.workspace.opening.decided import decision_faults
    from analysis.workspace.opening.ledger import keep_alerts
    from analysis.workspace.opening.outlook import Outlook, look_ahead
    from analysis.workspace.opening.prepare import LookBack, prepare
    from analysis.workspace.opening.stage import Stage

__all__ = [
    "LookBack",
    "Outlook",
    "Stage",
    "decision_faults",
    "keep_alerts",
    "look_ahead",
    "open_ahead",
    "open_stage",
    "prepare",
]

_HOME = {
    "LookBack": "analysis.workspace.opening.prepare",
    "Outlook": "analysis.workspace.opening.outlook",
    "Stage": "analysis.workspace.opening.stage",
    "decision_faults": "analysis.workspace.opening.decided",
    "keep_alerts": "analysis.workspace.opening.ledger",
    "look_ahead": "analysis.workspace.opening.outlook",
    "open_ahead": "analysis.workspace.entrance",
    "open_stage": "analysis.workspace.entrance",
    "prepare": "analysis.workspace.opening.prepare",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
