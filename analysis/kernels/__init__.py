"""Kernels that start warm: forked from a server that has paid for the heavy imports once."""

from analysis.kernels.manager import (
    KernelManager,
    PlainKernelManager,
    kernel_manager,
    start_server,
    warm_is_possible,
)
from analysis.kernels.provisioner import ForkServerProvisioner

__all__ = [
    "ForkServerProvisioner",
    "KernelManager",
    "PlainKernelManager",
    "kernel_manager",
    "start_server",
    "warm_is_possible",
]
