"""The consultant's decisions on alerts, read from a sheet that any spreadsheet program edits."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from analysis.errors import Fault, InputError
from analysis.files import write_text
from analysis.monitoring.history import DECISIONS, STATES

EXAMPLE = "monitoring.alert.lecturer_below_85.L07,acknowledged,2024-10-08,Wang,two visits planned"


def read_decisions(path: Path) -> pd.DataFrame:
    """Read ``alerts.csv`` of a client; without the file nothing is decided.

    Rows without a state are alerts not decided yet and are left out. UTF-8 (with or without a
    mark) and GB 18030, as Chinese spreadsheet programs write it, are both read.

    Parameters
    ----------
    path : Path
        The file; columns :data:`~analysis.monitoring.history.DECISIONS` in any order.

    Returns
    -------
    DataFrame
        Columns ``DECISIONS``, all text, in file order; ``decided_on`` as ISO day.

    Raises
    ------
    InputError
        For missing columns, unknown states, and days that are none; all are named together.
    """
    path = Path(path)
    if not path.is_file():
        return pd.DataFrame({name: pd.Series(dtype="str") for name in DECISIONS})
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("gb18030")
    sheet = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    sheet.columns = [str(name).strip() for name in sheet.columns]
    if missing := [name for name in DECISIONS if name not in sheet.columns]:
        raise InputError(
            Fault(
                rule="decision_column",
                message=f"The column {name!r} is missing.",
                example=",".join(DECISIONS),
                file=path.name,
                row=1,
                column=name,
            )
            for name in missing
        )
    sheet = sheet[list(DECISIONS)].map(str.strip)
    if faults := list(_faults(sheet, path.name)):
        raise InputError(faults)
    decided = sheet[sheet["state"] != ""].reset_index(drop=True)
    return decided.assign(decided_on=decided["decided_on"].map(lambda d: _day(d).isoformat()))


def write_decisions(path: Path, sheet: pd.DataFrame) -> Path:
    """Write a sheet of decisions, with the mark that lets Excel read UTF-8; atomically."""
    return write_text(path, "\ufeff" + sheet[list(DECISIONS)].to_csv(index=False))


def _faults(sheet: pd.DataFrame, file: str) -> Iterator[Fault]:
    for number, row in enumerate(sheet.to_dict("records"), start=2):
        if not row["state"]:
            continue
        place = {"example": EXAMPLE, "file": file, "row": number}
        if row["state"] not in STATES:
            yield Fault(
                rule="decision_state",
                message=f"The state must be one of {', '.join(STATES)}.",
                column="state",
                value=row["state"],
                **place,
            )
        if not row["alert_id"]:
            yield Fault(
                rule="decision_alert",
                message="A decision needs the identifier of its alert.",
                column="alert_id",
                **place,
            )
        if _day(row["decided_on"]) is None:
            yield Fault(
                rule="decision_day",
                message="The day of the decision must be year-month-day.",
                column="decided_on",
                value=row["decided_on"],
                **place,
            )


def _day(text: str) -> dt.date | None:
    """Read 2024-10-08 and 2024/10/8, as spreadsheet programs rewrite it; None otherwise."""
    parts = text.replace("/", "-").split("-")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    try:
        return dt.date(*(int(part) for part in parts))
    except ValueError:
        return None
