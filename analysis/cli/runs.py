"""Commands that run: ``demo``, ``run``, ``status``, ``prune``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from traceback import format_exception
from typing import Any

import click

from analysis.cli.completion import known_clients, known_stages
from analysis.cli.ends import held_file, speaking_command, tell_unexpected, told_in_one_line
from analysis.cli.group import main
from analysis.cli.places import tell_damaged_history, tell_home, tell_unreadable
from analysis.cli.voice import LANGUAGES, Voice, print_table


@main.command()
@speaking_command
def demo(voice: Voice) -> None:
    """Run everything on a simulated client.

    Writes its exports, locks its plan, runs all stages and prints the page to open.
    """
    from analysis import home, simulation

    with told_in_one_line(voice, "demo"):
        root = tell_home(voice)
        home.put_demo(root)
        home.put_manual(root)
        voice.say("demo.writing", err=True)
        anew = simulation.write_demo(root)
        _lock_demo(voice, anew=anew)
        run_one(voice, "demo")


@main.command()
@click.argument("clients", nargs=-1, required=True, metavar="CLIENT...",
                shell_complete=known_clients)  # fmt: skip
@click.option("--stage", "stages", multiple=True, metavar="STAGE", shell_complete=known_stages,
              help="Run this one and what it reads: design, baseline, monitoring, tracking or "
              "value; repeatable.")  # fmt: skip
@click.option("--force", is_flag=True, help="Run unchanged stages too.")
@click.option("--jobs", type=click.IntRange(min=1), help="Clients at a time; by default as many "
              "as cores and memory allow.")  # fmt: skip
@click.option("--scheduler", metavar="ADDRESS", help="Run the clients on this Dask cluster.")
@click.option("--plain-kernels", is_flag=True, help="Start each notebook's kernel cold.")
@click.option("--cell-timeout", type=click.IntRange(min=1), help="Seconds one cell may take.")
@click.option("--as-of", metavar="DATE", help="Only what was knowable on this day: 2024-09-30.")
@click.option("--pack", type=click.Choice(["week", "month", "quarter", "half-year", "year"]),
              help="Name the short report of the newest such period.")  # fmt: skip
@click.option("--traceback", is_flag=True, help="Show where in the code a failure arose.")
@speaking_command
def run(
    voice: Voice,
    clients: tuple[str, ...],
    stages: tuple[str, ...],
    force: bool,
    jobs: int | None,
    scheduler: str | None,
    plain_kernels: bool,
    cell_timeout: int | None,
    as_of: str | None,
    pack: str | None,
    traceback: bool,
) -> None:
    """Run CLIENTs from their exports to their reports.

    What is unchanged is not run again; a run that was cut goes on where it stopped.
    """
    options = {
        "stages": list(stages) or None,
        "force": force,
        "warm": not plain_kernels,
        "cell_timeout": cell_timeout,
        "values": {"as_of": as_of} if as_of else None,
    }
    with told_in_one_line(voice, clients[0]):
        tell_home(voice)
        if len(clients) == 1 and scheduler is None:
            folder = run_one(voice, clients[0], traceback=traceback, **options)
            if pack is not None:
                _tell_pack(voice, folder, pack)
        elif pack is not None:
            raise click.UsageError(voice.text("cli.run.pack_of_one"))
        else:
            _run_many(voice, clients, jobs, scheduler, options)


@main.command()
@click.argument("client", shell_complete=known_clients)
@speaking_command
def status(voice: Voice, client: str) -> None:
    """Say where CLIENT stands.

    Its newest run step by step, its last complete report, and whether inputs changed since.
    """
    from analysis.pipeline import client_status

    with told_in_one_line(voice, client):
        found = client_status(client)
    tell_unreadable(voice, found)
    tell_damaged_history(voice, client)
    if found.newest is None:
        if not found.unreadable:
            voice.say("status.never", client=client)
        return
    state = voice.text(f"cli.state.{found.newest.state}")
    voice.say("status.newest", run_id=found.newest.run_id, state=state)
    rows = [
        (voice.step(name), voice.text(f"cli.state.{step.state}"), step.error or "")
        for name, step in found.newest.steps.items()
    ]
    print_table([voice.text(f"cli.status.{key}") for key in ("step", "state", "error")], rows)
    if found.latest is None:
        voice.say("status.no_latest")
        return
    voice.say("status.latest", path=found.latest / "index.html")
    if found.inputs_changed:
        voice.say("status.changed")


@main.command()
@click.argument("client", shell_complete=known_clients)
@click.option("--keep", type=click.IntRange(min=1), default=3, show_default=True,
              help="Complete runs to keep.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Remove without asking.")
@speaking_command
def prune(voice: Voice, client: str, keep: int, yes: bool) -> None:
    """Remove old runs of CLIENT, after listing them.

    The last complete report, the newest runs, what a newer version wrote, and the history of
    alerts are kept; exports and the client file are never touched. The files as cleaned and what
    runs remember go too: the next run reads every export and computes everything again.
    """
    from analysis.pipeline import client_status, prunable
    from analysis.pipeline import prune as remove_runs

    with told_in_one_line(voice, client):
        client_status(client)  # refuses a client that does not exist
        gone = prunable(client, keep=keep)
        if not gone:
            voice.say("prune.nothing", client=client)
            return
        rows = [(str(r.folder), voice.text(f"cli.state.{r.state}"), f"{r.size / 1e6:.1f}")
                for r in gone]  # fmt: skip
        print_table([voice.text(f"cli.prune.{name}") for name in ("run", "state", "size")], rows)
        if yes or click.confirm(voice.text("cli.prune.ask", n=len(gone))):
            remove_runs(client, gone)
            voice.say("prune.done", client=client, n=len(gone))


def _lock_demo(voice: Voice, *, anew: bool) -> None:
    """Lock plan and baseline of the simulated client where its world is new."""
    from analysis import client as clients
    from analysis import workspace
    from analysis.workspace.opening import locks

    opened = clients.load("demo")
    if not anew and all(locks.read_lock(opened, kind) for kind in ("plan", "baseline")):
        return
    voice.say("demo.locking", err=True)
    locks.lock_simulated(workspace.open_stage("design", client="demo"))


def _tell_pack(voice: Voice, folder: Path, pack: str) -> None:
    """Name the page of a period that a run wrote; a run without monitoring wrote none."""
    spoken = next(short for short, language in LANGUAGES.items() if language == voice.language)
    path = folder / spoken / f"pack-{pack}.html"
    if not path.is_file():
        voice.say("run.no_pack", err=True)
        sys.exit(1)
    voice.say("run.pack", path=path)


def run_one(voice: Voice, client: str, *, traceback: bool = False, **options: Any) -> Path:
    """Run one client, show its progress, and end with its exit status; return its run folder."""
    from analysis.processes import collect_rarely

    collect_rarely()  # before the imports of a run
    if options.get("warm", True):
        from analysis.files import project_root
        from analysis.pipeline.early import start_server_early

        start_server_early(client, project_root())
    from rich.console import Console

    from analysis.errors import InputError
    from analysis.pipeline import client_status
    from analysis.pipeline import run as run_client
    from analysis.pipeline.progress import TerminalProgress
    from analysis.unexpected import foreseen

    progress = TerminalProgress(voice.text, Console(stderr=True))
    tell_unreadable(voice, client_status(client))
    tell_damaged_history(voice, client)
    result = run_client(client, progress=progress, **options)
    if result.state == "failed":
        if traceback:
            click.echo("".join(format_exception(result.exception)), err=True)
        if isinstance(result.exception, InputError):
            count = len(result.exception.faults)
            voice.say("run.refused", err=True, client=client, count=count)
            voice.say("run.check_hint", err=True, client=client)
            sys.exit(1)
        if result.exception is not None and not foreseen(result.exception):
            tell_unexpected(voice, result.exception)
        step = voice.step(result.failed_step or "")
        held = held_file(result.exception)
        error = result.error if held is None else voice.text("cli.run.held", path=held)
        voice.say("run.failed", err=True, client=client, step=step, error=error)
        if result.partial_notebook is not None:
            voice.say("run.notebook_kept", err=True, path=result.partial_notebook)
        voice.say("run.earlier_kept", err=True)
        if client_status(client).latest is not None:
            voice.say("run.last_intact", err=True)
        sys.exit(1)
    if result.state == "partial":
        voice.say("run.partial", client=client, path=result.index)
    elif not result.executed:
        voice.say("run.unchanged", client=client, path=result.index)
    else:
        voice.say("run.complete", client=client, seconds=result.seconds, path=result.index)
    _tell_chapters(voice, client, result.failed_chapters)
    if result.failed_chapters:
        sys.exit(1)
    return result.folder


def _tell_chapters(voice: Voice, client: str, failed: Mapping[str, str]) -> None:
    """Name the client's own chapters that failed; the run itself is complete."""
    for name, error in failed.items():
        step = voice.step(name)
        voice.say("run.chapter_failed", err=True, client=client, step=step, error=error)


