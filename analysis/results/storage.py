"""Results as JSON, and in files of a run folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.errors import SchemaError, StoredFileError
from analysis.files import replace_file, write_text
from analysis.results.on_demand import StoredTables
from analysis.results.records import Check
from analysis.results.stage import KINDS, StageResults
from analysis.results.topics import Topic

if TYPE_CHECKING:
    import pandas as pd


def to_json(results: StageResults) -> str:
    """Serialise all but the tables; keys sorted, so equal results are equal bytes."""
    body = {
        "stage": results.stage,
        "facts": dict(results.facts),
        "tables": sorted(results.tables),
        **{kind: [asdict(item) for item in getattr(results, kind)] for kind in KINDS},
    }
    return json.dumps(body, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False) + "\n"


def from_json(text: str, tables: Mapping[str, pd.DataFrame] | None = None) -> StageResults:
    """Rebuild what :func:`to_json` wrote; an unknown field raises SchemaError.

    Checks stored before they had a topic get :attr:`~analysis.results.Topic.UNSTATED`.
    """
    return _rebuilt(json.loads(text), tables)


def _rebuilt(body: dict[str, Any], tables: Mapping[str, pd.DataFrame] | None) -> StageResults:
    parts: dict[str, tuple] = {}
    for kind, cls in KINDS.items():
        known = {f.name for f in fields(cls)}
        items = []
        for raw in body.get(kind, []):
            if cls is Check:
                raw.setdefault("topic", Topic.UNSTATED)
            if unknown := set(raw) - known:
                raise SchemaError(f"{body['stage']}: {kind} with unknown fields {sorted(unknown)}")
            items.append(cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()}))
        parts[kind] = tuple(items)
    return StageResults(
        stage=body["stage"], facts=body.get("facts", {}), tables=tables or {}, **parts
    )


def save(results: StageResults, folder: Path) -> Path:
    """Write ``<stage>.json`` and ``<stage>/<table>.parquet`` under ``folder``, atomically."""
    folder = Path(folder)
    for name, frame in results.tables.items():
        write = partial(frame.to_parquet, index=False)
        replace_file(folder / results.stage / f"{name}.parquet", write)
    target = folder / f"{results.stage}.json"
    text = to_json(results)
    return write_text(target, text)


def load(stage: str, folder: Path) -> StageResults:
    """Read what :func:`save` wrote; each table when it is asked for.

    Raises
    ------
    StoredFileError
        When a file of it is missing or of a version that stored other fields, or damaged; of a
        table, when it is asked for.
    """
    folder = Path(folder)
    path = folder / f"{stage}.json"
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        files = {name: folder / stage / f"{name}.parquet" for name in body["tables"]}
        if lacking := [name for name, file in files.items() if not file.is_file()]:
            raise FileNotFoundError(f"tables without a file: {lacking}")
        return _rebuilt(body, StoredTables(stage, files))
    except (OSError, ValueError, TypeError, KeyError, SchemaError) as error:
        raise StoredFileError(path) from error
