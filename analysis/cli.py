"""``crmeval``: the command line a consultant uses.

Only :mod:`click` is imported at the top, so that ``crmeval --help`` answers at once.
"""

from __future__ import annotations

import functools
import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from traceback import format_exception
from typing import Any

import click

# Builds parsers at import, 1.7 s, for a check of notebook metadata nobody needs.
sys.modules.setdefault("rfc3987_syntax", None)

LANGUAGES = {"zh": "zh_CN", "en": "en"}
INTERRUPTED = 130


class Voice:
    """Speaks the wording catalogue's section ``cli`` to a terminal."""

    def __init__(self, language: str) -> None:
        self.language = language

    def text(self, key: str, **params: Any) -> str:
        """Return a sentence by its full key."""
        from analysis import wording

        plain = {name: str(v) if isinstance(v, Path) else v for name, v in params.items()}
        return wording.text(key, self.language, **plain)

    def title(self, indicator: str) -> str:
        """Return what an indicator is called."""
        from analysis import wording

        return wording.indicator_title(indicator, self.language)

    def size(self, value: float, unit: str) -> str:
        """Return the size of a difference with its unit."""
        from analysis import wording

        return wording.format_value(value, "size", self.language, unit=unit)

    def chance(self, value: float) -> str:
        """Write a probability."""
        from analysis import wording

        return wording.format_value(value, "chance", self.language)

    def say(self, key: str, *, err: bool = False, **params: Any) -> None:
        """Print the sentence ``cli.<key>``."""
        click.echo(self.text(f"cli.{key}", **params), err=err)


def _start_in_utf8() -> None:
    """Start anew in UTF-8 mode where the locale's encoding, e.g. GBK, cannot name every file.

    What is printed stays in the encoding of the terminal.
    """
    if os.name != "posix" or sys.getfilesystemencoding() == "utf-8":
        return
    import locale

    environment = {**os.environ}
    encoding = locale.getpreferredencoding(False)
    environment.setdefault("PYTHONIOENCODING", f"{encoding}:backslashreplace")
    arguments = [sys.executable, "-X", "utf8", *sys.orig_argv[1:]]
    os.execve(sys.executable, arguments, environment)


def _held(error: BaseException | None) -> Path | None:
    """Return the file that another program keeps from being read or replaced, if that is it."""
    from analysis.errors import FileInUseError

    if isinstance(error, FileInUseError):
        return error.path
    if os.name == "nt" and isinstance(error, PermissionError) and error.filename:
        path = Path(os.fsdecode(error.filename))
        return path if path.is_file() else None
    return None


@contextmanager
def told_in_one_line(voice: Voice, client: str | None = None) -> Iterator[None]:
    """Turn this project's errors into messages and exit statuses."""
    from analysis.errors import EvaluationError, InputError, TooEarlyError

    try:
        yield
    except InputError as error:
        _list_faults(voice, client or "", error.faults)
        sys.exit(1)
    except TooEarlyError as error:
        voice.say("run.too_early", err=True, day=error.day, first=error.first, least=error.least)
        sys.exit(1)
    except EvaluationError as error:
        if (path := _held(error)) is not None:
            voice.say("run.held", err=True, path=path)
        else:
            click.echo(str(error), err=True)
        sys.exit(1)
    except BrokenPipeError:
        raise  # whoever read our output has had enough
    except OSError as error:
        if (path := _held(error)) is not None:
            voice.say("run.held", err=True, path=path)
        else:
            reason = error.strerror or str(error)
            voice.say("run.disk", err=True, path=error.filename or "—", reason=reason)
        sys.exit(1)
    except KeyboardInterrupt:
        voice.say("run.interrupted", err=True)
        sys.exit(INTERRUPTED)
    except MemoryError:
        voice.say("run.memory", err=True)
        sys.exit(1)
    except Exception as error:
        if isinstance(error, click.ClickException | click.exceptions.Exit | click.Abort):
            raise
        _tell_unexpected(voice, error)
        sys.exit(1)


