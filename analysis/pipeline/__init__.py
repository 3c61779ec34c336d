"""From a client's folder to finished reports: steps, run folders, kernels, progress.

Names are loaded when they are first used: papermill imports this package while it is itself
being imported.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.manifest import Manifest, StepRecord
    from analysis.pipeline.batch import ClientOutcome, run_clients, run_clients_on_cluster
    from analysis.pipeline.engine import RecordingEngine
    from analysis.pipeline.outcome import Outcome
    from analysis.pipeline.pruning import Prunable, prunable, prune
    from analysis.pipeline.purging import purge_all, purge_person, purge_run
    from analysis.pipeline.run_result import RunResult
    from analysis.pipeline.runner import run
    from analysis.pipeline.status import ClientStatus, client_status

__all__ = [
    "ClientOutcome",
    "ClientStatus",
    "Manifest",
    "Outcome",
    "Prunable",
    "RecordingEngine",
    "RunResult",
    "StepRecord",
    "client_status",
    "prunable",
    "prune",
    "purge_all",
    "purge_person",
    "purge_run",
    "run",
    "run_clients",
    "run_clients_on_cluster",
]

_HOME = {
    "ClientOutcome": "analysis.pipeline.batch",
    "ClientStatus": "analysis.pipeline.status",
    "Manifest": "analysis.manifest",
    "Outcome": "analysis.pipeline.outcome",
    "Prunable": "analysis.pipeline.pruning",
    "RecordingEngine": "analysis.pipeline.engine",
    "RunResult": "analysis.pipeline.run_result",
    "StepRecord": "analysis.manifest",
    "client_status": "analysis.pipeline.status",
    "prunable": "analysis.pipeline.pruning",
    "prune": "analysis.pipeline.pruning",
    "purge_all": "analysis.pipeline.purging",
    "purge_person": "analysis.pipeline.purging",
    "purge_run": "analysis.pipeline.purging",
    "run": "analysis.pipeline.runner",
    "run_clients": "analysis.pipeline.batch",
    "run_clients_on_cluster": "analysis.pipeline.batch",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
