"""What a page shows, kept as the calls that made it, so that it can be laid out again.

A sentence of the catalogue, the layout of a table or the colours of a chart change how a page
looks, and nothing that was found. The calls of a :class:`~analysis.present.display.Display` hold
all that a page shows; called again, they give the same page in today's words.
"""

from __future__ import annotations

import contextlib
import io
import pickle
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

from analysis import wording
from analysis.files import PRIVATE_FILE, remove

SUFFIX = ".shown"
"""Of the file beside a notebook that holds its calls."""
_PAUSE = 0.01
"""Seconds after which a reader looks whether another call was kept."""

Method = TypeVar("Method", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a display's method.

    Attributes
    ----------
    name : str
        The method.
    args, named
        What it was given.
    words : str
        Hash of the sentences that were read to make all calls up to this one
        (:func:`analysis.wording.entries_hash`).
    read : tuple of str
        Keys of those that were read since the last call.
    """

    name: str
    args: tuple[Any, ...]
    named: Mapping[str, Any]
    words: str
    read: tuple[str, ...]


class Recorder:
    """Writes the calls of one display to a file, one after the other.

    What cannot be written ends the record and removes its file: the notebook is then run again
    where its page has to be laid out anew.

    Parameters
    ----------
    path : Path
        The file; replaced.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.begun = False
        self._told: set[str] = set()
        path.parent.mkdir(parents=True, exist_ok=True)
        remove(path)  # never written into: it may be that of an earlier run, too
        path.write_bytes(b"")
        path.chmod(PRIVATE_FILE)
        self._written = io.BytesIO()
        # One for all calls: results that many of them show are written once.
        self._pickler: pickle.Pickler | None = pickle.Pickler(self._written, protocol=5)
        self._open = contextlib.ExitStack()
        self._read = self._open.enter_context(wording.reading())

    def begin(self, made_with: Mapping[str, Any]) -> None:
        """Write what the display was made with."""
        self.begun = True
        self._write(dict(made_with))

    def keep(self, name: str, args: tuple[Any, ...], named: Mapping[str, Any]) -> None:
        """Write one call."""
        new = tuple(sorted(self._read - self._told))
        self._told.update(new)
        self._write(Call(name, args, named, wording.entries_hash(self._told), new))

    def _write(self, value: object) -> None:
        if self._pickler is None:
            return
        try:
            self._pickler.dump(value)
        except (pickle.PicklingError, TypeError, AttributeError, RecursionError):
            self._pickler = None
            remove(self.path)
            return
        with open(self.path, "ab") as file:  # never held open: others may have to remove it
            file.write(self._written.getvalue())
        self._written.seek(0)
        self._written.truncate()


def recorded(method: Method) -> Method:
    """Let a display keep the calls of this method; those within others are not kept."""

    @wraps(method)
    def called(self: Any, *args: Any, **named: Any) -> Any:
        if self.within:
            return method(self, *args, **named)
        args = tuple(tuple(a) if isinstance(a, Iterator) else a for a in args)
        named = {name: tuple(a) if isinstance(a, Iterator) else a for name, a in named.items()}
        if self.recorder is not None:
            if not self.recorder.begun:
                self.recorder.begin(self.made_with)
            self.recorder.keep(method.__name__, args, named)
        self.within = True
        try:
            with wording.reading(apart=True):
                return method(self, *args, **named)
        finally:
            self.within = False

    return cast(Method, called)


def load(path: Path) -> tuple[Mapping[str, Any], list[Call]] | None:
    """Return what a display was made with and its calls; None where no whole record is there."""
    try:
        with open(path, "rb") as file:
            reader = pickle.Unpickler(file)
            made_with = reader.load()
            calls: list[Call] = []
            with contextlib.suppress(EOFError):
                while True:
                    calls.append(reader.load())
    except (OSError, pickle.UnpicklingError, EOFError, AttributeError, ImportError, TypeError):
        return None  # never kept, cut, damaged, or of classes that are no more
    return made_with, calls


def follow(path: Path) -> Iterator[Any]:
    """Yield what a display was made with, then its calls, each as soon as it is kept.

    Waits for the file and for every next call, without end: who reads is ended from outside.

    Parameters
    ----------
    path : Path
        As of :class:`Recorder`; of a display whose notebook is running.
    """
    while not path.is_file():
        time.sleep(_PAUSE)
    with contextlib.suppress(pickle.UnpicklingError), open(path, "rb", buffering=0) as file:
        reader = pickle.Unpickler(_Growing(file))
        while True:
            yield reader.load()


class _Growing:
    """A file that another process is writing, read as if it never ended."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file

    def read(self, size: int) -> bytes:
        """Return so many bytes, once they are there."""
        found = b""
        while len(found) < size:
            found += self._more(self._file.read(size - len(found)))
        return found

    def readline(self) -> bytes:
        """Return the bytes to the end of a line, once it is there."""
        found = b""
        while not found.endswith(b"\n"):
            found += self._more(self._file.readline())
        return found

    @staticmethod
    def _more(found: bytes | None) -> bytes:
        if not found:
            time.sleep(_PAUSE)
        return found or b""


def same_words(calls: list[Call]) -> bool:
    """Whether the sentences that were read to make calls are still the same."""
    read = [key for call in calls for key in call.read]
    return not calls or wording.entries_hash(read) == calls[-1].words
