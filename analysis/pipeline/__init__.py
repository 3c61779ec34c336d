"""From a client's folder to finished reports: steps, run folders, kernels, progress.

Names are loaded when they are first used: papermill imports this package while it is itself
being imported.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.pipeline.batch import ClientOutcome, run_clients, run_clients_on_cluster
    from analysis.pipeline.engine import RecordingEngine
    from analysis.pipeline.manifest import Manifest, StepRecord
    from analysis.pipeline.outcome import Outcome
    from analysis.pipeline.run_result import RunResult
    from analysis.pipeline.runner import run
    from analysis.pipeline.status import ClientStatus, client_status

__all__ = [
    "ClientOutcome",
    "ClientStatus",
    "Manifest",
    "Outcome",
    "RecordingEngine",
    "RunResult",
    "StepRecord",
    "client_status",
    "run",
    "run_clients",
    "run_clients_on_cluster",
]

_HOME = {
    "ClientOutcome": "batch",
    "ClientStatus": "status",
    "Manifest": "manifest",
    "Outcome": "outcome",
    "RecordingEngine": "engine",
    "RunResult": "run_result",
    "StepRecord": "manifest",
    "client_status": "status",
    "run": "runner",
    "run_clients": "batch",
    "run_clients_on_cluster": "batch",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