def _tell_unexpected(voice: Voice, error: BaseException) -> None:
    """Say in one line what nobody foresaw, and keep a file for whoever mends it."""
    from analysis import unexpected
    from analysis.errors import RunError
    from analysis.files import project_root

    try:
        root = project_root()
    except RunError:
        root = None
    context = click.get_current_context(silent=True)
    path = unexpected.keep(error, root, "" if context is None else context.command_path)
    voice.say("run.unexpected", err=True, error=unexpected.in_one_line(error), path=path)


def _speaking(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command its ``Voice``, and ``--lang`` after its name as well as before it."""

    @click.option("--lang", type=click.Choice(list(LANGUAGES)), help="Language of messages.")
    @click.pass_obj
    @functools.wraps(command)
    def speaking(voice: Voice, *args: Any, lang: str | None, **kwargs: Any) -> None:
        spoken = Voice(LANGUAGES[lang]) if lang else voice
        with told_in_one_line(spoken):
            command(spoken, *args, **kwargs)

    return speaking


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--lang", type=click.Choice(list(LANGUAGES)), help="Language of messages; default: the locale."
)
@click.version_option(package_name="crmeval")
@click.pass_context
def main(context: click.Context, lang: str | None) -> None:
    """Did the CRM training work? From a client's exports to reports that say so.

    crmeval demo runs everything on a simulated client.
    """
    _start_in_utf8()
    for stream in (sys.stdout, sys.stderr):
        # A terminal or pipe of another encoding shows escapes, where it would end the command.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    from analysis import wording

    context.obj = Voice(LANGUAGES[lang] if lang else wording.language_of_session())


@main.command()
@_speaking
def demo(voice: Voice) -> None:
    """Run everything on a simulated client.

    Writes its exports, locks its plan, runs all stages and prints the page to open.
    """
    from analysis import home, simulation

    with told_in_one_line(voice, "demo"):
        root = _tell_home(voice)
        home.put_demo(root)
        home.put_manual(root)
        voice.say("demo.writing", err=True)
        anew = simulation.write_demo(root)
        _lock_demo(voice, anew=anew)
        _run_one(voice, "demo")


def _lock_demo(voice: Voice, *, anew: bool) -> None:
    """Lock plan and baseline of the simulated client where its world is new."""
    from analysis import client as clients
    from analysis import workspace
    from analysis.workspace import locks

    opened = clients.load("demo")
    if not anew and all(locks.read_lock(opened, kind) for kind in ("plan", "baseline")):
        return
    voice.say("demo.locking", err=True)
    locks.lock_simulated(workspace.open_stage("design", client="demo"))


@main.command()
@click.argument("client")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@_speaking
def new(voice: Voice, client: str, files: tuple[Path, ...]) -> None:
    """Propose a client file from a client's exports.

    FILES are exports or folders of them. They are copied to data/CLIENT/raw; the files of a
    folder keep their place in it.
    """
    from analysis import home, ingest
    from analysis.workspace import detectable

    with told_in_one_line(voice, client):
        root = _tell_home(voice)
        written = ingest.new_client(client, files, lambda key: voice.text(f"proposal.{key}"))
        home.put_manual(root)
        voice.say("new.written", path=written, client=client)
        _tell_detectable(voice, detectable.of_proposal(written))


@main.command()
@click.argument("client")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@_speaking
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
@click.argument("client")
@click.option("--contradictions", is_flag=True, help="Show the open contradictions, with readings.")
@_speaking
def check(voice: Voice, client: str, contradictions: bool) -> None:
    """List every fault of CLIENT's files and how to mend it.

    Each with file, sheet, row, column, the rule and a correct example; nothing is written.
    Without faults it says which outcomes the exports give.
    """
    from analysis import client as clients
    from analysis import ingest, workspace
    from analysis.errors import InputError

    with told_in_one_line(voice, client):
        try:
            opened = clients.load(client)
        except InputError as error:
            part = clients.load_in_part(client)
            _list_faults(voice, client, (*error.faults, *ingest.examine_in_part(part)))
            if part.left_out:
                voice.say("check.left_out", names=", ".join(dict.fromkeys(part.left_out)))
            sys.exit(1)
        examined = ingest.examine(opened)
        found = (*examined.faults, *workspace.decision_faults(opened.folder))
        blocked = any(fault.blocking for fault in found)
        _list_faults(voice, client, found)
        _tell_damaged_history(voice, opened.id)
        if not blocked:
            _tell_outlook(voice, workspace.look_ahead(opened, examined.frames))
            _tell_detectable(voice, workspace.detectable.of_tables(opened, examined.frames))
        _tell_missing(voice, opened)
        _tell_open(voice, opened, listed=contradictions)
        if blocked:
            sys.exit(1)


@main.command()
@click.argument("clients", nargs=-1, required=True, metavar="CLIENT...")
@click.option("--stage", "stages", multiple=True, metavar="STAGE", help="Run up to this one only: "
              "design, baseline, monitoring, tracking or value; repeatable.")  # fmt: skip
@click.option("--force", is_flag=True, help="Run unchanged stages too.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, help="Clients at a time.")
@click.option("--scheduler", metavar="ADDRESS", help="Run the clients on this Dask cluster.")
@click.option("--plain-kernels", is_flag=True, help="Start each notebook's kernel cold.")
@click.option("--cell-timeout", type=click.IntRange(min=1), help="Seconds one cell may take.")
@click.option("--as-of", metavar="DATE", help="Only what was knowable on this day: 2024-09-30.")
@click.option("--traceback", is_flag=True, help="Show where in the code a failure arose.")
@_speaking
def run(
    voice: Voice,
    clients: tuple[str, ...],
    stages: tuple[str, ...],
    force: bool,
    jobs: int,
    scheduler: str | None,
    plain_kernels: bool,
    cell_timeout: int | None,
    as_of: str | None,
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
        _tell_home(voice)
        if len(clients) == 1 and scheduler is None:
            _run_one(voice, clients[0], traceback=traceback, **options)
        else:
            _run_many(voice, clients, jobs, scheduler, options)


@main.command()
@click.argument("client")
@click.argument("what", type=click.Choice(["plan", "baseline"]))
@click.option("--again", metavar="REASON", default="", help="Lock anew, and why; both are kept.")
@click.option("--by", metavar="NAME", default="", help="Who locks; default: the account's name.")
@_speaking
def lock(voice: Voice, client: str, what: str, again: str, by: str) -> None:
    """Lock CLIENT's plan or baseline before results are seen.

    Every later report says whether it was kept, or lists what was changed.
    """
    from analysis import workspace
    from analysis.workspace import locks

    with told_in_one_line(voice, client):
        stage = workspace.open_stage("design", client=client)
        made = locks.make_lock(stage, what, again=again, by=by)
        path = locks.lock_path(stage.client, what)
        voice.say(f"lock.{what}", path=path, hash=made.current.hash[:12])
        if what == "plan":
            _tell_detectable(voice, workspace.detectable.of_stage(stage))
        _tell_open(voice, stage.client)


@main.command()
@click.argument("client")
@click.option("--waves", type=click.IntRange(min=1), default=2, show_default=True,
              help="Number of training waves.")  # fmt: skip
@click.option("--comparison", type=click.FloatRange(0, 1, True, True), default=1 / 3,
              help="Share of sites never trained; default: a third.")  # fmt: skip
@click.option("--seed", type=int, required=True, help="E.g. a number drawn before witnesses.")
@_speaking
def draw(voice: Voice, client: str, waves: int, comparison: float, seed: int) -> None:
    """Draw by lot which sites are trained when.

    The draw of CLIENT's waves is written with an audit. Lots are drawn within kinds of property
    until the households of the groups are balanced.
    """
    from analysis import workspace
    from analysis.workspace import locks

    with told_in_one_line(voice, client):
        stage = workspace.open_stage("design", client=client)
        path, audit = locks.draw_waves(stage, waves=waves, share=comparison, seed=seed)
        key = "draw.balanced" if audit["accepted"] else "draw.unbalanced"
        voice.say(key, path=path, draws=audit["draws"], hash=audit["draw_hash"][:12])


def _tell_home(voice: Voice) -> Path:
    """Name the project folder where it is not the clone one works in, and warn of a long path."""
    from analysis.file_names import LONGEST_HOME
    from analysis.files import clone, project_root

    root = project_root()
    if clone() is None:
        voice.say("home.used", err=True, path=root)
    if os.name == "nt" and len(str(root)) > LONGEST_HOME:
        length = len(str(root))
        voice.say("home.long", err=True, path=root, length=length, longest=LONGEST_HOME)
    return root


def _tell_missing(voice: Voice, opened: Any) -> None:
    """Name the tables that nothing feeds; without waves no effect can be estimated."""
    from analysis.tables import TABLES

    missing = [table for table in TABLES if not opened.sources_of(table)]
    missing = [table for table in missing if table != "instruments"]  # a section of its own
    if missing:
        voice.say("check.not_fed", tables=", ".join(missing))
    if "waves" in missing:
        voice.say("check.no_waves")


_MOST_NAMED = 8
"""Sites that a line of the check names; the others are counted."""


def _tell_outlook(voice: Voice, outlook: Any) -> None:
    """Say which outcomes can be measured, and whether training and measurement meet."""
    from analysis.tables import month_of

    def title(name: str) -> str:
        return f"{voice.title(name)} ({name})"

    if not outlook.measured:
        voice.say("check.no_outcome")
    else:
        voice.say("check.outcomes")
    for name, (first, last, sites) in outlook.measured.items():
        months = {"first": f"{month_of(first):%Y-%m}", "last": f"{month_of(last):%Y-%m}"}
        words = voice.text("cli.check.outcome", title=title(name), sites=sites, **months)
        click.echo(f"   {words}")
    others = [name for name in outlook.measured if name != outlook.primary]
    for name, lacking in outlook.lacking.items():
        key = "primary" if name == outlook.primary else "named"
        why = "lacking" if lacking else "no_rows"
        voice.say(f"check.{key}_{why}", title=title(name), lacking=", ".join(lacking))
        if name == outlook.primary and others:
            voice.say("check.choose_primary", other=others[0])
    first, last, _ = outlook.measured.get(outlook.primary, (None, None, None))
    for place, month in (("early", first), ("late", last), ("unmeasured", last)):
        if sites := getattr(outlook, place):
            words = _sites_named(voice, sites)
            when = f"{month_of(month):%Y-%m}"
            voice.say(f"check.{place}", sites=words, month=when, title=title(outlook.primary))
    if not outlook.trained and not outlook.listed:
        return  # without waves; told with the tables that nothing feeds
    if not outlook.trained:
        voice.say("check.none_trained")
    elif outlook.unlisted:
        key = "unlisted" if outlook.listed else "only_trained"
        voice.say(f"check.{key}", sites=_sites_named(voice, outlook.unlisted))
    elif not outlook.listed:
        key = "all_trained_in_waves" if outlook.n_waves > 1 else "all_trained_at_once"
        voice.say(f"check.{key}", count=len(outlook.trained), waves=outlook.n_waves)


def _tell_detectable(voice: Voice, found: Any) -> None:
    """Show the smallest effect that can be found, by what leads, or say what is lacking."""
    if found.table is None:
        places = ", ".join(found.places[:_MOST_NAMED])
        more = len(found.places) - _MOST_NAMED
        if more > 0:
            places = voice.text("cli.detectable.places_more", shown=places, more=more)
        why = voice.text(found.reason, places=places)
        voice.say("detectable.lacking", reason=why)
        return
    voice.say(
        "detectable.table", title=voice.title(found.indicator), alpha=found.alpha, power=found.power
    )
    columns = ("estimator", "mde", "ratio", "power", "leads")
    _print_table(
        [voice.text(f"design.column.{column}") for column in columns],
        [
            (
                voice.text(f"design.estimator.{row.estimator}"),
                "—" if math.isnan(row.mde) else voice.size(row.mde, found.unit),
                "—" if math.isnan(row.ratio) else f"{row.ratio:.0%}",
                voice.chance(row.power),
                voice.text(f"design.lead.{str(bool(row.leads)).lower()}"),
            )
            for row in found.table.itertuples()
        ],
    )


def _sites_named(voice: Voice, sites: tuple[str, ...]) -> str:
    """Return sites as a sentence names them: how many, and the first of them."""
    shown = ", ".join(sites[:_MOST_NAMED])
    more = len(sites) - _MOST_NAMED
    key = "sites_more" if more > 0 else "sites"
    return voice.text(f"cli.check.{key}", count=len(sites), shown=shown, more=more)


def _tell_open(voice: Voice, opened: Any, *, listed: bool = False) -> None:
    """Count the contradictions between requirements that the client has not decided.

    ``listed`` shows each with the readings to choose from.
    """
    from analysis.client.readings import READINGS

    still_open = [id for id in READINGS if id not in opened.choices]
    if not still_open:
        return
    voice.say("check.open" if listed else "check.open_folded",
              count=len(still_open), client=opened.id)  # fmt: skip
    for id in still_open if listed else ():
        question = voice.text(f"design.conflicts.{id}.question")
        click.echo(f"   {id}  {question}: {' | '.join(READINGS[id].readings)}")


@main.command()
@click.argument("client")
@_speaking
def status(voice: Voice, client: str) -> None:
    """Say where CLIENT stands.

    Its newest run step by step, its last complete report, and whether inputs changed since.
    """
    from analysis.pipeline import client_status

    with told_in_one_line(voice, client):
        found = client_status(client)
    _tell_unreadable(voice, found)
    _tell_damaged_history(voice, client)
    if found.newest is None:
        if not found.unreadable:
            voice.say("status.never", client=client)
        return
    state = voice.text(f"cli.state.{found.newest.state}")
    voice.say("status.newest", run_id=found.newest.run_id, state=state)
    rows = [
        (voice.text(f"cli.step.{name}"), voice.text(f"cli.state.{step.state}"), step.error or "")
        for name, step in found.newest.steps.items()
    ]
    _print_table([voice.text(f"cli.status.{key}") for key in ("step", "state", "error")], rows)
    if found.latest is None:
        voice.say("status.no_latest")
        return
    voice.say("status.latest", path=found.latest / "index.html")
    if found.inputs_changed:
        voice.say("status.changed")


def _tell_damaged_history(voice: Voice, client: str) -> None:
    """Name the kept alerts of earlier runs that cannot be read."""
    from analysis import history
    from analysis.files import project_root

    if not history.days(project_root(), client):
        return
    from analysis import workspace  # heavy

    for error in workspace.damaged_history(client):
        voice.say("status.history_damaged", err=True, path=error.path)


def _tell_unreadable(voice: Voice, found: Any) -> None:
    """Name the runs that are passed over because their manifest cannot be read."""
    for error in found.unreadable:
        key = "newer" if error.newer else "damaged"
        voice.say(f"status.{key}", err=True, client=found.client, path=error.path)


@main.command()
@click.argument("client")
@click.option("--keep", type=click.IntRange(min=1), default=3, show_default=True,
              help="Complete runs to keep.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Remove without asking.")
@_speaking
def prune(voice: Voice, client: str, keep: int, yes: bool) -> None:
    """Remove old runs of CLIENT, after listing them.

    The last complete report, the newest runs, what a newer version wrote, and the history of
    alerts are kept; exports and the client file are never touched. The files as cleaned go too:
    the next run reads every export again.
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
        _print_table([voice.text(f"cli.prune.{name}") for name in ("run", "state", "size")], rows)
        if yes or click.confirm(voice.text("cli.prune.ask", n=len(gone))):
            remove_runs(client, gone)
            voice.say("prune.done", client=client, n=len(gone))


@main.command()
@click.argument("client")
@click.option("--id", "identifier", prompt="ID", help="Asked for where not given.")
@_speaking
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


def _tell_kept(voice: Voice, client: str, found: Any) -> bool:
    """Show what is kept of a person and which runs were looked at; False where one could not be."""
    for run in found.looked:
        voice.say(f"person.{run.state}", run=run.run, rows=run.rows)
    if found.kept:
        rows = [(f.table, f.column, str(f.rows), f.pseudonym) for f in found.kept]
        names = ("table", "column", "rows", "pseudonym")
        _print_table([voice.text(f"cli.person.{name}") for name in names], rows)
        pseudonyms = ", ".join(dict.fromkeys(row[3] for row in rows))
        voice.say("person.leave_out", client=client, pseudonyms=pseudonyms)
    elif found.everywhere:
        voice.say("person.nothing", client=client)
    if not found.looked:
        voice.say("person.no_run", err=True, client=client)
    elif not found.everywhere:
        voice.say("person.not_everywhere", err=True, client=client)
    return found.everywhere


@main.command()
@click.argument("client")
@click.option("--person", "identifier", metavar="ID", help="As any export writes the person.")
@click.option("--run", "run_id", metavar="RUN", help="Name of the run's folder.")
@click.option("--all", "everything", is_flag=True, help="The client with all that is kept of it.")
@click.option("--keep-exports", is_flag=True, help="List the person's rows in raw/, leave them.")
@click.option("--yes", is_flag=True, help="Remove without asking.")
@_speaking
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


def _tell_receipt(voice: Voice, client: str, path: Path, receipt: Any) -> None:
    rows = [(r.path, "—" if r.rows is None else str(r.rows)) for r in receipt.removed]
    if rows:
        _print_table([voice.text(f"cli.purge.{name}") for name in ("removed", "rows")], rows)
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


@main.command()
@_speaking
def portfolio(voice: Voice) -> None:
    """Write the page that shows all clients side by side."""
    from analysis import report
    from analysis.files import project_root

    with told_in_one_line(voice):
        voice.say("portfolio.written", path=report.portfolio(project_root()))


@main.command()
@click.argument("client")
@_speaking
def pdf(voice: Voice, client: str) -> None:
    """Print the pages of CLIENT's latest run as PDF.

    By the machine's Chromium.
    """
    from analysis import report
    from analysis.pipeline import client_status

    with told_in_one_line(voice, client):
        latest = client_status(client).latest
        if latest is None:
            voice.say("status.no_latest", err=True)
            sys.exit(1)
        printed = report.print_pages(latest)
        voice.say("pdf.printed", n=len(printed), path=latest)


@main.command()
@click.argument("client")
@click.option("--to", "target", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="The archive; default: CLIENT.zip in the working folder.")  # fmt: skip
@_speaking
def share(voice: Voice, client: str, target: Path | None) -> None:
    """Pack what of CLIENT may be passed on.

    Pages, tables and PDFs of the latest run in one archive; never people's rows, exports, notebooks
    or sheets of decisions. Refused where one of them shows what looks like a direct identifier.
    """
    from analysis import report
    from analysis.pipeline import client_status

    with told_in_one_line(voice, client):
        latest = client_status(client).latest
        if latest is None:
            voice.say("status.no_latest", err=True)
            sys.exit(1)
        made = report.share(latest, (target or Path(f"{client}.zip")).absolute())
        voice.say("share.written", path=made.path, n=len(made.files))


@main.command()
@click.argument("client")
@_speaking
def forms(voice: Voice, client: str) -> None:
    """Draft the forms that the law on personal information asks for.

    Impact assessment, log of incidents and record of access by third parties of CLIENT, as Word
    documents in both languages; those that are there already are kept.
    """
    from analysis import client as clients
    from analysis import report
    from analysis.files import project_root

    with told_in_one_line(voice, client):
        folder = project_root() / "reports" / client / report.FORMS_FOLDER
        written = report.write_forms(clients.load(client), folder)
        voice.say("forms.written" if written else "forms.kept", n=len(written), path=folder)


def _run_one(voice: Voice, client: str, *, traceback: bool = False, **options: Any) -> None:
    from rich.console import Console

    from analysis.errors import InputError
    from analysis.pipeline import client_status
    from analysis.pipeline import run as run_client
    from analysis.pipeline.progress import TerminalProgress
    from analysis.unexpected import foreseen

    progress = TerminalProgress(voice.text, Console(stderr=True))
    _tell_unreadable(voice, client_status(client))
    _tell_damaged_history(voice, client)
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
            _tell_unexpected(voice, result.exception)
        step = voice.text(f"cli.step.{result.failed_step}")
        held = _held(result.exception)
        error = result.error if held is None else voice.text("cli.run.held", path=held)
        voice.say("run.failed", err=True, client=client, step=step, error=error)
        if result.partial_notebook is not None:
            voice.say("run.notebook_kept", err=True, path=result.partial_notebook)
        voice.say("run.earlier_kept", err=True)
        if client_status(client).latest is not None:
            voice.say("run.last_intact", err=True)
        sys.exit(1)
    if result.state == "partial":
        voice.say("run.partial", client=client, path=result.folder)
    elif not result.executed:
        voice.say("run.unchanged", client=client, path=result.index)
    else:
        voice.say("run.complete", client=client, seconds=result.seconds, path=result.index)


def _run_many(
    voice: Voice,
    clients: tuple[str, ...],
    jobs: int,
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
            params["step"] = voice.text(f"cli.step.{outcome.step}")
        path = outcome.folder / "index.html" if outcome.folder else None
        before = outcome.state == "failed" and outcome.step is None
        key = "failed_before" if before else outcome.state
        voice.say(f"run.{key}", err=True, path=path, **params)

    if scheduler is None:
        outcomes = run_clients(clients, jobs=jobs, on_done=tell, **options)
    else:
        try:
            outcomes = run_clients_on_cluster(clients, scheduler, on_done=tell, **options)
        except ModuleNotFoundError as error:
            if error.name != "distributed":
                raise
            raise click.UsageError(voice.text("cli.cluster.missing")) from error
    _print_table(
        [voice.text(f"cli.batch.{key}") for key in ("client", "state", "seconds", "where")],
        [
            (
                outcome.client,
                voice.text(f"cli.state.{outcome.state}"),
                f"{outcome.seconds:.1f}",
                str(outcome.folder / "index.html") if outcome.ok else outcome.error,
            )
            for outcome in outcomes
        ],
    )
    if not all(outcome.ok for outcome in outcomes):
        sys.exit(1)


def _list_faults(voice: Voice, client: str, faults: Any) -> None:
    from analysis import wording
    from analysis.errors import by_kind

    kinds = by_kind(faults)
    for number, kind in enumerate(kinds, start=1):
        fault = kind.faults[0]
        rows = _rows(voice, fault)
        place = " / ".join(part for part in (fault.file, fault.sheet, rows, fault.column) if part)
        value = f" [{fault.value}]" if fault.value is not None else ""
        note = "" if fault.blocking else " " + voice.text("cli.check.advisory")
        example = wording.fault_example(fault, voice.language)
        sentence = wording.fault_sentence(fault, voice.language)
        click.echo(f"{number}. {place}{value}{note}")
        click.echo(f"   {sentence} ({fault.rule})")
        click.echo(f"   {voice.text('cli.check.example', example=example)}")
        if len(kind.faults) > 1:
            click.echo(f"   {_others(voice, kind)}")
    if not faults:
        voice.say("check.clean", client=client)
        return
    blocking = sum(kind.faults[0].blocking for kind in kinds)
    voice.say("check.found", client=client, count=len(kinds), blocking=blocking)


_LISTED_ROWS = 20
"""Further rows of a kind of fault that are listed; the rest is counted."""


def _others(voice: Voice, kind: Any) -> str:
    """Return where else a kind of fault stands, with each cell, and how often in all."""
    shown = kind.faults[1 : _LISTED_ROWS + 1]
    places = [
        f"{_rows(voice, fault) or ''}{'' if fault.value is None else f' [{fault.value}]'}".strip()
        for fault in shown
    ]
    listed = sum(1 + fault.more_rows for fault in kind.faults[: len(shown) + 1])
    places = ", ".join(place for place in places if place)
    if kind.rows > listed:
        return voice.text("cli.check.also_more", places=places, more=kind.rows - listed)
    return voice.text("cli.check.also", places=places)


def _rows(voice: Voice, fault: Any) -> str | None:
    """Return the row of a fault, and how many more are told with it."""
    if fault.row is None or not fault.more_rows:
        return None if fault.row is None else voice.text("cli.check.row", row=fault.row)
    key = "rows_of_files" if fault.more_files else "rows"
    counts = {"more": fault.more_rows, "files": fault.more_files}
    return voice.text(f"cli.check.{key}", row=fault.row, **counts)


def _print_table(header: list[str], rows: list[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*header)
    for row in rows:
        table.add_row(*(cell.replace("[", r"\[") for cell in row))
    Console().print(table)


if __name__ == "__main__":
    main()