def _run_many(
    voice: Voice,
    clients: tuple[str, ...],
    jobs: int | None,
    scheduler: str | None,
    options: dict[str, Any],
) -> None:
    from analysis.pipeline import ClientOutcome, run_clients, run_clients_on_cluster

    def tell(outcome: ClientOutcome) -> None:
        error = outcome.error
        if outcome.held is not None:
            error = voice.text("cli.run.held", path=outcome.held)
        params = {"client": outcome.client, "seconds": outcome.seconds, "error": error}
        if outcome.step is not None:
            params["step"] = voice.step(outcome.step)
        path = outcome.folder / "index.html" if outcome.folder else None
        before = outcome.state == "failed" and outcome.step is None
        key = "failed_before" if before else outcome.state
        voice.say(f"run.{key}", err=True, path=path, **params)
        _tell_chapters(voice, outcome.client, outcome.failed_chapters)

    if scheduler is None:
        outcomes = run_clients(clients, jobs=jobs, on_done=tell, **options)
    else:
        try:
            outcomes = run_clients_on_cluster(clients, scheduler, on_done=tell, **options)
        except ModuleNotFoundError as error:
            if error.name != "distributed":
                raise
            raise click.UsageError(voice.text("cli.cluster.missing")) from error
    print_table(
        [voice.text(f"cli.batch.{key}") for key in ("client", "state", "seconds", "where")],
        [
            (
                outcome.client,
                voice.text(f"cli.state.{outcome.state}"),
                f"{outcome.seconds:.1f}",
                str(outcome.folder / "index.html")
                if outcome.ok and outcome.folder
                else outcome.error,
            )
            for outcome in outcomes
        ],
    )
    if not all(outcome.ok and not outcome.failed_chapters for outcome in outcomes):
        sys.exit(1)
