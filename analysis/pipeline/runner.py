"""Running one client: what is unchanged is taken over, what was cut is resumed."""

from __future__ import annotations

import datetime as dt
import os
import platform
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from analysis import manifest, newest, parameters, reach
from analysis.client import no_client
from analysis.errors import InputError, RunError
from analysis.files import (
    DRAWN,
    clone,
    code_hash,
    input_hashes,
    notebooks_folder,
    project_root,
    remove,
    sha256,
)
from analysis.manifest import Manifest, StepRecord
from analysis.pipeline import fingerprint, folders, idle_core, machine, outputs
from analysis.pipeline.progress import Progress, SilentProgress
from analysis.pipeline.run_result import RunResult, one_line
from analysis.pipeline.steps import (
    INGEST,
    REPORT,
    BuildReport,
    Prepare,
    Setting,
    Step,
    keep_alerts,
    refresh_portfolio,
    steps,
    write_portfolio,
)


def run(
    client: str,
    *,
    root: Path | None = None,
    stages: Collection[str] | None = None,
    force: bool = False,
    values: Mapping[str, Any] | None = None,
    warm: bool = True,
    cell_timeout: float | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    prepare: Prepare | None = None,
    build_report: BuildReport | None = None,
) -> RunResult:
    """Run a client from its exports to its reports.

    Stages that do not read each other's results run at the same time. A step runs again when
    anything it depends on has changed: the client's files, the code, the packages, its notebook,
    its parameters, or a step that it reads. Otherwise its outputs are taken from the run that was
    cut, or from the last complete one. ``reports/<client>/latest`` moves only when the run is
    complete.

    With ``values={"as_of": "2024-09-30"}`` every stage sees what was knowable in the evening of
    that day. Such a run has a home of its own, ``reports/<client>/as-of/2024-09-30/`` with its own
    ``latest``; neither ``latest`` of the client nor the portfolio moves.

    Parameters
    ----------
    client : str
        Folder name under ``data/``.
    root : Path, optional
        Project root; found by :func:`analysis.files.project_root`.
    stages : Collection[str], optional
        Run these stages only, with those they read, and write the pages of them.
    force : bool
        Run unchanged steps too; together with ``stages``, those stages only.
    values : Mapping[str, Any], optional
        Notebook parameters other than the defaults, e.g. ``{"seed": 7}``.
    warm : bool
        Whether kernels are forked from a preloaded server where the system can.
    cell_timeout : float, optional
        Seconds one cell may take; no limit by default.
    workers : int, optional
        Stages at a time, each in a kernel; as many as cores and memory allow by default.
    progress : Progress, optional
        Told what happens; silent by default.
    prepare, build_report : Callable, optional
        Stand-ins for ``workspace.prepare`` and ``report.build``.

    Returns
    -------
    RunResult
        Also when a step failed: the state says so.

    Raises
    ------
    DemoNotWrittenError
        When it is the simulated client and its exports are not written yet.
    InputError
        When the last day on which the data may be kept is over.
    RunError
        When the client, a stage or a notebook does not exist, a parameter is wrong, another
        process runs this client, or nothing of the period had ended on the day looked back to.
    """
    root = (root or project_root()).resolve()
    source = root / "data" / client
    if not (source / "client.yml").is_file():
        raise RunError(str(no_client(source / "client.yml")))
    wanted = [parameters.stage(name).name for name in stages] if stages else None
    setting = Setting(
        root=root,
        client=client,
        values={**(values or {}), "client": client},
        warm=warm,
        cell_timeout=cell_timeout,
        prepare=prepare,
        build_report=build_report,
    )
    _refuse_unwritten(setting)
    _refuse_after_term(setting)
    _refuse_too_early(setting)
    began = time.monotonic()
    with folders.only_one_run(root / "reports" / client):
        result = _Run(
            setting, wanted, force, progress or SilentProgress(), workers or machine.stages()
        ).go()
    return replace(result, seconds=time.monotonic() - began)


def _refuse_unwritten(setting: Setting) -> None:
    """Refuse the simulated client before its exports are written, not as a run that failed."""
    from analysis.ingest.gather import refuse_unwritten

    if setting.opened is not None:
        refuse_unwritten(setting.opened)


def _refuse_after_term(setting: Setting) -> None:
    """Refuse when the data may not be kept any longer, also where nothing would be read anew."""
    from analysis.ingest.privacy import retention_faults

    if setting.opened is None:
        return
    if over := retention_faults(setting.opened, dt.date.today()):
        raise InputError(over)


