"""A kernel provisioner that forks kernels from a preloaded server instead of starting cold."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner

from analysis.kernels.child import run_kernel

LAUNCHER = ["-m", "ipykernel_launcher"]


class ForkServerProvisioner(LocalProvisioner):
    """Run kernels as forked children of :mod:`multiprocessing`'s fork server.

    The server is one a pipeline process: it imports :mod:`analysis.kernels.preload` once and
    each kernel starts with these modules already loaded. Connection files and ports are those
    of :class:`jupyter_client.provisioning.LocalProvisioner`.

    Notes
    -----
    The kernel specification's command must be ``python -m ipykernel_launcher …``; only what
    follows is passed on.
    """

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork a kernel; ``cmd`` is the command a cold start would have used."""
        if cmd[1:3] != LAUNCHER:
            raise ValueError(f"Only Python kernels can be forked, not {cmd!r}")
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["analysis.kernels.preload"])
        folder = str(kwargs.get("cwd") or os.getcwd())
        process = context.Process(
            target=run_kernel,
            args=(cmd[3:], dict(kwargs.get("env") or os.environ), folder),
            name="crmeval-kernel",
            daemon=True,
        )
        process.start()
        self.process, self.pid, self.pgid, self.cwd = process, process.pid, None, folder
        return self.connection_info

    async def poll(self) -> int | None:
        """Return None while the kernel lives, else its exit code (negative: the signal)."""
        return 0 if self.process is None else self.process.exitcode

    async def wait(self) -> int | None:
        """Wait until the kernel has ended and release it."""
        if self.process is None:
            return 0
        while (code := self.process.exitcode) is None:
            await asyncio.sleep(0.02)
        self.process.join()
        self.process = None
        return code

    async def send_signal(self, signum: int) -> None:
        """Signal the kernel and what it started; a kernel already gone is no error."""
        if self.process is None:
            return
        try:
            if os.getpgid(self.pid) == self.pid:
                os.killpg(self.pid, signum)
            else:  # forked a moment ago, not yet leader of its own group
                os.kill(self.pid, signum)
        except ProcessLookupError:
            return

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel at once."""
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:
        """Ask the kernel to end."""
        await self.send_signal(signal.SIGTERM)
