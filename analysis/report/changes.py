"""What moved since the previous complete run of a client, and what went in differently.

Nothing is computed anew: both runs are read as they are stored.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from filecmp import cmp
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from analysis import history, newest
from analysis.client.chapters import FOLDER as CHAPTERS
from analysis.file_names import listed
from analysis.report.kept_settings import Setting, settings
from analysis.report.run import Run, open_run
from analysis.results import Alert, Estimate
from analysis.tables import TABLES
from analysis.value import register

_CLIENT_FILE = "client.yml"


@dataclass(frozen=True)
class Rows:
    """A table of which rows came or went: how many there were and are, and in which months."""

    table: str
    before: int | None
    now: int | None
    months: tuple[int, ...]


@dataclass(frozen=True)
class Changes:
    """A run and the complete one before it.

    Attributes
    ----------
    before, now : Run
        The runs, in order.
    """

    before: Run
    now: Run

    @cached_property
    def files(self) -> Mapping[str, list[str]]:
        """Names of files of the client that are ``new``, ``changed`` or ``gone``."""
        old, new = (_exports(run) for run in (self.before, self.now))
        return {
            "new": sorted(set(new) - set(old)),
            "changed": sorted(name for name in set(old) & set(new) if old[name] != new[name]),
            "gone": sorted(set(old) - set(new)),
        }

    @cached_property
    def rows(self) -> list[Rows]:
        """Tables of which a month has more or fewer rows than before, by name."""
        old, new = (_tables(run.folder) for run in (self.before, self.now))
        found = []
        alike = self.before.timezone == self.now.timezone
        for name in sorted(set(old) | set(new)):
            if alike and name in old and name in new and cmp(old[name], new[name], shallow=False):
                continue
            counts = [
                _by_month(side.get(name), run)
                for side, run in ((old, self.before), (new, self.now))
            ]
            both = pd.concat(counts, axis=1, keys=["before", "now"]).fillna(0)
            moved = both.index[both["before"] != both["now"]]
            was, size = _size(old.get(name)), _size(new.get(name))
            if len(moved) or was != size:
                months = tuple(sorted(int(month) for month in moved))
                found.append(Rows(name, was, size, months))
        return found

    @cached_property
    def settings(self) -> list[tuple[str, Setting | None, Setting | None]] | None:
        """Lines of the client file that differ; None where one of the runs did not keep them."""
        old, new = settings(self.before.folder), settings(self.now.folder)
        if old is None or new is None:
            return None
        return [
            (name, old.get(name), new.get(name))
            for name in sorted(set(old) | set(new))
            if _digest(old.get(name)) != _digest(new.get(name))
        ]

    @property
    def settings_changed(self) -> bool:
        """Whether the client file differs in what it says, or at all where that is not known."""
        if self.settings is not None:
            return bool(self.settings)
        return self._of("inputs").get(_CLIENT_FILE) != self._of("inputs", now=True).get(
            _CLIENT_FILE
        )

    @cached_property
    def code(self) -> dict[str, tuple[str, str]]:
        """What of the program differs: ``code``, ``notebooks`` by stage, ``packages``, options."""
        found: dict[str, tuple[str, str]] = {}
        if self.before.manifest.get("code") != self.now.manifest.get("code"):
            found["code"] = (_version(self.before), _version(self.now))
        for part in ("packages", "notebooks", "parameters"):
            old, new = self._of(part), self._of(part, now=True)
            for name in sorted(set(old) | set(new)):
                if old.get(name) != new.get(name):
                    found[f"{part}.{name}"] = (_short(old.get(name)), _short(new.get(name)))
        return found

    def _of(self, part: str, *, now: bool = False) -> Mapping[str, Any]:
        return (self.now if now else self.before).manifest.get(part) or {}

    @property
    def causes(self) -> tuple[str, ...]:
        """What went in differently: ``data``, ``settings``, ``code``."""
        moved = {
            "data": bool(self.rows) or any(self.files.values()),
            "settings": self.settings_changed,
            "code": bool(self.code),
        }
        return tuple(name for name, found in moved.items() if found)

    @cached_property
    def quantities(self) -> list[tuple[Estimate | None, Estimate | None]]:
        """Headline quantities before and now: effects that findings rest on, and the return."""
        sides = [_headline(run) for run in (self.before, self.now)]
        return [
            (sides[0].get(id), sides[1].get(id)) for id in dict.fromkeys([*sides[1], *sides[0]])
        ]

    @cached_property
    def alerts(self) -> Mapping[str, list[Alert]]:
        """Alerts that are ``new``, ``gone`` (as they were) or ``still`` there."""
        old, new = (
            {alert.id: alert for alert in run.results["monitoring"].alerts}
            if "monitoring" in run.results
            else {}
            for run in (self.before, self.now)
        )
        return {
            "new": [alert for id, alert in new.items() if id not in old],
            "gone": [alert for id, alert in old.items() if id not in new],
            "still": [alert for id, alert in new.items() if id in old],
        }

    @cached_property
    def actions(self) -> tuple[Mapping[str, int], Mapping[str, int]]:
        """Number of actions by state, before and now."""
        before, now = (_actions(run)["state"].value_counts() for run in (self.before, self.now))
        return ({str(k): int(v) for k, v in before.items()},
                {str(k): int(v) for k, v in now.items()})  # fmt: skip

    @property
    def made(self) -> dt.date | None:
        """Day on which the previous run was made."""
        said = self.before.manifest.get("finished") or self.before.manifest.get("started")
        return dt.datetime.fromisoformat(said).date() if said else None


def since(run: Run) -> Changes | None:
    """Return a run with the complete one before it; None for a first run.

    A run that looks back is compared with the one before it for the same day. Runs whose manifest
    cannot be read are passed over.
    """
    earlier = (
        path
        for path, found in newest.runs(run.folder.parent)
        if found.state == "complete" and path.name < run.folder.name
    )
    previous = next(earlier, None)
    return None if previous is None else Changes(open_run(previous), run)


def _exports(run: Run) -> dict[str, str]:
    inputs = run.manifest.get("inputs") or {}
    apart = {_CLIENT_FILE, *history.SHEETS}
    return {n: d for n, d in inputs.items() if n not in apart and not n.startswith(f"{CHAPTERS}/")}


def _tables(folder: Path) -> dict[str, Path]:
    return {
        path.stem: path for path in listed(folder / "canonical", "*.parquet") if path.stem in TABLES
    }


def _size(path: Path | None) -> int | None:
    return None if path is None else int(pq.read_metadata(path).num_rows)


def _by_month(path: Path | None, run: Run) -> pd.Series:
    """Return the rows of a table by month of its first day; without rows where it has none."""
    nothing = pd.Series(dtype="float64")
    if path is None:
        return nothing
    declared = TABLES[path.stem].columns
    day = next((n for n, c in declared.items() if c.kind in ("date", "instant")), None)
    if day is None or day not in pq.read_schema(path).names:
        return nothing
    days = pd.read_parquet(path, columns=[day])[day].dropna()
    moments = pd.to_datetime(days, utc=True)
    if declared[day].kind == "instant":
        moments = moments.dt.tz_convert(run.timezone)
    return (moments.dt.year * 12 + moments.dt.month - 1).value_counts().astype("float64")


def _digest(setting: Setting | None) -> str | None:
    return None if setting is None else setting.digest


def _version(run: Run) -> str:
    return _short(run.manifest.get("revision") or run.manifest.get("code"))


def _short(value: Any) -> str:
    return "" if value is None else str(value)[:12]


def _headline(run: Run) -> dict[str, Estimate]:
    tracking, worth = (run.results.get(stage) for stage in ("tracking", "value"))
    found: dict[str, Estimate] = {}
    if tracking is not None:
        known = {e.id: e for e in tracking.estimates}
        ids = (next(iter(finding.estimates), "") for finding in tracking.findings)
        found |= {id: known[id] for id in ids if id in known}
    if worth is not None:
        found |= {e.id: e for e in worth.select("value.roi.") if not e.dims.get("beside")}
    return found


def _actions(run: Run) -> pd.DataFrame:
    worth = run.results.get("value")
    if worth is None:
        return pd.DataFrame(columns=["action_id", "state"])
    return register.current(*(worth.table_or_empty(n) for n in ("actions", "action_register")))
