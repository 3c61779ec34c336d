"""Giving the faults of a converted column their place in the client's file."""

from __future__ import annotations

from analysis.errors import Fault
from analysis.ingest.cleaning.converted import Converted
from analysis.ingest.cleaning.rules import RULES
from analysis.ingest.readers.raw import RawTable


def locate(
    converted: Converted, table: RawTable, column: str, *, values: bool = True
) -> list[Fault]:
    """Return the faults of one converted column of a raw table, in row order.

    Parameters
    ----------
    converted : Converted
        Result of converting ``table.frame[column]``, all rows.
    table : RawTable
        Where it was read from.
    column : str
        Header of the column.
    values : bool
        Whether the offending cells may be repeated; False for personal data.
    """
    found = []
    for row in converted.faults.itertuples(index=False):
        message, example = RULES[row.rule]
        expected = row.expected if isinstance(row.expected, str) else ""
        found.append(
            Fault(
                rule=row.rule,
                message=message.format(expected=expected),
                example=example.format(expected=expected),
                file=table.source.file,
                sheet=table.source.sheet,
                row=int(table.row_numbers[row.position]),
                column=column,
                value=row.value if values and isinstance(row.value, str) else None,
                params={"expected": expected},
            )
        )
    return found
