"""From a client's exports to canonical tables and the panel, once a run."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from analysis import client as clients
from analysis import files, indicators, ingest
from analysis.errors import TooEarlyError
from analysis.look_back import Horizon, last_recorded, last_whole_month
from analysis.tables import month_of
from analysis.workspace.opening import remembering

PANEL = "panel.parquet"
CANONICAL = "canonical"
HORIZON = "horizon.json"
STAGE = "ingest"
"""Step of a run that prepares its folder."""


@dataclass(frozen=True, slots=True)
class LookBack:
    """The day of the past that a run folder was prepared for.

    Attributes
    ----------
    as_of : date or None
        The day; None when everything was taken.
    undated : dict of str to int
        Rows by table that no day can be given; looking back leaves them out.
    """

    as_of: dt.date | None = None
    undated: dict[str, int] | None = None

    def period(self, period: clients.Period) -> clients.Period:
        """Return the evaluated months of which the last had ended."""
        if self.as_of is None:
            return period
        last = min(period.last_period, last_whole_month(self.as_of))
        if last < period.first_period:
            least = month_of(period.first_period + 1)
            raise TooEarlyError(str(self.as_of), f"{period.first:%Y-%m}", str(least))
        return period.model_copy(update={"last": month_of(last)})


def look_back(folder: Path) -> LookBack:
    """Return the day that a run folder was prepared for."""
    path = Path(folder) / HORIZON
    if not path.is_file():
        return LookBack()
    said = json.loads(path.read_text(encoding="utf-8"))
    return LookBack(dt.date.fromisoformat(said["as_of"]), said["undated"])


def prepare(
    client: str,
    folder: Path,
    *,
    as_of: dt.date | None = None,
    drawn: ingest.Drawn | None = None,
) -> None:
    """Turn a client's exports into canonical tables and the panel, under ``folder``.

    Parameters
    ----------
    client : str
        Folder name under ``data/``.
    folder : Path
        Run folder; gets ``canonical/``, ``panel.parquet``, ``client.json`` (who the client is,
        and up to which day it was measured)
        and ``indicators.json`` (the outcomes it declares), so that a run can be read without its
        client file.
    as_of : date, optional
        Look back to the evening of this day: tables hold what was known then, the panel the
        months that had ended, and ``horizon.json`` says so.
    drawn : Drawn, optional
        Copies of the client's databases, by :func:`analysis.ingest.draw`; they are drawn now
        without it.

    Raises
    ------
    InputError
        With every fault that would change numbers; nothing is written then.
    TooEarlyError
        When no month of the period had ended on that day.
    """
    opened = clients.load(client)
    folder = Path(folder)
    period = LookBack(as_of).period(opened.period)
    horizon = None
    if as_of is not None:
        horizon = Horizon(as_of, opened.client.timezone)
    kept = ingest.KeptSheets.of(opened)
    record = ingest.ingest(opened, folder / CANONICAL, horizon=horizon, kept=kept, drawn=drawn)
    tables = {path.stem: path for path in sorted((folder / CANONICAL).glob("*.parquet"))}
    registry = indicators.of_client(opened)
    cells = _kept_cells(client, folder, record)
    panel = panel_of(opened, tables, engine=opened.engine, period=period, kept=cells)
    identity = {
        **opened.client.model_dump(mode="json"),
        "programme": opened.programme,
        "min_cell": opened.min_cell,
        "level": 1 - opened.design.alpha,
        "until": _until(panel, as_of, folder / CANONICAL, opened.client.timezone),
    }
    text = json.dumps(identity, ensure_ascii=False, indent=1) + "\n"
    files.write_text(folder / "client.json", text)
    entries = {name: own.model_dump(mode="json") for name, own in indicators.own(registry).items()}
    text = json.dumps(entries, ensure_ascii=False, indent=1) + "\n"
    files.write_text(folder / "indicators.json", text)
    files.replace_file(folder / PANEL, lambda path: panel.to_parquet(path, index=False))
    files.remove(folder / HORIZON)
    if horizon is not None:
        said = {"as_of": as_of.isoformat(), "undated": horizon.undated}
        files.write_text(folder / HORIZON, json.dumps(said, indent=1) + "\n")
    pa.default_memory_pool().release_unused()  # the runner lives on, the tables do not


def _kept_cells(
    client: str, folder: Path, record: ingest.IngestRecord
) -> indicators.KeptCells | None:
    """Return where the run keeps cells of the panel; None where no run prepares the folder."""
    store = remembering.store_of(client, folder, STAGE)
    if store is None:
        return None
    hashes = {name: table.sha256 for name, table in record.tables.items()}
    return indicators.KeptCells(store, hashes)


def _until(
    panel: pd.DataFrame, as_of: dt.date | None, canonical: Path, timezone: str
) -> str | None:
    """Return the day looked back to, or the last day told of; of months with a value only."""
    measured = panel.loc[panel["value"].notna(), "period"]
    if measured.empty:
        return None
    last = month_of(int(measured.max()) + 1) - dt.timedelta(days=1)
    if as_of is not None:
        return min(last, as_of).isoformat()
    return last_recorded(canonical, until=last, timezone=timezone).isoformat()


def panel_of(
    client: clients.Client,
    tables: Mapping[str, Any],
    *,
    engine: Any,
    period: clients.Period | None = None,
    kept: indicators.KeptCells | None = None,
) -> pd.DataFrame:
    """Build the panel that a run of a client evaluates.

    Parameters
    ----------
    client : Client
        The client file.
    tables : Mapping
        Canonical tables by name, as :func:`analysis.indicators.build_panel` takes them.
    engine : str or connection
        Where the panel is computed.
    period : Period, optional
        Months to take; the client's own by default.
    kept : KeptCells, optional
        Cells of an earlier panel.
    """
    months = period or client.period
    return indicators.build_panel(
        tables,
        client_timezone=client.client.timezone,
        first=months.first_period,
        last=months.last_period,
        engine=engine,
        indicators=indicators.of_client(client),
        kept=kept,
    )
