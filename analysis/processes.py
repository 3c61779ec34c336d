"""Independent pieces of work in forked processes, several at a time."""

from __future__ import annotations

import gc
import multiprocessing
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any, TypeVar

Piece = TypeVar("Piece")
Done = TypeVar("Done")


def spread(work: Callable[[Piece], Done], pieces: Sequence[Piece], processes: int) -> list[Done]:
    """Do pieces of work beside each other and return what each gave, in their order.

    The processes are forked from the server that kernels are forked from. A piece that fails in
    one, or whose process is killed, is done again in this process, where its error is raised.

    Parameters
    ----------
    work : Callable
        Function of a module, or a ``partial`` of one; it may be called twice for a piece.
    pieces : Sequence
        What it is called with, the longest first.
    processes : int
        How many at a time; 1 does all here, one after the other.
    """
    if processes < 2:
        return [work(piece) for piece in pieces]
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(
        min(processes, len(pieces)),
        mp_context=context,
        initializer=take_surroundings,
        initargs=(dict(os.environ), os.getcwd()),
    ) as pool:
        begun = [pool.submit(work, piece) for piece in pieces]
        ended = [_ended(future) for future in begun]
    return [
        future.result() if well else work(piece)
        for future, well, piece in zip(begun, ended, pieces, strict=True)
    ]


def _ended(future: Future[Any]) -> bool:
    """Wait for a piece and tell whether it ended well; Ctrl-C is raised here too."""
    error = future.exception()
    if error is not None and not isinstance(error, Exception):
        raise error
    return error is None


def take_surroundings(environment: Mapping[str, str], folder: str) -> None:
    """Give a forked process the surroundings of the one that asked for it, and its end.

    Parameters
    ----------
    environment : Mapping[str, str]
        The whole environment it sees.
    folder : str
        Working directory.
    """
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    collect_rarely()
    threading.Thread(target=end_with_parent, name="parent-watch", daemon=True).start()


def collect_rarely() -> None:
    """Let the garbage collector look less often.

    What is held here grows by tables and modules, not by cycles: the collector found next to
    nothing in one twentieth of a kernel's time and one tenth of that of imports.
    """
    gc.set_threshold(50_000, 20, 20)


def share_server() -> None:
    """Let a process that was forked from the fork server fork its own from there too.

    It knows the address of the server, but the standard library takes a server to be running only
    in the process that started it, and would start another, with all imports. Where a version of
    Python asks for more than the address, that is what happens.
    """
    from multiprocessing import forkserver

    if multiprocessing.parent_process() is None:
        return  # the process that starts the server
    server: Any = forkserver._forkserver
    if server._forkserver_address is None or getattr(server, "_forkserver_authkey", b"-") is None:
        return
    module: Any = forkserver
    module.ensure_running = server.ensure_running = lambda: None


def end_with_parent() -> None:
    """End this process when the one that asked for it ends, however that ended.

    The fork server is no sign of it: it lives as long as any of its children.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
