"""An export read by the ingest: equal to the truth, refused with a place, or wrong."""

from __future__ import annotations

import datetime as dt
import json
import math
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from analysis import client as clients
from analysis import ingest
from analysis.errors import Fault, InputError
from analysis.ingest.privacy import open_key
from messy.tidy import Export
from messy.writing import write

Outcome = Literal["equal", "refused", "unequal", "placeless", "stopped"]
WHOLE_FILE = frozenset(
    {"header_not_found", "files_missing", "file_empty", "sheet_missing", "heads_missing"}
)
"""Rules whose place is a file or a sheet as a whole."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an example.

    ``equal`` and ``refused`` are right; ``unequal`` is a table that differs from the truth without
    a word; ``placeless`` a refusal that does not say where; ``stopped`` any other exception.
    """

    outcome: Outcome
    rules: tuple[str, ...] = ()
    detail: str = ""

    @property
    def right(self) -> bool:
        """Whether the ingest was right or refused."""
        return self.outcome in ("equal", "refused")


def judge(export: Export, root: Path) -> Verdict:
    """Write an export as a client's, read it, and compare.

    Parameters
    ----------
    export : Export
        With its truth.
    root : Path
        An empty folder, which is filled.
    """
    shutil.rmtree(root, ignore_errors=True)
    folder = root / "data" / "acme"
    names = write(export, folder / "raw")
    (folder / "client.yml").write_text(_client_file(export, names), encoding="utf-8")
    try:
        client = clients.load(folder / "client.yml")
        ingest.ingest(client, root / "canonical")
    except InputError as error:
        return _refused(error.faults)
    except Exception as error:  # whatever stops a run is what is looked for
        return Verdict("stopped", (type(error).__name__,), str(error)[:300])
    found = pd.read_parquet(root / "canonical" / f"{export.table}.parquet")
    difference = _difference(export, found, client)
    return Verdict("unequal", (), difference) if difference else Verdict("equal")


def _client_file(export: Export, names: list[str]) -> str:
    top = dict(export.top)
    sites = top.pop("sites", None)
    sources = [{"table": "sites", "inline": sites}] if sites else []
    document = {
        "client": {
            "id": "acme",
            "name": {"zh_CN": "测试", "en": "Acme"},
            "timezone": "Asia/Shanghai",
            "simulated": True,
        },
        "period": {"first": "2024-01", "last": "2024-12"},
        "privacy": {"demo_key": "not-a-secret-at-all"},
        **top,
        "sources": [*sources, {"files": names, **export.source}],
    }
    return json.dumps(document, ensure_ascii=False, indent=1, default=str)


def _refused(faults: tuple[Fault, ...]) -> Verdict:
    blocking = [f for f in faults if f.blocking]
    rules = tuple(sorted({f.rule for f in blocking}))
    for fault in blocking:
        whole = fault.rule in WHOLE_FILE
        if not fault.file or not (whole or fault.row or fault.column):
            return Verdict("placeless", rules, f"{fault.rule}: {fault}"[:300])
    said = "; ".join(f"{f.rule} {f.sheet or ''} {f.row} {f.column} {f.value}" for f in blocking[:4])
    return Verdict("refused" if blocking else "placeless", rules, said[:300])


def _plain(value: Any) -> Any:
    """Return a value so that equal ones are equal, whatever their type."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, bool | str):
        return value
    if isinstance(value, dt.datetime):
        return pd.Timestamp(value).tz_convert("UTC").isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    return f"{float(value):.6f}"


def _difference(export: Export, found: pd.DataFrame, client: clients.Client) -> str:
    columns = [c for c in export.truth[0] if export.compare.get(c, 0) is not None]
    pseudonyms = open_key(client)

    def row(of: dict[str, Any], *, truth: bool) -> tuple:
        cells = []
        for column in columns:
            value = of.get(column)
            if truth and column == "staff_id":
                value = pseudonyms.one(value, "person")
            cells.append(_plain(value))
        return tuple(cells)

    expected = Counter(row(one, truth=True) for one in export.truth)
    got = Counter(row(one, truth=False) for one in found.to_dict("records"))
    lost, new = expected - got, got - expected
    if not lost and not new:
        return ""
    return f"{sum(lost.values())} lost {list(lost)[:2]}; {sum(new.values())} new {list(new)[:2]}"
