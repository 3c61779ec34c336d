"""The one entrance to a client's files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from analysis.ingest.readers.raw import Format, RawTable

TOTAL_MARKERS = ("合计", "小计", "总计")


def read(
    path: str | Path,
    *,
    name: str | None = None,
    sheet: str | Sequence[str] | None = None,
    header_rows: int | Sequence[int] | None = None,
    encoding: str | None = None,
    format: Format | None = None,
    delimiter: str | None = None,
    total_markers: Sequence[str] = TOTAL_MARKERS,
    fill_down: Sequence[str] = (),
) -> list[RawTable]:
    """Read a file as it is: one raw table a sheet.

    Parameters
    ----------
    path : str or Path
        The file.
    name : str, optional
        How faults and the source name it, e.g. relative to the client's folder.
    sheet : str or sequence of str, optional
        Names or patterns (``2024年*``) of the sheets wanted; by default every visible sheet that
        has cells.
    header_rows : int or sequence of int, optional
        Row number(s) of the header as a spreadsheet program shows them, e.g. ``[2, 3]``. Found
        by recognising when None.
    encoding, format, delimiter : str, optional
        Declared instead of detected. Every GB encoding is read as gb18030.
    total_markers : sequence of str
        A row whose first non-empty cell is or ends with one of these is a total, not data.
    fill_down : sequence of str
        Columns whose empty cells repeat the cell above (exports of merged cells to text).

    Returns
    -------
    list of RawTable
        In the order of the sheets; exactly one for a text file.

    Raises
    ------
    InputError
        When the file cannot be read at all: missing, empty, encrypted, of no known format, or
        without the sheet asked for.
    """
    raise NotImplementedError
