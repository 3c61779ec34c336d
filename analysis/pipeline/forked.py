"""Clients in processes of their own, forked from one server that has done the imports of all.

A client that is killed loses itself alone. Ctrl-C is told to each client that is running; when
the process that asked for them ends, they end.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from analysis import kernels
from analysis.processes import share_server, take_surroundings

Work = Callable[[dict[str, Any]], dict[str, Any]]
PRELOAD = "analysis.pipeline.preload"
_SERVER_KILLED = 255
"""Exit status of a process whose server was killed before it could tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How the process of a client ended.

    Attributes
    ----------
    client : str
        Folder name under ``data/``.
    exit_status : int
        Negative is the signal that killed it.
    seconds : float
        Wall time.
    answer : dict or None
        What :func:`analysis.pipeline.worker.work` returned; None when it did not come to that.
    said : str
        What was written to its standard output and error.
    """

    client: str
    exit_status: int
    seconds: float
    answer: dict[str, Any] | None
    said: str


@dataclass(frozen=True, slots=True)
class _Running:
    client: str
    process: BaseProcess
    began: float
    folder: Path

    def signal(self, number: int) -> None:
        assert self.process.pid is not None
        with suppress(ProcessLookupError):
            os.kill(self.process.pid, number)

    def ended(self) -> Ended:
        self.process.join()
        status = self.process.exitcode or 0
        if status == _SERVER_KILLED:  # nothing would tell of the client's end, nor fork its kernels
            self.signal(signal.SIGKILL)
        answer = self.folder / "answer.json"
        return Ended(
            client=self.client,
            exit_status=status,
            seconds=time.monotonic() - self.began,
            answer=json.loads(answer.read_bytes()) if answer.is_file() else None,
            said=(self.folder / "said.txt").read_text(encoding="utf-8", errors="replace"),
        )


def run_each(
    work: Work,
    clients: Sequence[str],
    options: Mapping[str, Any],
    at_once: int,
    on_ended: Callable[[Ended], object],
) -> None:
    """Run clients, so many at a time.

    Parameters
    ----------
    work : Callable
        Runs a client and describes how that ended, as :func:`analysis.pipeline.worker.work`
        does; a function of a module.
    clients : Sequence[str]
        Folder names under ``data/``.
    options : Mapping[str, Any]
        ``root`` and further arguments of :func:`analysis.pipeline.runner.run`, JSON values.
    at_once : int
        Clients at a time.
    on_ended : Callable
        Called in this thread with each client as it ends.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C, once the clients that were running have ended.
    """
    kernels.start_server(PRELOAD)
    waiting, interrupted = deque(clients), False
    running: dict[Any, _Running] = {}
    with tempfile.TemporaryDirectory(prefix="crmeval-") as place:
        while waiting or running:
            try:
                while waiting and len(running) < at_once:
                    begun = _begin(work, waiting.popleft(), options, Path(place))
                    running[begun.process.sentinel] = begun
                for sentinel in connection.wait(list(running)):
                    on_ended(running.pop(sentinel).ended())
            except KeyboardInterrupt:
                interrupted = True
                waiting.clear()
                for each in running.values():
                    each.signal(signal.SIGINT)
    if interrupted:
        raise KeyboardInterrupt


def _begin(work: Work, client: str, options: Mapping[str, Any], place: Path) -> _Running:
    folder = Path(tempfile.mkdtemp(dir=place))
    (folder / "said.txt").touch()
    environment = {**os.environ, "CRMEVAL_HOME": options["root"]}
    process = multiprocessing.get_context("forkserver").Process(
        target=_run,
        args=(work, {**options, "client": client}, environment, os.getcwd(), folder),
        name=f"crmeval-{client}",
    )
    process.start()
    return _Running(client, process, time.monotonic(), folder)


def _run(
    work: Work, request: dict[str, Any], environment: Mapping[str, str], here: str, folder: Path
) -> None:
    """Run one client in this freshly forked process."""
    os.setsid()  # Ctrl-C in the terminal is for the process that asked to pass on, once
    said = os.open(folder / "said.txt", os.O_WRONLY | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(said, stream)
    if isinstance(sys.stdout, io.TextIOWrapper):  # in a file it would come after what an error says
        sys.stdout.reconfigure(line_buffering=True)
    take_surroundings(environment, here)
    share_server()
    answer = work(request)
    (folder / "answer.json").write_text(json.dumps(answer), encoding="utf-8")
    sys.exit(answer["state"] == "failed")
