"""Imported once by the fork server, before the first kernel is forked.

Only the forking thread lives on in a child, so nothing here may leave work to threads: BLAS is
held to one thread before NumPy loads it, and DuckDB is left to the child. pandas brings PyArrow
along, which renews its own pools after a fork (a test reads and writes Parquet in a child).
"""

from __future__ import annotations

import importlib
import os

from analysis.kernels.threads import SINGLE_THREADED

os.environ.update(SINGLE_THREADED)

MODULES = (
    "numpy",
    "pandas",
    "scipy.linalg",
    "scipy.optimize",
    "scipy.stats",
    "ibis",
    "matplotlib.pyplot",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "matplotlib_inline.backend_inline",
    "analysis.results",
    "analysis.tables",
    "analysis.client",
    "analysis.measurement",
    "analysis.design",
    "analysis.monitoring",
    "analysis.causal",
    "analysis.value",
    "analysis.findings",
    "analysis.wording",
    "analysis.present",
    "analysis.workspace",
)
"""What is imported; a room listed here may not import DuckDB at its top."""


def load() -> dict[str, str]:
    """Import :data:`MODULES`.

    Returns
    -------
    dict of str to str
        Modules that could not be imported, with the error. The server lives on without them:
        the notebook that needs one imports it again and shows the error in its own cell.
    """
    failed = {}
    for name in MODULES:
        try:
            importlib.import_module(name)
        except Exception as error:
            failed[name] = f"{type(error).__name__}: {error}"
    return failed


FAILED = load()
"""Modules that could not be imported when the server started."""
