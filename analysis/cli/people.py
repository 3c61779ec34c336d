"""Commands about one person: ``person``, ``purge``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from analysis.cli.completion import known_clients
from analysis.cli.ends import speaking_command, told_in_one_line
from analysis.cli.group import main
from analysis.cli.voice import Voice, print_table


@main.command()
@click.argument("client", shell_complete=known_clients)
@click.option("--id", "identifier", prompt="ID", help="Asked for where not given.")
@speaking_command
def person(voice: Voice, client: str, identifier: str) -> None:
    """Show what CLIENT's runs keep of one person.

    The person is named as any export does: staff number, room, phone or name. Says which runs were
    looked at, and how to remove the person.
    """
    from analysis import client as clients
    from analysis import ingest

    with told_in_one_line(voice, client):
        found = ingest.find_person(clients.load(client), identifier)
        if not _tell_kept(voice, client, found):
            sys.exit(1)


@main.command()
@click.argument("client", shell_complete=known_clients)
@click.option("--person", "identifier", metavar="ID", help="As any export writes the person.")
@click.option("--run", "run_id", metavar="RUN", help="Name of the run's folder.")
@click.option("--all", "everything", is_flag=True, help="The client with all that is kept of it.")
@click.option("--keep-exports", is_flag=True, help="List the person's rows in raw/, leave them.")
@click.option("--yes", is_flag=True, help="Remove without asking.")
@speaking_command
def purge(
    voice: Voice,
    client: str,
    identifier: str | None,
    run_id: str | None,
    everything: bool,
    keep_exports: bool,
    yes: bool,
) -> None:
    """Remove a person, a run or all of CLIENT for good.

    Writes a receipt: what went, where, how many rows, and what has to be cleared by hand.
    """
    from analysis import client as clients
    from analysis import ingest, pipeline

    if sum((identifier is not None, run_id is not None, everything)) != 1:
        raise click.UsageError(voice.text("cli.purge.one"))
    with told_in_one_line(voice, client):
        if identifier is not None:
            _tell_kept(voice, client, ingest.find_person(clients.load(client), identifier))
        what = "person" if identifier is not None else "run" if run_id is not None else "all"
        ask = voice.text(f"cli.purge.ask_{what}", client=client, run=run_id or "")
        if not yes and not click.confirm(ask):
            return
        if identifier is not None:
            path, receipt = pipeline.purge_person(client, identifier, exports=not keep_exports)
        elif run_id is not None:
            path, receipt = pipeline.purge_run(client, run_id)
        else:
            path, receipt = pipeline.purge_all(client)
        _tell_receipt(voice, client, path, receipt)
        nothing = identifier is not None and not receipt.removed and not receipt.by_hand
        nobody = nothing and not receipt.earlier
        if nobody:
            voice.say("purge.nobody", err=True, client=client)
        elif nothing:
            voice.say("purge.earlier", path=receipt.earlier)
        if receipt.by_hand or nobody:
            sys.exit(1)


def _tell_kept(voice: Voice, client: str, found: Any) -> bool:
    """Show what is kept of a person and which runs were looked at; False where one could not be."""
    for run in found.looked:
        voice.say(f"person.{run.state}", run=run.run, rows=run.rows)
    if found.kept:
        rows = [(f.table, f.column, str(f.rows), f.pseudonym) for f in found.kept]
        names = ("table", "column", "rows", "pseudonym")
        print_table([voice.text(f"cli.person.{name}") for name in names], rows)
        pseudonyms = ", ".join(dict.fromkeys(row[3] for row in rows))
        voice.say("person.leave_out", client=client, pseudonyms=pseudonyms)
    elif found.everywhere:
        voice.say("person.nothing", client=client)
    if not found.looked:
        voice.say("person.no_run", err=True, client=client)
    elif not found.everywhere:
        voice.say("person.not_everywhere", err=True, client=client)
    return found.everywhere


def _tell_receipt(voice: Voice, client: str, path: Path, receipt: Any) -> None:
    rows = [(r.path, "—" if r.rows is None else str(r.rows)) for r in receipt.removed]
    if rows:
        print_table([voice.text(f"cli.purge.{name}") for name in ("removed", "rows")], rows)
    else:
        voice.say("purge.nothing", client=client)
    if receipt.stale:
        voice.say("purge.stale", client=client, runs=", ".join(receipt.stale))
    for left in receipt.by_hand:
        reason = voice.text(f"cli.purge.why.{left.reason}")
        voice.say("purge.by_hand", err=True, path=left.path, rows=left.rows or "—", reason=reason)
    for place in receipt.outside:
        key = f"cli.purge.outside.{place}"
        known = place in ("systems", "copies", "backups", "shared", "browsers")
        voice.say("purge.outside_one", place=voice.text(key) if known else place)
    voice.say(f"purge.{receipt.state}", client=client, path=path)
