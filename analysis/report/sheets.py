"""Sheets of open decisions beside the report, to be filled in and saved in the client's folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from analysis.inert import MARK, csv_text
from analysis.report.run import FOLDERS, Run

SHEETS: Mapping[str, tuple[str, str]] = {
    "alerts_to_decide.csv": ("monitoring", "alert_decisions"),
    "actions_to_decide.csv": ("value", "action_decisions"),
}
"""File → stage and table; ``x_to_decide.csv`` is saved as ``data/<client>/x.csv``."""


def sheet_files(run: Run) -> dict[Path, str]:
    """Return the sheets of a run by path, one of each a language's folder.

    A sheet holds the decisions made and a row for everything that waits for one. A stage that did
    not run, or has nothing to decide, has no sheet.
    """
    written = {}
    for name, (stage, table) in SHEETS.items():
        found = run.results.get(stage)
        if found is None or table not in found.tables:
            continue
        rows = found.table_or_empty(table)
        sheet = csv_text(rows.columns, rows.fillna("").itertuples(index=False))
        written |= {run.folder / folder / name: MARK + sheet for folder in FOLDERS.values()}
    return written
