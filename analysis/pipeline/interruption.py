"""Ctrl-C reaches the main thread alone; stages that other threads wait for are ended from here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Interruption:
    """Whether a run was interrupted, and what is to be ended then."""

    def __init__(self) -> None:
        self.raised = False
        self._ends: list[Callable[[], object]] = []
        self._lock = threading.Lock()

    @contextmanager
    def ended_by(self, end: Callable[[], object]) -> Iterator[None]:
        """Call ``end`` if the run is interrupted while this lasts."""
        with self._lock:
            self._ends.append(end)
        try:
            yield
        finally:
            with self._lock:
                self._ends.remove(end)

    def tell(self) -> None:
        """End everything that is running."""
        with self._lock:
            self.raised = True
            for end in self._ends:
                end()
