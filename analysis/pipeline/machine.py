"""How much runs at a time: as many as there are cores, as long as memory lasts."""

from __future__ import annotations

import os

import psutil

STAGE_BYTES = 800_000_000
"""Memory set aside for a stage: its kernel needs some 600 MB at 60 sites."""

CLIENT_BYTES = 1_500_000_000
"""Memory set aside for a client: the runner, the kernel server, a kernel."""


def stages() -> int:
    """Return how many stages of one client run at a time."""
    return _fitting(STAGE_BYTES)


def clients() -> int:
    """Return how many clients run at a time."""
    return _fitting(CLIENT_BYTES)


def _fitting(each: int) -> int:
    return max(1, min(cores(), psutil.virtual_memory().available // each))


def cores() -> int:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
