"""The demo client on disk: its raw exports and its truth, written when the recipe changed."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from analysis.errors import RunError
from analysis.file_names import listed
from analysis.files import beside, move, shipped, text_hash, write_text
from analysis.history import CONFIRMATIONS
from analysis.simulation.confirmed import draw_confirmations
from analysis.simulation.exports import write_exports
from analysis.simulation.parameters import DEMO, WorldParameters
from analysis.simulation.world import World, simulate
from analysis.tables import month_of

RECIPE_FILE = ".recipe"
"""Holds the hash that the raw exports were made from; beside them, so that both go together."""


def write_demo(root: Path, parameters: WorldParameters = DEMO, *, client: str = "demo") -> bool:
    """Write ``data/<client>/raw/``, ``truth.json`` and what people confirmed of its reviews.

    Parameters
    ----------
    root : Path
        Project folder, with ``data/``.
    parameters : WorldParameters
        The world.
    client : str
        Name of the client's folder, which must hold its ``client.yml``.

    Returns
    -------
    bool
        Whether anything was written; False when the exports of the same recipe are there.

    Raises
    ------
    RunError
        When there is no ``client.yml``, or ``raw/`` holds files that no recipe wrote.

    Notes
    -----
    The exports are written beside and renamed into place; a killed run leaves the old ones or
    none.
    """
    folder = Path(root) / "data" / client
    if not (folder / "client.yml").is_file():
        raise RunError(f"{folder} has no client.yml that describes the simulated exports")
    raw, truth = folder / "raw", folder / "truth.json"
    recipe = recipe_hash(parameters)
    mark = raw / RECIPE_FILE
    if mark.is_file() and truth.is_file() and mark.read_text(encoding="utf-8") == recipe:
        return False
    if listed(raw, "**/*") and not mark.is_file():
        raise RunError(f"{raw} holds files that the simulation did not write; move them away")
    world = simulate(parameters)
    _replace_folder(raw, world, recipe)
    write_text(truth, world.truth.to_json())
    if not (sheet := folder / CONFIRMATIONS).is_file():  # what somebody wrote there stays
        write_text(sheet, draw_confirmations(parameters).to_csv(index=False, lineterminator="\n"))
    return True


def write_client(
    root: Path,
    client: str,
    parameters: WorldParameters,
    *,
    change_world: Callable[[World], World] = lambda world: world,
    change_file: Callable[[dict[str, Any]], object] = lambda document: None,
) -> Path:
    """Write a simulated client of its own: exports, truth, and the demo's client file cut to them.

    Parameters
    ----------
    root : Path
        Project folder; ``data/<client>`` must not be there.
    client : str
        Name of the client's folder.
    parameters : WorldParameters
        The world.
    change_world : Callable, optional
        Is given the simulated tables before they are exported.
    change_file : Callable, optional
        Is given the parsed client file before it is written.

    Returns
    -------
    Path
        The client's folder.
    """
    folder = Path(root) / "data" / client
    folder.mkdir(parents=True)
    world = change_world(simulate(parameters))
    write_exports(world, folder / "raw")
    write_text(folder / "truth.json", world.truth.to_json())
    yaml = YAML()
    document = yaml.load(shipped("data/demo/client.yml"))
    document["client"]["id"] = client
    first, last = parameters.first, parameters.first + parameters.n_months - 1
    document["period"]["first"] = f"{month_of(first):%Y-%m}"
    document["period"]["last"] = f"{month_of(last):%Y-%m}"
    filled = {name for name, table in world.tables.items() if len(table)}
    document["sources"] = [s for s in document["sources"] if s["table"] in filled]
    change_file(document)
    yaml.dump(document, folder / "client.yml")
    return folder


def recipe_hash(parameters: WorldParameters) -> str:
    """Return a hash of the parameters and of this package's code."""
    package = Path(__file__).parent
    code = text_hash(package, listed(package, "**/*.py"))
    return hashlib.sha256((parameters.recipe_hash() + code).encode()).hexdigest()


def _replace_folder(raw: Path, world: World, recipe: str) -> None:
    # Beside the client's folder, where everything is git-ignored.
    data = raw.parents[1]
    unfinished, old = beside(data / "raw"), beside(data / "raw")
    try:
        write_exports(world, unfinished)
        write_text(unfinished / RECIPE_FILE, recipe)
        if raw.exists():
            move(raw, old)
        move(unfinished, raw)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
