"""Finding and loading client files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from analysis.client.appearance import report_faults
from analysis.client.decisions import decisions_first, undecided
from analysis.client.document import Client
from analysis.client.faults import from_pydantic, nearest, place
from analysis.client.lines import Lines, read_yaml
from analysis.client.references import check_references
from analysis.errors import Fault, InputError
from analysis.files import expanded, project_root


def load(path_or_id: str | Path, root: str | Path | None = None) -> Client:
    """Read a client file.

    Parameters
    ----------
    path_or_id : str or Path
        Path of a client file or of its folder, or the identifier of a client under
        ``<root>/data``.
    root : str or Path, optional
        Project folder; :func:`analysis.files.project_root` without it.

    Returns
    -------
    Client
        Typed and frozen.

    Raises
    ------
    InputError
        With every fault of the file: line, key, the nearest known key for an unknown one.
    """
    path = find(path_or_id, Path(root) if root is not None else None)
    name = path.name
    if not path.is_file():
        raise InputError([no_client(path)])
    raw, lines = read_yaml(path, name)
    if not isinstance(raw, dict):
        raise InputError(
            [
                Fault(
                    rule="client_yaml",
                    message="The client file has no keys: value pairs.",
                    example="client: {id: demo, name: {zh_CN: 示例, en: Demo}}",
                    file=name,
                    params={"problem": "no mapping", "problem_key": "faults.yaml.no_mapping"},
                )
            ]
        )
    faults: list[Fault] = []
    client = None
    try:
        client = Client.model_validate(raw)
    except ValidationError as error:
        faults += from_pydantic(error, Client, name=name, lines=lines)
    faults += check_references(raw, name=name, lines=lines)
    faults += report_faults(raw, path.parent, name=name, lines=lines)
    faults = decisions_first(faults, undecided(raw, name=name, lines=lines))
    faults += _folder_is_id(raw, path, name, lines)
    if faults or client is None:
        raise InputError(sorted(faults, key=lambda fault: (fault.row or 0, fault.rule)))
    client._path, client._lines = path, lines
    _ = client.lines  # a set of the client's own has faults of its own
    return client


def no_client(path: Path) -> Fault:
    """Return the fault of a client file that is not there, with the nearest client there is.

    Parameters
    ----------
    path : Path
        Where the client file should be, ``<root>/data/<client>/client.yml``.
    """
    wanted, data = path.parent.name, path.parent.parent
    known = sorted(found.parent.name for found in data.glob("*/client.yml"))
    near = nearest(wanted, known)
    params = {"wanted": wanted, "near": near or "", "known": ", ".join(known) or "—"}
    guess = f"; did you mean {near!r}?" if near else "."
    return Fault(
        rule="client_unknown",
        message=f"There is no client {wanted!r}{guess}",
        example=f"one of: {params['known']}; or crmeval new {wanted} EXPORTS makes it",
        file=f"{data.name}/{wanted}/{path.name}",
        params=params,
    )


def find(path_or_id: str | Path, root: Path | None) -> Path:
    """Return where the client file of a path or identifier is, or should be."""
    path = expanded(Path(path_or_id))
    if path.suffix in (".yml", ".yaml"):
        return path.resolve()
    if len(path.parts) > 1 and path.is_dir():
        return (path / "client.yml").resolve()
    return (root or project_root()).resolve() / "data" / str(path_or_id) / "client.yml"


def _folder_is_id(raw: dict[str, Any], path: Path, name: str, lines: Lines) -> list[Fault]:
    identity = raw.get("client")
    id = identity.get("id") if isinstance(identity, dict) else None
    if not isinstance(id, str) or path.name != "client.yml" or path.parent.name == id:
        return []
    return [
        place(
            "client_id_folder",
            "The client is called {id}, its folder {folder}.",
            "data/{id}/client.yml",
            name=name,
            lines=lines,
            path=("client", "id"),
            value=id,
            id=id,
            folder=path.parent.name,
        )
    ]