def _refuse_too_early(setting: Setting) -> None:
    """Refuse a day before the evaluated period at once, not after the exports are read."""
    if setting.as_of is None or setting.opened is None:
        return
    from analysis.workspace import LookBack

    LookBack(setting.as_of).period(setting.opened.period)


def _draw(setting: Setting) -> Any:
    """Draw the client's databases, so that their rows are among the inputs that are hashed."""
    folder, opened = setting.root / "data" / setting.client, setting.opened
    if opened is None:
        return None
    asked = any(source.database is not None for source in opened.sources)
    if not asked and not (folder / DRAWN).is_dir():
        return None
    from analysis import ingest

    drawn = ingest.draw(opened)
    if drawn.faults:
        raise InputError(drawn.faults)
    return drawn


class _Run:
    """One run while it lasts; everything it decides is in the manifest at once."""

    def __init__(
        self,
        setting: Setting,
        wanted: list[str] | None,
        force: bool,
        progress: Progress,
        workers: int,
    ) -> None:
        setting = replace(setting, drawn=_draw(setting))
        self.setting, self.wanted, self.progress = setting, wanted, progress
        self.workers, self.writing = workers, threading.RLock()
        self.reports = setting.reports
        inputs = input_hashes(setting.root / "data" / setting.client)
        self.steps = _asked(steps(setting, inputs), wanted)
        self.fresh = _manifest(setting, inputs)
        self.fresh.forced = force
        self.keys = _keys(self.steps, self.fresh)
        asked = [s.name for s in self.steps if not wanted or {s.name, s.stage} & set(wanted)]
        self.forced = {*asked, REPORT} if force else set()
        self.complete = newest.latest(self.reports)
        self.executed: list[str] = []
        self.to_redraw: set[str] = set()

    def go(self) -> RunResult:
        if (unchanged := self._nothing_to_do()) is not None:
            return unchanged
        self.folder, self.manifest = self._open_folder()
        if self.setting.warm:
            _start_server_early()
        self.progress.start(self.setting.client, {step.name: step.size for step in self.steps})
        try:
            failed = self._work()
        finally:
            self.progress.stop()
        if failed is not None:
            step, error = failed
            ended = self._end("failed", step.name, error)
            if step.name == INGEST and isinstance(error, InputError):
                remove(self.folder)  # nothing of a refused run is worth keeping
            return ended
        keep_alerts(self.setting, self.folder)
        self._forget_oldest()
        if self.wanted is not None and self.setting.as_of is None:
            return self._end("partial")
        result = self._end("complete")
        folders.point_latest(self.reports, self.folder.name)
        if self.setting.as_of is None:
            write_portfolio(self.setting)
        return result

    def _forget_oldest(self) -> None:
        """Let values go that no run has used for long."""
        from analysis import memory

        home = self.setting.root / "reports" / self.setting.client
        memory.tidy(home / newest.REMEMBERED)

    def _work(self) -> tuple[Step, BaseException] | None:
        """Do every step once those it reads have ended; return the first that failed.

        Of those that could begin, the one comes first on which the longest row of others waits.
        After a failure nothing is begun, and what is running is waited for.
        """
        waiting = list(self.steps)
        ended: set[str] = set()
        running: dict[Future[BaseException | None], Step] = {}
        failed: dict[str, BaseException] = {}
        known = {step.name for step in self.steps}
        follow = _longest_after(self.steps)

        def settle(step: Step, error: BaseException | None) -> None:
            if error is None or _goes_on(step, error):
                ended.add(step.name)
            else:
                failed[step.name] = error

        with ThreadPoolExecutor(self.workers) as pool:
            while running or (waiting and not failed):
                ready = [
                    step for step in waiting if ended.issuperset(known.intersection(step.after))
                ]
                ready.sort(key=lambda step: -follow[step.name])  # a stable sort
                for step in [] if failed else ready[: self.workers - len(running)]:
                    waiting.remove(step)
                    if self._take_over(step):
                        settle(step, None)
                    elif self.workers > 1 and (running or len(ready) > 1):
                        running[pool.submit(self._execute, step)] = step
                    else:
                        settle(step, self._execute(step, alone=True))  # here Ctrl-C is heard
                with self._forming(list(running.values())):
                    first = self._first(running)
                for future in first:
                    settle(running.pop(future), future.result())
        return next(((step, failed[step.name]) for step in self.steps if step.name in failed), None)

    def _first(self, running: Collection[Future[Any]]) -> set[Future[Any]]:
        """Wait for the first step to end; Ctrl-C ends them all."""
        ended: set[Future[Any]] = set()
        while running and not ended:
            try:
                # Without a limit some systems would not let Ctrl-C through.
                ended, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
            except KeyboardInterrupt:
                self.setting.interruption.tell()
        return ended

    def _nothing_to_do(self) -> RunResult | None:
        if self.complete is None or self.forced:
            return None
        # The pages of a complete run hold those of the stages asked for.
        part = self.wanted is not None and self.setting.as_of is None
        steps = [step for step in self.steps if not (part and step.name == REPORT)]
        if not all(self._has(self.complete, step) for step in steps):
            return None
        shown = manifest.load(self.complete).steps
        if any(shown[step.name].shown != step.shown for step in steps):
            return None  # its page would be laid out otherwise now
        if self.setting.as_of is None:
            refresh_portfolio(self.setting, self.complete)
        return RunResult(
            client=self.setting.client, folder=self.complete, state="complete", executed=()
        )

    def _open_folder(self) -> tuple[Path, Manifest]:
        """Continue the newest run when it was cut on the same inputs, else begin one."""
        last = next(iter(newest.runs(self.reports)), None)
        if last is not None and not self.forced:
            folder, found = last
            same = found.state != "complete" and found.inputs == self.fresh.inputs
            if same and os.access(folder, os.W_OK):  # not one of another user
                records = {step.name: StepRecord() for step in self.steps} | found.steps
                resumed = replace(self.fresh, run_id=folder.name, steps=records)
                outputs.remove_leftovers(folder)
                resumed.save(folder)
                return folder, resumed
        folder = self.reports / self.fresh.run_id
        folder.mkdir(parents=True)
        self.fresh.steps = {step.name: StepRecord() for step in self.steps}
        self.fresh.save(folder)
        return folder, self.fresh

    def _has(self, folder: Path, step: Step) -> bool:
        with self.writing:
            record = manifest.load(folder).steps.get(step.name)
        return (
            record is not None
            and record.finished
            and record.key == self.keys[step.name]
            and manifest.intact(folder, record.outputs)
        )

    def _take_over(self, step: Step) -> bool:
        """Use the outputs of this folder or of the last complete run, if they are the same."""
        if step.name in self.forced or (step.name == REPORT and self._tried_a_chapter):
            return False
        if not self._has(self.folder, step):
            if self.complete is None or not self._has(self.complete, step):
                return False
            self._clear(step)
            record = manifest.load(self.complete).steps[step.name]
            for name in record.outputs:
                outputs.share(self.complete / name, self.folder / name)
            made_by = record.taken_from or self.complete.name
            self._record(step, replace(record, state="skipped", taken_from=made_by))
        if self.manifest.steps[step.name].shown != step.shown:
            self.to_redraw.add(step.name)
            return False
        self.progress.step(step.name)
        self.progress.step_done(step.name, "skipped", 0.0)
        return True

    @property
    def _tried_a_chapter(self) -> bool:
        """Whether a chapter was executed; one that failed before may have ended well now."""
        return any(step.stage and step.name in self.executed for step in self.steps)

    def _redraw(self, step: Step) -> bool:
        """Lay out again what a step shows, and tell whether it could be done."""
        began = time.monotonic()
        self.progress.step(step.name)
        if step.redraw is None or not step.redraw(self.folder):
            return False
        before = self.manifest.steps[step.name]
        laid_out = {**before.outputs, **self._hashes(step)}
        self._record(step, replace(before, shown=step.shown, outputs=laid_out))
        self.progress.step_done(step.name, "skipped", time.monotonic() - began)
        return True

    def _hashes(self, step: Step) -> dict[str, str]:
        return {
            name: sha256(self.folder / name) for name in outputs.files_of(self.folder, step.outputs)
        }

    def _execute(self, step: Step, *, alone: bool = False) -> BaseException | None:
        try:
            if step.name in self.to_redraw and self._redraw(step):
                return None
        except KeyboardInterrupt as interrupted:
            return interrupted
        except Exception as error:  # told as the step's own; the next run tries again
            before = self.manifest.steps[step.name]
            self._record(step, replace(before, state="failed", error=one_line(error)))
            self.progress.step_done(step.name, "failed", 0.0)
            return error
        self._clear(step)
        began = time.monotonic()
        self._record(step, StepRecord(state="running", key=self.keys[step.name]))
        self.executed.append(step.name)
        self.progress.step(step.name)
        cause: BaseException | None = None
        try:
            with self._idle_core(step) if alone else nullcontext():
                step.execute(self.folder, lambda done, _: self.progress.cell(step.name, done))
        except (Exception, KeyboardInterrupt) as error:
            cause = KeyboardInterrupt() if self.setting.interruption.raised else error
        record = StepRecord(
            state="done" if cause is None else "failed",
            key=self.keys[step.name],
            error=None if cause is None else one_line(cause),
            seconds=round(time.monotonic() - began, 3),
            shown=step.shown,
            outputs=self._hashes(step),
        )
        self._record(step, record)
        self.progress.step_done(step.name, record.state, record.seconds or 0.0)
        return cause

    def _idle_core(self, step: Step) -> AbstractContextManager[None]:
        """Return a block in which a worker without work does a part of a step."""
        if self.workers < 2 or step.beside is None:
            return nullcontext()
        return step.beside(self.folder)

    def _forming(self, running: Sequence[Step]) -> AbstractContextManager[None]:
        """Return a block in which a worker without work forms parts of the report."""
        shown = [step for step in running if step.beside is not None]
        ended = any(self.manifest.steps[step.name].finished for step in self.steps if step.beside)
        own = self.setting.build_report is None
        if len(running) >= self.workers or not (shown and ended and own):
            return nullcontext()
        values = {**self.setting.values, "run_dir": str(self.folder)}
        return idle_core.forming_beside(shown[0].name, values, self.setting.root)

    def _record(self, step: Step, record: StepRecord) -> None:
        with self.writing:
            self.manifest.steps[step.name] = record
            self.manifest.save(self.folder)

    def _clear(self, step: Step) -> None:
        recorded = self.manifest.steps[step.name].outputs
        outputs.remove(self.folder, (*step.outputs, *recorded))

    def _end(
        self,
        state: manifest.RunState,
        failed: str | None = None,
        error: BaseException | None = None,
    ) -> RunResult:
        self.manifest.state, self.manifest.finished = state, manifest.now()
        self.manifest.save(self.folder)
        if isinstance(error, KeyboardInterrupt):
            raise error
        return RunResult(
            client=self.setting.client,
            folder=self.folder,
            state=state,
            executed=tuple(s.name for s in self.steps if s.name in self.executed),
            failed_step=failed,
            error=None if error is None else one_line(error),
            exception=error,
            failed_chapters={
                step.name: str(self.manifest.steps[step.name].error)
                for step in self.steps
                if step.stage and self.manifest.steps[step.name].state == "failed"
            },
        )


