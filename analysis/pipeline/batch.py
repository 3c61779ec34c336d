"""Several clients: one process each, on this machine or on a Dask cluster.

A pool of workers loses the whole batch when one of them is killed; a child a client loses that
client only. On this machine they are forked from one server that has done the imports of all,
where the system can.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysis import kernels
from analysis.files import project_root
from analysis.pipeline import forked, machine
from analysis.pipeline.worker import work

WORKER = (sys.executable, "-m", "analysis.pipeline.worker")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOutcome:
    """How one client of a batch ended.

    Attributes
    ----------
    client : str
        Folder name under ``data/``.
    state : str
        ``complete``, ``partial``, ``failed``, or ``killed``: the process ended without a word.
    exit_status : int
        Of its process; negative is the signal that killed it.
    seconds : float
        Wall time.
    folder : Path or None
        Run folder, where one was begun.
    step, error : str or None
        Where it failed, and the cause in one line.
    held : str or None
        The file that could not be replaced because another program has it open, if that is it.
    failed_chapters : Mapping[str, str]
        The client's own chapters that failed, each with its cause.
    """

    client: str
    state: str
    exit_status: int
    seconds: float
    folder: Path | None = None
    step: str | None = None
    error: str | None = None
    held: str | None = None
    failed_chapters: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the client's run did not fail."""
        return self.state in ("complete", "partial")


def run_client(
    client: str, options: Mapping[str, Any], command: Sequence[str] = WORKER
) -> ClientOutcome:
    """Run one client in a child process and wait for it.

    Parameters
    ----------
    client : str
        Folder name under ``data/``.
    options : Mapping[str, Any]
        ``root`` and further arguments of :func:`analysis.pipeline.runner.run`, JSON values.
    command : Sequence[str]
        What is started; the request is appended.
    """
    began = time.monotonic()
    request = json.dumps({**options, "client": client})
    speaks = {"PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8"}
    environment = {**os.environ, "CRMEVAL_HOME": options["root"], **speaks}
    done = subprocess.run(
        [*command, request],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment,
        check=False,
    )
    seconds = time.monotonic() - began
    lines = done.stdout.splitlines()
    answer = None
    if done.returncode in (0, 1) and lines and lines[-1].startswith("{"):
        answer = json.loads(lines[-1])
    return _outcome(client, done.returncode, seconds, answer, done.stderr)


def _outcome(
    client: str, exit_status: int, seconds: float, answer: Mapping[str, Any] | None, said: str
) -> ClientOutcome:
    common: dict[str, Any] = {
        "client": client,
        "exit_status": exit_status,
        "seconds": round(seconds, 3),
    }
    if answer is None:
        return ClientOutcome(state="killed", error=_last_words(exit_status, said), **common)
    return ClientOutcome(
        state=answer["state"],
        folder=Path(answer["folder"]) if answer["folder"] else None,
        step=answer["step"],
        error=answer["error"],
        held=answer.get("held"),
        failed_chapters=answer.get("failed_chapters", {}),
        **common,
    )


def run_clients(
    clients: Iterable[str],
    *,
    jobs: int | None = None,
    root: Path | None = None,
    command: Sequence[str] | None = None,
    on_done: Callable[[ClientOutcome], object] | None = None,
    **options: Any,
) -> list[ClientOutcome]:
    """Run several clients, as many at a time as cores and memory allow.

    Where kernels are forked, the clients are too, from the same server
    (:mod:`analysis.pipeline.forked`); elsewhere each is a command.

    Parameters
    ----------
    clients : Iterable[str]
        Folder names under ``data/``; a name given twice is run once.
    jobs : int, optional
        Clients at a time, when another number is wanted.
    root : Path, optional
        Project root.
    command : Sequence[str], optional
        What is started for each client instead.
    on_done : Callable, optional
        Called in the calling thread with each outcome as it comes.
    **options
        Further arguments of :func:`analysis.pipeline.runner.run`, JSON values.

    Returns
    -------
    list of ClientOutcome
        In the order the clients were given; none is missing.
    """
    names = list(dict.fromkeys(clients))
    at_once = min(jobs or machine.clients(), max(1, len(names)))
    share = max(1, machine.cores() // at_once)
    asked = {"root": str((root or project_root()).resolve()), "workers": share, **options}
    outcomes: dict[str, ClientOutcome] = {}

    def tell(outcome: ClientOutcome) -> None:
        outcomes[outcome.client] = outcome
        if on_done is not None:
            on_done(outcome)

    if command is None and options.get("warm", True) and kernels.warm_is_possible():
        forked.run_each(
            work,
            names,
            asked,
            at_once,
            lambda e: tell(_outcome(e.client, e.exit_status, e.seconds, e.answer, e.said)),
        )
    else:
        _run_commands(names, asked, at_once, command or WORKER, tell)
    return [outcomes[name] for name in names]


def _run_commands(
    names: Sequence[str],
    asked: Mapping[str, Any],
    at_once: int,
    command: Sequence[str],
    tell: Callable[[ClientOutcome], object],
) -> None:
    with ThreadPoolExecutor(max_workers=at_once) as pool:
        waiting = [pool.submit(run_client, name, asked, command) for name in names]
        try:
            for future in as_completed(waiting):
                tell(future.result())
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise


def run_clients_on_cluster(
    clients: Iterable[str],
    address: str,
    *,
    root: Path | None = None,
    command: Sequence[str] = WORKER,
    on_done: Callable[[ClientOutcome], object] | None = None,
    **options: Any,
) -> list[ClientOutcome]:
    """Run several clients on a Dask cluster whose workers see the same project folder.

    A run whose worker was killed is done again on another one, up to twice; it resumes at the
    stage that was cut.

    Parameters
    ----------
    clients, root, command, on_done, **options
        As in :func:`run_clients`.
    address : str
        Of the scheduler, e.g. ``tcp://10.0.0.5:8786``.

    Returns
    -------
    list of ClientOutcome
        In the order the clients were given; none is missing.

    Raises
    ------
    ModuleNotFoundError
        Without the extra ``cluster``.
    """
    from distributed import Client
    from distributed import as_completed as as_they_come

    names = list(dict.fromkeys(clients))
    asked = {"root": str((root or project_root()).resolve()), **options}
    outcomes = {}
    with Client(address) as cluster:
        futures = cluster.map(
            run_client,
            names,
            [asked] * len(names),
            [tuple(command)] * len(names),
            retries=2,
            pure=False,
        )
        by_key = {future.key: name for future, name in zip(futures, names, strict=True)}
        for future in as_they_come(futures):
            outcome = _from_cluster(by_key[future.key], future)
            outcomes[outcome.client] = outcome
            if on_done is not None:
                on_done(outcome)
    return [outcomes[name] for name in names]


def _from_cluster(client: str, future: Any) -> ClientOutcome:
    if future.status == "finished":
        return future.result()
    error = future.exception()
    line = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    return ClientOutcome(client=client, state="killed", exit_status=1, seconds=0.0, error=line)


def _last_words(exit_status: int, said: str) -> str:
    if exit_status < 0:
        return f"the process was killed by signal {-exit_status}"
    lines = [line for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else f"the process ended with status {exit_status}"
