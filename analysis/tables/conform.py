"""A frame becomes a canonical table, or every reason why it is none is told."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from analysis.errors import SchemaError
from analysis.tables.columns import ARROW_TYPES
from analysis.tables.declared import TABLES
from analysis.tables.digests import may_repeat


def conform(name: str, frame: pd.DataFrame) -> pa.Table:
    """Give a frame the declared columns, order and types of a canonical table.

    Parameters
    ----------
    name : str
        Table name.
    frame : DataFrame
        Columns may be missing unless required; unknown columns are refused.

    Returns
    -------
    pyarrow.Table
        With the declared schema; absent columns are NULL, NaN becomes NULL.

    Raises
    ------
    SchemaError
        For unknown columns, absent required columns, values that do not fit the type,
        NULL in a required column, or a key that is not unique; all are named together.
    """
    table = TABLES[name]
    wrong = [f"unknown column {c!r}" for c in frame.columns if c not in table.columns]
    arrays = []
    for column, spec in table.columns.items():
        kind = ARROW_TYPES[spec.kind]
        if column not in frame.columns:
            if spec.required:
                wrong.append(f"required column {column!r} is absent")
            arrays.append(pa.nulls(len(frame), kind))
            continue
        try:
            array = pa.Array.from_pandas(frame[column], type=kind, safe=spec.kind != "instant")
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            wrong.append(f"column {column!r} is not {spec.kind}: {error}")
            continue
        array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
        if spec.required and array.null_count:
            wrong.append(f"required column {column!r} has {array.null_count} NULL")
        arrays.append(array)
    key = list(table.key)
    if not wrong and may_repeat(frame, key) and frame.duplicated(key).any():
        doubled = int(frame.duplicated(key).sum())
        wrong.append(f"key {table.key} is not unique: {doubled} repeated rows")
    if wrong:
        raise SchemaError(f"{name} ({table.row}): " + "; ".join(wrong))
    return pa.Table.from_arrays(arrays, schema=table.schema())
