"""Values of expensive functions, kept from one run of a client to the next.

A function that is remembered is given the value it gave before to the same arguments, from any
stage and any earlier run, as long as nothing changed that it can depend on: the modules it reaches,
the packages installed, the sentences it read. It has to be pure: no file, clock, setting or
context variable, and no random draw but from a seed among its arguments.

Nothing is remembered until a store is in force (:func:`keep_in`): a notebook opened by itself, a
script and a test compute everything.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import os
import pickle
import platform
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import pyarrow as pa

from analysis import contents
from analysis.claims import Claims
from analysis.errors import FileInUseError
from analysis.file_names import listed
from analysis.files import clear_unfinished, keep_private, private_folder, remove, replace_file
from analysis.reach import packages

P = ParamSpec("P")
T = TypeVar("T")

WORTH_SECONDS = 0.01
"""Shortest computation whose value is kept: a shorter one is done anew in less time."""
MOST_BYTES = 200_000_000
"""Values of a client that stay after a complete run, those used last."""
_ENDING = ".value"
_MARK = "__remembered__"
_CHECKSUM = hashlib.sha256().digest_size
_SIZE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What tells of the sentences that are read while a value is computed.

    Attributes
    ----------
    reading : callable
        A block that gives the set of what is read within.
    entries_hash : callable
        One hash of what stands under the keys.
    note : callable
        Notes keys as read now, those that a value kept from before had read.
    ambient : callable
        What sentences and names depend on besides their keys, e.g. the kind of programme.
    """

    reading: Callable[[], AbstractContextManager[set[str]]]
    entries_hash: Callable[[Iterable[str]], str]
    note: Callable[[Iterable[str]], None]
    ambient: Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Where values are kept.

    Attributes
    ----------
    folder : Path
        Takes one file per value; made when missing. Nobody but its owner can enter.
    run : str
        Run that asks.
    anew : bool
        Whether only values count that this run itself computed.
    read : Read
        What tells of sentences.
    claims : Claims, optional
        Where another process computes values of this store beside this one.
    """

    folder: Path
    run: str
    anew: bool
    read: Read
    claims: Claims | None = None

    def find(self, key: str) -> _Kept | None:
        """Return what is kept under a key and still counts; None where nothing does."""
        path = self._path(key)
        try:
            kept = _unpacked(path.read_bytes())
        except OSError:
            return None  # not kept, or another stage is just writing it
        except _DAMAGED:
            _drop(path)
            return None
        if self.anew and kept.run != self.run:
            return None
        if self.read.entries_hash(kept.read) != kept.entries:
            return None
        with suppress(OSError):
            os.utime(path)
        return kept

    def put(self, key: str, kept: _Kept) -> None:
        """Keep a value, in the place of an older one."""
        content = _packed(kept)
        path = self._path(key)
        with suppress(OSError, FileInUseError):  # a full disk, a reader: it is computed again
            private_folder(self.folder)
            replace_file(path, lambda target: target.write_bytes(content))
            keep_private(path)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{_ENDING}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A pickled value, the run that computed it, and the sentences that were read meanwhile."""

    run: str
    read: tuple[str, ...]
    entries: str
    value: bytes


def _drop(path: Path) -> None:
    with suppress(OSError, FileInUseError):
        remove(path)


_DAMAGED = (OSError, ValueError, TypeError, EOFError, AttributeError, pickle.UnpicklingError)


def _packed(kept: _Kept) -> bytes:
    plain = pickle.dumps((kept.run, kept.read, kept.entries, kept.value), protocol=5)
    body = len(plain).to_bytes(_SIZE, "little") + pa.compress(plain, "zstd", asbytes=True)
    return hashlib.sha256(body).digest() + body


def _unpacked(content: bytes) -> _Kept:
    checksum, body = content[:_CHECKSUM], content[_CHECKSUM:]
    if hashlib.sha256(body).digest() != checksum:
        raise ValueError("not what was written")
    size = int.from_bytes(body[:_SIZE], "little")
    run, read, entries, value = pickle.loads(
        pa.decompress(body[_SIZE:], size, "zstd", asbytes=True)
    )
    return _Kept(run=run, read=read, entries=entries, value=value)


_in_force: list[Store] = []


