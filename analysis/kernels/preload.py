"""Imported once by the fork server, before the first kernel is forked.

Besides heavy imports it reads what every notebook reads first: wording, views, the registry.

Only the forking thread lives on in a child, so nothing here may leave work to threads: BLAS is
held to one thread before NumPy loads it, and DuckDB is left to the child. pandas brings PyArrow
along, which renews its own pools after a fork (a test reads and writes Parquet in a child).
"""

from __future__ import annotations

import gc
import importlib
import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import get_args

from analysis.kernels.environment import ENVIRONMENT
from analysis.parameters import STAGES
from analysis.settings import Programme

os.environ.update(ENVIRONMENT)

MODULES = (
    "numpy",
    "pandas",
    "scipy.linalg",
    "scipy.optimize",
    "scipy.stats",
    "ibis",
    "matplotlib.pyplot",
    "seaborn",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "matplotlib_inline.backend_inline",
    "nbconvert.filters",
    "nbformat",
    "xlsxwriter",
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
    "analysis.present.renderers",
    "analysis.report",
    "analysis.workspace.entrance",
    *(
        module
        for stage in STAGES
        for kind in get_args(Programme)
        for module, _ in stage.classes(kind)
    ),
)
"""What is imported; a room listed here may not import DuckDB at its top."""


def load(modules: Sequence[str] = MODULES) -> dict[str, str]:
    """Import modules, then read the catalogues into their caches.

    Parameters
    ----------
    modules : Sequence[str]
        Their names.

    Returns
    -------
    dict of str to str
        What could not be loaded, with the error. The server lives on without it: the notebook
        that needs it loads it again and shows the error in its own cell.
    """
    gc.disable()  # until all is loaded: there is no cycle to find
    failed = {}
    steps: dict[str, Callable[[], object]] = {
        name: partial(importlib.import_module, name) for name in modules
    }
    for name, step in {**steps, "catalogues": read_catalogues}.items():
        try:
            step()
        except Exception as error:
            failed[name] = f"{type(error).__name__}: {error}"
    settle()
    return failed


def read_catalogues() -> None:
    """Read wording, indicators and views into their caches, and make the fonts known.

    The code is read for its hashes, too, while it is what was loaded a moment ago, and the versions
    of the packages.
    """
    from analysis import memory, reach, wording
    from analysis.indicators import registry
    from analysis.present import theme, views
    from analysis.spring_festival import first_days

    for language in wording.LANGUAGES:
        wording.keys(language)
    registry.load()
    views.names()
    first_days()
    theme.apply()
    reach.digest(*reach.sources())
    memory.libraries()


def settle() -> None:
    """Take what was loaded out of the sight of the garbage collector.

    A collection in a child would walk through all of it, and by writing its marks turn memory that
    is shared with the server into memory of its own. None is made here either: imports leave next
    to nothing that it would free.
    """
    gc.freeze()
    gc.enable()


FAILED = load()
"""What could not be loaded when the server started."""
