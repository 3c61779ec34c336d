"""Which values one process is computing now, so that another waits for them.

A byte of a file stands for a value. Whoever computes it holds a lock of the system on that byte,
which ends with its process, however that ends. A value is computed by way of others alone that do
not need it in turn: no two processes wait for each other.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from analysis.files import PRIVATE_FILE, private_folder, remove

if os.name == "posix":
    import fcntl

FILE = "claims"
_DIGITS = 15
"""Of a key in hexadecimal, as the place of its byte: the system counts to 2^63."""


class Claims:
    """Claims on the values of a folder, those of this process and of others.

    Parameters
    ----------
    file : int
        Descriptor; open as long as this process lives: closing it would give up every claim.
    """

    def __init__(self, file: int) -> None:
        self._file = file

    @contextmanager
    def on(self, key: str) -> Iterator[None]:
        """Hold the claim on a value; waits while a living process holds it.

        Parameters
        ----------
        key : str
            Hexadecimal hash.
        """
        place = int(key[:_DIGITS], 16)
        with suppress(OSError):  # a file system without locks: both compute
            fcntl.lockf(self._file, fcntl.LOCK_EX, 1, place)
        try:
            yield
        finally:
            with suppress(OSError):
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)


def claims_in(folder: Path) -> Claims | None:
    """Return the claims on the values of a folder; None unless they are shared out now.

    Parameters
    ----------
    folder : Path
        Where values are kept.
    """
    try:
        return Claims(os.open(folder / FILE, os.O_RDWR))
    except OSError:
        return None


@contextmanager
def shared_out(folder: Path) -> Iterator[None]:
    """Let processes that begin in this block share out among them what they compute."""
    private_folder(folder)
    path = folder / FILE
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE))
    try:
        yield
    finally:
        remove(path)
