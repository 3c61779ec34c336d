"""Values written in the client file itself, with their canonical type."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.client import ColumnMap
from analysis.ingest.cleaning import close
from analysis.ingest.columns import Taker
from analysis.ingest.privacy import looks_personal
from analysis.ingest.problems import fault, personal_params
from analysis.ingest.readers import RawTable
from analysis.ingest.readers import Source as RawSource
from analysis.tables import ARROW_TYPES, Column

_CLIENT_FILE = RawSource(file="client.yml", format="csv")


def constant(value: object, column: str, spec: Column, taker: Taker) -> tuple[object, object]:
    """Return a value written in the client file with its canonical type, and its fault."""
    if value is None:
        return None, None
    if isinstance(value, str) and spec.kind not in ("id", "label", "text"):
        small = RawTable(
            frame=pd.DataFrame({column: [value]}, dtype=object),
            row_numbers=np.array([1]),
            source=_CLIENT_FILE,
        )
        taken = taker.take(small, column, spec, ColumnMap.model_validate(column))
        found = taken.problems[0].fault if taken.problems else None
        result = taken.cells.iloc[0]
        return (None if pd.isna(result) else result), found
    try:
        typed = pa.array([value], type=ARROW_TYPES[spec.kind])[0].as_py()
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        shown = None if spec.kind == "person" else str(value)
        return None, fault("inline_value", column=column, value=shown)
    if isinstance(typed, str) and looks_personal(typed):
        return None, fault("personal_value", column=column, params=personal_params("text"))
    outside = (
        (spec.labels and typed not in spec.labels)
        or (spec.low is not None and typed < spec.low)
        or (spec.high is not None and typed > spec.high)
    )
    if outside:
        return None, fault("inline_value", column=column, value=str(value))
    return close(typed) if spec.kind == "id" else typed, None
