"""Several clients: one process each, on this machine or on a Dask cluster.

A pool of workers loses the whole batch when one of them is killed; a child a client loses that
client only.
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

from analysis.files import project_root
from analysis.pipeline import machine

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
    common: dict[str, Any] = {
        "client": client,
        "exit_status": done.returncode,
        "seconds": round(seconds, 3),
    }
    lines = done.stdout.splitlines()
    if done.returncode not in (0, 1) or not lines or not lines[-1].startswith("{"):
        return ClientOutcome(state="killed", error=_last_words(done), **common)
    answer = json.loads(lines[-1])
    folder = Path(answer["folder"]) if answer["folder"] else None
    return ClientOutcome(
        state=answer["state"],
        folder=folder,
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
    command: Sequence[str] = WORKER,
    on_done: Callable[[ClientOutcome], object] | None = None,
    **options: Any,
) -> list[ClientOutcome]:
    """Run several clients, as many at a time as cores and memory allow.

    Parameters
    ----------
    clients : Iterable[str]
        Folder names under ``data/``; a name given twice is run once.
    jobs : int, optional
        Clients at a time, when another number is wanted.
    root : Path, optional
        Project root.
    command : Sequence[str]
        What is started for each client.
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
    outcomes = {}
    with ThreadPoolExecutor(max_workers=at_once) as pool:
        waiting = [pool.submit(run_client, name, asked, command) for name in names]
        for future in as_completed(waiting):
            outcome = future.result()
            outcomes[outcome.client] = outcome
            if on_done is not None:
                on_done(outcome)
    return [outcomes[name] for name in names]


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


def _last_words(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode < 0:
        return f"the process was killed by signal {-done.returncode}"
    said = [line for line in done.stderr.splitlines() if line.strip()]
    return said[-1] if said else f"the process ended with status {done.returncode}"
