"""Imported by the fork server of a call with several clients: what each of them starts with.

It comes after :mod:`analysis.kernels.preload`, under the same rule: nothing here starts a thread.
"""

from __future__ import annotations

from analysis.kernels import preload

MODULES = (
    "ibis.backends.sql.compilers",
    "papermill",
    "pyarrow.parquet",
    "python_calamine",
    "analysis.ingest",
    "analysis.indicators",
    "analysis.pipeline.execution",
    "analysis.pipeline.forked",
    "analysis.pipeline.runner",
    "analysis.pipeline.worker",
)
"""What a client imports before its first kernel starts."""

FAILED = preload.load(MODULES)
"""What could not be loaded; the client that needs it loads it again and says so."""
