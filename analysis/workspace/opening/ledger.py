"""Alerts and proposals of a client's earlier runs."""

from __future__ import annotations

import datetime as dt
import json
from contextlib import suppress
from pathlib import Path

import pandas as pd

from analysis import files, history, results
from analysis.errors import StoredFileError
from analysis.results import Alert

STAGE = "monitoring"
VALUE = "value"
ACTIONS, REGISTER = "actions", "action_register"
SCORECARD, RATIOS = "scorecard", "ratios"
CARRIED = ("risks", "measurement_cycle")
"""Tables that the next run compares itself with; kept beside the alerts."""


def keep_alerts(client: str, folder: Path) -> Path:
    """Add the alerts and the proposals of a run folder to the client's history.

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
    tables = {name: _records(found.table_or_empty(name)) for name in CARRIED}
    if (folder / "results" / f"{VALUE}.json").is_file():
        worth = results.load(VALUE, folder / "results")
        tables[ACTIONS] = _records(_proposed(worth, on))
        tables[SCORECARD] = _records(worth.table_or_empty(SCORECARD))
        tables[RATIOS] = ratios(worth)
    facts = {"as_of": on.isoformat(), "run": folder.name, "tables": tables}
    kept = results.collect(STAGE, found.alerts, facts=facts)
    return history.keep(
        files.project_root(),
        client,
        on=on,
        whole=not found.facts["looked_back"],
        text=results.to_json(kept),
    )


def _proposed(worth: results.StageResults, on: dt.date) -> pd.DataFrame:
    """Return what a run proposed, and what an earlier one for the same day did."""
    actions, known = worth.table_or_empty(ACTIONS), worth.table_or_empty(REGISTER)
    if known.empty:
        return actions
    before = known[(known["proposed_on"] == on.isoformat())].reindex(columns=actions.columns)
    both = pd.concat([part for part in (actions, before) if not part.empty] or [actions])
    return both.drop_duplicates("action_id") if len(both) else both


def earlier_alerts(client: str, *, before: dt.date) -> list[tuple[dt.date, tuple[Alert, ...]]]:
    """Return the alerts of the runs that looked at an earlier day, by day."""
    return [(day, kept.alerts) for day, kept in _kept(client) if day < before]


def earlier_table(client: str, name: str, *, before: dt.date) -> pd.DataFrame | None:
    """Return one of :data:`CARRIED` as the newest run of an earlier day had it; None without."""
    known = [kept for day, kept in _kept(client) if day < before]
    if not known:
        return None
    rows = known[-1].facts.get("tables", {}).get(name, [])
    return pd.DataFrame(rows) if rows else None


def earlier_actions(client: str, *, until: dt.date) -> list[tuple[dt.date, pd.DataFrame]]:
    """Return the proposals of the runs that looked at a day or an earlier one, by day."""
    found = []
    for day, kept in _kept(client):
        rows = kept.facts.get("tables", {}).get(ACTIONS, [])
        if day <= until and rows:
            found.append((day, pd.DataFrame(rows)))
    return found


def earlier_verdicts(
    client: str, *, before: dt.date
) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    """Return scorecard and ratios of the newest value report of an earlier day; None without."""
    for day, kept in reversed(_kept(client)):
        tables = kept.facts.get("tables", {})
        if day < before and tables.get(SCORECARD):
            return pd.DataFrame(tables[SCORECARD]), pd.DataFrame(tables.get(RATIOS, []))
    return None, None


def _kept(client: str) -> list[tuple[dt.date, results.StageResults]]:
    """Return the kept runs that can be read, earliest first."""
    found = []
    for day, path in history.days(files.project_root(), client).items():
        with suppress(StoredFileError):  # the command line names what is passed over
            found.append((day, history.read(path)))
    return found


def ratios(worth: results.StageResults) -> list[dict]:
    """Return the ratios of benefit to cost that have an interval."""
    return [
        {"ratio": name, "value": e.value, "ci_low": e.ci_low, "ci_high": e.ci_high}
        for name in ("benefit_cost_ratio", "net_return")
        for e in worth.select(f"value.roi.{name}")
    ]


def _records(table: pd.DataFrame) -> list[dict]:
    """Return rows as JSON has them: no NaN, days as text."""
    return json.loads(table.to_json(orient="records", date_format="iso", force_ascii=False))
