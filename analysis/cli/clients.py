"""Commands that prepare a client: ``new``, ``add``, ``check``, ``lock``, ``draw``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from analysis import standards
from analysis.cli.completion import known_clients
from analysis.cli.ends import speaking_command, told_in_one_line
from analysis.cli.faults import list_faults
from analysis.cli.group import main
from analysis.cli.outlook import (
    tell_detectable,
    tell_missing,
    tell_open,
    tell_outlook,
    tell_programme,
)
from analysis.cli.places import tell_damaged_history, tell_home
from analysis.cli.voice import Voice
from analysis.settings import TRAINING, WITHOUT_ROLLOUT

SETS = standards.set_names()
PROGRAMMES = (TRAINING, *WITHOUT_ROLLOUT)
_USUAL_SETS = {"appraisal": "service_appraisal", "service": "crm_process"}
"""Set of standards that a programme starts from where no other is named."""


@main.command()
@click.argument("client")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--standards", "held_to", type=click.Choice(SETS),
              help="What it is held to; asked for at a terminal, else evaluation.")  # fmt: skip
@click.option("--programme", type=click.Choice(PROGRAMMES),
              help="What is evaluated; asked for at a terminal, else training.")  # fmt: skip
@speaking_command
def new(
    voice: Voice,
    client: str,
    files: tuple[Path, ...],
    held_to: str | None,
    programme: str | None,
) -> None:
    """Propose a client file from a client's exports.

    FILES are exports or folders of them. They are copied to data/CLIENT/raw; the files of a
    folder keep their place in it.
    """
    from analysis import home, ingest
    from analysis.workspace.inputs import detectable

    with told_in_one_line(voice, client):
        root = tell_home(voice)
        kind = programme or (_ask_programme(voice) if _at_a_terminal() else TRAINING)
        usual = _USUAL_SETS.get(kind, standards.DEFAULT)
        asked = held_to or (_ask_standards(voice, usual) if _at_a_terminal() else usual)
        words = lambda key: voice.text(f"proposal.{key}")  # noqa: E731
        written = ingest.new_client(client, files, words, standards=asked, programme=kind)
        home.put_manual(root)
        voice.say("new.written", path=written, client=client)
        if kind == TRAINING:
            tell_detectable(voice, detectable.of_proposal(written))


def _at_a_terminal() -> bool:
    """Whether somebody can answer."""
    return sys.stdin.isatty()


def _ask_programme(voice: Voice) -> str:
    """Ask at the terminal what is evaluated."""
    voice.say("new.programme")
    for name in PROGRAMMES:
        click.echo(f"  {name}: {voice.text(f'cli.programme.{name}')}")
    prompt = voice.text("cli.new.which_programme")
    known = click.Choice(PROGRAMMES)
    return str(click.prompt(prompt, type=known, default=TRAINING, show_choices=False))


def _ask_standards(voice: Voice, usual: str) -> str:
    """Ask at the terminal which set of standards a new client starts from."""
    voice.say("new.standards")
    for name, written in standards.ready_made().items():
        click.echo(f"  {name}: {written['title'][voice.language]}")
    prompt = voice.text("cli.new.which")
    known = click.Choice(SETS)
    return str(click.prompt(prompt, type=known, default=usual, show_choices=False))


@main.command()
@click.argument("client", shell_complete=known_clients)
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@speaking_command
def add(voice: Voice, client: str, files: tuple[Path, ...]) -> None:
    """Take further exports of CLIENT.

    They are copied to data/CLIENT/raw, and what they need is added to the client file; nothing
    that stands there is changed.
    """
    from analysis import ingest

    with told_in_one_line(voice, client):
        added = ingest.add_exports(client, files, lambda key: voice.text(f"proposal.{key}"))
        for part in ("matched", "joined", "proposed"):
            if names := getattr(added, part):
                voice.say(f"add.{part}", names=", ".join(names), path=added.path)
        voice.say("add.next", client=client)


@main.command()
@click.argument("client", shell_complete=known_clients)
@click.option("--contradictions", is_flag=True, help="Show the open contradictions, with readings.")
@speaking_command
def check(voice: Voice, client: str, contradictions: bool) -> None:
    """List every fault of CLIENT's files and how to mend it.

    Each with file, sheet, row, column, the rule and a correct example; nothing is written.
    Without faults it says which outcomes the exports give.
    """
    from analysis import client as clients
    from analysis import history, ingest, workspace
    from analysis.errors import InputError

    with told_in_one_line(voice, client):
        try:
            opened = clients.load(client)
        except InputError as error:
            part = clients.load_in_part(client)
            list_faults(voice, client, (*error.faults, *ingest.examine_in_part(part)))
            if part.left_out:
                voice.say("check.left_out", names=", ".join(dict.fromkeys(part.left_out)))
            sys.exit(1)
        examined = ingest.examine(opened)
        found = tuple(examined.faults)
        if any((opened.folder / name).is_file() for name in history.SHEETS):
            found += tuple(workspace.decision_faults(opened.folder))
        blocked = any(fault.blocking for fault in found)
        list_faults(voice, client, found)
        tell_damaged_history(voice, opened.id)
        tell_programme(voice, opened)
        trained = opened.programme == TRAINING
        if not blocked:
            ahead = workspace.look_ahead(opened, examined.frames)
            tell_outlook(voice, ahead, trained=trained)
            if trained:
                from analysis.workspace.inputs import detectable

                least = detectable.of_tables(opened, examined.frames, panel=ahead.panel)
                tell_detectable(voice, least)
        tell_missing(voice, opened)
        if trained:  # the contradictions are between requirements of a training
            tell_open(voice, opened, listed=contradictions)
        if blocked:
            sys.exit(1)


@main.command()
@click.argument("client", shell_complete=known_clients)
@click.argument("what", type=click.Choice(["plan", "baseline"]))
@click.option("--again", metavar="REASON", default="", help="Lock anew, and why; both are kept.")
@click.option("--by", metavar="NAME", default="", help="Who locks; default: the account's name.")
@speaking_command
def lock(voice: Voice, client: str, what: Literal["plan", "baseline"], again: str, by: str) -> None:
    """Lock CLIENT's plan or baseline before results are seen.

    Every later report says whether it was kept, or lists what was changed.
    """
    from analysis import workspace
    from analysis.workspace.inputs import detectable
    from analysis.workspace.opening import locks

    with told_in_one_line(voice, client):
        stage = workspace.open_stage("design", client=client)
        made = locks.make_lock(stage, what, again=again, by=by)
        path = locks.lock_path(stage.client, what)
        voice.say(f"lock.{what}", path=path, hash=made.current.hash[:12])
        if what == "plan":
            tell_detectable(voice, detectable.of_stage(stage))
        tell_open(voice, stage.client)


@main.command()
@click.argument("client", shell_complete=known_clients)
@click.option("--waves", type=click.IntRange(min=1), default=2, show_default=True,
              help="Number of training waves.")  # fmt: skip
@click.option("--comparison", type=click.FloatRange(0, 1, True, True), default=1 / 3,
              help="Share of sites never trained; default: a third.")  # fmt: skip
@click.option("--seed", type=int, required=True, help="E.g. a number drawn before witnesses.")
@speaking_command
def draw(voice: Voice, client: str, waves: int, comparison: float, seed: int) -> None:
    """Draw by lot which sites are trained when.

    The draw of CLIENT's waves is written with an audit. Lots are drawn within kinds of property
    until the households of the groups are balanced.
    """
    from analysis import workspace
    from analysis.workspace.opening import locks

    with told_in_one_line(voice, client):
        stage = workspace.open_stage("design", client=client)
        path, audit = locks.draw_waves(stage, waves=waves, share=comparison, seed=seed)
        key = "draw.balanced" if audit["accepted"] else "draw.unbalanced"
        voice.say(key, path=path, draws=audit["draws"], hash=audit["draw_hash"][:12])