def _goes_on(step: Step, error: BaseException) -> bool:
    """Whether a run goes on where a step failed: its page and the run's end tell of a chapter."""
    return bool(step.stage) and not isinstance(error, KeyboardInterrupt)


def _manifest(setting: Setting, inputs: dict[str, str]) -> Manifest:
    from analysis.kernels import warm_is_possible

    notebooks = notebooks_folder(setting.root)
    return Manifest(
        client=setting.client,
        run_id=folders.new_run_id(),
        started=manifest.now(),
        inputs=inputs,
        notebooks={
            declared.name: fingerprint.notebook(notebooks / declared.source(setting.programme))
            for declared in parameters.STAGES
        },
        code=code_hash(),
        revision=None if clone() is None else fingerprint.revision(notebooks.parent),
        packages=reach.packages(),
        python=platform.python_version(),
        platform=platform.platform(),
        parameters={"seed": parameters.StageParameters().seed, **setting.values},
        kernel="warm" if setting.warm and warm_is_possible() else "plain",
    )


def _asked(all_steps: list[Step], wanted: list[str] | None) -> list[Step]:
    """Return the stages asked for with all that they read, and the report on them."""
    if wanted is None:
        return all_steps
    asked = {step.name for step in all_steps if {step.name, step.stage} & set(wanted)}
    for step in reversed(all_steps):
        if step.name in asked:
            asked |= set(step.after)
    return [step for step in all_steps if step.name in asked | {REPORT}]


def _keys(chain: list[Step], fresh: Manifest) -> dict[str, str]:
    """Hash each step with all that it reads, so that a change reaches what comes of it."""
    common = [fresh.packages, fresh.python]
    keys: dict[str, str] = {}
    for step in chain:
        read = [keys.get(name) for name in step.after]
        keys[step.name] = fingerprint.digest([common, read, step.name, step.depends])
    return keys


def _longest_after(chain: list[Step]) -> dict[str, int]:
    """Return by step how many steps must follow it one after the other."""
    found: dict[str, int] = {}
    for step in reversed(chain):
        found[step.name] = max(
            (1 + found[s.name] for s in chain if step.name in s.after), default=0
        )
    return found


def _start_server_early() -> None:
    from analysis import kernels

    if kernels.warm_is_possible():
        kernels.start_server()
