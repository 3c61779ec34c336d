"""What the saved reports of a client showed: ``reports/<client>/shown.json``.

Kept are hashes of tables and rows with the number of answers behind each, never a value. The file
outlives the runs it came from, because their reports were passed on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from analysis.files import write_text
from analysis.present.precision import Earlier

FILE_NAME = "shown.json"
_REPORTS = "reports"


def load(run_dir: Path) -> Earlier:
    """Return what earlier reports of the client of a run folder showed.

    A run that looked back belongs to the same client. A damaged file counts as none: numbers are
    then rounded as for a first report.
    """
    path = _path(Path(run_dir))
    if path is None or not path.is_file():
        return Earlier()
    try:
        body = json.loads(path.read_bytes())
        return Earlier({str(key): tuple(map(int, seen)) for key, seen in body.items()})
    except (ValueError, TypeError, AttributeError):
        return Earlier()


def keep(run_dir: Path, counts: Mapping[str, int]) -> None:
    """Add the answers behind the numbers of a run to what its client's reports showed."""
    path = _path(Path(run_dir))
    if path is None:
        return  # a folder outside a project
    seen = {key: set(known) for key, known in load(run_dir).counts.items()}
    for key, n in counts.items():
        seen.setdefault(key, set()).add(n)
    body = {key: sorted(known) for key, known in sorted(seen.items())}
    write_text(path, json.dumps(body, separators=(",", ":")) + "\n")


def _path(run_dir: Path) -> Path | None:
    """Return the file of the client whose folder under ``reports/`` holds a run."""
    inside = run_dir.resolve()
    client = next((p for p in inside.parents if p.parent.name == _REPORTS), None)
    return None if client is None else client / FILE_NAME
