"""The steps of a run: ingest, five notebooks, report."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from analysis import history, parameters
from analysis.client import Client, chapters, load
from analysis.client.evaluated import evaluated
from analysis.errors import InputError, RunError
from analysis.files import notebooks_folder, sha256
from analysis.manifest import FILE_NAME
from analysis.parameters import StageDeclaration, StageParameters
from analysis.pipeline import fingerprint, idle_core, machine
from analysis.pipeline.interruption import Interruption
from analysis.pipeline.notebooks import HOME, Kernel, run_notebook
from analysis.pipeline.progress import CellCallback
from analysis.settings import TRAINING, Programme

INGEST = "ingest"
REPORT = "report"
SHOWN = ".shown"
"""Ending of what a notebook showed, beside it."""
MONITORING = "monitoring"
LOOKED_BACK = "as-of"

Prepare = Callable[[str, Path], object]
"""Reads, cleans and pseudonymises a client's exports and builds the panel: (client, run folder)."""
BuildReport = Callable[[Path], object]
"""Turns the results and notebooks of a run folder into HTML."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a run.

    Attributes
    ----------
    name : str
        ``ingest``, a stage's name, or ``report``.
    depends : object
        JSON value of what the step depends on besides the steps before it.
    outputs : tuple of str
        Files and folders it writes, relative to the run folder; removed before it runs.
    size : int
        Its share of the progress bar: the cells of its notebook, or a weight.
    execute : Callable
        Does the step, given the run folder and a callback for its progress.
    after : tuple of str
        Steps whose outputs it reads.
    stage : str
        Of a client's own chapter: the stage on whose page it stands. A run goes on where such a
        step fails. Empty for all others.
    shown : str
        Hash of what lays out what it shows, without which its results are the same.
    redraw : Callable or None
        Lays out again what it shows, given the run folder, and tells whether that could be done.
    beside : Callable or None
        Given the run folder, a block in which a core that would be idle does a part of the step.
    """

    name: str
    depends: object
    outputs: tuple[str, ...]
    size: int
    execute: Callable[[Path, CellCallback], None]
    after: tuple[str, ...] = ()
    stage: str = ""
    shown: str = ""
    redraw: Callable[[Path], bool] | None = None
    beside: Callable[[Path], AbstractContextManager[None]] | None = None


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How a client is run, besides what is run.

    Attributes
    ----------
    root : Path
        Project root.
    client : str
        Folder name under ``data/``.
    values : Mapping[str, Any]
        Notebook parameters without ``run_dir``; each stage gets those it knows, and the
        exports are read as ``as_of`` says.
    warm : bool
        Whether kernels are forked from a preloaded server.
    cell_timeout : float or None
        Seconds one cell may take.
    prepare, build_report : Callable or None
        Stand-ins for ``workspace.prepare`` and ``report.build``.
    drawn : Drawn or None
        Copies of the client's databases, whose hashes are among the inputs.
    interruption : Interruption
        Ctrl-C, told to the kernels of stages that other threads wait for.
    """

    root: Path
    client: str
    values: Mapping[str, Any]
    warm: bool = True
    cell_timeout: float | None = None
    prepare: Prepare | None = None
    build_report: BuildReport | None = None
    drawn: Any = None
    interruption: Interruption = field(default_factory=Interruption)

    @property
    def as_of(self) -> dt.date | None:
        """Day that is looked back to; None to take everything."""
        return parameters.day(self.values.get("as_of", ""))

    @cached_property
    def opened(self) -> Client | None:
        """The client file; None where it has faults, which are told with the exports."""
        try:
            return load(self.root / "data" / self.client / "client.yml")
        except InputError:
            return None

    @property
    def programme(self) -> Programme:
        """Kind of programme; a client file with faults has the usual."""
        return TRAINING if self.opened is None else self.opened.programme

    @property
    def reports(self) -> Path:
        """Where the run folders lie: looking back never touches the latest run of everything."""
        home = self.root / "reports" / self.client
        return home if self.as_of is None else home / LOOKED_BACK / self.as_of.isoformat()


def steps(setting: Setting, inputs: Mapping[str, str]) -> list[Step]:
    """Return the steps of a client in the order they are told.

    Parameters
    ----------
    setting : Setting
        How the client is run.
    inputs : Mapping[str, str]
        Hashes of the client's files.
    """
    read = evaluated(setting.root / "data" / setting.client, inputs)
    exports = {name: found for name, found in read.items() if name not in history.SHEETS}
    past = [
        history.fingerprint(setting.root, setting.client, setting.as_of),
        *(inputs.get(name) for name in history.SHEETS),
    ]
    ingest = Step(
        name=INGEST,
        depends=[exports, str(setting.as_of), _left_out(setting), fingerprint.of_ingest()],
        outputs=("canonical", "panel.parquet", "client.json", "indicators.json", "horizon.json"),
        size=8,
        execute=lambda folder, _: _prepare_unchanged(setting, folder, inputs),
    )
    checked = parameters.for_each_stage(setting.values)
    stages = [
        _stage(setting, found, checked[found.name], past if found.name == MONITORING else None)
        for found in parameters.STAGES
    ]
    own = _chapters(setting, inputs, _shared(checked[parameters.STAGES[0].name]))
    report = Step(
        name=REPORT,
        depends=[inputs, fingerprint.of_report()],
        outputs=("zh", "en", "index.html", "appearance.json", "settings.json"),
        size=8,
        execute=lambda folder, _: _build_report(setting, folder),
        after=tuple(step.name for step in (*stages, *own)),
    )
    ordered = [ingest]
    for stage in stages:
        ordered += [stage, *(chapter for chapter in own if chapter.stage == stage.name)]
    return [*ordered, report]


def _shared(checked: StageParameters) -> dict[str, Any]:
    """Return the parameters that every notebook takes, also a client's own."""
    return checked.model_dump(include=set(StageParameters.model_fields) - {"run_dir"})


