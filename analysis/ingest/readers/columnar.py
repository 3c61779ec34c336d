"""Parquet: columns with types, put into the text that cells of other exports have."""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.errors import InputError
from analysis.ingest.readers.bounds import Limits, check_area
from analysis.ingest.readers.rules import fault

_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
"""What the folder is called of rows without a value in the column that they are parted by."""


def read_columns(content: bytes, file: str, limits: Limits) -> tuple[list[str], pd.DataFrame]:
    """Return the names of the columns and their cells as text, by position.

    Columns by which a folder is partitioned stand in its path (``site=P01/month=2024-01/``) and
    not in the file; they come last. Whole numbers stay whole where the column has gaps too; days
    and instants are written as ISO 8601 has them.

    Raises
    ------
    InputError
        ``sheet_too_large`` beyond the limits, ``column_nested`` for columns whose cells hold lists
        or records.
    """
    written = pq.ParquetFile(pa.BufferReader(content))
    check_area(written.metadata.num_rows, written.metadata.num_columns, file, limits)
    table = written.read()
    nested = [field.name for field in table.schema if pa.types.is_nested(field.type)]
    if nested:
        raise InputError([fault("column_nested", file=file, column=name) for name in nested])
    text = pd.StringDtype(na_value=np.nan)
    columns = [
        _as_text(column).to_pandas(types_mapper={pa.string(): text}.get) for column in table.columns
    ]
    names = list(table.column_names)
    for name, value in partitions(file).items():
        if name not in names:
            names.append(name)
            columns.append(pd.Series([value] * len(table), dtype=text))
    frame = pd.concat(columns, axis=1) if columns else pd.DataFrame()
    frame.columns = range(len(columns))
    return names, frame


def partitions(file: str) -> dict[str, str | None]:
    """Return the columns that the folders of a path name, with their values.

    Examples
    --------
    >>> partitions("raw/orders/site=P01/month=2024-01/part-0.parquet")
    {'site': 'P01', 'month': '2024-01'}
    """
    found = {}
    for folder in PurePosixPath(file).parts[:-1]:
        name, sign, value = folder.partition("=")
        if name and sign:
            found[unquote(name)] = None if value == _NO_VALUE else unquote(value)
    return found


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        return column.cast(pa.string(), safe=False)
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("s", column.type.tz), safe=False)
    return column.cast(pa.string())
