"""Opening a client for a stage, in the folder of a run or in one of its own.

A run folder holds ``canonical/`` (the canonical tables and the record of how they came about),
``panel.parquet`` and ``results/``. The pipeline prepares it once and hands its path to each
notebook; a notebook run by itself works on a copy of the latest complete run of the same inputs,
or prepares a folder of its own.
"""

from __future__ import annotations

import ast
import datetime as dt
import json
import shutil
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from analysis import client as clients
from analysis import files, indicators, manifest, memory, newest, parameters, wording
from analysis.client.evaluated import evaluated
from analysis.errors import RunError
from analysis.present import Display, notebooks, people
from analysis.present.recorded import Recorder
from analysis.report import kept_settings, saved
from analysis.settings import SEED, Language
from analysis.workspace.opening import redraw, remembering
from analysis.workspace.opening.prepare import CANONICAL, PANEL, look_back, prepare
from analysis.workspace.opening.stage import Stage

STANDALONE = "standalone"


def open_stage(
    name: str,
    *,
    client: str,
    run_dir: str = "",
    language: str = "zh_CN",
    seed: int = SEED,
    as_of: str = "",
) -> Stage:
    """Open a client for a stage.

    Parameters
    ----------
    name : str
        ``design``, ``baseline``, ``monitoring``, ``tracking`` or ``value``.
    client : str
        Folder name under ``data/``.
    run_dir : str
        Run folder; empty in a notebook run by itself.
    language : {"zh_CN", "zh", "en"}
        Language shown in the notebook; reports are made in both.
    seed : int
        Seed of the stage's random draws.
    as_of : str
        Day to look back to, ``2024-09-30``; empty to take everything. A run folder was prepared
        for its day already, and another one is refused.

    Raises
    ------
    InputError
        When the client file or the exports have faults.
    RunError
        When ``run_dir`` is no run folder, or was prepared for another day; when a parameter has
        a wrong value, or papermill was given one that the notebook does not know.
    """
    given = {"client": client, "run_dir": run_dir, "language": language, "seed": seed}
    language = parameters.validate(name, {**_injected(), **given}).language
    opened = clients.load(client)
    day = parameters.day(as_of)
    folder = Path(run_dir) if run_dir else _standalone(client, opened, day)
    if not (folder / PANEL).is_file():
        raise RunError(
            f"{folder} holds no panel. Correct: leave run_dir empty, or give the folder of a run."
        )
    back = look_back(folder)
    if as_of and back.as_of != day:
        raise RunError(
            f"{folder} was prepared for {back.as_of or 'the whole period'}, not for {day}. "
            f"Correct: crmeval run {client} --stage {name} --as-of {day}"
        )
    show = _display(opened, folder, language)
    if run_dir and remembering.is_running(folder, name):
        show.recorder = Recorder(redraw.record_of(folder, name))
    if notebooks.in_a_kernel():
        memory.keep_in(remembering.store_of(client, folder, name))
    stage = _stage(name, opened, folder, show, language=language, seed=seed, alone=not run_dir)
    show.notices = stage.commitments
    if not run_dir and notebooks.in_a_kernel():
        stage.tell_steps(_shell())
    return stage


def open_ahead(
    name: str, *, client: str, run_dir: str, language: Language, seed: int, **_rest: Any
) -> Stage:
    """Open a client for a stage beside its notebook, which finds what is computed for it here.

    Nothing is shown, nothing is recorded, and nothing but remembered values is stored.

    Parameters
    ----------
    name, client, run_dir, language, seed
        As of :func:`open_stage`, all of them given.
    **_rest
        Parameters of the notebook that opening a stage has no use for.
    """
    folder, opened = Path(run_dir), clients.load(client)
    memory.keep_in(remembering.store_of(client, folder, name))
    show = _display(opened, folder, language)
    return _stage(name, opened, folder, show, language=language, seed=seed)


def _display(opened: clients.Client, folder: Path, language: Language) -> Display:
    return Display(
        language,
        indicators=indicators.of_client(opened),
        min_cell=opened.min_cell,
        level=1 - opened.design.alpha,
        earlier=saved.load(folder),
        screen=people.load(folder),
        programme=opened.programme,
    )


def _stage(
    name: str,
    opened: clients.Client,
    folder: Path,
    show: Display,
    *,
    language: Language,
    seed: int,
    alone: bool = False,
) -> Stage:
    back = look_back(folder)
    declared = parameters.stage(name).classes(opened.programme)
    opens, layout = (getattr(import_module(module), own) for module, own in declared)
    wording.speak(language)
    stage: Stage = opens(
        name=name,
        client=opened.model_copy(update={"period": back.period(opened.period)}),
        folder=folder,
        show=show,
        language=language,
        seed=seed,
        as_of=back.as_of,
        alone=alone,
        layout=layout,
    )
    return stage


def _injected() -> dict[str, Any]:
    """Return what papermill put into the notebook that is running, by name; empty elsewhere.

    Papermill only warns of a parameter that no cell declares, and runs the notebook without it.
    """
    shell = _shell()
    cells = [] if shell is None else shell.user_ns.get("In", [])
    found: dict[str, Any] = {}
    for cell in cells:
        if not cell.startswith("# Parameters\n"):
            continue
        for line in ast.parse(cell).body:
            if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
                found[line.targets[0].id] = shell.user_ns.get(line.targets[0].id)
    return found


def _shell() -> Any:
    """Return IPython's shell; None elsewhere."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    return get_ipython()


def _standalone(client: str, opened: clients.Client, day: dt.date | None) -> Path:
    """Return a folder of its own, filled from the latest complete run of the same inputs.

    Without such a run, or to look back to a day, it is prepared from the exports. Results written
    there never change a finished report. What only changes how reports look, and comments in the
    client file, leave the inputs the same.
    """
    home = files.project_root() / "reports" / client
    files.clear_unfinished(home, opened.folder)
    made_of = _made_of(
        opened,
        files.input_hashes(opened.folder),
        kept_settings.digests(opened.path),
        files.code_hash(),
    )
    complete, run = newest.latest(home), None
    if day is None and complete is not None:
        run = manifest.load(complete)
        kept = kept_settings.kept_digests(complete)
        run = run if _made_of(opened, run.inputs, kept, run.code) == made_of else None
    folder, stamp = home / STANDALONE, home / STANDALONE / "made_of.json"
    text = json.dumps({**made_of, "run": run and run.run_id, "as_of": str(day)}, sort_keys=True)
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == text:
        return folder
    files.remove(folder)
    if run is None:
        prepare(client, folder, as_of=day)
    else:
        for part in (CANONICAL, "results"):
            shutil.copytree(complete / part, folder / part)
        shutil.copy(complete / PANEL, folder / PANEL)
    files.write_text(stamp, text)
    return folder


def _made_of(
    opened: clients.Client, inputs: Mapping[str, str], settings: Mapping[str, str], code: str
) -> dict[str, Any]:
    """Return what results depend on; the client file counts by what it says."""
    read = evaluated(opened.folder, inputs)
    read.pop(opened.path.name, None)
    return {"inputs": read, "settings": dict(settings), "code": code}
