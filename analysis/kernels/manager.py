"""Kernel managers for the pipeline: warm where the system can fork, plain elsewhere."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import sys
import tempfile
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

from analysis.kernels.environment import ENVIRONMENT

PROVISIONER = "crmeval-forkserver"
_LONGEST_SOCKET = 103
"""Bytes of a Unix socket's path on macOS; Linux has four more."""
_LONGEST_FOLDER = _LONGEST_SOCKET - 23
"""Names inside the folder of a kernel need about 20."""
_LAUNCHER = (sys.executable, "-m", "ipykernel_launcher")
_QUIET = "--log-level=50"
_FIGURES = "--matplotlib=inline"
"""Figures that somebody adds to a notebook are outputs of its cells."""


def warm_is_possible() -> bool:
    """Whether kernels can be forked.

    The system forks, the package's provisioner is known, and the temporary folder's path is
    short enough for the socket of the server.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return False
    # The server listens below the temporary folder, under a name of some 35 characters.
    if len(os.fsencode(tempfile.gettempdir())) > _LONGEST_SOCKET - 35:
        return False
    registered = entry_points(group="jupyter_client.kernel_provisioners")
    return PROVISIONER in registered.names


def start_server(*more: str) -> None:
    """Start the fork server now, so that its imports run beside other work.

    Parameters
    ----------
    *more : str
        Modules that it imports besides those of the kernels.
    """
    from multiprocessing import forkserver

    multiprocessing.set_forkserver_preload(["analysis.kernels.preload", *more])
    forkserver.ensure_running()


def kernel_manager(*, warm: bool = True) -> type[AsyncKernelManager]:
    """Return the manager class for notebooks.

    Parameters
    ----------
    warm : bool
        Whether forked kernels are wanted. Plain ones are given where forking is not possible.
    """
    return KernelManager if warm and warm_is_possible() else PlainKernelManager


class _Specifications(KernelSpecManager):
    """The one kernel the pipeline uses: this interpreter, whatever is installed elsewhere."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        warm = isinstance(self.parent, KernelManager)
        stanza = {"kernel_provisioner": {"provisioner_name": PROVISIONER}} if warm else {}
        return KernelSpec(
            # What matters reaches the notebook; the log would only run into the progress bar.
            argv=[*_LAUNCHER, "-f", "{connection_file}", _QUIET, _FIGURES],
            display_name="Python (crmeval)",
            language="python",
            metadata=stanza,
        )


class PlainKernelManager(AsyncKernelManager):
    """A cold kernel of this interpreter, with sockets in a folder of its own.

    Where the system has Unix sockets they are used: ports found free by one runner can be taken
    by another before the kernel binds them.
    """

    def __init__(self, **kwargs: Any) -> None:
        kwargs["kernel_name"] = "python3"
        kwargs["kernel_spec_manager"] = _Specifications(parent=self)
        self.folder = _private_folder()
        kwargs["connection_file"] = str(self.folder / "kernel.json")
        if os.name == "posix":
            kwargs["transport"] = "ipc"
            kwargs["ip"] = str(self.folder / "s")
        super().__init__(**kwargs)

    async def _async_start_kernel(self, **kw: Any) -> None:
        environment = {**os.environ, **(kw.pop("env", None) or {}), **ENVIRONMENT}
        environment["JPY_PARENT_PID"] = str(os.getpid())
        environment["PYTHONUTF8"] = "1"  # files are UTF-8, whatever the system's encoding
        await super()._async_start_kernel(env=environment, **kw)

    start_kernel = _async_start_kernel

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        await super()._async_cleanup_resources(restart=restart)
        if not restart:
            shutil.rmtree(self.folder, ignore_errors=True)

    cleanup_resources = _async_cleanup_resources


class KernelManager(PlainKernelManager):
    """The same, forked from the preloaded server."""


def _private_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="crmeval-"))
    if len(os.fsencode(folder)) <= _LONGEST_FOLDER or os.name != "posix":
        return folder
    with contextlib.suppress(OSError):
        folder.rmdir()
    return Path(tempfile.mkdtemp(prefix="crmeval-", dir="/tmp"))
