"""Small tables written in the client file itself, and the instruments declared there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.client import Client, Source
from analysis.ingest.columns import Taker
from analysis.ingest.constants import constant
from analysis.ingest.draft import Draft, Origin
from analysis.ingest.problems import Problem
from analysis.ingest.record import ColumnRecord
from analysis.tables import ARROW_TYPES, TABLES


def draft_inline(source: Source, number: int, client: Client, taker: Taker) -> Draft:
    """Return the draft of rows that stand in the client file; ``row`` is the YAML's line."""
    spec = TABLES[source.table]
    rows = source.inline or ()
    columns = [c for c in spec.columns if any(c in r for r in rows) or c in source.constants]
    lines = [client.line_of("sources", number, "inline", i) or 0 for i in range(len(rows))]
    problems: list[Problem] = []
    values: dict[str, list[object]] = {column: [] for column in columns}
    for position, row in enumerate(rows):
        for column in columns:
            raw = row.get(column, source.constants.get(column))
            typed, found = constant(raw, column, spec.columns[column], taker)
            if spec.columns[column].kind == "person" and found is not None:
                found = replace(found, value=None)
            if found is not None:
                line = client.line_of("sources", number, "inline", position, column)
                where = replace(found, file=client.path.name, row=line, column=column)
                problems.append(Problem(where, np.array([position]), column))
            values[column].append(typed)
    frame = pd.DataFrame(
        {
            column: pd.array(cells, dtype=pd.ArrowDtype(ARROW_TYPES[spec.columns[column].kind]))
            for column, cells in values.items()
        },
        index=pd.RangeIndex(len(rows)),
    )
    for column in spec.columns:
        if column not in frame and (spec.columns[column].required or column in spec.key):
            dtype = pd.ArrowDtype(ARROW_TYPES[spec.columns[column].kind])
            frame[column] = pd.array([None] * len(rows), dtype=dtype)
    return Draft(
        source=source,
        frame=frame,
        origins=[Origin(client.path.name)],
        origin=np.zeros(len(rows), dtype=np.int64),
        row=np.array(lines, dtype=np.int64),
        rows_in=len(rows),
        problems=problems,
        columns={column: ColumnRecord(header="") for column in columns},
    )


def instruments_table(client: Client) -> pd.DataFrame:
    """Return the canonical table of the declared instruments, one row per item."""
    rows = [
        {
            "instrument": name,
            "item": item,
            "wording": question.wording or None,
            "dimension": question.dimension,
            "role": question.role,
            "scale_min": float(instrument.scale_of(item).min),
            "scale_max": float(instrument.scale_of(item).max),
            "reversed": instrument.turned(item),
            "satisfied_min": instrument.satisfied_from(item),
        }
        for name, instrument in client.instruments.items()
        for item, question in instrument.items.items()
    ]
    return pd.DataFrame(rows, columns=list(TABLES["instruments"].columns))