def _left_out(setting: Setting) -> str | None:
    """Return a hash of who stays out of every import, which lies outside the client's folder."""
    from analysis.ingest import left_out

    if setting.opened is None:
        return None
    path = left_out.list_path(setting.opened)
    return sha256(path) if path.is_file() else None


def _stage(
    setting: Setting, declared: StageDeclaration, checked: StageParameters, past: object
) -> Step:
    kind = setting.programme
    source = notebooks_folder(setting.root) / declared.source(kind)
    if not source.is_file():
        raise RunError(
            f"Stage {declared.name}: there is no notebook {source}. Correct: the notebooks of the "
            f"repository in {source.parent}, or no such folder, so that the package's own are run."
        )
    values = checked.model_dump(exclude={"run_dir", *declared.untaken(kind)})
    stem = source.stem
    return Step(
        name=declared.name,
        depends=[fingerprint.notebook(source), values, past, fingerprint.of_stage(declared, kind)],
        outputs=(
            f"notebooks/{stem}.ipynb",
            f"notebooks/{stem}.outcome.json",
            f"notebooks/{stem}{SHOWN}",
            f"results/{declared.name}.json",
            f"results/{declared.name}",
        ),
        # Papermill injects one cell with the values.
        size=fingerprint.count_cells(source) + 1,
        execute=lambda folder, on_cell: _execute(setting, declared, values, folder, on_cell),
        after=(INGEST, *declared.reads),
        shown=fingerprint.of_pages(),
        redraw=partial(_redraw, setting, declared.name),
        beside=partial(_beside, setting, declared, values) if setting.warm else None,
    )


def _beside(
    setting: Setting, declared: StageDeclaration, values: Mapping[str, Any], folder: Path
) -> AbstractContextManager[None]:
    source = notebooks_folder(setting.root) / declared.source(setting.programme)
    given = {**values, "run_dir": str(folder)}
    return idle_core.computing_beside(source, declared.name, given, setting.root)


def _redraw(setting: Setting, stage: str, folder: Path) -> bool:
    """Lay out again what a stage shows, in a forked process beside others where one can be had."""
    from analysis.processes import spread
    from analysis.workspace.opening.redraw import redraw

    return spread(partial(redraw, folder), [stage], _at_once(setting))[0]


def _execute(
    setting: Setting,
    declared: StageDeclaration,
    values: Mapping[str, Any],
    folder: Path,
    on_cell: CellCallback,
) -> None:
    run_notebook(
        notebooks_folder(setting.root) / declared.source(setting.programme),
        folder / "notebooks" / declared.notebook,
        {**values, "run_dir": str(folder)},
        _kernel(setting, setting.root),
        on_cell,
    )


def _kernel(setting: Setting, folder: Path) -> Kernel:
    return Kernel(
        root=setting.root,
        folder=folder,
        warm=setting.warm,
        cell_timeout=setting.cell_timeout,
        interruption=setting.interruption,
    )


