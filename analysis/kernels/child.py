"""What a forked child does to become a notebook kernel."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Mapping, Sequence

from analysis.processes import take_surroundings


def run_kernel(arguments: Sequence[str], environment: Mapping[str, str], folder: str) -> None:
    """Turn this freshly forked process into an IPython kernel; return when it shuts down.

    Parameters
    ----------
    arguments : Sequence[str]
        Command-line arguments of ``ipykernel_launcher``, connection file included.
    environment : Mapping[str, str]
        The whole environment the kernel sees.
    folder : str
        Working directory.
    """
    import numpy as np
    from ipykernel.kernelapp import IPKernelApp

    # A group of its own: Ctrl-C in the terminal is the pipeline's to handle, and a signal to
    # the kernel's group must not reach the pipeline.
    os.setsid()
    take_surroundings(environment, folder)
    # Notebooks may start processes; daemonic ones may not.
    multiprocessing.current_process().daemon = False
    # Every child would inherit the server's state of NumPy's global generator.
    np.random.seed()  # noqa: NPY002
    # A parent handle also keeps ipykernel from advertising itself on standard output.
    IPKernelApp.launch_instance(argv=list(arguments), parent_handle=os.getppid())