def keep_in(store: Store | None) -> None:
    """Let values be remembered in a store from now on, for this process; None ends it."""
    _in_force[:] = [] if store is None else [store]


def store_in_force() -> Store | None:
    """Return the store in which values are remembered now; None where none are."""
    return _in_force[0] if _in_force else None


def remembered(function: Callable[P, T]) -> Callable[P, T]:
    """Let a pure function of a module give what it gave before to the same arguments.

    Each call gives a value of its own, also the first: none is shared, and what somebody changes
    in one is in no other. A function of arguments whose content nothing can tell
    (:func:`analysis.contents.digest`), and one whose value cannot be pickled, is called as usual.

    Parameters
    ----------
    function : callable
        Reached by its name in its module; reads nothing but its arguments and the catalogue.
    """
    if hasattr(function, _MARK):
        return function
    signature = inspect.signature(function)

    @functools.wraps(function)
    def called(*args: P.args, **named: P.kwargs) -> T:
        if not _in_force:
            return function(*args, **named)
        (store,) = _in_force
        given = signature.bind(*args, **named)
        given.apply_defaults()
        return recall(store, function, given.arguments, functools.partial(function, *args, **named))

    setattr(called, _MARK, True)
    return called


def recall(
    store: Store | None,
    function: Callable[..., Any],
    given: Mapping[str, Any],
    make: Callable[[], T],
) -> T:
    """Return what a computation gave before to the same, or let it give it now.

    For what no remembered function can be handed, e.g. an open connection: the caller says what
    the value depends on.

    Parameters
    ----------
    store : Store or None
        Where it is kept; None computes it.
    function : callable
        Of a module: the computation's code is all that this module reaches.
    given : Mapping
        All that the value depends on besides the code; not the files or connections themselves but
        what tells their content.
    make : callable
        The computation, as pure as a remembered function.
    """
    key = None if store is None else _key(store, function, given)
    if store is None or key is None:
        return make()
    return _remembered(store, key, make)


def _remembered(store: Store, key: str, make: Callable[[], T]) -> T:
    if known := _recalled(store, key):
        return known[0]
    if store.claims is None:
        return _computed(store, key, make)
    with store.claims.on(key):
        if known := _recalled(store, key):  # somebody was just computing it
            return known[0]
        return _computed(store, key, make)


def _recalled(store: Store, key: str) -> tuple[Any] | None:
    """Return a value that is kept and counts, alone in a tuple; None without one."""
    if (kept := store.find(key)) is None:
        return None
    try:
        value = pickle.loads(kept.value)
    except _DAMAGED:
        _drop(store._path(key))
        return None
    store.read.note(kept.read)
    return (value,)


def _computed(store: Store, key: str, make: Callable[[], T]) -> T:
    """Compute a value and keep it."""
    began = time.process_time()
    with store.read.reading() as read:
        made = make()
    took = time.process_time() - began
    try:
        pickled = pickle.dumps(made, protocol=5)
    except (pickle.PicklingError, TypeError, AttributeError):
        return made
    if took >= WORTH_SECONDS:
        names = tuple(sorted(read))
        entries = store.read.entries_hash(names)
        store.put(key, _Kept(run=store.run, read=names, entries=entries, value=pickled))
    found: T = pickle.loads(pickled)
    return found


def _key(store: Store, function: Callable[..., Any], given: Mapping[str, Any]) -> str | None:
    """Return what tells a call from all others; None where nothing can."""
    try:
        return contents.digest([function, libraries(), store.read.ambient(), dict(given)])
    except contents.UnknownTypeError:
        return None


@functools.cache
def libraries() -> tuple[str, ...]:
    """Return the versions of Python and of the packages that values depend on."""
    return (platform.python_version(), *map("==".join, packages().items()))


def tidy(folder: Path, most: int = MOST_BYTES) -> None:
    """Remove the values used longest ago, until what is left is of a stated size.

    Parameters
    ----------
    folder : Path
        As of :class:`Store`; it need not exist.
    most : int
        Bytes that may stay.
    """
    clear_unfinished(folder)
    found = [(path, path.stat()) for path in listed(folder, f"*{_ENDING}")]
    total = 0
    for path, stat in sorted(found, key=lambda one: one[1].st_mtime_ns, reverse=True):
        total += stat.st_size
        if total > most:
            remove(path)