def _chapters(setting: Setting, inputs: Mapping[str, str], values: Mapping[str, Any]) -> list[Step]:
    """Return the steps of the client's own chapters."""
    folder = setting.root / "data" / setting.client
    if not (there := chapters.chapters(folder)):
        return []
    from analysis.pipeline import chapters as own  # half a second of imports

    read = own.read_by(there, chapters.beside(folder))
    return [
        Step(
            name=found.step,
            depends=own.depends(found, inputs, read[found.step], values),
            outputs=own.outputs(found),
            size=1,
            execute=partial(_execute_chapter, setting, found, values),
            after=(found.stage, *parameters.stage(found.stage).reads),
            stage=found.stage,
        )
        for found in there
    ]


def _execute_chapter(
    setting: Setting,
    chapter: chapters.Chapter,
    values: Mapping[str, Any],
    folder: Path,
    on_cell: CellCallback,
) -> None:
    from analysis.pipeline import chapters as own

    own.execute(chapter, values, folder, _kernel(setting, chapter.path.parent), on_cell)


def _prepare_unchanged(setting: Setting, folder: Path, inputs: Mapping[str, str]) -> None:
    """Prepare, and hold that the bytes parsed are those that the manifest names."""
    _prepare(setting, folder)
    if not (folder / "canonical" / "ingest.json").is_file():
        return  # a stand-in wrote none
    from analysis.ingest.record import IngestRecord

    record = IngestRecord.load(folder / "canonical")
    read = {
        found.file: found.sha256
        for table in record.tables.values()
        for source in table.sources
        for found in source.files
    }
    if changed := sorted(name for name, digest in read.items() if inputs.get(name) != digest):
        raise RunError(
            f"{', '.join(changed)} changed while the client was run. Correct: let the copy or the "
            "export finish, then run again."
        )


def _prepare(setting: Setting, folder: Path) -> None:
    if setting.prepare is not None:
        setting.prepare(setting.client, folder)
        return
    from analysis import workspace

    with _home(setting.root):
        workspace.prepare(setting.client, folder, as_of=setting.as_of, drawn=setting.drawn)


def _build_report(setting: Setting, folder: Path) -> None:
    if setting.build_report is not None:
        setting.build_report(folder)
        return
    from analysis.processes import spread

    at_once = _at_once(setting)
    with _home(setting.root):  # in a forked process, so that this one need not load the room
        spread(partial(_write_report, setting.client, at_once), [folder], at_once)


def _write_report(client: str, processes: int, folder: Path) -> None:
    from analysis import report
    from analysis.processes import share_server
    from analysis.workspace.opening import remembering

    share_server()
    opened = load(client)
    report.keep_appearance(opened, folder)
    report.keep_settings(opened.path, folder)
    store = remembering.store_of(client, folder, REPORT)
    report.build(folder, processes=processes, store=store)


@contextlib.contextmanager
def _home(root: Path) -> Iterator[None]:
    """Let every room find the same project root."""
    before = os.environ.get(HOME)
    os.environ[HOME] = str(root)
    try:
        yield
    finally:
        if before is None:
            del os.environ[HOME]
        else:
            os.environ[HOME] = before


def keep_alerts(setting: Setting, folder: Path) -> None:
    """Add the alerts of a run that has ended to the client's history."""
    if setting.build_report is None and (folder / "results" / f"{MONITORING}.json").is_file():
        from analysis import workspace

        with _home(setting.root):
            workspace.keep_alerts(setting.client, folder)


def refresh_portfolio(setting: Setting, complete: Path) -> None:
    """Write the page across all clients where a kill left it older than a client's latest run."""
    page = setting.root / "reports" / "index.html"
    made = (complete / FILE_NAME).stat().st_mtime
    if not page.is_file() or page.stat().st_mtime < made:
        write_portfolio(setting)


def write_portfolio(setting: Setting) -> None:
    """Write the page across all clients anew, after a client has a new latest run."""
    if setting.build_report is None:
        from analysis.processes import spread

        spread(_write_portfolio, [setting.root], _at_once(setting))


def _write_portfolio(root: Path) -> None:
    from analysis import report

    report.portfolio(root)


def _at_once(setting: Setting) -> int:
    """Return how many pieces of work there may be in processes forked from a loaded server."""
    from analysis.kernels import warm_is_possible

    return machine.stages() if setting.warm and warm_is_possible() else 1
