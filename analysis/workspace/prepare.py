"""From a client's exports to canonical tables and the panel, once a run."""

from __future__ import annotations

from pathlib import Path

from analysis import client as clients
from analysis import files, indicators, ingest

PANEL = "panel.parquet"
CANONICAL = "canonical"


def prepare(client: str, folder: Path) -> None:
    """Turn a client's exports into canonical tables and the panel, under ``folder``.

    Parameters
    ----------
    client : str
        Folder name under ``data/``.
    folder : Path
        Run folder; gets ``canonical/``, ``panel.parquet`` and ``client.json`` (who the client
        is, so that a run can be read without its client file).

    Raises
    ------
    InputError
        With every fault that would change numbers; nothing is written then.
    """
    opened = clients.load(client)
    folder = Path(folder)
    ingest.ingest(opened, folder / CANONICAL)
    panel = indicators.build_panel(
        {path.stem: path for path in sorted((folder / CANONICAL).glob("*.parquet"))},
        client_timezone=opened.client.timezone,
        first=opened.period.first_period,
        last=opened.period.last_period,
        engine=opened.engine,
    )
    files.write_text(folder / "client.json", opened.client.model_dump_json(indent=1) + "\n")
    files.replace_file(folder / PANEL, lambda path: panel.to_parquet(path, index=False))
