"""What of a client file has no fault, so that exports can be checked before the rest is mended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from analysis.client.decisions import UNDECIDED, undecided
from analysis.client.document import Client
from analysis.client.lines import Lines, read_yaml
from analysis.client.load import find
from analysis.client.references import check_references
from analysis.errors import InputError

_BESIDE = ("privacy", "labels", "aliases", "instruments", "ignore")
"""Keys that sources refer to, or that say how exports are read."""

_ANY_SOURCE = {"table": "sites", "inline": [{"site_id": "1", "site_name": "1"}]}
_ANY_PERIOD = {"first": "1900-01", "last": "2199-12"}


@dataclass(frozen=True, slots=True)
class InPart:
    """The sources of a client file that can be read as it stands, and the names of the others.

    ``client`` is None where there are none; whatever concerns no export is left out of it, and
    so are the keys that sources refer to and that have faults of their own (``faulty``).
    """

    client: Client | None
    left_out: tuple[str, ...] = ()
    faulty: tuple[str, ...] = ()


def load_in_part(path_or_id: str | Path, root: str | Path | None = None) -> InPart:
    """Read of a faulty client file what is sound, for a look at the exports alone.

    Parameters
    ----------
    path_or_id, root :
        As of :func:`analysis.client.load`.

    Returns
    -------
    InPart
        Nobody may run it: who the client is and the period may be made up, and a header that is
        still to be decided counts as dropped.
    """
    path = find(path_or_id, Path(root) if root is not None else None)
    if not path.is_file():
        return InPart(None)
    try:
        raw, lines = read_yaml(path, path.name)
    except InputError:
        return InPart(None)
    if not isinstance(raw, dict) or not isinstance(raw.get("sources"), list):
        return InPart(None)
    document: dict[str, Any] = {
        "client": _somebody(raw.get("client"), path),
        "period": _ANY_PERIOD,
    }
    for key in ("client", "period", *_BESIDE):
        if key in raw and _sound({**document, key: raw[key], "sources": [_ANY_SOURCE]}, lines):
            document[key] = raw[key]
    kept, left_out = [], []
    for number, source in enumerate(raw["sources"], start=1):
        candidate = _with_open_drops(source)
        if _sound({**document, "sources": [candidate]}, lines):
            kept.append(candidate)
        else:
            left_out.append(_title(source, number))
    if not kept:
        return InPart(None, tuple(left_out))
    client = Client.model_validate({**document, "sources": kept})
    client._path, client._lines = path, lines
    faulty = tuple(key for key in _BESIDE if key in raw and key not in document)
    return InPart(client, tuple(left_out), faulty)


def _sound(document: Mapping[str, Any], lines: Lines) -> bool:
    try:
        Client.model_validate(document)
    except ValidationError:
        return False
    name = "client.yml"
    return not (
        check_references(document, name=name, lines=lines)
        or undecided(document, name=name, lines=lines)
    )


def _somebody(said: Any, path: Path) -> dict[str, Any]:
    """Return a client of whom only is known what the file says rightly."""
    simulated = isinstance(said, dict) and said.get("simulated") is True
    name = {"zh_CN": path.parent.name, "en": path.parent.name}
    zone = {"timezone": "Asia/Shanghai", "simulated": simulated}
    return {"id": path.parent.name, "name": name, **zone}


def _with_open_drops(source: Any) -> Any:
    """Take a header of which nothing is decided yet as one that is not read."""
    if not isinstance(source, dict) or not isinstance(source.get("drop"), dict):
        return source
    drop = {
        header: "not decided" if reason == UNDECIDED else reason
        for header, reason in source["drop"].items()
    }
    return {**source, "drop": drop}


def _title(source: Any, number: int) -> str:
    files = source.get("files") if isinstance(source, dict) else None
    first = files[0] if isinstance(files, list) and files else files
    named = source.get("name") if isinstance(source, dict) else None
    return str(named or first or number)
