"""The alerts of a client's earlier runs, and the decisions made on them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd

from analysis import files, history, results
from analysis.monitoring import read_decisions
from analysis.results import Alert

STAGE = "monitoring"


def keep_alerts(client: str, folder: Path) -> Path:
    """Add the alerts of a run folder to the client's history.

    Parameters
    ----------
    client : str
        Folder name under ``data/``.
    folder : Path
        Run folder with the results of monitoring.

    Returns
    -------
    Path
        The file written.
    """
    found = results.load(STAGE, folder / "results")
    on = dt.date.fromisoformat(found.facts["as_of"])
    facts = {"as_of": on.isoformat(), "run": folder.name}
    kept = results.collect(STAGE, found.alerts, facts=facts)
    return history.keep(
        files.project_root(),
        client,
        on=on,
        whole=not found.facts["looked_back"],
        text=results.to_json(kept),
    )


def earlier_alerts(client: str, *, before: dt.date) -> list[tuple[dt.date, tuple[Alert, ...]]]:
    """Return the alerts of the runs that looked at an earlier day, by day."""
    kept = history.days(files.project_root(), client)
    return [
        (day, results.from_json(path.read_text(encoding="utf-8")).alerts)
        for day, path in kept.items()
        if day < before
    ]


def decisions(folder: Path) -> pd.DataFrame:
    """Return the consultant's decisions in a client's folder; without rows where none are."""
    return read_decisions(folder / history.DECISIONS)
